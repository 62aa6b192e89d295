/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a WFDB record (WFDB Applications Guide, header(5)): bytes in, a value or an
 * error out. No I/O. Headers come from strangers, so everything is bounded and the name of a
 * data file is a plain name that cannot leave the record's own directory.
 *
 * Read: single-segment records of 1 to 32 signals in formats 16, 80 and 212; several data files;
 * several samples per frame ("212x2"); byte offsets ("+24"); every form of frequency, counter,
 * gain, baseline and units. Refused as SKEYM_ERR_UNSUPPORTED: multi-segment records, other
 * formats of signal(5), a skew other than 0, records without signals or with more than 32.
 * Stricter than the guide: a line after the last signal line that is neither empty nor a comment
 * is SKEYM_ERR_TRAILING, because a signal count that is too low misplaces every sample.
 */
#ifndef SKEYM_NODE_WFDB_HEADER_H
#define SKEYM_NODE_WFDB_HEADER_H

#include <skeym/error.h>
#include <skeym/span.h>

#define SKEYM_WFDB_HEADER_SIGNALS  32u
#define SKEYM_WFDB_HEADER_BYTES    65536u
#define SKEYM_WFDB_HEADER_LINE     255u /* with the line feed, as in header(5); comments are free */
#define SKEYM_WFDB_HEADER_NAME     80u
#define SKEYM_WFDB_HEADER_UNITS    32u
#define SKEYM_WFDB_HEADER_SPF      1000u       /* samples of one signal in a frame */
#define SKEYM_WFDB_HEADER_FRAMES   4294967295u /* frames in a record */
#define SKEYM_WFDB_HEADER_FREQ_MAX 1000000.0   /* Hz */

/* One signal. A sample in physical units is (sample - baseline) / gain. */
struct skeym_wfdb_signal {
    char file[SKEYM_WFDB_HEADER_NAME + 1];
    char units[SKEYM_WFDB_HEADER_UNITS + 1];      /* "mV" when the header gives none */
    char description[SKEYM_WFDB_HEADER_NAME + 1]; /* "" when the header gives none */
    double gain;                                  /* ADC units per physical unit, never 0 */
    int32_t baseline;
    int32_t zero;
    int32_t initial;
    int32_t block; /* bytes; kept, not used */
    uint32_t samples_per_frame;
    uint32_t frame_offset; /* where in its file's frame this signal's samples begin */
    uint16_t group;
    int16_t checksum;
    uint8_t resolution; /* bits, 12 when not given */
    bool calibrated;    /* false: the header gives no gain, 200 is assumed */
    bool has_initial;
    bool has_checksum;
};

/* One data file: the signals that share it follow one another. */
struct skeym_wfdb_group {
    uint32_t first;         /* its first signal */
    uint32_t format;        /* 16, 80 or 212 */
    uint32_t byte_offset;   /* bytes before the first sample */
    uint32_t frame_samples; /* samples of all its signals in one frame */
};

struct skeym_wfdb_header {
    char record[SKEYM_WFDB_HEADER_NAME + 1];
    double frequency;         /* frames per second, 250 when not given */
    double counter_frequency; /* as frequency when not given or not positive */
    double base_counter;
    uint32_t frames;  /* 0: not given; then no checksum can be checked */
    uint32_t time_ms; /* of the day */
    uint16_t year;
    uint8_t month;
    uint8_t day;
    bool has_time;
    bool has_date;
    uint32_t signals;
    uint32_t groups;
    uint32_t bad_line; /* after an error: the line, from 1; 0 for the file as a whole */
    struct skeym_wfdb_signal signal[SKEYM_WFDB_HEADER_SIGNALS];
    struct skeym_wfdb_group group[SKEYM_WFDB_HEADER_SIGNALS];
};

/*
 * After an error, out is all zeros except bad_line.
 * SKEYM_ERR_SIZE: the header, a line or a name is too long. SKEYM_ERR_TRUNCATED: a required field
 * or line is missing. SKEYM_ERR_TRAILING: fields or lines after the last. SKEYM_ERR_SHAPE: a field
 * does not have its form; files that are not grouped, or differ inside a group.
 * SKEYM_ERR_CHARSET: not printable ASCII, or a file name that is not plain. SKEYM_ERR_RANGE: a
 * number is out of range. SKEYM_ERR_UNSUPPORTED: see above.
 */
SKEYM_MUST_USE enum skeym_error skeym_wfdb_header_parse(struct skeym_wfdb_header *out,
                                                        struct skeym_span text);

#endif
