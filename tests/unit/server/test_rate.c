/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START 1000000

static struct skeym_rate *open_rate(uint32_t per_second, uint32_t burst, uint32_t percent)
{
    struct skeym_rate *rate = NULL;
    const struct skeym_rate_options options = {
        .per_second = per_second, .burst = burst, .cpu_percent = percent, .key = {12345, 67890}};
    assert_int_equal(skeym_rate_open(&rate, &options), SKEYM_OK);
    return rate;
}

static struct skeym_source from(uint8_t a, uint8_t b, uint8_t c)
{
    return (struct skeym_source){.family = 4, .prefix = {a, b, c}};
}

/* By the network alone. */
static uint32_t take(struct skeym_rate *rate, const struct skeym_source *source, uint64_t now_ms)
{
    const struct skeym_source nobody = {0};
    return skeym_rate_take(rate, &nobody, source, now_ms);
}

static void one_host_leaves_most_of_its_networks_rate_to_others(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(8, 40, 100);
    struct skeym_source network = from(192, 0, 2);
    struct skeym_source flooder = {.family = 4, .prefix = {192, 0, 2, 0}};
    struct skeym_source doctor = {.family = 4, .prefix = {192, 0, 2, 7}};
    for (int i = 0; i < 10; i++) { /* a quarter of the burst */
        assert_int_equal(skeym_rate_take(rate, &flooder, &network, START), 0);
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(skeym_rate_take(rate, &flooder, &network, START), 1);
    }
    assert_int_equal(skeym_rate_take(rate, &doctor, &network, START), 0);
    assert_int_equal(skeym_rate_take(rate, &flooder, &network, START + 499), 1);
    assert_int_equal(skeym_rate_take(rate, &flooder, &network, START + 500), 0);
    assert_int_equal(skeym_rate_take(rate, &flooder, &network, START + 501), 1);
    skeym_rate_close(rate);
}

static void lets_a_burst_pass_and_then_the_rate(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(2, 5, 100);
    struct skeym_source one = from(192, 0, 2);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(take(rate, &one, START), 0);
    }
    assert_int_equal(take(rate, &one, START), 1);
    assert_int_equal(take(rate, &one, START + 499), 1);
    assert_int_equal(take(rate, &one, START + 500), 0);
    assert_int_equal(take(rate, &one, START + 501), 1);
    assert_int_equal(take(rate, &one, START + 1001), 0);
    skeym_rate_close(rate);
}

static void never_holds_more_than_the_burst(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(100, 3, 100);
    struct skeym_source one = from(192, 0, 2);
    assert_int_equal(take(rate, &one, START), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(take(rate, &one, START + (UINT64_C(1) << 40)), 0);
    }
    assert_int_equal(take(rate, &one, START + (UINT64_C(1) << 40)), 1);
    skeym_rate_close(rate);
}

static void keeps_sources_apart(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(1, 1, 100);
    struct skeym_source one = from(192, 0, 2);
    struct skeym_source other = from(192, 0, 3);
    struct skeym_source v6 = {.family = 6, .prefix = {192, 0, 2}};
    assert_int_equal(take(rate, &one, START), 0);
    assert_int_equal(take(rate, &one, START), 1);
    assert_int_equal(take(rate, &other, START), 0);
    assert_int_equal(take(rate, &v6, START), 0);
    skeym_rate_close(rate);
}

/* A clock that goes back gives nothing and takes nothing. */
static void bears_a_clock_that_goes_back(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(1, 1, 100);
    struct skeym_source one = from(192, 0, 2);
    assert_int_equal(take(rate, &one, START), 0);
    assert_int_equal(take(rate, &one, START - 5000), 1);
    assert_int_equal(take(rate, &one, START + 1000), 0);
    skeym_rate_close(rate);
}

static void a_spent_budget_holds_for_all(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(1000, 1000, 50);
    struct skeym_source one = from(192, 0, 2);
    struct skeym_source other = from(198, 51, 100);
    assert_int_equal(take(rate, &one, START), 0);
    skeym_rate_spent(rate, 500000); /* a second's worth at 50 % */
    assert_int_equal(take(rate, &one, START), 1);
    assert_int_equal(take(rate, &other, START), 1);
    assert_int_equal(take(rate, &other, START + 875), 1); /* strangers: of the last eighth */
    assert_int_equal(take(rate, &other, START + 876), 0);
    skeym_rate_close(rate);
}

static void the_budget_is_a_second_at_most(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(1000, 1000, 10);
    struct skeym_source one = from(192, 0, 2);
    assert_int_equal(take(rate, &one, START), 0);
    assert_int_equal(take(rate, &one, START + 3600000), 0);
    skeym_rate_spent(rate, 100000); /* 10 % of one second, though an hour went by */
    assert_int_equal(take(rate, &one, START + 3600000), 1);
    skeym_rate_close(rate);
}

/* A refusal for want of CPU does not cost the source its turn. */
static void a_turn_is_kept_when_the_budget_refuses(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(1, 1, 1);
    struct skeym_source one = from(192, 0, 2);
    skeym_rate_spent(rate, 20000);
    assert_int_equal(take(rate, &one, 1), 1);
    assert_int_equal(take(rate, &one, 1001), 1);
    assert_int_equal(take(rate, &one, 3000), 0);
    skeym_rate_close(rate);
}

/* More sources than places: all are served, none is lost, nothing grows. */
static void has_room_for_any_number_of_sources(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(1, 1, 100);
    for (unsigned i = 0; i < 20000; i++) {
        struct skeym_source one = from((uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i);
        assert_int_equal(take(rate, &one, START + i), 0);
        assert_int_equal(take(rate, &one, START + i), 1);
    }
    skeym_rate_close(rate);
}

/* --- hosts that are known ------------------------------------------------------------- */

static struct skeym_source host(uint8_t d)
{
    return (struct skeym_source){.family = 4, .prefix = {192, 0, 2, d}};
}

static uint32_t take_from(struct skeym_rate *rate, uint8_t d, uint64_t now_ms)
{
    struct skeym_source one = host(d);
    struct skeym_source network = from(192, 0, 2);
    return skeym_rate_take(rate, &one, &network, now_ms);
}

static void knows_who_was_welcomed(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(8, 40, 100);
    struct skeym_source doctor = host(7), stranger = host(8);
    assert_false(skeym_rate_knows(rate, &doctor, START));
    skeym_rate_welcome(rate, &doctor, START);
    assert_true(skeym_rate_knows(rate, &doctor, START));
    assert_false(skeym_rate_knows(rate, &stranger, START));
    skeym_rate_close(rate);
}

/* Its own part is all that binds it. */
static void a_known_host_needs_nothing_of_its_networks_rate(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(8, 40, 100);
    struct skeym_source doctor = host(200);
    skeym_rate_welcome(rate, &doctor, START);
    for (uint8_t i = 0; i < 100; i++) { /* neighbours empty the network's bucket */
        (void)take_from(rate, i, START);
    }
    assert_int_not_equal(take_from(rate, 201, START), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(take_from(rate, 200, START), 0);
    }
    assert_int_equal(take_from(rate, 200, START), 1);
    skeym_rate_close(rate);
}

static void a_known_host_takes_nothing_of_its_networks_rate(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(8, 40, 100);
    struct skeym_source doctor = host(200);
    skeym_rate_welcome(rate, &doctor, START);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(take_from(rate, 200, START), 0);
    }
    for (uint8_t i = 0; i < 40; i++) {
        assert_int_equal(take_from(rate, i, START), 0);
    }
    assert_int_equal(take_from(rate, 41, START), 1);
    skeym_rate_close(rate);
}

/* Strangers stop at seven eighths of the common budget; what is left is for those who are known. */
static void strangers_leave_cpu_to_known_hosts(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(1000, 1000, 50);
    struct skeym_source doctor = host(7), network = from(198, 51, 100);
    struct skeym_source stranger = {.family = 4, .prefix = {198, 51, 100, 1}};
    skeym_rate_welcome(rate, &doctor, START);
    assert_int_equal(skeym_rate_take(rate, &stranger, &network, START), 0);
    skeym_rate_spent(rate, 62500 - 1);
    assert_int_equal(skeym_rate_take(rate, &stranger, &network, START), 0);
    skeym_rate_spent(rate, 1);
    assert_int_equal(skeym_rate_take(rate, &stranger, &network, START), 1);
    assert_int_equal(take_from(rate, 7, START), 0);
    skeym_rate_spent(rate, 437500 - 1);
    assert_int_equal(take_from(rate, 7, START), 0);
    skeym_rate_spent(rate, 1);
    assert_int_equal(take_from(rate, 7, START), 1);
    /* it fills up for them first */
    assert_int_equal(take_from(rate, 7, START + 1), 0);
    assert_int_equal(skeym_rate_take(rate, &stranger, &network, START + 875), 1);
    assert_int_equal(skeym_rate_take(rate, &stranger, &network, START + 876), 0);
    skeym_rate_close(rate);
}

/* Of IPv6 the host is the network: it keeps its rate. */
static void a_known_network_of_ipv6_keeps_its_rate(void **state)
{
    (void)state;
    struct skeym_rate *rate = open_rate(2, 5, 100);
    struct skeym_source one = {.family = 6, .prefix = {0x20, 1, 0xd, 0xb8}};
    skeym_rate_welcome(rate, &one, START);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(skeym_rate_take(rate, &one, &one, START), 0);
    }
    assert_int_equal(skeym_rate_take(rate, &one, &one, START), 1);
    skeym_rate_close(rate);
}

/* A part of a burst of less than four is one. */
static void a_host_has_a_turn_whatever_the_burst(void **state)
{
    (void)state;
    for (uint32_t burst = 1; burst < 4; burst++) {
        struct skeym_rate *rate = open_rate(1, burst, 100);
        struct skeym_source network = from(192, 0, 2);
        for (uint8_t i = 0; i < 4; i++) {
            struct skeym_source host = {.family = 4, .prefix = {192, 0, 2, i}};
            assert_int_equal(skeym_rate_take(rate, &host, &network, START), i >= burst);
        }
        skeym_rate_close(rate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_host_leaves_most_of_its_networks_rate_to_others),
        cmocka_unit_test(lets_a_burst_pass_and_then_the_rate),
        cmocka_unit_test(never_holds_more_than_the_burst),
        cmocka_unit_test(keeps_sources_apart),
        cmocka_unit_test(bears_a_clock_that_goes_back),
        cmocka_unit_test(a_spent_budget_holds_for_all),
        cmocka_unit_test(the_budget_is_a_second_at_most),
        cmocka_unit_test(a_turn_is_kept_when_the_budget_refuses),
        cmocka_unit_test(has_room_for_any_number_of_sources),
        cmocka_unit_test(knows_who_was_welcomed),
        cmocka_unit_test(a_known_host_needs_nothing_of_its_networks_rate),
        cmocka_unit_test(a_known_host_takes_nothing_of_its_networks_rate),
        cmocka_unit_test(strangers_leave_cpu_to_known_hosts),
        cmocka_unit_test(a_known_network_of_ipv6_keeps_its_rate),
        cmocka_unit_test(a_host_has_a_turn_whatever_the_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
