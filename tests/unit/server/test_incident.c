/* SPDX-License-Identifier: Apache-2.0 */
#include "server/incident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#define AT_MS UINT64_C(1700000000123)

static struct skeym_name named(const char *text)
{
    struct skeym_name name;
    assert_int_equal(skeym_name_node(&name, skeym_span_text(text)), SKEYM_OK);
    return name;
}

static bool take(struct skeym_incident *out, enum skeym_log_level level, const char *event,
                 const struct skeym_log_field *fields, size_t count)
{
    const struct skeym_log_line line = {AT_MS, SKEYM_LOG_STRANGERS, level, event, fields, count};
    return skeym_incident_of_line(out, &line);
}

static const struct skeym_source source = {.family = 4, .prefix = {192, 0, 2}};

static void reads_a_line_of_the_log(void **state)
{
    (void)state;
    struct skeym_incident incident;
    struct skeym_name node = named("bed-7");
    assert_true(take(&incident, SKEYM_LOG_WARNING, "refused",
                     SKEYM_LOG_FIELDS(skeym_log_text("check", "used"),
                                      skeym_log_reason(SKEYM_ERR_REPLAY), skeym_log_source(&source),
                                      skeym_log_node(&node), skeym_log_number("count", 3))));
    assert_int_equal(incident.time_ms, AT_MS);
    assert_string_equal(incident.event, "refused");
    assert_string_equal(incident.check, "used");
    assert_string_equal(incident.reason, "replay");
    assert_true(skeym_span_is(skeym_name_span(&incident.agent), "bed-7"));
    assert_int_equal(incident.entity.size, 0);
    assert_int_equal(incident.source.family, 4);
    assert_int_equal(incident.count, 3);
    assert_int_equal(incident.outcome, 8);
    assert_false(incident.filed);
}

static void tells_who_did_it_from_whom_it_was_done_to(void **state)
{
    (void)state;
    struct skeym_incident incident;
    struct skeym_name node = named("bed-7");
    struct skeym_name who = named("dr-adams");
    struct skeym_log_field by = skeym_log_node(&who);
    by.key = "by";
    assert_true(
        take(&incident, SKEYM_LOG_ERROR, "revoke",
             SKEYM_LOG_FIELDS(skeym_log_reason(SKEYM_ERR_TIMEOUT), skeym_log_node(&node), by)));
    assert_true(skeym_span_is(skeym_name_span(&incident.agent), "dr-adams"));
    assert_true(skeym_span_is(skeym_name_span(&incident.entity), "bed-7"));
    assert_int_equal(incident.outcome, 12);
}

/* What honest nodes meet, too, is no alarm. */
static void weighs_what_went_wrong(void **state)
{
    (void)state;
    static const struct {
        enum skeym_log_level level;
        const char *event, *check;
        enum skeym_error reason;
        int outcome;
    } rows[] = {
        {SKEYM_LOG_INFO, "login", "", SKEYM_OK, 0},
        {SKEYM_LOG_WARNING, "login", "", SKEYM_ERR_CLOCK, 4},
        {SKEYM_LOG_WARNING, "login", "", SKEYM_ERR_RATE, 4},
        {SKEYM_LOG_WARNING, "login", "", SKEYM_ERR_REVOKED, 8},
        {SKEYM_LOG_WARNING, "login", "", SKEYM_ERR_HANDSHAKE, 8},
        {SKEYM_LOG_WARNING, "refused", "time", SKEYM_ERR_TIME, 4},
        {SKEYM_LOG_WARNING, "refused", "instance", SKEYM_ERR_INSTANCE, 4},
        {SKEYM_LOG_WARNING, "refused", "scope", SKEYM_ERR_SCOPE, 4},
        {SKEYM_LOG_WARNING, "refused", "time", SKEYM_ERR_PROOF, 4}, /* its check says enough */
        {SKEYM_LOG_WARNING, "refused", "proof", SKEYM_ERR_PROOF, 8},
        {SKEYM_LOG_WARNING, "refused", "unseal", SKEYM_ERR_SEAL, 8},
        {SKEYM_LOG_WARNING, "refused", "revoked", SKEYM_ERR_REVOKED, 8},
        {SKEYM_LOG_WARNING, "enrol", "", SKEYM_ERR_REPLAY, 8},
        {SKEYM_LOG_ERROR, "store-damaged", "", SKEYM_ERR_DAMAGED, 12},
        {SKEYM_LOG_ERROR, "something new", "", SKEYM_ERR_IO, 12},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_incident incident;
        assert_true(take(&incident, rows[i].level, rows[i].event,
                         SKEYM_LOG_FIELDS(skeym_log_text("check", rows[i].check),
                                          skeym_log_reason(rows[i].reason))));
        assert_int_equal(incident.outcome, rows[i].outcome);
    }
}

static void leaves_out_what_is_told_elsewhere(void **state)
{
    (void)state;
    struct skeym_incident incident;
    assert_false(take(&incident, SKEYM_LOG_INFO, "enrol", NULL, 0)); /* is in the audit file */
    assert_false(take(&incident, SKEYM_LOG_INFO, "revoke", NULL, 0));
    assert_false(take(&incident, SKEYM_LOG_INFO, "stopped", NULL, 0));
    assert_false(take(&incident, SKEYM_LOG_WARNING, "keys-not-locked", NULL, 0));
    assert_true(take(&incident, SKEYM_LOG_INFO, "ready", NULL, 0));
}

/* --- as FHIR ------------------------------------------------------------------------- */

static struct json_object *written(const struct skeym_incident *incident)
{
    struct skeym_fhir_text text = {0};
    skeym_incident_write(&text, incident, 0x18c, "SkeyM");
    assert_false(text.bad);
    struct json_object *root = json_tokener_parse(text.data);
    assert_non_null(root);
    skeym_fhir_text_free(&text);
    return root;
}

/* "agent/0/who/display" */
static const char *at(struct json_object *root, const char *path)
{
    struct json_object *found = NULL;
    char copy[128];
    (void)snprintf(copy, sizeof copy, "/%s", path);
    return json_pointer_get(root, copy, &found) == 0 ? json_object_get_string(found) : NULL;
}

static void is_an_audit_event(void **state)
{
    (void)state;
    const struct skeym_incident incident = {
        .time_ms = AT_MS,
        .number = 17,
        .outcome = 8,
        .event = "refused",
        .check = "used",
        .reason = "replay",
        .agent = named("bed-7"),
        .source = source,
        .count = 2,
    };
    struct json_object *root = written(&incident);
    static const struct {
        const char *path, *value;
    } rows[] = {
        {"resourceType", "AuditEvent"},
        {"id", "m-18c-17"},
        {"type/system", "http://dicom.nema.org/resources/ontology/DCM"},
        {"type/code", "110113"},
        {"type/display", "Security Alert"},
        {"subtype/0/code", "110126"},
        {"subtype/1/system", "urn:skeym:event"},
        {"subtype/1/code", "refused"},
        {"subtype/2/system", "urn:skeym:check"},
        {"subtype/2/code", "used"},
        {"action", "E"},
        {"recorded", "2023-11-14T22:13:20.123Z"},
        {"outcome", "8"},
        {"outcomeDesc", "a request was refused by the check used: replay (2 times)"},
        {"agent/0/who/identifier/system", "urn:skeym:node"},
        {"agent/0/who/identifier/value", "bed-7"},
        {"agent/0/requestor", "true"},
        {"agent/0/network/address", "192.0.2.0/24"},
        {"agent/0/network/type", "2"},
        {"source/observer/display", "SkeyM"},
        {"source/type/0/code", "4"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_non_null(at(root, rows[i].path));
        assert_string_equal(at(root, rows[i].path), rows[i].value);
    }
    assert_null(at(root, "entity"));
    json_object_put(root);
}

static void says_who_it_was(void **state)
{
    (void)state;
    struct skeym_incident incident = {.event = "refused", .source = source};
    struct json_object *root = written(&incident);
    assert_string_equal(at(root, "agent/0/who/display"), "a stranger");
    assert_string_equal(at(root, "agent/0/requestor"), "true");
    json_object_put(root);

    incident = (struct skeym_incident){.event = "ready"};
    root = written(&incident);
    assert_string_equal(at(root, "agent/0/who/display"), "the server");
    assert_string_equal(at(root, "agent/0/requestor"), "false");
    assert_null(at(root, "agent/0/network"));
    json_object_put(root);

    incident = (struct skeym_incident){
        .event = "revoke", .filed = true, .number = 3, .entity = named("bed-7")};
    root = written(&incident);
    assert_string_equal(at(root, "id"), "f-3");
    assert_string_equal(at(root, "action"), "D");
    assert_string_equal(at(root, "outcome"), "0");
    assert_string_equal(at(root, "agent/0/who/display"), "an administrator");
    assert_string_equal(at(root, "entity/0/what/identifier/value"), "bed-7");
    json_object_put(root);
}

/* Every word that the log may use has a type, and its JSON is whole without any field. */
static void writes_every_kind(void **state)
{
    (void)state;
    static const char *const events[] = {
        "refused",      "unreadable", "dropped",     "login",         "enrol", "invite",   "revoke",
        "restore",      "rotate",     "init",        "bench",         "ready", "stopping", "epoch",
        "epoch-failed", "reload",     "row-damaged", "store-damaged", "other"};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        struct skeym_incident incident = {0};
        (void)snprintf(incident.event, sizeof incident.event, "%s", events[i]);
        struct json_object *root = written(&incident);
        assert_non_null(at(root, "type/display"));
        assert_non_null(at(root, "subtype/0/code"));
        assert_int_equal(strlen(at(root, "action")), 1);
        assert_non_null(at(root, "outcomeDesc"));
        json_object_put(root);
    }
    struct skeym_incident incident = {.event = "refused", .check = "scope"};
    assert_string_equal(skeym_incident_subtype(&incident), "110132");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_line_of_the_log),
        cmocka_unit_test(tells_who_did_it_from_whom_it_was_done_to),
        cmocka_unit_test(weighs_what_went_wrong),
        cmocka_unit_test(leaves_out_what_is_told_elsewhere),
        cmocka_unit_test(is_an_audit_event),
        cmocka_unit_test(says_who_it_was),
        cmocka_unit_test(writes_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
