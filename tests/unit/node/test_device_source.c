/* SPDX-License-Identifier: Apache-2.0 */
/* What a device says of a record or a simulated patient: every sample once, in its place. */
#include "node/device_source.h"
#include "node/illness.h"
#include "node/observation_samples.h"
#include <json-c/json.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE 1790000000000u

static struct skeym_wfdb_record record;
static struct skeym_device_source *source;
static struct skeym_device_source_options options;

static int set_up(void **state)
{
    (void)state;
    memset(&record, 0, sizeof record);
    options = (struct skeym_device_source_options){
        .node = "bed_1",
        .patient = "p1",
        .run = "0badcafe",
        .base_ms = BASE,
        .block_s = 2,
        .record = &record,
        .simulate = skeym_simulate_healthy(),
        .minutes = 1,
    };
    source = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    skeym_device_source_free(source);
    return 0;
}

/* A record in format 16 from a header and samples, frame by frame. */
static void make_record(const char *header, const int16_t *samples, size_t count)
{
    static uint8_t data[65536];
    static struct skeym_wfdb_header parsed;
    assert_true(count * 2 <= sizeof data);
    for (size_t i = 0; i < count; i++) {
        data[2 * i] = (uint8_t)((uint16_t)samples[i] & 0xff);
        data[2 * i + 1] = (uint8_t)((uint16_t)samples[i] >> 8);
    }
    struct skeym_span file = skeym_span(data, count * 2);
    assert_int_equal(skeym_wfdb_header_parse(&parsed, skeym_span_text(header)), SKEYM_OK);
    assert_int_equal(skeym_wfdb_attach(&record, &parsed, &file), SKEYM_OK);
}

static void open_source(void)
{
    assert_int_equal(skeym_device_source_new(&source, &options), SKEYM_OK);
}

static struct json_object *member(struct json_object *of, const char *key)
{
    struct json_object *out = NULL;
    assert_true(json_object_object_get_ex(of, key, &out));
    return out;
}

static const char *text(struct json_object *of, const char *key)
{
    return json_object_get_string(member(of, key));
}

/* The resource of entry `index` of a message, and its identifier. */
static struct json_object *resource_of(struct json_object *bundle, size_t index, const char **id)
{
    struct json_object *entry = json_object_array_get_idx(member(bundle, "entry"), index);
    struct json_object *resource = member(entry, "resource");
    *id = text(json_object_array_get_idx(member(resource, "identifier"), 0), "value");
    return resource;
}

static struct json_object *next_bundle(struct skeym_device_message *message)
{
    assert_int_equal(skeym_device_source_next(source, message), SKEYM_OK);
    char *copy = strndup((const char *)message->json.data, message->json.size);
    struct json_object *bundle = json_tokener_parse(copy);
    free(copy);
    assert_non_null(bundle);
    assert_string_equal(text(bundle, "type"), "transaction");
    assert_int_equal(json_object_array_length(member(bundle, "entry")), message->readings);
    return bundle;
}

static void expect_end(void)
{
    struct skeym_device_message message;
    assert_int_equal(skeym_device_source_next(source, &message), SKEYM_ERR_NOT_FOUND);
    assert_int_equal(skeym_device_source_next(source, &message), SKEYM_ERR_NOT_FOUND);
    assert_int_equal(message.json.size, 0);
}

/* --- waves --------------------------------------------------------------------------- */

/* Two signals at 31.25 Hz: a block of 2 s has 62 or 63 samples. */
static void test_every_sample_is_said_once_in_its_place(void **state)
{
    (void)state;
    static int16_t samples[2 * 200];
    int32_t got[128];
    size_t done = 0;
    unsigned blocks = 0;
    for (size_t i = 0; i < 200; i++) {
        samples[2 * i] = (int16_t)((int)i * 3 - 100);
        samples[2 * i + 1] = i == 77 ? INT16_MIN : (int16_t)(500 - (int)i);
    }
    make_record("r 2 31.25 200\nr.dat 16 200/mV 12 0 0 0 0 MLII\nr.dat 16 100/NU 12 0 0 0 0 RESP\n",
                samples, 400);
    open_source();
    assert_true(fabs(skeym_device_source_seconds(source) - 6.4) < 1e-9);
    while (done < 200) {
        struct skeym_device_message message;
        struct json_object *bundle = next_bundle(&message);
        assert_int_equal(message.readings, 2);
        assert_true(fabs(message.due_s - fmin(2.0 * (blocks + 1), 6.4)) < 1e-9);
        size_t counts[2] = {0};
        for (size_t signal = 0; signal < 2; signal++) {
            const char *id;
            char want[64];
            struct json_object *resource = resource_of(bundle, signal, &id);
            (void)snprintf(want, sizeof want, "bed-1.0badcafe.%s.%u", signal ? "1-RESP" : "0-MLII",
                           blocks);
            assert_string_equal(id, want);
            assert_string_equal(text(member(resource, "subject"), "reference"), "Patient/p1");
            assert_string_equal(text(member(resource, "device"), "reference"), "Device/bed-1");
            const char *json = json_object_to_json_string(resource);
            assert_int_equal(skeym_observation_samples(got, 128, &counts[signal],
                                                       skeym_span_text(json), INT16_MIN),
                             SKEYM_OK);
            for (size_t i = 0; i < counts[signal]; i++) {
                assert_int_equal(got[i], samples[2 * (done + i) + signal]);
            }
        }
        assert_int_equal(counts[0], counts[1]);
        done += counts[0];
        blocks++;
        json_object_put(bundle);
    }
    assert_int_equal(done, 200);
    assert_int_equal(blocks, 4);
    expect_end();
    const struct skeym_device_signal *signal = skeym_device_source_signal(source, 0);
    int32_t sum = 0;
    for (size_t i = 0; i < 200; i++) {
        sum += samples[2 * i];
    }
    assert_int_equal(signal->samples, 200);
    assert_int_equal(signal->readings, 4);
    assert_int_equal(signal->checksum, (int16_t)sum);
    assert_null(skeym_device_source_signal(source, 2));
}

static void test_times_follow_the_samples(void **state)
{
    (void)state;
    static int16_t samples[1000];
    struct skeym_device_message message;
    const char *id;
    make_record("r 1 100 1000\nr.dat 16 200/mV 12 0 0 0 0 MLII\n", samples, 1000);
    open_source();
    json_object_put(next_bundle(&message));
    struct json_object *bundle = next_bundle(&message);
    struct json_object *resource = resource_of(bundle, 0, &id);
    assert_string_equal(text(resource, "effectiveDateTime"), "2026-09-21T14:13:22.000Z");
    assert_true(fabs(message.due_s - 4) < 1e-9);
    json_object_put(bundle);
}

static void test_only_the_named_signals(void **state)
{
    (void)state;
    static int16_t samples[300];
    struct skeym_device_message message;
    make_record("r 3 50 100\nr.dat 16 200/mV 12 0 0 0 0 MLII\nr.dat 16 200/mV 12 0 0 0 0 V5\n"
                "r.dat 16 1/mmHg 12 0 0 0 0 ABP\n",
                samples, 300);
    options.signals = "ABP,MLII";
    open_source();
    struct json_object *bundle = next_bundle(&message);
    const char *id;
    assert_int_equal(message.readings, 2);
    (void)resource_of(bundle, 1, &id);
    assert_string_equal(id, "bed-1.0badcafe.2-ABP.0"); /* the record's own number */
    json_object_put(bundle);
    static const char *const bad[] = {"", "MLI", "MLIII", "MLII,V6", "mlii", "V5,,ABP"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_device_source *other = NULL;
        options.signals = bad[i];
        assert_int_equal(skeym_device_source_new(&other, &options), SKEYM_ERR_NOT_FOUND);
        assert_null(other);
    }
}

/* Identifiers have letters and digits only, and not too many. */
static void test_names_are_made_plain(void **state)
{
    (void)state;
    static int16_t samples[300];
    struct skeym_device_message message;
    make_record("r 3 50 100\nr.dat 16 200/mV 12 0 0 0 0 a[z`{@Z/09:\n"
                "r.dat 16 200/mV 12 0 0 0 0 A_name_of_its_own\nr.dat 16 200/mV 12 0 0 0 0 V6\n",
                samples, 300);
    options.signals = "V6,a[z`{@Z/09:,A_name_of_its_own";
    open_source();
    struct json_object *bundle = next_bundle(&message);
    static const char *const want[] = {"bed-1.0badcafe.0-azZ09.0", "bed-1.0badcafe.1-Anameofi.0",
                                       "bed-1.0badcafe.2-V6.0"};
    assert_int_equal(message.readings, 3);
    for (size_t i = 0; i < 3; i++) {
        const char *id;
        (void)resource_of(bundle, i, &id);
        assert_string_equal(id, want[i]);
    }
    json_object_put(bundle);
    struct skeym_device_source *other = NULL;
    options.signals = "V6,V5";
    assert_int_equal(skeym_device_source_new(&other, &options), SKEYM_ERR_NOT_FOUND);
    assert_null(other);
}

/* --- numerics --------------------------------------------------------------------------- */

#define NUMERICS                                                                                   \
    "r 6 0.5 4\nr.dat 16 10/bpm 16 0 0 0 0 HR\nr.dat 16 10/mmHg 16 0 0 0 0 ABPSys\n"               \
    "r.dat 16 10/mmHg 16 0 0 0 0 ABPDias\nr.dat 16 10/mmHg 16 0 0 0 0 ABPMean\n"                   \
    "r.dat 16 10/% 16 0 0 0 0 SpO2\nr.dat 16 10/furlongs 16 0 0 0 0 Temp\n"

static void test_numerics_are_said_step_by_step(void **state)
{
    (void)state;
    static const int16_t samples[] = {
        725,       1203, 801, 935, 970,  370, /* all; the last has units that nobody knows */
        INT16_MIN, 0,    0,   0,   1050, 370, /* nothing that a living patient has */
        726,       0,    0,   940, 0,    370, /* a panel with one part */
        0,         0,    0,   0,   965,  370,
    };
    static const char *const ids[][3] = {
        {"bed-1.0badcafe.0-HR.0", "bed-1.0badcafe.p-ABP.0", "bed-1.0badcafe.4-SpO2.0"},
        {"bed-1.0badcafe.0-HR.2", "bed-1.0badcafe.p-ABP.2", NULL},
        {"bed-1.0badcafe.4-SpO2.3", NULL, NULL},
    };
    static const double due[] = {0, 4, 6};
    make_record(NUMERICS, samples, sizeof samples / sizeof samples[0]);
    open_source();
    for (size_t i = 0; i < 3; i++) {
        struct skeym_device_message message;
        struct json_object *bundle = next_bundle(&message);
        assert_true(fabs(message.due_s - due[i]) < 1e-9);
        for (size_t k = 0; k < message.readings; k++) {
            const char *id;
            struct json_object *resource = resource_of(bundle, k, &id);
            assert_non_null(ids[i][k]);
            assert_string_equal(id, ids[i][k]);
            if (strstr(id, "0-HR.0")) {
                assert_string_equal(text(member(resource, "valueQuantity"), "value"), "72.5");
            }
        }
        assert_true(message.readings == 3 || !ids[i][message.readings]);
        json_object_put(bundle);
    }
    expect_end();
    assert_int_equal(skeym_device_source_signal(source, 0)->readings, 2);
    assert_int_equal(skeym_device_source_signal(source, 0)->left_out, 2);
    assert_int_equal(skeym_device_source_signal(source, 3)->samples, 2);
    assert_null(skeym_device_source_signal(source, 5));
}

/* --- simulation ---------------------------------------------------------------------------- */

static void test_a_simulated_patient_says_the_same_again(void **state)
{
    (void)state;
    static uint8_t first[SKEYM_DEVICE_MESSAGE_BYTES];
    struct skeym_device_message message;
    size_t size = 0;
    options.record = NULL;
    options.block_s = 10;
    for (unsigned round = 0; round < 3; round++) {
        options.simulate.seed = round < 2 ? 5 : 6;
        open_source();
        assert_true(fabs(skeym_device_source_seconds(source) - 60) < 1e-9);
        for (unsigned i = 0; i < 6; i++) {
            assert_int_equal(skeym_device_source_next(source, &message), SKEYM_OK);
            assert_int_equal(message.readings, 10);
        }
        if (round == 0) {
            size = message.json.size;
            memcpy(first, message.json.data, size);
        } else {
            bool same = size == message.json.size && memcmp(first, message.json.data, size) == 0;
            assert_int_equal(same, round == 1);
        }
        expect_end();
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(skeym_device_source_signal(source, i)->samples, 60 * 250);
        }
        skeym_device_source_free(source);
        source = NULL;
    }
}

static size_t count_text(const struct skeym_device_message *message, const char *text)
{
    size_t count = 0;
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= message->json.size; i++) {
        count += memcmp(message->json.data + i, text, size) == 0 ? 1 : 0;
    }
    return count;
}

/* A heart that stands still has a rate, 0; a pulse and a saturation it has not. */
static void test_asystole_is_said(void **state)
{
    (void)state;
    struct skeym_device_message message;
    options.record = NULL;
    options.block_s = 10;
    options.simulate.worse = (struct skeym_simulate_deterioration){
        .severity = 1, .illness = skeym_illness_find("asystole"), .start_s = 12};
    open_source();
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(skeym_device_source_next(source, &message), SKEYM_OK);
        bool still = i >= 1;
        assert_int_equal(message.readings, still ? 8 : 10);
        assert_int_equal(count_text(&message, "\"value\":0,\"unit\":\"beats/minute\""), still);
        assert_int_equal(count_text(&message, ".4-HR."), 2);
        assert_int_equal(count_text(&message, ".5-PULSE."), still ? 0 : 2);
        assert_int_equal(count_text(&message, ".7-SpO2."), still ? 0 : 2);
    }
    expect_end();
}

static void test_twelve_leads_are_said(void **state)
{
    (void)state;
    static const char *const names[] = {".0-II.",   ".12-I.",  ".13-III.", ".14-aVR.", ".15-aVL.",
                                        ".16-aVF.", ".17-V1.", ".22-V6.",  ".3-ABP.",  ".4-HR."};
    struct skeym_device_message message;
    options.record = NULL;
    options.block_s = 10;
    options.simulate.leads = true;
    open_source();
    assert_int_equal(skeym_device_source_next(source, &message), SKEYM_OK);
    assert_int_equal(message.readings, 21);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(count_text(&message, names[i]), 2);
    }
}

/* --- wrong options ---------------------------------------------------------------------------- */

static void test_wrong_options(void **state)
{
    (void)state;
    const struct skeym_device_source_options good = options;
    static int16_t samples[100];
    make_record("r 1 50 100\nr.dat 16 200/mV 12 0 0 0 0 MLII\n", samples, 100);
    struct {
        struct skeym_device_source_options with;
        enum skeym_error error;
    } table[] = {{good, SKEYM_ERR_RANGE},   {good, SKEYM_ERR_RANGE},   {good, SKEYM_ERR_CHARSET},
                 {good, SKEYM_ERR_CHARSET}, {good, SKEYM_ERR_CHARSET}, {good, SKEYM_ERR_RANGE},
                 {good, SKEYM_ERR_SIZE}};
    table[0].with.block_s = 0;
    table[1].with.block_s = 61;
    table[2].with.node = "a-name-of-more-than-thirty-two-ch";
    table[3].with.node = "a/b";
    table[4].with.patient = "p_1";
    table[5].with.record = NULL;
    table[5].with.simulate.frequency = 1;
    table[6].with.record = NULL;
    table[6].with.simulate.frequency = 2000;
    table[6].with.block_s = 60;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(skeym_device_source_new(&source, &table[i].with), table[i].error);
        assert_null(source);
    }
    make_record("r 1 50 100\nr.dat 16 200/furlongs 12 0 0 0 0 thing\n", samples, 100);
    assert_int_equal(skeym_device_source_new(&source, &good), SKEYM_ERR_NOT_FOUND);
    skeym_device_source_free(NULL);
}

static void test_another_source_has_another_print(void **state)
{
    (void)state;
    char prints[9][17];
    static int16_t samples[100];
    make_record("r 1 50 100\nr.dat 16 200/mV 12 0 0 0 0 MLII\n", samples, 100);
    struct skeym_device_source_options other[9];
    for (size_t i = 0; i < 9; i++) {
        other[i] = options;
    }
    other[1].patient = "p2";
    other[2].node = "bed-2";
    other[3].block_s = 3;
    other[4].signals = "MLII";
    other[5].record = NULL;
    other[6].simulate.seed = 99;
    other[7].simulate.leads = true;
    other[8].simulate.worse.severity = 1;
    for (size_t i = 0; i < 9; i++) {
        skeym_device_source_print(prints[i], &other[i]);
        assert_int_equal(strlen(prints[i]), 16);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(prints[i], prints[k]);
        }
    }
    options.run[0] = 'f'; /* what differs from run to run does not count */
    options.base_ms = 7;
    skeym_device_source_print(prints[1], &options);
    assert_string_equal(prints[0], prints[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_sample_is_said_once_in_its_place),
        TEST(test_times_follow_the_samples),
        TEST(test_only_the_named_signals),
        TEST(test_names_are_made_plain),
        TEST(test_numerics_are_said_step_by_step),
        TEST(test_a_simulated_patient_says_the_same_again),
        TEST(test_wrong_options),
        TEST(test_asystole_is_said),
        TEST(test_twelve_leads_are_said),
        TEST(test_another_source_has_another_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
