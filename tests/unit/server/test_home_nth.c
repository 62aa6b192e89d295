/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authority's folder when any one call fails. Whatever fails: the keyring is the old or the new
 * one, nobody who is revoked is forgotten, no audit line is cut or doubled, what reported success
 * is there, and the same work succeeds the next time.
 */
#include "home_fixture.h"

#include "server/control.h"
#include "server/log.h"
#include "server/peers.h"
#include "server/rate.h"
#include "server/state.h"
#include "unit/nth.h"
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>

NTH(int, fstat, (int fd, struct stat *buf), (fd, buf), -1, EIO)
NTH(int, fchmod, (int fd, mode_t mode), (fd, mode), -1, EPERM)
NTH(int, fchown, (int fd, uid_t owner, gid_t group), (fd, owner, group), -1, EPERM)
NTH(int, fsync, (int fd), (fd), -1, EIO)
NTH(int, ftruncate, (int fd, off_t length), (fd, length), -1, EIO)
NTH(int, posix_fallocate, (int fd, off_t offset, off_t len), (fd, offset, len), ENOSPC, 0)
NTH(int, renameat, (int oldfd, const char *old, int newfd, const char *new),
    (oldfd, old, newfd, new), -1, EIO)
NTH(int, mkdir, (const char *path, mode_t mode), (path, mode), -1, EACCES)
NTH(int, socket, (int domain, int type, int protocol), (domain, type, protocol), -1, EMFILE)
NTH(int, listen, (int fd, int n), (fd, n), -1, EADDRINUSE)
NTH(DIR *, fdopendir, (int fd), (fd), NULL, ENOMEM)
NTH(ssize_t, getrandom, (void *buffer, size_t length, unsigned flags), (buffer, length, flags), -1,
    ENOSYS)
NTH(ssize_t, write, (int fd, const void *buf, size_t n), (fd, buf, n), -1, ENOSPC)
NTH(ssize_t, read, (int fd, void *buf, size_t nbytes), (fd, buf, nbytes), -1, EIO)
NTH(ssize_t, pread, (int fd, void *buf, size_t nbytes, off_t offset), (fd, buf, nbytes, offset), -1,
    EIO)
NTH(void *, mmap, (void *addr, size_t len, int prot, int flags, int fd, off_t offset),
    (addr, len, prot, flags, fd, offset), MAP_FAILED, ENOMEM)

/* These take a mode only sometimes; one that is not asked for does no harm. */
int openat(int fd, const char *file, int oflag, ...)
{
    if (nth_fails()) {
        errno = EMFILE;
        return -1;
    }
    return NTH_REAL(openat)(fd, file, oflag, 0600);
}

int open(const char *file, int oflag, ...)
{
    if (nth_fails()) {
        errno = EMFILE;
        return -1;
    }
    return NTH_REAL(open)(file, oflag, 0600);
}

enum { MOST = 2000 };

/* --- what is done, and what must hold afterwards ------------------------------------- */

static struct {
    size_t keys, revoked, lines; /* before */
    struct skeym_state *state;
} held;

static size_t keys_now(void)
{
    struct skeym_keyring keyring;
    assert_int_equal(skeym_home_keyring(&keyring, dir), SKEYM_OK);
    size_t count = keyring.enrol_count;
    skeym_crypto_wipe(&keyring, sizeof keyring);
    return count;
}

static bool is_revoked(const char *name)
{
    struct skeym_revoked revoked;
    struct skeym_name id = named(name);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    bool found = skeym_revoked_has(&revoked, &id, 1);
    skeym_home_revoked_free(&revoked);
    return found;
}

static size_t lines_now(void)
{
    char *text = NULL;
    size_t size = 0;
    size_t lines = 0;
    assert_int_equal(skeym_home_audit_read(&text, &size, dir), SKEYM_OK);
    for (size_t i = 0; i < size; i++) {
        lines += text[i] == '\n';
    }
    assert_true(size == 0 || text[size - 1] == '\n');
    for (size_t i = 0; i < size; i += 8) {
        assert_memory_equal(text + i, "{\"a\":1}\n", 8); /* each whole */
    }
    free(text);
    return lines;
}

static enum skeym_error do_make(void)
{
    return skeym_home_make(dir, "ward", 3600, NOW_MS);
}

static enum skeym_error do_update(void)
{
    uint8_t byte = 7;
    return skeym_home_update(NULL, dir, NOW_MS, add_key, &byte);
}

static enum skeym_error do_revoke(void)
{
    struct skeym_name id = named("n2");
    return skeym_home_revoke(dir, &id, 1);
}

static enum skeym_error do_restore(void)
{
    struct skeym_revoked nobody = {0};
    enum skeym_error error = skeym_home_restore(dir, &nobody);
    return error == SKEYM_ERR_EXISTS ? SKEYM_OK : error; /* the one that is there is whole */
}

static enum skeym_error do_audit(void)
{
    return skeym_home_audit(dir, "{\"a\":1}");
}

static enum skeym_error do_read(void)
{
    char *text = NULL;
    size_t size = 0;
    struct skeym_revoked revoked = {0};
    enum skeym_error error = skeym_home_audit_read(&text, &size, dir);
    assert_true((error == SKEYM_OK) == (text != NULL));
    free(text);
    if (!error) {
        error = skeym_home_revoked(&revoked, dir);
        assert_true(error != SKEYM_OK || revoked.count == 1); /* never an empty one */
        skeym_home_revoked_free(&revoked);
    }
    return error;
}

static enum skeym_error do_state(void)
{
    const struct skeym_state_options options = {
        .dir = dir, .used_slots = 64, .body_max = 1000, .now_ms = NOW_MS};
    struct skeym_state *state = NULL;
    bool locked = false;
    enum skeym_error error = skeym_state_open(&state, &options, &locked);
    assert_true((error == SKEYM_OK) == (state != NULL));
    if (state) {
        bool moved = false;
        assert_int_equal(skeym_state_gate(state)->revoked->count, 1);
        error = skeym_state_reload(state, NOW_MS);
        assert_int_equal(skeym_state_gate(state)->revoked->count, 1);
        if (!error) {
            error = skeym_state_ratchet(state, NOW_MS + HOUR_MS, &moved);
            assert_true(!moved || error == SKEYM_OK);
        }
    }
    skeym_state_close(state);
    return error;
}

static enum skeym_error reload(void *arg)
{
    (void)arg;
    return SKEYM_OK;
}

static enum skeym_error do_control(void)
{
    struct skeym_control control;
    enum skeym_error error = skeym_control_open(&control, dir);
    if (!error) {
        skeym_control_serve(&control, reload, NULL); /* nobody asks */
        skeym_control_close(&control);
    }
    return error;
}

static enum skeym_error do_tables(void)
{
    struct skeym_rate *rate = NULL;
    struct skeym_peers *peers = NULL;
    const struct skeym_rate_options options = {.per_second = 1, .burst = 1, .cpu_percent = 1};
    enum skeym_error error = skeym_rate_open(&rate, &options);
    assert_true((error == SKEYM_OK) == (rate != NULL));
    if (!error) {
        error = skeym_peers_open(&peers, 16, 4);
        assert_true((error == SKEYM_OK) == (peers != NULL));
    }
    skeym_rate_close(rate);
    skeym_peers_close(peers);
    return error;
}

/* --- the sweep --------------------------------------------------------------------------- */

static void expect_whole(const char *what, enum skeym_error error)
{
    size_t keys = keys_now();
    bool updated = strcmp(what, "update") == 0;
    assert_true(keys == held.keys || (updated && keys == held.keys + 1));
    assert_true(!updated || error != SKEYM_OK || keys == held.keys + 1);
    assert_true(is_revoked("n1"));
    assert_true(strcmp(what, "revoke") != 0 || error != SKEYM_OK || is_revoked("n2"));
    size_t lines = lines_now();
    bool added = strcmp(what, "audit") == 0 && error == SKEYM_OK;
    assert_int_equal(lines, held.lines + added);
}

static void sweep(const char *what, enum skeym_error (*work)(void))
{
    bool made = strcmp(what, "make") == 0;
    long n = 1;
    for (bool hit = true; hit; n++) {
        assert_true(n < MOST);
        remove_all(dir);
        if (!made) {
            struct skeym_name id = named("n1");
            assert_int_equal(do_make(), SKEYM_OK);
            assert_int_equal(skeym_home_revoke(dir, &id, 1), SKEYM_OK);
            assert_int_equal(do_audit(), SKEYM_OK);
            held.keys = keys_now();
            held.lines = lines_now();
        }
        nth_arm(n);
        enum skeym_error error = work();
        hit = nth_disarm();
        assert_true(hit || error == SKEYM_OK);
        if (!made) {
            expect_whole(what, error);
            held.lines += strcmp(what, "audit") == 0 && error == SKEYM_OK;
            held.keys = keys_now();
            error = work();
            assert_int_equal(error, SKEYM_OK);
            expect_whole(what, error);
        } else if (error != SKEYM_OK) { /* nothing is left in the way of a second try */
            assert_int_equal(do_make(), SKEYM_OK);
        }
    }
    assert_true(n > 1);
}

static void any_call_of_the_folder(void **state)
{
    static const struct {
        const char *what;
        enum skeym_error (*work)(void);
    } works[] = {
        {"make", do_make},       {"update", do_update}, {"revoke", do_revoke},
        {"restore", do_restore}, {"audit", do_audit},   {"read", do_read},
        {"control", do_control}, {"tables", do_tables}, {"state", do_state},
    };
    (void)state;
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        print_message("%s\n", works[i].what);
        sweep(works[i].what, works[i].work);
    }
}

/* Where a sync costs nothing, if there is such a place: it is done thousands of times. */
static int fast_place(void **state)
{
    int failed = nothing_yet(state);
    char place[] = "/dev/shm/skeym-home.XXXXXX";
    if (!failed && mkdtemp(place)) {
        (void)rmdir(top);
        snprintf(top, sizeof top, "%s", place);
        snprintf(dir, sizeof dir, "%s/authority", top);
    }
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_call_of_the_folder, fast_place, clean)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
