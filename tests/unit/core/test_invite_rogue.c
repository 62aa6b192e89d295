/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolments that must fail: peers without the secret, peers with it who send what the protocol
 * does not spell, and an authority that does; and what a failure costs.
 */
#include "core/noise.h"
#include "core/sealed.h"
#include "core/xaes.h"
#include "crypto/backend.h"
#include "unit/core/invite_fixture.h"
#include <stdlib.h>

static unsigned products;

/* The private key of a node whose public key is of low order: a door that others do not have. */
static const uint8_t low_key[32] = {0x66, 0x66};
static bool low_order;

static enum skeym_error product_of(uint8_t out[32], const uint8_t key[32], const uint8_t peer[32])
{
    products++;
    if (low_order && memcmp(key, low_key, 32) == 0) {
        memset(out, 0, 32);
        return SKEYM_OK;
    }
    return skeym_openssl.x25519(out, key, peer);
}

static bool public_of(uint8_t out[32], const uint8_t key[32])
{
    if (low_order && memcmp(key, low_key, 32) == 0) {
        memset(out, 0, 32);
        return true;
    }
    return skeym_openssl.x25519_public(out, key);
}

/* --- message 1 ---------------------------------------------------------------------------- */

/* What is refused costs two products, whatever is wrong, but for what can be seen from outside. */
static void check(enum skeym_error error)
{
    products = 0;
    assert_int_equal(read_body(), error);
    bool outside = error == SKEYM_ERR_SIZE || error == SKEYM_ERR_VERSION;
    assert_int_equal(products, outside ? 0 : 2);
    if (error) {
        assert_zero(&f.request, sizeof f.request);
    }
}

static void each_byte_counts(void **state)
{
    (void)state;
    ask();
    check(SKEYM_OK);
    size_t message = 3 + f.code.invitation_size;
    for (size_t i = 0; i < f.body_size; i++) {
        f.body[i] ^= 0x10;
        check(i == 0        ? SKEYM_ERR_VERSION
              : i < 3       ? SKEYM_ERR_SIZE
              : i < message ? SKEYM_ERR_LOCATOR
                            : SKEYM_ERR_HANDSHAKE);
        f.body[i] ^= 0x10;
    }
    check(SKEYM_OK);
}

static void each_size_counts(void **state)
{
    (void)state;
    ask();
    size_t whole = f.body_size;
    for (f.body_size = 0; f.body_size < whole; f.body_size++) {
        check(SKEYM_ERR_SIZE);
    }
    f.body_size = whole + 1;
    check(SKEYM_ERR_SIZE);
    uint8_t *large = calloc(1, SKEYM_LOGIN_BYTES + 1);
    assert_non_null(large);
    large[0] = 1;
    assert_int_equal(
        skeym_invite_read(&f.request, &f.keys, skeym_span(large, SKEYM_LOGIN_BYTES + 1)),
        SKEYM_ERR_SIZE);
    free(large);
}

static void without_the_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof f.code.secret; i++) {
        f.code.secret[i] ^= 1;
        ask();
        check(SKEYM_ERR_HANDSHAKE);
        f.code.secret[i] ^= 1;
    }
    memset(f.code.secret, 0, sizeof f.code.secret);
    ask();
    check(SKEYM_ERR_HANDSHAKE);
}

static void another_authority(void **state)
{
    (void)state;
    memcpy(f.code.authority, f.public_key, 32);
    ask();
    check(SKEYM_ERR_HANDSHAKE);
}

/* An enrol key that was retired, and one that never was. */
static void no_such_enrol_key(void **state)
{
    (void)state;
    ask();
    check(SKEYM_OK);
    f.keys.enrol = &f.enrol[1];
    f.keys.enrol_count = 1;
    check(SKEYM_ERR_LOCATOR);
    f.keys.enrol = f.enrol;
    f.keys.enrol_count = 2;
    f.code.invitation[4] = 102;
    ask();
    check(SKEYM_ERR_LOCATOR);
}

static void a_locator_in_its_place(void **state)
{
    (void)state;
    struct skeym_node_claims node = f.claims.node;
    memcpy(node.public_key, f.public_key, 32);
    struct skeym_room room = {f.code.invitation, sizeof f.code.invitation};
    assert_int_equal(skeym_locator_seal(room, &f.code.invitation_size, &f.enrol[0], &node, nonce),
                     SKEYM_OK);
    ask();
    check(SKEYM_ERR_LOCATOR);
    /* even by who could make the secret */
    assert_int_equal(skeym_invite_secret(f.code.secret, &f.enrol[0],
                                         skeym_span(f.code.invitation, f.code.invitation_size)),
                     SKEYM_OK);
    ask();
    check(SKEYM_ERR_LOCATOR);
}

/* The body of an enrolment is no login, and the other way round. */
static void a_login_is_none(void **state)
{
    (void)state;
    struct skeym_login_request request;
    struct skeym_credentials with = {.audience = f.code.audience};
    struct skeym_login_wish wish = {.time_ms = NOW_MS, .lanes = 1};
    ask();
    assert_int_equal(skeym_login_read(&request, &f.keys, skeym_span(f.body, f.body_size)),
                     SKEYM_ERR_SIZE);
    enrol();
    memcpy(with.private_key, f.private_key, 32);
    memcpy(with.credential, f.grant.credential, 32);
    memcpy(with.authority, f.code.authority, 32);
    memcpy(with.locator, f.grant.locator, f.grant.locator_size);
    with.locator_size = f.grant.locator_size;
    assert_int_equal(skeym_login_start(&f.node, (struct skeym_room){f.body, sizeof f.body},
                                       &f.body_size, &with, &wish, node_ephemeral),
                     SKEYM_OK);
    check(SKEYM_ERR_SIZE);
}

/* Shares of low order: whoever knows of them knows the products. */
static void shares_of_low_order(void **state)
{
    (void)state;
    ask();
    memset(f.body + 3 + f.code.invitation_size, 0, 32);
    check(SKEYM_ERR_HANDSHAKE);
    memcpy(f.private_key, low_key, 32);
    low_order = true;
    ask();
    low_order = false;
    check(SKEYM_ERR_HANDSHAKE);
}

/* What claims say is read once the message opened: before that, such as cannot be read cost and
 * answer what others do. */
static void claims_are_read_last(void **state)
{
    (void)state;
    uint8_t claims[48] = {0}; /* expires 0, which no authority seals */
    const struct skeym_sealed sort = {f.enrol[0].id, f.enrol[0].invite, 16, 592};
    assert_int_equal(skeym_sealed_write((struct skeym_room){f.code.invitation, 637},
                                        &f.code.invitation_size, &sort, nonce,
                                        skeym_span(claims, sizeof claims)),
                     SKEYM_OK);
    ask();
    check(SKEYM_ERR_HANDSHAKE);
    assert_int_equal(skeym_invite_secret(f.code.secret, &f.enrol[0],
                                         skeym_span(f.code.invitation, f.code.invitation_size)),
                     SKEYM_OK);
    ask();
    check(SKEYM_ERR_LOCATOR);
}

/* --- message 2 ----------------------------------------------------------------------------- */

static struct skeym_writer payload_writer(uint8_t *payload, size_t size)
{
    return skeym_writer((struct skeym_room){payload, size});
}

static enum skeym_error finish_payload(struct skeym_span payload)
{
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
    struct skeym_room room = {f.answer + 32, payload.size + 16};
    memset(f.request.state.ephemeral_key, 0x66, 32);
    assert_int_equal(skeym_noise_write_2(&f.request.state, f.answer), SKEYM_OK);
    assert_int_equal(skeym_noise_seal(&f.request.state, room, payload), SKEYM_OK);
    f.answer_size = 32 + payload.size + 16;
    enum skeym_error error = finish();
    assert_zero(&f.node, sizeof f.node);
    if (error) {
        assert_zero(&f.grant, sizeof f.grant);
    }
    return error;
}

struct parts {
    uint8_t kind;
    size_t locator;
    struct skeym_node_claims claims;
    bool claims_cut;
    int behind; /* bytes added, or cut off */
};

static enum skeym_error finish_parts(struct parts p)
{
    static const uint8_t filler[SKEYM_LOCATOR_BYTES + 1] = {1};
    uint8_t payload[SKEYM_INVITE_ANSWER_BYTES];
    uint8_t claims[SKEYM_NODE_CLAIMS_BYTES];
    struct skeym_writer plain = payload_writer(claims, sizeof claims);
    struct skeym_writer writer = payload_writer(payload, sizeof payload);
    skeym_node_claims_write(&plain, &p.claims);
    struct skeym_span bytes = skeym_written(&plain);
    skeym_write_u8(&writer, p.kind);
    skeym_write_u48(&writer, NOW_MS);
    if (p.kind != 1) {
        skeym_write_span16(&writer, skeym_span(filler, p.locator));
        skeym_write_span(&writer, skeym_span(filler, 32));
        skeym_write_span16(&writer, p.claims_cut ? skeym_span(claims, bytes.size - 1) : bytes);
    }
    skeym_write_span(&writer, skeym_span(filler, p.behind > 0 ? (size_t)p.behind : 0));
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    return finish_payload(
        skeym_span(payload, writer.size - (p.behind < 0 ? (size_t)-p.behind : 0)));
}

#define CHECK(error, ...)                                                                          \
    do {                                                                                           \
        struct parts p = {.locator = 109, .claims = f.claims.node};                                \
        memcpy(p.claims.public_key, f.public_key, 32);                                             \
        __VA_ARGS__;                                                                               \
        assert_int_equal(finish_parts(p), error);                                                  \
    } while (0)

static void payload_2(void **state)
{
    (void)state;
    CHECK(SKEYM_OK, );
    CHECK(SKEYM_OK, p.kind = 1);
    CHECK(SKEYM_OK, p.locator = 29 + 16 + 1);
    CHECK(SKEYM_OK, p.locator = SKEYM_LOCATOR_BYTES);
    CHECK(SKEYM_ERR_SHAPE, p.kind = 2);
    CHECK(SKEYM_ERR_RANGE, p.locator = 29 + 16);
    CHECK(SKEYM_ERR_RANGE, p.locator = 0);
    CHECK(SKEYM_ERR_RANGE, p.locator = SKEYM_LOCATOR_BYTES + 1);
    CHECK(SKEYM_ERR_SHAPE, p.claims_cut = true);
    CHECK(SKEYM_ERR_TRAILING, p.behind = 1);
    CHECK(SKEYM_ERR_TRAILING, p.kind = 1; p.behind = 1);
    CHECK(SKEYM_ERR_CONFLICT, p.claims.public_key[31] ^= 1);
    CHECK(SKEYM_ERR_CONFLICT, p.claims.public_key[0] ^= 1);
    int whole = 1 + 6 + 2 + 109 + 32 + 2 + 64;
    for (int cut = 1; cut <= whole; cut++) {
        CHECK(SKEYM_ERR_TRUNCATED, p.behind = -cut);
    }
}

static void answer_altered(void **state)
{
    (void)state;
    enrol();
    for (size_t i = 0; i < f.answer_size; i++) {
        ask();
        f.answer[i] ^= 8;
        enum skeym_error error = finish();
        assert_int_equal(error, SKEYM_ERR_HANDSHAKE);
        assert_zero(&f.grant, sizeof f.grant);
        assert_zero(&f.node, sizeof f.node);
        f.answer[i] ^= 8;
    }
    ask();
    assert_int_equal(finish(), SKEYM_OK);
    size_t whole = f.answer_size;
    for (f.answer_size = 0; f.answer_size < whole; f.answer_size++) {
        ask();
        assert_int_equal(finish(), f.answer_size < 48 ? SKEYM_ERR_TRUNCATED : SKEYM_ERR_HANDSHAKE);
    }
    ask();
    f.answer_size = SKEYM_INVITE_ANSWER_BYTES + 1;
    assert_int_equal(finish(), SKEYM_ERR_SHAPE);
    ask();
    memset(f.answer, 0, sizeof f.answer); /* an ephemeral of low order */
    f.answer_size = 100;
    assert_int_equal(finish(), SKEYM_ERR_WEAK);
    assert_zero(&f.node, sizeof f.node);
}

/* Who overheard an enrolment, and even made message 1 come again, reads nothing. */
static void an_answer_is_for_its_asker(void **state)
{
    (void)state;
    enrol();
    ask();
    memset(f.node.static_key, 0x33, 32);
    assert_int_equal(finish(), SKEYM_ERR_HANDSHAKE);
    ask();
    memset(f.node.ephemeral_key, 0x33, 32);
    assert_int_equal(finish(), SKEYM_ERR_HANDSHAKE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_byte_counts, start),
        cmocka_unit_test_setup(each_size_counts, start),
        cmocka_unit_test_setup(without_the_secret, start),
        cmocka_unit_test_setup(another_authority, start),
        cmocka_unit_test_setup(no_such_enrol_key, start),
        cmocka_unit_test_setup(a_locator_in_its_place, start),
        cmocka_unit_test_setup(a_login_is_none, start),
        cmocka_unit_test_setup(shares_of_low_order, start),
        cmocka_unit_test_setup(claims_are_read_last, start),
        cmocka_unit_test_setup(payload_2, start),
        cmocka_unit_test_setup(answer_altered, start),
        cmocka_unit_test_setup(an_answer_is_for_its_asker, start),
    };
    struct skeym_crypto_backend door = skeym_openssl;
    door.x25519 = product_of;
    door.x25519_public = public_of;
    skeym_crypto_use(&door);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
