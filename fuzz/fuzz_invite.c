/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invitations, by the input's first byte: 0, CODE as text; 1, an enrolment's body as it comes; 2,
 * claims that are sealed here as an invitation, and a good handshake about them, so that all is
 * read and answered; 3, message 1's sealed payload under a good head.
 */
#include "authority/enrolment.h"
#include "core/noise.h"
#include "core/sealed.h"
#include "fuzz.h"
#include <skeym/invite.h>

enum { A_CODE, A_BODY, CLAIMS, PAYLOAD };

static void read_code(struct skeym_span text)
{
    struct skeym_invite_code code;
    char again[SKEYM_INVITE_CODE_CHARS];
    size_t size = 0;
    memset(&code, 0, sizeof code);
    if (skeym_invite_code_read(&code, text)) {
        FUZZ_MUST(fuzz_zero(&code, sizeof code));
        return;
    }
    FUZZ_MUST(code.invitation_size <= sizeof code.invitation);
    FUZZ_MUST(skeym_invite_code_write((struct skeym_room){(uint8_t *)again, sizeof again}, &size,
                                      &code) == SKEYM_OK);
    FUZZ_MUST(skeym_span_equal(skeym_span(again, size), text));
}

/* The policy, on the same body. */
static void whole(const struct fuzz_world *world, struct skeym_span body, enum skeym_error read)
{
    static struct skeym_working_keys keys;
    const struct skeym_revoked none = {0};
    struct skeym_invite_request request;
    memcpy(keys.enrol, world->enrol, sizeof world->enrol);
    keys.authority = world->keys;
    keys.authority.enrol = keys.enrol;
    enum skeym_error error = skeym_enrolment_accept(&request, &keys, &none, body, FUZZ_NOW_MS);
    FUZZ_MUST(read == SKEYM_OK || error == read);
    FUZZ_MUST(error || (request.expires_s > FUZZ_NOW_MS / 1000 && request.claims.not_after > 0));
    FUZZ_MUST(error == SKEYM_OK || error == SKEYM_ERR_CLOCK ||
              fuzz_zero(&request.state, sizeof request.state));
}

/* What is read can be answered, to a node that reads it; state NULL: there is none. */
static void answer(const struct fuzz_world *world, struct skeym_invite_request *request,
                   struct skeym_handshake *state)
{
    static uint8_t message[SKEYM_INVITE_ANSWER_BYTES];
    static struct skeym_invite_grant grant;
    struct skeym_invite_random fresh;
    size_t size = 0;
    struct skeym_node_claims claims = request->claims;
    fuzz_count((uint8_t *)&fresh, sizeof fresh, 1);
    FUZZ_MUST(skeym_invite_answer((struct skeym_room){message, sizeof message}, &size, request,
                                  &world->keys, FUZZ_NOW_MS, &fresh) == SKEYM_OK);
    FUZZ_MUST(fuzz_zero(&fresh, sizeof fresh));
    if (state) {
        FUZZ_MUST(skeym_invite_finish(&grant, state, skeym_span(message, size)) == SKEYM_OK);
        FUZZ_MUST(fuzz_same(grant.claims.public_key, claims.public_key, 32));
        FUZZ_MUST(grant.claims.generation == claims.generation);
    }
}

static void read_body(const struct fuzz_world *world, struct skeym_span body,
                      struct skeym_handshake *state)
{
    struct skeym_invite_request request;
    memset(&request, 0, sizeof request);
    enum skeym_error error = skeym_invite_read(&request, &world->keys, body);
    whole(world, body, error);
    if (error) {
        FUZZ_MUST(fuzz_zero(&request, sizeof request));
    } else {
        FUZZ_MUST(request.expires_s > 0 && request.claims.generation > 0);
        answer(world, &request, state);
    }
}

/* CODE of an invitation that seals these claims, be they what they may. */
static struct skeym_invite_code code_of(const struct fuzz_world *world, struct skeym_span claims)
{
    struct skeym_invite_code code = {.audience = world->audience.audience};
    const struct skeym_sealed sort = {world->enrol[0].id, world->enrol[0].invite, 16,
                                      SKEYM_INVITE_CLAIMS_BYTES};
    struct skeym_room room = {code.invitation, sizeof code.invitation};
    FUZZ_MUST(skeym_sealed_write(room, &code.invitation_size, &sort, world->nonce, claims) ==
              SKEYM_OK);
    FUZZ_MUST(skeym_invite_secret(code.secret, &world->enrol[0],
                                  skeym_span(code.invitation, code.invitation_size)) == SKEYM_OK);
    memcpy(code.authority, world->keys.identity_public, 32);
    return code;
}

static void read_claims(const struct fuzz_world *world, struct skeym_span claims)
{
    struct skeym_handshake state;
    uint8_t body[SKEYM_INVITE_BODY_BYTES];
    size_t size = 0;
    if (claims.size < 16 || claims.size > SKEYM_INVITE_CLAIMS_BYTES) {
        return;
    }
    struct skeym_invite_code code = code_of(world, claims);
    FUZZ_MUST(skeym_invite_start(&state, (struct skeym_room){body, sizeof body}, &size, &code,
                                 world->credentials.private_key, FUZZ_NOW_MS,
                                 world->node_ephemeral) == SKEYM_OK);
    read_body(world, fuzz_copy(skeym_span(body, size)), &state);
}

/* The last bytes of a good body are the input's. */
static void read_payload(const struct fuzz_world *world, struct skeym_span sealed)
{
    static struct skeym_invite_claims claims;
    struct skeym_handshake state;
    uint8_t plain[SKEYM_INVITE_CLAIMS_BYTES];
    uint8_t body[SKEYM_INVITE_BODY_BYTES];
    size_t size = 0;
    struct skeym_writer writer = skeym_writer((struct skeym_room){plain, sizeof plain});
    claims = (struct skeym_invite_claims){.expires_s = UINT32_MAX, .node = world->claims};
    skeym_invite_claims_write(&writer, &claims);
    struct skeym_invite_code code = code_of(world, skeym_written(&writer));
    FUZZ_MUST(skeym_invite_start(&state, (struct skeym_room){body, sizeof body}, &size, &code,
                                 world->credentials.private_key, FUZZ_NOW_MS,
                                 world->node_ephemeral) == SKEYM_OK);
    size_t head = size - 22;
    struct skeym_room room = {fuzz_take(head + sealed.size), head + sealed.size};
    struct skeym_writer all = skeym_writer(room);
    skeym_write_span(&all, skeym_span(body, head));
    skeym_write_span(&all, sealed);
    read_body(world, skeym_written(&all), NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_world *world = fuzz_world();
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    unsigned how = skeym_read_u8(&reader) % 4;
    struct skeym_span bytes = fuzz_copy(fuzz_rest(&reader));
    if (how == A_CODE) {
        read_code(bytes);
    } else if (how == A_BODY) {
        read_body(world, bytes, NULL);
    } else if (how == CLAIMS) {
        read_claims(world, bytes);
    } else {
        read_payload(world, bytes);
    }
    fuzz_done();
    return 0;
}
