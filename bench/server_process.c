/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/server_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static bool read_file(char *out, size_t room, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, room - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    out[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static uint64_t tick_us(void)
{
    return 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static bool read_own(char *out, size_t room, pid_t pid, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return read_file(out, room, path);
}

/* Numbers with spaces between, from `text` on; false when there are fewer. */
static bool read_numbers(uint64_t *out, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        char *end = NULL;
        out[i] = strtoull(text, &end, 10); /* some are negative: none that anybody looks at */
        if (end == text) {
            return false;
        }
        text = end;
    }
    return true;
}

bool server_process_usage(struct server_usage *usage, const struct server_process *process)
{
    enum { USER = 10, SYSTEM, FIELDS }; /* after the state, which is a letter */
    char text[4096];
    uint64_t fields[FIELDS];
    uint64_t resident = 0;
    *usage = (struct server_usage){0};
    if (!read_own(text, sizeof text, process->pid, "stat")) {
        return false;
    }
    const char *name_end = strrchr(text, ')'); /* the name before may hold anything */
    if (!name_end || strlen(name_end) < 4 || !read_numbers(fields, FIELDS, name_end + 3) ||
        !read_own(text, sizeof text, process->pid, "status")) {
        return false;
    }
    const char *line = strstr(text, "\nVmRSS:");
    if (!line || !read_numbers(&resident, 1, line + strlen("\nVmRSS:"))) {
        return false;
    }
    *usage = (struct server_usage){fields[USER] * tick_us(), fields[SYSTEM] * tick_us(), resident};
    return true;
}

uint64_t server_process_cores_us(int core, int other_core)
{
    enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, FIELDS };
    static char text[65536];
    const int cores[] = {core, other_core};
    uint64_t ticks = 0;
    if (!read_file(text, sizeof text, "/proc/stat")) {
        return 0;
    }
    for (size_t i = 0; i < (core == other_core ? 1 : 2); i++) {
        char name[32];
        uint64_t t[FIELDS];
        (void)snprintf(name, sizeof name, "\ncpu%d ", cores[i]);
        const char *line = strstr(text, name);
        if (line && read_numbers(t, FIELDS, line + strlen(name))) {
            ticks += t[USER] + t[NICE] + t[SYSTEM] + t[IRQ] + t[SOFTIRQ];
        }
    }
    return ticks * tick_us();
}
