/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool skeym_fhir_write_id(struct skeym_span *id, const struct skeym_fhir_call *call,
                         struct skeym_fhir_problem *problem)
{
    static const char digits[] = "0123456789abcdef";
    const struct skeym_fhir_options *options = &call->fhir->options;
    uint8_t bytes[16];
    struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, 6});
    skeym_write_u48(&writer, call->request->now_ms & 0xffffffffffffu);
    if (options->random(options->random_arg, bytes + 6, sizeof bytes - 6)) {
        return skeym_fhir_outcome_fail(problem, 500, "exception", "no random bytes");
    }
    char *text = skeym_fhir_text_take(call->arena, 2 * sizeof bytes + 1);
    if (!text) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    *id = skeym_span(text, 2 * sizeof bytes);
    return true;
}

/* The request's, and in a Bundle this entry's own. false: no memory. */
static bool name_key(struct skeym_fhir_entry *entry, struct skeym_fhir_job *job)
{
    entry->key = job->key;
    if (job->key.size == 0 || job->form == SKEYM_FHIR_SINGLE) {
        return true;
    }
    size_t room = job->key.size + 24;
    char *text = skeym_fhir_text_take(&job->arena, room);
    if (text) {
        int size = snprintf(text, room, "%.*s/%zu", (int)job->key.size, (const char *)job->key.data,
                            (size_t)(entry - job->entries));
        entry->key = skeym_span(text, (size_t)size);
    }
    return text != NULL;
}

bool skeym_fhir_write_begin(struct skeym_fhir_entry *entry, struct skeym_fhir_job *job,
                            const struct skeym_fhir_call *call, const struct skeym_fhir_url *url,
                            struct json_object *resource, bool is_put,
                            struct skeym_fhir_problem *problem)
{
    struct skeym_store_record *record = &entry->row.record;
    if (url->segment_count == 0 || !skeym_fhir_resource_kind(url->segments[0], &record->kind)) {
        return skeym_fhir_outcome_fail(problem, 404, "not-supported",
                                       "no such path, or a resource that is not served");
    }
    bool conditional = is_put && url->segment_count == 1 && url->param_count > 0;
    if (!conditional && !skeym_fhir_search_only_format(url, problem)) {
        return false;
    }
    if (url->segment_count != (is_put && !conditional ? 2u : 1u) ||
        (is_put && record->kind == SKEYM_STORE_OBSERVATION)) {
        return skeym_fhir_outcome_fail(problem, 405, "not-supported",
                                       "this method is not served here");
    }
    entry->is_write = true;
    entry->is_put = is_put;
    entry->row.resource = resource;
    entry->row.base_url = job->base_url;
    entry->row.arena = &job->arena;
    record->writer = skeym_fhir_text_keep(&job->arena, call->request->node);
    if (!record->writer.data || !name_key(entry, job)) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    if (conditional) {
        return skeym_fhir_condition_put(entry, call, url, problem);
    }
    if (!is_put) {
        return skeym_fhir_write_id(&record->id, call, problem);
    }
    /* a copy: the target is gone when the store answers */
    record->id = skeym_fhir_text_keep(&job->arena, url->segments[1]);
    if (!skeym_fhir_url_is_id(record->id)) {
        return skeym_fhir_outcome_fail(problem, 400, "value", "not an id");
    }
    return skeym_span_equal(skeym_fhir_json_text(resource, "id"), record->id) ||
           skeym_fhir_outcome_fail(problem, 400, "value", "the resource's id is not the URL's");
}

bool skeym_fhir_write_condition(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                                struct skeym_span if_none_exist, struct skeym_fhir_problem *problem)
{
    struct skeym_fhir_url url;
    if (if_none_exist.size == 0) {
        return true;
    }
    if (entry->is_put) {
        return skeym_fhir_outcome_fail(problem, 400, "invalid", "If-None-Exist is for POST");
    }
    entry->none_exist = skeym_fhir_text_take(call->arena, sizeof *entry->none_exist);
    struct skeym_span kept = skeym_fhir_text_keep(call->arena, if_none_exist);
    if (!entry->none_exist || !kept.data) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    const struct skeym_store_record *record = &entry->row.record;
    if (!skeym_fhir_url_query(&url, call->arena, kept, problem) ||
        !skeym_fhir_search_parse(entry->none_exist, call->arena, &url, record->kind,
                                 SKEYM_FHIR_SEARCH_MATCH, call->request->now_ms, problem)) {
        return false;
    }
    return record->kind != SKEYM_STORE_OBSERVATION ||
           skeym_fhir_search_require(entry->none_exist, SKEYM_STORE_BY_WRITER, record->writer) ||
           skeym_fhir_outcome_store(problem, SKEYM_ERR_RANGE);
}

struct current {
    const struct skeym_fhir_call *call;
    struct skeym_fhir_problem *problem;
    uint32_t version;
    bool refused;
};

static bool take_current(void *arg, const struct skeym_store_record *record)
{
    struct current *current = arg;
    current->version = record->version;
    current->refused = !skeym_fhir_read_allowed(current->call, 'u', record->kind, record->patient,
                                                current->problem);
    return false;
}

/* A PUT must be allowed for the patient that the resource belongs to now, and will belong to. */
static bool check_put(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                      struct skeym_fhir_problem *problem)
{
    const struct skeym_store_record *record = &entry->row.record;
    struct current current = {.call = call, .problem = problem};
    if (!skeym_fhir_read_allowed(call, 'u', record->kind, record->patient, problem)) {
        return false;
    }
    enum skeym_error error =
        skeym_store_get(call->reader, record->kind, record->id, take_current, &current);
    if (error && error != SKEYM_ERR_NOT_FOUND) {
        return skeym_fhir_outcome_store(problem, error);
    }
    entry->version = current.version;
    if (current.refused || skeym_fhir_condition_match(entry->if_match, current.version, problem)) {
        return !current.refused;
    }
    /* It may be this very request, answered before, that made it so: the store knows by the key. */
    entry->unmatched = entry->key.size > 0;
    entry->version = entry->unmatched ? UINT32_MAX : current.version;
    memset(problem, 0, entry->unmatched ? sizeof *problem : 0);
    return entry->unmatched;
}

static bool check_post(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                       struct skeym_fhir_problem *problem)
{
    const struct skeym_store_record *record = &entry->row.record;
    struct skeym_fhir_problem unused;
    /* The id of a new patient is known to nobody: only who may write anybody's may create one. */
    struct skeym_span none = skeym_span(NULL, 0);
    struct skeym_span patient = record->kind == SKEYM_STORE_PATIENT ? none : record->patient;
    if (!skeym_fhir_read_allowed(call, 'c', record->kind, patient, problem)) {
        return false;
    }
    entry->may_read = skeym_fhir_read_allowed(call, 'r', record->kind, patient, &unused);
    entry->may_read_others = entry->may_read;
    entry->own_only = record->kind == SKEYM_STORE_OBSERVATION;
    if (record->kind == SKEYM_STORE_DEVICE && patient.size > 0) {
        /* A device that is there may be another patient's: that is for those who may meet any. */
        entry->may_read_others = skeym_fhir_read_allowed(call, 'r', record->kind, none, &unused);
        entry->own_only = !skeym_fhir_read_allowed(call, 'c', record->kind, none, &unused);
    }
    if (entry->none_exist && entry->own_only && !entry->narrowed &&
        !skeym_fhir_search_require(entry->none_exist, SKEYM_STORE_BY_PATIENT, patient)) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_RANGE);
    }
    entry->narrowed = true;
    return true;
}

bool skeym_fhir_write_ask(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                          struct skeym_fhir_problem *problem)
{
    return skeym_fhir_resource_check(&entry->row, problem) &&
           (entry->is_put ? check_put(entry, call, problem) : check_post(entry, call, problem));
}

bool skeym_fhir_write_check(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                            struct skeym_fhir_problem *problem)
{
    return skeym_fhir_write_ask(entry, call, problem) &&
           skeym_fhir_resource_body(&entry->row, problem);
}

/* --- jobs ------------------------------------------------------------------- */

struct skeym_fhir_job *skeym_fhir_write_job(const struct skeym_fhir_request *request,
                                            skeym_fhir_done done, void *arg)
{
    struct skeym_fhir_job *job = calloc(1, sizeof *job);
    if (!job) {
        return NULL;
    }
    job->done = done;
    job->arg = arg;
    job->unwritten = request->unwritten;
    job->base_url =
        (const char *)skeym_fhir_text_keep(&job->arena, skeym_span_text(request->base_url)).data;
    if (request->key.size > 0) {
        job->key = skeym_fhir_text_keep(&job->arena, request->key);
        memcpy(job->digest, request->digest, sizeof job->digest);
    }
    if (!job->base_url || (request->key.size > 0 && !job->key.data)) {
        skeym_fhir_text_drop(&job->arena);
        free(job);
        return NULL;
    }
    return job;
}

void skeym_fhir_write_free(struct skeym_fhir_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        skeym_fhir_text_free(&job->entries[i].read);
    }
    json_object_put(job->root);
    skeym_fhir_text_drop(&job->arena);
    free(job);
}

bool skeym_fhir_write_refuse(struct skeym_fhir_job *job, const struct skeym_fhir_problem *problem)
{
    struct skeym_fhir_answer *answer = skeym_fhir_outcome_problem(problem);
    skeym_fhir_done done = job->done;
    void *arg = job->arg;
    skeym_fhir_write_free(job);
    done(arg, answer);
    return true;
}

int skeym_fhir_write_result(struct skeym_fhir_entry *entry, struct skeym_store_record *record)
{
    struct skeym_fhir_problem *problem = &entry->problem;
    const struct skeym_store_write *write = entry->write;
    *record = entry->row.record;
    if (problem->status) {
        return problem->status;
    }
    if (write->error == SKEYM_ERR_CONFLICT && write->outcome == SKEYM_STORE_SEVERAL) {
        skeym_fhir_outcome_fail(problem, 412, "multiple-matches", "more than one matches");
    } else if (write->error == SKEYM_ERR_CONFLICT && write->outcome == SKEYM_STORE_TAKEN) {
        skeym_fhir_outcome_fail(problem, 409, "duplicate", "another resource has this identifier%s",
                                entry->referenced && !entry->none_exist
                                    ? ": who refers to it must give ifNoneExist"
                                    : "");
    } else if (write->error == SKEYM_ERR_CONFLICT && write->outcome == SKEYM_STORE_MISUSED) {
        skeym_fhir_outcome_fail(problem, 422, "business-rule",
                                "this idempotency key was used for another request");
    } else if (write->error == SKEYM_ERR_CONFLICT && entry->unmatched) {
        (void)skeym_fhir_condition_match(entry->if_match, entry->version, problem);
    } else if (write->error == SKEYM_ERR_TIMEOUT) {
        skeym_fhir_outcome_fail(problem, 412, "too-costly",
                                "to find out whether it exists takes too much work");
    } else if (write->error == SKEYM_ERR_CONFLICT && write->outcome == SKEYM_STORE_DIFFERS) {
        skeym_fhir_outcome_fail(problem, 409, "duplicate",
                                "this identifier was stored before, with other content");
    } else if (write->error) {
        skeym_fhir_outcome_store(problem, write->error);
    }
    if (problem->status) {
        return problem->status;
    }
    if (write->outcome == SKEYM_STORE_FOUND) {
        *record = write->found;
        return 200;
    }
    if (write->repeated) {
        record->id = write->found.id; /* all else is as in the request, which is the same */
    }
    record->version = write->version;
    record->updated_ms = write->updated_ms;
    return write->outcome == SKEYM_STORE_CREATED ? 201 : 200;
}

static bool may_read_found(const struct skeym_fhir_entry *entry)
{
    return skeym_span_equal(entry->write->found.patient, entry->row.record.patient)
               ? entry->may_read
               : entry->may_read_others;
}

static struct skeym_fhir_answer *single_answer(struct skeym_fhir_job *job)
{
    struct skeym_fhir_entry *entry = &job->entries[0];
    struct skeym_store_record record;
    struct skeym_fhir_text text = {0}, url = {0};
    int status = skeym_fhir_write_result(entry, &record);
    if (entry->problem.status) {
        return skeym_fhir_outcome_problem(&entry->problem);
    }
    if (entry->write->outcome == SKEYM_STORE_FOUND && !may_read_found(entry)) {
        struct skeym_fhir_problem note;
        skeym_fhir_outcome_fail(&note, 200, "informational", "it was stored before");
        skeym_fhir_outcome_write(&text, &note, "information");
    } else {
        skeym_fhir_resource_write(&text, &record);
    }
    struct skeym_fhir_answer *answer = skeym_fhir_outcome_answer(status, &text);
    skeym_fhir_read_url(&url, job->base_url, &record);
    if (answer->status == status && !url.bad) {
        snprintf(answer->location, sizeof answer->location, "%s/_history/%u", url.data,
                 (unsigned)record.version);
    }
    skeym_fhir_text_free(&url);
    return answer;
}

struct skeym_fhir_answer *skeym_fhir_answer_write(struct skeym_fhir_answer *answer)
{
    struct skeym_fhir_job *job = answer->job;
    if (!job) {
        return answer;
    }
    answer = job->form == SKEYM_FHIR_SINGLE ? single_answer(job) : skeym_fhir_bundle_answer(job);
    skeym_fhir_write_free(job);
    return answer;
}

/* Every write of the ward waits for this thread, so it writes no answer that another can write:
 * only what is found lives no longer than this. */
static void finish(void *arg, struct skeym_store_batch *batch)
{
    struct skeym_fhir_job *job = arg;
    skeym_fhir_done done = job->done;
    void *done_arg = job->arg;
    bool now = !job->unwritten;
    for (size_t i = 0; i < batch->count && !now; i++) {
        now = batch->writes[i].found.id.size > 0;
    }
    job->answer.job = job;
    done(done_arg, now ? skeym_fhir_answer_write(&job->answer) : &job->answer);
}

static void fill(struct skeym_store_write *write, const struct skeym_fhir_entry *entry,
                 const struct skeym_fhir_job *job, uint64_t now_ms)
{
    write->action = entry->is_put ? SKEYM_STORE_PUT : SKEYM_STORE_CREATE;
    write->record = entry->row.record;
    write->record.updated_ms = (int64_t)now_ms;
    write->tags = entry->row.tags;
    write->tag_count = entry->row.tag_count;
    write->none_exist = entry->none_exist ? &entry->none_exist->query : NULL;
    write->must_create = entry->referenced || entry->must_create;
    write->own_only = entry->own_only;
    write->same =
        entry->row.record.kind == SKEYM_STORE_OBSERVATION ? skeym_fhir_resource_same : NULL;
    write->expected_version = entry->version;
    write->key = entry->key;
    memcpy(write->digest, job->digest, sizeof write->digest);
}

bool skeym_fhir_write_submit(struct skeym_fhir_job *job, struct skeym_store *store, uint64_t now_ms)
{
    struct skeym_fhir_problem problem = {0};
    size_t count = 0;
    job->batch.writes =
        skeym_fhir_text_take(&job->arena, (job->count + 1) * sizeof *job->batch.writes);
    if (!job->batch.writes) {
        skeym_fhir_outcome_store(&problem, SKEYM_ERR_MEMORY);
        return skeym_fhir_write_refuse(job, &problem);
    }
    for (size_t i = 0; i < job->count; i++) {
        struct skeym_fhir_entry *entry = &job->entries[i];
        if (entry->is_write && !entry->problem.status) {
            entry->write = &job->batch.writes[count++];
            fill(entry->write, entry, job, now_ms);
        }
    }
    /* Rows point into the arena alone: what was parsed goes here, where it came from. */
    json_object_put(job->root);
    job->root = NULL;
    job->batch.count = count;
    job->batch.atomic = job->form == SKEYM_FHIR_TRANSACTION;
    job->batch.done = finish;
    job->batch.arg = job;
    if (count == 0) {
        job->unwritten = false;
        finish(job, &job->batch);
        return true;
    }
    enum skeym_error error = skeym_store_submit(store, &job->batch);
    if (error) {
        skeym_fhir_outcome_store(&problem, error);
        return skeym_fhir_write_refuse(job, &problem);
    }
    return false;
}
