/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <skeym/admit.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define SPAN  ((uint64_t)SKEYM_USED_SPAN_MS)
#define START (1000 * SPAN) /* begins an even span */
#define SLOTS 256

static struct skeym_used *table_of(size_t slots)
{
    size_t bytes = skeym_used_bytes(slots);
    void *memory = aligned_alloc(64, bytes);
    assert_non_null(memory);
    memset(memory, 0, bytes);
    struct skeym_used *used = skeym_used_init(memory, slots);
    assert_ptr_equal(used, memory);
    return used;
}

/* Ids as they come: spread, and none twice. */
static uint64_t id_of(uint64_t number)
{
    return (number + 1) * 0x9e3779b97f4a7c15ULL;
}

static void sizes_are_powers_of_two(void **state)
{
    (void)state;
    static const size_t refused[] = {
        0, 1, 2, 32, 63, 65, 100, 1000, SIZE_MAX, ((size_t)1 << 28) + 1, (size_t)1 << 29};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(skeym_used_bytes(refused[i]), 0);
    }
    uint64_t memory[1] = {0};
    assert_null(skeym_used_init(memory, 100));
    assert_true(skeym_used_bytes(64) >= (size_t)2 * 64 * sizeof(uint64_t));
    assert_int_equal(skeym_used_bytes(64) % 64, 0);
    uint64_t most = (uint64_t)2 * sizeof(uint64_t) << 28; /* 4 GiB: more than 32 bits can say */
    assert_true(most > SIZE_MAX ? skeym_used_bytes((size_t)1 << 28) == 0
                                : skeym_used_bytes((size_t)1 << 28) > most);
    struct skeym_used *used = table_of(64);
    assert_int_equal(skeym_used_room(used), 64);
    assert_int_equal(skeym_used_count(used), 0);
    free(used);
}

static void an_id_enters_once(void **state)
{
    (void)state;
    struct skeym_used *used = table_of(SLOTS);
    skeym_used_tick(used, START);
    for (uint64_t i = 0; i < SLOTS / 2; i++) {
        assert_int_equal(skeym_used_insert(used, id_of(i), START + i), SKEYM_OK);
        assert_int_equal(skeym_used_count(used), i + 1);
    }
    for (uint64_t i = 0; i < SLOTS / 2; i++) {
        assert_int_equal(skeym_used_insert(used, id_of(i), START + i), SKEYM_ERR_REPLAY);
    }
    assert_int_equal(skeym_used_count(used), SLOTS / 2);
    free(used);
}

static void zero_and_the_greatest_are_ids_too(void **state)
{
    (void)state;
    struct skeym_used *used = table_of(SLOTS);
    skeym_used_tick(used, START);
    assert_int_equal(skeym_used_insert(used, 0, START), SKEYM_OK);
    assert_int_equal(skeym_used_insert(used, 0, START), SKEYM_ERR_REPLAY);
    assert_int_equal(skeym_used_insert(used, 1, START), SKEYM_OK);
    assert_int_equal(skeym_used_insert(used, UINT64_MAX - 1, START), SKEYM_OK);
    /* documented: 0 is kept as this one */
    assert_int_equal(skeym_used_insert(used, UINT64_MAX, START), SKEYM_ERR_REPLAY);
    free(used);
}

/* Ids of one home slot go to the slots after it, around the end. */
static void collisions_are_told_apart(void **state)
{
    (void)state;
    struct skeym_used *used = table_of(SLOTS);
    skeym_used_tick(used, START);
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 1; i <= 100; i++) {
            enum skeym_error error = skeym_used_insert(used, i * SLOTS + SLOTS - 3, START);
            assert_int_equal(error, round == 0 ? SKEYM_OK : SKEYM_ERR_REPLAY);
        }
    }
    free(used);
}

static void a_full_table_says_so(void **state)
{
    (void)state;
    struct skeym_used *used = table_of(64);
    skeym_used_tick(used, START);
    for (uint64_t i = 0; i < 64; i++) {
        assert_int_equal(skeym_used_insert(used, id_of(i), START), SKEYM_OK);
    }
    assert_int_equal(skeym_used_insert(used, id_of(64), START), SKEYM_ERR_FULL);
    for (uint64_t i = 0; i < 64; i++) { /* and forgets nothing */
        assert_int_equal(skeym_used_insert(used, id_of(i), START), SKEYM_ERR_REPLAY);
    }
    assert_int_equal(skeym_used_count(used), 64);
    /* the other generation has room */
    skeym_used_tick(used, START + 59000);
    assert_int_equal(skeym_used_insert(used, id_of(64), START + SPAN), SKEYM_OK);
    free(used);
}

/* The probing is bounded: one crowded home slot does not make the whole table be searched. */
static void probing_is_bounded(void **state)
{
    (void)state;
    struct skeym_used *used = table_of(1024);
    skeym_used_tick(used, START);
    uint64_t i = 1;
    while (skeym_used_insert(used, i * 1024 + 7, START) == SKEYM_OK) {
        i++;
    }
    assert_int_equal(i - 1, 512);
    assert_int_equal(skeym_used_insert(used, 600, START), SKEYM_OK);
    free(used);
}

/* The first and the last slot are emptied with the others, and those of the other generation are
 * not. */
static void one_generation_is_emptied_whole(void **state)
{
    (void)state;
    static const uint64_t ids[] = {SLOTS, 2 * SLOTS - 1}; /* of the first and the last slot */
    struct skeym_used *used = table_of(SLOTS);
    skeym_used_tick(used, START);
    skeym_used_tick(used, START + SPAN - 1);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(skeym_used_insert(used, ids[i], START), SKEYM_OK);
        assert_int_equal(skeym_used_insert(used, ids[i], START + SPAN), SKEYM_OK);
    }
    assert_int_equal(skeym_used_count(used), 2);
    assert_int_equal(skeym_used_insert(used, 5, START + SPAN), SKEYM_OK);
    assert_int_equal(skeym_used_count(used), 3); /* the odd generation is the fuller one */
    skeym_used_tick(used, START + 2 * SPAN - 1); /* the even one turns */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(skeym_used_insert(used, ids[i], START + SPAN), SKEYM_ERR_REPLAY);
        assert_int_equal(skeym_used_insert(used, ids[i], START + 2 * SPAN), SKEYM_OK);
    }
    skeym_used_tick(used, START + 3 * SPAN - 1); /* the odd one turns */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(skeym_used_insert(used, ids[i], START + 2 * SPAN), SKEYM_ERR_REPLAY);
        assert_int_equal(skeym_used_insert(used, ids[i], START + 3 * SPAN), SKEYM_OK);
    }
    free(used);
}

/* As a second thread meets it: the generation's stamp, the first word of the table, says that
 * another is emptying it. Nothing enters, and nobody else empties it. */
static void a_generation_that_is_being_emptied_is_shut(void **state)
{
    (void)state;
    struct skeym_used *used = table_of(SLOTS);
    _Atomic uint64_t *stamp = (_Atomic uint64_t *)(void *)used;
    skeym_used_tick(used, START);
    assert_int_equal(atomic_load(stamp), 2 * 1000 + 1);
    assert_int_equal(skeym_used_insert(used, 5, START), SKEYM_OK);
    atomic_store(stamp, 2 * 1002);
    skeym_used_tick(used, START + 2 * SPAN);
    assert_int_equal(atomic_load(stamp), 2 * 1002);
    assert_int_equal(skeym_used_insert(used, 5, START), SKEYM_ERR_TIME);
    assert_int_equal(skeym_used_insert(used, 6, START + 2 * SPAN), SKEYM_ERR_FULL);
    assert_int_equal(skeym_used_count(used), 1);
    free(used);
}

static void nothing_enters_before_its_span_is_open(void **state)
{
    (void)state;
    struct skeym_used *used = table_of(SLOTS);
    assert_int_equal(skeym_used_insert(used, 1, START), SKEYM_ERR_FULL); /* no tick yet */
    skeym_used_tick(used, START);
    assert_int_equal(skeym_used_insert(used, 1, START + SPAN), SKEYM_ERR_FULL);
    assert_int_equal(skeym_used_insert(used, 1, START + 2 * SPAN), SKEYM_ERR_FULL);
    assert_int_equal(skeym_used_insert(used, 1, START + SPAN - 1), SKEYM_OK);
    free(used);
}

/* A span's ids stay for as long as one of its tokens can be alive, to the millisecond; then the
 * generation is for the span after the next. */
static void a_generation_lives_as_long_as_its_tokens(void **state)
{
    (void)state;
    struct skeym_used *used = table_of(SLOTS);
    skeym_used_tick(used, START);
    assert_int_equal(skeym_used_insert(used, 5, START + SPAN - 1), SKEYM_OK);
    for (uint64_t now = START; now < START + SPAN + 59000; now += 500) {
        skeym_used_tick(used, now);
        assert_int_equal(skeym_used_insert(used, 5, START + SPAN - 1), SKEYM_ERR_REPLAY);
    }
    skeym_used_tick(used, START + SPAN + 58999);
    assert_int_equal(skeym_used_insert(used, 5, START + SPAN - 1), SKEYM_ERR_REPLAY);
    assert_int_equal(skeym_used_insert(used, 6, START + 2 * SPAN), SKEYM_ERR_FULL);
    skeym_used_tick(used, START + SPAN + 59000);
    assert_int_equal(skeym_used_insert(used, 5, START + SPAN - 1), SKEYM_ERR_TIME);
    assert_int_equal(skeym_used_insert(used, 6, START + SPAN - 1), SKEYM_ERR_TIME);
    assert_int_equal(skeym_used_insert(used, 5, START + 2 * SPAN), SKEYM_OK);
    assert_int_equal(skeym_used_count(used), 1);
    free(used);
}

static void the_clock_may_jump_forward(void **state)
{
    (void)state;
    static const uint64_t jumps[] = {SPAN, 2 * SPAN, 3 * SPAN, 3600000, 7 * 3600000 + 1, 86400000};
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        struct skeym_used *used = table_of(SLOTS);
        uint64_t now = START + jumps[i];
        skeym_used_tick(used, START);
        assert_int_equal(skeym_used_insert(used, 5, START), SKEYM_OK);
        /* before the tick has seen it: too early, or in the generation that is right anyway */
        enum skeym_error early = skeym_used_insert(used, 6, now);
        assert_int_equal(early, SKEYM_ERR_FULL);
        skeym_used_tick(used, now);
        assert_int_equal(skeym_used_insert(used, 6, now), SKEYM_OK);
        assert_int_equal(skeym_used_insert(used, 6, now), SKEYM_ERR_REPLAY);
        assert_int_equal(skeym_used_insert(used, 5, START),
                         jumps[i] < SPAN + 59000 ? SKEYM_ERR_REPLAY : SKEYM_ERR_TIME);
        free(used);
    }
}

/* However the clock behaves, a table never turns back. */
static void the_clock_may_not_turn_the_table_back(void **state)
{
    (void)state;
    struct skeym_used *used = table_of(SLOTS);
    skeym_used_tick(used, START + 10 * SPAN);
    assert_int_equal(skeym_used_insert(used, 5, START + 10 * SPAN), SKEYM_OK);
    skeym_used_tick(used, START);
    skeym_used_tick(used, START + 9 * SPAN);
    assert_int_equal(skeym_used_insert(used, 5, START + 10 * SPAN), SKEYM_ERR_REPLAY);
    assert_int_equal(skeym_used_insert(used, 5, START), SKEYM_ERR_TIME);
    free(used);
}

static void the_first_spans_of_all_work(void **state)
{
    (void)state;
    struct skeym_used *used = table_of(SLOTS);
    skeym_used_tick(used, 0);
    assert_int_equal(skeym_used_insert(used, 5, 0), SKEYM_OK);
    skeym_used_tick(used, 59000);
    assert_int_equal(skeym_used_insert(used, 5, SPAN), SKEYM_OK);
    assert_int_equal(skeym_used_insert(used, 5, 0), SKEYM_ERR_REPLAY);
    free(used);
}

/* --- a thread that is held up ------------------------------------------------
 *
 * The page with the id's slot is made unreadable, so that an insert stops between its look at the
 * generation's stamp and its look at the slot. What other threads do meanwhile, the handler of the
 * fault does; then the insert goes on. */

#define HELD_SLOTS 4096
#define HELD_ID    2048

static struct {
    struct skeym_used *used;
    void *page;
    uint64_t now; /* of the tick while the insert is held up; 0: none */
    enum skeym_error first;
    int faults;
} held;

static void meanwhile(int number)
{
    (void)number;
    held.faults++;
    (void)mprotect(held.page, 4096, PROT_READ | PROT_WRITE);
    held.first = skeym_used_insert(held.used, HELD_ID, START);
    if (held.now != 0) {
        skeym_used_tick(held.used, held.now);
    }
}

static enum skeym_error insert_held_up(uint64_t now)
{
    struct sigaction action = {.sa_handler = meanwhile};
    struct sigaction before;
    size_t bytes = skeym_used_bytes(HELD_SLOTS);
    uint8_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    held.used = skeym_used_init(memory, HELD_SLOTS);
    held.now = now;
    held.faults = 0;
    skeym_used_tick(held.used, START);
    /* The ids follow the head of the table, 8 bytes each. */
    size_t at = bytes - (size_t)2 * HELD_SLOTS * 8 + (size_t)HELD_ID * 8;
    held.page = memory + at / 4096 * 4096;
    assert_int_equal(sigaction(SIGSEGV, &action, &before), 0);
    assert_int_equal(mprotect(held.page, 4096, PROT_NONE), 0);
    enum skeym_error error = skeym_used_insert(held.used, HELD_ID, START);
    assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
    assert_int_equal(held.faults, 1);
    assert_int_equal(held.first, SKEYM_OK);
    assert_int_equal(munmap(memory, bytes), 0);
    return error;
}

static void a_held_up_thread_is_refused(void **state)
{
    (void)state;
    assert_int_equal(insert_held_up(0), SKEYM_ERR_REPLAY);
    assert_int_equal(insert_held_up(START + SPAN), SKEYM_ERR_REPLAY);
    assert_int_equal(insert_held_up(START + SPAN + 59000), SKEYM_ERR_TIME);
    assert_int_equal(insert_held_up(START + 100 * SPAN), SKEYM_ERR_TIME);
}

/* --- threads --------------------------------------------------------------- */

#define THREADS 4
#define IDS     4096

struct race {
    struct skeym_used *used;
    atomic_uint *wins; /* per id */
    atomic_bool over;
    atomic_ullong now;
};

struct runner {
    struct race *race;
    uint64_t number;
    uint64_t unexpected;
};

static void start(struct race *race, uint64_t now_ms, size_t ids, size_t slots)
{
    race->used = table_of(slots);
    race->wins = calloc(ids, sizeof *race->wins);
    assert_non_null(race->wins);
    atomic_init(&race->over, false);
    atomic_init(&race->now, now_ms);
    skeym_used_tick(race->used, now_ms);
}

static void end(struct race *race)
{
    free(race->wins);
    free(race->used);
}

/* Every thread inserts every id, half of them from the other end; ids share home slots. */
static void *insert_all(void *argument)
{
    struct runner *runner = argument;
    for (uint64_t i = 0; i < IDS; i++) {
        uint64_t id = runner->number % 2 ? IDS - 1 - i : i;
        enum skeym_error error =
            skeym_used_insert(runner->race->used, id / 8 * 16 + (id % 8 + 1) * 65536, START);
        if (error == SKEYM_OK) {
            atomic_fetch_add(&runner->race->wins[id], 1);
        } else if (error != SKEYM_ERR_REPLAY) {
            runner->unexpected++;
        }
    }
    return NULL;
}

static void one_thread_wins_each_id(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct race race;
        struct runner runners[THREADS];
        pthread_t threads[THREADS];
        start(&race, START, IDS, 8192);
        for (uint64_t i = 0; i < THREADS; i++) {
            runners[i] = (struct runner){&race, i, 0};
            assert_int_equal(pthread_create(&threads[i], NULL, insert_all, &runners[i]), 0);
        }
        for (size_t i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            assert_int_equal(runners[i].unexpected, 0);
        }
        for (size_t i = 0; i < IDS; i++) {
            assert_int_equal(atomic_load(&race.wins[i]), 1);
        }
        assert_int_equal(skeym_used_count(race.used), IDS);
        end(&race);
    }
}

/* Time runs away under the threads: every id belongs to one time, so it may win once or never. The
 * threads look at the clock before they insert, as a server does, and so often come too late. */
#define LATE_IDS  200000
#define LATE_STEP 16000 /* ms: four ids a span, so that spans end all the time */

static void *insert_while_time_flies(void *argument)
{
    struct runner *runner = argument;
    for (uint64_t id = 0; id < LATE_IDS; id++) {
        uint64_t issued = START + id * LATE_STEP;
        enum skeym_error error = skeym_used_insert(runner->race->used, id_of(id), issued);
        if (error == SKEYM_OK) {
            atomic_fetch_add(&runner->race->wins[id], 1);
        }
        unsigned long long now = atomic_load(&runner->race->now);
        while (now < issued && !atomic_compare_exchange_weak(&runner->race->now, &now, issued)) {
        }
    }
    return NULL;
}

static void *tick_all_the_time(void *argument)
{
    struct race *race = argument;
    while (!atomic_load(&race->over)) {
        skeym_used_tick(race->used, atomic_load(&race->now));
    }
    return NULL;
}

static void no_id_wins_twice_while_time_flies(void **state)
{
    (void)state;
    struct race race;
    struct runner runners[THREADS];
    pthread_t threads[THREADS];
    pthread_t tickers[2];
    uint64_t wins = 0;
    start(&race, START, LATE_IDS, 64);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&tickers[i], NULL, tick_all_the_time, &race), 0);
    }
    for (uint64_t i = 0; i < THREADS; i++) {
        runners[i] = (struct runner){&race, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, insert_while_time_flies, &runners[i]),
                         0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    atomic_store(&race.over, true);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(tickers[i], NULL);
    }
    for (size_t i = 0; i < LATE_IDS; i++) {
        unsigned won = atomic_load(&race.wins[i]);
        assert_true(won <= 1);
        wins += won;
    }
    assert_true(wins > 0);
    end(&race);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_powers_of_two),
        cmocka_unit_test(an_id_enters_once),
        cmocka_unit_test(zero_and_the_greatest_are_ids_too),
        cmocka_unit_test(collisions_are_told_apart),
        cmocka_unit_test(a_full_table_says_so),
        cmocka_unit_test(probing_is_bounded),
        cmocka_unit_test(one_generation_is_emptied_whole),
        cmocka_unit_test(a_generation_that_is_being_emptied_is_shut),
        cmocka_unit_test(nothing_enters_before_its_span_is_open),
        cmocka_unit_test(a_generation_lives_as_long_as_its_tokens),
        cmocka_unit_test(the_clock_may_jump_forward),
        cmocka_unit_test(the_clock_may_not_turn_the_table_back),
        cmocka_unit_test(the_first_spans_of_all_work),
        cmocka_unit_test(a_held_up_thread_is_refused),
        cmocka_unit_test(one_thread_wins_each_id),
        cmocka_unit_test(no_id_wins_twice_while_time_flies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
