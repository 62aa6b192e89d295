/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/node_options.h"
#include "node/readback.h"
#include "server/audit.h"
#include <json-c/json.h>
#include <unistd.h>

static const char usage[] =
    "usage: skeym get PATH --as FILE [options]\n"
    "\n"
    "One request of a node: logs in when needed, sends PATH (\"/fhir/Observation?patient=7\")\n"
    "sealed, and writes the opened answer to standard output. Exit code 0 for a status of 2xx.\n"
    "\n" SKEYM_NODE_OPTIONS_USAGE
    "  --chain FILE               keep the live tokens in FILE (0600) between two calls\n"
    "  --pretty                   indent JSON (so it is on a terminal anyway)\n"
    "  --all                      follow all pages of a search; one resource a line\n";

static enum skeym_error print_resource(void *arg, struct json_object *resource)
{
    (void)arg;
    const char *text =
        skeym_audit_print(resource, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (!text) {
        return SKEYM_ERR_MEMORY;
    }
    return puts(text) >= 0 ? SKEYM_OK : SKEYM_ERR_IO;
}

static int get_all(struct skeym_node_options *options, const char *target)
{
    int status = 0;
    enum skeym_error error =
        skeym_readback_pages(options->session, target, print_resource, NULL, &status);
    if (error == SKEYM_ERR_STATE) {
        return skeym_node_options_refused(options, status);
    }
    return error == SKEYM_OK ? SKEYM_EXIT_OK : skeym_node_options_failed(options, error);
}

static int run(int argc, char **argv)
{
    struct skeym_node_options node = {.command = &skeym_command_get, .wait_most_ms = 10000};
    struct skeym_cli_words operands;
    bool pretty = false;
    bool all = false;
    int code = SKEYM_EXIT_FAILED;
    const struct skeym_cli_option table[] = {
        SKEYM_NODE_OPTIONS(&node),
        {"--chain", .value = &node.chain},
        {"--pretty", .flag = &pretty},
        {"--all", .flag = &all},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_get, argc, argv, table, &operands, 1, 1, &code)) {
        return code;
    }
    if (operands.at[0][0] != '/') {
        return skeym_cli_usage(&skeym_command_get, "PATH begins with a slash");
    }
    if (skeym_node_options_open(&node, &code)) {
        struct skeym_closed request = {
            .method = skeym_span_text("GET"),
            .target = skeym_span_text(operands.at[0]),
        };
        code = all ? get_all(&node, operands.at[0])
                   : skeym_node_options_request(&node, &request, pretty || isatty(STDOUT_FILENO));
    }
    skeym_node_options_close(&node);
    return code;
}

const struct skeym_command skeym_command_get = {"get", "reads from a server, as a node", usage,
                                                run};
