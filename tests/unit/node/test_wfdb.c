/* SPDX-License-Identifier: Apache-2.0 */
#include "node/wfdb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA SKEYM_SOURCE_DIR "/../shared/data/wfdb/"

static struct skeym_wfdb_record record;
static struct skeym_wfdb_report report;

/* ---- records in memory ---- */

static enum skeym_error attach(const char *text, const struct skeym_span *data)
{
    struct skeym_wfdb_header header;

    assert_int_equal(skeym_wfdb_header_parse(&header, skeym_span_text(text)), SKEYM_OK);
    return skeym_wfdb_attach(&record, &header, data);
}

/* Two files; the first with a preamble, in 212, of two samples of x and one of y in each frame. */
static void test_frames_and_files(void **state)
{
    /* x 1 2, y 3 | x 4 5, y 6 */
    static const uint8_t first[] = {0xaa, 0xbb, 1, 0x00, 2, 3, 0x00, 4, 5, 0x00, 6, 0x77};
    static const uint8_t second[] = {0xff, 0xff, 0x00, 0x80};
    const struct skeym_span data[] = {{first, sizeof first}, {second, sizeof second}};
    int32_t got[4];

    (void)state;
    assert_int_equal(attach("r 3 50 2\na.dat 212x2+2 10(-5)/u 12 0 1 12\na.dat 212+2 1 12 0 3 9\n"
                            "b.dat 16 1 16 0 -1 32767\n",
                            data),
                     SKEYM_OK);
    assert_int_equal(record.frames, 2);
    assert_int_equal(skeym_wfdb_samples(&record, 0), 4);
    assert_true(skeym_wfdb_frequency(&record, 0) == 100.0);
    assert_true(skeym_wfdb_frequency(&record, 1) == 50.0);
    assert_int_equal(skeym_wfdb_missing(&record, 1), -2048);
    assert_int_equal(skeym_wfdb_missing(&record, 2), -32768);
    assert_int_equal(skeym_wfdb_read(&record, 0, 0, got, 4), SKEYM_OK);
    assert_memory_equal(got, ((int32_t[]){1, 2, 4, 5}), sizeof got);
    assert_int_equal(skeym_wfdb_read(&record, 0, 1, got, 2), SKEYM_OK);
    assert_memory_equal(got, ((int32_t[]){2, 4}), 8);
    assert_int_equal(skeym_wfdb_read(&record, 1, 0, got, 2), SKEYM_OK);
    assert_memory_equal(got, ((int32_t[]){3, 6}), 8);
    assert_int_equal(skeym_wfdb_read(&record, 2, 0, got, 2), SKEYM_OK);
    assert_memory_equal(got, ((int32_t[]){-1, -32768}), 8);
    assert_true(fabs(skeym_wfdb_physical(&record.header.signal[0], 4) - 0.9) < 1e-12);
    assert_int_equal(skeym_wfdb_verify(&record, &report), SKEYM_OK);
    assert_int_equal(report.bad, 0);
    assert_int_equal(report.check[2].sum, 32767);
    assert_true(report.check[2].initial_checked && report.check[2].checksum_checked);

    assert_int_equal(skeym_wfdb_read(&record, 3, 0, got, 1), SKEYM_ERR_RANGE);
    assert_int_equal(skeym_wfdb_read(&record, 0, 2, got, 3), SKEYM_ERR_TRUNCATED);
    assert_memory_equal(got, ((int32_t[]){0, 0, 0}), 12);
    assert_int_equal(skeym_wfdb_read(&record, 0, UINT64_MAX, got, 1), SKEYM_ERR_TRUNCATED);
    assert_int_equal(skeym_wfdb_read(&record, 0, 4, NULL, 0), SKEYM_OK);
}

static void test_mismatch_names_the_signal(void **state)
{
    static const uint8_t bytes[] = {129, 130, 131, 132, 133, 134};
    const struct skeym_span data[] = {{bytes, sizeof bytes}};

    (void)state;
    /* signals 1 4, 2 5, 3 6: the sums are 5, 7, 9 */
    assert_int_equal(
        attach("r 3 1 2\na.dat 80 1 8 0 1 5\na.dat 80 1 8 0 9 7\na.dat 80 1 8 0 3 8\n", data),
        SKEYM_OK);
    assert_int_equal(skeym_wfdb_verify(&record, &report), SKEYM_ERR_CHECKSUM);
    assert_int_equal(report.bad, 2);
    assert_int_equal(report.first_bad, 1);
    assert_true(report.check[0].initial_good && report.check[0].checksum_good);
    assert_true(!report.check[1].initial_good && report.check[1].checksum_good);
    assert_true(report.check[2].initial_good && !report.check[2].checksum_good);
    assert_int_equal(report.check[2].first, 3);
    assert_int_equal(report.check[2].sum, 9);
}

/* header(5): without a number of samples no checksum is checked; the files give the length. */
static void test_length_not_given(void **state)
{
    static const uint8_t bytes[] = {129, 130, 131, 132, 133};
    const struct skeym_span data[] = {{bytes, sizeof bytes}};

    (void)state;
    assert_int_equal(attach("r 2 1 0\na.dat 80 1 8 0 1 99\na.dat 80\n", data), SKEYM_OK);
    assert_int_equal(record.frames, 2);
    assert_int_equal(skeym_wfdb_verify(&record, &report), SKEYM_OK);
    assert_true(report.check[0].initial_checked && report.check[0].initial_good);
    assert_false(report.check[0].checksum_checked || report.check[0].checksum_good);
    assert_false(report.check[1].initial_checked);
}

static void test_short_files(void **state)
{
    static const uint8_t bytes[8];
    struct skeym_span data[] = {{bytes, 8}, {bytes, 3}};

    (void)state;
    assert_int_equal(attach("r 2 1 4\na.dat 16\nb.dat 80\n", data), SKEYM_ERR_TRUNCATED);
    data[1].size = 4;
    assert_int_equal(attach("r 2 1 4\na.dat 16\nb.dat 80\n", data), SKEYM_OK);
    assert_int_equal(attach("r 1 1 4\na.dat 16+1\n", data), SKEYM_ERR_TRUNCATED);
    assert_int_equal(attach("r 1 1 1\na.dat 16+9\n", data), SKEYM_ERR_TRUNCATED);
    assert_int_equal(attach("r 1\na.dat 16+9\n", data), SKEYM_ERR_SHAPE);
    assert_int_equal(attach("r 1\na.dat 16x5\n", data), SKEYM_ERR_SHAPE);
    struct skeym_wfdb_header none = {0};
    assert_int_equal(skeym_wfdb_attach(&record, &none, data), SKEYM_ERR_SHAPE);
}

static void test_checksum_wraps(void **state)
{
    static const int32_t samples[] = {32767, 32767, -32768, 2047, -2048, 5};
    int32_t total = 0;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        total += samples[i];
        assert_int_equal(skeym_wfdb_checksum(0, samples, i + 1), (int16_t)(uint16_t)total);
    }
    assert_int_equal(skeym_wfdb_checksum(skeym_wfdb_checksum(0, samples, 2), samples + 2, 4),
                     skeym_wfdb_checksum(0, samples, 6));
}

static void test_decimals(void **state)
{
    static const struct {
        double gain;
        unsigned decimals;
    } cases[] = {{1, 0}, {10, 1}, {-10, 1}, {200, 3}, {0.5, 0}, {1e9, 6}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct skeym_wfdb_signal signal = {.gain = cases[i].gain};
        assert_int_equal(skeym_wfdb_decimals(&signal), cases[i].decimals);
    }
}

/* ---- files ---- */

static char folder[] = "/tmp/skeym-wfdb-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static const char *path_of(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(path_of(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"r.hea", "a.dat", "b.dat"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)unlink(path_of(names[i]));
    }
    return rmdir(folder);
}

static void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

static enum skeym_error open_r(void)
{
    return skeym_wfdb_open(&record, path_of("r.hea"), &report);
}

static void assert_nothing_left(uint32_t bad_line)
{
    static const struct skeym_wfdb_record zero;
    assert_int_equal(record.header.bad_line, bad_line);
    record.header.bad_line = 0;
    assert_memory_equal(&record, &zero, sizeof zero);
}

static void test_open(void **state)
{
    (void)state;
    put_text("r.hea", "r 2 1 3\na.dat 80 1 8 0 1 6\nb.dat 80 1 8 0 4 15\n");
    put("a.dat", "\x81\x82\x83", 3);
    put("b.dat", "\x84\x85\x86", 3);
    assert_int_equal(open_r(), SKEYM_OK);
    assert_int_equal(report.signals, 2);
    assert_int_equal(report.check[1].sum, 15);
    skeym_wfdb_close(&record);
    skeym_wfdb_close(&record);
    assert_int_equal(skeym_wfdb_open(&record, path_of("r.hea"), NULL), SKEYM_OK);
    skeym_wfdb_close(&record);

    put("b.dat", "\x84\x85\x87", 3);
    assert_int_equal(open_r(), SKEYM_ERR_CHECKSUM);
    assert_int_equal(report.bad, 1);
    assert_int_equal(report.first_bad, 1);
    assert_nothing_left(0);
    put("b.dat", "\x84\x85", 2);
    assert_int_equal(open_r(), SKEYM_ERR_TRUNCATED);
    assert_nothing_left(0);
    put("b.dat", "", 0);
    assert_int_equal(open_r(), SKEYM_ERR_TRUNCATED);
}

static void test_open_bad_files(void **state)
{
    static char comment[SKEYM_WFDB_HEADER_BYTES + 1];

    (void)state;
    assert_int_equal(skeym_wfdb_open(&record, path_of("none.hea"), NULL), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_wfdb_open(&record, path_of("none/r.hea"), NULL), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_wfdb_open(&record, folder, NULL), SKEYM_ERR_SHAPE);
    put_text("r.hea", "r 1\na.dat 7\n");
    assert_int_equal(open_r(), SKEYM_ERR_RANGE);
    assert_nothing_left(2);

    put_text("r.hea", "r 1 1 1\nb.dat 80\n");
    (void)unlink(path_of("b.dat"));
    assert_int_equal(open_r(), SKEYM_ERR_MISSING);
    assert_int_equal(symlink("/etc/passwd", path_of("b.dat")), 0);
    assert_int_equal(open_r(), SKEYM_ERR_SHAPE); /* a link may lead anywhere */
    (void)unlink(path_of("b.dat"));
    assert_int_equal(mkfifo(path_of("b.dat"), 0600), 0);
    assert_int_equal(open_r(), SKEYM_ERR_SHAPE); /* and a pipe would hold us */
    (void)unlink(path_of("b.dat"));
    put("b.dat", "", 0);
    assert_int_equal(truncate(path_of("b.dat"), (off_t)SKEYM_WFDB_FILE_BYTES + 1), 0);
    assert_int_equal(open_r(), SKEYM_ERR_SIZE);
    put("b.dat", "x", 1);
    memset(comment, '#', sizeof comment);
    memcpy(comment, "r 1 1 1\nb.dat 80\n", 17);
    put("r.hea", comment, SKEYM_WFDB_HEADER_BYTES);
    assert_int_equal(open_r(), SKEYM_OK);
    skeym_wfdb_close(&record);
    put("r.hea", comment, SKEYM_WFDB_HEADER_BYTES + 1);
    assert_int_equal(open_r(), SKEYM_ERR_SIZE);
    if (geteuid() != 0) {
        assert_int_equal(chmod(path_of("r.hea"), 0), 0);
        assert_int_equal(open_r(), SKEYM_ERR_PERMISSION);
    }
}

/* ---- real records ---- */

static void open_real(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s%s", DATA, name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    assert_int_equal(skeym_wfdb_open(&record, path, &report), SKEYM_OK);
    assert_int_equal(report.bad, 0);
    for (uint32_t i = 0; i < report.signals; i++) {
        assert_true(report.check[i].initial_good && report.check[i].checksum_good);
    }
}

static void test_record_100(void **state)
{
    (void)state;
    open_real("100.hea");
    assert_int_equal(report.signals, 2);
    assert_int_equal(skeym_wfdb_samples(&record, 0), 650000);
    assert_int_equal(report.check[0].sum, -22131);
    assert_int_equal(report.check[1].sum, 20052);
    assert_true(fabs(skeym_wfdb_physical(&record.header.signal[0], 995) + 0.145) < 1e-12);
    skeym_wfdb_close(&record);
}

static void test_record_v102s(void **state)
{
    (void)state;
    open_real("v102s.hea");
    assert_int_equal(report.signals, 4);
    assert_int_equal(skeym_wfdb_samples(&record, 3), 75000);
    assert_int_equal(report.check[3].sum, 12236);
    assert_string_equal(record.header.signal[2].description, "PLETH");
    skeym_wfdb_close(&record);
}

static void test_record_numerics(void **state)
{
    int32_t missing = 0;

    (void)state;
    open_real("s00001-2896-10-10-00-31n.hea");
    assert_int_equal(report.signals, 10);
    assert_int_equal(skeym_wfdb_samples(&record, 9), 1936);
    assert_int_equal(report.check[5].sum, -32345);
    assert_int_equal(skeym_wfdb_read(&record, 7, 0, &missing, 1), SKEYM_OK);
    assert_int_equal(missing, skeym_wfdb_missing(&record, 7));
    skeym_wfdb_close(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_and_files),
        cmocka_unit_test(test_mismatch_names_the_signal),
        cmocka_unit_test(test_length_not_given),
        cmocka_unit_test(test_short_files),
        cmocka_unit_test(test_checksum_wraps),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_open_bad_files),
        cmocka_unit_test(test_record_100),
        cmocka_unit_test(test_record_v102s),
        cmocka_unit_test(test_record_numerics),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
