/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics.h"
#include "server/slot.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { THREADS = 40, TURNS = 1000 }; /* more than there are slots */

struct work {
    struct skeym_slot_count count;
    struct skeym_metrics metrics;
    _Atomic unsigned taken[SKEYM_SLOTS];
};

static void *count_up_and_down(void *arg)
{
    struct work *work = arg;
    unsigned mine = skeym_slot();
    assert_true(mine < SKEYM_SLOTS);
    atomic_fetch_add(&work->taken[mine], 1);
    for (int i = 0; i < TURNS; i++) {
        assert_int_equal(skeym_slot(), mine);
        skeym_slot_add(&work->count, 2);
        assert_true(skeym_slot_sum(&work->count) > 0);
        skeym_slot_add(&work->count, -1);
        skeym_metrics_add(&work->metrics, SKEYM_COUNT_ADMITTED, 3);
        skeym_metrics_status(&work->metrics, 200);
    }
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    struct work *work = calloc(1, sizeof *work);
    pthread_t threads[THREADS];
    assert_non_null(work);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_up_and_down, work), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(skeym_slot_sum(&work->count), THREADS * TURNS);
    assert_int_equal(skeym_metrics_get(&work->metrics, SKEYM_COUNT_ADMITTED), 3 * THREADS * TURNS);
    for (size_t i = 0; i < SKEYM_SLOTS; i++) { /* in turn, so evenly */
        assert_in_range(work->taken[i], THREADS / SKEYM_SLOTS, THREADS / SKEYM_SLOTS + 1);
    }
    skeym_slot_add(&work->count, -(int64_t)THREADS * TURNS); /* another thread's, all here */
    assert_int_equal(skeym_slot_sum(&work->count), 0);
    free(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
