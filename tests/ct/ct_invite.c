/* SPDX-License-Identifier: Apache-2.0 */
/* Invitations, both sides, and what strangers send in their place. */
#include "authority/uses.h"
#include "ct_world.h"
#include <skeym/invite.h>
#include <string.h>

static struct skeym_invite_claims claims_of(const struct ct_world *world)
{
    return (struct skeym_invite_claims){.expires_s = UINT32_MAX, .node = world->claims};
}

/* The invitation goes over the wire; its secret comes to the node by another way. */
static struct skeym_invite_code invite(struct ct_world *world)
{
    static const uint8_t nonce[SKEYM_NONCE_BYTES] = {0x77};
    struct skeym_invite_code code;
    const struct skeym_invite_claims claims = claims_of(world);
    ct_okay(skeym_enrolment_invite(&code, &world->keys, &claims, nonce), "invite");
    ct_publish(code.invitation, sizeof code.invitation);
    ct_publish(code.authority, sizeof code.authority);
    ct_secret(code.secret, sizeof code.secret, "the invitation's secret");
    return code;
}

static struct skeym_span ask(struct skeym_handshake *state, const struct skeym_invite_code *code,
                             uint64_t time_ms)
{
    static uint8_t body[SKEYM_INVITE_BODY_BYTES];
    uint8_t private_key[32], ephemeral[32];
    size_t size = 0;
    ct_key(private_key, 60);
    ct_key(ephemeral, 61);
    ct_okay(skeym_invite_start(state, (struct skeym_room){body, sizeof body}, &size, code,
                               private_key, time_ms, ephemeral),
            "start");
    ct_secret(state->ck, 32, "ck");
    return ct_wire(body, size);
}

static struct skeym_invite_random fresh(void)
{
    struct skeym_invite_random random;
    memset(&random, 0x99, sizeof random);
    ct_key(random.ephemeral, 62);
    return random;
}

static void invitation(void)
{
    struct ct_world world;
    struct skeym_invite_claims claims;
    ct_world_make(&world, false);
    struct skeym_invite_code code = invite(&world);
    struct skeym_span sealed = skeym_span(code.invitation, code.invitation_size);
    ct_okay(skeym_invite_open(&claims, &world.keys.enrol[1], sealed), "open");
    ct_right(skeym_invite_open(&claims, &world.keys.enrol[0], sealed) == SKEYM_ERR_LOCATOR,
             "another key");
    code.invitation[40] ^= 1;
    ct_right(skeym_invite_open(&claims, &world.keys.enrol[1], sealed) == SKEYM_ERR_LOCATOR,
             "a changed one");
}

static void invite_code(void)
{
    struct ct_world world;
    char text[SKEYM_INVITE_CODE_CHARS];
    size_t size = 0;
    ct_world_make(&world, false);
    struct skeym_invite_code code = invite(&world);
    ct_okay(
        skeym_invite_code_write((struct skeym_room){(uint8_t *)text, sizeof text}, &size, &code),
        "write");
    ct_secret(text + 44, 20, "the secret's text"); /* behind version and S: byte 33 and on */
}

static void enrol(void)
{
    struct ct_world world;
    struct skeym_handshake state;
    struct skeym_invite_request request;
    static uint8_t answer[SKEYM_INVITE_ANSWER_BYTES];
    static struct skeym_invite_grant grant;
    size_t size = 0;
    ct_world_make(&world, false);
    const struct skeym_invite_code code = invite(&world);
    struct skeym_span body = ask(&state, &code, CT_NOW_MS);
    struct skeym_invite_random random = fresh();
    ct_okay(skeym_enrolment_accept(&request, &world.keys, &world.revoked, body, CT_NOW_MS),
            "accept");
    ct_secret(request.state.ck, 32, "ck");
    (void)skeym_uses_of(&request);
    ct_okay(skeym_invite_answer((struct skeym_room){answer, sizeof answer}, &size, &request,
                                &world.keys.authority, CT_NOW_MS, &random),
            "answer");
    ct_credential_at = 1 + 6 + 2 + world.node.locator_size;
    ct_okay(skeym_invite_finish(&grant, &state, ct_wire(answer, size)), "finish");
    ct_secret(grant.credential, 32, "C_i");
}

static void enrol_clock(void)
{
    struct ct_world world;
    struct skeym_handshake state;
    struct skeym_invite_request request;
    static uint8_t answer[SKEYM_INVITE_ANSWER_BYTES];
    static struct skeym_invite_grant grant;
    size_t size = 0;
    ct_world_make(&world, false);
    const struct skeym_invite_code code = invite(&world);
    struct skeym_span body = ask(&state, &code, CT_NOW_MS - 100000);
    struct skeym_invite_random random = fresh();
    ct_right(skeym_enrolment_accept(&request, &world.keys, &world.revoked, body, CT_NOW_MS) ==
                 SKEYM_ERR_CLOCK,
             "the clock");
    ct_okay(skeym_invite_answer_clock((struct skeym_room){answer, sizeof answer}, &size, &request,
                                      CT_NOW_MS, &random),
            "answer");
    ct_okay(skeym_invite_finish(&grant, &state, ct_wire(answer, size)), "finish");
    ct_right(grant.clock_only, "the clock only");
}

/* What strangers send: nothing of it may depend on a key of ours before it is refused. */
static enum skeym_error read_enrol(struct skeym_invite_request *request,
                                   const struct ct_world *world, const uint8_t *body, size_t size)
{
    ct_one_path = true;
    enum skeym_error error =
        skeym_invite_read(request, &world->keys.authority, skeym_span(body, size));
    ct_one_path = false;
    return error;
}

static void enrol_refused(void)
{
    struct ct_world world;
    struct skeym_handshake state;
    struct skeym_invite_request request;
    uint8_t copy[SKEYM_INVITE_BODY_BYTES];
    ct_world_make(&world, false);
    const struct skeym_invite_code code = invite(&world);
    struct skeym_span body = ask(&state, &code, CT_NOW_MS);
    size_t message = 3 + code.invitation_size;
    const struct {
        size_t at;
        enum skeym_error error;
    } tries[] = {
        {3 + 4, SKEYM_ERR_LOCATOR},          /* its enrol key's id */
        {3 + 40, SKEYM_ERR_LOCATOR},         /* its sealed claims */
        {message, SKEYM_ERR_HANDSHAKE},      /* e */
        {message + 40, SKEYM_ERR_HANDSHAKE}, /* the static key */
        {body.size - 1, SKEYM_ERR_HANDSHAKE} /* the payload's tag */
    };
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        memcpy(copy, body.data, body.size);
        copy[tries[i].at] ^= 2;
        ct_right(read_enrol(&request, &world, copy, body.size) == tries[i].error, "refused");
    }
    memcpy(copy, body.data, body.size);
    memset(copy + message, 0, 32);
    ct_right(read_enrol(&request, &world, copy, body.size) == SKEYM_ERR_HANDSHAKE, "a weak e");
    ct_right(read_enrol(&request, &world, body.data, body.size) == SKEYM_OK, "a right one");
}

/* The file's MAC is made with the identity key. */
static void used_list(void)
{
    struct ct_world world;
    struct skeym_use list[3], back[3];
    uint8_t file[SKEYM_USES_BYTES(3)];
    size_t size = 0, count = 0;
    memset(list, 5, sizeof list);
    const struct skeym_use one = {.id = {1}, .key_hash = {2}, .expires_s = 3};
    ct_world_make(&world, false);
    ct_okay(skeym_uses_add(list, &count, &one, 3), "add");
    ct_right(skeym_uses_add(list, &count, &one, 3) == SKEYM_ERR_EXISTS, "add again");
    ct_okay(skeym_uses_write((struct skeym_room){file, sizeof file}, &size, list, count,
                             &world.keyring),
            "write");
    struct skeym_span bytes = ct_wire(file, size);
    ct_okay(skeym_uses_read(back, 3, &count, bytes, &world.keyring), "read");
    for (size_t i = size - 32; i < size; i++) {
        file[i] ^= 1;
        ct_right(skeym_uses_read(back, 3, &count, bytes, &world.keyring) == SKEYM_ERR_CHECKSUM,
                 "a wrong MAC");
        file[i] ^= 1;
    }
}

const struct ct_case ct_invite_cases[] = {
    {"invitation", invitation},
    {"invite_code", invite_code},
    {"enrol", enrol},
    {"enrol_clock", enrol_clock},
    {"enrol_refused", enrol_refused},
    {"used_list", used_list},
    {NULL, NULL},
};
