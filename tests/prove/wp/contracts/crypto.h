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

#endif
