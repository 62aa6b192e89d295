/* SPDX-License-Identifier: Apache-2.0 */
/* One request's way through the gateway, and those that it refuses. */
#include "ct_world.h"
#include <stdlib.h>
#include <string.h>

#define SLOTS 64

struct request {
    struct skeym_audience_keys keys;
    struct skeym_revoked revoked;
    struct skeym_gate gate;
    uint8_t token[SKEYM_TOKEN_BYTES];
    uint8_t authorization[sizeof "SkeyM " + SKEYM_TOKEN_CHARS];
    uint8_t proof[SKEYM_PROOF_CHARS];
    struct skeym_head head;
    struct skeym_span body;
};

static struct skeym_span text_of(uint8_t *out, size_t room, const char *before,
                                 struct skeym_span bytes)
{
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, room});
    skeym_write_text(&writer, before);
    skeym_base64url_write(&writer, bytes);
    ct_okay(skeym_writer_end(&writer), "text");
    return ct_wire(out, writer.size);
}

static void make_request(struct request *out, uint8_t number)
{
    struct skeym_exchange_keys exchange;
    struct skeym_token_claims claims = ct_claims();
    const uint8_t nonce[SKEYM_NONCE_BYTES] = {number, 2, 3};
    uint8_t proof[SKEYM_PROOF_BYTES];
    size_t size = 0;
    out->head = (struct skeym_head){.method = skeym_span_text("POST"),
                                    .target = skeym_span_text("/skeym/v1/exchange"),
                                    .content_type = skeym_span_text(SKEYM_JOSE_TYPE)};
    out->body = skeym_span_text("the body as it was sent");
    out->head.body_size = out->body.size;
    ct_okay(skeym_token_mint((struct skeym_room){out->token, sizeof out->token}, &size, &out->keys,
                             &claims, nonce),
            "mint");
    out->head.authorization = text_of(out->authorization, sizeof out->authorization, "SkeyM ",
                                      skeym_span(out->token, size));
    const struct skeym_exchange_request covered = {out->head.method, out->head.target,
                                                   out->head.content_type, out->body};
    ct_okay(skeym_exchange_derive(&exchange, claims.secret), "derive");
    ct_okay(skeym_exchange_proof(proof, exchange.proof, &covered), "prove");
    out->head.proof = text_of(out->proof, sizeof out->proof, "", skeym_span(proof, sizeof proof));
}

static void make_gate(struct request *out)
{
    memset(out, 0, sizeof *out);
    out->keys = ct_audience();
    void *memory = aligned_alloc(64, skeym_used_bytes(SLOTS));
    ct_right(memory != NULL, "memory");
    memset(memory, 0, skeym_used_bytes(SLOTS));
    out->gate = (struct skeym_gate){.keys = &out->keys,
                                    .revoked = &out->revoked,
                                    .used = skeym_used_init(memory, SLOTS),
                                    .instance = CT_INSTANCE,
                                    .body_max = 1000};
    skeym_used_tick(out->gate.used, CT_NOW_MS);
}

static void admit(void)
{
    struct request request;
    struct skeym_admission admission;
    uint8_t next[SKEYM_TOKEN_CHARS];
    const uint8_t nonce[SKEYM_NONCE_BYTES] = {99};
    size_t size = 0;
    make_gate(&request);
    make_request(&request, 1);
    ct_okay(skeym_admit(&admission, &request.gate, &request.head, request.body, CT_NOW_MS),
            "admit");
    ct_secret(&admission.keys, sizeof admission.keys, "the keys of the exchange");
    struct skeym_room room = {next, sizeof next};
    ct_okay(skeym_admit_next(room, &size, &admission, &request.gate, 30, nonce, CT_NOW_MS),
            "the next token");
    ct_right(size > 0, "the next token");
    skeym_admission_wipe(&admission);
    ct_right(skeym_admit(&admission, &request.gate, &request.head, request.body, CT_NOW_MS) ==
                 SKEYM_ERR_REPLAY,
             "a replay");
    free(request.gate.used);
}

static void admit_refused(void)
{
    struct request request;
    struct skeym_admission admission;
    make_gate(&request);
    make_request(&request, 1);
    for (size_t at = 0; at < SKEYM_PROOF_CHARS; at += 7) {
        request.proof[at] = request.proof[at] == 'A' ? 'B' : 'A';
        ct_right(skeym_admit(&admission, &request.gate, &request.head, request.body, CT_NOW_MS) ==
                     SKEYM_ERR_PROOF,
                 "another proof");
        make_request(&request, 1);
    }
    size_t token = sizeof "SkeyM " - 1;
    for (size_t at = token + 60; at < request.head.authorization.size - 1; at += 20) {
        request.authorization[at] = request.authorization[at] == 'A' ? 'B' : 'A';
        ct_right(skeym_admit(&admission, &request.gate, &request.head, request.body, CT_NOW_MS) ==
                     SKEYM_ERR_SEAL,
                 "a forged token");
        make_request(&request, 1);
    }
    free(request.gate.used);
}

const struct ct_case ct_gateway_cases[] = {
    {"admit", admit},
    {"admit_refused", admit_refused},
    {NULL, NULL},
};
