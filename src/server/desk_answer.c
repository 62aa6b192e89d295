/* SPDX-License-Identifier: Apache-2.0 */
#include "server/desk_answer.h"

#include "fhir/fhir_time.h"
#include "server/home.h"
#include "server/incident_search.h"
#include "server/revocation.h"
#include "server/seen.h"
#include "server/trail.h"
#include <stdlib.h>
#include <string.h>

#define OBSERVER "SkeyM"

static const char *dir_of(const struct skeym_desk_call *call)
{
    return skeym_state_dir(call->service->state);
}

/* Takes the text. */
static struct skeym_fhir_answer *json(struct skeym_fhir_text *text)
{
    struct skeym_fhir_answer *answer = skeym_fhir_outcome_answer(200, text);
    if (!answer->fixed) {
        answer->content_type = "application/json";
    }
    return answer;
}

/* What the folder did not give. */
static struct skeym_fhir_answer *failed(enum skeym_error error)
{
    if (error == SKEYM_ERR_NO_SPACE) {
        return skeym_fhir_error_answer(507, "no-store", "the authority's disk is full");
    }
    return error == SKEYM_ERR_BUSY || error == SKEYM_ERR_MEMORY
               ? skeym_fhir_error_answer(503, "transient", "the authority is busy, try again")
               : skeym_fhir_error_answer(500, "exception",
                                         "the authority's files cannot be read or written");
}

/* --- members ------------------------------------------------------------------------------- */

#define KEY(name) ",\"" name "\":"

/* 0: null. */
static void add_time(struct skeym_fhir_text *text, const char *key, uint64_t time_ms)
{
    char time[SKEYM_FHIR_TIME_BYTES];
    skeym_fhir_text_add(text, key);
    if (time_ms == 0) {
        skeym_fhir_text_add(text, "null");
        return;
    }
    skeym_fhir_time_print(time, (int64_t)time_ms);
    skeym_fhir_text_add(text, "\"");
    skeym_fhir_text_add(text, time);
    skeym_fhir_text_add(text, "\"");
}

static void add_number(struct skeym_fhir_text *text, const char *key, uint64_t number)
{
    skeym_fhir_text_add(text, key);
    skeym_fhir_text_number(text, (int64_t)number);
}

static void add_flag(struct skeym_fhir_text *text, const char *key, bool value)
{
    skeym_fhir_text_add(text, key);
    skeym_fhir_text_add(text, value ? "true" : "false");
}

/* {"id":...,"role":...,"scopes":[...],"generation":... */
static void begin_node(struct skeym_fhir_text *text, const struct skeym_name *id, uint8_t role,
                       const struct skeym_scopes *scopes, uint32_t generation)
{
    skeym_fhir_text_add(text, "{\"id\":");
    skeym_fhir_text_string(text, skeym_name_span(id));
    skeym_fhir_text_add(text, KEY("role"));
    skeym_fhir_text_quoted(text, skeym_role_name(role));
    skeym_fhir_text_add(text, KEY("scopes"));
    skeym_fhir_text_add(text, "[");
    for (size_t i = 0; i < scopes->count; i++) {
        char word[SKEYM_SCOPE_TEXT_BYTES];
        struct skeym_room room = {(uint8_t *)word, sizeof word};
        if (skeym_scope_print(room, &scopes->at[i]) == SKEYM_OK) {
            skeym_fhir_text_add(text, i > 0 ? "," : "");
            skeym_fhir_text_quoted(text, word);
        }
    }
    skeym_fhir_text_add(text, "]");
    add_number(text, KEY("generation"), generation);
}

/* --- nodes ----------------------------------------------------------------------------------- */

struct skeym_fhir_answer *skeym_desk_answer_whoami(const struct skeym_desk_call *call)
{
    struct skeym_fhir_text text = {0};
    const struct skeym_token_claims *claims = &call->admission->claims;
    begin_node(&text, &claims->id, claims->role, &claims->scopes, claims->generation);
    add_time(&text, KEY("loginTime"), UINT64_C(1000) * claims->login_s);
    add_time(&text, KEY("loginDeadline"), UINT64_C(1000) * claims->deadline_s);
    add_time(&text, KEY("serverTime"), call->now_ms);
    skeym_fhir_text_add(&text, "}");
    return json(&text);
}

static bool is_revoked(struct skeym_service *service, const struct skeym_name *id,
                       uint32_t generation)
{
    skeym_state_hold(service->state);
    bool revoked = skeym_revoked_has(skeym_state_gate(service->state)->revoked, id, generation);
    skeym_state_release(service->state);
    return revoked;
}

struct skeym_fhir_answer *skeym_desk_answer_nodes(const struct skeym_desk_call *call)
{
    struct skeym_fhir_text text = {0};
    struct skeym_service *service = call->service;
    enum skeym_error error = skeym_roster_read(call->roster, dir_of(call));
    if (error) {
        return failed(error);
    }
    skeym_fhir_text_add(&text, "{\"nodes\":[");
    for (size_t i = 0; i < call->roster->node_count; i++) {
        const struct skeym_roster_node *node = &call->roster->nodes[i];
        struct skeym_sight sight = skeym_seen_of(service->seen, &node->id);
        skeym_fhir_text_add(&text, i > 0 ? "," : "");
        begin_node(&text, &node->id, node->role, &node->scopes, node->generation);
        add_time(&text, KEY("enrolled"), UINT64_C(1000) * node->enrolled_s);
        add_time(&text, KEY("notAfter"), UINT64_C(1000) * node->not_after_s);
        add_flag(&text, KEY("revoked"), is_revoked(service, &node->id, node->generation));
        add_time(&text, KEY("lastSeen"), sight.request_ms);
        add_time(&text, KEY("lastLogin"), sight.login_ms);
        add_number(&text, KEY("refused"), sight.refused);
        skeym_fhir_text_add(&text, "}");
    }
    skeym_fhir_text_add(&text, "]}");
    return json(&text);
}

/* --- revocation ------------------------------------------------------------------------------- */

static struct skeym_fhir_answer *revoke(const struct skeym_desk_call *call,
                                        const struct skeym_revocation *revocation)
{
    struct skeym_service *service = call->service;
    const struct skeym_name *by = &call->admission->claims.id;
    uint32_t generation = skeym_revocation_all(revocation);
    enum skeym_error error = skeym_home_revoke(dir_of(call), &revocation->id, generation);
    if (error) {
        return failed(error);
    }
    /* The list counts. The server reads it anew on the thread that may: by its own socket. */
    enum skeym_error told = skeym_home_notify(dir_of(call));
    uint64_t now_ms = skeym_clock_now(&service->clock, NULL);
    error = skeym_revocation_note(dir_of(call), &revocation->id, generation, by, now_ms);
    struct skeym_log_field asker = skeym_log_node(by);
    asker.key = "by";
    skeym_log_write(service->log, told ? SKEYM_LOG_ERROR : SKEYM_LOG_INFO, "revoke",
                    SKEYM_LOG_FIELDS(skeym_log_reason(told), skeym_log_node(&revocation->id), asker,
                                     skeym_log_number("generation", generation)));
    if (told) {
        return skeym_fhir_error_answer(
            500, "exception", "it is on the list, but the server did not take the list over yet");
    }
    if (error) {
        return skeym_fhir_error_answer(500, "exception",
                                       "it is revoked, but the audit file could not be written");
    }
    struct skeym_fhir_text text = {0};
    skeym_fhir_text_add(&text, "{\"revoked\":true");
    skeym_fhir_text_add(&text, KEY("id"));
    skeym_fhir_text_string(&text, skeym_name_span(&revocation->id));
    add_number(&text, KEY("generation"), generation);
    skeym_fhir_text_add(&text, "}");
    return json(&text);
}

struct skeym_fhir_answer *skeym_desk_answer_revoke(const struct skeym_desk_call *call)
{
    struct skeym_name id;
    struct skeym_revocation revocation;
    const struct skeym_name *by = &call->admission->claims.id;
    if (skeym_name_node(&id, call->part) != SKEYM_OK) {
        return skeym_fhir_error_answer(404, "not-found", "no such node");
    }
    if (skeym_span_equal(skeym_name_span(&id), skeym_name_span(by))) {
        return skeym_fhir_error_answer(409, "conflict",
                                       "a node does not revoke itself: ask another administrator, "
                                       "or use skeym revoke");
    }
    enum skeym_error error = skeym_revocation_find(&revocation, dir_of(call), &id);
    if (error) {
        return failed(error);
    }
    if (revocation.enrolled == 0 && revocation.revoked == 0) {
        return skeym_fhir_error_answer(404, "not-found", "no such node");
    }
    return revoke(call, &revocation);
}

/* --- AuditEvent ---------------------------------------------------------------------------------
 */

/* All of memory's and the file's; *at is malloc'ed. */
static enum skeym_error gather(struct skeym_incident **at, size_t *count,
                               const struct skeym_desk_call *call)
{
    *count = 0;
    *at = NULL;
    const struct skeym_roster *roster = call->roster;
    enum skeym_error error = skeym_roster_read(call->roster, dir_of(call));
    if (error) {
        return error;
    }
    *at = reallocarray(NULL, roster->event_count + SKEYM_TRAIL_ROOM, sizeof **at);
    if (!*at) {
        return SKEYM_ERR_MEMORY;
    }
    if (roster->event_count > 0) {
        memcpy(*at, roster->events, roster->event_count * sizeof **at);
    }
    *count =
        roster->event_count + skeym_trail_copy(call->service->trail, *at + roster->event_count);
    return SKEYM_OK;
}

struct skeym_fhir_answer *skeym_desk_answer_incidents(const struct skeym_desk_call *call)
{
    struct skeym_fhir_problem problem = {0};
    struct skeym_fhir_arena arena = {0};
    struct skeym_fhir_text text = {0};
    struct skeym_fhir_url url;
    struct skeym_incident_search search;
    struct skeym_incident *at = NULL;
    struct skeym_fhir_answer *answer = NULL;
    size_t count = 0;
    const struct skeym_incident_page page = {.base_url = call->service->base_url,
                                             .target = call->target,
                                             .series = skeym_trail_series(call->service->trail),
                                             .observer = OBSERVER};
    if (!skeym_fhir_url_parse(&url, &arena, call->target, "/fhir", &problem) ||
        !skeym_incident_search_parse(&search, &url, &problem)) {
        answer = skeym_fhir_outcome_problem(&problem);
        goto out;
    }
    enum skeym_error error = gather(&at, &count, call);
    if (error) {
        answer = failed(error);
        goto out;
    }
    skeym_incident_search_write(&text, &search, &page, at, count);
    answer = skeym_fhir_outcome_answer(200, &text);
out:
    free(at);
    skeym_fhir_text_drop(&arena);
    return answer;
}

struct skeym_fhir_answer *skeym_desk_answer_incident(const struct skeym_desk_call *call)
{
    struct skeym_incident *at = NULL;
    struct skeym_fhir_text text = {0};
    size_t count = 0;
    uint64_t series = skeym_trail_series(call->service->trail);
    enum skeym_error error = gather(&at, &count, call);
    if (error) {
        free(at);
        return failed(error);
    }
    for (size_t i = 0; i < count; i++) {
        char id[SKEYM_INCIDENT_ID_BYTES];
        skeym_incident_id(id, &at[i], series);
        if (skeym_span_is(call->part, id)) {
            skeym_incident_write(&text, &at[i], series, OBSERVER);
            break;
        }
    }
    free(at);
    return text.size > 0 || text.bad
               ? skeym_fhir_outcome_answer(200, &text)
               : skeym_fhir_error_answer(404, "not-found", "no such event, or not any more");
}
