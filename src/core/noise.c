/* SPDX-License-Identifier: Apache-2.0 */
/* Functions and variables are named as in the Noise specification, section 5. */
#include "core/noise.h"
#include "crypto/crypto.h"
#include <string.h>

/* As long as a hash, so it is the first h itself. */
static const char protocol_name[] = "Noise_IKpsk1_25519_AESGCM_SHA256";
_Static_assert(sizeof protocol_name - 1 == SKEYM_SHA256_BYTES, "the name would need hashing");

/* --- symmetric state -------------------------------------------------------- */

static void mix_hash(struct skeym_handshake *state, struct skeym_span a, struct skeym_span b)
{
    const struct skeym_span parts[] = {skeym_span(state->h, sizeof state->h), a, b};
    skeym_crypto_sha256(state->h, parts, 3);
}

/* HKDF(ck, input) gives the new ck, `more` bytes of whatever comes between, and the new k. */
static enum skeym_error mix(struct skeym_handshake *state, struct skeym_span input,
                            struct skeym_room between)
{
    uint8_t made[3 * SKEYM_SHA256_BYTES];
    struct skeym_room room = {made, sizeof state->ck + between.room + sizeof state->k};
    const struct skeym_span nothing = {0};
    enum skeym_error error =
        skeym_crypto_hkdf(room, skeym_span(state->ck, sizeof state->ck), input, nothing);
    memcpy(state->ck, made, sizeof state->ck);
    if (between.room > 0) {
        memcpy(between.data, made + sizeof state->ck, between.room);
    }
    memcpy(state->k, made + sizeof state->ck + between.room, sizeof state->k);
    state->n = 0;
    skeym_crypto_wipe(made, sizeof made);
    return error;
}

static enum skeym_error mix_key(struct skeym_handshake *state, const uint8_t input[32])
{
    return mix(state, skeym_span(input, 32), (struct skeym_room){0});
}

static enum skeym_error mix_key_and_hash(struct skeym_handshake *state, const uint8_t psk[32])
{
    uint8_t temp_h[SKEYM_SHA256_BYTES];
    enum skeym_error error =
        mix(state, skeym_span(psk, 32), (struct skeym_room){temp_h, sizeof temp_h});
    mix_hash(state, skeym_span(temp_h, sizeof temp_h), (struct skeym_span){0});
    skeym_crypto_wipe(temp_h, sizeof temp_h);
    return error;
}

/* 4 zero bytes and n. Every message here has a k of its own, so n stays far from its end. */
static void next_iv(uint8_t iv[SKEYM_IV_BYTES], struct skeym_handshake *state)
{
    struct skeym_writer writer = skeym_writer((struct skeym_room){iv, SKEYM_IV_BYTES});
    skeym_write_u32(&writer, 0);
    skeym_write_u64(&writer, state->n);
    state->n++;
}

enum skeym_error skeym_noise_seal(struct skeym_handshake *state, struct skeym_room out,
                                  struct skeym_span plain)
{
    uint8_t iv[SKEYM_IV_BYTES];
    next_iv(iv, state);
    enum skeym_error error =
        skeym_crypto_seal(out, state->k, iv, skeym_span(state->h, sizeof state->h), plain);
    if (!error) {
        mix_hash(state, skeym_span(out.data, plain.size),
                 skeym_span(out.data + plain.size, SKEYM_NOISE_TAG_BYTES));
    }
    return error;
}

enum skeym_error skeym_noise_open(struct skeym_handshake *state, struct skeym_room out,
                                  struct skeym_span sealed)
{
    uint8_t iv[SKEYM_IV_BYTES];
    uint8_t h[SKEYM_SHA256_BYTES];
    next_iv(iv, state);
    memcpy(h, state->h, sizeof h);
    mix_hash(state, sealed, (struct skeym_span){0}); /* before out, which may be sealed */
    enum skeym_error error = skeym_crypto_open(out, state->k, iv, skeym_span(h, sizeof h), sealed);
    return skeym_crypto_choose(error == SKEYM_ERR_SEAL, SKEYM_ERR_HANDSHAKE, error);
}

/* --- tokens ------------------------------------------------------------------- */

/* e: with a psk, it also goes into the key. */
static enum skeym_error mix_ephemeral(struct skeym_handshake *state, const uint8_t public_key[32])
{
    mix_hash(state, skeym_span(public_key, 32), (struct skeym_span){0});
    return mix_key(state, public_key);
}

/* es, ss, ee, se. A failed product goes on as zeros. */
static enum skeym_error mix_product(struct skeym_handshake *state, const uint8_t own[32],
                                    const uint8_t peer[32])
{
    uint8_t product[32];
    enum skeym_error error = skeym_crypto_x25519(product, own, peer);
    error = skeym_crypto_first(error, mix_key(state, product));
    skeym_crypto_wipe(product, sizeof product);
    return error;
}

/* --- messages ------------------------------------------------------------------ */

void skeym_noise_start(struct skeym_handshake *state, const struct skeym_span prologue[2],
                       const uint8_t responder[32])
{
    *state = (struct skeym_handshake){0};
    memcpy(state->h, protocol_name, sizeof state->h);
    memcpy(state->ck, protocol_name, sizeof state->ck);
    mix_hash(state, prologue[0], prologue[1]);
    mix_hash(state, skeym_span(responder, 32), (struct skeym_span){0});
}

enum skeym_error skeym_noise_write_1(struct skeym_handshake *state, uint8_t out[SKEYM_NOISE_HEAD_1],
                                     const uint8_t psk[32])
{
    uint8_t own[32];
    struct skeym_room sealed = {out + 32, 32 + SKEYM_NOISE_TAG_BYTES};
    enum skeym_error error = skeym_crypto_x25519_public(out, state->ephemeral_key);
    error = skeym_crypto_first(error, skeym_crypto_x25519_public(own, state->static_key));
    error = skeym_crypto_first(error, mix_ephemeral(state, out));
    error = skeym_crypto_first(error, mix_product(state, state->ephemeral_key, state->peer_static));
    error = skeym_crypto_first(error, skeym_noise_seal(state, sealed, skeym_span(own, sizeof own)));
    error = skeym_crypto_first(error, mix_product(state, state->static_key, state->peer_static));
    error = skeym_crypto_first(error, mix_key_and_hash(state, psk));
    if (error) {
        memset(out, 0, SKEYM_NOISE_HEAD_1);
    }
    return error;
}

static enum skeym_error read_1(struct skeym_handshake *state, const uint8_t in[SKEYM_NOISE_HEAD_1],
                               const uint8_t psk[32], bool stranger)
{
    uint8_t claimed[32];
    struct skeym_room room = {claimed, sizeof claimed};
    struct skeym_span sealed = {in + 32, 32 + SKEYM_NOISE_TAG_BYTES};
    memcpy(state->peer_ephemeral, in, sizeof state->peer_ephemeral);
    enum skeym_error error = mix_ephemeral(state, in);
    error = skeym_crypto_first(error, mix_product(state, state->static_key, state->peer_ephemeral));
    error = skeym_crypto_first(error, skeym_noise_open(state, room, sealed));
    if (stranger) {
        skeym_crypto_replace(state->peer_static, claimed, sizeof claimed, error == SKEYM_OK);
    }
    bool same = skeym_crypto_equal(claimed, state->peer_static, sizeof claimed);
    error = skeym_crypto_first(error, skeym_crypto_choose(same, SKEYM_OK, SKEYM_ERR_HANDSHAKE));
    error = skeym_crypto_first(error, mix_product(state, state->static_key, state->peer_static));
    error = skeym_crypto_first(error, mix_key_and_hash(state, psk));
    skeym_crypto_wipe(state->static_key, sizeof state->static_key);
    return error;
}

enum skeym_error skeym_noise_read_1(struct skeym_handshake *state,
                                    const uint8_t in[SKEYM_NOISE_HEAD_1], const uint8_t psk[32])
{
    return read_1(state, in, psk, false);
}

enum skeym_error skeym_noise_read_1_stranger(struct skeym_handshake *state,
                                             const uint8_t in[SKEYM_NOISE_HEAD_1],
                                             const uint8_t psk[32])
{
    return read_1(state, in, psk, true);
}

enum skeym_error skeym_noise_write_2(struct skeym_handshake *state, uint8_t out[SKEYM_NOISE_HEAD_2])
{
    enum skeym_error error = skeym_crypto_x25519_public(out, state->ephemeral_key);
    error = skeym_crypto_first(error, mix_ephemeral(state, out));
    error =
        skeym_crypto_first(error, mix_product(state, state->ephemeral_key, state->peer_ephemeral));
    error = skeym_crypto_first(error, mix_product(state, state->ephemeral_key, state->peer_static));
    if (error) {
        memset(out, 0, SKEYM_NOISE_HEAD_2);
    }
    return error;
}

enum skeym_error skeym_noise_read_2(struct skeym_handshake *state,
                                    const uint8_t in[SKEYM_NOISE_HEAD_2])
{
    memcpy(state->peer_ephemeral, in, sizeof state->peer_ephemeral);
    enum skeym_error error = mix_ephemeral(state, in);
    error =
        skeym_crypto_first(error, mix_product(state, state->ephemeral_key, state->peer_ephemeral));
    return skeym_crypto_first(error, mix_product(state, state->static_key, state->peer_ephemeral));
}
