/* SPDX-License-Identifier: Apache-2.0 */
/* What AES-CMAC adds to AES for a message of one whole block (NIST SP 800-38B, 6.1 and 6.2). */
#include "crypto/backend.h"
#include <endian.h>

/* L doubled in GF(2^128), without a branch on its top bit. */
void skeym_cmac_subkey(uint64_t block[2])
{
    uint64_t high = be64toh(block[0]);
    uint64_t low = be64toh(block[1]);
    uint64_t carry = 0x87 & -(high >> 63);
    block[0] = htobe64(high << 1 | low >> 63);
    block[1] = htobe64(low << 1 ^ carry);
}

/* By bytes, for nothing of it to be left on the stack: compilers make words of it. */
void skeym_cmac_mask(uint8_t *out, const uint8_t *in, size_t count, const uint64_t k1[2])
{
    const uint8_t *mask = (const uint8_t *)k1;
    for (size_t at = 0; at < count * SKEYM_BLOCK_BYTES; at += SKEYM_BLOCK_BYTES) {
        for (size_t i = 0; i < SKEYM_BLOCK_BYTES; i++) {
            out[at + i] = in[at + i] ^ mask[i];
        }
    }
}
