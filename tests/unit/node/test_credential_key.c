/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/node/credential_fixture.h"

static struct skeym_credential_file without_key(void)
{
    struct skeym_credential_file file = sample();
    memset(file.keys.private_key, 0, 32);
    file.key_apart = true;
    return file;
}

static void takes_the_key_from_its_own_file(void **state)
{
    (void)state;
    uint8_t key[32];
    bool locked = false;
    struct skeym_credential_file file = without_key(), again;
    memset(key, 0x11, sizeof key);
    save(&file);
    assert_int_equal(load(&again, ""), SKEYM_ERR_STATE);
    assert_int_equal(skeym_credential_load(&again, path, key_path, none), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_credential_key_save(key_path, key, skeym_span_text("p")), SKEYM_OK);
    assert_int_equal(skeym_credential_key_save(key_path, key, none), SKEYM_ERR_EXISTS);
    assert_int_equal(skeym_credential_locked(&locked, key_path), SKEYM_OK);
    assert_true(locked);
    assert_int_equal(skeym_credential_load(&again, path, key_path, none), SKEYM_ERR_PASSPHRASE);
    assert_int_equal(skeym_credential_load(&again, path, key_path, skeym_span_text("q")),
                     SKEYM_ERR_PASSPHRASE);
    assert_wiped(&again);
    assert_int_equal(skeym_credential_load(&again, path, key_path, skeym_span_text("p")), SKEYM_OK);
    assert_memory_equal(again.keys.private_key, key, 32);
    assert_true(again.key_apart);

    /* What a login saves does not bring the key into the credential. */
    save(&again);
    assert_int_equal(load(&again, ""), SKEYM_ERR_STATE);
}

static void reads_a_key_alone(void **state)
{
    (void)state;
    uint8_t key[32], again[32];
    static const uint8_t zero[32];
    memset(key, 0x11, sizeof key);
    memset(again, 0xee, sizeof again);
    assert_int_equal(skeym_credential_key_load(again, key_path, none), SKEYM_ERR_MISSING);
    assert_memory_equal(again, zero, 32);
    assert_int_equal(skeym_credential_key_save(key_path, key, skeym_span_text("p")), SKEYM_OK);
    assert_int_equal(skeym_credential_key_load(again, key_path, skeym_span_text("p")), SKEYM_OK);
    assert_memory_equal(again, key, 32);
    assert_int_equal(skeym_credential_key_load(again, key_path, skeym_span_text("q")),
                     SKEYM_ERR_PASSPHRASE);
    assert_memory_equal(again, zero, 32);
    assert_int_equal(skeym_credential_key_load(again, key_path, none), SKEYM_ERR_PASSPHRASE);
}

static void refuses_another_nodes_key(void **state)
{
    (void)state;
    uint8_t key[32];
    struct skeym_credential_file file = without_key(), again;
    memset(key, 0x12, sizeof key);
    save(&file);
    assert_int_equal(skeym_credential_key_save(key_path, key, none), SKEYM_OK);
    assert_int_equal(skeym_credential_load(&again, path, key_path, none), SKEYM_ERR_CONFLICT);
    file = sample();
    save(&file); /* has a key of its own: one too many */
    assert_int_equal(skeym_credential_load(&again, path, key_path, none), SKEYM_ERR_CONFLICT);
    assert_wiped(&again);
}

static void refuses_wrong_key_files(void **state)
{
    (void)state;
    static const struct change wrong[] = {
        {0, "skeym-key 2", SKEYM_ERR_SHAPE},
        {0, "skeym-credential 1", SKEYM_ERR_SHAPE},
        {1, "public AAAA", SKEYM_ERR_SHAPE},
        {2, "lock maybe", SKEYM_ERR_SHAPE},
        {3, "secret AAAA", SKEYM_ERR_SHAPE},
        {3, "secret AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", SKEYM_ERR_SHAPE},
    };
    uint8_t key[32];
    struct skeym_credential_file file = without_key(), again;
    memset(key, 0x11, sizeof key);
    save(&file);
    assert_int_equal(skeym_credential_key_save(key_path, key, none), SKEYM_OK);
    const struct text good = read_text(key_path);
    assert_int_equal(good.count, 5);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct text text = good;
        set_line(&text, wrong[i].line, wrong[i].content);
        write_text(key_path, &text, true);
        assert_int_equal(skeym_credential_load(&again, path, key_path, none), wrong[i].error);
        assert_wiped(&again);
        write_text(key_path, &text, false);
        enum skeym_error error = skeym_credential_load(&again, path, key_path, none);
        assert_true(error == SKEYM_ERR_CHECKSUM || error == SKEYM_ERR_SHAPE);
    }
    write_text(key_path, &good, false);
    assert_int_equal(skeym_credential_load(&again, path, key_path, none), SKEYM_OK);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, before, after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(takes_the_key_from_its_own_file),
        TEST(reads_a_key_alone),
        TEST(refuses_another_nodes_key),
        TEST(refuses_wrong_key_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
