/* SPDX-License-Identifier: Apache-2.0 */
#include "node/wfdb_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static enum skeym_error decode(int32_t *out, uint32_t format, const void *data, size_t size,
                               uint64_t from, size_t count)
{
    return skeym_wfdb_sample_decode(out, format, skeym_span(data, size), from, 1, count);
}

static void test_format_16(void **state)
{
    static const uint8_t data[] = {0x00, 0x00, 0xff, 0xff, 0x00, 0x80, 0xff, 0x7f, 0x34, 0x12};
    static const int32_t want[] = {0, -1, -32768, 32767, 0x1234};
    int32_t got[5];

    (void)state;
    assert_int_equal(decode(got, 16, data, sizeof data, 0, 5), SKEYM_OK);
    assert_memory_equal(got, want, sizeof want);
    assert_int_equal(skeym_wfdb_sample_missing(16), -32768);
}

static void test_format_80(void **state)
{
    static const uint8_t data[] = {0, 127, 128, 255};
    static const int32_t want[] = {-128, -1, 0, 127};
    int32_t got[4];

    (void)state;
    assert_int_equal(decode(got, 80, data, sizeof data, 0, 4), SKEYM_OK);
    assert_memory_equal(got, want, sizeof want);
    assert_int_equal(skeym_wfdb_sample_missing(80), -128);
}

static void test_format_212(void **state)
{
    /* the first two: 995 and 1011 as in MIT-BIH record 100; then -1, -2048; 2047, 0; a lone 5 */
    static const uint8_t data[] = {0xe3, 0x33, 0xf3, 0xff, 0x8f, 0x00,
                                   0xff, 0x07, 0x00, 0x05, 0x00};
    static const int32_t want[] = {995, 1011, -1, -2048, 2047, 0, 5};
    int32_t got[7];

    (void)state;
    assert_int_equal(decode(got, 212, data, sizeof data, 0, 7), SKEYM_OK);
    assert_memory_equal(got, want, sizeof want);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(decode(got, 212, data, sizeof data, i, 1), SKEYM_OK);
        assert_int_equal(got[0], want[i]);
    }
    assert_int_equal(skeym_wfdb_sample_missing(212), -2048);
}

static void test_steps(void **state)
{
    static const uint8_t data[] = {128, 129, 130, 131, 132, 133, 134};
    static const int32_t want[] = {1, 4};
    int32_t got[3];

    (void)state;
    assert_int_equal(skeym_wfdb_sample_decode(got, 80, skeym_span(data, sizeof data), 1, 3, 2),
                     SKEYM_OK);
    assert_memory_equal(got, want, sizeof want);
    assert_int_equal(skeym_wfdb_sample_decode(got, 80, skeym_span(data, sizeof data), 1, 3, 3),
                     SKEYM_ERR_TRUNCATED);
    assert_int_equal(skeym_wfdb_sample_decode(got, 80, skeym_span(data, sizeof data), 1, 0, 1),
                     SKEYM_ERR_USAGE);
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(skeym_wfdb_sample_bytes(16, 3), 6);
    assert_int_equal(skeym_wfdb_sample_bytes(80, 3), 3);
    assert_int_equal(skeym_wfdb_sample_bytes(212, 1), 2);
    assert_int_equal(skeym_wfdb_sample_bytes(212, 2), 3);
    assert_int_equal(skeym_wfdb_sample_bytes(212, 3), 5);
    assert_int_equal(skeym_wfdb_sample_count(16, 7), 3);
    assert_int_equal(skeym_wfdb_sample_count(212, 0), 0);
    assert_int_equal(skeym_wfdb_sample_count(212, 1), 0);
    assert_int_equal(skeym_wfdb_sample_count(212, 2), 1);
    assert_int_equal(skeym_wfdb_sample_count(212, 3), 2);
    assert_int_equal(skeym_wfdb_sample_count(212, 4), 2);
    assert_int_equal(skeym_wfdb_sample_count(212, 5), 3);
    for (uint64_t count = 0; count < 100; count++) {
        assert_int_equal(skeym_wfdb_sample_count(212, skeym_wfdb_sample_bytes(212, count)), count);
    }
    assert_int_equal(skeym_wfdb_sample_bytes(8, 3), 0);
    assert_int_equal(skeym_wfdb_sample_count(8, 3), 0);
    assert_int_equal(skeym_wfdb_sample_missing(8), 0);
}

static void test_errors(void **state)
{
    static const uint32_t formats[] = {16, 80, 212};
    uint8_t data[16];
    int32_t got[4];
    static const int32_t zero[4];

    (void)state;
    memset(data, 0x55, sizeof data);
    for (size_t i = 0; i < 3; i++) {
        /* exactly as many bytes as needed are enough; one less is not, and writes nothing */
        size_t need = (size_t)skeym_wfdb_sample_bytes(formats[i], 3 + 4);
        assert_int_equal(decode(got, formats[i], data, need, 3, 4), SKEYM_OK);
        assert_int_equal(decode(got, formats[i], data, need - 1, 3, 4), SKEYM_ERR_TRUNCATED);
        assert_memory_equal(got, zero, sizeof zero);
        assert_int_equal(decode(got, formats[i], NULL, 0, 0, 1), SKEYM_ERR_TRUNCATED);
        assert_int_equal(decode(got, formats[i], data, need, UINT64_MAX, 4), SKEYM_ERR_TRUNCATED);
        assert_int_equal(decode(NULL, formats[i], NULL, 0, 9, 0), SKEYM_OK);
    }
    assert_int_equal(decode(got, 8, data, sizeof data, 0, 1), SKEYM_ERR_UNSUPPORTED);
    assert_int_equal(decode(NULL, 8, data, sizeof data, 0, 0), SKEYM_ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_16),  cmocka_unit_test(test_format_80),
        cmocka_unit_test(test_format_212), cmocka_unit_test(test_steps),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
