/* SPDX-License-Identifier: Apache-2.0 */
#include "report/markup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void text_is(const char *in, const char *expected)
{
    char *out = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&out, &size);
    assert_non_null(file);
    skeym_markup_text(file, in);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(out, expected);
    free(out);
}

static void number_is(double in, const char *expected)
{
    char *out = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&out, &size);
    assert_non_null(file);
    skeym_markup_number(file, in);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(out, expected);
    free(out);
}

static void text_stays_text(void **state)
{
    (void)state;
    text_is("<script>alert('x' & \"y\")</script>",
            "&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;");
    text_is("caf\xc3\xa9\n\t", "caf\xc3\xa9\n\t");
    text_is("\x01\x1b[2J\x7f", "[2J\x7f");
    text_is("", "");
}

static void numbers_are_readable(void **state)
{
    (void)state;
    number_is(0, "0");
    number_is(42, "42");
    number_is(-8, "\xe2\x88\x92"
                  "8");
    number_is(1970, "1970");
    number_is(34200, "34\xe2\x80\xaf"
                     "200");
    number_is(1234567, "1\xe2\x80\xaf"
                       "234\xe2\x80\xaf"
                       "567");
    number_is(0.163, "0.163");
    number_is(99.9665, "99.97");
    number_is(4321.6, "4322");
    number_is(1e9, "1\xc2\xb7"
                   "10<sup>9</sup>");
    number_is(3.35e-4, "3.35\xc2\xb7"
                       "10<sup>-4</sup>");
    number_is(-2.5e12, "-2.5\xc2\xb7"
                       "10<sup>12</sup>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays_text),
        cmocka_unit_test(numbers_are_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
