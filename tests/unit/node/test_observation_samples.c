/* SPDX-License-Identifier: Apache-2.0 */
#include "node/observation_samples.h"

#include "node/observation.h"
#include "node/wfdb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int32_t got[4096];
static size_t count;

static enum skeym_error samples(const char *json)
{
    return skeym_observation_samples(got, 4, &count, skeym_span_text(json), -99);
}

#define WITH(data)                                                                                 \
    "{\"resourceType\":\"Observation\",\"valueSampledData\":{\"dimensions\":1,\"data\":\"" data    \
    "\"}}"

static void test_good(void **state)
{
    (void)state;
    assert_int_equal(samples(WITH("1 E -2147483648 2147483647")), SKEYM_OK);
    assert_int_equal(count, 4);
    assert_memory_equal(got, ((int32_t[]){1, -99, INT32_MIN, INT32_MAX}), 16);
    assert_int_equal(samples(WITH("-0")), SKEYM_OK);
    assert_int_equal(count, 1);
    assert_int_equal(got[0], 0);
}

static void test_every_error(void **state)
{
    static const struct {
        enum skeym_error error;
        const char *json;
    } cases[] = {
        {SKEYM_ERR_SHAPE, ""},
        {SKEYM_ERR_SHAPE, "null"},
        {SKEYM_ERR_SHAPE, "[]"},
        {SKEYM_ERR_SHAPE, "{"},
        {SKEYM_ERR_SHAPE, WITH("1") "x"},
        {SKEYM_ERR_SHAPE, WITH("\xff")},
        {SKEYM_ERR_SHAPE, "{\"resourceType\":\"Patient\",\"valueSampledData\":{\"dimensions\":1,"
                          "\"data\":\"1\"}}"},
        {SKEYM_ERR_SHAPE, "{\"valueSampledData\":{\"dimensions\":1,\"data\":\"1\"}}"},
        {SKEYM_ERR_SHAPE, "{\"resourceType\":\"Observation\"}"},
        {SKEYM_ERR_SHAPE, "{\"resourceType\":\"Observation\",\"valueSampledData\":[]}"},
        {SKEYM_ERR_SHAPE, "{\"resourceType\":\"Observation\",\"valueSampledData\":"
                          "{\"data\":\"1\"}}"},
        {SKEYM_ERR_SHAPE, "{\"resourceType\":\"Observation\",\"valueSampledData\":"
                          "{\"dimensions\":1}}"},
        {SKEYM_ERR_SHAPE, "{\"resourceType\":\"Observation\",\"valueSampledData\":"
                          "{\"dimensions\":1,\"data\":1}}"},
        {SKEYM_ERR_SHAPE, "{\"resourceType\":\"Observation\",\"valueSampledData\":"
                          "{\"dimensions\":\"1\",\"data\":\"1\"}}"},
        {SKEYM_ERR_SHAPE, "{\"resourceType\":\"Observation\",\"valueSampledData\":"
                          "{\"dimensions\":1.0,\"data\":\"1\"}}"},
        {SKEYM_ERR_UNSUPPORTED, "{\"resourceType\":\"Observation\",\"valueSampledData\":"
                                "{\"dimensions\":2,\"data\":\"1 2\"}}"},
        {SKEYM_ERR_SHAPE, WITH("")},
        {SKEYM_ERR_SHAPE, WITH(" 1")},
        {SKEYM_ERR_SHAPE, WITH("1 ")},
        {SKEYM_ERR_SHAPE, WITH("1  2")},
        {SKEYM_ERR_SHAPE, WITH("1\\t2")},
        {SKEYM_ERR_SHAPE, WITH("1.5")},
        {SKEYM_ERR_SHAPE, WITH("+1")},
        {SKEYM_ERR_SHAPE, WITH("-")},
        {SKEYM_ERR_SHAPE, WITH("--1")},
        {SKEYM_ERR_SHAPE, WITH("e")},
        {SKEYM_ERR_SHAPE, WITH("1\\u0000")},
        {SKEYM_ERR_UNSUPPORTED, WITH("1 U")},
        {SKEYM_ERR_UNSUPPORTED, WITH("L 1")},
        {SKEYM_ERR_RANGE, WITH("2147483648")},
        {SKEYM_ERR_RANGE, WITH("-2147483649")},
        {SKEYM_ERR_RANGE, WITH("18446744073709551617")},
        {SKEYM_ERR_SPACE, WITH("1 2 3 4 5")},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        count = 1;
        enum skeym_error error = samples(cases[i].json);
        if (error != cases[i].error) {
            print_error("case %zu: %s: %s\n", i, cases[i].json, skeym_error_word(error));
        }
        assert_int_equal(error, cases[i].error);
        assert_int_equal(count, 0);
    }
}

static void test_too_large_and_too_deep(void **state)
{
    static char deep[512];
    size_t large = (1u << 24) + 1;
    char *json = malloc(large);

    (void)state;
    assert_non_null(json);
    memset(json, ' ', large);
    memcpy(json, WITH("1"), sizeof WITH("1") - 1);
    assert_int_equal(skeym_observation_samples(got, 4, &count, skeym_span(json, large), 0),
                     SKEYM_ERR_SIZE);
    free(json);
    memset(deep, '[', sizeof deep - 1);
    assert_int_equal(samples(deep), SKEYM_ERR_SHAPE);
}

/* One block of a record through JSON and back. */
static void pass_block(const struct skeym_wfdb_record *record, uint32_t signal, uint64_t at,
                       size_t block)
{
    static int32_t sent[4096];
    static uint8_t json[65536];
    const struct skeym_wfdb_signal *info = &record->header.signal[signal];
    const struct skeym_observation what = {"r-1", "100", "ecg", 1700000000000 + at};
    const struct skeym_observation_wave wave = {
        .wave = skeym_vitals_find_wave(info->description, info->units),
        .name = info->description,
        .samples = sent,
        .count = block,
        .missing = skeym_wfdb_missing(record, signal),
        .gain = info->gain,
        .baseline = info->baseline,
        .frequency = skeym_wfdb_frequency(record, signal),
    };
    size_t size = 0;

    assert_non_null(wave.wave);
    assert_int_equal(skeym_wfdb_read(record, signal, at, sent, block), SKEYM_OK);
    assert_int_equal(
        skeym_observation_wave((struct skeym_room){json, sizeof json}, &size, &what, &wave),
        SKEYM_OK);
    assert_int_equal(
        skeym_observation_samples(got, 4096, &count, skeym_span(json, size), wave.missing),
        SKEYM_OK);
    assert_int_equal(count, block);
    assert_memory_equal(got, sent, block * sizeof sent[0]);
}

/* Every sample of a real record in blocks of ten seconds; the checksums of what comes back are
 * those of the header. */
static void pass_record(const char *name)
{
    static struct skeym_wfdb_record record;
    char path[512];

    (void)snprintf(path, sizeof path, "%s/../shared/data/wfdb/%s", SKEYM_SOURCE_DIR, name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    assert_int_equal(skeym_wfdb_open(&record, path, NULL), SKEYM_OK);
    for (uint32_t signal = 0; signal < record.header.signals; signal++) {
        uint64_t total = skeym_wfdb_samples(&record, signal);
        size_t block = (size_t)(10 * skeym_wfdb_frequency(&record, signal));
        int16_t sum = 0;
        for (uint64_t at = 0; at < total; at += count) {
            pass_block(&record, signal, at, total - at < block ? (size_t)(total - at) : block);
            sum = skeym_wfdb_checksum(sum, got, count);
        }
        assert_int_equal(sum, record.header.signal[signal].checksum);
    }
    skeym_wfdb_close(&record);
}

static void test_record_100(void **state)
{
    (void)state;
    pass_record("100.hea");
}

static void test_record_v102s(void **state)
{
    (void)state;
    pass_record("v102s.hea");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_every_error),
        cmocka_unit_test(test_too_large_and_too_deep),
        cmocka_unit_test(test_record_100),
        cmocka_unit_test(test_record_v102s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
