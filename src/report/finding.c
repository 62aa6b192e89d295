/* SPDX-License-Identifier: Apache-2.0 */
#include "report/finding.h"
#include "report/lookup.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4096 };

static const char *const verdict_words[SKEYM_VERDICT_COUNT] = {
#define WORD(name, word) [SKEYM_VERDICT_##name] = (word),
    SKEYM_VERDICTS(WORD)
#undef WORD
};

static const char *const kind_words[] = {
    [SKEYM_CHART_LINES] = "lines",
    [SKEYM_CHART_DOTS] = "dots",
    [SKEYM_CHART_BARS] = "bars",
};

bool skeym_finding_must(struct skeym_finding *finding, enum skeym_error error)
{
    if (finding->error == SKEYM_OK) {
        finding->error = error;
    }
    return finding->error == SKEYM_OK;
}

/* --- JSON that remembers its errors ---------------------------------------- */

/* Takes value over, always. */
static void put(struct skeym_finding *finding, struct json_object *object, const char *key,
                struct json_object *value)
{
    if (!object || !value || json_object_object_add(object, key, value) != 0) {
        json_object_put(value);
        skeym_finding_must(finding, SKEYM_ERR_MEMORY);
    }
}

static struct json_object *push(struct skeym_finding *finding, struct json_object *list,
                                struct json_object *value)
{
    if (!list || !value || json_object_array_add(list, value) != 0) {
        json_object_put(value);
        skeym_finding_must(finding, SKEYM_ERR_MEMORY);
        return NULL;
    }
    return value;
}

static void put_text(struct skeym_finding *finding, struct json_object *object, const char *key,
                     const char *text)
{
    put(finding, object, key, json_object_new_string(text));
}

/* Numbers that are not finite have no JSON: they are left out. */
static void put_number(struct skeym_finding *finding, struct json_object *object, const char *key,
                       double number)
{
    if (isfinite(number)) {
        put(finding, object, key, json_object_new_double(number));
    }
}

static struct json_object *list(struct skeym_finding *finding, const char *key)
{
    struct json_object *found = NULL;
    json_object_object_get_ex(finding->json, key, &found);
    return found;
}

static struct json_object *newest(struct skeym_finding *finding, struct json_object *from)
{
    size_t count = skeym_lookup_count(from);
    if (count == 0) {
        skeym_finding_must(finding, SKEYM_ERR_STATE);
        return NULL;
    }
    return json_object_array_get_idx(from, count - 1);
}

__attribute__((format(printf, 3, 0))) static void
format_text(struct skeym_finding *finding, char *text, const char *format, va_list arguments)
{
    int size = vsnprintf(text, TEXT_MAX, format, arguments);
    if (size < 0 || size >= TEXT_MAX) {
        skeym_finding_must(finding, SKEYM_ERR_SPACE);
    }
}

/* --- the parts -------------------------------------------------------------- */

void skeym_finding_begin(struct skeym_finding *finding, const char *name, const char *title,
                         const char *question, const char *paper)
{
    static const char *const lists[] = {"claims", "did", "figures", "tables", "charts", "notes"};
    *finding = (struct skeym_finding){.json = json_object_new_object()};
    put_text(finding, finding->json, "name", name);
    put_text(finding, finding->json, "title", title);
    put_text(finding, finding->json, "question", question);
    put_text(finding, finding->json, "paper", paper);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        put(finding, finding->json, lists[i], json_object_new_array());
    }
}

void skeym_finding_free(struct skeym_finding *finding)
{
    json_object_put(finding->json);
    *finding = (struct skeym_finding){0};
}

void skeym_finding_claim(struct skeym_finding *finding, const char *where, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_text(finding, text, format, arguments);
    va_end(arguments);
    struct json_object *claim = push(finding, list(finding, "claims"), json_object_new_object());
    put_text(finding, claim, "where", where);
    put_text(finding, claim, "text", text);
}

void skeym_finding_did(struct skeym_finding *finding, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_text(finding, text, format, arguments);
    va_end(arguments);
    push(finding, list(finding, "did"), json_object_new_string(text));
}

void skeym_finding_note(struct skeym_finding *finding, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_text(finding, text, format, arguments);
    va_end(arguments);
    push(finding, list(finding, "notes"), json_object_new_string(text));
}

void skeym_finding_figure(struct skeym_finding *finding, const struct skeym_figure *figure)
{
    if (!isfinite(figure->value)) {
        skeym_finding_must(finding, SKEYM_ERR_RANGE);
        return;
    }
    struct json_object *object = push(finding, list(finding, "figures"), json_object_new_object());
    put_text(finding, object, "id", figure->id);
    put_text(finding, object, "what", figure->what);
    put_number(finding, object, "value", figure->value);
    put_text(finding, object, "unit", figure->unit);
    put_number(finding, object, "low", figure->low);
    put_number(finding, object, "high", figure->high);
    if (figure->paper) {
        put_text(finding, object, "paper", figure->paper);
    }
}

void skeym_finding_number(struct skeym_finding *finding, const char *id, const char *what,
                          double value, const char *unit)
{
    const struct skeym_figure figure = {id, what, value, unit, NAN, NAN, NULL};
    skeym_finding_figure(finding, &figure);
}

/* --- tables ----------------------------------------------------------------- */

static void split(struct skeym_finding *finding, struct json_object *into, const char *text)
{
    for (;;) {
        size_t size = strcspn(text, "|");
        push(finding, into, json_object_new_string_len(text, (int)size));
        if (text[size] == '\0') {
            return;
        }
        text += size + 1;
    }
}

void skeym_finding_table(struct skeym_finding *finding, const char *title, const char *columns)
{
    struct json_object *table = push(finding, list(finding, "tables"), json_object_new_object());
    put_text(finding, table, "title", title);
    put(finding, table, "columns", json_object_new_array());
    put(finding, table, "rows", json_object_new_array());
    split(finding, skeym_lookup_member(table, "columns"), columns);
}

void skeym_finding_row(struct skeym_finding *finding, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_text(finding, text, format, arguments);
    va_end(arguments);
    struct json_object *table = newest(finding, list(finding, "tables"));
    if (!table) {
        return;
    }
    struct json_object *row =
        push(finding, skeym_lookup_member(table, "rows"), json_object_new_array());
    split(finding, row, text);
    if (row &&
        skeym_lookup_count(row) != skeym_lookup_count(skeym_lookup_member(table, "columns"))) {
        skeym_finding_must(finding, SKEYM_ERR_SHAPE);
    }
}

/* --- charts ----------------------------------------------------------------- */

static void put_axis(struct skeym_finding *finding, struct json_object *chart, const char *key,
                     const char *label, bool is_log)
{
    put(finding, chart, key, json_object_new_object());
    put_text(finding, skeym_lookup_member(chart, key), "label", label ? label : "");
    put(finding, skeym_lookup_member(chart, key), "log", json_object_new_boolean(is_log));
}

void skeym_finding_chart(struct skeym_finding *finding, const struct skeym_chart *chart)
{
    struct json_object *object = push(finding, list(finding, "charts"), json_object_new_object());
    put_text(finding, object, "kind", kind_words[chart->kind]);
    put_text(finding, object, "says", chart->says);
    put_axis(finding, object, "x", chart->x_label, chart->x_log);
    put_axis(finding, object, "y", chart->y_label, chart->y_log);
    put(finding, object, "series", json_object_new_array());
}

void skeym_finding_series(struct skeym_finding *finding, const char *name)
{
    struct json_object *chart = newest(finding, list(finding, "charts"));
    struct json_object *series =
        push(finding, skeym_lookup_member(chart, "series"), json_object_new_object());
    put_text(finding, series, "name", name);
    put(finding, series, "points", json_object_new_array());
}

static bool fits(struct json_object *chart, const char *axis, double value)
{
    bool is_log =
        json_object_get_boolean(skeym_lookup_member(skeym_lookup_member(chart, axis), "log"));
    return isfinite(value) && (!is_log || value > 0);
}

static struct json_object *point(struct skeym_finding *finding, const char *axis, double value,
                                 double low, double high)
{
    struct json_object *chart = newest(finding, list(finding, "charts"));
    struct json_object *series = newest(finding, skeym_lookup_member(chart, "series"));
    if (!series) {
        return NULL;
    }
    if (!fits(chart, axis, value) || (isfinite(low) && !fits(chart, axis, low)) ||
        (isfinite(high) && !fits(chart, axis, high))) {
        skeym_finding_must(finding, SKEYM_ERR_RANGE);
        return NULL;
    }
    struct json_object *object =
        push(finding, skeym_lookup_member(series, "points"), json_object_new_object());
    put_number(finding, object, axis, value);
    put_number(finding, object, "low", low);
    put_number(finding, object, "high", high);
    return object;
}

void skeym_finding_point(struct skeym_finding *finding, double x, double y, double low, double high)
{
    struct json_object *chart = newest(finding, list(finding, "charts"));
    if (chart && !fits(chart, "x", x)) {
        skeym_finding_must(finding, SKEYM_ERR_RANGE);
        return;
    }
    struct json_object *object = point(finding, "y", y, low, high);
    if (object) {
        put_number(finding, object, "x", x);
    }
}

void skeym_finding_bar(struct skeym_finding *finding, const char *label, double x, double low,
                       double high)
{
    struct json_object *object = point(finding, "x", x, low, high);
    if (object) {
        put_text(finding, object, "label", label);
    }
}

/* --- the end ---------------------------------------------------------------- */

void skeym_finding_verdict(struct skeym_finding *finding, enum skeym_verdict kind,
                           const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_text(finding, text, format, arguments);
    va_end(arguments);
    struct json_object *verdict = json_object_new_object();
    put_text(finding, verdict, "kind", skeym_finding_verdict_word(kind));
    put_text(finding, verdict, "text", text);
    put(finding, finding->json, "verdict", verdict);
}

const char *skeym_finding_verdict_word(enum skeym_verdict kind)
{
    return (unsigned)kind < SKEYM_VERDICT_COUNT ? verdict_words[kind] : "";
}

enum skeym_error skeym_finding_check(const struct skeym_finding *finding)
{
    if (finding->error != SKEYM_OK) {
        return finding->error;
    }
    bool whole = skeym_lookup_member(finding->json, "verdict") &&
                 skeym_lookup_count(skeym_lookup_member(finding->json, "did")) > 0;
    return whole ? SKEYM_OK : SKEYM_ERR_STATE;
}
