/* SPDX-License-Identifier: Apache-2.0 */
/* The authority's keys, for the commands that make one thing under them. */
#ifndef SKEYM_CLI_CLI_AUTHORITY_H
#define SKEYM_CLI_CLI_AUTHORITY_H

#include "authority/keyring.h"

/* SECRET. Wipe it after use. */
struct skeym_cli_authority {
    struct skeym_working_keys keys;
    uint32_t enrol_key; /* the current one's id */
    uint8_t nonce[SKEYM_NONCE_BYTES];
};

/* Of the folder dir, with a fresh nonce. On an error *out is zero. Errors: those of
 * skeym_home_keyring and skeym_crypto_random. */
SKEYM_MUST_USE enum skeym_error skeym_cli_authority(struct skeym_cli_authority *out,
                                                    const char *dir);

#endif
