/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/parity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void sums_signs_and_output_are_as_defined(void **state)
{
    (void)state;
    struct skeym_parity machine;
    int8_t input[SKEYM_PARITY_WEIGHTS];
    memset(&machine, 0, sizeof machine);
    memset(input, 1, sizeof input);
    for (size_t k = 0; k < SKEYM_PARITY_K; k++) {
        machine.weights[k * SKEYM_PARITY_N] = (int8_t)(k % 2 ? 3 : -2);
    }
    machine.weights[0] = 0; /* a sum of 0 counts as -1 */
    skeym_parity_see(&machine, input);
    for (size_t k = 0; k < SKEYM_PARITY_K; k++) {
        assert_int_equal(machine.sums[k], k == 0 ? 0 : k % 2 ? 3 : -2);
        assert_int_equal(machine.signs[k], k % 2 ? 1 : -1);
    }
    assert_int_equal(machine.output, 1); /* four minus signs */
    input[SKEYM_PARITY_N] = -1;
    skeym_parity_see(&machine, input);
    assert_int_equal(machine.sums[1], -3);
    assert_int_equal(machine.output, -1);
}

static void only_units_of_the_output_learn_and_weights_are_bounded(void **state)
{
    (void)state;
    struct skeym_parity machine;
    int8_t input[SKEYM_PARITY_WEIGHTS];
    memset(&machine, 0, sizeof machine);
    memset(input, 1, sizeof input);
    input[1] = -1;
    memset(machine.signs, -1, sizeof machine.signs);
    machine.signs[0] = 1;
    for (int i = 1; i <= 6; i++) {
        skeym_parity_learn(&machine, input, 1);
        assert_int_equal(machine.weights[0], i < SKEYM_PARITY_L ? i : SKEYM_PARITY_L);
        assert_int_equal(machine.weights[1], i < SKEYM_PARITY_L ? -i : -SKEYM_PARITY_L);
        assert_int_equal(machine.weights[SKEYM_PARITY_N], 0);
    }
    skeym_parity_learn(&machine, input, -1);
    assert_int_equal(machine.weights[0], SKEYM_PARITY_L); /* its sign is not the output */
    assert_int_equal(machine.weights[SKEYM_PARITY_N], -1);
}

static void the_attacker_turns_its_least_sure_unit(void **state)
{
    (void)state;
    struct skeym_parity machine;
    int8_t input[SKEYM_PARITY_WEIGHTS];
    memset(&machine, 0, sizeof machine);
    memset(input, 1, sizeof input);
    for (size_t k = 0; k < SKEYM_PARITY_K; k++) {
        machine.weights[k * SKEYM_PARITY_N] = 3;
    }
    machine.weights[5 * SKEYM_PARITY_N] = 1;
    skeym_parity_attack(&machine, input, -1); /* its own output is +1 */
    for (size_t k = 0; k < SKEYM_PARITY_K; k++) {
        assert_int_equal(machine.weights[k * SKEYM_PARITY_N], k == 5 ? 0 : 3);
    }
    for (size_t i = 5 * SKEYM_PARITY_N; i < 6 * SKEYM_PARITY_N; i++) {
        machine.weights[i] = 1;
    }
    skeym_parity_attack(&machine, input, 1); /* nothing to turn: all learn */
    assert_int_equal(machine.weights[0], 4);
}

static void two_machines_agree_and_the_run_repeats(void **state)
{
    (void)state;
    struct skeym_chance chance;
    struct skeym_parity_run first, again, other;
    skeym_chance_init(&chance, 3, 1);
    skeym_parity_agree(&first, 2, 100000, &chance);
    assert_true(first.equal);
    assert_in_range(first.steps, 20, 20000);
    skeym_chance_init(&chance, 3, 1);
    skeym_parity_agree(&again, 2, 100000, &chance);
    assert_memory_equal(&first, &again, sizeof first);
    skeym_parity_agree(&other, 2, 100000, &chance);
    assert_memory_not_equal(first.key, other.key, sizeof first.key);
    skeym_parity_agree(&other, 0, 3, &chance);
    assert_false(other.equal);
    assert_false(other.broken);
    assert_int_equal(other.steps, 3);
}

/* Who has a partner's weights and hears the outputs stays with it. */
static void a_listener_with_the_weights_keeps_them(void **state)
{
    (void)state;
    struct skeym_chance chance;
    struct skeym_parity a, spy;
    int8_t input[SKEYM_PARITY_WEIGHTS];
    skeym_chance_init(&chance, 1, 1);
    skeym_parity_init(&a, &chance);
    spy = a;
    for (int step = 0; step < 500; step++) {
        for (size_t i = 0; i < SKEYM_PARITY_WEIGHTS; i++) {
            input[i] = skeym_chance_below(&chance, 2) ? 1 : -1;
        }
        skeym_parity_see(&a, input);
        skeym_parity_attack(&spy, input, a.output);
        skeym_parity_learn(&a, input, a.output);
        assert_memory_equal(a.weights, spy.weights, sizeof a.weights);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_signs_and_output_are_as_defined),
        cmocka_unit_test(only_units_of_the_output_learn_and_weights_are_bounded),
        cmocka_unit_test(the_attacker_turns_its_least_sure_unit),
        cmocka_unit_test(two_machines_agree_and_the_run_repeats),
        cmocka_unit_test(a_listener_with_the_weights_keeps_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
