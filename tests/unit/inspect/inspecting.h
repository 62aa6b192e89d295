/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of single inspections share: a context that a test controls, and a look at the
 * finding. The parts that an inspection rests on are replaced by the test: it includes their source
 * with the names of some functions changed, and has functions of these names itself.
 */
#ifndef SKEYM_TESTS_INSPECTING_H
#define SKEYM_TESTS_INSPECTING_H

#include "inspect/inspection.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* How often the inspection may still ask whether to stop before the answer is yes; and what it said
 * last of its progress. */
static int let_go = INT_MAX;
static double reached;
/* Called with each progress, too. */
static void (*on_progress)(void);

static inline void inspecting_progress(void *arg, const char *what, double done)
{
    (void)arg;
    assert_non_null(what);
    assert_true(done >= 0 && done <= 1);
    reached = done;
    if (on_progress) {
        on_progress();
    }
}

static inline bool inspecting_stopped(void *arg)
{
    (void)arg;
    let_go -= let_go > 0;
    return let_go == 0;
}

static inline struct json_object *inspect_with(const struct skeym_inspection *one,
                                               enum skeym_inspect_size size, const char *data)
{
    const struct skeym_inspect_context context = {.size = size,
                                                  .seed = 7,
                                                  .data = data,
                                                  .progress = inspecting_progress,
                                                  .stopped = inspecting_stopped};
    struct json_object *finding = skeym_inspection_run(one, &context);
    assert_non_null(finding);
    return finding;
}

static inline struct json_object *inspect(const struct skeym_inspection *one)
{
    return inspect_with(one, SKEYM_INSPECT_QUICK, NULL);
}

static inline struct json_object *member(struct json_object *object, const char *key)
{
    struct json_object *found = NULL;
    json_object_object_get_ex(object, key, &found);
    return found;
}

static inline void assert_part(const char *text, const char *part)
{
    if (!text || !strstr(text, part)) {
        fail_msg("\"%s\" is not in: %s", part, text ? text : "(nothing)");
    }
}

/* It came to this verdict, and its sentence has these words in it. Takes the finding over. */
static inline void ends_with(struct json_object *finding, enum skeym_verdict kind, const char *part)
{
    struct json_object *verdict = member(finding, "verdict");
    if (!verdict) {
        fail_msg("no verdict but: %s", json_object_get_string(member(finding, "error")));
    }
    assert_null(member(finding, "error"));
    assert_string_equal(json_object_get_string(member(verdict, "kind")),
                        skeym_finding_verdict_word(kind));
    assert_part(json_object_get_string(member(verdict, "text")), part);
    json_object_put(finding);
}

/* It failed with this error, and has no verdict. Takes the finding over. */
static inline void fails_with(struct json_object *finding, enum skeym_error error)
{
    assert_null(member(finding, "verdict"));
    assert_non_null(member(finding, "error"));
    assert_string_equal(json_object_get_string(member(finding, "error")), skeym_error_text(error));
    json_object_put(finding);
}

/* The value of a figure; it must be there. */
static inline double figure_of(struct json_object *finding, const char *id)
{
    struct json_object *figures = member(finding, "figures");
    for (size_t i = 0; i < json_object_array_length(figures); i++) {
        struct json_object *figure = json_object_array_get_idx(figures, i);
        if (strcmp(json_object_get_string(member(figure, "id")), id) == 0) {
            return json_object_get_double(member(figure, "value"));
        }
    }
    fail_msg("no figure %s", id);
    return 0;
}

/* The text of a cell of a table. */
static inline const char *cell_of(struct json_object *finding, size_t table, size_t row,
                                  size_t column)
{
    struct json_object *rows =
        member(json_object_array_get_idx(member(finding, "tables"), table), "rows");
    return json_object_get_string(
        json_object_array_get_idx(json_object_array_get_idx(rows, row), column));
}

static inline size_t length_of(struct json_object *finding, const char *list)
{
    return json_object_array_length(member(finding, list));
}

/* The headline of a chart. */
static inline const char *headline_of(struct json_object *finding, size_t chart)
{
    return json_object_get_string(
        member(json_object_array_get_idx(member(finding, "charts"), chart), "says"));
}

#endif
