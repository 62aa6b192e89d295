/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway: one request's way from bytes to a verdict (docs/PROTOCOL.md, 8.3 and 9). What a
 * module author puts in front of a handler. Pure but for the used-before table.
 */
#ifndef SKEYM_ADMIT_H
#define SKEYM_ADMIT_H

#include <skeym/exchange.h>
#include <skeym/revoked.h>
#include <skeym/token.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The checks in their order. X(NAME, "word"). */
#define SKEYM_CHECKS(X)                                                                            \
    X(SIZE, "size")                                                                                \
    X(VERSION, "version")                                                                          \
    X(SHAPE, "shape")                                                                              \
    X(EPOCH, "epoch")                                                                              \
    X(UNSEAL, "unseal")                                                                            \
    X(TIME, "time")                                                                                \
    X(INSTANCE, "instance")                                                                        \
    X(REVOKED, "revoked")                                                                          \
    X(PROOF, "proof")                                                                              \
    X(USED, "used")                                                                                \
    X(FULL, "full")                                                                                \
    X(SCOPE, "scope")

enum skeym_check {
#define SKEYM_CHECK_ENUM(name, word) SKEYM_CHECK_##name,
    SKEYM_CHECKS(SKEYM_CHECK_ENUM)
#undef SKEYM_CHECK_ENUM
        SKEYM_CHECK_COUNT /* passed all */
};
const char *skeym_check_word(enum skeym_check check);

/* --- used before (section 9) ------------------------------------------- */

#define SKEYM_USED_SPAN_MS 64000

/* Opaque; lock-free; lives in memory of the caller. */
struct skeym_used;
/* Bytes for a table of 2 generations of `slots` ids each (a power of two, 64 to 2^28); 0 for other
 * values. */
size_t skeym_used_bytes(size_t slots);
/* memory: of skeym_used_bytes(slots) bytes, 64-byte aligned, zeroed. */
struct skeym_used *skeym_used_init(void *memory, size_t slots);
/* To be called from one thread at least once a second with the server's clock: empties the
 * generation whose span has passed, ahead of need. */
void skeym_used_tick(struct skeym_used *used, uint64_t now_ms);
/* Has the place where an id would be fetched into the cache, while other checks go on. Says nothing
 * and changes nothing. */
void skeym_used_expect(const struct skeym_used *used, uint64_t id, uint64_t issued_ms);
/* Inserts if absent, atomically. Errors: SKEYM_ERR_REPLAY, SKEYM_ERR_FULL (also while the
 * generation is not ready), SKEYM_ERR_TIME (too late for its span). */
SKEYM_MUST_USE enum skeym_error skeym_used_insert(struct skeym_used *used, uint64_t id,
                                                  uint64_t issued_ms);
/* Ids in the fuller generation, and room in one: for metrics. */
size_t skeym_used_count(const struct skeym_used *used);
size_t skeym_used_room(const struct skeym_used *used);

/* --- admission ----------------------------------------------------------- */

/* What a request is judged by; owned by the caller, constant during a call. */
struct skeym_gate {
    const struct skeym_audience_keys *keys;
    const struct skeym_revoked *revoked;
    struct skeym_used *used;
    uint32_t instance;
    size_t body_max; /* bytes */
};

/* The head of a request. A field that is missing is empty; one that came twice must be refused by
 * whoever parsed the head: set `doubled`. */
struct skeym_head {
    struct skeym_span method;
    struct skeym_span target;
    struct skeym_span content_type;
    struct skeym_span authorization;
    struct skeym_span proof;
    size_t body_size; /* Content-Length */
    bool doubled;
};

/* SECRET. A request under way; wipe with skeym_admission_wipe on every way out. */
struct skeym_admission {
    enum skeym_check check; /* the one that refused; SKEYM_CHECK_COUNT when none did */
    uint64_t token_id;
    struct skeym_token_claims claims;
    struct skeym_exchange_keys keys;
    bool admitted;
};

/* First half, on the head alone: size .. revoked. On an error the admission is wiped but for
 * `check`, and (for the audit log, once the token was opened) claims.id. */
SKEYM_MUST_USE enum skeym_error skeym_admit_head(struct skeym_admission *out,
                                                 const struct skeym_gate *gate,
                                                 const struct skeym_head *head, uint64_t now_ms);
/* Second half, with the body as sent: time and revoked once more (the body may have been slow),
 * proof, used. After SKEYM_OK: claims without their secret, and keys. */
SKEYM_MUST_USE enum skeym_error skeym_admit_body(struct skeym_admission *admission,
                                                 const struct skeym_gate *gate,
                                                 const struct skeym_head *head,
                                                 struct skeym_span body, uint64_t now_ms);
/* Both: the one function of a module that has the whole request at hand. */
SKEYM_MUST_USE enum skeym_error skeym_admit(struct skeym_admission *out,
                                            const struct skeym_gate *gate,
                                            const struct skeym_head *head, struct skeym_span body,
                                            uint64_t now_ms);

/* The lane's next token, as text, for an admitted request: *size is 0 when the login deadline
 * leaves no room. nonce: 24 fresh random bytes. lifetime_s: 1 to 59. Errors: SKEYM_ERR_STATE (not
 * admitted), SKEYM_ERR_SPACE, SKEYM_ERR_CRYPTO. */
SKEYM_MUST_USE enum skeym_error skeym_admit_next(struct skeym_room out, size_t *size,
                                                 const struct skeym_admission *admission,
                                                 const struct skeym_gate *gate, uint8_t lifetime_s,
                                                 const uint8_t nonce[SKEYM_NONCE_BYTES],
                                                 uint64_t now_ms);

void skeym_admission_wipe(struct skeym_admission *admission);

#ifdef __cplusplus
}
#endif
#endif
