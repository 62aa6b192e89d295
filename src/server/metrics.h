/* SPDX-License-Identifier: Apache-2.0 */
/* What the server counts, and its text for Prometheus: tables, walked by counting and by printing.
 */
#ifndef SKEYM_SERVER_METRICS_H
#define SKEYM_SERVER_METRICS_H

#include "server/slot.h"
#include <skeym/admit.h>

/* X(NAME, "name", "help") */
#define SKEYM_METRICS_COUNTERS(X)                                                                  \
    X(CONNECTIONS, "skeym_connections_total", "connections accepted")                              \
    X(CROWDED, "skeym_connections_refused_total", "connections refused: per-ip, or kept places")   \
    X(DEADLINE, "skeym_connections_cut_total", "connections cut because a request took too long")  \
    X(GONE, "skeym_connections_gone_total", "connections whose peer left half a request")          \
    X(ADMITTED, "skeym_requests_admitted_total", "requests whose token and proof were right")      \
    X(UNSEALED, "skeym_requests_unreadable_total", "admitted requests whose JWE did not open")     \
    X(SEALED_IN, "skeym_opened_bytes_total", "bytes of request bodies opened")                     \
    X(SEALED_OUT, "skeym_sealed_bytes_total", "bytes of answers sealed")                           \
    X(LAST_TOKEN, "skeym_chains_ended_total", "answers without a next token: deadline reached")    \
    X(BODY_MEMORY, "skeym_body_memory_refusals_total", "requests refused for want of memory")      \
    X(RATCHETS, "skeym_ratchets_total", "epoch keys moved forward")                                \
    X(RATCHET_FAILED, "skeym_ratchet_failures_total", "attempts to move them that failed")         \
    X(RELOADS, "skeym_reloads_total", "keyring and revoked list read anew")                        \
    X(RELOAD_FAILED, "skeym_reload_failures_total", "attempts to read them that failed")           \
    X(ENROLLED, "skeym_enrolments_total", "enrolments by invitation, answered again or not")       \
    X(ENROL_REFUSED, "skeym_enrolments_refused_total", "attempts to enrol that failed")            \
    X(CLOCK_BACK, "skeym_clock_back_total", "times the wall clock jumped back")

enum skeym_metrics_counter {
#define SKEYM_METRICS_ENUM(name, text, help) SKEYM_COUNT_##name,
    SKEYM_METRICS_COUNTERS(SKEYM_METRICS_ENUM)
#undef SKEYM_METRICS_ENUM
        SKEYM_METRICS_COUNTER_COUNT
};

enum { SKEYM_METRICS_STATUS_MAX = 600, SKEYM_METRICS_ERRORS_MAX = 64 };

/* All zeros at the beginning. */
struct skeym_metrics {
    struct skeym_metrics_part {
        _Atomic uint64_t counter[SKEYM_METRICS_COUNTER_COUNT];
        _Atomic uint64_t refused[SKEYM_CHECK_COUNT];
        _Atomic uint64_t status[SKEYM_METRICS_STATUS_MAX];
        _Atomic uint64_t login[SKEYM_METRICS_ERRORS_MAX]; /* by the place in SKEYM_ERRORS */
        uint8_t apart[SKEYM_SLOT_BYTES];
    } part[SKEYM_SLOTS];
};

void skeym_metrics_add(struct skeym_metrics *metrics, enum skeym_metrics_counter counter,
                       uint64_t value);
uint64_t skeym_metrics_get(struct skeym_metrics *metrics, enum skeym_metrics_counter counter);
void skeym_metrics_refused(struct skeym_metrics *metrics, enum skeym_check check, uint64_t count);
void skeym_metrics_status(struct skeym_metrics *metrics, int status);
void skeym_metrics_login(struct skeym_metrics *metrics, enum skeym_error result);

/* A value that is read when it is asked for. */
struct skeym_metrics_gauge {
    const char *name;
    const char *help;
    uint64_t value;
};

/* The text exposition format. Errors: SKEYM_ERR_SPACE. */
SKEYM_MUST_USE enum skeym_error skeym_metrics_print(struct skeym_room out, size_t *size,
                                                    struct skeym_metrics *metrics,
                                                    const struct skeym_metrics_gauge *gauges,
                                                    size_t count, const char *version);

#endif
