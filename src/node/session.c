/* SPDX-License-Identifier: Apache-2.0 */
#include "node/session.h"
#include "crypto/crypto.h"
#include "node/session_wire.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_LEAST_MS 200u

struct skeym_session {
    struct skeym_session_options options;
    struct skeym_session_lane lane[SKEYM_LANES_MAX]; /* live where token is not empty */
    struct skeym_session_figures figures;
};

static uint64_t clock_ms(clockid_t which)
{
    struct timespec at = {0};
    (void)clock_gettime(which, &at);
    return (uint64_t)at.tv_sec * 1000 + (uint64_t)at.tv_nsec / 1000000;
}

static uint64_t system_wall_ms(void *arg)
{
    (void)arg;
    return clock_ms(CLOCK_REALTIME);
}

/* Not CLOCK_MONOTONIC: a token grows old while a laptop sleeps, too. */
static uint64_t system_steady_ms(void *arg)
{
    (void)arg;
    return clock_ms(CLOCK_BOOTTIME);
}

static void system_wait(void *arg, uint32_t ms)
{
    (void)arg;
    struct timespec span = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    (void)nanosleep(&span, NULL); /* a signal may cut it short: the caller is waiting, not timing */
}

static uint64_t steady_ms(const struct skeym_session *session)
{
    return session->options.time.steady_ms(session->options.time.arg);
}

enum skeym_error skeym_session_new(struct skeym_session **out,
                                   const struct skeym_session_options *options)
{
    *out = NULL;
    if (!options->credential || !options->transport || options->lanes < 1 ||
        options->lanes > SKEYM_LANES_MAX) {
        return SKEYM_ERR_USAGE;
    }
    struct skeym_session *session = calloc(1, sizeof *session);
    if (!session) {
        return SKEYM_ERR_MEMORY;
    }
    session->options = *options;
    struct skeym_session_time *time = &session->options.time;
    time->wall_ms = time->wall_ms ? time->wall_ms : system_wall_ms;
    time->steady_ms = time->steady_ms ? time->steady_ms : system_steady_ms;
    time->wait = time->wait ? time->wait : system_wait;
    *out = session;
    return SKEYM_OK;
}

void skeym_session_free(struct skeym_session *session)
{
    if (session) {
        skeym_crypto_wipe(session, sizeof *session);
        free(session);
    }
}

/* --- lanes -------------------------------------------------------------- */

static void drop(struct skeym_session_lane *lane)
{
    skeym_crypto_wipe(lane, sizeof *lane);
}

static void drop_all(struct skeym_session *session)
{
    skeym_crypto_wipe(session->lane, sizeof session->lane);
}

/* Its age counts from when the request was sent that brought the token, so it is never younger in
 * our eyes than in the server's. The margin is for the way there. A token from the future (a chain
 * file from before a reboot) wraps to a great age. */
static bool is_live(const struct skeym_session_lane *lane, uint64_t now)
{
    uint64_t life = (uint64_t)lane->lifetime_s * 1000;
    uint64_t margin = life / 8 < 3000 ? life / 8 : 3000;
    return lane->token[0] && now - lane->born_ms < life - margin && now < lane->deadline_ms &&
           lane->deadline_ms - now > margin;
}

/* The live lane that has waited longest, so that spare lanes are used before they die. */
static struct skeym_session_lane *find_live(struct skeym_session *session)
{
    uint64_t now = steady_ms(session);
    struct skeym_session_lane *found = NULL;
    for (size_t i = 0; i < SKEYM_LANES_MAX; i++) {
        struct skeym_session_lane *lane = &session->lane[i];
        if (!is_live(lane, now)) {
            drop(lane);
        } else if (!found || lane->born_ms < found->born_ms) {
            found = lane;
        }
    }
    return found;
}

bool skeym_session_give(struct skeym_session *session, const struct skeym_session_lane *lane)
{
    if (!is_live(lane, steady_ms(session))) {
        return false;
    }
    for (size_t i = 0; i < SKEYM_LANES_MAX; i++) {
        if (!session->lane[i].token[0]) {
            session->lane[i] = *lane;
            return true;
        }
    }
    return false;
}

bool skeym_session_take(struct skeym_session *session, struct skeym_session_lane *lane)
{
    memset(lane, 0, sizeof *lane);
    struct skeym_session_lane *found = find_live(session);
    if (!found) {
        return false;
    }
    *lane = *found;
    drop(found);
    return true;
}

/* --- login --------------------------------------------------------------- */

static enum skeym_error send_wire(struct skeym_session *session,
                                  const struct skeym_wire_request *request,
                                  struct skeym_wire_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    return session->options.transport(session->options.transport_arg, request, answer);
}

static void observe(const struct skeym_session *session, const struct skeym_wire_request *request,
                    const struct skeym_wire_answer *answer, const struct skeym_closed *clear,
                    struct skeym_span clear_answer)
{
    if (session->options.observe) {
        session->options.observe(session->options.observe_arg, request, answer, clear,
                                 clear_answer);
    }
}

static void keep_credential(struct skeym_session *session, const struct skeym_login_grant *grant)
{
    struct skeym_credentials *keys = &session->options.credential->keys;
    memcpy(keys->locator, grant->locator, grant->locator_size);
    keys->locator_size = grant->locator_size;
    if (grant->renewed) {
        memcpy(keys->credential, grant->credential, sizeof keys->credential);
        session->figures.renewed_unsaved = session->options.credential_path != NULL;
    }
    if (!session->options.credential_path) {
        return;
    }
    enum skeym_error error =
        skeym_credential_save(session->options.credential, session->options.credential_path, false);
    if (error != SKEYM_OK) {
        session->figures.unsaved++; /* the old locator still works, it can only be linked */
        session->figures.save_error = error;
    } else {
        session->figures.renewed_unsaved = false;
    }
}

static enum skeym_error keep_lanes(struct skeym_session *session,
                                   const struct skeym_login_grant *grant, uint64_t sent_ms)
{
    uint64_t left = (uint64_t)grant->deadline_s * 1000;
    left -= left < grant->server_ms ? left : grant->server_ms;
    drop_all(session);
    for (uint8_t i = 0; i < grant->lanes; i++) {
        struct skeym_session_lane *lane = &session->lane[i];
        struct skeym_room room = {(uint8_t *)lane->token, SKEYM_TOKEN_CHARS};
        struct skeym_writer writer = skeym_writer(room);
        skeym_base64url_write(&writer, skeym_span(grant->lane[i].token, grant->lane[i].token_size));
        if (skeym_writer_end(&writer) != SKEYM_OK || skeym_written(&writer).size == 0) {
            drop_all(session);
            return SKEYM_ERR_SHAPE;
        }
        memcpy(lane->secret, grant->lane[i].secret, sizeof lane->secret);
        lane->born_ms = sent_ms;
        lane->deadline_ms = sent_ms + left;
        lane->lifetime_s = grant->lifetime_s;
    }
    return SKEYM_OK;
}

/* Reads the answer to a login; *clock is true when it only set our clock. */
static enum skeym_error finish_login(struct skeym_session *session, struct skeym_handshake *state,
                                     const struct skeym_wire_answer *answer, uint64_t sent_ms,
                                     bool *clock)
{
    struct skeym_login_grant grant;
    enum skeym_error error = SKEYM_ERR_HANDSHAKE;
    if (answer->status != 200) {
        return skeym_session_wire_refusal(answer->status, SKEYM_ERR_HANDSHAKE);
    }
    if (!skeym_span_is(skeym_span_text(answer->content_type), SKEYM_LOGIN_TYPE)) {
        return SKEYM_ERR_HANDSHAKE;
    }
    error = skeym_login_finish(&grant, state, skeym_span(answer->body, answer->body_size));
    if (error != SKEYM_OK) {
        goto out;
    }
    session->figures.clock_offset_ms =
        (int64_t)(grant.server_ms - session->options.time.wall_ms(session->options.time.arg));
    *clock = grant.clock_only;
    if (!grant.clock_only) {
        error = keep_lanes(session, &grant, sent_ms);
    }
    if (!grant.clock_only && error == SKEYM_OK) {
        keep_credential(session, &grant);
        session->figures.logins++;
    }
out:
    skeym_crypto_wipe(&grant, sizeof grant);
    return error;
}

/* What one try of a request, or a login, came to, besides its error. */
struct attempt {
    bool sent;    /* it may have been executed, unless the answer opened and says otherwise */
    bool refused; /* the server did not take the token */
    int status;   /* of the last answer; 0: none */
    uint32_t retry_after_s;
};

static enum skeym_error login_once(struct skeym_session *session, bool *clock,
                                   struct attempt *attempt)
{
    uint8_t body[SKEYM_LOGIN_BYTES];
    uint8_t ephemeral[32];
    struct skeym_handshake state = {0};
    struct skeym_wire_answer answer = {0};
    size_t size = 0;
    uint64_t now = session->options.time.wall_ms(session->options.time.arg);
    struct skeym_login_wish wish = {
        .time_ms = now + (uint64_t)session->figures.clock_offset_ms,
        .lanes = session->options.lanes,
    };
    *clock = false;
    enum skeym_error error = skeym_crypto_random(ephemeral, sizeof ephemeral);
    if (error != SKEYM_OK) {
        goto out;
    }
    error = skeym_login_start(&state, (struct skeym_room){body, sizeof body}, &size,
                              &session->options.credential->keys, &wish, ephemeral);
    if (error != SKEYM_OK) {
        goto out;
    }
    struct skeym_wire_request request = {
        .method = "POST",
        .target = SKEYM_LOGIN_PATH,
        .content_type = SKEYM_LOGIN_TYPE,
        .body = skeym_span(body, size),
    };
    uint64_t sent_ms = steady_ms(session);
    error = send_wire(session, &request, &answer);
    observe(session, &request, &answer, NULL, (struct skeym_span){0});
    attempt->retry_after_s = answer.retry_after_s;
    attempt->status = answer.status;
    if (error == SKEYM_OK) {
        error = finish_login(session, &state, &answer, sent_ms, clock);
    }
out:
    free(answer.body);
    skeym_crypto_wipe(ephemeral, sizeof ephemeral);
    skeym_crypto_wipe(&state, sizeof state);
    return error;
}

static enum skeym_error log_in(struct skeym_session *session, struct attempt *attempt)
{
    bool clock = false;
    enum skeym_error error = login_once(session, &clock, attempt);
    if (error == SKEYM_OK && clock) {
        error = login_once(session, &clock, attempt);
        if (error == SKEYM_OK && clock) {
            error = SKEYM_ERR_CLOCK;
        }
    }
    return error;
}

enum skeym_error skeym_session_login(struct skeym_session *session)
{
    struct attempt attempt = {0};
    enum skeym_error error = log_in(session, &attempt);
    session->figures.login_retry_after_s = attempt.retry_after_s;
    return error;
}

/* --- requests ------------------------------------------------------------ */

static void open_answer(struct skeym_session *session, const struct skeym_session_wire *wire,
                        const struct skeym_wire_answer *raw, struct skeym_session_answer *answer,
                        enum skeym_error *error, struct attempt *attempt)
{
    *error = skeym_session_wire_open(answer, &wire->keys, raw);
    if (*error != SKEYM_ERR_SEAL) {
        return;
    }
    *error = skeym_session_wire_refusal(raw->status, SKEYM_ERR_SEAL);
    attempt->refused = *error == SKEYM_ERR_PERMISSION;
    attempt->retry_after_s = raw->retry_after_s;
    if (attempt->refused) {
        session->figures.refused++;
        drop_all(session); /* a server that started anew takes none of them */
    }
}

static enum skeym_error try_once(struct skeym_session *session, const struct skeym_closed *request,
                                 struct skeym_session_answer *answer, struct attempt *attempt)
{
    struct skeym_session_lane lane;
    struct skeym_session_wire wire = {0};
    struct skeym_wire_answer raw = {0};
    uint8_t iv[SKEYM_SESSION_WIRE_IV];
    enum skeym_error error = SKEYM_OK;
    *attempt = (struct attempt){0};
    if (!skeym_session_take(session, &lane)) {
        error = log_in(session, attempt);
        if (error == SKEYM_OK && !skeym_session_take(session, &lane)) {
            error = SKEYM_ERR_EXPIRED; /* the grant was over before we could use it */
        }
        attempt->status = error == SKEYM_OK ? 0 : attempt->status; /* the login's has no say now */
    }
    if (error == SKEYM_OK) {
        error = skeym_crypto_random(iv, sizeof iv);
    }
    if (error == SKEYM_OK) {
        error = skeym_session_wire_seal(&wire, request, &lane, session->options.open_form, iv);
        if (error != SKEYM_OK) {
            (void)skeym_session_give(session, &lane); /* the token was not used */
        }
    }
    if (error != SKEYM_OK) {
        goto out;
    }
    uint64_t sent_ms = steady_ms(session);
    error = send_wire(session, &wire.request, &raw);
    attempt->status = raw.status;
    session->figures.requests++;
    attempt->sent = !(error != SKEYM_OK && raw.unsent);
    if (error == SKEYM_OK) {
        open_answer(session, &wire, &raw, answer, &error, attempt);
    }
    observe(session, &wire.request, &raw, request, skeym_span(answer->body, answer->body_size));
    if (error == SKEYM_OK) {
        skeym_session_wire_next(&lane, &wire, &raw, sent_ms);
        (void)skeym_session_give(session, &lane);
    } else if (!attempt->sent) {
        (void)skeym_session_give(session, &lane);
    } else {
        session->figures.lost += attempt->refused ? 0 : 1;
    }
out:
    session->figures.refused_status = error == SKEYM_OK ? 0 : attempt->status;
    free(raw.body);
    drop(&lane);
    skeym_session_wire_wipe(&wire);
    return error;
}

static bool may_repeat(const struct skeym_session *session, const struct skeym_closed *request)
{
    return session->options.repeatable || skeym_span_is(request->method, "GET") ||
           request->if_none_exist.size > 0 || request->idempotency_key.size > 0;
}

/* Waits if the server asked for it and there is time left for that. */
static bool wait_for_turn(const struct skeym_session *session, const struct attempt *attempt,
                          uint32_t *left_ms)
{
    uint64_t wait_ms = (uint64_t)attempt->retry_after_s * 1000;
    wait_ms = wait_ms < WAIT_LEAST_MS ? WAIT_LEAST_MS : wait_ms;
    if (wait_ms > *left_ms) {
        return false;
    }
    *left_ms -= (uint32_t)wait_ms;
    session->options.time.wait(session->options.time.arg, (uint32_t)wait_ms);
    return true;
}

enum skeym_error skeym_session_request(struct skeym_session *session,
                                       const struct skeym_closed *request,
                                       struct skeym_session_answer *answer, bool *maybe)
{
    uint32_t left_ms = session->options.wait_most_ms;
    bool sent = false;
    bool refused = false;
    bool again = true;
    enum skeym_error error = SKEYM_OK;
    memset(answer, 0, sizeof *answer);
    while (again) {
        struct attempt attempt;
        error = try_once(session, request, answer, &attempt);
        sent = sent || attempt.sent;
        bool harmless = !sent || may_repeat(session, request);
        if (error == SKEYM_ERR_BUSY || error == SKEYM_ERR_RATE) {
            again = harmless && wait_for_turn(session, &attempt, &left_ms);
        } else {
            again = error == SKEYM_ERR_PERMISSION && attempt.refused && !refused && harmless;
            refused = true;
        }
    }
    if (maybe) {
        *maybe = error != SKEYM_OK && sent;
    }
    return error;
}

void skeym_session_answer_free(struct skeym_session_answer *answer)
{
    if (answer->body) {
        skeym_crypto_wipe(answer->body, answer->body_size);
        free(answer->body);
    }
    skeym_crypto_wipe(answer, sizeof *answer);
}

struct skeym_session_figures skeym_session_figures(const struct skeym_session *session)
{
    return session->figures;
}
