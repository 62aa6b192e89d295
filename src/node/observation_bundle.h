/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many Observations in one POST. Pure.
 */
#ifndef SKEYM_NODE_OBSERVATION_BUNDLE_H
#define SKEYM_NODE_OBSERVATION_BUNDLE_H

#include <skeym/error.h>
#include <skeym/span.h>

/* One entry of a Bundle: an Observation as built above, and its id. */
struct skeym_observation_entry {
    struct skeym_span json;
    const char *id;
};

/* A Bundle that POSTs every entry unless its identifier is there already: a transaction (all or
 * none) or a batch (each for itself). The entries are copied as they are. *size is 0 after an
 * error. SKEYM_ERR_SPACE, SKEYM_ERR_CHARSET (an id is not one), SKEYM_ERR_USAGE (no entry). */
SKEYM_MUST_USE enum skeym_error
skeym_observation_bundle(struct skeym_room out, size_t *size, bool transaction,
                         const struct skeym_observation_entry *entries, size_t count);

#endif
