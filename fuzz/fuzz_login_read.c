/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A login's body at the authority: as it comes, or payload 1 that is sealed here by a node whose
 * message head is fixed, so that what an enrolled node may say is read too.
 */
#include "authority/enrolment.h"
#include "core/noise.h"
#include "crypto/crypto.h"
#include "fuzz.h"

/* The node's state, and its head, as they are before payload 1. */
static struct {
    struct skeym_handshake state;
    uint8_t head[SKEYM_NOISE_HEAD_1];
    bool made;
} node;

static void make_node(const struct fuzz_world *world)
{
    const struct skeym_credentials *own = &world->credentials;
    const struct skeym_span prologue[2] = {skeym_span_text("SkeyM/1 login"),
                                           skeym_span(own->locator, own->locator_size)};
    skeym_noise_start(&node.state, prologue, own->authority);
    memcpy(node.state.static_key, own->private_key, 32);
    memcpy(node.state.ephemeral_key, world->node_ephemeral, 32);
    memcpy(node.state.peer_static, own->authority, 32);
    FUZZ_MUST(skeym_noise_write_1(&node.state, node.head, own->credential) == SKEYM_OK);
    node.made = true;
}

static struct skeym_span body_of(const struct fuzz_world *world, struct skeym_span payload)
{
    const struct skeym_credentials *own = &world->credentials;
    struct skeym_handshake state = node.state;
    size_t size = 1 + 2 + own->locator_size + SKEYM_NOISE_HEAD_1 + payload.size + 16;
    struct skeym_room room = {fuzz_take(size), size};
    struct skeym_writer writer = skeym_writer(room);
    skeym_write_u8(&writer, 1);
    skeym_write_span16(&writer, skeym_span(own->locator, own->locator_size));
    skeym_write_span(&writer, skeym_span(node.head, sizeof node.head));
    struct skeym_room rest = {room.data + writer.size, writer.left};
    FUZZ_MUST(!writer.bad && skeym_noise_seal(&state, rest, payload) == SKEYM_OK);
    return skeym_span(room.data, size);
}

/* Policy and answer, on the same body. */
static void whole(const struct fuzz_world *world, struct skeym_span body, enum skeym_error read)
{
    static struct skeym_working_keys keys;
    static uint8_t answer[SKEYM_LOGIN_ANSWER_BYTES];
    const struct skeym_revoked none = {0};
    struct skeym_login_policy policy = {.keys = &keys,
                                        .revoked = &none,
                                        .instance = FUZZ_INSTANCE,
                                        .lifetime_s = 30,
                                        .session_s = 28800,
                                        .lanes_max = 4};
    struct skeym_login_random fresh;
    struct skeym_login_report report;
    size_t size = 1;
    memcpy(keys.enrol, world->enrol, sizeof world->enrol);
    keys.authority = world->keys;
    keys.authority.enrol = keys.enrol;
    keys.audience = world->audience;
    fuzz_count((uint8_t *)&fresh, sizeof fresh, 1);
    enum skeym_error error =
        skeym_enrolment_login((struct skeym_room){answer, sizeof answer}, &size, &report, &policy,
                              body, FUZZ_NOW_MS, &fresh);
    FUZZ_MUST(fuzz_zero(&fresh, sizeof fresh));
    FUZZ_MUST(read == SKEYM_OK || error == read);
    FUZZ_MUST((size > 0) == (error == SKEYM_OK || error == SKEYM_ERR_CLOCK));
    FUZZ_MUST(error || (report.lanes >= 1 && report.lanes <= policy.lanes_max));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_world *world = fuzz_world();
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    if (!node.made) {
        make_node(world);
    }
    bool sealed = skeym_read_u8(&reader) & 1;
    struct skeym_span bytes = fuzz_rest(&reader);
    struct skeym_span body = sealed ? body_of(world, bytes) : fuzz_copy(bytes);
    struct skeym_login_request request;
    memset(&request, 0, sizeof request);
    enum skeym_error error = skeym_login_read(&request, &world->keys, body);
    if (error) {
        FUZZ_MUST(fuzz_zero(&request, sizeof request));
    } else {
        FUZZ_MUST(request.lanes >= 1 && request.lanes <= SKEYM_LANES_MAX);
        FUZZ_MUST(request.audience.size > 0 && request.enrol_id == 1);
        FUZZ_MUST(fuzz_same(request.claims.public_key, world->claims.public_key, 32));
        FUZZ_MUST(skeym_span_equal(skeym_name_span(&request.claims.id),
                                   skeym_name_span(&world->claims.id)));
    }
    whole(world, body, error);
    fuzz_done();
    return 0;
}
