/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect_request.h"

#include "connect/connect_head.h"
#include "crypto/crypto.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_FIRST = 4096 };
enum phase { HEAD, BODY, DRAIN, WAIT, OVER };

struct skeym_connect_request {
    struct skeym_connect_front *front;
    struct MHD_Connection *connection;
    struct skeym_connect_peer *peer; /* the connection's */
    enum phase phase;
    bool counted;
    bool last; /* of its connection */
    struct skeym_connect_head head;
    struct skeym_connect_refusal refusal; /* DRAIN: to come */
    uint8_t *body;
    size_t body_size, body_room; /* kept so far; reserved */
    struct skeym_connect_asked asked;
    struct skeym_connect_job job;
    atomic_bool done;
    char target[];
};

struct skeym_connect_request *skeym_connect_request_new(struct skeym_connect_front *front,
                                                        const char *target)
{
    size_t size = strlen(target);
    struct skeym_connect_request *request = calloc(1, sizeof *request + size + 1);
    if (request) {
        request->front = front;
        memcpy(request->target, target, size);
        request->head.target = skeym_span(request->target, size);
    }
    return request;
}

static void set_peer(struct skeym_connect_request *request, enum skeym_connect_phase phase)
{
    if (request->peer) {
        skeym_connect_peers_set(&request->front->peers, request->peer, phase,
                                skeym_connect_peers_now());
    }
}

static void drop_body(struct skeym_connect_request *request)
{
    if (request->body) {
        skeym_crypto_wipe(request->body, request->body_room);
        free(request->body);
        atomic_fetch_sub(&request->front->memory, request->body_room);
    }
    request->body = NULL;
    request->body_room = 0;
}

void skeym_connect_request_end(struct skeym_connect_request *request)
{
    if (!request) {
        return;
    }
    struct skeym_connect_front *front = request->front;
    set_peer(request, SKEYM_CONNECT_IDLE);
    drop_body(request);
    if (request->counted) {
        atomic_fetch_sub(&front->under_way, 1);
    }
    skeym_session_answer_free(&request->job.answer);
    skeym_crypto_wipe(request, sizeof *request + request->head.target.size);
    free(request);
}

/* --- answers ----------------------------------------------------------------------------- */

struct held {
    uint8_t *bytes;
    size_t size;
};

static void let_go(void *arg)
{
    struct held *held = arg;
    skeym_crypto_wipe(held->bytes, held->size);
    free(held->bytes);
    free(held);
}

/* Takes over the bytes, which may be NULL. */
static struct MHD_Response *response_of(uint8_t *bytes, size_t size)
{
    struct held *held = malloc(sizeof *held);
    struct MHD_Response *response = NULL;
    if (held) {
        *held = (struct held){bytes, size};
        response =
            MHD_create_response_from_buffer_with_free_callback_cls(size, bytes, let_go, held);
    }
    if (!response && held) {
        let_go(held);
    } else if (!response) {
        skeym_crypto_wipe(bytes, size);
        free(bytes);
    }
    return response;
}

/* An empty value: no such field. */
static bool add(struct MHD_Response *response, const char *name, const char *value)
{
    return value[0] == 0 || MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_retry(struct MHD_Response *response, uint32_t seconds)
{
    char text[16] = "";
    if (seconds > 0) {
        (void)snprintf(text, sizeof text, "%u", (unsigned)seconds);
    }
    return add(response, "Retry-After", text);
}

/* Queues and lets go of the response. */
static enum MHD_Result queue(struct skeym_connect_request *request, int status,
                             struct MHD_Response *response, bool good)
{
    enum MHD_Result result = MHD_NO;
    bool last = request->last || atomic_load(&request->front->stopping);
    request->phase = OVER;
    set_peer(request, SKEYM_CONNECT_SENDING);
    if (good && add(response, "Cache-Control", "no-store") &&
        add(response, "X-Content-Type-Options", "nosniff") &&
        (!last || add(response, "Connection", "close"))) {
        result = MHD_queue_response(request->connection, (unsigned)status, response);
    }
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct skeym_connect_request *request,
                              const struct skeym_connect_refusal *refusal, uint32_t retry_s)
{
    char *text = malloc(SKEYM_CONNECT_OUTCOME_BYTES);
    if (!text) {
        return MHD_NO;
    }
    size_t size = skeym_connect_answer_outcome(text, refusal);
    struct MHD_Response *response = response_of((uint8_t *)text, size);
    if (!response) {
        return MHD_NO;
    }
    bool maybe = request->job.maybe;
    bool good = add(response, "Content-Type", "application/fhir+json") &&
                add_retry(response, retry_s) &&
                add(response, "WWW-Authenticate", refusal->status == 401 ? "Bearer" : "") &&
                add(response, "Allow", refusal->status == 405 ? "GET, HEAD, POST, PUT" : "") &&
                add(response, "Idempotency-Key", maybe ? request->asked.key : "");
    return queue(request, refusal->status, response, good);
}

static enum MHD_Result answer(struct skeym_connect_request *request)
{
    struct skeym_session_answer *got = &request->job.answer;
    const struct skeym_connect_head *head = &request->head;
    struct skeym_connect_fields fields;
    bool made = request->asked.created && (got->status == 200 || got->status == 201);
    bool busy = got->status == 503 || got->status == 429;
    int status = got->status;
    skeym_connect_answer_fields(&fields, skeym_span(got->body, got->body_size), made,
                                request->asked.base);
    if (status == 200 && skeym_span_is(request->asked.closed.method, "GET") &&
        skeym_connect_answer_matches(head->field[SKEYM_CONNECT_IF_NONE_MATCH], fields.etag)) {
        status = 304;
    }
    /* What a client does not want back: Location and ETag say enough. The body of a 304 the library
     * leaves out, but not its size (RFC 9110, 8.6). */
    if (made && fields.etag[0] != 0 &&
        skeym_connect_answer_minimal(head->field[SKEYM_CONNECT_PREFER])) {
        skeym_crypto_wipe(got->body, got->body_size);
        got->body_size = 0;
    }
    struct MHD_Response *response = response_of(got->body, got->body_size);
    got->body = NULL;
    if (!response) {
        return MHD_NO;
    }
    uint32_t retry_s = got->retry_after_s > 0 ? got->retry_after_s : 1;
    bool good = add(response, "Content-Type", got->cty) && add(response, "ETag", fields.etag) &&
                add(response, "Last-Modified", fields.modified) &&
                add(response, "Location", fields.location) &&
                add_retry(response, busy ? retry_s : 0);
    return queue(request, status, response, good);
}

static enum MHD_Result finish(struct skeym_connect_request *request)
{
    const struct skeym_connect_job *job = &request->job;
    if (job->error == SKEYM_OK) {
        return answer(request);
    }
    struct skeym_connect_refusal refusal = skeym_connect_answer_refusal(job->error, job->maybe);
    if (request->front->tell) {
        request->front->tell(request->front->tell_arg, "request-failed", job->error,
                             (uint64_t)refusal.status);
    }
    bool later = refusal.status != 400 && refusal.status != 413;
    return refuse(request, &refusal, later ? (job->retry_after_s ? job->retry_after_s : 1) : 0);
}

/* --- the job ----------------------------------------------------------------------------- */

static void on_done(struct skeym_connect_job *job)
{
    struct skeym_connect_request *request = job->arg;
    struct MHD_Connection *connection = request->connection;
    atomic_store(&request->done, true);
    MHD_resume_connection(connection); /* from here on request may be gone */
}

static enum MHD_Result submit(struct skeym_connect_request *request)
{
    struct skeym_connect_front *front = request->front;
    uint8_t random[16];
    if (skeym_crypto_random(random, sizeof random) != SKEYM_OK) {
        return MHD_NO;
    }
    skeym_connect_head_ask(&request->asked, &request->head,
                           skeym_span(request->body, request->body_size), random, front->base);
    request->job.request = request->asked.closed;
    request->job.base = request->asked.base;
    request->job.repeatable = true;
    request->job.done = on_done;
    request->job.arg = request;
    request->phase = WAIT;
    set_peer(request, SKEYM_CONNECT_WORKING);
    MHD_suspend_connection(request->connection);
    enum skeym_error error = skeym_connect_pool_submit(front->pool, &request->job);
    if (error != SKEYM_OK) {
        request->job.error = error;
        on_done(&request->job);
    }
    return MHD_YES;
}

/* --- head and body ----------------------------------------------------------------------- */

static enum MHD_Result see_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    (void)kind;
    skeym_connect_head_add(arg, skeym_span_text(name), skeym_span_text(value));
    return MHD_YES;
}

/* Room for so many bytes more, within what one request and all of them may have. */
static bool make_room(struct skeym_connect_request *request, size_t more)
{
    if (more <= request->body_room - request->body_size) {
        return true;
    }
    size_t room = request->body_room ? request->body_room : BODY_FIRST;
    while (room - request->body_size < more) {
        room *= 2;
    }
    size_t extra = room - request->body_room;
    if (atomic_fetch_add(&request->front->memory, extra) > SKEYM_CONNECT_MEMORY_BYTES - extra) {
        atomic_fetch_sub(&request->front->memory, extra);
        return false;
    }
    uint8_t *grown = malloc(room); /* not realloc: what is left behind is wiped */
    if (!grown) {
        atomic_fetch_sub(&request->front->memory, extra);
        return false;
    }
    if (request->body) {
        memcpy(grown, request->body, request->body_size);
        skeym_crypto_wipe(request->body, request->body_room);
        free(request->body);
    }
    request->body = grown;
    request->body_room = room;
    return true;
}

static void drain(struct skeym_connect_request *request, int status, const char *code,
                  const char *text)
{
    request->refusal = (struct skeym_connect_refusal){status, code, text};
    request->phase = DRAIN;
    drop_body(request);
}

/* A client that is still sending would see its connection break, and no answer. So it is read to
 * its end first, if that is not too far. */
static void drain_too_large(struct skeym_connect_request *request)
{
    drain(request, 413, "too-long", "a body may have 8 MiB");
}

static enum MHD_Result take(struct skeym_connect_request *request, const char *data, size_t *size)
{
    if (*size > SKEYM_CONNECT_DRAIN_BYTES - request->body_size) {
        return MHD_NO; /* a chunked body that does not end */
    }
    if (request->phase == BODY && *size > SKEYM_CONNECT_BODY_BYTES - request->body_size) {
        drain_too_large(request);
    } else if (request->phase == BODY && !make_room(request, *size)) {
        drain(request, 503, "transient", "too many requests at once: try later");
    }
    if (request->phase == BODY) {
        memcpy(request->body + request->body_size, data, *size);
    }
    request->body_size += *size; /* of what is thrown away, too: it must end */
    *size = 0;
    return MHD_YES;
}

static void tell_refused(const struct skeym_connect_request *request)
{
    if (request->front->tell) {
        request->front->tell(request->front->tell_arg, "refused", SKEYM_ERR_PERMISSION,
                             (uint64_t)request->refusal.status);
    }
}

static enum MHD_Result begin(struct skeym_connect_request *request, const char *method)
{
    struct skeym_connect_head *head = &request->head;
    uint64_t size = 0;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request->peer = info ? info->socket_context : NULL;
    if (!request->peer) {
        return MHD_NO;
    }
    set_peer(request, SKEYM_CONNECT_READING);
    request->counted = true;
    atomic_fetch_add(&request->front->under_way, 1);
    (void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, see_field, head);
    head->method = skeym_span_text(method);
    request->phase = BODY;
    request->last = skeym_connect_head_doubtful(head);
    if (!skeym_connect_head_check(head, request->front->bearer, &request->refusal)) {
        tell_refused(request);
        request->phase = DRAIN;
    } else if (atomic_load(&request->front->stopping)) {
        drain(request, 503, "transient", "the sidecar is stopping");
    }
    bool body = skeym_connect_head_body(head, &size);
    if (request->phase == BODY && size > SKEYM_CONNECT_BODY_BYTES) {
        drain_too_large(request);
    }
    bool unread = size > SKEYM_CONNECT_DRAIN_BYTES || head->seen[SKEYM_CONNECT_EXPECT] ||
                  !skeym_connect_head_coded(head);
    if (request->phase == DRAIN && body && unread) {
        request->last = true;
        return refuse(request, &request->refusal, request->refusal.status == 503 ? 1 : 0);
    }
    return MHD_YES;
}

enum MHD_Result skeym_connect_request_step(struct skeym_connect_request *request,
                                           struct MHD_Connection *connection, const char *method,
                                           const char *data, size_t *size)
{
    request->connection = connection;
    if (request->phase == HEAD) {
        return begin(request, method);
    }
    if (*size > 0) {
        return take(request, data, size);
    }
    switch (request->phase) {
    case BODY:
        return submit(request);
    case DRAIN:
        return refuse(request, &request->refusal, request->refusal.status == 503 ? 1 : 0);
    case WAIT:
        return atomic_load(&request->done) ? finish(request) : MHD_YES;
    case HEAD:
    case OVER:
        break;
    }
    return MHD_NO;
}
