/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_login.h"

#include "crypto/crypto.h"

enum { CHECK_EACH = 16 };

enum skeym_error skeym_load_login_init(struct skeym_load_login *lane,
                                       const struct skeym_credentials *credentials)
{
    *lane = (struct skeym_load_login){0};
    return skeym_load_node_login(&lane->state,
                                 (struct skeym_room){lane->message, sizeof lane->message},
                                 &lane->message_size, credentials, 1, skeym_load_node_now());
}

static enum skeym_error ask(void *arg, struct skeym_writer *out, unsigned *kind)
{
    const struct skeym_load_login *lane = arg;
    *kind = 0;
    skeym_load_node_head(out, SKEYM_LOGIN_PATH, SKEYM_LOGIN_TYPE, lane->message_size, "\r\n");
    skeym_write_span(out, skeym_span(lane->message, lane->message_size));
    return SKEYM_OK;
}

static bool opens(const struct skeym_load_login *lane, struct skeym_span body)
{
    struct skeym_handshake state = lane->state; /* finishing wipes it */
    struct skeym_login_grant grant;
    bool good = !skeym_login_finish(&grant, &state, body) && !grant.clock_only;
    skeym_crypto_wipe(&grant, sizeof grant);
    return good;
}

static const char *fault(struct skeym_load_login *lane, const struct skeym_load_answer *answer)
{
    lane->answer_size = lane->answer_size ? lane->answer_size : answer->body.size;
    if (!skeym_span_is(answer->content_type, SKEYM_LOGIN_TYPE) ||
        answer->body.size != lane->answer_size) {
        return "a login's answer of another type or size";
    }
    return lane->count++ % CHECK_EACH == 0 && !opens(lane, answer->body)
               ? "a login's answer that does not open"
               : NULL;
}

static struct skeym_load_verdict take(void *arg, const struct skeym_load_answer *answer,
                                      enum skeym_load_outcome lost)
{
    struct skeym_load_verdict verdict = {.step = SKEYM_LOAD_DONE, .outcome = lost};
    if (!answer) {
        return verdict;
    }
    verdict.outcome = skeym_load_outcome_of(answer->status);
    if (verdict.outcome == SKEYM_LOAD_OK) {
        verdict.why = fault(arg, answer);
        verdict.outcome = verdict.why ? SKEYM_LOAD_UNOPENED : SKEYM_LOAD_OK;
    }
    return verdict;
}

static const char *const kinds[] = {"login", NULL};
const struct skeym_load_script skeym_load_login_script = {.kinds = kinds, .ask = ask, .take = take};
