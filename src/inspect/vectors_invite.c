/* SPDX-License-Identifier: Apache-2.0 */
/* Section 5.1: an invitation, its CODE, and two enrolments by it. */
#include "crypto/crypto.h"
#include "inspect/vectors.h"
#include <skeym/invite.h>
#include <string.h>

enum { LIFETIME_S = 3600 };

struct enrolment {
    struct skeym_jot *jot;
    const struct skeym_vectors_cast *cast;
    struct skeym_invite_claims claims;
    struct skeym_invite_code code;
    uint8_t private_key[32], public_key[32];
    uint8_t node_key[32], authority_key[32]; /* ephemeral, private */
    uint8_t body[SKEYM_INVITE_BODY_BYTES];
    size_t body_size;
    uint8_t answer[SKEYM_INVITE_ANSWER_BYTES];
    size_t answer_size;
};

static struct skeym_span invitation_of(const struct enrolment *with)
{
    return skeym_span(with->code.invitation, with->code.invitation_size);
}

/* --- the invitation --------------------------------------------------------------- */

static void make(struct enrolment *with)
{
    struct skeym_jot *jot = with->jot;
    struct skeym_invite_claims *claims = &with->claims;
    struct skeym_invite_code *code = &with->code;
    uint8_t nonce[SKEYM_NONCE_BYTES];
    uint32_t now_s = (uint32_t)(SKEYM_VECTORS_NOW_MS / 1000);
    claims->expires_s = now_s + LIFETIME_S;
    claims->node = with->cast->claims;
    claims->node.role = SKEYM_ROLE_NURSE;
    memset(claims->node.public_key, 0, sizeof claims->node.public_key);
    (void)skeym_jot_must(jot, skeym_name_node(&claims->node.id, skeym_span_text("tablet-12")));
    skeym_vectors_fill(nonce, sizeof nonce, 0x07);
    (void)skeym_jot_must(
        jot, skeym_invite_seal((struct skeym_room){code->invitation, sizeof code->invitation},
                               &code->invitation_size, &with->cast->enrol[0], claims, nonce));
    (void)skeym_jot_must(
        jot, skeym_invite_secret(code->secret, &with->cast->enrol[0], invitation_of(with)));
    memcpy(code->authority, with->cast->keys.identity_public, 32);
    code->audience = with->cast->audience;
}

static void print_psk(struct enrolment *with)
{
    uint8_t psk[32];
    (void)skeym_jot_must(with->jot,
                         skeym_crypto_hkdf((struct skeym_room){psk, 32}, invitation_of(with),
                                           skeym_span(with->code.secret, SKEYM_INVITE_SECRET_BYTES),
                                           skeym_span_text("skeym/1 invitation psk")));
    skeym_jot_hex(with->jot, "psk", psk, sizeof psk);
}

static void print_invitation(struct enrolment *with)
{
    struct skeym_jot *jot = with->jot;
    const struct skeym_invite_claims *claims = &with->claims;
    uint8_t bytes[SKEYM_INVITE_CLAIMS_BYTES];
    char code[SKEYM_INVITE_CODE_CHARS];
    size_t size = 0;
    struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, sizeof bytes});
    skeym_invite_claims_write(&writer, claims);
    skeym_jot_hex(jot, "E_invite", with->cast->enrol[0].invite, 32);
    skeym_jot_hex(jot, "E_secret", with->cast->enrol[0].once, 32);
    skeym_jot_number(jot, "enrol_key_id", with->cast->enrol[0].id);
    skeym_jot_number(jot, "expires", claims->expires_s);
    skeym_jot_number(jot, "generation", claims->node.generation);
    skeym_jot_number(jot, "not_after", claims->node.not_after);
    skeym_jot_text(jot, "role", skeym_role_name(claims->node.role));
    skeym_jot_span(jot, "node", skeym_name_span(&claims->node.id));
    skeym_vectors_scopes(jot, "scopes", &claims->node.scopes);
    skeym_jot_hex(jot, "invitation_claims", bytes, skeym_written(&writer).size);
    skeym_jot_hex(jot, "nonce", with->code.invitation + 5, SKEYM_NONCE_BYTES);
    skeym_jot_hex(jot, "id", with->code.invitation + 5, SKEYM_INVITE_ID_BYTES);
    skeym_jot_hex(jot, "invitation", with->code.invitation, with->code.invitation_size);
    skeym_jot_hex(jot, "secret", with->code.secret, sizeof with->code.secret);
    print_psk(with);
    (void)skeym_jot_must(jot,
                         skeym_invite_code_write((struct skeym_room){(uint8_t *)code, sizeof code},
                                                 &size, &with->code));
    skeym_jot_span(jot, "code", skeym_span(code, size));
}

/* --- two enrolments ----------------------------------------------------------------- */

static void print_grant(struct enrolment *with, struct skeym_handshake *state)
{
    struct skeym_jot *jot = with->jot;
    struct skeym_invite_grant grant;
    uint8_t claims[SKEYM_NODE_CLAIMS_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){claims, sizeof claims});
    if (!skeym_jot_must(
            jot, skeym_invite_finish(&grant, state, skeym_span(with->answer, with->answer_size)))) {
        return;
    }
    skeym_jot_text(jot, "kind", grant.clock_only ? "clock" : "granted");
    skeym_jot_number(jot, "server_ms", grant.server_ms);
    if (!grant.clock_only) {
        skeym_node_claims_write(&writer, &grant.claims);
        skeym_jot_hex(jot, "locator", grant.locator, grant.locator_size);
        skeym_jot_hex(jot, "C_i", grant.credential, 32);
        skeym_jot_hex(jot, "node_claims", claims, skeym_written(&writer).size);
    }
}

static void print_enrolment(struct enrolment *with, const char *name, uint64_t time_ms, bool clock)
{
    struct skeym_jot *jot = with->jot;
    struct skeym_handshake state;
    struct skeym_invite_request request;
    struct skeym_invite_random random;
    struct skeym_room body = {with->body, sizeof with->body};
    struct skeym_room answer = {with->answer, sizeof with->answer};
    memcpy(random.ephemeral, with->authority_key, 32);
    skeym_vectors_fill(random.locator_nonce, sizeof random.locator_nonce, 0xc0);
    skeym_jot_object(jot, name);
    skeym_jot_number(jot, "time_ms", time_ms);
    if (skeym_jot_must(jot, skeym_invite_start(&state, body, &with->body_size, &with->code,
                                               with->private_key, time_ms, with->node_key)) &&
        skeym_jot_must(jot, skeym_invite_read(&request, &with->cast->keys,
                                              skeym_span(with->body, with->body_size)))) {
        const struct skeym_authority_keys *keys = &with->cast->keys;
        const uint64_t now = SKEYM_VECTORS_NOW_MS;
        enum skeym_error error =
            clock ? skeym_invite_answer_clock(answer, &with->answer_size, &request, now, &random)
                  : skeym_invite_answer(answer, &with->answer_size, &request, keys, now, &random);
        size_t before = 3 + with->code.invitation_size;
        skeym_jot_hex(jot, "message_1", with->body + before, with->body_size - before);
        skeym_jot_hex(jot, "body", with->body, with->body_size);
        (void)skeym_jot_must(jot, error);
        skeym_jot_hex(jot, "message_2", with->answer, with->answer_size);
        print_grant(with, &state);
    }
    skeym_jot_object_end(jot);
}

/* --- what must be refused ------------------------------------------------------------- */

static void refuse_code(struct skeym_jot *jot, const char *why, struct skeym_span bytes)
{
    struct skeym_invite_code code;
    char text[SKEYM_INVITE_CODE_CHARS + 8];
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)text, sizeof text});
    skeym_base64url_write(&writer, bytes);
    skeym_jot_object(jot, NULL);
    skeym_jot_text(jot, "why", why);
    skeym_jot_span(jot, "code", skeym_written(&writer));
    skeym_jot_refused(jot, skeym_invite_code_read(&code, skeym_written(&writer)));
    skeym_jot_object_end(jot);
}

static void refuse_codes(struct enrolment *with)
{
    char text[SKEYM_INVITE_CODE_CHARS];
    uint8_t bytes[SKEYM_INVITE_CODE_BYTES + 1] = {0};
    uint8_t changed[SKEYM_INVITE_CODE_BYTES + 1];
    size_t size = 0;
    (void)skeym_jot_must(with->jot,
                         skeym_invite_code_write((struct skeym_room){(uint8_t *)text, sizeof text},
                                                 &size, &with->code));
    (void)skeym_jot_must(with->jot, skeym_base64url_read((struct skeym_room){bytes, sizeof bytes},
                                                         &size, skeym_span(text, size)));
    skeym_jot_list(with->jot, "refused_codes");
    refuse_code(with->jot, "cut at its end", skeym_span(bytes, size - 1));
    refuse_code(with->jot, "a byte behind it", skeym_span(bytes, size + 1));
    refuse_code(with->jot, "nothing", skeym_span(bytes, 0));
    memcpy(changed, bytes, sizeof changed);
    changed[0] = 2;
    refuse_code(with->jot, "another version", skeym_span(changed, size));
    memcpy(changed, bytes, sizeof changed);
    changed[1 + 32 + 16 + 1] = 'W'; /* "Ward" */
    refuse_code(with->jot, "an audience with a capital", skeym_span(changed, size));
    skeym_jot_list_end(with->jot);
}

static void refuse_body(struct enrolment *with, const char *why, struct skeym_span body)
{
    struct skeym_invite_request request;
    skeym_jot_object(with->jot, NULL);
    skeym_jot_text(with->jot, "why", why);
    skeym_jot_hex(with->jot, "body", body.data, body.size);
    skeym_jot_refused(with->jot, skeym_invite_read(&request, &with->cast->keys, body));
    skeym_jot_object_end(with->jot);
}

/* A body as it should be, by another code. */
static void refuse_code_used(struct enrolment *with, const char *why,
                             const struct skeym_invite_code *code)
{
    struct skeym_handshake state;
    uint8_t body[SKEYM_INVITE_BODY_BYTES + 64];
    size_t size = 0;
    (void)skeym_jot_must(
        with->jot, skeym_invite_start(&state, (struct skeym_room){body, sizeof body}, &size, code,
                                      with->private_key, SKEYM_VECTORS_NOW_MS, with->node_key));
    refuse_body(with, why, skeym_span(body, size));
}

static void refuse_bodies(struct enrolment *with)
{
    struct skeym_invite_code code = with->code;
    uint8_t body[SKEYM_INVITE_BODY_BYTES];
    skeym_jot_list(with->jot, "refused_bodies");
    code.secret[0] ^= 1;
    refuse_code_used(with, "another secret", &code);
    code = with->code;
    code.invitation[code.invitation_size - 1] ^= 1;
    refuse_code_used(with, "an altered invitation", &code);
    code = with->code;
    code.invitation[4] = 2;
    refuse_code_used(with, "another enrol key's id", &code);
    code.invitation_size = with->cast->node.locator_size;
    memcpy(code.invitation, with->cast->node.locator, code.invitation_size);
    refuse_code_used(with, "a locator in an invitation's place", &code);
    memcpy(body, with->body, with->body_size);
    body[with->body_size - 1] ^= 1;
    refuse_body(with, "an altered message", skeym_span(body, with->body_size));
    refuse_body(with, "cut at its end", skeym_span(with->body, with->body_size - 1));
    skeym_jot_list_end(with->jot);
}

void skeym_vectors_invite(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    struct enrolment with = {.jot = jot, .cast = cast};
    skeym_vectors_fill(with.private_key, 32, 0x31);
    skeym_vectors_fill(with.node_key, 32, 0x22);
    skeym_vectors_fill(with.authority_key, 32, 0x62);
    (void)skeym_jot_must(jot, skeym_crypto_x25519_public(with.public_key, with.private_key));
    make(&with);
    skeym_jot_object(jot, "invitation");
    print_invitation(&with);
    skeym_jot_hex(jot, "node_private", with.private_key, 32);
    skeym_jot_hex(jot, "node_public", with.public_key, 32);
    skeym_jot_hex(jot, "node_ephemeral_private", with.node_key, 32);
    skeym_jot_hex(jot, "authority_ephemeral_private", with.authority_key, 32);
    print_enrolment(&with, "clock_is_off", SKEYM_VECTORS_NOW_MS - 90000, true);
    print_enrolment(&with, "granted", SKEYM_VECTORS_NOW_MS - 250, false);
    if (jot->error == SKEYM_OK) { /* else there is nothing whole to change */
        refuse_codes(&with);
        refuse_bodies(&with);
    }
    skeym_jot_object_end(jot);
}
