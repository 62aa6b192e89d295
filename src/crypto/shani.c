/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instructions do four rounds, or four words of the message schedule, in two or three steps
 * that wait for one another. OpenSSL uses the same ones; here two states that are independent go
 * side by side, and a chain of single blocks, as in HKDF, is not put down between them.
 */
#include "crypto/shani.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define X86      __attribute__((target("sha,avx2")))
#define IN_PLACE X86 __attribute__((always_inline)) static inline

#define BLOCK_BYTES 64
#define SHA_BIT     (1U << 29) /* of ebx, leaf 7 */

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* The state as the instructions have it, and the last 16 words of the schedule. */
struct lane {
    __m128i abef, cdgh;
    __m128i words[4];
};

IN_PLACE __m128i load(const void *at)
{
    return _mm_loadu_si128((const __m128i *)at);
}

IN_PLACE struct lane take(const uint32_t state[SKEYM_SHANI_WORDS])
{
    __m128i badc = _mm_shuffle_epi32(load(state), 0xb1);
    __m128i hgfe = _mm_shuffle_epi32(load(state + 4), 0x1b);
    struct lane lane;
    lane.abef = _mm_alignr_epi8(badc, hgfe, 8);
    lane.cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
    return lane;
}

IN_PLACE void give(uint32_t state[SKEYM_SHANI_WORDS], struct lane lane)
{
    __m128i abef = _mm_shuffle_epi32(lane.abef, 0x1b);
    __m128i ghcd = _mm_shuffle_epi32(lane.cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(abef, ghcd, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(ghcd, abef, 8));
}

/* Rounds 4i to 4i+3. The first sixteen words are the block's, each later four come of those. */
IN_PLACE void four_rounds(struct lane *lane, const uint8_t *block, unsigned i)
{
    const __m128i big = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    __m128i *now = &lane->words[i & 3];
    if (i < 4) {
        *now = _mm_shuffle_epi8(load(block + (size_t)16 * i), big);
    } else {
        __m128i before = lane->words[(i + 3) & 3];
        __m128i sum = _mm_sha256msg1_epu32(*now, lane->words[(i + 1) & 3]);
        sum = _mm_add_epi32(sum, _mm_alignr_epi8(before, lane->words[(i + 2) & 3], 4));
        *now = _mm_sha256msg2_epu32(sum, before);
    }
    __m128i next = _mm_add_epi32(*now, load(constants + (size_t)4 * i));
    lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, next);
    lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(next, 0x0e));
}

/* Written out, so that words stay in registers at every level of optimization. */
#define ALL_ROUNDS(DO)                                                                             \
    DO(0)                                                                                          \
    DO(1)                                                                                          \
    DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13) DO(14) DO(15)

X86 void skeym_shani_compress(uint32_t state[SKEYM_SHANI_WORDS], const uint8_t *blocks,
                              size_t count)
{
    struct lane lane = take(state);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *block = blocks + i * BLOCK_BYTES;
        __m128i abef = lane.abef;
        __m128i cdgh = lane.cdgh;
#define ROUNDS(i) four_rounds(&lane, block, i);
        ALL_ROUNDS(ROUNDS)
#undef ROUNDS
        lane.abef = _mm_add_epi32(lane.abef, abef);
        lane.cdgh = _mm_add_epi32(lane.cdgh, cdgh);
    }
    give(state, lane);
}

X86 void skeym_shani_compress_two(uint32_t first[SKEYM_SHANI_WORDS], const uint8_t *first_block,
                                  uint32_t second[SKEYM_SHANI_WORDS], const uint8_t *second_block)
{
    struct lane a = take(first);
    struct lane b = take(second);
    const struct lane a_before = a;
    const struct lane b_before = b;
#define ROUNDS(i)                                                                                  \
    four_rounds(&a, first_block, i);                                                               \
    four_rounds(&b, second_block, i);
    ALL_ROUNDS(ROUNDS)
#undef ROUNDS
    a.abef = _mm_add_epi32(a.abef, a_before.abef);
    a.cdgh = _mm_add_epi32(a.cdgh, a_before.cdgh);
    b.abef = _mm_add_epi32(b.abef, b_before.abef);
    b.cdgh = _mm_add_epi32(b.cdgh, b_before.cdgh);
    give(first, a);
    give(second, b);
}

/* The AVX2 that the rest of these functions is compiled for is asked for by the caller's door. */
bool skeym_shani_usable(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) == 1 && (b & SHA_BIT) != 0;
}

#else

bool skeym_shani_usable(void)
{
    return false;
}

void skeym_shani_compress(uint32_t state[SKEYM_SHANI_WORDS], const uint8_t *blocks, size_t count)
{
    (void)state;
    (void)blocks;
    (void)count;
}

void skeym_shani_compress_two(uint32_t first[SKEYM_SHANI_WORDS], const uint8_t *first_block,
                              uint32_t second[SKEYM_SHANI_WORDS], const uint8_t *second_block)
{
    (void)first;
    (void)first_block;
    (void)second;
    (void)second_block;
}

#endif
