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
        skeym_deadline_set(&place->entry[i], (uint64_t)i * 100);
        skeym_deadline_add(&place->list, &place->entry[i]);
    }
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
    assert_int_equal(skeym_deadline_cut(&place.list, 100), 2);
    assert_true(is_cut(&place, 0));
    assert_true(is_cut(&place, 1));
    assert_false(is_cut(&place, 2));
    assert_int_equal(skeym_deadline_cut(&place.list, 199), 0);
    skeym_deadline_set(&place.entry[2], SKEYM_DEADLINE_NONE);
    assert_int_equal(skeym_deadline_cut(&place.list, UINT64_MAX - 1), 1);
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
                assert_int_equal(skeym_deadline_cut(&place.list, 1000), 2);
                assert_false(is_cut(&place, orders[o][0]));
                assert_true(is_cut(&place, orders[o][2]));
            }
        }
        assert_int_equal(skeym_deadline_cut(&place.list, 1000), 0);
        close_all(&place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_what_is_late_and_nothing_else),
        cmocka_unit_test(forgets_what_was_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
