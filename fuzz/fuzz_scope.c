/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes and names as text. A scope has one spelling; one word may ask another (two lines). */
#include "fuzz.h"

static bool parse(struct skeym_scope *out, struct skeym_span text)
{
    uint8_t printed[SKEYM_SCOPE_TEXT_BYTES];
    if (skeym_scope_parse(out, text) != SKEYM_OK) {
        FUZZ_MUST(fuzz_zero(out, sizeof *out));
        return false;
    }
    FUZZ_MUST(skeym_scope_print((struct skeym_room){printed, sizeof printed}, out) == SKEYM_OK);
    FUZZ_MUST(skeym_span_equal(skeym_span_text((const char *)printed), text));
    FUZZ_MUST(skeym_scope_covers(out, out));
    return true;
}

/* What a scope covers, it allows too. */
static void compare(const struct skeym_scope *have, const struct skeym_scope *want)
{
    struct skeym_scopes all = {.count = 1, .at = {*have}};
    struct skeym_span patient = skeym_span(want->patient, want->patient_size);
    if (!skeym_scope_covers(have, want)) {
        return;
    }
    for (unsigned bit = 1; bit <= SKEYM_ACTION_SEARCH; bit *= 2) {
        if (want->actions & bit) {
            FUZZ_MUST(skeym_scopes_allow(&all, (enum skeym_action)bit, want->type, patient));
            FUZZ_MUST(skeym_scopes_allow_some(&all, (enum skeym_action)bit, want->type));
        }
    }
}

static void names(struct skeym_span text)
{
    struct skeym_name name;
    uint8_t number;
    if (skeym_name_node(&name, text) == SKEYM_OK) {
        FUZZ_MUST(skeym_span_equal(skeym_name_span(&name), text));
    } else {
        FUZZ_MUST(fuzz_zero(&name, sizeof name));
    }
    if (skeym_name_audience(&name, text) == SKEYM_OK) {
        FUZZ_MUST(skeym_span_equal(skeym_name_span(&name), text));
    } else {
        FUZZ_MUST(fuzz_zero(&name, sizeof name));
    }
    if (skeym_role_parse(&number, text) == SKEYM_OK) {
        FUZZ_MUST(skeym_span_is(text, skeym_role_name(number)));
    }
    if (skeym_scope_type(&number, text) == SKEYM_OK) {
        FUZZ_MUST(skeym_span_is(text, skeym_scope_type_name(number)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    struct skeym_span first = fuzz_copy(fuzz_line(&reader));
    struct skeym_span second = fuzz_copy(fuzz_rest(&reader));
    struct skeym_scope have;
    struct skeym_scope want;
    bool both = parse(&have, first);
    both = parse(&want, second) && both;
    if (both) {
        compare(&have, &want);
        compare(&want, &have);
    }
    names(first);
    fuzz_done();
    return 0;
}
