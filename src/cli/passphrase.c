/* SPDX-License-Identifier: Apache-2.0 */
/* A passphrase comes from a file that only its owner reads, or from the terminal; never from an
 * argument or the environment, where other processes see it. */
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "server/home.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { LONGEST = 1024, CTRL_C = 3, CTRL_D = 4, CTRL_U = 21, BACKSPACE = 8, DELETE = 127 };

static void say(int tty, const char *text)
{
    ssize_t written = write(tty, text, strlen(text));
    (void)written; /* a prompt that does not show up harms nobody */
}

/* One keystroke into the line; false when the line is complete. */
static bool keystroke(char *line, size_t *size, unsigned char byte, enum skeym_error *error)
{
    switch (byte) {
    case '\n':
    case '\r':
    case CTRL_D:
        return false;
    case CTRL_C:
        *error = SKEYM_ERR_USAGE;
        return false;
    case CTRL_U:
        *size = 0;
        return true;
    case BACKSPACE:
    case DELETE:
        *size -= *size > 0;
        return true;
    default:
        if (*size == LONGEST) {
            *error = SKEYM_ERR_SIZE;
            return true;
        }
        line[(*size)++] = (char)byte;
        return true;
    }
}

static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
enum { ENDS = sizeof ends / sizeof ends[0] };

static volatile sig_atomic_t caught;

static void on_end(int number)
{
    caught = number;
}

/* What would end us is put off until the terminal is as before; it cuts only the waiting short. */
static void put_off(struct sigaction before[ENDS], sigset_t *mask)
{
    struct sigaction action = {.sa_handler = on_end};
    sigset_t all;
    (void)sigemptyset(&all);
    (void)sigemptyset(&action.sa_mask);
    caught = 0;
    for (size_t i = 0; i < ENDS; i++) {
        (void)sigaddset(&all, ends[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &all, mask);
    for (size_t i = 0; i < ENDS; i++) {
        if (sigaction(ends[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN) {
            (void)sigaction(ends[i], &action, NULL);
        }
    }
}

static void put_back(const struct sigaction before[ENDS], const sigset_t *mask)
{
    for (size_t i = 0; i < ENDS; i++) {
        (void)sigaction(ends[i], &before[i], NULL);
    }
    (void)sigprocmask(SIG_SETMASK, mask, NULL);
    if (caught) {
        (void)raise(caught);
    }
}

static enum skeym_error read_line(char line[LONGEST + 1], size_t *size, int tty,
                                  const sigset_t *mask)
{
    enum skeym_error error = SKEYM_OK;
    struct pollfd ready = {.fd = tty, .events = POLLIN};
    unsigned char byte = 0;
    for (bool more = true; more && !caught;) {
        ssize_t got = ppoll(&ready, 1, NULL, mask) < 0 ? -1 : read(tty, &byte, 1);
        if (got == 1) {
            more = keystroke(line, size, byte, &error);
        } else if (got == 0 || errno != EINTR) {
            error = SKEYM_ERR_IO;
            more = false;
        }
    }
    skeym_crypto_wipe(&byte, sizeof byte);
    return caught ? SKEYM_ERR_USAGE : error;
}

/* Echo and the keys of signals are off while the line is typed. No way out but SIGKILL leaves the
 * terminal mute. */
static enum skeym_error ask(char line[LONGEST + 1], size_t *size, int tty, const char *prompt)
{
    struct sigaction actions[ENDS];
    struct termios before, quiet;
    sigset_t mask;
    *size = 0;
    if (tcgetattr(tty, &before) != 0) {
        return SKEYM_ERR_MISSING;
    }
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG | ICANON);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    say(tty, prompt);
    put_off(actions, &mask);
    enum skeym_error error = SKEYM_ERR_IO;
    if (tcsetattr(tty, TCSAFLUSH, &quiet) == 0) {
        error = read_line(line, size, tty, &mask);
        (void)tcsetattr(tty, TCSAFLUSH, &before);
        say(tty, "\n");
    }
    put_back(actions, &mask);
    return error;
}

static enum skeym_error from_terminal(char line[LONGEST + 1], size_t *size, bool confirm)
{
    char again[LONGEST + 1] = {0};
    size_t again_size = 0;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0) {
        return SKEYM_ERR_MISSING;
    }
    enum skeym_error error = ask(line, size, tty, "Passphrase: ");
    if (error == SKEYM_OK && confirm) {
        error = ask(again, &again_size, tty, "The same again: ");
        if (error == SKEYM_OK &&
            (again_size != *size || !skeym_crypto_equal(line, again, again_size))) {
            error = SKEYM_ERR_USAGE;
        }
    }
    skeym_crypto_wipe(again, sizeof again);
    close(tty);
    return error;
}

static enum skeym_error from_file(char line[LONGEST + 1], size_t *size, const char *path)
{
    uint8_t *data = NULL;
    size_t data_size = 0;
    enum skeym_error error = skeym_home_read_file(&data, &data_size, path, LONGEST + 1, true);
    if (error != SKEYM_OK) {
        return error;
    }
    *size = data_size - (data_size > 0 && data[data_size - 1] == '\n');
    if (*size > LONGEST) {
        error = SKEYM_ERR_SIZE;
    } else if (*size > 0) {
        memcpy(line, data, *size);
    }
    skeym_crypto_wipe(data, data_size);
    free(data);
    return error;
}

enum skeym_error skeym_cli_passphrase(char **out, size_t *size, const char *path, bool confirm)
{
    char line[LONGEST + 1] = {0};
    size_t line_size = 0;
    *out = NULL;
    *size = 0;
    enum skeym_error error =
        path ? from_file(line, &line_size, path) : from_terminal(line, &line_size, confirm);
    if (error == SKEYM_OK && line_size == 0) {
        error = SKEYM_ERR_SIZE;
    }
    if (error == SKEYM_OK) {
        *out = calloc(1, line_size + 1);
        error = *out ? SKEYM_OK : SKEYM_ERR_MEMORY;
    }
    if (error == SKEYM_OK) {
        memcpy(*out, line, line_size);
        *size = line_size;
    }
    skeym_crypto_wipe(line, sizeof line);
    return error;
}

bool skeym_cli_old_passphrase(char **out, size_t *size, const char *command, const char *what,
                              const char *path)
{
    enum skeym_error error = skeym_cli_passphrase(out, size, path, false);
    if (error == SKEYM_ERR_MISSING && !path) {
        skeym_cli_say(command,
                      "%s: it is locked by a passphrase, and there is no terminal to ask for it "
                      "on: give --passphrase-file FILE",
                      what);
    } else if (error == SKEYM_ERR_USAGE) {
        skeym_cli_say(command, "cancelled");
    } else if (error == SKEYM_ERR_SIZE) {
        skeym_cli_say(command, "%s: a passphrase has 1 to 1024 bytes",
                      path ? path : "the terminal");
    } else if (error != SKEYM_OK) {
        skeym_cli_fail(command, path ? path : "the terminal", error);
    }
    return error == SKEYM_OK;
}

bool skeym_cli_new_passphrase(char **out, size_t *size, const char *command, const char *path,
                              bool none)
{
    *out = NULL;
    *size = 0;
    if (none && path) {
        skeym_cli_say(command, "--passphrase-file and --no-passphrase exclude each other");
        return false;
    }
    if (none) {
        return true;
    }
    enum skeym_error error = skeym_cli_passphrase(out, size, path, true);
    if (error == SKEYM_OK && *size < SKEYM_CLI_PASSPHRASE_LEAST) {
        skeym_crypto_wipe(*out, *size);
        free(*out);
        *out = NULL;
        *size = 0;
        error = SKEYM_ERR_SIZE;
    }
    if (error == SKEYM_ERR_MISSING && !path) {
        skeym_cli_say(command, "there is no terminal to ask for a passphrase on: give "
                               "--passphrase-file FILE, or --no-passphrase for a file without one");
    } else if (error == SKEYM_ERR_USAGE) {
        skeym_cli_say(command, "cancelled, or the two passphrases differ");
    } else if (error == SKEYM_ERR_SIZE) {
        skeym_cli_say(command, "a new passphrase has %d to %d bytes", SKEYM_CLI_PASSPHRASE_LEAST,
                      LONGEST);
    } else if (error != SKEYM_OK) {
        skeym_cli_fail(command, path ? path : "the terminal", error);
    }
    return error == SKEYM_OK;
}
