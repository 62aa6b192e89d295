/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device agent: takes messages from a source into a journal as they come due, sends the oldest
 * that waits, forgets it once the server has acknowledged it. One step at a time; time is an
 * argument and the waiting is the caller's.
 *
 * It goes on through lost connections, server restarts and busy or full servers (401 with a new
 * login, 408, 425, 429, 5xx), from 0.2 s to 10 s apart with jitter. It ends on what no repeating
 * can help: the authority refuses it (SKEYM_ERR_PERMISSION, three times in a row), a scope that it
 * lacks (SKEYM_ERR_SCOPE), a message that the server does not take (SKEYM_ERR_CONFLICT). What
 * waits stays in the journal then.
 */
#ifndef SKEYM_NODE_DEVICE_H
#define SKEYM_NODE_DEVICE_H

#include "node/device_source.h"
#include "node/journal.h"
#include "node/session.h"

#define SKEYM_DEVICE_TARGET "/fhir"

/* What a run is, kept as the journal's note. */
struct skeym_device_run {
    char run[SKEYM_DEVICE_RUN];
    char source[17]; /* skeym_device_source_print */
    uint64_t start_ms;
    uint64_t base_ms;
};
/* Pure. out: SKEYM_JOURNAL_NOTE bytes of room are enough. */
SKEYM_MUST_USE enum skeym_error skeym_device_run_print(struct skeym_room out, size_t *size,
                                                       const struct skeym_device_run *run);
/* Pure. Errors (*out is zero): SKEYM_ERR_SHAPE. */
SKEYM_MUST_USE enum skeym_error skeym_device_run_parse(struct skeym_device_run *out,
                                                       struct skeym_span note);

struct skeym_device_options {
    struct skeym_session *session; /* with `repeatable`; not owned, as the next two */
    struct skeym_journal *journal;
    struct skeym_device_source *source; /* NULL: only send what waits */
    double speed;                       /* times real time; 0: as fast as it goes */
    uint64_t start_ms;                  /* when second 0 of the source is due */
};

struct skeym_device_figures {
    uint64_t taken;        /* messages, also of earlier processes */
    uint64_t sent;         /* tries of this process */
    uint64_t acknowledged; /* messages, by this process */
    uint64_t readings;     /* Observations in these */
    uint64_t waiting;
    uint64_t retries;
    uint64_t stalls;       /* how often the journal was full and no message was taken */
    enum skeym_error last; /* of the last try that failed */
    int status;            /* of the last answer */
};

struct skeym_device; /* malloc'ed */

/* Passes over what the journal has had before. Errors: SKEYM_ERR_MEMORY, the source's. */
SKEYM_MUST_USE enum skeym_error skeym_device_new(struct skeym_device **out,
                                                 const struct skeym_device_options *options);
void skeym_device_free(struct skeym_device *device);

struct skeym_device_state {
    bool done;        /* all was said, sent and acknowledged */
    uint64_t wake_ms; /* when there is something to do; may be now */
};
/* now_ms: ms since 1970 on a clock that does not go back. Errors end the run: see above, and the
 * journal's and the source's. */
SKEYM_MUST_USE enum skeym_error skeym_device_step(struct skeym_device *device, uint64_t now_ms,
                                                  struct skeym_device_state *state);
/* Pure: whose readings a message of the journal holds; "" when it does not say. */
enum { SKEYM_DEVICE_PATIENT = 65 };
void skeym_device_patient(char out[SKEYM_DEVICE_PATIENT], struct skeym_span message);
struct skeym_device_figures skeym_device_figures(const struct skeym_device *device);

#endif
