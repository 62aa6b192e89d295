/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "server/audit.h"
#include "server/home.h"
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: skeym init DIR [--audience NAME] [--epoch-seconds N] [--owner USER]\n"
    "\n"
    "Makes an authority's folder DIR (mode 0700; it may exist if it is empty) with a new\n"
    "keyring and identity.\n"
    "\n"
    "  --audience NAME     name of the data server that nodes log in to (default: ward)\n"
    "  --epoch-seconds N   how long one epoch key is used: 120 to 86400 (default: 3600)\n"
    "  --owner USER        give the folder to the user that the server will run as (root only)\n";

struct options {
    const char *dir;
    const char *audience;
    const char *epoch;
    const char *owner;
    uint32_t epoch_seconds;
    const struct passwd *user; /* of the owner, or NULL */
};

static int options_from(struct options *options, int argc, char **argv)
{
    struct skeym_cli_words operands;
    struct skeym_name audience;
    int code = SKEYM_EXIT_OK;
    const struct skeym_cli_option table[] = {
        {"--audience", .value = &options->audience},
        {"--epoch-seconds", .value = &options->epoch},
        {"--owner", .value = &options->owner},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_init, argc, argv, table, &operands, 1, 1, &code)) {
        return code;
    }
    options->dir = operands.at[0];
    if (options->dir[0] == '\0') {
        return skeym_cli_usage(&skeym_command_init, "DIR is empty: name the folder to make");
    }
    options->audience = options->audience ? options->audience : "ward";
    options->epoch_seconds = SKEYM_EPOCH_SECONDS;
    if (options->epoch && !skeym_cli_number(&options->epoch_seconds, options->epoch,
                                            SKEYM_EPOCH_SECONDS_MIN, SKEYM_EPOCH_SECONDS_MAX)) {
        return skeym_cli_usage(&skeym_command_init, "--epoch-seconds takes 120 to 86400");
    }
    if (skeym_name_audience(&audience, skeym_span_text(options->audience)) != SKEYM_OK) {
        return skeym_cli_usage(&skeym_command_init,
                               "an audience has 1 to 32 letters of a-z 0-9 . -");
    }
    if (options->owner && geteuid() != 0) {
        return skeym_cli_usage(&skeym_command_init, "only root can give a folder away");
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
    if (options->owner && !(options->user = getpwnam(options->owner))) {
        return skeym_cli_say("init", "there is no user '%s'", options->owner);
    }
    return SKEYM_EXIT_OK;
}

static enum skeym_error fingerprint(char out[17], const char *dir)
{
    struct skeym_keyring keyring;
    uint8_t identity_public[32];
    enum skeym_error error = skeym_home_keyring(&keyring, dir);
    if (error == SKEYM_OK) {
        error = skeym_crypto_x25519_public(identity_public, keyring.identity);
    }
    if (error == SKEYM_OK) {
        skeym_keyring_fingerprint(out, identity_public);
    }
    skeym_crypto_wipe(&keyring, sizeof keyring);
    return error;
}

/* Making more than DIR could put an authority below a folder that anybody may write to. */
static int no_parent(const char *dir)
{
    size_t size = strlen(dir);
    while (size > 1 && dir[size - 1] == '/') {
        size--;
    }
    while (size > 0 && dir[size - 1] != '/') {
        size--;
    }
    if (size == 0) {
        return skeym_cli_say("init", "%s: the folder that this shell is in was removed", dir);
    }
    while (size > 1 && dir[size - 1] == '/') {
        size--;
    }
    return skeym_cli_say("init", "%s: the folder above it is missing; make it first: mkdir -p %.*s",
                         dir, (int)size, dir);
}

static int run(int argc, char **argv)
{
    struct options options = {0};
    char print[17] = {0};
    uint64_t now_ms = skeym_cli_now();
    options.user = NULL;
    int code = options_from(&options, argc, argv);
    if (code != SKEYM_EXIT_OK || !options.dir) {
        return code;
    }
    enum skeym_error error =
        skeym_home_make(options.dir, options.audience, options.epoch_seconds, now_ms);
    if (error == SKEYM_ERR_EXISTS) {
        return skeym_cli_say("init",
                             "%s: there is something already; a new authority needs a "
                             "folder that is new or empty",
                             options.dir);
    }
    if (error == SKEYM_ERR_MISSING) {
        return no_parent(options.dir);
    }
    if (error == SKEYM_ERR_RANGE) {
        return skeym_cli_say("init", "this machine's clock is wrong");
    }
    bool made = error == SKEYM_OK;
    if (made) {
        error = fingerprint(print, options.dir);
    }
    if (error == SKEYM_OK) {
        struct json_object *event = skeym_audit_event("init", now_ms);
        skeym_audit_text(event, "authority", print);
        skeym_audit_text(event, "audience", options.audience);
        skeym_audit_number(event, "epoch_seconds", options.epoch_seconds);
        error = skeym_audit_append(options.dir, event);
    }
    if (error == SKEYM_OK && options.user) {
        error = skeym_home_give(options.dir, options.user->pw_uid, options.user->pw_gid);
    }
    if (error != SKEYM_OK) {
        if (made) {
            skeym_home_unmake(options.dir);
        }
        return skeym_cli_fail("init", options.dir, error);
    }
    printf("Authority %s for audience '%s' is in %s.\n"
           "The folder holds the keys of everything: keep it private, and back it up offline.\n"
           "Next: skeym enrol NODE --role ROLE --scope SCOPE -o FILE --dir %s\n",
           print, options.audience, options.dir, options.dir);
    return SKEYM_EXIT_OK;
}

const struct skeym_command skeym_command_init = {"init", "makes an authority: keyring and identity",
                                                 usage, run};
