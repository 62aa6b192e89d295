/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One error type for the whole project.
 *
 * The high byte is the class, the low byte the reason. An error is for the
 * program and its operator: a peer never sees more than the class's one generic
 * answer (docs/PROTOCOL.md, section 8). SKEYM_OK is 0; no function returns -1
 * or errno above the file that talks to the operating system.
 */
#ifndef SKEYM_ERROR_H
#define SKEYM_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#define SKEYM_MUST_USE __attribute__((warn_unused_result))

/* X(name, value, word, text): the one table that the enum, the words of the log and of /metrics,
 * and the tests are made from. */
#define SKEYM_ERRORS(X)                                                                            \
    X(OK, 0x0000, "ok", "no error")                                                                \
    /* 01: the bytes are not what the protocol spells */                                           \
    X(ERR_SIZE, 0x0101, "size", "longer or shorter than the protocol allows")                      \
    X(ERR_VERSION, 0x0102, "version", "a version that this program does not know")                 \
    X(ERR_SHAPE, 0x0103, "shape", "not in the one accepted form")                                  \
    X(ERR_TRUNCATED, 0x0104, "truncated", "ends too early")                                        \
    X(ERR_TRAILING, 0x0105, "trailing", "bytes after the end")                                     \
    X(ERR_RANGE, 0x0106, "range", "a number is out of range")                                      \
    X(ERR_CHARSET, 0x0107, "charset", "a character that is not allowed here")                      \
    X(ERR_CHECKSUM, 0x0108, "checksum", "checksum does not match")                                 \
    X(ERR_UNSUPPORTED, 0x0109, "unsupported", "known, but not supported")                          \
    /* 02: who asks may not; outside, all of these are one 401 or 403 */                           \
    X(ERR_EPOCH, 0x0201, "epoch", "the token's epoch is not accepted any more, or not yet")        \
    X(ERR_SEAL, 0x0202, "seal", "does not open under any key of ours")                             \
    X(ERR_TIME, 0x0203, "time", "expired, or not yet valid")                                       \
    X(ERR_INSTANCE, 0x0204, "instance", "minted by another process or before a restart")           \
    X(ERR_REVOKED, 0x0205, "revoked", "the node's generation is revoked")                          \
    X(ERR_PROOF, 0x0206, "proof", "the proof does not match the request")                          \
    X(ERR_REPLAY, 0x0207, "replay", "the token was used before")                                   \
    X(ERR_SCOPE, 0x0208, "scope", "outside of the node's scopes")                                  \
    X(ERR_LOCATOR, 0x0209, "locator", "the locator does not open")                                 \
    X(ERR_HANDSHAKE, 0x020a, "handshake", "the handshake message does not open")                   \
    X(ERR_CLOCK, 0x020b, "clock", "the peer's clock is too far from ours")                         \
    X(ERR_EXPIRED, 0x020c, "expired", "the credential or the login deadline is over")              \
    X(ERR_AUDIENCE, 0x020d, "audience", "meant for another audience")                              \
    X(ERR_PASSPHRASE, 0x020e, "passphrase", "wrong passphrase, or an altered file")                \
    /* 03: there is no room or no time */                                                          \
    X(ERR_SPACE, 0x0301, "space", "the output does not fit the buffer")                            \
    X(ERR_FULL, 0x0302, "full", "the used-before table is full")                                   \
    X(ERR_RATE, 0x0303, "rate", "too many attempts from there")                                    \
    X(ERR_MEMORY, 0x0304, "memory", "out of memory")                                               \
    X(ERR_BUSY, 0x0305, "busy", "busy, try again")                                                 \
    X(ERR_TIMEOUT, 0x0306, "timeout", "took too long")                                             \
    /* 04: the crypto library failed */                                                            \
    X(ERR_CRYPTO, 0x0401, "crypto", "the crypto library refused")                                  \
    X(ERR_RANDOM, 0x0402, "random", "no random bytes")                                             \
    X(ERR_WEAK, 0x0403, "weak", "a key share of low order")                                        \
    /* 05: the operating system, files, the network */                                             \
    X(ERR_IO, 0x0501, "io", "reading or writing failed")                                           \
    X(ERR_MISSING, 0x0502, "missing", "no such file")                                              \
    X(ERR_EXISTS, 0x0503, "exists", "exists already")                                              \
    X(ERR_MODE, 0x0504, "mode", "the file may be read or written by others")                       \
    X(ERR_NETWORK, 0x0505, "network", "the peer cannot be reached")                                \
    X(ERR_TLS, 0x0506, "tls", "the TLS certificate or connection was refused")                     \
    X(ERR_NO_SPACE, 0x0507, "no-space", "no space left on the device")                             \
    X(ERR_PERMISSION, 0x0508, "permission", "not permitted")                                       \
    X(ERR_NOT_FILE, 0x0509, "not-a-file", "not a regular file")                                    \
    /* 06: the store */                                                                            \
    X(ERR_STORE, 0x0601, "store", "the database failed")                                           \
    X(ERR_DAMAGED, 0x0602, "damaged", "the database is damaged")                                   \
    X(ERR_NOT_FOUND, 0x0603, "not-found", "no such record")                                        \
    X(ERR_CONFLICT, 0x0604, "conflict", "conflicts with what is stored")                           \
    /* 07: use and configuration */                                                                \
    X(ERR_USAGE, 0x0701, "usage", "wrong use")                                                     \
    X(ERR_CONFIG, 0x0702, "config", "wrong configuration")                                         \
    X(ERR_STATE, 0x0703, "state", "called out of order")

enum skeym_error {
#define SKEYM_ERROR_ENUM(name, value, word, text) SKEYM_##name = value,
    SKEYM_ERRORS(SKEYM_ERROR_ENUM)
#undef SKEYM_ERROR_ENUM
};

/* Class of an error: its high byte. */
#define SKEYM_ERROR_CLASS(e) ((unsigned)(e) >> 8)
enum {
    SKEYM_CLASS_INPUT = 1,
    SKEYM_CLASS_AUTH,
    SKEYM_CLASS_ROOM,
    SKEYM_CLASS_CRYPTO,
    SKEYM_CLASS_SYSTEM,
    SKEYM_CLASS_STORE,
    SKEYM_CLASS_USE
};

/* One word, for logs and metrics ("replay"); never NULL, "unknown" for a stranger. */
const char *skeym_error_word(enum skeym_error error);
/* One short sentence without capital or full stop; never NULL. */
const char *skeym_error_text(enum skeym_error error);

#ifdef __cplusplus
}
#endif
#endif
