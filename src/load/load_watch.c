/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_watch.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_text(char *out, size_t room, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, room - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    out[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static bool read_own(char *out, size_t room, int32_t pid, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return read_text(out, room, path);
}

/* Numbers with spaces between; false when there are fewer. */
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

static uint64_t tick_us(void)
{
    return 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* The number after `label`, at the begin of a line. */
static bool read_labelled(uint64_t *out, const char *text, const char *label)
{
    const char *line = strstr(text, label);
    return line && read_numbers(out, 1, line + strlen(label));
}

static bool add_times(struct skeym_load_usage *usage, int32_t pid)
{
    enum { USER = 10, SYSTEM, FIELDS }; /* after the state, which is a letter */
    char text[1024];
    uint64_t fields[FIELDS];
    if (!read_own(text, sizeof text, pid, "stat")) {
        return false;
    }
    const char *name_end = strrchr(text, ')'); /* the name before may hold anything */
    if (!name_end || strlen(name_end) < 4 || !read_numbers(fields, FIELDS, name_end + 3)) {
        return false;
    }
    usage->user_us += fields[USER] * tick_us();
    usage->system_us += fields[SYSTEM] * tick_us();
    return true;
}

/* Not every kernel knows the proportional set; then what is resident. */
static bool add_memory(struct skeym_load_usage *usage, int32_t pid)
{
    char text[4096];
    uint64_t resident_kb = 0;
    uint64_t shared_out_kb = 0;
    if (!read_own(text, sizeof text, pid, "status") ||
        !read_labelled(&resident_kb, text, "\nVmRSS:")) {
        return false;
    }
    bool has = read_own(text, sizeof text, pid, "smaps_rollup") &&
               read_labelled(&shared_out_kb, text, "\nPss:");
    usage->resident_kb += resident_kb;
    usage->memory_kb += has ? shared_out_kb : resident_kb;
    return true;
}

/* A line of /proc/stat, from behind its name: all that is not idleness. */
static bool read_busy(uint64_t *out, const char *line)
{
    enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, FIELDS };
    uint64_t t[FIELDS];
    if (!read_numbers(t, FIELDS, line)) {
        return false;
    }
    *out = (t[USER] + t[NICE] + t[SYSTEM] + t[IRQ] + t[SOFTIRQ]) * tick_us();
    return true;
}

static bool read_machine(uint64_t *out)
{
    char text[1024];
    return read_text(text, sizeof text, "/proc/stat") && strncmp(text, "cpu ", 4) == 0 &&
           read_busy(out, text + 4);
}

uint64_t skeym_load_watch_cores_us(const int *cores, size_t count)
{
    char text[16384]; /* the cores come first; then interrupts, which may be very many */
    uint64_t sum = 0;
    if (!read_text(text, sizeof text, "/proc/stat")) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        char name[32];
        uint64_t busy = 0;
        (void)snprintf(name, sizeof name, "\ncpu%d ", cores[i]);
        const char *line = strstr(text, name);
        sum += line && read_busy(&busy, line + strlen(name)) ? busy : 0;
    }
    return sum;
}

enum skeym_error skeym_load_watch_read(struct skeym_load_usage *out,
                                       const struct skeym_load_watch *watch)
{
    struct skeym_load_usage usage = {0};
    *out = usage;
    bool good = read_machine(&usage.machine_us);
    for (size_t i = 0; i < watch->count && good; i++) {
        good = add_times(&usage, watch->pid[i]) && add_memory(&usage, watch->pid[i]);
    }
    if (good) {
        *out = usage;
    }
    return good ? SKEYM_OK : SKEYM_ERR_IO;
}
