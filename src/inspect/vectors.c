/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/vectors.h"
#include "crypto/crypto.h"
#include <string.h>

enum { EPOCH_SECONDS = 3600 };

void skeym_vectors_fill(uint8_t *out, size_t size, uint8_t start)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(start + i);
    }
}

void skeym_vectors_scopes(struct skeym_jot *jot, const char *name,
                          const struct skeym_scopes *scopes)
{
    skeym_jot_list(jot, name);
    for (size_t i = 0; i < scopes->count; i++) {
        char text[SKEYM_SCOPE_TEXT_BYTES];
        if (skeym_jot_must(jot, skeym_scope_print((struct skeym_room){(uint8_t *)text, sizeof text},
                                                  &scopes->at[i]))) {
            skeym_jot_text(jot, NULL, text);
        }
    }
    skeym_jot_list_end(jot);
}

/* --- the cast --------------------------------------------------------------- */

static void cast_authority(struct skeym_jot *jot, struct skeym_vectors_cast *cast)
{
    for (uint32_t i = 0; i < 2; i++) {
        skeym_vectors_fill(cast->enrol_key[i], 32, (uint8_t)(0x10 + 0x20 * i));
        (void)skeym_jot_must(jot,
                             skeym_enrol_keys_derive(&cast->enrol[i], i + 1, cast->enrol_key[i]));
    }
    skeym_vectors_fill(cast->keys.identity, 32, 0x50);
    (void)skeym_jot_must(
        jot, skeym_crypto_x25519_public(cast->keys.identity_public, cast->keys.identity));
    cast->keys.enrol = cast->enrol;
    cast->keys.enrol_count = 1;
    cast->old = cast->keys;
    cast->keys.enrol_count = 2;
    cast->epoch.epoch = skeym_epoch_at(SKEYM_VECTORS_NOW_MS, EPOCH_SECONDS) - 1;
    skeym_vectors_fill(cast->epoch.key, 32, 0x70);
    (void)skeym_jot_must(jot, skeym_name_audience(&cast->audience, skeym_span_text("ward")));
    (void)skeym_jot_must(
        jot, skeym_audience_keys_derive(&cast->audience_keys, &cast->epoch, &cast->audience));
}

static void cast_node(struct skeym_jot *jot, struct skeym_vectors_cast *cast)
{
    static const char *const words[] = {"user/Observation.rs", "patient/p-1/*.cruds"};
    struct skeym_node_claims *claims = &cast->claims;
    skeym_vectors_fill(cast->node.private_key, 32, 0x90);
    (void)skeym_jot_must(jot,
                         skeym_crypto_x25519_public(claims->public_key, cast->node.private_key));
    claims->generation = 3;
    claims->not_after = (uint32_t)(SKEYM_VECTORS_NOW_MS / 1000) + 365 * 86400;
    claims->role = SKEYM_ROLE_DOCTOR;
    (void)skeym_jot_must(jot, skeym_name_node(&claims->id, skeym_span_text("dr.Lee_1")));
    for (size_t i = 0; i < 2; i++) {
        (void)skeym_jot_must(jot,
                             skeym_scope_parse(&claims->scopes.at[i], skeym_span_text(words[i])));
    }
    claims->scopes.count = 2;
    skeym_vectors_fill(cast->node_nonce, sizeof cast->node_nonce, 0xb0);
    struct skeym_credentials *node = &cast->node;
    (void)skeym_jot_must(
        jot, skeym_locator_seal((struct skeym_room){node->locator, sizeof node->locator},
                                &node->locator_size, &cast->enrol[0], claims, cast->node_nonce));
    (void)skeym_jot_must(jot, skeym_credential(node->credential, &cast->enrol[0], claims));
    memcpy(node->authority, cast->keys.identity_public, sizeof node->authority);
    node->audience = cast->audience;
}

/* --- section 4 ----------------------------------------------------------------- */

static void print_enrol_keys(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    skeym_jot_list(jot, "enrol_keys");
    for (size_t i = 0; i < 2; i++) {
        skeym_jot_object(jot, NULL);
        skeym_jot_number(jot, "id", cast->enrol[i].id);
        skeym_jot_hex(jot, "E", cast->enrol_key[i], 32);
        skeym_jot_hex(jot, "E_seal", cast->enrol[i].seal, 32);
        skeym_jot_hex(jot, "E_cred", cast->enrol[i].credential, 32);
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
}

static void print_epochs(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    struct skeym_epoch_key key = cast->epoch;
    skeym_jot_number(jot, "epoch_seconds", EPOCH_SECONDS);
    skeym_jot_number(jot, "now_ms", SKEYM_VECTORS_NOW_MS);
    skeym_jot_number(jot, "epoch_now", skeym_epoch_at(SKEYM_VECTORS_NOW_MS, EPOCH_SECONDS));
    skeym_jot_span(jot, "audience", skeym_name_span(&cast->audience));
    skeym_jot_list(jot, "epochs");
    for (int i = 0; i < 3; i++) {
        struct skeym_audience_keys keys;
        /* of (e-1, e) this takes the former */
        (void)skeym_jot_must(jot, skeym_audience_keys_derive(&keys, &key, &cast->audience));
        skeym_jot_object(jot, NULL);
        skeym_jot_number(jot, "epoch", key.epoch);
        skeym_jot_hex(jot, "K_e", key.key, 32);
        skeym_jot_hex(jot, "K_e_a", keys.previous.key, 32);
        skeym_jot_object_end(jot);
        (void)skeym_jot_must(jot, skeym_epoch_ratchet(&key));
    }
    skeym_jot_list_end(jot);
}

static void print_keys(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    skeym_jot_object(jot, "keys");
    print_enrol_keys(jot, cast);
    skeym_jot_hex(jot, "identity_private", cast->keys.identity, 32);
    skeym_jot_hex(jot, "identity_public", cast->keys.identity_public, 32);
    print_epochs(jot, cast);
    skeym_jot_object_end(jot);
}

/* --- section 5 ----------------------------------------------------------------- */

/* The same claims under ids of other lengths: 1, 0 and 15 zeros at the end. */
static void print_paddings(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    static const char *const ids[] = {"bed-1.vent", "bed-12.vent", "bed-123.vent"};
    skeym_jot_list(jot, "paddings");
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct skeym_node_claims claims = cast->claims;
        uint8_t bytes[SKEYM_NODE_CLAIMS_BYTES];
        struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, sizeof bytes});
        (void)skeym_jot_must(jot, skeym_name_node(&claims.id, skeym_span_text(ids[i])));
        skeym_node_claims_write(&writer, &claims);
        (void)skeym_jot_must(jot, skeym_writer_end(&writer));
        skeym_jot_object(jot, NULL);
        skeym_jot_text(jot, "node", ids[i]);
        skeym_jot_hex(jot, "node_claims", bytes, skeym_written(&writer).size);
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
}

static void print_enrolment(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    const struct skeym_node_claims *claims = &cast->claims;
    uint8_t bytes[SKEYM_NODE_CLAIMS_BYTES];
    uint8_t hash[32];
    struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, sizeof bytes});
    skeym_node_claims_write(&writer, claims);
    (void)skeym_jot_must(jot, skeym_writer_end(&writer));
    struct skeym_span written = skeym_written(&writer);
    skeym_crypto_sha256(hash, &written, 1);
    skeym_jot_object(jot, "enrolment");
    skeym_jot_hex(jot, "node_private", cast->node.private_key, 32);
    skeym_jot_hex(jot, "node_public", claims->public_key, 32);
    skeym_jot_number(jot, "generation", claims->generation);
    skeym_jot_number(jot, "not_after", claims->not_after);
    skeym_jot_text(jot, "role", skeym_role_name(claims->role));
    skeym_jot_span(jot, "node", skeym_name_span(&claims->id));
    skeym_vectors_scopes(jot, "scopes", &claims->scopes);
    skeym_jot_hex(jot, "node_claims", written.data, written.size);
    skeym_jot_hex(jot, "node_claims_sha256", hash, sizeof hash);
    skeym_jot_number(jot, "enrol_key_id", cast->enrol[0].id);
    skeym_jot_hex(jot, "nonce", cast->node_nonce, sizeof cast->node_nonce);
    skeym_jot_hex(jot, "locator", cast->node.locator, cast->node.locator_size);
    skeym_jot_hex(jot, "C_i", cast->node.credential, 32);
    print_paddings(jot, cast);
    skeym_jot_object_end(jot);
}

enum skeym_error skeym_vectors_print(FILE *out)
{
    struct skeym_jot jot = {.out = out};
    struct skeym_vectors_cast cast;
    memset(&cast, 0, sizeof cast);
    cast_authority(&jot, &cast);
    cast_node(&jot, &cast);
    if (jot.error != SKEYM_OK) {
        return jot.error;
    }
    skeym_jot_object(&jot, NULL);
    skeym_jot_text(&jot, "about",
                   "SkeyM protocol 1: every value of docs/PROTOCOL.md for fixed inputs. Bytes are "
                   "hex. Written by 'skeym vectors'. No key in here is used anywhere else.");
    skeym_vectors_primitives(&jot);
    print_keys(&jot, &cast);
    print_enrolment(&jot, &cast);
    skeym_vectors_invite(&jot, &cast);
    skeym_vectors_login(&jot, &cast);
    skeym_vectors_exchange(&jot, &cast);
    skeym_vectors_refused(&jot, &cast);
    skeym_jot_object_end(&jot);
    fputc('\n', out);
    return jot.error;
}
