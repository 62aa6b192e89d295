/* SPDX-License-Identifier: Apache-2.0 */
/* What an Observation must be: one table of what is taken and what is refused. */
#include "support.h"

#define REQUIRED                                                                                   \
    "\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"     \
    "\"http://loinc.org\",\"code\":\"8867-4\"}]},\"subject\":{\"reference\":\"Patient/1\"},"       \
    "\"effectiveDateTime\":\"2024-01-01T00:00:00Z\""
#define WITH(MORE) "{" REQUIRED "," MORE "}"
#define NO_STATUS                                                                                  \
    "\"resourceType\":\"Observation\",\"code\":{\"coding\":[{\"code\":\"1\"}]},"                   \
    "\"subject\":{\"reference\":\"Patient/1\"},\"effectiveDateTime\":\"2024-01-01\""
#define NO_CODE                                                                                    \
    "\"resourceType\":\"Observation\",\"status\":\"final\","                                       \
    "\"subject\":{\"reference\":\"Patient/1\"},\"effectiveDateTime\":\"2024-01-01\""
#define NO_SUBJECT                                                                                 \
    "\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"code\":\"1\"}" \
    "]},\"effectiveDateTime\":\"2024-01-01\""
#define NO_TIME                                                                                    \
    "\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"code\":\"1\"}" \
    "]},\"subject\":{\"reference\":\"Patient/1\"}"
#define SAMPLED(MORE)                                                                              \
    WITH("\"valueSampledData\":{\"origin\":{\"value\":0},\"period\":10,\"dimensions\":1," MORE "}")

static const struct {
    const char *body;
    int status;
    const char *path; /* where the problem is said to be */
} cases[] = {
    {"{" REQUIRED "}", 201, NULL},
    {"{\"resourceType\":\"Patient\"}", 400, NULL},
    {"{}", 400, NULL},
    {WITH("\"meta\":1"), 400, "meta"},
    {WITH("\"meta\":{\"tag\":[]}"), 201, NULL},
    {WITH("\"id\":7"), 201, NULL}, /* of a new resource the id is ignored */
    /* status */
    {"{" NO_STATUS "}", 400, "Observation.status"},
    {"{" NO_STATUS ",\"status\":1}", 400, "Observation.status"},
    {"{" NO_STATUS ",\"status\":\"done\"}", 422, "Observation.status"},
    {"{" NO_STATUS ",\"status\":\"entered-in-error\"}", 201, NULL},
    /* code, category */
    {"{" NO_CODE "}", 400, "Observation.code"},
    {"{" NO_CODE ",\"code\":\"x\"}", 400, "Observation.code"},
    {"{" NO_CODE ",\"code\":{\"text\":\"pulse\"}}", 422, "Observation.code"},
    {"{" NO_CODE ",\"code\":{\"coding\":{}}}", 400, "Observation.code"},
    {"{" NO_CODE ",\"code\":{\"coding\":[\"x\"]}}", 400, "Observation.code"},
    {"{" NO_CODE ",\"code\":{\"coding\":[{\"code\":5}]}}", 400, "Observation.code"},
    {"{" NO_CODE ",\"code\":{\"coding\":[{\"code\":\"5\",\"system\":5}]}}", 400,
     "Observation.code"},
    {WITH("\"category\":{}"), 400, "Observation.category"},
    {WITH("\"category\":[1]"), 400, "Observation.category"},
    {WITH("\"category\":[{\"text\":\"x\"}]"), 201, NULL},
    /* subject */
    {"{" NO_SUBJECT "}", 422, "Observation.subject"},
    {"{" NO_SUBJECT ",\"subject\":\"Patient/1\"}", 422, "Observation.subject"},
    {"{" NO_SUBJECT ",\"subject\":{\"display\":\"x\"}}", 422, "Observation.subject"},
    {"{" NO_SUBJECT ",\"subject\":{\"reference\":\"Group/1\"}}", 422, "Observation.subject"},
    {"{" NO_SUBJECT ",\"subject\":{\"reference\":\"#patient-1\"}}", 422, "Observation.subject"},
    {"{" NO_SUBJECT ",\"subject\":{\"reference\":\"Patient/\"}}", 422, "Observation.subject"},
    {"{" NO_SUBJECT ",\"subject\":{\"reference\":\"Patient/a b\"}}", 422, "Observation.subject"},
    {"{" NO_SUBJECT ",\"subject\":{\"reference\":\"http://x/Patient/1\"}}", 422,
     "Observation.subject"},
    {"{" NO_SUBJECT ",\"subject\":{\"reference\":\"" BASE "/Patient/1\"}}", 201, NULL},
    {"{" NO_SUBJECT ",\"subject\":{\"reference\":\"" BASE "x/Patient/1\"}}", 422,
     "Observation.subject"},
    /* effective */
    {"{" NO_TIME "}", 422, "Observation.effective"},
    {"{" NO_TIME ",\"effectiveTiming\":{}}", 422, "Observation.effective"},
    {"{" NO_TIME ",\"effectiveDateTime\":\"yesterday\"}", 400, "Observation.effectiveDateTime"},
    {"{" NO_TIME ",\"effectiveDateTime\":5}", 400, "Observation.effectiveDateTime"},
    {"{" NO_TIME ",\"effectiveDateTime\":\"2024\"}", 201, NULL},
    {"{" NO_TIME ",\"effectiveInstant\":\"2024\"}", 400, "Observation.effectiveInstant"},
    {"{" NO_TIME ",\"effectiveInstant\":\"2024-01-01T00:00:00.5Z\"}", 201, NULL},
    {WITH("\"effectiveInstant\":\"2024-01-01T00:00:00Z\""), 400, "Observation.effective"},
    {"{" NO_TIME ",\"effectivePeriod\":{}}", 400, "Observation.effectivePeriod"},
    {"{" NO_TIME ",\"effectivePeriod\":[]}", 400, "Observation.effectivePeriod"},
    {"{" NO_TIME ",\"effectivePeriod\":{\"start\":\"x\"}}", 400, "Observation.effectivePeriod"},
    {"{" NO_TIME ",\"effectivePeriod\":{\"end\":\"x\"}}", 400, "Observation.effectivePeriod"},
    {"{" NO_TIME ",\"effectivePeriod\":{\"start\":\"2024-01-02\",\"end\":\"2024-01-01\"}}", 422,
     "Observation.effectivePeriod"},
    {"{" NO_TIME ",\"effectivePeriod\":{\"start\":\"2024-01-02\",\"end\":\"2024-01-02\"}}", 201,
     NULL},
    {"{" NO_TIME ",\"effectivePeriod\":{\"start\":\"2024-01-02\"}}", 201, NULL},
    {"{" NO_TIME ",\"effectivePeriod\":{\"end\":\"2024-01-02\"}}", 201, NULL},
    /* identifier */
    {WITH("\"identifier\":{}"), 400, "identifier"},
    {WITH("\"identifier\":[1]"), 400, "identifier"},
    {WITH("\"identifier\":[{\"use\":\"usual\"}]"), 201, NULL},
    /* value */
    {WITH("\"valueQuantity\":{\"value\":1,\"unit\":\"C\"}"), 201, NULL},
    {WITH("\"valueQuantity\":{\"value\":-1e15}"), 201, NULL},
    {WITH("\"valueQuantity\":{\"value\":1.1e15}"), 400, "Observation.valueQuantity.value"},
    {WITH("\"valueQuantity\":{\"value\":\"1\"}"), 400, "Observation.valueQuantity.value"},
    {WITH("\"valueQuantity\":{\"value\":null}"), 400, "Observation.valueQuantity.value"},
    {WITH("\"valueQuantity\":{\"value\":1,\"unit\":1}"), 400, "Observation.valueQuantity.unit"},
    {WITH("\"valueQuantity\":{\"value\":1,\"system\":1}"), 400, "Observation.valueQuantity.system"},
    {WITH("\"valueQuantity\":{\"value\":1,\"code\":1}"), 400, "Observation.valueQuantity.code"},
    {WITH("\"valueQuantity\":{\"value\":1,\"code\":\"C\"}"), 422,
     "Observation.valueQuantity.system"},
    {WITH("\"valueQuantity\":{\"value\":1,\"comparator\":\"=\"}"), 422,
     "Observation.valueQuantity.comparator"},
    {WITH("\"valueQuantity\":{\"value\":1,\"comparator\":\"<=\"}"), 201, NULL},
    {WITH("\"valueQuantity\":[]"), 400, "Observation.valueQuantity"},
    {WITH("\"valueInteger\":1.5"), 400, "Observation.valueInteger"},
    {WITH("\"valueInteger\":1"), 201, NULL},
    {WITH("\"valueString\":\"x\",\"_valueString\":{\"id\":\"a\"}"), 201, NULL},
    {WITH("\"valueString\":\"x\",\"valueInteger\":1"), 400, "Observation.value"},
    {WITH("\"valueColour\":\"red\""), 400, "Observation.value"},
    {WITH("\"dataAbsentReason\":{\"text\":\"x\"}"), 201, NULL},
    {WITH("\"valueInteger\":1,\"dataAbsentReason\":{}"), 422, "Observation.dataAbsentReason"},
    /* waveforms */
    {SAMPLED("\"data\":\"1 -2 3.5 E U L 1e3\""), 201, NULL},
    {SAMPLED("\"factor\":0.005,\"lowerLimit\":-5,\"upperLimit\":5.0"), 201, NULL},
    {SAMPLED("\"data\":\"\""), 400, "Observation.valueSampledData.data"},
    {SAMPLED("\"data\":\"1  2\""), 400, "Observation.valueSampledData.data"},
    {SAMPLED("\"data\":\" 1\""), 400, "Observation.valueSampledData.data"},
    {SAMPLED("\"data\":\"1 \""), 400, "Observation.valueSampledData.data"},
    {SAMPLED("\"data\":\"1,2\""), 400, "Observation.valueSampledData.data"},
    {SAMPLED("\"data\":\"1 e\""), 400, "Observation.valueSampledData.data"},
    {SAMPLED("\"data\":\"EU\""), 400, "Observation.valueSampledData.data"},
    {SAMPLED("\"data\":\"true\""), 400, "Observation.valueSampledData.data"},
    {SAMPLED("\"data\":\"-\""), 400, "Observation.valueSampledData.data"},
    {SAMPLED("\"data\":\"1.\""), 400, "Observation.valueSampledData.data"},
    {SAMPLED("\"data\":[1,2]"), 400, "Observation.valueSampledData.data"},
    {SAMPLED("\"factor\":\"1\""), 400, "Observation.valueSampledData.factor"},
    {SAMPLED("\"lowerLimit\":\"1\""), 400, "Observation.valueSampledData.lowerLimit"},
    {WITH("\"valueSampledData\":{\"period\":10,\"dimensions\":1}"), 400,
     "Observation.valueSampledData.origin"},
    {WITH("\"valueSampledData\":{\"origin\":{},\"period\":10,\"dimensions\":1}"), 400,
     "Observation.valueSampledData.origin"},
    {WITH("\"valueSampledData\":{\"origin\":{\"value\":\"0\"},\"period\":10,\"dimensions\":1}"),
     400, "Observation.valueSampledData.origin.value"},
    {WITH("\"valueSampledData\":{\"origin\":{\"value\":0},\"period\":0,\"dimensions\":1}"), 400,
     "Observation.valueSampledData.period"},
    {WITH("\"valueSampledData\":{\"origin\":{\"value\":0},\"dimensions\":1}"), 400,
     "Observation.valueSampledData.period"},
    {WITH("\"valueSampledData\":{\"origin\":{\"value\":0},\"period\":10,\"dimensions\":0}"), 400,
     "Observation.valueSampledData.dimensions"},
    {WITH("\"valueSampledData\":{\"origin\":{\"value\":0},\"period\":10,\"dimensions\":1.5}"), 400,
     "Observation.valueSampledData.dimensions"},
    {WITH("\"valueSampledData\":{\"origin\":{\"value\":0},\"period\":10,\"dimensions\":2,"
          "\"data\":\"1 2 3\"}"),
     422, "Observation.valueSampledData.data"},
    {WITH("\"valueSampledData\":{\"origin\":{\"value\":0},\"period\":10,\"dimensions\":2,"
          "\"data\":\"1 2 3 4\"}"),
     201, NULL},
    /* components */
    {WITH("\"component\":{}"), 400, "Observation.component"},
    {WITH("\"component\":[{}]"), 400, "Observation.component"},
    {WITH("\"component\":[7]"), 400, "Observation.component"},
    {WITH("\"component\":[{\"code\":{\"text\":\"x\"},\"valueInteger\":1}]"), 201, NULL},
    {WITH("\"component\":[{\"code\":{\"coding\":[{\"code\":1}]}}]"), 400, "Observation.component"},
    {WITH("\"component\":[{\"code\":{},\"valueQuantity\":{\"value\":\"x\"}}]"), 400,
     "Observation.component.valueQuantity.value"},
    {WITH("\"component\":[{\"code\":{},\"valueSampledData\":{\"origin\":{\"value\":1},"
          "\"period\":1,\"dimensions\":1,\"data\":\"x\"}}]"),
     400, "Observation.component.valueSampledData.data"},
    /* other resources */
};

static void check(struct bench *bench, const char *target, const char *body, int status,
                  const char *path)
{
    struct skeym_fhir_answer *answer = ask(bench, "POST", target, body);
    if (answer->status != status) {
        print_error("%s\n", body);
    }
    struct json_object *json = json_of(answer, status);
    if (status != 201) {
        assert_string_equal(text_at(json, "resourceType"), "OperationOutcome");
        assert_string_equal(text_at(json, "issue.0.expression.0"), path ? path : "");
    }
    json_object_put(json);
}

static void test_cases(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check(bench, "/fhir/Observation", cases[i].body, cases[i].status, cases[i].path);
    }
}

static const struct {
    const char *target, *body;
    int status;
    const char *path;
} others[] = {
    {"/fhir/Patient", "{\"resourceType\":\"Patient\"}", 201, NULL},
    {"/fhir/Patient", "{\"resourceType\":\"Device\"}", 400, NULL},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"name\":{}}", 400, "Patient.name"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"name\":[1]}", 400, "Patient.name"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"gender\":\"m\"}", 422, "Patient.gender"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"gender\":1}", 422, "Patient.gender"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"identifier\":[{\"value\":7}]}", 400,
     "identifier"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":7}]}", 400,
     "identifier"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"identifier\":[{\"value\":\"\"}]}", 400,
     "identifier"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"name\":[{\"family\":7}]}", 400,
     "Patient.name"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"name\":[{\"given\":\"Eve\"}]}", 400,
     "Patient.name"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[7]}]}", 400,
     "Patient.name"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"birthDate\":\"1.1.\"}", 400,
     "Patient.birthDate"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"birthDate\":\"2000-01-01T00:00:00Z\"}", 400,
     "Patient.birthDate"},
    {"/fhir/Patient", "{\"resourceType\":\"Patient\",\"birthDate\":\"2000-02\"}", 201, NULL},
    {"/fhir/Device", "{\"resourceType\":\"Device\"}", 201, NULL},
    {"/fhir/Device", "{\"resourceType\":\"Device\",\"patient\":{\"reference\":\"Patient/1\"}}", 201,
     NULL},
    {"/fhir/Device", "{\"resourceType\":\"Device\",\"patient\":{\"reference\":\"Group/1\"}}", 422,
     "Device.patient"},
    {"/fhir/Device", "{\"resourceType\":\"Device\",\"patient\":1}", 422, "Device.patient"},
};

static void test_others(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        check(bench, others[i].target, others[i].body, others[i].status, others[i].path);
    }
}

static void test_limits(void **state)
{
    struct bench *bench = *state;
    enum { ROOM = 200000 };
    char *body = malloc(ROOM);
    for (int count = 18; count <= 19; count++) { /* and two categories */
        size_t used = (size_t)snprintf(
            body, ROOM,
            "{" NO_CODE ",\"category\":[{\"coding\":[{\"code\":\"a\"},{\"code\":\"b\"}]}],"
            "\"code\":{\"coding\":[");
        for (int i = 0; i < count; i++) {
            used +=
                (size_t)snprintf(body + used, ROOM - used, "%s{\"code\":\"c%d\"}", i ? "," : "", i);
        }
        snprintf(body + used, ROOM - used, "]}}");
        check(bench, "/fhir/Observation", body, count == 18 ? 201 : 422,
              count == 18 ? NULL : "Observation.code");
    }
    for (int count = 256; count <= 257; count++) {
        size_t used = (size_t)snprintf(body, ROOM, "{" REQUIRED ",\"component\":[");
        for (int i = 0; i < count; i++) {
            used += (size_t)snprintf(body + used, ROOM - used, "%s{\"code\":{}}", i ? "," : "");
        }
        snprintf(body + used, ROOM - used, "]}");
        check(bench, "/fhir/Observation", body, count == 256 ? 201 : 422,
              count == 256 ? NULL : "Observation.component");
    }
    for (int count = 63; count <= 64; count++) { /* and one code */
        size_t used = (size_t)snprintf(body, ROOM, "{" REQUIRED ",\"identifier\":[");
        for (int i = 0; i < count; i++) {
            used += (size_t)snprintf(body + used, ROOM - used, "%s{\"value\":\"i%d\"}",
                                     i ? "," : "", i);
        }
        snprintf(body + used, ROOM - used, "]}");
        check(bench, "/fhir/Observation", body, count == 63 ? 201 : 422, NULL);
    }
    for (int size = 1024; size <= 1025; size++) {
        snprintf(body, ROOM, "{" REQUIRED ",\"identifier\":[{\"value\":\"%0*d\"}]}", size, 0);
        check(bench, "/fhir/Observation", body, size == 1024 ? 201 : 422, NULL);
    }
    free(body);
    for (size_t samples = (4 << 20) / 2; samples <= (4 << 20) / 2 + 1; samples++) {
        size_t room = 2 * samples + 1000;
        body = malloc(room);
        size_t used =
            (size_t)snprintf(body, room,
                             WITH("\"valueSampledData\":{\"origin\":{\"value\":0},\"period\":10,"
                                  "\"dimensions\":1,\"data\":\"1"));
        used -= strlen("}"); /* WITH has closed the object */
        for (size_t i = 1; i < samples; i++) {
            memcpy(body + used, " 1", 2);
            used += 2;
        }
        snprintf(body + used, room - used, "\"}}");
        check(bench, "/fhir/Observation", body, samples == (4 << 20) / 2 ? 201 : 422,
              samples == (4 << 20) / 2 ? NULL : "Observation.valueSampledData.data");
        free(body);
    }
}

/* Deep equality, and the text of every decimal. */
static bool same(struct json_object *a, struct json_object *b)
{
    if (json_object_get_type(a) != json_object_get_type(b)) {
        return false;
    }
    if (json_object_is_type(a, json_type_array)) {
        size_t count = json_object_array_length(a);
        for (size_t i = 0; i < count; i++) {
            if (!same(json_object_array_get_idx(a, i), json_object_array_get_idx(b, i))) {
                return false;
            }
        }
        return count == json_object_array_length(b);
    }
    if (json_object_is_type(a, json_type_object)) {
        json_object_object_foreach(a, key, member)
        {
            if (!same(member, json_object_object_get(b, key))) {
                return false;
            }
        }
        return json_object_object_length(a) == json_object_object_length(b);
    }
    return strcmp(json_object_to_json_string(a), json_object_to_json_string(b)) == 0;
}

static const char *const examples[] = {
    "observation-example-bloodpressure.json",
    "observation-example-body-temperature.json",
    "observation-example-heart-rate.json",
    "observation-example-mbp.json",
    "observation-example-respiratory-rate.json",
    "observation-example-sample-data.json",
    "observation-example-satO2.json",
    "patient-example.json",
    "device-example.json",
};

/* The official examples come back as they went in, but for id and what meta gains. */
static void test_official_examples(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char target[200];
        char *text = example(examples[i]);
        if (!text) {
            skip();
        }
        struct json_object *sent = json_tokener_parse(text);
        snprintf(target, sizeof target, "/fhir/%s", text_at(sent, "resourceType"));
        struct json_object *made = json_of(ask(bench, "POST", target, text), 201);
        snprintf(target, sizeof target, "/fhir/%s/%s", text_at(sent, "resourceType"),
                 text_at(made, "id"));
        struct json_object *got = json_of(ask(bench, "GET", target, NULL), 200);
        assert_true(same(got, made));
        json_object_object_del(got, "id");
        json_object_object_del(sent, "id");
        json_object_object_del(at(got, "meta"), "versionId");
        json_object_object_del(at(got, "meta"), "lastUpdated");
        json_object_object_del(at(got, "meta"), "source");
        if (!at(sent, "meta")) {
            assert_int_equal(json_object_object_length(at(got, "meta")), 0);
            json_object_object_del(got, "meta");
        }
        if (!same(got, sent)) {
            print_error("%s\n%s\n%s\n", examples[i], json_object_to_json_string(got),
                        json_object_to_json_string(sent));
        }
        assert_true(same(got, sent));
        json_object_put(made);
        json_object_put(got);
        json_object_put(sent);
        free(text);
    }
}

static void test_precision_is_kept(void **state)
{
    struct bench *bench = *state;
    static const char *const numbers[] = {"36.50", "1.0", "100", "-0.0", "1.20e-3", "0.000"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char body[600], want[60], target[100];
        snprintf(body, sizeof body, WITH("\"valueQuantity\":{\"value\":%s}"), numbers[i]);
        snprintf(want, sizeof want, "\"valueQuantity\":{\"value\":%s}", numbers[i]);
        struct json_object *made = json_of(ask(bench, "POST", "/fhir/Observation", body), 201);
        snprintf(target, sizeof target, "/fhir/Observation/%s", text_at(made, "id"));
        struct skeym_fhir_answer *answer = ask(bench, "GET", target, NULL);
        assert_non_null(strstr(answer->body, want));
        skeym_fhir_answer_free(answer);
        json_object_put(made);
    }
}

#define CODED(CODING) "{" NO_CODE ",\"code\":{\"coding\":[" CODING "]}}"
#define ABOUT(WHOM)   "{" NO_SUBJECT ",\"subject\":{\"reference\":\"" WHOM "\"}}"
#define SAMPLES(PERIOD, DIMENSIONS)                                                                \
    WITH("\"valueSampledData\":{\"origin\":{\"value\":0},\"period\":" PERIOD                       \
         ",\"dimensions\":" DIMENSIONS "}")

/* One step to either side of what is taken. */
static void test_resources(void **state)
{
    struct bench *bench = *state;
    static char long_system[5000];
    (void)snprintf(long_system, sizeof long_system, CODED("{\"system\":\"%4000s\",\"code\":\"1\"}"),
                   "x");
    static const struct {
        const char *body;
        int status;
    } rows[] = {
        {CODED("{\"code\":\"1\"}"), 201},
        {CODED("{\"display\":\"x\"}"), 422},
        {CODED("{\"display\":\"x\"},{\"code\":\"1\"}"), 201},
        {ABOUT(BASE "/Patient/1"), 201},
        {ABOUT(BASE), 422},
        {ABOUT(BASE "/"), 422},
        {SAMPLES("1e15", "1"), 201},
        {SAMPLES("1.1e15", "1"), 400},
        {SAMPLES("1", "2147483647"), 201},
        {SAMPLES("1", "2147483648"), 400},
        {long_system, 422},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = status_of(bench, "POST", "/fhir/Observation", rows[i].body);
        if (status != rows[i].status) {
            print_error("%s: %d\n", rows[i].body, status);
        }
        assert_int_equal(status, rows[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cases, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_others, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_limits, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_official_examples, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_precision_is_kept, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_resources, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
