/* SPDX-License-Identifier: Apache-2.0 */
/* `skeym device --compare`: a doctor reads back what a device sent, and compares. */
#ifndef SKEYM_CLI_DEVICE_COMPARE_H
#define SKEYM_CLI_DEVICE_COMPARE_H

#include "cli/node_options.h"
#include "node/wfdb.h"

/* Says on stdout what is equal and what is not. run: NODE.RUN, or NULL for the latest. Returns the
 * exit code: 0 when every sample of every signal that was sent is equal. */
int skeym_device_compare(struct skeym_node_options *options, const struct skeym_wfdb_record *record,
                         const char *patient, const char *run);

#endif
