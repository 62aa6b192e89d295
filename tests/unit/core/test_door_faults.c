/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core on a crypto door that fails: each call of the door in each operation fails once. The
 * error is told, no output is left, and no secret stays in memory that is not the caller's. The
 * same is asked of the operation that succeeds.
 */
#include "unit/core/door_operations.h"

#include "core/noise.h"
#include "core/xaes.h"
#include "unit/core/login_fixture.h"
#include <skeym/exchange.h>

static const uint8_t nonce[SKEYM_NONCE_BYTES] = {7, 7, 7};
static const uint8_t text[40] = {1, 2, 3};

/* What the operations write to. */
static struct {
    struct skeym_enrol_keys enrol;
    struct skeym_epoch_key epoch;
    struct skeym_audience_keys audience;
    struct skeym_node_claims claims;
    struct skeym_token_claims token_claims;
    struct skeym_exchange_keys keys;
    uint8_t credential[SKEYM_SECRET_BYTES];
    uint8_t token[SKEYM_TOKEN_BYTES];
    uint8_t locator[SKEYM_LOCATOR_BYTES];
    uint8_t proof[SKEYM_PROOF_BYTES];
    char proof_text[SKEYM_PROOF_CHARS + 1];
    uint8_t jwe[512];
    uint8_t plain[512];
    uint8_t bytes[64];
    struct skeym_jwe info;
    size_t size;
    uint64_t id;
} my;

#define ROOM(array) ((struct skeym_room){(uint8_t *)(array), sizeof(array)})

static struct skeym_exchange_request request(void)
{
    return (struct skeym_exchange_request){skeym_span_text("POST"), skeym_span_text("/x"),
                                           skeym_span_text("text/plain"), skeym_span(text, 40)};
}

static enum skeym_error do_enrol(void)
{
    return skeym_enrol_keys_derive(&my.enrol, 5, text);
}

static enum skeym_error do_audience(void)
{
    return skeym_audience_keys_derive(&my.audience, &my.epoch, &f.audience.audience);
}

/* A key that could not be moved is the one it was. */
static enum skeym_error do_ratchet(void)
{
    const struct skeym_epoch_key before = my.epoch;
    enum skeym_error error = skeym_epoch_ratchet(&my.epoch);
    assert_int_equal(memcmp(&my.epoch, &before, sizeof before) == 0, error != SKEYM_OK);
    return error;
}

static enum skeym_error do_locator_seal(void)
{
    return skeym_locator_seal(ROOM(my.locator), &my.size, &f.enrol[0], &f.claims, nonce);
}

static enum skeym_error do_locator_open(void)
{
    struct skeym_span locator = {f.credentials.locator, f.credentials.locator_size};
    return skeym_locator_open(&my.claims, &f.enrol[1], locator);
}

static enum skeym_error do_credential(void)
{
    return skeym_credential(my.credential, &f.enrol[0], &f.claims);
}

static struct skeym_token_claims token_claims(void)
{
    struct skeym_token_claims claims = {.issued_ms = NOW_MS,
                                        .lifetime_s = 30,
                                        .login_s = (uint32_t)(NOW_MS / 1000),
                                        .deadline_s = DEADLINE_S,
                                        .generation = 1,
                                        .role = SKEYM_ROLE_NURSE,
                                        .id = f.claims.id,
                                        .scopes = f.claims.scopes};
    memcpy(claims.secret, text, sizeof claims.secret);
    return claims;
}

static enum skeym_error do_mint(void)
{
    struct skeym_token_claims claims = token_claims();
    my.size = 99;
    enum skeym_error error =
        skeym_token_mint(ROOM(my.token), &my.size, &f.audience, &claims, nonce);
    assert_int_equal(door.found, 1); /* the claims as bytes are wiped, with S in them */
    assert_int_equal(my.size == 0, error != SKEYM_OK);
    return error;
}

static enum skeym_error do_token_open(void)
{
    return skeym_token_open(&my.token_claims, &my.id, &f.audience, skeym_span(my.token, my.size),
                            NOW_MS);
}

static enum skeym_error do_derive(void)
{
    return skeym_exchange_derive(&my.keys, text);
}

static enum skeym_error do_check(void)
{
    const struct skeym_exchange_request right = request();
    return skeym_exchange_check(skeym_span_text(my.proof_text), text, &right);
}

/* A proof under another key than the secret's. */
static enum skeym_error do_derive_and_check(void)
{
    const struct skeym_exchange_request right = request();
    enum skeym_error error =
        skeym_exchange_derive_and_check(&my.keys, text, skeym_span_text(my.proof_text), &right);
    return error == SKEYM_ERR_PROOF ? SKEYM_OK : error;
}

static enum skeym_error do_jwe_seal(void)
{
    my.size = 99;
    enum skeym_error error = skeym_jwe_seal(ROOM(my.jwe), &my.size, text, nonce, 200,
                                            skeym_span_text("text/plain"), skeym_span(text, 40));
    assert_int_equal(my.size == 0, error != SKEYM_OK);
    return error;
}

static enum skeym_error do_jwe_open(void)
{
    return skeym_jwe_open(ROOM(my.plain), &my.info, text, true, skeym_span(my.jwe, my.size));
}

static enum skeym_error do_xaes_seal(void)
{
    return skeym_xaes_seal(ROOM(my.bytes), text, nonce, skeym_span(text, 4), skeym_span(text, 40));
}

static enum skeym_error do_xaes_open(void)
{
    return skeym_xaes_open((struct skeym_room){my.plain, 40}, text, nonce, skeym_span(text, 4),
                           skeym_span(my.bytes, 56));
}

static enum skeym_error do_login_start(void)
{
    struct skeym_room room = {f.body, sizeof f.body};
    memset(f.body, 0xee, sizeof f.body);
    f.body_size = 99;
    return skeym_login_start(&f.node, room, &f.body_size, &f.credentials, &f.wish, node_ephemeral);
}

static enum skeym_error do_answer_clock(void)
{
    memset(f.answer, 0xee, sizeof f.answer);
    f.answer_size = 99;
    return skeym_login_answer_clock(ROOM(f.answer), &f.answer_size, &f.request, NOW_MS,
                                    node_ephemeral);
}

static enum skeym_error do_answer(void)
{
    memset(f.answer, 0xee, sizeof f.answer);
    f.answer_size = 99;
    return answer();
}

/* --- what goes before --------------------------------------------------------------- */

static void nothing(void)
{
}

static void epoch_key(void)
{
    my.epoch = (struct skeym_epoch_key){.epoch = 6, .key = {9}};
}

static void known_secret(void)
{
    door_needle = text;
}

static void minted(void)
{
    struct skeym_token_claims claims = token_claims();
    assert_int_equal(skeym_token_mint(ROOM(my.token), &my.size, &f.audience, &claims, nonce),
                     SKEYM_OK);
}

static void proved(void)
{
    const struct skeym_exchange_request right = request();
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){(uint8_t *)my.proof_text, SKEYM_PROOF_CHARS});
    my.proof_text[SKEYM_PROOF_CHARS] = 0;
    assert_int_equal(skeym_exchange_proof(my.proof, text, &right), SKEYM_OK);
    skeym_base64url_write(&writer, skeym_span(my.proof, sizeof my.proof));
}

static void jwe(void)
{
    assert_int_equal(do_jwe_seal(), SKEYM_OK);
}

static void sealed(void)
{
    assert_int_equal(do_xaes_seal(), SKEYM_OK);
}

static void asked(void)
{
    ask();
}

static void asked_with_an_old_key(void)
{
    enrol_under(&f.enrol[0]);
    ask();
}

static void asked_with_a_bad_locator(void)
{
    f.credentials.locator[60] ^= 1;
    ask();
}

static void was_read(void)
{
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
}

static void read_renewing(void)
{
    asked_with_an_old_key();
    assert_int_equal(read_body(), SKEYM_OK);
}

static void answered(void)
{
    was_read();
    assert_int_equal(answer(), SKEYM_OK);
}

static const struct door_operation operations[] = {
    {"enrol keys", nothing, do_enrol, DOOR_OUT(my.enrol), DOOR_CRYPTO, 4, 0, 0},
    {"audience keys", epoch_key, do_audience, DOOR_OUT(my.audience), DOOR_CRYPTO, 5, 0, 0},
    {"ratchet", epoch_key, do_ratchet, NULL, 0, DOOR_CRYPTO, 1, 0, 0},
    {"seal a locator", nothing, do_locator_seal, DOOR_OUT(my.locator), DOOR_CRYPTO, 3, 0, 0},
    {"open a locator", nothing, do_locator_open, DOOR_OUT(my.claims), DOOR_CRYPTO, 3, 0, 1},
    {"credential", nothing, do_credential, DOOR_OUT(my.credential), DOOR_CRYPTO, 1, 0, 0},
    {"mint", known_secret, do_mint, NULL, 0, DOOR_CRYPTO, 2, 0, 0},
    {"open a token", minted, do_token_open, DOOR_OUT(my.token_claims), DOOR_CRYPTO, 2, 0, 0},
    {"exchange keys", nothing, do_derive, DOOR_OUT(my.keys), DOOR_CRYPTO, 1, 0, 0},
    {"exchange keys and a proof", proved, do_derive_and_check, DOOR_OUT(my.keys), DOOR_CRYPTO, 1, 0,
     0},
    {"check a proof", proved, do_check, NULL, 0, DOOR_CRYPTO, 0, 0, 0},
    {"seal a JWE", nothing, do_jwe_seal, NULL, 0, DOOR_CRYPTO, 1, 0, 0},
    {"open a JWE", jwe, do_jwe_open, DOOR_OUT(my.info), DOOR_CRYPTO, 1, 0, 0},
    {"seal XAES", nothing, do_xaes_seal, DOOR_OUT(my.bytes), DOOR_CRYPTO, 3, 0, 0},
    {"open XAES", sealed, do_xaes_open, my.plain, 40, DOOR_CRYPTO, 3, 0, 0},
    {"start a login", nothing, do_login_start, DOOR_OUT(f.body), DOOR_CRYPTO, 10, 0, 0},
    {"read a login", asked, read_body, DOOR_OUT(f.request), DOOR_CRYPTO, 12, 3, 3},
    {"read one with an old key", asked_with_an_old_key, read_body, DOOR_OUT(f.request), DOOR_CRYPTO,
     12, 3, 3},
    {"read a bad locator", asked_with_a_bad_locator, read_body, DOOR_OUT(f.request),
     SKEYM_ERR_LOCATOR, SKEYM_ERR_LOCATOR, 12, 3, 1},
    {"answer a login", was_read, do_answer, DOOR_OUT(f.answer), DOOR_CRYPTO, 16, 0, 0},
    {"answer and renew", read_renewing, do_answer, DOOR_OUT(f.answer), DOOR_CRYPTO, 17, 0, 0},
    {"answer with the clock", was_read, do_answer_clock, DOOR_OUT(f.answer), DOOR_CRYPTO, 7, 0, 0},
    {"finish a login", answered, finish, DOOR_OUT(f.grant), DOOR_CRYPTO, 8, 0, 0},
};

static void begin(void)
{
    (void)start(NULL);
    memset(&my, 0xee, sizeof my);
    door_own[0] = skeym_span(&f, sizeof f);
    door_own[1] = skeym_span(&my, sizeof my);
}

static void each_call_of_the_door_fails(void **state)
{
    (void)state;
    door_fail_each_call(operations, sizeof operations / sizeof operations[0], begin);
}

/* K_e goes over the stack twice: as the ratchet makes it, and where the audience keys are derived.
 */
static void the_epoch_key_is_wiped(void **state)
{
    (void)state;
    (void)start(NULL);
    epoch_key();
    struct skeym_epoch_key next = my.epoch;
    assert_int_equal(skeym_epoch_ratchet(&next), SKEYM_OK);
    door_needle = next.key;
    door_reset(0);
    assert_int_equal(do_audience(), SKEYM_OK);
    assert_int_equal(door.found, 2);
    door_needle = NULL;
}

/* A login works on a copy of the enrol key: it goes, whether the locator opens or not, and when the
 * door fails. */
static void the_copy_of_the_enrol_key_is_wiped(void **state)
{
    (void)state;
    void (*const before[])(void) = {asked, asked_with_an_old_key, asked_with_a_bad_locator};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        for (unsigned fail_at = 0; fail_at <= 12; fail_at++) {
            begin();
            before[i]();
            door_needle = f.enrol[i == 1 ? 0 : 1].once; /* the end of it */
            door_reset(fail_at);
            enum skeym_error error = read_body();
            assert_int_equal(error != SKEYM_OK, fail_at > 0 || i == 2);
            assert_int_equal(door.found, 1);
        }
    }
    door_needle = NULL;
}

/* The rest of a text that makes no whole group goes over the stack: as bytes, and as characters.
 * The wide form reads it into registers, and has on the stack what it writes. */
static void base64url_wipes(void)
{
    const unsigned read = door_avx2 ? 0 : 1;
    static const uint8_t bytes[13] = {11, 22, 33, 44, 55, 66, 77, 88, 99, 110, 121, 132, 143};
    uint8_t chars[18];
    uint8_t back[13];
    size_t size = 0;
    struct skeym_writer writer = skeym_writer(ROOM(chars));
    door_reset(0);
    skeym_base64url_write(&writer, skeym_span(bytes, sizeof bytes));
    assert_int_equal(writer.size, sizeof chars);
    for (int i = 0; i < 2; i++) {
        door_needle = i == 0 ? bytes : chars;
        door_needle_size = i == 0 ? sizeof bytes : sizeof chars;
        door_reset(0);
        writer = skeym_writer(ROOM(chars));
        skeym_base64url_write(&writer, skeym_span(bytes, sizeof bytes));
        assert_int_equal(door.found, i == 0 ? read : 1);
        door_reset(0);
        assert_int_equal(skeym_base64url_read(ROOM(back), &size, skeym_span(chars, sizeof chars)),
                         SKEYM_OK);
        assert_memory_equal(back, bytes, sizeof bytes);
        assert_int_equal(door.found, i == 0 ? 1 : read);
    }
    door_needle = NULL;
    door_needle_size = 32;
}

static void base64url_wipes_what_is_left_over(void **state)
{
    (void)state;
    base64url_wipes();
#if defined(__x86_64__)
    door_avx2 = __builtin_cpu_supports("avx2") != 0;
    base64url_wipes();
    door_avx2 = false;
#endif
}

/* A plaintext of so many bytes that their characters count as none is refused before the door sees
 * it. */
static void what_does_not_fit_is_not_sealed(void **state)
{
    (void)state;
    const struct skeym_span wraps = {text, SIZE_MAX / 4 * 3 + 3};
    begin();
    door_reset(0);
    assert_int_equal(
        skeym_jwe_seal(ROOM(my.jwe), &my.size, text, nonce, 200, skeym_span_text("a"), wraps),
        SKEYM_ERR_SPACE);
    assert_int_equal(door.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_of_the_door_fails),
        cmocka_unit_test(the_epoch_key_is_wiped),
        cmocka_unit_test(the_copy_of_the_enrol_key_is_wiped),
        cmocka_unit_test(base64url_wipes_what_is_left_over),
        cmocka_unit_test(what_does_not_fit_is_not_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
