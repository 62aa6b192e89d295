/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts of include/skeym/claims.h. A locator's claims, once accepted, are inside
 * of the document's limits; for a token's claims only the memory is proved. */
#ifndef SKEYM_PROVE_CLAIMS_H
#define SKEYM_PROVE_CLAIMS_H

#include "scope.h"
#include <skeym/claims.h>

/*@ predicate audience_char(integer c) =
        'a' <= c <= 'z' || '0' <= c <= '9' || c == '.' || c == '-';
    predicate node_char(integer c) = audience_char(c) || 'A' <= c <= 'Z' || c == '_';
    predicate node_name(struct skeym_name *n) =
        1 <= n->size <= SKEYM_NODE_ID_BYTES && n->text[0] != '.' && n->text[0] != '-' &&
        (\forall integer i; 0 <= i < n->size ==> node_char(n->text[i]));
    predicate role_ok(integer role) = 1 <= role <= 5;
    predicate node_claims_ok(struct skeym_node_claims *c) =
        c->generation >= 1 && c->not_after >= 1 && role_ok(c->role) &&
        1 <= c->id.size <= SKEYM_NODE_ID_BYTES && scopes_ok(&c->scopes); */

/*@ requires \valid(out) && readable(text) && beside(text, &out->size);
    assigns *out;
    ensures \result == SKEYM_OK ==> node_name(out) && out->size == text.size; */
enum skeym_error skeym_name_node(struct skeym_name *out, struct skeym_span text);

/*@ requires \valid(out) && readable(text) && beside(text, &out->size);
    assigns *out;
    ensures \result == SKEYM_OK ==> 1 <= out->size <= SKEYM_AUDIENCE_BYTES &&
            (\forall integer i; 0 <= i < out->size ==> audience_char(out->text[i])); */
enum skeym_error skeym_name_audience(struct skeym_name *out, struct skeym_span text);

/*@ requires \valid_read(name);
    assigns \nothing;
    ensures readable(\result) && \result.data == &name->text[0];
    ensures \result.size == (name->size <= SKEYM_NODE_ID_BYTES ? name->size : 0); */
struct skeym_span skeym_name_span(const struct skeym_name *name);

/*@ requires \valid(out) && readable(bytes) && beside(bytes, &out->role);
    assigns *out;
    ensures spelled: \result == SKEYM_OK ==> node_claims_ok(out) && bytes.size % 16 == 0; */
enum skeym_error skeym_node_claims_read(struct skeym_node_claims *out, struct skeym_span bytes);

/*@ requires \valid(out) && readable(bytes) && beside(bytes, &out->node.role);
    assigns *out;
    ensures spelled: \result == SKEYM_OK ==> node_claims_ok(&out->node) && out->expires_s >= 1 &&
            bytes.size % 16 == 0; */
enum skeym_error skeym_invite_claims_read(struct skeym_invite_claims *out, struct skeym_span bytes);

/*@ requires \valid(out) && readable(bytes) && beside(bytes, &out->role);
    assigns *out; */
enum skeym_error skeym_token_claims_read(struct skeym_token_claims *out, struct skeym_span bytes);

/* --- inside of claims.c ----------------------------------------------------- */

#ifdef SKEYM_PROVE_INSIDE_CLAIMS
/* The prover counts a struct in fields, not in bytes: here wiping is of the whole struct. */
/*@ requires \valid(claims);
    assigns *claims; */
void prove_wipe_claims(struct skeym_token_claims *claims);
#define skeym_crypto_wipe(claims, size)                                                            \
    ((void)sizeof(char[(size) == sizeof *(claims) ? 1 : -1]), prove_wipe_claims(claims))

/*@ assigns \nothing;
    ensures \result <==> role_ok(role); */
static bool role_valid(uint8_t role);

/*@ assigns \nothing;
    ensures \result <==> 'a' <= c <= 'z' || '0' <= c <= '9'; */
static bool is_lower_or_digit(uint8_t c);

/*@ assigns \nothing;
    ensures \result <==> audience_char(c); */
static bool in_audience(uint8_t c);

/*@ assigns \nothing;
    ensures \result <==> audience_char(c) || 'A' <= c <= 'Z'; */
static bool in_patient(uint8_t c);

/*@ assigns \nothing;
    ensures \result <==> node_char(c); */
static bool in_node(uint8_t c);

/*@ requires readable(text) && (in == &in_audience || in == &in_patient || in == &in_node);
    assigns \nothing;
    ensures \result && in == &in_node ==>
            (\forall integer i; 0 <= i < text.size ==> node_char(text.data[i]));
    ensures \result && in == &in_audience ==>
            (\forall integer i; 0 <= i < text.size ==> audience_char(text.data[i])); */
static bool all_in(struct skeym_span text, bool (*in)(uint8_t));

/*@ requires \valid(out) && readable(text) && beside(text, &out->size);
    requires in == &in_audience || in == &in_node;
    assigns *out;
    ensures \result == SKEYM_OK ==> 1 <= out->size <= SKEYM_NODE_ID_BYTES &&
            out->size == text.size;
    ensures \result == SKEYM_OK && in == &in_node ==>
            (\forall integer i; 0 <= i < out->size ==> node_char(out->text[i]));
    ensures \result == SKEYM_OK && in == &in_audience ==>
            (\forall integer i; 0 <= i < out->size ==> audience_char(out->text[i])); */
static enum skeym_error read_name(struct skeym_name *out, struct skeym_span text,
                                  bool (*in)(uint8_t));

/*@ requires reader_ok(reader) && !reader->bad;
    assigns *reader;
    ensures \result == SKEYM_OK ==> size % 16 == 0 && reader->left == 0 && !reader->bad; */
static enum skeym_error read_padding(struct skeym_reader *reader, size_t size);

/*@ requires reader_ok(reader) && \valid(role) && \valid(id) && \valid(scopes);
    requires \separated(role, id, scopes) && elsewhere(reader, role);
    requires elsewhere(reader, &id->size) && elsewhere(reader, &scopes->count);
    assigns *reader, *role, *id, *scopes;
    ensures \result == SKEYM_OK ==> role_ok(*role) && scopes_ok(scopes);
    ensures \result == SKEYM_OK ==> 1 <= id->size <= SKEYM_NODE_ID_BYTES && !\old(reader->bad);
    ensures \result == SKEYM_OK ==> size % 16 == 0 && !reader->bad && reader->left == 0; */
static enum skeym_error read_rest(struct skeym_reader *reader, size_t size, uint8_t *role,
                                  struct skeym_name *id, struct skeym_scopes *scopes);

/*@ requires \valid_read(claims);
    assigns \nothing;
    ensures \result <==> 1 <= claims->lifetime_s <= SKEYM_LIFETIME_MAX &&
            claims->lane < SKEYM_LANES_MAX && claims->flags == 0 && claims->generation >= 1; */
static bool numbers_valid(const struct skeym_token_claims *claims);

/*@ requires \valid(out) && readable(bytes) && beside(bytes, &out->role);
    assigns *out;
    ensures \result == SKEYM_OK ==> node_claims_ok(out) && bytes.size % 16 == 0; */
static enum skeym_error read_node_claims(struct skeym_node_claims *out, struct skeym_span bytes);

/*@ requires \valid(out) && readable(bytes) && beside(bytes, &out->node.role);
    assigns *out;
    ensures \result == SKEYM_OK ==> node_claims_ok(&out->node) && out->expires_s >= 1 &&
            bytes.size % 16 == 0; */
static enum skeym_error read_invite_claims(struct skeym_invite_claims *out,
                                           struct skeym_span bytes);

/*@ requires \valid(out) && readable(bytes) && beside(bytes, &out->role);
    assigns *out; */
static enum skeym_error read_token_claims(struct skeym_token_claims *out, struct skeym_span bytes);
#endif

#endif
