/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inspections that are interrupted, or in which one call to the system fails: each ends, and what
 * it leaves is a finding with a verdict or one that says that there is none, never half of both.
 */
#include "unit/inspect/inspecting.h"

#include <sys/random.h>

#include "unit/nth.h"

NTH(ssize_t, getrandom, (void *buffer, size_t length, unsigned flags), (buffer, length, flags), -1,
    ENOSYS)
#ifndef NTH_SANITIZED
NTH(int, pthread_create,
    (pthread_t * newthread, const pthread_attr_t *attr, void *(*start_routine)(void *), void *arg),
    (newthread, attr, start_routine, arg), EAGAIN, EAGAIN)
#endif

enum { MOST = 30 };

/* Those that start no server. */
static const char *const names[] = {"states",    "brute",         "guess",       "keygen",
                                    "collision", "authenticator", "misgenerated"};
#define NAMES (sizeof names / sizeof names[0])

/* Stopped when it has been asked more than that often. */
static struct json_object *run(const char *name, int asks)
{
    let_go = asks + 1;
    return inspect(skeym_inspection_find(name));
}

/* A verdict or an error, and of the verdict both parts. */
static bool has_verdict(struct json_object *finding)
{
    struct json_object *verdict = NULL, *error = NULL, *part = NULL;
    assert_non_null(finding);
    bool told = json_object_object_get_ex(finding, "verdict", &verdict);
    bool failed = json_object_object_get_ex(finding, "error", &error);
    assert_true(told != failed);
    if (told) {
        assert_true(json_object_object_get_ex(verdict, "kind", &part));
        assert_true(json_object_object_get_ex(verdict, "text", &part));
        assert_true(json_object_get_string_len(part) > 20);
    }
    return told;
}

static void one_that_is_interrupted_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        for (int asks = 0; asks < 2; asks++) {
            struct json_object *finding = run(names[i], asks);
            struct json_object *told = NULL;
            (void)has_verdict(finding);
            assert_true(json_object_object_get_ex(finding, "stopped", &told));
            assert_true(json_object_get_boolean(told) || asks > 0); /* few are asked twice */
            json_object_put(finding);
        }
    }
}

static void one_in_which_a_call_fails_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        struct json_object *whole = run(names[i], 0);
        bool verdict = has_verdict(whole);
        json_object_put(whole);
        for (long n = 1; n < MOST; n++) {
            nth_arm(n);
            struct json_object *finding = run(names[i], 0);
            bool hit = nth_disarm();
            if (!hit || finding) {
                assert_true(!has_verdict(finding) || verdict);
            }
            json_object_put(finding);
            if (!hit) {
                break;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_interrupted_says_so),
        cmocka_unit_test(one_in_which_a_call_fails_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
