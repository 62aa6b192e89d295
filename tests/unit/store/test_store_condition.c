/* SPDX-License-Identifier: Apache-2.0 */
/* A create with a condition: which conditions are searched for, and which are answered by the look
 * for the record's own identifiers. The function below stands in front of SQLite's. */
#include "support.h"

#include <dlfcn.h>
#include <sqlite3.h>

static int searches;

#define REAL(name) __extension__((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int sqlite3_step(sqlite3_stmt *statement)
{
    searches += strncmp(sqlite3_sql(statement), "select o.id", 11) == 0;
    return REAL(sqlite3_step)(statement);
}

/* The condition of a write of observation `number` (support.h): its identifier, patient, writer. */
struct condition {
    struct skeym_store_value identifier, patient, writer;
    struct skeym_store_value two[2];
    struct skeym_store_test tests[4];
    struct skeym_store_query query;
};

static void ask(struct condition *condition, const char *value)
{
    *condition = (struct condition){
        .identifier = {.system = skeym_span_text("urn"), .text = skeym_span_text(value)},
        .patient = {.text = skeym_span_text("p")},
        .writer = {.text = skeym_span_text("w")},
    };
    condition->tests[0] =
        (struct skeym_store_test){SKEYM_STORE_BY_IDENTIFIER, &condition->identifier, 1};
    condition->tests[1] = (struct skeym_store_test){SKEYM_STORE_BY_PATIENT, &condition->patient, 1};
    condition->tests[2] = (struct skeym_store_test){SKEYM_STORE_BY_WRITER, &condition->writer, 1};
    condition->query = (struct skeym_store_query){
        .kind = SKEYM_STORE_OBSERVATION, .tests = condition->tests, .test_count = 3, .limit = 2};
}

/* Observation `number` of writer w; NULL: without a condition. */
static enum skeym_store_outcome make(struct bench *bench, int number,
                                     const struct condition *condition)
{
    struct job job = {0};
    add(&job, number);
    job.writes[0].record.writer = skeym_span_text("w");
    job.writes[0].none_exist = condition ? &condition->query : NULL;
    searches = 0;
    run(bench, &job);
    return job.outcomes[0];
}

static void test_own_identifier(void **state)
{
    struct bench *bench = *state;
    struct condition condition;
    ask(&condition, "1");
    assert_int_equal(make(bench, 1, &condition), SKEYM_STORE_CREATED);
    assert_int_equal(searches, 0);
    assert_int_equal(make(bench, 1, &condition), SKEYM_STORE_FOUND);
    assert_int_equal(searches, 0);
    assert_int_equal(all(bench).count, 1);
}

/* Each asks for something else, or for more, and finds observation 1: number 2 is not made. */
static void test_others_are_searched(void **state)
{
    struct bench *bench = *state;
    struct condition c;
    enum { VALUE, TEXT, SYSTEM, TWO, NO_IDENTIFIER, NO_PATIENT, NO_WRITER, CASES };
    assert_int_equal(make(bench, 1, NULL), SKEYM_STORE_CREATED);
    for (int i = 0; i < CASES; i++) {
        ask(&c, i == VALUE ? "1" : "2");
        if (i == TEXT) { /* any of the system */
            c.identifier.any_text = true;
        } else if (i == SYSTEM) {
            ask(&c, "1");
            c.identifier.any_system = true;
        } else if (i == TWO) {
            c.two[0] = c.two[1] = c.identifier;
            c.two[1].text = skeym_span_text("1");
            c.tests[0] = (struct skeym_store_test){SKEYM_STORE_BY_IDENTIFIER, c.two, 2};
        } else if (i == NO_IDENTIFIER) {
            c.query.tests = c.tests + 1;
            c.query.test_count = 2;
        } else if (i == NO_PATIENT || i == NO_WRITER) {
            ask(&c, "1");
            c.tests[i == NO_PATIENT ? 1 : 2] = c.tests[0];
        }
        assert_int_equal(make(bench, 2, &c), SKEYM_STORE_FOUND);
        assert_true(searches > 0);
    }
    assert_int_equal(all(bench).count, 1);
}

/* One that finds nothing, since it asks for another patient or writer, or for one test more. */
static void test_narrower_ones_are_searched(void **state)
{
    struct bench *bench = *state;
    struct condition c;
    const struct skeym_store_value none = {.text = skeym_span_text("none")};
    for (int i = 0; i < 3; i++) {
        ask(&c, i == 0 ? "10" : i == 1 ? "11" : "12");
        if (i < 2) {
            c.tests[i + 1].values = &none;
        } else {
            c.tests[3] = (struct skeym_store_test){SKEYM_STORE_BY_ID, &none, 1};
            c.query.test_count = 4;
        }
        assert_int_equal(make(bench, 10 + i, &c), SKEYM_STORE_CREATED);
        assert_true(searches > 0);
    }
}

/* What must be made and is there: whether the condition would have found it, so that to look again
 * helps, or only an identifier did. */
static void test_must_create(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *asked; /* NULL: no condition */
        bool search;       /* the condition is not the identifier alone */
        bool own;          /* what is asked for is one more identifier of what is to be made */
        enum skeym_store_outcome outcome;
    } table[] = {
        {NULL, false, false, SKEYM_STORE_TAKEN}, {"1", false, false, SKEYM_STORE_CHANGED},
        {"1", true, false, SKEYM_STORE_CHANGED}, {"2", false, false, SKEYM_STORE_TAKEN},
        {"2", false, true, SKEYM_STORE_TAKEN},
    };
    assert_int_equal(make(bench, 1, NULL), SKEYM_STORE_CREATED);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct condition c;
        struct job job = {0};
        ask(&c, table[i].asked ? table[i].asked : "");
        c.query.test_count = table[i].search ? 2 : 3;
        add(&job, 1);
        if (table[i].own) {
            job.tags[0][0] = (struct skeym_store_tag){
                SKEYM_STORE_IDENTIFIER, skeym_span_text("urn"), skeym_span_text(table[i].asked)};
        }
        job.writes[0].record.writer = skeym_span_text("w");
        job.writes[0].none_exist = table[i].asked ? &c.query : NULL;
        job.writes[0].must_create = true;
        run(bench, &job);
        assert_int_equal(job.outcomes[0], table[i].outcome);
    }
    assert_int_equal(all(bench).count, 1);
}

/* An identifier without a system is not looked for by itself. */
static void test_without_system(void **state)
{
    struct bench *bench = *state;
    struct condition c;
    struct job job = {0};
    ask(&c, "1");
    c.identifier.system = skeym_span(NULL, 0);
    add(&job, 1);
    job.tags[0][1].system = skeym_span(NULL, 0);
    job.writes[0].record.writer = skeym_span_text("w");
    job.writes[0].none_exist = &c.query;
    for (int i = 0; i < 2; i++) {
        searches = 0;
        run(bench, &job);
        assert_true(searches > 0);
        assert_int_equal(job.outcomes[0], i ? SKEYM_STORE_FOUND : SKEYM_STORE_CREATED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_own_identifier, setup, teardown),
        cmocka_unit_test_setup_teardown(test_others_are_searched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_narrower_ones_are_searched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_must_create, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_system, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
