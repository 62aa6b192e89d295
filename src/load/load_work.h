/* SPDX-License-Identifier: Apache-2.0 */
/* What the nodes of a load ask for: reads of a path, readings that are posted, logins. */
#ifndef SKEYM_LOAD_LOAD_WORK_H
#define SKEYM_LOAD_LOAD_WORK_H

#include "load/load_node.h"

extern const char *const skeym_load_work_kinds[]; /* NULL after the last */

/* "get=8,post=1,login=1". Errors: SKEYM_ERR_SHAPE, SKEYM_ERR_RANGE. */
SKEYM_MUST_USE enum skeym_error skeym_load_work_mix(unsigned weights[SKEYM_LOAD_NODE_KINDS],
                                                    const char *text);
/* What the node's next operation is. */
enum skeym_load_node_kind skeym_load_work_pick(const struct skeym_load_node *node);
/* The request of the operation under way, a get or a post; see skeym_load_node_ask. */
void skeym_load_work_ask(const struct skeym_load_node *node, struct skeym_closed *request,
                         char *text);

#endif
