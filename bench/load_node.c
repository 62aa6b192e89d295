/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load_node.h"
#include "crypto/crypto.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOGIN_CHECK_EACH 16

static uint64_t wall_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void write_post(struct skeym_writer *out, const char *path, const char *type, size_t size)
{
    char head[256];
    (void)snprintf(head, sizeof head,
                   "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                   "Content-Length: %zu\r\n",
                   path, type, size);
    skeym_write_text(out, head);
}

static enum skeym_error make_login(struct skeym_handshake *state, struct skeym_room out,
                                   size_t *size, const struct skeym_credentials *credentials)
{
    uint8_t ephemeral[32];
    const struct skeym_login_wish wish = {.time_ms = wall_ms(), .lanes = 1};
    enum skeym_error error = skeym_crypto_random(ephemeral, sizeof ephemeral);
    if (!error) {
        error = skeym_login_start(state, out, size, credentials, &wish, ephemeral);
    }
    skeym_crypto_wipe(ephemeral, sizeof ephemeral);
    return error;
}

static void write_login(struct skeym_writer *out, struct skeym_span message)
{
    write_post(out, SKEYM_LOGIN_PATH, SKEYM_LOGIN_TYPE, message.size);
    skeym_write_text(out, "\r\n");
    skeym_write_span(out, message);
}

/* --- a node's lane: login ----------------------------------------------------------- */

static enum skeym_error ask_login(struct load_node *lane, struct skeym_writer *out)
{
    uint8_t message[SKEYM_LOGIN_BYTES];
    size_t size = 0;
    enum skeym_error error = make_login(&lane->login, (struct skeym_room){message, sizeof message},
                                        &size, lane->credentials);
    write_login(out, skeym_span(message, size));
    return error;
}

static const char *take_login(struct load_node *lane, const struct load_answer *answer)
{
    struct skeym_login_grant grant;
    const char *wrong = "a login's answer that does not open";
    if (skeym_login_finish(&grant, &lane->login, answer->body)) {
        goto out;
    }
    wrong = "a login without a token";
    if (grant.clock_only || grant.lanes != 1) {
        goto out;
    }
    struct skeym_writer writer = skeym_writer((struct skeym_room){lane->token, sizeof lane->token});
    skeym_base64url_write(&writer, skeym_span(grant.lane[0].token, grant.lane[0].token_size));
    memcpy(lane->secret, grant.lane[0].secret, sizeof lane->secret);
    lane->token_size = skeym_written(&writer).size;
    wrong = NULL;
out:
    skeym_crypto_wipe(&grant, sizeof grant);
    return wrong;
}

/* --- a node's lane: exchange ---------------------------------------------------------- */

/* The iv may be any: the key is for this one request. */
static enum skeym_error seal(const struct load_node *lane, struct skeym_room out, size_t *size)
{
    static const uint8_t iv[12] = {1};
    char text[LOAD_NODE_TEXT];
    uint8_t plain[2 * LOAD_NODE_TEXT];
    struct skeym_closed request = {0};
    lane->ask(lane, &request, text);
    struct skeym_writer writer = skeym_writer((struct skeym_room){plain, sizeof plain});
    skeym_closed_write(&writer, &request);
    enum skeym_error error = skeym_writer_end(&writer);
    return error ? error
                 : skeym_jwe_seal(out, size, lane->now.request, iv, SKEYM_JWE_STATUS_NONE,
                                  skeym_span_text(SKEYM_CLOSED_TYPE), skeym_written(&writer));
}

static enum skeym_error ask_exchange(struct load_node *lane, struct skeym_writer *out)
{
    uint8_t body[LOAD_REQUEST_BYTES];
    uint8_t proof[SKEYM_PROOF_BYTES];
    size_t size = 0;
    enum skeym_error error = skeym_exchange_derive(&lane->now, lane->secret);
    if (!error) {
        error = seal(lane, (struct skeym_room){body, sizeof body}, &size);
    }
    const struct skeym_exchange_request covered = {
        .method = skeym_span_text("POST"),
        .target = skeym_span_text(SKEYM_EXCHANGE_PATH),
        .content_type = skeym_span_text(SKEYM_JOSE_TYPE),
        .body = skeym_span(body, size),
    };
    if (!error) {
        error = skeym_exchange_proof(proof, lane->now.proof, &covered);
    }
    if (error) {
        return error;
    }
    write_post(out, SKEYM_EXCHANGE_PATH, SKEYM_JOSE_TYPE, size);
    skeym_write_text(out, "Authorization: SkeyM ");
    skeym_write_span(out, skeym_span(lane->token, lane->token_size));
    skeym_write_text(out, "\r\nSkeyM-Proof: ");
    skeym_base64url_write(out, skeym_span(proof, sizeof proof));
    skeym_write_text(out, "\r\n\r\n");
    skeym_write_span(out, covered.body);
    return SKEYM_OK;
}

static void keep(struct load_node *lane, const uint8_t *plain, size_t size)
{
    lane->answer_size = size;
    if (lane->keep) {
        lane->keep_size = size < lane->keep_room ? size : lane->keep_room;
        memcpy(lane->keep, plain, lane->keep_size);
    }
}

static const char *take_exchange(struct load_node *lane, const struct load_answer *answer)
{
    uint8_t plain[LOAD_ANSWER_BYTES];
    struct skeym_jwe info;
    if (!skeym_span_is(answer->content_type, SKEYM_JOSE_TYPE) ||
        skeym_jwe_open((struct skeym_room){plain, sizeof plain}, &info, lane->now.answer, true,
                       answer->body)) {
        return "an answer that does not open";
    }
    if (info.status != answer->status) {
        return "an answer whose sealed status is another";
    }
    if (answer->next.size > sizeof lane->token) {
        return "a next token that is too long";
    }
    keep(lane, plain, info.size);
    lane->sealed_size = answer->body.size;
    lane->count++;
    memcpy(lane->secret, lane->now.next, sizeof lane->secret);
    lane->token_size = answer->next.size; /* 0 at the end of a chain */
    if (answer->next.size) {
        memcpy(lane->token, answer->next.data, answer->next.size);
    }
    return NULL;
}

static enum skeym_error ask(void *arg, struct skeym_writer *out)
{
    struct load_node *lane = arg;
    return lane->token_size ? ask_exchange(lane, out) : ask_login(lane, out);
}

static const char *take(void *arg, const struct load_answer *answer)
{
    struct load_node *lane = arg;
    return lane->token_size ? take_exchange(lane, answer) : take_login(lane, answer);
}

const struct load_script load_node_script = {ask, take};

/* --- logins alone ------------------------------------------------------------------------ */

enum skeym_error load_login_prepare(struct load_login *lane,
                                    const struct skeym_credentials *credentials)
{
    *lane = (struct load_login){0};
    return make_login(&lane->state, (struct skeym_room){lane->message, sizeof lane->message},
                      &lane->message_size, credentials);
}

static enum skeym_error ask_again(void *arg, struct skeym_writer *out)
{
    const struct load_login *lane = arg;
    write_login(out, skeym_span(lane->message, lane->message_size));
    return SKEYM_OK;
}

static const char *take_again(void *arg, const struct load_answer *answer)
{
    struct load_login *lane = arg;
    lane->answer_size = lane->answer_size ? lane->answer_size : answer->body.size;
    if (!skeym_span_is(answer->content_type, SKEYM_LOGIN_TYPE) ||
        answer->body.size != lane->answer_size) {
        return "a login's answer of another type or size";
    }
    if (lane->count++ % LOGIN_CHECK_EACH != 0) {
        return NULL;
    }
    struct skeym_handshake state = lane->state; /* finishing wipes it */
    struct skeym_login_grant grant;
    bool good = !skeym_login_finish(&grant, &state, answer->body) && grant.lanes == 1;
    skeym_crypto_wipe(&grant, sizeof grant);
    return good ? NULL : "a login's answer that does not open";
}

const struct load_script load_login_script = {ask_again, take_again};
