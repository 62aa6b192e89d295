/* SPDX-License-Identifier: Apache-2.0 */
#include "server/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct identity {
    uid_t user;
    gid_t group;
};

enum skeym_error skeym_privilege_files(uint64_t needed)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return SKEYM_ERR_PERMISSION;
    }
    if (limit.rlim_cur >= needed) {
        return SKEYM_OK;
    }
    limit.rlim_cur = needed;
    if (limit.rlim_max < needed) { /* only root may */
        limit.rlim_max = needed;
    }
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? SKEYM_OK : SKEYM_ERR_PERMISSION;
}

static enum skeym_error find_user(struct identity *out, const char *name)
{
    char buffer[4096];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwnam_r(name, &entry, buffer, sizeof buffer, &found) != 0 || !found) {
        return SKEYM_ERR_NOT_FOUND;
    }
    *out = (struct identity){entry.pw_uid, entry.pw_gid};
    return SKEYM_OK;
}

/* The owner's own group, or the folder's where the owner has no entry. */
static enum skeym_error find_owner(struct identity *out, const char *dir)
{
    char buffer[4096];
    struct stat state;
    struct passwd entry;
    struct passwd *found = NULL;
    if (stat(dir, &state) != 0) {
        return errno == ENOENT ? SKEYM_ERR_MISSING : SKEYM_ERR_PERMISSION;
    }
    *out = (struct identity){state.st_uid, state.st_gid};
    if (getpwuid_r(state.st_uid, &entry, buffer, sizeof buffer, &found) == 0 && found) {
        out->group = entry.pw_gid;
    }
    return SKEYM_OK;
}

static bool become(const struct identity *who)
{
    uid_t user[3];
    gid_t group[3];
    return setgroups(1, &who->group) == 0 && setresgid(who->group, who->group, who->group) == 0 &&
           setresuid(who->user, who->user, who->user) == 0 &&
           getresuid(&user[0], &user[1], &user[2]) == 0 &&
           getresgid(&group[0], &group[1], &group[2]) == 0 && user[0] == who->user &&
           user[1] == who->user && user[2] == who->user && group[0] == who->group &&
           group[1] == who->group && group[2] == who->group;
}

/* What an exec could give back. Only root may say so; others have little to lose here. */
static void drop_bounds(void)
{
    for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++) {
        (void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
    }
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capset, &header, none) == 0;
}

static bool can_be_root_again(void)
{
    return setresuid(0, 0, 0) == 0 || seteuid(0) == 0 || setuid(0) == 0;
}

enum skeym_error skeym_privilege_drop(const char *user, const char *dir, bool *still_root)
{
    struct identity who = {geteuid(), getegid()};
    enum skeym_error error = SKEYM_OK;
    bool named = user[0] != '\0';
    if (named) {
        error = find_user(&who, user);
    } else if (geteuid() == 0) {
        error = find_owner(&who, dir);
    }
    if (error) {
        return error;
    }
    *still_root = geteuid() == 0 && who.user == 0;
    bool change = geteuid() == 0 && who.user != 0;
    if (geteuid() != 0 && who.user != geteuid()) {
        return SKEYM_ERR_PERMISSION;
    }
    drop_bounds(); /* before the change: afterwards we may not */
    if ((change && !become(&who)) || !drop_capabilities()) {
        return SKEYM_ERR_PERMISSION;
    }
    return who.user != 0 && can_be_root_again() ? SKEYM_ERR_PERMISSION : SKEYM_OK;
}

enum skeym_error skeym_privilege_harden(void)
{
    const struct rlimit none = {0, 0};
    bool good = setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
                prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    return good ? SKEYM_OK : SKEYM_ERR_PERMISSION;
}
