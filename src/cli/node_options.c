/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/node_options.h"
#include "crypto/crypto.h"
#include "node/chain.h"
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

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

static enum skeym_error load(struct skeym_node_options *options)
{
    bool locked = false;
    bool key_locked = false;
    char *passphrase = NULL;
    size_t size = 0;
    enum skeym_error error = skeym_credential_locked(&locked, options->as);
    if (error == SKEYM_OK && options->key) {
        error = skeym_credential_locked(&key_locked, options->key);
    }
    if (error == SKEYM_OK && (locked || key_locked)) {
        error = skeym_cli_passphrase(&passphrase, &size, options->passphrase_file, false);
    }
    if (error == SKEYM_OK) {
        error = skeym_credential_load(&options->credential, options->as, options->key,
                                      skeym_span(passphrase, size));
    }
    if (passphrase) {
        skeym_crypto_wipe(passphrase, size);
        free(passphrase);
    }
    return error;
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

bool skeym_node_options_open(struct skeym_node_options *options, int *code)
{
    const char *name = options->command->name;
    if (!options->as) {
        *code = skeym_cli_usage(options->command, "--as FILE is missing");
        return false;
    }
    enum skeym_error error = load(options);
    if (error == SKEYM_ERR_STATE) {
        *code = skeym_cli_say(name, "%s: its private key is in a file of its own: name it by --key",
                              options->as);
        return false;
    }
    if (error != SKEYM_OK) {
        *code = skeym_cli_fail(name, options->as, error);
        return false;
    }
    error = connect_to(options);
    if (error == SKEYM_ERR_TLS) {
        *code = skeym_cli_say(name,
                              "%s: plain HTTP to another host is refused: use https, or "
                              "--allow-plaintext-network",
                              options->server);
        return false;
    }
    if (error != SKEYM_OK) {
        *code = skeym_cli_fail(name, options->server, error);
        return false;
    }
    if (options->chain) {
        bool found;
        error = skeym_chain_take(options->chain, &options->credential, options->server,
                                 options->session, &found);
    }
    if (error != SKEYM_OK) {
        *code = skeym_cli_fail(name, options->chain, error);
        options->chain = NULL; /* and do not write to it either */
        return false;
    }
    return true;
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
                (void)skeym_cli_fail(name, options->chain, error);
            }
        }
        if (figures.unsaved > 0) {
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
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *object = NULL;
    if (tokener && body.size <= INT32_MAX) {
        object = json_tokener_parse_ex(tokener, (const char *)body.data, (int)body.size);
    }
    if (object) {
        puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
                                                        JSON_C_TO_STRING_SPACED |
                                                        JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(object);
    }
    if (tokener) {
        json_tokener_free(tokener);
    }
    return object != NULL;
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

static int explain(const struct skeym_node_options *options, enum skeym_error error, bool maybe)
{
    const char *name = options->command->name;
    if (error == SKEYM_ERR_PERMISSION) {
        (void)skeym_cli_say(name,
                            "%s does not admit this node: it is revoked, expired, or unknown "
                            "there",
                            options->server);
    } else {
        (void)skeym_cli_fail(name, options->server, error);
    }
    if (maybe) {
        (void)skeym_cli_say(name, "the request may have been executed all the same");
    }
    return SKEYM_EXIT_FAILED;
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
        return explain(options, error, maybe);
    }
    struct skeym_span body = skeym_span(answer.body, answer.body_size);
    if (body.size > 0 && !(pretty && print_pretty(body)) &&
        (fwrite(body.data, 1, body.size, stdout) != body.size || fflush(stdout) != 0)) {
        code = skeym_cli_fail(options->command->name, "standard output", SKEYM_ERR_IO);
    }
    if (answer.status < 200 || answer.status > 299) {
        code = skeym_node_options_refused(options, answer.status);
    }
    skeym_session_answer_free(&answer);
    return code;
}
