/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own, with or without an authority in it. */
#ifndef SKEYM_TESTS_HOME_FIXTURE_H
#define SKEYM_TESTS_HOME_FIXTURE_H

#include "crypto/crypto.h"
#include "server/home.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_MS  (UINT64_C(1800000000) * 1000)
#define HOUR_MS UINT64_C(3600000)

static char top[64];
static char dir[96];
static char in_dir_path[160];

static __attribute__((unused)) const char *in_dir(const char *name)
{
    snprintf(in_dir_path, sizeof in_dir_path, "%s/%s", dir, name);
    return in_dir_path;
}

static __attribute__((unused)) void remove_all(const char *folder)
{
    DIR *list = opendir(folder);
    const struct dirent *entry;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of this function alone */
    while (list && (entry = readdir(list)) != NULL) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlink(path) != 0) {
            remove_all(path);
        }
    }
    if (list) {
        closedir(list);
    }
    rmdir(folder);
}

static __attribute__((unused)) int nothing_yet(void **state)
{
    (void)state;
    snprintf(top, sizeof top, "/tmp/skeym-home.XXXXXX");
    if (!mkdtemp(top)) {
        return -1;
    }
    snprintf(dir, sizeof dir, "%s/authority", top);
    return 0;
}

static __attribute__((unused)) int an_authority(void **state)
{
    return nothing_yet(state) == 0 && skeym_home_make(dir, "ward", 3600, NOW_MS) == SKEYM_OK ? 0
                                                                                             : -1;
}

static __attribute__((unused)) int clean(void **state)
{
    (void)state;
    remove_all(top);
    return 0;
}

static __attribute__((unused)) void put(const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen(in_dir(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(in_dir(name), mode), 0);
}

static __attribute__((unused)) mode_t mode_of(const char *path)
{
    struct stat state;
    assert_int_equal(lstat(path, &state), 0);
    return state.st_mode & 07777;
}

/* Bytes of the disk that are really held. */
static __attribute__((unused)) long reserved(void)
{
    struct stat state;
    assert_int_equal(stat(in_dir("reserve"), &state), 0);
    return state.st_blocks * 512 >= state.st_size ? (long)state.st_size : -1;
}

static __attribute__((unused)) struct skeym_name named(const char *text)
{
    struct skeym_name name;
    assert_int_equal(skeym_name_node(&name, skeym_span_text(text)), SKEYM_OK);
    return name;
}

static __attribute__((unused)) enum skeym_error keyring_error(void)
{
    struct skeym_keyring keyring;
    return skeym_home_keyring(&keyring, dir);
}

static __attribute__((unused)) enum skeym_error add_key(struct skeym_keyring *keyring, void *arg)
{
    uint8_t key[32];
    memset(key, *(const uint8_t *)arg, sizeof key);
    return skeym_keyring_rotate(keyring, NOW_MS, key);
}

#define FRESH(function) cmocka_unit_test_setup_teardown(function, nothing_yet, clean)
#define TEST(function)  cmocka_unit_test_setup_teardown(function, an_authority, clean)

#endif
