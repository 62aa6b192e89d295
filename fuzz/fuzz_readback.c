/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server says of what a device sent: pages of Bundles, as the node puts them together again.
 * The session is put aside (the linker puts ours in its place): each request gets the next part of
 * the input as its answer.
 *
 * The input: what to ask; then for each answer a size (two bytes) and the body; the last is the
 * rest.
 */
#include "fuzz.h"
#include "node/readback.h"

enum skeym_error __real_skeym_session_request(struct skeym_session *session,
                                              const struct skeym_closed *request,
                                              struct skeym_session_answer *answer, bool *maybe);
enum skeym_error __wrap_skeym_session_request(struct skeym_session *session,
                                              const struct skeym_closed *request,
                                              struct skeym_session_answer *answer, bool *maybe);

enum { PAGES = 64 }; /* then the server is gone */

static struct {
    bool on;
    struct skeym_reader input;
    unsigned pages;
} server;

enum skeym_error __wrap_skeym_session_request(struct skeym_session *session,
                                              const struct skeym_closed *request,
                                              struct skeym_session_answer *answer, bool *maybe)
{
    if (!server.on) {
        return __real_skeym_session_request(session, request, answer, maybe);
    }
    memset(answer, 0, sizeof *answer);
    *maybe = server.pages % 2 == 0;
    FUZZ_MUST(skeym_span_is(request->method, "GET"));
    FUZZ_MUST(request->target.size > 0 && request->target.size <= SKEYM_TARGET_BYTES);
    if (server.input.left == 0 || server.pages++ == PAGES) {
        return SKEYM_ERR_NETWORK;
    }
    struct skeym_span body = fuzz_part(&server.input);
    answer->body = malloc(body.size + 1);
    FUZZ_MUST(answer->body);
    if (body.size > 0) {
        memcpy(answer->body, body.data, body.size);
    }
    answer->body[body.size] = 0;
    answer->body_size = body.size;
    answer->status = body.size == 1 ? 404 : 200;
    answer->sealed = true;
    return SKEYM_OK;
}

static void number(void *arg, const struct skeym_readback_id *id, const char *text, double value)
{
    uint64_t *count = arg;
    (void)value;
    FUZZ_MUST(memchr(id->run, 0, sizeof id->run) && memchr(id->signal, 0, sizeof id->signal));
    FUZZ_MUST(!text || strlen(text) < 1 << 16);
    (*count)++;
}

static void check(const struct skeym_readback *read)
{
    uint64_t readings = 0;
    FUZZ_MUST(read->count <= SKEYM_READBACK_SIGNALS);
    FUZZ_MUST(memchr(read->run, 0, sizeof read->run));
    for (size_t i = 0; i < read->count; i++) {
        const struct skeym_readback_signal *signal = &read->signal[i];
        FUZZ_MUST(memchr(signal->name, 0, sizeof signal->name));
        FUZZ_MUST(signal->at || signal->samples == 0);
        readings += signal->readings;
    }
    FUZZ_MUST(readings <= read->readings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_readback read;
    uint64_t numbers = 0;
    int status = 0;
    server.input = skeym_reader(skeym_span(data, size));
    unsigned how = skeym_read_u8(&server.input);
    server.pages = 0;
    server.on = true;
    enum skeym_error error =
        skeym_readback_numbers(&read, NULL, "p-1", how & 1 ? "bed-1.9f02c1aa" : NULL,
                               how & 2 ? -32768 : 0, number, &numbers, &status);
    server.on = false;
    if (!error) {
        check(&read);
    }
    skeym_readback_free(&read);
    return 0;
}
