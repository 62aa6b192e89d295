/* SPDX-License-Identifier: Apache-2.0 */
/* The revoked list: sorted, one entry a node, and the same when it is written and read again. */
#include "authority/enrolment.h"
#include "fuzz.h"

enum { ROOM = 32 };

static void check(const struct skeym_revoked_entry *at, size_t count)
{
    struct skeym_revoked list = {at, count};
    for (size_t i = 0; i < count; i++) {
        uint32_t generation = at[i].generation;
        FUZZ_MUST(generation > 0 && at[i].id.size > 0);
        FUZZ_MUST(skeym_revoked_has(&list, &at[i].id, 1));
        FUZZ_MUST(skeym_revoked_has(&list, &at[i].id, generation));
        FUZZ_MUST(generation == UINT32_MAX || !skeym_revoked_has(&list, &at[i].id, generation + 1));
    }
}

/* Each entry is a line of the text. */
static void check_said(const struct skeym_revoked_entry *at, size_t count, struct skeym_span text)
{
    for (size_t i = 0; i < count; i++) {
        char line[64];
        int size = snprintf(line, sizeof line, "%.*s %u", at[i].id.size,
                            (const char *)at[i].id.text, (unsigned)at[i].generation);
        FUZZ_MUST(size > 0 && memmem(text.data, text.size, line, (size_t)size));
    }
}

static size_t print(char *out, size_t room, const struct skeym_revoked_entry *at, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        int more = snprintf(out + size, room - size, "%.*s %u\n", at[i].id.size,
                            (const char *)at[i].id.text, (unsigned)at[i].generation);
        FUZZ_MUST(more > 0 && (size_t)more < room - size);
        size += (size_t)more;
    }
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_revoked_entry first[ROOM];
    struct skeym_revoked_entry second[ROOM];
    char text[ROOM * 48];
    size_t count = 1;
    size_t again = 1;
    size_t line = 0;
    enum skeym_error error =
        skeym_enrolment_revoked(first, ROOM, &count, skeym_span(data, size), &line);
    if (error) {
        FUZZ_MUST(count == 0 && line >= 1);
        return 0;
    }
    FUZZ_MUST(count <= ROOM);
    check(first, count);
    check_said(first, count, skeym_span(data, size));
    size_t written = print(text, sizeof text, first, count);
    FUZZ_MUST(skeym_enrolment_revoked(second, ROOM, &again, skeym_span(text, written), NULL) ==
              SKEYM_OK);
    FUZZ_MUST(again == count && (count == 0 || !memcmp(first, second, count * sizeof first[0])));
    return 0;
}
