/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back: what a doctor reads of a wave are the integers that the device sent. Pure.
 */
#ifndef SKEYM_NODE_OBSERVATION_SAMPLES_H
#define SKEYM_NODE_OBSERVATION_SAMPLES_H

#include <skeym/error.h>
#include <skeym/span.h>

/*
 * The samples of an Observation with valueSampledData, `missing` for an "E". At most room
 * of them; *count is how many. json comes from the network: SKEYM_ERR_SHAPE: no such JSON;
 * SKEYM_ERR_UNSUPPORTED: several dimensions, or "U" or "L" among the samples; SKEYM_ERR_RANGE: a
 * sample that no int32_t holds; SKEYM_ERR_SPACE; SKEYM_ERR_SIZE: over 2^24 bytes; SKEYM_ERR_MEMORY.
 * *count is 0 and out untouched after an error of the frame, partly written after one among the
 * samples.
 */
SKEYM_MUST_USE enum skeym_error skeym_observation_samples(int32_t *out, size_t room, size_t *count,
                                                          struct skeym_span json, int32_t missing);

#endif
