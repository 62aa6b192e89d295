/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The used-before table (docs/PROTOCOL.md, section 9): two generations of ids, open addressing,
 * no lock. A token belongs to the span floor(issued / 64 s), and span s to generation s mod 2.
 *
 * Why no id is ever let in twice, whatever the threads and the clock do:
 *
 * 1. A generation's stamp only grows: 2s+1 is "open for span s", 2s is "being emptied for s". Once
 *    it has left 2s+1 it never comes back, and from then on every insert for span s is refused. So
 *    forgetting the ids of s can let nothing in again, however early, late or far the clock jumps:
 *    the clock decides when we answer 503, never what we let in.
 * 2. While the stamp is 2s+1, slots go from 0 to an id and never change again. Two threads with the
 *    same id walk the same slots in the same order. The one that takes the later slot has passed
 *    the earlier one, seen it taken, and then read the id there: a replay. On one slot only one
 *    compare-and-swap from 0 succeeds.
 * 3. A thread that was held up may meet a slot after the stamp moved on: emptied, or taken by a
 *    later span. Both are writes that happen after the stamp's change; the slot is read with
 *    acquire and was emptied with release (read-modify-writes by others continue that release
 *    sequence), so the stamp that the thread reads after it is a later one, and the thread refuses.
 *    The stray id costs the later span one slot, nothing else.
 * 4. Before it looks at a slot a thread reads 2s+1 with acquire, which the emptying thread stored
 *    with release at its end: so the thread sees no slot as it was before it was emptied.
 */
#include <skeym/admit.h>
#include <stdatomic.h>

/* An id is looked for in this many slots at most: a table of 2^20 random ids first answers "full"
 * when 85 of 100 slots are taken. */
#define PROBES 512
/* A token of a span may live this long after the end of the span. */
#define LINGER_MS ((uint64_t)SKEYM_LIFETIME_MAX * 1000)

_Static_assert(LINGER_MS < SKEYM_USED_SPAN_MS, "a generation must be empty before its next span");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "needs lock-free 64-bit atomics");

/* The hot words of a generation, on a cache line of their own. */
struct generation {
    _Alignas(64) _Atomic uint64_t stamp;
    _Atomic size_t count;
};

struct skeym_used {
    struct generation generation[2];
    size_t slots; /* of one generation */
    _Alignas(64) _Atomic uint64_t ids[];
};

static uint64_t open_for(uint64_t span)
{
    return 2 * span + 1;
}

static uint64_t emptied_for(uint64_t span)
{
    return 2 * span;
}

size_t skeym_used_bytes(size_t slots)
{
    if (slots < 64 || slots > (size_t)1 << 28 || (slots & (slots - 1)) != 0) {
        return 0;
    }
    if (slots > (SIZE_MAX - sizeof(struct skeym_used)) / (2 * sizeof(uint64_t))) {
        return 0; /* 32-bit machines */
    }
    return sizeof(struct skeym_used) + 2 * slots * sizeof(uint64_t);
}

struct skeym_used *skeym_used_init(void *memory, size_t slots)
{
    struct skeym_used *used = memory;
    if (skeym_used_bytes(slots) == 0) {
        return NULL;
    }
    used->slots = slots;
    for (uint64_t span = 0; span < 2; span++) {
        atomic_init(&used->generation[span].stamp, open_for(span));
        atomic_init(&used->generation[span].count, 0);
    }
    return used;
}

/* Opens a generation for a span, unless it is that far already or another thread is at it. */
static void turn(struct skeym_used *used, uint64_t span)
{
    struct generation *generation = &used->generation[span & 1];
    _Atomic uint64_t *ids = used->ids + (span & 1) * used->slots;
    uint64_t stamp = atomic_load_explicit(&generation->stamp, memory_order_acquire);
    bool open = (stamp & 1) != 0;
    if (!open || stamp >= open_for(span) ||
        !atomic_compare_exchange_strong_explicit(&generation->stamp, &stamp, emptied_for(span),
                                                 memory_order_acq_rel, memory_order_acquire)) {
        return;
    }
    for (size_t i = 0; i < used->slots; i++) {
        atomic_store_explicit(&ids[i], 0, memory_order_release); /* after the stamp: 3. */
    }
    atomic_store_explicit(&generation->count, 0, memory_order_relaxed);
    atomic_store_explicit(&generation->stamp, open_for(span), memory_order_release);
}

void skeym_used_tick(struct skeym_used *used, uint64_t now_ms)
{
    uint64_t span = now_ms / SKEYM_USED_SPAN_MS;
    turn(used, span);
    /* The other generation holds the span before, until its last token has expired. */
    if (now_ms % SKEYM_USED_SPAN_MS >= LINGER_MS) {
        turn(used, span + 1);
    } else if (span > 0) {
        turn(used, span - 1);
    }
}

/* Takes a slot for the id. */
static enum skeym_error place(_Atomic uint64_t *ids, size_t slots, uint64_t id)
{
    size_t probes = slots < PROBES ? slots : PROBES;
    for (size_t i = 0; i < probes; i++) {
        _Atomic uint64_t *slot = &ids[(id + i) & (slots - 1)];
        uint64_t there = atomic_load_explicit(slot, memory_order_acquire);
        if (there == 0 && atomic_compare_exchange_strong_explicit(
                              slot, &there, id, memory_order_acq_rel, memory_order_acquire)) {
            return SKEYM_OK;
        }
        if (there == id) {
            return SKEYM_ERR_REPLAY;
        }
    }
    return SKEYM_ERR_FULL;
}

void skeym_used_expect(const struct skeym_used *used, uint64_t id, uint64_t issued_ms)
{
#ifdef __GNUC__
    uint64_t span = issued_ms / SKEYM_USED_SPAN_MS;
    __builtin_prefetch(&used->ids[(span & 1) * used->slots + (id & (used->slots - 1))], 1);
#else
    (void)used, (void)id, (void)issued_ms;
#endif
}

enum skeym_error skeym_used_insert(struct skeym_used *used, uint64_t id, uint64_t issued_ms)
{
    uint64_t span = issued_ms / SKEYM_USED_SPAN_MS;
    struct generation *generation = &used->generation[span & 1];
    uint64_t stamp = atomic_load_explicit(&generation->stamp, memory_order_acquire);
    if (stamp != open_for(span)) {
        return stamp > open_for(span) ? SKEYM_ERR_TIME : SKEYM_ERR_FULL;
    }
    /* 0 marks a free slot, so the id 0 is kept as another, of which it is then taken for a replay:
     * one chance in 2^64, and on the safe side. */
    enum skeym_error error =
        place(used->ids + (span & 1) * used->slots, used->slots, id == 0 ? UINT64_MAX : id);
    if (error != SKEYM_OK) {
        return error;
    }
    if (atomic_load_explicit(&generation->stamp, memory_order_acquire) != open_for(span)) {
        return SKEYM_ERR_TIME; /* held up: 3. */
    }
    atomic_fetch_add_explicit(&generation->count, 1, memory_order_relaxed);
    return SKEYM_OK;
}

size_t skeym_used_count(const struct skeym_used *used)
{
    size_t even = atomic_load_explicit(&used->generation[0].count, memory_order_relaxed);
    size_t odd = atomic_load_explicit(&used->generation[1].count, memory_order_relaxed);
    return even > odd ? even : odd;
}

size_t skeym_used_room(const struct skeym_used *used)
{
    return used->slots;
}
