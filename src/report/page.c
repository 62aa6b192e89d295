/* SPDX-License-Identifier: Apache-2.0 */
#include "report/page.h"
#include "report/chart.h"
#include "report/lookup.h"
#include "report/markup.h"
#include "report/page_style.h"

#include <math.h>
#include <string.h>

/* --- reading ----------------------------------------------------------------- */

static size_t count_of(struct json_object *object, const char *key)
{
    return skeym_lookup_count(skeym_lookup_member(object, key));
}

static struct json_object *item(struct json_object *object, const char *key, size_t i)
{
    return skeym_lookup_item(skeym_lookup_member(object, key), i);
}

/* --- pieces ------------------------------------------------------------------ */

/* <tag class="class">text</tag>, class may be NULL. */
static void element(FILE *out, const char *tag, const char *class, const char *content)
{
    fprintf(out, class ? "<%s class=\"%s\">" : "<%s>", tag, class);
    skeym_markup_text(out, content);
    fprintf(out, "</%s>\n", tag);
}

static void paragraphs(FILE *out, struct json_object *finding, const char *key, const char *head)
{
    size_t count = count_of(finding, key);
    if (count > 0) {
        element(out, "h3", NULL, head);
    }
    for (size_t i = 0; i < count; i++) {
        element(out, "p", NULL, json_object_get_string(item(finding, key, i)));
    }
}

static bool was_stopped(struct json_object *finding)
{
    return json_object_get_boolean(skeym_lookup_member(finding, "stopped"));
}

/* The verdict as word and sign: never by colour alone. */
static void badge(FILE *out, struct json_object *finding)
{
    const char *early = was_stopped(finding) ? " (stopped early)" : "";
    static const struct {
        const char *kind, *class, *sign;
    } badges[] = {
        {"confirmed", "good", "\xe2\x9c\x93"},     /* check mark */
        {"not confirmed", "open", "\xe2\x89\xa0"}, /* not equal */
        {"cannot be true", "bad", "\xe2\x9c\x97"}, /* ballot x */
        {"true in part", "part", "\xe2\x97\x90"},  /* half circle */
    };
    const char *kind = skeym_lookup_text(skeym_lookup_member(finding, "verdict"), "kind");
    for (size_t i = 0; i < sizeof badges / sizeof badges[0]; i++) {
        if (strcmp(kind, badges[i].kind) == 0) {
            fprintf(out,
                    "<span class=\"badge %s\"><span aria-hidden=\"true\">%s</span> %s%s</span>",
                    badges[i].class, badges[i].sign, kind, early);
            return;
        }
    }
    fprintf(out, "<span class=\"badge open\">not finished%s</span>", early);
}

/* The verdict; of a run that was stopped, that it speaks of what was done until then; of one that
 * failed, why. */
static void verdict(FILE *out, struct json_object *finding)
{
    fputs("<p class=\"verdict\">", out);
    badge(out, finding);
    if (was_stopped(finding)) {
        fputs(" It was stopped before its end: all counts, and what follows, are of what was done "
              "until then.",
              out);
    }
    if (skeym_lookup_member(finding, "error")) {
        fputs(" It could not be done: ", out);
        skeym_markup_text(out, skeym_lookup_text(finding, "error"));
        fputs(".", out);
    }
    fputs(" ", out);
    skeym_markup_text(out, skeym_lookup_text(skeym_lookup_member(finding, "verdict"), "text"));
    fputs("</p>\n", out);
}

static void claims(FILE *out, struct json_object *finding)
{
    size_t count = count_of(finding, "claims");
    if (count == 0) {
        return;
    }
    fputs("<h3>What the paper says</h3>\n<dl>\n", out);
    for (size_t i = 0; i < count; i++) {
        struct json_object *claim = item(finding, "claims", i);
        element(out, "dt", NULL, skeym_lookup_text(claim, "where"));
        element(out, "dd", NULL, skeym_lookup_text(claim, "text"));
    }
    fputs("</dl>\n", out);
}

static void with_unit(FILE *out, double value, const char *unit)
{
    skeym_markup_number(out, value);
    if (unit[0] != '\0') {
        fputs("\xc2\xa0", out); /* they stay on one line */
        skeym_markup_text(out, unit);
    }
}

/* A cell that can stand below the others on a narrow page, with its column's name (head; NULL:
 * none) before it. */
static void cell(FILE *out, const char *tag, const char *head, const char *content)
{
    fprintf(out, "<%s", tag);
    if (head) {
        fputs(" data-head=\"", out);
        skeym_markup_text(out, head);
        fputs("\"", out);
    }
    fputs(">", out);
    skeym_markup_text(out, content);
    fprintf(out, "</%s>", tag);
}

static void figure_row(FILE *out, struct json_object *figure, bool paper)
{
    const char *unit = skeym_lookup_text(figure, "unit");
    fputs("<tr><th scope=\"row\">", out);
    skeym_markup_text(out, skeym_lookup_text(figure, "what"));
    fputs("</th><td class=\"number\" data-head=\"here\">", out);
    with_unit(out, json_object_get_double(skeym_lookup_member(figure, "value")), unit);
    fputs("</td><td class=\"number\" data-head=\"interval\">", out);
    if (skeym_lookup_member(figure, "low") && skeym_lookup_member(figure, "high")) {
        skeym_markup_number(out, json_object_get_double(skeym_lookup_member(figure, "low")));
        fputs(" to ", out);
        skeym_markup_number(out, json_object_get_double(skeym_lookup_member(figure, "high")));
    }
    fputs("</td>", out);
    if (paper) {
        cell(out, "td", "the paper", skeym_lookup_text(figure, "paper"));
    }
    fputs("</tr>\n", out);
}

static void figures(FILE *out, struct json_object *finding)
{
    size_t count = count_of(finding, "figures");
    bool paper = false;
    for (size_t i = 0; i < count; i++) {
        paper = paper || skeym_lookup_member(item(finding, "figures", i), "paper");
    }
    if (count == 0) {
        return;
    }
    fprintf(out,
            "<h3>What we measured</h3>\n<div class=\"wide\"><table>\n<thead><tr><th>Figure</th>"
            "<th class=\"number\">Value</th><th class=\"number\">Interval</th>%s</tr></thead>\n"
            "<tbody>\n",
            paper ? "<th>The paper</th>" : "");
    for (size_t i = 0; i < count; i++) {
        figure_row(out, item(finding, "figures", i), paper);
    }
    fputs("</tbody></table></div>\n", out);
}

/* heads: the columns' names, NULL for a row of them. */
static void cells(FILE *out, struct json_object *row, struct json_object *heads)
{
    fputs("<tr>", out);
    for (size_t i = 0; i < skeym_lookup_count(row); i++) {
        const char *head = heads && i > 0 ? skeym_lookup_word(heads, i) : NULL;
        cell(out, heads ? "td" : "th", head, skeym_lookup_word(row, i));
    }
    fputs("</tr>\n", out);
}

static void tables(FILE *out, struct json_object *finding)
{
    for (size_t i = 0; i < count_of(finding, "tables"); i++) {
        struct json_object *table = item(finding, "tables", i);
        fputs("<div class=\"wide\"><table>\n", out);
        element(out, "caption", NULL, skeym_lookup_text(table, "title"));
        fputs("<thead>", out);
        cells(out, skeym_lookup_member(table, "columns"), NULL);
        fputs("</thead>\n<tbody>\n", out);
        for (size_t j = 0; j < count_of(table, "rows"); j++) {
            cells(out, item(table, "rows", j), skeym_lookup_member(table, "columns"));
        }
        fputs("</tbody></table></div>\n", out);
    }
}

static enum skeym_error charts(FILE *out, struct json_object *finding)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; error == SKEYM_OK && i < count_of(finding, "charts"); i++) {
        struct json_object *chart = item(finding, "charts", i);
        fputs("<figure>", out);
        element(out, "figcaption", NULL, skeym_lookup_text(chart, "says"));
        error = skeym_chart_write(out, chart);
        fputs("</figure>\n", out);
    }
    return error;
}

static void repeat(FILE *out, struct json_object *finding)
{
    fprintf(out, "<h3>How to repeat it</h3>\n<p><code>skeym inspect ");
    skeym_markup_text(out, skeym_lookup_text(finding, "name"));
    fputs(" --", out);
    skeym_markup_text(out, skeym_lookup_text(finding, "size"));
    fputs(" --seed ", out);
    skeym_markup_text(out, skeym_lookup_text(finding, "seed"));
    if (json_object_get_boolean(skeym_lookup_member(finding, "data"))) {
        fputs(" --data DIR", out);
    }
    fprintf(out, "</code> (%.1f s here, on ",
            json_object_get_double(skeym_lookup_member(finding, "seconds")));
    skeym_markup_text(out, skeym_lookup_text(finding, "date"));
    fputs(json_object_get_boolean(skeym_lookup_member(finding, "stopped"))
              ? "; stopped before its end)</p>\n"
              : ")</p>\n",
          out);
}

static enum skeym_error section(FILE *out, struct json_object *finding)
{
    fputs("<section id=\"", out);
    skeym_markup_text(out, skeym_lookup_text(finding, "name"));
    fputs("\">\n", out);
    element(out, "h2", NULL, skeym_lookup_text(finding, "title"));
    element(out, "p", "question", skeym_lookup_text(finding, "question"));
    verdict(out, finding);
    enum skeym_error error = charts(out, finding);
    claims(out, finding);
    paragraphs(out, finding, "did", "What we did");
    figures(out, finding);
    tables(out, finding);
    paragraphs(out, finding, "notes", "What this does not show");
    repeat(out, finding);
    fputs("</section>\n", out);
    return error;
}

/* --- the page ---------------------------------------------------------------- */

static void overview(FILE *out, struct json_object *report)
{
    fputs("<nav class=\"wide\"><table>\n<thead><tr><th>Inspection</th><th>Of the paper</th>"
          "<th>Verdict</th></tr></thead>\n<tbody>\n",
          out);
    for (size_t i = 0; i < count_of(report, "inspections"); i++) {
        struct json_object *finding = item(report, "inspections", i);
        fputs("<tr><th scope=\"row\"><a href=\"#", out);
        skeym_markup_text(out, skeym_lookup_text(finding, "name"));
        fputs("\">", out);
        skeym_markup_text(out, skeym_lookup_text(finding, "title"));
        fputs("</a></th>", out);
        element(out, "td", NULL, skeym_lookup_text(finding, "paper"));
        fputs("<td>", out);
        badge(out, finding);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table></nav>\n", out);
}

static void head(FILE *out, struct json_object *report)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
          "<title>SkeyM: proof inspections</title>\n<style>\n",
          out);
    fputs(skeym_page_style, out);
    fputs("</style>\n</head>\n<body>\n<header>\n<h1>SkeyM: proof inspections</h1>\n"
          "<p>The experiments by which a research paper argued for SkeyM, done again with this "
          "program. Each section says what the paper prints, what we did, what we measured, and "
          "what follows. No figure of the paper is shown as ours.</p>\n<p class=\"run\">",
          out);
    static const struct {
        const char *key, *before;
    } facts[] = {
        {"version", "skeym "}, {"date", ", "},      {"machine", ", "},
        {"size", ", size "},   {"seed", ", seed "},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        fputs(facts[i].before, out);
        skeym_markup_text(out, skeym_lookup_text(report, facts[i].key));
    }
    fputs("</p>\n", out);
    if (was_stopped(report)) {
        element(out, "p", "verdict",
                "This run was stopped: inspections that are missing here were not begun.");
    }
    fputs("</header>\n<main>\n", out);
}

enum skeym_error skeym_page_write(FILE *out, struct json_object *report)
{
    enum skeym_error error = SKEYM_OK;
    if (!json_object_is_type(skeym_lookup_member(report, "inspections"), json_type_array)) {
        return SKEYM_ERR_SHAPE;
    }
    head(out, report);
    overview(out, report);
    for (size_t i = 0; error == SKEYM_OK && i < count_of(report, "inspections"); i++) {
        error = section(out, item(report, "inspections", i));
    }
    fputs("</main>\n</body>\n</html>\n", out);
    return error == SKEYM_OK && ferror(out) ? SKEYM_ERR_IO : error;
}
