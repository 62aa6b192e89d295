/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-256-GCM (NIST SP 800-38D) and AES-256-CMAC of single blocks by the CPU's AES and carry-less
 * multiplication instructions. For short messages under keys that are used once, as ours are: a
 * library makes tables for long ones first, or asks which algorithm is meant, and that took longer
 * than the message itself. No branch and no address depends on keys or texts.
 *
 * GHASH is computed as POLYVAL (RFC 8452, appendix A): the same sum with its bits in the order in
 * which the instruction wants them. A product is reduced by two multiplications with the modulus'
 * upper half (Montgomery), and only once for all blocks of a group.
 */
#include "crypto/backend.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <sodium.h>
#include <string.h>

#define X86      __attribute__((target("aes,pclmul,avx2")))
#define IN_PLACE X86 __attribute__((always_inline)) static inline
#define ROUNDS   14
#define LANES    8 /* blocks that are encrypted together: as many as hide an instruction's latency */
#define BLOCK    SKEYM_BLOCK_BYTES

/* With each of the lanes. Written out, so that a lane is a register at every level of optimization.
 */
#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)

/* SECRET, all of it. */
struct work {
    __m128i keys[ROUNDS + 1];
    __m128i powers[LANES]; /* H, H^2, ...: as many as a group has blocks */
    __m128i group[LANES];  /* blocks that wait to be multiplied */
    __m128i stream[LANES]; /* E(K, counter): xored with the text */
    __m128i sum;           /* of GHASH, so far */
    __m128i mask;          /* E(K, first counter): xored with the sum */
    __m128i counter;       /* of the next block, its number the other way round */
    size_t waiting, group_size;
    size_t used, ready; /* blocks of the stream */
    uint8_t part[BLOCK];
};

IN_PLACE __m128i load(const uint8_t *bytes)
{
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

IN_PLACE void store(uint8_t *bytes, __m128i block)
{
    _mm_storeu_si128((__m128i *)(void *)bytes, block);
}

/* The first bytes of a block, 0 behind them. */
IN_PLACE __m128i load_part(struct work *work, const uint8_t *bytes, size_t size)
{
    store(work->part, _mm_setzero_si128());
    memcpy(work->part, bytes, size);
    return load(work->part);
}

IN_PLACE void store_part(struct work *work, uint8_t *bytes, __m128i block, size_t size)
{
    store(work->part, block);
    memcpy(bytes, work->part, size);
}

IN_PLACE __m128i reversed(__m128i block)
{
    return _mm_shuffle_epi8(block,
                            _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}

/* --- AES-256 (FIPS 197) ------------------------------------------------------------ */

/* The next four words of the schedule: each the xor of those before it in w, and of `last`. */
IN_PLACE __m128i next_words(__m128i w, __m128i last)
{
    w = _mm_xor_si128(w, _mm_slli_si128(w, 4));
    w = _mm_xor_si128(w, _mm_slli_si128(w, 8));
    return _mm_xor_si128(w, last);
}

/* SubWord in all columns at once: they are equal, so that the last round's ShiftRows moves nothing.
 * This instruction is faster than the one for key schedules. */
X86 static void expand(__m128i keys[ROUNDS + 1], const uint8_t key[SKEYM_KEY_BYTES])
{
    const __m128i turned = _mm_set1_epi32(0x0c0f0e0d); /* RotWord of the last word */
    const __m128i straight = _mm_set1_epi32(0x0f0e0d0c);
    __m128i even = load(key);
    __m128i odd = load(key + BLOCK);
    __m128i constant = _mm_set1_epi32(1);
    keys[0] = even;
    keys[1] = odd;
    for (size_t i = 2; i < ROUNDS; i += 2) {
        even = next_words(even, _mm_aesenclast_si128(_mm_shuffle_epi8(odd, turned), constant));
        constant = _mm_slli_epi32(constant, 1);
        odd = next_words(
            odd, _mm_aesenclast_si128(_mm_shuffle_epi8(even, straight), _mm_setzero_si128()));
        keys[i] = even;
        keys[i + 1] = odd;
    }
    keys[ROUNDS] = next_words(even, _mm_aesenclast_si128(_mm_shuffle_epi8(odd, turned), constant));
}

IN_PLACE void encrypt(__m128i block[LANES], const __m128i keys[ROUNDS + 1])
{
    __m128i key = keys[0];
#define FIRST(i) block[i] = _mm_xor_si128(block[i], key);
#define ROUND(i) block[i] = _mm_aesenc_si128(block[i], key);
#define LAST(i)  block[i] = _mm_aesenclast_si128(block[i], key);
    EACH(FIRST)
    for (size_t round = 1; round < ROUNDS; round++) {
        key = keys[round];
        EACH(ROUND)
    }
    key = keys[ROUNDS];
    EACH(LAST)
#undef FIRST
#undef ROUND
#undef LAST
}

/* The next counter's block. Its number (the last four bytes) lies reversed in *counter. */
IN_PLACE __m128i count(__m128i *counter)
{
    __m128i block = _mm_shuffle_epi8(
        *counter, _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 14, 13, 12));
    *counter = _mm_add_epi32(*counter, _mm_setr_epi32(0, 0, 0, 1));
    return block;
}

X86 static void more_stream(struct work *work)
{
    __m128i block[LANES];
    __m128i counter = work->counter;
#define COUNT(i) block[i] = count(&counter);
#define KEEP(i)  work->stream[i] = block[i];
    EACH(COUNT)
    encrypt(block, work->keys);
    EACH(KEEP)
#undef COUNT
#undef KEEP
    work->counter = counter;
    work->used = 0;
    work->ready = LANES;
}

/* --- GHASH ------------------------------------------------------------------------- */

/* A sum of products, 256 bits: low + middle x^64 + high x^128. */
struct product {
    __m128i low, middle, high;
};

IN_PLACE void add_product(struct product *sum, __m128i a, __m128i b)
{
    sum->low = _mm_xor_si128(sum->low, _mm_clmulepi64_si128(a, b, 0x00));
    sum->middle = _mm_xor_si128(sum->middle, _mm_clmulepi64_si128(a, b, 0x01));
    sum->middle = _mm_xor_si128(sum->middle, _mm_clmulepi64_si128(a, b, 0x10));
    sum->high = _mm_xor_si128(sum->high, _mm_clmulepi64_si128(a, b, 0x11));
}

/* The modulus is x^128 + x^127 + x^126 + x^121 + 1. Each step adds the multiple of it that clears
 * the lowest 64 bits, and drops these. */
IN_PLACE __m128i reduce(struct product p)
{
    const __m128i upper = _mm_set1_epi64x((long long)0xc200000000000000);
    __m128i low = _mm_xor_si128(p.low, _mm_slli_si128(p.middle, 8));
    __m128i high = _mm_xor_si128(p.high, _mm_srli_si128(p.middle, 8));
    low = _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), _mm_clmulepi64_si128(low, upper, 0x00));
    low = _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), _mm_clmulepi64_si128(low, upper, 0x00));
    return _mm_xor_si128(high, low);
}

IN_PLACE __m128i multiply(__m128i a, __m128i b)
{
    struct product p = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    add_product(&p, a, b);
    return reduce(p);
}

/* H as POLYVAL has it: reversed, and times x. */
IN_PLACE __m128i hash_key(__m128i h)
{
    h = reversed(h);
    __m128i carries = _mm_srli_epi64(h, 63);
    __m128i over = _mm_sub_epi64(_mm_setzero_si128(), _mm_unpackhi_epi64(carries, carries));
    h = _mm_or_si128(_mm_slli_epi64(h, 1), _mm_slli_si128(carries, 8));
    return _mm_xor_si128(h, _mm_and_si128(over, _mm_set_epi64x((long long)0xc200000000000000, 1)));
}

/* From the highest power that is known, so that few of the products wait for one another. */
X86 static void raise(__m128i powers[LANES], size_t most)
{
    for (size_t known = 1; known < most; known *= 2) {
        for (size_t i = 0; i < known && known + i < most; i++) {
            powers[known + i] = multiply(powers[known - 1], powers[i]);
        }
    }
}

/* sum = (sum + x1) H^n + x2 H^(n-1) + ... + xn H, of the n blocks that wait. */
X86 static void fold(struct work *work)
{
    struct product p = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    work->group[0] = _mm_xor_si128(work->group[0], work->sum);
    for (size_t i = 0; i < work->waiting; i++) {
        add_product(&p, work->group[i], work->powers[work->waiting - 1 - i]);
    }
    work->sum = reduce(p);
    work->waiting = 0;
}

IN_PLACE void hash_block(struct work *work, __m128i block)
{
    work->group[work->waiting++] = block;
    if (work->waiting == work->group_size) {
        fold(work);
    }
}

X86 static void hash(struct work *work, struct skeym_span in)
{
    size_t done = 0;
    for (; in.size - done >= BLOCK; done += BLOCK) {
        hash_block(work, reversed(load(in.data + done)));
    }
    if (done < in.size) {
        hash_block(work, reversed(load_part(work, in.data + done, in.size - done)));
    }
}

/* --- GCM ------------------------------------------------------------------------------ */

static size_t blocks_of(size_t size)
{
    return size / BLOCK + (size % BLOCK != 0);
}

/* LANES blocks at once, all in registers. What waited is multiplied before. */
IN_PLACE void crypt_group(struct work *work, uint8_t *out, const uint8_t *in, bool opening)
{
    __m128i block[LANES];
    __m128i counter = work->counter;
    struct product p = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    if (work->waiting > 0) {
        fold(work);
    }
    __m128i sum = work->sum;
#define COUNT(i) block[i] = count(&counter);
#define CRYPT(i)                                                                                   \
    {                                                                                              \
        __m128i given = load(in + BLOCK * (i));                                                    \
        __m128i made = _mm_xor_si128(given, block[i]);                                             \
        store(out + BLOCK * (i), made);                                                            \
        __m128i hashed = reversed(opening ? given : made);                                         \
        hashed = (i) > 0 ? hashed : _mm_xor_si128(hashed, sum);                                    \
        add_product(&p, hashed, work->powers[LANES - 1 - (i)]);                                    \
    }
    EACH(COUNT)
    encrypt(block, work->keys);
    EACH(CRYPT)
#undef COUNT
#undef CRYPT
    work->counter = counter;
    work->sum = reduce(p);
}

/* Encrypts or decrypts, and hashes the side that is encrypted. */
IN_PLACE void crypt(struct work *work, uint8_t *out, struct skeym_span in, bool opening)
{
    size_t done = 0;
    while (in.size - done >= BLOCK) {
        if (work->used < work->ready) {
            __m128i given = load(in.data + done);
            __m128i made = _mm_xor_si128(given, work->stream[work->used++]);
            store(out + done, made);
            hash_block(work, reversed(opening ? given : made));
            done += BLOCK;
        } else if (in.size - done >= BLOCK * LANES && work->group_size == LANES) {
            crypt_group(work, out + done, in.data + done, opening);
            done += BLOCK * LANES;
        } else {
            more_stream(work);
        }
    }
    if (done < in.size) {
        size_t rest = in.size - done;
        if (work->used == work->ready) {
            more_stream(work);
        }
        __m128i given = load_part(work, in.data + done, rest);
        store_part(work, out + done, _mm_xor_si128(given, work->stream[work->used++]), rest);
        /* The part of the block is there once more, and 0 behind it. */
        memset(work->part + rest, 0, BLOCK - rest);
        hash_block(work, reversed(opening ? given : load(work->part)));
    }
}

X86 static void start(struct work *work, const uint8_t key[SKEYM_KEY_BYTES],
                      const uint8_t iv[SKEYM_IV_BYTES], size_t aad_size, size_t text_size)
{
    __m128i block[LANES];
    uint32_t words[4];
    memcpy(words, iv, SKEYM_IV_BYTES);
    words[3] = 1;
    __m128i counter = _mm_loadu_si128((const __m128i *)(const void *)words);
    expand(work->keys, key);
    block[0] = _mm_setzero_si128();
#define COUNT(i) block[i] = i > 0 ? count(&counter) : block[i];
#define KEEP(i)  work->stream[i] = block[i];
    EACH(COUNT)
    encrypt(block, work->keys);
    EACH(KEEP)
#undef COUNT
#undef KEEP
    work->counter = counter;
    work->mask = block[1];
    work->used = 2;
    work->ready = LANES;
    /* Two groups of the same size need fewer powers than a full one and the rest. */
    size_t blocks = blocks_of(aad_size) + blocks_of(text_size) + 1;
    work->group_size = blocks <= LANES ? blocks : blocks <= 2 * LANES ? blocks - blocks / 2 : LANES;
    work->waiting = 0;
    work->sum = _mm_setzero_si128();
    work->powers[0] = hash_key(block[0]);
    raise(work->powers, work->group_size);
}

X86 static __m128i end(struct work *work, size_t aad_size, size_t text_size)
{
    __m128i bits =
        _mm_set_epi64x((long long)(8 * (uint64_t)aad_size), (long long)(8 * (uint64_t)text_size));
    hash_block(work, bits);
    if (work->waiting > 0) {
        fold(work);
    }
    return _mm_xor_si128(reversed(work->sum), work->mask);
}

X86 static bool seal(uint8_t *out, const uint8_t key[SKEYM_KEY_BYTES],
                     const uint8_t iv[SKEYM_IV_BYTES], struct skeym_span aad,
                     struct skeym_span plain)
{
    struct work work;
    start(&work, key, iv, aad.size, plain.size);
    hash(&work, aad);
    crypt(&work, out, plain, false);
    store(out + plain.size, end(&work, aad.size, plain.size));
    skeym_crypto_wipe(&work, sizeof work);
    return true;
}

/* It decrypts whatever the tag says: so a refusal takes as long as another outcome. */
X86 static enum skeym_error open_sealed(uint8_t *out, const uint8_t key[SKEYM_KEY_BYTES],
                                        const uint8_t iv[SKEYM_IV_BYTES], struct skeym_span aad,
                                        struct skeym_span sealed)
{
    struct work work;
    uint8_t tags[2][SKEYM_TAG_BYTES];
    struct skeym_span text = {sealed.data, sealed.size - SKEYM_TAG_BYTES};
    memcpy(tags[0], sealed.data + text.size, SKEYM_TAG_BYTES);
    start(&work, key, iv, aad.size, text.size);
    hash(&work, aad);
    crypt(&work, out, text, true);
    store(tags[1], end(&work, aad.size, text.size));
    bool right = skeym_crypto_equal(tags[0], tags[1], SKEYM_TAG_BYTES);
    skeym_crypto_wipe(&work, sizeof work);
    skeym_crypto_wipe(tags, sizeof tags);
    return right ? SKEYM_OK : SKEYM_ERR_SEAL;
}

/* --- CMAC ------------------------------------------------------------------------------ */

/* The subkey K1: L doubled in GF(2^128), as a number with its highest byte first. */
IN_PLACE __m128i subkey(__m128i l)
{
    __m128i number = reversed(l);
    __m128i carries = _mm_srli_epi64(number, 63);
    __m128i over = _mm_sub_epi64(_mm_setzero_si128(), _mm_srli_si128(carries, 8));
    number = _mm_or_si128(_mm_slli_epi64(number, 1), _mm_slli_si128(carries, 8));
    return reversed(_mm_xor_si128(number, _mm_and_si128(over, _mm_set_epi64x(0, 0x87))));
}

_Static_assert(LANES >= SKEYM_CMAC_BLOCKS_MAX, "all blocks at once");

X86 static bool cmac_blocks(uint8_t *out, const uint8_t key[SKEYM_KEY_BYTES], const uint8_t *in,
                            size_t blocks)
{
    struct {
        __m128i keys[ROUNDS + 1];
        __m128i block[LANES];
    } work;
    __m128i block[LANES];
    __m128i k1;
    expand(work.keys, key);
    __m128i l = _mm_xor_si128(_mm_setzero_si128(), work.keys[0]);
    for (size_t round = 1; round < ROUNDS; round++) {
        l = _mm_aesenc_si128(l, work.keys[round]);
    }
    k1 = subkey(_mm_aesenclast_si128(l, work.keys[ROUNDS]));
    memset(work.block, 0, sizeof work.block);
    memcpy(work.block, in, blocks * BLOCK);
#define TAKE(i) block[i] = _mm_xor_si128(work.block[i], k1);
#define KEEP(i) work.block[i] = block[i];
    EACH(TAKE)
    encrypt(block, work.keys);
    EACH(KEEP)
#undef TAKE
#undef KEEP
    memcpy(out, work.block, blocks * BLOCK);
    skeym_crypto_wipe(&work, sizeof work);
    return true;
}

/* --- the table --------------------------------------------------------------------------- */

static bool usable(void)
{
    return sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1 &&
           sodium_runtime_has_avx2() == 1;
}

#else

static bool usable(void)
{
    return false;
}

#define seal        NULL
#define open_sealed NULL
#define cmac_blocks NULL

#endif

static const char *version(void)
{
    return "of the CPU";
}

const struct skeym_crypto_backend skeym_aesni = {
    .name = "AES instructions",
    .version = version,
    .usable = usable,
    .most = 8192,
    .seal = seal,
    .open = open_sealed,
    .cmac_blocks = cmac_blocks,
};
