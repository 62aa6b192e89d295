/* SPDX-License-Identifier: Apache-2.0 */
/* A new file has no name until it is whole; where a system has no such files, it is made by name.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "node/credential_file.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static char path[96];
static int no_nameless; /* what open says to one */
static int no_link;     /* what linkat says */
static int nameless;    /* made */
static int names;       /* in the folder, when the name was given */

#define REAL(name) __extension__((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int count_names(void)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir)) {
        count++;
    }
    closedir(dir);
    return count - 2; /* . and .. */
}

int open(const char *file, int oflag, ...)
{
    if ((oflag & O_TMPFILE) == O_TMPFILE) {
        if (no_nameless) {
            errno = no_nameless;
            return -1;
        }
        nameless++;
    }
    return REAL(open)(file, oflag, 0600);
}

int linkat(int fromfd, const char *from, int tofd, const char *to, int flags)
{
    names = count_names();
    if (no_link) {
        errno = no_link;
        return -1;
    }
    return REAL(linkat)(fromfd, from, tofd, to, flags);
}

static int before(void **state)
{
    (void)state;
    no_nameless = no_link = nameless = 0;
    names = -1;
    snprintf(folder, sizeof folder, "/dev/shm/skeym-file-XXXXXX");
    if (!mkdtemp(folder)) {
        snprintf(folder, sizeof folder, "/tmp/skeym-file-XXXXXX");
        if (!mkdtemp(folder)) {
            return -1;
        }
    }
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int after(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder); /* with anything else in it, it stays */
}

static enum skeym_error write_file(const char *text, bool exclusive)
{
    return skeym_credential_file_write(path, skeym_span_text(text), exclusive);
}

static void assert_content(const char *text)
{
    uint8_t data[64] = {0};
    size_t size = 0;
    struct stat of;
    struct skeym_room room = {data, sizeof data};
    assert_int_equal(skeym_credential_file_read(room, &size, path), SKEYM_OK);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
    assert_int_equal(stat(path, &of), 0);
    assert_int_equal(of.st_mode & 07777, 0600);
    assert_int_equal(count_names(), 1);
}

static void a_new_file_gets_its_name_last(void **state)
{
    (void)state;
    assert_int_equal(write_file("one", true), SKEYM_OK);
    if (nameless == 0 || names < 0) {
        print_message("skipped: this file system has no files without a name\n");
        skip();
    }
    assert_int_equal(names, 0);
    assert_content("one");
    assert_int_equal(write_file("two", true), SKEYM_ERR_EXISTS);
    assert_content("one");
    assert_int_equal(write_file("two", false), SKEYM_OK);
    assert_int_equal(names, 1); /* the old one */
    assert_content("two");
}

/* Who is killed while a file is written anew leaves the old one, and no secret beside it. */
static void who_is_killed_leaves_nothing_behind(void **state)
{
    (void)state;
    static const struct rlimit small = {4, 4}, no_core = {0, 0};
    int status = 0;
    assert_int_equal(write_file("one", true), SKEYM_OK);
    if (nameless == 0 || names < 0) {
        print_message("skipped: this file system has no files without a name\n");
        skip();
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* the fifth byte is deadly */
        (void)signal(SIGXFSZ, SIG_DFL);
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)setrlimit(RLIMIT_FSIZE, &small);
        _exit(write_file("a secret", false) == SKEYM_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
    assert_content("one");
}

static void what_cannot_be_replaced_stays(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(write_file("one", false), SKEYM_ERR_NOT_FILE);
    assert_int_equal(count_names(), 1);
    assert_int_equal(rmdir(path), 0);
}

static void without_such_files_it_is_made_by_name(void **state)
{
    (void)state;
    static const int numbers[] = {EOPNOTSUPP, EISDIR, EINVAL, ENOENT};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        no_nameless = numbers[i];
        assert_int_equal(write_file("one", true), SKEYM_OK);
        assert_content("one");
        assert_int_equal(write_file("two", true), SKEYM_ERR_EXISTS);
        assert_content("one");
        assert_int_equal(write_file("two", false), SKEYM_OK);
        assert_content("two");
        assert_int_equal(unlink(path), 0);
    }
    no_nameless = 0;
    no_link = ENOENT; /* no /proc */
    assert_int_equal(write_file("one", true), SKEYM_OK);
    assert_content("one");
    assert_int_equal(write_file("two", false), SKEYM_OK);
    assert_content("two");
    no_link = EACCES; /* a rule against links: what was there before can be replaced nevertheless */
    assert_int_equal(write_file("three", false), SKEYM_OK);
    assert_content("three");
}

static void other_errors_are_said(void **state)
{
    (void)state;
    static const struct {
        int number;
        enum skeym_error error;
    } cases[] = {{EMFILE, SKEYM_ERR_IO},
                 {EACCES, SKEYM_ERR_PERMISSION},
                 {ENOSPC, SKEYM_ERR_NO_SPACE},
                 {EROFS, SKEYM_ERR_PERMISSION}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        no_nameless = cases[i].number;
        no_link = 0;
        assert_int_equal(write_file("one", true), cases[i].error);
        no_nameless = 0;
        no_link = cases[i].number;
        enum skeym_error error = write_file("one", true);
        assert_int_equal(error, names < 0 ? SKEYM_OK : cases[i].error);
        (void)(names < 0 && unlink(path));
        assert_int_equal(count_names(), 0);
    }
}

/* A name to which the six letters of a temporary one do not fit is refused, whichever way. */
static void long_names_are_refused(void **state)
{
    (void)state;
    static char longest[PATH_MAX + 8];
    memset(longest, '/', sizeof longest - 1);
    for (size_t size = PATH_MAX - 9; size < PATH_MAX + 4; size++) {
        memcpy(longest + size - strlen(path), path, strlen(path) + 1);
        enum skeym_error wanted = size + 8 > PATH_MAX ? SKEYM_ERR_SIZE : SKEYM_OK;
        assert_int_equal(skeym_credential_file_write(longest, skeym_span_text("x"), true), wanted);
        (void)unlink(path);
        assert_int_equal(skeym_credential_file_write(longest, skeym_span_text("x"), false), wanted);
        (void)unlink(path);
        memset(longest, '/', sizeof longest - 1);
    }
}

static void files_as_large_as_may_be(void **state)
{
    (void)state;
    uint8_t text[8];
    struct skeym_room room = {text, sizeof text};
    size_t size = 0;
    assert_int_equal(write_file("12345678", false), SKEYM_OK);
    assert_int_equal(skeym_credential_file_read(room, &size, path), SKEYM_OK);
    assert_int_equal(size, 8);
    assert_int_equal(write_file("123456789", false), SKEYM_OK);
    assert_int_equal(skeym_credential_file_read(room, &size, path), SKEYM_ERR_SIZE);
    assert_int_equal(size, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, before, after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_file_gets_its_name_last), TEST(without_such_files_it_is_made_by_name),
        TEST(other_errors_are_said),         TEST(long_names_are_refused),
        TEST(files_as_large_as_may_be),      TEST(who_is_killed_leaves_nothing_behind),
        TEST(what_cannot_be_replaced_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
