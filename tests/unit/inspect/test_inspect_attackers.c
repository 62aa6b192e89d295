/* SPDX-License-Identifier: Apache-2.0 */
/* The table of attackers with attacks of the test's own: what each came to is in the finding, and
 * the verdict follows from all of them. */
#include "unit/inspect/inspecting.h"

#include "inspect/attack.h"
#include "unit/inspect/fake_live.h"

enum { MOST = 40 };

static struct skeym_attack table[MOST];
static size_t table_count;
static struct skeym_attack_target seen;

const struct skeym_attack *skeym_attack_table(size_t *count)
{
    *count = table_count;
    return table;
}

bool skeym_attack_held(const struct skeym_attack_result *result)
{
    return result->succeeded == 0;
}

static enum skeym_error held(const struct skeym_attack_target *target,
                             struct skeym_attack_result *result)
{
    seen = *target;
    *result = (struct skeym_attack_result){.tried = 5, .refused = 5, .victim_served = 2};
    return SKEYM_OK;
}

static enum skeym_error broken(const struct skeym_attack_target *target,
                               struct skeym_attack_result *result)
{
    (void)target;
    *result = (struct skeym_attack_result){.tried = 5, .succeeded = 4, .victim_failed = 1};
    return SKEYM_OK;
}

static enum skeym_error undone(const struct skeym_attack_target *target,
                               struct skeym_attack_result *result)
{
    (void)target;
    (void)result;
    return SKEYM_ERR_NETWORK;
}

static enum skeym_error interrupted(const struct skeym_attack_target *target,
                                    struct skeym_attack_result *result)
{
    let_go = 0;
    return broken(target, result);
}

typedef enum skeym_error attack(const struct skeym_attack_target *target,
                                struct skeym_attack_result *result);

static void add(attack *run)
{
    assert_true(table_count < MOST);
    table[table_count] = (struct skeym_attack){"name", "story", run};
    table_count++;
}

static int nothing_wrong(void **state)
{
    (void)state;
    table_count = 0;
    let_go = INT_MAX;
    memset(&fake_live, 0, sizeof fake_live);
    return 0;
}

static struct json_object *attackers(enum skeym_inspect_size size)
{
    struct json_object *finding = inspect_with(&skeym_inspection_attackers, size, NULL);
    assert_int_equal(fake_live.open, 0);
    return finding;
}

static void all_that_held_is_confirmed(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        add(held);
    }
    struct json_object *finding = attackers(SKEYM_INSPECT_QUICK);
    assert_int_equal(fake_live.enrolled, 4);
    assert_string_equal(cell_of(finding, 0, 2, 6), "yes");
    assert_true(figure_of(finding, "tried") == 15);
    assert_true(figure_of(finding, "victim.served") == 6);
    assert_part(headline_of(finding, 0), "not once with success");
    ends_with(finding, SKEYM_VERDICT_CONFIRMED, "3 of 3 attacks");
    unsigned quick = seen.forgeries;
    ends_with(attackers(SKEYM_INSPECT_FULL), SKEYM_VERDICT_CONFIRMED, "3 of 3");
    assert_true(seen.forgeries > quick);
}

static void one_that_did_not_hold_is_told(void **state)
{
    (void)state;
    add(held);
    add(broken);
    struct json_object *finding = attackers(SKEYM_INSPECT_QUICK);
    assert_string_equal(cell_of(finding, 0, 1, 6), "NO");
    assert_true(figure_of(finding, "succeeded") == 4);
    assert_true(figure_of(finding, "victim.failed") == 1);
    assert_part(headline_of(finding, 0), "not always in vain");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "the others must be looked into");
}

static void one_that_could_not_be_done_did_not_hold(void **state)
{
    (void)state;
    add(undone);
    struct json_object *finding = attackers(SKEYM_INSPECT_QUICK);
    assert_string_equal(cell_of(finding, 0, 0, 6), skeym_error_text(SKEYM_ERR_NETWORK));
    assert_int_equal(length_of(finding, "charts"), 0); /* no tries at all */
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "0 of 1");
    add(held);
    finding = attackers(SKEYM_INSPECT_QUICK);
    assert_int_equal(length_of(finding, "charts"), 1);
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "1 of 2");
}

static void an_interrupt_leaves_the_rest_untried(void **state)
{
    (void)state;
    add(held);
    add(interrupted); /* it ended the server, too: not counted */
    add(held);
    struct json_object *finding = attackers(SKEYM_INSPECT_QUICK);
    assert_true(figure_of(finding, "attacks") == 1);
    assert_true(figure_of(finding, "succeeded") == 0);
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "the others of the table were not tried");
    let_go = 0;
    finding = attackers(SKEYM_INSPECT_QUICK);
    assert_true(figure_of(finding, "attacks") == 0);
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "0 of 0");
}

static void stop(void)
{
    let_go = 0;
}

static void without_a_server_there_is_no_verdict_but_when_it_was_stopped(void **state)
{
    (void)state;
    add(held);
    for (unsigned n = 1; n <= 6; n++) {
        (void)nothing_wrong(NULL);
        add(held);
        fake_live.fail_at = n;
        fails_with(attackers(SKEYM_INSPECT_QUICK), SKEYM_ERR_TIMEOUT);
    }
    (void)nothing_wrong(NULL);
    add(held);
    fake_live.fail_at = 2;
    fake_live.failed = stop;
    ends_with(attackers(SKEYM_INSPECT_QUICK), SKEYM_VERDICT_NOT_CONFIRMED, "0 of 0");
}

static void more_attacks_than_a_chart_has_room_for_are_counted(void **state)
{
    (void)state;
    for (int i = 0; i < MOST; i++) {
        add(held);
    }
    struct json_object *finding = attackers(SKEYM_INSPECT_QUICK);
    assert_true(figure_of(finding, "attacks") == MOST);
    ends_with(finding, SKEYM_VERDICT_CONFIRMED, "40 of 40");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_that_held_is_confirmed, nothing_wrong),
        cmocka_unit_test_setup(one_that_did_not_hold_is_told, nothing_wrong),
        cmocka_unit_test_setup(one_that_could_not_be_done_did_not_hold, nothing_wrong),
        cmocka_unit_test_setup(an_interrupt_leaves_the_rest_untried, nothing_wrong),
        cmocka_unit_test_setup(without_a_server_there_is_no_verdict_but_when_it_was_stopped,
                               nothing_wrong),
        cmocka_unit_test_setup(more_attacks_than_a_chart_has_room_for_are_counted, nothing_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
