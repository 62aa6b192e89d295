/* SPDX-License-Identifier: Apache-2.0 */
/* Locators as they come, and claims that are sealed here (docs/PROTOCOL.md, section 5). */
#include "core/xaes.h"
#include "fuzz.h"

/* Under the key of enrol[0], with its id or another. */
static struct skeym_span seal(const struct fuzz_world *world, uint32_t id, struct skeym_span plain)
{
    size_t size = SKEYM_LOCATOR_HEAD + plain.size + 16;
    struct skeym_room room = {fuzz_take(size), size};
    struct skeym_writer writer = skeym_writer(room);
    skeym_write_u8(&writer, 1);
    skeym_write_u32(&writer, id);
    struct skeym_span aad = skeym_written(&writer);
    skeym_write_span(&writer, skeym_span(world->nonce, sizeof world->nonce));
    struct skeym_room rest = {room.data + writer.size, writer.left};
    FUZZ_MUST(skeym_xaes_seal(rest, world->enrol[0].seal, world->nonce, aad, plain) == SKEYM_OK);
    return skeym_span(room.data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_world *world = fuzz_world();
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    uint8_t how = skeym_read_u8(&reader);
    struct skeym_span bytes = fuzz_rest(&reader);
    struct skeym_span locator = how & 1 ? seal(world, how & 2 ? 7 : 1, bytes) : fuzz_copy(bytes);
    struct skeym_node_claims claims;
    uint8_t again[SKEYM_LOCATOR_BYTES];
    uint32_t id = 1;
    size_t written = 0;

    memset(&claims, 0, sizeof claims);
    enum skeym_error named = skeym_locator_key(&id, locator);
    FUZZ_MUST(named == SKEYM_OK || id == 0);
    enum skeym_error error = skeym_locator_open(&claims, &world->enrol[0], locator);
    if (error) {
        FUZZ_MUST(fuzz_zero(&claims, sizeof claims));
    } else {
        FUZZ_MUST(named == SKEYM_OK && id == world->enrol[0].id);
        FUZZ_MUST(claims.generation > 0 && claims.not_after > 0);
        FUZZ_MUST(skeym_locator_seal((struct skeym_room){again, sizeof again}, &written,
                                     &world->enrol[0], &claims, locator.data + 5) == SKEYM_OK);
        FUZZ_MUST(skeym_span_equal(skeym_span(again, written), locator));
    }
    fuzz_done();
    return 0;
}
