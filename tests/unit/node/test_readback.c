/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader makes of pages: in order, once each, and of the right run. */
#include "node/readback.h"
#include "node/wfdb.h"
#include "unit/node/fake_server.h"

#define URL    "http://ward.example/fhir/Observation?page="
#define BUNDLE "{\"resourceType\":\"Bundle\",\"type\":\"searchset\""
#define NEXT(n)                                                                                    \
    ",\"link\":[{\"relation\":\"self\",\"url\":\"x\"},{\"relation\":\"next\",\"url\":\"" URL n     \
    "\"}]"
#define ENTRY(r) "{\"resource\":" r "}"
#define READING(id, rest)                                                                          \
    "{\"resourceType\":\"Observation\",\"identifier\":[{\"system\":\"urn:other\",\"value\":\"a.b." \
    "c.1\"},"                                                                                      \
    "{\"system\":\"urn:skeym:reading\",\"value\":\"" id "\"}]" rest "}"
#define WAVE(id, data)                                                                             \
    READING(id, ",\"valueSampledData\":{\"origin\":{\"value\":0},\"period\":4,\"factor\":0.005,"   \
                "\"dimensions\":1,\"data\":\"" data "\"}")
#define NUMBER(id, text, value)                                                                    \
    READING(id, ",\"code\":{\"text\":\"" text "\"},\"valueQuantity\":{\"value\":" value "}")

static struct fake_server fake;
static struct skeym_session *session;
static const char *pages[8];
static unsigned page;
static char targets[8][SKEYM_TARGET_BYTES + 1];
static enum fault fault_at_page[8];

/* Gives the pages one after the other. */
static enum skeym_error turn_pages(void *arg, const struct skeym_wire_request *request,
                                   struct skeym_wire_answer *answer)
{
    bool login = strcmp(request->target, SKEYM_LOGIN_PATH) == 0;
    if (login) {
        return fake_send(arg, request, answer);
    }
    assert_true(page < 8 && pages[page]);
    fake.body = skeym_span_text(pages[page]);
    fake.fault = fault_at_page[page];
    fake.faults = fault_at_page[page] != FAULT_NONE;
    fault_at_page[page] = FAULT_NONE;
    enum skeym_error error = fake_send(arg, request, answer);
    if (error == SKEYM_OK) {
        (void)snprintf(targets[page], sizeof targets[page], "%s", fake.last_target);
        page++;
    }
    return error;
}

static int set_up(void **state)
{
    (void)state;
    fake_start(&fake);
    memset(pages, 0, sizeof pages);
    memset(targets, 0, sizeof targets);
    memset(fault_at_page, 0, sizeof fault_at_page);
    page = 0;
    struct skeym_session_options options = fake_options(&fake);
    options.transport = turn_pages;
    options.lanes = 4;
    session = fake_session(&options);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    skeym_session_free(session);
    fake_stop(&fake);
    return 0;
}

static char order[64];

static enum skeym_error note(void *arg, struct json_object *resource)
{
    struct json_object *name = NULL;
    assert_true(json_object_object_get_ex(resource, "id", &name));
    (void)snprintf(order + strlen(order), sizeof order - strlen(order), "%s",
                   json_object_get_string(name));
    return strchr(order, '!') ? *(enum skeym_error *)arg : SKEYM_OK;
}

static enum skeym_error walk(int *status)
{
    enum skeym_error stop = SKEYM_ERR_FULL;
    order[0] = 0;
    page = 0;
    return skeym_readback_pages(session, "/fhir/Observation?patient=7", note, &stop, status);
}

/* --- pages ---------------------------------------------------------------------------- */

static void test_pages_follow_one_another(void **state)
{
    (void)state;
    int status = 0;
    pages[0] =
        BUNDLE NEXT("2") ",\"entry\":[" ENTRY("{\"id\":\"a\"}") "," ENTRY("{\"id\":\"b\"}") "]}";
    pages[1] = BUNDLE NEXT("3") ",\"entry\":[]}";
    pages[2] = BUNDLE ",\"entry\":[" ENTRY("{\"id\":\"c\"}") "]}";
    fault_at_page[1] = FAULT_DROP_ANSWER; /* reading again does no harm */
    assert_int_equal(walk(&status), SKEYM_OK);
    assert_string_equal(order, "abc");
    assert_int_equal(status, 200);
    assert_string_equal(targets[0], "/fhir/Observation?patient=7");
    assert_string_equal(targets[1], "/fhir/Observation?page=2");
    assert_string_equal(targets[2], "/fhir/Observation?page=3");
    pages[0] = BUNDLE "}";
    assert_int_equal(walk(&status), SKEYM_OK);
    pages[0] = BUNDLE ",\"entry\":[" ENTRY("{\"id\":\"!\"}") "," ENTRY("{\"id\":\"b\"}") "]}";
    assert_int_equal(walk(&status), SKEYM_ERR_FULL);
    assert_string_equal(order, "!");
}

static void test_what_is_no_page(void **state)
{
    (void)state;
    int status = 0;
    static const char *const bad[] = {
        "no json",
        "{\"resourceType\":\"Bundle\"",
        "{\"resourceType\":\"Patient\"}",
        "[]",
        "7",
        BUNDLE ",\"entry\":[{}]}",
        BUNDLE ",\"entry\":[7]}",
        BUNDLE ",\"link\":[{\"relation\":\"next\",\"url\":\"no address\"}]}",
        BUNDLE ",\"link\":[{\"relation\":\"next\",\"url\":\"http://host\"}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pages[0] = bad[i];
        assert_int_equal(walk(&status), SKEYM_ERR_SHAPE);
    }
    fake.status = 404;
    pages[0] = BUNDLE "}";
    assert_int_equal(walk(&status), SKEYM_ERR_STATE);
    assert_int_equal(status, 404);
    fake.status = 200;
    fault_at_page[0] = FAULT_ALTER_ANSWER;
    assert_int_equal(walk(&status), SKEYM_ERR_SEAL);
}

/* What a server of another make may send beside a page's entries. */
static void test_members_of_another_kind(void **state)
{
    (void)state;
    static char target[SKEYM_TARGET_BYTES + 2] = "/fhir/";
    static char next[SKEYM_TARGET_BYTES + 200];
    int status = 0;
    enum skeym_error stop = SKEYM_ERR_FULL;
    static const char *const good[] = {
        BUNDLE ",\"link\":7}",
        BUNDLE ",\"link\":[{\"relation\":7,\"url\":\"x\"},{\"url\":\"y\"},7]}",
        BUNDLE ",\"link\":[{\"relation\":\"next\",\"url\":7}]}",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        pages[0] = good[i];
        assert_int_equal(walk(&status), SKEYM_OK);
    }
    memset(target + 6, 'a', sizeof target - 7);
    page = 0;
    assert_int_equal(skeym_readback_pages(session, target, note, &stop, &status), SKEYM_ERR_SIZE);
    (void)snprintf(next, sizeof next,
                   BUNDLE ",\"link\":[{\"relation\":\"next\",\"url\":\"http://a%s\"}]}", target);
    pages[0] = next;
    assert_int_equal(walk(&status), SKEYM_ERR_SHAPE);
}

/* --- identifiers ------------------------------------------------------------------------ */

static void test_identifiers(void **state)
{
    (void)state;
    struct skeym_readback_id id;
    assert_int_equal(
        skeym_readback_parse(&id, skeym_span_text("bed.of-7.0badcafe.0-MLII.123456789")), SKEYM_OK);
    assert_string_equal(id.run, "bed.of-7.0badcafe");
    assert_string_equal(id.signal, "0-MLII");
    assert_int_equal(id.number, 123456789);
    static const char *const bad[] = {
        "",
        "a",
        "a.b",
        "a.b.c",
        "a.b.c.",
        "a.b.c.x",
        ".b.c.1",
        "a..c.1",
        "a.b..1",
        "a.b.c.1.",
        "a.b.c.-1",
        "a.b.c.1234567890",
        "a.b.a-signal-of-17-xx.1",
        "x\033]0;owned\007.9f02c1aa.0-MLII.17",
        "bed.9f02c1aa.0-MLII\033[2J.17",
        "bed.9f02\nc1aa.0-MLII.17",
        "a-node-and-a-run-of-more-than-47-letters-all-in.all.c.1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(skeym_readback_parse(&id, skeym_span_text(bad[i])), SKEYM_ERR_SHAPE);
        assert_int_equal(id.number, 0);
    }
}

/* --- runs --------------------------------------------------------------------------------- */

static double sum;
static unsigned numbers;

static void add_number(void *arg, const struct skeym_readback_id *id, const char *text,
                       double value)
{
    (void)arg;
    assert_true(id->number == 4 || id->number == 5);
    assert_true(strcmp(text, "Heart rate") == 0 || strcmp(text, "Systolic") == 0);
    sum += value;
    numbers++;
}

static void test_a_run_is_put_together(void **state)
{
    (void)state;
    struct skeym_readback back;
    int status = 0;
    pages[0] = BUNDLE ",\"entry\":[" ENTRY("{\"resourceType\":\"Observation\"}") "," ENTRY(
        WAVE("n.r2.0-II.9", "1")) "]}"; /* the latest reading tells the run */
    pages[1] = BUNDLE NEXT("2") ",\"entry\":[" ENTRY(WAVE("n.r2.0-II.1", "4 E -6")) "," ENTRY(
        WAVE("n.r1.0-II.0", "99 99")) "," ENTRY(WAVE("n.r2.1-V5.0", "7")) "]}";
    pages[2] = BUNDLE ",\"entry\":[" ENTRY(WAVE("n.r2.0-II.0", "1 2 3")) "," ENTRY(WAVE(
        "n.r2.0-II.3",
        "8")) "," ENTRY(WAVE("n.r2.0-II.3",
                             "8")) "," ENTRY(NUMBER("n.r2.2-HR.4", "Heart rate",
                                                    "72.5")) "," ENTRY(READING("n.r2.p-ABP.5",
                                                                               ",\"component\":"
                                                                               "[{\"code\":{"
                                                                               "\"text\":"
                                                                               "\"Systolic\"},"
                                                                               "\"valueQuantity"
                                                                               "\":{\"value\":"
                                                                               "120}},"
                                                                               "{\"code\":{"
                                                                               "\"text\":"
                                                                               "\"Diastolic\"}}"
                                                                               "]")) "]}";
    page = 0;
    assert_int_equal(
        skeym_readback_numbers(&back, session, "7", NULL, -32768, add_number, NULL, &status),
        SKEYM_OK);
    assert_string_equal(targets[0], "/fhir/Observation?patient=7&_sort=-date&_count=5");
    assert_string_equal(back.run, "n.r2");
    assert_int_equal(back.count, 4);
    assert_int_equal(back.doubled, 1);
    assert_int_equal(back.readings, 6);
    const struct skeym_readback_signal *signal = &back.signal[0];
    static const int32_t want[] = {1, 2, 3, 4, -32768, -6, 8};
    assert_string_equal(signal->name, "0-II");
    assert_int_equal(signal->readings, 3);
    assert_int_equal(signal->doubled, 1);
    assert_int_equal(signal->missing, 1);
    assert_int_equal(signal->samples, 7);
    assert_memory_equal(signal->at, want, sizeof want);
    assert_int_equal(signal->checksum, skeym_wfdb_checksum(0, want, 7));
    assert_string_equal(back.signal[1].name, "1-V5");
    assert_int_equal(back.signal[1].samples, 1);
    assert_int_equal(back.signal[2].samples, 0);
    assert_int_equal(numbers, 2);
    assert_true(sum == 192.5);
    skeym_readback_free(&back);
}

static void test_runs_that_are_not_there(void **state)
{
    (void)state;
    struct skeym_readback back;
    int status = 0;
    pages[0] = BUNDLE ",\"entry\":[" ENTRY("{\"resourceType\":\"Observation\"}") "]}";
    assert_int_equal(skeym_readback_run(&back, session, "7", NULL, 0, &status),
                     SKEYM_ERR_NOT_FOUND);
    skeym_readback_free(&back);
    page = 0;
    assert_int_equal(skeym_readback_run(&back, session, "7", "n.r9", 0, &status),
                     SKEYM_ERR_NOT_FOUND);
    skeym_readback_free(&back);
    assert_int_equal(skeym_readback_run(&back, session, "7&x=y", "n.r9", 0, &status),
                     SKEYM_ERR_CHARSET);
    page = 0;
    pages[0] = BUNDLE ",\"entry\":[" ENTRY(WAVE("n.r9.0-II.0", "1 2 x")) "]}";
    assert_int_not_equal(skeym_readback_run(&back, session, "7", "n.r9", 0, &status), SKEYM_OK);
    skeym_readback_free(&back);
}

static unsigned told;

static void count_number(void *arg, const struct skeym_readback_id *id, const char *text,
                         double value)
{
    (void)arg;
    (void)id;
    (void)text;
    (void)value;
    told++;
}

static void test_what_has_no_number_or_no_name(void **state)
{
    (void)state;
    struct skeym_readback back;
    int status = 0;
    pages[0] = BUNDLE ",\"entry\":[" ENTRY(READING("n.r9.0-II.0", "")) "," ENTRY(READING(
        "n.r9.0-II.1",
        ",\"value"
        "Quantity"
        "\":{},"
        "\"code\""
        ":{"
        "\"text\""
        ":\"x\""
        "}")) "," ENTRY(READING("n.r9.0-II.2",
                                ",\"valueQuantity\":{\"value\":1}")) "," ENTRY(READING("n.r9.0-II."
                                                                                       "3",
                                                                                       ",\"valueQua"
                                                                                       "ntity\":{"
                                                                                       "\"value\":"
                                                                                       "1},"
                                                                                       "\"code\":{"
                                                                                       "}")) "," ENTRY(READING("n.r9.0-II.4",
                                                                                                               ",\"valueQuantit"
                                                                                                               "y\":{\"value\":"
                                                                                                               "1},\"code\":{"
                                                                                                               "\"text\":"
                                                                                                               "\"x\"}")) "," ENTRY(READING("not one of ours",
                                                                                                                                            "")) "," ENTRY("{\"identifier\":[{\"system\":\"urn:skeym:reading\"},{\"value\":\"n.r9.0-II.5\"},7]}") "]}";
    assert_int_equal(
        skeym_readback_numbers(&back, session, "7", "n.r9", 0, count_number, NULL, &status),
        SKEYM_OK);
    assert_int_equal(told, 1);
    assert_int_equal(back.readings, 5);
    skeym_readback_free(&back);
    page = 0;
    fake.status = 500;
    assert_int_equal(skeym_readback_run(&back, session, "7", NULL, 0, &status), SKEYM_ERR_STATE);
    assert_int_equal(status, 500);
    skeym_readback_free(&back);
    fake.status = 200;
}

static void test_names_of_runs(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "a_b",
        "a{",
        "a@",
        "a:",
        "a/",
        "a2345678901234567890123456789012345678901234567890123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct skeym_readback out;
        int status = 7;
        assert_int_equal(
            skeym_readback_numbers(&out, NULL, "bed-1", bad[i], 0, NULL, NULL, &status),
            SKEYM_ERR_CHARSET);
        assert_int_equal(status, 0);
        skeym_readback_free(&out);
    }
}

static void test_a_page_that_was_not_asked_for_is_not_there(void **state)
{
    (void)state;
    int status = 7;
    pages[0] = BUNDLE ",\"entry\":[" ENTRY("{\"id\":\"a\"}") "]}";
    fault_at_page[0] = FAULT_UNSENT; /* it did not leave, so it is not asked again here */
    assert_int_equal(walk(&status), SKEYM_ERR_NETWORK);
    assert_int_equal(page, 0);
    assert_string_equal(order, "");
    assert_int_equal(walk(&status), SKEYM_OK);
    assert_string_equal(order, "a");
}

static void test_a_run_of_too_many_signals(void **state)
{
    (void)state;
    static char text[(SKEYM_READBACK_SIGNALS + 1) * 400];
    for (unsigned most = SKEYM_READBACK_SIGNALS; most <= SKEYM_READBACK_SIGNALS + 1; most++) {
        struct skeym_readback back;
        int status = 0;
        size_t size = (size_t)snprintf(text, sizeof text, "%s", BUNDLE ",\"entry\":[");
        for (unsigned i = 0; i < most; i++) {
            size += (size_t)snprintf(text + size, sizeof text - size,
                                     "%s" ENTRY(WAVE("n.r9.%u-II.0", "1 2 3")), i ? "," : "", i);
        }
        assert_true(size + 3 < sizeof text);
        memcpy(text + size, "]}", 3);
        page = 0;
        pages[0] = text;
        assert_int_equal(skeym_readback_run(&back, session, "7", "n.r9", 0, &status),
                         most > SKEYM_READBACK_SIGNALS ? SKEYM_ERR_SIZE : SKEYM_OK);
        assert_int_equal(back.count, SKEYM_READBACK_SIGNALS);
        skeym_readback_free(&back);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pages_follow_one_another),
        TEST(test_what_is_no_page),
        TEST(test_members_of_another_kind),
        TEST(test_identifiers),
        TEST(test_a_run_is_put_together),
        TEST(test_runs_that_are_not_there),
        TEST(test_what_has_no_number_or_no_name),
        cmocka_unit_test(test_names_of_runs),
        TEST(test_a_page_that_was_not_asked_for_is_not_there),
        TEST(test_a_run_of_too_many_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
