/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure.h"
#include "bench/server.h"
#include "crypto/crypto.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    void (*run)(struct bench_report *report);
} families[] = {
    {"ops", bench_ops},
    {"login", bench_login},
    {"server", bench_server},
};
static const char *family; /* NULL: all */

static const char usage[] = "usage: skeym-bench [option]...\n"
                            "  --json FILE     also write name -> {median, min, max, unit}\n"
                            "  --family NAME   ops, login or server (default: all)\n"
                            "  --only TEXT     only what has TEXT in its name\n"
                            "  --quick         short batches: to see that it works, not how fast\n"
                            "  --help          this\n";

/* 0 to go on, otherwise the exit status plus one. */
static int parse(struct bench_options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"json", required_argument, NULL, 'j'}, {"family", required_argument, NULL, 'f'},
        {"only", required_argument, NULL, 'o'}, {"quick", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
    };
    int got;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread starts */
    while ((got = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (got) {
        case 'j':
            options->json = optarg;
            break;
        case 'f':
            family = optarg;
            break;
        case 'o':
            options->only = optarg;
            break;
        case 'q':
            options->repetitions = 15;
            options->batch_ns = 100000;
            break;
        case 'h':
            fputs(usage, stdout);
            return 1;
        default:
            fputs(usage, stderr);
            return 3;
        }
    }
    if (optind != argc) {
        fputs(usage, stderr);
        return 3;
    }
    return 0;
}

static void print_machine(int core)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    char model[128] = "unknown";
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon && strlen(colon) > 2) {
            (void)snprintf(model, sizeof model, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (file) {
        (void)fclose(file);
    }
    printf("%s, core %d, %s, compiler %s\n", model, core, skeym_crypto_name(), __VERSION__);
    printf("One thread. Random bytes that operations use up are made before the clock starts.\n\n");
}

int main(int argc, char **argv)
{
    static struct bench_report report;
    static struct bench_options options = {.repetitions = 31, .batch_ns = 10000000};
    int stop = parse(&options, argc, argv);
    if (stop) {
        return stop - 1;
    }
    report.options = &options;
    print_machine(bench_pin());
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (!family || strcmp(family, families[i].name) == 0) {
            families[i].run(&report);
        }
    }
    bench_print(&report, stdout);
    if (options.json && !bench_write_json(&report, options.json)) {
        fprintf(stderr, "skeym-bench: cannot write %s\n", options.json);
        return 1;
    }
    return 0;
}
