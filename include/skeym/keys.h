/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of authority and data server, and what follows from them (docs/PROTOCOL.md, section 4). */
#ifndef SKEYM_KEYS_H
#define SKEYM_KEYS_H

#include <skeym/claims.h>
#include <skeym/cmac.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKEYM_EPOCH_SECONDS     3600
#define SKEYM_EPOCH_SECONDS_MIN 120

/* SECRET. What is derived from an enrol key; E itself is needed no more. */
struct skeym_enrol_keys {
    uint32_t id;
    uint8_t seal[32];       /* E_seal */
    uint8_t credential[32]; /* E_cred */
    uint8_t invite[32];     /* E_invite */
    uint8_t once[32];       /* E_secret */
};
SKEYM_MUST_USE enum skeym_error skeym_enrol_keys_derive(struct skeym_enrol_keys *out, uint32_t id,
                                                        const uint8_t enrol_key[32]);

/* epoch = floor(now / length); 32 bits. */
uint32_t skeym_epoch_at(uint64_t now_ms, uint32_t epoch_seconds);

/* SECRET. K_e for one e. */
struct skeym_epoch_key {
    uint32_t epoch;
    uint8_t key[32];
};
/* K_e -> K_{e+1} in place; the old key is gone. */
SKEYM_MUST_USE enum skeym_error skeym_epoch_ratchet(struct skeym_epoch_key *key);

/* SECRET. What a data server needs: its audience and the audience keys of epochs e and e-1, ready
 * for the key of a token to be made of them. 560 bytes, aligned to 16. */
struct skeym_audience_keys {
    struct skeym_name audience;
    uint32_t epoch; /* e, the one that tokens are minted in */
    struct skeym_cmac_key current;
    struct skeym_cmac_key previous; /* of e-1 */
};
/* From K_{e-1}: derives K_e and both audience keys. On an error *out is zero. Errors:
 * SKEYM_ERR_RANGE (no epoch follows), the audience's, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_audience_keys_derive(struct skeym_audience_keys *out,
                                                           const struct skeym_epoch_key *previous,
                                                           const struct skeym_name *audience);

#ifdef __cplusplus
}
#endif
#endif
