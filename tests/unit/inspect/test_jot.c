/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/jot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct skeym_jot jot;
static char *text;
static size_t text_size;

static int before(void **state)
{
    (void)state;
    jot = (struct skeym_jot){.out = open_memstream(&text, &text_size)};
    return jot.out ? 0 : -1;
}

static int after(void **state)
{
    (void)state;
    int failed = fclose(jot.out);
    free(text);
    return failed;
}

static const char *written(void)
{
    assert_int_equal(fflush(jot.out), 0);
    return text;
}

static void members_are_parted_and_indented(void **state)
{
    (void)state;
    skeym_jot_object(&jot, NULL);
    skeym_jot_number(&jot, "n", UINT64_MAX);
    skeym_jot_list(&jot, "l");
    skeym_jot_bool(&jot, NULL, true);
    skeym_jot_bool(&jot, NULL, false);
    skeym_jot_list_end(&jot);
    skeym_jot_list(&jot, "empty");
    skeym_jot_list_end(&jot);
    skeym_jot_hex(&jot, "h", "\x01\xfe", 2);
    skeym_jot_base64url(&jot, "b", skeym_span("\xff\xff\xff", 3));
    skeym_jot_object_end(&jot);
    assert_string_equal(written(), "{\n  \"n\": 18446744073709551615,\n  \"l\": [\n    true,\n"
                                   "    false\n  ],\n  \"empty\": [],\n  \"h\": \"01fe\",\n"
                                   "  \"b\": \"____\"\n}");
    assert_int_equal(jot.error, SKEYM_OK);
}

static void what_is_no_plain_character_is_escaped(void **state)
{
    (void)state;
    skeym_jot_span(&jot, NULL, skeym_span("a\"\\\n\t\x7f\xc3~ ", 9));
    assert_string_equal(written(), "\"a\\\"\\\\\\n\\u0009\\u007f\\u00c3~ \"");
}

static void the_first_error_stays(void **state)
{
    (void)state;
    assert_true(skeym_jot_must(&jot, SKEYM_OK));
    assert_false(skeym_jot_must(&jot, SKEYM_ERR_SIZE));
    assert_false(skeym_jot_must(&jot, SKEYM_ERR_SHAPE));
    assert_false(skeym_jot_must(&jot, SKEYM_OK));
    assert_int_equal(jot.error, SKEYM_ERR_SIZE);
}

/* What should be refused and is not makes the vectors wrong. */
static void what_is_not_refused_is_an_error(void **state)
{
    (void)state;
    skeym_jot_object(&jot, NULL);
    skeym_jot_refused(&jot, SKEYM_ERR_SEAL);
    assert_int_equal(jot.error, SKEYM_OK);
    assert_non_null(strstr(written(), skeym_error_word(SKEYM_ERR_SEAL)));
    skeym_jot_refused(&jot, SKEYM_OK);
    assert_int_equal(jot.error, SKEYM_ERR_STATE);
    jot.error = SKEYM_OK;
    skeym_jot_refused(&jot, SKEYM_ERR_CRYPTO); /* nothing was judged */
    assert_int_equal(jot.error, SKEYM_ERR_CRYPTO);
}

static void bytes_without_room_are_an_error(void **state)
{
    (void)state;
    static uint8_t many[2000];
    skeym_jot_base64url(&jot, NULL, skeym_span(many, sizeof many));
    assert_int_equal(jot.error, SKEYM_ERR_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_are_parted_and_indented, before, after),
        cmocka_unit_test_setup_teardown(what_is_no_plain_character_is_escaped, before, after),
        cmocka_unit_test_setup_teardown(the_first_error_stays, before, after),
        cmocka_unit_test_setup_teardown(what_is_not_refused_is_an_error, before, after),
        cmocka_unit_test_setup_teardown(bytes_without_room_are_an_error, before, after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
