/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_authority.h"
#include "crypto/crypto.h"
#include "server/home.h"
#include <string.h>

enum skeym_error skeym_cli_authority(struct skeym_cli_authority *out, const char *dir)
{
    struct skeym_keyring keyring;
    memset(out, 0, sizeof *out);
    enum skeym_error error = skeym_home_keyring(&keyring, dir);
    if (error == SKEYM_OK) {
        error = skeym_keyring_derive(&out->keys, &keyring);
    }
    if (error == SKEYM_OK) {
        error = skeym_crypto_nonce(out->nonce, sizeof out->nonce);
    }
    if (error == SKEYM_OK) {
        out->enrol_key = keyring.enrol[keyring.enrol_count - 1].id;
    } else {
        skeym_crypto_wipe(out, sizeof *out);
    }
    skeym_crypto_wipe(&keyring, sizeof keyring);
    return error;
}
