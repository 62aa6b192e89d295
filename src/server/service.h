/* SPDX-License-Identifier: Apache-2.0 */
/* What every request needs; made by serve.c, shared by all threads. */
#ifndef SKEYM_SERVER_SERVICE_H
#define SKEYM_SERVER_SERVICE_H

#include "fhir/fhir.h"
#include "server/clock.h"
#include "server/conf.h"
#include "server/deadline.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/rate.h"
#include "server/readers.h"
#include "server/state.h"

struct skeym_service {
    const struct skeym_conf *conf;
    const char *version;
    struct skeym_log *log;
    struct skeym_state *state;
    struct skeym_rate *rate;
    struct skeym_peers *peers;
    struct skeym_store *store;
    struct skeym_readers *readers;
    struct skeym_fhir *fhir;
    struct skeym_trail *trail;
    struct skeym_seen *seen;
    struct skeym_desk *desk;
    struct skeym_clock clock;
    struct skeym_metrics metrics;
    struct skeym_deadlines deadlines;
    char base_url[SKEYM_CONF_URL_BYTES + 8]; /* of links: ".../fhir" */
    _Atomic uint64_t body_bytes;             /* kept for requests under way */
    struct skeym_slot_count under_way;       /* requests from their head to their answer */
    _Atomic uint64_t parked;                 /* of these, those that wait for the disk */
    _Atomic uint64_t log_dropped;
    _Atomic uint64_t clock_behind_ms;
    _Atomic bool keys_late; /* the last attempt to move the keys failed */
    _Atomic bool stopping;
};

#endif
