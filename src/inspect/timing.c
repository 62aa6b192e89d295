/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/timing.h"
#include "stats/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *skeym_timing_class_name(enum skeym_timing_class class)
{
    static const char *const names[SKEYM_TIMING_CLASSES] = {"right", "first byte wrong",
                                                            "middle byte wrong", "last byte wrong"};
    return names[class];
}

enum skeym_error skeym_timing_samples_open(struct skeym_timing_samples *samples, size_t room)
{
    enum skeym_error error = SKEYM_OK;
    *samples = (struct skeym_timing_samples){.room = room};
    for (size_t i = 0; i < SKEYM_TIMING_CLASSES; i++) {
        samples->of[i] = calloc(room, sizeof(double));
        error = samples->of[i] ? error : SKEYM_ERR_MEMORY;
    }
    return error;
}

void skeym_timing_samples_free(struct skeym_timing_samples *samples)
{
    for (size_t i = 0; i < SKEYM_TIMING_CLASSES; i++) {
        free(samples->of[i]);
    }
    *samples = (struct skeym_timing_samples){0};
}

enum skeym_error skeym_timing_samples_crop(struct skeym_timing_samples *samples, double share)
{
    size_t total = 0;
    for (size_t i = 0; i < SKEYM_TIMING_CLASSES; i++) {
        total += samples->count[i];
    }
    double *all = calloc(total ? total : 1, sizeof *all);
    if (!all) {
        return SKEYM_ERR_MEMORY;
    }
    size_t at = 0;
    for (size_t i = 0; i < SKEYM_TIMING_CLASSES; i++) {
        memcpy(all + at, samples->of[i], samples->count[i] * sizeof *all);
        at += samples->count[i];
    }
    skeym_sample_sort(all, total);
    double limit = total ? skeym_sample_quantile(all, total, share) : 0;
    free(all);
    for (size_t i = 0; i < SKEYM_TIMING_CLASSES; i++) {
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

/* Every n-th of the samples, from the first to the last, so that a machine that changes its pace
 * is seen whole; count becomes how many. */
static double *thin(const double *values, size_t *count, size_t most)
{
    size_t kept = *count < most ? *count : most;
    double *out = calloc(kept ? kept : 1, sizeof *out);
    for (size_t i = 0; out && i < kept; i++) {
        out[i] = values[i * *count / kept];
    }
    *count = kept;
    return out;
}

static enum skeym_error shift_of(struct skeym_sample_interval *shift,
                                 const struct skeym_timing_samples *samples,
                                 enum skeym_timing_class a, enum skeym_timing_class b,
                                 struct skeym_chance *chance)
{
    size_t a_count = samples->count[a];
    size_t b_count = samples->count[b];
    double *a_some = thin(samples->of[a], &a_count, SKEYM_TIMING_BOOTSTRAP);
    double *b_some = thin(samples->of[b], &b_count, SKEYM_TIMING_BOOTSTRAP);
    enum skeym_error error = SKEYM_ERR_MEMORY;
    if (a_some && b_some) {
        error =
            skeym_sample_median_shift(shift, a_some, a_count, b_some, b_count, 1000, 0.99, chance);
    }
    free(a_some);
    free(b_some);
    return error;
}

enum skeym_error skeym_timing_judge(struct skeym_timing_judgement *judgement,
                                    const struct skeym_timing_samples *samples,
                                    enum skeym_timing_class a, enum skeym_timing_class b,
                                    struct skeym_chance *chance)
{
    struct skeym_sample_test ranks;
    struct skeym_sample_interval shift;
    *judgement = (struct skeym_timing_judgement){0};
    if (samples->count[a] < SKEYM_TIMING_LEAST || samples->count[b] < SKEYM_TIMING_LEAST) {
        return SKEYM_OK; /* stopped early: nothing is said */
    }
    struct skeym_sample_test welch =
        skeym_sample_welch(samples->of[a], samples->count[a], samples->of[b], samples->count[b]);
    enum skeym_error error = skeym_sample_ranks(&ranks, samples->of[a], samples->count[a],
                                                samples->of[b], samples->count[b]);
    if (error == SKEYM_OK) {
        error = shift_of(&shift, samples, a, b, chance);
    }
    if (error == SKEYM_OK) {
        double t = fabs(welch.statistic);
        double z = fabs(ranks.statistic);
        bool leak = z > SKEYM_TIMING_LIMIT;
        *judgement = (struct skeym_timing_judgement){
            .t = welch.statistic,
            .z = ranks.statistic,
            .shift = shift.value,
            .low = shift.low,
            .high = shift.high,
            .said = true,
            .leak = leak,
            .doubt = !leak && (t > SKEYM_TIMING_DOUBT || z > SKEYM_TIMING_DOUBT),
        };
    }
    return error;
}

const char *skeym_timing_word(const struct skeym_timing_judgement *judgement)
{
    return !judgement->said   ? "too few samples"
           : judgement->leak  ? "LEAK"
           : judgement->doubt ? "in doubt"
                              : "none found";
}

void skeym_timing_count(struct skeym_timing_counts *counts,
                        const struct skeym_timing_judgement *judgement)
{
    counts->pairs++;
    counts->said += judgement->said;
    counts->leaks += judgement->leak;
    counts->doubts += judgement->doubt;
}

uint64_t skeym_timing_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void skeym_timing_aim(uint8_t candidate[32], const uint8_t right[32], enum skeym_timing_class class,
                      struct skeym_chance *chance)
{
    static const size_t places[SKEYM_TIMING_CLASSES] = {0, 0, 16, 31};
    uint8_t change = (uint8_t)(1 + skeym_chance_below(chance, 255));
    memcpy(candidate, right, 32);
    /* no branch by class: what is guessed wrong there would be seen in what is timed next */
    unsigned mask = 0U - (unsigned)(class != SKEYM_TIMING_NOTHING);
    candidate[places[class]] ^= (uint8_t)(change & mask);
}
