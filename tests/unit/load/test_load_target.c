/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_parses(void **state)
{
    struct skeym_load_target target;
    (void)state;
    assert_int_equal(skeym_load_target_parse(&target, "http://127.0.0.2:8420/fhir/x?a=b"),
                     SKEYM_OK);
    assert_int_equal(ntohs(target.address.sin_port), 8420);
    assert_int_equal(ntohl(target.address.sin_addr.s_addr), 0x7f000002);
    assert_string_equal(target.host, "127.0.0.2:8420");
    assert_string_equal(target.path, "/fhir/x?a=b");
    assert_int_equal(skeym_load_target_parse(&target, "http://localhost"), SKEYM_OK);
    assert_int_equal(ntohs(target.address.sin_port), 80);
    assert_string_equal(target.path, "/");
    assert_false(target.tls);
    assert_true(skeym_load_target_loopback(&target));
    assert_int_equal(skeym_load_target_parse(&target, "https://127.0.0.2/x"), SKEYM_OK);
    assert_int_equal(ntohs(target.address.sin_port), 443);
    assert_string_equal(target.host, "127.0.0.2");
    assert_true(target.tls);
}

static void test_refuses(void **state)
{
    static const struct {
        const char *url;
        enum skeym_error error;
    } wrong[] = {
        {"", SKEYM_ERR_UNSUPPORTED},
        {"ftp://127.0.0.1", SKEYM_ERR_UNSUPPORTED},
        {"HTTPS://127.0.0.1", SKEYM_ERR_UNSUPPORTED},
        {"https://", SKEYM_ERR_SHAPE},
        {"http://example.org/", SKEYM_ERR_UNSUPPORTED},
        {"http://[::1]/", SKEYM_ERR_RANGE},
        {"http://", SKEYM_ERR_SHAPE},
        {"http:///x", SKEYM_ERR_SHAPE},
        {"http://127.0.0.1:0/", SKEYM_ERR_RANGE},
        {"http://127.0.0.1:65536/", SKEYM_ERR_RANGE},
        {"http://127.0.0.1:/", SKEYM_ERR_RANGE},
        {"http://127.0.0.1:8x/", SKEYM_ERR_RANGE},
        {"http://127.0.0.1:-1/", SKEYM_ERR_RANGE},
        {"http://127.0.0.1:8:1/", SKEYM_ERR_RANGE},
        {"http://127.0.0.1:0000000080/", SKEYM_ERR_RANGE},   /* ten digits */
        {"http://1234567890123456/", SKEYM_ERR_UNSUPPORTED}, /* longer than an address */
        {"http://127.0.0.1/a\x7f", SKEYM_ERR_CHARSET},
        {"http://127.0.0.1/\xc3\xa4", SKEYM_ERR_CHARSET},
        {"http://127.0.0.1?x", SKEYM_ERR_SHAPE},
        {"http://127.0.0.1/a b", SKEYM_ERR_CHARSET},
        {"http://127.0.0.1/a\r\nX: y", SKEYM_ERR_CHARSET},
        {"http://127.0.0.1/a#b", SKEYM_ERR_CHARSET},
    };
    static char endless[SKEYM_LOAD_PATH_BYTES + 32] = "http://127.0.0.1/";
    struct skeym_load_target target;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(skeym_load_target_parse(&target, wrong[i].url), wrong[i].error);
        assert_int_equal(target.address.sin_port, 0);
    }
    memset(endless + strlen(endless), 'a', sizeof endless - strlen(endless) - 1);
    assert_int_equal(skeym_load_target_parse(&target, endless), SKEYM_ERR_SIZE);
}

static void test_loopback(void **state)
{
    static const struct {
        const char *url;
        bool loopback;
    } cases[] = {
        {"http://127.0.0.1", true},        {"http://127.255.255.254", true},
        {"http://126.255.255.255", false}, {"http://128.0.0.1", false},
        {"http://10.0.0.1", false},        {"http://0.0.0.0", false},
        {"http://192.0.2.1:1", false},
    };
    struct skeym_load_target target;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(skeym_load_target_parse(&target, cases[i].url), SKEYM_OK);
        assert_int_equal(skeym_load_target_loopback(&target), cases[i].loopback);
    }
}

static void test_from(void **state)
{
    struct skeym_load_from from;
    (void)state;
    assert_int_equal(skeym_load_target_from(&from, "127.0.1.0/24"), SKEYM_OK);
    assert_int_equal(from.first, 0x7f000101);
    assert_int_equal(from.count, 254);
    assert_int_equal(skeym_load_target_pick(&from, 0, 3), 0x7f000101);
    assert_int_equal(skeym_load_target_pick(&from, 2, 3), 0x7f000101 + 2 * 84);
    assert_int_equal(skeym_load_target_pick(&from, 255, 1000), 0x7f000102);
    assert_int_equal(skeym_load_target_from(&from, "127.0.1.9"), SKEYM_OK);
    assert_int_equal(skeym_load_target_pick(&from, 5, 9), 0x7f000109);
    assert_int_equal(skeym_load_target_from(&from, "127.9.9.9/8"), SKEYM_OK);
    assert_int_equal(from.first, 0x7f000001);
    assert_int_equal(skeym_load_target_pick(&from, 3, 0), 0x7f000004); /* one after the other */
    from.count = 0;
    assert_int_equal(skeym_load_target_pick(&from, 5, 9), 0);
}

static void test_from_refuses(void **state)
{
    static const struct {
        const char *text;
        enum skeym_error error;
    } wrong[] = {
        {"", SKEYM_ERR_SHAPE},
        {"127.0.0", SKEYM_ERR_SHAPE},
        {"127.0.0.1/", SKEYM_ERR_SHAPE},
        {"127.0.0.1/31", SKEYM_ERR_SHAPE},
        {"127.0.0.1/x", SKEYM_ERR_SHAPE},
        {"127.0.0.0/7", SKEYM_ERR_RANGE},
        {"10.0.0.0/24", SKEYM_ERR_RANGE},
        {"126.255.255.255", SKEYM_ERR_RANGE},
    };
    struct skeym_load_from from;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(skeym_load_target_from(&from, wrong[i].text), wrong[i].error);
        assert_int_equal(from.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parses),       cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_loopback),     cmocka_unit_test(test_from),
        cmocka_unit_test(test_from_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
