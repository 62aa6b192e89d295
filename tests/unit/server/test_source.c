/* SPDX-License-Identifier: Apache-2.0 */
#include "server/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void parses_and_prints_addresses(void **state)
{
    (void)state;
    const char *good[] = {"127.0.0.1:8420", "0.0.0.0:0", "[::1]:443", "[2001:db8::1]:65535"};
    char text[SKEYM_SOURCE_TEXT_BYTES + 16];
    struct sockaddr_storage address;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(skeym_source_parse(&address, good[i]));
        skeym_source_address(text, &address);
        assert_string_equal(text, good[i]);
    }
}

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         ":1",
                         "localhost:80",
                         "127.0.0.1",
                         "127.0.0.1:",
                         "127.0.0.1:65536",
                         "127.0.0.1:123456",
                         "127.0.0.1:8o",
                         "127.0.0.1:-1",
                         "127.1:80",
                         "256.0.0.1:80",
                         "::1:80",
                         "[::1]80",
                         "[::1:80",
                         "[127.0.0.1]:80",
                         "1111111111111111111111111111111111111111111111111111:1"};
    struct sockaddr_storage address;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(skeym_source_parse(&address, bad[i]));
    }
}

static void knows_loopback(void **state)
{
    (void)state;
    const struct {
        const char *text;
        bool loopback;
    } rows[] = {{"127.0.0.1:1", true},    {"127.255.0.9:1", true}, {"[::1]:1", true},
                {"126.0.0.1:1", false},   {"0.0.0.0:1", false},    {"[::]:1", false},
                {"192.168.0.1:1", false}, {"[::2]:1", false}};
    struct sockaddr_storage address;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(skeym_source_parse(&address, rows[i].text));
        assert_int_equal(skeym_source_loopback(&address), rows[i].loopback);
    }
}

static void keeps_a_prefix_only(void **state)
{
    (void)state;
    const struct {
        const char *text, *prefix;
    } rows[] = {{"192.0.2.77:1", "192.0.2.0/24"},
                {"[2001:db8:1:2:3:4:5:6]:1", "2001:db8:1:2::/64"},
                {"[::ffff:192.0.2.9]:1", "192.0.2.0/24"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sockaddr_storage address;
        char text[SKEYM_SOURCE_TEXT_BYTES];
        assert_true(skeym_source_parse(&address, rows[i].text));
        struct skeym_source source = skeym_source((const struct sockaddr *)&address);
        skeym_source_print(text, &source);
        assert_string_equal(text, rows[i].prefix);
    }
    struct skeym_source none = skeym_source(NULL);
    char text[SKEYM_SOURCE_TEXT_BYTES];
    skeym_source_print(text, &none);
    assert_string_equal(text, "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_and_prints_addresses),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(knows_loopback),
        cmocka_unit_test(keeps_a_prefix_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
