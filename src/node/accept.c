/* SPDX-License-Identifier: Apache-2.0 */
#include "node/accept.h"
#include "crypto/crypto.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct attempt {
    const struct skeym_accept_options *options;
    int64_t offset_ms; /* server's clock minus ours */
    bool corrected;
    uint32_t retry_after_s;
};

static uint64_t wall_ms(const struct skeym_session_time *with)
{
    struct timespec now = {0};
    if (with->wall_ms) {
        return with->wall_ms(with->arg);
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void wait_ms(const struct skeym_session_time *with, uint32_t ms)
{
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    if (with->wait) {
        with->wait(with->arg, ms);
    } else {
        (void)nanosleep(&pause, NULL);
    }
}

static enum skeym_error judge(const struct skeym_wire_answer *answer)
{
    switch (answer->status) {
    case 200:
        return strcmp(answer->content_type, SKEYM_ENROL_TYPE) == 0 ? SKEYM_OK : SKEYM_ERR_SHAPE;
    case 401:
        return SKEYM_ERR_PERMISSION;
    case 429:
        return SKEYM_ERR_RATE;
    case 503:
        return SKEYM_ERR_BUSY;
    default:
        return SKEYM_ERR_SHAPE;
    }
}

/* There and back, once. */
static enum skeym_error exchange(struct skeym_invite_grant *grant, struct attempt *attempt,
                                 const uint8_t private_key[32])
{
    const struct skeym_accept_options *options = attempt->options;
    struct skeym_handshake state;
    uint8_t ephemeral[32];
    uint8_t body[SKEYM_INVITE_BODY_BYTES];
    size_t size = 0;
    struct skeym_wire_answer answer = {0};
    uint64_t now_ms = wall_ms(&options->time) + (uint64_t)attempt->offset_ms;
    enum skeym_error error = skeym_crypto_random(ephemeral, sizeof ephemeral);
    if (error == SKEYM_OK) {
        error = skeym_invite_start(&state, (struct skeym_room){body, sizeof body}, &size,
                                   options->code, private_key, now_ms, ephemeral);
    }
    skeym_crypto_wipe(ephemeral, sizeof ephemeral);
    if (error != SKEYM_OK) {
        return error;
    }
    const struct skeym_wire_request request = {.method = "POST",
                                               .target = SKEYM_ENROL_PATH,
                                               .content_type = SKEYM_ENROL_TYPE,
                                               .body = skeym_span(body, size)};
    error = options->transport(options->transport_arg, &request, &answer);
    if (error == SKEYM_OK) {
        error = judge(&answer);
        attempt->retry_after_s = answer.retry_after_s;
    }
    if (error == SKEYM_OK) {
        error = skeym_invite_finish(grant, &state, skeym_span(answer.body, answer.body_size));
    }
    skeym_crypto_wipe(&state, sizeof state);
    free(answer.body);
    return error;
}

/* Whether asking again may help, and waits then. */
static bool again(struct attempt *attempt, enum skeym_error error)
{
    const struct skeym_accept_options *options = attempt->options;
    bool busy = error == SKEYM_ERR_RATE || error == SKEYM_ERR_BUSY;
    if (!busy && error != SKEYM_ERR_NETWORK && error != SKEYM_ERR_TIMEOUT) {
        return false;
    }
    uint64_t asked_ms = UINT64_C(1000) * (attempt->retry_after_s ? attempt->retry_after_s : 1);
    attempt->retry_after_s = 0;
    wait_ms(&options->time,
            asked_ms < options->wait_most_ms ? (uint32_t)asked_ms : options->wait_most_ms);
    return true;
}

/* The server's clock, once; a second time its answer is no answer. */
static enum skeym_error correct(struct attempt *attempt, uint64_t server_ms)
{
    if (attempt->corrected) {
        return SKEYM_ERR_CLOCK;
    }
    attempt->corrected = true;
    attempt->offset_ms = (int64_t)server_ms - (int64_t)wall_ms(&attempt->options->time);
    return SKEYM_OK;
}

static enum skeym_error ask(struct skeym_invite_grant *grant, struct attempt *attempt,
                            const uint8_t private_key[32])
{
    enum skeym_error error = SKEYM_OK;
    for (int tries = 0; tries < SKEYM_ACCEPT_TRIES;) {
        error = exchange(grant, attempt, private_key);
        if (error == SKEYM_OK && !grant->clock_only) {
            return SKEYM_OK;
        }
        if (error == SKEYM_OK) {
            error = correct(attempt, grant->server_ms);
            if (error != SKEYM_OK) {
                break;
            }
            continue;
        }
        if (++tries < SKEYM_ACCEPT_TRIES && !again(attempt, error)) {
            break;
        }
    }
    return error;
}

enum skeym_error skeym_accept(struct skeym_credential_file *file, struct skeym_node_claims *claims,
                              const struct skeym_accept_options *options)
{
    struct skeym_invite_grant grant;
    struct attempt attempt = {.options = options};
    memset(claims, 0, sizeof *claims);
    memset(&grant, 0, sizeof grant);
    enum skeym_error error = ask(&grant, &attempt, file->keys.private_key);
    if (error == SKEYM_OK) {
        *claims = grant.claims;
        file->node = grant.claims.id;
        memcpy(file->public_key, grant.claims.public_key, sizeof file->public_key);
        memcpy(file->keys.credential, grant.credential, sizeof file->keys.credential);
        memcpy(file->keys.authority, options->code->authority, sizeof file->keys.authority);
        file->keys.audience = options->code->audience;
        file->keys.locator_size = grant.locator_size;
        memcpy(file->keys.locator, grant.locator, sizeof file->keys.locator);
    }
    skeym_crypto_wipe(&grant, sizeof grant);
    return error;
}
