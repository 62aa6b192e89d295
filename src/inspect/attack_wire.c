/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks from the wire: what crosses it is copied, held, changed and sent again. */
#include "inspect/attack_list.h"
#include "inspect/party.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AT_ONCE 16
#define ROUNDS  5

static const char any_request[] = "/fhir/Observation?_count=1";

/* Copies the first request that carries a token; delivers it, or not. */
struct holder {
    struct skeym_tap_copy copy;
    bool have;
    bool deliver;
};

static bool hold(struct skeym_tap *tap, const struct skeym_wire_request *request)
{
    struct holder *holder = tap->before_arg;
    if (!request->authorization || holder->have) {
        return true;
    }
    holder->have = skeym_tap_copy(&holder->copy, request) == SKEYM_OK;
    return holder->deliver;
}

/* The victim makes one request, which the attacker copies. */
static enum skeym_error capture(struct skeym_party *victim, const char *target,
                                struct holder *holder)
{
    enum skeym_error error;
    victim->tap.before = hold;
    victim->tap.before_arg = holder;
    int status = skeym_party_do(victim, "GET", target, NULL, &error);
    victim->tap.before = NULL;
    if (!holder->have || (holder->deliver && status != 200)) {
        return error != SKEYM_OK ? error : SKEYM_ERR_STATE;
    }
    return SKEYM_OK;
}

enum skeym_error skeym_attack_eavesdrop(const struct skeym_attack_target *target,
                                        struct skeym_attack_result *result)
{
    struct skeym_party victim;
    char by_patient[128];
    enum skeym_error error = skeym_party_open(&victim, target->server, target->doctor, false);
    if (error != SKEYM_OK) {
        return error;
    }
    victim.tap.record = true;
    snprintf(by_patient, sizeof by_patient, "/fhir/Observation?patient=%s&_count=5",
             target->other_patient);
    skeym_party_serve(result, &victim, "/fhir/metadata");
    skeym_party_serve(result, &victim, by_patient);
    char id[SKEYM_NODE_ID_BYTES + 1] = {0};
    memcpy(id, victim.credential.node.text, victim.credential.node.size);
    const char *needles[] = {
        id,      target->other_patient, "Observation", "patient=",     "8867-4", "heart",
        "user/", "SampledData",         "/fhir/O",     "valueQuantity"};
    for (size_t i = 0; i < sizeof needles / sizeof needles[0]; i++) {
        result->tried++;
        if (skeym_tap_saw(&victim.tap, needles[i])) {
            result->succeeded++;
        } else {
            result->refused++;
        }
    }
    snprintf(result->got, sizeof result->got, "%zu bytes of traffic, and %llu of %llu words in it",
             victim.tap.traffic_size, (unsigned long long)result->succeeded,
             (unsigned long long)result->tried);
    skeym_party_close(&victim);
    return SKEYM_OK;
}

enum skeym_error skeym_attack_replay(const struct skeym_attack_target *target,
                                     struct skeym_attack_result *result)
{
    struct skeym_party victim;
    struct holder holder = {.deliver = true};
    enum skeym_error error = skeym_party_open(&victim, target->server, target->doctor, false);
    if (error != SKEYM_OK) {
        return error;
    }
    error = capture(&victim, any_request, &holder);
    for (int i = 0; error == SKEYM_OK && i < 20; i++) {
        skeym_party_count(result, skeym_party_send(victim.http, &holder.copy.request));
        skeym_party_serve(result, &victim, any_request);
    }
    skeym_party_got(result, NULL);
    skeym_tap_copy_free(&holder.copy);
    skeym_party_close(&victim);
    return error;
}

struct racer {
    const struct skeym_wire_request *request;
    const char *server;
    pthread_barrier_t *start;
    int status;
};

static void *race(void *arg)
{
    struct racer *racer = arg;
    struct skeym_http *http = NULL;
    enum skeym_error error =
        skeym_http_new(&http, &(struct skeym_http_options){.server = racer->server});
    pthread_barrier_wait(racer->start);
    racer->status = error == SKEYM_OK ? skeym_party_send(http, racer->request) : 0;
    skeym_http_free(http);
    return NULL;
}

/* One of the copies is the victim's own request and may be served; a second one may not. true: it
 * was one and no more. */
static bool race_all(const struct skeym_attack_target *target, const struct holder *holder,
                     struct skeym_attack_result *result)
{
    pthread_t thread[AT_ONCE];
    struct racer racers[AT_ONCE];
    pthread_barrier_t start;
    unsigned served = 0;
    pthread_barrier_init(&start, NULL, AT_ONCE);
    for (size_t i = 0; i < AT_ONCE; i++) {
        racers[i] = (struct racer){&holder->copy.request, target->server, &start, 0};
        if (pthread_create(&thread[i], NULL, race, &racers[i]) != 0) {
            abort(); /* a barrier that is one short would hang */
        }
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        pthread_join(thread[i], NULL);
        served += racers[i].status == 200;
        if (racers[i].status != 200 || served > 1) { /* the first is the victim's own */
            skeym_party_count(result, racers[i].status);
        }
    }
    pthread_barrier_destroy(&start);
    result->victim_served += served == 1;
    result->victim_failed += served == 0;
    return served == 1;
}

enum skeym_error skeym_attack_replay_at_once(const struct skeym_attack_target *target,
                                             struct skeym_attack_result *result)
{
    enum skeym_error error = SKEYM_OK;
    unsigned once = 0;
    for (int round = 0; round < ROUNDS && error == SKEYM_OK; round++) {
        struct skeym_party victim;
        struct holder holder = {.deliver = false};
        error = skeym_party_open(&victim, target->server, target->doctor, false);
        if (error != SKEYM_OK) {
            break;
        }
        error = capture(&victim, any_request, &holder);
        if (error == SKEYM_OK) {
            once += race_all(target, &holder, result);
        }
        skeym_tap_copy_free(&holder.copy);
        skeym_party_close(&victim);
    }
    snprintf(result->got, sizeof result->got, "of %d equal requests one is served, %u times of %d",
             AT_ONCE, once, ROUNDS);
    return error;
}

/* With the token alone an attacker can only guess or invent a proof. */
enum skeym_error skeym_attack_stolen_token(const struct skeym_attack_target *target,
                                           struct skeym_attack_result *result)
{
    struct skeym_party victim;
    struct holder holder = {.deliver = false};
    enum skeym_error error = skeym_party_open(&victim, target->server, target->doctor, true);
    if (error != SKEYM_OK) {
        return error;
    }
    error = capture(&victim, any_request, &holder);
    if (error == SKEYM_OK) {
        struct skeym_exchange_keys guess;
        uint8_t proof[SKEYM_PROOF_BYTES];
        char text[SKEYM_PROOF_CHARS + 1];
        const uint8_t nothing[32] = {0};
        const char *proofs[] = {NULL, "", holder.copy.proof + 1, text};
        struct skeym_wire_request asked = holder.copy.request;
        asked.target = "/fhir/Patient?_count=100";
        struct skeym_exchange_request covered = {.method = skeym_span_text(asked.method),
                                                 .target = skeym_span_text(asked.target)};
        error = skeym_exchange_derive(&guess, nothing);
        if (error == SKEYM_OK) {
            error = skeym_exchange_proof(proof, guess.proof, &covered);
        }
        struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)text, 43});
        skeym_base64url_write(&writer, skeym_span(proof, sizeof proof));
        text[SKEYM_PROOF_CHARS] = 0;
        for (size_t i = 0; error == SKEYM_OK && i < sizeof proofs / sizeof proofs[0]; i++) {
            asked.proof = proofs[i];
            skeym_party_count(result, skeym_party_send(victim.http, &asked));
        }
        /* the token was not spent by all that: its owner's request still is served */
        int status = skeym_party_send(victim.http, &holder.copy.request);
        result->victim_served += status == 200;
        result->victim_failed += status != 200;
    }
    skeym_party_got(result, result->victim_failed == 0 ? "; its owner can still spend it"
                                                       : "; its owner has lost it");
    skeym_tap_copy_free(&holder.copy);
    skeym_party_close(&victim);
    return error;
}

static void send_altered(struct skeym_party *victim, const struct holder *holder,
                         const char *other_target, struct skeym_attack_result *result)
{
    const struct skeym_wire_request *real = &holder->copy.request;
    struct skeym_wire_request altered[6];
    for (size_t i = 0; i < 6; i++) {
        altered[i] = *real;
    }
    altered[0].method = "DELETE";
    altered[1].method = "POST";
    altered[2].target = other_target;
    altered[3].target = "/fhir/Observation?_count=1&";
    altered[4].content_type = "text/plain";
    altered[5].method = "POST";
    altered[5].body = skeym_span_text("{}");
    for (size_t i = 0; i < 6; i++) {
        skeym_party_count(result, skeym_party_send(victim->http, &altered[i]));
    }
    int status = skeym_party_send(victim->http, real);
    result->victim_served += status == 200;
    result->victim_failed += status != 200;
}

enum skeym_error skeym_attack_altered(const struct skeym_attack_target *target,
                                      struct skeym_attack_result *result)
{
    struct skeym_party victim;
    struct holder holder = {.deliver = false};
    char other[128];
    snprintf(other, sizeof other, "/fhir/Observation?patient=%s", target->other_patient);
    enum skeym_error error = skeym_party_open(&victim, target->server, target->doctor, true);
    if (error != SKEYM_OK) {
        return error;
    }
    error = capture(&victim, any_request, &holder);
    if (error == SKEYM_OK) {
        send_altered(&victim, &holder, other, result);
    }
    skeym_party_got(result, result->victim_failed == 0
                                ? "; the unaltered request is served after it"
                                : "; the unaltered request is not served");
    skeym_tap_copy_free(&holder.copy);
    skeym_party_close(&victim);
    return error;
}

enum skeym_error skeym_attack_expired(const struct skeym_attack_target *target,
                                      struct skeym_attack_result *result)
{
    struct skeym_party victim;
    struct holder holder = {.deliver = false};
    enum skeym_error error = skeym_party_open(&victim, target->server, target->doctor, false);
    if (error != SKEYM_OK) {
        return error;
    }
    error = capture(&victim, any_request, &holder);
    if (error == SKEYM_OK) {
        struct timespec pause = {.tv_sec = (time_t)target->lifetime_s, .tv_nsec = 200000000};
        nanosleep(&pause, NULL);
        skeym_party_count(result, skeym_party_send(victim.http, &holder.copy.request));
        skeym_party_serve(result, &victim, any_request);
        char later[48];
        snprintf(later, sizeof later, ", %u.2 s after it was signed", target->lifetime_s);
        skeym_party_got(result, later);
    }
    skeym_tap_copy_free(&holder.copy);
    skeym_party_close(&victim);
    return error;
}

/* Version and epoch: what every token of this hour begins with, in the open. */
enum { TOKEN_START = 5, REPLAYS = 3 };

/* What is overheard of a victim: its login, and how its tokens begin. */
struct listener {
    struct skeym_tap_copy login;
    bool have, seen;
    uint8_t start[TOKEN_START + 1]; /* of 8 characters, 6 bytes */
};

static bool listen_in(struct skeym_tap *tap, const struct skeym_wire_request *request)
{
    struct listener *listener = tap->before_arg;
    size_t size = 0;
    if (!request->authorization) {
        listener->have = listener->have || skeym_tap_copy(&listener->login, request) == SKEYM_OK;
    } else if (!listener->seen) {
        struct skeym_span text = skeym_span_text(request->authorization);
        listener->seen =
            skeym_base64url_read((struct skeym_room){listener->start, sizeof listener->start},
                                 &size, skeym_span_part(text, strlen("SkeyM "), 8)) == SKEYM_OK &&
            size == sizeof listener->start;
    }
    return true;
}

/* Sends the login once more; how many bytes came back. An answer is sealed for an ephemeral key
 * that the attacker does not have: it has got something when a token stands in it to be read. */
static size_t replay_login(struct skeym_party *victim, const struct listener *listener,
                           struct skeym_attack_result *result)
{
    struct skeym_wire_answer answer = {0};
    if (skeym_http_send(victim->http, &listener->login.request, &answer) != SKEYM_OK) {
        answer.status = 0;
    }
    size_t size = answer.status == 200 ? answer.body_size : 0;
    if (answer.status == 200) {
        bool token = memmem(answer.body, size, listener->start, TOKEN_START) != NULL;
        result->tried++;
        result->succeeded += token;
        result->refused += !token;
    } else {
        skeym_party_count(result, answer.status);
    }
    free(answer.body);
    return size;
}

enum skeym_error skeym_attack_login_replay(const struct skeym_attack_target *target,
                                           struct skeym_attack_result *result)
{
    struct skeym_party victim;
    struct listener listener = {.have = false};
    size_t size = 0;
    enum skeym_error error = skeym_party_open(&victim, target->server, target->doctor, false);
    if (error != SKEYM_OK) {
        return error;
    }
    victim.tap.before = listen_in;
    victim.tap.before_arg = &listener;
    skeym_party_serve(result, &victim, any_request);
    bool heard = listener.have && listener.seen;
    for (int i = 0; heard && i < REPLAYS; i++) {
        size += replay_login(&victim, &listener, result);
    }
    skeym_party_serve(result, &victim, any_request);
    snprintf(result->got, sizeof result->got,
             "%zu bytes of sealed answers, %llu of %d with a token to be read", size,
             (unsigned long long)result->succeeded, REPLAYS);
    skeym_tap_copy_free(&listener.login);
    skeym_party_close(&victim);
    return heard ? SKEYM_OK : SKEYM_ERR_STATE;
}
