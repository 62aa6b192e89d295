/* SPDX-License-Identifier: Apache-2.0 */
/* What the proofs take for granted of src/core/xaes.h: it writes its output, and nothing else. */
#ifndef SKEYM_PROVE_SEAL_H
#define SKEYM_PROVE_SEAL_H

#include "span.h"
#include <core/xaes.h>

/*@ requires \valid(out.data + (0 .. out.room - 1)) && readable(aad) && readable(sealed);
    requires \valid_read(key + (0 .. 31)) && \valid_read(nonce + (0 .. 23));
    requires \separated(out.data + (0 .. out.room - 1), sealed.data + (0 .. sealed.size - 1));
    assigns out.data[0 .. out.room - 1];
    ensures \result == SKEYM_OK ==> sealed.size >= 16 && sealed.size - 16 <= out.room; */
enum skeym_error skeym_xaes_open(struct skeym_room out, const uint8_t *key, const uint8_t *nonce,
                                 struct skeym_span aad, struct skeym_span sealed);

/*@ requires \valid(out.data + (0 .. out.room - 1)) && readable(aad) && readable(sealed);
    requires \valid_read(key) && \valid_read(nonce + (0 .. 23));
    requires \separated(out.data + (0 .. out.room - 1), sealed.data + (0 .. sealed.size - 1));
    assigns out.data[0 .. out.room - 1];
    ensures \result == SKEYM_OK ==> sealed.size >= 16 && sealed.size - 16 <= out.room; */
enum skeym_error skeym_xaes_open_prepared(struct skeym_room out, const struct skeym_cmac_key *key,
                                          const uint8_t *nonce, struct skeym_span aad,
                                          struct skeym_span sealed);

#endif
