/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"
#include <skeym/claims.h>
#include <string.h>

#define PADDING_BYTES 16

/* --- roles ----------------------------------------------------------------- */

/* By enum skeym_role, less one. */
static const char *const roles[] = {"doctor", "nurse", "device", "auditor", "service"};
#define ROLE_COUNT (sizeof roles / sizeof roles[0])

static bool role_valid(uint8_t role)
{
    return role >= SKEYM_ROLE_DOCTOR && role <= ROLE_COUNT;
}

const char *skeym_role_name(uint8_t role)
{
    return role_valid(role) ? roles[role - SKEYM_ROLE_DOCTOR] : "?";
}

enum skeym_error skeym_role_parse(uint8_t *role, struct skeym_span name)
{
    *role = 0;
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (skeym_span_is(name, roles[i])) {
            *role = (uint8_t)(i + SKEYM_ROLE_DOCTOR);
            return SKEYM_OK;
        }
    }
    return SKEYM_ERR_UNSUPPORTED;
}

/* --- texts ----------------------------------------------------------------- */

/* Public text, so branches on it do no harm. */
static bool is_lower_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool in_audience(uint8_t c)
{
    return is_lower_or_digit(c) || c == '.' || c == '-';
}

static bool in_patient(uint8_t c)
{
    return in_audience(c) || (c >= 'A' && c <= 'Z');
}

static bool in_node(uint8_t c)
{
    return in_patient(c) || c == '_';
}

static bool all_in(struct skeym_span text, bool (*in)(uint8_t))
{
    /*@ loop invariant i <= text.size;
        loop invariant in == &in_node ==>
                       (\forall integer k; 0 <= k < i ==> node_char(text.data[k]));
        loop invariant in == &in_audience ==>
                       (\forall integer k; 0 <= k < i ==> audience_char(text.data[k]));
        loop assigns i;
        loop variant text.size - i; */
    for (size_t i = 0; i < text.size; i++) {
        //@ calls in_audience, in_patient, in_node;
        if (!in(text.data[i])) {
            return false;
        }
    }
    return true;
}

static enum skeym_error read_name(struct skeym_name *out, struct skeym_span text,
                                  bool (*in)(uint8_t))
{
    *out = (struct skeym_name){0};
    if (text.size == 0 || text.size > sizeof out->text) {
        return SKEYM_ERR_SIZE;
    }
    if (!all_in(text, in)) {
        return SKEYM_ERR_CHARSET;
    }
    out->size = (uint8_t)text.size;
    memcpy(out->text, text.data, text.size);
    return SKEYM_OK;
}

enum skeym_error skeym_name_node(struct skeym_name *out, struct skeym_span text)
{
    enum skeym_error error = read_name(out, text, in_node);
    if (!error && (out->text[0] == '.' || out->text[0] == '-')) {
        *out = (struct skeym_name){0};
        error = SKEYM_ERR_CHARSET;
    }
    return error;
}

enum skeym_error skeym_name_audience(struct skeym_name *out, struct skeym_span text)
{
    return read_name(out, text, in_audience);
}

struct skeym_span skeym_name_span(const struct skeym_name *name)
{
    return skeym_span(name->text, name->size <= sizeof name->text ? name->size : 0);
}

bool skeym_patient_valid(struct skeym_span text)
{
    return text.size > 0 && text.size <= SKEYM_PATIENT_BYTES && all_in(text, in_patient);
}

/* --- what node claims and token claims share ----------------------------------- */

/* Who the node is and what it may do: the end of both. `start` is where the claims began. */
static void write_rest(struct skeym_writer *writer, size_t start, uint8_t role,
                       const struct skeym_name *id, const struct skeym_scopes *scopes)
{
    static const uint8_t zeros[PADDING_BYTES];
    struct skeym_name checked;
    if (!role_valid(role) || skeym_name_node(&checked, skeym_name_span(id))) {
        writer->bad = true;
    }
    skeym_write_u8(writer, role);
    skeym_write_span8(writer, skeym_name_span(id));
    skeym_scopes_write(writer, scopes);
    size_t over = (writer->size - start) % PADDING_BYTES;
    skeym_write_span(writer, skeym_span(zeros, over ? PADDING_BYTES - over : 0));
}

/* The zeros at the end, and that all of it is a multiple of 16. */
static enum skeym_error read_padding(struct skeym_reader *reader, size_t size)
{
    if (size % PADDING_BYTES != 0) {
        return SKEYM_ERR_SHAPE;
    }
    if (reader->left >= PADDING_BYTES) {
        return SKEYM_ERR_TRAILING;
    }
    /*@ loop invariant reader_ok(reader) && !reader->bad;
        loop assigns *reader;
        loop variant reader->left; */
    while (reader->left > 0) {
        if (skeym_read_u8(reader) != 0) {
            return SKEYM_ERR_SHAPE;
        }
    }
    return SKEYM_OK;
}

static enum skeym_error read_rest(struct skeym_reader *reader, size_t size, uint8_t *role,
                                  struct skeym_name *id, struct skeym_scopes *scopes)
{
    *role = skeym_read_u8(reader);
    struct skeym_span name = skeym_read_span8(reader);
    if (reader->bad) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (!role_valid(*role)) {
        return SKEYM_ERR_RANGE;
    }
    enum skeym_error error = skeym_name_node(id, name);
    if (error) {
        return error == SKEYM_ERR_SIZE ? SKEYM_ERR_RANGE : error;
    }
    skeym_scopes_read(reader, scopes);
    return reader->bad ? SKEYM_ERR_SHAPE : read_padding(reader, size);
}

/* --- node claims ------------------------------------------------------------ */

void skeym_node_claims_write(struct skeym_writer *writer, const struct skeym_node_claims *claims)
{
    size_t start = writer->size;
    if (claims->generation == 0 || claims->not_after == 0) {
        writer->bad = true;
    }
    skeym_write_span(writer, skeym_span(claims->public_key, sizeof claims->public_key));
    skeym_write_u32(writer, claims->generation);
    skeym_write_u32(writer, claims->not_after);
    write_rest(writer, start, claims->role, &claims->id, &claims->scopes);
}

static enum skeym_error read_node_claims(struct skeym_node_claims *out, struct skeym_span bytes)
{
    struct skeym_reader reader = skeym_reader(bytes);
    skeym_read_bytes(&reader, out->public_key, sizeof out->public_key);
    out->generation = skeym_read_u32(&reader);
    out->not_after = skeym_read_u32(&reader);
    if (!reader.bad && (out->generation == 0 || out->not_after == 0)) {
        return SKEYM_ERR_RANGE;
    }
    return read_rest(&reader, bytes.size, &out->role, &out->id, &out->scopes);
}

enum skeym_error skeym_node_claims_read(struct skeym_node_claims *out, struct skeym_span bytes)
{
    *out = (struct skeym_node_claims){0};
    enum skeym_error error = read_node_claims(out, bytes);
    if (error) {
        *out = (struct skeym_node_claims){0};
    }
    return error;
}

/* --- invitation claims ------------------------------------------------------ */

void skeym_invite_claims_write(struct skeym_writer *writer,
                               const struct skeym_invite_claims *claims)
{
    const struct skeym_node_claims *node = &claims->node;
    size_t start = writer->size;
    if (claims->expires_s == 0 || node->generation == 0 || node->not_after == 0) {
        writer->bad = true;
    }
    skeym_write_u32(writer, claims->expires_s);
    skeym_write_u32(writer, node->generation);
    skeym_write_u32(writer, node->not_after);
    write_rest(writer, start, node->role, &node->id, &node->scopes);
}

static enum skeym_error read_invite_claims(struct skeym_invite_claims *out, struct skeym_span bytes)
{
    struct skeym_reader reader = skeym_reader(bytes);
    struct skeym_node_claims *node = &out->node;
    out->expires_s = skeym_read_u32(&reader);
    node->generation = skeym_read_u32(&reader);
    node->not_after = skeym_read_u32(&reader);
    if (!reader.bad && (out->expires_s == 0 || node->generation == 0 || node->not_after == 0)) {
        return SKEYM_ERR_RANGE;
    }
    return read_rest(&reader, bytes.size, &node->role, &node->id, &node->scopes);
}

enum skeym_error skeym_invite_claims_read(struct skeym_invite_claims *out, struct skeym_span bytes)
{
    *out = (struct skeym_invite_claims){0};
    enum skeym_error error = read_invite_claims(out, bytes);
    if (error) {
        *out = (struct skeym_invite_claims){0};
    }
    return error;
}

/* --- token claims ----------------------------------------------------------- */

static bool numbers_valid(const struct skeym_token_claims *claims)
{
    return claims->lifetime_s >= 1 && claims->lifetime_s <= SKEYM_LIFETIME_MAX &&
           claims->lane < SKEYM_LANES_MAX && claims->flags == 0 && claims->generation >= 1;
}

void skeym_token_claims_write(struct skeym_writer *writer, const struct skeym_token_claims *claims)
{
    size_t start = writer->size;
    if (!numbers_valid(claims)) {
        writer->bad = true;
    }
    skeym_write_span(writer, skeym_span(claims->secret, sizeof claims->secret));
    skeym_write_u48(writer, claims->issued_ms);
    skeym_write_u8(writer, claims->lifetime_s);
    skeym_write_u32(writer, claims->login_s);
    skeym_write_u32(writer, claims->deadline_s);
    skeym_write_u8(writer, claims->lane);
    skeym_write_u32(writer, claims->sequence);
    skeym_write_u8(writer, claims->flags);
    skeym_write_u32(writer, claims->instance);
    skeym_write_u32(writer, claims->generation);
    write_rest(writer, start, claims->role, &claims->id, &claims->scopes);
}

static enum skeym_error read_token_claims(struct skeym_token_claims *out, struct skeym_span bytes)
{
    struct skeym_reader reader = skeym_reader(bytes);
    skeym_read_bytes(&reader, out->secret, sizeof out->secret);
    out->issued_ms = skeym_read_u48(&reader);
    out->lifetime_s = skeym_read_u8(&reader);
    out->login_s = skeym_read_u32(&reader);
    out->deadline_s = skeym_read_u32(&reader);
    out->lane = skeym_read_u8(&reader);
    out->sequence = skeym_read_u32(&reader);
    out->flags = skeym_read_u8(&reader);
    out->instance = skeym_read_u32(&reader);
    out->generation = skeym_read_u32(&reader);
    if (!reader.bad && !numbers_valid(out)) {
        return SKEYM_ERR_RANGE;
    }
    return read_rest(&reader, bytes.size, &out->role, &out->id, &out->scopes);
}

enum skeym_error skeym_token_claims_read(struct skeym_token_claims *out, struct skeym_span bytes)
{
    *out = (struct skeym_token_claims){0};
    enum skeym_error error = read_token_claims(out, bytes);
    if (error) {
        skeym_crypto_wipe(out, sizeof *out);
    }
    return error;
}
