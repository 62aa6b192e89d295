/* SPDX-License-Identifier: Apache-2.0 */
/* "10 million samples": keys guessed against live tokens, and tokens forged against the verifier.
 * No hit in n tries shows no more than p < 3/n (95%); the true chance is computed beside it. */
#include "crypto/crypto.h"
#include "inspect/crew.h"
#include "inspect/stand.h"
#include "stats/chance.h"
#include "stats/sample.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIVE = 1000, BLOCK = 2000 };
#define NOW UINT64_C(1800000000000)

/* --- guessing keys ------------------------------------------------------------ */

/* Where the guesses come from. */
struct sequence {
    const char *name;
    void (*make)(uint8_t secret[SKEYM_SECRET_BYTES], uint64_t n, const uint8_t seen[32],
                 uint64_t seed);
};

static void even(uint8_t secret[SKEYM_SECRET_BYTES], uint64_t n, const uint8_t seen[32],
                 uint64_t seed)
{
    struct skeym_chance chance;
    (void)seen;
    skeym_chance_init(&chance, seed, n);
    skeym_chance_fill(&chance, secret, SKEYM_SECRET_BYTES);
}

static void counting(uint8_t secret[SKEYM_SECRET_BYTES], uint64_t n, const uint8_t seen[32],
                     uint64_t seed)
{
    (void)seen;
    (void)seed;
    memset(secret, 0, SKEYM_SECRET_BYTES);
    memcpy(secret, &n, sizeof n);
}

static void hashed(uint8_t secret[SKEYM_SECRET_BYTES], uint64_t n, const uint8_t seen[32],
                   uint64_t seed)
{
    char text[32];
    (void)seen;
    (void)seed;
    int size = snprintf(text, sizeof text, "password%llu", (unsigned long long)n);
    const struct skeym_span word = skeym_span(text, (size_t)size);
    skeym_crypto_sha256(secret, &word, 1);
}

/* Near a value that was on the wire: what a badly made key would be. */
static void near(uint8_t secret[SKEYM_SECRET_BYTES], uint64_t n, const uint8_t seen[32],
                 uint64_t seed)
{
    struct skeym_chance chance;
    skeym_chance_init(&chance, seed, n);
    memcpy(secret, seen, SKEYM_SECRET_BYTES);
    for (int flips = 0; flips < 3; flips++) {
        uint64_t bit = skeym_chance_below(&chance, 256);
        secret[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static const struct sequence sequences[] = {
    {"even", even},
    {"counting from 0", counting},
    {"hashes of passwords", hashed},
    {"near to what was on the wire", near},
};
enum { SEQUENCES = sizeof sequences / sizeof sequences[0] };

/* All live nodes ask for the same, so that one guess is tried against all of them at once. */
struct guessing {
    struct skeym_exchange_request request;
    uint64_t proofs[LIVE]; /* the first 8 bytes, sorted */
    uint8_t seen[32];
    const struct sequence *sequence;
    uint64_t seed;
    _Atomic uint64_t hits;
};

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool guess_block(const struct skeym_crew_block *block)
{
    struct guessing *guessing = block->arg;
    for (uint64_t n = block->from; n < block->to; n++) {
        uint8_t secret[SKEYM_SECRET_BYTES], proof[SKEYM_PROOF_BYTES];
        struct skeym_exchange_keys keys;
        uint64_t head;
        guessing->sequence->make(secret, n, guessing->seen, guessing->seed);
        if (skeym_exchange_derive(&keys, secret) != SKEYM_OK ||
            skeym_exchange_proof(proof, keys.proof, &guessing->request) != SKEYM_OK) {
            continue;
        }
        memcpy(&head, proof, sizeof head);
        if (bsearch(&head, guessing->proofs, LIVE, sizeof head, compare)) {
            atomic_fetch_add(&guessing->hits, 1);
        }
    }
    return false;
}

/* Fills the live tokens' proofs; *last is one of them, for the control. */
static enum skeym_error prepare(struct guessing *guessing, const struct skeym_stand *stand,
                                struct skeym_stand_request *last)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; error == SKEYM_OK && i < LIVE; i++) {
        error = skeym_stand_request(stand, last);
        uint8_t proof[SKEYM_PROOF_BYTES] = {0};
        size_t size;
        if (error == SKEYM_OK) {
            error = skeym_base64url_read((struct skeym_room){proof, sizeof proof}, &size,
                                         last->head.proof);
        }
        memcpy(&guessing->proofs[i], proof, sizeof guessing->proofs[i]);
        memcpy(guessing->seen, last->token + SKEYM_TOKEN_HEAD, sizeof guessing->seen);
    }
    qsort(guessing->proofs, LIVE, sizeof guessing->proofs[0], compare);
    guessing->request = (struct skeym_exchange_request){last->head.method, last->head.target,
                                                        last->head.content_type, last->content};
    return error;
}

/* The control: the right key among the guesses must be a hit. */
static void right_key(uint8_t secret[SKEYM_SECRET_BYTES], uint64_t n, const uint8_t seen[32],
                      uint64_t seed)
{
    (void)n;
    (void)seed;
    memcpy(secret, seen, SKEYM_SECRET_BYTES);
}

static bool control(struct guessing *guessing, const struct skeym_stand_request *last)
{
    static const struct sequence right = {"the right one", right_key};
    struct guessing copy = {.request = guessing->request, .sequence = &right};
    memcpy(copy.proofs, guessing->proofs, sizeof copy.proofs);
    memcpy(copy.seen, last->claims.secret, sizeof copy.seen);
    const struct skeym_crew_block block = {&copy, 0, 0, 1};
    (void)guess_block(&block);
    uint64_t hits = atomic_load(&copy.hits);
    skeym_crypto_wipe(&copy, sizeof copy);
    return hits == 1;
}

/* How many were tried, how many were taken; and the bound that this shows. */
struct tries {
    uint64_t tried, taken;
    double bound, truth; /* truth: log2 of the chance that any of these is taken */
};

static void settle(struct skeym_finding *finding, struct tries *tries, double log2_of_one,
                   const struct skeym_figure *taken, const char *bound, const char *truth)
{
    if (tries->tried == 0) {
        return; /* stopped before the first: nothing to show */
    }
    const char *id = taken->id;
    char bound_id[32], truth_id[32];
    snprintf(bound_id, sizeof bound_id, "%.*s.bound", (int)strcspn(id, "."), id);
    snprintf(truth_id, sizeof truth_id, "%.*s.true", (int)strcspn(id, "."), id);
    tries->bound = skeym_sample_share(tries->taken, tries->tried, 0.90).high;
    tries->truth = log2((double)tries->tried) + log2_of_one;
    skeym_finding_figure(finding, taken);
    skeym_finding_number(finding, bound_id, bound, tries->bound, "");
    skeym_finding_number(finding, truth_id, truth, tries->truth, "");
}

static void guess_all(const struct skeym_inspect_context *context, struct skeym_finding *finding,
                      struct guessing *guessing, struct tries *tries)
{
    uint64_t each = context->size == SKEYM_INSPECT_FULL ? 2500000 : 50000;
    skeym_finding_table(finding, "Keys guessed against 1,000 live tokens", "sequence|guesses|hits");
    for (size_t i = 0; i < SEQUENCES; i++) {
        guessing->sequence = &sequences[i];
        atomic_store(&guessing->hits, 0);
        const struct skeym_crew crew = {
            context, "guessing keys", 0.05 * (double)i, 0.05 * (double)(i + 1), each, BLOCK,
            0,       guess_block,     guessing};
        uint64_t done = skeym_crew_run(&crew);
        tries->tried += done;
        tries->taken += atomic_load(&guessing->hits);
        skeym_finding_row(finding, "%s|%llu|%llu", sequences[i].name, (unsigned long long)done,
                          (unsigned long long)atomic_load(&guessing->hits));
    }
    skeym_finding_number(finding, "guess.count", "keys guessed", (double)tries->tried, "");
    const struct skeym_figure hits = {"guess.hits",
                                      "of them right for any of 1,000 live tokens",
                                      (double)tries->taken,
                                      "",
                                      NAN,
                                      NAN,
                                      "none"};
    settle(finding, tries, log2(LIVE) - 256, &hits,
           "what that shows: the chance of a guess is below (95%)",
           "log2 of the true chance that any of these guesses hits");
}

static struct tries guess_keys(const struct skeym_inspect_context *context,
                               struct skeym_finding *finding, const struct skeym_stand *stand)
{
    static struct guessing guessing;
    struct skeym_stand_request last;
    struct tries tries = {0};
    memset(&guessing, 0, sizeof guessing);
    guessing.seed = context->seed;
    if (skeym_finding_must(finding, prepare(&guessing, stand, &last)) &&
        skeym_finding_must(finding, control(&guessing, &last) ? SKEYM_OK : SKEYM_ERR_STATE)) {
        guess_all(context, finding, &guessing, &tries);
    }
    skeym_crypto_wipe(&last, sizeof last);
    return tries;
}

/* --- forging tokens ----------------------------------------------------------------- */

struct forging {
    const struct skeym_stand *stand;
    uint8_t real[SKEYM_TOKEN_BYTES];
    size_t size;
    uint64_t seed;
    _Atomic uint64_t accepted;
};

/* Even numbers: the head of a real token, all that is sealed by chance. Odd ones: the real token
 * with one to three bits flipped. */
static void forge(struct skeym_chance *chance, const struct forging *forging, uint64_t n,
                  uint8_t *token)
{
    memcpy(token, forging->real, forging->size);
    if (n % 2 == 0) {
        skeym_chance_fill(chance, token + 5, forging->size - 5);
        return;
    }
    size_t places[3];
    size_t flips = 1 + skeym_chance_below(chance, 3);
    for (size_t i = 0; i < flips; i++) {
        places[i] = skeym_chance_below(chance, forging->size * 8);
        for (size_t j = 0; j < i; j++) {
            if (places[j] == places[i]) { /* twice would undo it */
                places[i] = (places[i] + 1) % (forging->size * 8);
                j = (size_t)-1;
            }
        }
        token[places[i] / 8] ^= (uint8_t)(1U << places[i] % 8);
    }
}

static bool forge_block(const struct skeym_crew_block *block)
{
    struct forging *forging = block->arg;
    struct skeym_chance chance;
    skeym_chance_init(&chance, forging->seed, block->from);
    for (uint64_t n = block->from; n < block->to; n++) {
        uint8_t token[SKEYM_TOKEN_BYTES];
        struct skeym_token_claims claims;
        uint64_t id;
        forge(&chance, forging, n, token);
        if (skeym_token_open(&claims, &id, &forging->stand->keys, skeym_span(token, forging->size),
                             forging->stand->now_ms) == SKEYM_OK) {
            atomic_fetch_add(&forging->accepted, 1);
        }
    }
    return false;
}

static struct tries forge_tokens(const struct skeym_inspect_context *context,
                                 struct skeym_finding *finding, const struct skeym_stand *stand)
{
    struct forging forging = {.stand = stand, .seed = context->seed};
    struct skeym_stand_request request;
    struct skeym_token_claims claims;
    struct tries tries = {0};
    uint64_t id;
    uint64_t count = context->size == SKEYM_INSPECT_FULL ? 1000000000 : 1000000;
    if (!skeym_finding_must(finding, skeym_stand_request(stand, &request))) {
        return tries;
    }
    memcpy(forging.real, request.token, request.token_size);
    forging.size = request.token_size;
    skeym_crypto_wipe(&request, sizeof request);
    /* the control: the token that the forgeries are made from is itself good */
    bool good = skeym_finding_must(finding, skeym_token_open(&claims, &id, &stand->keys,
                                                             skeym_span(forging.real, forging.size),
                                                             stand->now_ms));
    skeym_crypto_wipe(&claims, sizeof claims);
    if (!good) {
        return tries;
    }
    const struct skeym_crew crew = {context, "forging tokens", 0.2,     1, count, BLOCK,
                                    0,       forge_block,      &forging};
    tries.tried = skeym_crew_run(&crew);
    tries.taken = atomic_load(&forging.accepted);
    skeym_finding_number(finding, "forge.count", "tokens forged", (double)tries.tried, "");
    const struct skeym_figure accepted = {
        "forge.accepted", "of them accepted", (double)tries.taken, "", NAN, NAN, NULL};
    settle(finding, &tries, -8.0 * SKEYM_TAG_BYTES, &accepted,
           "what that shows: the chance of a forgery is below (95%)",
           "log2 of the chance, by the tag's length, that any of these is taken");
    return tries;
}

static void chart(struct skeym_finding *finding, const struct tries *guesses,
                  const struct tries *forgeries)
{
    const struct skeym_chart picture = {
        .kind = SKEYM_CHART_DOTS,
        .says = guesses->taken + forgeries->taken > 0
                    ? "Guesses or forgeries were taken: this must be looked into"
                    : "Trying without a hit shows little; the true chances are far smaller",
        .x_label = "log2 of the chance that one try is taken",
    };
    if (guesses->tried == 0 || forgeries->tried == 0) {
        return;
    }
    skeym_finding_chart(finding, &picture);
    skeym_finding_series(finding, "what these tries show: below (95%)");
    skeym_finding_bar(finding, "a guessed key", log2(guesses->bound), NAN, NAN);
    skeym_finding_bar(finding, "a forged token", log2(forgeries->bound), NAN, NAN);
    skeym_finding_series(finding, "by arithmetic");
    skeym_finding_bar(finding, "a guessed key", guesses->truth - log2((double)guesses->tried), NAN,
                      NAN);
    skeym_finding_bar(finding, "a forged token", forgeries->truth - log2((double)forgeries->tried),
                      NAN, NAN);
}

static void verdict(struct skeym_finding *finding, const struct tries *guesses,
                    const struct tries *forgeries)
{
    uint64_t taken = guesses->taken + forgeries->taken;
    if (taken > 0) {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "%llu guesses or forgeries were taken: something is broken",
                              (unsigned long long)taken);
    } else if (guesses->tried == 0 || forgeries->tried == 0) {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "too little was tried: nothing is shown");
    } else {
        skeym_finding_verdict(
            finding, SKEYM_VERDICT_MIXED,
            "none of %llu guesses and %llu forgeries was taken, as the paper "
            "says; but that shows chances below %.1e and %.1e (95%%), not uniqueness",
            (unsigned long long)guesses->tried, (unsigned long long)forgeries->tried,
            guesses->bound, forgeries->bound);
    }
}

static void run(const struct skeym_inspect_context *context, struct skeym_finding *finding)
{
    struct skeym_stand stand;
    struct tries guesses = {0}, forgeries = {0};
    skeym_finding_claim(
        finding, "Brute force attack",
        "\"We generated around 10 million sample keys and attempted to match them. The same "
        "scenario has been repeated for several sequences. In all the sequences, none of the "
        "tokens were matched. This proves the uniqueness of the SkeyM methodology.\"");
    skeym_finding_did(finding,
                      "We guessed secrets S_n in %d sequences. A guess is derived and proved like "
                      "a node's, and compared with the proofs of %d live tokens at once. As a "
                      "control the right secret was among the guesses once, and was found.",
                      SEQUENCES, LIVE);
    skeym_finding_did(finding, "We forged tokens for the real verifier (skeym_token_open): half of "
                               "them a real token's head with all that is sealed by chance, half a "
                               "real token with one to three bits flipped. As a control the token "
                               "itself was opened.");
    if (skeym_finding_must(finding, skeym_stand_open(&stand, 64, NOW))) {
        guesses = guess_keys(context, finding, &stand);
        forgeries = forge_tokens(context, finding, &stand);
    }
    skeym_stand_close(&stand);
    chart(finding, &guesses, &forgeries);
    skeym_finding_note(
        finding,
        "No hit in n tries shows that the chance of one is below 3/n (at "
        "95%% confidence), and nothing more. It does not prove that keys are unique, nor that "
        "AES-256-GCM and HKDF are sound; that rests on their analysis.");
    verdict(finding, &guesses, &forgeries);
}

const struct skeym_inspection skeym_inspection_guess = {
    .name = "guess",
    .title = "Does anybody guess a key or forge a token?",
    .question = "What does it show when no guess and no forgery is taken?",
    .paper = "Brute force attack: 10 million samples",
    .run = run,
};
