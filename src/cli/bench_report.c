/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

/* Percent of a core at which the generator may be what limits. */
#define BUSY_PERCENT 85.0

static const struct {
    const char *name;
    double share;
} marks[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};
enum { MARKS = sizeof marks / sizeof marks[0] };

/* What is derived from the counts. */
struct figures {
    double seconds;
    double ok_percent;
    double ok_rate, answer_rate;
    double user_us, sys_us; /* per answer */
    double core_percent;    /* of one core, of each thread, without looking in vain */
    /* of what is watched: */
    double watched_user_us, watched_sys_us; /* per answer */
    double watched_percent;                 /* of one core */
    double watched_mb, watched_rss_mb;
    double others_percent; /* of one core: what neither the watched nor the generator used */
};

static double per(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static void figure_watched(struct figures *figures, const struct skeym_load_result *result,
                           const struct skeym_bench_watched *watched)
{
    const struct skeym_load_usage *before = &watched->before;
    const struct skeym_load_usage *after = &watched->after;
    double user_us = (double)(after->user_us - before->user_us);
    double sys_us = (double)(after->system_us - before->system_us);
    double elapsed_us = (double)result->elapsed_ns / 1e3;
    double own_us = (double)(result->user_ns + result->sys_ns) / 1e3;
    double others_us = (double)(after->machine_us - before->machine_us) - user_us - sys_us - own_us;
    figures->watched_user_us = per(user_us, (double)result->answers);
    figures->watched_sys_us = per(sys_us, (double)result->answers);
    figures->watched_percent = 100 * per(user_us + sys_us, elapsed_us);
    figures->watched_mb = (double)after->memory_kb / 1024;
    figures->watched_rss_mb = (double)after->resident_kb / 1024;
    figures->others_percent = 100 * per(others_us > 0 ? others_us : 0, elapsed_us);
}

static struct figures figure(const struct skeym_load_result *result)
{
    struct figures figures = {.seconds = (double)result->elapsed_ns / 1e9};
    double ok = (double)skeym_load_count(result, SKEYM_LOAD_OK);
    double cpu_ns = (double)(result->user_ns + result->sys_ns);
    /* What it looked in vain is time of the wall, of which others may have had a part: so rather
     * too much is taken for work than too little. */
    double busy_ns = (double)result->elapsed_ns * result->threads - (double)result->spun_ns;
    double work_ns = busy_ns < cpu_ns ? busy_ns : cpu_ns;
    figures.ok_percent = 100 * per(ok, (double)result->due);
    figures.ok_rate = per(ok, figures.seconds);
    figures.answer_rate = per((double)result->answers, figures.seconds);
    figures.user_us = per((double)result->user_ns / 1e3, (double)result->answers);
    figures.sys_us = per((double)result->sys_ns / 1e3, (double)result->answers);
    figures.core_percent = 100 * per(work_ns, (double)result->elapsed_ns * result->threads);
    return figures;
}

/* --- for people ----------------------------------------------------------------------- */

static void print_latency(const char *name, const struct skeym_histogram *latency)
{
    if (latency->count == 0) {
        return;
    }
    printf("  %-8s %9" PRIu64 " %9.3f", name, latency->count, skeym_histogram_mean(latency) / 1e6);
    for (size_t i = 0; i < MARKS; i++) {
        printf(" %9.3f", (double)skeym_histogram_at(latency, marks[i].share) / 1e6);
    }
    printf(" %9.3f\n", (double)latency->most / 1e6);
}

static void print_latencies(const struct skeym_load_result *result,
                            const struct skeym_histogram *all)
{
    unsigned shown = 0;
    if (all->count == 0) {
        return;
    }
    printf("  %-8s %9s %9s", "ms", "ok", "mean");
    for (size_t i = 0; i < MARKS; i++) {
        printf(" %9s", marks[i].name);
    }
    printf(" %9s\n", "max");
    for (size_t k = 0; k < SKEYM_LOAD_KINDS && result->kind_names[k]; k++) {
        print_latency(result->kind_names[k], &result->kinds[k].latency);
        shown += result->kinds[k].latency.count > 0;
    }
    if (shown > 1) {
        print_latency("all", all);
    }
}

static void print_outcomes(const struct skeym_load_result *result, const struct figures *figures)
{
    printf("%" PRIu64 " operations in %.2f s: %.3f%% ok, %.0f ok/s; %.0f answers/s; %" PRIu64
           " repeated, %" PRIu64 " connections made\n",
           result->due, figures->seconds, figures->ok_percent, figures->ok_rate,
           figures->answer_rate, result->repeated, result->connects);
    for (int i = SKEYM_LOAD_OK + 1; i < SKEYM_LOAD_OUTCOME_COUNT; i++) {
        uint64_t count = skeym_load_count(result, (enum skeym_load_outcome)i);
        if (count) {
            printf("  %-9s %" PRIu64 "\n", skeym_load_outcome_word((enum skeym_load_outcome)i),
                   count);
        }
    }
    if (result->why[0]) {
        printf("  the first that was not ok: %s\n", result->why);
    }
}

static void print_generator(const struct skeym_load_result *result, const struct figures *figures,
                            bool open)
{
    printf("generator: %.2f us user, %.2f us system per answer; %.0f%% of a core on %u thread%s",
           figures->user_us, figures->sys_us, figures->core_percent, result->threads,
           result->threads == 1 ? "" : "s each");
    if (open) {
        printf("; late by %.3f ms at most", (double)result->late_ns / 1e6);
    }
    printf("\n");
    if (figures->core_percent > BUSY_PERCENT) {
        printf("WARNING: the GENERATOR may be the limit, not the server\n");
    }
}

static void print_watched(const struct figures *figures)
{
    printf(
        "watched: %.2f us user, %.2f us system per answer; %.0f%% of a core; %.1f MB; others used "
        "%.0f%% of a core meanwhile\n",
        figures->watched_user_us, figures->watched_sys_us, figures->watched_percent,
        figures->watched_mb, figures->others_percent);
}

/* --- for programs -------------------------------------------------------------------------- */

struct sheet {
    struct json_object *object;
    bool bad; /* something could not be added */
};

static void put(struct sheet *sheet, const char *prefix, const char *name, double value)
{
    char key[64];
    (void)snprintf(key, sizeof key, "%s%s", prefix, name);
    struct json_object *number = json_object_new_double(value);
    if (!number || json_object_object_add(sheet->object, key, number) != 0) {
        json_object_put(number);
        sheet->bad = true;
    }
}

static void put_latency(struct sheet *sheet, const char *prefix,
                        const struct skeym_histogram *latency)
{
    char name[32];
    put(sheet, prefix, "mean_us", skeym_histogram_mean(latency) / 1e3);
    for (size_t i = 0; i < MARKS; i++) {
        (void)snprintf(name, sizeof name, "%s_us", marks[i].name);
        put(sheet, prefix, name, (double)skeym_histogram_at(latency, marks[i].share) / 1e3);
    }
    put(sheet, prefix, "max_us", (double)latency->most / 1e3);
}

static void put_figures(struct sheet *sheet, const struct skeym_load_result *result,
                        const struct figures *figures)
{
    put(sheet, "", "seconds", figures->seconds);
    put(sheet, "", "due", (double)result->due);
    put(sheet, "", "answers", (double)result->answers);
    put(sheet, "", "repeated", (double)result->repeated);
    put(sheet, "", "connects", (double)result->connects);
    put(sheet, "", "ok_percent", figures->ok_percent);
    put(sheet, "", "ok_per_s", figures->ok_rate);
    put(sheet, "", "answers_per_s", figures->answer_rate);
    put(sheet, "", "generator_user_us", figures->user_us);
    put(sheet, "", "generator_system_us", figures->sys_us);
    put(sheet, "", "generator_core_percent", figures->core_percent);
    put(sheet, "", "generator_late_us", (double)result->late_ns / 1e3);
    put(sheet, "", "started_monotonic_ns", (double)result->started_ns);
    put(sheet, "", "watched_user_us", figures->watched_user_us);
    put(sheet, "", "watched_system_us", figures->watched_sys_us);
    put(sheet, "", "watched_core_percent", figures->watched_percent);
    put(sheet, "", "watched_mb", figures->watched_mb);
    put(sheet, "", "watched_rss_mb", figures->watched_rss_mb);
    put(sheet, "", "others_core_percent", figures->others_percent);
    for (int i = 0; i < SKEYM_LOAD_OUTCOME_COUNT; i++) {
        put(sheet, "", skeym_load_outcome_word((enum skeym_load_outcome)i),
            (double)skeym_load_count(result, (enum skeym_load_outcome)i));
    }
}

static bool write_json(const struct skeym_load_result *result, const struct figures *figures,
                       const struct skeym_histogram *all, const char *path)
{
    struct sheet sheet = {.object = json_object_new_object()};
    if (!sheet.object) {
        return false;
    }
    put_figures(&sheet, result, figures);
    put_latency(&sheet, "", all);
    for (size_t k = 0; k < SKEYM_LOAD_KINDS && result->kind_names[k]; k++) {
        char prefix[32];
        (void)snprintf(prefix, sizeof prefix, "%s.", result->kind_names[k]);
        put(&sheet, prefix, "ok", (double)result->kinds[k].outcomes[SKEYM_LOAD_OK]);
        put_latency(&sheet, prefix, &result->kinds[k].latency);
    }
    bool good =
        !sheet.bad && json_object_to_file_ext(path, sheet.object, JSON_C_TO_STRING_PRETTY) == 0;
    json_object_put(sheet.object);
    return good;
}

/* A line for each operation: when it was due (us since the start), latency (us), kind, outcome,
 * repetitions. */
static bool write_trace(const struct skeym_load_result *result, const char *path)
{
    FILE *file = fopen(path, "we");
    if (!file) {
        return false;
    }
    bool good = fprintf(file, "due_us,latency_us,kind,outcome,repeated\n") > 0;
    for (size_t i = 0; i < result->record_count && good; i++) {
        const struct skeym_load_record *record = &result->records[i];
        good = fprintf(file, "%" PRIu64 ",%" PRIu64 ",%s,%s,%u\n", record->due_ns / 1000,
                       record->latency_ns / 1000, result->kind_names[record->kind],
                       skeym_load_outcome_word((enum skeym_load_outcome)record->outcome),
                       record->repeated) > 0;
    }
    return fclose(file) == 0 && good;
}

/* --- the verdict ------------------------------------------------------------------------------ */

static int judge(const struct skeym_load_result *result, const struct skeym_bench_options *options)
{
    uint64_t ok = skeym_load_count(result, SKEYM_LOAD_OK);
    if (result->due == 0) {
        return skeym_cli_say("bench", "nothing was asked");
    }
    if (options->attack) {
        return ok && !options->attack->may_pass
                   ? skeym_cli_say("bench", "%" PRIu64 " requests of an ATTACKER were ACCEPTED", ok)
                   : SKEYM_EXIT_OK;
    }
    return ok == result->due ? SKEYM_EXIT_OK : SKEYM_EXIT_FAILED;
}

int skeym_bench_report(const struct skeym_load_result *result,
                       const struct skeym_bench_options *options,
                       const struct skeym_bench_watched *watched)
{
    struct figures figures = figure(result);
    if (watched->count) {
        figure_watched(&figures, result, watched);
    }
    struct skeym_histogram *all = calloc(1, sizeof *all);
    if (!all) {
        return skeym_cli_fail("bench", NULL, SKEYM_ERR_MEMORY);
    }
    for (size_t k = 0; k < SKEYM_LOAD_KINDS; k++) {
        skeym_histogram_merge(all, &result->kinds[k].latency);
    }
    print_outcomes(result, &figures);
    print_latencies(result, all);
    print_generator(result, &figures, options->load.per_second > 0);
    if (watched->count) {
        print_watched(&figures);
    }
    int code = judge(result, options);
    if (options->json && !write_json(result, &figures, all, options->json)) {
        code = skeym_cli_fail("bench", options->json, SKEYM_ERR_IO);
    }
    if (options->trace && !write_trace(result, options->trace)) {
        code = skeym_cli_fail("bench", options->trace, SKEYM_ERR_IO);
    }
    free(all);
    return code;
}
