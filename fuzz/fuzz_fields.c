/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a head: lines of "name:value". */
#include "fuzz.h"
#include "server/fields.h"
#include <strings.h>

struct line {
    struct skeym_span name, value;
};
enum { LINES = 32 };

static size_t split(struct line *lines, struct skeym_reader *reader)
{
    size_t count = 0;
    while (count < LINES && reader->left > 0) {
        struct skeym_span line = fuzz_line(reader);
        size_t colon = 0;
        while (colon < line.size && line.data[colon] != ':') {
            colon++;
        }
        lines[count].name = fuzz_copy(skeym_span_part(line, 0, colon));
        lines[count++].value = fuzz_copy(skeym_span_part(line, colon + 1, line.size));
    }
    return count;
}

static bool named(const struct line *line, const char *name)
{
    return line->name.size == strlen(name) &&
           strncasecmp((const char *)line->name.data, name, line->name.size) == 0;
}

static size_t how_often(const struct line *lines, size_t count, const char *name)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += named(&lines[i], name);
    }
    return found;
}

/* A part of one of the values, without white space at its ends. */
static void check_value(const struct line *lines, size_t count, const char *name,
                        struct skeym_span value)
{
    bool inside = value.size == 0;
    for (size_t i = 0; i < count && !inside; i++) {
        const uint8_t *start = lines[i].value.data;
        inside = named(&lines[i], name) && value.data >= start &&
                 value.data + value.size <= start + lines[i].value.size;
    }
    FUZZ_MUST(inside);
    FUZZ_MUST(value.size == 0 || (value.data[0] != ' ' && value.data[value.size - 1] != '\t'));
}

static void check(const struct skeym_fields *fields, const struct line *lines, size_t count)
{
    static const char *const known[] = {
        "authorization",     "skeym-proof", "content-type", "content-length",
        "transfer-encoding", "expect",      "host"};
    bool doubled = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        doubled = doubled || how_often(lines, count, known[i]) > 1;
    }
    FUZZ_MUST(fields->doubled == doubled);
    FUZZ_MUST(fields->framing_unclear || how_often(lines, count, "transfer-encoding") == 0);
    FUZZ_MUST(fields->framing_unclear || how_often(lines, count, "content-length") <= 1);
    FUZZ_MUST(fields->body_announced || fields->body_size == 0);
    check_value(lines, count, "authorization", fields->authorization);
    check_value(lines, count, "skeym-proof", fields->proof);
    check_value(lines, count, "content-type", fields->content_type);
    for (size_t i = 0; i < count && !fields->framing_unclear; i++) {
        char *number = fuzz_text(lines[i].value);
        char printed[32];
        snprintf(printed, sizeof printed, "%llu", (unsigned long long)fields->body_size);
        const char *digits = number + strspn(number, "0");
        FUZZ_MUST(!named(&lines[i], "content-length") || !strcmp(*digits ? digits : "0", printed));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line lines[LINES];
    struct skeym_fields fields = {0};
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    size_t count = split(lines, &reader);
    for (size_t i = 0; i < count; i++) {
        skeym_fields_add(&fields, lines[i].name, lines[i].value);
    }
    check(&fields, lines, count);
    fuzz_done();
    return 0;
}
