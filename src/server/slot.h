/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every request counts or locks is there SKEYM_SLOTS times, and a thread takes its own: else
 * two threads would wait for one cache line a dozen times in each request. It is right for any
 * number of threads, and fast for up to SKEYM_SLOTS.
 */
#ifndef SKEYM_SERVER_SLOT_H
#define SKEYM_SERVER_SLOT_H

#include <stdatomic.h>
#include <stdint.h>

#define SKEYM_SLOTS      16
#define SKEYM_SLOT_BYTES 64 /* between what different threads write */

/* This thread's, always the same; below SKEYM_SLOTS. */
unsigned skeym_slot(void);

/* Things that are there now. All zeros is none. */
struct skeym_slot_count {
    struct {
        _Atomic int64_t value;
        uint8_t apart[SKEYM_SLOT_BYTES];
    } at[SKEYM_SLOTS];
};

/* One more, or one less, which another thread may have counted. */
void skeym_slot_add(struct skeym_slot_count *count, int64_t change);
/* While others count, a number that there was, or near it; 0 is only ever said when each thread has
 * taken back what it counted, if each takes back its own. */
uint64_t skeym_slot_sum(struct skeym_slot_count *count);

#endif
