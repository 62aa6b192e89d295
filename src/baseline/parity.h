/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neural key generation: two tree parity machines that learn from each other's outputs until their
 * weights are equal (Kanter, Kinzel and Kanter, 2002), and the geometric attacker who listens
 * (Klimov, Mityagin and Shamir, 2002). A baseline to measure against: not for use.
 */
#ifndef SKEYM_BASELINE_PARITY_H
#define SKEYM_BASELINE_PARITY_H

#include "stats/chance.h"
#include <stdbool.h>
#include <stdint.h>

/* Hidden units, inputs of each, greatest weight. */
enum { SKEYM_PARITY_K = 8, SKEYM_PARITY_N = 12, SKEYM_PARITY_L = 4 };
enum { SKEYM_PARITY_WEIGHTS = SKEYM_PARITY_K * SKEYM_PARITY_N };

struct skeym_parity {
    int8_t weights[SKEYM_PARITY_WEIGHTS];
    int sums[SKEYM_PARITY_K];     /* of the last input: w_k . x */
    int8_t signs[SKEYM_PARITY_K]; /* sigma_k; a sum of 0 counts as -1 */
    int8_t output;                /* tau, their product */
};

void skeym_parity_init(struct skeym_parity *machine, struct skeym_chance *chance);
/* Evaluates an input of +-1. */
void skeym_parity_see(struct skeym_parity *machine, const int8_t input[SKEYM_PARITY_WEIGHTS]);
/* Units whose sign is the output move towards the input (the Hebbian rule). */
void skeym_parity_learn(struct skeym_parity *machine, const int8_t input[SKEYM_PARITY_WEIGHTS],
                        int8_t output);
/* The attacker's turn after both partners said `output`: where its own differs, the unit that was
 * least sure changes its sign first; then it learns. */
void skeym_parity_attack(struct skeym_parity *machine, const int8_t input[SKEYM_PARITY_WEIGHTS],
                         int8_t output);

struct skeym_parity_run {
    uint32_t steps;  /* inputs exchanged until the two were equal */
    bool equal;      /* false: not within the limit */
    bool broken;     /* the attacker's weights were equal to theirs then */
    uint8_t key[32]; /* SHA-256 of the weights */
};

/* One key agreement with `attackers` listening, all from this chance. limit: of steps. */
void skeym_parity_agree(struct skeym_parity_run *run, unsigned attackers, uint32_t limit,
                        struct skeym_chance *chance);

enum { SKEYM_PARITY_ATTACKERS = 100 };

#endif
