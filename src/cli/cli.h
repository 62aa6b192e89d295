/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: a table, one file each. */
#ifndef SKEYM_CLI_CLI_H
#define SKEYM_CLI_CLI_H

#include <skeym/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit codes of every command. */
enum { SKEYM_EXIT_OK = 0, SKEYM_EXIT_FAILED = 1, SKEYM_EXIT_USAGE = 2 };

struct skeym_command {
    const char *name;
    const char *summary; /* one line for `skeym help` */
    const char *usage;   /* synopsis and options, printed by `skeym help NAME` and on wrong use */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

/* One per file src/cli/NAME.c: `const struct skeym_command skeym_command_NAME`. X(NAME) in the
 * order of `skeym help`. */
#define SKEYM_COMMANDS(X)                                                                          \
    X(init)                                                                                        \
    X(enrol)                                                                                       \
    X(keygen)                                                                                      \
    X(revoke)                                                                                      \
    X(rotate)                                                                                      \
    X(list)                                                                                        \
    X(serve)                                                                                       \
    X(get)                                                                                         \
    X(post)                                                                                        \
    X(device)                                                                                      \
    X(demo)                                                                                        \
    X(vectors)

#define SKEYM_COMMAND_DECLARE(name) extern const struct skeym_command skeym_command_##name;
SKEYM_COMMANDS(SKEYM_COMMAND_DECLARE)
#undef SKEYM_COMMAND_DECLARE

/* "skeym COMMAND: message: error text" to stderr; what may be NULL. Returns SKEYM_EXIT_FAILED. */
int skeym_cli_fail(const char *command, const char *what, enum skeym_error error);
/* Usage to stderr; returns SKEYM_EXIT_USAGE. */
int skeym_cli_usage(const struct skeym_command *command, const char *why);

/* A passphrase without an argument list: from a 0600 file, or twice from the terminal when
 * `confirm`. *out is malloc'ed, wipe and free it. path NULL: ask the terminal. Errors:
 * SKEYM_ERR_MISSING (no terminal), SKEYM_ERR_MODE, SKEYM_ERR_USAGE (the two differ), SKEYM_ERR_SIZE
 * (empty, or over 1024 bytes). */
SKEYM_MUST_USE enum skeym_error skeym_cli_passphrase(char **out, size_t *size, const char *path,
                                                     bool confirm);

#endif
