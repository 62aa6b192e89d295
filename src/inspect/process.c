/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/process.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGS_MAX   48
#define STOP_TRIES 1500 /* of 10 ms */

char *skeym_process_word(const char *constant)
{
    return (char *)(uintptr_t)constant;
}

/* In the child: never returns. */
static void become(char *const *argv, const char *log, int ready)
{
    char *args[ARGS_MAX + 4] = {skeym_process_word("skeym")};
    char number[16];
    size_t count = 1;
    for (size_t i = 0; argv[i] && count < ARGS_MAX; i++) {
        args[count++] = argv[i];
    }
    if (ready >= 0) {
        snprintf(number, sizeof number, "%d", ready);
        args[count++] = skeym_process_word("--ready-fd");
        args[count++] = number;
    }
    args[count] = NULL;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int in = open("/dev/null", O_RDONLY);
    if (out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) {
        _exit(126);
    }
    execv("/proc/self/exe", args);
    _exit(127);
}

enum skeym_error skeym_process_start(struct skeym_process *process, char *const *argv,
                                     const char *log, bool with_ready)
{
    int pipes[2] = {-1, -1};
    *process = (struct skeym_process){.ready = -1, .exited = -1};
    if (with_ready && pipe(pipes) != 0) {
        return SKEYM_ERR_IO;
    }
    process->pid = fork();
    if (process->pid == 0) {
        if (with_ready) {
            close(pipes[0]);
        }
        become(argv, log, pipes[1]);
    }
    if (with_ready) {
        close(pipes[1]);
        (void)fcntl(pipes[0], F_SETFD, FD_CLOEXEC);
    }
    if (process->pid < 0) {
        process->pid = 0;
        if (with_ready) {
            close(pipes[0]);
        }
        return SKEYM_ERR_IO;
    }
    process->ready = pipes[0];
    return SKEYM_OK;
}

static void ended(struct skeym_process *process, int status)
{
    process->exited = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    process->pid = 0;
    if (process->ready >= 0) {
        close(process->ready);
        process->ready = -1;
    }
}

bool skeym_process_ended(struct skeym_process *process)
{
    int status = 0;
    if (process->pid != 0 && waitpid(process->pid, &status, WNOHANG) == process->pid) {
        ended(process, status);
    }
    return process->pid == 0;
}

void skeym_process_stop(struct skeym_process *process, int signal)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    if (process->pid == 0) {
        return;
    }
    kill(process->pid, signal);
    for (int i = 0; i < STOP_TRIES && !skeym_process_ended(process); i++) {
        nanosleep(&pause, NULL);
    }
    if (process->pid != 0) {
        int status = 0;
        kill(process->pid, SIGKILL);
        waitpid(process->pid, &status, 0);
        ended(process, status);
    }
}

enum skeym_error skeym_process_run(char *const *argv, const char *log)
{
    struct skeym_process process;
    int status = 0;
    enum skeym_error error = skeym_process_start(&process, argv, log, false);
    if (error != SKEYM_OK) {
        return error;
    }
    while (waitpid(process.pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return SKEYM_ERR_IO;
        }
    }
    ended(&process, status);
    return process.exited == 0 ? SKEYM_OK : SKEYM_ERR_STATE;
}

enum skeym_error skeym_process_line(struct skeym_process *process, char *line, size_t room,
                                    int timeout_ms)
{
    size_t size = 0;
    while (size + 1 < room) {
        struct pollfd ready = {.fd = process->ready, .events = POLLIN};
        int got = poll(&ready, 1, timeout_ms);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got != 1) {
            return SKEYM_ERR_TIMEOUT;
        }
        if (read(process->ready, line + size, 1) != 1) {
            return SKEYM_ERR_IO;
        }
        if (line[size] == '\n') {
            line[size] = 0;
            return SKEYM_OK;
        }
        size++;
    }
    return SKEYM_ERR_SIZE;
}
