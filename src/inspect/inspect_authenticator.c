/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table 4, first part: SkeyM as what it is, an authenticator. A stream of requests of which we know
 * what each is goes through the real gate; an error is a false accept or a false reject. This is
 * not to be mixed with the accuracy of classifiers on a data set (inspect_classifiers.c).
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

enum { SLOTS = 1 << 20, BATCH = 500 };
#define NOW UINT64_C(1800000000000)

/* Who takes part: the server under test, another audience of the same keys, a stranger's server. */
struct play {
    struct skeym_stand stand;
    struct skeym_audience_keys elsewhere;
    struct skeym_stand stranger;
    struct skeym_chance chance;
};

/* A kind of request: it begins as a good one, and is made into what its label says. */
struct kind {
    const char *label;
    bool good;
    enum skeym_check check; /* the one that must refuse it */
    enum skeym_error (*make)(struct play *play, struct skeym_stand_request *request);
};

static enum skeym_error valid(struct play *play, struct skeym_stand_request *request)
{
    (void)play;
    (void)request;
    return SKEYM_OK;
}

/* Sealed by somebody who has not the key. */
static enum skeym_error forged(struct play *play, struct skeym_stand_request *request)
{
    struct skeym_audience_keys keys = play->stranger.keys;
    keys.epoch = play->stand.keys.epoch;
    enum skeym_error error = skeym_stand_mint(request, &keys);
    skeym_crypto_wipe(&keys, sizeof keys);
    return error;
}

static enum skeym_error altered_token(struct play *play, struct skeym_stand_request *request)
{
    /* not the version and the epoch: those have checks of their own */
    size_t bit = 40 + skeym_chance_below(&play->chance, request->token_size * 8 - 40);
    request->token[bit / 8] ^= (uint8_t)(1U << bit % 8);
    return skeym_stand_write_token(request);
}

static enum skeym_error altered_body(struct play *play, struct skeym_stand_request *request)
{
    size_t bit = skeym_chance_below(&play->chance, sizeof request->body * 8);
    request->body[bit / 8] ^= (uint8_t)(1U << bit % 8);
    return SKEYM_OK;
}

/* Sent, and taken, once before. */
static enum skeym_error replayed(struct play *play, struct skeym_stand_request *request)
{
    return skeym_stand_ask(&play->stand, request) == SKEYM_CHECK_COUNT ? SKEYM_OK : SKEYM_ERR_STATE;
}

static enum skeym_error expired(struct play *play, struct skeym_stand_request *request)
{
    uint64_t late = 1 + skeym_chance_below(&play->chance, 20000);
    request->claims.issued_ms = play->stand.now_ms - request->claims.lifetime_s * 1000U - late;
    return skeym_stand_mint(request, &play->stand.keys);
}

/* The thief has the token's text but not its secret: the proof is under a key of his own. */
static enum skeym_error stolen(struct play *play, struct skeym_stand_request *request)
{
    skeym_chance_fill(&play->chance, request->keys.proof, sizeof request->keys.proof);
    return skeym_stand_prove(request);
}

static enum skeym_error revoked(struct play *play, struct skeym_stand_request *request)
{
    enum skeym_error error = skeym_name_node(&request->claims.id, skeym_span_text("revoked-1"));
    return error == SKEYM_OK ? skeym_stand_mint(request, &play->stand.keys) : error;
}

static enum skeym_error wrong_audience(struct play *play, struct skeym_stand_request *request)
{
    return skeym_stand_mint(request, &play->elsewhere);
}

static enum skeym_error other_instance(struct play *play, struct skeym_stand_request *request)
{
    request->claims.instance = ~play->stand.gate.instance;
    return skeym_stand_mint(request, &play->stand.keys);
}

static const struct kind kinds[] = {
    {"valid", true, SKEYM_CHECK_COUNT, valid},
    {"forged", false, SKEYM_CHECK_UNSEAL, forged},
    {"altered token", false, SKEYM_CHECK_UNSEAL, altered_token},
    {"altered body", false, SKEYM_CHECK_PROOF, altered_body},
    {"replayed", false, SKEYM_CHECK_USED, replayed},
    {"expired", false, SKEYM_CHECK_TIME, expired},
    {"stolen token", false, SKEYM_CHECK_PROOF, stolen},
    {"revoked node", false, SKEYM_CHECK_REVOKED, revoked},
    {"wrong audience", false, SKEYM_CHECK_UNSEAL, wrong_audience},
    {"of before a restart", false, SKEYM_CHECK_INSTANCE, other_instance},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct tally {
    uint64_t asked, taken, other; /* other: refused, but by another check than the label's */
    double seconds;
};

static enum skeym_error open_play(struct play *play, uint64_t seed)
{
    struct skeym_name name;
    memset(play, 0, sizeof *play);
    skeym_chance_init(&play->chance, seed, 1);
    enum skeym_error error = skeym_stand_open(&play->stand, SLOTS, NOW);
    if (error == SKEYM_OK) {
        error = skeym_stand_open(&play->stranger, 64, NOW);
    }
    if (error == SKEYM_OK) {
        error = skeym_name_audience(&name, skeym_span_text("elsewhere.example"));
    }
    if (error == SKEYM_OK) {
        error = skeym_audience_keys_derive(&play->elsewhere, &play->stand.epoch_key, &name);
    }
    return error;
}

static void close_play(struct play *play)
{
    skeym_stand_close(&play->stand);
    skeym_stand_close(&play->stranger);
    skeym_crypto_wipe(play, sizeof *play);
}

/* Half of them valid, the others of any kind. */
static size_t draw(struct skeym_chance *chance)
{
    return skeym_chance_below(chance, 2) ? 0 : 1 + skeym_chance_below(chance, KINDS - 1);
}

/* A batch is made first, then judged, so that only the decisions are timed. */
static enum skeym_error batch(struct play *play, struct skeym_stand_request *requests,
                              struct tally tallies[KINDS])
{
    size_t drawn[BATCH];
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; error == SKEYM_OK && i < BATCH; i++) {
        drawn[i] = draw(&play->chance);
        error = skeym_stand_request(&play->stand, &requests[i]);
        if (error == SKEYM_OK) {
            error = kinds[drawn[i]].make(play, &requests[i]);
        }
    }
    for (size_t i = 0; error == SKEYM_OK && i < BATCH; i++) {
        struct tally *tally = &tallies[drawn[i]];
        double began = skeym_crew_cpu_seconds();
        enum skeym_check check = skeym_stand_ask(&play->stand, &requests[i]);
        tally->seconds += skeym_crew_cpu_seconds() - began;
        tally->asked++;
        tally->taken += check == SKEYM_CHECK_COUNT;
        tally->other += check != SKEYM_CHECK_COUNT && check != kinds[drawn[i]].check;
    }
    skeym_stand_tick(&play->stand, play->stand.now_ms + 100); /* so that the table never fills */
    return error;
}

struct sums {
    uint64_t asked, good, false_accepts, false_rejects, other;
    double seconds;
};

static struct sums report(struct skeym_finding *finding, const struct tally tallies[KINDS])
{
    struct sums sums = {0};
    skeym_finding_table(finding, "What was sent, and what became of it",
                        "label|requests|accepted|refused by another check|us a decision");
    for (size_t i = 0; i < KINDS; i++) {
        const struct tally *tally = &tallies[i];
        sums.asked += tally->asked;
        sums.good += kinds[i].good ? tally->asked : 0;
        sums.false_accepts += kinds[i].good ? 0 : tally->taken;
        sums.false_rejects += kinds[i].good ? tally->asked - tally->taken : 0;
        sums.other += tally->other;
        sums.seconds += tally->seconds;
        skeym_finding_row(finding, "%s|%llu|%llu|%llu|%.2f", kinds[i].label,
                          (unsigned long long)tally->asked, (unsigned long long)tally->taken,
                          (unsigned long long)tally->other,
                          tally->asked ? 1e6 * tally->seconds / (double)tally->asked : 0);
    }
    return sums;
}

static void figures(struct skeym_finding *finding, const struct sums *sums)
{
    double bad = (double)(sums->asked - sums->good);
    double wrong = (double)(sums->false_accepts + sums->false_rejects);
    double asked = sums->asked > 0 ? (double)sums->asked : 1;
    struct skeym_sample_interval accepts =
        skeym_sample_share(sums->false_accepts, bad > 0 ? (uint64_t)bad : 1, 0.90);
    struct skeym_sample_interval rejects =
        skeym_sample_share(sums->false_rejects, sums->good > 0 ? sums->good : 1, 0.90);
    const struct skeym_figure all[] = {
        {"requests", "labelled requests", (double)sums->asked, "", NAN, NAN, NULL},
        {"false.accepts", "false accepts", (double)sums->false_accepts, "", NAN, NAN, NULL},
        {"false.rejects", "false rejects", (double)sums->false_rejects, "", NAN, NAN, NULL},
        {"false.accepts.bound", "the rate of false accepts is below (95%)", accepts.high, "", NAN,
         NAN, NULL},
        {"false.rejects.bound", "the rate of false rejects is below (95%)", rejects.high, "", NAN,
         NAN, NULL},
        {"accuracy", "accuracy", 100 * (1 - wrong / asked), "%", NAN, NAN, "96.71 %"},
        {"error", "error: 100 less the accuracy", 100 * wrong / asked, "%", NAN, NAN,
         "3.74 %, though 100 - 96.71 is 3.29"},
        {"time", "a decision, on average (processor time)", 1e6 * sums->seconds / asked, "us", NAN,
         NAN, "0.92 s"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        skeym_finding_figure(finding, &all[i]);
    }
}

static void chart(struct skeym_finding *finding, const struct tally tallies[KINDS],
                  const struct sums *sums)
{
    const struct skeym_chart picture = {
        .kind = SKEYM_CHART_BARS,
        .says = sums->false_accepts + sums->false_rejects == 0
                    ? "All that is valid is accepted, and nothing else"
                    : "Requests were judged wrongly: this must be looked into",
        .x_label = "accepted, % of the requests with that label",
    };
    if (sums->asked == 0) {
        return;
    }
    skeym_finding_chart(finding, &picture);
    skeym_finding_series(finding, "accepted");
    for (size_t i = 0; i < KINDS; i++) {
        double asked = tallies[i].asked > 0 ? (double)tallies[i].asked : 1;
        skeym_finding_bar(finding, kinds[i].label, 100 * (double)tallies[i].taken / asked, NAN,
                          NAN);
    }
}

static void verdict(struct skeym_finding *finding, const struct sums *sums)
{
    if (sums->good == 0 || sums->good == sums->asked) {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "too few requests were judged: nothing is shown");
        return;
    }
    if (sums->false_accepts + sums->false_rejects + sums->other > 0) {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "%llu false accepts, %llu false rejects, %llu refused by another "
                              "check than expected: this must be looked into",
                              (unsigned long long)sums->false_accepts,
                              (unsigned long long)sums->false_rejects,
                              (unsigned long long)sums->other);
        return;
    }
    skeym_finding_verdict(finding, SKEYM_VERDICT_CANNOT_BE,
                          "an authenticator that errs in 3 of 100 requests would be broken: of "
                          "%llu labelled requests none was judged wrongly, and the paper's error "
                          "and accuracy do not add up to 100",
                          (unsigned long long)sums->asked);
}

static void run(const struct skeym_inspect_context *context, struct skeym_finding *finding)
{
    struct tally tallies[KINDS] = {{0}};
    struct play play;
    uint64_t wanted = context->size == SKEYM_INSPECT_FULL ? 2000000 : 200000;
    struct skeym_stand_request *requests = calloc(BATCH, sizeof *requests);
    skeym_finding_claim(finding, "Table 4, SkeyM",
                        "Accuracy 96.71%%, misclassification 3.74%%, computation 0.92 s.");
    skeym_finding_did(finding,
                      "We sent a stream of requests of which we know what each is, half of them "
                      "valid, the others of nine other kinds, in random order through the gate "
                      "that a server has. A refusal counts as right only when the check refused "
                      "that this kind must fail at.");
    bool ready = skeym_finding_must(finding, requests ? SKEYM_OK : SKEYM_ERR_MEMORY);
    ready = skeym_finding_must(finding, open_play(&play, context->seed)) && ready;
    for (uint64_t done = 0; ready && done < wanted; done += BATCH) {
        ready = skeym_finding_must(finding, batch(&play, requests, tallies)) &&
                !context->stopped(context->arg);
        context->progress(context->arg, "judging requests", (double)done / (double)wanted);
    }
    if (requests) {
        skeym_crypto_wipe(requests, BATCH * sizeof *requests);
    }
    free(requests);
    close_play(&play);
    struct sums sums = report(finding, tallies);
    figures(finding, &sums);
    chart(finding, tallies, &sums);
    skeym_finding_note(finding, "Labels are ours: an attack that nobody thought of has none. The "
                                "time is what the gate alone takes of a processor, reading the "
                                "clock included, without network and store.");
    verdict(finding, &sums);
}

const struct skeym_inspection skeym_inspection_authenticator = {
    .name = "authenticator",
    .title = "Does the verifier ever err?",
    .question = "How many labelled requests are accepted or refused wrongly?",
    .paper = "Table 4 (the row of SkeyM), Figs 8 and 9",
    .run = run,
};
