/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts of opening what an authority sealed to itself (src/core/sealed.h). */
#ifndef SKEYM_PROVE_SEALED_H
#define SKEYM_PROVE_SEALED_H

#include "seal.h"
#include <core/sealed.h>

/*@ predicate sort_ok(struct skeym_sealed *s) = 1 <= s->least <= s->most <= 4096; */

/*@ requires \valid(id) && \valid_read(sort) && sort_ok(sort) && readable(sealed);
    requires beside(sealed, (uint8_t *)id) && \separated(id, sort);
    assigns *id;
    ensures \result != SKEYM_ERR_SIZE ==>
            SKEYM_LOCATOR_HEAD + sort->least + 16 <= sealed.size <=
            SKEYM_LOCATOR_HEAD + sort->most + 16;
    ensures \result != SKEYM_OK ==> *id == 0; */
enum skeym_error skeym_sealed_key(uint32_t *id, const struct skeym_sealed *sort,
                                  struct skeym_span sealed);

/*@ requires \valid_read(sort) && sort_ok(sort) && \valid_read(sort->key + (0 .. 31));
    requires \valid(out + (0 .. sort->most - 1)) && \valid(size) && readable(sealed);
    requires beside(sealed, out) && beside(sealed, (uint8_t *)size);
    requires \separated(size, out + (0 .. sort->most - 1), sort);
    assigns out[0 .. sort->most - 1], *size;
    ensures *size <= sort->most; */
enum skeym_error skeym_sealed_open(uint8_t *out, size_t *size, const struct skeym_sealed *sort,
                                   struct skeym_span sealed);

#endif
