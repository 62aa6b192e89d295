/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks by those who have nothing but a socket. They come from other loopback addresses than the
 * victim, as strangers would. */
#include "crypto/crypto.h"
#include "inspect/attack_list.h"
#include "inspect/party.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FLOODERS    4
#define SLOW        200
#define FORGED_SIZE 141

static const char any_request[] = "/fhir/Observation?_count=1";

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A real token off the wire is the best start for a forger. */
struct seen {
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t size;
    char proof[SKEYM_PROOF_CHARS + 1];
};

static bool see_token(struct skeym_tap *tap, const struct skeym_wire_request *request)
{
    struct seen *seen = tap->before_arg;
    if (request->authorization && request->proof && seen->size == 0) {
        struct skeym_span text = skeym_span_text(request->authorization + strlen("SkeyM "));
        if (skeym_base64url_read((struct skeym_room){seen->token, sizeof seen->token}, &seen->size,
                                 text) != SKEYM_OK) {
            seen->size = 0;
        }
        snprintf(seen->proof, sizeof seen->proof, "%s", request->proof);
    }
    return true;
}

static enum skeym_error send_forged(struct skeym_party *victim, const struct seen *seen,
                                    unsigned number, struct skeym_attack_result *result)
{
    uint8_t token[SKEYM_TOKEN_BYTES];
    uint8_t noise[FORGED_SIZE];
    char field[6 + SKEYM_TOKEN_CHARS + 1] = "SkeyM ";
    size_t size = number % 2 ? seen->size : FORGED_SIZE;
    enum skeym_error error = skeym_crypto_random(noise, sizeof noise);
    if (error != SKEYM_OK) {
        return error;
    }
    if (number % 2) { /* one byte of a real one changed: nonce, seal or tag, each in turn */
        memcpy(token, seen->token, size);
        token[5 + number / 2 % (size - 5)] ^= (uint8_t)(noise[0] | 1);
    } else { /* all invented, under the live epoch */
        memcpy(token, noise, size);
        memcpy(token, seen->token, 5);
    }
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){(uint8_t *)field + 6, sizeof field - 7});
    skeym_base64url_write(&writer, skeym_span(token, size));
    struct skeym_wire_request asked = {
        .method = "GET", .target = any_request, .authorization = field, .proof = seen->proof};
    skeym_party_count(result, skeym_party_send(victim->http, &asked));
    return SKEYM_OK;
}

enum skeym_error skeym_attack_forged(const struct skeym_attack_target *target,
                                     struct skeym_attack_result *result)
{
    struct skeym_party victim;
    struct seen seen = {.size = 0};
    enum skeym_error error = skeym_party_open(&victim, target->server, target->doctor, false);
    if (error != SKEYM_OK) {
        return error;
    }
    victim.tap.before = see_token;
    victim.tap.before_arg = &seen;
    skeym_party_serve(result, &victim, any_request);
    if (seen.size == 0) {
        error = SKEYM_ERR_STATE;
    }
    for (unsigned i = 0; error == SKEYM_OK && i < target->forgeries; i++) {
        error = send_forged(&victim, &seen, i, result);
    }
    skeym_party_serve(result, &victim, any_request);
    skeym_party_got(result, NULL);
    skeym_party_close(&victim);
    return error;
}

enum skeym_error skeym_attack_slow(const struct skeym_attack_target *target,
                                   struct skeym_attack_result *result)
{
    static const char half[] = "POST /skeym/v1/login HTTP/1.1\r\nHost: ward\r\nContent-Le";
    struct skeym_party victim;
    int fd[SLOW];
    enum skeym_error error = skeym_party_open(&victim, target->server, target->doctor, false);
    if (error != SKEYM_OK) {
        return error;
    }
    for (int i = 0; i < SLOW; i++) {
        char source[32];
        snprintf(source, sizeof source, "127.0.%d.%d", 20 + i % 50, 1 + i / 50);
        fd[i] = skeym_party_connect(target->server, source);
        int status = fd[i] < 0 ? 0 : skeym_party_exchange(fd[i], half, sizeof half - 1, 0);
        skeym_party_count(result, status);
        result->refused += status == 0; /* half a request gets no answer, or not even a place */
    }
    for (int i = 0; i < 10; i++) {
        for (int j = 0; j < SLOW; j++) {
            if (fd[j] >= 0) {
                (void)skeym_party_exchange(fd[j], "x", 1, 0);
            }
        }
        skeym_party_serve(result, &victim, any_request);
        pause_ms(100);
    }
    for (int i = 0; i < SLOW; i++) {
        if (fd[i] >= 0) {
            close(fd[i]);
        }
    }
    skeym_party_got(result, result->victim_failed == 0 ? "; the doctor is served all the while"
                                                       : "; the doctor is not always served");
    skeym_party_close(&victim);
    return SKEYM_OK;
}

struct flood {
    const char *server;
    unsigned number;
    atomic_bool *stop;
    uint64_t sent, refused, limited, unanswered, accepted;
};

/* A login that looks right up to its locator, from an address of its own. */
static size_t make_login(char *out, size_t room)
{
    uint8_t noise[240];
    if (skeym_crypto_random(noise, sizeof noise) != SKEYM_OK) {
        return 0;
    }
    const uint8_t head[] = {1, 0, 125, 1, 0, 0, 0, 1};
    memcpy(noise, head, sizeof head);
    int size = snprintf(out, room,
                        "POST /skeym/v1/login HTTP/1.1\r\nHost: ward\r\nContent-Type: "
                        "application/skeym-login\r\nContent-Length: %zu\r\n\r\n",
                        sizeof noise);
    memcpy(out + size, noise, sizeof noise);
    return (size_t)size + sizeof noise;
}

static void *flood_one(void *arg)
{
    struct flood *flood = arg;
    char bytes[1024];
    for (unsigned i = 0; !atomic_load(flood->stop); i++) {
        char source[32];
        snprintf(source, sizeof source, "127.%u.%u.%u", 10 + flood->number, i / 250 % 250,
                 1 + i % 250);
        size_t size = make_login(bytes, sizeof bytes);
        int fd = size > 0 ? skeym_party_connect(flood->server, source) : -1;
        if (fd < 0) {
            pause_ms(5);
            continue;
        }
        for (int j = 0; j < 10; j++) {
            int status = skeym_party_exchange(fd, bytes, size, 2000);
            flood->sent++;
            flood->refused += status == 401;
            flood->limited += status == 429 || status == 503;
            flood->unanswered += status == 0;
            flood->accepted += status == 200;
            if (status != 401) {
                break;
            }
        }
        close(fd);
    }
    return NULL;
}

enum skeym_error skeym_attack_flood(const struct skeym_attack_target *target,
                                    struct skeym_attack_result *result)
{
    struct skeym_party victim;
    struct flood flood[FLOODERS];
    pthread_t thread[FLOODERS];
    atomic_bool stop = false;
    unsigned running = 0;
    enum skeym_error error = skeym_party_open(&victim, target->server, target->doctor, false);
    if (error != SKEYM_OK) {
        return error;
    }
    skeym_party_serve(result, &victim, any_request); /* its chain is live before the flood */
    for (unsigned i = 0; i < FLOODERS; i++) {
        flood[i] = (struct flood){.server = target->server, .number = i, .stop = &stop};
        if (pthread_create(&thread[i], NULL, flood_one, &flood[i]) != 0) {
            break;
        }
        running++;
    }
    for (uint64_t end = now_ms() + target->flood_ms; now_ms() < end;) {
        skeym_party_serve(result, &victim, any_request);
        pause_ms(20);
    }
    atomic_store(&stop, true);
    uint64_t limited = 0, unanswered = 0;
    for (unsigned i = 0; i < running; i++) {
        pthread_join(thread[i], NULL);
        result->tried += flood[i].sent;
        result->refused += flood[i].refused + flood[i].limited + flood[i].unanswered;
        result->succeeded += flood[i].accepted;
        limited += flood[i].limited;
        unanswered += flood[i].unanswered;
    }
    snprintf(result->got, sizeof result->got,
             "401 (%llu), held off by the rate limit (%llu), no answer (%llu)",
             (unsigned long long)(result->refused - limited - unanswered),
             (unsigned long long)limited, (unsigned long long)unanswered);
    skeym_party_close(&victim);
    return running == FLOODERS ? SKEYM_OK : SKEYM_ERR_MEMORY;
}
