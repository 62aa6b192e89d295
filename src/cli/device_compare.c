/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/device_compare.h"
#include "node/readback.h"
#include <stdlib.h>

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
    if (!record) {
        printf("\n");
        return whole && signal->missing == 0;
    }
    if (!find_signal(&index, record, signal->name) ||
        compare_samples(record, index, signal, &differ) != SKEYM_OK) {
        printf(" not in the record\n");
        return false;
    }
    const struct skeym_wfdb_signal *of = &record->header.signal[index];
    bool same = differ == 0 && signal->samples == skeym_wfdb_samples(record, index) &&
                (!of->has_checksum || of->checksum == signal->checksum);
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
    int32_t missing = record ? skeym_wfdb_missing(record, 0) : INT32_MIN;
    enum skeym_error error =
        skeym_readback_run(&readback, options->session, patient, run, missing, &status);
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
    skeym_readback_free(&readback);
    return good ? SKEYM_EXIT_OK : SKEYM_EXIT_FAILED;
}
