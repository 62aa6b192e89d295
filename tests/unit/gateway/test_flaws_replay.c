/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flaws of others as tests, in process: replay and time (docs/assurance/flaws.md). Each test has
 * the name of its row there.
 */
#include "gate_fixture.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define FLAW(name, function)                                                                       \
    {                                                                                              \
        "flaw: " name, function, NULL, NULL, NULL                                                  \
    }
#define SPAN       ((uint64_t)SKEYM_USED_SPAN_MS)
#define LONGEST_MS ((uint64_t)SKEYM_LIFETIME_MAX * 1000)

static enum skeym_error admit_at(const struct fixture *f, uint64_t now_ms, enum skeym_check *check)
{
    struct skeym_admission admission;
    enum skeym_error error = skeym_admit(&admission, &f->gate, &f->head, f->body, now_ms);
    *check = admission.check;
    skeym_admission_wipe(&admission);
    return error;
}

static void assert_refused_at(const struct fixture *f, uint64_t now_ms, enum skeym_check wanted)
{
    enum skeym_check check = SKEYM_CHECK_COUNT;
    assert_int_not_equal(admit_at(f, now_ms, &check), SKEYM_OK);
    assert_string_equal(skeym_check_word(check), skeym_check_word(wanted));
}

/* A fresh token of the fixture: another nonce, so another id. */
static void mint_anew(struct fixture *f, uint64_t issued_ms, uint8_t lifetime_s)
{
    f->nonce[7]++; /* the last of the id: another slot */
    f->nonce[6] = (uint8_t)(f->nonce[6] + (f->nonce[7] == 0));
    f->claims.issued_ms = issued_ms;
    f->claims.lifetime_s = lifetime_s;
    f->claims.deadline_s = (uint32_t)(issued_ms / 1000) + 3600;
    mint(f);
    prove(f);
}

/* --- same token twice ------------------------------------------------------ */

static void same_token_twice(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_admitted_at(&f, NOW);
    for (uint64_t later = 0; later < 30000; later += 7) {
        assert_refused_at(&f, NOW + later, SKEYM_CHECK_USED);
    }
    /* also for another request, which its node would have proved rightly */
    f.head.target = skeym_span_text("/fhir/Observation?x=2");
    prove(&f);
    assert_refused_at(&f, NOW, SKEYM_CHECK_USED);
    tear_down(&f);
}

#define RACERS 8
#define ROUNDS 2000

struct race {
    struct fixture f;
    pthread_barrier_t start;
    pthread_barrier_t end;
    atomic_uint won;
    atomic_uint lost;
};

static void *run_race(void *argument)
{
    struct race *race = argument;
    for (int round = 0; round < ROUNDS; round++) {
        enum skeym_check check;
        (void)pthread_barrier_wait(&race->start);
        if (admit_at(&race->f, NOW, &check) == SKEYM_OK) {
            atomic_fetch_add(&race->won, 1);
        } else if (check == SKEYM_CHECK_USED) {
            atomic_fetch_add(&race->lost, 1);
        }
        (void)pthread_barrier_wait(&race->end);
    }
    return NULL;
}

/* All threads bring one token at once, again and again: one of them gets in. */
static void same_token_at_once(void **state)
{
    (void)state;
    static struct race race;
    pthread_t threads[RACERS];
    set_up(&race.f);
    free(race.f.gate.used);
    size_t bytes = skeym_used_bytes(16384);
    void *memory = aligned_alloc(64, bytes);
    assert_non_null(memory);
    memset(memory, 0, bytes);
    race.f.gate.used = skeym_used_init(memory, 16384);
    skeym_used_tick(race.f.gate.used, NOW);
    assert_int_equal(pthread_barrier_init(&race.start, NULL, RACERS + 1), 0);
    assert_int_equal(pthread_barrier_init(&race.end, NULL, RACERS + 1), 0);
    for (size_t i = 0; i < RACERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_race, &race), 0);
    }
    unsigned twice = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        mint_anew(&race.f, NOW, 30);
        (void)pthread_barrier_wait(&race.start);
        (void)pthread_barrier_wait(&race.end);
        twice += atomic_exchange(&race.won, 0) != 1;
        twice += atomic_exchange(&race.lost, 0) != RACERS - 1;
    }
    for (size_t i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(twice, 0);
    assert_int_equal(skeym_used_count(race.f.gate.used), ROUNDS);
    pthread_barrier_destroy(&race.start);
    pthread_barrier_destroy(&race.end);
    tear_down(&race.f);
}

/* --- check, then insert ------------------------------------------------------ */

/* The worst moment, made to happen: one has seen the token's slot free and is about to take it,
 * when another has the same token admitted. The slot's page can be read and not be written, and the
 * handler of that fault is the other. */
static struct {
    struct fixture f;
    void *page;
    int faults;
    enum skeym_error inner;
} held;

static void meanwhile(int number)
{
    enum skeym_check check;
    (void)number;
    held.faults++;
    (void)mprotect(held.page, 4096, PROT_READ | PROT_WRITE);
    held.inner = admit_at(&held.f, NOW, &check);
}

static void check_then_insert(void **state)
{
    (void)state;
    enum { HELD_SLOTS = 4096 };
    struct sigaction action = {.sa_handler = meanwhile, .sa_flags = SA_NODEFER};
    struct sigaction before;
    enum skeym_check check = SKEYM_CHECK_COUNT;
    set_up(&held.f);
    free(held.f.gate.used);
    size_t bytes = skeym_used_bytes(HELD_SLOTS);
    uint8_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    held.f.gate.used = skeym_used_init(memory, HELD_SLOTS);
    skeym_used_tick(held.f.gate.used, NOW);
    uint64_t id = UINT64_C(0x0102030405060708); /* the fixture's nonce */
    size_t slot = (size_t)(id & (HELD_SLOTS - 1)) + (NOW / SPAN % 2) * HELD_SLOTS;
    size_t at = bytes - (size_t)2 * HELD_SLOTS * 8 + slot * 8;
    held.page = memory + at / 4096 * 4096;
    assert_int_equal(sigaction(SIGSEGV, &action, &before), 0);
    assert_int_equal(mprotect(held.page, 4096, PROT_READ), 0);
    enum skeym_error outer = admit_at(&held.f, NOW, &check);
    assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
    assert_int_equal(held.faults, 1);
    assert_int_equal(held.inner, SKEYM_OK);
    assert_int_equal(outer, SKEYM_ERR_REPLAY);
    assert_int_equal(check, SKEYM_CHECK_USED);
    assert_int_equal(munmap(memory, bytes), 0);
}

/* --- windows ----------------------------------------------------------------- */

/* Every token, wherever in a span it was issued and however long it lives, is remembered until its
 * last millisecond: the clock ticks all the way. */
static void cache_shorter_than_window(void **state)
{
    (void)state;
    struct fixture f;
    const uint64_t start = (NOW / SPAN + 1) * SPAN;
    static const uint8_t lifetimes[] = {1, 30, SKEYM_LIFETIME_MAX};
    static const uint64_t steps[] = {0, 1, 4999, 5000, 31999, 32000, 59000, 62999, 63000, 63999};
    assert_true(LONGEST_MS < SPAN);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        for (size_t k = 0; k < sizeof lifetimes; k++) {
            uint64_t issued = start + steps[i];
            uint64_t end = issued + lifetimes[k] * 1000ULL;
            set_up(&f);
            mint_anew(&f, issued, lifetimes[k]);
            skeym_used_tick(f.gate.used, issued);
            assert_admitted_at(&f, issued);
            for (uint64_t now = issued; now < end; now += 250) {
                skeym_used_tick(f.gate.used, now);
                assert_refused_at(&f, now, SKEYM_CHECK_USED);
            }
            skeym_used_tick(f.gate.used, end - 1);
            assert_refused_at(&f, end - 1, SKEYM_CHECK_USED);
            skeym_used_tick(f.gate.used, end);
            assert_refused_at(&f, end, SKEYM_CHECK_TIME);
            tear_down(&f);
        }
    }
}

/* No token lives longer than the table remembers: such claims are not even minted, and one that was
 * minted all the same is not opened. */
static void lifetime_longer_than_window(void **state)
{
    (void)state;
    struct fixture f;
    struct skeym_token_claims claims;
    set_up(&f);
    for (unsigned lifetime = SKEYM_LIFETIME_MAX + 1; lifetime < 256; lifetime++) {
        f.claims.lifetime_s = (uint8_t)lifetime;
        assert_int_not_equal(skeym_token_mint((struct skeym_room){f.token, sizeof f.token},
                                              &f.token_size, &f.keys, &f.claims, f.nonce),
                             SKEYM_OK);
    }
    f.claims.lifetime_s = SKEYM_LIFETIME_MAX;
    uint8_t bytes[SKEYM_TOKEN_CLAIMS_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, sizeof bytes});
    skeym_token_claims_write(&writer, &f.claims);
    assert_int_equal(skeym_token_claims_read(&claims, skeym_written(&writer)), SKEYM_OK);
    for (unsigned lifetime = 0; lifetime < 256; lifetime++) {
        bytes[32 + 6] = (uint8_t)lifetime; /* behind secret and issued */
        enum skeym_error error = skeym_token_claims_read(&claims, skeym_written(&writer));
        assert_int_equal(error == SKEYM_OK, lifetime >= 1 && lifetime <= SKEYM_LIFETIME_MAX);
    }
    tear_down(&f);
}

/* Whatever the table is told of the time, back or forth: what was used stays used. */
static void window_moved_backwards(void **state)
{
    (void)state;
    struct fixture f;
    static const int64_t jumps[] = {-1,     -64000,   -128000, -3600000, 64000, -64000,
                                    128000, -1000000, 1,       0,        59000, -59000};
    set_up(&f);
    assert_admitted_at(&f, NOW);
    int64_t now = (int64_t)NOW;
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        enum skeym_check check;
        now += jumps[i];
        skeym_used_tick(f.gate.used, (uint64_t)now);
        assert_int_not_equal(admit_at(&f, NOW, &check), SKEYM_OK);
        assert_true(check == SKEYM_CHECK_USED || check == SKEYM_CHECK_FULL ||
                    check == SKEYM_CHECK_TIME);
    }
    /* forward until its generation is another span's, then all the way back */
    for (uint64_t span = 0; span < 4; span++) {
        skeym_used_tick(f.gate.used, NOW + span * SPAN);
        skeym_used_tick(f.gate.used, NOW + span * SPAN + LONGEST_MS);
    }
    for (int i = 0; i < 6; i++) {
        enum skeym_check check;
        skeym_used_tick(f.gate.used, NOW - (uint64_t)i * SPAN);
        assert_int_not_equal(admit_at(&f, NOW, &check), SKEYM_OK);
    }
    tear_down(&f);
}

/* --- restart ------------------------------------------------------------------- */

/* A process that has forgotten everything and has the same keys, but for the number it drew. */
static void reboot(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_admitted_at(&f, NOW);
    size_t bytes = skeym_used_bytes(SLOTS);
    memset((void *)f.gate.used, 0, bytes);
    f.gate.used = skeym_used_init((void *)f.gate.used, SLOTS);
    skeym_used_tick(f.gate.used, NOW);
    static const uint32_t others[] = {
        0, 1, INSTANCE - 1, INSTANCE + 1, INSTANCE ^ 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        f.gate.instance = others[i];
        assert_refused_at(&f, NOW, SKEYM_CHECK_INSTANCE);
    }
    assert_int_equal(skeym_used_count(f.gate.used), 0);
    tear_down(&f);
}

/* --- what was checked is checked again --------------------------------------------- */

/* The head was good; the body comes when the token is not any more, or when its node is revoked. */
static void cached_verification(void **state)
{
    (void)state;
    struct fixture f;
    struct skeym_admission admission;
    set_up(&f);
    const uint64_t end = NOW + f.claims.lifetime_s * 1000ULL;
    const uint64_t moments[] = {end, end + 1, end + SPAN, NOW - 1};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        assert_body_refused(&f, moments[i], SKEYM_ERR_TIME, SKEYM_CHECK_TIME);
    }
    assert_int_equal(skeym_admit_head(&admission, &f.gate, &f.head, NOW), SKEYM_OK);
    struct skeym_revoked_entry entry = {f.claims.id, f.claims.generation};
    struct skeym_revoked revoked = {&entry, 1};
    f.gate.revoked = &revoked;
    assert_int_equal(skeym_admit_body(&admission, &f.gate, &f.head, f.body, NOW),
                     SKEYM_ERR_REVOKED);
    assert_wiped(&f, &admission, true);
    f.gate.revoked = &f.revoked;
    assert_int_equal(skeym_used_count(f.gate.used), 0);
    assert_admitted_at(&f, end - 1); /* and none of it cost the token */
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLAW("same token twice, in process", same_token_twice),
        FLAW("same token concurrently, in process", same_token_at_once),
        FLAW("check-then-insert race", check_then_insert),
        FLAW("replay cache shorter than the acceptance window", cache_shorter_than_window),
        FLAW("lifetime longer than the replay window", lifetime_longer_than_window),
        FLAW("replay window moved backwards", window_moved_backwards),
        FLAW("reboot reopens replay, in process", reboot),
        FLAW("cached verification outliving expiry, in process", cached_verification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
