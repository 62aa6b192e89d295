/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir.h"

#include "fhir/fhir_post.h"
#include "fhir/fhir_write.h"
#include <stdlib.h>

static const char *const base_path = "/fhir";

enum skeym_error skeym_fhir_new(struct skeym_fhir **out, const struct skeym_fhir_options *options)
{
    *out = calloc(1, sizeof **out);
    if (!*out) {
        return SKEYM_ERR_MEMORY;
    }
    (*out)->options = *options;
    return SKEYM_OK;
}

void skeym_fhir_free(struct skeym_fhir *fhir)
{
    free(fhir);
}

bool skeym_fhir_is_write(struct skeym_span method, struct skeym_span target)
{
    return (skeym_span_is(method, "POST") && !skeym_fhir_post_reads(target)) ||
           skeym_span_is(method, "PUT");
}

/* What is asked, of a GET or of a POST that only reads. */
static bool read_url(struct skeym_fhir_url *url, const struct skeym_fhir_call *call,
                     struct skeym_fhir_problem *problem)
{
    struct skeym_span target = call->request->target;
    enum skeym_store_kind kind;
    if (skeym_span_is(call->request->method, "GET")) {
        return skeym_fhir_url_parse(url, call->arena, target, base_path, problem);
    }
    if (!skeym_fhir_post_target(&target, call->arena, call->request, problem) ||
        !skeym_fhir_url_parse(url, call->arena, target, base_path, problem)) {
        return false;
    }
    bool search = url->segment_count == 1 ||
                  (url->segment_count == 2 && skeym_span_is(url->segments[1], "$lastn"));
    return (search && skeym_fhir_resource_kind(url->segments[0], &kind)) ||
           skeym_fhir_outcome_fail(problem, 404, "not-supported",
                                   "no such path, or a resource that is not served");
}

static bool handle_read(const struct skeym_fhir_call *call, skeym_fhir_done done, void *arg)
{
    struct skeym_fhir_problem problem = {0};
    struct skeym_fhir_text text = {0};
    struct skeym_fhir_url url;
    struct skeym_fhir_answer *answer = NULL;
    if (read_url(&url, call, &problem) && skeym_fhir_read(&text, call, &url, &problem)) {
        answer = skeym_fhir_outcome_answer(200, &text);
    } else {
        skeym_fhir_text_free(&text);
        answer = skeym_fhir_outcome_problem(&problem);
    }
    done(arg, answer);
    return true;
}

/* Everything of a write up to the store; false and a problem. */
static bool prepare(struct skeym_fhir_job *job, const struct skeym_fhir_call *call,
                    struct skeym_fhir_problem *problem)
{
    const struct skeym_fhir_request *request = call->request;
    bool is_put = skeym_span_is(request->method, "PUT");
    struct skeym_fhir_url url;
    if (!skeym_fhir_url_parse(&url, call->arena, request->target, base_path, problem)) {
        return false;
    }
    if (skeym_fhir_post_type(request->content_type) != SKEYM_FHIR_POST_JSON) {
        return skeym_fhir_outcome_fail(problem, 415, "not-supported",
                                       "the body must be application/fhir+json in UTF-8");
    }
    job->root = skeym_fhir_json_parse(request->body, problem);
    if (!job->root) {
        return false;
    }
    if (url.segment_count == 0) {
        return is_put ? skeym_fhir_outcome_fail(problem, 405, "not-supported",
                                                "this method is not served here")
                      : skeym_fhir_search_only_format(&url, problem) &&
                            skeym_fhir_bundle_parse(job, call, problem);
    }
    job->entries = skeym_fhir_text_take(&job->arena, sizeof *job->entries);
    if (!job->entries) {
        return skeym_fhir_outcome_store(problem, SKEYM_ERR_MEMORY);
    }
    job->count = 1;
    return skeym_fhir_write_begin(&job->entries[0], job, call, &url, job->root, is_put, problem) &&
           skeym_fhir_write_condition(&job->entries[0], call, request->if_none_exist, problem) &&
           skeym_fhir_write_check(&job->entries[0], call, problem);
}

static bool handle_write(struct skeym_fhir_call *call, skeym_fhir_done done, void *arg)
{
    struct skeym_fhir_problem problem = {0};
    struct skeym_fhir_job *job = skeym_fhir_write_job(call->request, done, arg);
    if (!job) {
        skeym_fhir_outcome_store(&problem, SKEYM_ERR_MEMORY);
        done(arg, skeym_fhir_outcome_problem(&problem));
        return true;
    }
    call->arena = &job->arena;
    if (!prepare(job, call, &problem)) {
        return skeym_fhir_write_refuse(job, &problem);
    }
    return skeym_fhir_write_submit(job, call->fhir->options.store, call->request->now_ms);
}

bool skeym_fhir_handle(struct skeym_fhir *fhir, struct skeym_store_reader *reader,
                       const struct skeym_fhir_request *request, skeym_fhir_done done, void *arg)
{
    struct skeym_fhir_arena arena = {0};
    size_t room = SKEYM_FHIR_ANSWER_BYTES;
    struct skeym_fhir_call call = {fhir, reader, request, &arena, &room};
    skeym_store_reader_budget(reader); /* one for the whole request, also when it is a Bundle */
    if (skeym_fhir_is_write(request->method, request->target)) {
        return handle_write(&call, done, arg);
    }
    if (!skeym_span_is(request->method, "GET") && !skeym_span_is(request->method, "POST")) {
        done(arg, skeym_fhir_error_answer(405, "not-supported", "this method is not served"));
        return true;
    }
    bool finished = handle_read(&call, done, arg);
    skeym_fhir_text_drop(&arena);
    return finished;
}
