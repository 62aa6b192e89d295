/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: a table, one file each. */
#ifndef SKEYM_CLI_CLI_H
#define SKEYM_CLI_CLI_H

#include <skeym/claims.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit codes of every command. */
enum { SKEYM_EXIT_OK = 0, SKEYM_EXIT_FAILED = 1, SKEYM_EXIT_USAGE = 2 };

struct skeym_command {
    const char *name;
    const char *summary; /* one line for `skeym help` */
    const char *usage;   /* synopsis, on the first line, and options: `skeym help NAME` */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

/* One per file src/cli/NAME.c: `const struct skeym_command skeym_command_NAME`. X(NAME) in the
 * order of `skeym help`. */
#define SKEYM_COMMANDS(X)                                                                          \
    X(init)                                                                                        \
    X(enrol)                                                                                       \
    X(accept)                                                                                      \
    X(keygen)                                                                                      \
    X(revoke)                                                                                      \
    X(rotate)                                                                                      \
    X(list)                                                                                        \
    X(serve)                                                                                       \
    X(get)                                                                                         \
    X(post)                                                                                        \
    X(device)                                                                                      \
    X(connect)                                                                                     \
    X(demo)                                                                                        \
    X(inspect)                                                                                     \
    X(bench)                                                                                       \
    X(vectors)

#define SKEYM_COMMAND_DECLARE(name) extern const struct skeym_command skeym_command_##name;
SKEYM_COMMANDS(SKEYM_COMMAND_DECLARE)
#undef SKEYM_COMMAND_DECLARE

/* "skeym COMMAND: what: error text" to stderr; what may be NULL. Returns SKEYM_EXIT_FAILED. */
int skeym_cli_fail(const char *command, const char *what, enum skeym_error error);
/* "skeym COMMAND: sentence" to stderr; returns SKEYM_EXIT_FAILED. */
int skeym_cli_say(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What is wrong (NULL: the synopsis instead) and where to read more, to stderr; returns
 * SKEYM_EXIT_USAGE. */
int skeym_cli_usage(const struct skeym_command *command, const char *why);

/* One option of a command. Exactly one of value, flag and list is set. A table of them ends with a
 * row whose name is NULL. */
struct skeym_cli_option {
    const char *name;             /* "--role", or "-o" */
    const char **value;           /* takes a value; at most once */
    bool *flag;                   /* takes none */
    struct skeym_cli_words *list; /* takes a value, each time it is given */
};
enum { SKEYM_CLI_WORDS_MAX = 16 };
struct skeym_cli_words {
    size_t count;
    const char *at[SKEYM_CLI_WORDS_MAX];
};
/* Sorts argv[1...] into options ("--name VALUE" or "--name=VALUE", until "--") and operands.
 * argv is not copied. On wrong use (an unknown option, one given twice, one without its value,
 * fewer operands than least or more than most) says so and returns false; --help
 * prints the usage to stdout, sets *code to SKEYM_EXIT_OK and returns false. */
SKEYM_MUST_USE bool skeym_cli_parse(const struct skeym_command *command, int argc, char **argv,
                                    const struct skeym_cli_option *options,
                                    struct skeym_cli_words *operands, size_t least, size_t most,
                                    int *code);
/* A decimal number without sign or leading zeros. false: not one, or not in [least, most]. */
SKEYM_MUST_USE bool skeym_cli_number(uint32_t *out, const char *text, uint32_t least,
                                     uint32_t most);
/* The authority's folder: dir when given, else $SKEYM_DIR, else "skeym-authority". */
const char *skeym_cli_dir(const char *dir);
/* What went wrong with that folder, and what to do about it; returns SKEYM_EXIT_FAILED. */
int skeym_cli_dir_fail(const char *command, const char *dir, enum skeym_error error);
/* Has a running server read the folder anew, and says on stdout whether it did. Returns an exit
 * code: a server that runs but did not take the change over is a failure. */
int skeym_cli_tell_server(const char *command, const char *dir);
/* ms since 1970, of the wall clock. */
uint64_t skeym_cli_now(void);
/* "2026-01-31 23:59 UTC" of a time in s. */
enum { SKEYM_CLI_TIME_BYTES = 32 };
void skeym_cli_time(char out[SKEYM_CLI_TIME_BYTES], uint32_t time_s);
/* name's text with a NUL. */
void skeym_cli_name(char out[SKEYM_NODE_ID_BYTES + 1], const struct skeym_name *name);

/* A passphrase without an argument list: from a 0600 file, or twice from the terminal when
 * `confirm`. *out is malloc'ed, wipe and free it. path NULL: ask the terminal. Errors:
 * SKEYM_ERR_MISSING (no terminal), SKEYM_ERR_MODE, SKEYM_ERR_USAGE (the two differ), SKEYM_ERR_SIZE
 * (empty, or over 1024 bytes). */
SKEYM_MUST_USE enum skeym_error skeym_cli_passphrase(char **out, size_t *size, const char *path,
                                                     bool confirm);

/* The passphrase for a new file, as the options of a command say: `none`, from a file, or else
 * asked for twice; one of less than SKEYM_CLI_PASSPHRASE_LEAST bytes is refused. *out is NULL for
 * none. Says what is wrong and returns false. */
enum { SKEYM_CLI_PASSPHRASE_LEAST = 8 };
SKEYM_MUST_USE bool skeym_cli_new_passphrase(char **out, size_t *size, const char *command,
                                             const char *path, bool none);
/* The passphrase of a file, `what`, that is locked; path NULL: the terminal. Says what is wrong and
 * returns false. */
SKEYM_MUST_USE bool skeym_cli_old_passphrase(char **out, size_t *size, const char *command,
                                             const char *what, const char *path);

#endif
