/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/hex.h"
#include <skeym/error.h>

static const struct {
    enum skeym_error error;
    unsigned value;
    const char *word;
    const char *text;
} table[] = {
#define ROW(name, value, word, text) {SKEYM_##name, value, word, text},
    SKEYM_ERRORS(ROW)
#undef ROW
};
#define COUNT (sizeof table / sizeof table[0])

static void every_error_has_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(table[i].error, table[i].value);
        assert_string_equal(skeym_error_word(table[i].error), table[i].word);
        assert_string_equal(skeym_error_text(table[i].error), table[i].text);
    }
    assert_int_equal(SKEYM_OK, 0);
}

/* Words are labels of metrics: no two alike, values in order. */
static void words_are_labels(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(table[i].word[0] != 0);
        assert_int_equal(strspn(table[i].word, "abcdefghijklmnopqrstuvwxyz-"),
                         strlen(table[i].word));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(table[i].word, table[j].word);
            assert_true(table[i].value > table[j].value);
        }
    }
}

static void classes(void **state)
{
    (void)state;
    assert_int_equal(SKEYM_ERROR_CLASS(SKEYM_ERR_SIZE), SKEYM_CLASS_INPUT);
    assert_int_equal(SKEYM_ERROR_CLASS(SKEYM_ERR_REPLAY), SKEYM_CLASS_AUTH);
    assert_int_equal(SKEYM_ERROR_CLASS(SKEYM_ERR_FULL), SKEYM_CLASS_ROOM);
    assert_int_equal(SKEYM_ERROR_CLASS(SKEYM_ERR_WEAK), SKEYM_CLASS_CRYPTO);
    assert_int_equal(SKEYM_ERROR_CLASS(SKEYM_ERR_IO), SKEYM_CLASS_SYSTEM);
    assert_int_equal(SKEYM_ERROR_CLASS(SKEYM_ERR_STORE), SKEYM_CLASS_STORE);
    assert_int_equal(SKEYM_ERROR_CLASS(SKEYM_ERR_USAGE), SKEYM_CLASS_USE);
}

static void strangers(void **state)
{
    (void)state;
    assert_string_equal(skeym_error_word((enum skeym_error)0x7fff), "unknown");
    assert_string_equal(skeym_error_text((enum skeym_error)0x7fff), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_words),
        cmocka_unit_test(words_are_labels),
        cmocka_unit_test(classes),
        cmocka_unit_test(strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
