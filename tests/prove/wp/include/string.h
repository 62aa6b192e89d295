/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the proofs take for granted of the C library: these three, typed as the core calls them (on
 * bytes), so that the prover needs no casts between kinds of memory.
 */
#ifndef SKEYM_PROVE_STRING_H
#define SKEYM_PROVE_STRING_H

#include <stddef.h>
#include <stdint.h>

/*@ requires valid_to: \valid(to + (0 .. size - 1));
    requires valid_from: \valid_read(from + (0 .. size - 1));
    requires apart: \separated(to + (0 .. size - 1), from + (0 .. size - 1));
    assigns to[0 .. size - 1] \from from[0 .. size - 1];
    ensures copied: \forall integer i; 0 <= i < size ==> to[i] == \old(from[i]); */
void memcpy(uint8_t *to, const uint8_t *from, size_t size);

/*@ requires valid_to: \valid(to + (0 .. size - 1));
    assigns to[0 .. size - 1] \from value;
    ensures set: \forall integer i; 0 <= i < size ==> to[i] == (uint8_t)value; */
void memset(uint8_t *to, int value, size_t size);

/*@ requires valid_a: \valid_read(a + (0 .. size - 1));
    requires valid_b: \valid_read(b + (0 .. size - 1));
    assigns \result \from a[0 .. size - 1], b[0 .. size - 1];
    ensures \result == 0 <==> (\forall integer i; 0 <= i < size ==> a[i] == b[i]); */
int memcmp(const uint8_t *a, const uint8_t *b, size_t size);

#endif
