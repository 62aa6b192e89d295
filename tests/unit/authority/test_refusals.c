/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/refusals.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 8 };

struct list {
    char text[600];
    size_t size;
};

static struct skeym_keyring keyring_of(uint8_t identity)
{
    struct skeym_keyring keyring = {0};
    memset(keyring.identity, identity, sizeof keyring.identity);
    return keyring;
}

static struct skeym_revoked_entry entry(const char *id, uint32_t generation)
{
    struct skeym_revoked_entry out = {.generation = generation};
    assert_int_equal(skeym_name_node(&out.id, skeym_span_text(id)), SKEYM_OK);
    return out;
}

static struct list written(const struct skeym_revoked_entry *at, size_t count)
{
    struct list list = {0};
    const struct skeym_keyring keyring = keyring_of(7);
    const struct skeym_revoked revoked = {at, count};
    struct skeym_room room = {(uint8_t *)list.text, sizeof list.text - 1};
    assert_int_equal(skeym_refusals_write(room, &list.size, &revoked, &keyring), SKEYM_OK);
    assert_true(list.size < SKEYM_REFUSALS_BYTES(count));
    return list;
}

static struct list two(void)
{
    const struct skeym_revoked_entry at[] = {entry("bed-1", 1), entry("ward-7", UINT32_MAX)};
    return written(at, 2);
}

static enum skeym_error read_as(uint8_t identity, const char *text, size_t size)
{
    struct skeym_revoked_entry out[ROOM];
    const struct skeym_keyring keyring = keyring_of(identity);
    size_t count = 9;
    enum skeym_error error =
        skeym_refusals_read(out, ROOM, &count, skeym_span(text, size), &keyring);
    assert_int_equal(count, error == SKEYM_OK ? 2 : 0);
    return error;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct list list = two();
    struct skeym_revoked_entry out[ROOM];
    const struct skeym_keyring keyring = keyring_of(7);
    size_t count = 0;
    static const char start[] = "# skeym revoked list 1\nbed-1 1\nward-7 4294967295\n# end 2 ";
    assert_memory_equal(list.text, start, sizeof start - 1);
    assert_int_equal(list.size, sizeof start - 1 + 43 + 1);
    assert_int_equal(
        skeym_refusals_read(out, ROOM, &count, skeym_span(list.text, list.size), &keyring),
        SKEYM_OK);
    assert_int_equal(count, 2);
    const struct skeym_revoked revoked = {out, count};
    assert_true(skeym_revoked_has(&revoked, &out[1].id, UINT32_MAX));
    assert_int_equal(out[0].generation, 1);
}

static void an_empty_list_is_sealed_too(void **state)
{
    (void)state;
    struct list list = written(NULL, 0);
    struct skeym_revoked_entry out[1];
    const struct skeym_keyring keyring = keyring_of(7);
    size_t count = 9;
    assert_int_equal(
        skeym_refusals_read(out, 1, &count, skeym_span(list.text, list.size), &keyring), SKEYM_OK);
    assert_int_equal(count, 0);
}

/* The MAC, once and for all: another derivation would refuse every list there is. */
static void the_mac_is_this(void **state)
{
    (void)state;
    struct list list = written(NULL, 0);
    assert_string_equal(
        list.text, "# skeym revoked list 1\n# end 0 FCHSQolk2uC9F0zHV36xqL_swFuB8msDHSZvvWomgmY\n");
}

static void every_cut_is_seen(void **state)
{
    (void)state;
    struct list list = two();
    assert_int_equal(read_as(7, list.text, list.size), SKEYM_OK);
    for (size_t size = 0; size < list.size; size++) {
        assert_int_equal(read_as(7, list.text, size), SKEYM_ERR_TRUNCATED);
    }
}

static void every_changed_byte_is_seen(void **state)
{
    (void)state;
    struct list list = two();
    for (size_t i = 0; i < list.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct list other = list;
            other.text[i] = (char)(other.text[i] ^ (1 << bit));
            assert_int_not_equal(read_as(7, other.text, other.size), SKEYM_OK);
        }
    }
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    struct list list = two();
    struct list other = list;
    other.text[21] = '2'; /* the version */
    assert_int_equal(read_as(7, other.text, other.size), SKEYM_ERR_VERSION);
    other.text[0] = '!';
    assert_int_equal(read_as(7, other.text, other.size), SKEYM_ERR_SHAPE);
    other = list;
    other.text[29] = '2'; /* bed-1's generation */
    assert_int_equal(read_as(7, other.text, other.size), SKEYM_ERR_CHECKSUM);
    assert_int_equal(read_as(8, list.text, list.size), SKEYM_ERR_CHECKSUM);
    /* an entry less, a line more */
    static const char gone[] = "bed-1 1\n";
    other = list;
    memmove(other.text + 23, other.text + 23 + sizeof gone - 1, list.size - 23 - sizeof gone + 1);
    assert_int_equal(read_as(7, other.text, list.size - sizeof gone + 1), SKEYM_ERR_CHECKSUM);
    other = list;
    memcpy(other.text + other.size, "x 1\n", 4);
    assert_int_equal(read_as(7, other.text, other.size + 4), SKEYM_ERR_TRUNCATED);
    static const char shorter[] = "# skeym revoked list 1\n# end 0 abc\n"; /* than a MAC is */
    assert_int_equal(read_as(7, shorter, sizeof shorter - 1), SKEYM_ERR_TRUNCATED);
    assert_int_equal(read_as(7, "# skeyM", 7), SKEYM_ERR_SHAPE); /* too short, but not ours */
    /* a last line of the right look in the place of the first */
    assert_int_equal(read_as(7, list.text + 23, list.size - 23), SKEYM_ERR_SHAPE);
}

/* What only a program of ours with a fault could write. */
static void a_sealed_list_is_still_checked(void **state)
{
    (void)state;
    const struct skeym_revoked_entry twice[] = {entry("a", 1), entry("a", 2), entry("b", 1)};
    struct list list = written(twice, 3); /* says 3, has 2 */
    assert_int_equal(read_as(7, list.text, list.size), SKEYM_ERR_RANGE);
    const struct skeym_revoked_entry zero[] = {entry("a", 0)};
    list = written(zero, 1);
    assert_int_equal(read_as(7, list.text, list.size), SKEYM_ERR_RANGE);
}

static void room_is_kept(void **state)
{
    (void)state;
    struct list list = two();
    struct skeym_revoked_entry out[1];
    uint8_t bytes[600];
    const struct skeym_keyring keyring = keyring_of(7);
    size_t count = 9;
    assert_int_equal(
        skeym_refusals_read(out, 1, &count, skeym_span(list.text, list.size), &keyring),
        SKEYM_ERR_SPACE);
    assert_int_equal(count, 0);
    const struct skeym_revoked_entry at[] = {entry("bed-1", 1), entry("ward-7", UINT32_MAX)};
    const struct skeym_revoked revoked = {at, 2};
    for (size_t room = 0; room < list.size; room++) {
        assert_int_equal(
            skeym_refusals_write((struct skeym_room){bytes, room}, &count, &revoked, &keyring),
            SKEYM_ERR_SPACE);
        assert_int_equal(count, 0);
    }
}

/* The longest of everything. */
static void the_stated_size_is_enough(void **state)
{
    (void)state;
    const struct skeym_revoked_entry at[] = {entry("abcdefghijklmnopqrstuvwxyz012345", UINT32_MAX),
                                             entry("abcdefghijklmnopqrstuvwxyz012346", UINT32_MAX)};
    (void)written(at, 2);
    (void)written(at, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(an_empty_list_is_sealed_too),
        cmocka_unit_test(the_mac_is_this),
        cmocka_unit_test(every_cut_is_seen),
        cmocka_unit_test(every_changed_byte_is_seen),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(a_sealed_list_is_still_checked),
        cmocka_unit_test(room_is_kept),
        cmocka_unit_test(the_stated_size_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
