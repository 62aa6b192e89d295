/* SPDX-License-Identifier: Apache-2.0 */
#include "server/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

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

static struct skeym_source host_of(const char *text)
{
    struct sockaddr_storage address;
    assert_true(skeym_source_parse(&address, text));
    return skeym_source_host((const struct sockaddr *)&address);
}

static void tells_hosts_apart(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"192.0.2.77:1", "192.0.2.77:2", true},
        {"192.0.2.77:1", "192.0.2.78:1", false},
        {"192.0.2.77:1", "[::ffff:192.0.2.77]:1", true},
        {"[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::2]:1", true},
        {"[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1", false},
        {"32.1.13.184:1", "[2001:db8::]:1", false}, /* the same bytes */
    };
    const uint64_t key[2] = {1, 2};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_source a = host_of(rows[i].a);
        struct skeym_source b = host_of(rows[i].b);
        assert_int_equal(skeym_source_equal(&a, &b), rows[i].same);
        assert_int_equal(skeym_source_hash(&a, key) == skeym_source_hash(&b, key), rows[i].same);
    }
}

static struct sockaddr_storage v6(const uint8_t bytes[16])
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    struct sockaddr_storage out = {0};
    memcpy(&address.sin6_addr, bytes, 16);
    memcpy(&out, &address, sizeof address);
    return out;
}

/* Each of the sixteen bytes counts, for what is mapped, loopback or any address. */
static void looks_at_every_byte_of_an_address(void **state)
{
    (void)state;
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};
    static const uint8_t loopback[16] = {[15] = 1};
    static const uint8_t any[16] = {0};
    struct sockaddr_storage address = v6(mapped);
    assert_int_equal(skeym_source_host((const struct sockaddr *)&address).family, 4);
    address = v6(loopback);
    assert_true(skeym_source_loopback(&address));
    address = v6(any);
    assert_true(skeym_source_wildcard(&address));
    for (size_t i = 0; i < 16; i++) {
        uint8_t bytes[16];
        memcpy(bytes, mapped, 16);
        bytes[i] ^= 0x40;
        address = v6(bytes);
        assert_int_equal(skeym_source_host((const struct sockaddr *)&address).family,
                         i < 12 ? 6 : 4);
        memcpy(bytes, loopback, 16);
        bytes[i] ^= 0x40;
        address = v6(bytes);
        assert_false(skeym_source_loopback(&address));
        memcpy(bytes, any, 16);
        bytes[i] ^= 0x40;
        address = v6(bytes);
        assert_false(skeym_source_wildcard(&address));
    }
}

static void knows_no_host_of_another_family(void **state)
{
    (void)state;
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    assert_int_equal(skeym_source_host((const struct sockaddr *)&address).family, 0);
    assert_int_equal(skeym_source_host(NULL).family, 0);
    assert_false(skeym_source_loopback(&address));
    assert_false(skeym_source_wildcard(&address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_and_prints_addresses),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(knows_loopback),
        cmocka_unit_test(keeps_a_prefix_only),
        cmocka_unit_test(tells_hosts_apart),
        cmocka_unit_test(looks_at_every_byte_of_an_address),
        cmocka_unit_test(knows_no_host_of_another_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
