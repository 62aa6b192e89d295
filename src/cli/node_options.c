/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/node_options.h"
#include "crypto/crypto.h"
#include "node/chain.h"
#include "node/http_ca.h"
#include "server/audit.h"
#include "json/json_read.h"
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHAIN_LANES 4
#define SHOWN_CHARS 72
#define SHOWN_CLEAR 240

/* --- what an eavesdropper saw ------------------------------------------------ */

/* At most `most` bytes of it, on one line, nothing that a terminal would obey. */
static void show_bytes(const char *side, const char *name, struct skeym_span bytes, size_t most)
{
    fprintf(stderr, "%s%s", side, name);
    for (size_t i = 0; i < bytes.size && i < most; i++) {
        uint8_t c = bytes.data[i];
        fputc(c >= 0x20 && c <= 0x7e ? c : '.', stderr);
    }
    if (bytes.size > most) {
        fprintf(stderr, "... (%zu bytes)", bytes.size);
    }
    fputc('\n', stderr);
}

static void show_field(const char *side, const char *name, const char *value)
{
    if (value && value[0]) {
        show_bytes(side, name, skeym_span_text(value), SHOWN_CHARS);
    }
}

static void show_clear(const struct skeym_closed *clear)
{
    static const char side[] = "     means ";
    if (!clear) {
        show_bytes(side, "a login", (struct skeym_span){0}, 0);
        return;
    }
    fprintf(stderr, "%s%.*s ", side, (int)clear->method.size, (const char *)clear->method.data);
    show_bytes("", "", clear->target, SHOWN_CLEAR);
    if (clear->body.size > 0) {
        show_bytes(side, "", clear->body, SHOWN_CLEAR);
    }
}

static void show_wire(void *arg, const struct skeym_wire_request *request,
                      const struct skeym_wire_answer *answer, const struct skeym_closed *clear,
                      struct skeym_span clear_answer)
{
    static const char out[] = "wire ----> ";
    static const char in[] = "wire <---- ";
    (void)arg;
    fprintf(stderr, "%s%s %s\n", out, request->method, request->target);
    show_field(out, "Content-Type: ", request->content_type);
    show_field(out, "Authorization: ", request->authorization);
    show_field(out, "SkeyM-Proof: ", request->proof);
    if (request->body.size > 0) {
        show_bytes(out, "", request->body, SHOWN_CHARS);
    }
    show_clear(clear);
    if (answer->status == 0) {
        fprintf(stderr, "%sno answer\n", in);
        return;
    }
    fprintf(stderr, "%s%d\n", in, answer->status);
    show_field(in, "Content-Type: ", answer->content_type);
    show_field(in, "SkeyM-Next: ", answer->next);
    show_bytes(in, "", skeym_span(answer->body, answer->body_size), SHOWN_CHARS);
    if (clear_answer.size > 0) {
        show_bytes("     means ", "", clear_answer, SHOWN_CLEAR);
    }
}

/* --- life ----------------------------------------------------------------------- */

/* Says what is wrong and returns false. */
static bool load(struct skeym_node_options *options)
{
    const char *name = options->command->name;
    bool locked = false;
    bool key_locked = false;
    char *passphrase = NULL;
    size_t size = 0;
    const char *what = options->as;
    enum skeym_error error = skeym_credential_locked(&locked, options->as);
    if (error == SKEYM_OK && options->key) {
        what = options->key;
        error = skeym_credential_locked(&key_locked, options->key);
    }
    if (error != SKEYM_OK) {
        (void)skeym_cli_fail(name, what, error);
        return false;
    }
    if ((locked || key_locked) &&
        !skeym_cli_old_passphrase(&passphrase, &size, name, locked ? options->as : options->key,
                                  options->passphrase_file)) {
        return false;
    }
    error = skeym_credential_load(&options->credential, options->as, options->key,
                                  skeym_span(passphrase, size));
    if (passphrase) {
        skeym_crypto_wipe(passphrase, size);
        free(passphrase);
    }
    if (error == SKEYM_ERR_STATE) {
        (void)skeym_cli_say(name, "%s: its private key is in a file of its own: name it by --key",
                            options->as);
    } else if (error == SKEYM_ERR_CONFLICT) {
        (void)skeym_cli_say(name, "%s: --key %s is not this node's, or the credential has its own",
                            options->as, options->key);
    } else if (error != SKEYM_OK) {
        (void)skeym_cli_fail(name, options->as, error);
    }
    return error == SKEYM_OK;
}

static bool check_ca(const struct skeym_node_options *options)
{
    enum skeym_error error = options->tls_ca ? skeym_http_ca_check(options->tls_ca) : SKEYM_OK;
    if (error == SKEYM_ERR_SHAPE) {
        (void)skeym_cli_say(options->command->name,
                            "--tls-ca %s: there is no certificate in PEM in it, or one of them "
                            "is damaged",
                            options->tls_ca);
    } else if (error != SKEYM_OK) {
        (void)skeym_cli_say(options->command->name, "--tls-ca %s: %s", options->tls_ca,
                            skeym_error_text(error));
    }
    return error == SKEYM_OK;
}

static void explain_chain(const struct skeym_node_options *options, enum skeym_error error)
{
    static const struct {
        enum skeym_error error;
        const char *text;
    } table[] = {
        {SKEYM_ERR_SHAPE, "this is not a chain file, and not empty: it was left as it is; name "
                          "another"},
        {SKEYM_ERR_CONFLICT, "it holds the tokens of another node: each node needs one of its "
                             "own"},
        {SKEYM_ERR_AUDIENCE, "it holds tokens for another server: each server needs one of its "
                             "own"},
        {SKEYM_ERR_MODE, "others may read or write it, or it has a second name: it may have been "
                         "read; remove it"},
    };
    const char *text = skeym_error_text(error);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        text = table[i].error == error ? table[i].text : text;
    }
    (void)skeym_cli_say(options->command->name, "--chain %s: %s", options->chain, text);
}

static enum skeym_error connect_to(struct skeym_node_options *options)
{
    if (!options->server) {
        options->server = options->credential.server;
    }
    enum skeym_error error =
        skeym_http_new(&options->http, &(struct skeym_http_options){
                                           .server = options->server,
                                           .ca_file = options->tls_ca,
                                           .plaintext_network = options->plaintext_network,
                                           .proxy_from_env = options->proxy_from_env,
                                           .timeout_ms = options->timeout_ms,
                                       });
    if (error != SKEYM_OK) {
        return error;
    }
    return skeym_session_new(&options->session,
                             &(struct skeym_session_options){
                                 .credential = &options->credential,
                                 .credential_path = options->as,
                                 .transport = skeym_http_send,
                                 .transport_arg = options->http,
                                 .lanes = options->chain ? CHAIN_LANES : 1,
                                 .open_form = options->open_form,
                                 .repeatable = options->repeatable,
                                 .wait_most_ms = options->wait_most_ms,
                                 .observe = options->show_wire ? show_wire : NULL,
                             });
}

int skeym_node_options_address(const char *command, const char *server, enum skeym_error error)
{
    switch (error) {
    case SKEYM_ERR_TLS:
        return skeym_cli_say(command,
                             "%s: plain HTTP to another host is refused: use https, or "
                             "--allow-plaintext-network",
                             server);
    case SKEYM_ERR_SHAPE:
    case SKEYM_ERR_UNSUPPORTED:
        return skeym_cli_say(command,
                             "%s: a server's address is https://HOST[:PORT], with nothing behind "
                             "it",
                             server);
    default:
        return skeym_cli_fail(command, server, error);
    }
}

bool skeym_node_options_open(struct skeym_node_options *options, int *code)
{
    if (!options->as) {
        *code = skeym_cli_usage(options->command, "--as FILE is missing");
        return false;
    }
    *code = SKEYM_EXIT_FAILED;
    if (!check_ca(options) || !load(options)) {
        return false;
    }
    enum skeym_error error = connect_to(options);
    if (error != SKEYM_OK) {
        *code = skeym_node_options_address(options->command->name, options->server, error);
        return false;
    }
    if (options->chain) {
        bool found;
        error = skeym_chain_take(options->chain, &options->credential, options->server,
                                 options->session, &found);
    }
    if (error != SKEYM_OK) {
        explain_chain(options, error);
        options->chain = NULL; /* and do not write to it either */
        return false;
    }
    return true;
}

void skeym_node_options_warn(struct skeym_node_options *options)
{
    struct skeym_session_figures figures = skeym_session_figures(options->session);
    if (figures.renewed_unsaved && !options->warned) {
        (void)skeym_cli_say(options->command->name,
                            "WARNING: the server renewed this node's credential, and %s could not "
                            "be written (%s). What is in it works only until its enrol key is "
                            "retired; then this node must be enrolled anew. Make the file and its "
                            "folder writable, and log in once more before that.",
                            options->as, skeym_error_text(figures.save_error));
        options->warned = true;
    }
}

void skeym_node_options_close(struct skeym_node_options *options)
{
    const char *name = options->command->name;
    if (options->session) {
        struct skeym_session_figures figures = skeym_session_figures(options->session);
        if (options->chain) {
            enum skeym_error error = skeym_chain_put(options->chain, &options->credential,
                                                     options->server, options->session);
            if (error != SKEYM_OK) {
                explain_chain(options, error);
            }
        }
        skeym_node_options_warn(options);
        if (figures.unsaved > 0 && !options->warned) {
            (void)skeym_cli_say(name, "%s: the fresh locator was not saved (%s); the old one works",
                                options->as, skeym_error_text(figures.save_error));
        }
        if (options->verbose) {
            fprintf(stderr,
                    "skeym %s: %llu logins, %llu requests, %llu tokens refused, %llu lost\n", name,
                    (unsigned long long)figures.logins, (unsigned long long)figures.requests,
                    (unsigned long long)figures.refused, (unsigned long long)figures.lost);
        }
    }
    skeym_session_free(options->session);
    skeym_http_free(options->http);
    skeym_credential_wipe(&options->credential);
    options->session = NULL;
    options->http = NULL;
}

/* --- one request -------------------------------------------------------------------- */

static bool print_pretty(struct skeym_span body)
{
    struct json_object *object = NULL;
    if (skeym_json_read(&object, body, &skeym_json_read_ours, NULL) != SKEYM_OK) {
        return false;
    }
    const char *text = skeym_audit_print(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                     JSON_C_TO_STRING_NOSLASHESCAPE);
    bool told = object && text && puts(text) >= 0;
    json_object_put(object);
    return told;
}

int skeym_node_options_refused(const struct skeym_node_options *options, int status)
{
    static const struct {
        int status;
        const char *text;
    } table[] = {
        {304, "Not Modified"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media"},
        {422, "Unprocessable"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {507, "Insufficient Storage"},
    };
    const char *text = "refused";
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        text = table[i].status == status ? table[i].text : text;
    }
    return skeym_cli_say(options->command->name, "%d %s", status, text);
}

/* By these a server refuses before it executes anything. */
static bool is_refusal(int status)
{
    return status == 401 || status == 413 || status == 429 || status == 431 || status == 503;
}

/* Did the request not even become one? Its writers have these errors; an answer's come with a
 * status, or with words of libcurl. */
static bool is_unwritable(enum skeym_error error, int status, bool maybe, const char *detail)
{
    return status == 0 && !maybe && !detail[0] &&
           (error == SKEYM_ERR_SHAPE || error == SKEYM_ERR_CHARSET || error == SKEYM_ERR_SIZE);
}

/* What went wrong with an exchange; libcurl's own words where there are any. */
static void explain_exchange(const struct skeym_node_options *options, enum skeym_error error,
                             int status, bool maybe)
{
    const char *name = options->command->name;
    const char *detail = skeym_http_problem(options->http);
    if (error == SKEYM_ERR_PERMISSION) {
        (void)skeym_cli_say(name,
                            "%s does not admit this node: it is revoked, expired, or unknown "
                            "there",
                            options->server);
    } else if (error == SKEYM_ERR_SIZE && status >= 400) {
        (void)skeym_cli_say(name, "%s: %s is too large for the server (%d)", options->server,
                            status == 413 ? "the request" : "the head of the request", status);
    } else if (error == SKEYM_ERR_SIZE && (maybe || detail[0])) {
        (void)skeym_cli_say(name, "%s: the answer is too large", options->server);
    } else if (is_unwritable(error, status, maybe, detail)) {
        (void)skeym_cli_say(name,
                            "the request cannot be sent: a path, a query and a media type are "
                            "visible ASCII, at most 4096 characters, all else as %%XX");
    } else if (error == SKEYM_ERR_HANDSHAKE && status != 0) {
        (void)skeym_cli_say(name,
                            "%s is not the server that this node's credential is from (it answered "
                            "the login by %d)",
                            options->server, status);
    } else if (error == SKEYM_ERR_SEAL && status != 0) {
        (void)skeym_cli_say(name,
                            "%s: the answer (%d) does not open: it is not sealed, or was changed "
                            "on the way",
                            options->server, status);
    } else if (error == SKEYM_ERR_NETWORK && status != 0) {
        (void)skeym_cli_say(name, "%s: no SkeyM server answers there (%d came)", options->server,
                            status);
    } else if (status == 0 && detail[0]) {
        (void)skeym_cli_say(name, "%s: %s: %s", options->server, skeym_error_text(error), detail);
    } else {
        (void)skeym_cli_fail(name, options->server, error);
    }
}

int skeym_node_options_failed(const struct skeym_node_options *options, enum skeym_error error)
{
    explain_exchange(options, error, skeym_session_figures(options->session).refused_status, false);
    return SKEYM_EXIT_FAILED;
}

static int explain(const struct skeym_node_options *options, const struct skeym_closed *request,
                   enum skeym_error error, bool maybe)
{
    int status = skeym_session_figures(options->session).refused_status;
    explain_exchange(options, error, status, maybe);
    if (maybe && !is_refusal(status) && !skeym_span_is(request->method, "GET")) {
        (void)skeym_cli_say(options->command->name,
                            "the request may have been executed all the same");
    }
    return SKEYM_EXIT_FAILED;
}

/* Whether a message comes to stand right behind the body, as with 2>&1. */
static bool is_same_output(void)
{
    struct stat out;
    struct stat err;
    return fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
           out.st_dev == err.st_dev && out.st_ino == err.st_ino;
}

int skeym_node_options_request(struct skeym_node_options *options,
                               const struct skeym_closed *request, bool pretty)
{
    struct skeym_session_answer answer;
    bool maybe = false;
    int code = SKEYM_EXIT_OK;
    enum skeym_error error = skeym_session_request(options->session, request, &answer, &maybe);
    if (error == SKEYM_ERR_NETWORK && maybe && skeym_span_is(request->method, "GET")) {
        error = skeym_session_request(options->session, request, &answer, &maybe);
    }
    if (error != SKEYM_OK) {
        return explain(options, request, error, maybe);
    }
    struct skeym_span body = skeym_span(answer.body, answer.body_size);
    bool told = pretty && body.size > 0 && print_pretty(body); /* with a line's end */
    if (body.size > 0 && !told &&
        (fwrite(body.data, 1, body.size, stdout) != body.size || fflush(stdout) != 0)) {
        code = skeym_cli_fail(options->command->name, "standard output", SKEYM_ERR_IO);
    }
    if (answer.status < 200 || answer.status > 299) {
        if (!told && body.size > 0 && body.data[body.size - 1] != '\n' && is_same_output()) {
            fputc('\n', stderr);
        }
        code = skeym_node_options_refused(options, answer.status);
    }
    skeym_session_answer_free(&answer);
    return code;
}
