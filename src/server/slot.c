/* SPDX-License-Identifier: Apache-2.0 */
#include "server/slot.h"

unsigned skeym_slot(void)
{
    static _Atomic unsigned threads;
    static _Thread_local unsigned mine; /* and one: 0 is none yet */
    if (mine == 0) {
        mine = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) % SKEYM_SLOTS + 1;
    }
    return mine - 1;
}

void skeym_slot_add(struct skeym_slot_count *count, int64_t change)
{
    atomic_fetch_add(&count->at[skeym_slot()].value, change);
}

uint64_t skeym_slot_sum(struct skeym_slot_count *count)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < SKEYM_SLOTS; i++) {
        sum += atomic_load(&count->at[i].value);
    }
    return sum > 0 ? (uint64_t)sum : 0;
}
