/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_attack.h"

#include "crypto/crypto.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    VARIED = 8,
    TOKEN_NONCE_AT = 8,
    BIG_HEAD = 9000,
    BIG_BODY = 16 << 20,
    DRIP_MS = 500,
    SLOW_BYTES = 4000
};

enum {
    FORGED,
    STOLEN,
    REPLAY,
    BAD_LOGIN,
    JUNK_LOGIN,
    LOGIN,
    BIG_HEADS,
    BIG_BODIES,
    SLOW_HEAD,
    SLOW_BODY
};

static const struct skeym_load_attack_kind kinds[] = {
    [FORGED] = {"forged", "a genuine token with another nonce each time", .batches = true,
                .needs_loot = true},
    [STOLEN] = {"stolen", "a live token whose secret the attacker has not", .batches = true,
                .needs_loot = true},
    [REPLAY] = {"replay", "a whole request that was answered before", .batches = true,
                .needs_loot = true},
    [BAD_LOGIN] = {"badlogin", "a genuine locator with a wrong credential", .batches = true},
    [JUNK_LOGIN] = {"junklogin", "random bytes of a login's size", .batches = true},
    [LOGIN] = {"login", "a genuine login's bytes again and again", .may_pass = true,
               .batches = true},
    [BIG_HEADS] = {.name = "bighead", .what = "a head of over 8 KiB"},
    [BIG_BODIES] = {.name = "bigbody", .what = "an announced body of 16 MiB"},
    [SLOW_HEAD] = {"slowhead", "a head that comes byte by byte", .drip_ms = DRIP_MS},
    [SLOW_BODY] = {"slowbody", "a login's body that comes byte by byte", .drip_ms = DRIP_MS,
                   .drip_body = true},
};

const struct skeym_load_attack_kind *skeym_load_attack_kinds(size_t *count)
{
    *count = sizeof kinds / sizeof kinds[0];
    return kinds;
}

const struct skeym_load_attack_kind *skeym_load_attack_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* --- loot ------------------------------------------------------------------------------- */

struct victim {
    struct skeym_load_node node;
    struct skeym_load_loot *loot;
};

/* As the node asks; the bytes are kept. */
static enum skeym_error overhear(void *arg, struct skeym_writer *out, unsigned *kind)
{
    struct victim *victim = arg;
    enum skeym_error error = skeym_load_node_script.ask(&victim->node, out, kind);
    struct skeym_span sent = skeym_written(out);
    if (!error && sent.size <= sizeof victim->loot->request) {
        memcpy(victim->loot->request, sent.data, sent.size);
        victim->loot->request_size = sent.size;
    }
    return error;
}

static struct skeym_load_verdict overhear_answer(void *arg, const struct skeym_load_answer *answer,
                                                 enum skeym_load_outcome lost)
{
    struct victim *victim = arg;
    return skeym_load_node_script.take(&victim->node, answer, lost);
}

static enum skeym_error have_it_ask(struct victim *victim, const struct skeym_load_target *target)
{
    const struct skeym_load_script script = {
        .kinds = skeym_load_node_script.kinds, .ask = overhear, .take = overhear_answer};
    const struct skeym_load_lane lane = {&script, victim};
    const struct skeym_load_options options = {.target = *target,
                                               .connections = 1,
                                               .lanes = &lane,
                                               .lane_count = 1,
                                               .each = 1,
                                               .answer_ms = 60000,
                                               .patience_ms = 60000,
                                               .drain_ms = 60000};
    struct skeym_load *load = NULL;
    struct skeym_load_result *result = NULL;
    enum skeym_error error = skeym_load_open(&load, &options);
    if (!error) {
        error = skeym_load_run(&result, load, 0, UINT64_C(60000000000));
    }
    if (!error && skeym_load_count(result, SKEYM_LOAD_OK) != 1) {
        error = SKEYM_ERR_PERMISSION;
    }
    skeym_load_result_free(result);
    skeym_load_close(load);
    return error;
}

enum skeym_error skeym_load_attack_loot(struct skeym_load_loot *out,
                                        const struct skeym_load_target *target,
                                        const struct skeym_credentials *credentials)
{
    static const struct skeym_load_work work = {.weights = {1, 0, 0}, .lanes = 1};
    struct victim victim = {.loot = out};
    memset(out, 0, sizeof *out);
    enum skeym_error error = skeym_load_node_init(&victim.node, credentials, &work, 0);
    if (!error) {
        error = have_it_ask(&victim, target);
    }
    if (!error) {
        out->token_size = victim.node.lanes[0].token_size;
        memcpy(out->token, victim.node.lanes[0].token, out->token_size);
    }
    skeym_load_node_end(&victim.node);
    return error;
}

/* --- requests ---------------------------------------------------------------------------- */

/* vary_at is the place, from the start of what is written, of eight characters. */
static void write_with_token(struct skeym_writer *out, const struct skeym_load_loot *loot,
                             size_t *vary_at, bool vary_proof)
{
    static const char proof[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    skeym_write_text(out, "GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\n"
                          "Authorization: SkeyM ");
    *vary_at = out->size + TOKEN_NONCE_AT;
    skeym_write_span(out, skeym_span(loot->token, loot->token_size));
    skeym_write_text(out, "\r\nSkeyM-Proof: ");
    *vary_at = vary_proof ? out->size : *vary_at;
    skeym_write_text(out, proof);
    skeym_write_text(out, "\r\n\r\n");
}

static enum skeym_error write_login(struct skeym_writer *out,
                                    const struct skeym_credentials *credentials, bool good)
{
    uint8_t message[SKEYM_LOGIN_BYTES];
    size_t size = 0;
    struct skeym_handshake state;
    struct skeym_credentials mine = *credentials;
    mine.credential[0] ^= good ? 0 : 1;
    enum skeym_error error =
        skeym_load_node_login(&state, (struct skeym_room){message, sizeof message}, &size, &mine, 1,
                              skeym_load_node_now());
    skeym_load_node_head(out, SKEYM_LOGIN_PATH, SKEYM_LOGIN_TYPE, size, "\r\n");
    skeym_write_span(out, skeym_span(message, size));
    skeym_crypto_wipe(&mine, sizeof mine);
    skeym_crypto_wipe(&state, sizeof state);
    return error;
}

/* The head of a genuine one; what follows is random. */
static enum skeym_error write_junk(struct skeym_writer *out,
                                   const struct skeym_credentials *credentials, size_t *vary_at)
{
    size_t start = out->size;
    enum skeym_error error = write_login(out, credentials, true);
    const uint8_t *body = memmem(out->start + start, out->size - start, "\r\n\r\n", 4);
    if (error || !body) {
        return error ? error : SKEYM_ERR_SPACE;
    }
    size_t from = (size_t)(body - out->start) + 4 + 3 + 5; /* version, size, the locator's head */
    *vary_at = from;
    return skeym_crypto_random(out->start + from, out->size - from);
}

static void write_big_head(struct skeym_writer *out)
{
    skeym_write_text(out, "GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\n");
    for (size_t i = 0; i < BIG_HEAD / 100; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "X-%04zu: %090d\r\n", i, 0);
        skeym_write_text(out, line);
    }
    skeym_write_text(out, "\r\n");
}

/* Endless: it is sent from its start when it is over, which reads as more of the same field. */
static void write_slow_head(struct skeym_writer *out)
{
    skeym_write_text(out, "GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\nX-Long: ");
    for (size_t i = 0; i < 4000; i++) {
        skeym_write_u8(out, 'a');
    }
}

static enum skeym_error write_request(struct skeym_writer *out, struct skeym_load_attack *lane,
                                      const struct skeym_load_loot *loot,
                                      const struct skeym_credentials *credentials)
{
    switch (lane->kind - kinds) {
    case FORGED:
    case STOLEN:
        write_with_token(out, loot, &lane->vary_at, lane->kind == &kinds[STOLEN]);
        return SKEYM_OK;
    case REPLAY:
        skeym_write_span(out, skeym_span(loot->request, loot->request_size));
        return SKEYM_OK;
    case BAD_LOGIN:
        return write_login(out, credentials, false);
    case LOGIN:
        return write_login(out, credentials, true);
    case JUNK_LOGIN:
        return write_junk(out, credentials, &lane->vary_at);
    case BIG_HEADS:
        write_big_head(out);
        return SKEYM_OK;
    case BIG_BODIES:
        skeym_load_node_head(out, SKEYM_EXCHANGE_PATH, SKEYM_JOSE_TYPE, BIG_BODY, "\r\n");
        return SKEYM_OK;
    case SLOW_BODY: /* nobody looks at it before it is whole */
        skeym_load_node_head(out, SKEYM_LOGIN_PATH, SKEYM_LOGIN_TYPE, SLOW_BYTES, "\r\n");
        for (size_t i = 0; i < SLOW_BYTES; i++) {
            skeym_write_u8(out, 'a');
        }
        return SKEYM_OK;
    default:
        write_slow_head(out);
        return SKEYM_OK;
    }
}

enum skeym_error skeym_load_attack_init(struct skeym_load_attack *lane,
                                        const struct skeym_load_attack_kind *kind,
                                        const struct skeym_load_loot *loot,
                                        const struct skeym_credentials *credentials, size_t number)
{
    uint8_t request[SKEYM_LOAD_REQUEST];
    struct skeym_writer writer = skeym_writer((struct skeym_room){request, sizeof request});
    *lane = (struct skeym_load_attack){.kind = kind, .count = (uint64_t)number << 32};
    enum skeym_error error = write_request(&writer, lane, loot, credentials);
    if (!error) {
        error = skeym_writer_end(&writer);
    }
    struct skeym_span written = skeym_written(&writer);
    lane->request = error ? NULL : malloc(written.size);
    if (lane->request) {
        memcpy(lane->request, written.data, written.size);
        lane->size = written.size;
    } else if (!error) {
        error = SKEYM_ERR_MEMORY;
    }
    return error;
}

void skeym_load_attack_end(struct skeym_load_attack *lane)
{
    free(lane->request);
    *lane = (struct skeym_load_attack){0};
}

/* --- the script ------------------------------------------------------------------------------ */

/* Eight characters that no other request of this run has. */
static void vary(uint8_t at[VARIED], uint64_t count)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < VARIED; i++, count >>= 6) {
        at[i] = (uint8_t)letters[count & 63];
    }
}

static enum skeym_error ask(void *arg, struct skeym_writer *out, unsigned *kind)
{
    struct skeym_load_attack *lane = arg;
    *kind = 0;
    lane->count++;
    if (lane->vary_at) {
        vary(lane->request + lane->vary_at, lane->count);
    }
    skeym_write_span(out, skeym_span(lane->request, lane->size));
    return SKEYM_OK;
}

static struct skeym_load_verdict take(void *arg, const struct skeym_load_answer *answer,
                                      enum skeym_load_outcome lost)
{
    (void)arg;
    return (struct skeym_load_verdict){
        .step = SKEYM_LOAD_DONE, .outcome = answer ? skeym_load_outcome_of(answer->status) : lost};
}

struct skeym_load_script skeym_load_attack_script(const struct skeym_load_attack_kind *kind,
                                                  unsigned batch)
{
    static const char *const names[] = {"attack", NULL};
    return (struct skeym_load_script){
        names, ask, take, kind->batches ? batch : 1, kind->drip_ms, kind->drip_body};
}
