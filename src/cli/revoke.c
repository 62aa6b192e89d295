/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit.h"
#include "cli/cli.h"
#include "server/home.h"
#include <string.h>

static const char usage[] =
    "usage: skeym revoke NODE [--generation G] [--dir DIR]\n"
    "\n"
    "Refuses every credential and every live token of a node, up to generation G, from the next\n"
    "request on. A running server takes it over at once. The node may be enrolled anew.\n"
    "\n"
    "  --generation G   default: the highest one that was enrolled\n"
    "  --dir DIR        the authority's folder (default: $SKEYM_DIR, else ./skeym-authority)\n";

struct search {
    const char *node;
    uint32_t highest; /* 0: never enrolled */
};

static void look(void *arg, struct json_object *event)
{
    struct search *search = arg;
    uint32_t generation = skeym_audit_get_number(event, "generation");
    if (strcmp(skeym_audit_get_text(event, "event"), "enrol") == 0 &&
        strcmp(skeym_audit_get_text(event, "node"), search->node) == 0 &&
        generation > search->highest) {
        search->highest = generation;
    }
}

static int revoke(const char *dir, const char *node, const struct skeym_name *id,
                  uint32_t generation)
{
    enum skeym_error error = skeym_home_revoke(dir, id, generation);
    if (error != SKEYM_OK) {
        return skeym_cli_dir_fail("revoke", dir, error);
    }
    /* The list counts, not the audit file: a full disk must not keep the server from hearing. */
    printf("Revoked %s up to generation %u.\n", node, (unsigned)generation);
    int code = skeym_cli_tell_server("revoke", dir);
    struct json_object *event = skeym_audit_event("revoke", skeym_cli_now());
    skeym_audit_text(event, "node", node);
    skeym_audit_number(event, "generation", generation);
    error = skeym_audit_append(dir, event);
    if (error != SKEYM_OK) {
        return skeym_cli_fail("revoke", "it holds, but the audit file could not be written", error);
    }
    return code;
}

static int run(int argc, char **argv)
{
    const char *dir = NULL;
    const char *text = NULL;
    struct skeym_cli_words operands;
    struct skeym_name id;
    uint32_t generation = 0;
    size_t damaged;
    int code;
    const struct skeym_cli_option table[] = {
        {"--generation", .value = &text},
        {"--dir", .value = &dir},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_revoke, argc, argv, table, &operands, 1, 1, &code)) {
        return code;
    }
    dir = skeym_cli_dir(dir);
    struct search search = {operands.at[0], 0};
    if (skeym_name_node(&id, skeym_span_text(search.node)) != SKEYM_OK) {
        return skeym_cli_usage(&skeym_command_revoke, "NODE is no node's name");
    }
    if (text && !skeym_cli_number(&generation, text, 1, UINT32_MAX)) {
        return skeym_cli_usage(&skeym_command_revoke, "--generation takes 1 and up");
    }
    enum skeym_error error = skeym_audit_read(dir, look, &search, &damaged);
    if (error != SKEYM_OK) {
        return skeym_cli_dir_fail("revoke", dir, error);
    }
    if (search.highest == 0) {
        fprintf(stderr, "skeym revoke: mind: no node '%s' was enrolled here\n", search.node);
    }
    if (generation == 0) {
        generation = search.highest > 0 ? search.highest : 1;
    }
    return revoke(dir, search.node, &id, generation);
}

const struct skeym_command skeym_command_revoke = {
    "revoke", "ends a node's credentials and tokens at once", usage, run};
