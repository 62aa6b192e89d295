/* SPDX-License-Identifier: Apache-2.0 */
/* The stand of the inspections, of which a test can have calls fail and verdicts turned. */
#ifndef SKEYM_TESTS_FAULTY_STAND_H
#define SKEYM_TESTS_FAULTY_STAND_H

#include "inspect/stand.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#define skeym_stand_open(...)    stand_open(__VA_ARGS__)
#define skeym_stand_request(...) stand_request(__VA_ARGS__)
#define skeym_stand_mint(...)    stand_mint(__VA_ARGS__)
#define skeym_stand_ask(...)     stand_ask(__VA_ARGS__)
#include "inspect/stand.c" /* NOLINT(bugprone-suspicious-include) */
#undef skeym_stand_open
#undef skeym_stand_request
#undef skeym_stand_mint
#undef skeym_stand_ask
#pragma GCC diagnostic pop

/* The call of this number fails; 0: none does. */
static struct {
    unsigned opens, requests, mints, asks;
} stand_fails;

/* What it says of all requests in place of the truth; -1: the truth. */
static int stand_says = -1;
/* Requests are copies of one, which costs less; only for a stand that does not look at them. */
static bool stand_copies;

/* true once, when the count comes to 0. */
static inline bool stand_hit(unsigned *left)
{
    return *left > 0 && --*left == 0;
}

enum skeym_error skeym_stand_open(struct skeym_stand *stand, size_t slots, uint64_t now_ms)
{
    enum skeym_error error = stand_open(stand, slots, now_ms);
    return stand_hit(&stand_fails.opens) ? SKEYM_ERR_MEMORY : error;
}

enum skeym_error skeym_stand_request(const struct skeym_stand *stand,
                                     struct skeym_stand_request *request)
{
    static struct skeym_stand_request one;
    if (stand_copies && one.token_size > 0) {
        *request = one;
        return SKEYM_OK;
    }
    enum skeym_error error = stand_request(stand, request);
    one = *request;
    return stand_hit(&stand_fails.requests) ? SKEYM_ERR_CRYPTO : error;
}

enum skeym_error skeym_stand_mint(struct skeym_stand_request *request,
                                  const struct skeym_audience_keys *keys)
{
    return stand_hit(&stand_fails.mints) ? SKEYM_ERR_CRYPTO : stand_mint(request, keys);
}

enum skeym_check skeym_stand_ask(const struct skeym_stand *stand,
                                 const struct skeym_stand_request *request)
{
    if (stand_hit(&stand_fails.asks)) {
        return SKEYM_CHECK_COUNT - 1;
    }
    return stand_says < 0 ? stand_ask(stand, request) : (enum skeym_check)stand_says;
}

#endif
