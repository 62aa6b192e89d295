/* SPDX-License-Identifier: Apache-2.0 */
/* Parity machines that agree, and that a listener breaks, as the test says. */
#ifndef SKEYM_TESTS_FAULTY_PARITY_H
#define SKEYM_TESTS_FAULTY_PARITY_H

#include "baseline/parity.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#define skeym_parity_agree(...) parity_agree(__VA_ARGS__)
#include "baseline/parity.c" /* NOLINT(bugprone-suspicious-include) */
#undef skeym_parity_agree
#pragma GCC diagnostic pop

static struct {
    bool agrees, breaks;
    void (*make_key)(uint8_t key[32]); /* NULL: it is of zeros */
} parity_is;

void skeym_parity_agree(struct skeym_parity_run *run, unsigned attackers, uint32_t limit,
                        struct skeym_chance *chance)
{
    (void)attackers;
    (void)limit;
    (void)chance;
    *run = (struct skeym_parity_run){
        .steps = 10, .equal = parity_is.agrees, .broken = parity_is.breaks};
    if (parity_is.make_key) {
        parity_is.make_key(run->key);
    }
}

#endif
