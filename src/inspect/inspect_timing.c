/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fig 6: can a key be found byte by byte from the time that a refusal takes? The real comparison,
 * the real check of a proof, and a leaky comparison as positive control: what does not find that
 * one has shown nothing about the others.
 */
#include "crypto/crypto.h"
#include "inspect/crew.h"
#include "inspect/stand.h"
#include "inspect/timing.h"
#include "stats/chance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The share of the whole that is not over the wire. */
#define IN_PROCESS 0.6

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

/* The proof that the stand's request carries. */
static enum skeym_error right_proof(uint8_t right[32], const struct skeym_stand_request *request)
{
    size_t size;
    return skeym_base64url_read((struct skeym_room){right, 32}, &size, request->head.proof);
}

/* In random order: what comes before a call must not go with its class. */
static void measure(struct skeym_timing_samples *samples, const struct verifier *verifier,
                    const struct skeym_stand_request *request, const uint8_t right[32],
                    const struct skeym_inspect_context *context, struct skeym_chance *chance,
                    double begin, double end)
{
    uint8_t candidate[32];
    size_t total = samples->room * SKEYM_TIMING_CLASSES;
    memset(samples->count, 0, sizeof samples->count);
    for (size_t i = 0; i < total; i++) {
        enum skeym_timing_class class =
            (enum skeym_timing_class)skeym_chance_below(chance, SKEYM_TIMING_CLASSES);
        if (samples->count[class] == samples->room) {
            continue;
        }
        skeym_timing_aim(candidate, right, class, chance);
        bool result = false;
        uint64_t began = skeym_timing_now();
        for (unsigned j = 0; j < verifier->repeats; j++) {
            result = verifier->check(request, right, candidate);
        }
        double took = (double)(skeym_timing_now() - began) / verifier->repeats;
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

/* --- judging ----------------------------------------------------------------------- */

/* The pairs that an attacker could use: does more of a right prefix take longer? The last one is
 * for completeness: an answer says anyway whether the proof was right, so that a difference there
 * tells nothing new, and is no leak. */
static const enum skeym_timing_class pairs[][2] = {{SKEYM_TIMING_FIRST, SKEYM_TIMING_LAST},
                                                   {SKEYM_TIMING_FIRST, SKEYM_TIMING_MIDDLE},
                                                   {SKEYM_TIMING_MIDDLE, SKEYM_TIMING_LAST},
                                                   {SKEYM_TIMING_FIRST, SKEYM_TIMING_NOTHING}};
enum { PAIRS = sizeof pairs / sizeof pairs[0] };

static void report(struct skeym_finding *finding, const struct verifier *verifier,
                   const struct skeym_timing_samples *samples, struct skeym_chance *chance,
                   struct skeym_timing_counts *counts, struct skeym_timing_judgement *first_to_last)
{
    for (size_t i = 0; i < PAIRS; i++) {
        struct skeym_timing_judgement judgement;
        if (!skeym_finding_must(finding, skeym_timing_judge(&judgement, samples, pairs[i][0],
                                                            pairs[i][1], chance))) {
            return;
        }
        bool told = pairs[i][1] == SKEYM_TIMING_NOTHING;
        if (!told) {
            skeym_timing_count(counts, &judgement);
        }
        if (i == 0) {
            *first_to_last = judgement;
        }
        skeym_finding_row(
            finding, "%s|%s : %s|%.2f|%.2f|%.3f (%.3f to %.3f)|%s", verifier->name,
            skeym_timing_class_name(pairs[i][0]), skeym_timing_class_name(pairs[i][1]), judgement.t,
            judgement.z, judgement.shift, judgement.low, judgement.high,
            told && (judgement.leak || judgement.doubt) ? "told anyway"
                                                        : skeym_timing_word(&judgement));
    }
}

static void chart(struct skeym_finding *finding,
                  const struct skeym_timing_judgement judgements[VERIFIERS])
{
    static const char *const labels[VERIFIERS] = {"leaky (control)", "skeym_crypto_equal",
                                                  "check of a proof"};
    bool whole_run = true, found_control = judgements[0].leak, found_real = false;
    for (size_t i = 0; i < VERIFIERS; i++) {
        whole_run = whole_run && judgements[i].said;
        found_real = found_real || (i > 0 && judgements[i].leak);
    }
    if (!whole_run) {
        return;
    }
    const struct skeym_chart picture = {
        .kind = SKEYM_CHART_DOTS,
        .says = found_real ? "Time tells where a wrong proof is wrong: this must be looked into"
                : found_control ? "The leaky comparison gives itself away; the real ones do not"
                                : "Not even the leaky comparison was found: nothing is shown",
        .x_label = "ns: last byte wrong less first (median)",
    };
    skeym_finding_chart(finding, &picture);
    skeym_finding_series(finding, "median, 99% interval");
    for (size_t i = 0; i < VERIFIERS; i++) {
        skeym_finding_bar(finding, labels[i], judgements[i].shift, judgements[i].low,
                          judgements[i].high);
    }
}

/* What the paper's own counts come to: 128 million requests a byte, at its 50 a second. */
static void arithmetic(struct skeym_finding *finding)
{
    static const unsigned bits[] = {8, 32, 64, 128, 192, 256, 320};
    const double byte = 128e6;
    const struct skeym_chart picture = {
        .kind = SKEYM_CHART_LINES,
        .says =
            "Fig 6: by the paper's own counts 256 bits take 2.6 years, a thousand times its 22 h",
        .x_label = "bits of the token",
        .y_label = "hours (logarithmic)",
        .y_log = true,
    };
    skeym_finding_chart(finding, &picture);
    skeym_finding_series(finding, "at 50 requests a second");
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        skeym_finding_point(finding, bits[i], bits[i] * byte / 8 / 50 / 3600, NAN, NAN);
    }
    skeym_finding_series(finding, "the paper's 22 h");
    skeym_finding_point(finding, 256, 22, NAN, NAN);
    skeym_finding_series(finding, "a token's life (60 s)");
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        skeym_finding_point(finding, bits[i], 1.0 / 60, NAN, NAN);
    }
    const double hours = 32 * byte / 50 / 3600;
    const struct skeym_figure all[] = {
        {"arithmetic.hours", "4096 million requests at 50 a second", hours, "h", NAN, NAN, "22 h"},
        {"arithmetic.rate", "requests a second for which 22 h are right", 32 * byte / (22 * 3600.0),
         "1/s", NAN, NAN, "50/s"},
        {"arithmetic.share", "of the first byte, in the 60 s of one token", 100 * 50 * 60 / byte,
         "%", NAN, NAN, NULL},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        skeym_finding_figure(finding, &all[i]);
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

/* The least time that the clock tells apart. */
static double clock_step(void)
{
    double least = INFINITY;
    for (int i = 0; i < 10000; i++) {
        uint64_t began = skeym_timing_now();
        uint64_t now = began;
        while (now == began) {
            now = skeym_timing_now();
        }
        least = fmin(least, (double)(now - began));
    }
    return least;
}

static void all_verifiers(const struct skeym_inspect_context *context,
                          struct skeym_finding *finding, struct skeym_timing_samples *samples,
                          const struct skeym_stand_request *request,
                          struct skeym_timing_counts *control, struct skeym_timing_counts *real)
{
    struct skeym_timing_judgement judgements[VERIFIERS] = {{0}};
    struct skeym_chance chance;
    uint8_t right[32];
    size_t least = SIZE_MAX;
    skeym_chance_init(&chance, context->seed, 1);
    if (!skeym_finding_must(finding, right_proof(right, request))) {
        return;
    }
    skeym_finding_table(finding, "Each pair in random order, the slowest tenth left out",
                        "verifier|pair|Welch t|rank z|median shift, ns (99%)|verdict");
    for (size_t i = 0; i < VERIFIERS; i++) {
        measure(samples, &verifiers[i], request, right, context, &chance,
                IN_PROCESS * (double)i / VERIFIERS, IN_PROCESS * (double)(i + 1) / VERIFIERS);
        if (!skeym_finding_must(finding, skeym_timing_samples_crop(samples, 0.9))) {
            break;
        }
        for (size_t j = 0; j < SKEYM_TIMING_CLASSES; j++) {
            least = samples->count[j] < least ? samples->count[j] : least;
        }
        report(finding, &verifiers[i], samples, &chance, verifiers[i].leaky ? control : real,
               &judgements[i]);
    }
    skeym_crypto_wipe(right, sizeof right);
    skeym_finding_number(finding, "samples", "samples of each kind by each verifier, at least",
                         (double)least, "");
    skeym_finding_number(finding, "clock.step", "the least time that the clock tells apart",
                         clock_step(), "ns");
    chart(finding, judgements);
}

static void verdict(struct skeym_finding *finding, const struct skeym_timing_counts *control,
                    const struct skeym_timing_counts *real)
{
    char doubts[96] = "";
    if (real->doubts > 0) {
        snprintf(doubts, sizeof doubts, " (%u of %u pairs are in doubt: more samples would tell)",
                 real->doubts, real->pairs);
    }
    if (control->leaks == 0) {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "the leaky control was not found, so that nothing is shown");
    } else if (real->leaks > 0) {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "time tells %u pairs of %u apart: this must be looked into",
                              real->leaks, real->pairs);
    } else if (real->said < real->pairs) {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "of %u pairs %u had samples enough to be judged, so that too little "
                              "is shown",
                              real->pairs, real->said);
    } else {
        skeym_finding_verdict(finding, SKEYM_VERDICT_MIXED,
                              "no timing attack is found%s, as the paper says, but not for its "
                              "reason: no difference of time is found whatever byte is wrong, "
                              "while the same tests find the leaky control; and the paper's 22 h "
                              "are %.1f years by its own figures",
                              doubts, 4096e6 / 50 / 86400 / 365.25);
    }
}

static void run(const struct skeym_inspect_context *context, struct skeym_finding *finding)
{
    struct skeym_timing_samples samples;
    struct skeym_timing_counts control = {0}, real = {0};
    struct skeym_stand stand;
    struct skeym_stand_request request;
    bool full = context->size == SKEYM_INSPECT_FULL;
    bool ready = skeym_finding_must(finding, skeym_stand_open(&stand, 64, UINT64_C(1800000000000)));
    ready = ready && skeym_finding_must(finding, skeym_stand_request(&stand, &request));
    /* a class gets a little less than its room, and a tenth of all is left out: still a million
     * each where all take the same time */
    ready =
        skeym_finding_must(finding, skeym_timing_samples_open(&samples, full ? 1120000 : 40000)) &&
        ready;
    claims(finding);
    arithmetic(finding);
    skeym_finding_did(finding,
                      "We timed proofs of four kinds (right, first, middle or last byte wrong) by "
                      "the real comparison, by the gate's whole check of a proof, and by a "
                      "comparison that stops at the first difference. A leak is called one when "
                      "the rank test's |z| is above %.0f, which a few late samples cannot bring "
                      "about, in doubt when it or Welch's |t| is above %.1f. Whether a right proof "
                      "takes another time than a wrong one is "
                      "shown but is no leak: the answer itself says which it was. The interval of "
                      "the median is a bootstrap of %d samples "
                      "of each kind, taken evenly from the first to the last.",
                      SKEYM_TIMING_LIMIT, SKEYM_TIMING_DOUBT, SKEYM_TIMING_BOOTSTRAP);
    if (ready) {
        all_verifiers(context, finding, &samples, &request, &control, &real);
    }
    skeym_timing_samples_free(&samples);
    skeym_timing_wire(context, finding, &real, IN_PROCESS, 1);
    skeym_crypto_wipe(&request, sizeof request);
    skeym_stand_close(&stand);
    skeym_finding_note(finding, "This sees what a clock in the same process sees on this machine. "
                                "That no branch and no address depends on a secret is shown in "
                                "another way, instruction by instruction, by ./dev ct.");
    skeym_finding_note(finding, "A clock that tells steps only gives many equal times, so that a "
                                "median moves by whole steps or not at all; the t and the rank "
                                "test see less than a step. Leaving out the slowest tenth of all "
                                "kinds together would hide a leak that shows in that tenth alone.");
    verdict(finding, &control, &real);
}

const struct skeym_inspection skeym_inspection_timing = {
    .name = "timing",
    .title = "Does time give a key away?",
    .question = "Can a proof be found byte by byte from how long its refusal takes?",
    .paper = "Timing attack, Fig 6",
    .run = run,
};
