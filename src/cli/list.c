/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "server/audit.h"
#include "server/home.h"
#include "server/home_uses.h"
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: skeym list [--json] [--dir DIR]\n"
    "\n"
    "Shows the authority, its enrol keys, every node that was enrolled and every invitation that\n"
    "is open, from the audit file and the list of what is revoked. It shows no secret. KEY is the "
    "enrol key that a node was\n"
    "enrolled under; it may have changed to a newer one at a login since.\n"
    "\n"
    "  --json      one JSON object instead of a table\n"
    "  --dir DIR   the authority's folder (default: $SKEYM_DIR, else ./skeym-authority)\n";

/* The public side of a keyring. */
struct authority {
    char fingerprint[17];
    char audience[SKEYM_NODE_ID_BYTES + 1];
    uint32_t epoch_seconds;
    uint32_t epoch;
    size_t enrol_count;
    struct {
        uint32_t id, made_s;
    } enrol[SKEYM_ENROL_KEYS_MAX];
};

struct list {
    const struct skeym_revoked *revoked;
    const struct authority *authority;
    const struct skeym_use *uses; /* of invitations */
    size_t use_count;
    uint32_t now_s;
    size_t count;
    struct json_object *invites; /* those that are open */
    struct json_object *rows;    /* NULL: print a table */
    bool short_of_memory;        /* a row could not be added */
};

static enum skeym_error look_at(struct authority *out, const char *dir)
{
    struct skeym_keyring keyring;
    uint8_t identity_public[32];
    enum skeym_error error = skeym_home_keyring(&keyring, dir);
    if (error == SKEYM_OK) {
        error = skeym_crypto_x25519_public(identity_public, keyring.identity);
    }
    if (error == SKEYM_OK) {
        skeym_keyring_fingerprint(out->fingerprint, identity_public);
        skeym_cli_name(out->audience, &keyring.audience);
        out->epoch_seconds = keyring.epoch_seconds;
        out->epoch = keyring.previous.epoch + 1;
        out->enrol_count = keyring.enrol_count;
    }
    for (size_t i = 0; error == SKEYM_OK && i < keyring.enrol_count; i++) {
        out->enrol[i].id = keyring.enrol[i].id;
        out->enrol[i].made_s = keyring.enrol[i].made_s;
    }
    skeym_crypto_wipe(&keyring, sizeof keyring);
    return error;
}

static const char *state_of(const struct list *list, struct json_object *event)
{
    struct skeym_name id;
    const char *node = skeym_audit_get_text(event, "node");
    if (skeym_name_node(&id, skeym_span_text(node)) != SKEYM_OK) {
        return "?";
    }
    if (skeym_revoked_has(list->revoked, &id, skeym_audit_get_number(event, "generation"))) {
        return "revoked";
    }
    return skeym_audit_get_number(event, "not_after") <= list->now_s ? "expired" : "active";
}

static void print_row(struct json_object *event, const char *state)
{
    char since[SKEYM_CLI_TIME_BYTES], until[SKEYM_CLI_TIME_BYTES];
    struct json_object *scopes = NULL;
    skeym_cli_time(since, skeym_audit_get_number(event, "time"));
    skeym_cli_time(until, skeym_audit_get_number(event, "not_after"));
    printf("%-20s %-8s %3u %3u  %-20s  %-20s  %-8s", skeym_audit_get_text(event, "node"),
           skeym_audit_get_text(event, "role"),
           (unsigned)skeym_audit_get_number(event, "generation"),
           (unsigned)skeym_audit_get_number(event, "enrol_key"), since, until, state);
    if (json_object_object_get_ex(event, "scopes", &scopes) &&
        json_object_is_type(scopes, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(scopes); i++) {
            const char *text = json_object_get_string(json_object_array_get_idx(scopes, i));
            printf(" %s", text ? text : "?");
        }
    }
    printf("\n");
}

/* --- invitations ----------------------------------------------------------------- */

static bool is_used(const struct list *list, struct json_object *event)
{
    uint8_t id[SKEYM_INVITE_ID_BYTES];
    size_t size = 0;
    const char *text = skeym_audit_get_text(event, "invitation");
    enum skeym_error error =
        skeym_base64url_read((struct skeym_room){id, sizeof id}, &size, skeym_span_text(text));
    for (size_t i = 0; error == SKEYM_OK && i < list->use_count; i++) {
        if (skeym_crypto_equal(list->uses[i].id, id, sizeof id)) {
            return true;
        }
    }
    return error != SKEYM_OK || size != sizeof id;
}

static bool key_is_there(const struct authority *authority, uint32_t id)
{
    for (size_t i = 0; i < authority->enrol_count; i++) {
        if (authority->enrol[i].id == id) {
            return true;
        }
    }
    return false;
}

static void add_invite(struct list *list, struct json_object *event)
{
    if (skeym_audit_get_number(event, "expires") <= list->now_s ||
        strcmp(state_of(list, event), "active") != 0 || is_used(list, event) ||
        !key_is_there(list->authority, skeym_audit_get_number(event, "enrol_key"))) {
        return;
    }
    json_object_object_del(event, "event");
    if (json_object_array_add(list->invites, json_object_get(event)) != 0) {
        json_object_put(event);
        list->short_of_memory = true;
    }
}

static void print_invites(struct json_object *invites)
{
    size_t count = json_object_array_length(invites);
    if (count > 0) {
        printf("\n%-20s %-8s %3s %3s  %-20s  %-20s\n", "INVITED", "ROLE", "GEN", "KEY", "SINCE",
               "OPEN UNTIL");
    }
    for (size_t i = 0; i < count; i++) {
        struct json_object *event = json_object_array_get_idx(invites, i);
        char since[SKEYM_CLI_TIME_BYTES], until[SKEYM_CLI_TIME_BYTES];
        skeym_cli_time(since, skeym_audit_get_number(event, "time"));
        skeym_cli_time(until, skeym_audit_get_number(event, "expires"));
        printf("%-20s %-8s %3u %3u  %-20s  %-20s\n", skeym_audit_get_text(event, "node"),
               skeym_audit_get_text(event, "role"),
               (unsigned)skeym_audit_get_number(event, "generation"),
               (unsigned)skeym_audit_get_number(event, "enrol_key"), since, until);
    }
}

/* --- the whole ---------------------------------------------------------------------- */

static void add_row(void *arg, struct json_object *event)
{
    struct list *list = arg;
    if (strcmp(skeym_audit_get_text(event, "event"), "invite") == 0) {
        add_invite(list, event);
        return;
    }
    if (strcmp(skeym_audit_get_text(event, "event"), "enrol") != 0) {
        return;
    }
    const char *state = state_of(list, event);
    if (!list->rows) {
        if (list->count == 0) {
            printf("\n%-20s %-8s %3s %3s  %-20s  %-20s  %-8s %s\n", "NODE", "ROLE", "GEN", "KEY",
                   "ENROLLED", "UNTIL", "STATE", "SCOPES");
        }
        print_row(event, state);
    } else {
        struct json_object *word = json_object_new_string(state);
        if (!word || json_object_object_add(event, "state", word) != 0) {
            json_object_put(word);
            list->short_of_memory = true;
            return;
        }
        json_object_object_del(event, "event");
        if (json_object_array_add(list->rows, json_object_get(event)) != 0) {
            json_object_put(event);
            list->short_of_memory = true;
        }
    }
    list->count++;
}

static void print_authority(const struct authority *authority)
{
    printf("Authority %s, audience '%s', epochs of %u s\n", authority->fingerprint,
           authority->audience, (unsigned)authority->epoch_seconds);
    for (size_t i = 0; i < authority->enrol_count; i++) {
        char made[SKEYM_CLI_TIME_BYTES];
        skeym_cli_time(made, authority->enrol[i].made_s);
        printf("Enrol key %u, made %s%s\n", (unsigned)authority->enrol[i].id, made,
               i + 1 == authority->enrol_count ? ", current" : "");
    }
}

/* Takes the value over, also when it fails. */
static bool put(struct json_object *object, const char *name, struct json_object *value)
{
    bool good = object && value && json_object_object_add(object, name, value) == 0;
    if (!good) {
        json_object_put(value);
    }
    return good;
}

static struct json_object *enrol_keys(const struct authority *authority)
{
    struct json_object *keys = json_object_new_array();
    for (size_t i = 0; keys && i < authority->enrol_count; i++) {
        struct json_object *key = json_object_new_object();
        if (!put(key, "id", json_object_new_int64(authority->enrol[i].id)) ||
            !put(key, "made", json_object_new_int64(authority->enrol[i].made_s)) ||
            json_object_array_add(keys, key) != 0) {
            json_object_put(key);
            json_object_put(keys);
            return NULL;
        }
    }
    return keys;
}

/* Takes rows and invites over. */
static enum skeym_error print_json(const struct authority *authority, struct json_object *rows,
                                   struct json_object *invites)
{
    struct json_object *all = json_object_new_object();
    bool good = put(all, "authority", json_object_new_string(authority->fingerprint));
    good = put(all, "audience", json_object_new_string(authority->audience)) && good;
    good = put(all, "epoch_seconds", json_object_new_int64(authority->epoch_seconds)) && good;
    good = put(all, "epoch", json_object_new_int64(authority->epoch)) && good;
    good = put(all, "enrol_keys", enrol_keys(authority)) && good;
    good = put(all, "nodes", rows) && good;
    good = put(all, "invitations", invites) && good;
    const char *text =
        good ? skeym_audit_print(all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)
             : NULL;
    good = text && puts(text) >= 0;
    json_object_put(all);
    return good ? SKEYM_OK : SKEYM_ERR_MEMORY;
}

/* Everything that there is to show; it is the caller's to free, after an error, too. */
static enum skeym_error gather(struct list *rows, struct authority *authority,
                               struct skeym_revoked *revoked, struct skeym_use **uses,
                               const char *dir)
{
    enum skeym_error error = look_at(authority, dir);
    if (error == SKEYM_OK) {
        error = skeym_home_revoked(revoked, dir);
    }
    if (error == SKEYM_OK) {
        error = skeym_home_uses(uses, &rows->use_count, dir);
    }
    rows->revoked = revoked;
    rows->authority = authority;
    rows->uses = *uses;
    rows->now_s = (uint32_t)(skeym_cli_now() / 1000);
    rows->invites = json_object_new_array();
    return error == SKEYM_OK && !rows->invites ? SKEYM_ERR_MEMORY : error;
}

/* Takes rows->rows and invites over. */
static enum skeym_error print(struct list *rows, const char *dir, struct skeym_audit_gaps *gaps)
{
    bool json = rows->rows != NULL;
    if (!json) {
        print_authority(rows->authority);
    }
    enum skeym_error error = skeym_audit_read(dir, add_row, rows, gaps);
    if (error == SKEYM_OK && rows->short_of_memory) {
        error = SKEYM_ERR_MEMORY;
    }
    if (json && error == SKEYM_OK) {
        return print_json(rows->authority, rows->rows, rows->invites);
    }
    if (!json && rows->count == 0 && error == SKEYM_OK) {
        printf("No node is enrolled yet.\n");
    }
    if (!json && error == SKEYM_OK) {
        print_invites(rows->invites);
    }
    json_object_put(rows->rows);
    json_object_put(rows->invites);
    return error;
}

static int list(const char *dir, bool json)
{
    struct authority authority = {0};
    struct skeym_revoked revoked = {0};
    struct skeym_use *uses = NULL;
    struct list rows = {0};
    struct skeym_audit_gaps gaps = {0};
    enum skeym_error error = gather(&rows, &authority, &revoked, &uses, dir);
    if (error == SKEYM_OK && json) {
        rows.rows = json_object_new_array();
        error = rows.rows ? SKEYM_OK : SKEYM_ERR_MEMORY;
    }
    if (error == SKEYM_OK) {
        error = print(&rows, dir, &gaps);
    } else {
        json_object_put(rows.invites);
    }
    free(uses);
    skeym_home_revoked_free(&revoked);
    if (error != SKEYM_OK) {
        return skeym_cli_dir_fail("list", dir, error);
    }
    if (gaps.torn > 0) { /* it happens, and no operator can mend it */
        fprintf(stderr, "skeym list: mind: %s/audit: %zu lines that a crash cut short\n", dir,
                gaps.torn);
    }
    if (gaps.damaged > 0) {
        return skeym_cli_say("list", "%s/audit: %zu damaged lines are not shown", dir,
                             gaps.damaged);
    }
    return SKEYM_EXIT_OK;
}

static int run(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct skeym_cli_words operands;
    int code;
    const struct skeym_cli_option table[] = {
        {"--json", .flag = &json},
        {"--dir", .value = &dir},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_list, argc, argv, table, &operands, 0, 0, &code)) {
        return code;
    }
    return list(skeym_cli_dir(dir), json);
}

const struct skeym_command skeym_command_list = {"list", "shows the authority and its nodes", usage,
                                                 run};
