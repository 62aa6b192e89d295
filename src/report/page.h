/* SPDX-License-Identifier: Apache-2.0 */
/* A report of findings as one HTML file: style inside, charts inline, nothing fetched, no scripts;
 * light and dark, phone and paper. */
#ifndef SKEYM_REPORT_PAGE_H
#define SKEYM_REPORT_PAGE_H

#include <json-c/json_object.h>
#include <skeym/error.h>
#include <stdio.h>

/* report: {version, date, machine, size, seed, stopped, inspections: [findings]}. A finding without
 * verdict is shown as not finished, one that was stopped as stopped. Errors: SKEYM_ERR_SHAPE (no
 * such report), SKEYM_ERR_IO, what skeym_chart_write says. */
SKEYM_MUST_USE enum skeym_error skeym_page_write(FILE *out, struct json_object *report);

#endif
