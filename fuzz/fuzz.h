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

/* A function of ours that reads kilobytes in each execution: what it compares is no news to a
 * mutator, and what it touches is checked elsewhere. */
#ifdef __clang__
#define FUZZ_UNWATCHED __attribute__((no_sanitize("coverage", "address", "undefined")))
#else
#define FUZZ_UNWATCHED
#endif

#define FUZZ_NOW_MS   UINT64_C(1800000123456)
#define FUZZ_INSTANCE 0x01020304u

/* A struct must have been zeroed before it was handed over: what lies between its members is not
 * the parsers' to zero. */
bool fuzz_zero(const void *data, size_t size);
/* Of structs that were zeroed before they were filled. */
bool fuzz_same(const void *a, const void *b, size_t size);
/* Exact-size memory, so that a step past its end is seen; stops when there is none. All that was
 * taken is freed by fuzz_done, with which a target that took something ends. */
void *fuzz_take(size_t size);
struct skeym_span fuzz_copy(struct skeym_span bytes);
void fuzz_done(void);
/* The rest of a reader. */
struct skeym_span fuzz_rest(struct skeym_reader *reader);
/* The next line without its line feed; at the end of input empty. */
struct skeym_span fuzz_line(struct skeym_reader *reader);
/* Reads (two length bytes) a part of at most what is there. */
struct skeym_span fuzz_part(struct skeym_reader *reader);
/* A NUL-terminated copy. */
char *fuzz_text(struct skeym_span bytes);
/* lines and "check b64(first 8 bytes of SHA-256)\n", as the node's files end. */
struct skeym_span fuzz_checked(struct skeym_span lines);

/* A handshake's message 2, of its head and a payload that the authority seals behind it. */
struct skeym_span fuzz_message_2(const struct skeym_handshake *authority, struct skeym_span head,
                                 struct skeym_span payload);

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
