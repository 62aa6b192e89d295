/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens and exchanges, both sides. A batch's requests fit into the second cache, as on a server
 * that has just received them. They are all different, minted before the clock starts, and used
 * once; so are the nonces and ivs that answers use up.
 */
#include "bench/measure.h"
#include "crypto/crypto.h"

#include <skeym/admit.h>
#include <stdlib.h>
#include <string.h>

#define NOW        UINT64_C(1800000000000)
#define INSTANCE   7
#define REQUESTS   128
#define SLOTS      16384
#define BODY_MOST  2048
#define ANSWER_CTY "application/fhir+json"
#define TARGET     "/fhir/Observation?patient=p1&code=http://loinc.org|8867-4&_sort=-date"

/* One request as it comes to the server, and what the node knows of it. */
struct request {
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t token_size;
    uint8_t secret[SKEYM_SECRET_BYTES];
    struct skeym_exchange_keys keys;
    uint8_t authorization[6 + SKEYM_TOKEN_CHARS];
    uint8_t proof[SKEYM_PROOF_CHARS];
    uint8_t body[BODY_MOST];
    struct skeym_head head;
    size_t body_size;
    uint8_t next_nonce[SKEYM_NONCE_BYTES];
    uint8_t iv[12];
    uint8_t answer[BODY_MOST];
    size_t answer_size;
};

static struct {
    struct skeym_audience_keys keys;
    struct skeym_revoked_entry revoked_entries[16];
    struct skeym_revoked revoked;
    struct skeym_gate gate;
    struct skeym_token_claims claims;
    void *table;
    struct request *requests;
    uint8_t plain[1024];
} world;

static void must(enum skeym_error error)
{
    if (error) {
        bench_fail("preparing", error);
    }
}

static void random_bytes(void *out, size_t size)
{
    must(skeym_crypto_random(out, size));
}

static void set_claims(struct skeym_token_claims *claims)
{
    memset(claims, 0, sizeof *claims);
    claims->issued_ms = NOW;
    claims->lifetime_s = 30;
    claims->login_s = (uint32_t)(NOW / 1000);
    claims->deadline_s = claims->login_s + 28800;
    claims->instance = INSTANCE;
    claims->generation = 2;
    claims->role = SKEYM_ROLE_DOCTOR;
    must(skeym_name_node(&claims->id, skeym_span_text("dr-hopper")));
    claims->scopes.count = 1;
    must(skeym_scope_parse(&claims->scopes.at[0], skeym_span_text("user/Observation.rs")));
}

static void set_up(void)
{
    struct skeym_epoch_key epoch = {.epoch = 500000};
    struct skeym_name audience;
    random_bytes(epoch.key, sizeof epoch.key);
    must(skeym_name_audience(&audience, skeym_span_text("ward.example")));
    must(skeym_audience_keys_derive(&world.keys, &epoch, &audience));
    for (size_t i = 0; i < 16; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "pump-%zu", i);
        must(skeym_name_node(&world.revoked_entries[i].id, skeym_span_text(name)));
        world.revoked_entries[i].generation = 1;
    }
    skeym_revoked_sort(world.revoked_entries, 16);
    world.revoked = (struct skeym_revoked){world.revoked_entries, 16};
    set_claims(&world.claims);
    world.table = aligned_alloc(64, skeym_used_bytes(SLOTS));
    world.requests = calloc(REQUESTS, sizeof *world.requests);
    if (!world.table || !world.requests) {
        bench_fail("preparing", SKEYM_ERR_MEMORY);
    }
    random_bytes(world.plain, sizeof world.plain);
}

static void empty_table(void)
{
    memset(world.table, 0, skeym_used_bytes(SLOTS));
    world.gate = (struct skeym_gate){.keys = &world.keys,
                                     .revoked = &world.revoked,
                                     .used = skeym_used_init(world.table, SLOTS),
                                     .instance = INSTANCE,
                                     .body_max = 1 << 20};
    skeym_used_tick(world.gate.used, NOW);
}

/* --- the node's half of an exchange ------------------------------------------ */

/* What a node does for a request: keys of the token, body sealed (closed form), proof, texts. */
static enum skeym_error make_request(struct request *r, bool closed)
{
    static const uint8_t iv[12] = {1};
    uint8_t plain[512];
    uint8_t proof[SKEYM_PROOF_BYTES];
    enum skeym_error error = skeym_exchange_derive(&r->keys, r->secret);
    r->body_size = 0;
    r->head =
        (struct skeym_head){.method = skeym_span_text("GET"), .target = skeym_span_text(TARGET)};
    if (!error && closed) {
        struct skeym_closed request = {.method = r->head.method, .target = r->head.target};
        struct skeym_writer writer = skeym_writer((struct skeym_room){plain, sizeof plain});
        skeym_closed_write(&writer, &request);
        error = skeym_jwe_seal((struct skeym_room){r->body, sizeof r->body}, &r->body_size,
                               r->keys.request, iv, SKEYM_JWE_STATUS_NONE,
                               skeym_span_text(SKEYM_CLOSED_TYPE), skeym_written(&writer));
        r->head.method = skeym_span_text("POST");
        r->head.target = skeym_span_text(SKEYM_EXCHANGE_PATH);
        r->head.content_type = skeym_span_text(SKEYM_JOSE_TYPE);
    }
    const struct skeym_exchange_request covered = {
        r->head.method, r->head.target, r->head.content_type, skeym_span(r->body, r->body_size)};
    if (!error) {
        error = skeym_exchange_proof(proof, r->keys.proof, &covered);
    }
    struct skeym_writer text =
        skeym_writer((struct skeym_room){r->authorization, sizeof r->authorization});
    skeym_write_text(&text, "SkeyM ");
    skeym_base64url_write(&text, skeym_span(r->token, r->token_size));
    r->head.authorization = skeym_written(&text);
    text = skeym_writer((struct skeym_room){r->proof, sizeof r->proof});
    skeym_base64url_write(&text, skeym_span(proof, sizeof proof));
    r->head.proof = skeym_written(&text);
    r->head.body_size = r->body_size;
    return error;
}

static enum skeym_error read_answer(const struct request *r)
{
    uint8_t plain[BODY_MOST];
    struct skeym_jwe info;
    enum skeym_error error =
        skeym_jwe_open((struct skeym_room){plain, sizeof plain}, &info, r->keys.answer, true,
                       skeym_span(r->answer, r->answer_size));
    bench_keep(plain, sizeof plain);
    return error;
}

/* --- the server's half ----------------------------------------------------------- */

static enum skeym_error serve(struct request *r, bool closed, size_t answer_size)
{
    struct skeym_admission admission;
    uint8_t plain[BODY_MOST];
    uint8_t next[SKEYM_TOKEN_CHARS];
    size_t next_size = 0;
    struct skeym_span body = skeym_span(r->body, r->body_size);
    enum skeym_error error = skeym_admit_head(&admission, &world.gate, &r->head, NOW);
    if (!error) {
        error = skeym_admit_body(&admission, &world.gate, &r->head, body, NOW + 1);
    }
    if (!error && closed) {
        struct skeym_jwe info;
        struct skeym_closed request;
        error = skeym_jwe_open((struct skeym_room){plain, sizeof plain}, &info,
                               admission.keys.request, false, body);
        if (!error) {
            error = skeym_closed_read(&request, skeym_span(plain, info.size));
        }
    }
    if (!error) {
        error = skeym_admit_next((struct skeym_room){next, sizeof next}, &next_size, &admission,
                                 &world.gate, 30, r->next_nonce, NOW + 1);
        bench_keep(next, next_size);
    }
    if (!error) {
        error = skeym_jwe_seal((struct skeym_room){r->answer, sizeof r->answer}, &r->answer_size,
                               admission.keys.answer, r->iv, 200, skeym_span_text(ANSWER_CTY),
                               skeym_span(world.plain, answer_size));
    }
    skeym_admission_wipe(&admission);
    return error;
}

/* --- preparing ----------------------------------------------------------------------- */

static void prepare(size_t count, bool closed)
{
    empty_table();
    for (size_t i = 0; i < count; i++) {
        struct request *r = &world.requests[i];
        uint8_t nonce[SKEYM_NONCE_BYTES];
        random_bytes(nonce, sizeof nonce);
        random_bytes(r->secret, sizeof r->secret);
        random_bytes(r->next_nonce, sizeof r->next_nonce);
        random_bytes(r->iv, sizeof r->iv);
        memcpy(world.claims.secret, r->secret, sizeof r->secret);
        must(skeym_token_mint((struct skeym_room){r->token, sizeof r->token}, &r->token_size,
                              &world.keys, &world.claims, nonce));
        must(make_request(r, closed));
    }
}

static void prepare_open_form(size_t count)
{
    prepare(count, false);
}

static void prepare_closed_form(size_t count)
{
    prepare(count, true);
}

static void prepare_answers(size_t count, size_t size)
{
    prepare(count, true);
    for (size_t i = 0; i < count; i++) {
        must(serve(&world.requests[i], true, size));
    }
}

static void prepare_answers_256(size_t count)
{
    prepare_answers(count, 256);
}

static void prepare_answers_1024(size_t count)
{
    prepare_answers(count, 1024);
}

/* --- the cases: each a loop ------------------------------------------------------- */

/* What XAES does per token, before its AES-GCM. */
static enum skeym_error run_key(size_t count)
{
    uint8_t blocks[2 * SKEYM_BLOCK_BYTES] = {0};
    uint8_t key[SKEYM_KEY_BYTES];
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        memcpy(blocks + 4, &i, sizeof i);
        error = skeym_crypto_cmac_blocks(key, &world.keys.current, blocks, 2);
        bench_keep(key, sizeof key);
    }
    return error;
}

/* What an answer takes of randomness. */
static enum skeym_error run_nonce(size_t count)
{
    uint8_t nonce[SKEYM_NONCE_BYTES + SKEYM_IV_BYTES];
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        error = skeym_crypto_nonce(nonce, sizeof nonce);
        bench_keep(nonce, sizeof nonce);
    }
    return error;
}

static enum skeym_error run_derive(size_t count)
{
    struct skeym_exchange_keys keys;
    uint8_t secret[SKEYM_SECRET_BYTES] = {0};
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        memcpy(secret, &i, sizeof i);
        error = skeym_exchange_derive(&keys, secret);
        bench_keep(&keys, sizeof keys);
    }
    return error;
}

static enum skeym_error run_mint(size_t count)
{
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t size = 0;
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        error = skeym_token_mint((struct skeym_room){token, sizeof token}, &size, &world.keys,
                                 &world.claims, world.requests[i].next_nonce);
        bench_keep(token, size);
    }
    return error;
}

static enum skeym_error run_open(size_t count)
{
    struct skeym_token_claims claims;
    uint64_t id = 0;
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        const struct request *r = &world.requests[i];
        error =
            skeym_token_open(&claims, &id, &world.keys, skeym_span(r->token, r->token_size), NOW);
        bench_keep(&claims, sizeof claims);
    }
    return error;
}

/* A forged token: what an attacker costs. */
static enum skeym_error run_forged(size_t count)
{
    struct skeym_admission admission;
    for (size_t i = 0; i < count; i++) {
        struct request *r = &world.requests[i];
        r->authorization[100] = r->authorization[100] == 'A' ? 'B' : 'A';
        if (skeym_admit_head(&admission, &world.gate, &r->head, NOW) != SKEYM_ERR_SEAL) {
            return SKEYM_ERR_STATE;
        }
    }
    return SKEYM_OK;
}

static enum skeym_error run_check(size_t count)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        const struct request *r = &world.requests[i];
        const struct skeym_exchange_request covered = {r->head.method, r->head.target,
                                                       r->head.content_type,
                                                       skeym_span(r->body, r->body_size)};
        error = skeym_exchange_check(r->head.proof, r->keys.proof, &covered);
    }
    return error;
}

static enum skeym_error run_seal(size_t count)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        struct request *r = &world.requests[i];
        error = skeym_jwe_seal((struct skeym_room){r->answer, sizeof r->answer}, &r->answer_size,
                               r->keys.answer, r->iv, 200, skeym_span_text(ANSWER_CTY),
                               skeym_span(world.plain, sizeof world.plain));
    }
    return error;
}

static enum skeym_error run_read(size_t count)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        error = read_answer(&world.requests[i]);
    }
    return error;
}

static enum skeym_error run_used(size_t count)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        uint64_t id;
        memcpy(&id, world.requests[i].next_nonce, sizeof id);
        error = skeym_used_insert(world.gate.used, id, NOW);
    }
    return error;
}

static enum skeym_error run_admit(size_t count)
{
    struct skeym_admission admission;
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        const struct request *r = &world.requests[i];
        error =
            skeym_admit(&admission, &world.gate, &r->head, skeym_span(r->body, r->body_size), NOW);
        skeym_admission_wipe(&admission);
    }
    return error;
}

static enum skeym_error serve_all(size_t count, bool closed, size_t answer_size)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        error = serve(&world.requests[i], closed, answer_size);
    }
    return error;
}

static enum skeym_error run_serve_256(size_t count)
{
    return serve_all(count, false, 256);
}

static enum skeym_error run_serve_1024(size_t count)
{
    return serve_all(count, false, 1024);
}

static enum skeym_error run_serve_closed_1024(size_t count)
{
    return serve_all(count, true, 1024);
}

static enum skeym_error run_node(size_t count)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < count && !error; i++) {
        error = make_request(&world.requests[i], true);
        if (!error) {
            error = read_answer(&world.requests[i]);
        }
    }
    return error;
}

static const struct bench_case cases[] = {
    {"key", "a token's own key from its nonce (XAES)", 100, 0, NULL, run_key},
    {"nonce", "nonce and iv of an answer: 36 random bytes", 0, 0, NULL, run_nonce},
    {"exchange.keys", "the four keys of an exchange (HKDF-Expand, 128 bytes)", 0, 0, NULL,
     run_derive},
    {"token.mint", "seal a doctor's claims", 500, REQUESTS, prepare_open_form, run_mint},
    {"token.open", "open a token, all of section 7", 350, REQUESTS, prepare_open_form, run_open},
    {"token.forged", "refuse a forged token: whole head of a request, base64url included", 0,
     REQUESTS, prepare_open_form, run_forged},
    {"proof.check", "check the proof of a request without body", 0, REQUESTS, prepare_open_form,
     run_check},
    {"jwe.seal.1k", "seal an answer of 1 KiB", 0, REQUESTS, prepare_open_form, run_seal},
    {"jwe.open.1k", "open it", 0, REQUESTS, prepare_answers_1024, run_read},
    {"used.insert", "used before? (table at most a quarter full)", 0, REQUESTS, prepare_open_form,
     run_used},
    {"admit", "a whole admission: every check of 8.3", 0, REQUESTS, prepare_open_form, run_admit},
    {"exchange.server.256", "server: admit GET, mint next, seal 256 B", 1500, REQUESTS,
     prepare_open_form, run_serve_256},
    {"exchange.server.1k", "server: admit GET, mint next, seal 1 KiB", 2000, REQUESTS,
     prepare_open_form, run_serve_1024},
    {"exchange.closed.1k", "the same for a closed request: its body is opened and read, too", 0,
     REQUESTS, prepare_closed_form, run_serve_closed_1024},
    {"exchange.node.256", "node: keys, seal closed request, proof, open an answer of 256 B", 0,
     REQUESTS, prepare_answers_256, run_node},
    {"exchange.node.1k", "the same with an answer of 1 KiB", 0, REQUESTS, prepare_answers_1024,
     run_node},
};

void bench_ops(struct bench_report *report)
{
    set_up();
    bench_cases(report, cases, sizeof cases / sizeof cases[0]);
    free(world.requests);
    free(world.table);
}
