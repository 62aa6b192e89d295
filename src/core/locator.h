/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two halves of a locator that a login takes one by one: it needs the claims' bytes for C_i and
 * the node's public key at once, and what they mean only when the message opened.
 */
#ifndef SKEYM_CORE_LOCATOR_H
#define SKEYM_CORE_LOCATOR_H

#include <skeym/login.h>

/* What a node asks of a locator that it cannot open: head, a byte at least, and the tag. */
#define SKEYM_LOCATOR_MIN (SKEYM_LOCATOR_HEAD + 1 + 16)

/* The claims' bytes, not yet read. *size gets how many a locator of this size holds, 48 to
 * SKEYM_NODE_CLAIMS_BYTES, on an error too; they are zero then. Errors: SKEYM_ERR_SIZE,
 * SKEYM_ERR_VERSION, SKEYM_ERR_LOCATOR, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_locator_unseal(uint8_t out[SKEYM_NODE_CLAIMS_BYTES],
                                                     size_t *size,
                                                     const struct skeym_enrol_keys *keys,
                                                     struct skeym_span locator);
/* SECRET out: C_i of claims in bytes, whatever they are. */
SKEYM_MUST_USE enum skeym_error skeym_locator_credential(uint8_t out[SKEYM_SECRET_BYTES],
                                                         const struct skeym_enrol_keys *keys,
                                                         struct skeym_span claims);

#endif
