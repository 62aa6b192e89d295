/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_node.h"

#include "crypto/crypto.h"
#include "load/load_work.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    REFUSALS_MOST = 3, /* in a row, before an operation is given up */
    LOST_WAIT_MS = 50, /* doubles with each failure in a row */
    LOST_WAIT_MOST_MS = 1000,
    MARGIN_MS = 1000, /* a token that dies so soon is not used any more */
};

static uint64_t read_ms(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t skeym_load_node_now(void)
{
    return read_ms(CLOCK_REALTIME);
}

/* --- set up ------------------------------------------------------------------------ */

enum skeym_error skeym_load_node_init(struct skeym_load_node *node,
                                      const struct skeym_credentials *credentials,
                                      const struct skeym_load_work *work, size_t number)
{
    *node = (struct skeym_load_node){.credentials = credentials, .work = work, .number = number};
    node->lanes = calloc(work->lanes, sizeof node->lanes[0]);
    return node->lanes ? SKEYM_OK : SKEYM_ERR_MEMORY;
}

void skeym_load_node_end(struct skeym_load_node *node)
{
    if (node->lanes) {
        skeym_crypto_wipe(node->lanes, node->work->lanes * sizeof node->lanes[0]);
        free(node->lanes);
    }
    skeym_crypto_wipe(node, sizeof *node);
}

/* --- login --------------------------------------------------------------------------------- */

enum skeym_error skeym_load_node_login(struct skeym_handshake *state, struct skeym_room out,
                                       size_t *size, const struct skeym_credentials *credentials,
                                       uint8_t lanes, uint64_t now_ms)
{
    uint8_t ephemeral[32];
    const struct skeym_login_wish wish = {.time_ms = now_ms, .lanes = lanes};
    enum skeym_error error = skeym_crypto_random(ephemeral, sizeof ephemeral);
    if (!error) {
        error = skeym_login_start(state, out, size, credentials, &wish, ephemeral);
    }
    skeym_crypto_wipe(ephemeral, sizeof ephemeral);
    return error;
}

void skeym_load_node_head(struct skeym_writer *out, const char *path, const char *type, size_t size,
                          const char *more)
{
    char head[256];
    (void)snprintf(head, sizeof head,
                   "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                   "Content-Length: %zu\r\n",
                   path, type, size);
    skeym_write_text(out, head);
    skeym_write_text(out, more);
}

static enum skeym_error ask_login(struct skeym_load_node *node, struct skeym_writer *out)
{
    uint8_t message[SKEYM_LOGIN_BYTES];
    size_t size = 0;
    node->logging_in = true;
    enum skeym_error error = skeym_load_node_login(
        &node->login, (struct skeym_room){message, sizeof message}, &size, node->credentials,
        node->work->lanes, (uint64_t)((int64_t)skeym_load_node_now() + node->clock_ms));
    skeym_load_node_head(out, SKEYM_LOGIN_PATH, SKEYM_LOGIN_TYPE, size, "\r\n");
    skeym_write_span(out, skeym_span(message, size));
    return error;
}

static void keep_lanes(struct skeym_load_node *node, const struct skeym_login_grant *grant)
{
    uint64_t until_ms = read_ms(CLOCK_MONOTONIC) + grant->lifetime_s * UINT64_C(1000);
    node->live = 0;
    node->lifetime_s = grant->lifetime_s;
    for (size_t i = 0; i < grant->lanes && i < node->work->lanes; i++) {
        struct skeym_load_node_lane *lane = &node->lanes[node->live++];
        struct skeym_writer writer =
            skeym_writer((struct skeym_room){lane->token, sizeof lane->token});
        skeym_base64url_write(&writer, skeym_span(grant->lane[i].token, grant->lane[i].token_size));
        memcpy(lane->secret, grant->lane[i].secret, sizeof lane->secret);
        lane->token_size = skeym_written(&writer).size;
        lane->until_ms = until_ms;
    }
}

/* --- exchange -------------------------------------------------------------------------------- */

/* The iv may be any: the key is for this one request. A repetition is identical to the byte. */
static enum skeym_error seal(const struct skeym_load_node *node, struct skeym_room out,
                             size_t *size)
{
    static const uint8_t iv[12] = {1};
    char text[SKEYM_LOAD_NODE_TEXT];
    uint8_t plain[SKEYM_LOAD_NODE_TEXT + 1024];
    struct skeym_closed request = {0};
    skeym_load_work_ask(node, &request, text);
    struct skeym_writer writer = skeym_writer((struct skeym_room){plain, sizeof plain});
    skeym_closed_write(&writer, &request);
    enum skeym_error error = skeym_writer_end(&writer);
    return error ? error
                 : skeym_jwe_seal(out, size, node->now.request, iv, SKEYM_JWE_STATUS_NONE,
                                  skeym_span_text(SKEYM_CLOSED_TYPE), skeym_written(&writer));
}

static enum skeym_error ask_exchange(struct skeym_load_node *node, struct skeym_writer *out)
{
    const struct skeym_load_node_lane *lane = &node->lanes[node->live - 1];
    uint8_t body[2 * SKEYM_LOAD_NODE_TEXT];
    uint8_t proof[SKEYM_PROOF_BYTES];
    size_t size = 0;
    node->logging_in = false;
    enum skeym_error error = skeym_exchange_derive(&node->now, lane->secret);
    if (!error) {
        error = seal(node, (struct skeym_room){body, sizeof body}, &size);
    }
    const struct skeym_exchange_request covered = {
        .method = skeym_span_text("POST"),
        .target = skeym_span_text(SKEYM_EXCHANGE_PATH),
        .content_type = skeym_span_text(SKEYM_JOSE_TYPE),
        .body = skeym_span(body, size),
    };
    if (!error) {
        error = skeym_exchange_proof(proof, node->now.proof, &covered);
    }
    if (error) {
        return error;
    }
    skeym_load_node_head(out, SKEYM_EXCHANGE_PATH, SKEYM_JOSE_TYPE, size, "Authorization: SkeyM ");
    skeym_write_span(out, skeym_span(lane->token, lane->token_size));
    skeym_write_text(out, "\r\nSkeyM-Proof: ");
    skeym_base64url_write(out, skeym_span(proof, sizeof proof));
    skeym_write_text(out, "\r\n\r\n");
    skeym_write_span(out, covered.body);
    return SKEYM_OK;
}

/* The newest tokens are used first; what is left of them may die unused. */
static void drop_dead_lanes(struct skeym_load_node *node)
{
    uint64_t now_ms = read_ms(CLOCK_MONOTONIC);
    while (node->live > 0 && node->lanes[node->live - 1].until_ms <= now_ms + MARGIN_MS) {
        node->live--;
    }
}

static enum skeym_error ask(void *arg, struct skeym_writer *out, unsigned *kind)
{
    struct skeym_load_node *node = arg;
    if (!node->in_operation) {
        node->in_operation = true;
        node->kind = skeym_load_work_pick(node);
        if (node->kind == SKEYM_LOAD_LOGIN || node->work->forgets) {
            node->live = 0;
        }
    }
    *kind = node->kind;
    drop_dead_lanes(node);
    return node->live > 0 ? ask_exchange(node, out) : ask_login(node, out);
}

/* --- what came ---------------------------------------------------------------------------------
 */

static struct skeym_load_verdict end(struct skeym_load_node *node, enum skeym_load_outcome outcome,
                                     const char *why)
{
    node->in_operation = false;
    node->failures = outcome == SKEYM_LOAD_OK ? 0 : node->failures;
    node->count++;
    return (struct skeym_load_verdict){SKEYM_LOAD_DONE, outcome, 0, why};
}

static struct skeym_load_verdict more(void)
{
    return (struct skeym_load_verdict){.step = SKEYM_LOAD_MORE};
}

static struct skeym_load_verdict take_login(struct skeym_load_node *node,
                                            const struct skeym_load_answer *answer)
{
    struct skeym_login_grant grant;
    struct skeym_load_verdict verdict;
    if (skeym_login_finish(&grant, &node->login, answer->body)) {
        verdict = end(node, SKEYM_LOAD_UNOPENED, "a login's answer that does not open");
    } else if (grant.clock_only) { /* once: a second time there is no hope */
        bool again = node->clock_ms == 0;
        node->clock_ms = (int64_t)grant.server_ms - (int64_t)skeym_load_node_now();
        verdict = again ? more() : end(node, SKEYM_LOAD_UNOPENED, "the clock is wrong, twice");
    } else {
        keep_lanes(node, &grant);
        node->logins++;
        verdict = node->kind == SKEYM_LOAD_LOGIN ? end(node, SKEYM_LOAD_OK, NULL) : more();
    }
    skeym_crypto_wipe(&grant, sizeof grant);
    return verdict;
}

static void keep_answer(struct skeym_load_node *node, const uint8_t *plain, size_t size)
{
    node->answer_size = size;
    if (node->keep) {
        node->keep_size = size < node->keep_room ? size : node->keep_room;
        memcpy(node->keep, plain, node->keep_size);
    }
}

/* The lane has another token, and another lane has its turn, so that none dies unused. */
static void go_on(struct skeym_load_node *node, struct skeym_span next)
{
    struct skeym_load_node_lane *lane = &node->lanes[node->live - 1];
    struct skeym_load_node_lane *other = &node->lanes[node->count % node->live];
    memcpy(lane->secret, node->now.next, sizeof lane->secret);
    lane->token_size = next.size;
    lane->until_ms = read_ms(CLOCK_MONOTONIC) + node->lifetime_s * UINT64_C(1000);
    if (next.size == 0) { /* the chain is over */
        node->live--;
        return;
    }
    memcpy(lane->token, next.data, next.size);
    if (other != lane) {
        struct skeym_load_node_lane swapped = *other;
        *other = *lane;
        *lane = swapped;
        skeym_crypto_wipe(&swapped, sizeof swapped);
    }
}

/* Opens the answer, and has the lane go on with what it brought. */
static const char *open_answer(struct skeym_load_node *node, const struct skeym_load_answer *answer)
{
    struct skeym_jwe info;
    uint8_t small[SKEYM_LOAD_REQUEST];
    size_t room = SKEYM_BASE64URL_BYTES(answer->body.size) + 1;
    uint8_t *plain = room <= sizeof small ? small : malloc(room);
    const char *wrong = "out of memory";
    if (!plain) {
        goto out;
    }
    wrong = "an answer that does not open";
    if (skeym_jwe_open((struct skeym_room){plain, room}, &info, node->now.answer, true,
                       answer->body)) {
        goto out;
    }
    wrong = info.status != answer->status           ? "the status inside is another"
            : answer->next.size > SKEYM_TOKEN_CHARS ? "a next token that is too long"
                                                    : NULL;
    if (wrong) {
        goto out;
    }
    keep_answer(node, plain, info.size);
    node->sealed_size = answer->body.size;
    go_on(node, answer->next);
out:
    if (plain != small) {
        free(plain);
    }
    return wrong;
}

static struct skeym_load_verdict take_exchange(struct skeym_load_node *node,
                                               const struct skeym_load_answer *answer)
{
    const char *wrong = open_answer(node, answer);
    if (wrong) {
        node->live--;
        return end(node, SKEYM_LOAD_UNOPENED, wrong);
    }
    return end(node, skeym_load_outcome_of(answer->status), NULL);
}

/* Waits longer with each failure in a row. */
static struct skeym_load_verdict again_later(struct skeym_load_node *node,
                                             enum skeym_load_outcome outcome)
{
    uint32_t wait_ms = (uint32_t)LOST_WAIT_MS << (node->failures < 5 ? node->failures : 5);
    node->failures++;
    return (struct skeym_load_verdict){
        SKEYM_LOAD_AGAIN, outcome, wait_ms < LOST_WAIT_MOST_MS ? wait_ms : LOST_WAIT_MOST_MS, NULL};
}

/* A lane ends with a token that was sent and not answered under seal. */
static struct skeym_load_verdict take_nothing(struct skeym_load_node *node,
                                              enum skeym_load_outcome lost)
{
    if (!node->logging_in && lost != SKEYM_LOAD_UNSENT && node->live > 0) {
        node->live--;
    }
    return again_later(node, lost);
}

static struct skeym_load_verdict take_refusal(struct skeym_load_node *node,
                                              const struct skeym_load_answer *answer)
{
    enum skeym_load_outcome outcome = skeym_load_outcome_of(answer->status);
    if (outcome == SKEYM_LOAD_LIMITED || outcome == SKEYM_LOAD_BUSY) {
        uint32_t wait_s = answer->retry_after_s ? answer->retry_after_s : 1;
        return (struct skeym_load_verdict){SKEYM_LOAD_AGAIN, outcome, wait_s * 1000, NULL};
    }
    if (node->logging_in || outcome != SKEYM_LOAD_REFUSED || node->failures >= REFUSALS_MOST) {
        return end(node, outcome, node->logging_in ? "a login" : NULL);
    }
    node->live--;
    node->failures++;
    return more();
}

static struct skeym_load_verdict take(void *arg, const struct skeym_load_answer *answer,
                                      enum skeym_load_outcome lost)
{
    struct skeym_load_node *node = arg;
    struct skeym_load_verdict verdict;
    if (!answer) {
        verdict = take_nothing(node, lost);
    } else if (node->logging_in && answer->status == 200) {
        verdict = take_login(node, answer);
    } else if (!node->logging_in && skeym_span_is(answer->content_type, SKEYM_JOSE_TYPE)) {
        verdict = take_exchange(node, answer);
    } else {
        verdict = take_refusal(node, answer);
    }
    skeym_crypto_wipe(&node->login, verdict.step == SKEYM_LOAD_DONE ? sizeof node->login : 0);
    return verdict;
}

const struct skeym_load_script skeym_load_node_script = {
    .kinds = skeym_load_work_kinds, .ask = ask, .take = take};
