/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WFDB record: header and data files together, samples by signal, and the proof that what was
 * read is what was recorded (first values and 16-bit checksums).
 *
 * Everything is pure except skeym_wfdb_open and skeym_wfdb_close.
 */
#ifndef SKEYM_NODE_WFDB_H
#define SKEYM_NODE_WFDB_H

#include "node/wfdb_header.h"

#define SKEYM_WFDB_FILE_BYTES (1u << 28) /* the largest data file that is opened */

struct skeym_wfdb_record {
    struct skeym_wfdb_header header;
    struct skeym_span data[SKEYM_WFDB_HEADER_SIGNALS]; /* one for each group, views */
    uint8_t *owned[SKEYM_WFDB_HEADER_SIGNALS];         /* what skeym_wfdb_open has allocated */
    uint64_t frames; /* the header's, or as many as the files hold when it gives none */
};

/* How one signal was verified. `first` and `sum` are what was read. */
struct skeym_wfdb_check {
    int32_t first;
    int16_t sum;
    bool initial_checked; /* false: the header gives no initial value, or there is no sample */
    bool initial_good;
    bool checksum_checked; /* false: the header gives no checksum or no number of samples */
    bool checksum_good;
};

struct skeym_wfdb_report {
    uint32_t signals;
    uint32_t bad; /* how many signals failed */
    uint32_t first_bad;
    struct skeym_wfdb_check check[SKEYM_WFDB_HEADER_SIGNALS];
};

/*
 * Puts a parsed header and the contents of its data files (header->groups of them, in the order
 * of their groups) together. The record keeps views of data; it verifies nothing yet.
 * SKEYM_ERR_TRUNCATED: a data file is shorter than the header says. SKEYM_ERR_SHAPE: there is no
 * whole frame. Bytes after the last sample are allowed: old files are padded to whole blocks.
 */
SKEYM_MUST_USE enum skeym_error skeym_wfdb_attach(struct skeym_wfdb_record *out,
                                                  const struct skeym_wfdb_header *header,
                                                  const struct skeym_span *data);

/* Samples of a signal in the record: frames times its samples per frame. */
uint64_t skeym_wfdb_samples(const struct skeym_wfdb_record *record, uint32_t signal);
/* Its sampling frequency in Hz. */
double skeym_wfdb_frequency(const struct skeym_wfdb_record *record, uint32_t signal);
/* The value that stands for a missing sample of the signal. */
int32_t skeym_wfdb_missing(const struct skeym_wfdb_record *record, uint32_t signal);

/* Samples from, from + 1 ... of one signal, as the file has them. SKEYM_ERR_RANGE: no such signal;
 * SKEYM_ERR_TRUNCATED: beyond the record's end. out is zeroed on an error. */
SKEYM_MUST_USE enum skeym_error skeym_wfdb_read(const struct skeym_wfdb_record *record,
                                                uint32_t signal, uint64_t from, int32_t *out,
                                                size_t count);

/* In the signal's units. Not for a missing sample. */
double skeym_wfdb_physical(const struct skeym_wfdb_signal *signal, int32_t sample);
/* Decimals that one step of the converter is worth: 0 for a gain of 1, 1 for 10; at most 6. */
unsigned skeym_wfdb_decimals(const struct skeym_wfdb_signal *signal);
/* Continues a 16-bit checksum over more samples; begin with 0. */
int16_t skeym_wfdb_checksum(int16_t sum, const int32_t *samples, size_t count);

/* Reads every sample. SKEYM_ERR_CHECKSUM when a first value or a checksum differs: the report
 * says at which signals. */
SKEYM_MUST_USE enum skeym_error skeym_wfdb_verify(const struct skeym_wfdb_record *record,
                                                  struct skeym_wfdb_report *report);

/*
 * Reads PATH (a .hea file) and its data files from the same directory, and verifies all. Data
 * files must be regular files and no symbolic links: a record from a stranger reads nothing else.
 * report may be NULL. On an error nothing stays open or allocated, and out is zeros except
 * header.bad_line; the report is kept.
 * SKEYM_ERR_MISSING, _PERMISSION, _IO, _MEMORY, _SIZE (a file is too large), _SHAPE (not a regular
 * file), all errors of skeym_wfdb_header_parse, _attach and _verify.
 */
SKEYM_MUST_USE enum skeym_error skeym_wfdb_open(struct skeym_wfdb_record *out, const char *path,
                                                struct skeym_wfdb_report *report);
/* Safe on a zeroed record, and twice. */
void skeym_wfdb_close(struct skeym_wfdb_record *record);

#endif
