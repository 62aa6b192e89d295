/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/inspection.h"
#include "inspect/crew.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct skeym_inspection *const table[] = {
#define ROW(name) &skeym_inspection_##name,
    SKEYM_INSPECTIONS(ROW)
#undef ROW
};

const struct skeym_inspection *const *skeym_inspection_table(size_t *count)
{
    *count = sizeof table / sizeof table[0];
    return table;
}

const struct skeym_inspection *skeym_inspection_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i]->name, name) == 0) {
            return table[i];
        }
    }
    return NULL;
}

/* Takes value over. */
static void add(struct skeym_finding *finding, const char *key, struct json_object *value)
{
    if (!finding->json || !value || json_object_object_add(finding->json, key, value) != 0) {
        json_object_put(value);
        skeym_finding_must(finding, SKEYM_ERR_MEMORY);
    }
}

static void date(char *text, size_t room)
{
    time_t now = time(NULL);
    struct tm utc;
    text[0] = '\0';
    if (gmtime_r(&now, &utc)) {
        strftime(text, room, "%Y-%m-%d", &utc);
    }
}

struct json_object *skeym_inspection_run(const struct skeym_inspection *inspection,
                                         const struct skeym_inspect_context *context)
{
    struct skeym_finding finding;
    skeym_finding_begin(&finding, inspection->name, inspection->title, inspection->question,
                        inspection->paper);
    double began = skeym_crew_seconds();
    if (finding.error == SKEYM_OK) {
        inspection->run(context, &finding);
    }
    char seed[24], day[16];
    snprintf(seed, sizeof seed, "%" PRIu64, context->seed);
    date(day, sizeof day);
    add(&finding, "size",
        json_object_new_string(context->size == SKEYM_INSPECT_FULL ? "full" : "quick"));
    add(&finding, "seed", json_object_new_string(seed));
    add(&finding, "seconds", json_object_new_double(skeym_crew_seconds() - began));
    add(&finding, "date", json_object_new_string(day));
    add(&finding, "data", json_object_new_boolean(inspection->data));
    add(&finding, "stopped", json_object_new_boolean(context->stopped(context->arg)));
    enum skeym_error error = skeym_finding_check(&finding);
    if (error != SKEYM_OK && finding.json) {
        json_object_object_del(finding.json, "verdict");
        add(&finding, "error", json_object_new_string(skeym_error_text(error)));
    }
    return finding.json;
}
