/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "server/audit.h"
#include "server/home.h"
#include "server/revocation.h"
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: skeym revoke NODE [--generation G] [--dir DIR]\n"
    "       skeym revoke --restore [--dir DIR]\n"
    "\n"
    "Refuses every credential and every live token of a node, up to generation G, from the next\n"
    "request on. A running server takes it over at once. The node may be enrolled anew.\n"
    "\n"
    "  --generation G   default: every one so far, in the audit file or not. With it, a node that\n"
    "                   the audit file does not know is revoked, too\n"
    "  --restore        makes the list of what is revoked anew from the audit file, when the\n"
    "                   list is missing or damaged and no backup is at hand\n"
    "  --dir DIR        the authority's folder (default: $SKEYM_DIR, else ./skeym-authority)\n";

static void report(const char *node, const struct skeym_revocation *search, uint32_t asked,
                   uint32_t holds)
{
    if (asked <= search->revoked) {
        printf("%s is revoked already, up to generation %u.\n", node, (unsigned)holds);
    } else {
        printf("Revoked %s up to generation %u.\n", node, (unsigned)holds);
    }
    if (search->enrolled > holds) {
        printf("Mind: it was enrolled in generation %u, too, which is not revoked.\n",
               (unsigned)search->enrolled);
    }
}

static int revoke(const char *dir, const char *node, const struct skeym_revocation *search,
                  uint32_t generation)
{
    uint32_t holds = generation > search->revoked ? generation : search->revoked;
    enum skeym_error error = skeym_home_revoke(dir, &search->id, generation);
    if (error == SKEYM_ERR_NO_SPACE) {
        return skeym_cli_say("revoke",
                             "%s: NOT revoked: the disk is full, and the reserve is used up: free "
                             "some space and revoke again; until then only stopping the server "
                             "keeps the node out",
                             dir);
    }
    if (error != SKEYM_OK) {
        return skeym_cli_dir_fail("revoke", dir, error);
    }
    /* The list counts, not the audit file: a full disk must not keep the server from hearing. */
    report(node, search, generation, holds);
    int code = skeym_cli_tell_server("revoke", dir);
    error = skeym_revocation_note(dir, &search->id, holds, NULL, skeym_cli_now());
    if (error != SKEYM_OK) {
        return skeym_cli_fail("revoke", "it holds, but the audit file could not be written", error);
    }
    return code;
}

/* --- restore --------------------------------------------------------------- */

/* The list as text, from the audit file. */
struct gathering {
    FILE *text;
    bool begins; /* with the authority's making: not cut at its front */
    size_t events;
};

static void gather(void *arg, struct json_object *event)
{
    struct gathering *gathering = arg;
    struct skeym_name id;
    const char *what = skeym_audit_get_text(event, "event");
    const char *node = skeym_audit_get_text(event, "node");
    uint32_t generation = skeym_audit_get_number(event, "generation");
    if (gathering->events++ == 0) {
        gathering->begins = strcmp(what, "init") == 0;
    }
    if (strcmp(what, "revoke") == 0 && generation > 0 &&
        skeym_name_node(&id, skeym_span_text(node)) == SKEYM_OK) {
        fprintf(gathering->text, "%s %u\n", node, (unsigned)generation);
    }
}

static enum skeym_error restore_from(const char *dir, struct skeym_span text, size_t *count)
{
    size_t room = 1;
    for (size_t i = 0; i < text.size; i++) {
        room += text.data[i] == '\n';
    }
    struct skeym_revoked_entry *list = calloc(room, sizeof *list);
    if (!list) {
        return SKEYM_ERR_MEMORY;
    }
    enum skeym_error error = skeym_enrolment_revoked(list, room, count, text, NULL);
    if (error == SKEYM_OK) {
        const struct skeym_revoked revoked = {list, *count};
        error = skeym_home_restore(dir, &revoked);
    }
    free(list);
    return error;
}

static int restored(const char *dir, struct skeym_span text)
{
    size_t count = 0;
    enum skeym_error error = restore_from(dir, text, &count);
    if (error == SKEYM_ERR_EXISTS) {
        return skeym_cli_say("revoke", "%s/revoked: the list is whole; nothing was done", dir);
    }
    if (error != SKEYM_OK) {
        return skeym_cli_dir_fail("revoke", dir, error);
    }
    printf("%s/revoked is made anew from the audit file: %zu nodes. Compare it with what you know "
           "to be revoked.\n",
           dir, count);
    int code = skeym_cli_tell_server("revoke", dir);
    struct json_object *event = skeym_audit_event("restore", skeym_cli_now());
    skeym_audit_number(event, "nodes", count);
    error = skeym_audit_append(dir, event);
    return error == SKEYM_OK ? code : skeym_cli_dir_fail("revoke", dir, error);
}

static int restore(const char *dir)
{
    char *text = NULL;
    size_t size = 0;
    struct skeym_audit_gaps gaps = {0};
    struct gathering gathering = {.text = open_memstream(&text, &size)};
    if (!gathering.text) {
        return skeym_cli_fail("revoke", NULL, SKEYM_ERR_MEMORY);
    }
    enum skeym_error error = skeym_audit_read(dir, gather, &gathering, &gaps);
    if (fclose(gathering.text) != 0 && error == SKEYM_OK) {
        error = SKEYM_ERR_MEMORY;
    }
    int code;
    if (error != SKEYM_OK) {
        code = skeym_cli_dir_fail("revoke", dir, error);
    } else if (gaps.damaged + gaps.torn > 0 || !gathering.begins) { /* it may be a revocation */
        code = skeym_cli_say("revoke",
                             "%s/audit is not whole either (%zu damaged lines, %s): restore both "
                             "files from a backup",
                             dir, gaps.damaged + gaps.torn,
                             gathering.begins ? "from its beginning" : "without its beginning");
    } else {
        code = restored(dir, skeym_span(text, size));
    }
    free(text);
    return code;
}

/* --- the command ------------------------------------------------------------- */

static int revoke_node(const char *dir, const char *node, const struct skeym_name *id,
                       uint32_t generation)
{
    struct skeym_revocation search;
    enum skeym_error error = skeym_revocation_find(&search, dir, id);
    if (error != SKEYM_OK) {
        return skeym_cli_dir_fail("revoke", dir, error);
    }
    bool known = search.enrolled > 0 || search.revoked > 0;
    if (!known && generation == 0) {
        return skeym_cli_say("revoke",
                             "%s: no node of that name was enrolled here, so nothing was revoked "
                             "('skeym list' shows them; if the audit file was lost, give "
                             "--generation)",
                             node);
    }
    if (!known) {
        fprintf(stderr, "skeym revoke: mind: no node '%s' was enrolled here\n", node);
    }
    return revoke(dir, node, &search, generation ? generation : skeym_revocation_all(&search));
}

static int run(int argc, char **argv)
{
    const char *dir = NULL;
    const char *text = NULL;
    bool from_audit = false;
    struct skeym_cli_words operands;
    uint32_t generation = 0;
    int code;
    const struct skeym_cli_option table[] = {
        {"--generation", .value = &text},
        {"--restore", .flag = &from_audit},
        {"--dir", .value = &dir},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_revoke, argc, argv, table, &operands, 0, 1, &code)) {
        return code;
    }
    dir = skeym_cli_dir(dir);
    if (from_audit) {
        return operands.count > 0 || text
                   ? skeym_cli_usage(&skeym_command_revoke, "--restore takes no node")
                   : restore(dir);
    }
    if (operands.count == 0) {
        return skeym_cli_usage(&skeym_command_revoke, "NODE is missing");
    }
    struct skeym_name id;
    if (skeym_name_node(&id, skeym_span_text(operands.at[0])) != SKEYM_OK) {
        return skeym_cli_usage(&skeym_command_revoke, "NODE is no node's name");
    }
    if (text && !skeym_cli_number(&generation, text, 1, UINT32_MAX)) {
        return skeym_cli_usage(&skeym_command_revoke, "--generation takes 1 and up");
    }
    return revoke_node(dir, operands.at[0], &id, generation);
}

const struct skeym_command skeym_command_revoke = {
    "revoke", "ends a node's credentials and tokens at once", usage, run};
