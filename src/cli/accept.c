/* SPDX-License-Identifier: Apache-2.0 */
#include "node/accept.h"
#include "cli/cli.h"
#include "cli/cli_invite.h"
#include "cli/node_options.h"
#include "crypto/crypto.h"
#include "node/http.h"
#include "node/http_ca.h"
#include "server/home.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PENDING_SUFFIX ".pending-key"
enum { PATH_BYTES = 4096, WAIT_MS = 10000 };

static const char usage[] =
    "usage: skeym accept -o FILE [--code-file FILE] [--server URL] [--tls-ca FILE]\n"
    "                    [--allow-plaintext-network] [--proxy-from-env]\n"
    "                    [--passphrase-file FILE | --no-passphrase]\n"
    "\n"
    "Enrols this node over the network by an invitation ('skeym enrol NODE --invite'): makes its\n"
    "key pair here, asks the server, and writes the credential file. The link or its code is\n"
    "read from standard input unless a file is named; never from an argument, where others on\n"
    "this machine could see it.\n"
    "\n"
    "An invitation works once, with one key. The key is kept in FILE" PENDING_SUFFIX " until the\n"
    "credential is there: if the answer is lost, run the same command again.\n"
    "\n"
    "  -o FILE                    where the credential goes (mode 0600); must not exist yet\n"
    "  --code-file FILE           the link or its code, in a file that only its owner may read\n"
    "  --server URL               where the server is (default: the link's)\n"
    "  --tls-ca FILE              trust these certificates (PEM) instead of the system's\n"
    "  --allow-plaintext-network  allow http:// to a host that is not this one\n"
    "  --proxy-from-env           heed https_proxy and the like\n"
    "  --passphrase-file FILE     take the passphrase from a file that only its owner may read\n"
    "  --no-passphrase            no passphrase: for devices that start by themselves\n"
    "\n"
    "Without either of the last two, the passphrase is asked for on the terminal.\n";

struct options {
    const char *output, *code_path, *server, *tls_ca, *passphrase_path;
    bool plaintext_network, proxy_from_env, no_passphrase;
    char pending[PATH_BYTES];
};

static int wrong(const char *why)
{
    return skeym_cli_usage(&skeym_command_accept, why);
}

static bool read_options(struct options *options, int argc, char **argv, int *code)
{
    struct skeym_cli_words operands;
    const struct skeym_cli_option table[] = {
        {"-o", .value = &options->output},
        {"--code-file", .value = &options->code_path},
        {"--server", .value = &options->server},
        {"--tls-ca", .value = &options->tls_ca},
        {"--allow-plaintext-network", .flag = &options->plaintext_network},
        {"--proxy-from-env", .flag = &options->proxy_from_env},
        {"--passphrase-file", .value = &options->passphrase_path},
        {"--no-passphrase", .flag = &options->no_passphrase},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_accept, argc, argv, table, &operands, 0, 0, code)) {
        return false;
    }
    *code = !options->output ? wrong("-o FILE is missing")
            : !options->output[0] || strcmp(options->output, "-") == 0
                ? wrong("-o takes a file: a credential is no output to look at")
            : strlen(options->output) > PATH_BYTES - sizeof PENDING_SUFFIX
                ? wrong("-o FILE: too long a name")
                : SKEYM_EXIT_OK;
    if (*code == SKEYM_EXIT_OK) {
        (void)snprintf(options->pending, sizeof options->pending, "%s" PENDING_SUFFIX,
                       options->output);
    }
    return *code == SKEYM_EXIT_OK;
}

/* --- the code ---------------------------------------------------------------------- */

/* Standard input to its end, or to the end of its first line; past stdio, which would keep it. */
static enum skeym_error read_input(char *text, size_t room, size_t *size)
{
    *size = 0;
    for (;;) {
        char byte = 0;
        ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return SKEYM_ERR_IO;
        }
        if (got == 0 || byte == '\n') {
            return SKEYM_OK;
        }
        if (*size == room) {
            return SKEYM_ERR_SIZE;
        }
        text[(*size)++] = byte;
    }
}

static enum skeym_error read_text(char *text, size_t room, size_t *size, const char *path)
{
    uint8_t *data = NULL;
    if (!path || strcmp(path, "-") == 0) {
        return read_input(text, room, size);
    }
    *size = 0;
    enum skeym_error error = skeym_home_read_file(&data, size, path, room, true);
    if (error == SKEYM_OK) {
        memcpy(text, data, *size);
        skeym_crypto_wipe(data, *size);
        free(data);
    }
    return error;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A link's server goes to the front of text, with a NUL; *code is a view of what is behind it. */
static struct skeym_span split_link(char *text, size_t size, const char **server)
{
    static const char path[] = SKEYM_CLI_INVITE_PATH;
    while (size > 0 && is_space(text[size - 1])) {
        size--;
    }
    while (size > 0 && is_space(text[0])) {
        text++;
        size--;
    }
    const char *at = memmem(text, size, path, sizeof path - 1);
    if (!at) {
        return skeym_span(text, size);
    }
    size_t before = (size_t)(at - text);
    text[before] = '\0';
    *server = text;
    size_t skip = before + sizeof path - 1;
    return skeym_span(text + skip, size - skip);
}

static int say_code(enum skeym_error error)
{
    return skeym_cli_say("accept",
                         "this is no invitation, or not all of it (%s): it is the link that 'skeym "
                         "enrol --invite' printed, or what is behind its '#invite='",
                         skeym_error_text(error));
}

/* text keeps the server's address that a link has brought. */
static int read_code(struct skeym_invite_code *code, char *text, size_t room,
                     struct options *options)
{
    size_t size = 0;
    const char *server = NULL;
    if (!options->code_path && isatty(STDIN_FILENO)) {
        fprintf(stderr, "The link, or its code: ");
    }
    enum skeym_error error = read_text(text, room, &size, options->code_path);
    if (error != SKEYM_OK && options->code_path) {
        return skeym_cli_fail("accept", options->code_path, error);
    }
    if (error == SKEYM_OK) {
        error = skeym_invite_code_read(code, split_link(text, size, &server));
    }
    if (error != SKEYM_OK) {
        return say_code(error);
    }
    options->server = options->server ? options->server : server;
    if (!options->server) {
        return wrong("--server is missing: a code alone does not say where the server is");
    }
    error = skeym_http_check(options->server, options->plaintext_network);
    return error == SKEYM_OK ? SKEYM_EXIT_OK
                             : skeym_node_options_address("accept", options->server, error);
}

/* --- the key ------------------------------------------------------------------------- */

static int say_pending(const char *path, enum skeym_error error)
{
    if (error == SKEYM_ERR_PASSPHRASE) {
        return skeym_cli_say("accept",
                             "%s: the key of an earlier try has another passphrase: give that one, "
                             "or remove the file and ask for a new invitation",
                             path);
    }
    return skeym_cli_fail("accept", path, error);
}

/* The one of an earlier try, or a new one that is kept before anybody hears of it. */
static int find_key(struct skeym_credential_file *file, const char *path,
                    struct skeym_span passphrase)
{
    enum skeym_error error = skeym_credential_key_load(file->keys.private_key, path, passphrase);
    if (error == SKEYM_ERR_MISSING) {
        error = skeym_crypto_random(file->keys.private_key, sizeof file->keys.private_key);
        if (error == SKEYM_OK) {
            error = skeym_credential_key_save(path, file->keys.private_key, passphrase);
        }
    }
    return error == SKEYM_OK ? SKEYM_EXIT_OK : say_pending(path, error);
}

static int prepare(struct skeym_credential_file *file, const struct options *options)
{
    char *passphrase = NULL;
    size_t size = 0;
    if (!skeym_cli_new_passphrase(&passphrase, &size, "accept", options->passphrase_path,
                                  options->no_passphrase)) {
        return SKEYM_EXIT_FAILED;
    }
    int code = find_key(file, options->pending, skeym_span(passphrase, size));
    if (code == SKEYM_EXIT_OK && passphrase) {
        enum skeym_error error = skeym_credential_lock(file, skeym_span(passphrase, size));
        code = error == SKEYM_OK ? SKEYM_EXIT_OK : skeym_cli_fail("accept", "passphrase", error);
    }
    if (passphrase) {
        skeym_crypto_wipe(passphrase, size);
        free(passphrase);
    }
    return code;
}

/* --- the exchange ---------------------------------------------------------------------- */

static int say_refused(const struct options *options, enum skeym_error error,
                       const struct skeym_http *http)
{
    const char *problem = skeym_http_problem(http);
    switch (error) {
    case SKEYM_ERR_PERMISSION:
        return skeym_cli_say("accept",
                             "not admitted: the invitation is used up, expired or revoked, or it "
                             "is another server's; ask for a new one");
    case SKEYM_ERR_HANDSHAKE:
        return skeym_cli_say("accept", "%s is not the server that the invitation is from",
                             options->server);
    case SKEYM_ERR_CLOCK:
    case SKEYM_ERR_RATE:
    case SKEYM_ERR_BUSY:
    case SKEYM_ERR_SHAPE:
        return skeym_cli_fail("accept", options->server, error);
    default:
        (void)skeym_cli_say("accept", "%s: %s%s%s", options->server, skeym_error_text(error),
                            problem[0] ? ": " : "", problem);
        return skeym_cli_say("accept", "run the same command again: the key is in %s",
                             options->pending);
    }
}

static void report(const struct options *options, const struct skeym_node_claims *claims)
{
    char until[SKEYM_CLI_TIME_BYTES];
    char name[SKEYM_NODE_ID_BYTES + 1];
    skeym_cli_time(until, claims->not_after);
    skeym_cli_name(name, &claims->id);
    printf("Enrolled as %s, a %s, generation %u, until %s.\nIts credential is %s.\n", name,
           skeym_role_name(claims->role), (unsigned)claims->generation, until, options->output);
}

static int enrol(struct skeym_credential_file *file, const struct skeym_invite_code *code,
                 const struct options *options)
{
    struct skeym_http *http = NULL;
    struct skeym_node_claims claims;
    const struct skeym_http_options network = {.server = options->server,
                                               .ca_file = options->tls_ca,
                                               .plaintext_network = options->plaintext_network,
                                               .proxy_from_env = options->proxy_from_env};
    enum skeym_error error = options->tls_ca ? skeym_http_ca_check(options->tls_ca) : SKEYM_OK;
    if (error != SKEYM_OK) {
        return skeym_cli_fail("accept", options->tls_ca, error);
    }
    error = skeym_http_new(&http, &network);
    if (error != SKEYM_OK) {
        return skeym_cli_fail("accept", options->server, error);
    }
    const struct skeym_accept_options how = {
        .code = code, .transport = skeym_http_send, .transport_arg = http, .wait_most_ms = WAIT_MS};
    error = skeym_accept(file, &claims, &how);
    int result = error == SKEYM_OK ? SKEYM_EXIT_OK : say_refused(options, error, http);
    skeym_http_free(http);
    if (error == SKEYM_OK) {
        memcpy(file->server, options->server, strlen(options->server) + 1);
        error = skeym_credential_save(file, options->output, true);
        if (error != SKEYM_OK) {
            return skeym_cli_fail("accept", options->output, error);
        }
        (void)unlink(options->pending);
        report(options, &claims);
    }
    return result;
}

static int run(int argc, char **argv)
{
    struct options options = {0};
    struct skeym_invite_code code;
    struct skeym_credential_file file;
    char text[SKEYM_CLI_INVITE_LINK_BYTES + 64] = {0};
    int result;
    memset(&file, 0, sizeof file);
    memset(&code, 0, sizeof code);
    if (!read_options(&options, argc, argv, &result)) {
        return result;
    }
    if (access(options.output, F_OK) == 0) {
        return skeym_cli_fail("accept", options.output, SKEYM_ERR_EXISTS);
    }
    result = read_code(&code, text, sizeof text - 1, &options);
    if (result == SKEYM_EXIT_OK) {
        result = prepare(&file, &options);
    }
    if (result == SKEYM_EXIT_OK) {
        result = enrol(&file, &code, &options);
    }
    skeym_credential_wipe(&file);
    skeym_crypto_wipe(&code, sizeof code);
    skeym_crypto_wipe(text, sizeof text);
    return result;
}

const struct skeym_command skeym_command_accept = {
    "accept", "enrols this node over the network, by an invitation", usage, run};
