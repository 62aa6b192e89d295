/* SPDX-License-Identifier: Apache-2.0 */
#include "server/deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAIRS = 4 };

struct place {
    struct skeym_deadlines list;
    struct skeym_deadline entry[PAIRS];
    int peer[PAIRS];
};

static void open_all(struct place *place)
{
    skeym_deadline_init(&place->list);
    for (int i = 0; i < PAIRS; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        place->entry[i].fd = pair[0];
        place->peer[i] = pair[1];
        skeym_deadline_set(&place->entry[i], SKEYM_DEADLINE_READING, 0, (uint64_t)i * 100);
        skeym_deadline_add(&place->list, &place->entry[i]);
    }
}

static size_t late(struct place *place, uint64_t now_ms)
{
    return skeym_deadline_cut(&place->list, now_ms).late;
}

static bool is_cut(const struct place *place, int i)
{
    char byte;
    return recv(place->peer[i], &byte, 1, MSG_DONTWAIT) == 0;
}

static void close_all(struct place *place)
{
    for (int i = 0; i < PAIRS; i++) {
        (void)close(place->entry[i].fd);
        (void)close(place->peer[i]);
    }
}

static void cuts_what_is_late_and_nothing_else(void **state)
{
    (void)state;
    struct place place;
    open_all(&place);
    assert_int_equal(skeym_deadline_count(&place.list), PAIRS);
    assert_int_equal(late(&place, 100), 2);
    assert_true(is_cut(&place, 0));
    assert_true(is_cut(&place, 1));
    assert_false(is_cut(&place, 2));
    assert_int_equal(late(&place, 199), 0);
    skeym_deadline_set(&place.entry[2], SKEYM_DEADLINE_WORKING, 199, SKEYM_DEADLINE_NONE);
    assert_int_equal(late(&place, UINT64_MAX - 1), 1);
    assert_false(is_cut(&place, 2));
    assert_true(is_cut(&place, 3));
    close_all(&place);
}

static void forgets_what_was_removed(void **state)
{
    (void)state;
    static const int orders[][PAIRS] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}};
    for (size_t o = 0; o < sizeof orders / sizeof orders[0]; o++) {
        struct place place;
        open_all(&place);
        for (int i = 0; i < PAIRS; i++) {
            skeym_deadline_remove(&place.list, &place.entry[orders[o][i]]);
            assert_int_equal(skeym_deadline_count(&place.list), PAIRS - 1 - i);
            if (i == 1) {
                assert_int_equal(late(&place, 1000), 2);
                assert_false(is_cut(&place, orders[o][0]));
                assert_true(is_cut(&place, orders[o][2]));
            }
        }
        assert_int_equal(late(&place, 1000), 0);
        close_all(&place);
    }
}

static size_t gone(struct place *place)
{
    struct skeym_deadline_cuts cuts = skeym_deadline_cut(&place->list, 0);
    assert_int_equal(cuts.late, 0);
    return cuts.gone;
}

static void cuts_a_peer_that_left_half_a_request(void **state)
{
    (void)state;
    struct place place;
    open_all(&place);
    for (int i = 0; i < PAIRS; i++) {
        skeym_deadline_set(&place.entry[i], SKEYM_DEADLINE_READING, 0, SKEYM_DEADLINE_NONE);
    }
    assert_int_equal(shutdown(place.peer[1], SHUT_WR), 0);
    assert_int_equal(gone(&place), 0); /* its last bytes may be on their way through us */
    assert_int_equal(gone(&place), 1);
    assert_true(is_cut(&place, 1));
    assert_false(is_cut(&place, 0));
    assert_int_equal(gone(&place), 0); /* once */
    close_all(&place);
}

static void keeps_a_peer_that_only_waits_for_its_answer(void **state)
{
    (void)state;
    static const enum skeym_deadline_phase phases[] = {SKEYM_DEADLINE_WORKING,
                                                       SKEYM_DEADLINE_SENDING};
    struct place place;
    char byte;
    open_all(&place);
    for (int i = 0; i < PAIRS; i++) {
        skeym_deadline_set(&place.entry[i], phases[i % 2], 0, SKEYM_DEADLINE_NONE);
        assert_int_equal(shutdown(place.peer[i], SHUT_WR), 0);
    }
    assert_int_equal(gone(&place) + gone(&place) + gone(&place), 0);

    /* nor one whose request was not read yet, nor one that has moved on since it was looked at */
    skeym_deadline_set(&place.entry[0], SKEYM_DEADLINE_READING, 0, SKEYM_DEADLINE_NONE);
    assert_int_equal(gone(&place), 0);
    skeym_deadline_set(&place.entry[0], SKEYM_DEADLINE_READING, 0, SKEYM_DEADLINE_NONE);
    assert_int_equal(gone(&place), 0);
    assert_int_equal(gone(&place), 1);
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(send(pair[1], "x", 1, 0), 1);
    assert_int_equal(close(pair[1]), 0);
    struct skeym_deadline unread = {.fd = pair[0]};
    skeym_deadline_set(&unread, SKEYM_DEADLINE_READING, 0, SKEYM_DEADLINE_NONE);
    skeym_deadline_add(&place.list, &unread);
    assert_int_equal(gone(&place) + gone(&place) + gone(&place), 0);
    assert_int_equal(recv(pair[0], &byte, 1, 0), 1);
    assert_int_equal(gone(&place) + gone(&place), 1);
    skeym_deadline_remove(&place.list, &unread);
    (void)close(pair[0]);
    close_all(&place);
}

static void knows_the_request_that_takes_longest(void **state)
{
    (void)state;
    struct place place;
    open_all(&place);
    assert_int_equal(skeym_deadline_oldest(&place.list, 5000), 0); /* reading takes its time */
    skeym_deadline_set(&place.entry[1], SKEYM_DEADLINE_WORKING, 4000, SKEYM_DEADLINE_NONE);
    skeym_deadline_set(&place.entry[2], SKEYM_DEADLINE_WORKING, 1000, SKEYM_DEADLINE_NONE);
    skeym_deadline_set(&place.entry[3], SKEYM_DEADLINE_SENDING, 500, SKEYM_DEADLINE_NONE);
    assert_int_equal(skeym_deadline_oldest(&place.list, 5000), 4000);
    assert_int_equal(skeym_deadline_oldest(&place.list, 900), 0);
    skeym_deadline_set(&place.entry[2], SKEYM_DEADLINE_SENDING, 5000, SKEYM_DEADLINE_NONE);
    assert_int_equal(skeym_deadline_oldest(&place.list, 5000), 1000);
    close_all(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_what_is_late_and_nothing_else),
        cmocka_unit_test(forgets_what_was_removed),
        cmocka_unit_test(cuts_a_peer_that_left_half_a_request),
        cmocka_unit_test(knows_the_request_that_takes_longest),
        cmocka_unit_test(keeps_a_peer_that_only_waits_for_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
