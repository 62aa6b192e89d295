/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fig 10: misgenerated keys. The paper does not say what that is; here a key is one that makes a
 * health test of SP 800-90B fail, equals an earlier one, or does not open what it sealed.
 */
#include "baseline/chaos.h"
#include "baseline/parity.h"
#include "crypto/crypto.h"
#include "inspect/crew.h"
#include "stats/chance.h"
#include "stats/health.h"
#include "stats/sample.h"
#include <skeym/exchange.h>

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 512, LEAST_BLOCK = 32, STEPS_MAX = 100000 };

/* Keys from..to of one way, one after the other; every thread has its own chance and health. */
struct source {
    const char *name, *label, *id;
    void (*make)(uint8_t key[32], struct skeym_chance *chance, uint8_t state[32]);
    uint64_t count[2]; /* quick, full */
};

static void make_skeym(uint8_t key[32], struct skeym_chance *chance, uint8_t state[32])
{
    struct skeym_exchange_keys keys;
    (void)chance;
    memset(key, 0, 32); /* a failure shows as keys that are equal */
    if (skeym_exchange_derive(&keys, state) == SKEYM_OK) {
        memcpy(key, keys.answer, 32);
        memcpy(state, keys.next, 32);
    }
    skeym_crypto_wipe(&keys, sizeof keys);
}

static void make_chaos(uint8_t key[32], struct skeym_chance *chance, uint8_t state[32])
{
    (void)state;
    skeym_chaos_key(key, skeym_chance_unit(chance), skeym_chance_unit(chance));
}

static void make_parity(uint8_t key[32], struct skeym_chance *chance, uint8_t state[32])
{
    struct skeym_parity_run run;
    (void)state;
    skeym_parity_agree(&run, 0, STEPS_MAX, chance);
    memset(key, 0, 32); /* two that did not agree have no key */
    if (run.equal) {
        memcpy(key, run.key, 32);
    }
}

/* The control: each byte of a key has 4 bits only, and one key in 2^16 is always the same. */
static void make_broken(uint8_t key[32], struct skeym_chance *chance, uint8_t state[32])
{
    (void)state;
    skeym_chance_fill(chance, key, 32);
    for (size_t i = 0; i < 32; i++) {
        key[i] &= 0x0f;
    }
    if (skeym_chance_below(chance, 65536) == 0) {
        memset(key, 7, 32);
    }
}

static const struct source sources[] = {
    {"SkeyM, answer keys of a chain", "SkeyM", "skeym", make_skeym, {2000000, 100000000}},
    {"subkeys by chaotic maps", "chaotic subkeys", "chaos", make_chaos, {40000, 5000000}},
    {"neural, two parity machines", "parity machines", "neural", make_parity, {150, 20000}},
    {"a broken generator (control)", "broken (control)", "broken", make_broken, {200000, 2000000}},
};
enum { SOURCES = sizeof sources / sizeof sources[0] };

struct count {
    const struct source *source;
    uint64_t seed;
    uint64_t *heads; /* the first 8 bytes of each key */
    _Atomic uint64_t unhealthy, unsealed;
};

static bool opens_what_it_seals(const uint8_t key[32])
{
    static const uint8_t iv[SKEYM_IV_BYTES] = {1};
    static const char text[] = "sealed and opened again";
    uint8_t sealed[sizeof text + SKEYM_TAG_BYTES], opened[sizeof text];
    const struct skeym_span none = {0};
    return skeym_crypto_seal((struct skeym_room){sealed, sizeof sealed}, key, iv, none,
                             skeym_span(text, sizeof text)) == SKEYM_OK &&
           !skeym_crypto_equal(sealed, text, sizeof text) &&
           skeym_crypto_open((struct skeym_room){opened, sizeof opened}, key, iv, none,
                             skeym_span(sealed, sizeof sealed)) == SKEYM_OK &&
           skeym_crypto_equal(opened, text, sizeof text);
}

static bool count_block(const struct skeym_crew_block *block)
{
    struct count *count = block->arg;
    struct skeym_chance chance;
    struct skeym_health health = {0};
    uint8_t key[32], state[32];
    uint64_t unhealthy = 0, unsealed = 0;
    skeym_chance_init(&chance, count->seed, block->from);
    skeym_chance_fill(&chance, state, sizeof state); /* a chain of its own for each block */
    for (uint64_t n = block->from; n < block->to; n++) {
        count->source->make(key, &chance, state);
        unhealthy += skeym_health_feed(&health, key, sizeof key) > 0;
        unsealed += !opens_what_it_seals(key);
        memcpy(&count->heads[n], key, sizeof count->heads[n]);
    }
    skeym_crypto_wipe(state, sizeof state);
    atomic_fetch_add(&count->unhealthy, unhealthy);
    atomic_fetch_add(&count->unsealed, unsealed);
    return false;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* How many of the first `done` equal another one before. */
static uint64_t doubled(uint64_t *heads, uint64_t done)
{
    uint64_t same = 0;
    qsort(heads, done, sizeof *heads, compare);
    for (uint64_t i = 1; i < done; i++) {
        same += heads[i] == heads[i - 1];
    }
    return same;
}

struct outcome {
    uint64_t keys, unhealthy, equal, unsealed, all;
};

static struct outcome count_source(const struct skeym_inspect_context *context,
                                   struct skeym_finding *finding, const struct source *source,
                                   double begin, double end)
{
    struct count count = {.source = source, .seed = context->seed};
    uint64_t wanted = source->count[context->size == SKEYM_INSPECT_FULL];
    struct outcome outcome = {0};
    count.heads = calloc(wanted, sizeof *count.heads);
    if (!count.heads) {
        skeym_finding_must(finding, SKEYM_ERR_MEMORY);
        return outcome;
    }
    const struct skeym_crew crew = {
        .context = context,
        .what = source->name,
        .begin = begin,
        .end = end,
        .count = wanted,
        /* long enough for the health tests to see a window of bytes */
        .block = wanted / BLOCKS < LEAST_BLOCK ? LEAST_BLOCK : wanted / BLOCKS + 1,
        .work = count_block,
        .arg = &count,
    };
    outcome.keys = skeym_crew_run(&crew);
    outcome.unhealthy = atomic_load(&count.unhealthy);
    outcome.unsealed = atomic_load(&count.unsealed);
    /* stopped early, all blocks that were begun are done, and they are the first ones */
    outcome.equal = doubled(count.heads, outcome.keys);
    outcome.all = outcome.unhealthy + outcome.equal + outcome.unsealed;
    free(count.heads);
    skeym_finding_row(finding, "%s|%llu|%llu|%llu|%llu", source->name,
                      (unsigned long long)outcome.keys, (unsigned long long)outcome.unhealthy,
                      (unsigned long long)outcome.equal, (unsigned long long)outcome.unsealed);
    return outcome;
}

static void figures(struct skeym_finding *finding, const struct source *source,
                    const struct outcome *outcome)
{
    char id[32], what[96];
    if (outcome->keys == 0) {
        return;
    }
    struct skeym_sample_interval share = skeym_sample_share(
        outcome->all < outcome->keys ? outcome->all : outcome->keys, outcome->keys, 0.95);
    snprintf(id, sizeof id, "bad.%s", source->id);
    snprintf(what, sizeof what, "%s: misgenerated of a million (95%% interval)", source->name);
    const struct skeym_figure figure = {
        id, what, 1e6 * share.value, "", 1e6 * share.low, 1e6 * share.high, NULL};
    skeym_finding_figure(finding, &figure);
}

static bool baselines_clean(const struct outcome outcomes[SOURCES])
{
    return outcomes[1].all == 0 && outcomes[2].all == 0;
}

static void chart(struct skeym_finding *finding, const struct outcome outcomes[SOURCES])
{
    const struct skeym_chart picture = {
        .kind = SKEYM_CHART_BARS,
        .says = outcomes[0].all > 0 ? "SkeyM misgenerated keys: this must be looked into"
                : baselines_clean(outcomes)
                    ? "Fig 10: only the generator that was broken on purpose misgenerates keys"
                    : "Fig 10: SkeyM misgenerates no key; what the others do, and a broken one",
        .x_label = "misgenerated keys of a million",
    };
    for (size_t i = 0; i < SOURCES; i++) {
        if (outcomes[i].keys == 0) {
            return; /* stopped before: a bar of no keys would say something */
        }
    }
    skeym_finding_chart(finding, &picture);
    skeym_finding_series(finding, "of a million");
    for (size_t i = 0; i < SOURCES; i++) {
        skeym_finding_bar(finding, sources[i].label,
                          1e6 * (double)outcomes[i].all / (double)outcomes[i].keys, NAN, NAN);
    }
}

static void verdict(struct skeym_finding *finding, const struct outcome outcomes[SOURCES])
{
    const struct outcome *control = &outcomes[SOURCES - 1];
    if (outcomes[0].all > 0) {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "SkeyM misgenerated %llu keys of %llu: this must be looked into",
                              (unsigned long long)outcomes[0].all,
                              (unsigned long long)outcomes[0].keys);
    } else if (outcomes[0].keys == 0 || control->unhealthy == 0 || control->equal == 0) {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "the broken control was not found: nothing is shown");
    } else {
        skeym_finding_verdict(
            finding, SKEYM_VERDICT_CONFIRMED,
            "no key of %llu was misgenerated by this definition%s",
            (unsigned long long)outcomes[0].keys,
            baselines_clean(outcomes)
                ? ", but none of the baselines' either, so that it is no distinction"
                : "");
    }
}

static void run(const struct skeym_inspect_context *context, struct skeym_finding *finding)
{
    static const double shares[SOURCES + 1] = {0, 0.6, 0.75, 0.97, 1};
    struct outcome outcomes[SOURCES];
    skeym_finding_claim(finding, "Fig 10",
                        "SkeyM has \"a very low likelihood of misgenerating a "
                        "key\" (bars without figures in the text; no definition).");
    skeym_finding_did(
        finding,
        "We call a key misgenerated when a health test of SP 800-90B fails at it "
        "(repetition count, cutoff %d; adaptive proportion, cutoff %d in %d bytes; "
        "each for 8 bits a byte and a false alarm in 2^40), when it equals an earlier "
        "one (in its first 64 bits), or when it does not open what it sealed.",
        SKEYM_HEALTH_REPEATS, SKEYM_HEALTH_PROPORTION, SKEYM_HEALTH_WINDOW);
    skeym_finding_did(finding, "A generator that gives 4 bits a byte and sometimes the same key "
                               "went the same way as a control.");
    skeym_finding_table(finding, "Keys made, and what was wrong with them",
                        "way|keys|health test failed|equal to an earlier one|seal does not open");
    for (size_t i = 0; i < SOURCES; i++) {
        outcomes[i] = count_source(context, finding, &sources[i], shares[i], shares[i + 1]);
        figures(finding, &sources[i], &outcomes[i]);
    }
    chart(finding, outcomes);
    skeym_finding_note(finding, "Health tests find a broken source, not a weak one: a chaotic "
                                "key that passes them is still worth no more than its seed.");
    verdict(finding, outcomes);
}

const struct skeym_inspection skeym_inspection_misgenerated = {
    .name = "misgenerated",
    .title = "Are keys ever made wrong?",
    .question = "How many keys fail a health test, equal another, or do not work?",
    .paper = "Fig 10",
    .run = run,
};
