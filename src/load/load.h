/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load generator. Each thread has an event loop and non-blocking connections that are kept alive.
 * What is asked, and what to think of an answer, is a script's: plain HTTP (load_plain.h), nodes
 * with chained tokens (load_node.h), attackers (load_attack.h). So this project's server and every
 * rival are driven by the very same code.
 *
 * One *operation* is what a script makes of one turn: a request, or a login and a request, with the
 * repetitions that the protocol permits. In the closed loop a connection begins its next operation
 * when the last is over. In the open loop operations are due at a constant rate, whatever the
 * server does (load_pace.h), and their latency counts from the time when they were due, also when
 * no connection was free to send them: a server that stalls cannot hide it.
 */
#ifndef SKEYM_LOAD_LOAD_H
#define SKEYM_LOAD_LOAD_H

#include "load/histogram.h"
#include "load/load_answer.h"
#include "load/load_target.h"
#include "load/load_tls.h"

#define SKEYM_LOAD_KINDS       4 /* of operations that one run tells apart */
#define SKEYM_LOAD_THREADS_MAX 64
#define SKEYM_LOAD_REQUEST     16384 /* bytes of one request, at most */

/* X(NAME, word, what came of an operation) */
#define SKEYM_LOAD_OUTCOMES(X)                                                                     \
    X(OK, "ok", "answered")                                                                        \
    X(REFUSED, "refused", "401")                                                                   \
    X(LIMITED, "limited", "429")                                                                   \
    X(BUSY, "busy", "503")                                                                         \
    X(STATUS, "status", "another status that is not 2xx")                                          \
    X(UNOPENED, "unopened", "an answer that does not open, or is not the one expected")            \
    X(LOST, "lost", "the connection was refused or ended without an answer")                       \
    X(TIMEOUT, "timeout", "no answer in time")                                                     \
    X(UNSENT, "unsent", "was due and never left: no connection was free, or none could be made")

enum skeym_load_outcome {
#define SKEYM_LOAD_OUTCOME_ENUM(name, word, what) SKEYM_LOAD_##name,
    SKEYM_LOAD_OUTCOMES(SKEYM_LOAD_OUTCOME_ENUM)
#undef SKEYM_LOAD_OUTCOME_ENUM
        SKEYM_LOAD_OUTCOME_COUNT
};
const char *skeym_load_outcome_word(enum skeym_load_outcome outcome);
/* By the status line alone. */
enum skeym_load_outcome skeym_load_outcome_of(int status);

/* What a script makes of an answer. */
enum skeym_load_step {
    SKEYM_LOAD_DONE,  /* the operation is over, with `outcome` */
    SKEYM_LOAD_MORE,  /* the next request of the same operation, at once */
    SKEYM_LOAD_AGAIN, /* the operation is tried again after wait_ms; over, with `outcome`, when its
                         time does not suffice */
};
struct skeym_load_verdict {
    enum skeym_load_step step;
    enum skeym_load_outcome outcome;
    uint32_t wait_ms;
    const char *why; /* for people, of what is not OK; may be NULL */
};

struct skeym_load_script {
    /* Names of its kinds of operations, at most SKEYM_LOAD_KINDS; NULL after the last. */
    const char *const *kinds;
    /* Writes the lane's next request, head and body; *kind: of the operation that it is part of. An
     * error ends the run. */
    enum skeym_error (*ask)(void *lane, struct skeym_writer *out, unsigned *kind);
    /* answer NULL: none came; `lost` says why: LOST, TIMEOUT, UNOPENED (it was no HTTP), or UNSENT
     * when not a byte left. Then the verdict is DONE or AGAIN, never MORE. */
    struct skeym_load_verdict (*take)(void *lane, const struct skeym_load_answer *answer,
                                      enum skeym_load_outcome lost);
    /* Requests that leave together; their answers come one after another. 0 is 1. Only for scripts
     * whose requests do not depend on answers and are over with one. */
    unsigned batch;
    /* Above 0: a request is sent one byte in so many ms, again from its start when it is over,
     * until the server answers or ends the connection; the verdict is then as take's. */
    uint32_t drip_ms;
    bool drip_body; /* the head leaves at once, the body drips */
};

struct skeym_load_lane {
    const struct skeym_load_script *script;
    void *state; /* the script's; not owned */
};

struct skeym_load_options {
    struct skeym_load_target target;
    struct skeym_load_tls *tls; /* NULL: plain; not owned */
    struct skeym_load_from from;
    size_t connections;
    unsigned threads; /* 0 is 1 */
    /* Connection i takes turns with lanes i, i + connections, ...; at least one for each. */
    const struct skeym_load_lane *lanes;
    size_t lane_count;
    double per_second;    /* operations of all threads; 0: closed loop */
    bool poisson;         /* open loop: not evenly spaced */
    uint64_t seed;        /* of the spacing */
    uint64_t each;        /* operations of each connection at most; 0: no limit */
    uint32_t answer_ms;   /* an answer that takes longer does not come: TIMEOUT */
    uint32_t patience_ms; /* an operation with its repetitions ends after so long at most */
    uint32_t drain_ms;    /* after the end, for what is due and under way; then it is given up */
    /* Looks for events without ever sleeping, for a generator with a core of its own. Else the
     * server pays for waking the generator's core, which peers on a network would not make it do,
     * and pays the more the faster the generator is. */
    bool spin;
    bool reconnect; /* a new connection for each operation */
    bool trace;     /* keep one skeym_load_record for each operation */
    bool hasty;     /* stop at the first operation that is not OK */
};

struct skeym_load_record {
    uint64_t due_ns;     /* since the start */
    uint64_t latency_ns; /* from then */
    uint8_t kind, outcome;
    uint16_t repeated;
};

/* Counts are of operations that were due (closed loop: began) after the warm-up. */
struct skeym_load_kind {
    uint64_t outcomes[SKEYM_LOAD_OUTCOME_COUNT];
    struct skeym_histogram latency; /* ns, of those that were OK */
};
struct skeym_load_result {
    struct skeym_load_kind kinds[SKEYM_LOAD_KINDS];
    const char *const *kind_names; /* of the first lane's script */
    uint64_t due;                  /* operations that were to be */
    uint64_t answers;              /* of HTTP, of all that was sent after the warm-up */
    uint64_t connects, repeated;
    uint64_t elapsed_ns;      /* from the end of the warm-up to the last answer */
    uint64_t user_ns, sys_ns; /* CPU of all threads in that time */
    uint64_t spun_ns;         /* of it, looking in vain */
    uint64_t late_ns;         /* the most that the generator itself held back a request */
    uint64_t started_ns;      /* of the monotonic clock: 0 of the records */
    unsigned threads;
    size_t record_count;
    struct skeym_load_record *records; /* malloc'ed */
    char why[256];                     /* of the first operation that was not OK; may be empty */
};
/* Of all kinds. */
uint64_t skeym_load_count(const struct skeym_load_result *result, enum skeym_load_outcome outcome);
void skeym_load_result_free(struct skeym_load_result *result);

struct skeym_load;
/* Connects all. Errors: SKEYM_ERR_USAGE (no lane for a connection, a number out of range),
 * SKEYM_ERR_MEMORY, SKEYM_ERR_NETWORK (errno says more). */
SKEYM_MUST_USE enum skeym_error skeym_load_open(struct skeym_load **out,
                                                const struct skeym_load_options *options);
/* One run; *out is malloc'ed. May be called again: connections and lanes go on. Errors:
 * SKEYM_ERR_MEMORY, SKEYM_ERR_NETWORK (no connection is left and none can be made, errno), a
 * script's. */
SKEYM_MUST_USE enum skeym_error skeym_load_run(struct skeym_load_result **out,
                                               struct skeym_load *load, uint64_t warmup_ns,
                                               uint64_t ns);
/* NULL is fine. */
void skeym_load_close(struct skeym_load *load);
/* Asks a run to end soon, as if its time were over; also from a signal handler. */
void skeym_load_stop(struct skeym_load *load);

#endif
