/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signin.h"

#include "authority/enrolment.h"
#include "crypto/crypto.h"
#include "server/seen.h"
#include <stdlib.h>
#include <time.h>

uint32_t skeym_signin_wait(struct skeym_service *service, const struct skeym_source *host,
                           const struct skeym_source *source)
{
    uint32_t wait_s = skeym_rate_take(service->rate, host, source, skeym_clock_monotonic());
    if (wait_s) {
        skeym_metrics_login(&service->metrics, SKEYM_ERR_RATE);
        skeym_log_write_flood(
            service->log, SKEYM_LOG_STRANGERS, SKEYM_LOG_WARNING, "login",
            SKEYM_LOG_FIELDS(skeym_log_reason(SKEYM_ERR_RATE), skeym_log_source(source)));
    }
    return wait_s;
}

/* Not the CPU's: on a core that is shared with others a login takes longer than its CPU time, and
 * it is the server's time, of which half shall be left for those who are in. */
static uint64_t time_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* The nonces with the time mixed in: a copied machine may be given its original's bytes. */
static enum skeym_error draw(struct skeym_login_random *out)
{
    enum skeym_error error = skeym_crypto_random(out->ephemeral, sizeof out->ephemeral);
    if (!error) {
        error = skeym_crypto_nonce(out->locator_nonce, sizeof out->locator_nonce);
    }
    return error ? error : skeym_crypto_nonce(out->token_nonce, sizeof out->token_nonce);
}

static enum skeym_error answer_body(struct skeym_room out, size_t *size,
                                    struct skeym_login_report *report,
                                    struct skeym_service *service, struct skeym_span body)
{
    struct skeym_login_random random;
    enum skeym_error error = draw(&random);
    if (!error) {
        skeym_state_hold(service->state);
        const struct skeym_gate *gate = skeym_state_gate(service->state);
        const struct skeym_login_policy policy = {
            .keys = skeym_state_keys(service->state),
            .revoked = gate->revoked,
            .instance = gate->instance,
            .lifetime_s = (uint8_t)service->conf->token_lifetime,
            .session_s = (uint32_t)service->conf->session_seconds,
            .lanes_max = (uint8_t)service->conf->lanes,
        };
        error = skeym_enrolment_login(out, size, report, &policy, body,
                                      skeym_clock_now(&service->clock, NULL), &random);
        skeym_state_release(service->state);
    }
    skeym_crypto_wipe(&random, sizeof random);
    return error;
}

enum skeym_error skeym_signin_run(uint8_t **answer, size_t *size, struct skeym_service *service,
                                  const struct skeym_source *source, struct skeym_span body)
{
    struct skeym_login_report report = {0};
    uint64_t before_us = time_us();
    *size = 0;
    *answer = malloc(SKEYM_LOGIN_ANSWER_BYTES);
    if (!*answer) {
        return SKEYM_ERR_MEMORY;
    }
    enum skeym_error error = answer_body((struct skeym_room){*answer, SKEYM_LOGIN_ANSWER_BYTES},
                                         size, &report, service, body);
    skeym_rate_spent(service->rate, time_us() - before_us);
    skeym_metrics_login(&service->metrics, error);
    skeym_seen_note(service->seen, &report.id, error ? SKEYM_SEEN_REFUSED : SKEYM_SEEN_LOGIN,
                    skeym_clock_now(&service->clock, NULL));
    struct skeym_log_field role = skeym_log_text("role", skeym_role_name(report.role));
    if (error) {
        skeym_log_write_flood(service->log, report.id.size ? SKEYM_LOG_NAMED : SKEYM_LOG_STRANGERS,
                              SKEYM_LOG_WARNING, "login",
                              SKEYM_LOG_FIELDS(skeym_log_reason(error), skeym_log_source(source),
                                               skeym_log_node(&report.id)));
    } else {
        skeym_log_write_flood(service->log, SKEYM_LOG_PROVEN, SKEYM_LOG_INFO, "login",
                              SKEYM_LOG_FIELDS(skeym_log_reason(error), skeym_log_source(source),
                                               skeym_log_node(&report.id), role,
                                               skeym_log_number("lanes", report.lanes)));
    }
    if (error == SKEYM_ERR_CLOCK) { /* this one is answered: the node corrects its clock */
        error = SKEYM_OK;
    }
    if (error) {
        free(*answer);
        *answer = NULL;
    }
    return error;
}
