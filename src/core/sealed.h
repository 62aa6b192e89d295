/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an authority seals to itself, and others carry: locators and invitations (docs/PROTOCOL.md,
 * sections 5 and 5.1).
 *
 *   0x01 || enrol key id u32 || nonce 24 || XAES-256-GCM(key, nonce, plain, aad = first 5 bytes)
 */
#ifndef SKEYM_CORE_SEALED_H
#define SKEYM_CORE_SEALED_H

#include <skeym/login.h>

/* One sort of them under one enrol key. */
struct skeym_sealed {
    uint32_t id;        /* of the enrol key */
    const uint8_t *key; /* 32 bytes, of this sort alone */
    size_t least, most; /* bytes of its plaintext */
};

/* On an error out is zero. Errors: SKEYM_ERR_SPACE, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_sealed_write(struct skeym_room out, size_t *size,
                                                   const struct skeym_sealed *sort,
                                                   const uint8_t nonce[SKEYM_NONCE_BYTES],
                                                   struct skeym_span plain);
/* The enrol key id that it names, before it is opened. sort->id and key are not looked at. Errors:
 * SKEYM_ERR_SIZE, SKEYM_ERR_VERSION. */
SKEYM_MUST_USE enum skeym_error skeym_sealed_key(uint32_t *id, const struct skeym_sealed *sort,
                                                 struct skeym_span sealed);
/* out has sort->most bytes, and is zero after an error. *size gets how many plain bytes there are
 * in something of this size, sort->least of one that is too short or too long, on an error too.
 * Errors: those of skeym_sealed_key, SKEYM_ERR_LOCATOR (another key, or altered),
 * SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_sealed_open(uint8_t *out, size_t *size,
                                                  const struct skeym_sealed *sort,
                                                  struct skeym_span sealed);

#endif
