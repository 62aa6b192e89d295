/* SPDX-License-Identifier: Apache-2.0 */
/* Table 1 with verifiers that take all, refuse all or fail: none of it is confirmed. */
#include "unit/inspect/inspecting.h"

#include "unit/inspect/faulty_crew.h"
#include "unit/inspect/faulty_stand.h"

#include "baseline/stateful.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define skeym_stateful_ask(...)    stateful_ask(__VA_ARGS__)
#define skeym_stateful_revoke(...) stateful_revoke(__VA_ARGS__)
#define skeym_stateful_open(...)   stateful_open(__VA_ARGS__)
#include "baseline/stateful.c" /* NOLINT(bugprone-suspicious-include) */
#undef skeym_stateful_ask
#undef skeym_stateful_revoke
#undef skeym_stateful_open
#pragma GCC diagnostic pop

enum twins { TWIN_TRUE, TWIN_KNOWS_NOBODY, TWIN_COPIES, TWIN_FORGETS };
static enum twins twin_is;
static bool twin_revokes;
static bool twin_hurries;        /* knows everybody without a look */
static unsigned twin_opens_fail; /* the open of this number fails */

struct skeym_stateful_session *skeym_stateful_ask(const struct skeym_stateful *twin,
                                                  const uint8_t id[SKEYM_STATEFUL_ID_BYTES],
                                                  uint64_t now_ms)
{
    static struct skeym_stateful_session copy;
    static bool second;
    if (twin_hurries) {
        return &copy;
    }
    struct skeym_stateful_session *found = stateful_ask(twin, id, now_ms);
    if (twin_is == TWIN_TRUE || !found) {
        return found;
    }
    copy = *found;
    second = !second;
    return twin_is == TWIN_KNOWS_NOBODY || (twin_is == TWIN_FORGETS && !second) ? NULL : &copy;
}

size_t skeym_stateful_revoke(struct skeym_stateful *twin, const struct skeym_name *node)
{
    return twin_revokes ? stateful_revoke(twin, node) : 0;
}

enum skeym_error skeym_stateful_open(struct skeym_stateful *twin, size_t places)
{
    enum skeym_error error = stateful_open(twin, places);
    return stand_hit(&twin_opens_fail) ? SKEYM_ERR_MEMORY : error;
}

/* --- a row is reached ------------------------------------------------------------- */

enum row { STOLEN, RESOURCES, IMPLEMENTATION, SCALE, COMPROMISE, SIZES, REVOKE, MODIFY, SIGN_ON };
enum { ROWS = 9 };

static int row_at;           /* where what follows begins; -1: nowhere */
static unsigned requests_at; /* of the row, the request of this number fails */
static unsigned mints_at;
static int says_at;
static enum twins twin_at;

static void arm(void)
{
    int row = (int)(reached * ROWS + 0.5);
    twin_hurries = stand_copies = row == RESOURCES && row_at >= 0 && row != row_at;
    if (row_at >= 0 && row == row_at) {
        stand_fails.requests = requests_at;
        stand_fails.mints = mints_at;
        stand_says = says_at;
        twin_is = twin_at;
    } else {
        memset(&stand_fails, 0, sizeof stand_fails);
        stand_says = stand_copies ? (int)SKEYM_CHECK_COUNT : -1;
        twin_is = TWIN_TRUE;
    }
}

static int nothing_wrong(void **state)
{
    (void)state;
    row_at = says_at = stand_says = -1;
    requests_at = mints_at = twin_opens_fail = 0;
    twin_at = twin_is = TWIN_TRUE;
    twin_revokes = true;
    cpu_seconds = NULL;
    memset(&stand_fails, 0, sizeof stand_fails);
    on_progress = arm;
    return 0;
}

static struct json_object *states(void)
{
    return inspect(&skeym_inspection_states);
}

/* In one row all requests are judged in this way. */
static struct json_object *states_that_say(int row, int check)
{
    (void)nothing_wrong(NULL);
    row_at = row;
    says_at = check;
    return states();
}

static struct json_object *states_of_twin(int row, enum twins twin)
{
    (void)nothing_wrong(NULL);
    row_at = row;
    twin_at = twin;
    return states();
}

/* --- tests ------------------------------------------------------------------------ */

static void nine_rows_and_a_verdict(void **state)
{
    (void)state;
    struct json_object *finding = states();
    assert_true(figure_of(finding, "stolen.twin") == 200);
    assert_true(figure_of(finding, "stolen.ours") == 0);
    assert_true(figure_of(finding, "compromise") == 0);
    assert_true(figure_of(finding, "revoke.after") == 0);
    for (size_t row = 0; row < ROWS; row++) {
        assert_non_null(cell_of(finding, 0, row, 4));
        assert_null(strstr(cell_of(finding, 0, row, 4), "NOT AS EXPECTED"));
    }
    assert_string_equal(cell_of(finding, 0, MODIFY, 2), "seen at the next request: yes");
    assert_part(cell_of(finding, 0, RESOURCES, 4), "memory: stateless");
    ends_with(finding, SKEYM_VERDICT_MIXED, "rows 1 and 7 are wrong in the paper");
}

/* A gate that takes whatever it is asked would be seen in each row that tries it. */
static void a_gate_that_takes_all_is_seen(void **state)
{
    (void)state;
    static const struct {
        int row;
        const char *id;
        double count;
    } rows[] = {{STOLEN, "stolen.ours", 200},
                {COMPROMISE, "compromise", 200},
                {REVOKE, "revoke.after", 100}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_object *finding = states_that_say(rows[i].row, SKEYM_CHECK_COUNT);
        assert_true(figure_of(finding, rows[i].id) == rows[i].count);
        assert_part(cell_of(finding, 0, (size_t)rows[i].row, 4), "NOT AS EXPECTED");
        ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "not every row");
    }
    struct json_object *finding = states_that_say(SCALE, SKEYM_CHECK_COUNT);
    assert_part(cell_of(finding, 0, SCALE, 3), "(refused by instance: NO)");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "not every row");
}

static void a_gate_that_refuses_all_is_seen(void **state)
{
    (void)state;
    struct json_object *finding = states_that_say(COMPROMISE, SKEYM_CHECK_PROOF);
    assert_part(cell_of(finding, 0, COMPROMISE, 3), "by that component itself: 0");
    assert_part(cell_of(finding, 0, COMPROMISE, 4), "NOT AS EXPECTED");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "not every row");
    fails_with(states_that_say(REVOKE, SKEYM_CHECK_PROOF), SKEYM_ERR_STATE);
    fails_with(states_that_say(RESOURCES, SKEYM_CHECK_PROOF), SKEYM_ERR_STATE);
}

static void a_twin_that_is_none_is_seen(void **state)
{
    (void)state;
    struct json_object *finding = states_of_twin(STOLEN, TWIN_KNOWS_NOBODY);
    assert_true(figure_of(finding, "stolen.twin") == 0);
    assert_part(cell_of(finding, 0, STOLEN, 4), "NOT AS EXPECTED");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "not every row");
    finding = states_of_twin(STOLEN, TWIN_FORGETS); /* on the wire each, in the table a part */
    assert_part(cell_of(finding, 0, STOLEN, 4), "NOT AS EXPECTED");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "not every row");
    fails_with(states_of_twin(RESOURCES, TWIN_KNOWS_NOBODY), SKEYM_ERR_STATE);
    for (int twin = TWIN_KNOWS_NOBODY; twin <= TWIN_FORGETS; twin++) {
        finding = states_of_twin(MODIFY, (enum twins)twin);
        assert_string_equal(cell_of(finding, 0, MODIFY, 2), "seen at the next request: no");
        ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "not every row");
    }
    (void)nothing_wrong(NULL);
    twin_revokes = false;
    row_at = SIGN_ON;
    finding = states();
    assert_part(cell_of(finding, 0, REVOKE, 4), "NOT AS EXPECTED");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "not every row");
}

static double noon(void)
{
    return 43200;
}

/* Who is better follows from the figures. */
static void what_takes_the_same_time_is_no_better(void **state)
{
    (void)state;
    struct json_object *finding = states();
    assert_null(strstr(cell_of(finding, 0, RESOURCES, 4), "time: neither"));
    json_object_put(finding);
    cpu_seconds = noon;
    finding = states();
    assert_part(cell_of(finding, 0, RESOURCES, 4), "time: neither");
    ends_with(finding, SKEYM_VERDICT_MIXED, "");
}

static void a_request_that_cannot_be_made_is_an_error(void **state)
{
    (void)state;
    static const struct {
        int row;
        unsigned request, mint;
        enum skeym_error error;
    } faults[] = {
        {STOLEN, 3, 0, SKEYM_ERR_CRYPTO},     {RESOURCES, 3, 0, SKEYM_ERR_CRYPTO},
        {SCALE, 1, 0, SKEYM_ERR_CRYPTO},      {COMPROMISE, 3, 0, SKEYM_ERR_CRYPTO},
        {COMPROMISE, 0, 1, SKEYM_ERR_CRYPTO}, {COMPROMISE, 0, 4, SKEYM_ERR_CRYPTO},
        {SIZES, 2, 0, SKEYM_ERR_CRYPTO},      {SIZES, 0, 1, SKEYM_ERR_CRYPTO},
        {REVOKE, 1, 0, SKEYM_ERR_CRYPTO},     {REVOKE, 3, 0, SKEYM_ERR_CRYPTO},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        (void)nothing_wrong(NULL);
        row_at = faults[i].row;
        requests_at = faults[i].request;
        mints_at = faults[i].mint;
        fails_with(states(), faults[i].error);
    }
    for (unsigned n = 1; n <= 2; n++) { /* the twin itself, and its replica */
        (void)nothing_wrong(NULL);
        row_at = SIGN_ON;
        twin_opens_fail = n;
        fails_with(states(), SKEYM_ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nine_rows_and_a_verdict, nothing_wrong),
        cmocka_unit_test_setup(a_gate_that_takes_all_is_seen, nothing_wrong),
        cmocka_unit_test_setup(a_gate_that_refuses_all_is_seen, nothing_wrong),
        cmocka_unit_test_setup(a_twin_that_is_none_is_seen, nothing_wrong),
        cmocka_unit_test_setup(what_takes_the_same_time_is_no_better, nothing_wrong),
        cmocka_unit_test_setup(a_request_that_cannot_be_made_is_an_error, nothing_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
