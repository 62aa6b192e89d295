/* SPDX-License-Identifier: Apache-2.0 */
/* PUT that depends on what is there: by a search instead of an id, or by If-Match. */
#include "fhir/fhir_write.h"

#include <stdio.h>
#include <string.h>

struct met {
    struct skeym_fhir_arena *arena;
    struct skeym_span id;
    unsigned count;
    bool no_memory;
};

static bool take(void *arg, const struct skeym_store_record *record)
{
    struct met *met = arg;
    met->id = skeym_fhir_text_keep(met->arena, record->id);
    met->no_memory = !met->id.data;
    return ++met->count < 2 && !met->no_memory;
}

/* Nothing was found: a create. An id of the resource itself would make it an update as create,
 * which this is not: it could be there and be another patient's. */
static bool create(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                   struct skeym_fhir_problem *problem)
{
    struct skeym_span given = skeym_fhir_json_text(entry->row.resource, "id");
    if (entry->if_match.size > 0) {
        return skeym_fhir_condition_match(entry->if_match, 0, problem);
    }
    if (given.size > 0) {
        return skeym_fhir_outcome_at(problem, 400, "not-supported", "id",
                                     "nothing was found to update: leave the id out, or PUT to it");
    }
    entry->is_put = false;
    entry->must_create = true;
    return skeym_fhir_write_id(&entry->row.record.id, call, problem);
}

static bool update(struct skeym_fhir_entry *entry, struct skeym_span id,
                   struct skeym_fhir_problem *problem)
{
    struct skeym_span given = skeym_fhir_json_text(entry->row.resource, "id");
    entry->none_exist = NULL;
    entry->row.record.id = id;
    return given.size == 0 || skeym_span_equal(given, id) ||
           skeym_fhir_outcome_at(problem, 400, "value", "id",
                                 "not the id of the resource that was found");
}

bool skeym_fhir_condition_put(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                              const struct skeym_fhir_url *url, struct skeym_fhir_problem *problem)
{
    enum skeym_store_kind kind = entry->row.record.kind;
    struct met met = {.arena = call->arena};
    /* To learn whether one is there is to search among everybody's. */
    if (!skeym_fhir_read_allowed(call, 's', kind, skeym_span(NULL, 0), problem)) {
        return false;
    }
    entry->none_exist = skeym_fhir_text_take(call->arena, sizeof *entry->none_exist);
    if (!entry->none_exist) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    if (!skeym_fhir_search_parse(entry->none_exist, call->arena, url, kind, SKEYM_FHIR_SEARCH_MATCH,
                                 call->request->now_ms, problem)) {
        return false;
    }
    enum skeym_error error =
        skeym_store_search(call->reader, &entry->none_exist->query, take, &met);
    if (error || met.no_memory) {
        return skeym_fhir_outcome_store(problem, error ? error : SKEYM_ERR_MEMORY);
    }
    if (met.count > 1) {
        return skeym_fhir_outcome_fail(problem, 412, "multiple-matches", "more than one matches");
    }
    return met.count > 0 ? update(entry, met.id, problem) : create(entry, call, problem);
}

bool skeym_fhir_condition_match(struct skeym_span if_match, uint32_t version,
                                struct skeym_fhir_problem *problem)
{
    char tag[24];
    if (if_match.size == 0) {
        return true;
    }
    (void)snprintf(tag, sizeof tag, "W/\"%u\"", (unsigned)version);
    bool strong = skeym_span_is(if_match, tag + strlen("W/"));
    if (version > 0 && (strong || skeym_span_is(if_match, tag))) {
        return true;
    }
    return skeym_fhir_outcome_fail(problem, 412, "conflict",
                                   "the version that is there is not that of If-Match");
}
