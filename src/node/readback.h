/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader's side of what a device sent: pages through a search, and puts the blocks of a signal
 * together again, so that they can be compared with the record that was replayed.
 *
 * A device's readings have identifiers NODE.RUN.SIGNAL.N (node/device_source.h).
 */
#ifndef SKEYM_NODE_READBACK_H
#define SKEYM_NODE_READBACK_H

#include "node/session.h"
#include <json-c/json.h>

#define SKEYM_READBACK_SIGNALS 40u
#define SKEYM_READBACK_RUN     48u /* "NODE.RUN" with its NUL */
#define SKEYM_READBACK_NAME    16u

/* Called for each resource of a page, in order; not owned. An error ends the paging with it. */
typedef enum skeym_error (*skeym_readback_each)(void *arg, struct json_object *resource);

/* GETs target and all pages after it. *status gets the last answer's. Errors:
 * skeym_session_request's; SKEYM_ERR_STATE (a status that is not 2xx); SKEYM_ERR_SHAPE (no
 * Bundle, or a `next` link that is no address); SKEYM_ERR_RANGE (more pages than one could want);
 * each's. */
SKEYM_MUST_USE enum skeym_error skeym_readback_pages(struct skeym_session *session,
                                                     const char *target, skeym_readback_each each,
                                                     void *arg, int *status);

/* A reading's identifier, taken apart. */
struct skeym_readback_id {
    char run[SKEYM_READBACK_RUN];     /* NODE.RUN */
    char signal[SKEYM_READBACK_NAME]; /* "0-MLII" */
    uint32_t number;
};
/* Pure. Errors: SKEYM_ERR_SHAPE. */
SKEYM_MUST_USE enum skeym_error skeym_readback_parse(struct skeym_readback_id *out,
                                                     struct skeym_span text);

/* One signal of one run, put together. Numerics have readings and no samples. */
struct skeym_readback_signal {
    char name[SKEYM_READBACK_NAME];
    uint32_t readings; /* different ones */
    uint32_t doubled;  /* more of the same */
    uint32_t missing;  /* numbers left out below the largest */
    size_t samples;
    int32_t *at;      /* malloc'ed, in order */
    int16_t checksum; /* as in a WFDB header */
};
struct skeym_readback {
    char run[SKEYM_READBACK_RUN];
    uint64_t readings;
    uint64_t doubled;
    size_t count;
    struct skeym_readback_signal signal[SKEYM_READBACK_SIGNALS];
};

/* Called for each number of the run: one a vital sign, one a part of a panel that has a value. text
 * is what its code says for people. */
typedef void (*skeym_readback_number)(void *arg, const struct skeym_readback_id *id,
                                      const char *text, double value);

/* Reads all that a device sent of a patient in one run; run NULL: the one with the latest reading.
 * missing: the sample that stands for one that was not taken. Free *out in any case. Errors: as for
 * pages, SKEYM_ERR_NOT_FOUND (no run), SKEYM_ERR_MEMORY, SKEYM_ERR_SIZE (too many signals),
 * SKEYM_ERR_CHARSET (patient, run), skeym_observation_samples'. */
SKEYM_MUST_USE enum skeym_error skeym_readback_run(struct skeym_readback *out,
                                                   struct skeym_session *session,
                                                   const char *patient, const char *run,
                                                   int32_t missing, int *status);
/* The same, and the numbers are told. */
SKEYM_MUST_USE enum skeym_error
skeym_readback_numbers(struct skeym_readback *out, struct skeym_session *session,
                       const char *patient, const char *run, int32_t missing,
                       skeym_readback_number number, void *arg, int *status);
void skeym_readback_free(struct skeym_readback *readback);

#endif
