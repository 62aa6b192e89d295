/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inspect_report.h"
#include "report/lookup.h"
#include "report/page.h"
#include "server/home.h"
#include "json/json_read.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, TEXT_ROOM = 128, REPORT_BYTES = 64 << 20 };

static bool make_path(char *path, const char *dir, const char *name, const char *suffix)
{
    int size = snprintf(path, PATH_ROOM, "%s/%s%s", dir, name, suffix);
    return size > 0 && size < PATH_ROOM;
}

/* --- reading ----------------------------------------------------------------- */

static struct json_object *read_json(const char *path)
{
    struct json_object *object = NULL;
    uint8_t *data = NULL;
    size_t size = 0;
    if (skeym_home_read_file(&data, &size, path, REPORT_BYTES, false) != SKEYM_OK) {
        return NULL;
    }
    /* one that cannot be read is made anew */
    if (skeym_json_read(&object, skeym_span(data, size), &skeym_json_read_ours, NULL) != SKEYM_OK) {
        object = NULL;
    }
    free(data);
    return object;
}

/* Was it left by this very program? One that was built since may find something else. */
static bool is_newer(const char *path, const char *program)
{
    struct stat left, built;
    return stat(path, &left) == 0 && stat(program, &built) == 0 &&
           (left.st_mtim.tv_sec > built.st_mtim.tv_sec ||
            (left.st_mtim.tv_sec == built.st_mtim.tv_sec &&
             left.st_mtim.tv_nsec >= built.st_mtim.tv_nsec));
}

struct json_object *skeym_inspect_report_kept(const char *dir,
                                              const struct skeym_inspection *inspection,
                                              const struct skeym_inspect_context *context)
{
    char path[PATH_ROOM], seed[24];
    if (!dir || !make_path(path, dir, inspection->name, ".json") ||
        !is_newer(path, context->program)) {
        return NULL;
    }
    struct json_object *kept = read_json(path);
    snprintf(seed, sizeof seed, "%" PRIu64, context->seed);
    const char *size = context->size == SKEYM_INSPECT_FULL ? "full" : "quick";
    struct json_object *stopped = NULL, *verdict = NULL;
    bool whole = json_object_is_type(kept, json_type_object) &&
                 json_object_object_get_ex(kept, "verdict", &verdict) &&
                 json_object_object_get_ex(kept, "stopped", &stopped) &&
                 !json_object_get_boolean(stopped) &&
                 strcmp(skeym_lookup_text(kept, "seed"), seed) == 0 &&
                 strcmp(skeym_lookup_text(kept, "size"), size) == 0 &&
                 strcmp(skeym_lookup_text(kept, "name"), inspection->name) == 0 &&
                 strcmp(skeym_lookup_text(kept, "version"), SKEYM_VERSION) == 0;
    if (!whole) {
        json_object_put(kept);
        return NULL;
    }
    return kept;
}

/* --- writing ----------------------------------------------------------------- */

static enum skeym_error write_json(FILE *out, struct json_object *object)
{
    const char *words = json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (!words) {
        return SKEYM_ERR_MEMORY;
    }
    return fputs(words, out) < 0 || fputc('\n', out) == EOF ? SKEYM_ERR_IO : SKEYM_OK;
}

/* Written beside its place, then renamed: no half file stays. */
static enum skeym_error write_file(const char *dir, const char *name, const char *suffix,
                                   enum skeym_error (*writer)(FILE *, struct json_object *),
                                   struct json_object *object)
{
    char path[PATH_ROOM], beside[PATH_ROOM];
    if (!make_path(path, dir, name, suffix) || !make_path(beside, dir, name, ".new")) {
        return SKEYM_ERR_SPACE;
    }
    FILE *out = fopen(beside, "we");
    if (!out) {
        return SKEYM_ERR_IO;
    }
    enum skeym_error error = writer(out, object);
    if (fclose(out) != 0 && error == SKEYM_OK) {
        error = SKEYM_ERR_IO;
    }
    if (error == SKEYM_OK && rename(beside, path) != 0) {
        error = SKEYM_ERR_IO;
    }
    if (error != SKEYM_OK) {
        (void)unlink(beside);
    }
    return error;
}

/* The object takes the value, or it is let go of. */
static enum skeym_error put(struct json_object *object, const char *key, struct json_object *value)
{
    if (!value || json_object_object_add(object, key, value) != 0) {
        json_object_put(value);
        return SKEYM_ERR_MEMORY;
    }
    return SKEYM_OK;
}

static enum skeym_error put_text(struct json_object *object, const char *key, const char *words)
{
    return put(object, key, json_object_new_string(words));
}

enum skeym_error skeym_inspect_report_keep(const char *dir, struct json_object *finding)
{
    if (!dir) {
        return SKEYM_OK;
    }
    (void)mkdir(dir, 0777); /* one that cannot be made shows at the next step */
    enum skeym_error error = put_text(finding, "version", SKEYM_VERSION);
    return error == SKEYM_OK
               ? write_file(dir, skeym_lookup_text(finding, "name"), ".json", write_json, finding)
               : error;
}

/* "2 x AMD EPYC" */
static void machine(char *words, size_t room)
{
    char line[256];
    FILE *in = fopen("/proc/cpuinfo", "re");
    snprintf(words, room, "%ld cores", sysconf(_SC_NPROCESSORS_ONLN));
    while (in && fgets(line, sizeof line, in)) {
        const char *model = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && model && model[1] == ' ') {
            snprintf(words, room, "%ld x %.*s", sysconf(_SC_NPROCESSORS_ONLN),
                     (int)strcspn(model + 2, "\n"), model + 2);
            break;
        }
    }
    if (in) {
        (void)fclose(in);
    }
}

enum skeym_error skeym_inspect_report_write(const char *dir,
                                            const struct skeym_inspect_context *context,
                                            struct json_object *findings)
{
    char words[TEXT_ROOM];
    if (!dir) {
        return SKEYM_OK;
    }
    struct json_object *report = json_object_new_object();
    enum skeym_error error = report ? put_text(report, "version", SKEYM_VERSION) : SKEYM_ERR_MEMORY;
    if (error == SKEYM_OK) {
        time_t now = time(NULL);
        struct tm utc;
        strftime(words, sizeof words, "%Y-%m-%d", gmtime_r(&now, &utc));
        error = put_text(report, "date", words);
    }
    if (error == SKEYM_OK) {
        machine(words, sizeof words);
        error = put_text(report, "machine", words);
    }
    if (error == SKEYM_OK) {
        error = put_text(report, "size", context->size == SKEYM_INSPECT_FULL ? "full" : "quick");
    }
    if (error == SKEYM_OK) {
        snprintf(words, sizeof words, "%" PRIu64, context->seed);
        error = put_text(report, "seed", words);
    }
    if (error == SKEYM_OK) {
        error = put(report, "stopped", json_object_new_boolean(context->stopped(context->arg)));
    }
    if (error == SKEYM_OK) {
        error = put(report, "inspections", json_object_get(findings));
    }
    if (error == SKEYM_OK) {
        error = write_file(dir, "report", ".json", write_json, report);
    }
    if (error == SKEYM_OK) {
        error = write_file(dir, "report", ".html", skeym_page_write, report);
    }
    json_object_put(report);
    return error;
}
