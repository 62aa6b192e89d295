/* SPDX-License-Identifier: Apache-2.0 */
/* What the system may refuse while rights are given up, in a system that is played here: nobody
 * needs to be root for it. */
#include "unit/sanitized.h"

#ifdef SANITIZED
#include <stdio.h>

int main(void)
{
    puts("this sanitizer needs the system that would be played here");
    return 77;
}
#else
#include "server/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define CAPABILITIES 41UL
#define WARD         1042U /* the user who owns the folder */
#define WARD_GROUP   2042U
#define DIR_GROUP    3042U

/* Who this process is, and what it asked for. */
static struct {
    uid_t user[3];
    gid_t group[3];
    gid_t more;
    unsigned long long bounds;
    struct rlimit files, core;
    int dumpable, stuck;
    bool capabilities;
    uid_t owner;
    bool has_entry;
} me;

static const char *refused; /* this call fails */
static const char *lied;    /* this call succeeds and does nothing */

static bool refuses(const char *name)
{
    bool fails = refused && strcmp(refused, name) == 0;
    errno = fails ? EPERM : errno;
    return fails;
}

static bool lies(const char *name)
{
    return lied && strcmp(lied, name) == 0;
}

uid_t geteuid(void)
{
    return me.user[1];
}

gid_t getegid(void)
{
    return me.group[1];
}

int setgroups(size_t n, const gid_t *groups)
{
    assert_int_equal(n, 1);
    me.more = groups[0];
    return refuses("setgroups") ? -1 : 0;
}

int setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
    if (!lies("setresgid")) {
        memcpy(me.group, (gid_t[]){rgid, egid, sgid}, sizeof me.group);
    }
    return refuses("setresgid") ? -1 : 0;
}

int setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
    if (ruid == 0) {
        return lies("back") ? 0 : -1;
    }
    if (!lies("setresuid")) {
        memcpy(me.user, (uid_t[]){ruid, euid, suid}, sizeof me.user);
    }
    return refuses("setresuid") ? -1 : 0;
}

int seteuid(uid_t uid)
{
    assert_int_equal(uid, 0);
    return lies("seteuid") ? 0 : -1;
}

int setuid(uid_t uid)
{
    assert_int_equal(uid, 0);
    return lies("setuid") ? 0 : -1;
}

int getresuid(uid_t *ruid, uid_t *euid, uid_t *suid)
{
    *ruid = me.user[0] + lies("ruid");
    *euid = me.user[1] + lies("euid");
    *suid = me.user[2] + lies("suid");
    return refuses("getresuid") ? -1 : 0;
}

int getresgid(gid_t *rgid, gid_t *egid, gid_t *sgid)
{
    *rgid = me.group[0] + lies("rgid");
    *egid = me.group[1] + lies("egid");
    *sgid = me.group[2] + lies("sgid");
    return refuses("getresgid") ? -1 : 0;
}

int getpwnam_r(const char *name, struct passwd *resultbuf, char *buffer, size_t buflen,
               struct passwd **result)
{
    (void)buffer;
    (void)buflen;
    *resultbuf = (struct passwd){.pw_uid = WARD, .pw_gid = WARD_GROUP};
    *result = strcmp(name, "ward") == 0 ? resultbuf : NULL;
    return refuses("getpwnam_r") ? EIO : 0;
}

int getpwuid_r(uid_t uid, struct passwd *resultbuf, char *buffer, size_t buflen,
               struct passwd **result)
{
    (void)buffer;
    (void)buflen;
    *resultbuf = (struct passwd){.pw_uid = uid, .pw_gid = WARD_GROUP};
    *result = me.has_entry ? resultbuf : NULL;
    return refuses("getpwuid_r") ? EIO : 0;
}

int stat(const char *file, struct stat *buf)
{
    if (strcmp(file, "/ward") != 0) {
        errno = strcmp(file, "/gone") == 0 ? ENOENT : EACCES;
        return -1;
    }
    *buf = (struct stat){.st_uid = me.owner, .st_gid = DIR_GROUP};
    return 0;
}

int prctl(int option, ...)
{
    va_list rest;
    va_start(rest, option);
    unsigned long value = va_arg(rest, unsigned long);
    va_end(rest);
    switch (option) {
    case PR_CAPBSET_READ:
        return value < CAPABILITIES ? 1 : -1;
    case PR_CAPBSET_DROP:
        if (me.user[1] != 0) {
            return -1; /* as after the change */
        }
        me.bounds &= ~(1ULL << value);
        return 0;
    case PR_SET_DUMPABLE:
        me.dumpable = 0;
        return refuses("dumpable") ? -1 : 0;
    case PR_SET_NO_NEW_PRIVS:
        me.stuck = 1;
        return refuses("new") ? -1 : 0;
    default:
        return 0;
    }
}

long syscall(long sysno, ...)
{
    assert_int_equal(sysno, SYS_capset);
    me.capabilities = false;
    return refuses("capset") ? -1 : 0;
}

int getrlimit(__rlimit_resource_t resource, struct rlimit *limits)
{
    assert_int_equal(resource, RLIMIT_NOFILE);
    *limits = me.files;
    return refuses("getrlimit") ? -1 : 0;
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limits)
{
    if (refuses("setrlimit")) {
        return -1;
    }
    *(resource == RLIMIT_NOFILE ? &me.files : &me.core) = *limits;
    return 0;
}

static enum skeym_error drop(const char *user, const char *dir, bool *root)
{
    *root = false;
    return skeym_privilege_drop(user, dir, root);
}

static int become_root(void **state)
{
    (void)state;
    memset(&me, 0, sizeof me);
    me.bounds = (1ULL << CAPABILITIES) - 1;
    me.capabilities = me.has_entry = true;
    me.owner = WARD;
    me.dumpable = 1;
    me.files = (struct rlimit){1024, 4096};
    me.core = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    refused = lied = NULL;
    return 0;
}

static void assert_is(uid_t user, gid_t group)
{
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(me.user[i], user);
        assert_int_equal(me.group[i], group);
    }
    assert_int_equal(me.more, group);
    assert_int_equal(me.bounds, 0);
    assert_false(me.capabilities);
}

static void test_all_rights_go(void **state)
{
    bool root;
    (void)become_root(state);
    assert_int_equal(drop("ward", "/", &root), SKEYM_OK);
    assert_false(root);
    assert_is(WARD, WARD_GROUP);
    (void)become_root(state);
    assert_int_equal(drop("", "/ward", &root), SKEYM_OK);
    assert_is(WARD, WARD_GROUP);
}

static void test_an_owner_without_an_entry_has_the_folders_group(void **state)
{
    bool root;
    (void)state;
    me.has_entry = false;
    assert_int_equal(drop("", "/ward", &root), SKEYM_OK);
    assert_is(WARD, DIR_GROUP);
    (void)become_root(NULL);
    refused = "getpwuid_r";
    assert_int_equal(drop("", "/ward", &root), SKEYM_OK);
    assert_is(WARD, DIR_GROUP);
}

static void test_a_folder_of_root(void **state)
{
    bool root;
    (void)state;
    me.owner = 0;
    assert_int_equal(drop("", "/ward", &root), SKEYM_OK);
    assert_true(root);
    assert_int_equal(me.user[1], 0);
    assert_false(me.capabilities);
}

static void test_who_is_not_found(void **state)
{
    bool root;
    (void)state;
    assert_int_equal(drop("nobody-at-all", "/ward", &root), SKEYM_ERR_NOT_FOUND);
    assert_int_equal(drop("", "/gone", &root), SKEYM_ERR_MISSING);
    assert_int_equal(drop("", "/closed", &root), SKEYM_ERR_PERMISSION);
    refused = "getpwnam_r";
    assert_int_equal(drop("ward", "/ward", &root), SKEYM_ERR_NOT_FOUND);
}

static void test_one_who_is_not_root(void **state)
{
    bool root;
    (void)state;
    me.user[0] = me.user[1] = me.user[2] = 7;
    assert_int_equal(drop("ward", "/ward", &root), SKEYM_ERR_PERMISSION);
    assert_int_equal(drop("", "/ward", &root), SKEYM_OK);
    assert_false(root);
    assert_int_equal(me.user[1], 7);
    me.user[0] = me.user[1] = me.user[2] = WARD;
    assert_int_equal(drop("ward", "/ward", &root), SKEYM_OK);
}

static void test_each_refusal_ends_it(void **state)
{
    static const char *const calls[] = {"setgroups", "setresgid", "setresuid",
                                        "getresuid", "getresgid", "capset"};
    bool root;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        (void)become_root(state);
        refused = calls[i];
        assert_int_equal(drop("ward", "/ward", &root), SKEYM_ERR_PERMISSION);
    }
}

static void test_each_lie_is_found(void **state)
{
    static const char *const calls[] = {"setresgid", "setresuid", "ruid",  "euid",
                                        "suid",      "rgid",      "egid",  "sgid",
                                        "back",      "seteuid",   "setuid"};
    bool root;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        (void)become_root(state);
        lied = calls[i];
        assert_int_equal(drop("ward", "/ward", &root), SKEYM_ERR_PERMISSION);
    }
}

static void test_files(void **state)
{
    (void)state;
    assert_int_equal(skeym_privilege_files(1024), SKEYM_OK);
    assert_int_equal(me.files.rlim_cur, 1024);
    assert_int_equal(skeym_privilege_files(4096), SKEYM_OK);
    assert_int_equal(me.files.rlim_cur, 4096);
    assert_int_equal(me.files.rlim_max, 4096);
    assert_int_equal(skeym_privilege_files(5000), SKEYM_OK);
    assert_int_equal(me.files.rlim_cur, 5000);
    assert_int_equal(me.files.rlim_max, 5000);
    refused = "setrlimit";
    assert_int_equal(skeym_privilege_files(6000), SKEYM_ERR_PERMISSION);
    refused = "getrlimit";
    assert_int_equal(skeym_privilege_files(1), SKEYM_ERR_PERMISSION);
}

static void test_harden(void **state)
{
    static const char *const calls[] = {"setrlimit", "dumpable", "new"};
    assert_int_equal(skeym_privilege_harden(), SKEYM_OK);
    assert_int_equal(me.core.rlim_max, 0);
    assert_int_equal(me.dumpable, 0);
    assert_int_equal(me.stuck, 1);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        (void)become_root(state);
        refused = calls[i];
        assert_int_equal(skeym_privilege_harden(), SKEYM_ERR_PERMISSION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_rights_go, become_root),
        cmocka_unit_test_setup(test_an_owner_without_an_entry_has_the_folders_group, become_root),
        cmocka_unit_test_setup(test_a_folder_of_root, become_root),
        cmocka_unit_test_setup(test_who_is_not_found, become_root),
        cmocka_unit_test_setup(test_one_who_is_not_root, become_root),
        cmocka_unit_test_setup(test_each_refusal_ends_it, become_root),
        cmocka_unit_test_setup(test_each_lie_is_found, become_root),
        cmocka_unit_test_setup(test_files, become_root),
        cmocka_unit_test_setup(test_harden, become_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
