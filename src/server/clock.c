/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock.h"

#include <stddef.h>
#include <time.h>

void skeym_clock_init(struct skeym_clock *clock)
{
    atomic_init(&clock->offset_ms, INT64_MIN);
}

uint64_t skeym_clock_step(struct skeym_clock *clock, uint64_t wall_ms, uint64_t monotonic_ms,
                          uint64_t *behind_ms)
{
    int64_t seen = (int64_t)(wall_ms - monotonic_ms);
    int64_t most = atomic_load_explicit(&clock->offset_ms, memory_order_relaxed);
    while (seen > most && !atomic_compare_exchange_weak(&clock->offset_ms, &most, seen)) {
    }
    if (seen > most) {
        most = seen;
    }
    if (behind_ms) {
        *behind_ms = (uint64_t)most - (uint64_t)seen;
    }
    return monotonic_ms + (uint64_t)most;
}

static uint64_t read_ms(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t skeym_clock_now(struct skeym_clock *clock, uint64_t *behind_ms)
{
    uint64_t wall_ms = read_ms(CLOCK_REALTIME);
    return skeym_clock_step(clock, wall_ms, read_ms(CLOCK_MONOTONIC), behind_ms);
}

uint64_t skeym_clock_monotonic(void)
{
    return read_ms(CLOCK_MONOTONIC);
}
