/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/keyring.h"
#include "crypto/crypto.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_MS  UINT64_C(3600000)
#define START_MS (UINT64_C(490000) * HOUR_MS + 1234) /* epoch 490000 of an hour */

enum { AUDIENCE_AT = 8 + 4 + 4 + 32 + 32, COUNT_AT = AUDIENCE_AT + 1 + 4, ENROL_AT = COUNT_AT + 1 };

static struct skeym_keyring made(void)
{
    struct skeym_keyring keyring;
    struct skeym_keyring_random random;
    memset(random.epoch, 1, 32);
    memset(random.identity, 2, 32);
    memset(random.enrol, 3, 32);
    assert_int_equal(skeym_keyring_make(&keyring, START_MS, 3600, skeym_span_text("ward"), &random),
                     SKEYM_OK);
    return keyring;
}

struct file {
    uint8_t bytes[SKEYM_KEYRING_BYTES + 1];
    size_t size;
};

static struct file encoded(const struct skeym_keyring *keyring)
{
    struct file file = {0};
    struct skeym_room room = {file.bytes, SKEYM_KEYRING_BYTES};
    assert_int_equal(skeym_keyring_encode(room, &file.size, keyring), SKEYM_OK);
    return file;
}

/* Sets the hash right again after a change. */
static void rehash(struct file *file)
{
    struct skeym_span body = skeym_span(file->bytes, file->size - 32);
    uint8_t hash[32];
    skeym_crypto_sha256(hash, &body, 1);
    memcpy(file->bytes + body.size, hash, 32);
}

static enum skeym_error decode(const struct file *file)
{
    static const struct skeym_keyring zero;
    struct skeym_keyring keyring;
    memset(&keyring, 0xaa, sizeof keyring);
    enum skeym_error error = skeym_keyring_decode(&keyring, skeym_span(file->bytes, file->size));
    if (error != SKEYM_OK) {
        assert_memory_equal(&keyring, &zero, sizeof keyring);
    }
    return error;
}

static void makes_the_key_before_now(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    assert_int_equal(keyring.previous.epoch, 489999);
    assert_int_equal(keyring.previous.key[31], 1);
    assert_int_equal(keyring.identity[0], 2);
    assert_int_equal(keyring.enrol_count, 1);
    assert_int_equal(keyring.enrol[0].id, 1);
    assert_int_equal(keyring.enrol[0].made_s, START_MS / 1000);
    assert_int_equal(keyring.enrol[0].key[0], 3);
}

static void make_wipes_its_random_bytes(void **state)
{
    (void)state;
    static const struct skeym_keyring_random zero;
    struct skeym_keyring keyring;
    struct skeym_keyring_random random;
    memset(&random, 7, sizeof random);
    assert_int_equal(skeym_keyring_make(&keyring, START_MS, 3600, skeym_span_text("ward"), &random),
                     SKEYM_OK);
    assert_memory_equal(&random, &zero, sizeof random);
    memset(&random, 7, sizeof random);
    assert_int_equal(skeym_keyring_make(&keyring, START_MS, 1, skeym_span_text("ward"), &random),
                     SKEYM_ERR_RANGE);
    assert_memory_equal(&random, &zero, sizeof random);
}

static void make_refuses_what_cannot_be(void **state)
{
    (void)state;
    static const struct {
        uint64_t now_ms;
        const char *audience;
        uint32_t epoch_seconds;
        enum skeym_error error;
    } cases[] = {
        {START_MS, "ward", 119, SKEYM_ERR_RANGE},
        {START_MS, "ward", 120, SKEYM_OK},
        {START_MS, "ward", 86400, SKEYM_OK},
        {START_MS, "ward", 86401, SKEYM_ERR_RANGE},
        {119999, "ward", 120, SKEYM_ERR_RANGE},
        {120000, "ward", 120, SKEYM_OK},
        {UINT64_C(1) << 48, "ward", 3600, SKEYM_ERR_RANGE},
        {START_MS, "", 3600, SKEYM_ERR_SIZE},
        {START_MS, "Ward", 3600, SKEYM_ERR_CHARSET},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct skeym_keyring keyring;
        struct skeym_keyring_random random = {{1}, {2}, {3}};
        assert_int_equal(skeym_keyring_make(&keyring, cases[i].now_ms, cases[i].epoch_seconds,
                                            skeym_span_text(cases[i].audience), &random),
                         cases[i].error);
    }
}

static void bytes_come_back(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    struct skeym_keyring again;
    for (uint8_t i = 1; i <= SKEYM_ENROL_KEYS_MAX; i++) {
        struct file file = encoded(&keyring);
        assert_int_equal(skeym_keyring_decode(&again, skeym_span(file.bytes, file.size)), SKEYM_OK);
        assert_memory_equal(&again, &keyring, sizeof keyring);
        uint8_t key[32] = {i};
        enum skeym_error error = skeym_keyring_rotate(&keyring, START_MS, key);
        assert_int_equal(error, i < SKEYM_ENROL_KEYS_MAX ? SKEYM_OK : SKEYM_ERR_FULL);
    }
}

static void layout_is_the_documented_one(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    struct file file = encoded(&keyring);
    static const uint8_t head[] = {'S', 'K', 'E', 'Y', 'M', 'K', 'R', '1',
                                   0,   0,   14,  16,  0,   7,   122, 15};
    assert_memory_equal(file.bytes, head, sizeof head);
    assert_int_equal(file.bytes[16], 1);
    assert_int_equal(file.bytes[48], 2);
    assert_memory_equal(file.bytes + AUDIENCE_AT, "\4ward\1\0\0\0\1", 10);
    assert_int_equal(file.size, ENROL_AT + 40 + 32);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    struct file whole = encoded(&keyring);
    for (size_t size = 0; size < whole.size; size++) {
        struct file file = whole;
        file.size = size;
        enum skeym_error error = decode(&file);
        assert_true(error == SKEYM_ERR_TRUNCATED || error == SKEYM_ERR_CHECKSUM);
    }
    struct file longer = whole;
    longer.size++;
    assert_int_equal(decode(&longer), SKEYM_ERR_CHECKSUM);
}

static void every_flipped_byte_is_refused(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    struct file whole = encoded(&keyring);
    for (size_t i = 0; i < whole.size; i++) {
        struct file file = whole;
        file.bytes[i] ^= 0x10;
        assert_int_equal(decode(&file), i < 8 ? SKEYM_ERR_SHAPE : SKEYM_ERR_CHECKSUM);
    }
}

/* Files whose hash is right and whose content is not. */
static void wrong_contents_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
        enum skeym_error error;
    } cases[] = {
        {8, 1, SKEYM_ERR_RANGE},                   /* epochs of 16 million s */
        {10, 0, SKEYM_ERR_RANGE},                  /* of 16 s */
        {AUDIENCE_AT, 3, SKEYM_ERR_RANGE},         /* 'd' enrol keys */
        {AUDIENCE_AT, 250, SKEYM_ERR_TRUNCATED},   /* audience past the end */
        {AUDIENCE_AT + 1, 'W', SKEYM_ERR_CHARSET}, /* not a name */
        {COUNT_AT, 0, SKEYM_ERR_TRAILING},         /* fewer keys than there are */
        {COUNT_AT, 2, SKEYM_ERR_TRUNCATED},        /* more */
        {COUNT_AT, 9, SKEYM_ERR_RANGE},            /* more than there may be */
        {ENROL_AT + 3, 0, SKEYM_ERR_RANGE},        /* id 0 */
    };
    struct skeym_keyring keyring = made();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct file file = encoded(&keyring);
        file.bytes[cases[i].at] = cases[i].value;
        rehash(&file);
        assert_int_equal(decode(&file), cases[i].error);
    }
    struct file file = encoded(&keyring);
    memset(file.bytes + 12, 0xff, 4); /* no epoch can follow this one */
    rehash(&file);
    assert_int_equal(decode(&file), SKEYM_ERR_RANGE);
}

static void ids_must_grow(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    uint8_t key[32] = {9};
    assert_int_equal(skeym_keyring_rotate(&keyring, START_MS, key), SKEYM_OK);
    struct file file = encoded(&keyring);
    file.bytes[ENROL_AT + 40 + 3] = 1; /* as the first one */
    rehash(&file);
    assert_int_equal(decode(&file), SKEYM_ERR_RANGE);
}

static void no_key_at_all_is_refused(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    struct file file = encoded(&keyring);
    uint8_t longer[32] = "abcdefghijklmnopqrstuvwxyz012345";
    /* the longest audience and no key: as long as a file may be that is not too short */
    file.bytes[AUDIENCE_AT] = 32;
    memcpy(file.bytes + AUDIENCE_AT + 1, longer, 32);
    file.bytes[AUDIENCE_AT + 33] = 0;
    file.size = AUDIENCE_AT + 34 + 32;
    rehash(&file);
    assert_int_equal(decode(&file), SKEYM_ERR_TRUNCATED);
}

static void encode_refuses_what_decode_would(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    uint8_t bytes[SKEYM_KEYRING_BYTES];
    size_t size = 1;
    keyring.enrol_count = 0;
    assert_int_equal(
        skeym_keyring_encode((struct skeym_room){bytes, sizeof bytes}, &size, &keyring),
        SKEYM_ERR_RANGE);
    assert_int_equal(size, 0);
    keyring.enrol_count = SKEYM_ENROL_KEYS_MAX + 1;
    assert_int_equal(
        skeym_keyring_encode((struct skeym_room){bytes, sizeof bytes}, &size, &keyring),
        SKEYM_ERR_RANGE);
    keyring.enrol_count = 1;
    for (size_t room = 0; room < ENROL_AT + 40 + 32; room++) {
        assert_int_equal(skeym_keyring_encode((struct skeym_room){bytes, room}, &size, &keyring),
                         SKEYM_ERR_SPACE);
    }
}

static void moves_forward_with_time(void **state)
{
    (void)state;
    static const uint32_t steps[] = {1, 2, 1000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct skeym_keyring keyring = made();
        struct skeym_epoch_key expected = keyring.previous;
        bool moved = false;
        for (uint32_t step = 0; step < steps[i]; step++) {
            assert_int_equal(skeym_epoch_ratchet(&expected), SKEYM_OK);
        }
        assert_int_equal(skeym_keyring_advance(&keyring, START_MS + steps[i] * HOUR_MS, &moved),
                         SKEYM_OK);
        assert_true(moved);
        assert_int_equal(keyring.previous.epoch, 489999 + steps[i]);
        assert_memory_equal(&keyring.previous, &expected, sizeof expected);
    }
}

/* The key of the epoch before is in the struct, and in the file, before the step and in neither
 * after it: nothing that is left leads back to it. */
static void old_keys_are_gone(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    struct skeym_epoch_key old = keyring.previous;
    bool moved;
    assert_int_equal(skeym_keyring_advance(&keyring, START_MS + HOUR_MS, &moved), SKEYM_OK);
    struct file file = encoded(&keyring);
    assert_null(memmem(&keyring, sizeof keyring, old.key, sizeof old.key));
    assert_null(memmem(file.bytes, sizeof file.bytes, old.key, sizeof old.key));
    struct skeym_working_keys keys;
    assert_int_equal(skeym_keyring_derive(&keys, &keyring), SKEYM_OK);
    assert_null(memmem(&keys, sizeof keys, old.key, sizeof old.key));
    assert_null(memmem(&keys, sizeof keys, keyring.previous.key, 32));
}

static void stays_when_the_clock_goes_back(void **state)
{
    (void)state;
    static const uint64_t clocks[] = {
        0, HOUR_MS, START_MS - HOUR_MS, START_MS - 1, START_MS, START_MS + HOUR_MS - 1235};
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        struct skeym_keyring keyring = made();
        struct skeym_keyring before = made();
        bool moved = true;
        assert_int_equal(skeym_keyring_advance(&keyring, clocks[i], &moved), SKEYM_OK);
        assert_false(moved);
        assert_memory_equal(&keyring, &before, sizeof before);
    }
}

static void refuses_a_clock_of_the_far_future(void **state)
{
    (void)state;
    const uint64_t most = UINT64_C(10) * 366 * 24; /* hours */
    struct skeym_keyring keyring = made();
    struct skeym_keyring before = made();
    bool moved = true;
    assert_int_equal(skeym_keyring_advance(&keyring, START_MS + (most + 1) * HOUR_MS, &moved),
                     SKEYM_ERR_RANGE);
    assert_false(moved);
    assert_memory_equal(&keyring, &before, sizeof before);
    assert_int_equal(skeym_keyring_advance(&keyring, UINT64_MAX, &moved), SKEYM_ERR_RANGE);
    assert_int_equal(skeym_keyring_advance(&keyring, UINT64_C(1) << 48, &moved), SKEYM_ERR_RANGE);
    assert_memory_equal(&keyring, &before, sizeof before);
    keyring.epoch_seconds = SKEYM_EPOCH_SECONDS_MIN - 1;
    assert_int_equal(skeym_keyring_advance(&keyring, START_MS + HOUR_MS, &moved), SKEYM_ERR_RANGE);
    keyring = before;
    assert_int_equal(skeym_keyring_advance(&keyring, START_MS + most * HOUR_MS, &moved), SKEYM_OK);
    assert_true(moved);
}

static void rotates_and_retires(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    static const uint8_t zero[32];
    uint8_t key[32];
    memset(key, 4, sizeof key);
    assert_int_equal(skeym_keyring_rotate(&keyring, START_MS + 5000, key), SKEYM_OK);
    assert_memory_equal(key, zero, sizeof key);
    assert_int_equal(keyring.enrol_count, 2);
    assert_int_equal(keyring.enrol[1].id, 2);
    assert_int_equal(keyring.enrol[1].made_s, START_MS / 1000 + 5);
    assert_int_equal(keyring.enrol[1].key[0], 4);

    assert_int_equal(skeym_keyring_retire(&keyring, 3), SKEYM_ERR_NOT_FOUND);
    assert_int_equal(skeym_keyring_retire(&keyring, 2), SKEYM_ERR_STATE);
    assert_int_equal(keyring.enrol_count, 2);
    assert_int_equal(skeym_keyring_retire(&keyring, 1), SKEYM_OK);
    assert_int_equal(keyring.enrol_count, 1);
    assert_int_equal(keyring.enrol[0].id, 2);
    assert_memory_equal(keyring.enrol[1].key, zero, sizeof zero);
    uint8_t old[32];
    memset(old, 3, sizeof old);
    assert_null(memmem(&keyring, sizeof keyring, old, sizeof old));
}

static void rotate_wipes_the_key_when_it_fails(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    static const uint8_t zero[32];
    uint8_t key[32] = {1, 2, 3};
    keyring.enrol[0].id = UINT32_MAX;
    assert_int_equal(skeym_keyring_rotate(&keyring, START_MS, key), SKEYM_ERR_RANGE);
    assert_memory_equal(key, zero, sizeof key);
    assert_int_equal(keyring.enrol_count, 1);
    keyring.enrol[0].id = 1;
    assert_int_equal(skeym_keyring_rotate(&keyring, UINT64_C(1) << 48, key), SKEYM_ERR_RANGE);
    keyring.enrol_count = 0;
    assert_int_equal(skeym_keyring_rotate(&keyring, START_MS, key), SKEYM_ERR_RANGE);
    assert_int_equal(keyring.enrol_count, 0);
}

static void derives_what_the_core_works_with(void **state)
{
    (void)state;
    struct skeym_keyring keyring = made();
    uint8_t key[32] = {5};
    assert_int_equal(skeym_keyring_rotate(&keyring, START_MS, key), SKEYM_OK);
    struct skeym_working_keys keys;
    assert_int_equal(skeym_keyring_derive(&keys, &keyring), SKEYM_OK);

    struct skeym_audience_keys audience;
    struct skeym_enrol_keys enrol;
    uint8_t identity_public[32];
    assert_int_equal(skeym_audience_keys_derive(&audience, &keyring.previous, &keyring.audience),
                     SKEYM_OK);
    assert_memory_equal(&keys.audience, &audience, sizeof audience);
    assert_int_equal(keys.audience.epoch, 490000);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(skeym_enrol_keys_derive(&enrol, keyring.enrol[i].id, keyring.enrol[i].key),
                         SKEYM_OK);
        assert_memory_equal(&keys.authority.enrol[i], &enrol, sizeof enrol);
    }
    assert_int_equal(keys.authority.enrol_count, 2);
    assert_int_equal(skeym_crypto_x25519_public(identity_public, keyring.identity), SKEYM_OK);
    assert_memory_equal(keys.authority.identity_public, identity_public, 32);
    assert_memory_equal(keys.authority.identity, keyring.identity, 32);

    keyring.enrol_count = 0;
    static const struct skeym_working_keys zero;
    assert_int_equal(skeym_keyring_derive(&keys, &keyring), SKEYM_ERR_RANGE);
    assert_memory_equal(&keys, &zero, sizeof zero);
}

static void fingerprints_the_identity(void **state)
{
    (void)state;
    char print[17];
    static const uint8_t zeros[32];
    skeym_keyring_fingerprint(print, zeros);
    assert_string_equal(print, "66687aadf862bd77"); /* SHA-256 of 32 zero bytes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_key_before_now),
        cmocka_unit_test(make_wipes_its_random_bytes),
        cmocka_unit_test(make_refuses_what_cannot_be),
        cmocka_unit_test(bytes_come_back),
        cmocka_unit_test(layout_is_the_documented_one),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_byte_is_refused),
        cmocka_unit_test(wrong_contents_are_refused),
        cmocka_unit_test(ids_must_grow),
        cmocka_unit_test(no_key_at_all_is_refused),
        cmocka_unit_test(encode_refuses_what_decode_would),
        cmocka_unit_test(moves_forward_with_time),
        cmocka_unit_test(old_keys_are_gone),
        cmocka_unit_test(stays_when_the_clock_goes_back),
        cmocka_unit_test(refuses_a_clock_of_the_far_future),
        cmocka_unit_test(rotates_and_retires),
        cmocka_unit_test(rotate_wipes_the_key_when_it_fails),
        cmocka_unit_test(derives_what_the_core_works_with),
        cmocka_unit_test(fingerprints_the_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
