/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc may say: its files are the test's. */
#include "load/load_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define STAT   "7 (a) b) (c) S 1 7 7 0 -1 4194560 1 2 3 4 500 300 0 0 20 0 1 0 9 10 11\n"
#define STATUS "Name:\ta\nVmHWM:\t 900 kB\nVmRSS:\t  640 kB\nThreads:\t1\n"
#define ROLLUP "55 7f [rollup]\nRss:  640 kB\nPss:   320 kB\nPss_Dirty: 1 kB\n"
#define CPUS   "cpu  10 20 30 4000 50 6 7 0 0 0\ncpu0 1 2 3\n"

static const char *own_stat, *status, *rollup, *machine; /* NULL: there is no such file */

static const char *text_of(const char *path)
{
    static const struct {
        const char *path, **text;
    } files[] = {{"/proc/7/stat", &own_stat},
                 {"/proc/7/status", &status},
                 {"/proc/7/smaps_rollup", &rollup},
                 {"/proc/stat", &machine}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (strcmp(path, files[i].path) == 0) {
            return *files[i].text;
        }
    }
    return NULL;
}

int open(const char *file, int oflag, ...)
{
    int ends[2];
    if (strncmp(file, "/proc/", 6) != 0) {
        return (int)syscall(SYS_openat, AT_FDCWD, file, oflag, 0);
    }
    const char *text = text_of(file);
    if (!text || pipe(ends) != 0) {
        errno = ENOENT;
        return -1;
    }
    (void)!write(ends[1], text, strlen(text));
    (void)close(ends[1]);
    return ends[0];
}

static int whole(void **state)
{
    (void)state;
    own_stat = STAT;
    status = STATUS;
    rollup = ROLLUP;
    machine = CPUS;
    return 0;
}

static const struct skeym_load_watch watch = {.count = 1, .pid = {7}};

static void the_numbers_are_those_of_the_kernel(void **state)
{
    (void)state;
    struct skeym_load_usage usage;
    uint64_t tick_us = 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
    assert_int_equal(skeym_load_watch_read(&usage, &watch), SKEYM_OK);
    assert_int_equal(usage.user_us, 500 * tick_us);
    assert_int_equal(usage.system_us, 300 * tick_us);
    assert_int_equal(usage.resident_kb, 640);
    assert_int_equal(usage.memory_kb, 320);
    assert_int_equal(usage.machine_us, (10 + 20 + 30 + 6 + 7) * tick_us);
}

/* Not every kernel knows the proportional set. */
static void without_the_proportional_set_it_is_what_is_resident(void **state)
{
    (void)state;
    static const char *const texts[] = {NULL, "", "Rss: 640 kB\n", "\nPss: none\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct skeym_load_usage usage;
        rollup = texts[i];
        assert_int_equal(skeym_load_watch_read(&usage, &watch), SKEYM_OK);
        assert_int_equal(usage.memory_kb, 640);
    }
}

/* Nothing is half told. */
static void what_is_not_there_or_has_another_form_is_an_error(void **state)
{
    static const struct {
        const char **file, *text;
    } cases[] = {
        {&own_stat, NULL},
        {&own_stat, ""},
        {&own_stat, "7 a S 1 2 3"},
        {&own_stat, "7 (a)"},
        {&own_stat, "7 (a) S 1 7 7 0 -1 4194560 1 2 3 4 500"},
        {&own_stat, "7 (a) S 1 7 7 0 x 4194560 1 2 3 4 500 300"},
        {&status, NULL},
        {&status, "Name: a\n"},
        {&status, "Name: a\nVmRSS: many\n"},
        {&machine, NULL},
        {&machine, "cpu0 1 2 3 4 5 6 7 8\n"},
        {&machine, "cpu  1 2 3\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const struct skeym_load_usage zero;
        struct skeym_load_usage usage;
        (void)whole(state);
        *cases[i].file = cases[i].text;
        assert_int_equal(skeym_load_watch_read(&usage, &watch), SKEYM_ERR_IO);
        assert_memory_equal(&usage, &zero, sizeof zero);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_numbers_are_those_of_the_kernel, whole),
        cmocka_unit_test_setup(without_the_proportional_set_it_is_what_is_resident, whole),
        cmocka_unit_test_setup(what_is_not_there_or_has_another_form_is_an_error, whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
