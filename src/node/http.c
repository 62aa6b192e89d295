/* SPDX-License-Identifier: Apache-2.0 */
#include "node/http.h"
#include "crypto/crypto.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIELD_BYTES        (SKEYM_TARGET_BYTES + 64) /* one field of a request, at most */
#define ANSWER_HEAD_BYTES  16384
#define CONNECT_TIMEOUT_MS 5000L
#define IDLE_S             20L /* a kept connection older than this is not used again */

struct skeym_http {
    CURL *curl;
    char base[SKEYM_URL_BYTES + 1];
    size_t answer_max;
    /* of the exchange under way */
    struct skeym_wire_answer *answer;
    size_t room; /* of answer->body */
    size_t head; /* bytes of the answer's head so far */
    unsigned starts;
    bool has_next;
    bool has_type;
    enum skeym_error error; /* what a callback found */
    char problem[CURL_ERROR_SIZE];
};

/* --- addresses ------------------------------------------------------------ */

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    size_t size = strlen(host);
    if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0) {
        return true; /* libcurl itself knows where localhost is */
    }
    return size < INET_ADDRSTRLEN && inet_pton(AF_INET, host, &v4) == 1 &&
           (ntohl(v4.s_addr) >> 24) == 127;
}

static enum skeym_error take_part(char **out, CURLU *url, CURLUPart part)
{
    CURLUcode code = curl_url_get(url, part, out, 0);
    if (code == CURLUE_OUT_OF_MEMORY) {
        return SKEYM_ERR_MEMORY;
    }
    return code == CURLUE_OK ? SKEYM_OK : SKEYM_ERR_SHAPE;
}

/* Only an origin: names, passwords, queries and fragments have no place in it, and a path would
 * change the target that the proof covers. */
static enum skeym_error check_parts(CURLU *url, bool plaintext_network)
{
    static const CURLUPart none[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                     CURLUPART_QUERY, CURLUPART_FRAGMENT};
    char *scheme = NULL;
    char *host = NULL;
    char *path = NULL;
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        char *part = NULL;
        if (take_part(&part, url, none[i]) == SKEYM_OK) {
            error = SKEYM_ERR_SHAPE;
        }
        curl_free(part);
    }
    if (error != SKEYM_OK || (error = take_part(&scheme, url, CURLUPART_SCHEME)) != SKEYM_OK ||
        (error = take_part(&host, url, CURLUPART_HOST)) != SKEYM_OK ||
        (error = take_part(&path, url, CURLUPART_PATH)) != SKEYM_OK) {
        goto out;
    }
    if (strcmp(path, "/") != 0) {
        error = SKEYM_ERR_SHAPE;
    } else if (strcmp(scheme, "http") == 0) {
        error = plaintext_network || is_loopback(host) ? SKEYM_OK : SKEYM_ERR_TLS;
    } else if (strcmp(scheme, "https") != 0) {
        error = SKEYM_ERR_UNSUPPORTED;
    }
out:
    curl_free(scheme);
    curl_free(host);
    curl_free(path);
    return error;
}

enum skeym_error skeym_http_check(const char *server, bool plaintext_network)
{
    if (!server || strlen(server) >= SKEYM_URL_BYTES) {
        return SKEYM_ERR_SHAPE;
    }
    CURLU *url = curl_url();
    if (!url) {
        return SKEYM_ERR_MEMORY;
    }
    CURLUcode code = curl_url_set(url, CURLUPART_URL, server, CURLU_NON_SUPPORT_SCHEME);
    enum skeym_error error = code == CURLUE_OK              ? check_parts(url, plaintext_network)
                             : code == CURLUE_OUT_OF_MEMORY ? SKEYM_ERR_MEMORY
                                                            : SKEYM_ERR_SHAPE;
    curl_url_cleanup(url);
    return error;
}

/* --- what libcurl calls ---------------------------------------------------- */

/* Just before a request leaves on a connection. The second time in one exchange would be libcurl's
 * own repetition after a kept connection broke: the first may have been executed. */
static int start(void *arg, char *remote, char *local, /* NOLINT: libcurl's type */
                 int remote_port, int local_port)
{
    struct skeym_http *http = arg;
    (void)remote, (void)local, (void)remote_port, (void)local_port;
    return http->starts++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t fail(struct skeym_http *http, enum skeym_error error)
{
    http->error = error;
    return 0; /* which aborts the transfer */
}

static size_t take_body(char *data, size_t one, size_t count, void *arg)
{
    struct skeym_http *http = arg;
    struct skeym_wire_answer *answer = http->answer;
    (void)one; /* is 1 */
    if (count > http->answer_max - answer->body_size) {
        return fail(http, SKEYM_ERR_SIZE);
    }
    if (count > http->room - answer->body_size) {
        size_t room = http->room ? http->room : 4096;
        while (room - answer->body_size < count) {
            room *= 2; /* at most twice answer_max */
        }
        uint8_t *grown = realloc(answer->body, room);
        if (!grown) {
            return fail(http, SKEYM_ERR_MEMORY);
        }
        answer->body = grown;
        http->room = room;
    }
    memcpy(answer->body + answer->body_size, data, count);
    answer->body_size += count;
    return count;
}

static struct skeym_span trim(struct skeym_span text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = skeym_span_part(text, 1, text.size);
    }
    while (text.size > 0 && strchr(" \t\r\n", text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

/* The value of the field called name, or false. */
static bool is_field(struct skeym_span line, const char *name, struct skeym_span *value)
{
    size_t size = strlen(name);
    if (line.size <= size || line.data[size] != ':' ||
        strncasecmp((const char *)line.data, name, size) != 0) {
        return false;
    }
    *value = trim(skeym_span_part(line, size + 1, line.size));
    return true;
}

static enum skeym_error keep(char *out, size_t room, bool *has, struct skeym_span value)
{
    if (*has || value.size >= room) {
        return SKEYM_ERR_SHAPE;
    }
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7e) {
            return SKEYM_ERR_SHAPE;
        }
    }
    if (value.size > 0) {
        memcpy(out, value.data, value.size);
    }
    out[value.size] = 0;
    *has = true;
    return SKEYM_OK;
}

/* Seconds only: a date would need a clock. Anything else is no hint. */
static uint32_t parse_seconds(struct skeym_span value)
{
    uint32_t seconds = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9' || i >= 6) {
            return 0;
        }
        seconds = seconds * 10 + (uint32_t)(value.data[i] - '0');
    }
    return seconds;
}

static size_t take_field(char *data, size_t one, size_t count, void *arg)
{
    struct skeym_http *http = arg;
    struct skeym_wire_answer *answer = http->answer;
    struct skeym_span line = skeym_span(data, count);
    struct skeym_span value;
    enum skeym_error error = SKEYM_OK;
    (void)one; /* is 1 */
    if (count > ANSWER_HEAD_BYTES - http->head) {
        return fail(http, SKEYM_ERR_SIZE);
    }
    http->head += count;
    if (skeym_span_starts(line, "HTTP/")) { /* also the one after an interim answer */
        http->has_next = http->has_type = false;
        answer->next[0] = answer->content_type[0] = 0;
        answer->retry_after_s = 0;
    } else if (is_field(line, "SkeyM-Next", &value)) {
        error = keep(answer->next, sizeof answer->next, &http->has_next, value);
    } else if (is_field(line, "Content-Type", &value)) {
        error = keep(answer->content_type, sizeof answer->content_type, &http->has_type, value);
    } else if (is_field(line, "Retry-After", &value)) {
        answer->retry_after_s = parse_seconds(value);
    }
    return error == SKEYM_OK ? count : fail(http, error);
}

/* --- requests --------------------------------------------------------------- */

static enum skeym_error add_field(struct curl_slist **list, const char *name, const char *value)
{
    char line[FIELD_BYTES];
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){(uint8_t *)line, sizeof line - 1});
    for (size_t i = 0; value[i]; i++) {
        if (value[i] < 0x20 || value[i] > 0x7e) {
            return SKEYM_ERR_CHARSET;
        }
    }
    skeym_write_text(&writer, name);
    skeym_write_text(&writer, value);
    if (skeym_writer_end(&writer) != SKEYM_OK) {
        return SKEYM_ERR_CHARSET;
    }
    line[writer.size] = 0;
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (!longer) {
        return SKEYM_ERR_MEMORY;
    }
    *list = longer;
    return SKEYM_OK;
}

static enum skeym_error make_fields(struct curl_slist **list,
                                    const struct skeym_wire_request *request)
{
    const struct {
        const char *name;
        const char *value;
    } fields[] = {
        {"Authorization: ", request->authorization},
        {"SkeyM-Proof: ", request->proof},
        {"Content-Type:", request->content_type ? NULL : ""}, /* none, also not libcurl's own */
        {"Content-Type: ", request->content_type},
        {"Expect:", ""},
        {"Accept:", ""},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].value) {
            enum skeym_error error = add_field(list, fields[i].name, fields[i].value);
            if (error != SKEYM_OK) {
                return error;
            }
        }
    }
    return SKEYM_OK;
}

static bool is_visible(const char *text, size_t most)
{
    size_t size = 0;
    for (; text[size]; size++) {
        if (text[size] < 0x21 || text[size] > 0x7e) {
            return false;
        }
    }
    return size > 0 && size <= most;
}

/* Target and method go out byte for byte: the proof covers them. */
static bool set_request(CURL *curl, const struct skeym_wire_request *request,
                        struct curl_slist *fields)
{
    bool has_body = request->body.size > 0;
    bool get = strcmp(request->method, "GET") == 0;
    bool ok = curl_easy_setopt(curl, CURLOPT_POST, has_body || !get ? 1L : 0L) == CURLE_OK &&
              curl_easy_setopt(curl, CURLOPT_REQUEST_TARGET, request->target) == CURLE_OK &&
              curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields) == CURLE_OK;
    if (has_body || !get) {
        const void *body = has_body ? (const void *)request->body.data : "";
        ok = ok && curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
             curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size) ==
                 CURLE_OK;
    } else {
        ok = ok && curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    }
    return ok && curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK;
}

/* A peer may have a hand in libcurl's words (a certificate's name), and they go to a terminal. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        *text = (char)(*text >= 0x20 && *text <= 0x7e ? *text : '.');
    }
}

static enum skeym_error translate(const struct skeym_http *http, CURLcode code)
{
    static const struct {
        CURLcode code;
        enum skeym_error error;
    } table[] = {
        {CURLE_OK, SKEYM_OK},
        {CURLE_OPERATION_TIMEDOUT, SKEYM_ERR_TIMEOUT},
        {CURLE_OUT_OF_MEMORY, SKEYM_ERR_MEMORY},
        {CURLE_SSL_CONNECT_ERROR, SKEYM_ERR_TLS},
        {CURLE_PEER_FAILED_VERIFICATION, SKEYM_ERR_TLS},
        {CURLE_SSL_CERTPROBLEM, SKEYM_ERR_TLS},
        {CURLE_SSL_CIPHER, SKEYM_ERR_TLS},
        {CURLE_SSL_CACERT_BADFILE, SKEYM_ERR_TLS},
        {CURLE_SSL_ISSUER_ERROR, SKEYM_ERR_TLS},
        {CURLE_SSL_ENGINE_INITFAILED, SKEYM_ERR_TLS},
    };
    if (http->error != SKEYM_OK) {
        return http->error;
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].code == code) {
            return table[i].error;
        }
    }
    return SKEYM_ERR_NETWORK;
}

enum skeym_error skeym_http_send(void *arg, const struct skeym_wire_request *request,
                                 struct skeym_wire_answer *answer)
{
    struct skeym_http *http = arg;
    struct curl_slist *fields = NULL;
    long status = 0;
    memset(answer, 0, sizeof *answer);
    answer->unsent = true;
    http->answer = answer;
    http->room = http->head = 0;
    http->starts = 0;
    http->has_next = http->has_type = false;
    http->error = SKEYM_OK;
    http->problem[0] = 0;
    enum skeym_error error = make_fields(&fields, request);
    if (error == SKEYM_OK && (!is_visible(request->method, SKEYM_METHOD_BYTES) ||
                              !is_visible(request->target, SKEYM_TARGET_BYTES))) {
        error = SKEYM_ERR_CHARSET;
    }
    if (error == SKEYM_OK && !set_request(http->curl, request, fields)) {
        error = SKEYM_ERR_MEMORY;
    }
    if (error == SKEYM_OK) {
        error = translate(http, curl_easy_perform(http->curl));
        make_printable(http->problem);
        answer->unsent = http->starts == 0;
        (void)curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    }
    if (error == SKEYM_OK && (status < 200 || status > 599)) {
        error = SKEYM_ERR_SHAPE;
    }
    if (error == SKEYM_OK) {
        answer->status = (int)status;
        answer->unsent = false;
    } else { /* half an answer is none */
        bool unsent = answer->unsent;
        free(answer->body);
        memset(answer, 0, sizeof *answer);
        answer->unsent = unsent;
    }
    (void)curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
    (void)curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, NULL);
    curl_slist_free_all(fields);
    http->answer = NULL;
    return error;
}

/* --- life ---------------------------------------------------------------------- */

static bool set_tls(CURL *curl, const char *ca_file)
{
    bool ok =
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
    if (ca_file) {
        ok = ok && curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file) == CURLE_OK &&
             curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
    }
    return ok;
}

static bool set_callbacks(struct skeym_http *http)
{
    CURL *curl = http->curl;
    return curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, start) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PREREQDATA, http) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, http) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_field) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, http) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->problem) == CURLE_OK;
}

static bool set_up(struct skeym_http *http, const struct skeym_http_options *options)
{
    CURL *curl = http->curl;
    long timeout_ms = options->timeout_ms ? (long)options->timeout_ms : SKEYM_HTTP_TIMEOUT_MS;
    bool ok =
        curl_easy_setopt(curl, CURLOPT_URL, http->base) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_S) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK;
    if (!options->proxy_from_env) {
        ok = ok && curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
    }
    return ok && set_tls(curl, options->ca_file) && set_callbacks(http);
}

enum skeym_error skeym_http_new(struct skeym_http **out, const struct skeym_http_options *options)
{
    *out = NULL;
    enum skeym_error error = skeym_http_check(options->server, options->plaintext_network);
    if (error != SKEYM_OK) {
        return error;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return SKEYM_ERR_NETWORK;
    }
    struct skeym_http *http = calloc(1, sizeof *http);
    if (!http) {
        return SKEYM_ERR_MEMORY;
    }
    memcpy(http->base, options->server, strlen(options->server) + 1);
    http->answer_max = options->answer_max ? options->answer_max : SKEYM_HTTP_ANSWER_MAX;
    http->curl = curl_easy_init();
    if (!http->curl || !set_up(http, options)) {
        skeym_http_free(http);
        return SKEYM_ERR_NETWORK;
    }
    *out = http;
    return SKEYM_OK;
}

void skeym_http_free(struct skeym_http *http)
{
    if (http) {
        curl_easy_cleanup(http->curl);
        skeym_crypto_wipe(http, sizeof *http);
        free(http);
    }
}

const char *skeym_http_problem(const struct skeym_http *http)
{
    return http->problem;
}
