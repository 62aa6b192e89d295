/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect_answer.h"

#include "connect/connect_links.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- fields ----------------------------------------------------------------------------- */

static bool read_digits(int *out, struct skeym_span text, size_t at, size_t count)
{
    *out = 0;
    for (size_t i = at; i < at + count; i++) {
        if (i >= text.size || text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        *out = *out * 10 + (text.data[i] - '0');
    }
    return true;
}

/* A FHIR instant in UTC, to the second, as an HTTP date; nothing for another zone. */
static void print_date(char *out, size_t room, struct skeym_span instant)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm at = {0};
    bool good = read_digits(&at.tm_year, instant, 0, 4) && read_digits(&at.tm_mon, instant, 5, 2) &&
                read_digits(&at.tm_mday, instant, 8, 2) &&
                read_digits(&at.tm_hour, instant, 11, 2) &&
                read_digits(&at.tm_min, instant, 14, 2) && read_digits(&at.tm_sec, instant, 17, 2);
    bool utc = skeym_span_is(skeym_span_part(instant, instant.size - 1, 1), "Z") ||
               (instant.size > 6 &&
                skeym_span_is(skeym_span_part(instant, instant.size - 6, 6), "+00:00"));
    if (!good || !utc || at.tm_mon < 1 || at.tm_mon > 12) {
        return;
    }
    at.tm_year -= 1900;
    at.tm_mon -= 1;
    if (timegm(&at) == (time_t)-1 || at.tm_wday < 0 || at.tm_wday > 6) {
        return;
    }
    (void)snprintf(out, room, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[at.tm_wday], at.tm_mday,
                   months[at.tm_mon], at.tm_year + 1900, at.tm_hour, at.tm_min, at.tm_sec);
}

#define SHOW(span) (int)(span).size, (const char *)(span).data

void skeym_connect_answer_fields(struct skeym_connect_fields *out, struct skeym_span body,
                                 bool created, const char *base)
{
    memset(out, 0, sizeof *out);
    struct skeym_connect_resource found = skeym_connect_links_resource(body);
    if (found.updated.size > 0) {
        print_date(out->modified, sizeof out->modified, found.updated);
    }
    if (found.version.size == 0 || found.version.size > sizeof out->etag - 8) {
        return;
    }
    (void)snprintf(out->etag, sizeof out->etag, "W/\"%.*s\"", SHOW(found.version));
    if (!created || found.type.size == 0 || found.id.size == 0) {
        return;
    }
    int size = snprintf(out->location, sizeof out->location, "%s/%.*s/%.*s/_history/%.*s", base,
                        SHOW(found.type), SHOW(found.id), SHOW(found.version));
    if (size < 0 || (size_t)size >= sizeof out->location) {
        out->location[0] = 0; /* half an address is none */
    }
}

bool skeym_connect_answer_matches(struct skeym_span if_none_match, const char *etag)
{
    const char *opaque = skeym_span_starts(skeym_span_text(etag), "W/") ? etag + 2 : etag;
    size_t size = strlen(opaque);
    if (size == 0) {
        return false;
    }
    if (skeym_span_is(if_none_match, "*")) {
        return true;
    }
    for (size_t i = 0; i < if_none_match.size; i++) {
        if (skeym_span_starts(skeym_span_part(if_none_match, i, if_none_match.size), opaque)) {
            return true;
        }
    }
    return false;
}

struct skeym_span skeym_connect_answer_part(struct skeym_span *rest, char c)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] != (uint8_t)c) {
        size++;
    }
    struct skeym_span part = skeym_span_part(*rest, 0, size);
    *rest = skeym_span_part(*rest, size + (size < rest->size), rest->size);
    return part;
}

bool skeym_connect_answer_minimal(struct skeym_span prefer)
{
    static const char *const words[] = {"return=minimal", "return=\"minimal\""};
    while (prefer.size > 0) {
        struct skeym_span preference = skeym_connect_answer_part(&prefer, ',');
        struct skeym_span word = skeym_connect_answer_part(&preference, ';');
        while (word.size > 0 && word.data[0] == ' ') {
            word = skeym_span_part(word, 1, word.size);
        }
        while (word.size > 0 && word.data[word.size - 1] == ' ') {
            word.size--;
        }
        if (skeym_span_is(word, words[0]) || skeym_span_is(word, words[1])) {
            return true;
        }
    }
    return false;
}

/* --- refusals --------------------------------------------------------------------------- */

struct skeym_connect_refusal skeym_connect_answer_refusal(enum skeym_error error, bool maybe)
{
    static const struct {
        enum skeym_error error;
        struct skeym_connect_refusal refusal;
    } table[] = {
        {SKEYM_ERR_PERMISSION,
         {403, "login",
          "the server does not admit this node: it is revoked, expired, or unknown there"}},
        {SKEYM_ERR_EXPIRED, {403, "login", "this node's credential is over"}},
        {SKEYM_ERR_HANDSHAKE,
         {502, "security", "who answers there is not the authority that enrolled this node"}},
        {SKEYM_ERR_CLOCK, {502, "security", "the server calls this machine's clock wrong"}},
        {SKEYM_ERR_TLS, {502, "security", "the server's certificate is not trusted here"}},
        {SKEYM_ERR_SEAL, {502, "security", "the answer that came is not the server's"}},
        {SKEYM_ERR_NETWORK, {502, "transient", "the server cannot be reached"}},
        {SKEYM_ERR_TIMEOUT, {504, "timeout", "the server did not answer in time"}},
        {SKEYM_ERR_BUSY, {503, "transient", "too much to do: try later"}},
        {SKEYM_ERR_RATE, {503, "throttled", "the server asks for fewer requests: try later"}},
        {SKEYM_ERR_MEMORY, {503, "transient", "out of memory"}},
        {SKEYM_ERR_RANDOM, {503, "transient", "this machine gives no random bytes"}},
        {SKEYM_ERR_SIZE, {413, "too-long", "too large for the server, or its answer for us"}},
        {SKEYM_ERR_CHARSET, {400, "structure", "a character that is not allowed there"}},
    };
    static const struct skeym_connect_refusal other = {502, "exception", "the exchange failed"};
    struct skeym_connect_refusal found = other;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        found = table[i].error == error ? table[i].refusal : found;
    }
    if (maybe && found.status == 502) {
        found.text = "no answer came back: the request may have been executed all the same";
    }
    return found;
}

size_t skeym_connect_answer_outcome(char out[SKEYM_CONNECT_OUTCOME_BYTES],
                                    const struct skeym_connect_refusal *refusal)
{
    int size = snprintf(out, SKEYM_CONNECT_OUTCOME_BYTES,
                        "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\","
                        "\"code\":\"%s\",\"diagnostics\":\"%.300s\"}]}",
                        refusal->code, refusal->text);
    return size < 0 ? 0 : (size_t)size;
}
