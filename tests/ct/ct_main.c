/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every case with every backend behind the crypto door, under valgrind; one line each:
 *
 *   case BACKEND NAME REPORTS WRONG     reports of memcheck, expectations that did not hold
 *   twin BACKEND NAME REPORTS WRONG
 *
 *   ct [NAME]         all of them, or one
 *   ct --list         the names
 *   ct --trace NAME   one case without valgrind, for the trace of functions (ct_trace.c)
 */
#include "crypto/backend.h"
#include "ct.h"
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

static const struct ct_case *const tables[] = {
    ct_crypto_cases,    ct_core_cases,    ct_login_cases, ct_invite_cases,
    ct_authority_cases, ct_gateway_cases, ct_node_cases,  ct_twin_cases,
};
#define TABLES (sizeof tables / sizeof tables[0])

/* NULL is the usual choice among them, AVX2 for base64url. OpenSSL alone is also without AVX2.
 * libipsec-mb is called for AVX2, which valgrind has: what is judged is what runs. */
static const struct {
    const char *name;
    const struct skeym_crypto_backend *backend;
} backends[] = {
    {"chosen", NULL},
    {"openssl", &skeym_openssl},
    {"sodium", &skeym_sodium},
    {"ipsec_mb", &skeym_ipsec_mb},
};

static unsigned wrong;
static const char *running;

void ct_poison(void *data, size_t size)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(data, size);
}

void ct_publish(const void *data, size_t size)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(data, size);
}

struct skeym_span ct_wire(const void *data, size_t size)
{
    ct_publish(data, size);
    return skeym_span(data, size);
}

void ct_right(bool holds, const char *what)
{
    ct_publish(&holds, sizeof holds);
    if (!holds) {
        (void)fprintf(stderr, "ct: %s: not so: %s\n", running, what);
        wrong++;
    }
}

void ct_okay(enum skeym_error error, const char *what)
{
    ct_publish(&error, sizeof error);
    ct_right(error == SKEYM_OK, what);
}

void ct_secret(const void *data, size_t size, const char *what)
{
    const uint8_t *bytes = data;
    bool all = true;
    for (size_t i = 0; i < size; i++) {
        uint8_t bits = 0;
        /* 1: looked up. 0 without valgrind, where nothing is held against it. */
        all = all && (VALGRIND_GET_VBITS(bytes + i, &bits, 1) != 1 || bits != 0);
    }
    ct_right(all, what);
}

void ct_secret_prepared(const struct skeym_cmac_key *key, const char *what)
{
    ct_secret(key->key, sizeof key->key, what);
    ct_secret(key->k1, sizeof key->k1, what);
}

void ct_key(uint8_t out[32], uint8_t seed)
{
    for (size_t i = 0; i < 32; i++) {
        out[i] = (uint8_t)(seed * 31 + i * 7 + 1);
    }
    ct_poison(out, 32);
}

static void run_case(const struct ct_case *it, const char *kind, const char *backend)
{
    unsigned before = (unsigned)VALGRIND_COUNT_ERRORS;
    wrong = 0;
    ct_verdicts = 0;
    running = it->name;
    VALGRIND_PRINTF("ct: %s %s %s\n", kind, backend, it->name);
    it->run();
    unsigned reports = (unsigned)VALGRIND_COUNT_ERRORS - before - ct_verdicts;
    printf("%s %s %s %u %u\n", kind, backend, it->name, reports, wrong);
    (void)fflush(stdout);
}

/* NULL: all. */
static void run_all(const char *name)
{
    for (size_t b = 0; b < sizeof backends / sizeof backends[0]; b++) {
        const struct skeym_crypto_backend *backend = backends[b].backend;
        if (backend && !backend->usable()) {
            printf("skip %s\n", backends[b].name);
            continue;
        }
        skeym_crypto_use(backend);
        for (size_t i = 0; i < TABLES; i++) {
            for (const struct ct_case *it = tables[i]; it->name; it++) {
                if (name && strcmp(name, it->name) != 0) {
                    continue;
                }
                run_case(it, tables[i] == ct_twin_cases ? "twin" : "case", backends[b].name);
            }
        }
    }
}

static int run_one(const char *name)
{
    for (size_t i = 0; i < TABLES; i++) {
        for (const struct ct_case *it = tables[i]; it->name; it++) {
            if (strcmp(it->name, name) == 0) {
                running = name;
                it->run();
                ct_trace_print();
                return wrong ? 1 : 0;
            }
        }
    }
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--trace") == 0) {
        return run_one(argv[2]);
    }
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < TABLES; i++) {
            for (const struct ct_case *it = tables[i]; it->name; it++) {
                printf("%s %s\n", tables[i] == ct_twin_cases ? "twin" : "case", it->name);
            }
        }
        return 0;
    }
    if (!RUNNING_ON_VALGRIND) {
        (void)fputs("ct: this shows something under valgrind only: tests/ct/run\n", stderr);
        return 2;
    }
    run_all(argc > 1 ? argv[1] : NULL);
    return 0;
}
