/* SPDX-License-Identifier: Apache-2.0 */
/* What is timed, and stepped: the proof's comparison, the opening of tokens, and logins and
 * enrolments that are refused. */
#include "clocked.h"
#include "crypto/crypto.h"
#include <skeym/exchange.h>
#include <skeym/invite.h>
#include <skeym/login.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS UINT64_C(1800000000000)

static struct {
    uint8_t proof_key[32];
    uint8_t proof[SKEYM_PROOF_BYTES];
    struct skeym_exchange_request request;
    struct skeym_audience_keys audience;
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t token_size;
    struct skeym_enrol_keys enrol[2];
    struct skeym_authority_keys authority;
    uint8_t body[SKEYM_LOGIN_BYTES];
    size_t body_size;
    size_t locator_size;
    uint8_t enrolment[SKEYM_LOGIN_BYTES];
    size_t enrolment_size;
    size_t invitation_size;
} world;

static volatile unsigned sink;

static void must(bool holds)
{
    if (!holds) {
        (void)fputs("clocked: the inputs could not be made\n", stderr);
        abort();
    }
}

/* --- the inputs, right at first ----------------------------------------------------- */

static void make_token(void)
{
    const uint8_t nonce[SKEYM_NONCE_BYTES] = {1, 2, 3};
    struct skeym_token_claims claims = {.issued_ms = NOW_MS,
                                        .lifetime_s = 30,
                                        .deadline_s = (uint32_t)(NOW_MS / 1000) + 3600,
                                        .generation = 7,
                                        .role = SKEYM_ROLE_DOCTOR,
                                        .scopes = {.count = 1}};
    must(skeym_name_node(&claims.id, skeym_span_text("dr-hopper")) == SKEYM_OK);
    must(skeym_scope_parse(&claims.scopes.at[0], skeym_span_text("user/Observation.rs")) ==
         SKEYM_OK);
    must(skeym_name_audience(&world.audience.audience, skeym_span_text("ward")) == SKEYM_OK);
    world.audience.epoch = 500000;
    const uint8_t key[32] = {3};
    must(skeym_crypto_cmac_prepare(&world.audience.current, key) == SKEYM_OK);
    must(skeym_token_mint((struct skeym_room){world.token, sizeof world.token}, &world.token_size,
                          &world.audience, &claims, nonce) == SKEYM_OK);
}

static void make_login(void)
{
    static struct skeym_credentials node;
    static struct skeym_handshake state;
    const uint8_t key[32] = {5}, nonce[32] = {7}, ephemeral[32] = {9};
    struct skeym_node_claims claims = {.generation = 1,
                                       .not_after = UINT32_MAX,
                                       .role = SKEYM_ROLE_DEVICE,
                                       .scopes = {.count = 1}};
    struct skeym_login_wish wish = {.time_ms = NOW_MS, .lanes = 2};
    must(skeym_enrol_keys_derive(&world.enrol[0], 1, key) == SKEYM_OK);
    must(skeym_enrol_keys_derive(&world.enrol[1], 2, nonce) == SKEYM_OK);
    world.authority = (struct skeym_authority_keys){.enrol_count = 2, .enrol = world.enrol};
    memset(world.authority.identity, 0x40, 32);
    must(skeym_crypto_x25519_public(world.authority.identity_public, world.authority.identity) ==
         SKEYM_OK);
    memset(node.private_key, 0x50, 32);
    must(skeym_crypto_x25519_public(claims.public_key, node.private_key) == SKEYM_OK);
    must(skeym_name_node(&claims.id, skeym_span_text("pump-7")) == SKEYM_OK);
    must(skeym_scope_parse(&claims.scopes.at[0], skeym_span_text("patient/p1/Observation.cr")) ==
         SKEYM_OK);
    must(skeym_locator_seal((struct skeym_room){node.locator, sizeof node.locator},
                            &node.locator_size, &world.enrol[1], &claims, nonce) == SKEYM_OK);
    must(skeym_credential(node.credential, &world.enrol[1], &claims) == SKEYM_OK);
    memcpy(node.authority, world.authority.identity_public, 32);
    node.audience = world.audience.audience;
    world.locator_size = node.locator_size;
    must(skeym_login_start(&state, (struct skeym_room){world.body, sizeof world.body},
                           &world.body_size, &node, &wish, ephemeral) == SKEYM_OK);
}

static void make_enrolment(void)
{
    static struct skeym_invite_code code;
    static struct skeym_handshake state;
    const uint8_t nonce[SKEYM_NONCE_BYTES] = {8}, key[32] = {6}, ephemeral[32] = {9};
    struct skeym_invite_claims claims = {
        .expires_s = UINT32_MAX,
        .node = {.generation = 1, .not_after = UINT32_MAX, .role = SKEYM_ROLE_NURSE}};
    must(skeym_name_node(&claims.node.id, skeym_span_text("tablet-3")) == SKEYM_OK);
    must(skeym_invite_seal((struct skeym_room){code.invitation, sizeof code.invitation},
                           &code.invitation_size, &world.enrol[1], &claims, nonce) == SKEYM_OK);
    must(skeym_invite_secret(code.secret, &world.enrol[1],
                             skeym_span(code.invitation, code.invitation_size)) == SKEYM_OK);
    memcpy(code.authority, world.authority.identity_public, 32);
    world.invitation_size = code.invitation_size;
    must(skeym_invite_start(&state, (struct skeym_room){world.enrolment, sizeof world.enrolment},
                            &world.enrolment_size, &code, key, NOW_MS, ephemeral) == SKEYM_OK);
}

void clocked_world(void)
{
    world.request = (struct skeym_exchange_request){
        skeym_span_text("POST"), skeym_span_text("/skeym/v1/exchange"),
        skeym_span_text("application/jose"), skeym_span_text("a body as it was sent")};
    memset(world.proof_key, 2, sizeof world.proof_key);
    must(skeym_exchange_proof(world.proof, world.proof_key, &world.request) == SKEYM_OK);
    make_token();
    make_login();
    make_enrolment();
}

/* --- the proof ---------------------------------------------------------------------- */

enum { NOWHERE = 99 };

static size_t proof_wrong_at(uint8_t out[CLOCKED_INPUT], size_t at)
{
    uint8_t proof[SKEYM_PROOF_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, CLOCKED_INPUT});
    memcpy(proof, world.proof, sizeof proof);
    if (at < sizeof proof) {
        proof[at] ^= 0x55;
    }
    skeym_base64url_write(&writer, skeym_span(proof, sizeof proof));
    return writer.size;
}

static size_t proof_first_last(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    return proof_wrong_at(out, class ? SKEYM_PROOF_BYTES - 1 : 0);
}

static size_t proof_middle_last(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    return proof_wrong_at(out, class ? SKEYM_PROOF_BYTES - 1 : SKEYM_PROOF_BYTES / 2);
}

static size_t proof_first_equal(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    return proof_wrong_at(out, class ? NOWHERE : 0);
}

static void check_proof(const uint8_t *input, size_t size)
{
    sink = skeym_exchange_check(skeym_span(input, size), world.proof_key, &world.request);
}

/* The twin: the same work, but for a compare that stops. */
static void check_proof_early(const uint8_t *input, size_t size)
{
    uint8_t given[SKEYM_PROOF_BYTES], right[SKEYM_PROOF_BYTES];
    size_t got, same = 0;
    must(skeym_base64url_read((struct skeym_room){given, sizeof given}, &got,
                              skeym_span(input, size)) == SKEYM_OK);
    must(skeym_exchange_proof(right, world.proof_key, &world.request) == SKEYM_OK);
    for (; same < sizeof right && given[same] == right[same]; same++) {
        sink = (unsigned)same;
    }
}

/* --- the token ---------------------------------------------------------------------- */

static size_t token_wrong_at(uint8_t out[CLOCKED_INPUT], size_t at)
{
    memcpy(out, world.token, world.token_size);
    if (at < world.token_size) {
        out[at] ^= 0x55;
    }
    return world.token_size;
}

static size_t token_tag(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    return token_wrong_at(out, world.token_size - (class ? 1 : SKEYM_TAG_BYTES));
}

static size_t token_claims(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    return token_wrong_at(out, class ? world.token_size - 1 : SKEYM_TOKEN_HEAD);
}

static size_t token_nonce(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    return token_wrong_at(out, class ? world.token_size - 1 : SKEYM_TOKEN_HEAD - 20);
}

static size_t token_valid(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    return token_wrong_at(out, class ? world.token_size : world.token_size - 1);
}

static void open_token(const uint8_t *input, size_t size)
{
    static struct skeym_token_claims claims;
    uint64_t id;
    sink = skeym_token_open(&claims, &id, &world.audience, skeym_span(input, size), NOW_MS);
}

static void open_token_early(const uint8_t *input, size_t size)
{
    open_token(input, size);
    for (size_t at = size - SKEYM_TAG_BYTES; at < size && input[at] == world.token[at]; at++) {
        sink = (unsigned)at;
    }
}

/* --- the login ---------------------------------------------------------------------- */

enum { HEAD = 3 }; /* version, size of the locator */

/* The body with a byte changed, and another one. */
static size_t login_wrong_at(uint8_t out[CLOCKED_INPUT], size_t at, size_t also)
{
    memcpy(out, world.body, world.body_size);
    out[at] ^= 0x55;
    out[also] ^= 0xaa;
    return world.body_size;
}

static size_t in_locator(void)
{
    return HEAD + SKEYM_LOCATOR_HEAD + 8;
}

static size_t in_static_key(void)
{
    return HEAD + world.locator_size + 40;
}

static size_t in_payload(void)
{
    return world.body_size - 1;
}

/* What a stranger can try with a locator that he saw: it opens, or not; the rest is his. */
static size_t login_locator(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    return login_wrong_at(out, in_static_key(), class ? in_payload() : in_locator());
}

/* The id of an enrol key that is not there, and of one that is. */
static size_t login_enrol_key(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    return login_wrong_at(out, in_payload(), class ? in_locator() : (size_t)HEAD + 1);
}

/* The same, and of an old one: 2 becomes 0x03000002, or 1. */
static size_t login_old_key(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    memcpy(out, world.body, world.body_size);
    out[HEAD + (class ? 4 : 1)] ^= 3;
    return world.body_size;
}

/* A message that he recorded whole, changed early or late. */
static size_t login_message(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    return login_wrong_at(out, in_payload(), class ? in_payload() - 1 : in_static_key());
}

static void read_login(const uint8_t *input, size_t size)
{
    static struct skeym_login_request request;
    sink = skeym_login_read(&request, &world.authority, skeym_span(input, size));
}

/* The twin, as src/ was once: what the claims say is read, and C_i is made of that, before the
 * message is opened. */
static void read_login_early(const uint8_t *input, size_t size)
{
    struct skeym_node_claims claims;
    uint8_t credential[SKEYM_SECRET_BYTES];
    struct skeym_span locator = skeym_span(input + HEAD, world.locator_size);
    if (skeym_locator_open(&claims, &world.enrol[1], locator) == SKEYM_OK) {
        sink = skeym_credential(credential, &world.enrol[1], &claims);
    }
    read_login(input, size);
}

/* --- the enrolment ------------------------------------------------------------------ */

/* As of a login: the body is an invitation and a message. */
static size_t enrolment_wrong_at(uint8_t out[CLOCKED_INPUT], size_t at, size_t also)
{
    memcpy(out, world.enrolment, world.enrolment_size);
    out[at] ^= 0x55;
    out[also] ^= 0xaa;
    return world.enrolment_size;
}

static size_t enrolment_invitation(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    size_t last = world.enrolment_size - 1;
    return enrolment_wrong_at(out, HEAD + world.invitation_size + 40,
                              class ? last : (size_t)HEAD + SKEYM_LOCATOR_HEAD + 8);
}

static size_t enrolment_message(uint8_t out[CLOCKED_INPUT], unsigned class)
{
    size_t last = world.enrolment_size - 1;
    return enrolment_wrong_at(out, last, class ? last - 1 : HEAD + world.invitation_size + 40);
}

static void read_enrolment(const uint8_t *input, size_t size)
{
    static struct skeym_invite_request request;
    sink = skeym_invite_read(&request, &world.authority, skeym_span(input, size));
}

/* Of a proof and of a token nothing. Of a login less than 100 ns, which is what the best known
 * filters tell apart across a local network (Crosby, Wallach, Riedi: Opportunities and limits of
 * remote timing attacks, ACM TISSEC 12(3), 2009), whatever is measured here: a clock that is read
 * 10^6 times on a shared machine is not quiet enough for less. (stepped.c counts to the number.) */
#define EXACT 1
#define LOGIN 100

const struct clocked_case clocked_cases[] = {
    {"proof: first byte wrong, last byte wrong", CLOCKED_REAL, 1, EXACT, proof_first_last,
     check_proof},
    {"proof: middle byte wrong, last byte wrong", CLOCKED_REAL, 1, EXACT, proof_middle_last,
     check_proof},
    {"proof: first byte wrong, right", CLOCKED_REAL, 1, EXACT, proof_first_equal, check_proof},
    {"twin of proof: compared byte by byte", CLOCKED_TWIN, 10, EXACT, proof_first_last,
     check_proof_early},
    {"token: first byte of its tag wrong, last", CLOCKED_REAL, 1, EXACT, token_tag, open_token},
    {"token: claims changed, tag changed", CLOCKED_REAL, 1, EXACT, token_claims, open_token},
    {"token: nonce changed, tag changed", CLOCKED_REAL, 1, EXACT, token_nonce, open_token},
    {"token: forged, valid", CLOCKED_PUBLIC, 10, EXACT, token_valid, open_token},
    {"twin of token: its tag compared byte by byte", CLOCKED_TWIN, 10, EXACT, token_tag,
     open_token_early},
    {"login: unknown locator, known locator", CLOCKED_REAL, 1, LOGIN, login_locator, read_login},
    {"login: unknown enrol key, known enrol key", CLOCKED_REAL, 1, LOGIN, login_enrol_key,
     read_login},
    {"login: unknown enrol key, old enrol key", CLOCKED_REAL, 1, LOGIN, login_old_key, read_login},
    {"login: wrong static key, wrong payload", CLOCKED_REAL, 1, LOGIN, login_message, read_login},
    {"enrolment: unknown invitation, known invitation", CLOCKED_REAL, 1, LOGIN,
     enrolment_invitation, read_enrolment},
    {"enrolment: wrong static key, wrong payload", CLOCKED_REAL, 1, LOGIN, enrolment_message,
     read_enrolment},
    {"twin of login: the locator's claims read first", CLOCKED_TWIN, 10, LOGIN, login_locator,
     read_login_early},
    {NULL, CLOCKED_REAL, 0, 0, NULL, NULL},
};
