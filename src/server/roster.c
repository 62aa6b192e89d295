/* SPDX-License-Identifier: Apache-2.0 */
#include "server/roster.h"

#include "crypto/crypto.h"
#include "server/audit.h"
#include "server/home.h"
#include <stdlib.h>
#include <string.h>

/* While the file is read. */
struct reading {
    struct skeym_roster *roster;
    enum skeym_error error;
};

/* Room for one more of `size` bytes. */
static bool grow(void **at, size_t *room, size_t count, size_t size)
{
    if (count < *room) {
        return true;
    }
    size_t more = *room ? *room * 2 : 64;
    void *grown = reallocarray(*at, more, size);
    if (grown) {
        *at = grown;
        *room = more;
    }
    return grown != NULL;
}

static void name_of(struct skeym_name *out, struct json_object *event, const char *member)
{
    if (skeym_name_node(out, skeym_span_text(skeym_audit_get_text(event, member))) != SKEYM_OK) {
        *out = (struct skeym_name){0};
    }
}

static void scopes_of(struct skeym_scopes *out, struct json_object *event)
{
    struct json_object *words = NULL;
    if (!json_object_object_get_ex(event, "scopes", &words) ||
        !json_object_is_type(words, json_type_array)) {
        return;
    }
    for (size_t i = 0; i < json_object_array_length(words) && out->count < SKEYM_SCOPES_MAX; i++) {
        const char *word = json_object_get_string(json_object_array_get_idx(words, i));
        if (skeym_scope_parse(&out->at[out->count], skeym_span_text(word)) == SKEYM_OK) {
            out->count++;
        }
    }
}

static void add_node(struct reading *reading, struct json_object *event)
{
    struct skeym_roster *roster = reading->roster;
    struct skeym_roster_node node = {
        .enrolled_s = skeym_audit_get_number(event, "time"),
        .generation = skeym_audit_get_number(event, "generation"),
        .not_after_s = skeym_audit_get_number(event, "not_after"),
    };
    name_of(&node.id, event, "node");
    scopes_of(&node.scopes, event);
    if (skeym_role_parse(&node.role, skeym_span_text(skeym_audit_get_text(event, "role"))) !=
        SKEYM_OK) {
        node.role = 0;
    }
    void *nodes = roster->nodes;
    if (node.id.size == 0) {
        return;
    }
    if (!grow(&nodes, &roster->node_room, roster->node_count, sizeof node)) {
        reading->error = SKEYM_ERR_MEMORY;
        return;
    }
    roster->nodes = nodes;
    roster->nodes[roster->node_count++] = node;
}

static void keep_word(char out[SKEYM_INCIDENT_WORD_BYTES], const char *word)
{
    size_t size = 0;
    while (size < SKEYM_INCIDENT_WORD_BYTES - 1 && word[size] > ' ' && word[size] <= '~' &&
           word[size] != '"' && word[size] != '\\') {
        out[size] = word[size];
        size++;
    }
    out[size] = '\0';
}

static void take_event(void *arg, struct json_object *event)
{
    struct reading *reading = arg;
    struct skeym_roster *roster = reading->roster;
    struct skeym_incident incident = {
        .time_ms = UINT64_C(1000) * skeym_audit_get_number(event, "time"),
        .number = roster->event_count + 1,
        .filed = true,
    };
    keep_word(incident.event, skeym_audit_get_text(event, "event"));
    name_of(&incident.entity, event, "node");
    name_of(&incident.agent, event, "by");
    if (incident.agent.size == 0 && skeym_audit_get_text(event, "invitation")[0] != '\0' &&
        strcmp(incident.event, "enrol") == 0) {
        incident.agent = incident.entity; /* it came with an invitation, by itself */
    }
    if (strcmp(incident.event, "enrol") == 0) {
        add_node(reading, event);
    }
    void *events = roster->events;
    if (!grow(&events, &roster->event_room, roster->event_count, sizeof incident)) {
        reading->error = SKEYM_ERR_MEMORY;
        return;
    }
    roster->events = events;
    roster->events[roster->event_count++] = incident;
}

/* By id; of one id the newest enrolment last. */
static int by_id(const void *left, const void *right)
{
    const struct skeym_roster_node *a = left;
    const struct skeym_roster_node *b = right;
    size_t shorter = a->id.size < b->id.size ? a->id.size : b->id.size;
    int order = memcmp(a->id.text, b->id.text, shorter);
    if (order == 0) {
        order = (a->id.size > b->id.size) - (a->id.size < b->id.size);
    }
    if (order == 0) {
        order = (a->generation > b->generation) - (a->generation < b->generation);
    }
    if (order == 0) {
        order = (a->enrolled_s > b->enrolled_s) - (a->enrolled_s < b->enrolled_s);
    }
    return order;
}

static bool same_node(const struct skeym_roster_node *a, const struct skeym_roster_node *b)
{
    return skeym_span_equal(skeym_name_span(&a->id), skeym_name_span(&b->id));
}

static void keep_newest(struct skeym_roster *roster)
{
    size_t kept = 0;
    if (roster->node_count == 0) {
        return;
    }
    qsort(roster->nodes, roster->node_count, sizeof *roster->nodes, by_id);
    for (size_t i = 0; i < roster->node_count; i++) {
        bool last =
            i + 1 == roster->node_count || !same_node(&roster->nodes[i], &roster->nodes[i + 1]);
        if (last) {
            roster->nodes[kept++] = roster->nodes[i];
        }
    }
    roster->node_count = kept;
}

void skeym_roster_free(struct skeym_roster *roster)
{
    free(roster->nodes);
    free(roster->events);
    *roster = (struct skeym_roster){0};
}

static enum skeym_error read_anew(struct skeym_roster *roster, struct skeym_span text)
{
    struct reading reading = {.roster = roster};
    struct skeym_audit_gaps gaps;
    skeym_roster_free(roster);
    enum skeym_error error = skeym_audit_parse(text, take_event, &reading, &gaps);
    error = error ? error : reading.error;
    if (error) {
        skeym_roster_free(roster);
        return error;
    }
    roster->damaged = gaps.torn + gaps.damaged;
    roster->read = true;
    keep_newest(roster);
    return SKEYM_OK;
}

enum skeym_error skeym_roster_read(struct skeym_roster *roster, const char *dir)
{
    char *text = NULL;
    size_t size = 0;
    uint8_t hash[32];
    enum skeym_error error = skeym_home_audit_read(&text, &size, dir);
    if (error) {
        skeym_roster_free(roster);
        return error;
    }
    const struct skeym_span part = skeym_span(text, size);
    skeym_crypto_sha256(hash, &part, 1);
    if (!roster->read || !skeym_span_equal(skeym_span(hash, sizeof hash),
                                           skeym_span(roster->hash, sizeof roster->hash))) {
        error = read_anew(roster, part);
        memcpy(roster->hash, hash, sizeof hash);
    }
    free(text);
    return error;
}
