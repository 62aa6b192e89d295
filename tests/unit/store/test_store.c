/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit, atomic batches, versions, time, bounds. */
#include "support.h"

/* While the first batch's done is held, a hundred more queue up: they share one commit. */
static void test_group_commit(void **state)
{
    struct bench *bench = *state;
    enum { COUNT = 100 };
    struct job *jobs = calloc(COUNT + 1, sizeof *jobs);
    hold_with(bench, &jobs[0], 0);
    assert_true(has(bench, 0)); /* durable and visible before done was called */
    uint64_t before = skeym_store_stats(bench->store).commits;
    for (int i = 1; i <= COUNT; i++) {
        add(&jobs[i], i);
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
    }
    assert_int_equal(skeym_store_stats(bench->store).queued, COUNT);
    hold(false);
    wait_for(COUNT);
    struct skeym_store_stats stats = skeym_store_stats(bench->store);
    assert_int_equal(stats.commits - before, 1);
    assert_int_equal(stats.batches, COUNT + 1);
    assert_int_equal(stats.failed, 0);
    assert_int_equal(stats.queued, 0);
    assert_int_equal(all(bench).count, COUNT + 1);
    for (int i = 2; i <= COUNT; i++) { /* one commit, one time */
        assert_int_equal(jobs[i].writes[0].updated_ms, jobs[1].writes[0].updated_ms);
    }
    assert_true(jobs[1].writes[0].updated_ms > jobs[0].writes[0].updated_ms);
    free(jobs);
}

/* In one group: a batch that fails leaves the ones around it alone. */
static void test_a_failing_batch_is_alone(void **state)
{
    struct bench *bench = *state;
    struct job jobs[4];
    memset(jobs, 0, sizeof jobs);
    hold_with(bench, &jobs[0], 0);
    add(&jobs[1], 1);
    add(&jobs[2], 2);
    add(&jobs[2], 3);
    add(&jobs[2], 0); /* is there already, and must be created */
    jobs[2].writes[2].must_create = true;
    jobs[2].batch.atomic = true;
    add(&jobs[3], 4);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
    }
    hold(false);
    wait_for(3);
    assert_int_equal(jobs[1].batch.error, SKEYM_OK);
    assert_int_equal(jobs[3].batch.error, SKEYM_OK);
    assert_int_equal(jobs[2].batch.error, SKEYM_ERR_CONFLICT);
    assert_int_equal(jobs[2].batch.failed, 2);
    assert_int_equal(jobs[2].outcomes[2], SKEYM_STORE_TAKEN);
    assert_true(has(bench, 1) && has(bench, 4));
    assert_false(has(bench, 2) || has(bench, 3));
    assert_int_equal(write_one(bench, 2), SKEYM_OK); /* nothing of it is left in an index */
}

/* Not atomic: each write alone. */
static void test_each_write_alone(void **state)
{
    struct bench *bench = *state;
    struct job job = {0};
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    add(&job, 2);
    add(&job, 1);
    add(&job, 3);
    job.writes[1].must_create = true;
    run(bench, &job);
    assert_int_equal(job.batch.error, SKEYM_OK);
    assert_int_equal(job.writes[1].error, SKEYM_ERR_CONFLICT);
    assert_int_equal(job.outcomes[0], SKEYM_STORE_CREATED);
    assert_int_equal(job.outcomes[1], SKEYM_STORE_TAKEN);
    assert_int_equal(job.outcomes[2], SKEYM_STORE_CREATED);
    assert_int_equal(all(bench).count, 3);
    assert_int_equal(skeym_store_stats(bench->store).failed, 1);
}

static void test_found(void **state)
{
    struct bench *bench = *state;
    struct job job = {0}, several = {0};
    assert_int_equal(write_one(bench, 1), SKEYM_OK);
    assert_int_equal(write_one(bench, 2), SKEYM_OK);
    add(&job, 1);
    snprintf(job.ids[0], sizeof job.ids[0], "o9");
    job.writes[0].record.id = skeym_span_text(job.ids[0]);
    run(bench, &job);
    assert_int_equal(job.outcomes[0], SKEYM_STORE_FOUND);
    assert_string_equal(job.found, "o1:body");
    assert_false(has(bench, 9));
    add(&several, 1);
    struct skeym_store_tag tags[] = {
        {SKEYM_STORE_IDENTIFIER, skeym_span_text("urn"), skeym_span_text("1")},
        {SKEYM_STORE_IDENTIFIER, skeym_span_text("urn"), skeym_span_text("2")}};
    several.writes[0].tags = tags;
    run(bench, &several);
    assert_int_equal(several.writes[0].error, SKEYM_ERR_CONFLICT);
    assert_int_equal(several.outcomes[0], SKEYM_STORE_SEVERAL);
}

static void test_put_expects_a_version(void **state)
{
    struct bench *bench = *state;
    for (uint32_t expected = 0; expected < 3; expected++) {
        for (uint32_t now = 0; now < 2; now++) { /* now == 1: the version has moved on */
            struct job job = {0};
            add(&job, 1);
            job.writes[0].action = SKEYM_STORE_PUT;
            job.writes[0].record.kind = SKEYM_STORE_PATIENT;
            job.writes[0].tag_count = 0;
            job.writes[0].expected_version = expected;
            run(bench, &job);
            assert_int_equal(job.writes[0].error, now == 0 ? SKEYM_OK : SKEYM_ERR_CONFLICT);
            assert_int_equal(job.outcomes[0], now == 1        ? SKEYM_STORE_CHANGED
                                              : expected == 0 ? SKEYM_STORE_CREATED
                                                              : SKEYM_STORE_UPDATED);
        }
    }
    struct job job = {0};
    add(&job, 1);
    job.writes[0].action = SKEYM_STORE_PUT;
    run(bench, &job);
    assert_int_equal(job.writes[0].error, SKEYM_ERR_UNSUPPORTED);
}

/* A clock that jumps back does not make new rows old, also not after a restart. */
static void test_clock_jumps_back(void **state)
{
    struct bench *bench = *state;
    struct job ahead = {0}, back = {0}, later = {0};
    add(&ahead, 1);
    ahead.writes[0].record.updated_ms = 5000;
    run(bench, &ahead);
    assert_int_equal(ahead.writes[0].updated_ms, 5000);
    add(&back, 2);
    run(bench, &back);
    assert_int_equal(back.writes[0].updated_ms, 5001);
    close_store(bench);
    open_store(bench);
    add(&later, 3);
    run(bench, &later);
    assert_int_equal(later.writes[0].updated_ms, 5002);
}

static void test_queue_is_bounded(void **state)
{
    struct bench *bench = *state;
    close_store(bench);
    struct skeym_store_options options = {.path = bench->path, .queue_max = 2};
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_OK);
    struct job jobs[4];
    memset(jobs, 0, sizeof jobs);
    hold_with(bench, &jobs[0], 0);
    for (int i = 1; i < 4; i++) {
        add(&jobs[i], i);
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch),
                         i < 3 ? SKEYM_OK : SKEYM_ERR_BUSY);
    }
    hold(false);
    wait_for(2);
    struct job job = {0};
    add(&job, 3);
    run(bench, &job);
    assert_int_equal(job.writes[0].error, SKEYM_OK);
}

static void test_close_commits_the_queue(void **state)
{
    struct bench *bench = *state;
    enum { COUNT = 50 };
    struct job *jobs = calloc(COUNT, sizeof *jobs);
    for (int i = 0; i < COUNT; i++) {
        add(&jobs[i], i);
        assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
    }
    close_store(bench);
    wait_for(COUNT);
    open_store(bench);
    assert_int_equal(all(bench).count, COUNT);
    free(jobs);
}

static void test_query_is_bounded(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(write_one(bench, i), SKEYM_OK);
    }
    close_store(bench);
    struct skeym_store_options options = {.path = bench->path, .steps_max = 1};
    assert_int_equal(skeym_store_open(&bench->store, &options), SKEYM_OK);
    assert_int_equal(skeym_store_reader_open(&bench->reader, bench->store), SKEYM_OK);
    struct rows rows = {0};
    struct skeym_store_query query = {.kind = SKEYM_STORE_OBSERVATION, .limit = 1000};
    assert_int_equal(skeym_store_search(bench->reader, &query, each, &rows), SKEYM_ERR_TIMEOUT);
    assert_true(has(bench, 7)); /* a short one still works */
}

/* Once a budget is given, it is all there is: for searches, single rows and $lastn together. */
static void test_budget_is_shared(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(write_one(bench, i), SKEYM_OK);
    }
    open_with_steps(bench, 20);
    for (int i = 0; i < 100; i++) { /* without one: each has its own */
        assert_int_equal(all(bench).count, 20);
    }
    struct skeym_store_value value = {.text = skeym_span_text("p")};
    struct skeym_store_test test = {SKEYM_STORE_BY_PATIENT, &value, 1};
    struct skeym_store_query query = {
        .kind = SKEYM_STORE_OBSERVATION, .tests = &test, .test_count = 1, .limit = 1};
    for (int kind = 0; kind < 3; kind++) {
        int served = 0;
        skeym_store_reader_budget(bench->reader);
        enum skeym_error error = SKEYM_OK;
        while (!error && served < 1000) {
            struct rows rows = {0};
            error = kind == 0   ? skeym_store_search(bench->reader, &query, each, &rows)
                    : kind == 1 ? skeym_store_latest(bench->reader, &query, each, &rows)
                                : skeym_store_get(bench->reader, SKEYM_STORE_OBSERVATION,
                                                  skeym_span_text("o7"), each, &rows);
            served += error == SKEYM_OK;
        }
        assert_int_equal(error, SKEYM_ERR_TIMEOUT);
        assert_in_range(served, 1, 500);
        skeym_store_reader_budget(bench->reader);
        assert_true(has(bench, 7)); /* nothing is left behind */
    }
}

/* Several identifiers are looked up one by one: not all that there are are gone through. */
static void test_identifiers_are_looked_up(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 400; i++) {
        assert_int_equal(write_one(bench, i), SKEYM_OK);
    }
    open_with_steps(bench, 40);
    struct skeym_store_value values[] = {
        {.system = skeym_span_text("urn"), .text = skeym_span_text("7")},
        {.system = skeym_span_text("urn"), .text = skeym_span_text("300")},
        {.system = skeym_span_text("other"), .text = skeym_span_text("8")},
        {.any_system = true, .text = skeym_span_text("9")}};
    struct skeym_store_test test = {SKEYM_STORE_BY_IDENTIFIER, values, 4};
    struct skeym_store_query query = {
        .kind = SKEYM_STORE_OBSERVATION, .tests = &test, .test_count = 1, .limit = 10};
    skeym_store_reader_budget(bench->reader);
    for (int i = 0; i < 50; i++) {
        struct rows rows = {0};
        assert_int_equal(skeym_store_search(bench->reader, &query, each, &rows), SKEYM_OK);
        assert_int_equal(rows.count, 3);
    }
}

/* Long rows are work, also where none of their steps is counted. */
static void test_budget_counts_bodies(void **state)
{
    struct bench *bench = *state;
    struct job job = {0};
    add_large(&job, 1, 1 << 20);
    run(bench, &job);
    assert_int_equal(job.writes[0].error, SKEYM_OK);
    free(job.large);
    open_with_steps(bench, 100);
    struct skeym_store_query query = {.kind = SKEYM_STORE_OBSERVATION, .limit = 1};
    for (int kind = 0; kind < 2; kind++) {
        enum skeym_error error = SKEYM_OK;
        int served = 0;
        skeym_store_reader_budget(bench->reader);
        while (!error && served < 100) {
            struct rows rows = {0};
            error = kind == 0 ? skeym_store_search(bench->reader, &query, each, &rows)
                              : skeym_store_get(bench->reader, SKEYM_STORE_OBSERVATION,
                                                skeym_span_text("o1"), each, &rows);
            served += error == SKEYM_OK;
        }
        assert_int_equal(error, SKEYM_ERR_TIMEOUT);
        assert_in_range(served, 1, 10);
    }
}

/* A search within a create is bounded: that write fails, those around it do not. */
static void test_none_exist_is_bounded(void **state)
{
    struct bench *bench = *state;
    struct skeym_store_tag shared = {SKEYM_STORE_IDENTIFIER, skeym_span(NULL, 0),
                                     skeym_span_text("dup")};
    for (int i = 0; i < 300; i++) { /* without a system, all may have the same */
        struct job job = {0};
        add(&job, i);
        job.tags[0][1] = shared;
        run(bench, &job);
        assert_int_equal(job.writes[0].error, SKEYM_OK);
    }
    open_with_steps(bench, 5);
    struct skeym_store_value dup = {.text = shared.value, .any_system = true};
    struct skeym_store_value never = {.compare = SKEYM_STORE_LT, .low = -1, .high = 0};
    struct skeym_store_test tests[] = {{SKEYM_STORE_BY_IDENTIFIER, &dup, 1},
                                       {SKEYM_STORE_BY_UPDATED, &never, 1}};
    struct skeym_store_query query = {.kind = SKEYM_STORE_OBSERVATION,
                                      .tests = tests,
                                      .test_count = 2,
                                      .order = SKEYM_STORE_ORDER_ID,
                                      .limit = 2};
    struct job job = {0};
    add(&job, 1000);
    add(&job, 1001);
    add(&job, 1002);
    job.writes[1].none_exist = &query;
    run(bench, &job);
    assert_int_equal(job.writes[0].error, SKEYM_OK);
    assert_int_equal(job.writes[1].error, SKEYM_ERR_TIMEOUT);
    assert_int_equal(job.writes[2].error, SKEYM_OK);
    assert_true(has(bench, 1000) && has(bench, 1002) && !has(bench, 1001));
    struct job whole = {0};
    add(&whole, 1003);
    add(&whole, 1004);
    whole.writes[1].none_exist = &query;
    whole.batch.atomic = true;
    run(bench, &whole);
    assert_int_equal(whole.batch.error, SKEYM_ERR_TIMEOUT);
    assert_int_equal(whole.batch.failed, 1);
    assert_false(has(bench, 1003));
    /* one budget for all of a batch, and the next batch has its own */
    dup.text = skeym_span_text("1000");
    struct skeym_store_query other = query, third = query;
    other.test_count = 1;
    third.descending = true;
    open_with_steps(bench, 5); /* prepares anew */
    struct job all_three = {0};
    add(&all_three, 1005);
    add(&all_three, 1006);
    add(&all_three, 1007);
    all_three.writes[0].none_exist = &query;
    all_three.writes[1].none_exist = &other;
    all_three.writes[2].none_exist = &third;
    run(bench, &all_three);
    assert_int_equal(all_three.writes[0].error, SKEYM_OK);
    assert_int_equal(all_three.writes[2].error, SKEYM_ERR_TIMEOUT);
    struct job next = {0};
    add(&next, 1007);
    next.writes[0].none_exist = &third;
    run(bench, &next);
    assert_int_equal(next.writes[0].error, SKEYM_OK);
}

/* More than the writes of one transaction are two. */
static void test_a_group_that_is_full(void **state)
{
    struct bench *bench = *state;
    enum { MOST = 4096, JOBS = MOST / WRITES };
    struct job *jobs = calloc(JOBS + 2, sizeof *jobs);
    assert_non_null(jobs);
    for (int more = 0; more < 2; more++) {
        memset(jobs, 0, (JOBS + 2) * sizeof *jobs);
        hold_with(bench, &jobs[0], 20000 * (more + 1));
        uint64_t before = skeym_store_stats(bench->store).commits;
        for (int i = 1; i <= JOBS + more; i++) {
            for (int j = 0; j < WRITES; j++) {
                add(&jobs[i], 20000 * more + i * WRITES + j);
            }
            assert_int_equal(skeym_store_submit(bench->store, &jobs[i].batch), SKEYM_OK);
        }
        hold(false);
        wait_for(JOBS + more);
        assert_int_equal(skeym_store_stats(bench->store).commits - before, 1 + more);
        assert_int_equal(jobs[JOBS + more].writes[WRITES - 1].error, SKEYM_OK);
    }
    free(jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_group_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_failing_batch_is_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_write_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put_expects_a_version, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_jumps_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queue_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_close_commits_the_queue, setup, teardown),
        cmocka_unit_test_setup_teardown(test_query_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_budget_is_shared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_identifiers_are_looked_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_budget_counts_bodies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_none_exist_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_group_that_is_full, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
