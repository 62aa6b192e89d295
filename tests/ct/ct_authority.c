/* SPDX-License-Identifier: Apache-2.0 */
/* The keyring's ways, enrolment, and the revoked list. (Making, rotating and deriving: every
 * world.) */
#include "authority/refusals.h"
#include "ct_world.h"
#include <string.h>

static void keyring(void)
{
    struct ct_world world;
    struct skeym_keyring back;
    uint8_t bytes[SKEYM_KEYRING_BYTES];
    size_t size = 0;
    bool moved = false;
    ct_world_make(&world, false);
    ct_secret(world.keyring.identity, 32, "s");
    ct_secret_prepared(&world.keys.audience.current, "the audience key");
    ct_okay(skeym_keyring_advance(&world.keyring, CT_NOW_MS + 3 * 3600000, &moved), "advance");
    ct_right(moved, "three epochs on");
    ct_secret(world.keyring.previous.key, 32, "the epoch key");
    ct_okay(skeym_keyring_encode((struct skeym_room){bytes, sizeof bytes}, &size, &world.keyring),
            "encode");
    ct_okay(skeym_keyring_decode(&back, skeym_span(bytes, size)), "decode");
    ct_secret(back.identity, 32, "s from bytes");
    ct_secret(back.enrol[1].key, 32, "E from bytes");
    ct_okay(skeym_keyring_retire(&back, 1), "retire");
    ct_secret(back.enrol[0].key, 32, "E, moved up");
    bytes[60] ^= 1;
    ct_right(skeym_keyring_decode(&back, skeym_span(bytes, size)) == SKEYM_ERR_CHECKSUM,
             "a changed one");
}

static void enrolment(void)
{
    struct ct_world world;
    struct skeym_credentials made;
    const uint8_t nonce[SKEYM_NONCE_BYTES] = {8};
    ct_world_make(&world, false);
    ct_okay(skeym_enrolment_make(&made, &world.keys, &world.claims, nonce), "make");
    ct_secret(made.credential, 32, "C_i");
}

static void revoked_list(void)
{
    struct ct_world world;
    struct skeym_revoked_entry entries[2] = {{ct_name("pump-7"), 6}, {ct_name("pump-8"), 9}};
    struct skeym_revoked_entry back[4];
    uint8_t text[SKEYM_REFUSALS_BYTES(2)];
    size_t size = 0, count = 0;
    ct_world_make(&world, false);
    const struct skeym_revoked list = {entries, 2};
    struct skeym_room room = {text, sizeof text};
    ct_okay(skeym_refusals_write(room, &size, &list, &world.keyring), "write");
    ct_secret(text + size - 20, 10, "a MAC that is not yet in the file");
    struct skeym_span file = ct_wire(text, size);
    ct_okay(skeym_refusals_read(back, 4, &count, file, &world.keyring), "read");
    ct_right(count == 2, "both entries");
    for (size_t i = 2; i < 45; i += 6) { /* through the MAC */
        text[size - i] ^= 1;
        ct_right(skeym_refusals_read(back, 4, &count, file, &world.keyring) == SKEYM_ERR_CHECKSUM,
                 "another MAC");
        text[size - i] ^= 1;
    }
}

const struct ct_case ct_authority_cases[] = {
    {"keyring", keyring},
    {"enrolment", enrolment},
    {"revoked_list", revoked_list},
    {NULL, NULL},
};
