/* SPDX-License-Identifier: Apache-2.0 */
/* skeym inspect: the paper's proof inspections, one or all, printed and as a report. */
#include "cli/cli.h"
#include "cli/inspect_report.h"
#include "cli/inspect_show.h"
#include "inspect/inspection.h"
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: skeym inspect [NAME... | all] [options]\n"
    "\n"
    "Does the paper's experiments again, honestly. Without a name: lists them.\n"
    "\n"
    "  --quick       small sizes: all of them within a minute (this is the default)\n"
    "  --full        what each question needs; some take long. Ctrl-C keeps what is done\n"
    "  --seed N      seed of all chance, 0 to 2^64-1 (default 1)\n"
    "  --data DIR    folder that holds clinical/breast_cancer.csv, for the classifiers\n"
    "  --report DIR  writes DIR/report.html and DIR/report.json, and DIR/NAME.json for each; what\n"
    "                is there from an earlier run of this program, size and seed is kept\n"
    "  --again       does them again nevertheless\n";

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static bool stopped(void *arg)
{
    (void)arg;
    return interrupted != 0;
}

struct options {
    const char *seed, *data, *report;
    bool quick, full, again;
    struct skeym_cli_words names;
};

static int list_them(void)
{
    size_t count;
    const struct skeym_inspection *const *table = skeym_inspection_table(&count);
    for (size_t i = 0; i < count; i++) {
        printf("%-14s %s\n%-14s %s\n", table[i]->name, table[i]->question, "", table[i]->paper);
    }
    printf("\n'skeym inspect all' does all of them; 'skeym help inspect' tells more\n");
    return SKEYM_EXIT_OK;
}

static bool parse_seed(const char *text, uint64_t *seed)
{
    char *end = NULL;
    errno = 0;
    *seed = text ? strtoull(text, &end, 10) : 1;
    return !text || (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status;
    (void)kind;
    (void)ftw;
    return remove(path);
}

/* One inspection, or what an earlier run left of it. */
static struct json_object *obtain(const struct skeym_inspection *inspection,
                                  struct skeym_inspect_context *context,
                                  const struct options *options)
{
    struct json_object *kept =
        options->again ? NULL : skeym_inspect_report_kept(options->report, inspection, context);
    if (kept) {
        skeym_inspect_show_kept(inspection);
        return kept;
    }
    char folder[] = "/tmp/skeym-inspect-XXXXXX";
    if (!mkdtemp(folder)) {
        return NULL;
    }
    context->folder = folder;
    skeym_inspect_show_begin(inspection);
    struct json_object *finding = skeym_inspection_run(inspection, context);
    skeym_inspect_show_end();
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    context->folder = NULL;
    return finding;
}

/* All that are asked for; how many went wrong. */
static unsigned run_them(struct skeym_inspect_context *context, const struct options *options,
                         struct json_object *findings)
{
    unsigned failed = 0;
    size_t count;
    const struct skeym_inspection *const *table = skeym_inspection_table(&count);
    bool all = strcmp(options->names.at[0], "all") == 0;
    for (size_t i = 0; i < count && !interrupted; i++) {
        bool asked = all;
        for (size_t j = 0; j < options->names.count; j++) {
            asked = asked || strcmp(options->names.at[j], table[i]->name) == 0;
        }
        if (!asked) {
            continue;
        }
        struct json_object *finding = obtain(table[i], context, options);
        enum skeym_error error =
            finding ? skeym_inspect_report_keep(options->report, finding) : SKEYM_ERR_MEMORY;
        failed += !skeym_inspect_show_finding(table[i], finding) || error != SKEYM_OK;
        if (finding && error != SKEYM_OK) {
            (void)skeym_cli_fail("inspect", options->report, error);
        }
        if (finding && json_object_array_add(findings, finding) != 0) {
            json_object_put(finding);
            failed++;
        }
    }
    return failed;
}

static int check_names(const struct skeym_cli_words *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->at[i], "all") != 0 && !skeym_inspection_find(names->at[i])) {
            fprintf(stderr, "skeym inspect: there is no inspection '%s'\n", names->at[i]);
            return skeym_cli_usage(&skeym_command_inspect, "without a name it lists them");
        }
    }
    return SKEYM_EXIT_OK;
}

static int inspect(const struct options *options, uint64_t seed)
{
    char program[4096];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    program[size > 0 ? size : 0] = '\0';
    struct skeym_inspect_context context = {
        .size = options->full ? SKEYM_INSPECT_FULL : SKEYM_INSPECT_QUICK,
        .seed = seed,
        .program = program,
        .data = options->data,
        .progress = skeym_inspect_show_progress,
        .stopped = stopped,
    };
    struct json_object *findings = json_object_new_array();
    if (!findings) {
        return skeym_cli_fail("inspect", NULL, SKEYM_ERR_MEMORY);
    }
    unsigned failed = run_them(&context, options, findings);
    int code = failed == 0 && !interrupted ? SKEYM_EXIT_OK : SKEYM_EXIT_FAILED;
    enum skeym_error error = skeym_inspect_report_write(options->report, &context, findings);
    json_object_put(findings);
    if (error != SKEYM_OK) {
        return skeym_cli_fail("inspect", options->report, error);
    }
    if (options->report) {
        printf("the report is %s/report.html\n", options->report);
    }
    return code;
}

static int run(int argc, char **argv)
{
    struct options options = {0};
    uint64_t seed;
    int code;
    const struct skeym_cli_option known[] = {
        {.name = "--quick", .flag = &options.quick},
        {.name = "--full", .flag = &options.full},
        {.name = "--seed", .value = &options.seed},
        {.name = "--data", .value = &options.data},
        {.name = "--report", .value = &options.report},
        {.name = "--again", .flag = &options.again},
        {0},
    };
    if (!skeym_cli_parse(&skeym_command_inspect, argc, argv, known, &options.names, 0,
                         SKEYM_CLI_WORDS_MAX, &code)) {
        return code;
    }
    if (options.quick && options.full) {
        return skeym_cli_usage(&skeym_command_inspect, "--quick or --full, not both");
    }
    if (!parse_seed(options.seed, &seed)) {
        return skeym_cli_usage(&skeym_command_inspect, "--seed takes a whole number below 2^64");
    }
    if (options.names.count == 0) {
        return list_them();
    }
    code = check_names(&options.names);
    if (code != SKEYM_EXIT_OK) {
        return code;
    }
    struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    return inspect(&options, seed);
}

const struct skeym_command skeym_command_inspect = {
    .name = "inspect",
    .summary = "does the experiments of the paper again, as a report",
    .usage = usage,
    .run = run,
};
