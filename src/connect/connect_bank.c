/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect_bank.h"

#include "connect/connect_links.h"
#include "crypto/crypto.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Pauses after a login that failed: first and longest. Who was refused has no reason to be quick.
 */
enum { FAILED_MS = 100, FAILED_MOST_MS = 2000, REFUSED_MS = 1000, REFUSED_MOST_MS = 60000 };

struct skeym_connect_bank {
    struct skeym_connect_bank_options options;
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards what follows; held during a login */
    pthread_cond_t back;  /* a lane came back or is known to be lost, or it is another's turn */
    uint64_t came, went;  /* who wanted a lane, and who was served: in this order */
    struct skeym_session *session;
    uint64_t login;        /* number of the last one */
    unsigned granted, out; /* lanes of it: at its begin; in somebody's hands */
    bool learned;          /* base is what the server said */
    char base[SKEYM_CONNECT_BASE_BYTES];
    uint32_t pause_ms; /* the last one; 0: none */
    uint64_t again_ms; /* no login before */
    enum skeym_error error;
};

static uint64_t system_steady_ms(void *arg)
{
    struct timespec at = {0};
    (void)arg;
    (void)clock_gettime(CLOCK_BOOTTIME, &at); /* as a session's */
    return (uint64_t)at.tv_sec * 1000 + (uint64_t)at.tv_nsec / 1000000;
}

static void system_wait(void *arg, uint32_t ms)
{
    struct timespec span = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    (void)arg;
    (void)nanosleep(&span, NULL);
}

enum skeym_error skeym_connect_bank_new(struct skeym_connect_bank **out,
                                        const struct skeym_connect_bank_options *options)
{
    *out = NULL;
    struct skeym_connect_bank *bank = calloc(1, sizeof *bank);
    if (!bank) {
        return SKEYM_ERR_MEMORY;
    }
    bank->options = *options;
    struct skeym_session_time *time = &bank->options.time;
    time->steady_ms = time->steady_ms ? time->steady_ms : system_steady_ms;
    time->wait = time->wait ? time->wait : system_wait;
    const struct skeym_session_options session = {
        .credential = options->credential,
        .credential_path = options->credential_path,
        .transport = options->transport,
        .transport_arg = options->transport_arg,
        .lanes = options->lanes,
        .time = *time,
    };
    (void)snprintf(bank->base, sizeof bank->base, "%s/fhir", options->server);
    enum skeym_error error = skeym_session_new(&bank->session, &session);
    if (error != SKEYM_OK) {
        free(bank);
        return error;
    }
    (void)pthread_mutex_init(&bank->lock, NULL); /* cannot fail on Linux */
    (void)pthread_cond_init(&bank->back, NULL);
    *out = bank;
    return SKEYM_OK;
}

void skeym_connect_bank_free(struct skeym_connect_bank *bank)
{
    if (bank) {
        skeym_session_free(bank->session);
        (void)pthread_cond_destroy(&bank->back);
        (void)pthread_mutex_destroy(&bank->lock);
        free(bank);
    }
}

uint64_t skeym_connect_bank_steady(const struct skeym_connect_bank *bank)
{
    return bank->options.time.steady_ms(bank->options.time.arg);
}

void skeym_connect_bank_wait(const struct skeym_connect_bank *bank, uint32_t ms)
{
    bank->options.time.wait(bank->options.time.arg, ms);
}

static void tell(const struct skeym_connect_bank *bank, const char *event, enum skeym_error error,
                 uint64_t number)
{
    if (bank->options.tell) {
        bank->options.tell(bank->options.tell_arg, event, error, number);
    }
}

/* --- one exchange ------------------------------------------------------------------- */

enum skeym_error skeym_connect_bank_exchange(struct skeym_connect_bank *bank,
                                             struct skeym_connect_lane *lane,
                                             skeym_transport transport, void *transport_arg,
                                             const struct skeym_closed *request,
                                             struct skeym_session_answer *answer,
                                             struct skeym_connect_attempt *attempt)
{
    struct skeym_session_wire wire = {0};
    struct skeym_wire_answer raw = {0};
    uint8_t iv[SKEYM_SESSION_WIRE_IV];
    memset(answer, 0, sizeof *answer);
    *attempt = (struct skeym_connect_attempt){0};
    enum skeym_error error = skeym_crypto_random(iv, sizeof iv);
    if (error == SKEYM_OK) {
        error = skeym_session_wire_seal(&wire, request, &lane->lane, false, iv);
    }
    if (error != SKEYM_OK) {
        return error;
    }
    uint64_t sent_ms = skeym_connect_bank_steady(bank);
    error = transport(transport_arg, &wire.request, &raw);
    attempt->sent = !(error != SKEYM_OK && raw.unsent);
    attempt->retry_after_s = raw.retry_after_s;
    if (error == SKEYM_OK) {
        error = skeym_session_wire_open(answer, &wire.keys, &raw);
        if (error == SKEYM_ERR_SEAL) {
            error = skeym_session_wire_refusal(raw.status, SKEYM_ERR_SEAL);
            attempt->refused = error == SKEYM_ERR_PERMISSION;
        }
    }
    if (attempt->sent) {
        skeym_session_wire_next(&lane->lane, &wire, error == SKEYM_OK ? &raw : NULL, sent_ms);
    }
    free(raw.body);
    skeym_session_wire_wipe(&wire);
    return error;
}

/* --- login -------------------------------------------------------------------------- */

/* Where the server's links begin: it says so in its capability statement. What it calls itself may
 * be another name than the one that we reach it by. */
static void learn_base(struct skeym_connect_bank *bank)
{
    const struct skeym_closed request = {
        .method = skeym_span_text("GET"),
        .target = skeym_span_text("/fhir/metadata"),
    };
    struct skeym_connect_lane out = {.login = bank->login};
    struct skeym_session_answer answer = {0};
    struct skeym_connect_attempt attempt;
    if (!skeym_session_take(bank->session, &out.lane)) {
        return;
    }
    enum skeym_error error =
        skeym_connect_bank_exchange(bank, &out, bank->options.transport,
                                    bank->options.transport_arg, &request, &answer, &attempt);
    if (error == SKEYM_OK && answer.status == 200) {
        struct skeym_span url = skeym_connect_links_base(skeym_span(answer.body, answer.body_size));
        if (url.size > 0 && url.size < sizeof bank->base) {
            memcpy(bank->base, url.data, url.size);
            bank->base[url.size] = 0;
            bank->learned = true;
        }
    }
    (void)skeym_session_give(bank->session, &out.lane);
    skeym_crypto_wipe(&out, sizeof out);
    skeym_session_answer_free(&answer);
}

static void pause_logins(struct skeym_connect_bank *bank, enum skeym_error error)
{
    bool mild = error == SKEYM_ERR_NETWORK || error == SKEYM_ERR_TIMEOUT ||
                error == SKEYM_ERR_BUSY || error == SKEYM_ERR_RATE;
    uint32_t first = mild ? FAILED_MS : REFUSED_MS;
    uint32_t most = mild ? FAILED_MOST_MS : REFUSED_MOST_MS;
    uint32_t next = bank->pause_ms > UINT32_MAX / 2 ? most : bank->pause_ms * 2;
    next = next < first ? first : next;
    bank->pause_ms = next > most ? most : next;
    /* What the server asks for is a hint that anybody on the way can give: not for longer. */
    uint64_t asked = (uint64_t)skeym_session_figures(bank->session).login_retry_after_s * 1000;
    asked = asked < REFUSED_MOST_MS ? asked : REFUSED_MOST_MS;
    asked = asked > bank->pause_ms ? asked : bank->pause_ms;
    bank->again_ms = skeym_connect_bank_steady(bank) + asked;
    bank->error = error;
    tell(bank, "login-failed", error, asked);
}

static unsigned count_lanes(struct skeym_connect_bank *bank)
{
    struct skeym_session_lane lane[SKEYM_LANES_MAX];
    unsigned count = 0;
    while (count < SKEYM_LANES_MAX && skeym_session_take(bank->session, &lane[count])) {
        count++;
    }
    for (unsigned i = 0; i < count; i++) {
        (void)skeym_session_give(bank->session, &lane[i]);
    }
    skeym_crypto_wipe(lane, sizeof lane);
    return count;
}

/* There are fewer lanes than were asked for, and all of them are in others' hands: another login
 * would bring no more, and cost those. When one of them is lost or too old, it is worth it. */
static bool must_wait(const struct skeym_connect_bank *bank)
{
    return bank->out > 0 && bank->out == bank->granted && bank->granted < bank->options.lanes;
}

static enum skeym_error log_in(struct skeym_connect_bank *bank)
{
    uint64_t unsaved = skeym_session_figures(bank->session).unsaved;
    uint64_t now = skeym_connect_bank_steady(bank);
    if (bank->pause_ms > 0 && now < bank->again_ms) {
        return bank->error;
    }
    enum skeym_error error = skeym_session_login(bank->session);
    if (error != SKEYM_OK) {
        pause_logins(bank, error);
        return error;
    }
    bank->pause_ms = 0;
    bank->login++;
    struct skeym_session_figures figures = skeym_session_figures(bank->session);
    tell(bank, "login", figures.unsaved > unsaved ? figures.save_error : SKEYM_OK, bank->login);
    if (figures.renewed_unsaved) {
        tell(bank, "credential-not-saved", figures.save_error, bank->login);
    }
    if (!bank->learned) {
        learn_base(bank);
    }
    bank->granted = count_lanes(bank);
    bank->out = 0;
    return SKEYM_OK;
}

/* --- lanes -------------------------------------------------------------------------- */

/* Who came first is served first: else the thread that gives a lane back has it again before one
 * that waits is awake. false: there is none to wait for, and it is the caller's turn to log in. */
static bool wait_for_lane(struct skeym_connect_bank *bank, struct skeym_connect_lane *lane)
{
    uint64_t turn = bank->came++;
    while (!atomic_load(&bank->stopping)) {
        bool mine = turn == bank->went;
        if (mine && skeym_session_take(bank->session, &lane->lane)) {
            return true;
        }
        if (mine && !must_wait(bank)) {
            break;
        }
        (void)pthread_cond_wait(&bank->back, &bank->lock);
    }
    return false;
}

enum skeym_error skeym_connect_bank_take(struct skeym_connect_bank *bank,
                                         struct skeym_connect_lane *lane, uint32_t *pause_ms)
{
    enum skeym_error error = SKEYM_OK;
    memset(lane, 0, sizeof *lane);
    *pause_ms = 0;
    (void)pthread_mutex_lock(&bank->lock);
    bool found = wait_for_lane(bank, lane);
    if (!found) {
        error = atomic_load(&bank->stopping) ? SKEYM_ERR_BUSY : log_in(bank);
        if (error == SKEYM_OK && !skeym_session_take(bank->session, &lane->lane)) {
            error = SKEYM_ERR_BUSY; /* the login held, and its only lane got lost, or too old */
        }
    }
    bank->out += error == SKEYM_OK ? 1 : 0;
    bank->went++;
    (void)pthread_cond_broadcast(&bank->back);
    lane->login = bank->login;
    memcpy(lane->base, bank->base, sizeof lane->base);
    if (error != SKEYM_OK && bank->pause_ms > 0) {
        uint64_t now = skeym_connect_bank_steady(bank);
        *pause_ms = now < bank->again_ms ? (uint32_t)(bank->again_ms - now) : 0;
    }
    (void)pthread_mutex_unlock(&bank->lock);
    return error;
}

void skeym_connect_bank_stop(struct skeym_connect_bank *bank)
{
    atomic_store(&bank->stopping, true); /* a login that is under way holds the lock */
    (void)pthread_mutex_lock(&bank->lock);
    (void)pthread_cond_broadcast(&bank->back);
    (void)pthread_mutex_unlock(&bank->lock);
}

void skeym_connect_bank_give(struct skeym_connect_bank *bank, struct skeym_connect_lane *lane)
{
    (void)pthread_mutex_lock(&bank->lock);
    if (lane->login == bank->login) { /* of an older one: there are newer enough */
        bank->out--;
        (void)skeym_session_give(bank->session, &lane->lane);
        (void)pthread_cond_broadcast(&bank->back);
    }
    (void)pthread_mutex_unlock(&bank->lock);
    skeym_crypto_wipe(lane, sizeof *lane);
}

void skeym_connect_bank_refused(struct skeym_connect_bank *bank, struct skeym_connect_lane *lane)
{
    struct skeym_session_lane other;
    (void)pthread_mutex_lock(&bank->lock);
    if (lane->login == bank->login) {
        while (skeym_session_take(bank->session, &other)) {
            skeym_crypto_wipe(&other, sizeof other);
        }
        bank->login++; /* what is out and comes back is dropped */
        bank->granted = bank->out = 0;
        (void)pthread_cond_broadcast(&bank->back);
        bank->learned = false;
        tell(bank, "tokens-refused", SKEYM_ERR_PERMISSION, bank->login);
    }
    (void)pthread_mutex_unlock(&bank->lock);
    skeym_crypto_wipe(lane, sizeof *lane);
}
