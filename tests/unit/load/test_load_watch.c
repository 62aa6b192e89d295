/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct skeym_load_watch watch_two(int32_t first, int32_t second)
{
    return (struct skeym_load_watch){.count = 2, .pid = {first, second}};
}

/* Burns time in user mode until /proc shows some: no length of time is expected. */
static uint64_t burn(const struct skeym_load_watch *watch)
{
    struct skeym_load_usage usage = {0};
    volatile unsigned sum = 0;
    for (unsigned i = 0; i < 1000 && usage.user_us + usage.system_us < 50000; i++) {
        for (unsigned j = 0; j < 10000000; j++) {
            sum += j;
        }
        assert_int_equal(skeym_load_watch_read(&usage, watch), SKEYM_OK);
    }
    (void)sum;
    return usage.user_us + usage.system_us;
}

static void test_time_grows(void **state)
{
    const struct skeym_load_watch own = {.count = 1, .pid = {(int32_t)getpid()}};
    struct skeym_load_usage before, after;
    (void)state;
    assert_int_equal(skeym_load_watch_read(&before, &own), SKEYM_OK);
    assert_true(burn(&own) >= 50000);
    assert_int_equal(skeym_load_watch_read(&after, &own), SKEYM_OK);
    assert_true(after.user_us > before.user_us);
    assert_true(after.machine_us > before.machine_us);
}

static void test_memory_is_seen(void **state)
{
    enum { MANY = 64 << 20 };
    const struct skeym_load_watch own = {.count = 1, .pid = {(int32_t)getpid()}};
    struct skeym_load_usage before, after;
    (void)state;
    assert_int_equal(skeym_load_watch_read(&before, &own), SKEYM_OK);
    volatile char *block = malloc(MANY);
    assert_non_null((const void *)(uintptr_t)block);
    for (size_t i = 0; i < MANY; i += 1024) {
        block[i] = 1;
    }
    assert_int_equal(skeym_load_watch_read(&after, &own), SKEYM_OK);
    free((void *)(uintptr_t)block);
    assert_true(after.memory_kb >= before.memory_kb + MANY / 1024 * 9 / 10);
    assert_true(after.resident_kb >= before.resident_kb + MANY / 1024 * 9 / 10);
}

static void test_sums(void **state)
{
    const struct skeym_load_watch one = {.count = 1, .pid = {(int32_t)getpid()}};
    struct skeym_load_usage single, twice;
    (void)state;
    const struct skeym_load_watch two = watch_two((int32_t)getpid(), (int32_t)getpid());
    assert_int_equal(skeym_load_watch_read(&single, &one), SKEYM_OK);
    assert_int_equal(skeym_load_watch_read(&twice, &two), SKEYM_OK);
    assert_true(twice.resident_kb >= single.resident_kb * 3 / 2);
    assert_true(twice.user_us + twice.system_us >= 2 * (single.user_us + single.system_us));
}

static void test_a_process_that_is_gone(void **state)
{
    struct skeym_load_usage usage;
    pid_t pid = fork();
    (void)state;
    if (pid == 0) {
        _exit(0);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    const struct skeym_load_watch two = watch_two((int32_t)getpid(), (int32_t)pid);
    memset(&usage, 0xff, sizeof usage);
    assert_int_equal(skeym_load_watch_read(&usage, &two), SKEYM_ERR_IO);
    assert_int_equal(usage.user_us, 0);
    assert_int_equal(usage.memory_kb, 0);
    assert_int_equal(usage.machine_us, 0);
}

static void test_cores(void **state)
{
    const struct skeym_load_watch none = {0};
    const int first[] = {0, 0};
    const int missing[] = {0, 1 << 20};
    struct skeym_load_usage usage;
    (void)state;
    uint64_t once = skeym_load_watch_cores_us(first, 1);
    uint64_t twice = skeym_load_watch_cores_us(first, 2);
    uint64_t later = skeym_load_watch_cores_us(missing, 2); /* such a core adds nothing */
    assert_int_equal(skeym_load_watch_read(&usage, &none), SKEYM_OK);
    assert_true(once > 0);
    assert_true(twice >= 2 * once);
    assert_true(later >= once && later <= twice);
    assert_true(later <= usage.machine_us);
    assert_int_equal(skeym_load_watch_cores_us(missing + 1, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_grows), cmocka_unit_test(test_memory_is_seen),
        cmocka_unit_test(test_sums),       cmocka_unit_test(test_a_process_that_is_gone),
        cmocka_unit_test(test_cores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
