/* SPDX-License-Identifier: Apache-2.0 */
/* An authority and its server (inspect/live.h) that are not there: each step fails when the test
 * says so. */
#ifndef SKEYM_TESTS_FAKE_LIVE_H
#define SKEYM_TESTS_FAKE_LIVE_H

#include "inspect/live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct {
    unsigned calls, fail_at; /* of found, serve and enrol; the call of this number fails */
    unsigned enrolled;
    int open; /* less those closed */
    void (*failed)(void);
} fake_live;

static inline enum skeym_error live_step(void)
{
    fake_live.calls++;
    if (fake_live.calls == fake_live.fail_at && fake_live.failed) {
        fake_live.failed();
    }
    return fake_live.calls == fake_live.fail_at ? SKEYM_ERR_TIMEOUT : SKEYM_OK;
}

const char *skeym_live_path(const struct skeym_live *live, const char *name)
{
    assert_non_null(live);
    return name;
}

enum skeym_error skeym_live_found(struct skeym_live *live, const char *name)
{
    assert_true(strlen(name) <= 40);
    memset(live, 0, sizeof *live);
    fake_live.open++;
    return live_step();
}

enum skeym_error skeym_live_serve(struct skeym_live *live, const char *const *more)
{
    assert_string_equal(more[0], "--token-lifetime");
    snprintf(live->server, sizeof live->server, "http://127.0.0.1:1");
    return live_step();
}

enum skeym_error skeym_live_enrol(const struct skeym_live *live, const char *node, const char *role,
                                  const char *scope, bool locked)
{
    assert_true(live->server[0] && node && role && scope);
    (void)locked;
    fake_live.enrolled++;
    return live_step();
}

void skeym_live_close(struct skeym_live *live, bool keep)
{
    assert_false(keep);
    memset(live, 0, sizeof *live);
    fake_live.open--;
}

#endif
