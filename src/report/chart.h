/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chart of a finding (finding.h) as inline SVG: no scripts, no fonts, colours by CSS classes, so
 * that the page decides about light and dark. Series differ by dash and mark as well as by colour,
 * and are named where they end.
 */
#ifndef SKEYM_REPORT_CHART_H
#define SKEYM_REPORT_CHART_H

#include <json-c/json_object.h>
#include <skeym/error.h>
#include <stdbool.h>
#include <stdio.h>

/* Series beyond these have no colour of their own. */
enum { SKEYM_CHART_SERIES = 6, SKEYM_CHART_TICKS = 12 };

/* The values that an axis has marks at: for linear ones multiples of 1, 2 or 5 times a power of
 * ten, for logarithmic ones powers of ten (each n-th where there are many). low < high, and above 0
 * where it is logarithmic. Returns how many, 2 to SKEYM_CHART_TICKS; the outer ones enclose the
 * range. */
size_t skeym_chart_ticks(double *ticks, double low, double high, bool is_log);

/* Writes <svg ...>...</svg>. Errors: SKEYM_ERR_SHAPE (not a chart, or without points),
 * SKEYM_ERR_RANGE (more than SKEYM_CHART_SERIES series). */
SKEYM_MUST_USE enum skeym_error skeym_chart_write(FILE *out, struct json_object *chart);

#endif
