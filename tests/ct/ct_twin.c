/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaky twins of what src/ does: each makes one mistake of those that the campaign looks for, and
 * must be caught in every build. Written so that no optimization takes the mistake out.
 */
#include "ct.h"
#include <string.h>

static volatile uint8_t sink;
static volatile uint32_t steps;

/* The compare that stops at the first difference. */
static bool equal_early(const uint8_t *a, const uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return false;
        }
        steps = steps + 1;
    }
    return true;
}

static void twin_compare(void)
{
    uint8_t right[32], given[32];
    ct_key(right, 1);
    ct_key(given, 2);
    ct_publish(given, sizeof given);
    sink = equal_early(right, given, sizeof right);
}

/* The C library's, as somebody in a hurry would call it. */
static void twin_memcmp(void)
{
    uint8_t right[32], given[32];
    volatile size_t size = sizeof right;
    ct_key(right, 1);
    ct_key(given, 2);
    sink = memcmp(right, given, size) == 0;
}

/* base64url by the table of every textbook. */
static void twin_table(void)
{
    static const volatile char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t secret[32];
    ct_key(secret, 3);
    for (size_t i = 0; i < sizeof secret; i++) {
        sink = (uint8_t)alphabet[secret[i] & 63];
    }
}

/* Doubling in GF(2^128), the reduction behind an if. */
static void twin_branch(void)
{
    uint8_t secret[32];
    ct_key(secret, 4);
    for (size_t i = 0; i < sizeof secret; i++) {
        if (secret[i] & 0x80) {
            steps = steps + 0x87;
        }
    }
}

/* A loop whose end is a secret. */
static void twin_loop(void)
{
    uint8_t secret[32];
    ct_key(secret, 5);
    for (uint8_t i = 0; i < (secret[0] & 15); i++) {
        steps = steps + 1;
    }
}

/* Not a leak, but a test of nothing: what is taken for a secret lost its mark. */
static void twin_unmarked(void)
{
    uint8_t secret[32];
    ct_key(secret, 6);
    ct_publish(secret + 31, 1);
    ct_secret(secret, sizeof secret, "it was published: this line belongs to a twin");
}

const struct ct_case ct_twin_cases[] = {
    {"twin_compare", twin_compare},
    {"twin_memcmp", twin_memcmp},
    {"twin_table", twin_table},
    {"twin_branch", twin_branch},
    {"twin_loop", twin_loop},
    {"twin_unmarked", twin_unmarked},
    {NULL, NULL},
};
