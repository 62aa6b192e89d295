/* SPDX-License-Identifier: Apache-2.0 */
#include "core/xaes.h"
#include "crypto/crypto.h"
#include <skeym/token.h>
#include <string.h>

#define PREFIX_BYTES 5 /* version, epoch */
#define BLOCK        16
#define TAG          16

/* The associated data: the token's first 5 bytes, then the audience. */
struct aad {
    uint8_t bytes[PREFIX_BYTES + SKEYM_AUDIENCE_BYTES];
};

/*@ requires \valid(aad) && \valid_read(audience) && readable(prefix);
    requires prefix.size <= PREFIX_BYTES && \separated(aad, audience);
    requires \separated(aad, prefix.data + (0 .. prefix.size - 1));
    assigns *aad;
    ensures readable(\result); */
static struct skeym_span aad_of(struct aad *aad, struct skeym_span prefix,
                                const struct skeym_name *audience)
{
    struct skeym_writer writer = skeym_writer((struct skeym_room){aad->bytes, sizeof aad->bytes});
    skeym_write_span(&writer, prefix);
    skeym_write_span(&writer, skeym_name_span(audience));
    return skeym_written(&writer);
}

enum skeym_error skeym_token_mint(struct skeym_room out, size_t *size,
                                  const struct skeym_audience_keys *keys,
                                  const struct skeym_token_claims *claims,
                                  const uint8_t nonce[SKEYM_NONCE_BYTES])
{
    uint8_t plain[SKEYM_TOKEN_CLAIMS_BYTES];
    struct skeym_writer body = skeym_writer((struct skeym_room){plain, sizeof plain});
    struct skeym_writer head = skeym_writer(out);
    struct aad aad;
    enum skeym_error error = SKEYM_OK;
    *size = 0;
    skeym_token_claims_write(&body, claims);
    if (skeym_writer_end(&body) != SKEYM_OK) {
        error = SKEYM_ERR_RANGE;
        goto out;
    }
    skeym_write_u8(&head, SKEYM_TOKEN_VERSION);
    skeym_write_u32(&head, keys->epoch);
    struct skeym_span prefix = skeym_written(&head);
    skeym_write_span(&head, skeym_span(nonce, SKEYM_NONCE_BYTES));
    error = skeym_writer_end(&head);
    if (error == SKEYM_OK) {
        error = skeym_xaes_seal_prepared(
            (struct skeym_room){out.data + SKEYM_TOKEN_HEAD, head.left}, &keys->current, nonce,
            aad_of(&aad, prefix, &keys->audience), skeym_written(&body));
    }
    if (error == SKEYM_OK) {
        *size = SKEYM_TOKEN_HEAD + body.size + TAG;
    }
out:
    skeym_crypto_wipe(plain, body.size);
    return error;
}

enum skeym_error skeym_token_time(const struct skeym_token_claims *claims, uint64_t now_ms)
{
    if (now_ms < claims->issued_ms || now_ms - claims->issued_ms >= claims->lifetime_s * 1000ULL ||
        now_ms >= claims->deadline_s * 1000ULL) {
        return SKEYM_ERR_TIME;
    }
    return SKEYM_OK;
}

/* The audience key of an epoch; NULL for one that is not accepted. */
static const struct skeym_cmac_key *key_of(const struct skeym_audience_keys *keys, uint32_t epoch)
{
    if (epoch == keys->epoch) {
        return &keys->current;
    }
    return epoch < keys->epoch && keys->epoch - epoch == 1 ? &keys->previous : NULL;
}

/* Size, version and epoch, which need no key. */
static enum skeym_error read_head(const struct skeym_cmac_key **key,
                                  const struct skeym_audience_keys *keys, struct skeym_span token)
{
    /* The sealed claims are padded to blocks, so other sizes need not be tried. */
    if (token.size < SKEYM_TOKEN_HEAD + BLOCK + TAG || token.size > SKEYM_TOKEN_BYTES ||
        (token.size - SKEYM_TOKEN_HEAD - TAG) % BLOCK != 0) {
        return SKEYM_ERR_SIZE;
    }
    struct skeym_reader reader = skeym_reader(token);
    if (skeym_read_u8(&reader) != SKEYM_TOKEN_VERSION) {
        return SKEYM_ERR_VERSION;
    }
    *key = key_of(keys, skeym_read_u32(&reader));
    return *key ? SKEYM_OK : SKEYM_ERR_EPOCH;
}

enum skeym_error skeym_token_open(struct skeym_token_claims *out, uint64_t *id,
                                  const struct skeym_audience_keys *keys, struct skeym_span token,
                                  uint64_t now_ms)
{
    uint8_t plain[SKEYM_TOKEN_CLAIMS_BYTES];
    const struct skeym_cmac_key *key = NULL;
    struct aad aad;
    *id = 0; /* *out: by who writes it, or at the end */
    enum skeym_error error = read_head(&key, keys, token);
    if (error != SKEYM_OK) {
        memset(out, 0, sizeof *out);
        return error;
    }
    struct skeym_span nonce = skeym_span_part(token, PREFIX_BYTES, SKEYM_NONCE_BYTES);
    struct skeym_span sealed = skeym_span_part(token, SKEYM_TOKEN_HEAD, token.size);
    struct skeym_span prefix = skeym_span_part(token, 0, PREFIX_BYTES);
    struct skeym_span opened = skeym_span(plain, sealed.size - TAG);
    error = skeym_xaes_open_prepared((struct skeym_room){plain, sizeof plain}, key, nonce.data,
                                     aad_of(&aad, prefix, &keys->audience), sealed);
    if (error == SKEYM_OK) {
        error = skeym_token_claims_read(out, opened);
    }
    if (error == SKEYM_OK) {
        error = skeym_token_time(out, now_ms);
    }
    if (error == SKEYM_OK) {
        struct skeym_reader reader = skeym_reader(nonce);
        *id = skeym_read_u64(&reader);
    } else {
        skeym_crypto_wipe(out, sizeof *out);
    }
    skeym_crypto_wipe(plain, opened.size);
    return error;
}
