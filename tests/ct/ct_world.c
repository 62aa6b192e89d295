/* SPDX-License-Identifier: Apache-2.0 */
#include "ct_world.h"
#include "crypto/crypto.h"
#include <string.h>

struct skeym_name ct_name(const char *text)
{
    struct skeym_name out;
    ct_okay(skeym_name_node(&out, skeym_span_text(text)), "a name");
    return out;
}

struct skeym_scopes ct_scopes(const char *word)
{
    struct skeym_scopes out = {.count = 1};
    ct_okay(skeym_scope_parse(&out.at[0], skeym_span_text(word)), "a scope");
    return out;
}

struct skeym_token_claims ct_claims(void)
{
    struct skeym_token_claims claims = {
        .issued_ms = CT_NOW_MS,
        .lifetime_s = 30,
        .login_s = (uint32_t)(CT_NOW_MS / 1000) - 5,
        .deadline_s = (uint32_t)(CT_NOW_MS / 1000) + 3600,
        .lane = 3,
        .sequence = 41,
        .instance = CT_INSTANCE,
        .generation = 7,
        .role = SKEYM_ROLE_DOCTOR,
        .id = ct_name("dr-hopper"),
        .scopes = ct_scopes("user/Observation.rs"),
    };
    ct_key(claims.secret, 10);
    return claims;
}

struct skeym_audience_keys ct_audience(void)
{
    struct skeym_audience_keys keys = {.audience = ct_name("ward"), .epoch = 500000};
    struct skeym_cmac_key *const prepared[] = {&keys.current, &keys.previous};
    for (unsigned i = 0; i < 2; i++) {
        uint8_t key[32];
        ct_key(key, 11 + i);
        ct_okay(skeym_crypto_cmac_prepare(prepared[i], key), "prepare");
    }
    return keys;
}

static void make_node(struct ct_world *out, const struct skeym_enrol_keys *enrol)
{
    const uint8_t nonce[SKEYM_NONCE_BYTES] = {0x77};
    struct skeym_room room = {out->node.locator, sizeof out->node.locator};
    ct_key(out->node.private_key, 20);
    out->claims = (struct skeym_node_claims){.generation = 7,
                                             .not_after = 2000000000,
                                             .role = SKEYM_ROLE_DEVICE,
                                             .id = ct_name("pump-7"),
                                             .scopes = ct_scopes("patient/p1/Observation.cr")};
    ct_okay(skeym_crypto_x25519_public(out->claims.public_key, out->node.private_key), "a pair");
    ct_okay(skeym_locator_seal(room, &out->node.locator_size, enrol, &out->claims, nonce),
            "a locator");
    ct_okay(skeym_credential(out->node.credential, enrol, &out->claims), "C_i");
    ct_secret(out->node.credential, 32, "C_i");
    ct_publish(out->node.locator, out->node.locator_size);
    memcpy(out->node.authority, out->keys.authority.identity_public, 32);
    out->node.audience = out->keys.audience.audience;
}

void ct_world_make(struct ct_world *out, bool old_enrol)
{
    struct skeym_keyring_random fresh;
    uint8_t enrol[32];
    memset(out, 0, sizeof *out);
    ct_key(fresh.epoch, 30);
    ct_key(fresh.identity, 31);
    ct_key(fresh.enrol, 32);
    ct_key(enrol, 33);
    ct_okay(skeym_keyring_make(&out->keyring, CT_NOW_MS, 3600, skeym_span_text("ward"), &fresh),
            "a keyring");
    ct_okay(skeym_keyring_rotate(&out->keyring, CT_NOW_MS, enrol), "a second enrol key");
    ct_okay(skeym_keyring_derive(&out->keys, &out->keyring), "working keys");
    make_node(out, &out->keys.enrol[old_enrol ? 0 : 1]);
    out->policy = (struct skeym_login_policy){.keys = &out->keys,
                                              .revoked = &out->revoked,
                                              .instance = CT_INSTANCE,
                                              .lifetime_s = 30,
                                              .session_s = 3600,
                                              .lanes_max = 4};
}

struct skeym_login_random ct_fresh(void)
{
    struct skeym_login_random fresh;
    memset(&fresh, 0x99, sizeof fresh);
    for (size_t i = 0; i < SKEYM_LANES_MAX; i++) {
        fresh.token_nonce[i][0] = (uint8_t)i;
    }
    ct_key(fresh.ephemeral, 40);
    return fresh;
}
