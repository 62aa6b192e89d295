/* SPDX-License-Identifier: Apache-2.0 */
/* What the proofs take for granted of the crypto door: it writes its outputs, and nothing else. */
#ifndef SKEYM_PROVE_CRYPTO_H
#define SKEYM_PROVE_CRYPTO_H

#include "span.h"
#include <crypto/crypto.h>

/*@ requires \valid((uint8_t *)data + (0 .. size - 1));
    assigns ((uint8_t *)data)[0 .. size - 1];
    ensures \forall integer i; 0 <= i < size ==> ((uint8_t *)data)[i] == 0; */
void skeym_crypto_wipe(void *data, size_t size);

/*@ requires \valid((uint8_t *)data + (0 .. size - 1));
    assigns ((uint8_t *)data)[0 .. size - 1];
    ensures !keep ==> \forall integer i; 0 <= i < size ==> ((uint8_t *)data)[i] == 0;
    ensures keep ==> \forall integer i; 0 <= i < size ==>
            ((uint8_t *)data)[i] == \old(((uint8_t *)data)[i]); */
void skeym_crypto_keep(void *data, size_t size, bool keep);

/*@ assigns \nothing;
    ensures \result == (first ? a : b); */
enum skeym_error skeym_crypto_choose(bool first, enum skeym_error a, enum skeym_error b);

/*@ assigns \nothing;
    ensures \result == (before != SKEYM_OK ? before : now); */
enum skeym_error skeym_crypto_first(enum skeym_error before, enum skeym_error now);

#endif
