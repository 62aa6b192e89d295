/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of wall clocks that jump (docs/PROTOCOL.md, section 9): two servers that began with one
 * keyring, each with a wall clock of its own, a node of each, and everything that a node ever sent,
 * sent again, to both. Time is an argument everywhere, so this is the real clock, keyring, gate and
 * used-before table, without a server. Two things must hold: nothing is admitted a second time, and
 * after one turn of the watch and one login a node is served.
 */
#include "authority/keyring.h"
#include "crypto/crypto.h"
#include "server/clock.h"
#include <skeym/admit.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NS_PER_MS UINT64_C(1000000)
#define START_NS  (UINT64_C(1800000000000) * NS_PER_MS) /* of the wall clocks */

enum {
    SEQUENCES = 1000,
    CONTROLS = 60,
    STEPS = 60,
    SLOTS = 256,
    SENT_MOST = 2 * STEPS,
    EPOCH_S = 120,
    LIFETIME_S = 30,
    SERVERS = 2,
};

/* What is broken on purpose. */
enum fault { SOUND, FOLLOWS_BACK, FORGETS, SAME_INSTANCE };

/* A request as it crossed the wire. */
struct sent {
    char authorization[SKEYM_TOKEN_CHARS + 8];
    char proof[SKEYM_PROOF_CHARS + 1];
    bool admitted; /* by anybody, once */
};

struct server {
    int64_t skew_ns; /* wall clock minus START_NS minus monotonic one */
    struct skeym_clock clock;
    struct skeym_keyring keyring;
    struct skeym_working_keys keys;
    struct skeym_gate gate;
    void *memory;
    struct sent token; /* the node's, not sent yet; with its proof */
    bool has_token;
};

struct world {
    enum fault fault;
    uint64_t random;
    uint64_t monotonic_ns;
    struct skeym_revoked nobody;
    struct server server[SERVERS];
    struct sent sent[SENT_MOST];
    size_t count;
    unsigned admitted, again, locked_out;
};

/* xorshift64*: the same for the same seed, on every machine. */
static uint64_t chance(struct world *world, uint64_t below)
{
    world->random ^= world->random >> 12;
    world->random ^= world->random << 25;
    world->random ^= world->random >> 27;
    return (world->random * UINT64_C(0x2545f4914f6cdd1d) >> 11) % below;
}

static void fill(struct world *world, void *out, size_t size)
{
    uint8_t *at = out;
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)chance(world, 256);
    }
}

static uint64_t wall_ns(const struct world *world, const struct server *server)
{
    return START_NS + world->monotonic_ns + (uint64_t)server->skew_ns;
}

static uint64_t now_ms(struct world *world, struct server *server)
{
    uint64_t wall = wall_ns(world, server);
    return world->fault == FOLLOWS_BACK
               ? wall / NS_PER_MS
               : skeym_clock_step(&server->clock, wall, world->monotonic_ns, NULL);
}

/* What the watch and the key mover do each second. */
static void turn(struct world *world, struct server *server)
{
    bool moved = false;
    uint64_t now = now_ms(world, server);
    skeym_used_tick(server->gate.used, now);
    assert_int_equal(skeym_keyring_advance(&server->keyring, now, &moved), SKEYM_OK);
    if (moved) {
        assert_int_equal(skeym_keyring_derive(&server->keys, &server->keyring), SKEYM_OK);
    }
}

static void forget_used(struct server *server)
{
    memset(server->memory, 0, skeym_used_bytes(SLOTS));
    server->gate.used = skeym_used_init(server->memory, SLOTS);
}

/* A process that begins, on the keyring that its file holds. */
static void start(struct world *world, struct server *server)
{
    uint32_t instance = server->gate.instance;
    skeym_clock_init(&server->clock);
    forget_used(server);
    if (world->fault != SAME_INSTANCE || instance == 0) {
        fill(world, &instance, sizeof instance);
    }
    server->gate.keys = &server->keys.audience;
    server->gate.revoked = &world->nobody;
    server->gate.instance = instance;
    server->gate.body_max = 1000;
    assert_int_equal(skeym_keyring_derive(&server->keys, &server->keyring), SKEYM_OK);
    turn(world, server);
}

static struct skeym_head head_of(const struct sent *sent)
{
    return (struct skeym_head){.method = skeym_span_text("GET"),
                               .target = skeym_span_text("/fhir/metadata"),
                               .authorization = skeym_span_text(sent->authorization),
                               .proof = skeym_span_text(sent->proof)};
}

static enum skeym_error judge(struct world *world, struct server *server, const struct sent *sent)
{
    struct skeym_admission admission;
    const struct skeym_head head = head_of(sent);
    enum skeym_error error = skeym_admit(&admission, &server->gate, &head, (struct skeym_span){0},
                                         now_ms(world, server));
    skeym_admission_wipe(&admission);
    return error;
}

/* A login, as far as time has to do with it: a token, and the request that it will be used for. */
static void log_in(struct world *world, struct server *server)
{
    struct skeym_token_claims claims = {.lifetime_s = LIFETIME_S, .generation = 1};
    struct skeym_exchange_keys keys;
    uint8_t nonce[SKEYM_NONCE_BYTES];
    uint8_t token[SKEYM_TOKEN_BYTES];
    uint8_t proof[SKEYM_PROOF_BYTES];
    size_t size = 0;
    struct sent *out = &server->token;
    memset(out, 0, sizeof *out);
    fill(world, claims.secret, sizeof claims.secret);
    fill(world, nonce, sizeof nonce);
    claims.issued_ms = now_ms(world, server);
    claims.login_s = (uint32_t)(claims.issued_ms / 1000);
    claims.deadline_s = claims.login_s + 3600;
    claims.instance = server->gate.instance;
    claims.role = SKEYM_ROLE_DOCTOR;
    assert_int_equal(skeym_name_node(&claims.id, skeym_span_text("doc")), SKEYM_OK);
    assert_int_equal(skeym_token_mint((struct skeym_room){token, sizeof token}, &size,
                                      &server->keys.audience, &claims, nonce),
                     SKEYM_OK);
    struct skeym_room room = {(uint8_t *)out->authorization, sizeof out->authorization - 1};
    struct skeym_writer writer = skeym_writer(room);
    skeym_write_text(&writer, "SkeyM ");
    skeym_base64url_write(&writer, skeym_span(token, size));
    assert_int_equal(skeym_exchange_derive(&keys, claims.secret), SKEYM_OK);
    const struct skeym_exchange_request request = {
        skeym_span_text("GET"), skeym_span_text("/fhir/metadata"), {0}, {0}};
    assert_int_equal(skeym_exchange_proof(proof, keys.proof, &request), SKEYM_OK);
    struct skeym_room proof_room = {(uint8_t *)out->proof, sizeof out->proof - 1};
    struct skeym_writer proof_writer = skeym_writer(proof_room);
    skeym_base64url_write(&proof_writer, skeym_span(proof, sizeof proof));
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    assert_int_equal(skeym_writer_end(&proof_writer), SKEYM_OK);
    server->has_token = true;
}

/* Sends what the node has; from then on it is known to everybody. */
static enum skeym_error request(struct world *world, struct server *server)
{
    enum skeym_error error = judge(world, server, &server->token);
    server->token.admitted = error == SKEYM_OK;
    assert_true(world->count < SENT_MOST);
    world->sent[world->count++] = server->token;
    server->has_token = false;
    world->admitted += error == SKEYM_OK;
    return error;
}

/* The node wants to be served: with its token, or else after a turn and a login. */
static void serve(struct world *world, struct server *server)
{
    if (server->has_token && request(world, server) == SKEYM_OK) {
        log_in(world, server); /* stands for the next token */
        return;
    }
    turn(world, server);
    log_in(world, server);
    if (request(world, server) != SKEYM_OK) {
        world->locked_out++;
    }
    log_in(world, server);
}

/* Everything that was ever sent, to everybody. What was refused before, for a table that was not
 * ready or a time that had not come, may be admitted now, and then no more. */
static void replay(struct world *world)
{
    for (size_t i = 0; i < world->count; i++) {
        struct sent *sent = &world->sent[i];
        for (size_t to = 0; to < SERVERS; to++) {
            bool taken = judge(world, &world->server[to], sent) == SKEYM_OK;
            world->again += taken && sent->admitted;
            sent->admitted = sent->admitted || taken;
        }
    }
}

/* From where the wall clock is to a moment, in ms. */
static void set_wall(const struct world *world, struct server *server, uint64_t ms)
{
    server->skew_ns += (int64_t)(ms * NS_PER_MS - wall_ns(world, server));
}

static void jump(struct world *world, struct server *server)
{
    static const int64_t jumps_ms[] = {1, 999, 1000, 60000, 64000, 3600000, 86400000};
    enum { JUMPS = sizeof jumps_ms / sizeof jumps_ms[0] };
    uint64_t ms = wall_ns(world, server) / NS_PER_MS;
    uint64_t before = now_ms(world, server);
    switch (chance(world, 4)) {
    case 0: /* just before, at, or just after the edge of an epoch, of the table, of a second */
    {
        static const uint64_t edges_ms[] = {EPOCH_S * 1000, SKEYM_USED_SPAN_MS, 1000};
        uint64_t edge = edges_ms[chance(world, 3)];
        set_wall(world, server, ms / edge * edge + edge - 1 + chance(world, 3));
        break;
    }
    case 1: /* a leap second: at its end the second begins once more */
        set_wall(world, server, ms / 1000 * 1000 + 1000);
        (void)now_ms(world, server);
        server->skew_ns -= (int64_t)(1000 * NS_PER_MS);
        break;
    default:
        server->skew_ns +=
            jumps_ms[chance(world, JUMPS)] * (int64_t)NS_PER_MS * (chance(world, 2) ? 1 : -1);
    }
    if (world->fault == FORGETS && now_ms(world, server) != before) {
        forget_used(server);
        turn(world, server);
    }
}

static void step(struct world *world)
{
    struct server *server = &world->server[chance(world, SERVERS)];
    switch (chance(world, 8)) {
    case 0:
    case 1:
        jump(world, server);
        break;
    case 2:
        world->monotonic_ns += chance(world, 70000) * NS_PER_MS + chance(world, NS_PER_MS);
        break;
    case 3:
        turn(world, server);
        break;
    case 4:
        if (chance(world, 4) == 0) {
            start(world, server);
        }
        break;
    default:
        world->monotonic_ns += chance(world, 3000) * NS_PER_MS;
        serve(world, server);
    }
}

static void set_up(struct world *world, enum fault fault, uint64_t seed)
{
    struct skeym_keyring_random random;
    memset(world, 0, sizeof *world);
    world->fault = fault;
    world->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    world->monotonic_ns = 5 * NS_PER_MS;
    fill(world, &random, sizeof random);
    assert_int_equal(skeym_keyring_make(&world->server[0].keyring, START_NS / NS_PER_MS, EPOCH_S,
                                        skeym_span_text("ward"), &random),
                     SKEYM_OK);
    world->server[1].keyring = world->server[0].keyring; /* a copy, and from now on its own */
    for (size_t i = 0; i < SERVERS; i++) {
        world->server[i].memory = aligned_alloc(64, skeym_used_bytes(SLOTS));
        assert_non_null(world->server[i].memory);
        start(world, &world->server[i]);
    }
}

static void tear_down(struct world *world)
{
    for (size_t i = 0; i < SERVERS; i++) {
        free(world->server[i].memory);
    }
}

struct verdict {
    unsigned admitted, again, locked_out;
};

static struct verdict run(enum fault fault, unsigned sequences)
{
    static struct world world;
    struct verdict verdict = {0, 0, 0};
    for (unsigned seed = 1; seed <= sequences; seed++) {
        set_up(&world, fault, seed);
        for (unsigned i = 0; i < STEPS; i++) {
            step(&world);
            if (i % 8 == 7) {
                replay(&world);
            }
        }
        replay(&world);
        for (size_t i = 0; i < SERVERS; i++) { /* and all is well in the end */
            serve(&world, &world.server[i]);
        }
        replay(&world);
        verdict.admitted += world.admitted;
        verdict.again += world.again;
        verdict.locked_out += world.locked_out;
        tear_down(&world);
    }
    return verdict;
}

static void nothing_is_admitted_twice_and_nobody_is_locked_out(void **state)
{
    (void)state;
    struct verdict verdict = run(SOUND, SEQUENCES);
    assert_true(verdict.admitted > (unsigned)SEQUENCES * 10);
    assert_int_equal(verdict.again, 0);
    assert_int_equal(verdict.locked_out, 0);
}

/* The same must see each of these. */
static void a_clock_that_goes_back_locks_nodes_out(void **state)
{
    (void)state;
    assert_true(run(FOLLOWS_BACK, CONTROLS).locked_out > 0);
}

static void a_table_that_forgets_at_a_jump_lets_replays_in(void **state)
{
    (void)state;
    assert_true(run(FORGETS, CONTROLS).again > 0);
}

static void an_instance_that_stays_lets_replays_in(void **state)
{
    (void)state;
    assert_true(run(SAME_INSTANCE, CONTROLS).again > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_admitted_twice_and_nobody_is_locked_out),
        cmocka_unit_test(a_clock_that_goes_back_locks_nodes_out),
        cmocka_unit_test(a_table_that_forgets_at_a_jump_lets_replays_in),
        cmocka_unit_test(an_instance_that_stays_lets_replays_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
