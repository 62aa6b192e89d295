/* SPDX-License-Identifier: Apache-2.0 */
/* The bounds of a login's messages, in numbers: those of docs/PROTOCOL.md, section 6. */
#include "core/noise.h"
#include "unit/core/login_fixture.h"

#define HEAD_BYTES 80 /* e, and s with its tag */

/* A body of this version, locator and sealed payload: the last is not sealed at all. */
static enum skeym_error read_of(size_t locator_size, size_t sealed_size)
{
    static const uint8_t noise[HEAD_BYTES + 1000] = {0x42};
    struct skeym_room room = {f.body, sizeof f.body};
    struct skeym_writer writer = skeym_writer(room);
    uint8_t locator[SKEYM_LOCATOR_BYTES + 1] = {0};
    memcpy(locator, f.credentials.locator, f.credentials.locator_size);
    skeym_write_u8(&writer, 1);
    skeym_write_span16(&writer, skeym_span(locator, locator_size));
    skeym_write_span(&writer, skeym_span(noise, HEAD_BYTES + sealed_size));
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    f.body_size = writer.size;
    return read_body();
}

/* At least the six fields with an empty scope list: 11 bytes; at most 32 letters of audience and 8
 * scopes of 68 bytes: 586. */
static void payload_1_is_bounded(void **state)
{
    (void)state;
    size_t locator = f.credentials.locator_size;
    assert_int_equal(read_of(locator, 11 + 15), SKEYM_ERR_SIZE);
    assert_int_equal(read_of(locator, 11 + 16), SKEYM_ERR_HANDSHAKE);
    assert_int_equal(read_of(locator, 586 + 16), SKEYM_ERR_HANDSHAKE);
    assert_int_equal(read_of(locator, 586 + 17), SKEYM_ERR_SIZE);
}

/* What was read last is no part of what is read next. */
static void refused_sizes_leave_nothing(void **state)
{
    (void)state;
    assert_int_equal(read_of(f.credentials.locator_size, 0), SKEYM_ERR_SIZE);
    assert_zero(&f.request, sizeof f.request);
    assert_int_equal(read_of(SKEYM_LOCATOR_BYTES + 1, 100), SKEYM_ERR_LOCATOR);
    assert_zero(&f.request, sizeof f.request);
}

/* An answer needs a key to seal the locator with, and a time that 32 bits of seconds hold. */
static void terms_are_bounded(void **state)
{
    (void)state;
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
    f.keys.enrol_count = 0;
    assert_int_equal(answer(), SKEYM_ERR_RANGE);
    f.keys.enrol_count = 2;
    f.terms.deadline_s = UINT32_MAX;
    assert_int_equal(read_body(), SKEYM_OK);
    f.terms.server_ms = UINT64_C(4294967295999);
    assert_int_equal(answer(), SKEYM_OK);
    assert_int_equal(read_body(), SKEYM_OK);
    f.terms.server_ms = UINT64_C(4294967296000);
    assert_int_equal(answer(), SKEYM_ERR_RANGE);
}

/* The enrol key that a locator names is found wherever it stands, but not behind the last one. */
static void enrol_keys_are_counted(void **state)
{
    (void)state;
    static const uint8_t newest[32] = {4};
    static struct skeym_enrol_keys three[3];
    three[0] = f.enrol[0];
    three[1] = f.enrol[1];
    assert_int_equal(skeym_enrol_keys_derive(&three[2], 102, newest), SKEYM_OK);
    f.keys.enrol = three;
    for (size_t i = 0; i < 3; i++) {
        f.keys.enrol_count = 3;
        enrol_under(&three[i]);
        ask();
        assert_int_equal(read_body(), SKEYM_OK);
        assert_int_equal(f.request.enrol_id, 100 + i);
        f.keys.enrol_count = i; /* it is now the first one behind */
        assert_int_equal(i > 0 ? read_body() : SKEYM_ERR_LOCATOR, SKEYM_ERR_LOCATOR);
    }
}

/* All 32 bytes of each side's fresh key go into what is sent. */
static void the_fresh_keys_are_used_whole(void **state)
{
    (void)state;
    uint8_t sent[32];
    ask();
    assert_int_equal(skeym_crypto_x25519_public(sent, node_ephemeral), SKEYM_OK);
    assert_memory_equal(f.body + 3 + f.credentials.locator_size, sent, sizeof sent);
    assert_int_equal(skeym_crypto_x25519_public(sent, f.fresh.ephemeral), SKEYM_OK);
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(answer(), SKEYM_OK);
    assert_memory_equal(f.answer, sent, sizeof sent);
}

static void a_start_that_just_fits(void **state)
{
    (void)state;
    ask();
    size_t need = f.body_size;
    struct skeym_room room = {f.body, need};
    assert_int_equal(
        skeym_login_start(&f.node, room, &f.body_size, &f.credentials, &f.wish, node_ephemeral),
        SKEYM_OK);
    assert_int_equal(f.body_size, need);
}

static void an_answer_that_just_fits(void **state)
{
    (void)state;
    log_in();
    size_t need = f.answer_size;
    refresh(0x99);
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(skeym_login_answer((struct skeym_room){f.answer, need}, &f.answer_size,
                                        &f.request, &f.terms, &f.fresh),
                     SKEYM_OK);
    assert_int_equal(f.answer_size, need);
}

/* The largest answer there may be is taken: it is the seal that refuses it. */
static void answers_are_bounded(void **state)
{
    (void)state;
    static uint8_t bytes[SKEYM_LOGIN_ANSWER_BYTES + 1];
    memset(bytes, 0x42, sizeof bytes);
    ask();
    assert_int_equal(skeym_login_finish(&f.grant, &f.node, skeym_span(bytes, sizeof bytes - 1)),
                     SKEYM_ERR_HANDSHAKE);
    ask();
    assert_int_equal(skeym_login_finish(&f.grant, &f.node, skeym_span(bytes, sizeof bytes)),
                     SKEYM_ERR_SHAPE);
}

/* --- in place --------------------------------------------------------------------------- */

static enum skeym_error finish_in_place(size_t size)
{
    memset(&f.grant, 0xee, sizeof f.grant);
    enum skeym_error error =
        skeym_login_finish_in_place(&f.grant, &f.node, (struct skeym_room){f.answer, size});
    assert_zero(&f.node, sizeof f.node);
    if (size > SKEYM_NOISE_HEAD_2) { /* what was opened, and what was not */
        assert_zero(f.answer + SKEYM_NOISE_HEAD_2, size - SKEYM_NOISE_HEAD_2);
    }
    return error;
}

static void in_place(void **state)
{
    (void)state;
    static struct skeym_login_grant grant;
    static uint8_t kept[sizeof f.answer];
    enrol_under(&f.enrol[0]); /* the answer brings a C_i, too */
    ask();
    const struct skeym_handshake before = f.node;
    assert_int_equal(read_body(), SKEYM_OK);
    assert_int_equal(answer(), SKEYM_OK);
    assert_int_equal(finish(), SKEYM_OK);
    grant = f.grant;
    memcpy(kept, f.answer, sizeof kept);
    f.node = before;
    assert_int_equal(finish_in_place(f.answer_size), SKEYM_OK);
    assert_true(f.grant.renewed);
    assert_memory_equal(&f.grant, &grant, sizeof grant);
    assert_memory_equal(f.answer, kept, SKEYM_NOISE_HEAD_2); /* what is no secret is left alone */
    for (size_t size = 0; size <= f.answer_size; size++) {
        f.node = before;
        memcpy(f.answer, kept, sizeof kept);
        f.answer[size > 0 ? size - 1 : 0] ^= size == f.answer_size;
        assert_int_equal(finish_in_place(size),
                         size < 48 ? SKEYM_ERR_TRUNCATED : SKEYM_ERR_HANDSHAKE);
        assert_zero(&f.grant, sizeof f.grant);
        if (size < f.answer_size) {
            assert_memory_equal(f.answer + size, kept + size, sizeof kept - size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(payload_1_is_bounded, start),
        cmocka_unit_test_setup(refused_sizes_leave_nothing, start),
        cmocka_unit_test_setup(terms_are_bounded, start),
        cmocka_unit_test_setup(enrol_keys_are_counted, start),
        cmocka_unit_test_setup(the_fresh_keys_are_used_whole, start),
        cmocka_unit_test_setup(a_start_that_just_fits, start),
        cmocka_unit_test_setup(an_answer_that_just_fits, start),
        cmocka_unit_test_setup(answers_are_bounded, start),
        cmocka_unit_test_setup(in_place, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
