/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of a node (get, post, device) have in common: their options, and the session
 * that these open. */
#ifndef SKEYM_CLI_NODE_OPTIONS_H
#define SKEYM_CLI_NODE_OPTIONS_H

#include "cli/cli.h"
#include "node/http.h"

/* SECRET inside once it is open. It does not move then: the session points into it. */
struct skeym_node_options {
    const char *as;
    const char *key;
    const char *server; /* after opening: the one in use */
    const char *passphrase_file;
    const char *tls_ca;
    const char *chain;
    bool plaintext_network;
    bool proxy_from_env;
    bool open_form;
    bool show_wire;
    bool verbose;
    bool warned; /* of a credential that could not be written */
    /* set by the command, not by an option */
    const struct skeym_command *command;
    bool repeatable;
    uint32_t timeout_ms;
    uint32_t wait_most_ms;
    /* what is open */
    struct skeym_credential_file credential;
    struct skeym_http *http;
    struct skeym_session *session;
};

/* Rows for a command's table. */
#define SKEYM_NODE_OPTIONS(o)                                                                      \
    {"--as", .value = &(o)->as}, {"--key", .value = &(o)->key},                                    \
        {"--server", .value = &(o)->server},                                                       \
        {"--passphrase-file", .value = &(o)->passphrase_file},                                     \
        {"--tls-ca", .value = &(o)->tls_ca},                                                       \
        {"--allow-plaintext-network", .flag = &(o)->plaintext_network},                            \
        {"--proxy-from-env", .flag = &(o)->proxy_from_env}, {"--open", .flag = &(o)->open_form},   \
        {"--show-wire", .flag = &(o)->show_wire},                                                  \
    {                                                                                              \
        "--verbose", .flag = &(o)->verbose                                                         \
    }

#define SKEYM_NODE_OPTIONS_USAGE                                                                   \
    "  --as FILE                  the node's credential file (skeym enrol)\n"                      \
    "  --key FILE                 the node's private key, if it is in a file of its own\n"         \
    "  --passphrase-file FILE     take the passphrase from a file that only its owner reads\n"     \
    "  --server URL               instead of the credential's server\n"                            \
    "  --tls-ca FILE              trust these certificates (PEM) instead of the system's\n"        \
    "  --allow-plaintext-network  allow http:// to a host that is not this one\n"                  \
    "  --proxy-from-env           heed https_proxy and the like\n"                                 \
    "  --open                     show method and target to the network (they are sealed else)\n"  \
    "  --show-wire                say on stderr what an eavesdropper saw, and what it meant\n"     \
    "  --verbose                  say on stderr how often it logged in\n"

/* What is wrong with a server's address (skeym_http_check), said. Returns SKEYM_EXIT_FAILED. */
int skeym_node_options_address(const char *command, const char *server, enum skeym_error error);

/* Reads the credential (asking for a passphrase when there is need) and makes the session. On a
 * failure it has said why, on stderr, and *code is the exit code. Close it in any case. */
SKEYM_MUST_USE bool skeym_node_options_open(struct skeym_node_options *options, int *code);
/* Keeps live tokens in the chain file when there is one; frees and wipes. */
void skeym_node_options_close(struct skeym_node_options *options);

/* One request, told: the body to stdout (pretty: indented, when it is JSON), a status that is not
 * 2xx to stderr. Repeats it once if its answer was lost and it is a GET. Returns the exit code. */
int skeym_node_options_request(struct skeym_node_options *options,
                               const struct skeym_closed *request, bool pretty);
/* Warns, once, when the server renewed the credential and the file could not be written: it dies
 * when the old enrol key is retired. For commands that run for long; closing does it too. */
void skeym_node_options_warn(struct skeym_node_options *options);
/* An exchange that brought no answer, said. Returns SKEYM_EXIT_FAILED. */
int skeym_node_options_failed(const struct skeym_node_options *options, enum skeym_error error);
/* A refusal, said: "skeym get: 404 Not Found". Returns SKEYM_EXIT_FAILED. */
int skeym_node_options_refused(const struct skeym_node_options *options, int status);

#endif
