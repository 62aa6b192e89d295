/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device has to say, message by message: a WFDB record that is replayed, or a simulated
 * patient. Pure: the same options give the same messages, so a run that was interrupted goes on
 * where its journal ends.
 *
 * A record with a frequency of at most 1 Hz holds numerics: each step is one message, a transaction
 * Bundle of vital signs. Faster signals are waves: each block of time is one message, a transaction
 * Bundle with one SampledData a signal; of a simulated patient with the vital signs at its end.
 *
 * Each reading has the identifier NODE.RUN.SIGNAL.N: "bed-1.9f02c1aa.0-MLII.17", where N counts
 * blocks or steps; underscores in NODE, which FHIR ids cannot have, become dashes.
 */
#ifndef SKEYM_NODE_DEVICE_SOURCE_H
#define SKEYM_NODE_DEVICE_SOURCE_H

#include "node/simulate.h"
#include "node/wfdb.h"

#define SKEYM_DEVICE_MESSAGE_BYTES (600u * 1024) /* fits a request's body when it is sealed */
#define SKEYM_DEVICE_SIGNALS       40u
#define SKEYM_DEVICE_SIGNAL_NAME   16u
#define SKEYM_DEVICE_RUN           9u /* 8 hex digits and a NUL */

struct skeym_device_source_options {
    const char *node;
    const char *patient;
    char run[SKEYM_DEVICE_RUN];
    unsigned block_s;                       /* of a wave in one message: 1 to 60 */
    uint64_t base_ms;                       /* time of the first sample */
    const char *signals;                    /* "MLII,V5": only these; NULL: all that we know */
    const struct skeym_wfdb_record *record; /* not owned; NULL: simulate */
    struct skeym_simulate_options simulate;
    unsigned minutes; /* of the simulation; 0: a week */
};

/* One signal: what was said of it so far. */
struct skeym_device_signal {
    char name[SKEYM_DEVICE_SIGNAL_NAME]; /* "0-MLII"; as in the identifiers */
    const char *called; /* "MLII"; as in the record and in `signals`; a view of the record */
    bool wave;
    uint32_t source; /* in the record or the simulation */
    uint64_t readings;
    uint64_t samples;
    uint64_t left_out; /* numerics that no living patient has, or that the sensor did not give */
    int16_t checksum;  /* of the samples, as in a WFDB header */
};

struct skeym_device_message {
    struct skeym_span json; /* a view, valid until the next call */
    double due_s;           /* when it is complete, in seconds of the record */
    unsigned readings;
};

struct skeym_device_source; /* malloc'ed */

/* Errors: SKEYM_ERR_RANGE (block, simulation), SKEYM_ERR_CHARSET (node, patient),
 * SKEYM_ERR_NOT_FOUND (a name in `signals` that is not there, or nothing is left that we know),
 * SKEYM_ERR_SIZE (a block is too large for a message), SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error
skeym_device_source_new(struct skeym_device_source **out,
                        const struct skeym_device_source_options *options);
void skeym_device_source_free(struct skeym_device_source *source);

/* The next message. Errors: SKEYM_ERR_NOT_FOUND (that was all), the builders'. */
SKEYM_MUST_USE enum skeym_error skeym_device_source_next(struct skeym_device_source *source,
                                                         struct skeym_device_message *out);
/* How long the whole is, in seconds. */
double skeym_device_source_seconds(const struct skeym_device_source *source);
/* NULL past the end. */
const struct skeym_device_signal *
skeym_device_source_signal(const struct skeym_device_source *source, size_t index);
/* Words that tell one source from another: the same for a run that goes on. */
void skeym_device_source_print(char out[17], const struct skeym_device_source_options *options);

#endif
