/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_read.h"

#include "fhir/fhir_time.h"
#include <stdio.h>
#include <string.h>

bool skeym_fhir_read_allowed(const struct skeym_fhir_call *call, char interaction,
                             enum skeym_store_kind kind, struct skeym_span patient,
                             struct skeym_fhir_problem *problem)
{
    const struct skeym_fhir_grant *grant = &call->request->grant;
    struct skeym_span type = skeym_span_text(skeym_fhir_resource_name(kind));
    return grant->allows(grant->arg, interaction, type, patient) ||
           skeym_fhir_outcome_fail(problem, 403, "forbidden", "not within your scopes");
}

void skeym_fhir_read_url(struct skeym_fhir_text *text, const char *base_url,
                         const struct skeym_store_record *record)
{
    skeym_fhir_text_add(text, base_url);
    skeym_fhir_text_add(text, "/");
    skeym_fhir_text_add(text, skeym_fhir_resource_name(record->kind));
    skeym_fhir_text_add(text, "/");
    skeym_fhir_text_span(text, record->id);
}

/* Once something does not fit, nothing more is looked at: to fetch what is then thrown away costs
 * as much as to answer it. */
static bool no_room(const struct skeym_fhir_call *call, struct skeym_fhir_problem *problem)
{
    *call->room = 0;
    return skeym_fhir_outcome_fail(problem, 413, "too-costly",
                                   "the answers are too large for one request: ask for less");
}

/* --- one resource ----------------------------------------------------------- */

struct one {
    const struct skeym_fhir_call *call;
    struct skeym_fhir_text *out;
    struct skeym_span version; /* empty: whichever */
    struct skeym_fhir_problem *problem;
    bool right;
};

static bool is_version(struct skeym_span asked, uint32_t version)
{
    char text[16];
    snprintf(text, sizeof text, "%u", (unsigned)version);
    return skeym_span_is(asked, text);
}

static bool write_one(void *arg, const struct skeym_store_record *record)
{
    struct one *one = arg;
    if (!skeym_fhir_read_allowed(one->call, 'r', record->kind, record->patient, one->problem)) {
        /* word for word what is answered when it is not there */
        skeym_fhir_outcome_store(one->problem, SKEYM_ERR_NOT_FOUND);
        one->problem->forbidden = true;
        return false;
    }
    if (one->version.size > 0 && !is_version(one->version, record->version)) {
        return skeym_fhir_outcome_fail(one->problem, 404, "not-found",
                                       "only the current version is kept");
    }
    if (record->body.size > *one->call->room) {
        return no_room(one->call, one->problem);
    }
    skeym_fhir_resource_write(one->out, record);
    one->right = true;
    return false;
}

static bool read_one(struct skeym_fhir_text *out, const struct skeym_fhir_call *call,
                     enum skeym_store_kind kind, const struct skeym_fhir_url *url,
                     struct skeym_fhir_problem *problem)
{
    struct one one = {.call = call, .out = out, .problem = problem};
    struct skeym_span id = url->segments[1];
    if (url->segment_count == 4 && skeym_span_is(url->segments[2], "_history")) {
        one.version = url->segments[3];
    } else if (url->segment_count != 2) {
        return skeym_fhir_outcome_fail(problem, 404, "not-found", "no such path");
    }
    if (!skeym_fhir_url_is_id(id)) {
        return skeym_fhir_outcome_fail(problem, 400, "value", "not an id");
    }
    if (!skeym_fhir_search_only_format(url, problem)) {
        return false;
    }
    /* Where the URL names the patient, the answer does not depend on what is there. */
    if (kind == SKEYM_STORE_PATIENT && !skeym_fhir_read_allowed(call, 'r', kind, id, problem)) {
        return false;
    }
    enum skeym_error error = skeym_store_get(call->reader, kind, id, write_one, &one);
    return error ? skeym_fhir_outcome_store(problem, error) : one.right;
}

/* --- a page ------------------------------------------------------------------ */

struct page {
    const struct skeym_fhir_call *call;
    struct skeym_fhir_text entries;
    size_t room; /* of the entries; one row alone may be larger, if it is the whole page's */
    uint32_t count, count_max;
    bool more;     /* there are rows after the last one written */
    bool too_much; /* not even one fits */
    enum skeym_store_order order;
    int64_t last_key;
    char last_id[SKEYM_FHIR_ID_BYTES];
    size_t last_size;
};

static bool write_entry(void *arg, const struct skeym_store_record *record)
{
    struct page *page = arg;
    struct skeym_fhir_text *text = &page->entries;
    if (page->count_max == 0) {
        page->count++;
        return true;
    }
    bool fits = text->size < page->room && record->body.size <= page->room - text->size;
    if (page->count == 0 && !fits && page->room < SKEYM_FHIR_PAGE_BYTES) {
        page->too_much = true;
        return false;
    }
    if (page->count > 0 && (page->count == page->count_max || !fits)) {
        page->more = true;
        return false;
    }
    skeym_fhir_text_add(text, page->count > 0 ? ",{\"fullUrl\":\"" : "{\"fullUrl\":\"");
    skeym_fhir_read_url(text, page->call->request->base_url, record);
    skeym_fhir_text_add(text, "\",\"resource\":");
    skeym_fhir_resource_write(text, record);
    skeym_fhir_text_add(text, ",\"search\":{\"mode\":\"match\"}}");
    page->count++;
    page->last_key = page->order == SKEYM_STORE_ORDER_TIME      ? record->start_ms
                     : page->order == SKEYM_STORE_ORDER_UPDATED ? record->updated_ms
                                                                : 0;
    page->last_size =
        record->id.size < sizeof page->last_id ? record->id.size : sizeof page->last_id;
    if (page->last_size > 0) { /* a row that is not ours may have none */
        memcpy(page->last_id, record->id.data, page->last_size);
    }
    return !text->bad;
}

/* The search's own address, with or without a cursor. */
static void write_link(struct skeym_fhir_text *text, const struct skeym_fhir_call *call,
                       const struct skeym_fhir_url *url, struct skeym_span cursor)
{
    struct skeym_fhir_text link = {0};
    char glue = '?';
    skeym_fhir_text_add(&link, call->request->base_url);
    for (size_t i = 0; i < url->segment_count; i++) {
        skeym_fhir_text_add(&link, "/");
        skeym_fhir_text_span(&link, url->segments[i]);
    }
    for (size_t i = 0; i < url->param_count; i++) {
        if (cursor.size > 0 && skeym_span_is(url->params[i].name, "_cursor")) {
            continue;
        }
        skeym_fhir_text_span(&link, skeym_span(&glue, 1));
        skeym_fhir_text_span(&link, url->params[i].raw);
        glue = '&';
    }
    if (cursor.size > 0) {
        skeym_fhir_text_span(&link, skeym_span(&glue, 1));
        skeym_fhir_text_add(&link, "_cursor=");
        skeym_fhir_text_span(&link, cursor);
    }
    skeym_fhir_text_string(text, skeym_fhir_text_view(&link));
    text->bad = text->bad || link.bad;
    skeym_fhir_text_free(&link);
}

static void write_bundle(struct skeym_fhir_text *out, const struct page *page,
                         const struct skeym_fhir_search *search, const struct skeym_fhir_url *url)
{
    skeym_fhir_text_add(out, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\"");
    if (!page->more && !search->query.resume) {
        skeym_fhir_text_add(out, ",\"total\":");
        skeym_fhir_text_number(out, page->count);
    }
    skeym_fhir_text_add(out, ",\"link\":[{\"relation\":\"self\",\"url\":");
    write_link(out, page->call, url, skeym_span(NULL, 0));
    if (page->more) {
        struct skeym_fhir_text cursor = {0};
        skeym_fhir_search_cursor(&cursor, search, page->last_key,
                                 skeym_span(page->last_id, page->last_size));
        skeym_fhir_text_add(out, "},{\"relation\":\"next\",\"url\":");
        write_link(out, page->call, url, skeym_fhir_text_view(&cursor));
        skeym_fhir_text_free(&cursor);
    }
    skeym_fhir_text_add(out, "}]");
    if (page->entries.size > 0) { /* FHIR has no empty arrays */
        skeym_fhir_text_add(out, ",\"entry\":[");
        skeym_fhir_text_span(out, skeym_fhir_text_view(&page->entries));
        skeym_fhir_text_add(out, "]");
    }
    skeym_fhir_text_add(out, "}");
    out->bad = out->bad || page->entries.bad;
}

static bool allowed_search(const struct skeym_fhir_call *call,
                           const struct skeym_fhir_search *search,
                           struct skeym_fhir_problem *problem)
{
    const struct skeym_store_test *patients = skeym_fhir_search_patients(search);
    struct skeym_span anybody = skeym_span(NULL, 0);
    if (!patients) {
        return skeym_fhir_read_allowed(call, 's', search->query.kind, anybody, problem);
    }
    for (size_t i = 0; i < patients->count; i++) {
        if (!skeym_fhir_read_allowed(call, 's', search->query.kind, patients->values[i].text,
                                     problem)) {
            return false;
        }
    }
    return true;
}

static bool search(struct skeym_fhir_text *out, const struct skeym_fhir_call *call,
                   enum skeym_store_kind kind, const struct skeym_fhir_url *url,
                   enum skeym_fhir_search_use use, struct skeym_fhir_problem *problem)
{
    struct skeym_fhir_search *search = skeym_fhir_text_take(call->arena, sizeof *search);
    bool latest = use == SKEYM_FHIR_SEARCH_LATEST;
    if (!search) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    if (!skeym_fhir_search_parse(search, call->arena, url, kind, use, call->request->now_ms,
                                 problem) ||
        !allowed_search(call, search, problem)) {
        return false;
    }
    struct page page = {.call = call,
                        .order = search->query.order,
                        .room = *call->room < SKEYM_FHIR_PAGE_BYTES ? *call->room
                                                                    : SKEYM_FHIR_PAGE_BYTES,
                        .count_max = latest ? UINT32_MAX : search->count};
    enum skeym_error error =
        latest ? skeym_store_latest(call->reader, &search->query, write_entry, &page)
               : skeym_store_search(call->reader, &search->query, write_entry, &page);
    if (!error && latest && page.more) {
        error = SKEYM_ERR_RANGE; /* there is no second page of $lastn */
    }
    if (!error && !page.too_much) {
        write_bundle(out, &page, search, url);
    }
    skeym_fhir_text_free(&page.entries);
    if (error) {
        return skeym_fhir_outcome_store(problem, error);
    }
    return !page.too_much || no_room(call, problem);
}

/* Patient/1/Observation: FHIR's compartment of a patient, as far as it is stored here. */
static bool is_compartment(const struct skeym_fhir_url *url)
{
    return url->segment_count == SKEYM_FHIR_COMPARTMENT_SEGMENTS &&
           skeym_span_is(url->segments[0], "Patient") &&
           skeym_span_is(url->segments[2], "Observation") && skeym_fhir_url_is_id(url->segments[1]);
}

static bool read_any(struct skeym_fhir_text *out, const struct skeym_fhir_call *call,
                     const struct skeym_fhir_url *url, struct skeym_fhir_problem *problem)
{
    enum skeym_store_kind kind = SKEYM_STORE_OBSERVATION;
    struct skeym_span first = url->segments[0];
    if (url->segment_count == 1 && skeym_span_is(first, "metadata")) {
        if (!skeym_fhir_search_only_format(url, problem)) {
            return false;
        }
        skeym_fhir_metadata(out, call);
        return true;
    }
    if (url->segment_count == 0 || !skeym_fhir_resource_kind(first, &kind)) {
        return skeym_fhir_outcome_fail(problem, 404, "not-supported",
                                       "no such path, or a resource that is not served");
    }
    if (url->segment_count == 1) {
        return search(out, call, kind, url, SKEYM_FHIR_SEARCH_PAGE, problem);
    }
    if (url->segment_count == 2 && kind == SKEYM_STORE_OBSERVATION &&
        skeym_span_is(url->segments[1], "$lastn")) {
        return search(out, call, kind, url, SKEYM_FHIR_SEARCH_LATEST, problem);
    }
    if (is_compartment(url)) {
        return search(out, call, SKEYM_STORE_OBSERVATION, url, SKEYM_FHIR_SEARCH_PAGE, problem);
    }
    return read_one(out, call, kind, url, problem);
}

bool skeym_fhir_read(struct skeym_fhir_text *out, const struct skeym_fhir_call *call,
                     const struct skeym_fhir_url *url, struct skeym_fhir_problem *problem)
{
    if (*call->room == 0) {
        return no_room(call, problem);
    }
    if (!read_any(out, call, url, problem)) {
        return false;
    }
    *call->room -= out->size < *call->room ? out->size : *call->room;
    return true;
}
