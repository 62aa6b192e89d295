/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one inspection found, as it is filled in while it runs: claims, what was done, figures,
 * tables, charts, a verdict. It is a JSON object from the start (its shape is at the end of this
 * comment), so that what is printed, kept for a later run and drawn is one and the same.
 *
 * A finding remembers the first error, so that an inspection needs one look at the end. Texts are
 * UTF-8 and copied.
 *
 *   name, title, question, paper            texts; paper: the places of the paper that it is about
 *   claims[]    {where, text}               what the paper prints
 *   did[]       text                        what was done here
 *   figures[]   {id, what, value, unit, low?, high?, paper?}
 *   tables[]    {title, columns[], rows[][]}
 *   charts[]    {kind, says, x{label, log}, y{label, log}, series[]{name, points[]}}
 *               a point is {x, y, low, high} of lines, {label, x, low, high} of dots and bars
 *   notes[]     text                        what the figures do not show
 *   verdict     {kind, text}
 *   + size, seed, seconds, date, stopped    added by whoever ran it; data: it needs a data set;
 *     error                                   a text in place of the verdict: it could not be done
 */
#ifndef SKEYM_REPORT_FINDING_H
#define SKEYM_REPORT_FINDING_H

#include <json-c/json_object.h>
#include <skeym/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct skeym_finding {
    struct json_object *json;
    enum skeym_error error; /* the first one: SKEYM_ERR_MEMORY, or what _must was told */
};

/* X(name, word): how the paper's claim came out. */
#define SKEYM_VERDICTS(X)                                                                          \
    X(CONFIRMED, "confirmed")                                                                      \
    X(NOT_CONFIRMED, "not confirmed")                                                              \
    X(CANNOT_BE, "cannot be true")                                                                 \
    X(MIXED, "true in part")

enum skeym_verdict {
#define SKEYM_VERDICT_NAME(name, word) SKEYM_VERDICT_##name,
    SKEYM_VERDICTS(SKEYM_VERDICT_NAME)
#undef SKEYM_VERDICT_NAME
        SKEYM_VERDICT_COUNT
};

/* A measured or computed number. low and high: an interval (say in `what` which); both NAN: none.
 * paper: what the paper prints for it; NULL: nothing. */
struct skeym_figure {
    const char *id; /* stable, lower case with dots: "guess.rate" */
    const char *what;
    double value;
    const char *unit; /* "" for a plain number */
    double low, high;
    const char *paper;
};

enum skeym_chart_kind {
    SKEYM_CHART_LINES, /* points of x and y, joined */
    SKEYM_CHART_DOTS,  /* a row for each label: a dot at x, a line from low to high */
    SKEYM_CHART_BARS,  /* a row for each label: a bar from 0; not for logarithmic axes */
};

struct skeym_chart {
    enum skeym_chart_kind kind;
    const char *says;              /* the headline: what the chart shows, as a sentence */
    const char *x_label, *y_label; /* with unit; y_label is unused where rows have labels */
    bool x_log, y_log;
};

/* Starts one; free it with skeym_finding_free. */
void skeym_finding_begin(struct skeym_finding *finding, const char *name, const char *title,
                         const char *question, const char *paper);
void skeym_finding_free(struct skeym_finding *finding);

/* Remembers an error; true when there was none, now or before. */
bool skeym_finding_must(struct skeym_finding *finding, enum skeym_error error);

void skeym_finding_claim(struct skeym_finding *finding, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void skeym_finding_did(struct skeym_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void skeym_finding_note(struct skeym_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void skeym_finding_figure(struct skeym_finding *finding, const struct skeym_figure *figure);
/* A figure without interval and without the paper's. */
void skeym_finding_number(struct skeym_finding *finding, const char *id, const char *what,
                          double value, const char *unit);

/* Begins a table; columns are parted by '|'. Rows go to the newest table. */
void skeym_finding_table(struct skeym_finding *finding, const char *title, const char *columns);
/* One row, its cells parted by '|' in the text that the format gives. A row with more or fewer
 * cells than columns is SKEYM_ERR_SHAPE. */
void skeym_finding_row(struct skeym_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Begins a chart. Series go to the newest chart, points to the newest series. low and high NAN: no
 * interval. A point that is not finite is SKEYM_ERR_RANGE, and one at or below 0 where the axis is
 * logarithmic. */
void skeym_finding_chart(struct skeym_finding *finding, const struct skeym_chart *chart);
void skeym_finding_series(struct skeym_finding *finding, const char *name);
void skeym_finding_point(struct skeym_finding *finding, double x, double y, double low,
                         double high);
void skeym_finding_bar(struct skeym_finding *finding, const char *label, double x, double low,
                       double high);

/* One sentence. A second verdict replaces the first. */
void skeym_finding_verdict(struct skeym_finding *finding, enum skeym_verdict kind,
                           const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *skeym_finding_verdict_word(enum skeym_verdict kind);

/* A finding that can be shown: it has a verdict, something was done, and no error. Errors: the
 * remembered one, SKEYM_ERR_STATE. */
SKEYM_MUST_USE enum skeym_error skeym_finding_check(const struct skeym_finding *finding);

#endif
