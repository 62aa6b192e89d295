/* SPDX-License-Identifier: Apache-2.0 */
/* A crew on a machine of any number of cores, and one that gets fewer threads than it asked for. */
#include "inspect/crew.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

/* The sanitizers have threads of their own, which they will not share. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

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

#ifndef SANITIZED
static unsigned threads_left = 1000;

int pthread_create(pthread_t *newthread, const pthread_attr_t *attr, void *(*start_routine)(void *),
                   void *arg)
{
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (threads_left == 0) {
        return EAGAIN;
    }
    threads_left--;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(newthread, attr, start_routine, arg);
}
#endif

static atomic_uint seen;

static void progress(void *arg, const char *what, double done)
{
    (void)arg;
    assert_non_null(what);
    assert_true(done >= 0 && done <= 1);
}

static bool stopped(void *arg)
{
    (void)arg;
    return false;
}

static bool work(const struct skeym_crew_block *block)
{
    atomic_fetch_or(&seen, 1U << (block->thread < 31 ? block->thread : 31));
    return false;
}

static uint64_t run(unsigned threads)
{
    const struct skeym_inspect_context context = {.progress = progress, .stopped = stopped};
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
    threads_left = 1;
    assert_int_equal(run(4), 1000);
    assert_int_equal(atomic_load(&seen), 1);
    threads_left = 0;
    assert_int_equal(run(4), 0); /* and without any, nothing is */
    threads_left = 1000;
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
