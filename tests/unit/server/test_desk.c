/* SPDX-License-Identifier: Apache-2.0 */
#include "server/desk.h"

#include "home_fixture.h"
#include "server/seen.h"
#include "server/trail.h"
#include <pthread.h>
#include <sys/file.h>

static struct skeym_service service;
static struct skeym_admission admission;

static int open_service(void **state)
{
    const struct skeym_state_options options = {
        .dir = dir, .used_slots = 64, .body_max = 1024, .now_ms = NOW_MS};
    memset(&service, 0, sizeof service);
    memset(&admission, 0, sizeof admission);
    if (an_authority(state) != 0 || skeym_state_open(&service.state, &options, NULL) != SKEYM_OK ||
        skeym_log_open(&service.log, "", SKEYM_LOG_ERROR) != SKEYM_OK ||
        skeym_trail_open(&service.trail) != SKEYM_OK ||
        skeym_seen_open(&service.seen) != SKEYM_OK || skeym_desk_open(&service.desk) != SKEYM_OK) {
        return -1;
    }
    skeym_clock_init(&service.clock);
    (void)snprintf(service.base_url, sizeof service.base_url, "https://ward/fhir");
    return skeym_name_node(&admission.claims.id, skeym_span_text("dr-adams")) == SKEYM_OK ? 0 : -1;
}

static int close_service(void **state)
{
    skeym_desk_close(service.desk);
    skeym_seen_close(service.seen);
    skeym_state_close(service.state);
    skeym_log_close(service.log);
    skeym_trail_close(service.trail);
    return clean(state);
}

static void grant(const char *scope)
{
    struct skeym_scopes *scopes = &admission.claims.scopes;
    scopes->count = 1;
    assert_int_equal(skeym_scope_parse(&scopes->at[0], skeym_span_text(scope)), SKEYM_OK);
}

/* --- asking ------------------------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

static void take(void *arg, struct skeym_fhir_answer *answer)
{
    (void)pthread_mutex_lock(&lock);
    *(struct skeym_fhir_answer **)arg = answer;
    (void)pthread_cond_broadcast(&wake);
    (void)pthread_mutex_unlock(&lock);
}

/* NULL: it is not the desk's. */
static struct skeym_fhir_answer *ask(const char *method, const char *target)
{
    struct skeym_fhir_answer *answer = NULL;
    struct skeym_desk_call call = {.service = &service,
                                   .admission = &admission,
                                   .now_ms = UINT64_C(1700000001234),
                                   .done = take,
                                   .arg = &answer};
    if (!skeym_desk_find(&call, skeym_span_text(method), skeym_span_text(target))) {
        return NULL;
    }
    (void)skeym_desk_take(service.desk, &call);
    (void)pthread_mutex_lock(&lock);
    while (!answer) {
        (void)pthread_cond_wait(&wake, &lock);
    }
    (void)pthread_mutex_unlock(&lock);
    return answer;
}

static int status_of(const char *method, const char *target)
{
    struct skeym_fhir_answer *answer = ask(method, target);
    int status = answer ? answer->status : 0;
    skeym_fhir_answer_free(answer);
    return status;
}

static void knows_its_own_paths(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target;
        int status;
    } rows[] = {
        {"GET", "/skeym/v1/whoami", 200},
        {"GET", "/skeym/v1/whoami?x", 200},
        {"POST", "/skeym/v1/whoami", 405},
        {"GET", "/skeym/v1/whoami/", 0},
        {"GET", "/skeym/v1/whoam", 0},
        {"GET", "/skeym/v1/nodes", 200},
        {"GET", "/skeym/v1/nodes/bed-7", 0},
        {"GET", "/skeym/v1/nodes/bed-7/revoke", 405},
        {"POST", "/skeym/v1/nodes//revoke", 0},
        {"POST", "/skeym/v1/nodes/bed-7/revoke/", 0},
        {"POST", "/skeym/v1/nodes/a/b/revoke", 0},
        {"POST", "/skeym/v1/nodes/nobody/revoke", 404},
        {"POST", "/skeym/v1/nodes/%2e/revoke", 404},
        {"POST", "/skeym/v1/nodes/dr-adams/revoke", 409},
        {"GET", "/fhir/AuditEvent", 200},
        {"GET", "/fhir/AuditEvent?_count=1", 200},
        {"GET", "/fhir/AuditEvent?foo=1", 400},
        {"GET", "/fhir/AuditEvent?date=%zz", 400},
        {"POST", "/fhir/AuditEvent", 405},
        {"GET", "/fhir/AuditEvent/nothing", 404},
        {"GET", "/fhir/AuditEvents", 0},
        {"GET", "/fhir/Patient", 0},
        {"GET", "", 0},
    };
    grant("user/*.cruds");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = status_of(rows[i].method, rows[i].target);
        if (status != rows[i].status) {
            fail_msg("%s %s: %d", rows[i].method, rows[i].target, status);
        }
    }
}

static void asks_for_scopes(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target;
        const char *scopes[4]; /* that open it */
    } rows[] = {
        {"GET",
         "/skeym/v1/whoami",
         {"user/Device.s", "user/Device.d", "user/AuditEvent.r", "patient/1/*.cruds"}},
        {"GET", "/skeym/v1/nodes", {"user/Device.s", "system/Device.s", "user/*.cruds", NULL}},
        {"POST",
         "/skeym/v1/nodes/nobody/revoke",
         {"user/Device.d", "system/*.d", "user/*.cruds", NULL}},
        {"GET",
         "/fhir/AuditEvent",
         {"user/AuditEvent.s", "system/AuditEvent.s", "user/*.s", "user/*.cruds"}},
        {"GET", "/fhir/AuditEvent/x", {"user/AuditEvent.r", "user/*.cruds", NULL, NULL}},
    };
    static const char *const all[] = {
        "user/Device.s",     "user/Device.d",     "system/Device.s",     "system/*.d",
        "user/AuditEvent.s", "user/AuditEvent.r", "system/AuditEvent.s", "user/*.s",
        "user/*.cruds",      "patient/1/*.cruds", "user/Device.cru",     "user/AuditEvent.cud",
        "user/Patient.cruds"};
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
            bool opens = r == 0 || (i == 7 && r == 1) || (i == 3 && r == 2);
            for (size_t k = 0; k < 4; k++) {
                opens = opens || (rows[r].scopes[k] && strcmp(rows[r].scopes[k], all[i]) == 0);
            }
            grant(all[i]);
            int status = status_of(rows[r].method, rows[r].target);
            if ((status == 403) == opens) {
                fail_msg("%s with %s: %d", rows[r].target, all[i], status);
            }
        }
    }
    admission.claims.scopes.count = 0;
    struct skeym_fhir_answer *answer = ask("GET", "/skeym/v1/nodes");
    assert_int_equal(answer->status, 403);
    assert_int_equal(answer->forbidden, 1); /* so that it is counted, and logged */
    skeym_fhir_answer_free(answer);
}

static void says_who_asks(void **state)
{
    (void)state;
    grant("user/Observation.rs");
    admission.claims.role = SKEYM_ROLE_DOCTOR;
    admission.claims.generation = 3;
    admission.claims.login_s = 1700000000;
    admission.claims.deadline_s = 1700028800;
    struct skeym_fhir_answer *answer = ask("GET", "/skeym/v1/whoami");
    assert_string_equal(answer->content_type, "application/json");
    const char *wanted = "{\"id\":\"dr-adams\",\"role\":\"doctor\","
                         "\"scopes\":[\"user/Observation.rs\"],\"generation\":3,"
                         "\"loginTime\":\"2023-11-14T22:13:20.000Z\","
                         "\"loginDeadline\":\"2023-11-15T06:13:20.000Z\",\"serverTime\":\"2023-11-"
                         "14T22:13:21.234Z\"}";
    assert_string_equal(answer->body, wanted);
    skeym_fhir_answer_free(answer);
}

static void lists_nodes_with_when_they_were_seen(void **state)
{
    (void)state;
    struct skeym_name id = named("bed-7");
    grant("user/Device.s");
    put("audit",
        "{\"time\":1700000000,\"event\":\"enrol\",\"node\":\"bed-7\",\"role\":\"device\","
        "\"scopes\":[\"patient/1/Observation.c\"],\"generation\":1,\"not_after\":1700000001}\n",
        0600);
    skeym_seen_note(service.seen, &id, SKEYM_SEEN_REQUEST, UINT64_C(1700000000500));
    skeym_seen_note(service.seen, &id, SKEYM_SEEN_REFUSED, 1);
    struct skeym_fhir_answer *answer = ask("GET", "/skeym/v1/nodes");
    assert_string_equal(
        answer->body,
        "{\"nodes\":[{\"id\":\"bed-7\",\"role\":\"device\",\"scopes\":[\"patient/1/Observation.c\"]"
        ",\"generation\":1,\"enrolled\":\"2023-11-14T22:13:20.000Z\","
        "\"notAfter\":\"2023-11-14T22:13:21.000Z\",\"revoked\":false,"
        "\"lastSeen\":\"2023-11-14T22:13:20.500Z\",\"lastLogin\":null,\"refused\":1}]}");
    skeym_fhir_answer_free(answer);
    assert_int_equal(skeym_home_revoke(dir, &id, 1), SKEYM_OK);
    assert_int_equal(skeym_state_reload(service.state, NOW_MS), SKEYM_OK);
    answer = ask("GET", "/skeym/v1/nodes");
    assert_non_null(strstr(answer->body, "\"revoked\":true"));
    skeym_fhir_answer_free(answer);
}

/* Where no server listens on the folder, it is on the list, and said that it is not in force. */
static void revokes_durably_before_it_tells(void **state)
{
    (void)state;
    struct skeym_revoked revoked = {0};
    struct skeym_name id = named("bed-7");
    grant("user/Device.d");
    put("audit", "{\"time\":1,\"event\":\"enrol\",\"node\":\"bed-7\",\"generation\":2}\n", 0600);
    assert_int_equal(status_of("POST", "/skeym/v1/nodes/bed-7/revoke"), 500);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_true(skeym_revoked_has(&revoked, &id, 2));
    assert_false(skeym_revoked_has(&revoked, &id, 3));
    skeym_home_revoked_free(&revoked);
    char *text = NULL;
    size_t size = 0;
    assert_int_equal(skeym_home_audit_read(&text, &size, dir), SKEYM_OK);
    assert_non_null(strstr(text, "\"by\":\"dr-adams\""));
    free(text);
    put("revoked", "damaged", 0600);
    assert_int_equal(status_of("POST", "/skeym/v1/nodes/bed-7/revoke"), 500);
}

static void answers_what_the_folder_does_not_give(void **state)
{
    (void)state;
    grant("user/*.cruds");
    put("audit", "x\n", 0644);
    assert_int_equal(status_of("GET", "/skeym/v1/nodes"), 500);
    assert_int_equal(status_of("GET", "/fhir/AuditEvent"), 500);
    assert_int_equal(status_of("GET", "/fhir/AuditEvent/x"), 500);
}

static void shows_incidents_of_memory_and_file(void **state)
{
    (void)state;
    grant("user/AuditEvent.rs");
    put("audit", "{\"time\":1700000000,\"event\":\"init\"}\n", 0600);
    skeym_log_watch(service.log, skeym_trail_note, service.trail);
    skeym_log_write(service.log, SKEYM_LOG_INFO, "ready", NULL, 0);
    struct skeym_fhir_answer *answer = ask("GET", "/fhir/AuditEvent");
    assert_string_equal(answer->content_type, "application/fhir+json");
    assert_non_null(strstr(answer->body, "\"total\":2"));
    const char *ready = strstr(answer->body, "\"id\":\"m-");
    const char *init = strstr(answer->body, "\"id\":\"f-1\"");
    assert_true(ready && init && ready < init);
    char target[128];
    (void)snprintf(target, sizeof target, "/fhir/AuditEvent/%.*s", (int)strcspn(ready + 6, "\""),
                   ready + 6);
    skeym_fhir_answer_free(answer);
    assert_int_equal(status_of("GET", target), 200);
    assert_int_equal(status_of("GET", "/fhir/AuditEvent/f-1"), 200);
    assert_int_equal(status_of("GET", "/fhir/AuditEvent/f-2"), 404);
}

/* More than may wait are turned away at once, and the others are all answered. */
static void bounds_what_waits(void **state)
{
    (void)state;
    enum { CALLS = 64 };
    static struct skeym_desk_call calls[CALLS];
    static struct skeym_fhir_answer *answers[CALLS];
    size_t served = 0, busy = 0;
    int held = -1;
    grant("user/*.cruds");
    /* whoever asks for the folder waits for this lock, ten seconds at most */
    held = open(in_dir("lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(held >= 0 && flock(held, LOCK_EX) == 0);
    for (size_t i = 0; i < CALLS; i++) {
        calls[i] = (struct skeym_desk_call){
            .service = &service, .admission = &admission, .done = take, .arg = &answers[i]};
        assert_true(
            skeym_desk_find(&calls[i], skeym_span_text("GET"), skeym_span_text("/skeym/v1/nodes")));
        (void)skeym_desk_take(service.desk, &calls[i]);
    }
    assert_int_equal(status_of("GET", "/skeym/v1/whoami"), 200); /* waits for none of it */
    close(held);
    for (size_t i = 0; i < CALLS; i++) {
        (void)pthread_mutex_lock(&lock);
        while (!answers[i]) {
            (void)pthread_cond_wait(&wake, &lock);
        }
        (void)pthread_mutex_unlock(&lock);
        served += answers[i]->status == 200;
        busy += answers[i]->status == 503;
        skeym_fhir_answer_free(answers[i]);
    }
    assert_int_equal(served + busy, CALLS);
    assert_true(served == SKEYM_DESK_WAITING || served == SKEYM_DESK_WAITING + 1);
}

#define DESK(function) cmocka_unit_test_setup_teardown(function, open_service, close_service)

/* Its enrolment may be of before the audit file. */
static void knows_a_node_that_is_only_on_the_list(void **state)
{
    (void)state;
    struct skeym_revoked revoked = {0};
    struct skeym_name id = named("bed-8");
    grant("user/Device.d");
    assert_int_equal(status_of("POST", "/skeym/v1/nodes/bed-8/revoke"), 404);
    assert_int_equal(skeym_home_revoke(dir, &id, 3), SKEYM_OK);
    assert_int_equal(status_of("POST", "/skeym/v1/nodes/bed-8/revoke"), 500); /* as above */
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_true(skeym_revoked_has(&revoked, &id, 4));
    assert_false(skeym_revoked_has(&revoked, &id, 5));
    skeym_home_revoked_free(&revoked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(knows_its_own_paths),
        DESK(asks_for_scopes),
        DESK(says_who_asks),
        DESK(lists_nodes_with_when_they_were_seen),
        DESK(revokes_durably_before_it_tells),
        DESK(answers_what_the_folder_does_not_give),
        DESK(shows_incidents_of_memory_and_file),
        DESK(bounds_what_waits),
        DESK(knows_a_node_that_is_only_on_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
