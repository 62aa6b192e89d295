/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens as they come, and claims that are sealed here (docs/PROTOCOL.md, section 7). */
#include "core/xaes.h"
#include "fuzz.h"

/* 1 || epoch u32 || nonce || XAES(plain), with aad = the first 5 bytes and the audience. */
static struct skeym_span seal(const struct fuzz_world *world, uint8_t how, struct skeym_span plain)
{
    uint8_t aad[5 + SKEYM_AUDIENCE_BYTES];
    size_t size = SKEYM_TOKEN_HEAD + plain.size + 16;
    struct skeym_room room = {fuzz_take(size), size};
    struct skeym_writer writer = skeym_writer(room);
    bool before = (how & 2) != 0;
    skeym_write_u8(&writer, SKEYM_TOKEN_VERSION);
    skeym_write_u32(&writer, world->audience.epoch - before);
    struct skeym_writer covered = skeym_writer((struct skeym_room){aad, sizeof aad});
    skeym_write_span(&covered, skeym_written(&writer));
    skeym_write_span(&covered, skeym_name_span(&world->audience.audience));
    skeym_write_span(&writer, skeym_span(world->nonce, sizeof world->nonce));
    const struct skeym_cmac_key *key =
        before ? &world->audience.previous : &world->audience.current;
    struct skeym_room rest = {room.data + writer.size, writer.left};
    FUZZ_MUST(skeym_xaes_seal_prepared(rest, key, world->nonce, skeym_written(&covered), plain) ==
              SKEYM_OK);
    return skeym_span(room.data, size);
}

/* A token has one spelling: what opened is minted again, byte by byte. */
static void check_again(const struct fuzz_world *world, const struct skeym_token_claims *claims,
                        struct skeym_span token)
{
    uint8_t again[SKEYM_TOKEN_BYTES];
    size_t size = 0;
    struct skeym_audience_keys keys = world->audience;
    if (token.data[4] != (uint8_t)keys.epoch) { /* of the epoch before */
        keys.epoch--;
        keys.current = keys.previous;
    }
    FUZZ_MUST(skeym_token_mint((struct skeym_room){again, sizeof again}, &size, &keys, claims,
                               token.data + 5) == SKEYM_OK);
    FUZZ_MUST(skeym_span_equal(skeym_span(again, size), token));
}

static void check(const struct fuzz_world *world, struct skeym_span token, uint64_t now_ms)
{
    struct skeym_token_claims claims;
    uint64_t id = 1;
    memset(&claims, 0, sizeof claims);
    enum skeym_error error = skeym_token_open(&claims, &id, &world->audience, token, now_ms);
    if (error) {
        FUZZ_MUST(fuzz_zero(&claims, sizeof claims) && id == 0);
        return;
    }
    FUZZ_MUST(claims.lifetime_s >= 1 && claims.lifetime_s <= SKEYM_LIFETIME_MAX);
    FUZZ_MUST(now_ms >= claims.issued_ms && now_ms - claims.issued_ms < 60000);
    FUZZ_MUST(now_ms / 1000 <= claims.deadline_s);
    check_again(world, &claims, token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_world *world = fuzz_world();
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    uint8_t how = skeym_read_u8(&reader);
    struct skeym_span bytes = fuzz_rest(&reader);
    struct skeym_span token = how & 1 ? seal(world, how, bytes) : fuzz_copy(bytes);
    check(world, token, FUZZ_NOW_MS);
    /* whatever time the claims were made for */
    struct skeym_reader claims = skeym_reader(skeym_span_part(bytes, 32, 6));
    check(world, token, skeym_read_u48(&claims));
    fuzz_done();
    return 0;
}
