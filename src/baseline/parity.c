/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/parity.h"
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

void skeym_parity_init(struct skeym_parity *machine, struct skeym_chance *chance)
{
    memset(machine, 0, sizeof *machine);
    for (size_t i = 0; i < SKEYM_PARITY_WEIGHTS; i++) {
        machine->weights[i] =
            (int8_t)((int)skeym_chance_below(chance, 2 * SKEYM_PARITY_L + 1) - SKEYM_PARITY_L);
    }
}

void skeym_parity_see(struct skeym_parity *machine, const int8_t input[SKEYM_PARITY_WEIGHTS])
{
    machine->output = 1;
    for (size_t k = 0; k < SKEYM_PARITY_K; k++) {
        const int8_t *weights = machine->weights + k * SKEYM_PARITY_N;
        const int8_t *x = input + k * SKEYM_PARITY_N;
        int sum = 0;
        for (size_t i = 0; i < SKEYM_PARITY_N; i++) {
            sum += weights[i] * x[i];
        }
        machine->sums[k] = sum;
        machine->signs[k] = sum > 0 ? 1 : -1;
        machine->output = (int8_t)(machine->output * machine->signs[k]);
    }
}

void skeym_parity_learn(struct skeym_parity *machine, const int8_t input[SKEYM_PARITY_WEIGHTS],
                        int8_t output)
{
    for (size_t k = 0; k < SKEYM_PARITY_K; k++) {
        if (machine->signs[k] != output) {
            continue;
        }
        for (size_t i = k * SKEYM_PARITY_N; i < (k + 1) * SKEYM_PARITY_N; i++) {
            int moved = machine->weights[i] + input[i] * output;
            moved = moved > SKEYM_PARITY_L ? SKEYM_PARITY_L : moved;
            machine->weights[i] = (int8_t)(moved < -SKEYM_PARITY_L ? -SKEYM_PARITY_L : moved);
        }
    }
}

void skeym_parity_attack(struct skeym_parity *machine, const int8_t input[SKEYM_PARITY_WEIGHTS],
                         int8_t output)
{
    skeym_parity_see(machine, input);
    if (machine->output != output) {
        size_t least = 0;
        for (size_t k = 1; k < SKEYM_PARITY_K; k++) {
            least = abs(machine->sums[k]) < abs(machine->sums[least]) ? k : least;
        }
        machine->signs[least] = (int8_t)-machine->signs[least];
    }
    skeym_parity_learn(machine, input, output);
}

static bool same(const struct skeym_parity *a, const struct skeym_parity *b)
{
    return skeym_span_equal(skeym_span(a->weights, sizeof a->weights),
                            skeym_span(b->weights, sizeof b->weights));
}

static void make_input(int8_t input[SKEYM_PARITY_WEIGHTS], struct skeym_chance *chance)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < SKEYM_PARITY_WEIGHTS; i++) {
        bits = i % 64 == 0 ? skeym_chance_next(chance) : bits >> 1;
        input[i] = bits & 1 ? 1 : -1;
    }
}

void skeym_parity_agree(struct skeym_parity_run *run, unsigned attackers, uint32_t limit,
                        struct skeym_chance *chance)
{
    struct skeym_parity a, b, spies[SKEYM_PARITY_ATTACKERS];
    int8_t input[SKEYM_PARITY_WEIGHTS];
    memset(run, 0, sizeof *run);
    skeym_parity_init(&a, chance);
    skeym_parity_init(&b, chance);
    for (unsigned i = 0; i < attackers && i < SKEYM_PARITY_ATTACKERS; i++) {
        skeym_parity_init(&spies[i], chance);
    }
    while (!run->equal && run->steps < limit) {
        make_input(input, chance);
        skeym_parity_see(&a, input);
        skeym_parity_see(&b, input);
        run->steps++;
        if (a.output != b.output) {
            continue;
        }
        for (unsigned i = 0; i < attackers && i < SKEYM_PARITY_ATTACKERS; i++) {
            skeym_parity_attack(&spies[i], input, a.output);
        }
        skeym_parity_learn(&a, input, a.output);
        skeym_parity_learn(&b, input, b.output);
        run->equal = same(&a, &b);
    }
    for (unsigned i = 0; i < attackers && i < SKEYM_PARITY_ATTACKERS; i++) {
        run->broken = run->broken || same(&a, &spies[i]);
    }
    const struct skeym_span weights = skeym_span(a.weights, sizeof a.weights);
    skeym_crypto_sha256(run->key, &weights, 1);
}
