/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Those who take part in an attack (inspect/party.h), without a server: what the victim and the
 * attacker get is the test's to say. The victim's requests go through the real tap.
 */
#ifndef SKEYM_TESTS_FAKE_PARTY_H
#define SKEYM_TESTS_FAKE_PARTY_H

#include "inspect/party.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define A_TOKEN "SkeyM AAAAAAAAAAAAAAAAAAAAAAAA"
#define A_PROOF "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static struct {
    unsigned opens_left; /* the open after these fails */
    int opened;          /* less those closed */
    /* The victim: of each of its requests, after a login where it does one. */
    bool logs_in;
    unsigned asked;
    unsigned sends_each; /* how often it sends a request that was lost */
    const char *authorization, *proof, *text;
    int status;
    enum skeym_error error;
    void (*served)(void);
    /* The attacker. */
    int sent_status;
    atomic_uint wins; /* so many of what it sends get 200 */
    atomic_uint sent;
    atomic_uint connected, exchanged, waited;
    unsigned connects_left; /* those after fail */
    int exchange_status;
} play;

/* Nothing fails, and the attacker gets 401. */
static inline int play_reset(void **state)
{
    (void)state;
    memset(&play, 0, sizeof play);
    play.opens_left = play.connects_left = UINT_MAX;
    play.sends_each = 1;
    play.authorization = A_TOKEN;
    play.proof = A_PROOF;
    play.text = "";
    play.status = 200;
    play.sent_status = play.exchange_status = 401;
    return 0;
}

static enum skeym_error deliver(void *arg, const struct skeym_wire_request *request,
                                struct skeym_wire_answer *answer)
{
    (void)arg;
    (void)request;
    answer->status = play.status;
    answer->body_size = strlen(play.text);
    answer->body = (uint8_t *)strdup(play.text);
    assert_non_null(answer->body);
    return play.error;
}

enum skeym_error skeym_party_open(struct skeym_party *party, const char *server,
                                  const char *credential_path, bool open_form)
{
    (void)open_form;
    assert_non_null(server);
    assert_non_null(credential_path);
    memset(party, 0, sizeof *party);
    if (play.opens_left-- == 0) {
        return SKEYM_ERR_MISSING;
    }
    party->tap.inner = deliver;
    memcpy(party->credential.node.text, "dr-victim", 9);
    party->credential.node.size = 9;
    play.opened++;
    return SKEYM_OK;
}

void skeym_party_close(struct skeym_party *party)
{
    skeym_tap_free(&party->tap);
    play.opened--;
}

static enum skeym_error say(struct skeym_party *party, const struct skeym_wire_request *request,
                            int *status)
{
    struct skeym_wire_answer answer = {0};
    enum skeym_error error = skeym_tap_send(&party->tap, request, &answer);
    *status = error == SKEYM_OK ? answer.status : 0;
    free(answer.body);
    return error;
}

int skeym_party_do(struct skeym_party *party, const char *method, const char *target,
                   const char *body, enum skeym_error *error)
{
    int status = 0;
    struct skeym_wire_request request = {.method = "POST", .target = "/skeym/v1/login"};
    play.asked++;
    if (play.logs_in) {
        (void)say(party, &request, &status);
        (void)say(party, &request, &status); /* with the clock put right */
    }
    request.method = method;
    request.target = target;
    request.authorization = play.authorization;
    request.proof = play.proof;
    request.body = skeym_span_text(body);
    for (unsigned i = 0; i < play.sends_each; i++) {
        *error = say(party, &request, &status);
    }
    return status;
}

void skeym_party_serve(struct skeym_attack_result *result, struct skeym_party *victim,
                       const char *target)
{
    enum skeym_error error;
    int status = skeym_party_do(victim, "GET", target, NULL, &error);
    result->victim_served += status == 200;
    result->victim_failed += status != 200;
    if (play.served) {
        play.served();
    }
}

int skeym_party_send(struct skeym_http *http, const struct skeym_wire_request *request)
{
    (void)http;
    assert_non_null(request->method);
    return atomic_fetch_add(&play.sent, 1) < atomic_load(&play.wins) ? 200 : play.sent_status;
}

void skeym_party_count(struct skeym_attack_result *result, int status)
{
    result->tried++;
    result->succeeded += status == 200;
    result->refused += status >= 400 && status < 500;
    result->answers[0].status = status; /* the last one */
}

void skeym_party_got(struct skeym_attack_result *result, const char *more)
{
    (void)snprintf(result->got, sizeof result->got, "%d%s", result->answers[0].status,
                   more ? more : "");
}

int skeym_party_connect(const char *server, const char *source)
{
    assert_non_null(server);
    assert_int_equal(strncmp(source, "127.", 4), 0);
    return atomic_fetch_add(&play.connected, 1) < play.connects_left ? dup(2) : -1;
}

int skeym_party_exchange(int fd, const void *bytes, size_t size, int timeout_ms)
{
    (void)timeout_ms;
    assert_true(fd > 2 && bytes && size > 0);
    atomic_fetch_add(&play.exchanged, 1);
    return play.exchange_status;
}

/* Whom the attacks are aimed at. */
static inline struct skeym_attack_target play_target(void)
{
    return (struct skeym_attack_target){.dir = "/proc/none",
                                        .server = "http://127.0.0.1:1",
                                        .doctor = "doctor.cred",
                                        .limited = "limited.cred",
                                        .leaver = "leaver.cred",
                                        .leaver_id = "leaver",
                                        .locked = "locked.cred",
                                        .own_patient = "pat-own",
                                        .other_patient = "pat-other",
                                        .forgeries = 6,
                                        .flood_ms = 60000};
}

typedef enum skeym_error attack(const struct skeym_attack_target *target,
                                struct skeym_attack_result *result);

/* Runs it: it ends so, and all that it opened is closed. */
static inline struct skeym_attack_result attacked(attack *run, enum skeym_error expected)
{
    struct skeym_attack_target target = play_target();
    struct skeym_attack_result result = {0};
    assert_int_equal(run(&target, &result), expected);
    assert_int_equal(play.opened, 0);
    return result;
}

/* Nobody waits in here. */
int nanosleep(const struct timespec *requested_time, struct timespec *remaining)
{
    (void)requested_time;
    (void)remaining;
    atomic_fetch_add(&play.waited, 1);
    return 0;
}

#endif
