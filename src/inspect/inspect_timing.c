/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fig 6: can a key be found byte by byte from the time that a refusal takes? The real comparison,
 * the real check of a proof, and a leaky comparison as positive control: what does not find that
 * one has shown nothing about the others.
 */
#include "crypto/crypto.h"
#include "inspect/crew.h"
#include "inspect/stand.h"
#include "stats/chance.h"
#include "stats/sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a candidate differs in from the right proof. */
enum class { NOTHING, FIRST, MIDDLE, LAST, CLASSES };
static const char *const class_names[CLASSES] = {"right", "first byte wrong", "middle byte wrong",
                                                 "last byte wrong"};

/* A leak is called one when both tests are beyond doubt. For Welch's t that is the |t| > 10 of the
 * literature on leakage; the rank test is asked for as much. */
#define T_LIMIT 10.0
#define Z_LIMIT 10.0

struct verifier {
    const char *name, *id;
    bool (*check)(const struct skeym_stand_request *request, const uint8_t right[32],
                  const uint8_t candidate[32]);
    unsigned repeats; /* calls in one sample, so that the clock's own step does not show */
    bool leaky;       /* the control */
};

static volatile bool seen;

/* As memcmp may be written: it stops at the first difference. */
static bool leaky(const struct skeym_stand_request *request, const uint8_t right[32],
                  const uint8_t candidate[32])
{
    const volatile uint8_t *a = right;
    (void)request;
    for (size_t i = 0; i < 32; i++) {
        if (a[i] != candidate[i]) {
            return false;
        }
    }
    return true;
}

static bool constant(const struct skeym_stand_request *request, const uint8_t right[32],
                     const uint8_t candidate[32])
{
    (void)request;
    return skeym_crypto_equal(right, candidate, 32);
}

/* What the gate does with a proof field: decode it, compute the right one, compare. */
static bool whole(const struct skeym_stand_request *request, const uint8_t right[32],
                  const uint8_t candidate[32])
{
    const struct skeym_exchange_request parts = {request->head.method, request->head.target,
                                                 request->head.content_type, request->content};
    char text[SKEYM_PROOF_CHARS];
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)text, sizeof text});
    (void)right;
    skeym_base64url_write(&writer, skeym_span(candidate, 32));
    return skeym_exchange_check(skeym_written(&writer), request->keys.proof, &parts) == SKEYM_OK;
}

static const struct verifier verifiers[] = {
    {"a leaky comparison (control)", "leaky", leaky, 16, true},
    {"skeym_crypto_equal", "equal", constant, 16, false},
    {"the whole check of a proof", "proof", whole, 1, false},
};
enum { VERIFIERS = sizeof verifiers / sizeof verifiers[0] };

/* --- measuring -------------------------------------------------------------------- */

struct samples {
    double *of[CLASSES]; /* ns a call */
    size_t count[CLASSES];
    size_t room;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void aim(uint8_t candidate[32], const uint8_t right[32], enum class class,
                struct skeym_chance *chance)
{
    static const size_t places[CLASSES] = {0, 0, 16, 31};
    uint8_t change = (uint8_t)(1 + skeym_chance_below(chance, 255));
    memcpy(candidate, right, 32);
    candidate[places[class]] ^= class == NOTHING ? 0 : change;
}

/* The proof that the stand's request carries. */
static enum skeym_error right_proof(uint8_t right[32], const struct skeym_stand_request *request)
{
    size_t size;
    return skeym_base64url_read((struct skeym_room){right, 32}, &size, request->head.proof);
}

/* In random order: what comes before a call must not go with its class. */
static void measure(struct samples *samples, const struct verifier *verifier,
                    const struct skeym_stand_request *request, const uint8_t right[32],
                    const struct skeym_inspect_context *context, struct skeym_chance *chance,
                    double begin, double end)
{
    uint8_t candidate[32];
    size_t total = samples->room * CLASSES;
    memset(samples->count, 0, sizeof samples->count);
    for (size_t i = 0; i < total; i++) {
        enum class class = (enum class)skeym_chance_below(chance, CLASSES);
        if (samples->count[class] == samples->room) {
            continue;
        }
        aim(candidate, right, class, chance);
        bool result = false;
        uint64_t began = now_ns();
        for (unsigned j = 0; j < verifier->repeats; j++) {
            result = verifier->check(request, right, candidate);
        }
        double took = (double)(now_ns() - began) / verifier->repeats;
        seen = result;
        samples->of[class][samples->count[class]++] = took;
        if (i % 4096 == 0) {
            context->progress(context->arg, verifier->name,
                              begin + (end - begin) * (double)i / (double)total);
            if (context->stopped(context->arg)) {
                break;
            }
        }
    }
}

/* Leaves out what is above the given share of all samples: interruptions, which have nothing to do
 * with the class and drown the means. The limit is one for all classes. */
static enum skeym_error crop(struct samples *samples, double share)
{
    size_t total = 0;
    for (size_t i = 0; i < CLASSES; i++) {
        total += samples->count[i];
    }
    double *all = calloc(total ? total : 1, sizeof *all);
    if (!all) {
        return SKEYM_ERR_MEMORY;
    }
    size_t at = 0;
    for (size_t i = 0; i < CLASSES; i++) {
        memcpy(all + at, samples->of[i], samples->count[i] * sizeof *all);
        at += samples->count[i];
    }
    skeym_sample_sort(all, total);
    double limit = total ? skeym_sample_quantile(all, total, share) : 0;
    free(all);
    for (size_t i = 0; i < CLASSES; i++) {
        size_t kept = 0;
        for (size_t j = 0; j < samples->count[i]; j++) {
            if (samples->of[i][j] <= limit) {
                samples->of[i][kept++] = samples->of[i][j];
            }
        }
        samples->count[i] = kept;
    }
    return SKEYM_OK;
}

/* --- judging ----------------------------------------------------------------------- */

struct judgement {
    double t, z, shift, low, high;
    bool leak;
};

/* b against a: both tests, and the shift of the median with its interval. */
static enum skeym_error judge(struct judgement *judgement, const struct samples *samples,
                              enum class a, enum class b, struct skeym_chance *chance)
{
    struct skeym_sample_test ranks;
    struct skeym_sample_interval shift;
    size_t most = 20000; /* of them the bootstrap: its time goes with rounds times samples */
    size_t a_some = samples->count[a] < most ? samples->count[a] : most;
    size_t b_some = samples->count[b] < most ? samples->count[b] : most;
    *judgement = (struct judgement){0};
    if (a_some < 100 || b_some < 100) {
        return SKEYM_OK; /* stopped early: nothing is said */
    }
    struct skeym_sample_test welch =
        skeym_sample_welch(samples->of[a], samples->count[a], samples->of[b], samples->count[b]);
    enum skeym_error error = skeym_sample_ranks(&ranks, samples->of[a], samples->count[a],
                                                samples->of[b], samples->count[b]);
    if (error == SKEYM_OK) {
        error = skeym_sample_median_shift(&shift, samples->of[a], a_some, samples->of[b], b_some,
                                          200, 0.99, chance);
    }
    if (error == SKEYM_OK) {
        *judgement = (struct judgement){
            .t = welch.statistic,
            .z = ranks.statistic,
            .shift = shift.value,
            .low = shift.low,
            .high = shift.high,
            .leak = fabs(welch.statistic) > T_LIMIT && fabs(ranks.statistic) > Z_LIMIT,
        };
    }
    return error;
}

/* The pairs that an attacker could use: does more of a right prefix take longer? */
static const enum class pairs[][2] = {
    {FIRST, LAST}, {FIRST, MIDDLE}, {MIDDLE, LAST}, {FIRST, NOTHING}};
enum { PAIRS = sizeof pairs / sizeof pairs[0] };

static unsigned report(struct skeym_finding *finding, const struct verifier *verifier,
                       const struct samples *samples, struct skeym_chance *chance,
                       struct judgement *first_to_last)
{
    unsigned leaks = 0;
    for (size_t i = 0; i < PAIRS; i++) {
        struct judgement judgement;
        if (!skeym_finding_must(finding,
                                judge(&judgement, samples, pairs[i][0], pairs[i][1], chance))) {
            return 0;
        }
        leaks += judgement.leak;
        if (i == 0) {
            *first_to_last = judgement;
        }
        skeym_finding_row(finding, "%s|%s : %s|%.2f|%.2f|%.3f (%.3f to %.3f)|%s", verifier->name,
                          class_names[pairs[i][0]], class_names[pairs[i][1]], judgement.t,
                          judgement.z, judgement.shift, judgement.low, judgement.high,
                          judgement.leak ? "LEAK" : "none found");
    }
    return leaks;
}

static void chart(struct skeym_finding *finding, const struct judgement judgements[VERIFIERS])
{
    const struct skeym_chart picture = {
        .kind = SKEYM_CHART_DOTS,
        .says = "The leaky comparison gives itself away; the real ones do not",
        .x_label = "ns by which a wrong last byte takes longer than a wrong first",
    };
    static const char *const labels[VERIFIERS] = {"leaky (control)", "skeym_crypto_equal",
                                                  "check of a proof"};
    skeym_finding_chart(finding, &picture);
    skeym_finding_series(finding, "median, 99% interval");
    for (size_t i = 0; i < VERIFIERS; i++) {
        skeym_finding_bar(finding, labels[i], judgements[i].shift, judgements[i].low,
                          judgements[i].high);
    }
}

static void claims(struct skeym_finding *finding)
{
    skeym_finding_claim(
        finding, "Timing attack",
        "128 million requests for the first byte, 4096 million for all 256 bits; "
        "at 50 a second \"the attack would take 22 h\"; tokens that expire within a "
        "minute make it easy to pull off (the paper means: to fend off).");
    skeym_finding_did(finding,
                      "4096 million requests at 50 a second are %.1f years, not 22 h; 22 h needs "
                      "%.0f requests a second. In the 60 s of one token 50 a second are 3,000 "
                      "requests: %.4f%% of what the paper gives the first byte.",
                      4096e6 / 50 / 86400 / 365.25, 4096e6 / (22 * 3600.0), 100 * 3000 / 128e6);
}

static unsigned all_verifiers(const struct skeym_inspect_context *context,
                              struct skeym_finding *finding, struct samples *samples,
                              const struct skeym_stand_request *request, bool *control)
{
    struct judgement judgements[VERIFIERS];
    struct skeym_chance chance;
    uint8_t right[32];
    unsigned leaks = 0;
    skeym_chance_init(&chance, context->seed, 1);
    if (!skeym_finding_must(finding, right_proof(right, request))) {
        return 0;
    }
    skeym_finding_table(finding, "Each pair in random order, the slowest tenth left out",
                        "verifier|pair|Welch t|rank z|median shift, ns (99%)|verdict");
    for (size_t i = 0; i < VERIFIERS; i++) {
        measure(samples, &verifiers[i], request, right, context, &chance, (double)i / VERIFIERS,
                (double)(i + 1) / VERIFIERS);
        if (!skeym_finding_must(finding, crop(samples, 0.9))) {
            return 0;
        }
        unsigned found = report(finding, &verifiers[i], samples, &chance, &judgements[i]);
        if (verifiers[i].leaky) {
            *control = found > 0;
        } else {
            leaks += found;
        }
    }
    chart(finding, judgements);
    return leaks;
}

static void verdict(struct skeym_finding *finding, bool control, unsigned leaks)
{
    if (!control) {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "the leaky control was not found, so that nothing is shown");
    } else if (leaks > 0) {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "time tells %u pairs apart: this must be looked into", leaks);
    } else {
        skeym_finding_verdict(finding, SKEYM_VERDICT_MIXED,
                              "no timing attack is found, as the paper says, but not for its "
                              "reason: the comparison takes the same time whatever differs, while "
                              "the paper's 22 h are 2.6 years by its own figures");
    }
}

static void run(const struct skeym_inspect_context *context, struct skeym_finding *finding)
{
    struct samples samples = {.room = context->size == SKEYM_INSPECT_FULL ? 1000000 : 60000};
    struct skeym_stand stand;
    struct skeym_stand_request request;
    bool control = false;
    unsigned leaks = 0;
    bool ready = skeym_finding_must(finding, skeym_stand_open(&stand, 64, UINT64_C(1800000000000)));
    ready = ready && skeym_finding_must(finding, skeym_stand_request(&stand, &request));
    for (size_t i = 0; i < CLASSES; i++) {
        samples.of[i] = calloc(samples.room, sizeof(double));
        ready = samples.of[i] && ready;
        skeym_finding_must(finding, samples.of[i] ? SKEYM_OK : SKEYM_ERR_MEMORY);
    }
    claims(finding);
    skeym_finding_did(finding,
                      "We timed %zu comparisons of each kind (right, first, middle or last byte "
                      "wrong) by the real comparison, by the gate's whole check of a proof, and by "
                      "a comparison that stops at the first difference. A leak is called one when "
                      "Welch's |t| and the rank test's |z| are both above %.0f.",
                      samples.room, T_LIMIT);
    if (ready) {
        leaks = all_verifiers(context, finding, &samples, &request, &control);
    }
    for (size_t i = 0; i < CLASSES; i++) {
        free(samples.of[i]);
    }
    skeym_crypto_wipe(&request, sizeof request);
    skeym_stand_close(&stand);
    skeym_finding_note(finding, "This sees what a clock in the same process sees on this machine. "
                                "That no branch and no address depends on a secret is shown in "
                                "another way, instruction by instruction, by ./dev ct.");
    verdict(finding, control, leaks);
}

const struct skeym_inspection skeym_inspection_timing = {
    .name = "timing",
    .title = "Does time give a key away?",
    .question = "Can a proof be found byte by byte from how long its refusal takes?",
    .paper = "Timing attack, Fig 6",
    .run = run,
};
