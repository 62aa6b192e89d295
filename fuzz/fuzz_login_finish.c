/* SPDX-License-Identifier: Apache-2.0 */
/* Message 2 at the node: as it comes, or payload 2 that is sealed here by the authority. */
#include "core/noise.h"
#include "fuzz.h"

/* Both sides, as they are before message 2 and before payload 2. */
static struct {
    struct skeym_handshake node;
    struct skeym_handshake authority;
    uint8_t head[SKEYM_NOISE_HEAD_2];
    bool made;
} side;

static void make_sides(const struct fuzz_world *world)
{
    uint8_t body[SKEYM_LOGIN_BYTES];
    size_t size = 0;
    struct skeym_login_request request;
    struct skeym_login_wish wish = {.time_ms = FUZZ_NOW_MS - 250, .lanes = SKEYM_LANES_MAX};
    FUZZ_MUST(skeym_login_start(&side.node, (struct skeym_room){body, sizeof body}, &size,
                                &world->credentials, &wish, world->node_ephemeral) == SKEYM_OK);
    FUZZ_MUST(skeym_login_read(&request, &world->keys, skeym_span(body, size)) == SKEYM_OK);
    side.authority = request.state;
    memcpy(side.authority.ephemeral_key, world->authority_ephemeral, 32);
    FUZZ_MUST(skeym_noise_write_2(&side.authority, side.head) == SKEYM_OK);
    side.made = true;
}

static void check(const struct skeym_login_grant *grant)
{
    if (grant->clock_only) {
        FUZZ_MUST(grant->lanes == 0 && grant->locator_size == 0);
        return;
    }
    FUZZ_MUST(grant->lanes >= 1 && grant->lanes <= SKEYM_LANES_MAX);
    FUZZ_MUST(grant->lifetime_s >= 1 && grant->lifetime_s <= SKEYM_LIFETIME_MAX);
    FUZZ_MUST(grant->locator_size > 0 && grant->locator_size <= sizeof grant->locator);
    FUZZ_MUST(grant->renewed || fuzz_zero(grant->credential, sizeof grant->credential));
    for (size_t i = 0; i < SKEYM_LANES_MAX; i++) {
        size_t size = grant->lane[i].token_size;
        bool there = i < grant->lanes;
        FUZZ_MUST(size <= sizeof grant->lane[i].token && (size > 0) == there);
        FUZZ_MUST(fuzz_zero(grant->lane[i].secret, 32) != there);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skeym_login_grant grant;
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    if (!side.made) {
        make_sides(fuzz_world());
    }
    bool sealed = skeym_read_u8(&reader) & 1;
    struct skeym_span bytes = fuzz_rest(&reader);
    struct skeym_span answer =
        sealed ? fuzz_message_2(&side.authority, skeym_span(side.head, sizeof side.head), bytes)
               : fuzz_copy(bytes);
    struct skeym_handshake state = side.node;
    if (skeym_login_finish(&grant, &state, answer) == SKEYM_OK) {
        check(&grant);
    } else {
        FUZZ_MUST(fuzz_zero(&grant, sizeof grant));
    }
    FUZZ_MUST(fuzz_zero(&state, sizeof state));
    fuzz_done();
    return 0;
}
