/* SPDX-License-Identifier: Apache-2.0 */
/* Runs every test of a program once with each library behind the door, and once with the usual
 * choice among them. */
#ifndef SKEYM_TESTS_CRYPTO_BACKENDS_H
#define SKEYM_TESTS_CRYPTO_BACKENDS_H

#include "crypto/backend.h"
#include "unit/hex.h"
#include <stdio.h>
#include <stdlib.h>

static const struct skeym_crypto_backend *const all_backends[] = {NULL, &skeym_openssl,
                                                                  &skeym_sodium, &skeym_ipsec_mb};
#define BACKENDS (sizeof all_backends / sizeof all_backends[0])

static inline bool is_here(const struct skeym_crypto_backend *backend)
{
    return !backend || backend->usable();
}

static int use_backend(void **state)
{
    skeym_crypto_use(*state);
    return 0;
}

/* The result of cmocka. */
static inline int run_on_each_backend(const struct CMUnitTest *tests, size_t count)
{
    struct CMUnitTest *all = calloc(count * BACKENDS, sizeof *all);
    char(*names)[80] = calloc(count * BACKENDS, sizeof *names);
    size_t used = 0;
    assert_true(all && names);
    for (size_t i = 0; i < count * BACKENDS; i++) {
        const struct skeym_crypto_backend *backend = all_backends[i / count];
        if (!is_here(backend)) { /* not by skip(), which is an error in a setup function */
            print_message("skipped: %s, %s is not in this build or cannot run on this CPU\n",
                          tests[i % count].name, backend->name);
            continue;
        }
        (void)snprintf(names[used], sizeof names[used], "%s, %s", tests[i % count].name,
                       backend ? backend->name : "chosen");
        all[used] = tests[i % count];
        all[used].name = names[used];
        all[used].setup_func = use_backend;
        all[used].initial_state = (void *)(uintptr_t)backend;
        used++;
    }
    int failed = _cmocka_run_group_tests("backends", all, used, NULL, NULL);
    free(all);
    free(names);
    return failed;
}

#endif
