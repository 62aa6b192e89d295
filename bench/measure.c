/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPETITIONS_MAX 1000

void bench_keep(const void *data, size_t size)
{
    __asm__ volatile("" : : "r"(data), "r"(size) : "memory");
}

void bench_fail(const char *name, enum skeym_error error)
{
    fprintf(stderr, "skeym-bench: %s failed: %s\n", name, skeym_error_text(error));
    exit(1); /* NOLINT(concurrency-mt-unsafe): the one thread */
}

int bench_pin(void)
{
    int core = sched_getcpu();
    cpu_set_t set;
    CPU_ZERO(&set);
    if (core < 0 || core >= CPU_SETSIZE) {
        return -1;
    }
    CPU_SET((size_t)core, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0 ? core : -1;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t batch(const struct bench_case *c, size_t count)
{
    if (c->prepare) {
        c->prepare(count);
    }
    uint64_t start = now_ns();
    enum skeym_error error = c->run(count);
    uint64_t end = now_ns();
    if (error) {
        bench_fail(c->name, error);
    }
    return end > start ? end - start : 1;
}

/* Operations that take about batch_ns together. The search warms up as well. */
static size_t calibrate(const struct bench_case *c, uint64_t batch_ns)
{
    size_t most = c->most ? c->most : SIZE_MAX / 4;
    size_t count = 1;
    while (count < most && batch(c, count) < batch_ns / 2) {
        count *= 2;
    }
    return count < most ? count : most;
}

static int compare(const void *left, const void *right)
{
    const double *a = left;
    const double *b = right;
    return (*a > *b) - (*a < *b);
}

bool bench_wanted(const struct bench_report *report, const char *name)
{
    return !report->options->only || strstr(name, report->options->only) != NULL;
}

void bench_add(struct bench_report *report, const char *name, const char *what, const char *unit,
               double target, double *values, size_t count)
{
    if (report->count == BENCH_RESULTS || count == 0) {
        return;
    }
    struct bench_result *result = &report->at[report->count++];
    qsort(values, count, sizeof *values, compare);
    (void)snprintf(result->name, sizeof result->name, "%s", name);
    result->what = what;
    result->unit = unit;
    result->target = target;
    result->min = values[0];
    result->p10 = values[(count - 1) / 10];
    result->median =
        count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
    result->p90 = values[(count - 1) - (count - 1) / 10];
    result->max = values[count - 1];
}

void bench_cases(struct bench_report *report, const struct bench_case *cases, size_t count)
{
    double values[REPETITIONS_MAX];
    size_t repetitions = report->options->repetitions;
    if (repetitions > REPETITIONS_MAX) {
        repetitions = REPETITIONS_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        const struct bench_case *c = &cases[i];
        if (!bench_wanted(report, c->name)) {
            continue;
        }
        size_t operations = calibrate(c, report->options->batch_ns);
        for (size_t j = 0; j < repetitions; j++) {
            values[j] = (double)batch(c, operations) / (double)operations;
        }
        bench_add(report, c->name, c->what, "ns", c->target_ns, values, repetitions);
    }
}

static bool met(const struct bench_result *result)
{
    return strcmp(result->unit, "ns") == 0 ? result->median <= result->target
                                           : result->median >= result->target;
}

void bench_print(const struct bench_report *report, FILE *out)
{
    fprintf(out, "%-22s %10s %10s %10s %10s %10s %-4s %s\n", "operation", "min", "p10", "median",
            "p90", "max", "unit", "target");
    for (size_t i = 0; i < report->count; i++) {
        const struct bench_result *r = &report->at[i];
        fprintf(out, "%-22s %10.1f %10.1f %10.1f %10.1f %10.1f %-4s", r->name, r->min, r->p10,
                r->median, r->p90, r->max, r->unit);
        if (r->target > 0) {
            fprintf(out, " %.0f: %s", r->target, met(r) ? "met" : "MISSED");
        }
        fputc('\n', out);
    }
    fputc('\n', out);
    for (size_t i = 0; i < report->count; i++) {
        fprintf(out, "%-22s %s\n", report->at[i].name, report->at[i].what);
    }
}

bool bench_write_json(const struct bench_report *report, const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out) {
        return false;
    }
    fprintf(out, "{");
    for (size_t i = 0; i < report->count; i++) {
        const struct bench_result *r = &report->at[i];
        fprintf(out,
                "%s\n  \"%s\": {\"median\": %.1f, \"min\": %.1f, \"max\": %.1f, \"unit\": \"%s\"}",
                i ? "," : "", r->name, r->median, r->min, r->max, r->unit);
    }
    fprintf(out, "\n}\n");
    bool written = !ferror(out);
    return fclose(out) == 0 && written;
}
