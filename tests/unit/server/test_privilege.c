/* SPDX-License-Identifier: Apache-2.0 */
#include "server/privilege.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What counts branches, where the build has it; only where it may still write what it counted. */
extern void __gcov_exit(void) __attribute__((weak));

/* What is given up does not come back, so each try is a process of its own: its exit code. */
static int in_child(int (*run)(void))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        int code = run();
        if (__gcov_exit) {
            __gcov_exit();
        }
        _exit(code);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* false: there is no user nobody. */
static bool nobody(struct passwd *out)
{
    static char buffer[4096];
    struct passwd *found = NULL;
    return getpwnam_r("nobody", out, buffer, sizeof buffer, &found) == 0 && found;
}

static void needs_root(void)
{
    struct passwd user;
    if (geteuid() != 0 || !nobody(&user)) {
        print_message("not root, or no user nobody: what root gives up is not tested\n");
        skip();
    }
}

/* The line of a set in /proc/self/status, as a number. */
static unsigned long long capabilities(const char *set)
{
    char line[256];
    unsigned long long value = ~0ULL;
    FILE *in = fopen("/proc/self/status", "r");
    while (in && fgets(line, sizeof line, in)) {
        if (strncmp(line, set, strlen(set)) == 0) {
            value = strtoull(line + strlen(set) + 1, NULL, 16);
        }
    }
    if (in) {
        (void)fclose(in);
    }
    return value;
}

static int become_nobody(void)
{
    bool root = true;
    if (skeym_privilege_drop("nobody", "/", &root) != SKEYM_OK || root) {
        return 1;
    }
    if (geteuid() == 0 || getuid() == 0 || getegid() == 0 || getgroups(0, NULL) != 1) {
        return 2;
    }
    if (capabilities("CapPrm:") || capabilities("CapEff:") || capabilities("CapBnd:") ||
        capabilities("CapInh:") || capabilities("CapAmb:")) {
        return 3;
    }
    return setuid(0) == 0 ? 4 : 0;
}

static void becomes_the_named_user_for_good(void **state)
{
    (void)state;
    needs_root();
    assert_int_equal(in_child(become_nobody), 0);
}

static int become_owner(void)
{
    char dir[] = "/tmp/skeym-privilege-XXXXXX";
    struct passwd user;
    bool root = true;
    if (!nobody(&user) || !mkdtemp(dir) || chown(dir, user.pw_uid, user.pw_gid) != 0) {
        return 1;
    }
    enum skeym_error error = skeym_privilege_drop("", dir, &root);
    (void)rmdir(dir);
    return error || root || geteuid() != user.pw_uid || getegid() != user.pw_gid;
}

static void becomes_the_owner_of_the_folder(void **state)
{
    (void)state;
    needs_root();
    int code = in_child(become_owner);
    assert_int_equal(code, 0);
}

static int stay_root(void)
{
    bool root = false;
    return skeym_privilege_drop("", "/", &root) != SKEYM_OK || !root || capabilities("CapEff:") ||
           capabilities("CapPrm:") || capabilities("CapBnd:");
}

static void root_of_its_own_folder_keeps_no_capability(void **state)
{
    (void)state;
    needs_root();
    assert_int_equal(in_child(stay_root), 0);
}

static int become_another(void)
{
    bool root = false;
    struct passwd user;
    if (!nobody(&user) || setresuid(user.pw_uid, user.pw_uid, user.pw_uid) != 0) {
        return 1;
    }
    return skeym_privilege_drop("root", "/", &root) != SKEYM_ERR_PERMISSION;
}

static void who_is_not_root_cannot_become_another(void **state)
{
    (void)state;
    needs_root();
    assert_int_equal(in_child(become_another), 0);
}

static int unknown_user(void)
{
    bool root = false;
    return skeym_privilege_drop("no-such-user-here", "/", &root) != SKEYM_ERR_NOT_FOUND;
}

static void names_an_unknown_user(void **state)
{
    (void)state;
    assert_int_equal(in_child(unknown_user), 0);
}

static int no_folder(void)
{
    bool root = false;
    return skeym_privilege_drop("", "/nonexistent", &root) != SKEYM_ERR_MISSING;
}

static void names_a_missing_folder(void **state)
{
    (void)state;
    needs_root();
    assert_int_equal(in_child(no_folder), 0);
}

static int harden(void)
{
    struct rlimit core = {1, 1};
    if (skeym_privilege_harden() != SKEYM_OK || getrlimit(RLIMIT_CORE, &core) != 0) {
        return 1;
    }
    if (core.rlim_max != 0 || core.rlim_cur != 0) {
        return 2;
    }
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return 3;
    }
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 4;
}

static void hardens(void **state)
{
    (void)state;
    assert_int_equal(in_child(harden), 0);
}

static int raise_files(void)
{
    struct rlimit low = {64, 128};
    struct rlimit now;
    if (setrlimit(RLIMIT_NOFILE, &low) != 0 || skeym_privilege_files(32) != SKEYM_OK ||
        getrlimit(RLIMIT_NOFILE, &now) != 0 || now.rlim_cur != 64) {
        return 1;
    }
    if (skeym_privilege_files(100) != SKEYM_OK || getrlimit(RLIMIT_NOFILE, &now) != 0) {
        return 2;
    }
    return now.rlim_cur == 100 ? 0 : 3;
}

static void raises_the_limit_of_files_where_needed(void **state)
{
    (void)state;
    assert_int_equal(in_child(raise_files), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(becomes_the_named_user_for_good),
        cmocka_unit_test(becomes_the_owner_of_the_folder),
        cmocka_unit_test(root_of_its_own_folder_keeps_no_capability),
        cmocka_unit_test(who_is_not_root_cannot_become_another),
        cmocka_unit_test(names_an_unknown_user),
        cmocka_unit_test(names_a_missing_folder),
        cmocka_unit_test(hardens),
        cmocka_unit_test(raises_the_limit_of_files_where_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
