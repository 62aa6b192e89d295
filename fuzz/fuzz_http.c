/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server answers, as libcurl hands it to the node: the address first, then lines of a head
 * (each with the line end that the input has), then the body in pieces. libcurl's transfer is put
 * aside (the linker puts ours in its place), so that the callbacks get what no libcurl would let
 * by.
 *
 * The input: what to do, status (two bytes), an address (a line), the head's size (two bytes), the
 * head, the body.
 */
#include "fuzz.h"
#include "node/http.h"
#include <curl/curl.h>
#include <stdarg.h>

/* The linker's --wrap. Other targets of the same program get the real ones. */
CURLcode __real_curl_easy_setopt(CURL *curl, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...);
CURLcode __real_curl_easy_perform(CURL *curl);
CURLcode __wrap_curl_easy_perform(CURL *curl);
CURLcode __real_curl_easy_getinfo(CURL *curl, CURLINFO info, ...);
CURLcode __wrap_curl_easy_getinfo(CURL *curl, CURLINFO info, ...);

enum how {
    TWICE = 1,  /* a kept connection was dead, and libcurl would send again */
    BROKEN = 2, /* the transfer ends with an error after all */
    INTERIM = 4 /* a second head, as after 100 Continue */
};

enum { ANSWER_MAX = 8192 };

static struct {
    bool on;
    unsigned how;
    long status;
    struct skeym_span head, body;
    size_t given; /* of the body */
    size_t (*field)(char *, size_t, size_t, void *);
    size_t (*piece)(char *, size_t, size_t, void *);
    int (*start)(void *, char *, char *, int, int);
    void *field_arg, *piece_arg, *start_arg;
} wire;

/* What is set is one word wide, on all machines that we build for. */
CURLcode __wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
    va_list list;
    va_start(list, option);
    void *value = va_arg(list, void *);
    va_end(list);
    const struct {
        CURLoption option;
        void *place;
    } kept[] = {{CURLOPT_HEADERFUNCTION, &wire.field}, {CURLOPT_HEADERDATA, &wire.field_arg},
                {CURLOPT_WRITEFUNCTION, &wire.piece},  {CURLOPT_WRITEDATA, &wire.piece_arg},
                {CURLOPT_PREREQFUNCTION, &wire.start}, {CURLOPT_PREREQDATA, &wire.start_arg}};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (kept[i].option == option) {
            memcpy(kept[i].place, &value, sizeof value);
        }
    }
    return __real_curl_easy_setopt(curl, option, value);
}

static bool give_head(struct skeym_span head)
{
    struct skeym_reader reader = skeym_reader(head);
    while (reader.left > 0) {
        size_t size = 0;
        while (size < reader.left && reader.at[size] != '\n') {
            size++;
        }
        size += size < reader.left; /* with its line end */
        struct skeym_span line = fuzz_copy(skeym_read_span(&reader, size));
        char *text;
        memcpy(&text, &line.data, sizeof text);
        if (wire.field(text, 1, line.size, wire.field_arg) != line.size) {
            return false;
        }
    }
    return true;
}

static bool give_body(void)
{
    struct skeym_reader reader = skeym_reader(wire.body);
    while (reader.left > 0) {
        size_t size = 1 + (reader.at[0] & 0x7f) * 16U;
        struct skeym_span piece =
            fuzz_copy(skeym_read_span(&reader, size < reader.left ? size : reader.left));
        char *text;
        memcpy(&text, &piece.data, sizeof text);
        if (wire.piece(text, 1, piece.size, wire.piece_arg) != piece.size) {
            return false;
        }
        wire.given += piece.size;
    }
    return true;
}

CURLcode __wrap_curl_easy_perform(CURL *curl)
{
    static char first[] = "HTTP/1.1 100 Continue\r\n";
    if (!wire.on) {
        return __real_curl_easy_perform(curl);
    }
    for (unsigned i = 0; i < (wire.how & TWICE ? 2 : 1); i++) {
        if (wire.start(wire.start_arg, NULL, NULL, 0, 0) != CURL_PREREQFUNC_OK) {
            return CURLE_ABORTED_BY_CALLBACK;
        }
    }
    if (wire.how & INTERIM && wire.field(first, 1, sizeof first - 1, wire.field_arg) == 0) {
        return CURLE_WRITE_ERROR;
    }
    if (!give_head(wire.head) || !give_body()) {
        return CURLE_WRITE_ERROR;
    }
    return wire.how & BROKEN ? CURLE_RECV_ERROR : CURLE_OK;
}

CURLcode __wrap_curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
    va_list list;
    va_start(list, info);
    void *out = va_arg(list, void *);
    va_end(list);
    if (!wire.on || info != CURLINFO_RESPONSE_CODE) {
        return __real_curl_easy_getinfo(curl, info, out);
    }
    memcpy(out, &wire.status, sizeof wire.status);
    return CURLE_OK;
}

static bool printable(const char *text, size_t room)
{
    const char *end = memchr(text, 0, room);
    for (const char *at = text; end && at < end; at++) {
        if (*at < 0x20 || *at > 0x7e) {
            return false;
        }
    }
    return end != NULL;
}

static void exchange(struct skeym_http *http)
{
    static const struct skeym_wire_request request = {.method = "GET", .target = "/fhir/metadata"};
    struct skeym_wire_answer answer;
    memset(&answer, 0, sizeof answer);
    wire.on = true;
    enum skeym_error error = skeym_http_send(http, &request, &answer);
    wire.on = false;
    FUZZ_MUST(!answer.unsent);
    if (error) {
        FUZZ_MUST(fuzz_zero(&answer, sizeof answer));
        return;
    }
    FUZZ_MUST(!(wire.how & (TWICE | BROKEN)));
    FUZZ_MUST(answer.status == wire.status && answer.status >= 200 && answer.status <= 599);
    FUZZ_MUST(printable(answer.next, sizeof answer.next));
    FUZZ_MUST(printable(answer.content_type, sizeof answer.content_type));
    FUZZ_MUST(answer.retry_after_s < 1000000);
    FUZZ_MUST(answer.body_size == wire.given && answer.body_size == wire.body.size);
    FUZZ_MUST(answer.body_size <= ANSWER_MAX && wire.head.size <= 16384);
    FUZZ_MUST(answer.body_size == 0 || !memcmp(answer.body, wire.body.data, answer.body_size));
    free(answer.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skeym_http *http;
    const struct skeym_http_options options = {.server = "http://127.0.0.1:1",
                                               .answer_max = ANSWER_MAX};
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    FUZZ_MUST(http || skeym_http_new(&http, &options) == SKEYM_OK);
    wire.how = skeym_read_u8(&reader);
    wire.status = skeym_read_u16(&reader) % 1000;
    wire.given = 0;
    char *address = fuzz_text(fuzz_line(&reader));
    wire.head = fuzz_part(&reader);
    wire.body = fuzz_rest(&reader);
    exchange(http);
    enum skeym_error strict = skeym_http_check(address, false);
    enum skeym_error open = skeym_http_check(address, true);
    FUZZ_MUST(strict == open || (strict == SKEYM_ERR_TLS && open == SKEYM_OK));
    fuzz_done();
    return 0;
}
