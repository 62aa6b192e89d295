/* SPDX-License-Identifier: Apache-2.0 */
/* Admission with the body: time and revoked again, proof, used; and the next token. */
#include "gate_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

static void the_body_may_come_too_late(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_body_refused(&f, NOW + 30000, SKEYM_ERR_TIME, SKEYM_CHECK_TIME);
    assert_body_refused(&f, NOW - 1, SKEYM_ERR_TIME, SKEYM_CHECK_TIME);
    assert_int_equal(skeym_used_count(f.gate.used), 0);
    assert_admitted_at(&f, NOW + 29999);
    tear_down(&f);
}

static void revoked_between_head_and_body(void **state)
{
    (void)state;
    struct fixture f;
    struct skeym_admission admission;
    set_up(&f);
    assert_int_equal(skeym_admit_head(&admission, &f.gate, &f.head, NOW), SKEYM_OK);
    f.entries[0].generation = 99;
    f.entries[1].generation = 99;
    assert_int_equal(skeym_admit_body(&admission, &f.gate, &f.head, f.body, NOW),
                     SKEYM_ERR_REVOKED);
    assert_int_equal(admission.check, SKEYM_CHECK_REVOKED);
    assert_wiped(&f, &admission, true);
    assert_int_equal(skeym_used_count(f.gate.used), 0);
    tear_down(&f);
}

/* Whatever the proof covers, changed in one character. */
static void the_proof_covers_the_request(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    struct skeym_span *const parts[] = {&f.head.method, &f.head.target, &f.head.content_type,
                                        &f.body};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct skeym_span before = *parts[i];
        uint8_t changed[64];
        for (size_t at = 0; at < before.size; at++) {
            memcpy(changed, before.data, before.size);
            changed[at] ^= 1;
            *parts[i] = skeym_span(changed, before.size);
            assert_body_refused(&f, NOW, SKEYM_ERR_PROOF, SKEYM_CHECK_PROOF);
        }
        *parts[i] = skeym_span_part(before, 0, before.size - 1);
        f.head.body_size = f.body.size;
        assert_body_refused(&f, NOW, SKEYM_ERR_PROOF, SKEYM_CHECK_PROOF);
        *parts[i] = before;
        f.head.body_size = f.body.size;
    }
    assert_int_equal(skeym_used_count(f.gate.used), 0);
    assert_admitted_at(&f, NOW);
    tear_down(&f);
}

static void parts_do_not_run_together(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.head.method = skeym_span_text("POST/fhir");
    f.head.target = skeym_span_text("/Observation?x=1");
    assert_body_refused(&f, NOW, SKEYM_ERR_PROOF, SKEYM_CHECK_PROOF);
    tear_down(&f);
}

static void every_changed_character_of_the_proof(void **state)
{
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct fixture f;
    set_up(&f);
    for (size_t at = 0; at < SKEYM_PROOF_CHARS; at++) {
        char before = f.proof[at];
        /* the last character has 4 bits of the proof: every fourth letter is well formed */
        for (size_t i = 0; i < 64; i += at == SKEYM_PROOF_CHARS - 1 ? 4 : 1) {
            f.proof[at] = alphabet[i];
            if (alphabet[i] != before) {
                assert_body_refused(&f, NOW, SKEYM_ERR_PROOF, SKEYM_CHECK_PROOF);
            }
        }
        f.proof[at] = before;
    }
    assert_int_equal(skeym_used_count(f.gate.used), 0);
    assert_admitted_at(&f, NOW);
    tear_down(&f);
}

static void a_proof_by_another_key(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    const uint8_t *others[] = {f.exchange.request, f.exchange.answer, f.exchange.next,
                               f.claims.secret};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct skeym_exchange_keys right = f.exchange;
        uint8_t key[32];
        memcpy(key, others[i], sizeof key);
        memcpy(f.exchange.proof, key, sizeof key);
        prove(&f);
        f.exchange = right;
        assert_body_refused(&f, NOW, SKEYM_ERR_PROOF, SKEYM_CHECK_PROOF);
    }
    prove(&f);
    assert_admitted_at(&f, NOW);
    tear_down(&f);
}

static void a_body_of_another_size_than_announced(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.head.body_size++;
    assert_body_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE);
    f.head.body_size = 0;
    assert_body_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE);
    tear_down(&f);
}

static void a_request_without_body(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.body = (struct skeym_span){0};
    f.head.content_type = (struct skeym_span){0};
    prove(&f);
    assert_admitted_at(&f, NOW);
    tear_down(&f);
}

static void a_token_works_once(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_admitted_at(&f, NOW);
    assert_body_refused(&f, NOW, SKEYM_ERR_REPLAY, SKEYM_CHECK_USED);
    assert_body_refused(&f, NOW + 29999, SKEYM_ERR_REPLAY, SKEYM_CHECK_USED);
    f.body = skeym_span_text("another body");
    prove(&f);
    assert_body_refused(&f, NOW, SKEYM_ERR_REPLAY, SKEYM_CHECK_USED);
    assert_int_equal(skeym_used_count(f.gate.used), 1);
    tear_down(&f);
}

static void a_full_table(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    for (uint64_t id = 1; id <= SLOTS; id++) {
        assert_int_equal(skeym_used_insert(f.gate.used, id, NOW), SKEYM_OK);
    }
    assert_body_refused(&f, NOW, SKEYM_ERR_FULL, SKEYM_CHECK_FULL);
    tear_down(&f);
}

static void a_table_that_has_moved_on(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    skeym_used_tick(f.gate.used, NOW + 200000);
    assert_body_refused(&f, NOW, SKEYM_ERR_TIME, SKEYM_CHECK_TIME);
    tear_down(&f);
}

/* The second half is only for what came through the first, and once. */
static void halves_out_of_order(void **state)
{
    (void)state;
    struct fixture f;
    struct skeym_admission admission;
    set_up(&f);
    memset(&admission, 0, sizeof admission);
    assert_int_equal(skeym_admit_body(&admission, &f.gate, &f.head, f.body, NOW), SKEYM_ERR_STATE);
    assert_int_equal(admission.check, SKEYM_CHECK_SHAPE);
    admission.check = SKEYM_CHECK_COUNT;
    assert_int_equal(skeym_admit_body(&admission, &f.gate, &f.head, f.body, NOW), SKEYM_ERR_STATE);
    assert_int_equal(admission.check, SKEYM_CHECK_SHAPE);

    assert_int_equal(skeym_admit(&admission, &f.gate, &f.head, f.body, NOW), SKEYM_OK);
    assert_int_equal(skeym_admit_body(&admission, &f.gate, &f.head, f.body, NOW), SKEYM_ERR_STATE);
    assert_int_equal(admission.check, SKEYM_CHECK_SHAPE);
    assert_wiped(&f, &admission, true);

    f.gate.instance ^= 1; /* after a refused head */
    assert_int_equal(skeym_admit_head(&admission, &f.gate, &f.head, NOW), SKEYM_ERR_INSTANCE);
    assert_int_equal(skeym_admit_body(&admission, &f.gate, &f.head, f.body, NOW), SKEYM_ERR_STATE);
    assert_int_equal(admission.check, SKEYM_CHECK_SHAPE);
    assert_wiped(&f, &admission, true);
    tear_down(&f);
}

/* --- two threads, one token -------------------------------------------------- */

#define ROUNDS 200

struct race {
    struct fixture *f;
    atomic_uint ready;
    atomic_uint admitted;
    atomic_uint refused;
};

static void *admit_once(void *argument)
{
    struct race *race = argument;
    struct skeym_admission admission;
    atomic_fetch_add(&race->ready, 1);
    while (atomic_load(&race->ready) % 2 != 0) {
    }
    enum skeym_error error =
        skeym_admit(&admission, &race->f->gate, &race->f->head, race->f->body, NOW);
    atomic_fetch_add(error == SKEYM_OK ? &race->admitted : &race->refused,
                     error == SKEYM_OK || error == SKEYM_ERR_REPLAY ? 1 : 1000);
    skeym_admission_wipe(&admission);
    return NULL;
}

static void of_two_threads_one_is_admitted(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct fixture f;
        struct race race = {.f = &f};
        pthread_t threads[2];
        set_up(&f);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, admit_once, &race), 0);
        }
        for (size_t i = 0; i < 2; i++) {
            pthread_join(threads[i], NULL);
        }
        assert_int_equal(atomic_load(&race.admitted), 1);
        assert_int_equal(atomic_load(&race.refused), 1);
        tear_down(&f);
    }
}

/* --- the next token --------------------------------------------------------- */

static const uint8_t next_nonce[SKEYM_NONCE_BYTES] = {9, 8, 7, 6, 5, 4, 3, 2, 1};

static void the_next_token_carries_the_chain_on(void **state)
{
    (void)state;
    struct fixture f;
    struct skeym_admission admission;
    struct skeym_token_claims next;
    uint8_t text[SKEYM_TOKEN_CHARS];
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t size = 0;
    size_t token_size = 0;
    uint64_t id = 0;
    set_up(&f);
    assert_int_equal(skeym_admit(&admission, &f.gate, &f.head, f.body, NOW), SKEYM_OK);
    assert_int_equal(skeym_admit_next((struct skeym_room){text, sizeof text}, &size, &admission,
                                      &f.gate, 20, next_nonce, NOW + 5),
                     SKEYM_OK);
    assert_int_equal(skeym_base64url_read((struct skeym_room){token, sizeof token}, &token_size,
                                          skeym_span(text, size)),
                     SKEYM_OK);
    assert_int_equal(skeym_token_open(&next, &id, &f.keys, skeym_span(token, token_size), NOW + 5),
                     SKEYM_OK);
    assert_true(id == UINT64_C(0x0908070605040302));

    struct skeym_token_claims expected = f.claims;
    memcpy(expected.secret, f.exchange.next, sizeof expected.secret); /* as the node derives it */
    expected.sequence = 42;
    expected.issued_ms = NOW + 5;
    expected.lifetime_s = 20;
    assert_memory_equal(&next, &expected, sizeof next);

    /* and is admitted with the node's own keys */
    f.claims = expected;
    memcpy(f.nonce, next_nonce, sizeof f.nonce);
    mint(&f);
    prove(&f);
    f.head.authorization.size = 6 + size;
    memcpy(f.authorization + 6, text, size);
    assert_admitted_at(&f, NOW + 6);
    tear_down(&f);
}

static void the_deadline_cuts_the_chain(void **state)
{
    (void)state;
    static const struct {
        int64_t left_ms;
        uint8_t lifetime; /* 0: no next token */
    } cases[] = {{60000, 59}, {59000, 59}, {58999, 58}, {10000, 10}, {1999, 1},    {1000, 1},
                 {999, 0},    {1, 0},      {0, 0},      {-1, 0},     {-3600000, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        struct skeym_admission admission;
        uint8_t text[SKEYM_TOKEN_CHARS];
        uint8_t token[SKEYM_TOKEN_BYTES];
        size_t size = 1;
        size_t token_size = 0;
        uint64_t id = 0;
        set_up(&f);
        assert_int_equal(skeym_admit(&admission, &f.gate, &f.head, f.body, NOW), SKEYM_OK);
        uint64_t now = f.claims.deadline_s * UINT64_C(1000) - (uint64_t)cases[i].left_ms;
        assert_int_equal(skeym_admit_next((struct skeym_room){text, sizeof text}, &size, &admission,
                                          &f.gate, 59, next_nonce, now),
                         SKEYM_OK);
        if (cases[i].lifetime == 0) {
            assert_int_equal(size, 0);
        } else {
            struct skeym_token_claims next;
            assert_int_equal(skeym_base64url_read((struct skeym_room){token, sizeof token},
                                                  &token_size, skeym_span(text, size)),
                             SKEYM_OK);
            assert_int_equal(
                skeym_token_open(&next, &id, &f.keys, skeym_span(token, token_size), now),
                SKEYM_OK);
            assert_int_equal(next.lifetime_s, cases[i].lifetime);
        }
        skeym_admission_wipe(&admission);
        tear_down(&f);
    }
}

static void no_next_token(void **state)
{
    (void)state;
    struct fixture f;
    struct skeym_admission admission;
    uint8_t text[SKEYM_TOKEN_CHARS];
    struct skeym_room room = {text, sizeof text};
    size_t size = 1;
    set_up(&f);
    assert_int_equal(skeym_admit_head(&admission, &f.gate, &f.head, NOW), SKEYM_OK);
    assert_int_equal(skeym_admit_next(room, &size, &admission, &f.gate, 30, next_nonce, NOW),
                     SKEYM_ERR_STATE);
    assert_int_equal(size, 0);
    assert_int_equal(skeym_admit_body(&admission, &f.gate, &f.head, f.body, NOW), SKEYM_OK);
    assert_int_equal(skeym_admit_next(room, &size, &admission, &f.gate, 0, next_nonce, NOW),
                     SKEYM_ERR_RANGE);
    assert_int_equal(skeym_admit_next(room, &size, &admission, &f.gate, 60, next_nonce, NOW),
                     SKEYM_ERR_RANGE);
    assert_int_equal(skeym_admit_next(room, &size, &admission, &f.gate, 30, next_nonce, NOW),
                     SKEYM_OK);
    room.room = size - 1;
    assert_int_equal(skeym_admit_next(room, &size, &admission, &f.gate, 30, next_nonce, NOW),
                     SKEYM_ERR_SPACE);
    assert_int_equal(size, 0);
    admission.claims.sequence = UINT32_MAX;
    room.room = sizeof text;
    assert_int_equal(skeym_admit_next(room, &size, &admission, &f.gate, 30, next_nonce, NOW),
                     SKEYM_OK);
    assert_int_equal(size, 0);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_may_come_too_late),
        cmocka_unit_test(revoked_between_head_and_body),
        cmocka_unit_test(the_proof_covers_the_request),
        cmocka_unit_test(parts_do_not_run_together),
        cmocka_unit_test(every_changed_character_of_the_proof),
        cmocka_unit_test(a_proof_by_another_key),
        cmocka_unit_test(a_body_of_another_size_than_announced),
        cmocka_unit_test(a_request_without_body),
        cmocka_unit_test(a_token_works_once),
        cmocka_unit_test(a_full_table),
        cmocka_unit_test(a_table_that_has_moved_on),
        cmocka_unit_test(halves_out_of_order),
        cmocka_unit_test(of_two_threads_one_is_admitted),
        cmocka_unit_test(the_next_token_carries_the_chain_on),
        cmocka_unit_test(the_deadline_cuts_the_chain),
        cmocka_unit_test(no_next_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
