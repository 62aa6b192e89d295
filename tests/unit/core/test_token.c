/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/audience_key.h"
#include <setjmp.h>
#include <skeym/token.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW   UINT64_C(1800000000000)
#define EPOCH 500000

struct fixture {
    struct skeym_audience_keys keys;
    struct skeym_token_claims claims;
    uint8_t nonce[SKEYM_NONCE_BYTES];
    uint8_t token[SKEYM_TOKEN_BYTES + 16];
    size_t size;
};

static void mint(struct fixture *f)
{
    assert_int_equal(skeym_token_mint((struct skeym_room){f->token, SKEYM_TOKEN_BYTES}, &f->size,
                                      &f->keys, &f->claims, f->nonce),
                     SKEYM_OK);
}

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(skeym_name_audience(&f->keys.audience, skeym_span_text("ward.example")),
                     SKEYM_OK);
    f->keys.epoch = EPOCH;
    set_key(&f->keys.current, 0x11);
    set_key(&f->keys.previous, 0x22);
    memset(f->claims.secret, 0x33, sizeof f->claims.secret);
    f->claims.issued_ms = NOW;
    f->claims.lifetime_s = 59;
    f->claims.login_s = (uint32_t)(NOW / 1000);
    f->claims.deadline_s = (uint32_t)(NOW / 1000) + 3600;
    f->claims.instance = 77;
    f->claims.generation = 1;
    f->claims.role = SKEYM_ROLE_DEVICE;
    assert_int_equal(skeym_name_node(&f->claims.id, skeym_span_text("pump-7")), SKEYM_OK);
    f->claims.scopes.count = 1;
    assert_int_equal(
        skeym_scope_parse(&f->claims.scopes.at[0], skeym_span_text("system/Observation.c")),
        SKEYM_OK);
    for (size_t i = 0; i < sizeof f->nonce; i++) {
        f->nonce[i] = (uint8_t)(0x80 + i);
    }
    mint(f);
}

static void assert_opens(const struct fixture *f, uint64_t now_ms)
{
    struct skeym_token_claims claims;
    uint64_t id = 0;
    assert_int_equal(
        skeym_token_open(&claims, &id, &f->keys, skeym_span(f->token, f->size), now_ms), SKEYM_OK);
    assert_memory_equal(&claims, &f->claims, sizeof claims);
    assert_true(id == UINT64_C(0x8081828384858687));
}

static void assert_refused(const struct fixture *f, struct skeym_span token, uint64_t now_ms,
                           enum skeym_error error)
{
    struct skeym_token_claims claims;
    struct skeym_token_claims zero;
    uint64_t id = 1;
    memset(&claims, 0x5c, sizeof claims);
    memset(&zero, 0, sizeof zero);
    assert_int_equal(skeym_token_open(&claims, &id, &f->keys, token, now_ms), error);
    assert_memory_equal(&claims, &zero, sizeof zero);
    assert_true(id == 0);
}

static void opens_to_what_was_minted(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_opens(&f, NOW);
    assert_int_equal(f.size, 125);
    assert_int_equal(f.token[0], 1);
    assert_memory_equal(f.token + 1, "\x00\x07\xa1\x20", 4);
    assert_memory_equal(f.token + 5, f.nonce, sizeof f.nonce);
}

/* The largest claims make the largest token. */
static void sizes_are_the_documents(void **state)
{
    (void)state;
    struct fixture f;
    char patient[SKEYM_SCOPE_TEXT_BYTES] = "patient/";
    set_up(&f);
    memset(patient + 8, 'p', SKEYM_PATIENT_BYTES);
    memcpy(patient + 8 + SKEYM_PATIENT_BYTES, "/Flag.r", 8);
    f.claims.scopes.count = SKEYM_SCOPES_MAX;
    for (size_t i = 0; i < SKEYM_SCOPES_MAX; i++) {
        assert_int_equal(skeym_scope_parse(&f.claims.scopes.at[i], skeym_span_text(patient)),
                         SKEYM_OK);
    }
    assert_int_equal(
        skeym_name_node(&f.claims.id, skeym_span_text("abcdefghijklmnopqrstuvwxyz012345")),
        SKEYM_OK);
    mint(&f);
    assert_opens(&f, NOW);
    assert_int_equal(f.size, SKEYM_TOKEN_BYTES);
    assert_int_equal(f.size, 685);
    assert_int_equal(SKEYM_TOKEN_CHARS, 914);
}

static void minting_fails_closed(void **state)
{
    (void)state;
    struct fixture f;
    size_t size = 1;
    set_up(&f);
    size_t whole = f.size;
    for (size_t room = 0; room < whole; room++) {
        uint8_t out[SKEYM_TOKEN_BYTES] = {0};
        assert_int_equal(
            skeym_token_mint((struct skeym_room){out, room}, &size, &f.keys, &f.claims, f.nonce),
            SKEYM_ERR_SPACE);
        assert_int_equal(size, 0);
        assert_int_equal(out[room], 0);
    }
    static const uint8_t lifetimes[] = {0, 60, 255};
    for (size_t i = 0; i < sizeof lifetimes; i++) {
        f.claims.lifetime_s = lifetimes[i];
        assert_int_equal(skeym_token_mint((struct skeym_room){f.token, sizeof f.token}, &size,
                                          &f.keys, &f.claims, f.nonce),
                         SKEYM_ERR_RANGE);
        assert_int_equal(size, 0);
    }
}

static void other_sizes(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    for (size_t size = 0; size <= sizeof f.token; size++) {
        if (size == f.size) {
            continue;
        }
        bool possible = size >= 29 + 32 && size <= SKEYM_TOKEN_BYTES && (size - 29) % 16 == 0;
        assert_refused(&f, skeym_span(f.token, size), NOW,
                       possible ? SKEYM_ERR_SEAL : SKEYM_ERR_SIZE);
    }
}

static void every_flipped_bit(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    for (size_t bit = 0; bit < f.size * 8; bit++) {
        f.token[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_refused(&f, skeym_span(f.token, f.size), NOW,
                       bit < 8    ? SKEYM_ERR_VERSION
                       : bit < 40 ? SKEYM_ERR_EPOCH /* EPOCH is even: no flip makes it EPOCH - 1 */
                                  : SKEYM_ERR_SEAL);
        f.token[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_opens(&f, NOW);
}

/* The epoch is associated data too: with one key in both places, only the seal can tell. */
static void the_epoch_is_sealed(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.keys.previous = f.keys.current;
    f.token[3] = 0xa1;
    f.token[4] = 0x1f;
    assert_refused(&f, skeym_span(f.token, f.size), NOW, SKEYM_ERR_SEAL);
}

static void this_epoch_and_the_one_before(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    struct skeym_audience_keys then = f.keys;
    f.keys.epoch = EPOCH + 1;
    assert_refused(&f, skeym_span(f.token, f.size), NOW, SKEYM_ERR_SEAL); /* by `previous` */
    f.keys.previous = then.current;
    set_key(&f.keys.current, 0x44);
    assert_opens(&f, NOW);
    f.keys.epoch = EPOCH + 2;
    assert_refused(&f, skeym_span(f.token, f.size), NOW, SKEYM_ERR_EPOCH);
    f.keys = then;
    f.keys.epoch = EPOCH - 1;
    assert_refused(&f, skeym_span(f.token, f.size), NOW, SKEYM_ERR_EPOCH);
    f.keys.epoch = UINT32_MAX;
    mint(&f);
    f.keys.epoch = 0; /* e - 1 does not wrap around */
    assert_refused(&f, skeym_span(f.token, f.size), NOW, SKEYM_ERR_EPOCH);
}

static void only_for_its_audience(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_int_equal(skeym_name_audience(&f.keys.audience, skeym_span_text("ward.exampl")),
                     SKEYM_OK);
    assert_refused(&f, skeym_span(f.token, f.size), NOW, SKEYM_ERR_SEAL);
    assert_int_equal(skeym_name_audience(&f.keys.audience, skeym_span_text("ward.examplf")),
                     SKEYM_OK);
    assert_refused(&f, skeym_span(f.token, f.size), NOW, SKEYM_ERR_SEAL);
}

/* To the last letter of the longest name there is. */
static void only_for_the_longest_audience(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_int_equal(
        skeym_name_audience(&f.keys.audience, skeym_span_text("abcdefghijklmnopqrstuvwxyz012345")),
        SKEYM_OK);
    mint(&f);
    assert_opens(&f, NOW);
    f.keys.audience.text[31] ^= 1;
    assert_refused(&f, skeym_span(f.token, f.size), NOW, SKEYM_ERR_SEAL);
    f.keys.audience.text[31] ^= 1;
    f.keys.audience.size--;
    assert_refused(&f, skeym_span(f.token, f.size), NOW, SKEYM_ERR_SEAL);
}

static void only_in_its_time(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    struct skeym_span token = skeym_span(f.token, f.size);
    assert_refused(&f, token, 0, SKEYM_ERR_TIME);
    assert_refused(&f, token, NOW - 1, SKEYM_ERR_TIME);
    assert_opens(&f, NOW);
    assert_opens(&f, NOW + 58999);
    assert_refused(&f, token, NOW + 59000, SKEYM_ERR_TIME);
    assert_refused(&f, token, UINT64_MAX, SKEYM_ERR_TIME);

    f.claims.deadline_s = (uint32_t)(NOW / 1000) + 1;
    mint(&f);
    assert_opens(&f, NOW + 999);
    assert_refused(&f, token, NOW + 1000, SKEYM_ERR_TIME);

    f.claims.deadline_s = UINT32_MAX; /* in ms this is more than 32 bits */
    mint(&f);
    assert_opens(&f, NOW);
}

/* Size before version before epoch before seal before time. */
static void the_order_of_checks(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    struct skeym_span token = skeym_span(f.token, f.size);
    f.token[40] ^= 1;
    assert_refused(&f, token, NOW - 1, SKEYM_ERR_SEAL);
    f.token[1] ^= 1;
    assert_refused(&f, token, NOW - 1, SKEYM_ERR_EPOCH);
    f.token[0] ^= 1;
    assert_refused(&f, token, NOW - 1, SKEYM_ERR_VERSION);
    token.size--;
    assert_refused(&f, token, NOW - 1, SKEYM_ERR_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_to_what_was_minted),
        cmocka_unit_test(sizes_are_the_documents),
        cmocka_unit_test(minting_fails_closed),
        cmocka_unit_test(other_sizes),
        cmocka_unit_test(every_flipped_bit),
        cmocka_unit_test(the_epoch_is_sealed),
        cmocka_unit_test(this_epoch_and_the_one_before),
        cmocka_unit_test(only_for_its_audience),
        cmocka_unit_test(only_for_the_longest_audience),
        cmocka_unit_test(only_in_its_time),
        cmocka_unit_test(the_order_of_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
