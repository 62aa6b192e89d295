/* SPDX-License-Identifier: Apache-2.0 */
/* The files of `skeym inspect --report DIR`. In all of these calls dir may be NULL: nothing is
 * read or written. */
#ifndef SKEYM_CLI_INSPECT_REPORT_H
#define SKEYM_CLI_INSPECT_REPORT_H

#include "inspect/inspection.h"

/* What an earlier run left in DIR/NAME.json, if it came to its end and had the same size, seed,
 * version and program (none that was built since); else NULL. The caller frees it. */
struct json_object *skeym_inspect_report_kept(const char *dir,
                                              const struct skeym_inspection *inspection,
                                              const struct skeym_inspect_context *context);
/* Writes DIR/NAME.json, atomically; makes DIR. Errors: SKEYM_ERR_IO, SKEYM_ERR_SPACE (a path too
 * long). */
SKEYM_MUST_USE enum skeym_error skeym_inspect_report_keep(const char *dir,
                                                          struct json_object *finding);
/* Writes DIR/report.json and DIR/report.html, atomically. Errors: as above, SKEYM_ERR_MEMORY, what
 * skeym_page_write says. */
SKEYM_MUST_USE enum skeym_error
skeym_inspect_report_write(const char *dir, const struct skeym_inspect_context *context,
                           struct json_object *findings);

#endif
