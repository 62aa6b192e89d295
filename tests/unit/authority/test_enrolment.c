/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/enrolment.h"
#include "crypto/crypto.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS (UINT64_C(1800000000) * 1000)
#define NOW_S  UINT32_C(1800000000)

/* An authority, one enrolled node, and what a login needs; each test bends one thing. */
struct world {
    struct skeym_keyring keyring;
    struct skeym_working_keys keys;
    struct skeym_node_claims claims;
    struct skeym_credentials node;
    struct skeym_revoked_entry entries[1];
    struct skeym_revoked revoked;
    struct skeym_login_policy policy;
    struct skeym_login_wish wish;
    struct skeym_login_random random;
    struct skeym_handshake state;
    uint8_t body[SKEYM_LOGIN_BYTES];
    size_t body_size;
    uint8_t answer[SKEYM_LOGIN_ANSWER_BYTES];
    size_t answer_size;
    struct skeym_login_report report;
    struct skeym_login_grant grant;
};

static struct skeym_scopes scopes_of(const char *word)
{
    struct skeym_scopes scopes = {.count = 1};
    assert_int_equal(skeym_scope_parse(&scopes.at[0], skeym_span_text(word)), SKEYM_OK);
    return scopes;
}

static void enrol(struct world *world)
{
    uint8_t nonce[SKEYM_NONCE_BYTES] = {9};
    assert_int_equal(skeym_enrolment_make(&world->node, &world->keys, &world->claims, nonce),
                     SKEYM_OK);
    memset(world->node.private_key, 0x11, 32);
}

static void derive(struct world *world)
{
    assert_int_equal(skeym_keyring_derive(&world->keys, &world->keyring), SKEYM_OK);
}

static int setup(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    struct skeym_keyring_random random = {{1}, {2}, {3}};
    uint8_t key[32];
    memset(key, 0x11, sizeof key);
    assert_int_equal(
        skeym_keyring_make(&world.keyring, NOW_MS, 3600, skeym_span_text("ward"), &random),
        SKEYM_OK);
    derive(&world);
    world.claims.generation = 2;
    world.claims.not_after = NOW_S + 86400 * 365;
    world.claims.role = SKEYM_ROLE_DOCTOR;
    world.claims.scopes = scopes_of("user/Observation.rs");
    assert_int_equal(skeym_name_node(&world.claims.id, skeym_span_text("dr-lee")), SKEYM_OK);
    assert_int_equal(skeym_crypto_x25519_public(world.claims.public_key, key), SKEYM_OK);
    enrol(&world);
    world.revoked = (struct skeym_revoked){world.entries, 0};
    world.policy = (struct skeym_login_policy){&world.keys, &world.revoked, 77, 30, 43200, 4};
    world.wish = (struct skeym_login_wish){.time_ms = NOW_MS, .lanes = 2};
    memset(&world.random, 5, sizeof world.random);
    *state = &world;
    return 0;
}

static void say_hello(struct world *world)
{
    uint8_t ephemeral[32];
    memset(ephemeral, 0x21, sizeof ephemeral);
    assert_int_equal(skeym_login_start(&world->state,
                                       (struct skeym_room){world->body, sizeof world->body},
                                       &world->body_size, &world->node, &world->wish, ephemeral),
                     SKEYM_OK);
}

static enum skeym_error judge(struct world *world)
{
    static const struct skeym_login_random zero;
    enum skeym_error error =
        skeym_enrolment_login((struct skeym_room){world->answer, sizeof world->answer},
                              &world->answer_size, &world->report, &world->policy,
                              skeym_span(world->body, world->body_size), NOW_MS, &world->random);
    assert_memory_equal(&world->random, &zero, sizeof zero);
    if (error != SKEYM_OK && error != SKEYM_ERR_CLOCK) {
        assert_int_equal(world->answer_size, 0);
        assert_int_equal(world->report.lanes, 0);
    }
    return error;
}

static enum skeym_error log_in(struct world *world)
{
    say_hello(world);
    return judge(world);
}

static void finish(struct world *world)
{
    assert_int_equal(skeym_login_finish(&world->grant, &world->state,
                                        skeym_span(world->answer, world->answer_size)),
                     SKEYM_OK);
}

/* --- enrolment ------------------------------------------------------------- */

static void makes_a_locator_that_opens(void **state)
{
    struct world *world = *state;
    struct skeym_node_claims claims;
    uint8_t credential[32];
    assert_int_equal(skeym_locator_open(&claims, &world->keys.enrol[0],
                                        skeym_span(world->node.locator, world->node.locator_size)),
                     SKEYM_OK);
    assert_memory_equal(&claims, &world->claims, sizeof claims);
    assert_int_equal(skeym_credential(credential, &world->keys.enrol[0], &claims), SKEYM_OK);
    assert_memory_equal(world->node.credential, credential, sizeof credential);
    assert_memory_equal(world->node.authority, world->keys.authority.identity_public, 32);
    assert_true(skeym_span_is(skeym_name_span(&world->node.audience), "ward"));
}

static void refuses_claims_that_cannot_be_written(void **state)
{
    struct world *world = *state;
    static const struct skeym_credentials zero;
    struct skeym_credentials out;
    uint8_t nonce[SKEYM_NONCE_BYTES] = {1};
    world->claims.generation = 0;
    assert_int_equal(skeym_enrolment_make(&out, &world->keys, &world->claims, nonce),
                     SKEYM_ERR_RANGE);
    assert_memory_equal(&out, &zero, sizeof zero);
    world->claims.generation = 1;
    world->keys.authority.enrol_count = 0;
    assert_int_equal(skeym_enrolment_make(&out, &world->keys, &world->claims, nonce),
                     SKEYM_ERR_STATE);
}

static void makes_the_private_key_nobodys(void **state)
{
    struct world *world = *state;
    static const uint8_t zeros[32];
    struct skeym_credentials out;
    uint8_t nonce[SKEYM_NONCE_BYTES] = {1};
    memset(&out, 0xee, sizeof out);
    assert_int_equal(skeym_enrolment_make(&out, &world->keys, &world->claims, nonce), SKEYM_OK);
    assert_memory_equal(out.private_key, zeros, sizeof zeros);
}

/* --- the revoked list -------------------------------------------------------- */

static void reads_a_list(void **state)
{
    (void)state;
    struct skeym_revoked_entry out[8];
    size_t count, line;
    const char *text =
        "# revoked nodes\n\nward-7 3\nbed.1 1\nward-7 12\nward-7 2\nward-7 12\nx 4294967295\n";
    assert_int_equal(skeym_enrolment_revoked(out, 8, &count, skeym_span_text(text), &line),
                     SKEYM_OK);
    assert_int_equal(line, 0);
    assert_int_equal(count, 3);
    struct skeym_revoked revoked = {out, count};
    struct skeym_name id;
    static const struct {
        const char *id;
        uint32_t generation;
        bool revoked;
    } cases[] = {{"ward-7", 1, true}, {"ward-7", 12, true}, {"ward-7", 13, false},
                 {"bed.1", 1, true},  {"bed.1", 2, false},  {"x", UINT32_MAX, true},
                 {"ward", 1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(skeym_name_node(&id, skeym_span_text(cases[i].id)), SKEYM_OK);
        assert_int_equal(skeym_revoked_has(&revoked, &id, cases[i].generation), cases[i].revoked);
    }
    assert_int_equal(skeym_name_node(&id, skeym_span_text("ward-7")), SKEYM_OK);
    assert_int_equal(skeym_enrolment_generation(&revoked, &id), 13);
    assert_int_equal(skeym_name_node(&id, skeym_span_text("x")), SKEYM_OK);
    assert_int_equal(skeym_enrolment_generation(&revoked, &id), 0);
    assert_int_equal(skeym_name_node(&id, skeym_span_text("new")), SKEYM_OK);
    assert_int_equal(skeym_enrolment_generation(&revoked, &id), 1);
}

static void an_empty_list_is_one(void **state)
{
    (void)state;
    size_t count = 9, line = 9;
    assert_int_equal(skeym_enrolment_revoked(NULL, 0, &count, (struct skeym_span){0}, &line),
                     SKEYM_OK);
    assert_int_equal(count, 0);
    assert_int_equal(line, 0);
}

static void names_the_wrong_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t line;
        enum skeym_error error;
    } cases[] = {
        {"ward-7\n", 1, SKEYM_ERR_SHAPE},
        {"# a\nward-7 \n", 2, SKEYM_ERR_RANGE},
        {"a 1\nb 2\nc 3", 3, SKEYM_ERR_SHAPE},
        {"# no end", 1, SKEYM_ERR_SHAPE},
        {"a 0\n", 1, SKEYM_ERR_RANGE},
        {"a 01\n", 1, SKEYM_ERR_RANGE},
        {"a 4294967296\n", 1, SKEYM_ERR_RANGE},
        {"a 42949672950\n", 1, SKEYM_ERR_RANGE},
        {"a -1\n", 1, SKEYM_ERR_CHARSET},
        {"a 1 \n", 1, SKEYM_ERR_CHARSET},
        {"a 1:\n", 1, SKEYM_ERR_CHARSET},
        {"a 1/\n", 1, SKEYM_ERR_CHARSET},
        {"a  1\n", 1, SKEYM_ERR_CHARSET},
        {"a 1\r\n", 1, SKEYM_ERR_CHARSET},
        {"a\t1\n", 1, SKEYM_ERR_SHAPE},
        {" a 1\n", 1, SKEYM_ERR_SIZE},
        {"-a 1\n", 1, SKEYM_ERR_CHARSET},
        {"a/b 1\n", 1, SKEYM_ERR_CHARSET},
        {"abcdefghijklmnopqrstuvwxyzABCDEFG 1\n", 1, SKEYM_ERR_SIZE},
        {"a 1\nb 1\nc 1\n", 3, SKEYM_ERR_SPACE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct skeym_revoked_entry out[2];
        size_t count = 9, line = 0;
        assert_int_equal(
            skeym_enrolment_revoked(out, 2, &count, skeym_span_text(cases[i].text), &line),
            cases[i].error);
        assert_int_equal(line, cases[i].line);
        assert_int_equal(count, 0);
    }
}

/* --- login ------------------------------------------------------------------- */

static void lets_a_node_in(void **state)
{
    struct world *world = *state;
    assert_int_equal(log_in(world), SKEYM_OK);
    assert_true(skeym_span_is(skeym_name_span(&world->report.id), "dr-lee"));
    assert_int_equal(world->report.generation, 2);
    assert_int_equal(world->report.role, SKEYM_ROLE_DOCTOR);
    assert_int_equal(world->report.lanes, 2);
    assert_false(world->report.renewed);
    finish(world);
    assert_false(world->grant.clock_only);
    assert_int_equal(world->grant.lanes, 2);
    assert_int_equal(world->grant.lifetime_s, 30);
    assert_int_equal(world->grant.deadline_s, NOW_S + 43200);
    assert_int_equal(world->grant.server_ms, NOW_MS);
    assert_false(world->grant.renewed);

    struct skeym_token_claims token;
    uint64_t id;
    assert_int_equal(
        skeym_token_open(&token, &id, &world->keys.audience,
                         skeym_span(world->grant.lane[1].token, world->grant.lane[1].token_size),
                         NOW_MS),
        SKEYM_OK);
    assert_memory_equal(token.secret, world->grant.lane[1].secret, 32);
    assert_int_equal(token.instance, 77);
    assert_int_equal(token.generation, 2);
    assert_int_equal(token.deadline_s, NOW_S + 43200);
    assert_memory_equal(&token.scopes, &world->claims.scopes, sizeof token.scopes);
}

static void gives_only_the_scopes_that_were_wanted(void **state)
{
    struct world *world = *state;
    struct skeym_token_claims token;
    uint64_t id;
    world->wish.scopes = scopes_of("patient/p1/Observation.r");
    assert_int_equal(log_in(world), SKEYM_OK);
    finish(world);
    assert_int_equal(
        skeym_token_open(&token, &id, &world->keys.audience,
                         skeym_span(world->grant.lane[0].token, world->grant.lane[0].token_size),
                         NOW_MS),
        SKEYM_OK);
    assert_memory_equal(&token.scopes, &world->wish.scopes, sizeof token.scopes);
}

static void bounds_lanes_and_deadline(void **state)
{
    struct world *world = *state;
    world->wish.lanes = 16;
    world->policy.session_s = UINT32_MAX;
    assert_int_equal(log_in(world), SKEYM_OK);
    finish(world);
    assert_int_equal(world->grant.lanes, 4);
    assert_int_equal(world->report.lanes, 4);
    assert_int_equal(world->grant.deadline_s, NOW_S + 86400);
}

static void the_deadline_is_not_after_not_after(void **state)
{
    struct world *world = *state;
    world->claims.not_after = NOW_S + 100;
    enrol(world);
    assert_int_equal(log_in(world), SKEYM_OK);
    finish(world);
    assert_int_equal(world->grant.deadline_s, NOW_S + 100);
}

static void refuses_an_expired_node(void **state)
{
    struct world *world = *state;
    world->claims.not_after = NOW_S;
    enrol(world);
    assert_int_equal(log_in(world), SKEYM_ERR_EXPIRED);
    assert_true(skeym_span_is(skeym_name_span(&world->report.id), "dr-lee"));
    world->claims.not_after = NOW_S + 1;
    enrol(world);
    memset(&world->random, 5, sizeof world->random);
    assert_int_equal(log_in(world), SKEYM_OK);
}

static void refuses_a_revoked_generation(void **state)
{
    struct world *world = *state;
    world->entries[0] = (struct skeym_revoked_entry){world->claims.id, 2};
    world->revoked.count = 1;
    assert_int_equal(log_in(world), SKEYM_ERR_REVOKED);
    world->entries[0].generation = 1;
    memset(&world->random, 5, sizeof world->random);
    assert_int_equal(log_in(world), SKEYM_OK);
}

static void refuses_another_audience(void **state)
{
    struct world *world = *state;
    assert_int_equal(skeym_name_audience(&world->node.audience, skeym_span_text("icu")), SKEYM_OK);
    assert_int_equal(log_in(world), SKEYM_ERR_AUDIENCE);
}

static void refuses_scopes_that_were_not_granted(void **state)
{
    struct world *world = *state;
    static const char *const words[] = {"user/Observation.c", "user/Patient.r", "user/*.r",
                                        "system/Observation.r"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        world->wish.scopes = scopes_of(words[i]);
        memset(&world->random, 5, sizeof world->random);
        assert_int_equal(log_in(world), SKEYM_ERR_SCOPE);
    }
}

static void tells_the_time_to_a_wrong_clock(void **state)
{
    struct world *world = *state;
    static const int64_t off[] = {60001, -60001, -(int64_t)NOW_MS};
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        world->wish.time_ms = (uint64_t)((int64_t)NOW_MS + off[i]);
        memset(&world->random, 5, sizeof world->random);
        assert_int_equal(log_in(world), SKEYM_ERR_CLOCK);
        finish(world);
        assert_true(world->grant.clock_only);
        assert_int_equal(world->grant.server_ms, NOW_MS);
        assert_int_equal(world->report.lanes, 0);
    }
    static const int64_t close[] = {60000, -60000};
    for (size_t i = 0; i < 2; i++) {
        world->wish.time_ms = (uint64_t)((int64_t)NOW_MS + close[i]);
        memset(&world->random, 5, sizeof world->random);
        assert_int_equal(log_in(world), SKEYM_OK);
    }
}

/* Each row breaks its own rule and all that come after it: the first in section 6's order speaks.
 */
static void judges_in_order(void **state)
{
    struct world *world = *state;
    world->wish.time_ms = 0;
    assert_int_equal(log_in(world), SKEYM_ERR_CLOCK);

    world->wish.scopes = scopes_of("user/Patient.r");
    memset(&world->random, 5, sizeof world->random);
    assert_int_equal(log_in(world), SKEYM_ERR_SCOPE);

    assert_int_equal(skeym_name_audience(&world->node.audience, skeym_span_text("icu")), SKEYM_OK);
    memset(&world->random, 5, sizeof world->random);
    assert_int_equal(log_in(world), SKEYM_ERR_AUDIENCE);

    world->entries[0] = (struct skeym_revoked_entry){world->claims.id, 2};
    world->revoked.count = 1;
    memset(&world->random, 5, sizeof world->random);
    assert_int_equal(log_in(world), SKEYM_ERR_REVOKED);

    world->claims.not_after = NOW_S;
    enrol(world);
    memset(&world->random, 5, sizeof world->random);
    assert_int_equal(log_in(world), SKEYM_ERR_EXPIRED);

    memset(world->node.credential, 1, 32);
    memset(&world->random, 5, sizeof world->random);
    assert_int_equal(log_in(world), SKEYM_ERR_HANDSHAKE);
}

static void a_failed_handshake_names_nobody(void **state)
{
    struct world *world = *state;
    static const struct skeym_login_report nobody;
    memset(world->node.private_key, 0x12, 32); /* of somebody else */
    assert_int_equal(log_in(world), SKEYM_ERR_HANDSHAKE);
    assert_memory_equal(&world->report, &nobody, sizeof nobody);
}

static void refuses_a_retired_enrol_key(void **state)
{
    struct world *world = *state;
    uint8_t key[32] = {8};
    assert_int_equal(skeym_keyring_rotate(&world->keyring, NOW_MS, key), SKEYM_OK);
    assert_int_equal(skeym_keyring_retire(&world->keyring, 1), SKEYM_OK);
    derive(world);
    enum skeym_error error = log_in(world);
    assert_true(error == SKEYM_ERR_LOCATOR || error == SKEYM_ERR_HANDSHAKE);
}

static void renews_what_an_old_enrol_key_sealed(void **state)
{
    struct world *world = *state;
    uint8_t key[32] = {8};
    assert_int_equal(skeym_keyring_rotate(&world->keyring, NOW_MS, key), SKEYM_OK);
    derive(world);
    assert_int_equal(log_in(world), SKEYM_OK);
    assert_true(world->report.renewed);
    finish(world);
    assert_true(world->grant.renewed);

    /* The renewed credential logs in, also once the old key is gone. */
    memcpy(world->node.credential, world->grant.credential, 32);
    memcpy(world->node.locator, world->grant.locator, world->grant.locator_size);
    world->node.locator_size = world->grant.locator_size;
    assert_int_equal(skeym_keyring_retire(&world->keyring, 1), SKEYM_OK);
    derive(world);
    memset(&world->random, 6, sizeof world->random);
    assert_int_equal(log_in(world), SKEYM_OK);
    assert_false(world->report.renewed);
}

static void every_changed_byte_of_a_body_is_refused(void **state)
{
    struct world *world = *state;
    say_hello(world);
    for (size_t i = 0; i < world->body_size; i++) {
        world->body[i] ^= 1;
        memset(&world->random, 5, sizeof world->random);
        assert_int_not_equal(judge(world), SKEYM_OK);
        world->body[i] ^= 1;
    }
    memset(&world->random, 5, sizeof world->random);
    assert_int_equal(judge(world), SKEYM_OK);
}

static void refuses_a_policy_that_is_none(void **state)
{
    struct world *world = *state;
    const struct skeym_login_policy good = world->policy;
    for (int i = 0; i < 6; i++) {
        world->policy = good;
        world->policy.lifetime_s = i == 0 ? 0 : i == 1 ? 60 : good.lifetime_s;
        world->policy.session_s = i == 2 ? 0 : good.session_s;
        world->policy.lanes_max = i == 3 ? 0 : i == 4 ? 17 : good.lanes_max;
        world->keys.authority.enrol_count = i == 5 ? 0 : 1;
        memset(&world->random, 5, sizeof world->random);
        assert_int_equal(log_in(world), SKEYM_ERR_CONFIG);
    }
    world->policy = good;
    world->keys.authority.enrol_count = 1;
    assert_int_equal(
        skeym_enrolment_login(
            (struct skeym_room){world->answer, sizeof world->answer}, &world->answer_size,
            &world->report, &world->policy, skeym_span(world->body, world->body_size),
            (UINT64_C(1) + UINT32_MAX - SKEYM_LOGIN_DEADLINE_MAX) * 1000, &world->random),
        SKEYM_ERR_CONFIG);
}

static void an_answer_that_does_not_fit_is_an_error(void **state)
{
    struct world *world = *state;
    say_hello(world);
    assert_int_equal(skeym_enrolment_login((struct skeym_room){world->answer, 100},
                                           &world->answer_size, &world->report, &world->policy,
                                           skeym_span(world->body, world->body_size), NOW_MS,
                                           &world->random),
                     SKEYM_ERR_SPACE);
    assert_int_equal(world->answer_size, 0);
    world->wish.time_ms = 0;
    say_hello(world);
    assert_int_equal(skeym_enrolment_login((struct skeym_room){world->answer, 20},
                                           &world->answer_size, &world->report, &world->policy,
                                           skeym_span(world->body, world->body_size), NOW_MS,
                                           &world->random),
                     SKEYM_ERR_SPACE);
}

#define TEST(function) cmocka_unit_test_setup(function, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(makes_a_locator_that_opens),
        TEST(refuses_claims_that_cannot_be_written),
        TEST(makes_the_private_key_nobodys),
        TEST(reads_a_list),
        TEST(an_empty_list_is_one),
        TEST(names_the_wrong_line),
        TEST(lets_a_node_in),
        TEST(gives_only_the_scopes_that_were_wanted),
        TEST(bounds_lanes_and_deadline),
        TEST(the_deadline_is_not_after_not_after),
        TEST(refuses_an_expired_node),
        TEST(refuses_a_revoked_generation),
        TEST(refuses_another_audience),
        TEST(refuses_scopes_that_were_not_granted),
        TEST(tells_the_time_to_a_wrong_clock),
        TEST(judges_in_order),
        TEST(a_failed_handshake_names_nobody),
        TEST(refuses_a_retired_enrol_key),
        TEST(renews_what_an_old_enrol_key_sealed),
        TEST(every_changed_byte_of_a_body_is_refused),
        TEST(refuses_a_policy_that_is_none),
        TEST(an_answer_that_does_not_fit_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
