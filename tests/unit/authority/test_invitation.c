/* SPDX-License-Identifier: Apache-2.0 */
/* Invitations at the authority: making one, and the policy of docs/PROTOCOL.md, 5.1. */
#include "authority/enrolment.h"
#include "authority/uses.h"
#include "crypto/crypto.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS (UINT64_C(1800000000) * 1000)
#define NOW_S  UINT32_C(1800000000)

static struct {
    struct skeym_keyring keyring;
    struct skeym_working_keys keys;
    struct skeym_invite_claims claims;
    struct skeym_invite_code code;
    struct skeym_revoked_entry entries[1];
    struct skeym_revoked revoked;
    struct skeym_handshake node;
    uint8_t body[SKEYM_INVITE_BODY_BYTES];
    size_t body_size;
    struct skeym_invite_request request;
    uint64_t node_ms;
} w;

static const uint8_t nonce[SKEYM_NONCE_BYTES] = {9, 8, 7};

static void invite(void)
{
    assert_int_equal(skeym_enrolment_invite(&w.code, &w.keys, &w.claims, nonce), SKEYM_OK);
}

static int setup(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    struct skeym_keyring_random random = {{1}, {2}, {3}};
    assert_int_equal(skeym_keyring_make(&w.keyring, NOW_MS, 3600, skeym_span_text("ward"), &random),
                     SKEYM_OK);
    assert_int_equal(skeym_keyring_derive(&w.keys, &w.keyring), SKEYM_OK);
    w.claims.expires_s = NOW_S + 3600;
    w.claims.node.generation = 2;
    w.claims.node.not_after = NOW_S + 86400;
    w.claims.node.role = SKEYM_ROLE_NURSE;
    w.claims.node.scopes.count = 1;
    assert_int_equal(skeym_scope_parse(&w.claims.node.scopes.at[0], skeym_span_text("user/*.rs")),
                     SKEYM_OK);
    assert_int_equal(skeym_name_node(&w.claims.node.id, skeym_span_text("tablet-7")), SKEYM_OK);
    w.revoked = (struct skeym_revoked){w.entries, 0};
    w.node_ms = NOW_MS;
    invite();
    return 0;
}

static enum skeym_error accept_at(uint64_t now_ms)
{
    static const uint8_t private_key[32] = {0x50, [31] = 0x51};
    static const uint8_t ephemeral[32] = {0x21};
    struct skeym_room room = {w.body, sizeof w.body};
    assert_int_equal(
        skeym_invite_start(&w.node, room, &w.body_size, &w.code, private_key, w.node_ms, ephemeral),
        SKEYM_OK);
    memset(&w.request, 0xee, sizeof w.request);
    return skeym_enrolment_accept(&w.request, &w.keys, &w.revoked, skeym_span(w.body, w.body_size),
                                  now_ms);
}

static void assert_zero_state(void)
{
    static const struct skeym_handshake zero;
    assert_memory_equal(&w.request.state, &zero, sizeof zero);
}

static void makes_a_code(void **state)
{
    (void)state;
    struct skeym_invite_claims claims;
    struct skeym_span invitation = skeym_span(w.code.invitation, w.code.invitation_size);
    uint8_t secret[SKEYM_INVITE_SECRET_BYTES];
    assert_int_equal(skeym_invite_open(&claims, &w.keys.enrol[0], invitation), SKEYM_OK);
    assert_memory_equal(&claims, &w.claims, sizeof claims);
    assert_int_equal(skeym_invite_secret(secret, &w.keys.enrol[0], invitation), SKEYM_OK);
    assert_memory_equal(secret, w.code.secret, sizeof secret);
    assert_memory_equal(w.code.authority, w.keys.authority.identity_public, 32);
    assert_true(skeym_span_is(skeym_name_span(&w.code.audience), "ward"));
}

static void makes_none_that_is_unspelled(void **state)
{
    (void)state;
    static const struct skeym_invite_code zero;
    w.claims.expires_s = 0;
    assert_int_equal(skeym_enrolment_invite(&w.code, &w.keys, &w.claims, nonce), SKEYM_ERR_RANGE);
    assert_memory_equal(&w.code, &zero, sizeof zero);
    w.claims.expires_s = 1;
    w.keys.authority.enrol_count = 0;
    assert_int_equal(skeym_enrolment_invite(&w.code, &w.keys, &w.claims, nonce), SKEYM_ERR_STATE);
}

static void makes_it_under_the_current_key(void **state)
{
    (void)state;
    uint8_t key[32] = {7};
    assert_int_equal(skeym_keyring_rotate(&w.keyring, NOW_MS, key), SKEYM_OK);
    assert_int_equal(skeym_keyring_derive(&w.keys, &w.keyring), SKEYM_OK);
    assert_int_equal(accept_at(NOW_MS), SKEYM_OK); /* one under the old key is good, too */
    invite();
    assert_int_equal(w.code.invitation[4], 2);
    assert_int_equal(accept_at(NOW_MS), SKEYM_OK);
    assert_int_equal(skeym_keyring_retire(&w.keyring, 1), SKEYM_OK);
    assert_int_equal(skeym_keyring_derive(&w.keys, &w.keyring), SKEYM_OK);
    assert_int_equal(accept_at(NOW_MS), SKEYM_OK);
    assert_int_equal(
        skeym_enrolment_accept(&w.request, &w.keys, &w.revoked, skeym_span(w.body, 0), NOW_MS),
        SKEYM_ERR_SIZE);
}

static void ends_when_it_expires(void **state)
{
    (void)state;
    assert_int_equal(accept_at(NOW_MS), SKEYM_OK);
    w.node_ms = NOW_MS + 3600 * 1000 - 1;
    assert_int_equal(accept_at(w.node_ms), SKEYM_OK);
    w.node_ms++;
    assert_int_equal(accept_at(w.node_ms), SKEYM_ERR_EXPIRED);
    assert_zero_state();
    assert_true(skeym_span_is(skeym_name_span(&w.request.claims.id), "tablet-7")); /* the log's */
    /* not even the time is told any more */
    w.node_ms = NOW_MS;
    assert_int_equal(accept_at(NOW_MS + 7200 * 1000), SKEYM_ERR_EXPIRED);
}

static void ends_with_its_credential(void **state)
{
    (void)state;
    w.claims.expires_s = NOW_S + 100000;
    invite();
    w.node_ms = NOW_MS + UINT64_C(86400) * 1000 - 1;
    assert_int_equal(accept_at(w.node_ms), SKEYM_OK);
    w.node_ms++;
    assert_int_equal(accept_at(w.node_ms), SKEYM_ERR_EXPIRED);
}

static void ends_with_its_generation(void **state)
{
    (void)state;
    w.entries[0] = (struct skeym_revoked_entry){w.claims.node.id, 1};
    w.revoked.count = 1;
    assert_int_equal(accept_at(NOW_MS), SKEYM_OK);
    w.entries[0].generation = 2;
    assert_int_equal(accept_at(NOW_MS), SKEYM_ERR_REVOKED);
    assert_zero_state();
    w.node_ms = 0;
    assert_int_equal(accept_at(NOW_MS), SKEYM_ERR_REVOKED);
}

static void tells_the_time_beyond_a_minute(void **state)
{
    (void)state;
    w.node_ms = NOW_MS - 60000;
    assert_int_equal(accept_at(NOW_MS), SKEYM_OK);
    w.node_ms = NOW_MS + 60000;
    assert_int_equal(accept_at(NOW_MS), SKEYM_OK);
    w.node_ms = NOW_MS - 60001;
    assert_int_equal(accept_at(NOW_MS), SKEYM_ERR_CLOCK);
    w.node_ms = NOW_MS + 60001;
    assert_int_equal(accept_at(NOW_MS), SKEYM_ERR_CLOCK);
    /* what is there can be answered */
    uint8_t answer[SKEYM_INVITE_ANSWER_BYTES];
    size_t size = 0;
    struct skeym_invite_random random = {{4}, {5}};
    struct skeym_invite_grant grant;
    assert_int_equal(skeym_invite_answer_clock((struct skeym_room){answer, sizeof answer}, &size,
                                               &w.request, NOW_MS, &random),
                     SKEYM_OK);
    assert_int_equal(skeym_invite_finish(&grant, &w.node, skeym_span(answer, size)), SKEYM_OK);
    assert_true(grant.clock_only);
}

static void needs_a_key(void **state)
{
    (void)state;
    w.keys.authority.enrol_count = 0;
    assert_int_equal(accept_at(NOW_MS), SKEYM_ERR_CONFIG);
    assert_zero_state();
}

/* --- the list of used ones -------------------------------------------------------------------- */

static struct skeym_use use_of(uint8_t id, uint8_t key, uint32_t expires_s)
{
    struct skeym_use use = {.expires_s = expires_s};
    memset(use.id, id, sizeof use.id);
    memset(use.key_hash, key, sizeof use.key_hash);
    return use;
}

static void one_use_one_key(void **state)
{
    (void)state;
    struct skeym_use list[4];
    size_t count = 0;
    struct skeym_use use = use_of(1, 1, NOW_S + 10);
    assert_int_equal(skeym_uses_add(list, &count, &use, NOW_S), SKEYM_OK);
    assert_int_equal(count, 1);
    assert_int_equal(skeym_uses_add(list, &count, &use, NOW_S), SKEYM_ERR_EXISTS);
    use.key_hash[31] ^= 1;
    assert_int_equal(skeym_uses_add(list, &count, &use, NOW_S), SKEYM_ERR_REPLAY);
    use = use_of(1, 1, NOW_S + 10);
    use.id[15] ^= 1;
    use.key_hash[0] ^= 1;
    assert_int_equal(skeym_uses_add(list, &count, &use, NOW_S), SKEYM_OK);
    assert_int_equal(count, 2);
    use = use_of(1, 2, NOW_S + 10);
    assert_int_equal(skeym_uses_add(list, &count, &use, NOW_S), SKEYM_ERR_REPLAY);
    assert_int_equal(count, 2);
}

static void a_use_is_kept_for_a_week_after_its_end(void **state)
{
    (void)state;
    struct skeym_use list[4];
    size_t count = 0;
    const struct skeym_use first = use_of(1, 1, NOW_S);
    const struct skeym_use second = use_of(2, 1, NOW_S + 1);
    const struct skeym_use third = use_of(3, 1, UINT32_MAX);
    assert_int_equal(skeym_uses_add(list, &count, &first, NOW_S), SKEYM_OK);
    assert_int_equal(skeym_uses_add(list, &count, &second, NOW_S), SKEYM_OK);
    assert_int_equal(skeym_uses_add(list, &count, &third, NOW_S + 7 * 86400), SKEYM_OK);
    assert_int_equal(count, 3);
    assert_int_equal(skeym_uses_add(list, &count, &third, NOW_S + 7 * 86400 + 1), SKEYM_ERR_EXISTS);
    assert_int_equal(count, 2);
    assert_memory_equal(&list[0], &second, sizeof second);
    assert_memory_equal(&list[1], &third, sizeof third);
    /* a clock that went back */
    assert_int_equal(skeym_uses_add(list, &count, &second, 0), SKEYM_ERR_EXISTS);
    assert_int_equal(count, 2);
    /* its own is never dropped, however late */
    const struct skeym_use other = use_of(2, 9, NOW_S + 1);
    assert_int_equal(skeym_uses_add(list, &count, &other, UINT32_MAX), SKEYM_ERR_REPLAY);
}

static void a_use_names_invitation_and_key(void **state)
{
    (void)state;
    uint8_t hash[32];
    assert_int_equal(accept_at(NOW_MS), SKEYM_OK);
    struct skeym_use use = skeym_uses_of(&w.request);
    struct skeym_span key = skeym_span(w.request.claims.public_key, 32);
    skeym_crypto_sha256(hash, &key, 1);
    assert_memory_equal(use.id, nonce, sizeof use.id);
    assert_memory_equal(use.key_hash, hash, sizeof hash);
    assert_int_equal(use.expires_s, w.claims.expires_s);
}

static uint8_t file[SKEYM_USES_BYTES(4)];
static size_t file_size;

static void write_two(void)
{
    const struct skeym_use list[2] = {use_of(1, 2, 3), use_of(4, 5, UINT32_MAX)};
    assert_int_equal(
        skeym_uses_write((struct skeym_room){file, sizeof file}, &file_size, list, 2, &w.keyring),
        SKEYM_OK);
}

static enum skeym_error read_file(size_t size, size_t room)
{
    struct skeym_use list[4];
    size_t count = 9;
    enum skeym_error error =
        skeym_uses_read(list, room, &count, skeym_span(file, size), &w.keyring);
    assert_int_equal(count, error ? 0 : 2);
    if (!error) {
        const struct skeym_use want[2] = {use_of(1, 2, 3), use_of(4, 5, UINT32_MAX)};
        assert_memory_equal(list, want, sizeof want);
    }
    return error;
}

static void to_the_file_and_back(void **state)
{
    (void)state;
    write_two();
    assert_int_equal(file_size, 8 + 4 + 2 * 52 + 32);
    assert_memory_equal(file, "SKEYMIN1\0\0\0\2", 12);
    assert_int_equal(read_file(file_size, 2), SKEYM_OK);
    assert_int_equal(read_file(file_size, 1), SKEYM_ERR_SPACE);
    size_t size = 1;
    assert_int_equal(skeym_uses_write((struct skeym_room){file, 43}, &size, NULL, 0, &w.keyring),
                     SKEYM_ERR_SPACE);
    assert_int_equal(size, 0);
}

static void what_was_touched_is_not_read(void **state)
{
    (void)state;
    write_two();
    for (size_t i = 0; i < file_size; i++) {
        file[i] ^= 4;
        assert_int_equal(read_file(file_size, 4), i < 8 ? SKEYM_ERR_SHAPE : SKEYM_ERR_CHECKSUM);
        file[i] ^= 4;
    }
    for (size_t size = 0; size < file_size; size++) {
        assert_int_equal(read_file(size, 4), size < 44 ? SKEYM_ERR_TRUNCATED : SKEYM_ERR_CHECKSUM);
    }
    assert_int_equal(read_file(file_size + 1, 4), SKEYM_ERR_CHECKSUM);
    w.keyring.identity[0] ^= 1; /* another authority's */
    assert_int_equal(read_file(file_size, 4), SKEYM_ERR_CHECKSUM);
}

/* With a MAC that is right, as only we make it. */
static void a_count_that_is_wrong(void **state)
{
    (void)state;
    uint8_t key[32];
    const struct skeym_span info = skeym_span_text("skeym/1 used invitations");
    write_two();
    assert_int_equal(
        skeym_crypto_hkdf_expand((struct skeym_room){key, 32}, w.keyring.identity, &info, 1),
        SKEYM_OK);
    for (uint8_t count = 0; count < 4; count++) {
        struct skeym_span before = skeym_span(file, file_size - 32);
        file[11] = count;
        skeym_crypto_hmac(file + file_size - 32, skeym_span(key, 32), &before, 1);
        assert_int_equal(read_file(file_size, 4), count == 2 ? SKEYM_OK : SKEYM_ERR_RANGE);
    }
    struct skeym_span before = skeym_span(file, file_size - 33); /* half an entry */
    file[11] = 1;
    skeym_crypto_hmac(file + file_size - 33, skeym_span(key, 32), &before, 1);
    assert_int_equal(read_file(file_size - 1, 4), SKEYM_ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(makes_a_code, setup),
        cmocka_unit_test_setup(makes_none_that_is_unspelled, setup),
        cmocka_unit_test_setup(makes_it_under_the_current_key, setup),
        cmocka_unit_test_setup(ends_when_it_expires, setup),
        cmocka_unit_test_setup(ends_with_its_credential, setup),
        cmocka_unit_test_setup(ends_with_its_generation, setup),
        cmocka_unit_test_setup(tells_the_time_beyond_a_minute, setup),
        cmocka_unit_test_setup(needs_a_key, setup),
        cmocka_unit_test_setup(one_use_one_key, setup),
        cmocka_unit_test_setup(a_use_is_kept_for_a_week_after_its_end, setup),
        cmocka_unit_test_setup(a_use_names_invitation_and_key, setup),
        cmocka_unit_test_setup(to_the_file_and_back, setup),
        cmocka_unit_test_setup(what_was_touched_is_not_read, setup),
        cmocka_unit_test_setup(a_count_that_is_wrong, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
