/* SPDX-License-Identifier: Apache-2.0 */
/* Admission by the head alone: size, version, shape, epoch, unseal, time, instance, revoked. */
#include "gate_fixture.h"

static void a_good_request_is_admitted(void **state)
{
    (void)state;
    struct fixture f;
    struct skeym_admission admission;
    set_up(&f);
    assert_int_equal(skeym_admit(&admission, &f.gate, &f.head, f.body, NOW), SKEYM_OK);
    assert_true(admission.admitted);
    assert_true(admission.token_id == UINT64_C(0x0102030405060708));
    assert_memory_equal(&admission.keys, &f.exchange, sizeof f.exchange);
    struct skeym_token_claims claims = f.claims;
    memset(claims.secret, 0, sizeof claims.secret);
    assert_memory_equal(&admission.claims, &claims, sizeof claims);
    skeym_admission_wipe(&admission);
    assert_true(holds_no_secret(&f, &admission));
    assert_false(admission.admitted);
    tear_down(&f);
}

static void each_check_has_its_word(void **state)
{
    (void)state;
    static const char *const words[] = {
#define WORD(name, word) word,
        SKEYM_CHECKS(WORD)
#undef WORD
    };
    for (int check = 0; check < SKEYM_CHECK_COUNT; check++) {
        assert_string_equal(skeym_check_word((enum skeym_check)check), words[check]);
    }
    assert_string_equal(skeym_check_word(SKEYM_CHECK_PROOF), "proof");
    assert_string_equal(skeym_check_word(SKEYM_CHECK_COUNT), "admitted");
}

/* Each limit: at it admitted or refused later, one above refused by size. */
static void what_is_too_large(void **state)
{
    (void)state;
    struct fixture f;
    static char text[5000];
    memset(text, 'A', sizeof text);
    text[0] = '/';
    set_up(&f);

    f.gate.body_max = f.body.size;
    assert_admitted_at(&f, NOW);
    f.gate.body_max = f.body.size - 1;
    assert_head_refused(&f, NOW, SKEYM_ERR_SIZE, SKEYM_CHECK_SIZE, false);
    f.gate.body_max = 1000;

    struct {
        struct skeym_span *field;
        size_t most;
    } fields[] = {{&f.head.method, 16}, {&f.head.target, 4096}, {&f.head.content_type, 1024}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct skeym_span before = *fields[i].field;
        *fields[i].field = skeym_span(text, fields[i].most);
        assert_body_refused(&f, NOW, SKEYM_ERR_PROOF, SKEYM_CHECK_PROOF);
        *fields[i].field = skeym_span(text, fields[i].most + 1);
        assert_head_refused(&f, NOW, SKEYM_ERR_SIZE, SKEYM_CHECK_SIZE, false);
        *fields[i].field = before;
    }

    memset(text, 'A', sizeof text);
    memcpy(text, "SkeyM AQ", 8);
    f.head.authorization = skeym_span(text, 6 + SKEYM_TOKEN_CHARS + 1);
    assert_head_refused(&f, NOW, SKEYM_ERR_SIZE, SKEYM_CHECK_SIZE, false);
    f.head.authorization = skeym_span(text, 6 + SKEYM_TOKEN_CHARS); /* epoch 0 */
    assert_head_refused(&f, NOW, SKEYM_ERR_EPOCH, SKEYM_CHECK_EPOCH, false);
    tear_down(&f);
}

static void other_versions(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    for (int version = 0; version < 256; version++) {
        f.token[0] = (uint8_t)version;
        authorize(&f);
        if (version == 1) {
            assert_admitted_at(&f, NOW);
        } else {
            assert_head_refused(&f, NOW, SKEYM_ERR_VERSION, SKEYM_CHECK_VERSION, false);
        }
    }
    /* also when the rest has another shape */
    f.head.authorization = skeym_span_text("SkeyM AgAAAA");
    assert_head_refused(&f, NOW, SKEYM_ERR_VERSION, SKEYM_CHECK_VERSION, false);
    f.head.authorization = skeym_span_text("SkeyM Ag");
    assert_head_refused(&f, NOW, SKEYM_ERR_VERSION, SKEYM_CHECK_VERSION, false);
    /* and when it does not decode: the first four characters are enough */
    f.head.authorization = skeym_span_text("SkeyM AgBB!");
    assert_head_refused(&f, NOW, SKEYM_ERR_VERSION, SKEYM_CHECK_VERSION, false);
    f.head.authorization = skeym_span_text("SkeyM AQBB!");
    assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
    tear_down(&f);
}

static void ill_formed_authorization(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    const char *token = f.authorization + 6;
    static const struct {
        const char *before;
        const char *after;
    } wrong[] = {
        {"", ""},         {"SkeyM", ""},   {"SkeyM  ", ""},  {" SkeyM ", ""}, {"SkeyM\t", ""},
        {"Bearer ", ""},  {"SkeyN ", ""},  {"SkeyM ", "="},  {"SkeyM ", " "}, {"SkeyM ", "\n"},
        {"SkeyM ", ",x"}, {"SkeyM ", "+"}, {"SkeyM \"", ""}, {"SkeyM=", ""},  {"SkeyM ", "A"},
        {"@keyM ", ""},   {"RkeyM ", ""},  {"SJEYM ", ""},   {"SKDYM ", ""},  {"SKEXM ", ""},
        {"SKEYL ", ""},   {"SKEYN ", ""},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[sizeof f.authorization + 8];
        (void)snprintf(text, sizeof text, "%s%.*s%s", wrong[i].before, SKEYM_TOKEN_CHARS, token,
                       wrong[i].after);
        f.head.authorization = skeym_span_text(text);
        assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
    }
    f.authorization[5] = 0; /* a NUL is no space */
    f.head.authorization = skeym_span(f.authorization, strlen(token) + 6);
    assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
    f.head.authorization = (struct skeym_span){0};
    assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
    f.head.authorization = skeym_span_text("SkeyM ");
    assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
    tear_down(&f);
}

static void the_scheme_has_no_case(void **state)
{
    (void)state;
    static const char *const schemes[] = {"SKEYM", "skeym", "sKeYm"};
    for (size_t i = 0; i < 3; i++) {
        struct fixture f;
        set_up(&f);
        memcpy(f.authorization, schemes[i], 5);
        assert_admitted_at(&f, NOW);
        tear_down(&f);
    }
}

static void ill_formed_proofs(void **state)
{
    (void)state;
    struct fixture f;
    char text[SKEYM_PROOF_CHARS + 8];
    set_up(&f);
    for (size_t size = 0; size <= SKEYM_PROOF_CHARS + 2; size++) {
        memset(text, 'A', sizeof text);
        memcpy(text, f.proof, size < SKEYM_PROOF_CHARS ? size : SKEYM_PROOF_CHARS);
        f.head.proof = skeym_span(text, size);
        if (size != SKEYM_PROOF_CHARS) {
            assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
        }
    }
    for (size_t i = 0; i < SKEYM_PROOF_CHARS; i++) {
        for (const char *c = "= +/.,\n~"; *c; c++) {
            memcpy(text, f.proof, SKEYM_PROOF_CHARS);
            text[i] = *c;
            f.head.proof = skeym_span(text, SKEYM_PROOF_CHARS);
            assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
        }
    }
    memcpy(text, f.proof, SKEYM_PROOF_CHARS);
    text[SKEYM_PROOF_CHARS - 1]++; /* left-over bits: 43 characters hold 258 */
    f.head.proof = skeym_span(text, SKEYM_PROOF_CHARS);
    assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
    tear_down(&f);
}

static void ill_formed_rest(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.head.doubled = true;
    assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
    f.head.doubled = false;
    struct skeym_span *const fields[] = {&f.head.method, &f.head.target, &f.head.content_type};
    static const char *const wrong[] = {"G\nT", "G\x7fT", "G\x80T", "\tG", "G\r"};
    for (size_t i = 0; i < 3; i++) {
        struct skeym_span before = *fields[i];
        for (size_t j = 0; j < sizeof wrong / sizeof wrong[0]; j++) {
            *fields[i] = skeym_span_text(wrong[j]);
            assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
        }
        *fields[i] = skeym_span_text(i < 2 ? "" : "a\tb");
        assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
        *fields[i] = before;
    }
    f.head.target = skeym_span_text("/a b");
    assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
    tear_down(&f);
}

static void a_token_of_every_other_length(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    size_t whole = f.token_size;
    for (size_t size = 0; size <= SKEYM_TOKEN_BYTES; size++) {
        struct skeym_admission admission;
        f.token_size = size;
        authorize(&f);
        if (size == whole) {
            continue;
        }
        enum skeym_error error = skeym_admit_head(&admission, &f.gate, &f.head, NOW);
        bool blocks = size >= 29 + 32 && (size - 29) % 16 == 0;
        assert_int_equal(error, blocks ? SKEYM_ERR_SEAL : SKEYM_ERR_SHAPE);
        assert_int_equal(admission.check, blocks ? SKEYM_CHECK_UNSEAL : SKEYM_CHECK_SHAPE);
        assert_wiped(&f, &admission, false);
    }
    tear_down(&f);
}

static void epochs(void **state)
{
    (void)state;
    static const struct {
        uint32_t token;
        uint32_t gate;
        enum skeym_error error;
    } cases[] = {
        {EPOCH, EPOCH, SKEYM_OK},
        {EPOCH - 1, EPOCH, SKEYM_OK},
        {EPOCH - 2, EPOCH, SKEYM_ERR_EPOCH},
        {EPOCH + 1, EPOCH, SKEYM_ERR_EPOCH},
        {0, EPOCH, SKEYM_ERR_EPOCH},
        {UINT32_MAX, EPOCH, SKEYM_ERR_EPOCH},
        {UINT32_MAX, 0, SKEYM_ERR_EPOCH}, /* e - 1 does not wrap */
        {0, UINT32_MAX, SKEYM_ERR_EPOCH},
        {UINT32_MAX - 1, UINT32_MAX, SKEYM_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        set_up(&f);
        struct skeym_audience_keys keys = f.keys;
        f.keys.epoch = cases[i].token;
        if (cases[i].token != cases[i].gate) { /* minted when that epoch was the current one */
            f.keys.current = keys.previous;
        }
        mint(&f);
        f.keys = keys;
        f.keys.epoch = cases[i].gate;
        if (cases[i].error == SKEYM_OK) {
            assert_admitted_at(&f, NOW);
        } else {
            assert_head_refused(&f, NOW, cases[i].error, SKEYM_CHECK_EPOCH, false);
        }
        tear_down(&f);
    }
}

static void every_flipped_bit_of_a_token(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    for (size_t bit = 0; bit < f.token_size * 8; bit++) {
        f.token[bit / 8] ^= (uint8_t)(1 << bit % 8);
        authorize(&f);
        if (bit < 8) {
            assert_head_refused(&f, NOW, SKEYM_ERR_VERSION, SKEYM_CHECK_VERSION, false);
        } else if (bit < 40) { /* EPOCH is even: no flip makes it EPOCH - 1 */
            assert_head_refused(&f, NOW, SKEYM_ERR_EPOCH, SKEYM_CHECK_EPOCH, false);
        } else {
            assert_head_refused(&f, NOW, SKEYM_ERR_SEAL, SKEYM_CHECK_UNSEAL, false);
        }
        f.token[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    authorize(&f);
    assert_admitted_at(&f, NOW);
    tear_down(&f);
}

static void other_audiences_and_keys(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.keys.audience.text[0] ^= 1; /* same key, other name: the associated data differ */
    assert_head_refused(&f, NOW, SKEYM_ERR_SEAL, SKEYM_CHECK_UNSEAL, false);
    f.keys.audience.text[0] ^= 1;
    f.keys.audience.size--;
    assert_head_refused(&f, NOW, SKEYM_ERR_SEAL, SKEYM_CHECK_UNSEAL, false);
    f.keys.audience.size++;
    set_key(&f.keys.current, 0x10); /* one bit of each byte */
    assert_head_refused(&f, NOW, SKEYM_ERR_SEAL, SKEYM_CHECK_UNSEAL, false);
    set_key(&f.keys.current, 0x11);
    assert_admitted_at(&f, NOW);
    tear_down(&f);
}

static void times(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_head_refused(&f, NOW - 1, SKEYM_ERR_TIME, SKEYM_CHECK_TIME, false);
    assert_head_refused(&f, 0, SKEYM_ERR_TIME, SKEYM_CHECK_TIME, false);
    assert_head_refused(&f, NOW + 30000, SKEYM_ERR_TIME, SKEYM_CHECK_TIME, false);
    assert_head_refused(&f, UINT64_MAX, SKEYM_ERR_TIME, SKEYM_CHECK_TIME, false);
    assert_admitted_at(&f, NOW + 29999);
    tear_down(&f);

    set_up(&f);
    f.claims.deadline_s = (uint32_t)(NOW / 1000) + 10;
    mint(&f);
    prove(&f);
    assert_head_refused(&f, NOW + 10000, SKEYM_ERR_TIME, SKEYM_CHECK_TIME, false);
    assert_admitted_at(&f, NOW + 9999);
    tear_down(&f);
}

static void other_instances(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.gate.instance ^= 1;
    assert_head_refused(&f, NOW, SKEYM_ERR_INSTANCE, SKEYM_CHECK_INSTANCE, true);
    tear_down(&f);
}

static void revocations(void **state)
{
    (void)state;
    for (uint32_t generation = 6; generation <= 8; generation++) { /* the token has 7 */
        struct fixture f;
        set_up(&f);
        for (size_t i = 0; i < 2; i++) {
            if (skeym_span_is(skeym_name_span(&f.entries[i].id), "dr-hopper")) {
                f.entries[i].generation = generation;
            }
        }
        if (generation >= 7) {
            assert_head_refused(&f, NOW, SKEYM_ERR_REVOKED, SKEYM_CHECK_REVOKED, true);
        } else {
            assert_admitted_at(&f, NOW);
        }
        tear_down(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_request_is_admitted),
        cmocka_unit_test(each_check_has_its_word),
        cmocka_unit_test(what_is_too_large),
        cmocka_unit_test(other_versions),
        cmocka_unit_test(ill_formed_authorization),
        cmocka_unit_test(the_scheme_has_no_case),
        cmocka_unit_test(ill_formed_proofs),
        cmocka_unit_test(ill_formed_rest),
        cmocka_unit_test(a_token_of_every_other_length),
        cmocka_unit_test(epochs),
        cmocka_unit_test(every_flipped_bit_of_a_token),
        cmocka_unit_test(other_audiences_and_keys),
        cmocka_unit_test(times),
        cmocka_unit_test(other_instances),
        cmocka_unit_test(revocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
