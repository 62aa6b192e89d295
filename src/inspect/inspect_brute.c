/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table 2, Figs 3 to 5: how long a brute force takes. A guess is what an attacker must do who has
 * seen one request on the wire: derive the proof key from a guessed S_n (HKDF) and compute the
 * proof (HMAC) over the request. Weak keys are found by the order in which they were made, so that
 * their length does not matter; even keys only by trying them all.
 */
#include "crypto/crypto.h"
#include "inspect/crew.h"
#include "stats/chance.h"
#include "stats/sample.h"
#include <skeym/exchange.h>

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* Where the sequential keys begin is known to within a day's worth of them, one a second. */
enum { SEQUENCE_WINDOW = 86400, WORDS = 2000, DIGITS = 1000, ROUNDS = 9 };

/* What was seen on the wire. */
struct target {
    struct skeym_exchange_request request;
    uint8_t proof[SKEYM_PROOF_BYTES];
};

/* S_n of a weak generator: the number in the first `bits` bits, the rest known. */
static void spread(uint8_t secret[SKEYM_SECRET_BYTES], uint64_t number)
{
    memset(secret, 0x5a, SKEYM_SECRET_BYTES);
    memcpy(secret, &number, sizeof number);
}

/* As cheap as an attacker can make it: of the keys that HKDF gives only the first, for the proof.
 */
static bool guess(const struct target *target, const uint8_t secret[SKEYM_SECRET_BYTES])
{
    const struct skeym_span info = skeym_span_text("skeym/1 exchange");
    uint8_t key[32], proof[SKEYM_PROOF_BYTES];
    return skeym_crypto_hkdf_expand((struct skeym_room){key, sizeof key}, secret, &info, 1) ==
               SKEYM_OK &&
           skeym_exchange_proof(proof, key, &target->request) == SKEYM_OK &&
           skeym_crypto_equal(proof, target->proof, sizeof proof);
}

static enum skeym_error aim(struct target *target, const uint8_t secret[SKEYM_SECRET_BYTES])
{
    struct skeym_exchange_keys keys;
    target->request = (struct skeym_exchange_request){.method = skeym_span_text("GET"),
                                                      .target = skeym_span_text("/fhir/metadata")};
    enum skeym_error error = skeym_exchange_derive(&keys, secret);
    if (error == SKEYM_OK) {
        error = skeym_exchange_proof(target->proof, keys.proof, &target->request);
    }
    skeym_crypto_wipe(&keys, sizeof keys);
    return error;
}

/* --- the rate ----------------------------------------------------------------- */

static double rate(struct skeym_finding *finding, const struct skeym_inspect_context *context)
{
    struct target target;
    uint8_t secret[SKEYM_SECRET_BYTES] = {1};
    double rates[ROUNDS];
    unsigned each = context->size == SKEYM_INSPECT_FULL ? 1000000 : 60000;
    if (!skeym_finding_must(finding, aim(&target, secret))) {
        return 1;
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        double began = skeym_crew_seconds();
        for (unsigned j = 0; j < each; j++) {
            spread(secret, j + 7);
            (void)guess(&target, secret);
        }
        rates[i] = each / (skeym_crew_seconds() - began);
    }
    struct skeym_sample_interval median = skeym_sample_median(rates, ROUNDS, 0.95);
    const struct skeym_figure figure = {
        "guess.rate", "guesses a second on one core (median of 9, 95% interval)",
        median.value, "1/s",
        median.low,   median.high,
        NULL};
    skeym_finding_figure(finding, &figure);
    return median.value;
}

/* --- weak keys ------------------------------------------------------------------ */

/* The n-th entry of the generated list: a syllable word, alone or with up to three digits. */
static size_t entry(char *out, size_t room, unsigned n)
{
    static const char *const syllables[] = {"ba", "co", "di", "fu", "ga", "ho", "ki",
                                            "lo", "me", "no", "pa", "ra", "so", "ta",
                                            "vi", "we", "xu", "yo", "ze", "an"};
    enum { N = sizeof syllables / sizeof syllables[0] };
    unsigned word = n / (DIGITS + 1);
    unsigned digits = n % (DIGITS + 1);
    int size = digits == 0 ? snprintf(out, room, "%s%s%s", syllables[word / (N * N) % N],
                                      syllables[word / N % N], syllables[word % N])
                           : snprintf(out, room, "%s%s%s%03u", syllables[word / (N * N) % N],
                                      syllables[word / N % N], syllables[word % N], digits - 1);
    return (size_t)size;
}

/* A key of so many bits from a word: the first bits of its hash. Key bits beyond are zero. */
static void word_key(uint8_t secret[SKEYM_SECRET_BYTES], uint32_t n, unsigned bits)
{
    char text[32];
    uint8_t hash[SKEYM_SECRET_BYTES];
    size_t size = entry(text, sizeof text, n);
    const struct skeym_span word = skeym_span(text, size);
    skeym_crypto_sha256(hash, &word, 1);
    memset(secret, 0, SKEYM_SECRET_BYTES);
    memcpy(secret, hash, bits / 8);
}

/* A key of so many bits from a counter: the number at its end, the start before it. */
static void sequence_key(uint8_t secret[SKEYM_SECRET_BYTES], uint32_t n, unsigned bits)
{
    memset(secret, 0, SKEYM_SECRET_BYTES);
    memset(secret, 0x11, bits / 8);
    for (size_t i = 0; i < 4; i++) {
        secret[bits / 8 - 1 - i] = (uint8_t)(n >> (8 * i));
    }
}

struct weak {
    const char *kind, *id;
    bool words;
    uint32_t space;
    double seconds[4]; /* for 32, 64, 128, 256 bits */
};

static void weak_key(uint8_t secret[SKEYM_SECRET_BYTES], const struct weak *weak, uint32_t n,
                     unsigned bits)
{
    (weak->words ? word_key : sequence_key)(secret, n, bits);
}

static void crack_one(struct skeym_finding *finding, struct weak *weak, size_t width,
                      uint32_t secret_number)
{
    struct target target;
    uint8_t secret[SKEYM_SECRET_BYTES];
    unsigned bits = 32U << width;
    weak_key(secret, weak, secret_number, bits);
    if (!skeym_finding_must(finding, aim(&target, secret))) {
        return;
    }
    double began = skeym_crew_seconds();
    uint32_t tried = 0;
    bool hit = false;
    while (!hit && tried < weak->space) {
        weak_key(secret, weak, tried, bits);
        hit = guess(&target, secret);
        tried++;
    }
    weak->seconds[width] = skeym_crew_seconds() - began;
    if (!hit || tried != secret_number + 1) {
        skeym_finding_must(finding, SKEYM_ERR_STATE);
    }
    skeym_finding_row(finding, "%s|%u|%u of %u|%.3f s", weak->kind, bits, tried, weak->space,
                      weak->seconds[width]);
}

static void crack_weak(struct skeym_finding *finding, const struct skeym_inspect_context *context,
                       struct weak weak[2])
{
    struct skeym_chance chance;
    skeym_chance_init(&chance, context->seed, 2);
    skeym_finding_table(finding,
                        "Weak keys, cracked: work is the place in the order, not the length",
                        "keys|bits|guesses until found|time");
    for (size_t kind = 0; kind < 2; kind++) {
        /* in the second half of the order, the same place for each length */
        uint32_t half = weak[kind].space / 2;
        uint32_t number = half + (uint32_t)skeym_chance_below(&chance, half);
        if (context->size == SKEYM_INSPECT_QUICK) {
            number /= 8;
        }
        for (size_t width = 0; width < 4; width++) {
            crack_one(finding, &weak[kind], width, number);
        }
    }
}

/* --- even keys, to exhaustion --------------------------------------------------- */

struct search {
    struct target target;
    _Atomic uint64_t hits, at;
};

static bool search_block(const struct skeym_crew_block *block)
{
    struct search *search = block->arg;
    uint8_t secret[SKEYM_SECRET_BYTES];
    for (uint64_t n = block->from; n < block->to; n++) {
        spread(secret, n);
        if (guess(&search->target, secret)) {
            atomic_fetch_add(&search->hits, 1);
            atomic_store(&search->at, n);
        }
    }
    return false; /* to exhaustion: there must be one hit, not two */
}

static void exhaust(struct skeym_finding *finding, const struct skeym_inspect_context *context)
{
    static const unsigned quick[] = {16, 18, 20}, full[] = {16, 20, 24, 28, 32};
    bool is_full = context->size == SKEYM_INSPECT_FULL;
    const unsigned *bits = is_full ? full : quick;
    size_t count = is_full ? sizeof full / sizeof full[0] : sizeof quick / sizeof quick[0];
    struct skeym_chance chance;
    skeym_chance_init(&chance, context->seed, 1);
    skeym_finding_table(finding, "Even keys of few bits, all of them tried",
                        "bits|keys tried|hits|found at|time|guesses a second, all cores");
    for (size_t i = 0; i < count && !context->stopped(context->arg); i++) {
        struct search search = {.hits = 0};
        uint8_t secret[SKEYM_SECRET_BYTES];
        uint64_t space = UINT64_C(1) << bits[i];
        uint64_t number = skeym_chance_below(&chance, space);
        spread(secret, number);
        if (!skeym_finding_must(finding, aim(&search.target, secret))) {
            return;
        }
        char what[48];
        snprintf(what, sizeof what, "all keys of %u bits", bits[i]);
        double began = skeym_crew_seconds();
        const struct skeym_crew crew = {context,
                                        what,
                                        i == 0 ? 0.05
                                               : ldexp(1, (int)bits[i - 1] - (int)bits[count - 1]),
                                        ldexp(1, (int)bits[i] - (int)bits[count - 1]),
                                        space,
                                        4096,
                                        0,
                                        search_block,
                                        &search};
        uint64_t done = skeym_crew_run(&crew);
        double took = skeym_crew_seconds() - began;
        bool right = atomic_load(&search.hits) == 1 && atomic_load(&search.at) == number;
        if (done == space && !right) {
            skeym_finding_must(finding, SKEYM_ERR_STATE);
        }
        skeym_finding_row(finding, "%u|%llu of %llu|%llu|%llu|%.2f s|%.0f", bits[i],
                          (unsigned long long)done, (unsigned long long)space,
                          (unsigned long long)atomic_load(&search.hits),
                          (unsigned long long)atomic_load(&search.at), took, (double)done / took);
    }
}

/* --- what follows ----------------------------------------------------------------- */

static double log2_years(double bits, double per_second)
{
    return bits - 1 - log2(per_second) - log2(365.25 * 86400);
}

static void extrapolate(struct skeym_finding *finding, double per_second)
{
    static const unsigned bits[] = {32, 64, 128, 256, 320};
    static const char *const paper[] = {NULL, NULL, "13 h", "21 h", "more than 31 h"};
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        char id[32], what[96];
        snprintf(id, sizeof id, "years.%u", bits[i]);
        snprintf(what, sizeof what, "even keys of %u bits: log2 of the years to find one", bits[i]);
        const struct skeym_figure figure = {id,  what,    log2_years(bits[i], per_second), "", NAN,
                                            NAN, paper[i]};
        skeym_finding_figure(finding, &figure);
    }
}

static void chart(struct skeym_finding *finding, const struct weak weak[2], double per_second)
{
    const struct skeym_chart picture = {
        .kind = SKEYM_CHART_LINES,
        .says = "Length saves no weak key; for even keys each bit doubles the work",
        .x_label = "bits of the key",
        .y_label = "log2 of the seconds until it is found",
    };
    skeym_finding_chart(finding, &picture);
    for (size_t kind = 0; kind < 2; kind++) {
        skeym_finding_series(finding, weak[kind].kind);
        for (size_t width = 0; width < 4; width++) {
            if (weak[kind].seconds[width] > 0) {
                skeym_finding_point(finding, 32U << width, log2(weak[kind].seconds[width]), NAN,
                                    NAN);
            }
        }
    }
    skeym_finding_series(finding, "SkeyM (extrapolated)");
    static const unsigned bits[] = {32, 64, 128, 256, 320};
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        skeym_finding_point(finding, bits[i], bits[i] - 1 - log2(per_second), NAN, NAN);
    }
}

static void claims(struct skeym_finding *finding)
{
    skeym_finding_claim(finding, "Table 2, sequential",
                        "32 bits: 7 s; 64: 6 min; 128: 24 min; 256: 1.2 h.");
    skeym_finding_claim(finding, "Table 2, dictionary",
                        "32 bits: 3 h 54 min; 64: 5 h 16 min; 128: 8 h 42 min; 256: 13 h.");
    skeym_finding_claim(finding, "Table 2, SkeyM",
                        "128 bits: 13 h; 256: 21 h; 320: more than 31 h.");
    skeym_finding_claim(finding, "Fig 5", "22 h of brute force made \"only 32 bits degradation\".");
}

static void run(const struct skeym_inspect_context *context, struct skeym_finding *finding)
{
    struct weak weak[2] = {
        {"sequential", "sequential", false, SEQUENCE_WINDOW, {0}},
        {"dictionary", "dictionary", true, WORDS * (DIGITS + 1), {0}},
    };
    claims(finding);
    skeym_finding_did(finding,
                      "A guess is what an attacker must do who has seen one request: derive the "
                      "proof key from a guessed secret (HKDF-SHA256) and compute the proof "
                      "(HMAC-SHA256) over a request without a body. We timed it on one "
                      "core.");
    skeym_finding_did(finding,
                      "Sequential keys count up from a start known to within %d keys. Dictionary "
                      "keys are hashes of a generated list of %d entries (%d words, each alone and "
                      "with three digits). Each was cracked for four lengths, at the same place of "
                      "the order.",
                      SEQUENCE_WINDOW, WORDS * (DIGITS + 1), WORDS);
    skeym_finding_did(finding, "Keys of few bits were tried to the last one: each search must hit "
                               "exactly once, at the right key. Longer ones are extrapolated: half "
                               "of all keys, at the measured rate of one core.");
    double per_second = rate(finding, context);
    crack_weak(finding, context, weak);
    exhaust(finding, context);
    extrapolate(finding, per_second);
    chart(finding, weak, per_second);
    skeym_finding_note(finding,
                       "An extrapolation is arithmetic, not an experiment: a million machines "
                       "take away 20 of log2. A token lives a minute at most, but what was sealed "
                       "under its key can be attacked for ever after.");
    skeym_finding_verdict(
        finding, SKEYM_VERDICT_CANNOT_BE,
        "going from 128 to 256 bits multiplies the work by 2^128, not by 1.6: a 128-bit key takes "
        "2^%.0f years here, a 256-bit one 2^%.0f; sequential and dictionary keys fall in seconds "
        "whatever their length",
        log2_years(128, per_second), log2_years(256, per_second));
}

const struct skeym_inspection skeym_inspection_brute = {
    .name = "brute",
    .title = "How long does a brute force take?",
    .question = "How long until a sequential, a dictionary and a SkeyM key are found by trying?",
    .paper = "Table 2, Figs 3 to 5",
    .run = run,
};
