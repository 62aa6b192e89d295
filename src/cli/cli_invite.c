/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_invite.h"
#include "cli/cli_authority.h"
#include "crypto/crypto.h"
#include "server/audit.h"
#include "server/home.h"
#include "server/home_uses.h"
#include <stdio.h>
#include <string.h>

enum skeym_error skeym_cli_invite_generation(uint32_t *generation, const char *dir,
                                             const struct skeym_name *id)
{
    struct skeym_revoked revoked;
    *generation = 0;
    enum skeym_error error = skeym_home_revoked(&revoked, dir);
    if (error == SKEYM_OK) {
        *generation = skeym_enrolment_generation(&revoked, id);
        skeym_home_revoked_free(&revoked);
        error = *generation == 0 ? SKEYM_ERR_REVOKED : SKEYM_OK;
    }
    return error;
}

/* The code, under the current enrol key; *enrol_key gets that one's id. */
static enum skeym_error make(struct skeym_invite_code *code, uint32_t *enrol_key,
                             char fingerprint[17], const char *dir,
                             const struct skeym_invite_claims *claims)
{
    struct skeym_cli_authority authority;
    enum skeym_error error = skeym_cli_authority(&authority, dir);
    if (error == SKEYM_OK) {
        error = skeym_enrolment_invite(code, &authority.keys, claims, authority.nonce);
    }
    if (error == SKEYM_OK) {
        *enrol_key = authority.enrol_key;
        skeym_keyring_fingerprint(fingerprint, authority.keys.authority.identity_public);
    }
    skeym_crypto_wipe(&authority, sizeof authority);
    return error;
}

static enum skeym_error audit(const char *dir, const struct skeym_invite_claims *claims,
                              const struct skeym_invite_code *code, uint32_t enrol_key,
                              uint64_t now_ms)
{
    /* behind version and key id: docs/PROTOCOL.md, 5.1 */
    const uint8_t *id = code->invitation + SKEYM_LOCATOR_HEAD - SKEYM_NONCE_BYTES;
    struct json_object *event = skeym_audit_event("invite", now_ms);
    skeym_audit_claims(event, &claims->node);
    if (event) {
        json_object_object_del(event, "public_key"); /* there is none yet */
    }
    skeym_audit_number(event, "enrol_key", enrol_key);
    skeym_audit_invitation(event, id);
    skeym_audit_number(event, "expires", claims->expires_s);
    return skeym_audit_append(dir, event);
}

static enum skeym_error print(struct skeym_cli_invite *out, const struct skeym_invite_code *code,
                              const char *server)
{
    size_t size = 0;
    struct skeym_room room = {(uint8_t *)out->code, sizeof out->code - 1};
    enum skeym_error error = skeym_invite_code_write(room, &size, code);
    size_t length = strlen(server);
    length -= length > 0 && server[length - 1] == '/';
    if (error == SKEYM_OK && length > SKEYM_URL_BYTES) {
        error = SKEYM_ERR_SPACE;
    }
    if (error == SKEYM_OK) {
        out->code[size] = '\0';
        (void)snprintf(out->link, sizeof out->link, "%.*s" SKEYM_CLI_INVITE_PATH "%s", (int)length,
                       server, out->code);
    }
    return error;
}

enum skeym_error skeym_cli_invite(struct skeym_cli_invite *out, const char *dir, const char *server,
                                  struct skeym_invite_claims *claims, uint64_t now_ms)
{
    struct skeym_invite_code code;
    uint32_t enrol_key = 0;
    memset(&code, 0, sizeof code);
    memset(out, 0, sizeof *out);
    enum skeym_error error =
        skeym_cli_invite_generation(&claims->node.generation, dir, &claims->node.id);
    if (error == SKEYM_OK) {
        error = make(&code, &enrol_key, out->fingerprint, dir, claims);
    }
    if (error == SKEYM_OK) {
        error = print(out, &code, server);
    }
    if (error == SKEYM_OK) { /* where there is an invitation, there is a list of the used ones */
        error = skeym_home_uses_begin(dir);
    }
    if (error == SKEYM_OK) {
        error = audit(dir, claims, &code, enrol_key, now_ms);
    }
    if (error != SKEYM_OK) {
        skeym_crypto_wipe(out, sizeof *out);
    }
    skeym_crypto_wipe(&code, sizeof code);
    return error;
}
