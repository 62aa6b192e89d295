/* SPDX-License-Identifier: Apache-2.0 */
#include "server/trail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct skeym_incident held[SKEYM_TRAIL_ROOM];

static void note(struct skeym_trail *trail, enum skeym_log_room room, const char *event,
                 uint64_t time_ms)
{
    const struct skeym_log_line line = {
        .wall_ms = time_ms, .room = room, .level = SKEYM_LOG_WARNING, .event = event};
    skeym_trail_note(trail, &line);
}

static size_t count_of(const char *event, size_t count, uint64_t *oldest_ms)
{
    size_t found = 0;
    *oldest_ms = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(held[i].event, event) == 0) {
            found++;
            *oldest_ms = held[i].time_ms < *oldest_ms ? held[i].time_ms : *oldest_ms;
        }
    }
    return found;
}

/* A flood of strangers takes nothing from what nodes and the server have left there. */
static void strangers_fill_their_own_part(void **state)
{
    (void)state;
    struct skeym_trail *trail = NULL;
    uint64_t oldest_ms = 0;
    assert_int_equal(skeym_trail_open(&trail), SKEYM_OK);
    assert_int_equal(skeym_trail_copy(trail, held), 0);
    note(trail, SKEYM_LOG_NAMED, "login", 1);
    note(trail, SKEYM_LOG_PROVEN, "unreadable", 2);
    note(trail, SKEYM_LOG_ROOMS, "ready", 3);
    for (unsigned i = 0; i < 3 * SKEYM_TRAIL_STRANGERS + 5; i++) {
        note(trail, SKEYM_LOG_STRANGERS, "refused", 10 + i);
    }
    size_t count = skeym_trail_copy(trail, held);
    assert_int_equal(count, SKEYM_TRAIL_STRANGERS + 3);
    assert_int_equal(count_of("refused", count, &oldest_ms), SKEYM_TRAIL_STRANGERS);
    assert_int_equal(oldest_ms, 10 + 2 * SKEYM_TRAIL_STRANGERS + 5); /* the newest are there */
    assert_int_equal(count_of("login", count, &oldest_ms), 1);
    assert_int_equal(count_of("unreadable", count, &oldest_ms), 1);
    assert_int_equal(count_of("ready", count, &oldest_ms), 1);
    skeym_trail_close(trail);
    skeym_trail_close(NULL);
}

static void holds_no_more_than_its_room(void **state)
{
    (void)state;
    struct skeym_trail *trail = NULL;
    assert_int_equal(skeym_trail_open(&trail), SKEYM_OK);
    for (unsigned room = 0; room <= SKEYM_LOG_ROOMS; room++) {
        for (unsigned i = 0; i < 5000; i++) {
            note(trail, (enum skeym_log_room)room, "refused", i);
        }
    }
    assert_int_equal(skeym_trail_copy(trail, held), SKEYM_TRAIL_ROOM);
    for (size_t i = 0; i < SKEYM_TRAIL_ROOM; i++) {
        assert_true(held[i].number > 0 && held[i].number <= 20000);
        for (size_t k = 0; i < 8 && k < SKEYM_TRAIL_ROOM; k++) {
            assert_true(k == i || held[k].number != held[i].number);
        }
    }
    assert_true(skeym_trail_series(trail) > 0);
    skeym_trail_close(trail);
}

/* The log tells it what it samples of a flood, and of lines below its own level, too. */
static void is_told_by_the_log(void **state)
{
    (void)state;
    struct skeym_trail *trail = NULL;
    struct skeym_log *log = NULL;
    char path[] = "/tmp/skeym-trail.XXXXXX";
    uint64_t oldest_ms = 0;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(skeym_trail_open(&trail), SKEYM_OK);
    assert_int_equal(skeym_log_open(&log, path, SKEYM_LOG_ERROR), SKEYM_OK);
    skeym_log_watch(log, skeym_trail_note, trail);
    for (unsigned i = 0; i < 1000; i++) {
        skeym_log_write_flood(log, SKEYM_LOG_STRANGERS, SKEYM_LOG_WARNING, "refused", NULL, 0);
    }
    skeym_log_write(log, SKEYM_LOG_INFO, "ready", NULL, 0);
    size_t count = skeym_trail_copy(trail, held);
    assert_int_equal(count_of("refused", count, &oldest_ms), SKEYM_LOG_FLOOD);
    assert_int_equal(count_of("ready", count, &oldest_ms), 1);
    assert_int_equal(skeym_log_tick(log), 0); /* nothing that the log would have written */
    assert_int_equal(lseek(fd, 0, SEEK_END), 0);
    skeym_log_close(log);

    assert_int_equal(skeym_log_open(&log, path, SKEYM_LOG_INFO), SKEYM_OK);
    skeym_log_watch(log, skeym_trail_note, trail);
    for (unsigned i = 0; i < 1000; i++) {
        skeym_log_write_flood(log, SKEYM_LOG_NAMED, SKEYM_LOG_WARNING, "login", NULL, 0);
    }
    assert_int_equal(skeym_log_tick(log), 1000 - SKEYM_LOG_FLOOD);
    count = skeym_trail_copy(trail, held);
    assert_int_equal(count_of("dropped", count, &oldest_ms), 1);
    for (size_t i = 0; i < count; i++) {
        assert_true(strcmp(held[i].event, "dropped") != 0 ||
                    held[i].count == 1000 - SKEYM_LOG_FLOOD);
    }
    skeym_log_close(log);
    skeym_trail_close(trail);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_fill_their_own_part),
        cmocka_unit_test(holds_no_more_than_its_room),
        cmocka_unit_test(is_told_by_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
