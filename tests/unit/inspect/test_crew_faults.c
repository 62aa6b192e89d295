/* SPDX-License-Identifier: Apache-2.0 */
/* A crew on a machine of any number of cores, and one that gets fewer threads than it asked for. */
#include "inspect/crew.h"

#include "unit/inspect/few_threads.h"
#include "unit/inspect/inspecting.h"
#include <dlfcn.h>
#include <stdatomic.h>
#include <unistd.h>

static long cores = 2;

long sysconf(int name)
{
    static long (*real)(int);
    if (name == _SC_NPROCESSORS_ONLN) {
        return cores;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "sysconf");
    return real(name);
}

static atomic_uint seen;

static bool work(const struct skeym_crew_block *block)
{
    atomic_fetch_or(&seen, 1U << (block->thread < 31 ? block->thread : 31));
    return false;
}

static uint64_t run(unsigned threads)
{
    const struct skeym_inspect_context context = {.progress = inspecting_progress,
                                                  .stopped = inspecting_stopped};
    const struct skeym_crew crew = {&context, "working", 0, 1, 1000, 10, threads, work, NULL};
    atomic_store(&seen, 0);
    return skeym_crew_run(&crew);
}

static void there_is_at_least_one_thread_and_at_most_64(void **state)
{
    (void)state;
    static const struct {
        long cores;
        unsigned threads;
    } cases[] = {{-1, 1}, {0, 1}, {1, 1}, {64, 64}, {65, 64}, {4096, 64}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cores = cases[i].cores;
        assert_int_equal(skeym_crew_threads(), cases[i].threads);
    }
    assert_int_equal(run(200), 1000); /* no more of them than there is room for */
}

/* The others do its part. */
static void with_fewer_threads_all_is_done(void **state)
{
    (void)state;
#ifndef SANITIZED
    atomic_store(&threads_left, 1);
    assert_int_equal(run(4), 1000);
    assert_int_equal(atomic_load(&seen), 1);
    atomic_store(&threads_left, 0);
    assert_int_equal(run(4), 0); /* and without any, nothing is */
    atomic_store(&threads_left, UINT_MAX);
#endif
    assert_int_equal(run(2), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_at_least_one_thread_and_at_most_64),
        cmocka_unit_test(with_fewer_threads_all_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
