/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clocked [--samples N] [--seed N] [WORD]: times every case (whose name has WORD in it), one line
 * each:
 *
 *   real|twin|public FOUND SAMPLES T Z DIFFERENCE_NS WHOLE_NS LEAST_NS NAME
 *
 * FOUND is 1 when both tests say so, by at least LEAST_NS, and say it again of a second series.
 */
#include "clocked.h"
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

/* |t| and |z| from here on are no accident: one in 10^5 of a single test, less of two in a row. */
#define LIMIT 4.5

static uint64_t state;

/* xorshift64*: only the order of the classes comes from it. */
static uint64_t next_random(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

static uint64_t now_ns(void)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC_RAW, &at);
    return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
}

static uint64_t ticks(void)
{
#if defined(__x86_64__)
    unsigned cpu;
    _mm_lfence();
    uint64_t value = __rdtscp(&cpu);
    _mm_lfence();
    return value;
#else
    return now_ns();
#endif
}

static double ticks_per_ns(void)
{
    uint64_t ns = now_ns(), from = ticks();
    while (now_ns() - ns < 50000000) {
    }
    return (double)(ticks() - from) / (double)(now_ns() - ns);
}

static void measure(const struct clocked_case *it, struct clocked_times times[2], size_t samples)
{
    static uint8_t input[2][CLOCKED_INPUT], work[CLOCKED_INPUT];
    size_t size = it->input(input[0], 0);
    (void)it->input(input[1], 1);
    times[0].count = 0;
    times[1].count = 0;
    for (size_t i = 0; i < samples; i++) {
        unsigned class = (unsigned)(next_random() >> 63);
        uint8_t mask = (uint8_t) - class;
        /* Both inputs are read each time, and the chosen one always lies in the same place. */
        for (size_t at = 0; at < size; at++) {
            work[at] = (uint8_t)(input[0][at] ^ (mask & (input[0][at] ^ input[1][at])));
        }
        uint64_t from = ticks();
        it->run(work, size);
        uint64_t took = ticks() - from;
        times[class].at[times[class].count++] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
    }
}

static bool found(struct clocked_verdict verdict, double least)
{
    return fabs(verdict.t) > LIMIT && fabs(verdict.z) > LIMIT &&
           (verdict.t > 0) == (verdict.z > 0) && fabs(verdict.ns) >= least;
}

static bool judge(const struct clocked_case *it, struct clocked_times times[2], size_t samples,
                  double per_ns)
{
    static const char *const kinds[] = {"real", "twin", "public"};
    size_t count = samples / it->share;
    measure(it, times, count < 1000 ? count : 1000); /* to warm up */
    measure(it, times, count);
    struct clocked_verdict verdict = clocked_compare(times[0], times[1], per_ns);
    bool is_found = found(verdict, it->least);
    if (is_found) {
        measure(it, times, count);
        struct clocked_verdict again = clocked_compare(times[0], times[1], per_ns);
        is_found = found(again, it->least) && (again.t > 0) == (verdict.t > 0);
        verdict = again;
    }
    printf("%s %d %zu %.1f %.1f %.2f %.0f %.0f %s\n", kinds[it->kind], is_found, count, verdict.t,
           verdict.z, verdict.ns, verdict.whole, it->least, it->name);
    (void)fflush(stdout);
    return it->kind == CLOCKED_PUBLIC || is_found == (it->kind == CLOCKED_TWIN);
}

static bool number(unsigned long long *out, const char *text)
{
    char *end = NULL;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == 0 && *out > 0;
}

int main(int argc, char **argv)
{
    unsigned long long samples = 1000000, seed = 1;
    const char *word = "";
    for (int i = 1; i < argc; i++) {
        bool is_samples = strcmp(argv[i], "--samples") == 0;
        if (is_samples || strcmp(argv[i], "--seed") == 0) {
            if (i + 1 == argc || !number(is_samples ? &samples : &seed, argv[i + 1])) {
                (void)fputs("usage: clocked [--samples N] [--seed N] [WORD]\n", stderr);
                return 2;
            }
            i++;
        } else {
            word = argv[i];
        }
    }
    struct clocked_times times[2] = {{calloc(samples, sizeof(uint32_t)), 0},
                                     {calloc(samples, sizeof(uint32_t)), 0}};
    if (!times[0].at || !times[1].at) {
        return 2;
    }
    state = seed * UINT64_C(0x9e3779b97f4a7c15);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    (void)sched_setaffinity(0, sizeof one, &one); /* without it, only noisier */
    clocked_world();
    double per_ns = ticks_per_ns();
    bool good = true;
    for (const struct clocked_case *it = clocked_cases; it->name; it++) {
        if (strstr(it->name, word)) {
            good = judge(it, times, samples, per_ns) && good;
        }
    }
    free(times[0].at);
    free(times[1].at);
    return good ? 0 : 1;
}
