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
    size_t rounds = 0;
    while (rounds < ROUNDS && (rounds == 0 || !context->stopped(context->arg))) {
        context->progress(context->arg, "guesses a second", 0.05 * (double)rounds / ROUNDS);
        double began = skeym_crew_cpu_seconds();
        for (unsigned j = 0; j < each; j++) {
            spread(secret, j + 7);
            (void)guess(&target, secret);
        }
        rates[rounds++] = each / (skeym_crew_cpu_seconds() - began);
    }
    char what[96];
    snprintf(what, sizeof what,
             "guesses a second of one core's time (median of %zu, 95%% interval)", rounds);
    struct skeym_sample_interval median = skeym_sample_median(rates, rounds, 0.95);
    const struct skeym_figure figure = {"guess.rate", what,        median.value, "1/s",
                                        median.low,   median.high, NULL};
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

enum { WIDTHS = 4 }; /* 32, 64, 128, 256 bits */

struct weak {
    const char *kind;
    bool words;
    uint32_t space;
    struct {
        const char *text;
        double seconds;
    } paper[WIDTHS];
    double seconds[WIDTHS]; /* 0: not cracked, because stopped */
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
    double began = skeym_crew_cpu_seconds();
    uint32_t tried = 0;
    bool hit = false;
    while (!hit && tried < weak->space) {
        weak_key(secret, weak, tried, bits);
        hit = guess(&target, secret);
        tried++;
    }
    weak->seconds[width] = skeym_crew_cpu_seconds() - began;
    if (!hit || tried != secret_number + 1) {
        skeym_finding_must(finding, SKEYM_ERR_STATE);
    }
    skeym_finding_row(finding, "%s|%u|%s|%.3f s|found at guess %u of %u", weak->kind, bits,
                      weak->paper[width].text, weak->seconds[width], tried, weak->space);
}

static void crack_weak(struct skeym_finding *finding, const struct skeym_inspect_context *context,
                       struct weak weak[2])
{
    struct skeym_chance chance;
    skeym_chance_init(&chance, context->seed, 2);
    for (size_t kind = 0; kind < 2; kind++) {
        /* in the second half of the order (full size), the same place for each length */
        uint32_t half = weak[kind].space / 2;
        uint32_t number = half + (uint32_t)skeym_chance_below(&chance, half);
        if (context->size == SKEYM_INSPECT_QUICK) {
            number /= 8;
        }
        for (size_t width = 0; width < WIDTHS && !context->stopped(context->arg); width++) {
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

#define YEAR           (365.25 * 86400)
#define UNIVERSE_YEARS 13.8e9

static double log2_years(double bits, double per_second)
{
    return bits - 1 - log2(per_second) - log2(YEAR);
}

static const struct {
    unsigned bits;
    const char *paper; /* NULL: the paper has no such row */
    double paper_seconds;
} even[] = {
    {32, NULL, 0},
    {64, NULL, 0},
    {128, "13 h", 13 * 3600.0},
    {256, "21 h", 21 * 3600.0},
    {320, "more than 31 h", 31 * 3600.0},
};
enum { EVENS = sizeof even / sizeof even[0] };

static void extrapolate(struct skeym_finding *finding, double per_second)
{
    for (size_t i = 0; i < EVENS; i++) {
        char id[32], what[96];
        double years = log2_years(even[i].bits, per_second);
        snprintf(id, sizeof id, "years.%u", even[i].bits);
        snprintf(what, sizeof what, "even keys of %u bits: years to find one, as a power of 2",
                 even[i].bits);
        const struct skeym_figure figure = {id, what, years, "(log2)", NAN, NAN, even[i].paper};
        skeym_finding_figure(finding, &figure);
        if (even[i].paper) {
            skeym_finding_row(finding,
                              "SkeyM|%u|%s|2^%.1f years, or 10^%.1f|half of 2^%u keys at the rate "
                              "measured",
                              even[i].bits, even[i].paper, years, years * log10(2), even[i].bits);
        }
    }
}

static void level(struct skeym_finding *finding, const char *name, double log2_of_years)
{
    skeym_finding_series(finding, name);
    skeym_finding_point(finding, even[0].bits, log2_of_years, NAN, NAN);
    skeym_finding_point(finding, even[EVENS - 1].bits, log2_of_years, NAN, NAN);
}

/* Weak keys and even ones, as measured or extrapolated, and as the paper prints them. */
static void chart(struct skeym_finding *finding, const char *says, const struct weak *weak,
                  size_t kinds, double per_second)
{
    const struct skeym_chart picture = {
        .kind = SKEYM_CHART_LINES,
        .says = says,
        .x_label = "bits of the key",
        .y_label = "log2 of the years until found",
    };
    skeym_finding_chart(finding, &picture);
    for (size_t kind = 0; kind < kinds; kind++) {
        skeym_finding_series(finding, weak[kind].kind);
        for (size_t width = 0; width < WIDTHS; width++) {
            skeym_finding_point(finding, 32U << width, log2(weak[kind].seconds[width] / YEAR), NAN,
                                NAN);
        }
    }
    skeym_finding_series(finding, "SkeyM (extrapolated)");
    for (size_t i = 0; i < EVENS; i++) {
        skeym_finding_point(finding, even[i].bits, log2_years(even[i].bits, per_second), NAN, NAN);
    }
    if (kinds == 1) {
        char name[48];
        snprintf(name, sizeof name, "%s, the paper", weak->kind);
        skeym_finding_series(finding, name);
        for (size_t width = 0; width < WIDTHS; width++) {
            skeym_finding_point(finding, 32U << width, log2(weak->paper[width].seconds / YEAR), NAN,
                                NAN);
        }
    }
    skeym_finding_series(finding, "SkeyM, the paper");
    for (size_t i = 0; i < EVENS; i++) {
        if (even[i].paper) {
            skeym_finding_point(finding, even[i].bits, log2(even[i].paper_seconds / YEAR), NAN,
                                NAN);
        }
    }
    level(finding, "a year", 0);
    if (kinds == 1) {
        level(finding, "age of the universe", log2(UNIVERSE_YEARS));
    }
}

static void charts(struct skeym_finding *finding, const struct weak weak[2], double per_second)
{
    chart(finding,
          "Fig 3: no length saves a sequential key; on an even one each bit doubles the work",
          &weak[0], 1, per_second);
    chart(finding,
          "Fig 4: no length saves a key out of a dictionary; on an even one each bit doubles the "
          "work",
          &weak[1], 1, per_second);
    chart(finding,
          "Fig 5: the paper's hours for SkeyM are those of weak keys; the work on an even key is "
          "out of all reach from 128 bits on",
          weak, 2, per_second);
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

static void texts(struct skeym_finding *finding)
{
    skeym_finding_did(finding,
                      "A guess is what an attacker must do who has seen one request: derive the "
                      "proof key from a guessed secret (HKDF-SHA256) and compute the proof "
                      "(HMAC-SHA256) over a request without a body. Times are processor time of "
                      "one core.");
    skeym_finding_did(finding,
                      "Sequential keys count up from a start known to within %d keys. Dictionary "
                      "keys are hashes of a generated list of %d entries (%d words, each alone and "
                      "with three digits). Each was cracked for four lengths, at the same place of "
                      "the order.",
                      SEQUENCE_WINDOW, WORDS * (DIGITS + 1), WORDS);
    skeym_finding_did(finding, "Keys of few bits were tried to the last one: each search must hit "
                               "exactly once, at the right key. Longer ones are extrapolated: half "
                               "of all keys, at the measured rate of one core.");
    skeym_finding_note(finding,
                       "An extrapolation is arithmetic, not an experiment: a million machines "
                       "take away 20 of log2. A token lives a minute at most, but what was sealed "
                       "under its key can be attacked for ever after.");
    skeym_finding_note(finding,
                       "The paper does not say what its sequential and dictionary keys are. How "
                       "long a weak key lasts depends on its place in the order that is tried, "
                       "which the seed draws here.");
}

static void verdict(struct skeym_finding *finding, const struct weak weak[2], double per_second)
{
    double slowest = 0;
    bool all = true;
    char fell[96] = "";
    for (size_t i = 0; i < 2 * (size_t)WIDTHS; i++) {
        double seconds = weak[i / WIDTHS].seconds[i % WIDTHS];
        slowest = fmax(slowest, seconds);
        all = all && seconds > 0;
    }
    if (all) {
        snprintf(fell, sizeof fell,
                 "; sequential and dictionary keys of every length fell within %.1f s", slowest);
        charts(finding, weak, per_second);
    }
    skeym_finding_verdict(finding, SKEYM_VERDICT_CANNOT_BE,
                          "going from 128 to 256 bits multiplies the work by 2^128, not by %.1f: a "
                          "128-bit key takes 2^%.0f years of one core here, a 256-bit one 2^%.0f%s",
                          even[3].paper_seconds / even[2].paper_seconds,
                          log2_years(128, per_second), log2_years(256, per_second), fell);
}

static void run(const struct skeym_inspect_context *context, struct skeym_finding *finding)
{
    struct weak weak[2] = {
        {"sequential",
         false,
         SEQUENCE_WINDOW,
         {{"7 s", 7}, {"6 min", 360}, {"24 min", 1440}, {"1.2 h", 4320}},
         {0}},
        {"dictionary",
         true,
         WORDS * (DIGITS + 1),
         {{"3 h 54 min", 14040}, {"5 h 16 min", 18960}, {"8 h 42 min", 31320}, {"13 h", 46800}},
         {0}},
    };
    claims(finding);
    texts(finding);
    double per_second = rate(finding, context);
    skeym_finding_table(finding, "Table 2, row by row", "keys|bits|the paper|here, one core|how");
    crack_weak(finding, context, weak);
    extrapolate(finding, per_second);
    exhaust(finding, context);
    verdict(finding, weak, per_second);
}

const struct skeym_inspection skeym_inspection_brute = {
    .name = "brute",
    .title = "How long does a brute force take?",
    .question = "How long until a sequential, a dictionary and a SkeyM key are found by trying?",
    .paper = "Table 2, Figs 3 to 5",
    .run = run,
};
