/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON and resources: what the strict scan takes is written in a form that it takes again, to the
 * same text; a resource that passes its check gives a row whose JSON is as good.
 */
#include "fhir/fhir_resource.h"
#include "fuzz.h"

static void text_of(struct skeym_fhir_text *out, struct json_object *object)
{
    skeym_fhir_json_write(out, object);
    FUZZ_MUST(!out->bad && out->data);
}

static void check_write(struct json_object *object)
{
    struct skeym_fhir_text first = {0};
    struct skeym_fhir_text second = {0};
    struct skeym_fhir_problem problem = {0};
    text_of(&first, object);
    struct json_object *again = skeym_fhir_json_parse(skeym_fhir_text_view(&first), &problem);
    FUZZ_MUST(again);
    text_of(&second, again);
    FUZZ_MUST(skeym_span_equal(skeym_fhir_text_view(&first), skeym_fhir_text_view(&second)));
    json_object_put(again);
    skeym_fhir_text_free(&first);
    skeym_fhir_text_free(&second);
}

static void check_row(struct skeym_fhir_row *row)
{
    struct skeym_fhir_text text = {0};
    struct skeym_fhir_problem problem = {0};
    if (!skeym_fhir_resource_body(row, &problem)) {
        FUZZ_MUST(problem.status >= 400);
        return;
    }
    FUZZ_MUST(row->tag_count <= SKEYM_STORE_TAGS_MAX);
    row->record.version = 1;
    row->record.updated_ms = (int64_t)FUZZ_NOW_MS;
    skeym_fhir_resource_write(&text, &row->record);
    struct json_object *again = skeym_fhir_json_parse(skeym_fhir_text_view(&text), &problem);
    FUZZ_MUST(again);
    FUZZ_MUST(skeym_span_is(skeym_fhir_json_text(again, "id"), "an-id"));
    struct json_object *meta = skeym_fhir_json_member(again, "meta", json_type_object);
    FUZZ_MUST(skeym_span_is(skeym_fhir_json_text(meta, "versionId"), "1"));
    json_object_put(again);
    skeym_fhir_text_free(&text);
}

static void check_resource(struct json_object *object)
{
    struct skeym_fhir_arena arena = {0};
    struct skeym_fhir_problem problem = {0};
    struct skeym_fhir_row row = {
        .resource = object, .base_url = "https://ward:8443/fhir", .arena = &arena};
    row.record.id = skeym_span_text("an-id");
    if (skeym_fhir_resource_kind(skeym_fhir_json_text(object, "resourceType"), &row.record.kind)) {
        if (skeym_fhir_resource_check(&row, &problem)) {
            check_row(&row);
        } else {
            FUZZ_MUST(problem.status == 400 || problem.status == 422);
        }
    }
    skeym_fhir_text_drop(&arena);
}

/* Of what is a number: the characters, and no zero in front. */
static void check_number(struct skeym_span text)
{
    if (!skeym_json_scan_is_number(text)) {
        return;
    }
    FUZZ_MUST(text.size > 0 && text.size < 64);
    for (size_t i = 0; i < text.size; i++) {
        FUZZ_MUST(memchr("0123456789+-.eE", text.data[i], 15));
    }
    struct skeym_span digits = skeym_span_part(text, text.data[0] == '-', text.size);
    FUZZ_MUST(digits.size > 0 && digits.data[0] >= '0' && digits.data[0] <= '9');
    FUZZ_MUST(digits.data[0] != '0' || digits.size == 1 || memchr(".eE", digits.data[1], 3));
    uint8_t last = text.data[text.size - 1];
    FUZZ_MUST(last >= '0' && last <= '9');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_span text = skeym_span(data, size);
    struct skeym_fhir_problem problem = {0};
    size_t at = 0;
    enum skeym_error error = skeym_json_scan(text, &skeym_fhir_json_limits, &at);
    FUZZ_MUST(error == SKEYM_OK || at <= size);
    check_number(text);
    struct json_object *object = skeym_fhir_json_parse(text, &problem);
    FUZZ_MUST(!object == (problem.status != 0));
    FUZZ_MUST(!object || error == SKEYM_OK);
    if (object) {
        check_write(object);
        check_resource(object);
        json_object_put(object);
    }
    return 0;
}
