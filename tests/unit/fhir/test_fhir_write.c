/* SPDX-License-Identifier: Apache-2.0 */
/* POST that makes no second one, PUT, and who may do what. */
#include "support.h"

#include <sqlite3.h>

#define OBSERVATION(PATIENT, ID)                                                                   \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"code\":"      \
    "\"x\"}]},\"subject\":{\"reference\":\"Patient/" PATIENT "\"},"                                \
    "\"effectiveDateTime\":\"2024-01-01T00:00:00Z\",\"identifier\":[" ID "]}"
#define ID(SYSTEM, VALUE) "{\"system\":\"" SYSTEM "\",\"value\":\"" VALUE "\"}"
#define PATIENT(MORE)     "{\"resourceType\":\"Patient\"" MORE "}"

static char *post(struct bench *bench, const char *target, const char *body, int status)
{
    struct json_object *made = json_of(ask(bench, "POST", target, body), status);
    char *id = strdup(text_at(made, "id"));
    json_object_put(made);
    return id;
}

static void test_repeated_identifier(void **state)
{
    struct bench *bench = *state;
    char *first = post(bench, "/fhir/Observation", OBSERVATION("1", ID("urn:a", "7")), 201);
    struct skeym_fhir_answer *answer =
        ask(bench, "POST", "/fhir/Observation", OBSERVATION("1", ID("urn:a", "7")));
    char want[200];
    snprintf(want, sizeof want, BASE "/Observation/%s/_history/1", first);
    assert_string_equal(answer->location, want);
    struct json_object *again = json_of(answer, 200);
    assert_string_equal(text_at(again, "id"), first);
    json_object_put(again);
    assert_int_equal(rows_of(bench, "/fhir/Observation?patient=1"), 1);
    /* another system, another value, another patient, or no system: another observation */
    free(post(bench, "/fhir/Observation", OBSERVATION("1", ID("urn:b", "7")), 201));
    free(post(bench, "/fhir/Observation", OBSERVATION("1", ID("urn:a", "8")), 201));
    free(post(bench, "/fhir/Observation", OBSERVATION("2", ID("urn:a", "7")), 201));
    free(post(bench, "/fhir/Observation", OBSERVATION("1", "{\"value\":\"7\"}"), 201));
    free(post(bench, "/fhir/Observation", OBSERVATION("1", "{\"value\":\"7\"}"), 201));
    assert_int_equal(rows_of(bench, "/fhir/Observation?identifier=urn:a|7"), 2);
    assert_int_equal(rows_of(bench, "/fhir/Observation?identifier=7"), 5);
    assert_int_equal(rows_of(bench, "/fhir/Observation?identifier=|7"), 2);
    /* two identifiers that belong to two observations */
    assert_int_equal(status_of(bench, "POST", "/fhir/Observation",
                               OBSERVATION("1", ID("urn:a", "7") "," ID("urn:a", "8"))),
                     412);
    free(first);
}

static void test_if_none_exist(void **state)
{
    struct bench *bench = *state;
    static const char *const plain = OBSERVATION("1", "{\"value\":\"7\"}");
    struct json_object *made =
        json_of(ask_if(bench, "POST", "/fhir/Observation", plain, "identifier=7"), 201);
    struct json_object *again =
        json_of(ask_if(bench, "POST", "/fhir/Observation", plain, "?identifier=7"), 200);
    assert_string_equal(text_at(made, "id"), text_at(again, "id"));
    json_object_put(made);
    json_object_put(again);
    static const struct {
        const char *condition;
        int status;
    } cases[] = {
        {"identifier=8", 201},
        {"identifier=7", 412}, /* by now two match */
        {"identifier=7&code=y", 201},
        {"identifier=urn%3Aa%7C7", 201},
        {"code=x", 400},
        {"identifier=7&_count=1", 400},
        {"identifier=7&_sort=date", 400},
        {"identifier=7&colour=1", 400},
        {"identifier=%zz", 400},
        {"identifier", 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct skeym_fhir_answer *answer =
            ask_if(bench, "POST", "/fhir/Observation", plain, cases[i].condition);
        if (answer->status != cases[i].status) {
            print_error("%s: %d\n", cases[i].condition, answer->status);
        }
        assert_int_equal(answer->status, cases[i].status);
        skeym_fhir_answer_free(answer);
    }
    char many[9000] = "identifier=c0";
    for (int i = 1; i < 64; i++) { /* the patient would be the 65th value */
        size_t used = strlen(many);
        snprintf(many + used, sizeof many - used, ",c%d", i);
    }
    struct skeym_fhir_answer *full = ask_if(bench, "POST", "/fhir/Observation", plain, many);
    assert_int_equal(full->status, 400);
    skeym_fhir_answer_free(full);
    memset(many, 'a', sizeof many - 1);
    memcpy(many, "identifier=", strlen("identifier="));
    full = ask_if(bench, "POST", "/fhir/Observation", plain, many);
    assert_int_equal(full->status, 400);
    skeym_fhir_answer_free(full);
    /* another patient's are not looked at, so nobody learns of them */
    struct skeym_fhir_answer *other = ask_if(bench, "POST", "/fhir/Observation",
                                             OBSERVATION("2", "{\"value\":\"7\"}"), "identifier=7");
    assert_int_equal(other->status, 201);
    skeym_fhir_answer_free(other);
    struct skeym_fhir_answer *put =
        ask_if(bench, "PUT", "/fhir/Patient/1", PATIENT(",\"id\":\"1\""), "identifier=7");
    assert_int_equal(put->status, 400);
    skeym_fhir_answer_free(put);
}

/* As somebody in a hurry types it. */
static void test_names_in_small_letters(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *family, *name; /* in UTF-8; of a URL */
    } table[] = {
        {"\xc3\x96zt\xc3\xbcrk", "%C3%B6zT%C3%9CRk"}, /* Oeztuerk */
        {"\xc4\x8c"
         "apek",
         "%C4%8Dapek"},                                     /* C with a caron */
        {"\xc5\xbbuk", "%C5%BCuk"},                         /* Z with a dot */
        {"\xc8\x98tefan", "%C8%99tefan"},                   /* S with a comma */
        {"\xce\x86\xce\xa3", "%CE%AC%CF%83"},               /* Alpha with tonos, sigma */
        {"\xd0\x98\xd0\xa0\xd0\x81", "%D0%B8%D1%80%D1%91"}, /* I, R, Io */
        {"\xc3\x97x", "%C3%97x"},                           /* a sign, no letter */
        {"\xe6\x9d\x8e", "%E6%9D%8E"},                      /* three bytes: as it is */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char body[200], target[100];
        (void)snprintf(body, sizeof body,
                       "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"%s\"}]}",
                       table[i].family);
        assert_int_equal(status_of(bench, "POST", "/fhir/Patient", body), 201);
        (void)snprintf(target, sizeof target, "/fhir/Patient?name=%s", table[i].name);
        assert_int_equal(rows_of(bench, target), 1);
    }
    assert_int_equal(rows_of(bench, "/fhir/Patient?name=o"), 0);      /* accents count */
    assert_int_equal(rows_of(bench, "/fhir/Patient?name=%C3%B7"), 0); /* another sign */
    assert_int_equal(rows_of(bench, "/fhir/Patient?name=%C5%BB,%C3%96,x"), 2);
}

/* A file of before has names in small letters of ASCII alone. */
static void test_names_of_before(void **state)
{
    struct bench *bench = *state;
    sqlite3 *other = NULL;
    assert_int_equal(
        status_of(bench, "POST", "/fhir/Patient",
                  "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"\xc3\x96zil\"}]}"),
        201);
    assert_int_equal(sqlite3_open(bench->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "UPDATE name SET value='\xc3\x96zil'", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_changes(other), 1);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(rows_of(bench, "/fhir/Patient?name=%C3%96Z"), 1);
}

static void test_put(void **state)
{
    struct bench *bench = *state;
    struct skeym_fhir_answer *answer =
        ask(bench, "PUT", "/fhir/Patient/1",
            PATIENT(",\"id\":\"1\",\"name\":[{\"family\":\"Smith\",\"given\":[\"Ann\",null]}],"
                    "\"identifier\":[" ID("urn:m", "1") "]"));
    assert_string_equal(answer->location, BASE "/Patient/1/_history/1");
    struct json_object *made = json_of(answer, 201);
    assert_string_equal(text_at(made, "meta.versionId"), "1");
    json_object_put(made);
    assert_int_equal(rows_of(bench, "/fhir/Patient?name=smi"), 1);
    assert_int_equal(rows_of(bench, "/fhir/Patient?name=ANN"), 1);
    assert_int_equal(rows_of(bench, "/fhir/Patient?name=mith"), 0);
    assert_int_equal(rows_of(bench, "/fhir/Patient?name=77"), 0); /* no string, no name */
    assert_int_equal(rows_of(bench, "/fhir/Patient?identifier=urn:m|1"), 1);

    struct json_object *changed = json_of(
        ask(bench, "PUT", "/fhir/Patient/1", PATIENT(",\"id\":\"1\",\"gender\":\"female\"")), 200);
    assert_string_equal(text_at(changed, "meta.versionId"), "2");
    assert_string_equal(text_at(changed, "gender"), "female");
    json_object_put(changed);
    /* what it was found by is gone */
    assert_int_equal(rows_of(bench, "/fhir/Patient?name=smi"), 0);
    assert_int_equal(rows_of(bench, "/fhir/Patient?identifier=urn:m|1"), 0);
    assert_int_equal(rows_of(bench, "/fhir/Patient?_id=1"), 1);
    struct json_object *now = json_of(ask(bench, "GET", "/fhir/Patient/1", NULL), 200);
    assert_string_equal(text_at(now, "meta.versionId"), "2");
    json_object_put(now);

    /* an identifier of somebody else */
    free(post(bench, "/fhir/Patient", PATIENT(",\"identifier\":[" ID("urn:m", "2") "]"), 201));
    struct json_object *taken =
        json_of(ask(bench, "PUT", "/fhir/Patient/1",
                    PATIENT(",\"id\":\"1\",\"identifier\":[" ID("urn:m", "2") "]")),
                409);
    assert_string_equal(text_at(taken, "issue.0.code"), "duplicate");
    json_object_put(taken);
    static const struct {
        const char *target, *body;
        int status;
    } cases[] = {
        {"/fhir/Patient/1", PATIENT(""), 400},
        {"/fhir/Patient/1", PATIENT(",\"id\":\"2\""), 400},
        {"/fhir/Patient/a_b", PATIENT(",\"id\":\"a_b\""), 400},
        {"/fhir/Patient", PATIENT(",\"id\":\"1\""), 405},
        {"/fhir/Patient?identifier=1", PATIENT(",\"id\":\"1\""), 400},
        {"/fhir/Observation/1", OBSERVATION("1", ""), 405},
        {"/fhir", "{\"resourceType\":\"Bundle\",\"type\":\"batch\"}", 405},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(status_of(bench, "PUT", cases[i].target, cases[i].body), cases[i].status);
    }
}

static void test_devices(void **state)
{
    struct bench *bench = *state;
    free(post(bench, "/fhir/Device",
              "{\"resourceType\":\"Device\",\"patient\":{\"reference\":\"Patient/1\"}}", 201));
    free(post(bench, "/fhir/Device", "{\"resourceType\":\"Device\"}", 201));
    assert_int_equal(rows_of(bench, "/fhir/Device?patient=Patient/1"), 1);
    assert_int_equal(rows_of(bench, "/fhir/Device?_sort=-_lastUpdated"), 2);
}

static void forbidden(struct bench *bench, const char *method, const char *target, const char *body,
                      const char *asked)
{
    struct skeym_fhir_answer *answer = ask(bench, method, target, body);
    assert_int_equal(answer->forbidden, 1);
    struct json_object *json = json_of(answer, 403);
    assert_string_equal(text_at(json, "issue.0.code"), "forbidden");
    assert_string_equal(bench->asked, asked);
    json_object_put(json);
}

/* What may not be read is as if it were not there, but is counted. */
static void hidden(struct bench *bench, const char *target, const char *missing, const char *asked)
{
    struct skeym_fhir_answer *answer = ask(bench, "GET", target, NULL);
    assert_string_equal(bench->asked, asked);
    struct skeym_fhir_answer *other = ask(bench, "GET", missing, NULL);
    assert_int_equal(answer->status, 404);
    assert_int_equal(other->status, 404);
    assert_string_equal(answer->body, other->body);
    assert_int_equal(answer->forbidden, 1);
    assert_int_equal(other->forbidden, 0);
    skeym_fhir_answer_free(answer);
    skeym_fhir_answer_free(other);
}

/* Every interaction asks, with the patient that the data is about. */
static void test_grant(void **state)
{
    struct bench *bench = *state;
    char target[100];
    char *id = post(bench, "/fhir/Observation", OBSERVATION("1", ""), 201);
    assert_string_equal(bench->asked, "c:Observation:1 r:Observation:1 ");
    assert_int_equal(status_of(bench, "PUT", "/fhir/Device/d",
                               "{\"resourceType\":\"Device\",\"id\":\"d\",\"patient\":{"
                               "\"reference\":\"Patient/1\"}}"),
                     201);
    assert_string_equal(bench->asked, "u:Device:1 ");
    assert_int_equal(status_of(bench, "PUT", "/fhir/Patient/1", PATIENT(",\"id\":\"1\"")), 201);
    bench->only_patient = "2";
    snprintf(target, sizeof target, "/fhir/Observation/%s", id);
    hidden(bench, target, "/fhir/Observation/none", "r:Observation:1 ");
    hidden(bench, "/fhir/Device/d", "/fhir/Device/e", "r:Device:1 ");
    hidden(bench, "/fhir/Device/d/_history/1", "/fhir/Device/e/_history/1", "r:Device:1 ");
    forbidden(bench, "GET", "/fhir/Patient/1", NULL, "r:Patient:1 "); /* there or not */
    forbidden(bench, "GET", "/fhir/Patient/none", NULL, "r:Patient:none ");
    forbidden(bench, "GET", "/fhir/Observation", NULL, "s:Observation: ");
    forbidden(bench, "GET", "/fhir/Observation?code=x", NULL, "s:Observation: ");
    forbidden(bench, "GET", "/fhir/Observation?patient=1", NULL, "s:Observation:1 ");
    forbidden(bench, "GET", "/fhir/Observation?patient=2,1", NULL,
              "s:Observation:2 s:Observation:1 ");
    forbidden(bench, "GET", "/fhir/Observation/$lastn?patient=1&code=x", NULL, "s:Observation:1 ");
    forbidden(bench, "GET", "/fhir/Patient?name=x", NULL, "s:Patient: ");
    forbidden(bench, "GET", "/fhir/Patient?_id=1", NULL, "s:Patient:1 ");
    forbidden(bench, "GET", "/fhir/Device?_id=d", NULL, "s:Device: ");
    forbidden(bench, "POST", "/fhir/Observation", OBSERVATION("1", ""), "c:Observation:1 ");
    forbidden(bench, "POST", "/fhir/Patient", PATIENT(""), "c:Patient: ");
    forbidden(bench, "PUT", "/fhir/Patient/1", PATIENT(",\"id\":\"1\""), "u:Patient:1 ");
    /* a device cannot be taken over from another patient */
    forbidden(
        bench, "PUT", "/fhir/Device/d",
        "{\"resourceType\":\"Device\",\"id\":\"d\",\"patient\":{\"reference\":\"Patient/2\"}}",
        "u:Device:2 u:Device:1 ");
    assert_int_equal(status_of(bench, "GET", "/fhir/Observation?patient=2", NULL), 200);
    assert_int_equal(status_of(bench, "GET", "/fhir/metadata", NULL), 200);
    free(id);
}

/* Who may create but not read learns where it is, not what it is. */
static void test_found_without_reading(void **state)
{
    struct bench *bench = *state;
    char *id = post(bench, "/fhir/Observation", OBSERVATION("1", ID("urn:a", "7")), 201);
    bench->interactions = "c";
    struct skeym_fhir_answer *answer =
        ask(bench, "POST", "/fhir/Observation", OBSERVATION("1", ID("urn:a", "7")));
    assert_non_null(strstr(answer->location, id));
    struct json_object *json = json_of(answer, 200);
    assert_string_equal(text_at(json, "resourceType"), "OperationOutcome");
    assert_string_equal(text_at(json, "issue.0.severity"), "information");
    json_object_put(json);
    free(id);
}

#define DEVICE(PATIENT, MORE)                                                                      \
    "{\"resourceType\":\"Device\",\"patient\":{\"reference\":\"Patient/" PATIENT "\"}" MORE "}"
#define SERIAL ",\"identifier\":[" ID("urn:sn", "1") "]"
#define DEVICE_ENTRY(PATIENT, MORE)                                                                \
    "{\"resource\":" DEVICE(PATIENT, MORE) ",\"request\":{\"method\":\"POST\",\"url\":\"Device\"}" \
                                           "}"

/* The serial number of another patient's device brings out nothing of it: not its text, not its
 * id, not its version; not in a Bundle, and a transaction with it stores nothing. */
static void test_found_of_another_patient(void **state)
{
    struct bench *bench = *state;
    char *id = post(bench, "/fhir/Device", DEVICE("2", SERIAL ",\"note\":[{\"text\":\"x\"}]"), 201);
    bench->only_patient = "1";
    struct skeym_fhir_answer *answer = ask(bench, "POST", "/fhir/Device", DEVICE("1", SERIAL));
    assert_string_equal(answer->location, "");
    assert_null(strstr(answer->body, id));
    struct json_object *json = json_of(answer, 409);
    assert_string_equal(text_at(json, "issue.0.code"), "duplicate");
    assert_string_equal(text_at(json, "issue.0.diagnostics"),
                        "another resource has this identifier");
    json_object_put(json);

    answer = ask(bench, "POST", "/fhir",
                 "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[" DEVICE_ENTRY(
                     "1", SERIAL) "]}");
    assert_null(strstr(answer->body, id));
    json = json_of(answer, 200);
    assert_string_equal(text_at(json, "entry.0.response.status"), "409 Conflict");
    assert_null(at(json, "entry.0.response.etag"));
    json_object_put(json);

    answer = ask(bench, "POST", "/fhir",
                 "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[" DEVICE_ENTRY(
                     "1", "") "," DEVICE_ENTRY("1", SERIAL) "]}");
    assert_null(strstr(answer->body, id));
    json_object_put(json_of(answer, 409));
    assert_int_equal(rows_of(bench, "/fhir/Device?patient=1"), 0);
    free(id);
}

/* Nor does If-None-Exist look at another patient's. */
static void test_condition_on_another_patient(void **state)
{
    struct bench *bench = *state;
    free(post(bench, "/fhir/Device", DEVICE("2", SERIAL), 201));
    bench->only_patient = "1";
    static const char *const conditions[] = {"identifier=1&patient=2", "identifier=1",
                                             "identifier=urn:sn|1"};
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        struct skeym_fhir_answer *answer =
            ask_if(bench, "POST", "/fhir/Device", DEVICE("1", ""), conditions[i]);
        assert_int_equal(answer->status, 201);
        skeym_fhir_answer_free(answer);
    }
}

static bool allows_any_create(void *arg, char interaction, struct skeym_span type,
                              struct skeym_span patient)
{
    (void)arg, (void)type;
    return interaction == 'c' || skeym_span_is(patient, "1");
}

/* Who may create for all but read one only: meets the other's device, without its text. Who may do
 * all gets it whole. */
static void test_found_by_who_may_create_for_all(void **state)
{
    struct bench *bench = *state;
    char *id = post(bench, "/fhir/Device", DEVICE("2", SERIAL), 201);
    struct json_object *json =
        json_of(ask(bench, "POST", "/fhir/Device", DEVICE("1", SERIAL)), 200);
    assert_string_equal(text_at(json, "id"), id);
    json_object_put(json);
    bench->allows = allows_any_create;
    struct skeym_fhir_answer *answer = ask(bench, "POST", "/fhir/Device", DEVICE("1", SERIAL));
    assert_non_null(strstr(answer->location, id));
    json = json_of(answer, 200);
    assert_string_equal(text_at(json, "resourceType"), "OperationOutcome");
    json_object_put(json);
    free(post(bench, "/fhir/Device", DEVICE("1", ",\"identifier\":[" ID("urn:sn", "2") "]"), 201));
    json = json_of(
        ask(bench, "POST", "/fhir/Device", DEVICE("1", ",\"identifier\":[" ID("urn:sn", "2") "]")),
        200);
    assert_string_equal(text_at(json, "resourceType"), "Device");
    json_object_put(json);
    free(id);
}

/* The second identifier is asked for; a third one is another's. */
static void test_a_condition_on_one_of_several(void **state)
{
    struct bench *bench = *state;
    static const char *const body =
        OBSERVATION("1", ID("s1", "1") "," ID("s2", "2") "," ID("s2", "3"));
    static const char *const conditions[] = {"identifier=s2|2", "identifier=s2|3",
                                             "identifier=s1|1"};
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        struct skeym_fhir_answer *answer =
            ask_if(bench, "POST", "/fhir/Observation", body, conditions[i]);
        assert_int_equal(answer->status, i == 0 ? 201 : 200);
        skeym_fhir_answer_free(answer);
    }
    assert_int_equal(rows_of(bench, "/fhir/Observation?patient=1"), 1);
}

static enum skeym_error no_random(void *arg, void *out, size_t size)
{
    (void)arg;
    (void)out;
    (void)size;
    return SKEYM_ERR_RANDOM;
}

static void test_no_random_bytes_for_an_id(void **state)
{
    struct bench *bench = *state;
    struct skeym_fhir_options options = {bench->store, no_random, NULL, "0.1.0"};
    skeym_fhir_free(bench->fhir);
    assert_int_equal(skeym_fhir_new(&bench->fhir, &options), SKEYM_OK);
    assert_int_equal(status_of(bench, "POST", "/fhir/Observation", OBSERVATION("1", "")), 500);
    assert_int_equal(
        status_of(bench, "PUT", "/fhir/Patient/1", "{\"resourceType\":\"Patient\",\"id\":\"1\"}"),
        201); /* needs none */
}

/* What narrows a condition needs room beside its 64 values: the writer's name, the patient. */
static void test_room_for_what_narrows_a_condition(void **state)
{
    struct bench *bench = *state;
    char condition[600] = "identifier=c0";
    for (int values = 1; values <= 64; values++) {
        struct skeym_fhir_answer *answer =
            ask_if(bench, "POST", "/fhir/Observation", OBSERVATION("1", ""), condition);
        assert_int_equal(answer->status, values <= 62 ? 201 : 400);
        skeym_fhir_answer_free(answer);
        size_t used = strlen(condition);
        snprintf(condition + used, sizeof condition - used, ",c");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_repeated_identifier, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_if_none_exist, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_names_in_small_letters, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_names_of_before, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_put, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_devices, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_grant, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_found_without_reading, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_found_of_another_patient, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_condition_on_another_patient, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_found_by_who_may_create_for_all, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_a_condition_on_one_of_several, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_no_random_bytes_for_an_id, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_room_for_what_narrows_a_condition, bench_setup,
                                        bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
