/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

static const struct {
    const char *name, *help;
} counters[] = {
#define ROW(name, text, help) {text, help},
    SKEYM_METRICS_COUNTERS(ROW)
#undef ROW
};

static const enum skeym_error errors[] = {
#define ROW(name, value, word, text) SKEYM_##name,
    SKEYM_ERRORS(ROW)
#undef ROW
};
enum { ERRORS = sizeof errors / sizeof errors[0] };
_Static_assert((size_t)ERRORS <= (size_t)SKEYM_METRICS_ERRORS_MAX, "SKEYM_METRICS_ERRORS_MAX");

static void add(_Atomic uint64_t *at, uint64_t value)
{
    atomic_fetch_add_explicit(at, value, memory_order_relaxed);
}

static struct skeym_metrics_part *mine(struct skeym_metrics *metrics)
{
    return &metrics->part[skeym_slot()];
}

/* The number at this offset of each part, summed. */
static uint64_t get(const struct skeym_metrics *metrics, size_t offset)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < SKEYM_SLOTS; i++) {
        const void *at = (const uint8_t *)&metrics->part[i] + offset;
        sum += atomic_load_explicit((const _Atomic uint64_t *)at, memory_order_relaxed);
    }
    return sum;
}

/* Of an array of counters in a part. */
#define AT(array, i) (offsetof(struct skeym_metrics_part, array) + (size_t)(i) * sizeof(uint64_t))

void skeym_metrics_add(struct skeym_metrics *metrics, enum skeym_metrics_counter counter,
                       uint64_t value)
{
    add(&mine(metrics)->counter[counter], value);
}

uint64_t skeym_metrics_get(struct skeym_metrics *metrics, enum skeym_metrics_counter counter)
{
    return get(metrics, AT(counter, counter));
}

void skeym_metrics_refused(struct skeym_metrics *metrics, enum skeym_check check, uint64_t count)
{
    if ((unsigned)check < SKEYM_CHECK_COUNT) {
        add(&mine(metrics)->refused[check], count);
    }
}

void skeym_metrics_status(struct skeym_metrics *metrics, int status)
{
    add(&mine(metrics)->status[status > 0 && status < SKEYM_METRICS_STATUS_MAX ? status : 0], 1);
}

void skeym_metrics_login(struct skeym_metrics *metrics, enum skeym_error result)
{
    for (size_t i = 0; i < ERRORS; i++) {
        if (errors[i] == result) {
            add(&mine(metrics)->login[i], 1);
        }
    }
}

static void head(struct skeym_writer *writer, const char *name, const char *help, const char *type)
{
    char line[320];
    (void)snprintf(line, sizeof line, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
    skeym_write_text(writer, line);
}

static void sample(struct skeym_writer *writer, const char *name, const char *label,
                   const char *word, uint64_t value)
{
    char line[320];
    if (label) {
        (void)snprintf(line, sizeof line, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, word, value);
    } else {
        (void)snprintf(line, sizeof line, "%s %" PRIu64 "\n", name, value);
    }
    skeym_write_text(writer, line);
}

static void print_labelled(struct skeym_writer *writer, struct skeym_metrics *metrics)
{
    char status[16];
    head(writer, "skeym_answers_total", "answers by HTTP status", "counter");
    for (int i = 0; i < SKEYM_METRICS_STATUS_MAX; i++) {
        if (get(metrics, AT(status, i))) {
            (void)snprintf(status, sizeof status, "%d", i);
            sample(writer, "skeym_answers_total", "status", status, get(metrics, AT(status, i)));
        }
    }
    head(writer, "skeym_refusals_total", "requests refused, by the check that did", "counter");
    for (unsigned i = 0; i < SKEYM_CHECK_COUNT; i++) {
        sample(writer, "skeym_refusals_total", "check", skeym_check_word((enum skeym_check)i),
               get(metrics, AT(refused, i)));
    }
    head(writer, "skeym_logins_total", "logins by result", "counter");
    for (size_t i = 0; i < ERRORS; i++) {
        if (i == 0 || get(metrics, AT(login, i))) {
            sample(writer, "skeym_logins_total", "result", skeym_error_word(errors[i]),
                   get(metrics, AT(login, i)));
        }
    }
}

enum skeym_error skeym_metrics_print(struct skeym_room out, size_t *size,
                                     struct skeym_metrics *metrics,
                                     const struct skeym_metrics_gauge *gauges, size_t count,
                                     const char *version)
{
    struct skeym_writer writer = skeym_writer(out);
    head(&writer, "skeym_build_info", "the program", "gauge");
    sample(&writer, "skeym_build_info", "version", version, 1);
    for (size_t i = 0; i < SKEYM_METRICS_COUNTER_COUNT; i++) {
        head(&writer, counters[i].name, counters[i].help, "counter");
        sample(&writer, counters[i].name, NULL, NULL, get(metrics, AT(counter, i)));
    }
    print_labelled(&writer, metrics);
    for (size_t i = 0; i < count; i++) {
        head(&writer, gauges[i].name, gauges[i].help, "gauge");
        sample(&writer, gauges[i].name, NULL, NULL, gauges[i].value);
    }
    *size = skeym_written(&writer).size;
    return skeym_writer_end(&writer);
}
