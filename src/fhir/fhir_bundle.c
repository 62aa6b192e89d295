/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles of type batch (each entry alone) and transaction (all or nothing). In a transaction, a
 * reference to another entry's fullUrl becomes a reference to the resource that this entry creates,
 * or, with ifNoneExist, to the one that is there already. A relative one is seen from its own
 * entry's fullUrl (FHIR R4, bundle.html#references): "Patient/7" in "http://a/Observation/1" is
 * "http://a/Patient/7", if the Bundle has that, and else this server's.
 */
#include "fhir/fhir_time.h"
#include "fhir/fhir_write.h"
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_target(struct skeym_fhir_url *url, const struct skeym_fhir_call *call,
                         struct skeym_span target, struct skeym_fhir_problem *problem)
{
    const char *base = call->request->base_url;
    if (skeym_span_starts(target, base)) {
        target = skeym_span_part(target, strlen(base), target.size);
    }
    if (skeym_span_starts(target, "/")) {
        target = skeym_span_part(target, 1, target.size);
    }
    return skeym_fhir_url_parse(url, call->arena, target, "", problem);
}

/* What a write is made to depend on. Left out of account it would overwrite, or come a second time.
 */
static bool check_conditions(struct json_object *request, struct skeym_fhir_problem *problem)
{
    static const char *const reads[] = {"ifNoneMatch", "ifModifiedSince"};
    static const char *const writes[] = {"ifMatch", "ifNoneExist"};
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        if (skeym_fhir_json_has(request, reads[i])) {
            return skeym_fhir_outcome_fail(problem, 400, "not-supported", "%s is for GET",
                                           reads[i]);
        }
    }
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        if (skeym_fhir_json_has(request, writes[i]) &&
            skeym_fhir_json_text(request, writes[i]).size == 0) {
            return skeym_fhir_outcome_fail(problem, 400, "structure", "%s is not a string",
                                           writes[i]);
        }
    }
    return true;
}

static bool begin_entry(struct skeym_fhir_entry *entry, struct skeym_fhir_job *job,
                        const struct skeym_fhir_call *call, struct json_object *given,
                        struct skeym_fhir_problem *problem)
{
    struct json_object *request = skeym_fhir_json_member(given, "request", json_type_object);
    struct json_object *resource = skeym_fhir_json_member(given, "resource", json_type_object);
    struct skeym_span method = skeym_fhir_json_text(request, "method");
    struct skeym_fhir_url url;
    if (!request) {
        return skeym_fhir_outcome_fail(problem, 400, "required", "request is missing");
    }
    entry->full_url = skeym_fhir_json_text(given, "fullUrl");
    if (!parse_target(&url, call, skeym_fhir_json_text(request, "url"), problem)) {
        return false;
    }
    bool is_put = skeym_span_is(method, "PUT");
    if (is_put || skeym_span_is(method, "POST")) {
        if (!resource) {
            return skeym_fhir_outcome_fail(problem, 400, "required", "resource is missing");
        }
        if (!check_conditions(request, problem)) {
            return false;
        }
        struct skeym_span if_match = skeym_fhir_json_text(request, "ifMatch");
        entry->if_match = skeym_fhir_text_keep(call->arena, if_match);
        if (!entry->if_match.data) {
            return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
        }
        if (!is_put && entry->if_match.size > 0) {
            return skeym_fhir_outcome_fail(problem, 400, "invalid", "ifMatch is for PUT");
        }
        return skeym_fhir_write_begin(entry, job, call, &url, resource, is_put, problem) &&
               skeym_fhir_write_condition(entry, call, skeym_fhir_json_text(request, "ifNoneExist"),
                                          problem);
    }
    if (!skeym_span_is(method, "GET")) {
        return skeym_fhir_outcome_fail(problem, 405, "not-supported",
                                       "this method is not served in a Bundle");
    }
    if (job->form == SKEYM_FHIR_TRANSACTION) {
        return skeym_fhir_outcome_fail(problem, 405, "not-supported",
                                       "GET is not served in a transaction: send it in a batch");
    }
    return skeym_fhir_read(&entry->read, call, &url, problem);
}

/* --- references within a transaction -------------------------------------------- */

static bool keep_id(void *arg, const struct skeym_store_record *record)
{
    struct skeym_fhir_entry *entry = arg;
    struct skeym_span id = skeym_fhir_text_keep(entry->row.arena, record->id);
    if (id.data) {
        entry->row.record.id = id;
        entry->referenced = false; /* it need not be created */
    }
    return false;
}

/* An entry that is referred to and has ifNoneExist stands for what is there already. The grant is
 * asked, and the search narrowed to the patient, before anything is looked at. The writer checks
 * again: had it been made in between, must_create fails and the client tries once more. */
static bool look_up(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                    struct skeym_fhir_problem *problem)
{
    if (!entry->referenced || !entry->none_exist || entry->must_create) {
        return true;
    }
    if (!skeym_fhir_write_ask(entry, call, problem)) {
        return false;
    }
    enum skeym_error error =
        skeym_store_search(call->reader, &entry->none_exist->query, keep_id, entry);
    return !error || skeym_fhir_outcome_store(problem, error);
}

/* With root and b as one; neither a nor b is empty. */
static int compare_urls(struct skeym_span a, struct skeym_span root, struct skeym_span b)
{
    size_t size = root.size + b.size; /* both of one body */
    if (a.size != size) {
        return a.size < size ? -1 : 1;
    }
    int order = root.size > 0 ? memcmp(a.data, root.data, root.size) : 0;
    return order != 0 ? order : memcmp(a.data + root.size, b.data, b.size);
}

static const struct skeym_span no_root;

/* By fullUrl; of the same, the first entry first. */
static int compare_entries(const void *left, const void *right)
{
    const struct skeym_fhir_entry *a = *(struct skeym_fhir_entry *const *)left;
    const struct skeym_fhir_entry *b = *(struct skeym_fhir_entry *const *)right;
    int order = compare_urls(a->full_url, no_root, b->full_url);
    return order ? order : (a > b) - (a < b);
}

static bool fail_entry(const struct skeym_fhir_job *job, const struct skeym_fhir_entry *entry,
                       const char *member, const char *why, struct skeym_fhir_problem *problem)
{
    skeym_fhir_outcome_fail(problem, 400, "invalid", "%s", why);
    (void)snprintf(problem->path, sizeof problem->path, "Bundle.entry[%zu].%s",
                   (size_t)(entry - job->entries), member);
    return false;
}

/* The writes that have a fullUrl, in order: a Bundle may have as many references as brackets. Which
 * of two with the same is referred to nobody can say, and it may be the patient. */
static bool sort_entries(struct skeym_fhir_job *job, struct skeym_fhir_problem *problem)
{
    job->by_url = skeym_fhir_text_take(&job->arena, (job->count + 1) * sizeof(*job->by_url));
    if (!job->by_url) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    for (size_t i = 0; i < job->count; i++) {
        if (job->entries[i].is_write && job->entries[i].full_url.size > 0) {
            job->by_url[job->by_url_count++] = &job->entries[i];
        }
    }
    qsort(job->by_url, job->by_url_count, sizeof(*job->by_url), compare_entries);
    for (size_t i = 1; i < job->by_url_count; i++) {
        const struct skeym_fhir_entry *entry = job->by_url[i];
        if (skeym_span_equal(entry->full_url, job->by_url[i - 1]->full_url)) {
            return fail_entry(job, entry, "fullUrl", "another entry has this fullUrl", problem);
        }
    }
    return true;
}

/* No server's is longer; and each of the references in an entry is compared with all of it. */
enum { ROOT_BYTES = 512 };

/* What a relative reference is relative to: of an entry with the fullUrl "http://a/Observation/1"
 * it is "http://a/". Empty for other kinds, as urn:uuid, and for one that is too long. */
static struct skeym_span root_of(struct skeym_span full_url)
{
    size_t size = full_url.size, slashes = 0;
    if (!skeym_span_starts(full_url, "http://") && !skeym_span_starts(full_url, "https://")) {
        return no_root;
    }
    while (slashes < 2) { /* it has them */
        slashes += full_url.data[--size] == '/';
    }
    return size < ROOT_BYTES ? skeym_span_part(full_url, 0, size + 1) : no_root;
}

static struct skeym_fhir_entry *find_entry(const struct skeym_fhir_job *job, struct skeym_span root,
                                           struct skeym_span url)
{
    size_t low = 0, high = job->by_url_count;
    while (low < high) { /* the first that is not before url */
        size_t middle = low + (high - low) / 2;
        if (compare_urls(job->by_url[middle]->full_url, root, url) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found =
        low < job->by_url_count && compare_urls(job->by_url[low]->full_url, root, url) == 0;
    return found ? job->by_url[low] : NULL;
}

/* Patients are resolved first: whose the others are may be known by a reference to one of them. */
enum pass { MARK, PATIENTS, OTHERS };

static bool is_in(enum pass pass, const struct skeym_fhir_entry *entry)
{
    return pass != MARK && (entry->row.record.kind == SKEYM_STORE_PATIENT) == (pass == PATIENTS);
}

static struct skeym_fhir_entry *referred_to(const struct skeym_fhir_job *job,
                                            struct skeym_span root, struct skeym_span url)
{
    struct skeym_fhir_entry *entry = find_entry(job, no_root, url);
    return entry || root.size == 0 ? entry : find_entry(job, root, url);
}

/* Every "reference" within value: marks the entry it names, or, in that entry's pass, is replaced.
 */
static void walk(struct skeym_fhir_job *job, struct json_object *value, struct skeym_span root,
                 enum pass pass)
{
    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            walk(job, json_object_array_get_idx(value, i), root, pass);
        }
    }
    if (!json_object_is_type(value, json_type_object)) {
        return;
    }
    json_object_object_foreach(value, key, member)
    {
        if (strcmp(key, "reference") != 0 || !json_object_is_type(member, json_type_string)) {
            walk(job, member, root, pass);
            continue;
        }
        struct skeym_span url = skeym_fhir_json_string(member);
        struct skeym_fhir_entry *entry = url.size > 0 ? referred_to(job, root, url) : NULL;
        if (entry && !entry->is_put && pass == MARK) {
            entry->referenced = true;
        }
        if (entry && is_in(pass, entry)) {
            char text[96];
            snprintf(text, sizeof text, "%s/%.*s", skeym_fhir_resource_name(entry->row.record.kind),
                     (int)entry->row.record.id.size, (const char *)entry->row.record.id.data);
            json_object_set_string(member, text);
        }
    }
}

static void walk_entry(struct skeym_fhir_job *job, size_t at, enum pass pass)
{
    const struct skeym_fhir_entry *entry = &job->entries[at];
    walk(job, entry->row.resource, root_of(entry->full_url), pass);
}

/* --- the whole ------------------------------------------------------------------- */

/* "Observation.status" is "Bundle.entry[1].resource.status". */
static void place(struct skeym_fhir_problem *problem, const struct skeym_fhir_problem *own,
                  size_t at)
{
    const char *dot = strchr(own->path, '.');
    const char *inner = dot ? dot + 1 : own->path;
    (void)snprintf(problem->path, sizeof problem->path, "Bundle.entry[%zu]%s%.48s", at,
                   inner[0] ? ".resource." : "", inner);
}

/* In a transaction the first problem is everybody's. */
static bool stops(struct skeym_fhir_job *job, size_t at, struct skeym_fhir_problem *problem)
{
    const struct skeym_fhir_problem *own = &job->entries[at].problem;
    if (job->form != SKEYM_FHIR_TRANSACTION || own->status == 0) {
        return false;
    }
    *problem = *own;
    place(problem, own, at);
    return true;
}

static bool resolve(struct skeym_fhir_job *job, const struct skeym_fhir_call *call,
                    struct skeym_fhir_problem *problem)
{
    if (!sort_entries(job, problem)) {
        return false;
    }
    if (job->by_url_count == 0) {
        return true; /* nothing that could be referred to */
    }
    for (size_t i = 0; i < job->count; i++) {
        walk_entry(job, i, MARK);
    }
    for (enum pass pass = PATIENTS; pass <= OTHERS; pass++) {
        for (size_t i = 0; i < job->count; i++) {
            struct skeym_fhir_entry *entry = &job->entries[i];
            if (is_in(pass, entry) && !look_up(entry, call, &entry->problem)) {
                return !stops(job, i, problem);
            }
        }
        for (size_t i = 0; i < job->count; i++) {
            walk_entry(job, i, pass);
        }
    }
    return true;
}

/* By what is updated; of the same, the first entry first. */
static int compare_targets(const void *left, const void *right)
{
    const struct skeym_fhir_entry *a = *(struct skeym_fhir_entry *const *)left;
    const struct skeym_fhir_entry *b = *(struct skeym_fhir_entry *const *)right;
    int kinds =
        (a->row.record.kind > b->row.record.kind) - (a->row.record.kind < b->row.record.kind);
    int ids = compare_urls(a->row.record.id, no_root, b->row.record.id);
    return kinds ? kinds : ids ? ids : (a > b) - (a < b);
}

/* What two entries update has no last one, as a transaction is in no order (FHIR R4,
 * http.html#trules). The store would say that it was changed meanwhile, and to try again. */
static bool check_targets(struct skeym_fhir_job *job, struct skeym_fhir_problem *problem)
{
    struct skeym_fhir_entry **list = job->by_url; /* all references are resolved */
    size_t count = 0;
    for (size_t i = 0; i < job->count; i++) {
        if (job->entries[i].is_put) {
            list[count++] = &job->entries[i];
        }
    }
    qsort(list, count, sizeof(*list), compare_targets);
    for (size_t i = 1; i < count; i++) {
        const struct skeym_store_record *one = &list[i - 1]->row.record,
                                        *two = &list[i]->row.record;
        if (one->kind == two->kind && skeym_span_equal(one->id, two->id)) {
            return fail_entry(job, list[i], "request.url", "another entry updates this resource",
                              problem);
        }
    }
    return true;
}

static bool read_form(struct skeym_fhir_job *job, struct skeym_fhir_problem *problem)
{
    struct skeym_span type = skeym_fhir_json_text(job->root, "type");
    if (!skeym_span_is(skeym_fhir_json_text(job->root, "resourceType"), "Bundle")) {
        return skeym_fhir_outcome_fail(problem, 400, "invalid", "resourceType is not Bundle");
    }
    if (skeym_span_is(type, "batch")) {
        job->form = SKEYM_FHIR_BATCH;
    } else if (skeym_span_is(type, "transaction")) {
        job->form = SKEYM_FHIR_TRANSACTION;
    } else {
        return skeym_fhir_outcome_at(problem, 422, "not-supported", "Bundle.type",
                                     "neither batch nor transaction");
    }
    return true;
}

bool skeym_fhir_bundle_parse(struct skeym_fhir_job *job, const struct skeym_fhir_call *call,
                             struct skeym_fhir_problem *problem)
{
    if (!read_form(job, problem)) {
        return false;
    }
    struct json_object *list = skeym_fhir_json_member(job->root, "entry", json_type_array);
    size_t count = list ? json_object_array_length(list) : 0;
    if (!list && skeym_fhir_json_has(job->root, "entry")) {
        return skeym_fhir_outcome_at(problem, 400, "structure", "Bundle.entry", "not an array");
    }
    if (count > SKEYM_FHIR_ENTRIES) {
        return skeym_fhir_outcome_fail(problem, 413, "too-costly", "more than %d entries",
                                       SKEYM_FHIR_ENTRIES);
    }
    job->entries = skeym_fhir_text_take(&job->arena, (count + 1) * sizeof *job->entries);
    if (!job->entries) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    job->count = count;
    for (size_t i = 0; i < count; i++) {
        struct skeym_fhir_entry *entry = &job->entries[i];
        (void)begin_entry(entry, job, call, json_object_array_get_idx(list, i), &entry->problem);
        if (stops(job, i, problem)) {
            return false;
        }
    }
    if (job->form == SKEYM_FHIR_TRANSACTION && !resolve(job, call, problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct skeym_fhir_entry *entry = &job->entries[i];
        if (entry->is_write && !entry->problem.status) {
            (void)skeym_fhir_write_check(entry, call, &entry->problem);
        }
        if (stops(job, i, problem)) {
            return false;
        }
    }
    return job->form != SKEYM_FHIR_TRANSACTION || check_targets(job, problem);
}

static void write_response(struct skeym_fhir_text *text, struct skeym_fhir_job *job,
                           struct skeym_fhir_entry *entry)
{
    struct skeym_store_record record = {0};
    int status =
        entry->is_write || entry->problem.status ? skeym_fhir_write_result(entry, &record) : 200;
    bool stored = entry->is_write && !entry->problem.status;
    skeym_fhir_text_add(text, "{");
    if (entry->read.size > 0) {
        skeym_fhir_text_add(text, "\"resource\":");
        skeym_fhir_text_span(text, skeym_fhir_text_view(&entry->read));
        skeym_fhir_text_add(text, ",");
        skeym_fhir_text_free(&entry->read); /* not twice in memory */
    } else if (stored) {
        skeym_fhir_text_add(text, "\"fullUrl\":\"");
        skeym_fhir_read_url(text, job->base_url, &record);
        skeym_fhir_text_add(text, "\",");
    }
    skeym_fhir_text_add(text, "\"response\":{\"status\":");
    skeym_fhir_text_quoted(text, skeym_fhir_outcome_status(status));
    if (stored) {
        char time[SKEYM_FHIR_TIME_BYTES];
        char etag[160];
        skeym_fhir_time_print(time, record.updated_ms);
        snprintf(etag, sizeof etag,
                 "/_history/%u\",\"etag\":\"W/\\\"%u\\\"\",\"lastModified\":\"%s\"",
                 (unsigned)record.version, (unsigned)record.version, time);
        skeym_fhir_text_add(text, ",\"location\":\"");
        skeym_fhir_text_add(text, skeym_fhir_resource_name(record.kind));
        skeym_fhir_text_add(text, "/");
        skeym_fhir_text_span(text, record.id);
        skeym_fhir_text_add(text, etag);
    }
    if (entry->problem.status) {
        skeym_fhir_text_add(text, ",\"outcome\":");
        skeym_fhir_outcome_write(text, &entry->problem, "error");
    }
    skeym_fhir_text_add(text, "}}");
}

struct skeym_fhir_answer *skeym_fhir_bundle_answer(struct skeym_fhir_job *job)
{
    struct skeym_fhir_text text = {0};
    unsigned forbidden = 0;
    bool all = job->form == SKEYM_FHIR_TRANSACTION;
    if (all && job->batch.error) {
        struct skeym_fhir_problem problem = {0};
        size_t failed = job->batch.failed;
        if (failed < job->count) { /* all entries of a transaction are writes */
            struct skeym_store_record record;
            (void)skeym_fhir_write_result(&job->entries[failed], &record);
            if (stops(job, failed, &problem)) {
                return skeym_fhir_outcome_problem(&problem);
            }
        }
        skeym_fhir_outcome_store(&problem, job->batch.error);
        return skeym_fhir_outcome_problem(&problem);
    }
    skeym_fhir_text_add(&text, "{\"resourceType\":\"Bundle\",\"type\":\"");
    skeym_fhir_text_add(&text, all ? "transaction-response\"" : "batch-response\"");
    for (size_t i = 0; i < job->count; i++) {
        skeym_fhir_text_add(&text, i == 0 ? ",\"entry\":[" : ",");
        write_response(&text, job, &job->entries[i]);
        forbidden += job->entries[i].problem.forbidden;
    }
    skeym_fhir_text_add(&text, job->count > 0 ? "]}" : "}");
    return skeym_fhir_outcome_counted(200, &text, forbidden);
}
