/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state.h"

#include "crypto/crypto.h"
#include "server/home.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define EPOCH_S 120
#define NOW_MS  (UINT64_C(1000000) * EPOCH_S * 1000)
#define EPOCHS  (UINT64_C(1000) * EPOCH_S)

struct place {
    char base[64];
    char dir[96];
    struct skeym_state *state;
};

static void path_of(char out[128], const struct place *place, const char *name)
{
    (void)snprintf(out, 128, "%s/%s", place->dir, name);
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    bool locked = false;
    if (!place) {
        return -1;
    }
    (void)snprintf(place->base, sizeof place->base, "/tmp/skeym-state-XXXXXX");
    if (!mkdtemp(place->base)) {
        return -1;
    }
    (void)snprintf(place->dir, sizeof place->dir, "%s/a", place->base);
    if (skeym_home_make(place->dir, "ward", EPOCH_S, NOW_MS) != SKEYM_OK) {
        return -1;
    }
    const struct skeym_state_options options = {
        .dir = place->dir, .used_slots = 64, .body_max = 1000, .now_ms = NOW_MS};
    *state = place;
    return skeym_state_open(&place->state, &options, &locked) == SKEYM_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"keyring", "keyring.away", "revoked",
                                        "audit",   "lock",         "reserve"};
    struct place *place = *state;
    char path[128];
    skeym_state_close(place->state);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        path_of(path, place, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(place->dir);
    (void)rmdir(place->base);
    free(place);
    return 0;
}

static struct skeym_audience_keys keys_of(const struct place *place)
{
    skeym_state_hold(place->state);
    struct skeym_audience_keys keys = *skeym_state_gate(place->state)->keys;
    skeym_state_release(place->state);
    return keys;
}

static void opens_with_the_keys_of_now(void **state)
{
    struct place *place = *state;
    struct skeym_audience_keys keys = keys_of(place);
    const struct skeym_gate *gate = skeym_state_gate(place->state);
    assert_int_equal(keys.epoch, 1000000);
    assert_int_equal(gate->body_max, 1000);
    assert_int_equal(gate->revoked->count, 0);
    assert_ptr_equal(gate->keys, &skeym_state_keys(place->state)->audience);
    assert_int_equal(skeym_state_figures(place->state).used_room, 64);
    assert_int_equal(skeym_used_insert(gate->used, 7, NOW_MS), SKEYM_OK);
    assert_int_equal(skeym_state_figures(place->state).used, 1);
}

static void every_process_is_an_instance_of_its_own(void **state)
{
    struct place *place = *state;
    struct skeym_state *other = NULL;
    const struct skeym_state_options options = {
        .dir = place->dir, .used_slots = 64, .body_max = 1000, .now_ms = NOW_MS};
    assert_int_equal(skeym_state_open(&other, &options, NULL), SKEYM_OK);
    assert_int_not_equal(skeym_state_gate(other)->instance,
                         skeym_state_gate(place->state)->instance);
    skeym_state_close(other);
}

static void moves_at_the_edge_and_not_before(void **state)
{
    struct place *place = *state;
    struct skeym_audience_keys before = keys_of(place);
    bool moved = true;
    assert_int_equal(skeym_state_ratchet(place->state, NOW_MS + EPOCHS - 1, &moved), SKEYM_OK);
    assert_false(moved);
    assert_int_equal(skeym_state_ratchet(place->state, NOW_MS + EPOCHS, &moved), SKEYM_OK);
    assert_true(moved);
    struct skeym_audience_keys after = keys_of(place);
    assert_int_equal(after.epoch, before.epoch + 1);
    assert_memory_equal(&after.previous, &before.current, sizeof before.current);
    assert_int_equal(skeym_state_ratchet(place->state, NOW_MS + EPOCHS, &moved), SKEYM_OK);
    assert_false(moved);
}

static void the_file_moves_with_the_keys(void **state)
{
    struct place *place = *state;
    struct skeym_keyring keyring;
    bool moved = false;
    assert_int_equal(skeym_state_ratchet(place->state, NOW_MS + 5 * EPOCHS, &moved), SKEYM_OK);
    assert_true(moved);
    assert_int_equal(skeym_home_keyring(&keyring, place->dir), SKEYM_OK);
    assert_int_equal(keyring.previous.epoch, 1000004);
    skeym_crypto_wipe(&keyring, sizeof keyring);
}

static void a_file_that_cannot_move_keeps_the_keys(void **state)
{
    struct place *place = *state;
    char path[128];
    char away[128];
    struct skeym_audience_keys before = keys_of(place);
    bool moved = true;
    path_of(path, place, "keyring");
    path_of(away, place, "keyring.away");
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(skeym_state_ratchet(place->state, NOW_MS + EPOCHS, &moved), SKEYM_ERR_MISSING);
    assert_false(moved);
    struct skeym_audience_keys after = keys_of(place);
    assert_memory_equal(&after, &before, sizeof after);
    assert_int_equal(rename(away, path), 0);
    assert_int_equal(skeym_state_ratchet(place->state, NOW_MS + EPOCHS, &moved), SKEYM_OK);
    assert_true(moved);
}

static void keys_two_epochs_old_are_stale(void **state)
{
    struct place *place = *state;
    assert_false(skeym_state_stale(place->state, NOW_MS));
    assert_false(skeym_state_stale(place->state, NOW_MS - 10 * EPOCHS));
    assert_false(skeym_state_stale(place->state, NOW_MS + 2 * EPOCHS - 1));
    assert_true(skeym_state_stale(place->state, NOW_MS + 2 * EPOCHS));
}

static void a_clock_that_goes_back_moves_nothing(void **state)
{
    struct place *place = *state;
    bool moved = true;
    assert_int_equal(skeym_state_ratchet(place->state, NOW_MS - 10 * EPOCHS, &moved), SKEYM_OK);
    assert_false(moved);
    assert_int_equal(keys_of(place).epoch, 1000000);
}

static void a_reload_brings_the_revoked_list(void **state)
{
    struct place *place = *state;
    struct skeym_name id;
    assert_int_equal(skeym_name_node(&id, skeym_span_text("pump-7")), SKEYM_OK);
    assert_int_equal(skeym_home_revoke(place->dir, &id, 3), SKEYM_OK);
    const struct skeym_gate *gate = skeym_state_gate(place->state);
    assert_false(skeym_revoked_has(gate->revoked, &id, 3));
    assert_int_equal(skeym_state_reload(place->state, NOW_MS), SKEYM_OK);
    assert_true(skeym_revoked_has(gate->revoked, &id, 3));
    assert_false(skeym_revoked_has(gate->revoked, &id, 4));
    assert_int_equal(skeym_state_figures(place->state).revoked, 1);
    assert_int_equal(keys_of(place).epoch, 1000000);
}

/* Both or none: a list that cannot be read leaves the old one in force. */
static void a_reload_that_fails_changes_nothing(void **state)
{
    struct place *place = *state;
    struct skeym_name id;
    char path[128];
    assert_int_equal(skeym_name_node(&id, skeym_span_text("pump-7")), SKEYM_OK);
    assert_int_equal(skeym_home_revoke(place->dir, &id, 3), SKEYM_OK);
    assert_int_equal(skeym_state_reload(place->state, NOW_MS), SKEYM_OK);
    path_of(path, place, "revoked");
    static const enum skeym_error errors[] = {SKEYM_ERR_TRUNCATED, SKEYM_ERR_MISSING};
    for (size_t i = 0; i < 2; i++) { /* emptied, then removed */
        assert_int_equal(i == 0 ? truncate(path, 0) : unlink(path), 0);
        assert_int_equal(skeym_state_reload(place->state, NOW_MS + EPOCHS), errors[i]);
        assert_true(skeym_revoked_has(skeym_state_gate(place->state)->revoked, &id, 3));
        assert_int_equal(keys_of(place).epoch, 1000000);
    }
    struct skeym_state *other = NULL;
    const struct skeym_state_options options = {
        .dir = place->dir, .used_slots = 64, .body_max = 1000, .now_ms = NOW_MS};
    assert_int_equal(skeym_state_open(&other, &options, NULL), SKEYM_ERR_MISSING);
    assert_null(other);
}

/* Another authority's, say, after a restore: its epochs may be of another length. */
static void a_reload_brings_the_length_of_epochs(void **state)
{
    struct place *place = *state;
    char other[160], from[200], to[128];
    assert_int_equal(skeym_state_figures(place->state).epoch_seconds, EPOCH_S);
    (void)snprintf(other, sizeof other, "%s/b", place->base);
    assert_int_equal(skeym_home_make(other, "ward", 2 * EPOCH_S, NOW_MS), SKEYM_OK);
    static const char *const moved[] = {"keyring", "revoked"};
    for (size_t i = 0; i < sizeof moved / sizeof moved[0]; i++) {
        (void)snprintf(from, sizeof from, "%s/%s", other, moved[i]);
        path_of(to, place, moved[i]);
        assert_int_equal(rename(from, to), 0);
    }
    assert_int_equal(skeym_state_reload(place->state, NOW_MS), SKEYM_OK);
    assert_int_equal(skeym_state_figures(place->state).epoch_seconds, 2 * EPOCH_S);
    assert_false(skeym_state_stale(place->state, NOW_MS + 4 * EPOCHS - 1));
    assert_true(skeym_state_stale(place->state, NOW_MS + 4 * EPOCHS));
    static const char *const names[] = {"audit", "lock", "reserve"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(from, sizeof from, "%s/%s", other, names[i]);
        (void)unlink(from);
    }
    assert_int_equal(rmdir(other), 0);
}

struct reader {
    struct skeym_state *state;
    _Atomic bool stop;
    uint64_t stale;
};

static void *read_always(void *arg)
{
    struct reader *reader = arg;
    while (!atomic_load(&reader->stop)) {
        reader->stale += skeym_state_stale(reader->state, NOW_MS);
        reader->stale += skeym_state_figures(reader->state).epoch_seconds != EPOCH_S;
    }
    return NULL;
}

/* What a thread sanitizer looks at. */
static void is_read_while_it_changes(void **state)
{
    struct place *place = *state;
    struct reader reader = {.state = place->state};
    pthread_t thread;
    bool moved = false;
    assert_int_equal(pthread_create(&thread, NULL, read_always, &reader), 0);
    for (uint64_t i = 1; i <= 20; i++) {
        assert_int_equal(skeym_state_ratchet(place->state, NOW_MS + i * EPOCHS, &moved), SKEYM_OK);
        assert_true(moved);
        assert_int_equal(skeym_state_reload(place->state, NOW_MS + i * EPOCHS), SKEYM_OK);
    }
    atomic_store(&reader.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(reader.stale, 0);
}

/* An epoch is over, and the disk is full: the keys stay, and the node is out all the same. */
static void a_full_disk_keeps_no_revoked_node_in(void **state)
{
    struct place *place = *state;
    struct skeym_name id;
    struct rlimit before;
    assert_int_equal(skeym_name_node(&id, skeym_span_text("pump-7")), SKEYM_OK);
    assert_int_equal(skeym_home_revoke(place->dir, &id, 3), SKEYM_OK);
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {16, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum skeym_error error = skeym_state_reload(place->state, NOW_MS + EPOCHS);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, old);
    assert_int_equal(error, SKEYM_ERR_NO_SPACE);
    assert_true(skeym_revoked_has(skeym_state_gate(place->state)->revoked, &id, 3));
    assert_int_equal(keys_of(place).epoch, 1000000);
}

static void a_keyring_that_is_damaged_is_refused(void **state)
{
    struct place *place = *state;
    char path[128];
    struct skeym_state *other = NULL;
    const struct skeym_state_options options = {
        .dir = place->dir, .used_slots = 64, .body_max = 1000, .now_ms = NOW_MS};
    path_of(path, place, "keyring");
    assert_int_equal(truncate(path, 50), 0);
    assert_int_not_equal(skeym_state_open(&other, &options, NULL), SKEYM_OK);
    assert_null(other);
    assert_int_not_equal(skeym_state_reload(place->state, NOW_MS), SKEYM_OK);
    assert_int_equal(keys_of(place).epoch, 1000000);
}

static void a_wrong_number_of_slots_is_refused(void **state)
{
    struct place *place = *state;
    struct skeym_state *other = NULL;
    const struct skeym_state_options options = {
        .dir = place->dir, .used_slots = 65, .body_max = 1000, .now_ms = NOW_MS};
    assert_int_equal(skeym_state_open(&other, &options, NULL), SKEYM_ERR_RANGE);
    assert_null(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(opens_with_the_keys_of_now),
        TEST(every_process_is_an_instance_of_its_own),
        TEST(moves_at_the_edge_and_not_before),
        TEST(the_file_moves_with_the_keys),
        TEST(a_file_that_cannot_move_keeps_the_keys),
        TEST(keys_two_epochs_old_are_stale),
        TEST(a_clock_that_goes_back_moves_nothing),
        TEST(a_reload_brings_the_revoked_list),
        TEST(a_reload_that_fails_changes_nothing),
        TEST(a_full_disk_keeps_no_revoked_node_in),
        TEST(a_reload_brings_the_length_of_epochs),
        TEST(is_read_while_it_changes),
        TEST(a_keyring_that_is_damaged_is_refused),
        TEST(a_wrong_number_of_slots_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
