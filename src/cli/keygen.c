/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "node/credential.h"
#include <skeym/base64url.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: skeym keygen -o FILE [--passphrase-file FILE | --no-passphrase]\n"
    "\n"
    "Makes a node's key pair on the node itself: the private key into FILE, the public key\n"
    "to standard output, for 'skeym enrol NODE --public-key KEY'. FILE must not exist yet.\n"
    "\n"
    "  -o FILE                 where the private key goes (mode 0600)\n"
    "  --passphrase-file FILE  take the passphrase from a file that only its owner may read\n"
    "  --no-passphrase         no passphrase: for devices that start by themselves\n"
    "\n"
    "Without either of the last two, the passphrase is asked for on the terminal.\n";

static enum skeym_error make(const char *path, char text[SKEYM_BASE64URL_CHARS(32) + 1],
                             struct skeym_span passphrase)
{
    uint8_t private_key[32];
    uint8_t public_key[32];
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){(uint8_t *)text, SKEYM_BASE64URL_CHARS(32)});
    enum skeym_error error = skeym_crypto_random(private_key, sizeof private_key);
    if (error == SKEYM_OK) {
        error = skeym_crypto_x25519_public(public_key, private_key);
    }
    if (error == SKEYM_OK) {
        error = skeym_credential_key_save(path, private_key, passphrase);
    }
    if (error == SKEYM_OK) {
        skeym_base64url_write(&writer, skeym_span(public_key, sizeof public_key));
        error = skeym_writer_end(&writer);
    }
    skeym_crypto_wipe(private_key, sizeof private_key);
    return error;
}

static int run(int argc, char **argv)
{
    const char *path = NULL;
    const char *passphrase_path = NULL;
    bool no_passphrase = false;
    char *passphrase = NULL;
    size_t size = 0;
    char text[SKEYM_BASE64URL_CHARS(32) + 1] = {0};
    struct skeym_cli_words operands;
    int code;
    const struct skeym_cli_option table[] = {
        {"-o", .value = &path},
        {"--passphrase-file", .value = &passphrase_path},
        {"--no-passphrase", .flag = &no_passphrase},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_keygen, argc, argv, table, &operands, 0, 0, &code)) {
        return code;
    }
    if (!path) {
        return skeym_cli_usage(&skeym_command_keygen, "-o FILE is missing");
    }
    if (!path[0] || strcmp(path, "-") == 0) {
        return skeym_cli_usage(&skeym_command_keygen,
                               "-o takes a file: a private key is no output to look at");
    }
    if (access(path, F_OK) == 0) {
        return skeym_cli_fail("keygen", path, SKEYM_ERR_EXISTS);
    }
    if (!skeym_cli_new_passphrase(&passphrase, &size, "keygen", passphrase_path, no_passphrase)) {
        return SKEYM_EXIT_FAILED;
    }
    enum skeym_error error = make(path, text, skeym_span(passphrase, size));
    if (passphrase) {
        skeym_crypto_wipe(passphrase, size);
        free(passphrase);
    }
    if (error != SKEYM_OK) {
        return skeym_cli_fail("keygen", path, error);
    }
    printf("%s\n", text);
    return SKEYM_EXIT_OK;
}

const struct skeym_command skeym_command_keygen = {"keygen", "makes a node's key pair on the node",
                                                   usage, run};
