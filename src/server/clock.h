/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's protocol clock (docs/PROTOCOL.md, section 9): it follows the wall clock forward and
 * never goes back. While the wall clock is behind what it once was, it runs on the monotonic one.
 */
#ifndef SKEYM_SERVER_CLOCK_H
#define SKEYM_SERVER_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

struct skeym_clock {
    _Atomic int64_t offset_ns; /* wall minus monotonic: the greatest that was seen */
};

void skeym_clock_init(struct skeym_clock *clock);
/* The protocol time in ms at these two readings. They are in ns: of two that are cut to whole ms,
 * the difference would move by one with the moment, and a clock never seem quite right again. The
 * wall clock must have been read before the monotonic one: then a thread that is held up between
 * the two cannot make the clock run ahead. *behind_ms (may be NULL) gets how far the wall clock is
 * behind. Any number of threads at once. */
uint64_t skeym_clock_step(struct skeym_clock *clock, uint64_t wall_ns, uint64_t monotonic_ns,
                          uint64_t *behind_ms);
/* The same with the system's two clocks. */
uint64_t skeym_clock_now(struct skeym_clock *clock, uint64_t *behind_ms);
/* Both times at once, as skeym_clock_now and skeym_clock_monotonic have them. */
struct skeym_clock_time {
    uint64_t now_ms, monotonic_ms;
};
struct skeym_clock_time skeym_clock_read(struct skeym_clock *clock);
/* Milliseconds of the monotonic clock: for deadlines and rates. */
uint64_t skeym_clock_monotonic(void);

#endif
