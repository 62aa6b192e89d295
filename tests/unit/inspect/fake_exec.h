/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes that become what the test says: execv is the test's own, and so are the calls
 * that can fail on the way there.
 */
#ifndef SKEYM_TESTS_FAKE_EXEC_H
#define SKEYM_TESTS_FAKE_EXEC_H

#include "inspect/process.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* The call of this number fails, once; 0: none. */
static struct {
    unsigned open, dup2, pipe, fork, waitpid, poll;
    int why;         /* errno */
    bool hurry;      /* nobody sleeps */
    unsigned sleeps; /* how often somebody would have */
} call;

static inline bool call_fails(unsigned *left)
{
    bool fails = *left > 0 && --*left == 0;
    errno = fails ? call.why : errno;
    return fails;
}

#define CALL(type, name, parameters, arguments)                                                    \
    type name parameters                                                                           \
    {                                                                                              \
        static __typeof__(&name) real;                                                             \
        if (call_fails(&call.name)) {                                                              \
            return -1;                                                                             \
        }                                                                                          \
        if (!real) {                                                                               \
            *(void **)&real = dlsym(RTLD_NEXT, #name);                                             \
        }                                                                                          \
        return real arguments;                                                                     \
    }

CALL(int, dup2, (int fd, int fd2), (fd, fd2))
CALL(int, pipe, (int pipedes[2]), (pipedes))
CALL(pid_t, waitpid, (pid_t pid, int *stat_loc, int options), (pid, stat_loc, options))
CALL(int, poll, (struct pollfd * fds, nfds_t nfds, int timeout), (fds, nfds, timeout))

pid_t fork(void)
{
    static pid_t (*real)(void);
    if (call_fails(&call.fork)) {
        return -1;
    }
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "fork");
    }
    (void)fflush(NULL); /* else the child would print it, too */
    return real();
}

int open(const char *file, int oflag, ...)
{
    va_list rest;
    va_start(rest, oflag);
    mode_t mode = oflag & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return call_fails(&call.open) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, file, oflag, mode);
}

int nanosleep(const struct timespec *requested_time, struct timespec *remaining)
{
    call.sleeps++;
    return call.hurry ? 0 : (int)syscall(SYS_nanosleep, requested_time, remaining);
}

/* As at any end of a program, so that its branches are counted. */
__attribute__((noreturn)) void _exit(int status)
{
    (void)close(1); /* nobody else writes into the log */
    (void)close(2);
    exit(status);
}

/* What a child is: its first argument that is a command of ours says it. */
static void child_is(char *const *argv, int ready);

int execv(const char *path, char *const argv[])
{
    int ready = -1;
    if (strcmp(path, "/proc/self/exe") != 0 || strcmp(argv[0], "skeym") != 0) {
        _exit(99);
    }
    for (size_t i = 1; argv[i] && argv[i + 1]; i++) {
        if (strcmp(argv[i], "--ready-fd") == 0) {
            ready = (int)strtol(argv[i + 1], NULL, 10);
        }
    }
    child_is(argv + 1, ready);
    return -1;
}

static inline void child_says(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        _exit(98);
    }
}

/* Until a signal ends it. */
static inline void child_waits(void)
{
    for (;;) {
        pause();
    }
}

/* A folder for the test, and a file in it. */
static char exec_dir[32], exec_log[64];

static inline int exec_begin(void **state)
{
    (void)state;
    memset(&call, 0, sizeof call);
    snprintf(exec_dir, sizeof exec_dir, "/tmp/skeym-exec.XXXXXX");
    if (!mkdtemp(exec_dir)) {
        return -1;
    }
    snprintf(exec_log, sizeof exec_log, "%s/log", exec_dir);
    return 0;
}

static inline int exec_end(void **state)
{
    (void)state;
    (void)unlink(exec_log);
    return rmdir(exec_dir);
}

static inline const char *log_text(void)
{
    static char text[512];
    FILE *file = fopen(exec_log, "r");
    size_t size = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[size] = '\0';
    if (file) {
        (void)fclose(file);
    }
    return text;
}

#endif
