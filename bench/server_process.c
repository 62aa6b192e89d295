/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/server_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_MS   20000
#define STOP_TRIES 1500 /* of 10 ms */
#define ANY_CORE   (-1)

static bool pin(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    return core == ANY_CORE || sched_setaffinity(0, sizeof set, &set) == 0;
}

/* In the child: never returns. */
static void become(const char *const *argv, const char *log, int core, int ready)
{
    char *args[SERVER_ARGS + 1] = {NULL};
    char number[16];
    size_t count = 0;
    for (; argv[count] && count + 2 < SERVER_ARGS; count++) {
        args[count] = (char *)(uintptr_t)argv[count];
    }
    if (ready >= 0) {
        (void)snprintf(number, sizeof number, "%d", ready);
        args[count++] = number;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the bench */
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int in = open("/dev/null", O_RDONLY);
    if (!pin(core) || out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
        dup2(out, 2) < 0) {
        _exit(126);
    }
    if (args[0]) {
        execv(args[0], args);
    }
    _exit(127);
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return status;
}

bool server_process_run(const char *const *argv, const char *log)
{
    pid_t pid = fork();
    if (pid == 0) {
        become(argv, log, ANY_CORE, -1);
    }
    return pid > 0 && wait_for(pid) == 0;
}

/* A line within READY_MS; false also when the writer is gone. */
static bool read_line(int fd, char *line, size_t room)
{
    for (size_t size = 0; size + 1 < room; size++) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, READY_MS) != 1 || read(fd, line + size, 1) != 1) {
            return false;
        }
        if (line[size] == '\n') {
            line[size] = '\0';
            return true;
        }
    }
    return false;
}

bool server_process_start(struct server_process *process, const char *const *argv, const char *log,
                          int core)
{
    int pipes[2];
    char line[64];
    *process = (struct server_process){0};
    if (pipe(pipes) != 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(pipes[0]);
        become(argv, log, core, pipes[1]);
    }
    (void)close(pipes[1]);
    if (pid > 0) {
        process->pid = pid;
    }
    bool good = pid > 0 && read_line(pipes[0], line, sizeof line);
    process->port = good ? (uint16_t)strtoul(line, NULL, 10) : 0;
    (void)close(pipes[0]);
    return process->port != 0;
}

bool server_process_stop(struct server_process *process)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    int status = -1;
    pid_t ended = 0;
    if (process->pid == 0) {
        return true;
    }
    (void)kill(process->pid, SIGTERM);
    for (int i = 0; i < STOP_TRIES && ended == 0; i++) {
        ended = waitpid(process->pid, &status, WNOHANG);
        (void)nanosleep(&pause, NULL);
    }
    if (ended == 0) {
        (void)kill(process->pid, SIGKILL);
        status = wait_for(process->pid);
    }
    process->pid = 0;
    return status == 0;
}

bool server_process_usage(struct skeym_load_usage *usage, const struct server_process *process)
{
    const struct skeym_load_watch watch = {.count = 1, .pid = {(int32_t)process->pid}};
    return skeym_load_watch_read(usage, &watch) == SKEYM_OK;
}

uint64_t server_process_cores_us(int core, int other_core)
{
    const int cores[] = {core, other_core};
    return skeym_load_watch_cores_us(cores, core == other_core ? 1 : 2);
}
