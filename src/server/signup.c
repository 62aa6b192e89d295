/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signup.h"

#include "authority/enrolment.h"
#include "crypto/crypto.h"
#include "server/audit.h"
#include "server/home_uses.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One at a time writes a use down: the folder's lock is waited for by asking again and again. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static uint64_t time_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* The nonce as at a login. */
static enum skeym_error draw(struct skeym_invite_random *out)
{
    enum skeym_error error = skeym_crypto_random(out->ephemeral, sizeof out->ephemeral);
    return error ? error : skeym_crypto_nonce(out->locator_nonce, sizeof out->locator_nonce);
}

/* Reads and judges. After SKEYM_ERR_CLOCK the answer is written. */
static enum skeym_error judge(struct skeym_room out, size_t *size,
                              struct skeym_invite_request *request, struct skeym_service *service,
                              struct skeym_span body, uint64_t now_ms,
                              struct skeym_invite_random *random)
{
    skeym_state_hold(service->state);
    enum skeym_error error =
        skeym_enrolment_accept(request, skeym_state_keys(service->state),
                               skeym_state_gate(service->state)->revoked, body, now_ms);
    skeym_state_release(service->state);
    if (error == SKEYM_ERR_CLOCK) {
        struct skeym_invite_request copy = *request; /* the answer wipes it; the log needs it */
        enum skeym_error written = skeym_invite_answer_clock(out, size, &copy, now_ms, random);
        error = written ? written : error;
    }
    return error;
}

static uint32_t current_enrol_key(struct skeym_service *service)
{
    skeym_state_hold(service->state);
    const struct skeym_authority_keys *keys = &skeym_state_keys(service->state)->authority;
    uint32_t id = keys->enrol[keys->enrol_count - 1].id;
    skeym_state_release(service->state);
    return id;
}

/* The node's line of the audit file; to be put back. */
static struct json_object *audit_event(struct skeym_service *service,
                                       const struct skeym_invite_request *request, uint64_t now_ms)
{
    struct json_object *event = skeym_audit_event("enrol", now_ms);
    skeym_audit_claims(event, &request->claims);
    skeym_audit_number(event, "enrol_key", current_enrol_key(service));
    skeym_audit_invitation(event, request->id);
    return event;
}

/* Durably used, by this key. SKEYM_ERR_REPLAY: by another one before. Others are ours. */
static enum skeym_error use_up(struct skeym_service *service,
                               const struct skeym_invite_request *request, uint64_t now_ms,
                               bool *known)
{
    struct skeym_use use = skeym_uses_of(request);
    struct json_object *event = audit_event(service, request, now_ms);
    const char *line = skeym_audit_line(event);
    enum skeym_error error = SKEYM_ERR_MEMORY;
    if (line) {
        (void)pthread_mutex_lock(&one_at_a_time);
        error = skeym_home_uses_take(skeym_state_dir(service->state), &use,
                                     (uint32_t)(now_ms / 1000), line, known);
        (void)pthread_mutex_unlock(&one_at_a_time);
    }
    json_object_put(event);
    return error;
}

static enum skeym_error answer_body(struct skeym_room out, size_t *size,
                                    struct skeym_invite_request *request,
                                    struct skeym_service *service, struct skeym_span body,
                                    bool *known, bool *ours)
{
    struct skeym_invite_random random;
    uint64_t now_ms = skeym_clock_now(&service->clock, NULL);
    enum skeym_error error = draw(&random);
    *ours = error != SKEYM_OK;
    if (!error) {
        error = judge(out, size, request, service, body, now_ms, &random);
        *ours = SKEYM_ERROR_CLASS(error) == SKEYM_CLASS_CRYPTO && error != SKEYM_ERR_WEAK;
    }
    if (!error) {
        error = use_up(service, request, now_ms, known);
        *ours = error != SKEYM_OK && error != SKEYM_ERR_REPLAY;
    }
    if (!error) {
        struct skeym_invite_request copy = *request;
        skeym_state_hold(service->state);
        error = skeym_invite_answer(out, size, &copy, &skeym_state_keys(service->state)->authority,
                                    now_ms, &random);
        skeym_state_release(service->state);
        *ours = error != SKEYM_OK;
    }
    skeym_crypto_wipe(&random, sizeof random);
    return error;
}

static void tell(struct skeym_service *service, const struct skeym_invite_request *request,
                 const struct skeym_source *source, enum skeym_error error, bool known)
{
    const struct skeym_name *id = &request->claims.id;
    enum skeym_log_room room = id->size ? SKEYM_LOG_NAMED : SKEYM_LOG_STRANGERS;
    skeym_metrics_add(&service->metrics, error ? SKEYM_COUNT_ENROL_REFUSED : SKEYM_COUNT_ENROLLED,
                      1);
    if (error) {
        skeym_log_write_flood(service->log, room, SKEYM_LOG_WARNING, "enrol",
                              SKEYM_LOG_FIELDS(skeym_log_reason(error), skeym_log_source(source),
                                               skeym_log_node(id)));
    } else {
        skeym_log_write_flood(
            service->log, SKEYM_LOG_PROVEN, SKEYM_LOG_INFO, "enrol",
            SKEYM_LOG_FIELDS(skeym_log_reason(error), skeym_log_source(source), skeym_log_node(id),
                             skeym_log_text("role", skeym_role_name(request->claims.role)),
                             skeym_log_number("again", known)));
    }
}

enum skeym_error skeym_signup_run(uint8_t **answer, size_t *size, struct skeym_service *service,
                                  const struct skeym_source *source, struct skeym_span body)
{
    struct skeym_invite_request request = {0};
    uint64_t before_us = time_us();
    bool known = false;
    bool ours = false;
    *size = 0;
    *answer = malloc(SKEYM_INVITE_ANSWER_BYTES);
    if (!*answer) {
        return SKEYM_ERR_BUSY;
    }
    struct skeym_room out = {*answer, SKEYM_INVITE_ANSWER_BYTES};
    enum skeym_error error = answer_body(out, size, &request, service, body, &known, &ours);
    skeym_rate_spent(service->rate, time_us() - before_us);
    tell(service, &request, source, error, known);
    if (error == SKEYM_ERR_CLOCK) { /* this one is answered: the node corrects its clock */
        error = SKEYM_OK;
    }
    if (error) {
        free(*answer);
        *answer = NULL;
    }
    skeym_crypto_wipe(&request, sizeof request);
    return error && ours ? SKEYM_ERR_BUSY : error;
}
