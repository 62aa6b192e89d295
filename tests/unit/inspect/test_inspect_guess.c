/* SPDX-License-Identifier: Apache-2.0 */
/* Guesses and forgeries against proofs that are all the same and a verifier that takes all: hits
 * are told, and a control that fails is an error. */
#include "unit/inspect/inspecting.h"

#include "unit/inspect/faulty_crew.h"
#include "unit/inspect/faulty_exchange.h"
#include "unit/inspect/faulty_stand.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#define skeym_token_open(...) token_open(__VA_ARGS__)
#include "core/token.c" /* NOLINT(bugprone-suspicious-include) */
#undef skeym_token_open
#pragma GCC diagnostic pop

/* The answer to the first so many tokens; then to all others. */
static unsigned opens_first;
static enum skeym_error first_says, then_says;

enum skeym_error skeym_token_open(struct skeym_token_claims *out, uint64_t *token_id,
                                  const struct skeym_audience_keys *keys, struct skeym_span token,
                                  uint64_t now_ms)
{
    static atomic_uint opened;
    (void)keys;
    (void)now_ms;
    assert_true(token.size > 40);
    memset(out, 0, sizeof *out);
    *token_id = atomic_fetch_add(&opened, 1);
    if (opens_first > 0) {
        opens_first--;
        return first_says;
    }
    return then_says;
}

static int nothing_wrong(void **state)
{
    (void)state;
    memset(&exchange_is, 0, sizeof exchange_is);
    memset(&stand_fails, 0, sizeof stand_fails);
    let_go = INT_MAX;
    crew_most = 5000;
    opens_first = 1; /* the control */
    first_says = SKEYM_OK;
    then_says = SKEYM_ERR_SEAL;
    return 0;
}

static struct json_object *guess(void)
{
    return inspect(&skeym_inspection_guess);
}

static void no_hit_shows_little(void **state)
{
    (void)state;
    struct json_object *finding = guess();
    assert_true(figure_of(finding, "guess.count") == 20000);
    assert_true(figure_of(finding, "guess.hits") == 0);
    assert_true(figure_of(finding, "forge.count") == 5000);
    assert_part(headline_of(finding, 0), "Trying without a hit shows little");
    ends_with(finding, SKEYM_VERDICT_MIXED, "none of 20000 guesses and 5000 forgeries");
}

static void a_hit_is_told(void **state)
{
    (void)state;
    then_says = SKEYM_OK;
    struct json_object *finding = guess();
    assert_true(figure_of(finding, "forge.accepted") == 5000);
    assert_part(headline_of(finding, 0), "this must be looked into");
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "5000 guesses or forgeries were taken");
    (void)nothing_wrong(NULL);
    exchange_is.proofs = PROOF_SAME;
    finding = guess();
    assert_true(figure_of(finding, "guess.hits") == 20000);
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "20000 guesses or forgeries were taken");
}

static void a_control_that_fails_is_an_error(void **state)
{
    (void)state;
    exchange_is.proofs = PROOF_NEW; /* the right key is no hit */
    fails_with(guess(), SKEYM_ERR_STATE);
    (void)nothing_wrong(NULL);
    first_says = SKEYM_ERR_PROOF; /* the real token is refused */
    fails_with(guess(), SKEYM_ERR_PROOF);
}

static void what_cannot_be_made_is_an_error(void **state)
{
    (void)state;
    stand_fails.opens = 1;
    fails_with(guess(), SKEYM_ERR_MEMORY);
    stand_fails.requests = 5;
    fails_with(guess(), SKEYM_ERR_CRYPTO);
    (void)nothing_wrong(NULL);
    stand_fails.requests = 1001; /* the one that is forged from */
    fails_with(guess(), SKEYM_ERR_CRYPTO);
    (void)nothing_wrong(NULL);
    exchange_is.derive_at = 1001; /* the control's */
    fails_with(guess(), SKEYM_ERR_STATE);
    (void)nothing_wrong(NULL);
    stand_fails.requests = 1;
    exchange_is.derives_nothing = true;
    fails_with(guess(), SKEYM_ERR_CRYPTO);
}

static void too_little_shows_nothing(void **state)
{
    (void)state;
    let_go = 0;
    struct json_object *finding = inspect_with(&skeym_inspection_guess, SKEYM_INSPECT_FULL, NULL);
    assert_int_equal(length_of(finding, "charts"), 0);
    ends_with(finding, SKEYM_VERDICT_NOT_CONFIRMED, "too little was tried");
    for (int n = 2; n < 8; n++) { /* some guesses, no forgeries */
        (void)nothing_wrong(NULL);
        let_go = n;
        finding = guess();
        assert_non_null(member(finding, "verdict"));
        assert_true(figure_of(finding, "guess.count") > 0);
        json_object_put(finding);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_hit_shows_little, nothing_wrong),
        cmocka_unit_test_setup(a_hit_is_told, nothing_wrong),
        cmocka_unit_test_setup(a_control_that_fails_is_an_error, nothing_wrong),
        cmocka_unit_test_setup(what_cannot_be_made_is_an_error, nothing_wrong),
        cmocka_unit_test_setup(too_little_shows_nothing, nothing_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
