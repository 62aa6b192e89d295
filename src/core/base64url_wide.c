/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base64url_wide.h"
#include "crypto/crypto.h"
#include <skeym/base64url.h>
#include <string.h>

#define BLOCK_CHARS 32
#define BLOCK_BYTES 24
#define HALF_BYTES  12
/* A block is loaded and stored as two halves of 16 bytes: behind it 4 more are touched. What is too
 * near to the end for that is gathered in registers, and stored by way of a buffer. */
#define SPARE_BYTES 4
#define SPARE_CHARS 8 /* the fewest whose bytes are as many */

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* The same 16 bytes in both halves: the instructions work on halves. */
AVX2 static __m256i twice(__m128i half)
{
    return _mm256_broadcastsi128_si256(half);
}

AVX2 static __m256i load_halves(const uint8_t *low, const uint8_t *high)
{
    __m128i first = _mm_loadu_si128((const __m128i *)(const void *)low);
    __m128i second = _mm_loadu_si128((const __m128i *)(const void *)high);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

/* 0 to 8 bytes, and as often as they are fewer the filler. */
static long long load_few(struct skeym_span from, uint8_t filler)
{
    uint64_t word = UINT64_C(0x0101010101010101) * filler;
    for (size_t i = 0; i < from.size; i++) {
        word ^= (uint64_t)(from.data[i] ^ filler) << 8 * i;
    }
    return (long long)word;
}

/* 16 bytes of what is left, and filler where nothing is. Not through memory: a vector that is read
 * where parts of it have just been written waits for all of them. */
AVX2 static __m128i load_part(struct skeym_span rest, size_t at, uint8_t filler)
{
    struct skeym_span part = skeym_span_part(rest, at, 16);
    if (part.size == 16) {
        return _mm_loadu_si128((const __m128i *)(const void *)part.data);
    }
    return _mm_set_epi64x(load_few(skeym_span_part(part, 8, 8), filler),
                          load_few(skeym_span_part(part, 0, 8), filler));
}

/* A block of the bytes that are left, or of the characters: then the filler is the value 0. */
AVX2 static __m256i load_bytes(struct skeym_span rest, size_t at)
{
    __m256i low = _mm256_castsi128_si256(load_part(rest, at, 0));
    return _mm256_inserti128_si256(low, load_part(rest, at + HALF_BYTES, 0), 1);
}

AVX2 static __m256i load_chars(struct skeym_span rest, size_t at)
{
    __m256i low = _mm256_castsi128_si256(load_part(rest, at, 'A'));
    return _mm256_inserti128_si256(low, load_part(rest, at + BLOCK_CHARS / 2, 'A'), 1);
}

/* Three bytes a, b, c lie as b a c b in each 32-bit word, so that each 16-bit half has two values.
 * Products move them to where they belong: the high halves to the right, the low ones to the left.
 */
AVX2 static __m256i spread(__m256i bytes)
{
    const __m256i order = twice(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
    __m256i v = _mm256_shuffle_epi8(bytes, order);
    __m256i even = _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0fc0fc00)),
                                      _mm256_set1_epi32(1 << 26 | 1 << 6));
    __m256i odd = _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003f03f0)),
                                     _mm256_set1_epi32(1 << 24 | 1 << 4));
    return _mm256_or_si256(even, odd);
}

/* What to add is looked up in a register, by the value's part of the alphabet: 0 for a-z, 1 to 10
 * for 0-9, 11 for '-', 12 for '_', 13 for A-Z. */
AVX2 static __m256i to_chars(__m256i values)
{
    const __m256i amounts =
        twice(_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                            '0' - 52, '0' - 52, '0' - 52, '0' - 52, '-' - 62, '_' - 63, 'A', 0, 0));
    __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
    __m256i part = _mm256_or_si256(_mm256_subs_epu8(values, _mm256_set1_epi8(51)),
                                   _mm256_and_si256(upper, _mm256_set1_epi8(13)));
    return _mm256_add_epi8(values, _mm256_shuffle_epi8(amounts, part));
}

AVX2 static void encode_block(uint8_t *out, __m256i bytes)
{
    _mm256_storeu_si256((__m256i *)(void *)out, to_chars(spread(bytes)));
}

AVX2 static void encode(uint8_t *out, struct skeym_span bytes)
{
    size_t done = 0;
    for (; bytes.size - done >= BLOCK_BYTES + SPARE_BYTES; done += BLOCK_BYTES) {
        const uint8_t *in = bytes.data + done;
        encode_block(out, load_halves(in, in + HALF_BYTES));
        out += BLOCK_CHARS;
    }
    struct skeym_span rest = skeym_span_part(bytes, done, bytes.size);
    if (rest.size > 0) {
        uint8_t last[2 * BLOCK_CHARS];
        encode_block(last, load_bytes(rest, 0));
        if (rest.size > BLOCK_BYTES) {
            encode_block(last + BLOCK_CHARS, load_bytes(rest, BLOCK_BYTES));
        }
        memcpy(out, last, SKEYM_BASE64URL_CHARS(rest.size));
        skeym_crypto_wipe(last, sizeof last);
    }
}

/*
 * A character is its high and its low four bits. Each row of the alphabet (the same high ones) has
 * a bit, and each low part the bits of the rows in which it is no character: 01: 2x, '-' alone 02:
 * 3x, 0-9   04: 4x and 6x, all but 0   08: 5x, 0-a and f   10: 7x, 0-a 20: the other rows, none
 */
AVX2 static __m256i strangers(__m256i high, __m256i low)
{
    const __m256i row = twice(_mm_setr_epi8(0x20, 0x20, 0x01, 0x02, 0x04, 0x08, 0x04, 0x10, 0x20,
                                            0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20));
    const __m256i not_in = twice(_mm_setr_epi8(0x25, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21,
                                               0x21, 0x23, 0x3b, 0x3b, 0x3a, 0x3b, 0x33));
    return _mm256_and_si256(_mm256_shuffle_epi8(row, high), _mm256_shuffle_epi8(not_in, low));
}

/* What to add goes by the row, too, but for '_', which shares its row with P-Z. */
AVX2 static __m256i to_values(__m256i chars, __m256i high)
{
    const __m256i amounts = twice(_mm_setr_epi8(0, 0, 62 - '-', 52 - '0', -'A', -'A', 26 - 'a',
                                                26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0));
    __m256i under = _mm256_cmpeq_epi8(chars, _mm256_set1_epi8('_'));
    __m256i amount = _mm256_add_epi8(_mm256_shuffle_epi8(amounts, high),
                                     _mm256_and_si256(under, _mm256_set1_epi8(63 - '_' + 'A')));
    return _mm256_add_epi8(chars, amount);
}

/* Two values to 12 bits, two of these to 24, and their bytes in order: 12 in each half. */
AVX2 static __m256i gather(__m256i values)
{
    const __m256i order =
        twice(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
    __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi16(1 << 8 | 1 << 6));
    __m256i words = _mm256_madd_epi16(pairs, _mm256_set1_epi32(1 << 16 | 1 << 12));
    return _mm256_shuffle_epi8(words, order);
}

/* Answers what is strange in its characters. */
AVX2 static __m256i decode_block(uint8_t *out, __m256i chars)
{
    __m256i high = _mm256_and_si256(_mm256_srli_epi32(chars, 4), _mm256_set1_epi8(0x0f));
    __m256i low = _mm256_and_si256(chars, _mm256_set1_epi8(0x0f));
    __m256i bytes = gather(to_values(chars, high));
    _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(bytes));
    _mm_storeu_si128((__m128i *)(void *)(out + HALF_BYTES), _mm256_extracti128_si256(bytes, 1));
    return strangers(high, low);
}

AVX2 static void decode(uint8_t *out, struct skeym_span text, uint64_t *bad, uint8_t *left_over)
{
    __m256i found = _mm256_setzero_si256();
    size_t done = 0;
    for (; text.size - done >= BLOCK_CHARS + SPARE_CHARS; done += BLOCK_CHARS) {
        const uint8_t *in = text.data + done;
        __m256i strange = decode_block(out, load_halves(in, in + BLOCK_CHARS / 2));
        found = _mm256_or_si256(found, strange);
        out += BLOCK_BYTES;
    }
    struct skeym_span rest = skeym_span_part(text, done, text.size);
    if (rest.size > 0) {
        uint8_t last[2 * BLOCK_BYTES + SPARE_BYTES];
        found = _mm256_or_si256(found, decode_block(last, load_chars(rest, 0)));
        if (rest.size > BLOCK_CHARS) {
            __m256i chars = load_chars(rest, BLOCK_CHARS);
            found = _mm256_or_si256(found, decode_block(last + BLOCK_BYTES, chars));
        }
        memcpy(out, last, SKEYM_BASE64URL_BYTES(rest.size));
        *left_over = last[SKEYM_BASE64URL_BYTES(rest.size)];
        skeym_crypto_wipe(last, sizeof last);
    }
    *bad |= (uint64_t)!_mm256_testz_si256(found, found);
}

#else

static void encode(uint8_t *out, struct skeym_span bytes)
{
    (void)out;
    (void)bytes;
}

static void decode(uint8_t *out, struct skeym_span text, uint64_t *bad, uint8_t *left_over)
{
    (void)out;
    (void)text;
    (void)bad;
    (void)left_over;
}

#endif

bool skeym_base64url_wide_encode(uint8_t *out, struct skeym_span bytes)
{
    bool wide = skeym_crypto_avx2();
    if (wide) {
        encode(out, bytes);
    }
    return wide;
}

bool skeym_base64url_wide_decode(uint8_t *out, struct skeym_span text, uint64_t *bad,
                                 uint8_t *left_over)
{
    bool wide = skeym_crypto_avx2();
    if (wide) {
        decode(out, text, bad, left_over);
    }
    return wide;
}
