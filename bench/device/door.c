/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/device/door.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { PAINTED = 1 << 16, OTHER = 1 << 18, PAINT = 0xa5 };

static uint8_t painted[PAINTED] __attribute__((aligned(64)));
static uint8_t other[OTHER] __attribute__((aligned(64)));
static ucontext_t outside, device, library;
static bool on_painted;
static size_t calls;

size_t door_calls(void)
{
    return calls;
}

static void must(int result)
{
    if (result != 0) {
        abort();
    }
}

size_t door_run(void (*run)(void))
{
    size_t untouched = 0;
    memset(painted, PAINT, sizeof painted);
    must(getcontext(&device));
    device.uc_stack.ss_sp = painted;
    device.uc_stack.ss_size = sizeof painted;
    device.uc_link = &outside;
    makecontext(&device, run, 0);
    on_painted = true;
    must(swapcontext(&outside, &device));
    on_painted = false;
    while (untouched < sizeof painted && painted[untouched] == PAINT) {
        untouched++;
    }
    return sizeof painted - untouched;
}

/* What a call of the door was given; one at a time. */
static struct {
    struct skeym_room out;
    uint8_t *to;
    const uint8_t *key, *in;
    struct skeym_span a, b, c;
    const struct skeym_span *parts;
    size_t count;
    enum skeym_error error;
} call;

static void elsewhere(void (*work)(void))
{
    if (!on_painted) {
        work();
        return;
    }
    calls++;
    on_painted = false; /* what the library asks of itself */
    must(getcontext(&library));
    library.uc_stack.ss_sp = other;
    library.uc_stack.ss_size = sizeof other;
    library.uc_link = &device;
    makecontext(&library, work, 0);
    must(swapcontext(&device, &library));
    on_painted = true;
}

/* The linker's names. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#define REAL(name)  __real_skeym_crypto_##name
#define INNER(name) __wrap_skeym_crypto_##name

void REAL(sha256)(uint8_t *out, const struct skeym_span *parts, size_t count);
void INNER(sha256)(uint8_t *out, const struct skeym_span *parts, size_t count);
void REAL(hmac)(uint8_t *out, struct skeym_span key, const struct skeym_span *parts, size_t count);
void INNER(hmac)(uint8_t *out, struct skeym_span key, const struct skeym_span *parts, size_t count);
enum skeym_error REAL(hkdf_expand)(struct skeym_room out, const uint8_t *prk,
                                   const struct skeym_span *info, size_t count);
enum skeym_error INNER(hkdf_expand)(struct skeym_room out, const uint8_t *prk,
                                    const struct skeym_span *info, size_t count);
enum skeym_error REAL(hkdf)(struct skeym_room out, struct skeym_span salt, struct skeym_span input,
                            struct skeym_span info);
enum skeym_error INNER(hkdf)(struct skeym_room out, struct skeym_span salt, struct skeym_span input,
                             struct skeym_span info);
enum skeym_error REAL(x25519_public)(uint8_t *out, const uint8_t *key);
enum skeym_error INNER(x25519_public)(uint8_t *out, const uint8_t *key);
enum skeym_error REAL(x25519)(uint8_t *out, const uint8_t *key, const uint8_t *peer);
enum skeym_error INNER(x25519)(uint8_t *out, const uint8_t *key, const uint8_t *peer);
enum skeym_error REAL(seal)(struct skeym_room out, const uint8_t *key, const uint8_t *iv,
                            struct skeym_span aad, struct skeym_span plain);
enum skeym_error INNER(seal)(struct skeym_room out, const uint8_t *key, const uint8_t *iv,
                             struct skeym_span aad, struct skeym_span plain);
enum skeym_error REAL(open)(struct skeym_room out, const uint8_t *key, const uint8_t *iv,
                            struct skeym_span aad, struct skeym_span sealed);
enum skeym_error INNER(open)(struct skeym_room out, const uint8_t *key, const uint8_t *iv,
                             struct skeym_span aad, struct skeym_span sealed);

static void do_sha256(void)
{
    REAL(sha256)(call.to, call.parts, call.count);
}

void INNER(sha256)(uint8_t *out, const struct skeym_span *parts, size_t count)
{
    call.to = out;
    call.parts = parts;
    call.count = count;
    elsewhere(do_sha256);
}

static void do_hmac(void)
{
    REAL(hmac)(call.to, call.a, call.parts, call.count);
}

void INNER(hmac)(uint8_t *out, struct skeym_span key, const struct skeym_span *parts, size_t count)
{
    call.to = out;
    call.a = key;
    call.parts = parts;
    call.count = count;
    elsewhere(do_hmac);
}

static void do_hkdf_expand(void)
{
    call.error = REAL(hkdf_expand)(call.out, call.key, call.parts, call.count);
}

enum skeym_error INNER(hkdf_expand)(struct skeym_room out, const uint8_t *prk,
                                    const struct skeym_span *info, size_t count)
{
    call.out = out;
    call.key = prk;
    call.parts = info;
    call.count = count;
    elsewhere(do_hkdf_expand);
    return call.error;
}

static void do_hkdf(void)
{
    call.error = REAL(hkdf)(call.out, call.a, call.b, call.c);
}

enum skeym_error INNER(hkdf)(struct skeym_room out, struct skeym_span salt, struct skeym_span input,
                             struct skeym_span info)
{
    call.out = out;
    call.a = salt;
    call.b = input;
    call.c = info;
    elsewhere(do_hkdf);
    return call.error;
}

static void do_x25519_public(void)
{
    call.error = REAL(x25519_public)(call.to, call.key);
}

enum skeym_error INNER(x25519_public)(uint8_t *out, const uint8_t *key)
{
    call.to = out;
    call.key = key;
    elsewhere(do_x25519_public);
    return call.error;
}

static void do_x25519(void)
{
    call.error = REAL(x25519)(call.to, call.key, call.in);
}

enum skeym_error INNER(x25519)(uint8_t *out, const uint8_t *key, const uint8_t *peer)
{
    call.to = out;
    call.key = key;
    call.in = peer;
    elsewhere(do_x25519);
    return call.error;
}

static void do_seal(void)
{
    call.error = REAL(seal)(call.out, call.key, call.in, call.a, call.b);
}

enum skeym_error INNER(seal)(struct skeym_room out, const uint8_t *key, const uint8_t *iv,
                             struct skeym_span aad, struct skeym_span plain)
{
    call.out = out;
    call.key = key;
    call.in = iv;
    call.a = aad;
    call.b = plain;
    elsewhere(do_seal);
    return call.error;
}

static void do_open(void)
{
    call.error = REAL(open)(call.out, call.key, call.in, call.a, call.b);
}

enum skeym_error INNER(open)(struct skeym_room out, const uint8_t *key, const uint8_t *iv,
                             struct skeym_span aad, struct skeym_span sealed)
{
    call.out = out;
    call.key = key;
    call.in = iv;
    call.a = aad;
    call.b = sealed;
    elsewhere(do_open);
    return call.error;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
