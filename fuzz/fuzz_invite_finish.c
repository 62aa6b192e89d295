/* SPDX-License-Identifier: Apache-2.0 */
/* An enrolment's message 2 at the node: as it comes, or payload 2 that is sealed here by the
 * authority. */
#include "core/noise.h"
#include "fuzz.h"
#include <skeym/invite.h>

/* Both sides, as they are before message 2 and before payload 2. */
static struct {
    struct skeym_handshake node;
    struct skeym_handshake authority;
    uint8_t head[SKEYM_NOISE_HEAD_2];
    bool made;
} side;

static void make_sides(const struct fuzz_world *world)
{
    uint8_t body[SKEYM_INVITE_BODY_BYTES];
    size_t size = 0;
    struct skeym_invite_request request;
    struct skeym_invite_code code = {.audience = world->audience.audience};
    struct skeym_invite_claims claims = {.expires_s = UINT32_MAX, .node = world->claims};
    struct skeym_room room = {code.invitation, sizeof code.invitation};
    FUZZ_MUST(skeym_invite_seal(room, &code.invitation_size, &world->enrol[1], &claims,
                                world->nonce) == SKEYM_OK);
    FUZZ_MUST(skeym_invite_secret(code.secret, &world->enrol[1],
                                  skeym_span(code.invitation, code.invitation_size)) == SKEYM_OK);
    memcpy(code.authority, world->keys.identity_public, 32);
    FUZZ_MUST(skeym_invite_start(&side.node, (struct skeym_room){body, sizeof body}, &size, &code,
                                 world->credentials.private_key, FUZZ_NOW_MS,
                                 world->node_ephemeral) == SKEYM_OK);
    FUZZ_MUST(skeym_invite_read(&request, &world->keys, skeym_span(body, size)) == SKEYM_OK);
    side.authority = request.state;
    memcpy(side.authority.ephemeral_key, world->authority_ephemeral, 32);
    FUZZ_MUST(skeym_noise_write_2(&side.authority, side.head) == SKEYM_OK);
    side.made = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skeym_invite_grant grant;
    const struct fuzz_world *world = fuzz_world();
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    if (!side.made) {
        make_sides(world);
    }
    bool sealed = skeym_read_u8(&reader) & 1;
    struct skeym_span bytes = fuzz_rest(&reader);
    struct skeym_span answer =
        sealed ? fuzz_message_2(&side.authority, skeym_span(side.head, sizeof side.head), bytes)
               : fuzz_copy(bytes);
    struct skeym_handshake state = side.node;
    if (skeym_invite_finish(&grant, &state, answer) != SKEYM_OK) {
        FUZZ_MUST(fuzz_zero(&grant, sizeof grant));
    } else if (grant.clock_only) {
        FUZZ_MUST(grant.locator_size == 0 && fuzz_zero(&grant.claims, sizeof grant.claims));
    } else {
        FUZZ_MUST(grant.locator_size > 0 && grant.locator_size <= sizeof grant.locator);
        FUZZ_MUST(fuzz_same(grant.claims.public_key, world->claims.public_key, 32));
    }
    FUZZ_MUST(fuzz_zero(&state, sizeof state));
    fuzz_done();
    return 0;
}
