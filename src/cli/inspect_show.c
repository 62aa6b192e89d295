/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inspect_show.h"
#include "inspect/crew.h"
#include "report/lookup.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    const char *name;
    double began;
    double said; /* the last line of progress */
    bool line;   /* one is there to be written over */
} show;

void skeym_inspect_show_begin(const struct skeym_inspection *inspection)
{
    show.name = inspection->name;
    show.began = show.said = skeym_crew_seconds();
}

void skeym_inspect_show_progress(void *arg, const char *what, double done)
{
    (void)arg;
    bool terminal = isatty(STDERR_FILENO);
    double now = skeym_crew_seconds();
    if (now - show.said < (terminal ? 0.2 : 30)) {
        return;
    }
    show.said = now;
    double left = done > 0.01 ? (now - show.began) * (1 - done) / done : -1;
    fprintf(stderr, "%s%s: %s, %.0f%%", terminal ? "\r\033[K" : "", show.name, what, 100 * done);
    if (left >= 0) {
        fprintf(stderr, ", about %.0f s left", left);
    }
    if (!terminal) {
        fputc('\n', stderr);
    }
    show.line = terminal;
}

void skeym_inspect_show_end(void)
{
    if (show.line) {
        fputs("\r\033[K", stderr);
        show.line = false;
    }
}

void skeym_inspect_show_kept(const struct skeym_inspection *inspection)
{
    fprintf(stderr, "%s: kept from an earlier run (--again does it again)\n", inspection->name);
}

/* --- findings ---------------------------------------------------------------- */

static void figure(struct json_object *one)
{
    const char *unit = skeym_lookup_text(one, "unit");
    printf("  %-58s %12.6g%s%s", skeym_lookup_text(one, "what"),
           json_object_get_double(skeym_lookup_member(one, "value")), unit[0] ? " " : "", unit);
    if (skeym_lookup_member(one, "low") && skeym_lookup_member(one, "high")) {
        printf(" (%.4g to %.4g)", json_object_get_double(skeym_lookup_member(one, "low")),
               json_object_get_double(skeym_lookup_member(one, "high")));
    }
    if (skeym_lookup_member(one, "paper")) {
        printf("; the paper: %s", skeym_lookup_text(one, "paper"));
    }
    printf("\n");
}

enum { COLUMNS_MAX = 16, LINE_MAX = 140 };

static const char *cell(struct json_object *row, size_t column)
{
    return skeym_lookup_word(row, column);
}

/* The columns' widths; returns that of a line. */
static size_t measure(struct json_object *columns, struct json_object *rows, size_t *widths)
{
    size_t line = 0;
    for (size_t j = 0; j < skeym_lookup_count(columns) && j < COLUMNS_MAX; j++) {
        widths[j] = strlen(cell(columns, j));
        for (size_t i = 0; i < skeym_lookup_count(rows); i++) {
            size_t size = strlen(cell(skeym_lookup_item(rows, i), j));
            widths[j] = size > widths[j] ? size : widths[j];
        }
        line += widths[j] + 1;
    }
    return line;
}

static void row_as_line(struct json_object *row, const size_t *widths)
{
    size_t count = skeym_lookup_count(row);
    printf("   ");
    for (size_t j = 0; j < count && j < COLUMNS_MAX; j++) {
        printf(" %-*s", j + 1 < count ? (int)widths[j] : 0, cell(row, j));
    }
    printf("\n");
}

/* Of a table that no terminal is wide enough for. */
static void row_as_list(struct json_object *columns, struct json_object *row)
{
    printf("    %s\n", cell(row, 0));
    for (size_t j = 1; j < skeym_lookup_count(row); j++) {
        printf("      %s: %s\n", cell(columns, j), cell(row, j));
    }
}

static void table(struct json_object *one)
{
    struct json_object *columns = skeym_lookup_member(one, "columns");
    struct json_object *rows = skeym_lookup_member(one, "rows");
    size_t widths[COLUMNS_MAX] = {0};
    bool list = measure(columns, rows, widths) > LINE_MAX;
    printf("  %s\n", skeym_lookup_text(one, "title"));
    if (!list) {
        row_as_line(columns, widths);
    }
    for (size_t i = 0; i < skeym_lookup_count(rows); i++) {
        struct json_object *row = skeym_lookup_item(rows, i);
        if (list) {
            row_as_list(columns, row);
        } else {
            row_as_line(row, widths);
        }
    }
}

bool skeym_inspect_show_finding(const struct skeym_inspection *inspection,
                                struct json_object *finding)
{
    printf("%s: %s\n", inspection->name, inspection->question);
    if (!finding || !skeym_lookup_member(finding, "verdict")) {
        printf("  FAILED: %s%s\n\n", finding ? skeym_lookup_text(finding, "error") : "no memory",
               inspection->data ? " (it needs --data DIR, see skeym inspect --help)" : "");
        return false;
    }
    struct json_object *figures = skeym_lookup_member(finding, "figures");
    for (size_t i = 0; i < skeym_lookup_count(figures); i++) {
        figure(skeym_lookup_item(figures, i));
    }
    struct json_object *tables = skeym_lookup_member(finding, "tables");
    for (size_t i = 0; i < skeym_lookup_count(tables); i++) {
        table(skeym_lookup_item(tables, i));
    }
    printf("  %s: %s%s\n\n", skeym_lookup_text(skeym_lookup_member(finding, "verdict"), "kind"),
           skeym_lookup_text(skeym_lookup_member(finding, "verdict"), "text"),
           json_object_get_boolean(skeym_lookup_member(finding, "stopped"))
               ? " (stopped before its end)"
               : "");
    fflush(stdout);
    return true;
}
