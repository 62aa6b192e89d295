/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text at the command line: words of an argument list (one a line) through the parser of all
 * commands' options and of numbers; and the lines of the audit file, as `skeym list` reads them.
 */
#include "cli/cli.h"
#include "fuzz.h"
#include "server/audit.h"

enum skeym_error __real_skeym_home_audit_read(char **text, size_t *size, const char *dir);
enum skeym_error __wrap_skeym_home_audit_read(char **text, size_t *size, const char *dir);

enum { WORDS = 40 };

static struct {
    bool on;
    struct skeym_span text;
} file;

enum skeym_error __wrap_skeym_home_audit_read(char **text, size_t *size, const char *dir)
{
    if (!file.on) {
        return __real_skeym_home_audit_read(text, size, dir);
    }
    *text = malloc(file.text.size + 1);
    FUZZ_MUST(*text);
    if (file.text.size > 0) {
        memcpy(*text, file.text.data, file.text.size);
    }
    (*text)[file.text.size] = '\0';
    *size = file.text.size;
    return SKEYM_OK;
}

static void each(void *arg, struct json_object *event)
{
    size_t *count = arg;
    (*count)++;
    FUZZ_MUST(skeym_audit_get_text(event, "event")[0] != '\0');
    FUZZ_MUST(skeym_audit_get_text(event, "node") && skeym_audit_get_text(event, "no such"));
    (void)skeym_audit_get_number(event, "generation");
}

static void audit(struct skeym_span text)
{
    size_t events = 0;
    struct skeym_audit_gaps gaps;
    size_t lines = 1;
    for (size_t i = 0; i < text.size; i++) {
        lines += text.data[i] == '\n';
    }
    file.text = text;
    file.on = true;
    FUZZ_MUST(skeym_audit_read("", each, &events, &gaps) == SKEYM_OK);
    file.on = false;
    FUZZ_MUST(events + gaps.torn + gaps.damaged <= lines);
}

static int never(int argc, char **argv)
{
    (void)argc, (void)argv;
    abort();
}

static void number(const char *word)
{
    char printed[16];
    uint32_t value = 0;
    if (skeym_cli_number(&value, word, 1, 86400)) {
        FUZZ_MUST(value >= 1 && value <= 86400);
        (void)snprintf(printed, sizeof printed, "%u", (unsigned)value);
        FUZZ_MUST(!strcmp(printed, word));
    }
}

static void words(struct skeym_reader *reader)
{
    static const struct skeym_command command = {"enrol", "", "usage: skeym enrol NODE", never};
    static FILE *nowhere;
    char *argv[WORDS + 1] = {fuzz_text(skeym_span_text("enrol"))};
    int argc = 1;
    int code = 77;
    const char *value = NULL;
    const char *output = NULL;
    bool flag = false;
    struct skeym_cli_words list = {0};
    struct skeym_cli_words operands = {0};
    const struct skeym_cli_option options[] = {{"--role", .value = &value},
                                               {"-o", .value = &output},
                                               {"--no-passphrase", .flag = &flag},
                                               {"--scope", .list = &list},
                                               {.name = NULL}};
    while (reader->left > 0 && argc < WORDS) {
        argv[argc++] = fuzz_text(fuzz_line(reader));
        number(argv[argc - 1]);
    }
    nowhere = nowhere ? nowhere : fopen("/dev/null", "w");
    FILE *said = stderr;
    FILE *told = stdout;
    FUZZ_MUST(nowhere);
    stderr = nowhere; /* what is wrong is told to people */
    stdout = nowhere;
    bool good = skeym_cli_parse(&command, argc, argv, options, &operands, 1, 2, &code);
    stderr = said;
    stdout = told;
    FUZZ_MUST(list.count <= SKEYM_CLI_WORDS_MAX);
    FUZZ_MUST(good ? operands.count >= 1 && operands.count <= 2
                   : code == SKEYM_EXIT_USAGE || code == SKEYM_EXIT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    if (skeym_read_u8(&reader) & 1) {
        words(&reader);
    } else {
        audit(fuzz_rest(&reader));
    }
    fuzz_done();
    return 0;
}
