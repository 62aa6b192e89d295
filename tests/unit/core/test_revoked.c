/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <skeym/revoked.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct skeym_name name(const char *text)
{
    struct skeym_name out;
    assert_int_equal(skeym_name_node(&out, skeym_span_text(text)), SKEYM_OK);
    return out;
}

static bool has(const struct skeym_revoked *revoked, const char *id, uint32_t generation)
{
    struct skeym_name node = name(id);
    return skeym_revoked_has(revoked, &node, generation);
}

static void an_empty_list_has_none(void **state)
{
    (void)state;
    struct skeym_revoked revoked = {NULL, 0};
    skeym_revoked_sort(NULL, 0);
    assert_false(has(&revoked, "a", 1));
}

static void this_generation_and_all_before(void **state)
{
    (void)state;
    struct skeym_revoked_entry entries[] = {{name("pump-7"), 3}};
    struct skeym_revoked revoked = {entries, 1};
    assert_true(has(&revoked, "pump-7", 1));
    assert_true(has(&revoked, "pump-7", 2));
    assert_true(has(&revoked, "pump-7", 3));
    assert_false(has(&revoked, "pump-7", 4));
    assert_false(has(&revoked, "pump-7", UINT32_MAX));
    assert_false(has(&revoked, "pump-6", 3));
    assert_false(has(&revoked, "pump-70", 3));
    assert_false(has(&revoked, "pump-", 3));
    entries[0].generation = UINT32_MAX;
    assert_true(has(&revoked, "pump-7", UINT32_MAX));
}

/* Every entry is found wherever it lies, and its neighbours are not, for lists of every small size.
 */
static void each_of_many_is_found(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 70; count++) {
        struct skeym_revoked_entry entries[70];
        char text[SKEYM_NODE_ID_BYTES];
        for (size_t i = 0; i < count; i++) { /* the even ones, then the odd ones */
            size_t half = (count + 1) / 2;
            size_t k = i < half ? 2 * i : 2 * (i - half) + 1;
            (void)snprintf(text, sizeof text, "node-%zu", 2 * k);
            entries[i] = (struct skeym_revoked_entry){name(text), (uint32_t)k + 1};
        }
        skeym_revoked_sort(entries, count);
        struct skeym_revoked revoked = {entries, count};
        for (size_t i = 0; i < count; i++) {
            (void)snprintf(text, sizeof text, "node-%zu", i * 2);
            assert_true(has(&revoked, text, (uint32_t)i + 1));
            assert_false(has(&revoked, text, (uint32_t)i + 2));
            (void)snprintf(text, sizeof text, "node-%zu", i * 2 + 1);
            assert_false(has(&revoked, text, 1));
        }
    }
}

static void the_greatest_of_an_ids_entries_counts(void **state)
{
    (void)state;
    struct skeym_revoked_entry entries[] = {
        {name("a"), 2}, {name("b"), 9}, {name("a"), 7}, {name("a"), 1}, {name("c"), 1}};
    skeym_revoked_sort(entries, 5);
    struct skeym_revoked revoked = {entries, 5};
    assert_true(has(&revoked, "a", 7));
    assert_false(has(&revoked, "a", 8));
    assert_true(has(&revoked, "b", 9));
    assert_true(has(&revoked, "c", 1));
    assert_false(has(&revoked, "c", 2));
}

/* Whatever the order in which they were revoked. */
static void the_greatest_counts_in_every_order(void **state)
{
    (void)state;
    for (uint32_t order = 0; order < 5 * 5 * 5 * 5 * 5; order++) {
        struct skeym_revoked_entry entries[5];
        struct skeym_revoked revoked = {entries, 5};
        uint32_t greatest = 0;
        for (uint32_t i = 0, rest = order; i < 5; i++, rest /= 5) {
            entries[i] = (struct skeym_revoked_entry){name("a"), rest % 5 + 1};
            greatest = rest % 5 + 1 > greatest ? rest % 5 + 1 : greatest;
        }
        skeym_revoked_sort(entries, 5);
        assert_true(has(&revoked, "a", greatest));
        assert_false(has(&revoked, "a", greatest + 1));
    }
}

/* The longest names, to their last byte; of shorter ones only the bytes that are theirs. */
static void names_are_compared_to_their_end(void **state)
{
    (void)state;
    struct skeym_revoked_entry entries[] = {{{SKEYM_NODE_ID_BYTES, {0}}, 1}, {name("ab"), 1}};
    struct skeym_revoked revoked = {entries, 2};
    struct skeym_name other;
    memset(entries[0].id.text, 'x', sizeof entries[0].id.text);
    other = entries[0].id;
    skeym_revoked_sort(entries, 2);
    assert_true(skeym_revoked_has(&revoked, &other, 1));
    other.text[SKEYM_NODE_ID_BYTES - 1] = 'y';
    assert_false(skeym_revoked_has(&revoked, &other, 1));
    other = name("ab");
    other.text[2] = 'c';
    assert_true(skeym_revoked_has(&revoked, &other, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_has_none),
        cmocka_unit_test(this_generation_and_all_before),
        cmocka_unit_test(each_of_many_is_found),
        cmocka_unit_test(the_greatest_of_an_ids_entries_counts),
        cmocka_unit_test(the_greatest_counts_in_every_order),
        cmocka_unit_test(names_are_compared_to_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
