/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nonces from a buffer of each thread. The kernel takes 390 to 1,500 ns for 36 bytes, and 5 to 10
 * for each of many more. So it is asked for a key, of which AES-256 in counter mode makes 56
 * answers' nonces. They are sent in the open: nothing is lost when somebody reads ahead in the
 * buffer. Keys come from skeym_crypto_random, and are never in a buffer.
 *
 * What may not happen is that a nonce comes twice, from two copies of one buffer.
 *
 * - fork: the buffer and its position lie in a page that the kernel gives to a child as zeros
 *   (MADV_WIPEONFORK), which reads as "nothing left". Where a page cannot be had or the kernel
 *   does not know this, there is no buffer, and each nonce is asked for.
 * - a virtual machine that is copied while it runs: nobody tells us, nor always the kernel, whose
 *   bytes may then come twice as well. So the time in nanoseconds is mixed into each 12 bytes when
 *   they are taken, an iv or a half of a token's nonce, and two copies would have to take them in
 *   the same nanosecond of their clocks. That makes it unlikely, not impossible, and a copy that
 *   runs beside its original has the same used-before table, too: do not run one. An image of a
 *   machine that was stopped is safe.
 */
#include "crypto/crypto.h"
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define BUFFER_BYTES 2016 /* of 36, 56 */
#define PAGE_BYTES   4096

struct page {
    size_t left; /* bytes at the end of the buffer that were not given out */
    uint8_t bytes[BUFFER_BYTES + SKEYM_TAG_BYTES]; /* the tag is of no use */
};

_Static_assert(sizeof(struct page) <= PAGE_BYTES, "one page");

static _Thread_local struct page *mine;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_end;
static bool usable;

static void drop(void *page)
{
    (void)munmap(page, PAGE_BYTES);
}

static void prepare(void)
{
    usable = pthread_key_create(&at_thread_end, drop) == 0;
}

/* This thread's page; NULL when there is none to be had. */
static struct page *page(void)
{
    if (mine) {
        return mine;
    }
    pthread_once(&prepared, prepare);
    if (!usable) {
        return NULL;
    }
    void *made = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED) {
        return NULL;
    }
    if (madvise(made, PAGE_BYTES, MADV_WIPEONFORK) != 0 ||
        pthread_setspecific(at_thread_end, made) != 0) {
        drop(made);
        return NULL;
    }
    mine = made;
    return mine;
}

/* Into each part of what is taken: whoever asks for an iv and a nonce at once has none of them
 * twice. The bytes are random already, and stay so. */
static void mix_time(uint8_t *out, size_t size)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    uint64_t time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    for (size_t at = 0; at < size; at += SKEYM_IV_BYTES) {
        uint64_t mixed = 0;
        size_t part = size - at < sizeof mixed ? size - at : sizeof mixed;
        memcpy(&mixed, out + at, part);
        mixed ^= time;
        memcpy(out + at, &mixed, part);
    }
}

static enum skeym_error fill(struct page *page)
{
    static const uint8_t iv[SKEYM_IV_BYTES];
    uint8_t key[SKEYM_KEY_BYTES];
    page->left = 0;
    enum skeym_error error = skeym_crypto_random(key, sizeof key);
    if (error == SKEYM_OK) {
        memset(page->bytes, 0, BUFFER_BYTES);
        error = skeym_crypto_seal((struct skeym_room){page->bytes, sizeof page->bytes}, key, iv,
                                  (struct skeym_span){0},
                                  (struct skeym_span){page->bytes, BUFFER_BYTES});
    }
    skeym_crypto_wipe(key, sizeof key);
    if (error == SKEYM_OK) {
        page->left = BUFFER_BYTES;
    }
    return error;
}

static enum skeym_error take(struct page *from, uint8_t *out, size_t size)
{
    enum skeym_error error = from->left < size ? fill(from) : SKEYM_OK;
    if (error != SKEYM_OK) {
        memset(out, 0, size);
        return error;
    }
    uint8_t *next = from->bytes + (BUFFER_BYTES - from->left);
    from->left -= size;
    memcpy(out, next, size);
    memset(next, 0, size);
    return SKEYM_OK;
}

enum skeym_error skeym_crypto_nonce(void *out, size_t size)
{
    struct page *from = size <= BUFFER_BYTES ? page() : NULL;
    enum skeym_error error = from ? take(from, out, size) : skeym_crypto_random(out, size);
    if (error == SKEYM_OK) {
        mix_time(out, size);
    }
    return error;
}
