/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 64, LOOK_MS = 50 };

struct shift {
    const struct skeym_crew *crew;
    _Atomic uint64_t next, done;
    atomic_bool over;
    atomic_uint working, numbers;
};

unsigned skeym_crew_threads(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (unsigned)cores;
}

static double clock_seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double skeym_crew_seconds(void)
{
    return clock_seconds(CLOCK_MONOTONIC);
}

double skeym_crew_cpu_seconds(void)
{
    return clock_seconds(CLOCK_THREAD_CPUTIME_ID);
}

static void *worker(void *arg)
{
    struct shift *shift = arg;
    const struct skeym_crew *crew = shift->crew;
    unsigned thread = atomic_fetch_add(&shift->numbers, 1);
    while (!atomic_load(&shift->over)) {
        uint64_t from = atomic_fetch_add(&shift->next, crew->block);
        if (from >= crew->count) {
            break;
        }
        uint64_t to = crew->count - from < crew->block ? crew->count : from + crew->block;
        const struct skeym_crew_block block = {crew->arg, thread, from, to};
        if (crew->work(&block)) {
            atomic_store(&shift->over, true);
        }
        atomic_fetch_add(&shift->done, to - from);
    }
    atomic_fetch_sub(&shift->working, 1);
    return NULL;
}

static void look_after(struct shift *shift)
{
    const struct skeym_crew *crew = shift->crew;
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    while (atomic_load(&shift->working) > 0) {
        nanosleep(&pause, NULL);
        double share = (double)atomic_load(&shift->done) / (double)crew->count;
        crew->context->progress(crew->context->arg, crew->what,
                                crew->begin + share * (crew->end - crew->begin));
        if (crew->context->stopped(crew->context->arg)) {
            atomic_store(&shift->over, true);
        }
    }
}

uint64_t skeym_crew_run(const struct skeym_crew *crew)
{
    struct shift shift = {.crew = crew};
    pthread_t threads[THREADS_MAX];
    unsigned wanted = crew->threads ? crew->threads : skeym_crew_threads();
    unsigned running = 0;
    if (crew->context->stopped(crew->context->arg)) {
        return 0;
    }
    while (running < wanted && running < THREADS_MAX) {
        atomic_fetch_add(&shift.working, 1);
        if (pthread_create(&threads[running], NULL, worker, &shift) != 0) {
            atomic_fetch_sub(&shift.working, 1);
            break;
        }
        running++;
    }
    look_after(&shift);
    for (unsigned i = 0; i < running; i++) {
        pthread_join(threads[i], NULL);
    }
    return atomic_load(&shift.done);
}
