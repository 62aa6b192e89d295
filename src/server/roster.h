/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the audit file says, read once and again only when it has grown: the nodes that were
 * enrolled, and its events. One thread at a time.
 */
#ifndef SKEYM_SERVER_ROSTER_H
#define SKEYM_SERVER_ROSTER_H

#include "server/incident.h"

/* A node's newest enrolment. */
struct skeym_roster_node {
    struct skeym_name id;
    uint32_t enrolled_s, generation, not_after_s;
    uint8_t role; /* 0: a word that is no role */
    struct skeym_scopes scopes;
};

struct skeym_roster {
    uint8_t hash[32]; /* of the file that this was read from */
    bool read;
    struct skeym_roster_node *nodes; /* by id */
    size_t node_count;
    struct skeym_incident *events; /* in the file's order; number: 1 and up */
    size_t event_count;
    size_t node_room, event_room;
    size_t damaged; /* lines that are no events */
};

/* All zeros is an empty one. Reads DIR/audit if it has changed. After an error it is empty. Errors:
 * home.h's, SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_roster_read(struct skeym_roster *roster, const char *dir);
void skeym_roster_free(struct skeym_roster *roster);

#endif
