/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect_head.h"

#include "connect/connect_guard.h"
#include <skeym/base64url.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const names[SKEYM_CONNECT_FIELDS] = {
    "accept",        "authorization",  "content-length",      "content-type",
    "expect",        "host",           "idempotency-key",     "if-match",
    "if-none-exist", "if-none-match",  "if-unmodified-since", "origin",
    "prefer",        "sec-fetch-site", "transfer-encoding",
};

static bool same_word(struct skeym_span text, const char *word)
{
    return text.size == strlen(word) && strncasecmp((const char *)text.data, word, text.size) == 0;
}

static struct skeym_span trimmed(struct skeym_span value)
{
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value = skeym_span_part(value, 1, value.size);
    }
    while (value.size > 0 &&
           (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t')) {
        value.size--;
    }
    return value;
}

/* RFC 9110, 5.6.2; a NUL does not get here. */
static bool is_token(struct skeym_span name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~' ||
            strchr("\"(),/:;<=>?@[\\]{}", name.data[i])) {
            return false;
        }
    }
    return name.size > 0;
}

/* Fields that are lists, each of which may be let go: that is only less thrifty. */
static bool is_list(size_t field)
{
    return field == SKEYM_CONNECT_ACCEPT || field == SKEYM_CONNECT_IF_NONE_MATCH ||
           field == SKEYM_CONNECT_PREFER;
}

void skeym_connect_head_add(struct skeym_connect_head *head, struct skeym_span name,
                            struct skeym_span value)
{
    head->odd = head->odd || !is_token(name);
    for (size_t i = 0; i < SKEYM_CONNECT_FIELDS; i++) {
        if (same_word(name, names[i])) {
            bool again = head->seen[i];
            head->seen[i] = true;
            head->field[i] = trimmed(value);
            if (again && is_list(i)) {
                head->field[i] = (struct skeym_span){0};
            } else {
                head->doubled = head->doubled || again;
            }
        }
    }
}

bool skeym_connect_head_body(const struct skeym_connect_head *head, uint64_t *size)
{
    struct skeym_span text = head->field[SKEYM_CONNECT_CONTENT_LENGTH];
    *size = 0;
    for (size_t i = 0; i < text.size && i < 18; i++) { /* the library has judged its form */
        *size = *size * 10 + (uint64_t)(text.data[i] & 15);
    }
    return *size > 0 || head->seen[SKEYM_CONNECT_TRANSFER_ENCODING];
}

bool skeym_connect_head_coded(const struct skeym_connect_head *head)
{
    return !head->seen[SKEYM_CONNECT_TRANSFER_ENCODING] ||
           same_word(head->field[SKEYM_CONNECT_TRANSFER_ENCODING], "chunked");
}

static bool two_lengths(const struct skeym_connect_head *head)
{
    return head->seen[SKEYM_CONNECT_TRANSFER_ENCODING] && head->seen[SKEYM_CONNECT_CONTENT_LENGTH];
}

bool skeym_connect_head_doubtful(const struct skeym_connect_head *head)
{
    bool length =
        head->seen[SKEYM_CONNECT_TRANSFER_ENCODING] || head->seen[SKEYM_CONNECT_CONTENT_LENGTH];
    bool read = skeym_span_is(head->method, "GET") || skeym_span_is(head->method, "HEAD");
    return head->odd || head->doubled || two_lengths(head) || !skeym_connect_head_coded(head) ||
           (!read && !length);
}

/* --- may it come in --------------------------------------------------------------------- */

static bool host_is_ours(const struct skeym_connect_head *head)
{
    /* None: HTTP/1.0, which no browser speaks. */
    return !head->seen[SKEYM_CONNECT_HOST] ||
           skeym_connect_guard_host(head->field[SKEYM_CONNECT_HOST]);
}

static bool origin_is_ours(const struct skeym_connect_head *head)
{
    return (!head->seen[SKEYM_CONNECT_ORIGIN] ||
            skeym_connect_guard_origin(head->field[SKEYM_CONNECT_ORIGIN])) &&
           !same_word(head->field[SKEYM_CONNECT_SEC_FETCH_SITE], "cross-site");
}

static bool method_is_known(struct skeym_span method)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (skeym_span_is(method, methods[i])) {
            return true;
        }
    }
    return false;
}

static bool is_plain(struct skeym_span text, uint8_t first)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < first || text.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static bool target_is_fhir(struct skeym_span target)
{
    struct skeym_span rest = skeym_span_part(target, 5, target.size);
    return skeym_span_starts(target, "/fhir") &&
           (rest.size == 0 || rest.data[0] == '/' || rest.data[0] == '?');
}

/* What is served is JSON: an Accept field (RFC 9110, 12.5.1) may ask for that, or for anything. */
static bool takes_json(struct skeym_span accept)
{
    static const char *const types[] = {"*/*",
                                        "application/*",
                                        "application/fhir+json",
                                        "text/json",
                                        "text/*",
                                        "application/json",
                                        "json",
                                        "*"};
    struct skeym_span rest = accept;
    while (rest.size > 0) {
        struct skeym_span range = skeym_connect_answer_part(&rest, ',');
        struct skeym_span type = trimmed(skeym_connect_answer_part(&range, ';'));
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
            if (same_word(type, types[i])) {
                return true;
            }
        }
    }
    return accept.size == 0;
}

static bool fields_fit(const struct skeym_connect_head *head)
{
    static const enum skeym_connect_field carried[] = {SKEYM_CONNECT_CONTENT_TYPE,
                                                       SKEYM_CONNECT_IF_NONE_EXIST,
                                                       SKEYM_CONNECT_PREFER, SKEYM_CONNECT_HOST};
    for (size_t i = 0; i < sizeof carried / sizeof carried[0]; i++) {
        struct skeym_span value = head->field[carried[i]];
        if (value.size > SKEYM_FIELD_BYTES || !is_plain(value, 0x20)) {
            return false;
        }
    }
    return true;
}

/* Quotes around it (as its Internet-Draft writes it) are no part of it. */
static struct skeym_span own_key(const struct skeym_connect_head *head)
{
    struct skeym_span key = head->field[SKEYM_CONNECT_IDEMPOTENCY_KEY];
    if (key.size >= 2 && key.data[0] == '"' && key.data[key.size - 1] == '"') {
        key = skeym_span_part(key, 1, key.size - 2);
    }
    return key;
}

static bool key_is_good(const struct skeym_connect_head *head)
{
    struct skeym_span key = own_key(head);
    for (size_t i = 0; i < key.size; i++) {
        uint8_t c = key.data[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return !head->seen[SKEYM_CONNECT_IDEMPOTENCY_KEY] ||
           (key.size > 0 && key.size <= SKEYM_KEY_CHARS);
}

static bool refuse(struct skeym_connect_refusal *refusal, int status, const char *code,
                   const char *text)
{
    *refusal = (struct skeym_connect_refusal){status, code, text};
    return false;
}

/* What a write asks to be heeded, and the server has no word for: to let it go would be to
 * overwrite blindly. */
static bool check_conditions(const struct skeym_connect_head *head,
                             struct skeym_connect_refusal *refusal)
{
    if (head->seen[SKEYM_CONNECT_IF_MATCH]) {
        return refuse(refusal, 501, "not-supported", "If-Match is not served");
    }
    if (skeym_span_is(head->method, "PUT") && (head->seen[SKEYM_CONNECT_IF_NONE_MATCH] ||
                                               head->seen[SKEYM_CONNECT_IF_UNMODIFIED_SINCE])) {
        return refuse(refusal, 501, "not-supported",
                      "If-None-Match and If-Unmodified-Since are not served for PUT");
    }
    return true;
}

static bool check_asked(const struct skeym_connect_head *head,
                        struct skeym_connect_refusal *refusal)
{
    if (!method_is_known(head->method)) {
        return refuse(refusal, 405, "not-supported", "this method is not served");
    }
    if (head->target.size > SKEYM_TARGET_BYTES) {
        return refuse(refusal, 414, "too-long", "the request's address is too long");
    }
    if (!is_plain(head->target, 0x21)) {
        return refuse(refusal, 400, "structure", "the address has bytes that must be escaped");
    }
    if (!target_is_fhir(head->target)) {
        return refuse(refusal, 404, "not-found", "only /fhir is served here");
    }
    if (!takes_json(head->field[SKEYM_CONNECT_ACCEPT])) {
        return refuse(refusal, 406, "not-supported", "only application/fhir+json is served");
    }
    if (!fields_fit(head)) {
        return refuse(refusal, 400, "structure", "a field of the head is too long, or not ASCII");
    }
    if (!key_is_good(head)) {
        return refuse(refusal, 400, "value", "Idempotency-Key: 1 to 64 of A-Z a-z 0-9 . _ -");
    }
    return check_conditions(head, refusal);
}

static bool check_form(const struct skeym_connect_head *head, struct skeym_connect_refusal *refusal)
{
    if (head->odd) {
        return refuse(refusal, 400, "structure", "the name of a field of the head is not one");
    }
    if (head->doubled) {
        return refuse(refusal, 400, "structure", "a field of the head came twice");
    }
    if (two_lengths(head)) {
        return refuse(refusal, 400, "structure", "Content-Length and Transfer-Encoding are two");
    }
    if (!skeym_connect_head_coded(head)) {
        return refuse(refusal, 501, "not-supported", "Transfer-Encoding: only chunked is served");
    }
    return true;
}

bool skeym_connect_head_check(const struct skeym_connect_head *head, struct skeym_span bearer,
                              struct skeym_connect_refusal *refusal)
{
    if (!check_form(head, refusal)) {
        return false;
    }
    if (!host_is_ours(head)) {
        return refuse(refusal, 403, "forbidden", "this host is not served here: use localhost");
    }
    if (!origin_is_ours(head)) {
        return refuse(refusal, 403, "forbidden", "pages from elsewhere are not served here");
    }
    if (bearer.size > 0 &&
        !skeym_connect_guard_bearer(head->field[SKEYM_CONNECT_AUTHORIZATION], bearer)) {
        return refuse(refusal, 401, "login", "the local secret is missing or wrong");
    }
    return check_asked(head, refusal);
}

/* --- what the server is asked ----------------------------------------------------------- */

static void set_key(struct skeym_connect_asked *out, const struct skeym_connect_head *head,
                    const uint8_t random[16])
{
    struct skeym_span key = own_key(head);
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){(uint8_t *)out->key, SKEYM_KEY_CHARS});
    if (key.size > 0) {
        skeym_write_span(&writer, key);
    } else {
        skeym_base64url_write(&writer, skeym_span(random, 16));
    }
    out->closed.idempotency_key = skeym_written(&writer);
}

static void set_base(struct skeym_connect_asked *out, const struct skeym_connect_head *head,
                     const char *base)
{
    struct skeym_span host = head->field[SKEYM_CONNECT_HOST];
    if (host.size == 0) {
        (void)snprintf(out->base, sizeof out->base, "%s", base);
    } else {
        (void)snprintf(out->base, sizeof out->base, "http://%.*s/fhir", (int)host.size,
                       (const char *)host.data);
    }
}

void skeym_connect_head_ask(struct skeym_connect_asked *out, const struct skeym_connect_head *head,
                            struct skeym_span body, const uint8_t random[16], const char *base)
{
    bool writes = skeym_span_is(head->method, "POST") || skeym_span_is(head->method, "PUT");
    memset(out, 0, sizeof *out);
    set_base(out, head, base);
    out->closed.method = writes ? head->method : skeym_span_text("GET");
    out->closed.target = head->target;
    out->closed.prefer = head->field[SKEYM_CONNECT_PREFER];
    if (writes) { /* a search by POST, too: there the key means nothing */
        out->closed.content_type = head->field[SKEYM_CONNECT_CONTENT_TYPE];
        out->closed.if_none_exist = head->field[SKEYM_CONNECT_IF_NONE_EXIST];
        out->closed.body = body;
        out->created = true;
        set_key(out, head, random);
    }
}
