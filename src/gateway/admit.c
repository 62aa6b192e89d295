/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admission (docs/PROTOCOL.md, 8.3): two tables of steps, walked in their order. A step knows one
 * check and returns why it refuses; the walker names the check and wipes.
 */
#include "crypto/crypto.h"
#include <skeym/admit.h>
#include <string.h>

#define SCHEME       "skeym "
#define SCHEME_BYTES (sizeof(SCHEME) - 1)

/* What the steps share. */
struct work {
    struct skeym_admission *out;
    const struct skeym_gate *gate;
    const struct skeym_head *head;
    struct skeym_span body;
    uint64_t now_ms;
    bool decoded; /* the token has bytes */
    size_t token_size;
    uint8_t token[SKEYM_TOKEN_BYTES];
};

struct step {
    enum skeym_check check;
    enum skeym_error (*run)(struct work *work);
};

const char *skeym_check_word(enum skeym_check check)
{
    static const char *const words[] = {
#define WORD(name, word) word,
        SKEYM_CHECKS(WORD)
#undef WORD
    };
    return (unsigned)check < SKEYM_CHECK_COUNT ? words[check] : "admitted";
}

void skeym_admission_wipe(struct skeym_admission *admission)
{
    skeym_crypto_wipe(admission, sizeof *admission);
}

/* --- the head ------------------------------------------------------------ */

static enum skeym_error check_size(struct work *work)
{
    const struct skeym_head *head = work->head;
    bool fits = head->body_size <= work->gate->body_max &&
                head->authorization.size <= SCHEME_BYTES + SKEYM_TOKEN_CHARS &&
                head->method.size <= SKEYM_METHOD_BYTES &&
                head->target.size <= SKEYM_TARGET_BYTES &&
                head->content_type.size <= SKEYM_FIELD_BYTES;
    return fits ? SKEYM_OK : SKEYM_ERR_SIZE;
}

/* The token's text: what follows the scheme, a word without case (RFC 9110, 11.1), and one space.
 * Empty when that is not there. */
static struct skeym_span token_text(struct skeym_span authorization)
{
    struct skeym_span scheme = skeym_span_part(authorization, 0, SCHEME_BYTES);
    bool right = scheme.size == SCHEME_BYTES;
    for (size_t i = 0; right && i < SCHEME_BYTES; i++) {
        uint8_t c = scheme.data[i];
        right = (c >= 'A' && c <= 'Z' ? c | 0x20 : c) == (uint8_t)SCHEME[i];
    }
    return right ? skeym_span_part(authorization, SCHEME_BYTES, authorization.size)
                 : (struct skeym_span){0};
}

/* Decodes the token. The version is in the first characters, so another version's token is named as
 * such whatever its form. What does not even decode is left to the next step. */
static enum skeym_error check_version(struct work *work)
{
    struct skeym_room room = {work->token, sizeof work->token};
    struct skeym_span text = token_text(work->head->authorization);
    work->decoded = skeym_base64url_read(room, &work->token_size, text) == SKEYM_OK;
    size_t size = work->token_size;
    if (!work->decoded &&
        skeym_base64url_read(room, &size, skeym_span_part(text, 0, 4)) != SKEYM_OK) {
        return SKEYM_OK;
    }
    return size > 0 && work->token[0] != SKEYM_TOKEN_VERSION ? SKEYM_ERR_VERSION : SKEYM_OK;
}

static struct skeym_exchange_request request_of(const struct skeym_head *head,
                                                struct skeym_span body)
{
    return (struct skeym_exchange_request){head->method, head->target, head->content_type, body};
}

static enum skeym_error check_shape(struct work *work)
{
    const struct skeym_head *head = work->head;
    const struct skeym_exchange_request request = request_of(head, work->body);
    uint8_t proof[SKEYM_PROOF_BYTES];
    size_t size = 0;
    bool right = !head->doubled && head->proof.size == SKEYM_PROOF_CHARS &&
                 skeym_base64url_read((struct skeym_room){proof, sizeof proof}, &size,
                                      head->proof) == SKEYM_OK &&
                 skeym_exchange_parts(&request) == SKEYM_OK && work->decoded;
    return right ? SKEYM_OK : SKEYM_ERR_SHAPE;
}

/* A token of a wrong length is of a wrong shape: "size" is for what is too large to be read. */
static enum skeym_error open_token(struct work *work)
{
    enum skeym_error error =
        skeym_token_open(&work->out->claims, &work->out->token_id, work->gate->keys,
                         skeym_span(work->token, work->token_size), work->now_ms);
    return error == SKEYM_ERR_SIZE ? SKEYM_ERR_SHAPE : error;
}

static enum skeym_error check_instance(struct work *work)
{
    return work->out->claims.instance == work->gate->instance ? SKEYM_OK : SKEYM_ERR_INSTANCE;
}

static enum skeym_error check_revoked(struct work *work)
{
    const struct skeym_token_claims *claims = &work->out->claims;
    return skeym_revoked_has(work->gate->revoked, &claims->id, claims->generation)
               ? SKEYM_ERR_REVOKED
               : SKEYM_OK;
}

static const struct step head_steps[] = {
    {SKEYM_CHECK_SIZE, check_size},         {SKEYM_CHECK_VERSION, check_version},
    {SKEYM_CHECK_SHAPE, check_shape},       {SKEYM_CHECK_UNSEAL, open_token},
    {SKEYM_CHECK_INSTANCE, check_instance}, {SKEYM_CHECK_REVOKED, check_revoked},
};

/* --- with the body --------------------------------------------------------- */

/* Only what skeym_admit_head let through, and once. The body must be the announced one, so what was
 * judged by its size is what is proved. */
static enum skeym_error check_state(struct work *work)
{
    const struct skeym_admission *out = work->out;
    if (out->admitted || out->claims.lifetime_s == 0) {
        return SKEYM_ERR_STATE;
    }
    return work->body.size == work->head->body_size ? SKEYM_OK : SKEYM_ERR_SHAPE;
}

static enum skeym_error check_time(struct work *work)
{
    return skeym_token_time(&work->out->claims, work->now_ms);
}

static enum skeym_error check_proof(struct work *work)
{
    const struct skeym_exchange_request request = request_of(work->head, work->body);
    return skeym_exchange_derive_and_check(&work->out->keys, work->out->claims.secret,
                                           work->head->proof, &request);
}

static enum skeym_error use_up(struct work *work)
{
    return skeym_used_insert(work->gate->used, work->out->token_id, work->out->claims.issued_ms);
}

static const struct step body_steps[] = {
    {SKEYM_CHECK_SHAPE, check_state},     {SKEYM_CHECK_TIME, check_time},
    {SKEYM_CHECK_REVOKED, check_revoked}, {SKEYM_CHECK_PROOF, check_proof},
    {SKEYM_CHECK_USED, use_up},
};

/* --- the walk ------------------------------------------------------------ */

/* Errors that name another check than their step's: opening a token is three checks, taking a
 * place in the table is two. */
static enum skeym_check name_check(enum skeym_error error, enum skeym_check check)
{
    static const struct {
        enum skeym_error error;
        enum skeym_check check;
    } named[] = {
        {SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE},
        {SKEYM_ERR_EPOCH, SKEYM_CHECK_EPOCH},
        {SKEYM_ERR_TIME, SKEYM_CHECK_TIME},
        {SKEYM_ERR_FULL, SKEYM_CHECK_FULL},
    };
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (named[i].error == error) {
            return named[i].check;
        }
    }
    return check;
}

/* Wipes all but what the audit log may know. */
static void refuse(struct skeym_admission *admission, enum skeym_check check)
{
    struct skeym_name id = admission->claims.id;
    skeym_admission_wipe(admission);
    admission->check = check;
    admission->claims.id = id;
}

static enum skeym_error walk(struct work *work, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum skeym_error error = steps[i].run(work);
        if (error != SKEYM_OK) {
            refuse(work->out, name_check(error, steps[i].check));
            return error;
        }
    }
    return SKEYM_OK;
}

enum skeym_error skeym_admit_head(struct skeym_admission *out, const struct skeym_gate *gate,
                                  const struct skeym_head *head, uint64_t now_ms)
{
    struct work work;
    memset(out, 0, sizeof *out);
    work.out = out;
    work.gate = gate;
    work.head = head;
    work.body = (struct skeym_span){0};
    work.now_ms = now_ms;
    work.decoded = false;
    work.token_size = 0;
    enum skeym_error error = walk(&work, head_steps, sizeof head_steps / sizeof head_steps[0]);
    if (error == SKEYM_OK) {
        out->check = SKEYM_CHECK_COUNT;
        skeym_used_expect(gate->used, out->token_id, out->claims.issued_ms);
    }
    return error;
}

enum skeym_error skeym_admit_body(struct skeym_admission *admission, const struct skeym_gate *gate,
                                  const struct skeym_head *head, struct skeym_span body,
                                  uint64_t now_ms)
{
    struct work work;
    work.out = admission;
    work.gate = gate;
    work.head = head;
    work.body = body;
    work.now_ms = now_ms;
    work.decoded = false;
    work.token_size = 0;
    enum skeym_error error = walk(&work, body_steps, sizeof body_steps / sizeof body_steps[0]);
    if (error == SKEYM_OK) {
        skeym_crypto_wipe(admission->claims.secret, sizeof admission->claims.secret);
        admission->admitted = true;
    }
    return error;
}

enum skeym_error skeym_admit(struct skeym_admission *out, const struct skeym_gate *gate,
                             const struct skeym_head *head, struct skeym_span body, uint64_t now_ms)
{
    enum skeym_error error = skeym_admit_head(out, gate, head, now_ms);
    return error == SKEYM_OK ? skeym_admit_body(out, gate, head, body, now_ms) : error;
}

/* --- the next token -------------------------------------------------------- */

/* Whole seconds that a next token may live; 0 when the chain ends. */
static uint8_t next_lifetime(const struct skeym_token_claims *claims, uint8_t lifetime_s,
                             uint64_t now_ms)
{
    uint64_t deadline_ms = claims->deadline_s * 1000ULL;
    uint64_t left_s = now_ms < deadline_ms ? (deadline_ms - now_ms) / 1000 : 0;
    if (claims->sequence == UINT32_MAX) {
        return 0;
    }
    return left_s < lifetime_s ? (uint8_t)left_s : lifetime_s;
}

enum skeym_error skeym_admit_next(struct skeym_room out, size_t *size,
                                  const struct skeym_admission *admission,
                                  const struct skeym_gate *gate, uint8_t lifetime_s,
                                  const uint8_t nonce[SKEYM_NONCE_BYTES], uint64_t now_ms)
{
    *size = 0;
    if (!admission->admitted) {
        return SKEYM_ERR_STATE;
    }
    uint8_t lifetime = next_lifetime(&admission->claims, lifetime_s, now_ms);
    if (lifetime == 0 && lifetime_s != 0) {
        return SKEYM_OK;
    }
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t token_size = 0;
    struct skeym_token_claims claims = admission->claims;
    memcpy(claims.secret, admission->keys.next, sizeof claims.secret);
    claims.issued_ms = now_ms;
    claims.lifetime_s = lifetime;
    claims.sequence++;
    claims.instance = gate->instance;
    enum skeym_error error = skeym_token_mint((struct skeym_room){token, sizeof token}, &token_size,
                                              gate->keys, &claims, nonce);
    skeym_crypto_wipe(claims.secret, sizeof claims.secret);
    if (error == SKEYM_OK) {
        struct skeym_writer writer = skeym_writer(out);
        skeym_base64url_write(&writer, skeym_span(token, token_size));
        error = skeym_writer_end(&writer);
        *size = skeym_written(&writer).size;
    }
    return error;
}
