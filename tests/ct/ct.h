/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constant time under valgrind's memcheck. Secrets are marked as undefined memory; memcheck then
 * reports each branch, each address and each system call that depends on one, and follows what is
 * computed from them. What becomes public by its nature is marked as defined again, in ct_doors.c
 * and in the cases, never in src/.
 *
 * A case is one function without arguments. It marks, calls, and then holds two things against the
 * outcome: that it is right, and that what must be secret still is (else nothing was tested).
 */
#ifndef SKEYM_TESTS_CT_H
#define SKEYM_TESTS_CT_H

#include "crypto/crypto.h"
#include <skeym/cmac.h>
#include <skeym/error.h>
#include <skeym/span.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_case {
    const char *name;
    void (*run)(void);
};

/* A table of each file of cases, ended by a name of NULL. A twin must be caught; the others must
 * not give a single report. */
extern const struct ct_case ct_crypto_cases[];
extern const struct ct_case ct_core_cases[];
extern const struct ct_case ct_login_cases[];
extern const struct ct_case ct_invite_cases[];
extern const struct ct_case ct_authority_cases[];
extern const struct ct_case ct_gateway_cases[];
extern const struct ct_case ct_node_cases[];
extern const struct ct_case ct_twin_cases[];

/* Marks as secret, or as public. */
void ct_poison(void *data, size_t size);
void ct_publish(const void *data, size_t size);
/* A span of the same bytes that is public from now on: they are on the wire. */
struct skeym_span ct_wire(const void *data, size_t size);

/* The case fails, and goes on, when these do not hold. */
void ct_right(bool holds, const char *what);
void ct_okay(enum skeym_error error, const char *what);
/* Each byte of it must be secret still. */
void ct_secret(const void *data, size_t size, const char *what);
/* What is between the two is the library's matter, and may be nothing. */
void ct_secret_prepared(const struct skeym_cmac_key *key, const char *what);

/* 32 bytes that differ with the seed, marked as secret. */
void ct_key(uint8_t out[32], uint8_t seed);

/* ct_doors.c: where a payload that Noise opens next holds C_i; 0 for none. */
extern size_t ct_credential_at;

/* ct_doors.c: while it is set, what skeym_crypto_equal says is secret as well, up to where a
 * handshake is decided on. */
extern bool ct_one_path;

/* ct_doors.c: reports that were the one verdict that a library is expected to reach. */
extern unsigned ct_verdicts;

/* ct_trace.c: the functions entered so far. */
void ct_trace_print(void);

#endif
