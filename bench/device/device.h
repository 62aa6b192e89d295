/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device without heap, files, threads or clock of its own: one struct, which the caller places,
 * and rooms for what goes in and out. It logs in, asks in the closed form with chained tokens, and
 * opens the answers (docs/PROTOCOL.md, 6 and 8). What carries texts to a server and back, random
 * bytes, and keeping credentials over a restart, are the caller's. To be read as an example.
 */
#ifndef SKEYM_BENCH_DEVICE_H
#define SKEYM_BENCH_DEVICE_H

#include <skeym/exchange.h>
#include <skeym/login.h>

enum { DEVICE_PLAIN = 1024 }; /* bytes of a request before it is sealed, at most */

/* SECRET. */
struct device {
    struct skeym_credentials credentials; /* the caller's to set, and to keep when `renewed` */
    bool renewed;
    uint64_t server_ms; /* of the last login */
    uint8_t lifetime_s;
    uint8_t secret[SKEYM_SECRET_BYTES]; /* S_n of the token */
    size_t token_size;                  /* characters; 0: log in */
    uint8_t token[SKEYM_TOKEN_CHARS];
    struct skeym_exchange_keys keys; /* of the request under way */
    union {                          /* never two of them at once */
        struct skeym_handshake handshake;
        struct skeym_login_grant grant;
        uint8_t plain[DEVICE_PLAIN];
    } work;
};

/* What goes out: POST SKEYM_EXCHANGE_PATH, SKEYM_JOSE_TYPE, `Authorization: SkeyM <token>`,
 * `SkeyM-Proof: <proof>`. token points into the device. */
struct device_request {
    struct skeym_span token, body;
    uint8_t proof[SKEYM_PROOF_CHARS];
};

/* Body of a POST to SKEYM_LOGIN_PATH. random: 32 fresh bytes, as all below of that name. */
SKEYM_MUST_USE enum skeym_error device_login(struct device *device, struct skeym_room out,
                                             size_t *size, uint64_t now_ms,
                                             const uint8_t random[32]);
/* The login's answer, which is wiped. SKEYM_ERR_CLOCK: log in again, server_ms is the time. */
SKEYM_MUST_USE enum skeym_error device_welcome(struct device *device, struct skeym_room answer);
/* Seals a request into out. iv: 12 fresh bytes. The token is used up: SKEYM_ERR_STATE without. */
SKEYM_MUST_USE enum skeym_error device_ask(struct device *device, struct device_request *request,
                                           struct skeym_room out, const struct skeym_closed *closed,
                                           const uint8_t iv[12]);
/* Opens an answer into out and keeps its SkeyM-Next, if there is one. */
SKEYM_MUST_USE enum skeym_error device_take(struct device *device, struct skeym_room out,
                                            struct skeym_jwe *info, struct skeym_span answer,
                                            struct skeym_span next);

#endif
