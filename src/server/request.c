/* SPDX-License-Identifier: Apache-2.0 */
#include "server/request.h"

#include "crypto/crypto.h"
#include "server/console.h"
#include "server/fields.h"
#include "server/reply.h"
#include "server/request_work.h"
#include "server/seen.h"
#include "server/signin.h"
#include "server/signup.h"
#include <stdlib.h>
#include <string.h>

enum {
    HEAD_BYTES = 8192,        /* section 10 */
    DRAIN_BYTES = 8 << 20,    /* of a refused request's body are read and thrown away */
    DRAIN_MS = 5000,          /* in this time at most */
    STALE_S = 5,              /* while the keys are of an old epoch */
    WELCOME_EACH = 64,        /* of a chain's requests its host becomes known: the first too */
    ANSWER_BYTES_PER_MS = 16, /* who takes an answer slower than this is cut */
};

enum phase { HEAD, BODY, DRAIN, CONSOLE, WAIT, OVER };
enum kind { EXCHANGE, LOGIN, ENROL };

struct skeym_request {
    struct skeym_service *service;
    struct skeym_deadline *deadline;
    struct skeym_clock_time time; /* when its head, its whole body, or its answer was there */
    enum phase phase;
    enum kind kind;
    bool counted; /* in service->under_way */
    bool trusted; /* admitted, or logged in */
    int refusal;  /* DRAIN: the status to come */
    struct skeym_fields fields;
    struct skeym_head head;
    struct skeym_admission admission;
    uint8_t *body;
    size_t body_size; /* kept so far */
    uint64_t reserved;
    struct skeym_request_work work;
    char target[];
};

struct skeym_request *skeym_request_new(struct skeym_service *service, const char *target)
{
    size_t size = strlen(target);
    struct skeym_request *request = calloc(1, sizeof *request + size + 1);
    if (request) {
        request->service = service;
        memcpy(request->target, target, size);
    }
    return request;
}

bool skeym_request_end(struct skeym_request *request)
{
    if (!request) {
        return false;
    }
    bool trusted = request->trusted;
    struct skeym_service *service = request->service;
    skeym_admission_wipe(&request->admission);
    skeym_request_work_end(&request->work);
    if (request->body) {
        skeym_crypto_wipe(request->body, request->body_size);
        free(request->body);
    }
    if (request->reserved) {
        atomic_fetch_sub(&service->body_bytes, request->reserved);
    }
    if (request->counted) {
        skeym_slot_add(&service->under_way, -1);
    }
    free(request);
    return trusted;
}

/* A phase begins, for so long at most; 0: until it is over. */
static void enter(struct skeym_request *request, enum skeym_deadline_phase phase, uint64_t ms)
{
    uint64_t now_ms = request->time.monotonic_ms;
    skeym_deadline_set(request->deadline, phase, now_ms, ms ? now_ms + ms : SKEYM_DEADLINE_NONE);
}

/* Where time may have passed. */
static void look_at_clock(struct skeym_request *request)
{
    request->time = skeym_clock_read(&request->service->clock);
}

/* --- refusals -------------------------------------------------------------------- */

static void log_refusal(struct skeym_request *request, const char *check, enum skeym_error reason,
                        uint64_t count)
{
    const struct skeym_name *node = &request->admission.claims.id;
    if (node->size) {
        skeym_seen_note(request->service->seen, node, SKEYM_SEEN_REFUSED, request->time.now_ms);
    }
    enum skeym_log_room room = request->trusted ? SKEYM_LOG_PROVEN
                               : node->size     ? SKEYM_LOG_NAMED
                                                : SKEYM_LOG_STRANGERS;
    skeym_log_write_flood(request->service->log, room, SKEYM_LOG_WARNING, "refused",
                          SKEYM_LOG_FIELDS(skeym_log_text("check", check), skeym_log_reason(reason),
                                           skeym_log_source(&request->deadline->source),
                                           skeym_log_node(node), skeym_log_number("count", count)));
}

/* A refused body is read to its end where it is small: closing on bytes that were not read would
 * take the answer away from the peer. Nothing of it is kept. (Also without a body: the library
 * closes after an answer that is queued before it has seen the end of the request.) */
static enum MHD_Result refuse(struct skeym_request *request, struct MHD_Connection *connection,
                              int status, uint32_t retry_s)
{
    const struct skeym_fields *fields = &request->fields;
    bool early = request->phase == HEAD;
    bool small = fields->body_size <= DRAIN_BYTES && !fields->framing_unclear && !fields->expects &&
                 retry_s == 0;
    skeym_admission_wipe(&request->admission);
    if (early && small) {
        request->phase = DRAIN;
        request->refusal = status;
        enter(request, SKEYM_DEADLINE_READING, DRAIN_MS);
        return MHD_YES;
    }
    bool last = fields->framing_unclear || (early && fields->body_announced) ||
                atomic_load(&request->service->stopping);
    request->phase = OVER;
    enter(request, SKEYM_DEADLINE_SENDING, request->service->conf->body_seconds * 1000);
    return skeym_reply_refuse(request->service, connection, status, retry_s, last);
}

/* By the check that refused (8.3). */
static enum MHD_Result refuse_check(struct skeym_request *request,
                                    struct MHD_Connection *connection, enum skeym_error reason)
{
    enum skeym_check check = request->admission.check;
    bool body_too_large = request->fields.body_size > request->service->conf->body_max;
    skeym_metrics_refused(&request->service->metrics, check, 1);
    log_refusal(request, skeym_check_word(check), reason, 1);
    if (check == SKEYM_CHECK_FULL) {
        return refuse(request, connection, 503, 1);
    }
    if (check == SKEYM_CHECK_SIZE) {
        return refuse(request, connection, body_too_large ? 413 : 431, 0);
    }
    return refuse(request, connection, 401, 0);
}

static enum MHD_Result refuse_as(struct skeym_request *request, struct MHD_Connection *connection,
                                 enum skeym_check check, enum skeym_error reason)
{
    request->admission.check = check;
    return refuse_check(request, connection, reason);
}

/* --- the head -------------------------------------------------------------------- */

static enum MHD_Result add_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                 size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    skeym_fields_add(arg, skeym_span(name, name_size), skeym_span(value, value_size));
    return MHD_YES;
}

static size_t head_size(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}

static void read_head(struct skeym_request *request, struct MHD_Connection *connection,
                      const char *method)
{
    struct skeym_fields *fields = &request->fields;
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_field, fields);
    request->head = (struct skeym_head){
        .method = skeym_span_text(method),
        .target = skeym_span_text(request->target),
        .content_type = fields->content_type,
        .authorization = fields->authorization,
        .proof = fields->proof,
        .body_size = fields->body_size,
        .doubled = fields->doubled,
    };
}

/* Memory for the body, out of what all requests together may take. */
static bool reserve(struct skeym_request *request, size_t size)
{
    struct skeym_service *service = request->service;
    if (size == 0) {
        return true;
    }
    uint64_t before = atomic_fetch_add(&service->body_bytes, size);
    request->reserved = size;
    if (before <= service->conf->body_memory && size <= service->conf->body_memory - before) {
        request->body = malloc(size);
    }
    if (!request->body) {
        skeym_metrics_add(&service->metrics, SKEYM_COUNT_BODY_MEMORY, 1);
    }
    return request->body != NULL;
}

/* What strangers may send in the open, both under one rate. */
static enum kind kind_of(const struct skeym_head *head)
{
    if (!skeym_span_is(head->method, "POST")) {
        return EXCHANGE;
    }
    return skeym_span_is(head->target, SKEYM_LOGIN_PATH)    ? LOGIN
           : skeym_span_is(head->target, SKEYM_SIGNUP_PATH) ? ENROL
                                                            : EXCHANGE;
}

static enum MHD_Result begin_login(struct skeym_request *request, struct MHD_Connection *connection)
{
    const struct skeym_fields *fields = &request->fields;
    bool login = request->kind == LOGIN;
    if (skeym_state_stale(request->service->state, request->time.now_ms)) {
        return refuse(request, connection, 503, STALE_S);
    }
    uint32_t wait_s =
        skeym_signin_wait(request->service, &request->deadline->host, &request->deadline->source);
    if (wait_s) {
        return refuse(request, connection, 429, wait_s);
    }
    if (fields->doubled || fields->body_size == 0 || fields->body_size > SKEYM_LOGIN_BYTES ||
        !skeym_span_is(fields->content_type, login ? SKEYM_LOGIN_TYPE : SKEYM_SIGNUP_TYPE)) {
        if (login) {
            skeym_metrics_login(&request->service->metrics, SKEYM_ERR_SHAPE);
        } else {
            skeym_metrics_add(&request->service->metrics, SKEYM_COUNT_ENROL_REFUSED, 1);
        }
        log_refusal(request, login ? "login" : "enrol", SKEYM_ERR_SHAPE, 1);
        return refuse(request, connection, 401, 0);
    }
    return MHD_YES;
}

static enum MHD_Result begin_exchange(struct skeym_request *request,
                                      struct MHD_Connection *connection)
{
    struct skeym_service *service = request->service;
    enum skeym_error error = SKEYM_OK;
    skeym_state_hold(service->state);
    bool stale = skeym_state_stale_now(service->state, request->time.now_ms);
    if (!stale) {
        error = skeym_admit_head(&request->admission, skeym_state_gate(service->state),
                                 &request->head, request->time.now_ms);
    }
    skeym_state_release(service->state);
    if (stale) {
        return refuse(request, connection, 503, STALE_S);
    }
    return error ? refuse_check(request, connection, error) : MHD_YES;
}

static enum MHD_Result begin(struct skeym_request *request, struct MHD_Connection *connection,
                             const char *method, const char *version)
{
    struct skeym_service *service = request->service;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request->deadline = info ? info->socket_context : NULL;
    if (!request->deadline) {
        return MHD_NO;
    }
    look_at_clock(request);
    enter(request, SKEYM_DEADLINE_READING, service->conf->body_seconds * 1000);
    request->counted = true;
    skeym_slot_add(&service->under_way, 1);
    read_head(request, connection, method);
    if (atomic_load(&service->stopping)) {
        return refuse(request, connection, 503, 1);
    }
    if (head_size(connection) > HEAD_BYTES) {
        return refuse_as(request, connection, SKEYM_CHECK_SIZE, SKEYM_ERR_SIZE);
    }
    bool http_1_1 = skeym_span_is(skeym_span_text(version), "HTTP/1.1");
    bool console = skeym_console_asks(service->conf, request->head.method, request->head.target) &&
                   !request->fields.body_announced && !request->fields.doubled;
    if (request->fields.framing_unclear || !http_1_1 || request->target[0] != '/' ||
        (skeym_span_is(request->head.method, "HEAD") && !console)) {
        request->fields.framing_unclear = true;
        return refuse_as(request, connection, SKEYM_CHECK_SHAPE, SKEYM_ERR_SHAPE);
    }
    if (console) {
        request->phase = CONSOLE; /* answered at the request's end */
        return MHD_YES;
    }
    request->kind = kind_of(&request->head);
    enum MHD_Result result = request->kind == EXCHANGE ? begin_exchange(request, connection)
                                                       : begin_login(request, connection);
    if (result == MHD_NO || request->phase != HEAD) {
        return result;
    }
    if (!reserve(request, request->head.body_size)) {
        return refuse(request, connection, 503, 1);
    }
    request->phase = BODY;
    return MHD_YES;
}

/* --- the body --------------------------------------------------------------------- */

static enum MHD_Result take(struct skeym_request *request, const char *data, size_t *size)
{
    if (request->phase == BODY) {
        if (*size > request->head.body_size - request->body_size) {
            return MHD_NO;
        }
        memcpy(request->body + request->body_size, data, *size);
        request->body_size += *size;
    }
    *size = 0;
    return MHD_YES;
}

static enum MHD_Result finish_login(struct skeym_request *request,
                                    struct MHD_Connection *connection)
{
    uint8_t *answer = NULL;
    size_t size = 0;
    enum skeym_error error =
        skeym_signin_run(&answer, &size, request->service, &request->deadline->source,
                         skeym_span(request->body, request->body_size));
    if (error) { /* what is not the node's fault must not look like a refusal for good */
        bool ours = error == SKEYM_ERR_MEMORY || SKEYM_ERROR_CLASS(error) == SKEYM_CLASS_CRYPTO;
        return refuse(request, connection, ours && error != SKEYM_ERR_WEAK ? 503 : 401, 0);
    }
    request->trusted = true;
    request->phase = OVER;
    look_at_clock(request);
    enter(request, SKEYM_DEADLINE_SENDING, request->service->conf->body_seconds * 1000);
    return skeym_reply_bytes(request->service, connection, 200, SKEYM_LOGIN_TYPE, answer, size, "");
}

static enum MHD_Result show_console(struct skeym_request *request,
                                    struct MHD_Connection *connection)
{
    request->phase = OVER;
    enter(request, SKEYM_DEADLINE_SENDING, request->service->conf->body_seconds * 1000);
    return skeym_console_answer(request->service, connection, request->head.target);
}

static enum MHD_Result finish_enrol(struct skeym_request *request,
                                    struct MHD_Connection *connection)
{
    uint8_t *answer = NULL;
    size_t size = 0;
    enum skeym_error error =
        skeym_signup_run(&answer, &size, request->service, &request->deadline->source,
                         skeym_span(request->body, request->body_size));
    if (error) {
        return refuse(request, connection, error == SKEYM_ERR_BUSY ? 503 : 401, 0);
    }
    request->trusted = true;
    request->phase = OVER;
    look_at_clock(request);
    enter(request, SKEYM_DEADLINE_SENDING, request->service->conf->body_seconds * 1000);
    return skeym_reply_bytes(request->service, connection, 200, SKEYM_SIGNUP_TYPE, answer, size,
                             "");
}

static enum MHD_Result answer(struct skeym_request *request, struct MHD_Connection *connection)
{
    const struct skeym_request_work *work = &request->work;
    struct skeym_span body = skeym_span(work->answer->body, work->answer->body_size);
    request->phase = OVER;
    if (!work->at_once) {
        look_at_clock(request);
    }
    enter(request, SKEYM_DEADLINE_SENDING,
          request->service->conf->body_seconds * 1000 +
              work->answer->body_size / ANSWER_BYTES_PER_MS);
    if (work->answer->forbidden) {
        uint64_t count = work->answer->forbidden;
        skeym_metrics_refused(&request->service->metrics, SKEYM_CHECK_SCOPE, count);
        log_refusal(request, skeym_check_word(SKEYM_CHECK_SCOPE), SKEYM_ERR_SCOPE, count);
    }
    return skeym_reply_sealed(request->service, connection, &request->admission,
                              request->time.now_ms, work->answer->status,
                              work->answer->content_type, body);
}

static enum MHD_Result finish_exchange(struct skeym_request *request,
                                       struct MHD_Connection *connection)
{
    struct skeym_service *service = request->service;
    struct skeym_span body = skeym_span(request->body, request->body_size);
    skeym_state_hold(service->state);
    enum skeym_error error = skeym_admit_body(&request->admission, skeym_state_gate(service->state),
                                              &request->head, body, request->time.now_ms);
    skeym_state_release(service->state);
    if (error) {
        return refuse_check(request, connection, error);
    }
    request->trusted = true;
    skeym_metrics_add(&service->metrics, SKEYM_COUNT_ADMITTED, 1);
    skeym_seen_note(service->seen, &request->admission.claims.id, SKEYM_SEEN_REQUEST,
                    request->time.now_ms);
    if (request->admission.claims.sequence % WELCOME_EACH == 0) {
        skeym_rate_welcome(service->rate, &request->deadline->host, request->time.monotonic_ms);
    }
    request->phase = WAIT;
    request->work.now_ms = request->time.now_ms;
    skeym_request_work_run(&request->work, service, connection, &request->admission, &request->head,
                           body);
    if (request->work.parked) {
        return MHD_YES; /* suspended, or just resumed: step() is called again */
    }
    return request->work.answer ? answer(request, connection) : MHD_NO;
}

enum MHD_Result skeym_request_step(struct skeym_request *request, struct MHD_Connection *connection,
                                   const char *method, const char *version, const char *data,
                                   size_t *size)
{
    if (request->phase == HEAD) {
        return begin(request, connection, method, version);
    }
    if (*size) {
        return take(request, data, size);
    }
    switch (request->phase) {
    case BODY:
        look_at_clock(request);
        enter(request, SKEYM_DEADLINE_WORKING, 0);
        return request->kind == LOGIN   ? finish_login(request, connection)
               : request->kind == ENROL ? finish_enrol(request, connection)
                                        : finish_exchange(request, connection);
    case DRAIN:
        look_at_clock(request);
        return refuse(request, connection, request->refusal, 0);
    case WAIT:
        if (!skeym_request_work_done(&request->work)) {
            return MHD_YES;
        }
        return request->work.answer ? answer(request, connection) : MHD_NO;
    case CONSOLE:
        look_at_clock(request);
        return show_console(request, connection);
    case HEAD:
    case OVER:
        break;
    }
    return MHD_NO;
}
