/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a login (docs/PROTOCOL.md, section 6) and an enrolment (5.1) have in common: a body of an
 * opening (locator or invitation) and Noise message 1, and message 2 as the answer.
 *
 *   body: 0x01 || u16 size || opening || message 1
 */
#ifndef SKEYM_CORE_HANDSHAKE_H
#define SKEYM_CORE_HANDSHAKE_H

#include "core/noise.h"

/* A body, taken apart. Views. */
struct skeym_handshake_body {
    struct skeym_span opening;
    const uint8_t *head;      /* of message 1: SKEYM_NOISE_HEAD_1 bytes */
    struct skeym_span sealed; /* its payload, with the tag */
};

/* Zeroes the state and mixes the prologue, label || opening, and the authority's public key. */
void skeym_handshake_begin(struct skeym_handshake *state, const char *label,
                           struct skeym_span opening, const uint8_t authority[32]);

/* --- the node's side --- */

/* A whole body, through a writer that has written nothing: begins the handshake, takes in the
 * node's keys and writes. After an error wiping the state is the caller's. Errors: SKEYM_ERR_SPACE,
 * SKEYM_ERR_WEAK, SKEYM_ERR_CRYPTO. */
struct skeym_handshake_node {
    const char *label;
    struct skeym_span opening;
    const uint8_t *authority;   /* S, 32 bytes */
    const uint8_t *private_key; /* 32 bytes */
    const uint8_t *ephemeral;   /* 32 bytes */
    const uint8_t *psk;         /* 32 bytes */
};
SKEYM_MUST_USE enum skeym_error skeym_handshake_write_1(struct skeym_writer *writer,
                                                        struct skeym_handshake *state,
                                                        const struct skeym_handshake_node *node,
                                                        struct skeym_span payload);
/* Opens message 2 of at most `most` bytes; *plain is a view into payload. h (NULL: not wanted) gets
 * the hash as it was before the payload. Errors: SKEYM_ERR_TRUNCATED, SKEYM_ERR_SHAPE (too long),
 * SKEYM_ERR_WEAK, SKEYM_ERR_HANDSHAKE, SKEYM_ERR_SPACE, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_handshake_read_2(struct skeym_span *plain,
                                                       struct skeym_room payload, uint8_t h[32],
                                                       struct skeym_handshake *state,
                                                       struct skeym_span answer, size_t most);

/* --- the authority's side --- */

/* What can be seen from outside: sizes and the version. least and most: of the payload, opened.
 * Errors: SKEYM_ERR_SIZE, SKEYM_ERR_VERSION. */
SKEYM_MUST_USE enum skeym_error skeym_handshake_split(struct skeym_handshake_body *out,
                                                      struct skeym_span bytes, size_t least,
                                                      size_t most);
/* SECRET out: a copy of the enrol key of an id, the caller's to wipe; of the current one for an id
 * that is unknown (under which what names it does not open). All keys are read, whichever it is. */
void skeym_handshake_enrol(struct skeym_enrol_keys *out, const struct skeym_authority_keys *keys,
                           uint32_t id);
const struct skeym_enrol_keys *skeym_handshake_current(const struct skeym_authority_keys *keys);

/* Where message 1 is decided on, once all of it has been read: what is told of the first error, or
 * SKEYM_OK. Nothing that is done before depends on what comes out here; ./dev ct sees to that. */
SKEYM_MUST_USE enum skeym_error skeym_handshake_decide(enum skeym_error error);

/* Writes message 2's head into out; the payload is to be written through *writer, where it will be
 * sealed. Errors: SKEYM_ERR_SPACE, SKEYM_ERR_WEAK, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_handshake_answer(struct skeym_writer *writer,
                                                       struct skeym_room out,
                                                       struct skeym_handshake *state,
                                                       const uint8_t ephemeral[32]);
/* Seals the payload in place; *size gets message 2's size. error: what happened since; after one,
 * or a new one, nothing is left in out. Returns it. Errors: SKEYM_ERR_SPACE, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_handshake_answered(enum skeym_error error,
                                                         struct skeym_room out, size_t *size,
                                                         struct skeym_handshake *state,
                                                         const struct skeym_writer *writer);

#endif
