/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole request at the gateway. The first byte says what is ours and what the input's, and what
 * is done to it after it was signed; then method, target and content type (a line each), with a
 * token or proof of the input two lines more, and the body.
 */
#include "fuzz.h"
#include <skeym/admit.h>

enum how {
    MINT = 1,  /* the token is a good one */
    PROVE = 2, /* so is the proof */
    STRANGER = 4,
    REVOKED = 8,
    LATE = 16,
    TAMPER = 32, /* one byte of the body, or its size */
    DOUBLED = 64,
    METHOD = 128, /* another one than was proved */
};

struct request {
    char authorization[8 + SKEYM_TOKEN_CHARS];
    char proof[SKEYM_PROOF_CHARS];
    struct skeym_head head;
    struct skeym_span body;
};

static struct skeym_span text(char *room, size_t size, const char *before, struct skeym_span bytes)
{
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)room, size});
    skeym_write_text(&writer, before);
    skeym_base64url_write(&writer, bytes);
    FUZZ_MUST(!writer.bad);
    return skeym_written(&writer);
}

static struct skeym_token_claims claims_of(const struct fuzz_world *world, unsigned how)
{
    struct skeym_token_claims claims = {.issued_ms = FUZZ_NOW_MS - (how & LATE ? 31000 : 0),
                                        .login_s = FUZZ_NOW_MS / 1000,
                                        .deadline_s = FUZZ_NOW_MS / 1000 + 3600,
                                        .sequence = 7,
                                        .instance = FUZZ_INSTANCE + !!(how & STRANGER),
                                        .generation = 3,
                                        .lifetime_s = 30,
                                        .role = SKEYM_ROLE_DOCTOR,
                                        .id = world->claims.id,
                                        .scopes = world->claims.scopes};
    fuzz_count(claims.secret, sizeof claims.secret, 0xc0);
    return claims;
}

static void sign(struct request *request, const struct fuzz_world *world, unsigned how)
{
    uint8_t token[SKEYM_TOKEN_BYTES];
    uint8_t proof[SKEYM_PROOF_BYTES];
    size_t size = 0;
    struct skeym_exchange_keys keys;
    struct skeym_token_claims claims = claims_of(world, how);
    struct skeym_head *head = &request->head;
    const struct skeym_exchange_request covered = {head->method, head->target, head->content_type,
                                                   request->body};
    if (how & MINT) {
        FUZZ_MUST(skeym_token_mint((struct skeym_room){token, sizeof token}, &size,
                                   &world->audience, &claims, world->nonce) == SKEYM_OK);
        head->authorization = text(request->authorization, sizeof request->authorization, "SkeyM ",
                                   skeym_span(token, size));
    }
    FUZZ_MUST(skeym_exchange_derive(&keys, claims.secret) == SKEYM_OK);
    if (how & PROVE && skeym_exchange_proof(proof, keys.proof, &covered) == SKEYM_OK) {
        head->proof =
            text(request->proof, sizeof request->proof, "", skeym_span(proof, sizeof proof));
    }
}

/* What somebody on the way does to it. */
static void alter(struct request *request, unsigned how)
{
    if (how & TAMPER && request->body.size > 0) {
        uint8_t *body = fuzz_take(request->body.size);
        memcpy(body, request->body.data, request->body.size);
        body[request->body.size / 2] ^= 1;
        request->body.data = body;
    } else if (how & TAMPER) {
        request->head.body_size++;
    }
    if (how & METHOD) {
        request->head.method =
            skeym_span_text(skeym_span_is(request->head.method, "PUT") ? "GET" : "PUT");
    }
    request->head.doubled = (how & DOUBLED) != 0;
}

static void check_next(const struct skeym_admission *admission, const struct skeym_gate *gate)
{
    char next[SKEYM_TOKEN_CHARS];
    uint8_t token[SKEYM_TOKEN_BYTES];
    uint8_t nonce[SKEYM_NONCE_BYTES] = {9};
    size_t size = 0;
    uint64_t id;
    struct skeym_token_claims claims;
    struct skeym_room room = {(uint8_t *)next, sizeof next};
    FUZZ_MUST(skeym_admit_next(room, &size, admission, gate, 30, nonce, FUZZ_NOW_MS) == SKEYM_OK);
    if (size == 0) {
        return; /* the end of the chain */
    }
    FUZZ_MUST(skeym_base64url_read((struct skeym_room){token, sizeof token}, &size,
                                   skeym_span(next, size)) == SKEYM_OK);
    FUZZ_MUST(skeym_token_open(&claims, &id, gate->keys, skeym_span(token, size), FUZZ_NOW_MS) ==
              SKEYM_OK);
    FUZZ_MUST(claims.sequence == admission->claims.sequence + 1);
    FUZZ_MUST(claims.deadline_s == admission->claims.deadline_s);
    FUZZ_MUST(!memcmp(&claims.scopes, &admission->claims.scopes, sizeof claims.scopes));
    FUZZ_MUST(!memcmp(claims.secret, admission->keys.next, sizeof claims.secret));
}

static void admit(const struct request *request, const struct skeym_gate *gate, unsigned how)
{
    const unsigned wrong = STRANGER | REVOKED | LATE | TAMPER | DOUBLED | METHOD;
    struct skeym_admission admission;
    struct skeym_admission second;
    bool ours = (how & MINT) && (how & PROVE);
    enum skeym_error error =
        skeym_admit(&admission, gate, &request->head, request->body, FUZZ_NOW_MS);
    FUZZ_MUST(admission.admitted == (error == SKEYM_OK));
    FUZZ_MUST((admission.check == SKEYM_CHECK_COUNT) == (error == SKEYM_OK));
    FUZZ_MUST(fuzz_zero(admission.claims.secret, sizeof admission.claims.secret));
    if (error) {
        const struct skeym_exchange_request parts = {request->head.method, request->head.target,
                                                     request->head.content_type, request->body};
        FUZZ_MUST(fuzz_zero(&admission.keys, sizeof admission.keys) && admission.token_id == 0);
        FUZZ_MUST(!ours || (how & wrong) || skeym_exchange_parts(&parts) != SKEYM_OK ||
                  request->head.body_size > gate->body_max);
        return;
    }
    FUZZ_MUST(!ours || !(how & wrong));
    check_next(&admission, gate);
    FUZZ_MUST(skeym_admit(&second, gate, &request->head, request->body, FUZZ_NOW_MS) ==
              SKEYM_ERR_REPLAY);
    FUZZ_MUST(second.check == SKEYM_CHECK_USED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *memory;
    const struct fuzz_world *world = fuzz_world();
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    unsigned how = skeym_read_u8(&reader);
    struct skeym_revoked_entry entry = {world->claims.id, 3};
    struct skeym_revoked revoked = {&entry, how & REVOKED ? 1 : 0};
    struct request request = {.head.method = fuzz_line(&reader),
                              .head.target = fuzz_line(&reader),
                              .head.content_type = fuzz_line(&reader)};
    if (!(how & MINT)) {
        request.head.authorization = fuzz_line(&reader);
    }
    if (!(how & PROVE)) {
        request.head.proof = fuzz_line(&reader);
    }
    request.body = fuzz_copy(fuzz_rest(&reader));
    request.head.body_size = request.body.size;
    if (!memory) {
        memory = aligned_alloc(64, skeym_used_bytes(64));
        FUZZ_MUST(memory);
    }
    memset(memory, 0, skeym_used_bytes(64));
    struct skeym_gate gate = {.keys = &world->audience,
                              .revoked = &revoked,
                              .used = skeym_used_init(memory, 64),
                              .instance = FUZZ_INSTANCE,
                              .body_max = 1024};
    skeym_used_tick(gate.used, FUZZ_NOW_MS);
    sign(&request, world, how);
    alter(&request, how);
    admit(&request, &gate, how);
    fuzz_done();
    return 0;
}
