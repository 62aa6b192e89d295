/* SPDX-License-Identifier: Apache-2.0 */
#include "server/home.h"
#include "server/home_file.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static int folder;

static int before(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/skeym-file.XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    folder = open(dir, O_RDONLY | O_DIRECTORY);
    return folder < 0 ? -1 : 0;
}

static int after(void **state)
{
    (void)state;
    (void)unlinkat(folder, "note", 0);
    (void)unlinkat(folder, "lock", 0);
    (void)unlinkat(folder, SKEYM_HOME_FILE_RESERVE, 0);
    close(folder);
    return rmdir(dir); /* fails when a temporary file was left */
}

static void put(const char *text, mode_t mode)
{
    int file = openat(folder, "note", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(file, mode), 0);
    close(file);
}

static void assert_content(const char *text)
{
    uint8_t *data;
    size_t size;
    assert_int_equal(skeym_home_file_read(&data, &size, folder, "note", 1000, true), SKEYM_OK);
    assert_true(skeym_span_is(skeym_span(data, size), text));
    free(data);
}

static void names_the_systems_errors(void **state)
{
    (void)state;
    static const struct {
        int number;
        enum skeym_error error;
    } cases[] = {
        {ENOENT, SKEYM_ERR_MISSING},
        {ENOTDIR, SKEYM_ERR_MISSING},
        {EEXIST, SKEYM_ERR_EXISTS},
        {ENOTEMPTY, SKEYM_ERR_EXISTS},
        {EACCES, SKEYM_ERR_PERMISSION},
        {EPERM, SKEYM_ERR_PERMISSION},
        {EROFS, SKEYM_ERR_PERMISSION},
        {ENOSPC, SKEYM_ERR_NO_SPACE},
        {EDQUOT, SKEYM_ERR_NO_SPACE},
        {EFBIG, SKEYM_ERR_NO_SPACE},
        {ELOOP, SKEYM_ERR_NOT_FILE},
        {EISDIR, SKEYM_ERR_NOT_FILE},
        {ENXIO, SKEYM_ERR_NOT_FILE},
        {ENOMEM, SKEYM_ERR_MEMORY},
        {EIO, SKEYM_ERR_IO},
        {0, SKEYM_ERR_IO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(skeym_home_file_error(cases[i].number), cases[i].error);
    }
}

static void reads_by_path(void **state)
{
    (void)state;
    uint8_t *data;
    size_t size;
    char path[96];
    snprintf(path, sizeof path, "%s/note", dir);
    put("12345", 0644);
    assert_int_equal(skeym_home_read_file(&data, &size, path, 5, false), SKEYM_OK);
    assert_true(skeym_span_is(skeym_span(data, size), "12345"));
    free(data);
    assert_int_equal(skeym_home_read_file(&data, &size, path, 4, false), SKEYM_ERR_SIZE);
    assert_null(data);
    assert_int_equal(size, 0);
    assert_int_equal(skeym_home_read_file(&data, &size, path, 5, true), SKEYM_ERR_MODE);
    put("", 0600);
    assert_int_equal(skeym_home_read_file(&data, &size, path, 5, true), SKEYM_OK);
    assert_non_null(data);
    assert_int_equal(size, 0);
    free(data);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(skeym_home_read_file(&data, &size, path, 5, true), SKEYM_ERR_MISSING);
}

static void replaces_and_makes(void **state)
{
    (void)state;
    struct stat of;
    assert_int_equal(skeym_home_file_replace(folder, "note", skeym_span_text("one")), SKEYM_OK);
    assert_content("one");
    assert_int_equal(fstatat(folder, "note", &of, 0), 0);
    assert_int_equal(of.st_mode & 07777, 0600);
    assert_int_equal(skeym_home_file_replace(folder, "note", skeym_span_text("")), SKEYM_OK);
    assert_content("");
    char longest[80];
    memset(longest, 'n', sizeof longest);
    longest[79] = '\0';
    assert_int_equal(skeym_home_file_replace(folder, longest, skeym_span_text("x")),
                     SKEYM_ERR_USAGE);
}

/* Another name of the same file keeps its content: only what nobody names is overwritten. */
static void overwrites_only_what_is_gone(void **state)
{
    (void)state;
    put("kept", 0600);
    assert_int_equal(linkat(folder, "note", folder, "lock", 0), 0);
    assert_int_equal(skeym_home_file_replace(folder, "note", skeym_span_text("new")), SKEYM_OK);
    assert_content("new");
    assert_int_equal(renameat(folder, "lock", folder, "note"), 0);
    assert_content("kept");
}

static void appends(void **state)
{
    (void)state;
    assert_int_equal(skeym_home_file_append(folder, "note", skeym_span_text("a\n")), SKEYM_OK);
    assert_int_equal(skeym_home_file_append(folder, "note", skeym_span_text("b")), SKEYM_OK);
    assert_int_equal(skeym_home_file_append(folder, "note", skeym_span_text("c\n")), SKEYM_OK);
    assert_content("a\nb\nc\n");
    put("a\n", 0622);
    assert_int_equal(skeym_home_file_append(folder, "note", skeym_span_text("b\n")),
                     SKEYM_ERR_MODE);
}

static void readers_share_the_lock(void **state)
{
    (void)state;
    int first, second, third;
    assert_int_equal(skeym_home_file_lock(&first, folder, true), SKEYM_OK);
    assert_int_equal(skeym_home_file_lock(&second, folder, true), SKEYM_OK);
    close(first);
    close(second);
    assert_int_equal(skeym_home_file_lock(&third, folder, false), SKEYM_OK);
    close(third);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, before, after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_the_systems_errors),     TEST(reads_by_path), TEST(replaces_and_makes),
        TEST(overwrites_only_what_is_gone), TEST(appends),       TEST(readers_share_the_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
