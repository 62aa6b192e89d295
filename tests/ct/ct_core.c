/* SPDX-License-Identifier: Apache-2.0 */
/* The core but for the login: keys, xaes, claims, tokens, exchange, JWE, base64url, cursors. */
#include "core/xaes.h"
#include "ct_world.h"
#include <skeym/exchange.h>
#include <string.h>

static void enrol_keys(void)
{
    struct skeym_enrol_keys keys;
    uint8_t enrol[32];
    ct_key(enrol, 1);
    ct_okay(skeym_enrol_keys_derive(&keys, 7, enrol), "derive");
    ct_secret(keys.seal, 32, "E_seal");
    ct_secret(keys.credential, 32, "E_cred");
}

static void ratchet(void)
{
    struct skeym_epoch_key key = {.epoch = 5};
    ct_key(key.key, 1);
    ct_okay(skeym_epoch_ratchet(&key), "ratchet");
    ct_secret(key.key, 32, "the next epoch's key");
}

static void audience_keys(void)
{
    struct skeym_audience_keys keys;
    struct skeym_epoch_key key = {.epoch = 5};
    const struct skeym_name ward = ct_name("ward");
    ct_key(key.key, 1);
    ct_okay(skeym_audience_keys_derive(&keys, &key, &ward), "derive");
    ct_secret_prepared(&keys.current, "the audience key");
    ct_secret_prepared(&keys.previous, "the one before");
}

static void xaes(void)
{
    uint8_t key[32], plain[64], sealed[64 + 16], back[64];
    const uint8_t nonce[SKEYM_XAES_NONCE_BYTES] = {9};
    const struct skeym_span aad = skeym_span_text("aad");
    ct_key(key, 1);
    ct_key(plain, 2);
    ct_key(plain + 32, 3);
    ct_okay(skeym_xaes_seal((struct skeym_room){sealed, sizeof sealed}, key, nonce, aad,
                            skeym_span(plain, sizeof plain)),
            "seal");
    struct skeym_span wire = ct_wire(sealed, sizeof sealed);
    struct skeym_room room = {back, sizeof back};
    ct_okay(skeym_xaes_open(room, key, nonce, aad, wire), "open");
    ct_secret(back, sizeof back, "the opened text");
    sealed[70] ^= 1;
    ct_right(skeym_xaes_open(room, key, nonce, aad, wire) == SKEYM_ERR_SEAL, "a changed one");
}

static void token_claims(void)
{
    struct skeym_token_claims claims = ct_claims(), back;
    uint8_t bytes[SKEYM_TOKEN_CLAIMS_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, sizeof bytes});
    skeym_token_claims_write(&writer, &claims);
    ct_okay(skeym_writer_end(&writer), "write");
    ct_secret(bytes, 32, "S_n in bytes");
    ct_okay(skeym_token_claims_read(&back, skeym_written(&writer)), "read");
    ct_secret(back.secret, 32, "S_n");
}

static void token(void)
{
    struct skeym_audience_keys keys = ct_audience();
    struct skeym_token_claims claims = ct_claims(), back;
    const uint8_t nonce[SKEYM_NONCE_BYTES] = {1, 2, 3};
    uint8_t bytes[SKEYM_TOKEN_BYTES];
    size_t size;
    uint64_t id;
    struct skeym_room room = {bytes, sizeof bytes};
    ct_okay(skeym_token_mint(room, &size, &keys, &claims, nonce), "mint");
    ct_secret(bytes + SKEYM_TOKEN_HEAD, 32, "not yet sent");
    struct skeym_span wire = ct_wire(bytes, size);
    ct_okay(skeym_token_open(&back, &id, &keys, wire, CT_NOW_MS), "open");
    ct_secret(back.secret, 32, "S_n");
    ct_right(skeym_token_open(&back, &id, &keys, wire, CT_NOW_MS + 60000) == SKEYM_ERR_TIME,
             "an old one");
    for (size_t at = SKEYM_TOKEN_HEAD; at < size; at++) {
        bytes[at] ^= 4;
        ct_right(skeym_token_open(&back, &id, &keys, wire, CT_NOW_MS) == SKEYM_ERR_SEAL,
                 "a forged one");
        bytes[at] ^= 4;
    }
}

static void exchange_keys(void)
{
    struct skeym_exchange_keys keys;
    uint8_t secret[32];
    ct_key(secret, 1);
    ct_okay(skeym_exchange_derive(&keys, secret), "derive");
    ct_secret(&keys, sizeof keys, "the four keys of a token");
}

static void proof(void)
{
    uint8_t key[32], made[SKEYM_PROOF_BYTES], body[200];
    uint8_t text[SKEYM_PROOF_CHARS];
    ct_key(key, 1);
    memset(body, 'b', sizeof body);
    const struct skeym_exchange_request request = {
        skeym_span_text("POST"), skeym_span_text("/fhir/Observation"),
        skeym_span_text("application/jose"), skeym_span(body, sizeof body)};
    ct_okay(skeym_exchange_parts(&request), "parts");
    ct_okay(skeym_exchange_proof(made, key, &request), "proof");
    ct_secret(made, sizeof made, "a proof that was not sent");
    ct_publish(made, sizeof made);
    for (size_t wrong = 0; wrong <= sizeof made; wrong++) { /* and at last none */
        struct skeym_writer writer = skeym_writer((struct skeym_room){text, sizeof text});
        made[wrong % sizeof made] ^= wrong < sizeof made ? 0x20 : 0;
        skeym_base64url_write(&writer, skeym_span(made, sizeof made));
        made[wrong % sizeof made] ^= wrong < sizeof made ? 0x20 : 0;
        enum skeym_error error = skeym_exchange_check(skeym_written(&writer), key, &request);
        ct_right(error == (wrong < sizeof made ? SKEYM_ERR_PROOF : SKEYM_OK), "the verdict");
    }
}

/* What a server does: from the token's secret to the verdict. */
static void proof_of_secret(void)
{
    uint8_t secret[32], made[SKEYM_PROOF_BYTES], text[SKEYM_PROOF_CHARS];
    struct skeym_exchange_keys keys;
    const struct skeym_exchange_request request = {
        skeym_span_text("GET"), skeym_span_text("/fhir/Observation"), {0}, {0}};
    ct_key(secret, 1);
    ct_okay(skeym_exchange_derive(&keys, secret), "derive");
    ct_okay(skeym_exchange_proof(made, keys.proof, &request), "proof");
    ct_publish(made, sizeof made);
    for (size_t wrong = 0; wrong <= sizeof made; wrong++) { /* and at last none */
        struct skeym_writer writer = skeym_writer((struct skeym_room){text, sizeof text});
        made[wrong % sizeof made] ^= wrong < sizeof made ? 0x20 : 0;
        skeym_base64url_write(&writer, skeym_span(made, sizeof made));
        made[wrong % sizeof made] ^= wrong < sizeof made ? 0x20 : 0;
        enum skeym_error error =
            skeym_exchange_derive_and_check(&keys, secret, skeym_written(&writer), &request);
        ct_right(error == (wrong < sizeof made ? SKEYM_ERR_PROOF : SKEYM_OK), "the verdict");
    }
    ct_secret(&keys, sizeof keys, "the four keys of a token");
}

/* The plaintext is a patient's data, and secret as the key is. */
static void jwe_of(size_t plain_size, int status)
{
    static uint8_t plain[2500], text[4000], back[3000];
    uint8_t key[32];
    const uint8_t iv[12] = {4, 5, 6};
    struct skeym_jwe info;
    size_t size;
    ct_key(key, 1);
    memset(plain, '7', plain_size);
    ct_poison(plain, plain_size);
    struct skeym_room room = {text, skeym_jwe_chars(21, status, plain_size)};
    ct_okay(skeym_jwe_seal(room, &size, key, iv, status, skeym_span_text("application/fhir+json"),
                           skeym_span(plain, plain_size)),
            "seal");
    ct_secret(text + size - 16, 16, "not yet sent");
    struct skeym_span wire = ct_wire(text, size);
    struct skeym_room out = {back, sizeof back};
    ct_okay(skeym_jwe_open(out, &info, key, status != 0, wire), "open");
    ct_right(info.size == plain_size, "its size");
    ct_secret(back, plain_size, "the opened text");
    text[size - 5] ^= 1; /* another character of the alphabet, in the tag */
    ct_right(skeym_jwe_open(out, &info, key, status != 0, wire) != SKEYM_OK, "a forged one");
}

static void jwe(void)
{
    jwe_of(100, 0);
    jwe_of(0, 200);
    jwe_of(2500, 201);
}

/* Every length up to some blocks of the wide code, so that both ends of it are met. */
static void base64url(void)
{
    uint8_t secret[200], text[SKEYM_BASE64URL_CHARS(200)], back[200];
    for (size_t size = 0; size <= sizeof secret; size++) {
        size_t got = 0;
        for (size_t i = 0; i < sizeof secret; i++) {
            secret[i] = (uint8_t)(i * 37 + size);
        }
        ct_poison(secret, sizeof secret);
        struct skeym_writer writer = skeym_writer((struct skeym_room){text, sizeof text});
        skeym_base64url_write(&writer, skeym_span(secret, size));
        ct_okay(skeym_writer_end(&writer), "encode");
        ct_secret(text, writer.size, "a secret's text");
        ct_okay(skeym_base64url_read((struct skeym_room){back, size}, &got, skeym_written(&writer)),
                "decode");
        ct_right(got == size, "its size");
        ct_secret(back, size, "a secret from its text");
        ct_right(skeym_crypto_equal(back, secret, size), "the same");
    }
}

/* Cursors move secrets; what they read as numbers may be one, as long as it decides nothing. */
static void cursors(void)
{
    uint8_t secret[32], out[64], copy[32];
    ct_key(secret, 1);
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_write_span(&writer, skeym_span(secret, 8));
    skeym_write_span8(&writer, skeym_span(secret, 8));
    skeym_write_span16(&writer, skeym_span(secret, 8));
    ct_okay(skeym_writer_end(&writer), "write");
    struct skeym_reader reader = skeym_reader(skeym_written(&writer));
    uint64_t number = skeym_read_u64(&reader);
    ct_secret(&number, sizeof number, "a number that is a secret");
    skeym_read_bytes(&reader, copy, 0);
    struct skeym_span part = skeym_read_span8(&reader);
    ct_secret(part.data, part.size, "a part");
    part = skeym_read_span16(&reader);
    ct_secret(part.data, part.size, "a part");
    ct_okay(skeym_reader_end(&reader), "the end");
}

const struct ct_case ct_core_cases[] = {
    {"enrol_keys", enrol_keys},
    {"ratchet", ratchet},
    {"audience_keys", audience_keys},
    {"xaes", xaes},
    {"token_claims", token_claims},
    {"token", token},
    {"exchange_keys", exchange_keys},
    {"proof", proof},
    {"proof_of_secret", proof_of_secret},
    {"jwe", jwe},
    {"base64url", base64url},
    {"cursors", cursors},
    {NULL, NULL},
};
