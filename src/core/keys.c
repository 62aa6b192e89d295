/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"
#include <skeym/keys.h>
#include <string.h>

/* HKDF-Expand(key, label || more, 32) */
static enum skeym_error derive(uint8_t out[32], const uint8_t key[32], const char *label,
                               struct skeym_span more)
{
    const struct skeym_span info[] = {skeym_span_text(label), more};
    return skeym_crypto_hkdf_expand((struct skeym_room){out, 32}, key, info, 2);
}

enum skeym_error skeym_enrol_keys_derive(struct skeym_enrol_keys *out, uint32_t id,
                                         const uint8_t enrol_key[32])
{
    const struct skeym_span nothing = {0};
    struct skeym_enrol_keys made = {.id = id};
    enum skeym_error error = derive(made.seal, enrol_key, "skeym/1 enrol seal", nothing);
    if (!error) {
        error = derive(made.credential, enrol_key, "skeym/1 enrol credential", nothing);
    }
    if (!error) {
        error = derive(made.invite, enrol_key, "skeym/1 invitation seal", nothing);
    }
    if (!error) {
        error = derive(made.once, enrol_key, "skeym/1 invitation secret", nothing);
    }
    *out = error ? (struct skeym_enrol_keys){0} : made;
    skeym_crypto_wipe(&made, sizeof made);
    return error;
}

uint32_t skeym_epoch_at(uint64_t now_ms, uint32_t epoch_seconds)
{
    return epoch_seconds ? (uint32_t)(now_ms / 1000 / epoch_seconds) : 0;
}

enum skeym_error skeym_epoch_ratchet(struct skeym_epoch_key *key)
{
    if (key->epoch == UINT32_MAX) {
        return SKEYM_ERR_RANGE;
    }
    uint8_t next[32];
    enum skeym_error error = derive(next, key->key, "skeym/1 ratchet", (struct skeym_span){0});
    if (!error) {
        memcpy(key->key, next, sizeof next);
        key->epoch++;
    }
    skeym_crypto_wipe(next, sizeof next);
    return error;
}

static enum skeym_error derive_audience_key(struct skeym_cmac_key *out,
                                            const struct skeym_epoch_key *epoch,
                                            struct skeym_span audience)
{
    uint8_t key[32];
    enum skeym_error error = derive(key, epoch->key, "skeym/1 audience", audience);
    if (!error) {
        error = skeym_crypto_cmac_prepare(out, key);
    }
    skeym_crypto_wipe(key, sizeof key);
    return error;
}

enum skeym_error skeym_audience_keys_derive(struct skeym_audience_keys *out,
                                            const struct skeym_epoch_key *previous,
                                            const struct skeym_name *audience)
{
    struct skeym_epoch_key key = *previous;
    struct skeym_audience_keys made = {0};
    struct skeym_span name = skeym_name_span(audience);
    enum skeym_error error = skeym_name_audience(&made.audience, name);
    if (!error) {
        error = derive_audience_key(&made.previous, &key, name);
    }
    if (!error) {
        error = skeym_epoch_ratchet(&key);
    }
    if (!error) {
        made.epoch = key.epoch;
        error = derive_audience_key(&made.current, &key, name);
    }
    *out = error ? (struct skeym_audience_keys){0} : made;
    skeym_crypto_wipe(&key, sizeof key);
    skeym_crypto_wipe(&made, sizeof made);
    return error;
}
