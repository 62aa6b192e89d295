/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct skeym_metrics *made(void)
{
    struct skeym_metrics *metrics = calloc(1, sizeof *metrics);
    assert_non_null(metrics);
    return metrics;
}

static char *print(struct skeym_metrics *metrics)
{
    size_t size = 0;
    char *text = calloc(1, 65536);
    const struct skeym_metrics_gauge gauges[] = {{"skeym_epoch", "epoch", 17}};
    assert_non_null(text);
    assert_int_equal(skeym_metrics_print((struct skeym_room){(uint8_t *)text, 65535}, &size,
                                         metrics, gauges, 1, "9.9"),
                     SKEYM_OK);
    assert_int_equal(size, strlen(text));
    return text;
}

static void has(const char *text, const char *line)
{
    char wanted[128];
    (void)snprintf(wanted, sizeof wanted, "\n%s\n", line);
    if (!strstr(text, wanted)) {
        fail_msg("not there: %s", line);
    }
}

static void every_counter_has_help_type_and_value(void **state)
{
    (void)state;
    static const char *const names[] = {
#define ROW(name, text, help) text,
        SKEYM_METRICS_COUNTERS(ROW)
#undef ROW
    };
    struct skeym_metrics *metrics = made();
    for (unsigned i = 0; i < SKEYM_METRICS_COUNTER_COUNT; i++) {
        skeym_metrics_add(metrics, (enum skeym_metrics_counter)i, i + 1);
        assert_int_equal(skeym_metrics_get(metrics, (enum skeym_metrics_counter)i), i + 1);
    }
    char *text = print(metrics);
    for (unsigned i = 0; i < SKEYM_METRICS_COUNTER_COUNT; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "%s %u", names[i], i + 1);
        has(text, line);
        (void)snprintf(line, sizeof line, "# TYPE %s counter", names[i]);
        has(text, line);
    }
    has(text, "# TYPE skeym_epoch gauge");
    has(text, "skeym_epoch 17");
    has(text, "skeym_build_info{version=\"9.9\"} 1");
    free(text);
    free(metrics);
}

static void every_check_has_a_line(void **state)
{
    (void)state;
    struct skeym_metrics *metrics = made();
    for (unsigned i = 0; i < SKEYM_CHECK_COUNT; i++) {
        skeym_metrics_refused(metrics, (enum skeym_check)i, i); /* of one request, say */
        skeym_metrics_refused(metrics, (enum skeym_check)i, 1);
    }
    skeym_metrics_refused(metrics, SKEYM_CHECK_COUNT, 1);
    char *text = print(metrics);
    for (unsigned i = 0; i < SKEYM_CHECK_COUNT; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "skeym_refusals_total{check=\"%s\"} %u",
                       skeym_check_word((enum skeym_check)i), i + 1);
        has(text, line);
    }
    free(text);
    free(metrics);
}

static void answers_and_logins_have_labels(void **state)
{
    (void)state;
    struct skeym_metrics *metrics = made();
    skeym_metrics_status(metrics, 200);
    skeym_metrics_status(metrics, 401);
    skeym_metrics_status(metrics, 401);
    skeym_metrics_status(metrics, 99999);
    skeym_metrics_status(metrics, -1);
    skeym_metrics_login(metrics, SKEYM_OK);
    skeym_metrics_login(metrics, SKEYM_ERR_REVOKED);
    char *text = print(metrics);
    has(text, "skeym_answers_total{status=\"200\"} 1");
    has(text, "skeym_answers_total{status=\"401\"} 2");
    has(text, "skeym_answers_total{status=\"0\"} 2");
    has(text, "skeym_logins_total{result=\"ok\"} 1");
    has(text, "skeym_logins_total{result=\"revoked\"} 1");
    assert_null(strstr(text, "result=\"handshake\""));
    free(text);
    free(metrics);
}

static void a_room_that_is_too_small_is_an_error(void **state)
{
    (void)state;
    struct skeym_metrics *metrics = made();
    uint8_t small[100];
    size_t size = 7;
    assert_int_equal(
        skeym_metrics_print((struct skeym_room){small, sizeof small}, &size, metrics, NULL, 0, "1"),
        SKEYM_ERR_SPACE);
    assert_int_equal(size, 0);
    free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_counter_has_help_type_and_value),
        cmocka_unit_test(every_check_has_a_line),
        cmocka_unit_test(answers_and_logins_have_labels),
        cmocka_unit_test(a_room_that_is_too_small_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
