/* SPDX-License-Identifier: Apache-2.0 */
#include "report/chart.h"
#include "report/lookup.h"
#include "report/markup.h"

#include <math.h>
#include <string.h>

/* In the units of the viewBox: on a phone one is about 0.7 px, so text is 14 of them. */
enum {
    WIDTH = 560,
    LINES_HEIGHT = 340,
    ROW_HEIGHT = 34,
    LEFT = 62,
    LEFT_OF_ROWS = 190,
    RIGHT = 24,
    TOP = 14,
    BOTTOM = 52,
};

struct axis {
    bool is_log;
    const char *label;
    double low, high; /* of the data */
    double ticks[SKEYM_CHART_TICKS];
    size_t count;
    double from, to; /* of the picture */
};

/* --- reading ----------------------------------------------------------------- */

static struct json_object *points_of(struct json_object *chart, size_t series)
{
    return skeym_lookup_member(skeym_lookup_item(skeym_lookup_member(chart, "series"), series),
                               "points");
}

/* --- axes -------------------------------------------------------------------- */

/* The step of 1, 2 or 5 times a power of ten that gives at most 6 spaces. */
static double nice_step(double range)
{
    double step = pow(10, floor(log10(range / 6)));
    static const double steps[] = {1, 2, 5, 10};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (range / (step * steps[i]) <= 6 + 1e-9) {
            return step * steps[i];
        }
    }
    return step * 10;
}

size_t skeym_chart_ticks(double *ticks, double low, double high, bool is_log)
{
    if (is_log) {
        low = log10(low);
        high = log10(high);
    }
    double step = is_log ? fmax(1, nice_step(fmax(high - low, 1))) : nice_step(high - low);
    double first = floor(low / step + 1e-9);
    double last = fmax(ceil(high / step - 1e-9), first + 1);
    size_t count = 0;
    while (first + (double)count <= last && count < SKEYM_CHART_TICKS) {
        double at = (first + (double)count) * step;
        ticks[count++] = is_log ? pow(10, at) : at;
    }
    return count;
}

static void widen(struct axis *axis, double value)
{
    if (isfinite(value)) {
        axis->low = fmin(axis->low, value);
        axis->high = fmax(axis->high, value);
    }
}

/* The axis' range, and its marks. */
static void settle(struct axis *axis, double from, double to)
{
    if (axis->high <= axis->low) { /* all values are one */
        axis->high = axis->is_log ? axis->low * 10 : axis->low + fmax(fabs(axis->low), 1);
    }
    axis->count = skeym_chart_ticks(axis->ticks, axis->low, axis->high, axis->is_log);
    axis->low = axis->ticks[0];
    axis->high = axis->ticks[axis->count - 1];
    axis->from = from;
    axis->to = to;
}

static double place(const struct axis *axis, double value)
{
    double low = axis->is_log ? log10(axis->low) : axis->low;
    double high = axis->is_log ? log10(axis->high) : axis->high;
    double at = axis->is_log ? log10(value) : value;
    return axis->from + (at - low) / (high - low) * (axis->to - axis->from);
}

static struct axis axis_of(struct json_object *chart, const char *key)
{
    struct json_object *description = skeym_lookup_member(chart, key);
    return (struct axis){
        .is_log = json_object_get_boolean(skeym_lookup_member(description, "log")),
        .label = skeym_lookup_text(description, "label"),
        .low = INFINITY,
        .high = -INFINITY,
    };
}

static void tick_text(FILE *out, double value, bool is_log)
{
    double power = log10(fabs(value));
    if (is_log && (power > 3.5 || power < -2.5)) {
        fprintf(out, "10<tspan class=\"up\" dy=\"-5\">%.0f</tspan>", power);
    } else {
        fprintf(out, "%.10g", value);
    }
}

static void draw_x(FILE *out, const struct axis *axis, double top, double bottom)
{
    for (size_t i = 0; i < axis->count; i++) {
        double x = place(axis, axis->ticks[i]);
        fprintf(out, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>", x, top, bottom);
        fprintf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", x,
                bottom + 18);
        tick_text(out, axis->ticks[i], axis->is_log);
        fputs("</text>\n", out);
    }
    fprintf(out, "<text class=\"axis\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
            (axis->from + axis->to) / 2, bottom + 42);
    skeym_markup_text(out, axis->label);
    fputs("</text>\n", out);
}

static void draw_y(FILE *out, const struct axis *axis, double left, double right)
{
    for (size_t i = 0; i < axis->count; i++) {
        double y = place(axis, axis->ticks[i]);
        fprintf(out, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", left, y, right);
        fprintf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", left - 6,
                y + 5);
        tick_text(out, axis->ticks[i], axis->is_log);
        fputs("</text>\n", out);
    }
    fprintf(out,
            "<text class=\"axis\" transform=\"translate(15 %.1f) rotate(-90)\" "
            "text-anchor=\"middle\">",
            (axis->from + axis->to) / 2);
    skeym_markup_text(out, axis->label);
    fputs("</text>\n", out);
}

/* --- marks ------------------------------------------------------------------- */

/* Six forms, so that no series is told by its colour alone. */
static void mark(FILE *out, size_t series, double x, double y)
{
    static const char *const forms[SKEYM_CHART_SERIES] = {
        "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
        "m-4-4h8v8h-8z",
        "m0-5 5 5-5 5-5-5z",
        "m0-5 5 9h-10z",
        "m-5-4h10l-5 9z",
        "m-4-4 8 8m0-8-8 8",
    };
    fprintf(out, "<path class=\"mark s%zu\" d=\"M%.1f %.1f%s\"/>", series, x, y, forms[series]);
}

/* --- lines ------------------------------------------------------------------- */

static void draw_band(FILE *out, struct json_object *points, size_t series, const struct axis *x,
                      const struct axis *y)
{
    for (size_t i = 0; i < skeym_lookup_count(points); i++) {
        struct json_object *point = skeym_lookup_item(points, i);
        double low = skeym_lookup_number(point, "low");
        double high = skeym_lookup_number(point, "high");
        if (isfinite(low) && isfinite(high)) {
            fprintf(out, "<path class=\"interval s%zu\" d=\"M%.1f %.1fV%.1f\"/>", series,
                    place(x, skeym_lookup_number(point, "x")), place(y, low), place(y, high));
        }
    }
}

static void draw_line(FILE *out, struct json_object *points, size_t series, const struct axis *x,
                      const struct axis *y)
{
    size_t count = skeym_lookup_count(points);
    fprintf(out, "<path class=\"line s%zu\" d=\"", series);
    for (size_t i = 0; i < count; i++) {
        struct json_object *point = skeym_lookup_item(points, i);
        fprintf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', place(x, skeym_lookup_number(point, "x")),
                place(y, skeym_lookup_number(point, "y")));
    }
    fputs("\"/>\n", out);
    for (size_t i = 0; i < count && count <= 40; i++) { /* more would hide the line */
        struct json_object *point = skeym_lookup_item(points, i);
        mark(out, series, place(x, skeym_lookup_number(point, "x")),
             place(y, skeym_lookup_number(point, "y")));
    }
}

/* The names, in a row above the picture, each with its mark; more rows where one is full. */
static double draw_names(FILE *out, struct json_object *chart)
{
    struct json_object *series = skeym_lookup_member(chart, "series");
    double x = LEFT;
    double y = TOP + 4;
    for (size_t i = 0; i < skeym_lookup_count(series); i++) {
        const char *name = skeym_lookup_text(skeym_lookup_item(series, i), "name");
        double width = 34 + 7.4 * (double)strlen(name);
        if (i > 0 && x + width > WIDTH - RIGHT) {
            x = LEFT;
            y += 20;
        }
        fprintf(out, "<path class=\"line s%zu\" d=\"M%.1f %.1fh22\"/>", i, x, y);
        mark(out, i, x + 11, y);
        fprintf(out, "<text class=\"name\" x=\"%.1f\" y=\"%.1f\">", x + 28, y + 5);
        skeym_markup_text(out, name);
        fputs("</text>\n", out);
        x += width + 8;
    }
    return y + 16;
}

static double names_height(struct json_object *chart)
{
    FILE *nowhere = fopen("/dev/null", "w");
    double height = nowhere ? draw_names(nowhere, chart) : TOP;
    if (nowhere) {
        (void)fclose(nowhere);
    }
    return height;
}

static void begin(FILE *out, struct json_object *chart, double height)
{
    fprintf(out, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"", WIDTH, height);
    skeym_markup_text(out, skeym_lookup_text(chart, "says"));
    fputs("\">\n", out);
}

static void write_lines(FILE *out, struct json_object *chart)
{
    struct axis x = axis_of(chart, "x");
    struct axis y = axis_of(chart, "y");
    size_t count = skeym_lookup_count(skeym_lookup_member(chart, "series"));
    for (size_t i = 0; i < count; i++) {
        struct json_object *points = points_of(chart, i);
        for (size_t j = 0; j < skeym_lookup_count(points); j++) {
            struct json_object *point = skeym_lookup_item(points, j);
            widen(&x, skeym_lookup_number(point, "x"));
            widen(&y, skeym_lookup_number(point, "y"));
            widen(&y, skeym_lookup_number(point, "low"));
            widen(&y, skeym_lookup_number(point, "high"));
        }
    }
    double top = count > 1 ? names_height(chart) : TOP;
    double bottom = top + LINES_HEIGHT - BOTTOM - TOP;
    settle(&x, LEFT, WIDTH - RIGHT);
    settle(&y, bottom, top);
    begin(out, chart, bottom + BOTTOM);
    draw_x(out, &x, top, bottom);
    draw_y(out, &y, LEFT, WIDTH - RIGHT);
    for (size_t i = 0; i < count; i++) {
        draw_band(out, points_of(chart, i), i, &x, &y);
        draw_line(out, points_of(chart, i), i, &x, &y);
    }
    if (count > 1) {
        draw_names(out, chart);
    }
    fputs("</svg>\n", out);
}

/* --- dots and bars ----------------------------------------------------------- */

static void draw_row(FILE *out, struct json_object *point, size_t series, bool bars,
                     const struct axis *x, double y)
{
    double low = skeym_lookup_number(point, "low");
    double high = skeym_lookup_number(point, "high");
    double at = place(x, skeym_lookup_number(point, "x"));
    if (bars) {
        double zero = place(x, 0);
        fprintf(out,
                "<rect class=\"bar s%zu\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"18\"/>",
                series, fmin(zero, at), y - 9, fabs(at - zero));
    }
    if (isfinite(low) && isfinite(high)) {
        fprintf(out, "<path class=\"interval s%zu\" d=\"M%.1f %.1fH%.1f\"/>", series, place(x, low),
                y, place(x, high));
    }
    if (!bars) {
        mark(out, series, at, y);
    }
    double right = fmax(at, isfinite(high) ? place(x, high) : at);
    bool inside = right > WIDTH - RIGHT - 58; /* no room behind it: the value stands above */
    fprintf(out, "<text class=\"value\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">",
            inside ? right : right + 8, inside ? y - (bars ? 12 : 8) : y + 5,
            inside ? "end" : "start");
    double value = skeym_lookup_number(point, "x");
    fprintf(out, value >= 1e4 && value < 1e9 ? "%.0f</text>" : "%.4g</text>", value);
    fprintf(out, "<text class=\"row\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT_OF_ROWS - 10,
            y + 5);
    skeym_markup_text(out, skeym_lookup_text(point, "label"));
    fputs("</text>\n", out);
}

static void write_rows(FILE *out, struct json_object *chart, bool bars)
{
    struct axis x = axis_of(chart, "x");
    size_t count = skeym_lookup_count(skeym_lookup_member(chart, "series"));
    size_t rows = 0;
    if (bars) {
        widen(&x, 0);
    }
    for (size_t i = 0; i < count; i++) {
        struct json_object *points = points_of(chart, i);
        for (size_t j = 0; j < skeym_lookup_count(points); j++, rows++) {
            struct json_object *point = skeym_lookup_item(points, j);
            widen(&x, skeym_lookup_number(point, "x"));
            widen(&x, skeym_lookup_number(point, "low"));
            widen(&x, skeym_lookup_number(point, "high"));
        }
    }
    double top = count > 1 ? names_height(chart) : TOP;
    double bottom = top + (double)rows * ROW_HEIGHT;
    settle(&x, LEFT_OF_ROWS, WIDTH - RIGHT);
    begin(out, chart, bottom + BOTTOM);
    draw_x(out, &x, top, bottom);
    double y = top + ROW_HEIGHT / 2.0;
    for (size_t i = 0; i < count; i++) {
        struct json_object *points = points_of(chart, i);
        for (size_t j = 0; j < skeym_lookup_count(points); j++) {
            draw_row(out, skeym_lookup_item(points, j), i, bars, &x, y);
            y += ROW_HEIGHT;
        }
    }
    if (count > 1) {
        draw_names(out, chart);
    }
    fputs("</svg>\n", out);
}

enum skeym_error skeym_chart_write(FILE *out, struct json_object *chart)
{
    size_t count = skeym_lookup_count(skeym_lookup_member(chart, "series"));
    size_t points = 0;
    for (size_t i = 0; i < count; i++) {
        points += skeym_lookup_count(points_of(chart, i));
    }
    if (count > SKEYM_CHART_SERIES) {
        return SKEYM_ERR_RANGE;
    }
    const char *kind = skeym_lookup_text(chart, "kind");
    if (points == 0) {
        return SKEYM_ERR_SHAPE;
    }
    if (strcmp(kind, "lines") == 0) {
        write_lines(out, chart);
    } else if (strcmp(kind, "dots") == 0 || strcmp(kind, "bars") == 0) {
        write_rows(out, chart, strcmp(kind, "bars") == 0);
    } else {
        return SKEYM_ERR_SHAPE;
    }
    return SKEYM_OK;
}
