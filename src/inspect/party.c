/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/party.h"
#include "crypto/crypto.h"
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum skeym_error skeym_party_open(struct skeym_party *party, const char *server,
                                  const char *credential_path, bool open_form)
{
    memset(party, 0, sizeof *party);
    enum skeym_error error =
        skeym_credential_load(&party->credential, credential_path, NULL, (struct skeym_span){0});
    if (error != SKEYM_OK) {
        goto out;
    }
    error = skeym_http_new(&party->http, &(struct skeym_http_options){.server = server});
    if (error != SKEYM_OK) {
        goto out;
    }
    party->tap.inner = skeym_http_send;
    party->tap.inner_arg = party->http;
    error = skeym_session_new(&party->session, &(struct skeym_session_options){
                                                   .credential = &party->credential,
                                                   .transport = skeym_tap_send,
                                                   .transport_arg = &party->tap,
                                                   .lanes = 1,
                                                   .open_form = open_form,
                                               });
out:
    if (error != SKEYM_OK) {
        skeym_party_close(party);
    }
    return error;
}

void skeym_party_close(struct skeym_party *party)
{
    skeym_session_free(party->session);
    skeym_http_free(party->http);
    skeym_tap_free(&party->tap);
    skeym_credential_wipe(&party->credential);
    memset(party, 0, sizeof *party);
}

static bool keep_back(struct skeym_tap *tap, const struct skeym_wire_request *request)
{
    struct skeym_tap_copy *copy = tap->before_arg;
    if (!request->authorization) {
        return true; /* a login */
    }
    enum skeym_error error = copy->authorization ? SKEYM_OK : skeym_tap_copy(copy, request);
    (void)error; /* without memory the copy is empty, which its caller sees */
    return false;
}

enum skeym_error skeym_party_hold(struct skeym_party *party, const char *target,
                                  struct skeym_tap_copy *out)
{
    enum skeym_error error;
    *out = (struct skeym_tap_copy){0};
    party->tap.before = keep_back;
    party->tap.before_arg = out;
    (void)skeym_party_do(party, "GET", target, NULL, &error);
    party->tap.before = NULL;
    if (out->authorization) {
        return SKEYM_OK;
    }
    return error != SKEYM_OK ? error : SKEYM_ERR_STATE;
}

int skeym_party_do(struct skeym_party *party, const char *method, const char *target,
                   const char *body, enum skeym_error *error)
{
    struct skeym_session_answer answer = {0};
    struct skeym_closed request = {
        .method = skeym_span_text(method),
        .target = skeym_span_text(target),
        .content_type = skeym_span_text(body ? "application/fhir+json" : NULL),
        .body = skeym_span_text(body),
    };
    *error = skeym_session_request(party->session, &request, &answer, NULL);
    int status = *error == SKEYM_OK ? answer.status : 0;
    skeym_session_answer_free(&answer);
    return status;
}

int skeym_party_send(struct skeym_http *http, const struct skeym_wire_request *request)
{
    struct skeym_wire_answer answer = {0};
    enum skeym_error error = skeym_http_send(http, request, &answer);
    free(answer.body);
    return error == SKEYM_OK ? answer.status : 0;
}

void skeym_party_count(struct skeym_attack_result *result, int status)
{
    result->tried++;
    result->succeeded += status >= 200 && status < 300;
    result->refused += (status >= 400 && status < 500) || status == 503;
    for (size_t i = 0; i < SKEYM_ATTACK_ANSWERS; i++) {
        if (result->answers[i].count == 0 || result->answers[i].status == status) {
            result->answers[i].status = status;
            result->answers[i].count++;
            break;
        }
    }
}

void skeym_party_got(struct skeym_attack_result *result, const char *more)
{
    size_t kinds = 0;
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){(uint8_t *)result->got, sizeof result->got - 1});
    while (kinds < SKEYM_ATTACK_ANSWERS && result->answers[kinds].count > 0) {
        kinds++;
    }
    for (size_t i = 0; i < kinds; i++) {
        char word[48];
        int status = result->answers[i].status;
        snprintf(word, sizeof word, status == 0 ? "%sno answer" : "%s%d", i == 0 ? "" : ", ",
                 status);
        skeym_write_text(&writer, word);
        if (kinds > 1) {
            snprintf(word, sizeof word, " (%llu)", (unsigned long long)result->answers[i].count);
            skeym_write_text(&writer, word);
        }
    }
    if (more) {
        skeym_write_text(&writer, more);
    }
    result->got[writer.bad ? 0 : writer.size] = '\0';
}

void skeym_party_serve(struct skeym_attack_result *result, struct skeym_party *victim,
                       const char *target)
{
    enum skeym_error error;
    int status = skeym_party_do(victim, "GET", target, NULL, &error);
    if (status == 200) {
        result->victim_served++;
    } else {
        result->victim_failed++;
    }
}

int skeym_party_connect(const char *server, const char *source)
{
    const char *host = strstr(server, "://");
    host = host ? host + 3 : server;
    const char *colon = strrchr(host, ':');
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    to.sin_port = htons((uint16_t)(colon ? strtoul(colon + 1, NULL, 10) : 80));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    if (inet_pton(AF_INET, source, &from.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int skeym_party_exchange(int fd, const void *bytes, size_t size, int timeout_ms)
{
    if (send(fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size) {
        return 0;
    }
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    char line[1024];
    if (poll(&ready, 1, timeout_ms) != 1) {
        return 0;
    }
    ssize_t got = recv(fd, line, sizeof line - 1, 0);
    line[got > 0 ? got : 0] = 0;
    if (!skeym_span_starts(skeym_span_text(line), "HTTP/1.1 ")) {
        return 0;
    }
    return (int)strtol(line + strlen("HTTP/1.1 "), NULL, 10);
}
