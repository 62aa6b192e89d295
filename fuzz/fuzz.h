/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share. A target is one function from bytes to nothing: it hands what it
 * reads to a parser and stops the program (FUZZ_MUST) when something that must hold does not.
 *
 * Where bytes are sealed or summed, the first byte of an input chooses: as they are, or as the
 * clear text that the target seals itself, under fixed keys (those of tests/vectors/protocol.json).
 * So what lies behind a seal is reached as easily as what lies before it.
 */
#ifndef SKEYM_FUZZ_FUZZ_H
#define SKEYM_FUZZ_FUZZ_H

#include <skeym/login.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_MUST(what)                                                                            \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define FUZZ_NOW_MS   UINT64_C(1800000123456)
#define FUZZ_INSTANCE 0x01020304u

bool fuzz_zero(const void *data, size_t size);
/* An exact-size copy on the heap, so that a read past its end is seen. Free data. */
struct skeym_span fuzz_copy(struct skeym_span bytes);
/* Exact-size memory; stops when there is none. Free it. */
void *fuzz_take(size_t size);
/* The rest of a reader. */
struct skeym_span fuzz_rest(struct skeym_reader *reader);
/* The next line without its line feed; at the end of input empty. */
struct skeym_span fuzz_line(struct skeym_reader *reader);
/* Reads (two length bytes) a part of at most what is there. */
struct skeym_span fuzz_part(struct skeym_reader *reader);
/* A malloc'ed NUL-terminated copy, cut at the first NUL. */
char *fuzz_text(struct skeym_span bytes);
/* lines and "check b64(first 8 bytes of SHA-256)\n", as the node's files end. Free data. */
struct skeym_span fuzz_checked(struct skeym_span lines);

/* One authority and one of its nodes, made at the first call. */
struct fuzz_world {
    struct skeym_enrol_keys enrol[2]; /* ids 1 and 2; the second is the current one */
    struct skeym_authority_keys keys;
    struct skeym_audience_keys audience;
    struct skeym_node_claims claims; /* of dr.Lee_1 */
    struct skeym_credentials credentials;
    uint8_t node_ephemeral[32];
    uint8_t authority_ephemeral[32];
    uint8_t nonce[SKEYM_NONCE_BYTES];
};
const struct fuzz_world *fuzz_world(void);
/* Bytes first, first + 1 ... */
void fuzz_count(uint8_t *out, size_t size, uint8_t first);

#endif
