/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/node_options.h"
#include "crypto/crypto.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA_MAX ((size_t)16 * 1024 * 1024)

static const char usage[] =
    "usage: skeym post PATH --as FILE --data FILE [options]\n"
    "\n"
    "Sends the contents of a file (\"-\": standard input) to PATH (\"/fhir/Observation\"), "
    "sealed,\n"
    "and writes the opened answer to standard output. Exit code 0 for a status of 2xx. It is sent\n"
    "once: after a lost answer it says so, and only --if-none-exist makes a second call safe.\n"
    "\n" SKEYM_NODE_OPTIONS_USAGE
    "  --chain FILE               keep the live tokens in FILE (0600) between two calls\n"
    "  --data FILE                what to send\n"
    "  --type TYPE                its media type (default: application/fhir+json)\n"
    "  --if-none-exist QUERY      only if nothing is found by it\n"
    "                             (\"identifier=urn:example|17\"; not with --open)\n"
    "  --pretty                   indent JSON (so it is on a terminal anyway)\n";

/* The whole file, malloc'ed. */
static enum skeym_error read_data(uint8_t **out, size_t *size, const char *path)
{
    bool own = strcmp(path, "-") != 0;
    int fd = own ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    size_t room = 0;
    enum skeym_error error = SKEYM_OK;
    *out = NULL;
    *size = 0;
    if (fd < 0) {
        return errno == ENOENT ? SKEYM_ERR_MISSING : SKEYM_ERR_IO;
    }
    for (;;) {
        if (*size == room) {
            room = room ? room * 2 : 65536;
            uint8_t *grown = room <= 2 * DATA_MAX ? realloc(*out, room) : NULL;
            if (!grown) {
                error = room > DATA_MAX ? SKEYM_ERR_SIZE : SKEYM_ERR_MEMORY;
                break;
            }
            *out = grown;
        }
        ssize_t got = read(fd, *out + *size, room - *size);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            error = got == 0 ? SKEYM_OK : SKEYM_ERR_IO;
            break;
        }
        *size += got > 0 ? (size_t)got : 0;
    }
    if (own) {
        (void)close(fd);
    }
    return error == SKEYM_OK && *size > DATA_MAX ? SKEYM_ERR_SIZE : error;
}

static int run(int argc, char **argv)
{
    struct skeym_node_options node = {.command = &skeym_command_post, .wait_most_ms = 10000};
    struct skeym_cli_words operands;
    const char *data_path = NULL;
    const char *type = NULL;
    const char *if_none_exist = NULL;
    bool pretty = false;
    uint8_t *data = NULL;
    size_t size = 0;
    int code = SKEYM_EXIT_FAILED;
    const struct skeym_cli_option table[] = {
        SKEYM_NODE_OPTIONS(&node),
        {"--chain", .value = &node.chain},
        {"--data", .value = &data_path},
        {"--type", .value = &type},
        {"--if-none-exist", .value = &if_none_exist},
        {"--pretty", .flag = &pretty},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_post, argc, argv, table, &operands, 1, 1, &code)) {
        return code;
    }
    if (operands.at[0][0] != '/' || !data_path) {
        return skeym_cli_usage(&skeym_command_post,
                               data_path ? "PATH begins with a slash" : "--data FILE is missing");
    }
    if (if_none_exist && !if_none_exist[0]) { /* a script's empty variable: never a plain POST */
        return skeym_cli_usage(&skeym_command_post, "--if-none-exist takes a query");
    }
    if (node.open_form && if_none_exist) {
        return skeym_cli_usage(&skeym_command_post,
                               "--if-none-exist needs the sealed form: not with --open");
    }
    enum skeym_error error = read_data(&data, &size, data_path);
    if (error == SKEYM_ERR_SIZE) {
        code = skeym_cli_say("post", "%s: more than 16 MiB", data_path);
    } else if (error != SKEYM_OK) {
        code = skeym_cli_fail("post", data_path, error);
    } else if (skeym_node_options_open(&node, &code)) {
        struct skeym_closed request = {
            .method = skeym_span_text("POST"),
            .target = skeym_span_text(operands.at[0]),
            .content_type = skeym_span_text(type ? type : "application/fhir+json"),
            .if_none_exist = skeym_span_text(if_none_exist),
            .body = skeym_span(data, size),
        };
        code = skeym_node_options_request(&node, &request, pretty || isatty(STDOUT_FILENO));
    }
    skeym_node_options_close(&node);
    if (data) {
        skeym_crypto_wipe(data, size);
        free(data);
    }
    return code;
}

const struct skeym_command skeym_command_post = {"post", "writes to a server, as a node", usage,
                                                 run};
