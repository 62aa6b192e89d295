/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/hex.h"
#include <skeym/scope.h>

static struct skeym_scope scope_of(const char *text)
{
    struct skeym_scope scope;
    assert_int_equal(skeym_scope_parse(&scope, skeym_span_text(text)), SKEYM_OK);
    return scope;
}

static struct skeym_scopes scopes_of(const char *const *texts)
{
    struct skeym_scopes scopes = {0};
    for (; texts[scopes.count]; scopes.count++) {
        scopes.at[scopes.count] = scope_of(texts[scopes.count]);
    }
    return scopes;
}
#define SCOPES(...) scopes_of((const char *const[]){__VA_ARGS__, NULL})

/* A list that says of itself that it has nine, and has them. */
struct nine {
    struct skeym_scopes list;
    struct skeym_scope ninth;
};

static struct nine nine_of(const char *eight, const char *ninth)
{
    struct nine out = {{.count = SKEYM_SCOPES_MAX + 1}, scope_of(ninth)};
    for (size_t i = 0; i < SKEYM_SCOPES_MAX; i++) {
        out.list.at[i] = scope_of(eight);
    }
    return out;
}

#define ID64 "abcdefghijklmnopqrstuvwxyz.ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789"

/* --- texts --------------------------------------------------------------------- */

/* The numbers are the protocol's: they never change. */
static void types(void **state)
{
    (void)state;
    static const char *const names[] = {"*",
                                        "Patient",
                                        "Observation",
                                        "Device",
                                        "DeviceMetric",
                                        "Encounter",
                                        "Condition",
                                        "Flag",
                                        "Communication",
                                        "AuditEvent",
                                        "Consent",
                                        "MedicationRequest",
                                        "DiagnosticReport",
                                        "Practitioner",
                                        "Location"};
    for (uint8_t i = 0; i < 15; i++) {
        uint8_t type = 99;
        assert_int_equal(skeym_scope_type(&type, skeym_span_text(names[i])), SKEYM_OK);
        assert_int_equal(type, i);
        assert_string_equal(skeym_scope_type_name(i), names[i]);
    }
    uint8_t type = 99;
    assert_int_equal(skeym_scope_type(&type, skeym_span_text("observation")),
                     SKEYM_ERR_UNSUPPORTED);
    assert_int_equal(type, 0);
    assert_int_equal(skeym_scope_type(&type, skeym_span_text("")), SKEYM_ERR_UNSUPPORTED);
    assert_string_equal(skeym_scope_type_name(15), "?");
    assert_string_equal(skeym_scope_type_name(255), "?");
}

static const struct {
    const char *text;
    uint8_t context, type, actions;
    const char *patient;
} good[] = {
    {"patient/123/Observation.rs", 1, 2, 18, "123"},
    {"patient/" ID64 "/MedicationRequest.cruds", 1, 11, 31, ID64},
    {"patient/a.b-c/*.r", 1, 0, 2, "a.b-c"},
    {"patient/user/Flag.r", 1, 7, 2, "user"}, /* a patient of that name, not a user's scope */
    {"user/Observation.r", 2, 2, 2, ""},
    {"user/*.cruds", 2, 0, 31, ""},
    {"system/Device.c", 3, 3, 1, ""},
    {"system/Location.u", 3, 14, 4, ""},
    {"user/Flag.d", 2, 7, 8, ""},
    {"user/Flag.s", 2, 7, 16, ""},
};

static void texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct skeym_scope scope = scope_of(good[i].text);
        assert_int_equal(scope.context, good[i].context);
        assert_int_equal(scope.type, good[i].type);
        assert_int_equal(scope.actions, good[i].actions);
        assert_true(skeym_span_is(skeym_span(scope.patient, scope.patient_size), good[i].patient));
        uint8_t out[SKEYM_SCOPE_TEXT_BYTES];
        assert_int_equal(skeym_scope_print((struct skeym_room){out, sizeof out}, &scope), SKEYM_OK);
        assert_string_equal((const char *)out, good[i].text);
    }
}

static const struct {
    const char *text;
    enum skeym_error error;
} bad[] = {
    {"", SKEYM_ERR_SHAPE},
    {"patient", SKEYM_ERR_SHAPE},
    {"patient/", SKEYM_ERR_SHAPE},
    {"patient/Observation.r", SKEYM_ERR_SHAPE}, /* of SMART, but whose patient? */
    {"Patient/1/Observation.r", SKEYM_ERR_SHAPE},
    {"users/Observation.r", SKEYM_ERR_SHAPE},
    {" user/Observation.r", SKEYM_ERR_SHAPE},
    {"user/Observation", SKEYM_ERR_SHAPE},
    {"user/Observation.", SKEYM_ERR_SHAPE},
    {"user/Observation.x", SKEYM_ERR_SHAPE},
    {"user/Observation.sr", SKEYM_ERR_SHAPE}, /* order */
    {"user/Observation.rr", SKEYM_ERR_SHAPE},
    {"user/Observation.r ", SKEYM_ERR_SHAPE},
    {"user/Observation.rs?code=1", SKEYM_ERR_SHAPE},
    {"user/Observation.*", SKEYM_ERR_SHAPE},
    {"user/Observation.read", SKEYM_ERR_SHAPE},
    {"user/Spleen.r", SKEYM_ERR_UNSUPPORTED},
    {"user/.r", SKEYM_ERR_UNSUPPORTED},
    {"user/1/Observation.r", SKEYM_ERR_UNSUPPORTED},
    {"patient//Observation.r", SKEYM_ERR_SIZE},
    {"patient/" ID64 "x/Observation.r", SKEYM_ERR_SIZE},
    {"patient/a_b/Observation.r", SKEYM_ERR_CHARSET},
    {"patient/a b/Observation.r", SKEYM_ERR_CHARSET},
    {"patient/*/Observation.r", SKEYM_ERR_CHARSET},
};

static void texts_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_scope scope;
        memset(&scope, 0xee, sizeof scope);
        assert_int_equal(skeym_scope_parse(&scope, skeym_span_text(bad[i].text)), bad[i].error);
        assert_zero(&scope, sizeof scope);
    }
}

/* The letters end before the NUL that ends their table. */
static void a_nul_is_no_action(void **state)
{
    (void)state;
    struct skeym_scope scope;
    assert_int_equal(skeym_scope_parse(&scope, skeym_span("user/Flag.r", 12)), SKEYM_ERR_SHAPE);
    assert_int_equal(skeym_scope_parse(&scope, skeym_span("user/Flag.", 11)), SKEYM_ERR_SHAPE);
}

static void print_needs_room(void **state)
{
    (void)state;
    struct skeym_scope longest = scope_of("patient/" ID64 "/MedicationRequest.cruds");
    static const struct skeym_scope strange[] = {{.context = 9, .type = 99, .actions = 0xff},
                                                 {.context = 4, .type = 15, .actions = 0xff},
                                                 {.context = 0, .type = 255, .actions = 0xff}};
    struct skeym_scope overlong = {SKEYM_SCOPE_PATIENT, 7, 2, SKEYM_PATIENT_BYTES + 1, "p"};
    uint8_t out[SKEYM_SCOPE_TEXT_BYTES];
    size_t need = strlen("patient/" ID64 "/MedicationRequest.cruds") + 1;
    assert_true(need <= sizeof out);
    for (size_t room = 0; room <= need; room++) {
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_scope_print((struct skeym_room){out, room}, &longest),
                         room == need ? SKEYM_OK : SKEYM_ERR_SPACE);
        if (room < need) {
            assert_zero(out, room);
        }
    }
    assert_int_equal(skeym_scope_print((struct skeym_room){NULL, 0}, &longest), SKEYM_ERR_SPACE);
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_scope_print((struct skeym_room){out, sizeof out}, &strange[i]),
                         SKEYM_OK);
        assert_string_equal((const char *)out, "?/?.cruds");
        assert_int_equal(out[sizeof "?/?.cruds"], 0xee);
    }
    assert_int_equal(skeym_scope_print((struct skeym_room){out, sizeof out}, &overlong), SKEYM_OK);
    assert_string_equal((const char *)out, "patient//Flag.r");
}

/* --- bytes ------------------------------------------------------------------------ */

static enum skeym_error read(struct skeym_scopes *out, const char *hex)
{
    uint8_t bytes[700];
    memset(out, 0xee, sizeof *out);
    struct skeym_reader reader = skeym_reader(skeym_span(bytes, unhex(bytes, sizeof bytes, hex)));
    skeym_scopes_read(&reader, out);
    enum skeym_error error = skeym_reader_end(&reader);
    if (error == SKEYM_ERR_TRUNCATED) {
        assert_zero(out, sizeof *out);
    }
    return error;
}

static void bytes(void **state)
{
    (void)state;
    struct skeym_scopes scopes = SCOPES("patient/123/Observation.rs", "user/*.r", "system/Flag.c");
    struct skeym_scopes back;
    uint8_t out[64];
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_scopes_write(&writer, &scopes);
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    assert_hex(out, writer.size, "0301021203313233020002030701");
    assert_int_equal(read(&back, "0301021203313233020002030701"), SKEYM_OK);
    assert_memory_equal(&back, &scopes, sizeof back);
    assert_int_equal(read(&back, "010102010131"), SKEYM_OK);
    scopes = SCOPES("patient/1/Observation.c");
    assert_memory_equal(&back, &scopes, sizeof back);
    assert_int_equal(read(&back, "00"), SKEYM_OK);
    assert_zero(&back, sizeof back);
    assert_int_equal(read(&back, "08020001020001020001020001020001020001020001020001"), SKEYM_OK);
    assert_int_equal(back.count, 8);
    assert_int_equal(read(&back, "0000"), SKEYM_ERR_TRAILING);
}

static const char patient_65[] =
    "0101020141"
    "61616161616161616161616161616161616161616161616161616161616161616161616161616161"
    "61616161616161616161616161616161616161616161616161";

static const char *const unspelled[] = {
    "",                                                         /* no count */
    "09020001020001020001020001020001020001020001020001020001", /* nine */
    "ff",
    "01000201",     /* context 0 */
    "01040201",     /* context 4 */
    "01020f01",     /* type 15 */
    "0102ff01",     /* type 255 */
    "01020200",     /* no actions */
    "01020220",     /* a sixth action */
    "010202ff",     /* all bits */
    "0101020100",   /* patient of no bytes */
    "01010201015f", /* patient "_" */
    "010102010120", /* patient " " */
    patient_65,     /* patient of 65 letters */
};

static void bytes_refused(void **state)
{
    (void)state;
    struct skeym_scopes scopes;
    for (size_t i = 0; i < sizeof unspelled / sizeof unspelled[0]; i++) {
        assert_int_equal(read(&scopes, unspelled[i]), SKEYM_ERR_TRUNCATED);
    }
    /* Cut at every length. */
    static const char whole[] = "0301021203313233020002030701";
    for (size_t size = 0; size < sizeof whole - 1; size += 2) {
        char cut[sizeof whole];
        memcpy(cut, whole, size);
        cut[size] = 0;
        assert_int_equal(read(&scopes, cut), SKEYM_ERR_TRUNCATED);
    }
    struct skeym_reader gone_bad = {NULL, 0, true};
    skeym_scopes_read(&gone_bad, &scopes);
    assert_zero(&scopes, sizeof scopes);
}

/* The last scope of a full list has a patient of 200 bytes: nothing is written behind the list. */
static void bytes_overlong_patient(void **state)
{
    (void)state;
    struct {
        struct skeym_scopes scopes;
        uint8_t behind[256];
    } out;
    uint8_t bytes[1 + 7 * 3 + 4 + 200] = {8};
    memset(&out, 0xee, sizeof out);
    memset(bytes + 1, 1, sizeof bytes - 1);
    for (size_t i = 0; i < 7; i++) {
        bytes[1 + 3 * i] = SKEYM_SCOPE_USER;
    }
    bytes[1 + 7 * 3 + 3] = 200;
    struct skeym_reader reader = skeym_reader(skeym_span(bytes, sizeof bytes));
    skeym_scopes_read(&reader, &out.scopes);
    assert_true(reader.bad);
    assert_zero(&out.scopes, sizeof out.scopes);
    for (size_t i = 0; i < sizeof out.behind; i++) {
        assert_int_equal(out.behind[i], 0xee);
    }
}

static void unspelled_is_not_written(void **state)
{
    (void)state;
    const struct skeym_scope patient = scope_of("patient/1/Flag.r");
    const struct skeym_scope user = scope_of("user/Flag.r");
    struct skeym_scope broken[] = {user, user, user, user, user, patient, patient, user, patient};
    broken[0].context = 0;
    broken[1].context = 4;
    broken[2].type = 15;
    broken[3].actions = 0;
    broken[4].actions = 32;
    broken[5].patient_size = 0;
    broken[6].patient[0] = '_';
    broken[7].patient_size = 1;
    broken[8].patient_size = 65;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct skeym_scopes scopes = {.count = 1, .at = {broken[i]}};
        uint8_t out[128];
        struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
        skeym_scopes_write(&writer, &scopes);
        assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
    }
    uint8_t out[128];
    struct nine nine = nine_of("user/*.r", "user/*.r");
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_scopes_write(&writer, &nine.list);
    assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
    nine.list.count = 255;
    writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_scopes_write(&writer, &nine.list);
    assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
}

/* --- what they allow ------------------------------------------------------------------ */

static const struct {
    const char *have, *want;
    bool covers;
} pairs[] = {
    {"patient/1/Flag.rs", "patient/1/Flag.rs", true},
    {"patient/1/Flag.rs", "patient/1/Flag.r", true},
    {"patient/1/Flag.r", "patient/1/Flag.rs", false},
    {"patient/1/Flag.r", "patient/2/Flag.r", false},
    {"patient/1/Flag.r", "patient/11/Flag.r", false},
    {"patient/1/Flag.r", "user/Flag.r", false},
    {"patient/1/Flag.r", "system/Flag.r", false},
    {"patient/1/*.r", "patient/1/Flag.r", true},
    {"patient/1/Flag.r", "patient/1/*.r", false},
    {"patient/1/*.r", "patient/1/*.r", true},
    {"user/Flag.r", "patient/1/Flag.r", true},
    {"user/Flag.r", "user/Flag.r", true},
    {"user/Flag.r", "system/Flag.r", false},
    {"user/Flag.r", "user/Device.r", false},
    {"user/*.cruds", "user/Device.d", true},
    {"system/Flag.r", "patient/1/Flag.r", true},
    {"system/Flag.r", "user/Flag.r", false},
    {"system/Flag.r", "system/Flag.r", true},
};

static void covers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct skeym_scope have = scope_of(pairs[i].have);
        struct skeym_scope want = scope_of(pairs[i].want);
        assert_int_equal(skeym_scope_covers(&have, &want), pairs[i].covers);
    }
    struct skeym_scope user = scope_of("user/*.cruds");
    struct skeym_scope no_action = scope_of("user/Flag.r");
    no_action.actions = 0;
    assert_false(skeym_scope_covers(&user, &no_action));
    struct skeym_scope stranger = scope_of("user/*.cruds");
    stranger.context = 4;
    struct skeym_scope want = scope_of("patient/1/Flag.r");
    assert_false(skeym_scope_covers(&stranger, &want));
}

static void lists_cover(void **state)
{
    (void)state;
    struct skeym_scopes have = SCOPES("patient/1/Flag.r", "user/Device.rs");
    struct skeym_scopes both = SCOPES("user/Device.s", "patient/1/Flag.r");
    struct skeym_scopes more = SCOPES("user/Device.s", "patient/2/Flag.r");
    struct skeym_scopes none = {0};
    assert_true(skeym_scopes_cover(&have, &both));
    assert_false(skeym_scopes_cover(&have, &more));
    assert_true(skeym_scopes_cover(&have, &none));
    assert_false(skeym_scopes_cover(&none, &both));
    struct nine nine = nine_of("patient/1/Flag.r", "patient/1/Flag.r");
    assert_false(skeym_scopes_cover(&have, &nine.list));
    nine.list.count = SKEYM_SCOPES_MAX;
    assert_true(skeym_scopes_cover(&have, &nine.list));
    /* No adding up: the actions must stand in one scope. */
    struct skeym_scopes split = SCOPES("user/Flag.r", "user/Flag.s");
    struct skeym_scopes joined = SCOPES("user/Flag.rs");
    assert_false(skeym_scopes_cover(&split, &joined));
}

static bool allow(const struct skeym_scopes *scopes, enum skeym_action action, const char *type,
                  const char *patient)
{
    uint8_t number;
    assert_int_equal(skeym_scope_type(&number, skeym_span_text(type)), SKEYM_OK);
    return skeym_scopes_allow(scopes, action, number, skeym_span_text(patient));
}

/* Only what a list counts, and no more than it has room for, is in it. */
static void what_is_behind_a_list_does_not_count(void **state)
{
    (void)state;
    struct skeym_scopes want = SCOPES("user/Device.r");
    struct skeym_scopes have = SCOPES("user/Flag.r", "user/Device.r");
    struct nine nine = nine_of("user/Flag.r", "user/Device.r");
    have.count = 1;
    assert_true(skeym_scopes_allow_some(&have, SKEYM_ACTION_READ, 7));
    assert_false(skeym_scopes_cover(&have, &want));
    assert_false(allow(&have, SKEYM_ACTION_READ, "Device", ""));
    assert_false(skeym_scopes_allow_some(&have, SKEYM_ACTION_READ, 3));
    assert_false(skeym_scopes_cover(&nine.list, &want));
    assert_false(allow(&nine.list, SKEYM_ACTION_READ, "Device", ""));
    assert_false(skeym_scopes_allow_some(&nine.list, SKEYM_ACTION_READ, 3));
    have.count = 2;
    assert_true(skeym_scopes_cover(&have, &want));
    assert_true(allow(&have, SKEYM_ACTION_READ, "Device", ""));
    assert_true(skeym_scopes_allow_some(&have, SKEYM_ACTION_READ, 3));
}

static void allows(void **state)
{
    (void)state;
    struct skeym_scopes scopes =
        SCOPES("patient/1/Flag.r", "user/Device.rs", "system/Location.c", "patient/2/*.cr");
    assert_true(allow(&scopes, SKEYM_ACTION_READ, "Flag", "1"));
    assert_false(allow(&scopes, SKEYM_ACTION_SEARCH, "Flag", "1"));
    assert_true(allow(&scopes, SKEYM_ACTION_READ, "Device", ""));
    assert_false(allow(&scopes, SKEYM_ACTION_READ, "Flag", "3"));
    assert_false(allow(&scopes, SKEYM_ACTION_READ, "Flag", "")); /* any patient's */
    assert_false(allow(&scopes, SKEYM_ACTION_READ, "Condition", "1"));
    assert_true(allow(&scopes, SKEYM_ACTION_READ, "Device", "3"));
    assert_true(allow(&scopes, SKEYM_ACTION_CREATE, "Location", ""));
    assert_true(allow(&scopes, SKEYM_ACTION_CREATE, "Condition", "2"));
    assert_false(allow(&scopes, SKEYM_ACTION_READ, "*", "1"));
    assert_true(allow(&scopes, SKEYM_ACTION_READ, "*", "2"));
    assert_false(skeym_scopes_allow(&scopes, (enum skeym_action)0, 3, skeym_span_text("1")));
    assert_true(skeym_scopes_allow_some(&scopes, SKEYM_ACTION_READ, 7));
    assert_true(skeym_scopes_allow_some(&scopes, SKEYM_ACTION_CREATE, 7));
    assert_false(skeym_scopes_allow_some(&scopes, SKEYM_ACTION_DELETE, 7));
    assert_false(skeym_scopes_allow_some(&scopes, (enum skeym_action)0, 7));
    struct skeym_scopes one = SCOPES("patient/1/Flag.r");
    assert_false(skeym_scopes_allow_some(&one, SKEYM_ACTION_READ, 3));
    struct skeym_scopes none = {0};
    assert_false(allow(&none, SKEYM_ACTION_READ, "Flag", "1"));
    assert_false(skeym_scopes_allow_some(&none, SKEYM_ACTION_READ, 7));
    one.at[0].patient_size = 0; /* nobody's scope does not allow anybody's data */
    assert_false(allow(&one, SKEYM_ACTION_READ, "Flag", ""));
    one.at[0].context = 0; /* no scope at all */
    assert_false(allow(&one, SKEYM_ACTION_READ, "Flag", "1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types),
        cmocka_unit_test(texts),
        cmocka_unit_test(texts_refused),
        cmocka_unit_test(a_nul_is_no_action),
        cmocka_unit_test(print_needs_room),
        cmocka_unit_test(bytes),
        cmocka_unit_test(bytes_refused),
        cmocka_unit_test(bytes_overlong_patient),
        cmocka_unit_test(unspelled_is_not_written),
        cmocka_unit_test(covers),
        cmocka_unit_test(lists_cover),
        cmocka_unit_test(what_is_behind_a_list_does_not_count),
        cmocka_unit_test(allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
