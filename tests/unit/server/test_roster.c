/* SPDX-License-Identifier: Apache-2.0 */
#include "home_fixture.h"
#include "server/audit.h"
#include "server/revocation.h"
#include "server/roster.h"

#define ENROL(time, node, generation)                                                              \
    "{\"time\":" #time ",\"event\":\"enrol\",\"uid\":0,\"node\":\"" node                           \
    "\",\"role\":\"device\",\"scopes\":[\"patient/1/Observation.c\",\"user/Patient.r\"],"          \
    "\"generation\":" #generation ",\"not_after\":1900000000}\n"

static void names_each_node_once(void **state)
{
    (void)state;
    struct skeym_roster roster = {0};
    put("audit",
        "{\"time\":5,\"event\":\"init\"}\n" ENROL(10, "bed-8", 1) ENROL(20, "bed-7", 2)
            ENROL(30, "bed-7", 1) ENROL(40, "bed", 1) ENROL(50, "bed-8", 1),
        0600);
    assert_int_equal(skeym_roster_read(&roster, dir), SKEYM_OK);
    assert_int_equal(roster.node_count, 3);
    assert_true(skeym_span_is(skeym_name_span(&roster.nodes[0].id), "bed"));
    assert_true(skeym_span_is(skeym_name_span(&roster.nodes[1].id), "bed-7"));
    assert_int_equal(roster.nodes[1].generation, 2); /* the highest, not the last in the file */
    assert_int_equal(roster.nodes[1].enrolled_s, 20);
    assert_int_equal(roster.nodes[1].not_after_s, 1900000000);
    assert_int_equal(roster.nodes[1].role, SKEYM_ROLE_DEVICE);
    assert_int_equal(roster.nodes[1].scopes.count, 2);
    assert_int_equal(roster.nodes[2].enrolled_s, 50); /* of one generation the last */
    assert_int_equal(roster.event_count, 6);
    assert_string_equal(roster.events[0].event, "init");
    assert_int_equal(roster.events[5].number, 6);
    assert_int_equal(roster.events[5].time_ms, 50000);
    assert_true(roster.events[5].filed);
    skeym_roster_free(&roster);
}

static void says_who_did_it(void **state)
{
    (void)state;
    struct skeym_roster roster = {0};
    put("audit",
        "{\"time\":1,\"event\":\"revoke\",\"node\":\"bed-7\",\"generation\":1,\"by\":\"adams\"}\n"
        "{\"time\":2,\"event\":\"revoke\",\"node\":\"bed-8\",\"generation\":1}\n"
        "{\"time\":3,\"event\":\"enrol\",\"node\":\"bed-9\",\"generation\":1,"
        "\"invitation\":\"AAAA\"}\n",
        0600);
    assert_int_equal(skeym_roster_read(&roster, dir), SKEYM_OK);
    assert_true(skeym_span_is(skeym_name_span(&roster.events[0].agent), "adams"));
    assert_true(skeym_span_is(skeym_name_span(&roster.events[0].entity), "bed-7"));
    assert_int_equal(roster.events[1].agent.size, 0);
    assert_true(skeym_span_is(skeym_name_span(&roster.events[2].agent), "bed-9"));
    skeym_roster_free(&roster);
}

/* What somebody wrote into the file by hand is nothing that could leave the JSON's string. */
static void takes_odd_members_for_nothing(void **state)
{
    (void)state;
    struct skeym_roster roster = {0};
    put("audit",
        "{\"event\":\"enrol\"}\n"
        "{\"event\":\"enrol\",\"node\":\"b\xc3\xa9\"}\n"
        "{\"event\":\"a\\\"b\",\"node\":7,\"by\":[]}\n"
        "{\"event\":\"a-word-that-is-longer-than-any\"}\n"
        "{\"event\":\"enrol\",\"node\":\"x\",\"role\":\"king\",\"scopes\":[1,null,\"a\"]}\n"
        "{\"event\":\"enrol\",\"node\":\"y\",\"scopes\":\"user/*.r\",\"generation\":-1}\n"
        "{\"event\":\"d~\\u007fe\"}\n"
        "{\"event\":\"f\\\\g\"}\n",
        0600);
    assert_int_equal(skeym_roster_read(&roster, dir), SKEYM_OK);
    assert_int_equal(roster.event_count, 8);
    assert_int_equal(roster.node_count, 2);
    assert_string_equal(roster.events[6].event, "d~");
    assert_string_equal(roster.events[7].event, "f");
    assert_int_equal(roster.nodes[0].role, 0);
    assert_int_equal(roster.nodes[0].scopes.count, 0);
    assert_int_equal(roster.nodes[1].generation, 0);
    assert_string_equal(roster.events[2].event, "a");
    assert_string_equal(roster.events[3].event, "a-word-that-is-");
    skeym_roster_free(&roster);
}

static void reads_again_only_what_has_changed(void **state)
{
    (void)state;
    struct skeym_roster roster = {0};
    put("audit", ENROL(10, "bed-7", 1), 0600);
    assert_int_equal(skeym_roster_read(&roster, dir), SKEYM_OK);
    const struct skeym_roster_node *nodes = roster.nodes;
    roster.nodes[0].enrolled_s = 77; /* to see whether it is read anew */
    assert_int_equal(skeym_roster_read(&roster, dir), SKEYM_OK);
    assert_ptr_equal(roster.nodes, nodes);
    assert_int_equal(roster.nodes[0].enrolled_s, 77);
    put("audit", ENROL(10, "bed-7", 1) ENROL(11, "bed-8", 1), 0600);
    assert_int_equal(skeym_roster_read(&roster, dir), SKEYM_OK);
    assert_int_equal(roster.node_count, 2);
    assert_int_equal(roster.nodes[0].enrolled_s, 10);
    assert_int_equal(chmod(in_dir("audit"), 0644), 0);
    assert_int_equal(skeym_roster_read(&roster, dir), SKEYM_ERR_MODE);
    assert_int_equal(roster.node_count, 0);
    assert_int_equal(chmod(in_dir("audit"), 0600), 0);
    assert_int_equal(skeym_roster_read(&roster, dir), SKEYM_OK);
    assert_int_equal(roster.node_count, 2);
    skeym_roster_free(&roster);
}

static void has_nothing_where_there_is_no_file(void **state)
{
    (void)state;
    struct skeym_roster roster = {0};
    assert_int_equal(skeym_roster_read(&roster, dir), SKEYM_OK);
    assert_int_equal(roster.node_count + roster.event_count, 0);
    skeym_roster_free(&roster);
    assert_int_equal(skeym_roster_read(&roster, "/nowhere"), SKEYM_ERR_MISSING);
}

/* --- lines that a crash cut short ------------------------------------------------------- */

static void count(void *arg, struct json_object *event)
{
    (void)event;
    (*(size_t *)arg)++;
}

static void tells_a_torn_line_from_a_damaged_one(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t events, torn, damaged;
    } rows[] = {
        {"", 0, 0, 0},
        {"\n\n", 0, 0, 0},
        {"{\"event\":\"a\"}\n", 1, 0, 0},
        {"{\"event\":\"a\"}", 1, 0, 0},
        {"{\"event\":\"a\"}\n{\"time\":1,\"ev", 1, 1, 0},
        {"{\"time\":1,\"ev\n{\"event\":\"a\"}\n", 1, 1, 0},
        {"{\n{\"event\":\"a\"}\n{", 1, 2, 0},
        {"{\"event\":1}\n", 0, 0, 1},
        {"XX\n", 0, 0, 1},
        {"{\"event\":\"a\"}}\n", 0, 0, 1},
        {"XX\n{\"time\":\nXX}", 0, 1, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct skeym_audit_gaps gaps;
        size_t events = 0;
        assert_int_equal(skeym_audit_parse(skeym_span_text(rows[i].text), count, &events, &gaps),
                         SKEYM_OK);
        assert_int_equal(events, rows[i].events);
        assert_int_equal(gaps.torn, rows[i].torn);
        assert_int_equal(gaps.damaged, rows[i].damaged);
    }
}

/* A crash in the middle of a line does not keep the next event from being read. */
static void goes_on_below_a_torn_line(void **state)
{
    (void)state;
    struct skeym_roster roster = {0};
    put("audit", ENROL(10, "bed-7", 1) "{\"time\":1,\"ev", 0600);
    struct skeym_name id = named("bed-7");
    assert_int_equal(skeym_revocation_note(dir, &id, 3, NULL, NOW_MS), SKEYM_OK);
    assert_int_equal(skeym_roster_read(&roster, dir), SKEYM_OK);
    assert_int_equal(roster.node_count, 1);
    assert_int_equal(roster.event_count, 2);
    assert_int_equal(roster.damaged, 1);
    assert_string_equal(roster.events[1].event, "revoke");
    skeym_roster_free(&roster);
}

/* --- revocation --------------------------------------------------------------------------- */

static void knows_the_generations_of_a_node(void **state)
{
    (void)state;
    struct skeym_revocation found;
    struct skeym_name id = named("bed-7");
    struct skeym_name other = named("bed");
    put("audit", ENROL(10, "bed-7", 1) ENROL(20, "bed-7", 3) ENROL(30, "bed-77", 9), 0600);
    assert_int_equal(skeym_revocation_find(&found, dir, &id), SKEYM_OK);
    assert_int_equal(found.enrolled, 3);
    assert_int_equal(found.revoked, 0);
    assert_int_equal(skeym_revocation_all(&found), 3);
    assert_int_equal(skeym_home_revoke(dir, &id, 5), SKEYM_OK);
    assert_int_equal(skeym_revocation_find(&found, dir, &id), SKEYM_OK);
    assert_int_equal(found.revoked, 5);
    assert_int_equal(skeym_revocation_all(&found), 6); /* one that was enrolled, its line lost */
    assert_int_equal(skeym_revocation_find(&found, dir, &other), SKEYM_OK);
    assert_int_equal(found.enrolled + found.revoked, 0);
    found.revoked = UINT32_MAX;
    assert_int_equal(skeym_revocation_all(&found), UINT32_MAX);
    put("revoked", "xx", 0600);
    assert_int_not_equal(skeym_revocation_find(&found, dir, &id), SKEYM_OK);
}

static void notes_who_revoked(void **state)
{
    (void)state;
    struct skeym_name id = named("bed-7");
    struct skeym_name by = named("dr-adams");
    char *text = NULL;
    size_t size = 0;
    assert_int_equal(skeym_revocation_note(dir, &id, 3, &by, NOW_MS), SKEYM_OK);
    assert_int_equal(skeym_home_audit_read(&text, &size, dir), SKEYM_OK);
    assert_non_null(strstr(text, "\"event\":\"revoke\""));
    assert_non_null(strstr(text, "\"node\":\"bed-7\",\"generation\":3,\"by\":\"dr-adams\"}\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_each_node_once),
        TEST(says_who_did_it),
        TEST(takes_odd_members_for_nothing),
        TEST(reads_again_only_what_has_changed),
        TEST(has_nothing_where_there_is_no_file),
        cmocka_unit_test(tells_a_torn_line_from_a_damaged_one),
        TEST(goes_on_below_a_torn_line),
        TEST(knows_the_generations_of_a_node),
        TEST(notes_who_revoked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
