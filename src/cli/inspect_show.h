/* SPDX-License-Identifier: Apache-2.0 */
/* What `skeym inspect` says on a terminal: findings on stdout, progress on stderr. */
#ifndef SKEYM_CLI_INSPECT_SHOW_H
#define SKEYM_CLI_INSPECT_SHOW_H

#include "inspect/inspection.h"

void skeym_inspect_show_begin(const struct skeym_inspection *inspection);
/* struct skeym_inspect_context's progress: on a terminal a line that is written over, with an
 * estimate of what is left. */
void skeym_inspect_show_progress(void *arg, const char *what, double done);
void skeym_inspect_show_end(void);
void skeym_inspect_show_kept(const struct skeym_inspection *inspection);
/* Figures, tables and verdict. false: there is no whole finding (it says why). */
bool skeym_inspect_show_finding(const struct skeym_inspection *inspection,
                                struct json_object *finding);

#endif
