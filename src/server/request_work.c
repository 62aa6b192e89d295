/* SPDX-License-Identifier: Apache-2.0 */
#include "server/request_work.h"

#include "crypto/crypto.h"
#include <stdlib.h>

/* The answer may come before or after the connection is suspended; who comes second resumes it. */
enum stage { RUNNING, DONE, PARKED };

/* --- what is asked ------------------------------------------------------------------ */

/* Opens the JWE into work->plain. */
static enum skeym_error open_body(struct skeym_request_work *work, struct skeym_jwe *jwe,
                                  const struct skeym_admission *admission,
                                  const struct skeym_head *head, struct skeym_span body)
{
    if (!skeym_span_is(head->content_type, SKEYM_JOSE_TYPE)) {
        return SKEYM_ERR_UNSUPPORTED;
    }
    work->plain_room = SKEYM_BASE64URL_BYTES(body.size);
    work->plain = malloc(work->plain_room ? work->plain_room : 1);
    if (!work->plain) {
        return SKEYM_ERR_MEMORY;
    }
    return skeym_jwe_open((struct skeym_room){work->plain, work->plain_room}, jwe,
                          admission->keys.request, false, body);
}

static bool is_closed(const struct skeym_head *head)
{
    return skeym_span_is(head->method, "POST") && skeym_span_is(head->target, SKEYM_EXCHANGE_PATH);
}

/* The open form is brought into the closed one's shape. */
static enum skeym_error read_asked(struct skeym_closed *asked, struct skeym_request_work *work,
                                   struct skeym_jwe *jwe, const struct skeym_admission *admission,
                                   const struct skeym_head *head, struct skeym_span body)
{
    enum skeym_error error = SKEYM_OK;
    if (body.size) {
        error = open_body(work, jwe, admission, head, body);
    }
    if (error) {
        return error;
    }
    struct skeym_span plain = skeym_span(work->plain, jwe->size);
    struct skeym_span cty = skeym_span(jwe->cty, jwe->cty_size);
    skeym_metrics_add(&work->service->metrics, SKEYM_COUNT_SEALED_IN, jwe->size);
    if (!is_closed(head)) {
        *asked = (struct skeym_closed){
            .method = head->method, .target = head->target, .content_type = cty, .body = plain};
        return SKEYM_OK;
    }
    if (!skeym_span_is(cty, SKEYM_CLOSED_TYPE)) {
        return SKEYM_ERR_UNSUPPORTED;
    }
    return skeym_closed_read(asked, plain);
}

/* --- who may -------------------------------------------------------------------------- */

static bool allows(void *arg, char interaction, struct skeym_span type, struct skeym_span patient)
{
    static const struct {
        char interaction;
        enum skeym_action action;
    } actions[] = {
        {'c', SKEYM_ACTION_CREATE},
        {'r', SKEYM_ACTION_READ},
        {'u', SKEYM_ACTION_UPDATE},
        {'s', SKEYM_ACTION_SEARCH},
    };
    const struct skeym_admission *admission = arg;
    uint8_t number = 0;
    if (skeym_scope_type(&number, type) != SKEYM_OK) {
        return false;
    }
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (actions[i].interaction == interaction) {
            return skeym_scopes_allow(&admission->claims.scopes, actions[i].action, number,
                                      patient);
        }
    }
    return false;
}

/* --- the handler ----------------------------------------------------------------------- */

/* On any thread; after it has resumed the connection, work may be gone. */
static void take_answer(void *arg, struct skeym_fhir_answer *answer)
{
    struct skeym_request_work *work = arg;
    struct MHD_Connection *connection = work->connection;
    struct skeym_service *service = work->service;
    work->answer = answer;
    if (atomic_exchange(&work->stage, DONE) == PARKED) {
        MHD_resume_connection(connection);
        atomic_fetch_sub(&service->parked, 1);
    }
}

static void park(struct skeym_request_work *work)
{
    struct MHD_Connection *connection = work->connection;
    struct skeym_service *service = work->service;
    int stage = RUNNING;
    work->parked = true;
    atomic_fetch_add(&service->parked, 1);
    MHD_suspend_connection(connection);
    if (!atomic_compare_exchange_strong(&work->stage, &stage, PARKED)) {
        MHD_resume_connection(connection);
        atomic_fetch_sub(&service->parked, 1);
    }
}

/* By which a request is told from another one under the same idempotency key. Lengths need no mark:
 * a target has no line's end, and nor has a field. */
static void digest_of(uint8_t out[SKEYM_SHA256_BYTES], const struct skeym_closed *asked)
{
    const struct skeym_span parts[] = {
        asked->method,        skeym_span_text(" "),  asked->target, skeym_span_text("\n"),
        asked->if_none_exist, skeym_span_text("\n"), asked->body,
    };
    skeym_crypto_sha256(out, parts, sizeof parts / sizeof parts[0]);
}

static void handle(struct skeym_request_work *work, struct skeym_admission *admission,
                   const struct skeym_closed *asked)
{
    struct skeym_service *service = work->service;
    if (skeym_desk_find(&work->desk, asked->method, asked->target)) {
        work->desk.service = service;
        work->desk.admission = admission;
        work->desk.now_ms = work->now_ms;
        work->desk.done = take_answer;
        work->desk.arg = work;
        work->at_once = skeym_desk_take(service->desk, &work->desk);
        if (!work->at_once) {
            park(work);
        }
        return;
    }
    struct skeym_store_reader *reader = skeym_readers_take(service->readers);
    if (!reader) {
        take_answer(work, skeym_fhir_error_answer(503, "transient", "no reader is free"));
        return;
    }
    struct skeym_fhir_request request = {
        .method = asked->method,
        .target = asked->target,
        .content_type = asked->content_type,
        .body = asked->body,
        .if_none_exist = asked->if_none_exist,
        .key = asked->idempotency_key,
        .node = skeym_name_span(&admission->claims.id),
        .grant = {allows, admission},
        .base_url = service->base_url,
        .now_ms = work->now_ms,
        .unwritten = true,
    };
    if (request.key.size > 0) {
        digest_of(request.digest, asked);
    }
    bool done = skeym_fhir_handle(service->fhir, reader, &request, take_answer, work);
    skeym_readers_give(service->readers, reader);
    if (!done) {
        park(work);
    }
}

void skeym_request_work_run(struct skeym_request_work *work, struct skeym_service *service,
                            struct MHD_Connection *connection, struct skeym_admission *admission,
                            const struct skeym_head *head, struct skeym_span body)
{
    struct skeym_closed asked = {0};
    struct skeym_jwe jwe = {0};
    work->service = service;
    work->connection = connection;
    enum skeym_error error = read_asked(&asked, work, &jwe, admission, head, body);
    if (!error) {
        handle(work, admission, &asked);
        return;
    }
    skeym_metrics_add(&service->metrics, SKEYM_COUNT_UNSEALED, 1);
    skeym_log_write_flood(
        service->log, SKEYM_LOG_PROVEN, SKEYM_LOG_WARNING, "unreadable",
        SKEYM_LOG_FIELDS(skeym_log_reason(error), skeym_log_node(&admission->claims.id)));
    /* the peer is authentic: it may know, and its chain goes on */
    take_answer(
        work, error == SKEYM_ERR_MEMORY
                  ? skeym_fhir_error_answer(503, "transient", "out of memory")
                  : skeym_fhir_error_answer(400, "structure", "the sealed request cannot be read"));
}

bool skeym_request_work_done(struct skeym_request_work *work)
{
    bool done = atomic_load(&work->stage) == DONE;
    if (done && work->answer) {
        work->answer = skeym_fhir_answer_write(work->answer);
    }
    return done;
}

void skeym_request_work_end(struct skeym_request_work *work)
{
    if (work->plain) {
        skeym_crypto_wipe(work->plain, work->plain_room);
        free(work->plain);
    }
    if (work->answer) {
        if (work->answer->body && !work->answer->fixed) {
            skeym_crypto_wipe(work->answer->body, work->answer->body_size);
        }
        skeym_fhir_answer_free(work->answer);
    }
}
