/* SPDX-License-Identifier: Apache-2.0 */
#include "node/wfdb_header.h"

#include "node/wfdb_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct skeym_wfdb_header header;

/* From a copy that ends where the text ends, so that the sanitizer sees a read beyond it. */
static enum skeym_error parse_exactly(const char *text, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);

    assert_non_null(copy);
    memcpy(copy, text, size);
    enum skeym_error error = skeym_wfdb_header_parse(&header, skeym_span(copy, size));
    free(copy);
    return error;
}

static enum skeym_error parse(const char *text)
{
    return parse_exactly(text, strlen(text));
}

static void test_two_signals(void **state)
{
    (void)state;
    assert_int_equal(parse("# a comment\n100 2 360 650000\r\n"
                           "100.dat 212 200 11 1024 995 -22131 0 MLII\n\r\n"
                           "100.dat 212 200 11 1024 1011 20052 0 V5\r\n# 69 M\r\n"),
                     SKEYM_OK);
    assert_string_equal(header.record, "100");
    assert_int_equal(header.signals, 2);
    assert_int_equal(header.groups, 1);
    assert_int_equal(header.frames, 650000);
    assert_true(header.frequency == 360.0 && header.counter_frequency == 360.0);
    assert_false(header.has_time);
    assert_int_equal(header.bad_line, 0);
    assert_int_equal(header.group[0].format, 212);
    assert_int_equal(header.group[0].frame_samples, 2);

    const struct skeym_wfdb_signal *v5 = &header.signal[1];
    assert_string_equal(v5->file, "100.dat");
    assert_string_equal(v5->units, "mV");
    assert_string_equal(v5->description, "V5");
    assert_true(v5->gain == 200.0 && v5->calibrated);
    assert_int_equal(v5->resolution, 11);
    assert_int_equal(v5->zero, 1024);
    assert_int_equal(v5->baseline, 1024);
    assert_int_equal(v5->initial, 1011);
    assert_int_equal(v5->checksum, 20052);
    assert_int_equal(header.signal[0].checksum, -22131);
    assert_true(v5->has_initial && v5->has_checksum);
    assert_int_equal(v5->frame_offset, 1);
}

static void test_counter_time_date(void **state)
{
    (void)state;
    assert_int_equal(parse("s-1n 1 0.0166666666667/125(-2.5) 1936    31:25.894 10/10/2896\n"
                           "a.dat 16 10/bpm 16 0 0 15872 0 HR\n"),
                     SKEYM_OK);
    assert_true(header.frequency == 0.0166666666667);
    assert_true(header.counter_frequency == 125.0);
    assert_true(header.base_counter == -2.5);
    assert_int_equal(header.time_ms, (31 * 60 + 25) * 1000 + 894);
    assert_true(header.has_time && header.has_date);
    assert_int_equal(header.year, 2896);
    assert_int_equal(header.month, 10);
    assert_int_equal(header.day, 10);
    assert_string_equal(header.signal[0].units, "bpm");

    assert_int_equal(parse("r 1 3.6e2/0 10 13:5:0 29/2/2024\na.dat 16\n"), SKEYM_OK);
    assert_true(header.frequency == 360.0 && header.counter_frequency == 360.0);
    assert_int_equal(header.time_ms, (13 * 60 + 5) * 60 * 1000);
    assert_int_equal(parse("r 1 360. 10 23:59:59.9999\na.dat 16\n"), SKEYM_OK);
    assert_int_equal(header.time_ms, 86399999);
    assert_false(header.has_date);
    assert_int_equal(parse("r 1 1 10 7\na.dat 16\n"), SKEYM_OK);
    assert_int_equal(header.time_ms, 7000);
}

static void test_defaults(void **state)
{
    (void)state;
    assert_int_equal(parse("r 1\na.dat 80"), SKEYM_OK);
    assert_true(header.frequency == 250.0);
    assert_int_equal(header.frames, 0);
    const struct skeym_wfdb_signal *signal = &header.signal[0];
    assert_true(signal->gain == 200.0);
    assert_false(signal->calibrated || signal->has_initial || signal->has_checksum);
    assert_int_equal(signal->resolution, 12);
    assert_int_equal(signal->samples_per_frame, 1);
    assert_string_equal(signal->units, "mV");
    assert_string_equal(signal->description, "");

    assert_int_equal(parse("r 1\na.dat 80 0/mmHg 0 5\n"), SKEYM_OK);
    assert_true(signal->gain == 200.0);
    assert_false(signal->calibrated);
    assert_string_equal(signal->units, "mmHg");
    assert_int_equal(signal->resolution, 12);
    assert_int_equal(signal->baseline, 5);
}

static void test_gain_forms(void **state)
{
    static const struct {
        const char *text;
        double gain;
        int32_t baseline;
        const char *units;
    } forms[] = {
        {"200", 200, 7, "mV"},
        {"10/bpm", 10, 7, "bpm"},
        {"200(1024)", 200, 1024, "mV"},
        {"200(1024)/mV", 200, 1024, "mV"},
        {"8718.594059405941(-6)/mm/s", 8718.594059405941, -6, "mm/s"},
        {"-1.5e-2(0)/%", -0.015, 0, "%"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "r 1\na.dat 16 %s 12 7\n", forms[i].text);
        assert_int_equal(parse(text), SKEYM_OK);
        assert_true(header.signal[0].gain == forms[i].gain);
        assert_int_equal(header.signal[0].baseline, forms[i].baseline);
        assert_string_equal(header.signal[0].units, forms[i].units);
    }
    /* more digits than a number holds keep their weight */
    assert_int_equal(parse("r 1\na.dat 16 1000000000000000000000000e-22\n"), SKEYM_OK);
    assert_true(header.signal[0].gain == 100.0);
}

static void test_files_and_frames(void **state)
{
    (void)state;
    assert_int_equal(parse("r 4 100 10\n"
                           "a.dat 212x2:0+24 200 12 0 0 0 0 first\tname with spaces  \n"
                           "a.dat 212+24\n"
                           "b.dat 16x3\n"
                           "c.dat 80 1 8 0 0 0 -512\n"),
                     SKEYM_OK);
    assert_int_equal(header.groups, 3);
    assert_int_equal(header.group[0].byte_offset, 24);
    assert_int_equal(header.group[0].frame_samples, 3);
    assert_int_equal(header.signal[0].samples_per_frame, 2);
    assert_int_equal(header.signal[1].frame_offset, 2);
    assert_int_equal(header.signal[1].group, 0);
    assert_int_equal(header.signal[2].group, 1);
    assert_int_equal(header.group[1].first, 2);
    assert_int_equal(header.group[1].frame_samples, 3);
    assert_int_equal(header.signal[3].block, -512);
    assert_string_equal(header.signal[0].description, "first\tname with spaces");
}

static void test_thirty_two_signals(void **state)
{
    char text[4096];
    size_t size = (size_t)snprintf(text, sizeof text, "r 32\n");

    (void)state;
    for (int i = 0; i < 32; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "f%d.dat 16\n", i);
    }
    assert_int_equal(parse(text), SKEYM_OK);
    assert_int_equal(header.groups, 32);
}

#define LONG_10  "1234567890"
#define ZEROS_50 "00000000000000000000000000000000000000000000000000"
#define LONG_80  LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10

static const struct {
    enum skeym_error error;
    uint32_t line;
    const char *text;
} error_cases[] = {
    /* the file as a whole */
    {SKEYM_ERR_TRUNCATED, 0, ""},
    {SKEYM_ERR_TRUNCATED, 0, "# nothing\n\r\n"},
    {SKEYM_ERR_TRUNCATED, 0, "r 2\na.dat 16\n"},
    {SKEYM_ERR_TRAILING, 3, "r 1\na.dat 16\na.dat 16\n"},
    {SKEYM_ERR_CHARSET, 1, "r 1\x01\na.dat 16\n"},
    {SKEYM_ERR_CHARSET, 2, "r 1\na.dat 16 1 1 0 0 0 0 \xc3\xa9\n"},
    {SKEYM_ERR_CHARSET, 1, "r 1 \r 5\na.dat 16\n"},
    {SKEYM_ERR_SIZE, 2, "r 1\na.dat 16 1 1 0 0 0 0 " LONG_80 LONG_80 LONG_80 "\n"},
    /* the record line */
    {SKEYM_ERR_TRUNCATED, 1, "r\n"},
    {SKEYM_ERR_UNSUPPORTED, 1, "r/2 1\n"},
    {SKEYM_ERR_CHARSET, 1, "r\\x 1\n"},
    {SKEYM_ERR_SIZE, 1, LONG_80 "1 1\n"},
    {SKEYM_ERR_UNSUPPORTED, 1, "r 0\n"},
    {SKEYM_ERR_UNSUPPORTED, 1, "r 33\n"},
    {SKEYM_ERR_RANGE, 1, "r -1\n"},
    {SKEYM_ERR_SHAPE, 1, "r x\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1x\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 0\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 -360\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 1000001\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 nan\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 inf\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 1x10\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 .\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 1e\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 1e100\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 1..2\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360/\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360/5(\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360/5(1\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360/5(1)x\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360(1)\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360/5(." ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 "1e-99)\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360 -1\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360 4294967296\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360 99999999999999999999\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360 5.5\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360 5 24:00:00\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360 5 0:60:0\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360 5 0:0:60\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360 5 0:0:0:0\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360 5 1.:2:3\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360 5 1:2.:3\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360 5 noon\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360 5 1:2:3pm\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360 5 1:2:3 29/2/2023\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360 5 1:2:3 29/2/1900\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360 5 1:2:3 1/13/2000\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360 5 1:2:3 32/1/2000\n"},
    {SKEYM_ERR_RANGE, 1, "r 1 360 5 1:2:3 1/1/0\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360 5 1:2:3 1-1-2000\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360 5 1:2:3 1/1-2000\n"},
    {SKEYM_ERR_SHAPE, 1, "r 1 360 5 1:2:3 1/1/2000x\n"},
    {SKEYM_ERR_TRAILING, 1, "r 1 360 5 1:2:3 1/1/2000 x\n"},
    /* a signal line: the file */
    {SKEYM_ERR_TRUNCATED, 2, "r 1\na.dat\n"},
    {SKEYM_ERR_CHARSET, 2, "r 1\n../a.dat 16\n"},
    {SKEYM_ERR_CHARSET, 2, "r 1\n/etc/passwd 16\n"},
    {SKEYM_ERR_CHARSET, 2, "r 1\nb/a.dat 16\n"},
    {SKEYM_ERR_CHARSET, 2, "r 1\n.. 16\n"},
    {SKEYM_ERR_CHARSET, 2, "r 1\n.hidden 16\n"},
    {SKEYM_ERR_CHARSET, 2, "r 1\n- 16\n"},
    {SKEYM_ERR_CHARSET, 2, "r 1\n~ 0\n"},
    {SKEYM_ERR_CHARSET, 2, "r 1\na\\b 16\n"},
    {SKEYM_ERR_SIZE, 2, "r 1\n" LONG_80 "1 16\n"},
    {SKEYM_ERR_SHAPE, 4, "r 3\na.dat 16\nb.dat 16\na.dat 16\n"},
    {SKEYM_ERR_SHAPE, 3, "r 2\na.dat 16\na.dat 80\n"},
    {SKEYM_ERR_SHAPE, 3, "r 2\na.dat 16+2\na.dat 16\n"},
    /* the format */
    {SKEYM_ERR_UNSUPPORTED, 2, "r 1\na.dat 0\n"},
    {SKEYM_ERR_UNSUPPORTED, 2, "r 1\na.dat 8\n"},
    {SKEYM_ERR_UNSUPPORTED, 2, "r 1\na.dat 310\n"},
    {SKEYM_ERR_UNSUPPORTED, 2, "r 1\na.dat 524\n"},
    {SKEYM_ERR_UNSUPPORTED, 2, "r 1\na.dat 212:1\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 17\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat -16\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16x0\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16x1001\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16+2147483648\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16:-1\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16x\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16+1x2\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat sixteen\n"},
    /* the gain */
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16 x\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16 200(\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16 200(1\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16 200(1.5)\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16 200(1)x\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16 200/\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16 200mV\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16 200(2147483648)\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16 1e-10\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16 -1e13\n"},
    {SKEYM_ERR_SIZE, 2, "r 1\na.dat 16 200/" LONG_10 LONG_10 LONG_10 "123\n"},
    /* the rest */
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16 200 33\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16 200 x\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16 200 12 2147483648\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16 200 12 0 -2147483649\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16 200 12 0 0 32768\n"},
    {SKEYM_ERR_RANGE, 2, "r 1\na.dat 16 200 12 0 0 -32769\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16 200 12 0 0 1x\n"},
    {SKEYM_ERR_SHAPE, 2, "r 1\na.dat 16 200 12 0 0 0 ECG\n"},
    {SKEYM_ERR_SIZE, 2, "r 1\na.dat 16 200 12 0 0 0 0 " LONG_80 "1\n"},
};

static void test_every_error(void **state)
{
    static const struct skeym_wfdb_header zero;

    (void)state;
    for (size_t i = 0; i < sizeof error_cases / sizeof error_cases[0]; i++) {
        enum skeym_error error = parse(error_cases[i].text);
        if (error != error_cases[i].error || header.bad_line != error_cases[i].line) {
            print_error("case %zu, %s: %s, line %u\n", i, error_cases[i].text,
                        skeym_error_word(error), header.bad_line);
        }
        assert_int_equal(error, error_cases[i].error);
        assert_int_equal(header.bad_line, error_cases[i].line);
        header.bad_line = 0;
        assert_memory_equal(&header, &zero, sizeof zero);
    }
}

static void test_largest_line_and_file(void **state)
{
    static char text[SKEYM_WFDB_HEADER_BYTES + 2];

    (void)state;
    /* 254 bytes and a line feed are allowed, 255 are not; a comment may be longer */
    memset(text, ' ', sizeof text);
    memcpy(text, "r 1", 3);
    memcpy(text + 254, "\na.dat 16\n#", 11);
    assert_int_equal(skeym_wfdb_header_parse(&header, skeym_span(text, 600)), SKEYM_OK);
    memcpy(text + 254, " \na.dat 16\n", 11);
    assert_int_equal(skeym_wfdb_header_parse(&header, skeym_span(text, 265)), SKEYM_ERR_SIZE);
    memcpy(text + 254, "\na.dat 16\n#", 11);
    assert_int_equal(skeym_wfdb_header_parse(&header, skeym_span(text, SKEYM_WFDB_HEADER_BYTES)),
                     SKEYM_OK);
    assert_int_equal(
        skeym_wfdb_header_parse(&header, skeym_span(text, SKEYM_WFDB_HEADER_BYTES + 1)),
        SKEYM_ERR_SIZE);
}

static void test_the_last_that_is_allowed(void **state)
{
    char name[SKEYM_WFDB_HEADER_NAME + 1];

    (void)state;
    assert_int_equal(parse("\n\r\nazAZ09_-. 1 1000000\nazAZ09_-. 16 1e12 12 0 0 0 0 " LONG_80 "\n"),
                     SKEYM_OK);
    assert_string_equal(header.signal[0].description, LONG_80);
    assert_int_equal(parse("r 1\na.dat 16 -1e-9 12 0 0 0 0 ~\n"), SKEYM_OK);
    assert_string_equal(header.signal[0].description, "~");
    assert_int_equal(skeym_wfdb_field_name(name, skeym_span_text("")), SKEYM_ERR_TRUNCATED);
    assert_int_equal(skeym_wfdb_field_name(name, skeym_span_text("b[")), SKEYM_ERR_CHARSET);
}

/* Every prefix of a good header gives an answer, and none is taken for the whole. */
static void test_every_prefix(void **state)
{
    static const char text[] = "r 2 360 10 1:2:3 1/1/2000\na.dat 212 200(5)/mV 12 0 1 2 0 I\n"
                               "a.dat 212";
    (void)state;
    for (size_t size = 0; size < sizeof text - 1; size++) {
        assert_int_not_equal(parse_exactly(text, size), SKEYM_OK);
    }
    assert_int_equal(parse(text), SKEYM_OK);
}

static void test_headers_with_tabs(void **state)
{
    (void)state;
    static const char good[] = "100\t2  360\t650000\t01:02:03.5\t\n"
                               "100.dat\t212 200 11 1024 995 -22131 0\tMLII \t\n"
                               "100.dat 212 200 11 1024 1011 20052 0 V5\t\n";
    static const char bad[] = "100 2 360 650000 01:02:03.5x\n";
    assert_int_equal(parse(good), SKEYM_OK);
    assert_string_equal(header.signal[0].description, "MLII");
    assert_string_equal(header.signal[1].description, "V5");
    assert_int_equal(header.time_ms, 3723500);
    assert_int_equal(parse(bad), SKEYM_ERR_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_signals),       cmocka_unit_test(test_counter_time_date),
        cmocka_unit_test(test_defaults),          cmocka_unit_test(test_gain_forms),
        cmocka_unit_test(test_files_and_frames),  cmocka_unit_test(test_thirty_two_signals),
        cmocka_unit_test(test_every_error),       cmocka_unit_test(test_largest_line_and_file),
        cmocka_unit_test(test_every_prefix),      cmocka_unit_test(test_the_last_that_is_allowed),
        cmocka_unit_test(test_headers_with_tabs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
