/* SPDX-License-Identifier: Apache-2.0 */
/* What all commands share: messages, options, numbers, times. */
#include "cli/cli.h"
#include "server/home.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int skeym_cli_fail(const char *command, const char *what, enum skeym_error error)
{
    fprintf(stderr, "skeym %s: %s%s%s\n", command, what ? what : "", what ? ": " : "",
            skeym_error_text(error));
    return SKEYM_EXIT_FAILED;
}

int skeym_cli_say(const char *command, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "skeym %s: ", command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
    va_end(arguments);
    fputc('\n', stderr);
    return SKEYM_EXIT_FAILED;
}

int skeym_cli_usage(const struct skeym_command *command, const char *why)
{
    if (why) {
        fprintf(stderr, "skeym %s: %s\n", command->name, why);
    } else { /* it was said before, or there is nothing to say but what the command takes */
        fprintf(stderr, "%.*s\n", (int)strcspn(command->usage, "\n"), command->usage);
    }
    fprintf(stderr, "'skeym help %s' tells more\n", command->name);
    return SKEYM_EXIT_USAGE;
}

/* --- options ------------------------------------------------------------- */

/* Says what is wrong with one argument. */
static bool wrong(const struct skeym_command *command, int *code, const char *argument,
                  const char *why)
{
    fprintf(stderr, "skeym %s: %s: %s\n'skeym help %s' tells more\n", command->name, argument, why,
            command->name);
    *code = SKEYM_EXIT_USAGE;
    return false;
}

/* The option that an argument names, and in *value what follows a '='. */
static const struct skeym_cli_option *find(const struct skeym_cli_option *options,
                                           const char *argument, const char **value)
{
    const char *equals = argument[1] == '-' ? strchr(argument, '=') : NULL;
    size_t size = equals ? (size_t)(equals - argument) : strlen(argument);
    *value = equals ? equals + 1 : NULL;
    for (; options->name; options++) {
        if (skeym_span_equal(skeym_span_text(options->name), skeym_span(argument, size))) {
            return options;
        }
    }
    return NULL;
}

static bool add(struct skeym_cli_words *words, const char *word, size_t most)
{
    if (words->count >= most || words->count >= SKEYM_CLI_WORDS_MAX) {
        return false;
    }
    words->at[words->count++] = word;
    return true;
}

/* Stores an option's value; the reason why not, or NULL. */
static const char *store(const struct skeym_cli_option *option, const char *value)
{
    if (option->flag) {
        *option->flag = true;
        return value ? "takes no value" : NULL;
    }
    if (!value) {
        return "needs a value";
    }
    if (option->list) {
        return add(option->list, value, SKEYM_CLI_WORDS_MAX) ? NULL : "given too often";
    }
    if (*option->value) {
        return "given twice";
    }
    *option->value = value;
    return NULL;
}

bool skeym_cli_parse(const struct skeym_command *command, int argc, char **argv,
                     const struct skeym_cli_option *options, struct skeym_cli_words *operands,
                     size_t least, size_t most, int *code)
{
    bool ended = false;
    *operands = (struct skeym_cli_words){0};
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (!ended && strcmp(argument, "--") == 0) {
            ended = true;
            continue;
        }
        if (ended || argument[0] != '-' || argument[1] == '\0') {
            if (!add(operands, argument, most)) {
                return wrong(command, code, argument, "one argument too many");
            }
            continue;
        }
        if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
            printf("%s", command->usage);
            *code = SKEYM_EXIT_OK;
            return false;
        }
        const char *value;
        const struct skeym_cli_option *option = find(options, argument, &value);
        if (!option) {
            return wrong(command, code, argument, "no such option");
        }
        if (!option->flag && !value && i + 1 < argc) {
            value = argv[++i];
        }
        const char *why = store(option, value);
        if (why) {
            return wrong(command, code, option->name, why);
        }
    }
    if (operands->count < least) {
        *code = skeym_cli_usage(command, "an argument is missing");
        return false;
    }
    return true;
}

/* --- values -------------------------------------------------------------- */

bool skeym_cli_number(uint32_t *out, const char *text, uint32_t least, uint32_t most)
{
    uint64_t value = 0;
    size_t size = strlen(text);
    *out = 0;
    if (size == 0 || size > 10 || (text[0] == '0' && size > 1)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value < least || value > most) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

const char *skeym_cli_dir(const char *dir)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    const char *from_environment = getenv("SKEYM_DIR");
    if (dir) {
        return dir;
    }
    return from_environment && from_environment[0] ? from_environment : "skeym-authority";
}

/* What a folder's owner can do about an error; the rest speaks for itself. */
static const struct {
    enum skeym_error error;
    const char *text;
} advice[] = {
    {SKEYM_ERR_MISSING,
     "there is no authority here (no keyring): make one with 'skeym init DIR', name "
     "its folder with --dir or $SKEYM_DIR, or restore it from a backup"},
    {SKEYM_ERR_MODE, "others may write to the folder, or read or write a file in it; take a look "
                     "at who did, then 'chmod go-rwx' on the folder and its files"},
    {SKEYM_ERR_NOT_FILE, "keyring, revoked, audit and lock must be regular files"},
    {SKEYM_ERR_PERMISSION,
     "not permitted: run this as the folder's owner or as root, where the file "
     "system is not read-only"},
    {SKEYM_ERR_BUSY, "locked by another process for over 10 seconds"},
    {SKEYM_ERR_SHAPE, "the keyring is not one"},
    {SKEYM_ERR_TRUNCATED, "the keyring is cut short: restore it from a backup"},
    {SKEYM_ERR_CHECKSUM, "the keyring is damaged: restore it from a backup"},
    {SKEYM_ERR_RANGE, "this machine's clock is over 10 years from the keyring's, or the keyring "
                      "is damaged"},
};

/* The same for the revoked list, which nobody may do without. */
static const char *of_list(enum skeym_error error)
{
    switch (error) {
    case SKEYM_ERR_MISSING:
        return "the list of what is revoked is missing";
    case SKEYM_ERR_TRUNCATED:
        return "the list of what is revoked is empty, cut short or added to";
    case SKEYM_ERR_CHECKSUM:
        return "the list of what is revoked was altered, or is another authority's (only 'skeym "
               "revoke' may change it)";
    default:
        return NULL;
    }
}

int skeym_cli_dir_fail(const char *command, const char *dir, enum skeym_error error)
{
    enum skeym_error found = error;
    const char *file = skeym_home_culprit(dir, &found);
    bool list = file && found == error && strcmp(file, "revoked") == 0;
    if (list && (SKEYM_ERROR_CLASS(error) == SKEYM_CLASS_INPUT || error == SKEYM_ERR_MISSING)) {
        const char *why = of_list(error);
        return skeym_cli_say(command,
                             "%s/revoked: %s: restore it from a backup, or make it anew from the "
                             "audit file with 'skeym revoke --restore'",
                             dir, why ? why : "this is not a list of what is revoked");
    }
    for (size_t i = 0; i < sizeof advice / sizeof advice[0]; i++) {
        if (advice[i].error == error) {
            return skeym_cli_say(command, "%s%s%s: %s", dir, file && found == error ? "/" : "",
                                 file && found == error ? file : "", advice[i].text);
        }
    }
    return skeym_cli_fail(command, dir, error);
}

int skeym_cli_tell_server(const char *command, const char *dir)
{
    enum skeym_error error = skeym_home_notify(dir);
    if (error == SKEYM_OK) {
        printf("The running server has taken it over.\n");
        return SKEYM_EXIT_OK;
    }
    if (error == SKEYM_ERR_MISSING) {
        printf("No server runs on %s: it holds from its next start.\n", dir);
        return SKEYM_EXIT_OK;
    }
    return skeym_cli_say(command,
                         "%s: it is written, but the running server did not confirm it (%s): "
                         "look at its log, or restart it",
                         dir, skeym_error_text(error));
}

uint64_t skeym_cli_now(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void skeym_cli_time(char out[SKEYM_CLI_TIME_BYTES], uint32_t time_s)
{
    time_t time = (time_t)time_s;
    struct tm tm;
    if (!gmtime_r(&time, &tm) || strftime(out, SKEYM_CLI_TIME_BYTES, "%F %H:%M UTC", &tm) == 0) {
        snprintf(out, SKEYM_CLI_TIME_BYTES, "%" PRIu32 " s", time_s);
    }
}

void skeym_cli_name(char out[SKEYM_NODE_ID_BYTES + 1], const struct skeym_name *name)
{
    struct skeym_span text = skeym_name_span(name);
    memset(out, 0, SKEYM_NODE_ID_BYTES + 1);
    memcpy(out, text.data, text.size);
}
