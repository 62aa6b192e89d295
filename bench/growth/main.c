/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request costs where there are many nodes, for bench/growth/run: the exchange in process,
 * with the tables of the server that it touches. Prints one JSON object. Sizes come in turns, each
 * with tables of its own in which all its nodes were already; requests of a batch are of nodes by
 * chance, made before the clock starts. So the bench's own data is the same for every size.
 *
 *   part-growth [ROUNDS]
 */
#include "crypto/crypto.h"
#include "server/rate.h"
#include "server/seen.h"

#include <arpa/inet.h>
#include <skeym/admit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOW   UINT64_C(1800000000000)
#define SLOTS ((size_t)1 << 20) /* the server's, by default */

enum { BATCH = 500, ANSWER = 256, REVOKED = 16, ROUNDS = 200, BODY_MOST = 1024, INSTANCE = 5 };

static const size_t sizes[] = {100, 1000, 10000, 100000};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

struct request {
    struct skeym_source host;
    struct skeym_head head;
    uint8_t authorization[6 + SKEYM_TOKEN_CHARS], proof[SKEYM_PROOF_CHARS], body[BODY_MOST];
    size_t body_size;
    uint8_t nonce[SKEYM_NONCE_BYTES], iv[SKEYM_IV_BYTES];
};

/* What a server with so many nodes has. */
struct ward {
    size_t nodes;
    struct skeym_seen *seen;
    struct skeym_rate *rate;
    struct skeym_gate gate;
    double least_ns; /* per request */
};

static struct {
    struct skeym_audience_keys keys;
    struct skeym_revoked_entry entries[REVOKED];
    struct skeym_revoked revoked;
    struct request requests[BATCH];
    uint8_t plain[ANSWER], answer[BODY_MOST * 2], opened[BODY_MOST];
} world;

static void must(enum skeym_error error)
{
    if (error) {
        (void)fprintf(stderr, "part-growth: %s\n", skeym_error_text(error));
        exit(1);
    }
}

static struct skeym_source host_of(size_t node)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl((uint32_t)(0x0a000000 + node))};
    return skeym_source_host((const struct sockaddr *)&address);
}

static void name_of(struct skeym_name *out, size_t node)
{
    char text[32];
    (void)snprintf(text, sizeof text, "pump-%zu", node);
    must(skeym_name_node(out, skeym_span_text(text)));
}

/* --- a ward in which all nodes have been -------------------------------------------------- */

static void open_world(void)
{
    struct skeym_epoch_key epoch = {.epoch = 500000};
    struct skeym_name audience;
    must(skeym_crypto_random(epoch.key, sizeof epoch.key));
    must(skeym_name_audience(&audience, skeym_span_text("ward")));
    must(skeym_audience_keys_derive(&world.keys, &epoch, &audience));
    must(skeym_crypto_random(world.plain, sizeof world.plain));
    for (size_t i = 0; i < REVOKED; i++) {
        name_of(&world.entries[i].id, 1000000 + i);
        world.entries[i].generation = 1;
    }
    skeym_revoked_sort(world.entries, REVOKED);
    world.revoked = (struct skeym_revoked){world.entries, REVOKED};
}

static void open_ward(struct ward *ward, size_t nodes)
{
    struct skeym_rate_options options = {.per_second = 5, .burst = 20, .cpu_percent = 50};
    struct skeym_name name;
    must(skeym_crypto_random(options.key, sizeof options.key));
    ward->nodes = nodes;
    ward->least_ns = 1e12;
    must(skeym_seen_open(&ward->seen));
    must(skeym_rate_open(&ward->rate, &options));
    void *table = aligned_alloc(64, skeym_used_bytes(SLOTS));
    if (!table) {
        must(SKEYM_ERR_MEMORY);
    }
    memset(table, 0, skeym_used_bytes(SLOTS));
    ward->gate = (struct skeym_gate){.keys = &world.keys,
                                     .revoked = &world.revoked,
                                     .used = skeym_used_init(table, SLOTS),
                                     .instance = INSTANCE,
                                     .body_max = 1 << 20};
    skeym_used_tick(ward->gate.used, NOW);
    for (size_t i = 0; i < nodes; i++) {
        uint64_t id = 0;
        struct skeym_source host = host_of(i);
        name_of(&name, i);
        must(skeym_crypto_random(&id, sizeof id));
        must(skeym_used_insert(ward->gate.used, id, NOW));
        skeym_seen_note(ward->seen, &name, SKEYM_SEEN_LOGIN, NOW);
        skeym_rate_welcome(ward->rate, &host, NOW);
    }
}

/* --- the nodes' half, untimed ---------------------------------------------------------------- */

static void seal_request(struct request *request, const struct skeym_exchange_keys *keys)
{
    static const uint8_t iv[SKEYM_IV_BYTES] = {1};
    uint8_t plain[256];
    const struct skeym_closed closed = {.method = skeym_span_text("GET"),
                                        .target = skeym_span_text("/fhir/Observation/1")};
    struct skeym_writer writer = skeym_writer((struct skeym_room){plain, sizeof plain});
    skeym_closed_write(&writer, &closed);
    must(skeym_jwe_seal((struct skeym_room){request->body, sizeof request->body},
                        &request->body_size, keys->request, iv, SKEYM_JWE_STATUS_NONE,
                        skeym_span_text(SKEYM_CLOSED_TYPE), skeym_written(&writer)));
}

static void make_request(struct request *request, size_t node)
{
    uint8_t token[SKEYM_TOKEN_BYTES], nonce[SKEYM_NONCE_BYTES], proof[SKEYM_PROOF_BYTES];
    size_t size = 0;
    struct skeym_exchange_keys keys;
    struct skeym_token_claims claims = {.issued_ms = NOW,
                                        .lifetime_s = 30,
                                        .login_s = (uint32_t)(NOW / 1000),
                                        .deadline_s = (uint32_t)(NOW / 1000) + 3600,
                                        .instance = INSTANCE,
                                        .generation = 1,
                                        .role = SKEYM_ROLE_DEVICE};
    name_of(&claims.id, node);
    claims.scopes.count = 1;
    must(skeym_scope_parse(&claims.scopes.at[0], skeym_span_text("user/Observation.rs")));
    must(skeym_crypto_random(claims.secret, sizeof claims.secret));
    must(skeym_crypto_random(nonce, sizeof nonce));
    must(skeym_crypto_random(request->nonce, sizeof request->nonce));
    must(skeym_crypto_random(request->iv, sizeof request->iv));
    must(skeym_token_mint((struct skeym_room){token, sizeof token}, &size, &world.keys, &claims,
                          nonce));
    must(skeym_exchange_derive(&keys, claims.secret));
    seal_request(request, &keys);
    const struct skeym_exchange_request covered = {
        skeym_span_text("POST"), skeym_span_text(SKEYM_EXCHANGE_PATH),
        skeym_span_text(SKEYM_JOSE_TYPE), skeym_span(request->body, request->body_size)};
    must(skeym_exchange_proof(proof, keys.proof, &covered));
    struct skeym_writer text =
        skeym_writer((struct skeym_room){request->authorization, sizeof request->authorization});
    skeym_write_text(&text, "SkeyM ");
    skeym_base64url_write(&text, skeym_span(token, size));
    struct skeym_writer other =
        skeym_writer((struct skeym_room){request->proof, sizeof request->proof});
    skeym_base64url_write(&other, skeym_span(proof, sizeof proof));
    request->head = (struct skeym_head){.method = covered.method,
                                        .target = covered.target,
                                        .content_type = covered.content_type,
                                        .authorization = skeym_written(&text),
                                        .proof = skeym_written(&other),
                                        .body_size = request->body_size};
    request->host = host_of(node);
}

/* --- the server's ------------------------------------------------------------------------------
 */

static enum skeym_error serve(struct ward *ward, const struct request *request)
{
    struct skeym_admission admission;
    struct skeym_jwe info;
    struct skeym_closed closed;
    uint8_t next[SKEYM_TOKEN_CHARS];
    size_t size = 0;
    struct skeym_span body = skeym_span(request->body, request->body_size);
    enum skeym_error error = skeym_admit(&admission, &ward->gate, &request->head, body, NOW);
    if (!error) {
        skeym_seen_note(ward->seen, &admission.claims.id, SKEYM_SEEN_REQUEST, NOW);
        skeym_rate_welcome(ward->rate, &request->host, NOW);
        error = skeym_jwe_open((struct skeym_room){world.opened, sizeof world.opened}, &info,
                               admission.keys.request, false, body);
    }
    if (!error) {
        error = skeym_closed_read(&closed, skeym_span(world.opened, info.size));
    }
    if (!error) {
        error = skeym_admit_next((struct skeym_room){next, sizeof next}, &size, &admission,
                                 &ward->gate, 30, request->nonce, NOW);
    }
    if (!error) {
        error = skeym_jwe_seal((struct skeym_room){world.answer, sizeof world.answer}, &size,
                               admission.keys.answer, request->iv, 200,
                               skeym_span_text("application/fhir+json"),
                               skeym_span(world.plain, ANSWER));
    }
    skeym_admission_wipe(&admission);
    return error;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void run_batch(struct ward *ward)
{
    static uint64_t seed = 1;
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < BATCH; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        make_request(&world.requests[i], (size_t)(seed >> 33) % ward->nodes);
    }
    uint64_t start = now_ns();
    for (size_t i = 0; i < BATCH && !error; i++) {
        error = serve(ward, &world.requests[i]);
    }
    double took = (double)(now_ns() - start) / BATCH;
    must(error);
    ward->least_ns = took < ward->least_ns ? took : ward->least_ns;
}

/* How many ids a generation of the used-before table takes before it is full. */
static size_t fill_table(void)
{
    void *table = aligned_alloc(64, skeym_used_bytes(SLOTS));
    size_t count = 0;
    uint64_t id = 0;
    if (!table) {
        must(SKEYM_ERR_MEMORY);
    }
    memset(table, 0, skeym_used_bytes(SLOTS));
    struct skeym_used *used = skeym_used_init(table, SLOTS);
    skeym_used_tick(used, NOW);
    enum skeym_error error = SKEYM_OK;
    while (!error) {
        must(skeym_crypto_nonce(&id, sizeof id));
        error = skeym_used_insert(used, id, NOW);
        count += !error;
    }
    free(table);
    if (error != SKEYM_ERR_FULL) {
        must(error);
    }
    return count;
}

int main(int argc, char **argv)
{
    static struct ward wards[SIZES];
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;
    open_world();
    for (size_t i = 0; i < SIZES; i++) {
        open_ward(&wards[i], sizes[i]);
    }
    for (unsigned long round = 0; round < rounds; round++) {
        for (size_t i = 0; i < SIZES; i++) {
            run_batch(&wards[i]);
        }
    }
    printf("{");
    for (size_t i = 0; i < SIZES; i++) {
        printf("\"%zu\": %.1f, ", wards[i].nodes, wards[i].least_ns);
    }
    size_t ids = fill_table();
    printf("\"used_ids\": %zu, \"used_bytes\": %zu, \"generations\": 2}\n", ids,
           skeym_used_bytes(SLOTS));
    return 0;
}
