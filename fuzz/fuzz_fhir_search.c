/* SPDX-License-Identifier: Apache-2.0 */
/* Targets and their parameters: taken apart, and as a query of each kind and use. */
#include "fhir/fhir_search.h"
#include "fuzz.h"

static void check_query(const struct skeym_fhir_search *search, enum skeym_store_kind kind)
{
    const struct skeym_store_query *query = &search->query;
    FUZZ_MUST(query->kind == kind && query->test_count <= SKEYM_FHIR_TESTS);
    FUZZ_MUST(search->value_count <= SKEYM_STORE_VALUES_MAX);
    FUZZ_MUST(search->count <= SKEYM_FHIR_COUNT_MAX);
    /* _count=0 asks for the number of matches, which is counted to its end */
    FUZZ_MUST(search->count == 0 || query->limit <= search->count + 2);
    for (size_t i = 0; i < query->test_count; i++) {
        const struct skeym_store_test *test = &query->tests[i];
        FUZZ_MUST(test->values >= search->values);
        FUZZ_MUST(test->values + test->count <= search->values + search->value_count);
        for (size_t k = 0; k < test->count; k++) {
            bool time = test->field >= SKEYM_STORE_BY_TIME;
            FUZZ_MUST(!time || test->values[k].low < test->values[k].high);
        }
    }
}

static void check(const struct skeym_fhir_url *url, struct skeym_fhir_arena *arena, unsigned how)
{
    static struct skeym_fhir_search search;
    struct skeym_fhir_problem problem = {0};
    enum skeym_store_kind kind = (enum skeym_store_kind)(how % SKEYM_STORE_KINDS);
    enum skeym_fhir_search_use use = (enum skeym_fhir_search_use)(how / SKEYM_STORE_KINDS % 3);
    if (skeym_fhir_search_parse(&search, arena, url, kind, use, FUZZ_NOW_MS, &problem)) {
        struct skeym_fhir_text cursor = {0};
        check_query(&search, kind);
        skeym_fhir_search_cursor(&cursor, &search, 1, skeym_span_text("an-id"));
        FUZZ_MUST(!cursor.bad && cursor.size > 0);
        skeym_fhir_text_free(&cursor);
    } else {
        FUZZ_MUST(problem.status == 400 || problem.status == 406);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skeym_fhir_url url;
    struct skeym_fhir_arena arena = {0};
    struct skeym_fhir_problem problem = {0};
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    unsigned how = skeym_read_u8(&reader);
    struct skeym_span text = fuzz_copy(fuzz_rest(&reader));
    bool query = how & 0x80;
    bool good = query ? skeym_fhir_url_query(&url, &arena, text, &problem)
                      : skeym_fhir_url_parse(&url, &arena, text, "/fhir", &problem);
    FUZZ_MUST(good == (problem.status == 0));
    if (good) {
        FUZZ_MUST(url.param_count <= SKEYM_FHIR_PARAMS && url.segment_count <= SKEYM_FHIR_SEGMENTS);
        check(&url, &arena, how & 0x7f);
    }
    skeym_fhir_text_drop(&arena);
    fuzz_done();
    return 0;
}
