/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"
#include <skeym/exchange.h>
#include <string.h>

#define KEYS       4
#define KEYS_LABEL "skeym/1 exchange"

_Static_assert(sizeof(struct skeym_exchange_keys) == KEYS * (size_t)32,
               "keys, as they are derived");

enum skeym_error skeym_exchange_derive(struct skeym_exchange_keys *out,
                                       const uint8_t secret[SKEYM_SECRET_BYTES])
{
    struct skeym_span info = SKEYM_SPAN_LITERAL(KEYS_LABEL);
    return skeym_crypto_hkdf_expand((struct skeym_room){(uint8_t *)out, sizeof *out}, secret, &info,
                                    1);
}

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (uint64_t)(byte))
#define TOP_BITS    EVERY(0x80)

/* The top bit of each of the eight bytes that is not in first..0x7e; and others. */
static uint64_t not_within(const uint8_t *eight, uint8_t first)
{
    uint64_t bytes;
    __builtin_memcpy(&bytes, eight, sizeof bytes);
    uint64_t low = bytes & ~TOP_BITS;
    return bytes | ~(low + EVERY(0x80 - first)) | (low + EVERY(0x80 - 0x7f));
}

/* Whether each byte is in first..0x7e. Eight at a time, the last eight perhaps for a second time:
 * a request is looked at twice. */
static bool all_within(struct skeym_span part, uint8_t first)
{
    uint64_t bad = 0;
    size_t done = 0;
    for (; part.size - done >= sizeof bad; done += sizeof bad) {
        bad |= not_within(part.data + done, first);
    }
    if (done > 0 && done < part.size) {
        bad |= not_within(part.data + (part.size - sizeof bad), first);
        done = part.size;
    }
    for (; done < part.size; done++) {
        bad |= part.data[done] < first || part.data[done] > 0x7e ? TOP_BITS : 0;
    }
    return (bad & TOP_BITS) == 0;
}

/* What section 8 allows in a part of the canonical request. */
static enum skeym_error check_part(struct skeym_span part, size_t least, size_t most, uint8_t first)
{
    if (part.size < least || part.size > most) {
        return SKEYM_ERR_SIZE;
    }
    return all_within(part, first) ? SKEYM_OK : SKEYM_ERR_CHARSET;
}

enum skeym_error skeym_exchange_parts(const struct skeym_exchange_request *request)
{
    enum skeym_error error = check_part(request->method, 1, SKEYM_METHOD_BYTES, 0x21);
    if (error == SKEYM_OK) {
        error = check_part(request->target, 1, SKEYM_TARGET_BYTES, 0x21);
    }
    if (error == SKEYM_OK) {
        error = check_part(request->content_type, 0, SKEYM_FIELD_BYTES, 0x20);
    }
    return error;
}

/* The canonical request, in parts that point into it and into the request. */
struct canonical {
    struct skeym_span parts[9];
    uint8_t hash_text[SKEYM_BASE64URL_CHARS(SKEYM_SHA256_BYTES)];
};
#define PARTS (sizeof((struct canonical *)0)->parts / sizeof(struct skeym_span))

static enum skeym_error write_canonical(struct canonical *out,
                                        const struct skeym_exchange_request *request)
{
    enum skeym_error error = skeym_exchange_parts(request);
    if (error != SKEYM_OK) {
        return error;
    }
    uint8_t hash[SKEYM_SHA256_BYTES];
    struct skeym_writer hash_text =
        skeym_writer((struct skeym_room){out->hash_text, sizeof out->hash_text});
    if (request->body.size > 0) {
        skeym_crypto_sha256(hash, &request->body, 1);
        skeym_base64url_write(&hash_text, skeym_span(hash, sizeof hash));
    }
    const struct skeym_span line = SKEYM_SPAN_LITERAL("\n");
    struct skeym_span *part = out->parts;
    *part++ = SKEYM_SPAN_LITERAL("SkeyM/1\n");
    *part++ = request->method;
    *part++ = line;
    *part++ = request->target;
    *part++ = line;
    *part++ = request->content_type;
    *part++ = line;
    *part++ = skeym_written(&hash_text);
    *part++ = line;
    return SKEYM_OK;
}

enum skeym_error skeym_exchange_proof(uint8_t out[SKEYM_PROOF_BYTES], const uint8_t proof_key[32],
                                      const struct skeym_exchange_request *request)
{
    struct canonical canonical;
    memset(out, 0, SKEYM_PROOF_BYTES);
    enum skeym_error error = write_canonical(&canonical, request);
    if (error == SKEYM_OK) {
        skeym_crypto_hmac(out, skeym_span(proof_key, 32), canonical.parts, PARTS);
    }
    return error;
}

static enum skeym_error read_proof(uint8_t out[SKEYM_PROOF_BYTES], struct skeym_span text)
{
    size_t size = 0;
    return text.size == SKEYM_PROOF_CHARS
               ? skeym_base64url_read((struct skeym_room){out, SKEYM_PROOF_BYTES}, &size, text)
               : SKEYM_ERR_SHAPE;
}

enum skeym_error skeym_exchange_check(struct skeym_span proof_text, const uint8_t proof_key[32],
                                      const struct skeym_exchange_request *request)
{
    uint8_t given[SKEYM_PROOF_BYTES];
    uint8_t right[SKEYM_PROOF_BYTES];
    if (read_proof(given, proof_text) != SKEYM_OK ||
        skeym_exchange_proof(right, proof_key, request) != SKEYM_OK) {
        return SKEYM_ERR_SHAPE;
    }
    bool equal = skeym_crypto_equal(given, right, sizeof right);
    skeym_crypto_wipe(right, sizeof right);
    return equal ? SKEYM_OK : SKEYM_ERR_PROOF;
}

enum skeym_error skeym_exchange_derive_and_check(struct skeym_exchange_keys *out,
                                                 const uint8_t secret[SKEYM_SECRET_BYTES],
                                                 struct skeym_span proof_text,
                                                 const struct skeym_exchange_request *request)
{
    uint8_t given[SKEYM_PROOF_BYTES];
    uint8_t right[SKEYM_PROOF_BYTES];
    struct canonical canonical;
    memset(out, 0, sizeof *out);
    if (read_proof(given, proof_text) != SKEYM_OK ||
        write_canonical(&canonical, request) != SKEYM_OK) {
        return SKEYM_ERR_SHAPE;
    }
    enum skeym_error error =
        skeym_crypto_expand_hmac((uint8_t *)out, KEYS, right, secret,
                                 SKEYM_SPAN_LITERAL(KEYS_LABEL), canonical.parts, PARTS);
    if (error == SKEYM_OK && !skeym_crypto_equal(given, right, sizeof right)) {
        error = SKEYM_ERR_PROOF;
    }
    if (error != SKEYM_OK) {
        skeym_crypto_wipe(out, sizeof *out);
    }
    skeym_crypto_wipe(right, sizeof right);
    return error;
}
