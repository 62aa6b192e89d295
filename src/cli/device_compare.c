/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/device_compare.h"
#include "node/readback.h"
#include "node/vitals.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The record's signal that "0-MLII" names. */
static bool find_signal(uint32_t *out, const struct skeym_wfdb_record *record, const char *name)
{
    char *end = NULL;
    unsigned long number = strtoul(name, &end, 10);
    *out = (uint32_t)number;
    return end != name && *end == '-' && number < record->header.signals;
}

/* Reads the whole signal; *differ is how many samples are not the same. */
static enum skeym_error compare_samples(const struct skeym_wfdb_record *record, uint32_t index,
                                        const struct skeym_readback_signal *signal, size_t *differ)
{
    uint64_t all = skeym_wfdb_samples(record, index);
    *differ = 0;
    if (all != signal->samples) {
        *differ = signal->samples;
        return SKEYM_OK;
    }
    int32_t *samples = malloc((size_t)all * sizeof *samples);
    if (!samples) {
        return SKEYM_ERR_MEMORY;
    }
    enum skeym_error error = skeym_wfdb_read(record, index, 0, samples, (size_t)all);
    for (size_t i = 0; i < signal->samples && error == SKEYM_OK; i++) {
        *differ += samples[i] != signal->at[i] ? 1 : 0;
    }
    free(samples);
    return error;
}

/* Numbers of the record's signals, as they were read back. */
struct numbers {
    const struct skeym_wfdb_record *record;
    uint64_t equal[SKEYM_WFDB_HEADER_SIGNALS];
    uint64_t different[SKEYM_WFDB_HEADER_SIGNALS];
    uint64_t strange; /* of no signal in the record */
};

/* The record's signal of this vital sign; of a vital sign that stands alone, the one that the
 * identifier names. */
static bool find_number(uint32_t *out, const struct skeym_wfdb_record *record,
                        const struct skeym_readback_id *id, const char *text)
{
    for (*out = 0; *out < record->header.signals; (*out)++) {
        const struct skeym_wfdb_signal *of = &record->header.signal[*out];
        const struct skeym_vital *vital = skeym_vitals_find(of->description, of->units);
        uint32_t named = 0;
        if (vital && strcmp(vital->display, text) == 0 &&
            (vital->panel != SKEYM_VITAL_ALONE ||
             (find_signal(&named, record, id->signal) && named == *out))) {
            return true;
        }
    }
    return false;
}

/* A skeym_readback_number: equal to the last digit that the converter has. */
static void compare_number(void *arg, const struct skeym_readback_id *id, const char *text,
                           double value)
{
    struct numbers *numbers = arg;
    uint32_t index = 0;
    int32_t sample = 0;
    if (!find_number(&index, numbers->record, id, text) ||
        skeym_wfdb_read(numbers->record, index, id->number, &sample, 1) != SKEYM_OK) {
        numbers->strange++;
        return;
    }
    const struct skeym_wfdb_signal *of = &numbers->record->header.signal[index];
    double scale = pow(10, skeym_wfdb_decimals(of));
    bool same = llround(value * scale) == llround(skeym_wfdb_physical(of, sample) * scale);
    numbers->equal[index] += same ? 1 : 0;
    numbers->different[index] += same ? 0 : 1;
}

static bool show_numbers(const struct numbers *numbers)
{
    bool good = numbers->strange == 0;
    for (uint32_t i = 0; i < numbers->record->header.signals; i++) {
        if (numbers->equal[i] + numbers->different[i] > 0) {
            printf("numbers %u-%s %llu: %s", i, numbers->record->header.signal[i].description,
                   (unsigned long long)numbers->equal[i] + numbers->different[i],
                   numbers->different[i] == 0 ? "equal" : "different");
            if (numbers->different[i] > 0) {
                printf(" (%llu)", (unsigned long long)numbers->different[i]);
            }
            printf("\n");
            good = good && numbers->different[i] == 0;
        }
    }
    if (numbers->strange > 0) {
        printf("numbers not in the record %llu\n", (unsigned long long)numbers->strange);
    }
    return good;
}

/* One line a signal; true when it is as the record has it. */
static bool compare_signal(const struct skeym_wfdb_record *record,
                           const struct skeym_readback_signal *signal)
{
    uint32_t index = 0;
    size_t differ = 0;
    bool whole = signal->doubled == 0;
    printf("signal %s readings %u doubled %u", signal->name, signal->readings, signal->doubled);
    if (signal->samples == 0) {
        printf(" (numbers)\n");
        return whole;
    }
    printf(" missing %u samples %zu checksum %d", signal->missing, signal->samples,
           signal->checksum);
    if (!find_signal(&index, record, signal->name) ||
        compare_samples(record, index, signal, &differ) != SKEYM_OK) {
        printf(" not in the record\n");
        return false;
    }
    const struct skeym_wfdb_signal *of = &record->header.signal[index];
    bool same = differ == 0 && (!of->has_checksum || of->checksum == signal->checksum);
    printf(" record %llu %d: %s", (unsigned long long)skeym_wfdb_samples(record, index),
           of->checksum, same ? "equal" : "different");
    if (differ > 0) {
        printf(" (%zu samples)", differ);
    }
    printf("\n");
    return same && whole && signal->missing == 0;
}

int skeym_device_compare(struct skeym_node_options *options, const struct skeym_wfdb_record *record,
                         const char *patient, const char *run)
{
    struct skeym_readback readback;
    int status = 0;
    bool good = true;
    struct numbers numbers = {.record = record};
    enum skeym_error error =
        skeym_readback_numbers(&readback, options->session, patient, run,
                               skeym_wfdb_missing(record, 0), compare_number, &numbers, &status);
    if (error == SKEYM_ERR_STATE) {
        skeym_readback_free(&readback);
        return skeym_node_options_refused(options, status);
    }
    if (error != SKEYM_OK) {
        skeym_readback_free(&readback);
        return skeym_cli_fail(options->command->name, patient, error);
    }
    printf("run %s readings %llu doubled %llu\n", readback.run,
           (unsigned long long)readback.readings, (unsigned long long)readback.doubled);
    for (size_t i = 0; i < readback.count; i++) {
        good = compare_signal(record, &readback.signal[i]) && good;
    }
    good = show_numbers(&numbers) && good;
    skeym_readback_free(&readback);
    return good ? SKEYM_EXIT_OK : SKEYM_EXIT_FAILED;
}
