/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange (docs/PROTOCOL.md, section 8): keys of one token, proof, sealed bodies, closed
 * requests. The same functions serve both sides.
 */
#ifndef SKEYM_EXCHANGE_H
#define SKEYM_EXCHANGE_H

#include <skeym/base64url.h>
#include <skeym/claims.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKEYM_PROOF_BYTES   32
#define SKEYM_PROOF_CHARS   43
#define SKEYM_CTY_BYTES     64
#define SKEYM_METHOD_BYTES  16
#define SKEYM_TARGET_BYTES  4096
#define SKEYM_FIELD_BYTES   1024
#define SKEYM_KEY_CHARS     64
#define SKEYM_EXCHANGE_PATH "/skeym/v1/exchange"
#define SKEYM_LOGIN_PATH    "/skeym/v1/login"
#define SKEYM_JOSE_TYPE     "application/jose"
#define SKEYM_LOGIN_TYPE    "application/skeym-login"
#define SKEYM_CLOSED_TYPE   "application/skeym-request"

/* SECRET. Wipe it. */
struct skeym_exchange_keys {
    uint8_t proof[32];   /* k_m */
    uint8_t request[32]; /* k_q */
    uint8_t answer[32];  /* k_p */
    uint8_t next[32];    /* S_{n+1} */
};
SKEYM_MUST_USE enum skeym_error skeym_exchange_derive(struct skeym_exchange_keys *out,
                                                      const uint8_t secret[SKEYM_SECRET_BYTES]);

/* What a proof covers. */
struct skeym_exchange_request {
    struct skeym_span method;
    struct skeym_span target;
    struct skeym_span content_type; /* empty when there is none */
    struct skeym_span body;         /* as sent: the JWE's text */
};
/* Are method, target and content type what section 8 allows? Without the body.
 * Errors: SKEYM_ERR_CHARSET, SKEYM_ERR_SIZE. */
SKEYM_MUST_USE enum skeym_error skeym_exchange_parts(const struct skeym_exchange_request *request);
/* Errors: those of skeym_exchange_parts; out is zero then. */
SKEYM_MUST_USE enum skeym_error skeym_exchange_proof(uint8_t out[SKEYM_PROOF_BYTES],
                                                     const uint8_t proof_key[32],
                                                     const struct skeym_exchange_request *request);
/* Decodes and compares in constant time. Errors: SKEYM_ERR_SHAPE (of the proof or of a part),
 * SKEYM_ERR_PROOF. */
SKEYM_MUST_USE enum skeym_error skeym_exchange_check(struct skeym_span proof_text,
                                                     const uint8_t proof_key[32],
                                                     const struct skeym_exchange_request *request);

/* skeym_exchange_derive and skeym_exchange_check in one, which takes a quarter less time: what a
 * server does. Errors: as of these two; *out is zero then. */
SKEYM_MUST_USE enum skeym_error skeym_exchange_derive_and_check(
    struct skeym_exchange_keys *out, const uint8_t secret[SKEYM_SECRET_BYTES],
    struct skeym_span proof_text, const struct skeym_exchange_request *request);

/* JWE compact (8.1). status 0: a request's header; 100 to 999: an answer's. */
#define SKEYM_JWE_STATUS_NONE 0

/* Characters of a JWE with this cty and plaintext size. */
size_t skeym_jwe_chars(size_t cty_size, int status, size_t plain_size);
/* iv: 12 fresh random bytes. *size gets the characters written. out and plain do not overlap.
 * Errors: SKEYM_ERR_SPACE, SKEYM_ERR_CHARSET and SKEYM_ERR_SIZE (cty), SKEYM_ERR_RANGE (status),
 * SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_jwe_seal(struct skeym_room out, size_t *size,
                                               const uint8_t key[32], const uint8_t iv[12],
                                               int status, struct skeym_span cty,
                                               struct skeym_span plain);

struct skeym_jwe {
    int status; /* 0 for a request */
    uint8_t cty_size;
    uint8_t cty[SKEYM_CTY_BYTES];
    size_t size; /* of the plaintext */
};
/* want_status false: a request's header is the only one accepted; true: an answer's. out.room at
 * least SKEYM_BASE64URL_BYTES(text.size) does; out and text do not overlap. Nothing unverified is
 * left in out. The status of an answer is the server's word: refuse it when the status line says
 * another. Errors: SKEYM_ERR_SHAPE, SKEYM_ERR_CHARSET, SKEYM_ERR_SPACE, SKEYM_ERR_SEAL. */
SKEYM_MUST_USE enum skeym_error skeym_jwe_open(struct skeym_room out, struct skeym_jwe *info,
                                               const uint8_t key[32], bool want_status,
                                               struct skeym_span text);

/* A closed request (8.2). Spans point into the plaintext that was read. */
struct skeym_closed {
    struct skeym_span method;
    struct skeym_span target;
    struct skeym_span content_type;
    struct skeym_span idempotency_key; /* at most SKEYM_KEY_CHARS of A-Z a-z 0-9 . _ - */
    struct skeym_span if_none_exist;
    struct skeym_span prefer;
    struct skeym_span body;
};
/* The plaintext of a POST to SKEYM_EXCHANGE_PATH, whose cty is SKEYM_CLOSED_TYPE. The writer goes
 * bad on what does not fit, and on what section 8.2 does not allow. */
void skeym_closed_write(struct skeym_writer *writer, const struct skeym_closed *closed);
/* Errors: SKEYM_ERR_SHAPE, SKEYM_ERR_SIZE, SKEYM_ERR_CHARSET; *out is zeroed then. */
SKEYM_MUST_USE enum skeym_error skeym_closed_read(struct skeym_closed *out,
                                                  struct skeym_span plain);

#ifdef __cplusplus
}
#endif
#endif
