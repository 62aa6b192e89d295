/* SPDX-License-Identifier: Apache-2.0 */
/* What the demo reads back: a doctor's view beside the wire's, and the count of readings. */
#ifndef SKEYM_CLI_DEMO_WATCH_H
#define SKEYM_CLI_DEMO_WATCH_H

#include "cli/demo_ward.h"

/* Sums over the devices. */
struct skeym_demo_tally {
    uint64_t acknowledged; /* readings that the devices were told are kept */
    uint64_t lost;         /* of these, not found by a doctor */
    uint64_t doubled;      /* found twice */
    unsigned failed;       /* devices that did not end well */
};

/* One request by a doctor; prints what the wire carried beside what it means. */
SKEYM_MUST_USE enum skeym_error skeym_demo_watch(const struct skeym_demo_ward *ward,
                                                 const char *credential, const char *target);
/* Compares what the devices say was acknowledged with what a doctor finds, sample by sample where
 * there is a record; prints a row a device. */
SKEYM_MUST_USE enum skeym_error skeym_demo_count(const struct skeym_demo_ward *ward,
                                                 const char *credential,
                                                 struct skeym_demo_tally *tally);

#endif
