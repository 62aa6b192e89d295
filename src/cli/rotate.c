/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit.h"
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "server/home.h"

static const char usage[] =
    "usage: skeym rotate [--retire ID] [--dir DIR]\n"
    "\n"
    "Makes a new enrol key. Nodes get a credential under it at their next login, by themselves;\n"
    "the old keys stay until they are retired. (Epoch keys move on by themselves.)\n"
    "\n"
    "  --retire ID   make no key, but forget the old one of this number: nodes that did not log\n"
    "                in since it was replaced must be enrolled anew\n"
    "  --dir DIR     the authority's folder (default: $SKEYM_DIR, else ./skeym-authority)\n";

struct wish {
    uint32_t retire; /* 0: none */
    uint64_t now_ms;
    uint8_t enrol_key[32];
};

static enum skeym_error change(struct skeym_keyring *keyring, void *arg)
{
    struct wish *wish = arg;
    return wish->retire ? skeym_keyring_retire(keyring, wish->retire)
                        : skeym_keyring_rotate(keyring, wish->now_ms, wish->enrol_key);
}

static int refused(const char *dir, const struct wish *wish, enum skeym_error error)
{
    unsigned id = (unsigned)wish->retire;
    switch (error) {
    case SKEYM_ERR_FULL:
        return skeym_cli_say("rotate",
                             "%s holds %d enrol keys, the most there may be: retire one "
                             "first ('skeym list' shows them)",
                             dir, SKEYM_ENROL_KEYS_MAX);
    case SKEYM_ERR_NOT_FOUND:
        return skeym_cli_say("rotate", "%s holds no enrol key %u ('skeym list' shows them)", dir,
                             id);
    case SKEYM_ERR_STATE:
        return skeym_cli_say("rotate", "enrol key %u is the current one: make a new one first", id);
    default:
        return skeym_cli_dir_fail("rotate", dir, error);
    }
}

static void report(const struct skeym_keyring *keyring, const struct wish *wish)
{
    size_t last = keyring->enrol_count - 1;
    if (wish->retire) {
        printf("Enrol key %u is forgotten.\n", (unsigned)wish->retire);
    } else {
        printf("Enrol key %u is new. Nodes change to it at their next login.\n",
               (unsigned)keyring->enrol[last].id);
    }
    for (size_t i = 0; i <= last; i++) {
        char made[SKEYM_CLI_TIME_BYTES];
        skeym_cli_time(made, keyring->enrol[i].made_s);
        printf("  %u  made %s  %s\n", (unsigned)keyring->enrol[i].id, made,
               i == last ? "current" : "kept until it is retired");
    }
}

static int rotate(const char *dir, struct wish *wish)
{
    struct skeym_keyring keyring;
    enum skeym_error error = skeym_crypto_random(wish->enrol_key, sizeof wish->enrol_key);
    if (error == SKEYM_OK) {
        error = skeym_home_update(&keyring, dir, wish->now_ms, change, wish);
    }
    skeym_crypto_wipe(wish->enrol_key, sizeof wish->enrol_key);
    if (error != SKEYM_OK) {
        return refused(dir, wish, error);
    }
    uint32_t current = keyring.enrol[keyring.enrol_count - 1].id;
    report(&keyring, wish);
    skeym_crypto_wipe(&keyring, sizeof keyring);
    int code = skeym_cli_tell_server("rotate", dir);
    struct json_object *event = skeym_audit_event(wish->retire ? "retire" : "rotate", wish->now_ms);
    skeym_audit_number(event, "enrol_key", wish->retire ? wish->retire : current);
    error = skeym_audit_append(dir, event);
    if (error != SKEYM_OK) {
        return skeym_cli_fail("rotate", "it is done, but the audit file could not be written",
                              error);
    }
    return code;
}

static int run(int argc, char **argv)
{
    const char *dir = NULL;
    const char *retire = NULL;
    struct skeym_cli_words operands;
    struct wish wish = {.now_ms = skeym_cli_now()};
    int code;
    const struct skeym_cli_option table[] = {
        {"--retire", .value = &retire},
        {"--dir", .value = &dir},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_rotate, argc, argv, table, &operands, 0, 0, &code)) {
        return code;
    }
    if (retire && !skeym_cli_number(&wish.retire, retire, 1, UINT32_MAX)) {
        return skeym_cli_usage(&skeym_command_rotate, "--retire takes the number of an enrol key");
    }
    return rotate(skeym_cli_dir(dir), &wish);
}

const struct skeym_command skeym_command_rotate = {"rotate", "makes or retires an enrol key", usage,
                                                   run};
