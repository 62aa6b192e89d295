/* SPDX-License-Identifier: Apache-2.0 */
/* skeym: the table of commands, and what holds for each of them before it runs. */
#include "cli/cli.h"
#include "crypto/crypto.h"
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct skeym_command *const commands[] = {
#define ROW(name) &skeym_command_##name,
    SKEYM_COMMANDS(ROW)
#undef ROW
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct skeym_command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

/* How many letters must change, come or go to make b of a; names longer than the row are far. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 24 };
    size_t row[LONGEST + 1];
    size_t size_a = strlen(a);
    size_t size_b = strlen(b);
    if (size_a > LONGEST || size_b > LONGEST) {
        return LONGEST;
    }
    for (size_t j = 0; j <= size_b; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= size_a; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= size_b; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[size_b];
}

static int unknown(const char *name)
{
    const struct skeym_command *nearest = NULL;
    size_t least = 3;
    for (size_t i = 0; i < COMMANDS; i++) {
        size_t far = distance(name, commands[i]->name);
        if (far < least) {
            least = far;
            nearest = commands[i];
        }
    }
    if (nearest) {
        fprintf(stderr, "skeym: there is no command '%s'; did you mean '%s'?\n", name,
                nearest->name);
    } else {
        fprintf(stderr, "skeym: there is no command '%s'; 'skeym help' lists them\n", name);
    }
    return SKEYM_EXIT_USAGE;
}

static void overview(FILE *out)
{
    fprintf(out, "skeym: a secured medical network of single-use tokens\n\n"
                 "usage: skeym COMMAND [argument]...\n\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    }
    fprintf(out, "\n  skeym help COMMAND   how a command is used\n"
                 "  skeym --version      version and crypto library\n");
}

static int help(int argc, char **argv)
{
    if (argc < 2) {
        overview(stdout);
        return SKEYM_EXIT_OK;
    }
    const struct skeym_command *command = find(argv[1]);
    if (strcmp(argv[1], "help") == 0) {
        printf("skeym help: how a command is used\n\nusage: skeym help [COMMAND]\n\n"
               "Without a command, lists them all.\n");
        return SKEYM_EXIT_OK;
    }
    if (!command) {
        return unknown(argv[1]);
    }
    printf("skeym %s: %s\n\n%s", command->name, command->summary, command->usage);
    return SKEYM_EXIT_OK;
}

/* Keys live in this process: no file of ours is for others, no core dump, no debugger of another
 * process of the same user. */
static bool harden(void)
{
    const struct rlimit none = {0, 0};
    umask(077);
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

/* A standard file that was closed leaves its number to the next one that is opened: a socket or a
 * database, into which would go what is printed. One that nothing can be read from, or written to,
 * takes its place. */
static bool stand_in(void)
{
    bool good = true;
    for (int fd = STDIN_FILENO; good && fd <= STDERR_FILENO; fd++) {
        int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        good = fcntl(fd, F_GETFD) >= 0 || open("/dev/null", mode) == fd;
    }
    return good;
}

/* What was asked for must have reached its reader: a full disk behind a redirection shows. */
static int flushed(int code)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "skeym: standard output could not be written\n");
        return code == SKEYM_EXIT_OK ? SKEYM_EXIT_FAILED : code;
    }
    return code;
}

int main(int argc, char **argv)
{
    if (!stand_in()) {
        fprintf(stderr, "skeym: a standard file is closed, and /dev/null cannot stand in for it\n");
        return SKEYM_EXIT_FAILED;
    }
    if (!harden()) {
        fprintf(stderr, "skeym: the system does not let core dumps be turned off\n");
        return SKEYM_EXIT_FAILED;
    }
    if (argc < 2) {
        overview(stderr);
        return SKEYM_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return flushed(help(argc - 1, argv + 1));
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        printf("skeym %s (protocol 1, %s)\n", SKEYM_VERSION, skeym_crypto_name());
        return flushed(SKEYM_EXIT_OK);
    }
    const struct skeym_command *command = find(name);
    return flushed(command ? command->run(argc - 1, argv + 1) : unknown(name));
}
