/* SPDX-License-Identifier: Apache-2.0 */
/* What a sidecar reads: texts whose links move, resources that become fields, heads of clients. */
#include "connect/connect_answer.h"
#include "connect/connect_guard.h"
#include "connect/connect_head.h"
#include "connect/connect_links.h"
#include "fuzz.h"

#define FROM "https://w/fhir"
#define TO   "http://localhost:1/fhir"

static bool has(struct skeym_span text, const char *what)
{
    return text.size > 0 && memmem(text.data, text.size, what, strlen(what)) != NULL;
}

/* There and back is where it was, unless it was written in two ways. */
static void links(struct skeym_span text)
{
    uint8_t *there = NULL;
    uint8_t *back = NULL;
    size_t there_size = 0;
    size_t back_size = 0;
    FUZZ_MUST(skeym_connect_links_change(&there, &there_size, text, FROM, TO) == SKEYM_OK);
    if (there) {
        struct skeym_span moved = skeym_span(there, there_size);
        FUZZ_MUST(has(moved, TO) && there[there_size] == 0);
        FUZZ_MUST(skeym_connect_links_change(&back, &back_size, moved, TO, FROM) == SKEYM_OK);
        FUZZ_MUST(back);
        FUZZ_MUST(has(text, TO) || has(text, "\\/") ||
                  skeym_span_equal(skeym_span(back, back_size), text));
    }
    free(there);
    free(back);
}

static void fields(struct skeym_span text)
{
    struct skeym_connect_fields out;
    struct skeym_span base = skeym_connect_links_base(text);
    FUZZ_MUST(base.size == 0 || (base.data >= text.data && base.size <= text.size));
    skeym_connect_answer_fields(&out, text, true, FROM);
    for (const char *c = out.location; *c; c++) { /* it goes into a head */
        FUZZ_MUST(*c > ' ' && *c <= '~');
    }
    for (const char *c = out.etag; *c; c++) {
        FUZZ_MUST(*c > ' ' && *c <= '~');
    }
}

/* A line is the method, one the target; then names and values; the rest is the body. */
static void head(struct skeym_reader *reader)
{
    struct skeym_connect_head head = {0};
    struct skeym_connect_refusal refusal;
    struct skeym_connect_asked asked;
    static const uint8_t random[16] = {1};
    uint8_t plain[SKEYM_METHOD_BYTES + SKEYM_TARGET_BYTES + 4 * (SKEYM_FIELD_BYTES + 32) + 8];
    head.method = fuzz_line(reader);
    head.target = fuzz_line(reader);
    for (struct skeym_span name = fuzz_line(reader); name.size > 0; name = fuzz_line(reader)) {
        skeym_connect_head_add(&head, name, fuzz_line(reader));
    }
    if (!skeym_connect_head_check(&head, (struct skeym_span){0}, &refusal)) {
        FUZZ_MUST(refusal.status >= 400 && refusal.status <= 501);
        return;
    }
    FUZZ_MUST(!head.seen[SKEYM_CONNECT_HOST] ||
              skeym_connect_guard_host(head.field[SKEYM_CONNECT_HOST]));
    skeym_connect_head_ask(&asked, &head, (struct skeym_span){0}, random, FROM);
    /* what came in can be sent */
    struct skeym_writer writer = skeym_writer((struct skeym_room){plain, sizeof plain});
    skeym_closed_write(&writer, &asked.closed);
    FUZZ_MUST(!writer.bad);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    if (skeym_read_u8(&reader) % 2 == 0) {
        struct skeym_span text = fuzz_copy(fuzz_rest(&reader));
        links(text);
        fields(text);
    } else {
        head(&reader);
    }
    fuzz_done();
    return 0;
}
