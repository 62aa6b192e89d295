/* SPDX-License-Identifier: Apache-2.0 */
/* Each attacker's request against the core's other half, which must refuse it, beside the genuine
 * request that it was made from, which must pass. */
#include "load/load_attack.h"
#include "unit/load/fake_http.h"

static struct fake_server fake;
static struct skeym_load_node node;
static struct skeym_load_loot loot;
static struct skeym_load_attack lane;
static char sent[SKEYM_LOAD_REQUEST + 1];
static size_t sent_size;

static void write_with(const struct skeym_load_script *script, void *arg)
{
    unsigned kind = 0;
    struct skeym_writer out = skeym_writer((struct skeym_room){(uint8_t *)sent, sizeof sent - 1});
    assert_int_equal(script->ask(arg, &out, &kind), SKEYM_OK);
    assert_int_equal(skeym_writer_end(&out), SKEYM_OK);
    sent_size = skeym_written(&out).size;
    sent[sent_size] = '\0';
}

static struct skeym_load_verdict node_step(void)
{
    write_with(&skeym_load_node_script, &node);
    return fake_http(&fake, &skeym_load_node_script, &node, sent, sent_size);
}

/* A node that has asked once; its request and its next token are the loot. */
static int set_up(void **state)
{
    static const struct skeym_load_work work = {.weights = {1, 0, 0}, .lanes = 1};
    (void)state;
    fake_start(&fake);
    fake_now(&fake, skeym_load_node_now()); /* the attackers' logins are of now */
    assert_int_equal(skeym_load_node_init(&node, &fake.credential.keys, &work, 0), SKEYM_OK);
    assert_int_equal(node_step().step, SKEYM_LOAD_MORE);
    assert_int_equal(node_step().outcome, SKEYM_LOAD_OK);
    memcpy(loot.request, sent, sent_size);
    loot.request_size = sent_size;
    loot.token_size = node.lanes[0].token_size;
    memcpy(loot.token, node.lanes[0].token, loot.token_size);
    assert_int_equal(fake.executed, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    skeym_load_attack_end(&lane);
    skeym_load_node_end(&node);
    fake_stop(&fake);
    return 0;
}

static struct skeym_load_script take_up(const char *name)
{
    const struct skeym_load_attack_kind *kind = skeym_load_attack_find(name);
    assert_non_null(kind);
    skeym_load_attack_end(&lane);
    assert_int_equal(skeym_load_attack_init(&lane, kind, &loot, &fake.credential.keys, 3),
                     SKEYM_OK);
    return skeym_load_attack_script(kind, 4);
}

static enum skeym_load_outcome attack(const char *name)
{
    struct skeym_load_script script = take_up(name);
    enum skeym_load_outcome outcome = SKEYM_LOAD_OK;
    for (int i = 0; i < 3; i++) {
        write_with(&script, &lane);
        if (strncmp(sent, "GET", 3) == 0) { /* fake_http knows POST with a length */
            char head[SKEYM_LOAD_REQUEST];
            (void)snprintf(head, sizeof head,
                           "POST /skeym/v1/exchange HTTP/1.1\r\n"
                           "Content-Length: 0\r\n%s",
                           strchr(sent, '\n') + 1);
            memcpy(sent, head, sizeof head);
            sent_size = strlen(head);
        }
        outcome = fake_http(&fake, &script, &lane, sent, sent_size).outcome;
    }
    return outcome;
}

static void test_tokens_are_refused(void **state)
{
    static const char *const names[] = {"forged", "stolen", "replay"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        unsigned refused = fake.refused;
        assert_int_equal(attack(names[i]), SKEYM_LOAD_REFUSED);
        assert_int_equal(fake.refused, refused + 3);
    }
    assert_int_equal(fake.executed, 1);
    assert_int_equal(node_step().outcome,
                     SKEYM_LOAD_OK); /* the stolen token is its owner's still */
}

static void test_logins(void **state)
{
    unsigned logins = fake.logins;
    (void)state;
    assert_int_equal(attack("badlogin"), SKEYM_LOAD_REFUSED);
    assert_int_equal(attack("junklogin"), SKEYM_LOAD_REFUSED);
    assert_int_equal(fake.logins, logins);
    assert_int_equal(attack("login"), SKEYM_LOAD_OK);
    assert_int_equal(fake.logins, logins + 3);
}

/* The dearest refusal: everything but the credential is right. */
static void test_bad_login_is_well_formed(void **state)
{
    struct skeym_login_request login;
    (void)state;
    struct skeym_load_script script = take_up("badlogin");
    write_with(&script, &lane);
    const char *body = strstr(sent, "\r\n\r\n") + 4;
    size_t size = sent_size - (size_t)(body - sent);
    assert_int_equal(skeym_login_read(&login, &fake.authority, skeym_span(body, size)),
                     SKEYM_ERR_HANDSHAKE);
    script = take_up("junklogin");
    write_with(&script, &lane);
    assert_int_equal(skeym_login_read(&login, &fake.authority, skeym_span(body, size)),
                     SKEYM_ERR_LOCATOR);
}

/* Eight characters, and others each time. */
static void test_varies(void **state)
{
    static char before[sizeof sent];
    (void)state;
    struct skeym_load_script script = take_up("forged");
    write_with(&script, &lane);
    memcpy(before, sent, sizeof sent);
    write_with(&script, &lane);
    size_t differ = 0;
    for (size_t i = 0; i < sent_size; i++) {
        differ += before[i] != sent[i];
        if (before[i] != sent[i]) {
            assert_in_range(i, lane.vary_at, lane.vary_at + 7);
        }
    }
    assert_in_range(differ, 1, 8);
    script = take_up("replay");
    write_with(&script, &lane);
    assert_memory_equal(sent, loot.request, loot.request_size);
}

static void test_table(void **state)
{
    size_t count;
    const struct skeym_load_attack_kind *kinds = skeym_load_attack_kinds(&count);
    (void)state;
    assert_int_equal(count, 10);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(skeym_load_attack_find(kinds[i].name), &kinds[i]);
        struct skeym_load_script script = take_up(kinds[i].name);
        assert_int_equal(script.batch, kinds[i].batches ? 4 : 1);
        assert_int_equal(script.drip_ms > 0, strncmp(kinds[i].name, "slow", 4) == 0);
        write_with(&script, &lane);
        assert_true(sent_size > 60);
    }
    assert_null(skeym_load_attack_find("none"));
}

static void test_big_and_slow(void **state)
{
    (void)state;
    struct skeym_load_script script = take_up("bighead");
    write_with(&script, &lane);
    assert_true(strstr(sent, "\r\n\r\n") - sent > 8192);
    script = take_up("bigbody");
    write_with(&script, &lane);
    assert_non_null(strstr(sent, "Content-Length: 16777216\r\n"));
    script = take_up("slowhead");
    write_with(&script, &lane);
    assert_null(strstr(sent, "\r\n\r\n"));
    script = take_up("slowbody");
    assert_true(script.drip_body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tokens_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_logins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_login_is_well_formed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_varies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_big_and_slow, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
