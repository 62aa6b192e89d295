/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts of opening a locator (include/skeym/login.h). */
#ifndef SKEYM_PROVE_LOCATOR_H
#define SKEYM_PROVE_LOCATOR_H

#include "claims.h"
#include "sealed.h"
#include <skeym/login.h>

/*@ requires \valid(id) && readable(locator) && beside(locator, (uint8_t *)id);
    assigns *id;
    ensures \result != SKEYM_ERR_SIZE ==>
            SKEYM_LOCATOR_HEAD + 64 <= locator.size <= SKEYM_LOCATOR_BYTES;
    ensures \result != SKEYM_OK ==> *id == 0; */
enum skeym_error skeym_locator_key(uint32_t *id, struct skeym_span locator);

/*@ requires \valid(out + (0 .. SKEYM_NODE_CLAIMS_BYTES - 1)) && \valid(size);
    requires \valid_read(keys) && readable(locator);
    requires beside(locator, out) && beside(locator, (uint8_t *)size);
    requires \separated(size, out + (0 .. SKEYM_NODE_CLAIMS_BYTES - 1), keys);
    assigns out[0 .. SKEYM_NODE_CLAIMS_BYTES - 1], *size;
    ensures *size <= SKEYM_NODE_CLAIMS_BYTES; */
enum skeym_error skeym_locator_unseal(uint8_t *out, size_t *size,
                                      const struct skeym_enrol_keys *keys,
                                      struct skeym_span locator);

/*@ requires \valid(out) && \valid_read(keys) && readable(locator);
    requires \separated(out, keys) && beside(locator, &out->role);
    assigns *out;
    ensures spelled: \result == SKEYM_OK ==> node_claims_ok(out); */
enum skeym_error skeym_locator_open(struct skeym_node_claims *out,
                                    const struct skeym_enrol_keys *keys, struct skeym_span locator);

/* --- inside of locator.c ---------------------------------------------------- */

#ifdef SKEYM_PROVE_INSIDE_LOCATOR
/*@ requires \valid_read(keys);
    assigns \nothing;
    ensures \result.id == keys->id && \result.key == &keys->seal[0];
    ensures \result.least == 48 && \result.most == SKEYM_NODE_CLAIMS_BYTES; */
static struct skeym_sealed locators(const struct skeym_enrol_keys *keys);
#endif

#endif
