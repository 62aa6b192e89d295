/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nonces from the buffer: never the same, in no thread, in no child, and not when two copies of a
 * buffer exist; and without a buffer where there can be none. The functions below stand in front of
 * the C library's.
 */
#include "crypto/crypto.h"
#include "unit/hex.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUFFER 2016
#define NONCE  36 /* of an answer: its iv, and the nonce of its next token */
#define PART   12 /* the time is in the first 8 of each */
#define TIME   8

static bool fail_random, fail_map, fail_advice;
static bool all_alike; /* the kernel gives every buffer the same bytes */
static atomic_uint asked, mapped, unmapped;

#define REAL(name) __extension__((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    atomic_fetch_add(&asked, 1);
    if (fail_random) {
        errno = EIO;
        return -1;
    }
    if (all_alike) {
        memset(buffer, 0x55, length);
        return (ssize_t)length;
    }
    return REAL(getrandom)(buffer, length, flags);
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
    if (len == 4096 && fail_map) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    atomic_fetch_add(&mapped, len == 4096 ? 1 : 0);
    return REAL(mmap)(addr, len, prot, flags, fd, offset);
}

int munmap(void *addr, size_t len)
{
    atomic_fetch_add(&unmapped, len == 4096 ? 1 : 0);
    return REAL(munmap)(addr, len);
}

int madvise(void *addr, size_t len, int advice)
{
    if (fail_advice && advice == MADV_WIPEONFORK) {
        errno = EINVAL;
        return -1;
    }
    return REAL(madvise)(addr, len, advice);
}

static int compare(const void *left, const void *right)
{
    return memcmp(left, right, NONCE);
}

static void must(void *out, size_t size)
{
    assert_int_equal(skeym_crypto_nonce(out, size), SKEYM_OK);
}

/* What of a nonce no time is in. */
static void take_timeless(uint8_t out[NONCE / PART * (PART - TIME)], const uint8_t nonce[NONCE])
{
    for (size_t at = 0; at < NONCE; at += PART, out += PART - TIME) {
        memcpy(out, nonce + at + TIME, PART - TIME);
    }
}

/* Thousands are all different, at each byte, and the kernel is asked once for 56 of them. */
static void all_differ(void **state)
{
    (void)state;
    enum { COUNT = 2800 };
    static uint8_t nonces[COUNT][NONCE];
    uint8_t seen[NONCE] = {0};
    unsigned before = asked;
    for (size_t i = 0; i < COUNT; i++) {
        must(nonces[i], NONCE);
        for (size_t j = 0; j < NONCE; j++) {
            seen[j] |= nonces[i][j];
        }
    }
    assert_in_range(asked - before, COUNT / 56, COUNT / 56 + 1);
    for (size_t j = 0; j < NONCE; j++) {
        assert_int_equal(seen[j], 0xff);
    }
    qsort(nonces, COUNT, NONCE, compare);
    for (size_t i = 1; i < COUNT; i++) {
        assert_memory_not_equal(nonces[i - 1], nonces[i], NONCE);
    }
}

static void each_size(void **state)
{
    (void)state;
    uint8_t out[BUFFER + 102];
    for (size_t size = 0; size <= BUFFER + 100; size += size < 40 ? 1 : 41) {
        memset(out, 0, sizeof out);
        out[size] = 0xee;
        must(out, size);
        assert_int_equal(out[size], 0xee);
    }
    unsigned before = asked;
    must(out, BUFFER + 1); /* of which there is no buffer */
    assert_int_equal(asked, before + 1);
}

/* A child asks for its own, whatever was left; so do we go on as if it had not been. */
static void a_child_has_its_own(void **state)
{
    (void)state;
    uint8_t ours[NONCE];
    uint8_t theirs[NONCE];
    int ends[2];
    must(ours, NONCE);
    must(ours, NONCE); /* one of these filled the buffer, or something was left of it */
    assert_int_equal(pipe(ends), 0);
    unsigned before = asked;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool good = !skeym_crypto_nonce(theirs, NONCE) && asked == before + 1 &&
                    write(ends[1], theirs, NONCE) == NONCE;
        _exit(good ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(read(ends[0], theirs, NONCE), NONCE);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    must(ours, NONCE);
    assert_int_equal(asked, before);
    uint8_t timeless[2][NONCE / PART * (PART - TIME)];
    take_timeless(timeless[0], theirs);
    take_timeless(timeless[1], ours);
    assert_memory_not_equal(timeless[0], timeless[1], sizeof timeless[0]);
    close(ends[0]);
    close(ends[1]);
}

static void *take_56(void *out)
{
    uint8_t(*nonces)[NONCE] = out;
    for (size_t i = 0; i < 56; i++) {
        must(nonces[i], NONCE);
    }
    return NULL;
}

/* As in two copies of a machine: with the same buffer, the time still tells them apart, the token's
 * nonce as well as the iv in front of it. */
static void copies_of_a_buffer_differ(void **state)
{
    (void)state;
    static uint8_t nonces[2][56][NONCE];
    all_alike = true;
    for (size_t i = 0; i < 2; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, take_56, nonces[i]), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    all_alike = false;
    for (size_t i = 0; i < 56; i++) {
        uint8_t timeless[2][NONCE / PART * (PART - TIME)];
        take_timeless(timeless[0], nonces[0][i]);
        take_timeless(timeless[1], nonces[1][i]);
        assert_memory_equal(timeless[0], timeless[1], sizeof timeless[0]); /* as was wanted */
        for (size_t at = 0; at < NONCE; at += PART) {
            assert_memory_not_equal(nonces[0][i] + at, nonces[1][i] + at, TIME);
        }
    }
}

/* A thread has a page of its own, and gives it back. */
static void pages_go_with_their_threads(void **state)
{
    (void)state;
    static uint8_t nonces[56][NONCE];
    pthread_t thread;
    unsigned pages = mapped;
    unsigned back = unmapped;
    assert_int_equal(pthread_create(&thread, NULL, take_56, nonces), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(mapped > pages);
    assert_int_equal(mapped - pages, unmapped - back);
}

static void *without_buffer(void *state)
{
    (void)state;
    uint8_t out[2][NONCE];
    unsigned before = asked;
    must(out[0], NONCE);
    must(out[1], NONCE);
    assert_int_equal(asked, before + 2);
    assert_memory_not_equal(out[0], out[1], NONCE);
    all_alike = true; /* also the kernel's bytes may come twice */
    must(out[0], NONCE);
    must(out[1], NONCE);
    all_alike = false;
    for (size_t at = 0; at < NONCE; at += PART) {
        assert_memory_not_equal(out[0] + at, out[1] + at, TIME);
    }
    return NULL;
}

/* No memory, or a kernel that would leave the buffer to a child. */
static void without_a_page_each_is_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pthread_t thread;
        unsigned pages = mapped;
        unsigned back = unmapped;
        fail_map = i == 0;
        fail_advice = i == 1;
        assert_int_equal(pthread_create(&thread, NULL, without_buffer, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        fail_map = false;
        fail_advice = false;
        assert_int_equal(mapped - pages, unmapped - back);
    }
}

static void no_randomness_no_nonce(void **state)
{
    (void)state;
    uint8_t out[NONCE];
    enum skeym_error error = SKEYM_OK;
    fail_random = true;
    for (size_t i = 0; i < 60 && !error; i++) {
        memset(out, 0xee, sizeof out);
        error = skeym_crypto_nonce(out, NONCE);
    }
    fail_random = false;
    assert_int_equal(error, SKEYM_ERR_RANDOM);
    assert_zero(out, NONCE);
    must(out, NONCE); /* and then it goes on, with a whole new buffer */
    assert_int_not_equal(out[NONCE - 1] | out[NONCE - 2] | out[NONCE - 3] | out[20], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_differ),
        cmocka_unit_test(each_size),
        cmocka_unit_test(a_child_has_its_own),
        cmocka_unit_test(copies_of_a_buffer_differ),
        cmocka_unit_test(pages_go_with_their_threads),
        cmocka_unit_test(without_a_page_each_is_asked_for),
        cmocka_unit_test(no_randomness_no_nonce),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
