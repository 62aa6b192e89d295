/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "server/audit.h"
#include "server/home.h"
#include <string.h>

static const char usage[] =
    "usage: skeym rotate [--retire ID --yes] [--dir DIR]\n"
    "\n"
    "Makes a new enrol key. Nodes get a credential under it at their next login, by themselves;\n"
    "the old keys stay until they are retired. (Epoch keys move on by themselves.)\n"
    "\n"
    "  --retire ID   make no key, but forget the old one of this number: nodes that did not log\n"
    "                in since it was replaced must be enrolled anew\n"
    "  --yes         yes, retire it; without this, tells how many nodes it concerns\n"
    "  --dir DIR     the authority's folder (default: $SKEYM_DIR, else ./skeym-authority)\n";

struct wish {
    uint32_t retire; /* 0: none */
    bool yes;
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

/* Nodes of one enrol key whose credentials still count. */
struct count {
    uint32_t enrol_key;
    uint32_t now_s;
    struct skeym_revoked revoked;
    size_t nodes;
};

static void count_node(void *arg, struct json_object *event)
{
    struct count *count = arg;
    struct skeym_name id;
    if (strcmp(skeym_audit_get_text(event, "event"), "enrol") == 0 &&
        skeym_audit_get_number(event, "enrol_key") == count->enrol_key &&
        skeym_audit_get_number(event, "not_after") > count->now_s &&
        skeym_name_node(&id, skeym_span_text(skeym_audit_get_text(event, "node"))) == SKEYM_OK &&
        !skeym_revoked_has(&count->revoked, &id, skeym_audit_get_number(event, "generation"))) {
        count->nodes++;
    }
}

/* When a key was replaced; 0: it is the current one, or none. */
static uint32_t replaced(const struct skeym_keyring *keyring, uint32_t id)
{
    for (size_t i = 0; i + 1 < keyring->enrol_count; i++) {
        if (keyring->enrol[i].id == id) {
            return keyring->enrol[i + 1].made_s;
        }
    }
    return 0;
}

/* What retiring would do, said before it is done. */
static int warn(const char *dir, const struct wish *wish)
{
    struct skeym_keyring keyring;
    char since[SKEYM_CLI_TIME_BYTES];
    struct skeym_audit_gaps gaps;
    struct count count = {.enrol_key = wish->retire, .now_s = (uint32_t)(wish->now_ms / 1000)};
    enum skeym_error error = skeym_home_keyring(&keyring, dir);
    uint32_t since_s = 0;
    if (error == SKEYM_OK) {
        since_s = replaced(&keyring, wish->retire);
        bool current = keyring.enrol[keyring.enrol_count - 1].id == wish->retire;
        error = since_s ? SKEYM_OK : current ? SKEYM_ERR_STATE : SKEYM_ERR_NOT_FOUND;
    }
    skeym_crypto_wipe(&keyring, sizeof keyring);
    if (error == SKEYM_OK) {
        error = skeym_home_revoked(&count.revoked, dir);
    }
    if (error == SKEYM_OK) {
        error = skeym_audit_read(dir, count_node, &count, &gaps);
    }
    skeym_home_revoked_free(&count.revoked);
    if (error != SKEYM_OK) {
        return refused(dir, wish, error);
    }
    skeym_cli_time(since, since_s);
    return skeym_cli_say("rotate",
                         "not retired yet: %zu live credentials were enrolled under enrol key %u, "
                         "and those of them that have not logged in since %s would be dead; which "
                         "ones is not recorded. To retire it all the same, add --yes",
                         count.nodes, (unsigned)wish->retire, since);
}

static int rotate(const char *dir, struct wish *wish)
{
    struct skeym_keyring keyring;
    if (wish->retire && !wish->yes) {
        return warn(dir, wish);
    }
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
        {"--yes", .flag = &wish.yes},
        {"--dir", .value = &dir},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_rotate, argc, argv, table, &operands, 0, 0, &code)) {
        return code;
    }
    if (retire && !skeym_cli_number(&wish.retire, retire, 1, UINT32_MAX)) {
        return skeym_cli_usage(&skeym_command_rotate, "--retire takes the number of an enrol key");
    }
    if (wish.yes && !retire) {
        return skeym_cli_usage(&skeym_command_rotate, "--yes goes with --retire ID");
    }
    return rotate(skeym_cli_dir(dir), &wish);
}

const struct skeym_command skeym_command_rotate = {"rotate", "makes or retires an enrol key", usage,
                                                   run};
