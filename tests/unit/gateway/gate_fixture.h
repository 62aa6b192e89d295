/* SPDX-License-Identifier: Apache-2.0 */
/* A gate and one good request to it, for the tests of admission: change something, then send. */
#ifndef SKEYM_TESTS_GATE_FIXTURE_H
#define SKEYM_TESTS_GATE_FIXTURE_H

#include "unit/audience_key.h"
#include <setjmp.h>
#include <skeym/admit.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW      UINT64_C(1800000000000)
#define EPOCH    500000
#define INSTANCE 0xabcd0123
#define SLOTS    64

struct fixture {
    struct skeym_audience_keys keys;
    struct skeym_revoked_entry entries[2];
    struct skeym_revoked revoked;
    struct skeym_gate gate;

    struct skeym_token_claims claims;
    uint8_t nonce[SKEYM_NONCE_BYTES];
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t token_size;
    struct skeym_exchange_keys exchange;

    char authorization[SKEYM_TOKEN_CHARS + 64];
    char proof[SKEYM_PROOF_CHARS + 8];
    struct skeym_head head;
    struct skeym_span body;
};

static inline struct skeym_name node_name(const char *text)
{
    struct skeym_name out;
    assert_int_equal(skeym_name_node(&out, skeym_span_text(text)), SKEYM_OK);
    return out;
}

/* The token's bytes as the Authorization field. */
static inline void authorize(struct fixture *f)
{
    struct skeym_room room = {(uint8_t *)f->authorization, sizeof f->authorization - 1};
    struct skeym_writer writer = skeym_writer(room);
    skeym_write_text(&writer, "SkeyM ");
    skeym_base64url_write(&writer, skeym_span(f->token, f->token_size));
    assert_false(writer.bad);
    f->authorization[writer.size] = 0;
    f->head.authorization = skeym_written(&writer);
}

static inline void mint(struct fixture *f)
{
    assert_int_equal(skeym_token_mint((struct skeym_room){f->token, sizeof f->token},
                                      &f->token_size, &f->keys, &f->claims, f->nonce),
                     SKEYM_OK);
    assert_int_equal(skeym_exchange_derive(&f->exchange, f->claims.secret), SKEYM_OK);
    authorize(f);
}

static inline void prove(struct fixture *f)
{
    const struct skeym_exchange_request request = {f->head.method, f->head.target,
                                                   f->head.content_type, f->body};
    uint8_t proof[SKEYM_PROOF_BYTES];
    struct skeym_room room = {(uint8_t *)f->proof, sizeof f->proof - 1};
    struct skeym_writer writer = skeym_writer(room);
    assert_int_equal(skeym_exchange_proof(proof, f->exchange.proof, &request), SKEYM_OK);
    skeym_base64url_write(&writer, skeym_span(proof, sizeof proof));
    f->head.proof = skeym_written(&writer);
    f->head.body_size = f->body.size;
}

static inline void set_claims(struct skeym_token_claims *claims)
{
    memset(claims, 0, sizeof *claims);
    for (size_t i = 0; i < sizeof claims->secret; i++) {
        claims->secret[i] = (uint8_t)(0xa0 + i); /* no two bytes alike: to be looked for */
    }
    claims->issued_ms = NOW;
    claims->lifetime_s = 30;
    claims->login_s = (uint32_t)(NOW / 1000) - 5;
    claims->deadline_s = (uint32_t)(NOW / 1000) + 3600;
    claims->lane = 3;
    claims->sequence = 41;
    claims->instance = INSTANCE;
    claims->generation = 7;
    claims->role = SKEYM_ROLE_DOCTOR;
    claims->id = node_name("dr-hopper");
    claims->scopes.count = 1;
    assert_int_equal(
        skeym_scope_parse(&claims->scopes.at[0], skeym_span_text("user/Observation.rs")), SKEYM_OK);
}

/* A request that is admitted at NOW. */
static inline void set_up(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(skeym_name_audience(&f->keys.audience, skeym_span_text("ward.example")),
                     SKEYM_OK);
    f->keys.epoch = EPOCH;
    set_key(&f->keys.current, 0x11);
    set_key(&f->keys.previous, 0x22);
    f->entries[0] = (struct skeym_revoked_entry){node_name("dr-hopper"), 6};
    f->entries[1] = (struct skeym_revoked_entry){node_name("dr-lovelace"), 9};
    skeym_revoked_sort(f->entries, 2);
    f->revoked = (struct skeym_revoked){f->entries, 2};
    void *memory = aligned_alloc(64, skeym_used_bytes(SLOTS));
    assert_non_null(memory);
    memset(memory, 0, skeym_used_bytes(SLOTS));
    f->gate = (struct skeym_gate){.keys = &f->keys,
                                  .revoked = &f->revoked,
                                  .used = skeym_used_init(memory, SLOTS),
                                  .instance = INSTANCE,
                                  .body_max = 1000};
    skeym_used_tick(f->gate.used, NOW);
    set_claims(&f->claims);
    for (size_t i = 0; i < sizeof f->nonce; i++) {
        f->nonce[i] = (uint8_t)(i + 1);
    }
    f->head.method = skeym_span_text("POST");
    f->head.target = skeym_span_text("/fhir/Observation?x=1");
    f->head.content_type = skeym_span_text(SKEYM_JOSE_TYPE);
    f->body = skeym_span_text("the body as it was sent");
    mint(f);
    prove(f);
}

static inline void tear_down(struct fixture *f)
{
    free(f->gate.used);
}

/* true when no 4 bytes in a row of the secret, and none of the keys, are anywhere in the admission.
 */
static inline bool holds_no_secret(const struct fixture *f, const struct skeym_admission *admission)
{
    const uint8_t *bytes = (const uint8_t *)admission;
    const uint8_t *secrets[] = {f->claims.secret, f->exchange.proof, f->exchange.request,
                                f->exchange.answer, f->exchange.next};
    for (size_t at = 0; at + 4 <= sizeof *admission; at++) {
        for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
            for (size_t from = 0; from + 4 <= 32; from++) {
                if (memcmp(bytes + at, secrets[i] + from, 4) == 0) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* After a refusal: nothing but `check`, and maybe the node's id. */
static inline void assert_wiped(const struct fixture *f, const struct skeym_admission *admission,
                                bool with_id)
{
    struct skeym_admission empty;
    memset(&empty, 0, sizeof empty);
    empty.check = admission->check;
    if (with_id) {
        empty.claims.id = f->claims.id;
    }
    assert_memory_equal(admission, &empty, sizeof empty);
    assert_true(holds_no_secret(f, admission));
}

static inline void assert_admitted_at(struct fixture *f, uint64_t now_ms)
{
    struct skeym_admission admission;
    assert_int_equal(skeym_admit(&admission, &f->gate, &f->head, f->body, now_ms), SKEYM_OK);
    assert_int_equal(admission.check, SKEYM_CHECK_COUNT);
    assert_true(admission.admitted);
    skeym_admission_wipe(&admission);
}

/* Refused by that check of the head. with_id: the token was opened. */
static inline void assert_head_refused(struct fixture *f, uint64_t now_ms, enum skeym_error error,
                                       enum skeym_check check, bool with_id)
{
    struct skeym_admission admission;
    memset(&admission, 0x5c, sizeof admission);
    assert_int_equal(skeym_admit_head(&admission, &f->gate, &f->head, now_ms), error);
    assert_int_equal(admission.check, check);
    assert_wiped(f, &admission, with_id);
}

/* Let through by the head, refused by that check with the body. */
static inline void assert_body_refused(struct fixture *f, uint64_t now_ms, enum skeym_error error,
                                       enum skeym_check check)
{
    struct skeym_admission admission;
    memset(&admission, 0x5c, sizeof admission);
    assert_int_equal(skeym_admit_head(&admission, &f->gate, &f->head, NOW), SKEYM_OK);
    assert_int_equal(admission.check, SKEYM_CHECK_COUNT);
    assert_int_equal(skeym_admit_body(&admission, &f->gate, &f->head, f->body, now_ms), error);
    assert_int_equal(admission.check, check);
    assert_wiped(f, &admission, true);
}

#endif
