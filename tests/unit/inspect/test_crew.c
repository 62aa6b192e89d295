/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/crew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct marks {
    _Atomic unsigned char done[1000];
    uint64_t find;
    unsigned threads;
    bool stop;
    double least, most;
};

static void progress(void *arg, const char *what, double done)
{
    struct marks *marks = arg;
    assert_string_equal(what, "marking");
    marks->least = done < marks->least ? done : marks->least;
    marks->most = done > marks->most ? done : marks->most;
}

static bool stopped(void *arg)
{
    return ((const struct marks *)arg)->stop;
}

static bool mark(const struct skeym_crew_block *block)
{
    struct marks *marks = block->arg;
    for (uint64_t i = block->from; i < block->to; i++) {
        atomic_fetch_add(&marks->done[i], 1);
        if (i == marks->find) {
            return true;
        }
    }
    return block->thread >= marks->threads; /* a thread that was not asked for */
}

static uint64_t run(struct marks *marks, uint64_t count, uint64_t block, unsigned threads)
{
    const struct skeym_inspect_context context = {
        .arg = marks, .progress = progress, .stopped = stopped};
    const struct skeym_crew crew = {&context, "marking", 0.25, 0.5,  count,
                                    block,    threads,   mark, marks};
    marks->threads = threads ? threads : skeym_crew_threads();
    marks->least = 1;
    marks->most = 0;
    return skeym_crew_run(&crew);
}

static void each_number_is_done_once(void **state)
{
    (void)state;
    static const uint64_t blocks[] = {1, 7, 1000, 5000};
    for (unsigned threads = 0; threads < 4; threads++) {
        for (size_t i = 0; i < 4; i++) {
            static struct marks marks;
            memset(&marks, 0, sizeof marks);
            marks.find = UINT64_MAX;
            assert_int_equal(run(&marks, 1000, blocks[i], threads), 1000);
            for (size_t n = 0; n < 1000; n++) {
                assert_int_equal(atomic_load(&marks.done[n]), 1);
            }
            assert_true(marks.least >= 0.25 && marks.most <= 0.5);
        }
    }
}

static void a_find_ends_it(void **state)
{
    (void)state;
    static struct marks marks;
    memset(&marks, 0, sizeof marks);
    marks.find = 15;
    assert_int_equal(run(&marks, 1000, 10, 1), 20);
    assert_int_equal(atomic_load(&marks.done[15]), 1);
    assert_int_equal(atomic_load(&marks.done[20]), 0);
}

static bool wait_for_stop(const struct skeym_crew_block *block)
{
    struct marks *marks = block->arg;
    marks->stop = true; /* as an interrupt would, in the middle of work */
    const double until = skeym_crew_seconds() + 0.2;
    while (skeym_crew_seconds() < until) {
    }
    return false;
}

static void a_stop_ends_it(void **state)
{
    (void)state;
    static struct marks marks;
    memset(&marks, 0, sizeof marks);
    const struct skeym_inspect_context context = {
        .arg = &marks, .progress = progress, .stopped = stopped};
    const struct skeym_crew crew = {&context, "marking", 0, 1, 1000, 1, 1, wait_for_stop, &marks};
    uint64_t done = skeym_crew_run(&crew);
    assert_true(done >= 1 && done < 1000);
    assert_int_equal(skeym_crew_run(&crew), 0); /* stopped before: none is begun */
}

/* Waiting costs no processor time, and working costs no less than nothing. */
static void the_clocks_go_on(void **state)
{
    (void)state;
    double wall = skeym_crew_seconds();
    double cpu = skeym_crew_cpu_seconds();
    assert_true(cpu >= 0 && cpu < wall);
    while (skeym_crew_cpu_seconds() < cpu + 0.001) {
    }
    assert_true(skeym_crew_seconds() > wall);
    assert_true(skeym_crew_seconds() - wall >= 0.0009); /* one thread has one processor at most */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_is_done_once),
        cmocka_unit_test(a_find_ends_it),
        cmocka_unit_test(a_stop_ends_it),
        cmocka_unit_test(the_clocks_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
