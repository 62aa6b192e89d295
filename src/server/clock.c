/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock.h"

#include <stddef.h>
#include <time.h>

void skeym_clock_init(struct skeym_clock *clock)
{
    atomic_init(&clock->offset_ns, INT64_MIN);
}

enum { NS_PER_MS = 1000000 };

uint64_t skeym_clock_step(struct skeym_clock *clock, uint64_t wall_ns, uint64_t monotonic_ns,
                          uint64_t *behind_ms)
{
    int64_t seen = (int64_t)(wall_ns - monotonic_ns);
    int64_t most = atomic_load_explicit(&clock->offset_ns, memory_order_relaxed);
    while (seen > most && !atomic_compare_exchange_weak(&clock->offset_ns, &most, seen)) {
    }
    if (seen > most) {
        most = seen;
    }
    if (behind_ms) {
        *behind_ms = ((uint64_t)most - (uint64_t)seen) / NS_PER_MS;
    }
    return (monotonic_ns + (uint64_t)most) / NS_PER_MS;
}

static uint64_t read_ns(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t skeym_clock_now(struct skeym_clock *clock, uint64_t *behind_ms)
{
    uint64_t wall_ns = read_ns(CLOCK_REALTIME);
    return skeym_clock_step(clock, wall_ns, read_ns(CLOCK_MONOTONIC), behind_ms);
}

struct skeym_clock_time skeym_clock_read(struct skeym_clock *clock)
{
    uint64_t wall_ns = read_ns(CLOCK_REALTIME);
    uint64_t monotonic_ns = read_ns(CLOCK_MONOTONIC);
    return (struct skeym_clock_time){skeym_clock_step(clock, wall_ns, monotonic_ns, NULL),
                                     monotonic_ns / NS_PER_MS};
}

uint64_t skeym_clock_monotonic(void)
{
    return read_ns(CLOCK_MONOTONIC) / NS_PER_MS;
}
