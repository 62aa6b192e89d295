/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_plain.h"

#include <stdio.h>
#include <string.h>

static bool is_printable(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

static enum skeym_error write_headers(struct skeym_writer *out, const char *const *headers,
                                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_printable(headers[i]) || !strchr(headers[i], ':')) {
            return SKEYM_ERR_CHARSET;
        }
        skeym_write_text(out, headers[i]);
        skeym_write_text(out, "\r\n");
    }
    return SKEYM_OK;
}

enum skeym_error skeym_load_plain_write(struct skeym_writer *out, const char *method,
                                        const struct skeym_load_target *target,
                                        const char *const *headers, size_t count,
                                        struct skeym_span body)
{
    char length[64] = "";
    if (!is_printable(method) || strchr(method, ' ') || !method[0]) {
        return SKEYM_ERR_CHARSET;
    }
    skeym_write_text(out, method);
    skeym_write_text(out, " ");
    skeym_write_text(out, target->path);
    skeym_write_text(out, " HTTP/1.1\r\nHost: ");
    skeym_write_text(out, target->host);
    skeym_write_text(out, "\r\n");
    enum skeym_error error = write_headers(out, headers, count);
    if (body.size) {
        (void)snprintf(length, sizeof length, "Content-Length: %zu\r\n", body.size);
    }
    skeym_write_text(out, length);
    skeym_write_text(out, "\r\n");
    skeym_write_span(out, body);
    return error ? error : skeym_writer_end(out);
}

static enum skeym_error ask(void *arg, struct skeym_writer *out, unsigned *kind)
{
    const struct skeym_load_plain *lane = arg;
    *kind = 0;
    skeym_write_span(out, lane->request);
    return SKEYM_OK;
}

static struct skeym_load_verdict take(void *arg, const struct skeym_load_answer *answer,
                                      enum skeym_load_outcome lost)
{
    const struct skeym_load_plain *lane = arg;
    struct skeym_load_verdict verdict = {.step = SKEYM_LOAD_DONE, .outcome = lost};
    if (!answer) {
        return verdict;
    }
    verdict.outcome = skeym_load_outcome_of(answer->status);
    if (lane->status) {
        bool wanted = answer->status == lane->status;
        verdict.outcome = wanted                             ? SKEYM_LOAD_OK
                          : verdict.outcome == SKEYM_LOAD_OK ? SKEYM_LOAD_STATUS
                                                             : verdict.outcome;
    }
    if (verdict.outcome == SKEYM_LOAD_OK && lane->body_size != SIZE_MAX &&
        answer->body.size != lane->body_size) {
        verdict.outcome = SKEYM_LOAD_UNOPENED;
        verdict.why = "a body of another size";
    }
    return verdict;
}

static const char *const kinds[] = {"request", NULL};
const struct skeym_load_script skeym_load_plain_script = {.kinds = kinds, .ask = ask, .take = take};
