/* SPDX-License-Identifier: Apache-2.0 */
/* The chain file: a token is in it, or in use, never both, and nobody else reads it. */
#include "node/chain.h"
#include "unit/node/fake_server.h"
#include "unit/node/sealed.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER "http://127.0.0.1:1"

static struct fake_server fake;
static struct skeym_session_options options;
static char folder[] = "/tmp/skeym-chain-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "%s", mkdtemp(folder) ? folder : "");
    (void)snprintf(path, sizeof path, "%s/chain", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int set_up(void **state)
{
    (void)state;
    fake_start(&fake);
    options = fake_options(&fake);
    options.lanes = 4;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    fake_stop(&fake);
    return 0;
}

static size_t read_file(char *out, size_t room)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t size = read(fd, out, room - 1);
    assert_true(size >= 0);
    close(fd);
    out[size] = 0;
    return (size_t)size;
}

static void write_file(const char *text, size_t size)
{
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
}

static struct skeym_session *session_with_lanes(void)
{
    struct skeym_session *session = fake_session(&options);
    assert_int_equal(skeym_session_login(session), SKEYM_OK);
    return session;
}

static void put(struct skeym_session *session)
{
    assert_int_equal(skeym_chain_put(path, &fake.credential, SERVER, session), SKEYM_OK);
}

static bool take(struct skeym_session *session)
{
    bool found = false;
    assert_int_equal(skeym_chain_take(path, &fake.credential, SERVER, session, &found), SKEYM_OK);
    return found;
}

static unsigned count_lanes(void)
{
    char text[SKEYM_CHAIN_FILE_BYTES];
    unsigned count = 0;
    (void)read_file(text, sizeof text);
    for (char *at = text; (at = strstr(at, "\nlane ")); at++) {
        count++;
    }
    return count;
}

/* --- use -------------------------------------------------------------------------- */

static void test_calls_go_on_where_the_last_one_stopped(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        struct skeym_session *session = fake_session(&options);
        struct skeym_session_answer answer;
        struct skeym_closed request = {.method = skeym_span_text("GET"),
                                       .target = skeym_span_text("/x")};
        assert_int_equal(take(session), i > 0);
        assert_int_equal(skeym_session_request(session, &request, &answer, NULL), SKEYM_OK);
        skeym_session_answer_free(&answer);
        put(session);
        skeym_session_free(session);
        assert_int_equal(count_lanes(), 4);
    }
    assert_int_equal(fake.logins, 1);
    assert_int_equal(fake.refused, 0);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void test_a_token_is_out_of_the_file_before_it_is_used(void **state)
{
    (void)state;
    char before[SKEYM_CHAIN_FILE_BYTES];
    char after[SKEYM_CHAIN_FILE_BYTES];
    struct skeym_session *session = session_with_lanes();
    struct skeym_session_lane lane;
    char secret[SKEYM_BASE64URL_CHARS(32) + 1] = {0};
    put(session);
    assert_false(skeym_session_take(session, &lane)); /* all went into the file */
    assert_true(take(session));
    assert_true(skeym_session_take(session, &lane));
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){(uint8_t *)secret, sizeof secret - 1});
    skeym_base64url_write(&writer, skeym_span(lane.secret, sizeof lane.secret));
    (void)read_file(after, sizeof after);
    assert_null(strstr(after, lane.token));
    assert_null(strstr(after, secret));
    assert_true(skeym_session_give(session, &lane));
    put(session);
    (void)read_file(before, sizeof before);
    assert_non_null(strstr(before, lane.token));
    assert_non_null(strstr(before, secret));
    skeym_session_free(session);
}

static void test_old_tokens_are_left_out(void **state)
{
    (void)state;
    struct skeym_session *session = session_with_lanes();
    put(session);
    fake_pass(&fake, 31000);
    assert_false(take(session));
    assert_int_equal(count_lanes(), 0);
    skeym_session_free(session);
}

static void test_when_there_are_too_many_the_oldest_go(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        struct skeym_session *session = session_with_lanes();
        put(session);
        skeym_session_free(session);
        fake_pass(&fake, 1000);
    }
    assert_int_equal(count_lanes(), SKEYM_LANES_MAX);
    struct skeym_session *session = fake_session(&options);
    struct skeym_session_lane lane;
    assert_true(take(session));
    assert_true(skeym_session_take(session, &lane));
    assert_int_equal(lane.born_ms, fake.steady_ms - 4000); /* those of the first login are gone */
    skeym_session_free(session);
}

static void test_waits_for_who_has_the_file(void **state)
{
    (void)state;
    int done[2];
    char byte = 0;
    struct skeym_session *session = session_with_lanes();
    put(session);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(pipe(done), 0);
    pid_t child = fork();
    if (child == 0) {
        bool found = false;
        close(fd);
        enum skeym_error error = skeym_chain_take(path, &fake.credential, SERVER, session, &found);
        (void)!write(done[1], error == SKEYM_OK && found ? "y" : "n", 1);
        _exit(0);
    }
    struct pollfd ready = {.fd = done[0], .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 100), 0);
    close(fd);
    assert_int_equal(read(done[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(done[0]);
    close(done[1]);
    skeym_session_free(session);
}

static void test_no_two_processes_take_the_same(void **state)
{
    (void)state;
    int tokens[2];
    char seen[16][32];
    unsigned count = 0;
    options.lanes = 12;
    struct skeym_session *session = session_with_lanes();
    put(session);
    assert_int_equal(pipe(tokens), 0);
    for (unsigned child = 0; child < 4; child++) {
        if (fork() == 0) {
            bool found = true;
            for (unsigned i = 0; i < 4 && found; i++) {
                struct skeym_session_lane lane;
                if (skeym_chain_take(path, &fake.credential, SERVER, session, &found) != SKEYM_OK) {
                    _exit(1);
                }
                /* the end of a token is its tag: different for each */
                if (found && (!skeym_session_take(session, &lane) ||
                              write(tokens[1], lane.token + strlen(lane.token) - 32, 32) != 32)) {
                    _exit(1);
                }
            }
            _exit(0);
        }
    }
    close(tokens[1]);
    while (count < 16 && read(tokens[0], seen[count], 32) == 32) {
        for (unsigned i = 0; i < count; i++) {
            assert_memory_not_equal(seen[i], seen[count], 32);
        }
        count++;
    }
    close(tokens[0]);
    assert_int_equal(count, 12);
    for (unsigned child = 0; child < 4; child++) {
        int status = 1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    skeym_session_free(session);
}

/* --- refusals ------------------------------------------------------------------------ */

static void test_files_that_are_not_ours_alone(void **state)
{
    (void)state;
    bool found = true;
    struct skeym_session *session = session_with_lanes();
    put(session);
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(skeym_chain_take(path, &fake.credential, SERVER, session, &found),
                         SKEYM_ERR_MODE);
        assert_false(found);
        assert_int_equal(skeym_chain_put(path, &fake.credential, SERVER, session), SKEYM_ERR_MODE);
    }
    assert_int_equal(chmod(path, 0600), 0);
    char other[80];
    (void)snprintf(other, sizeof other, "%s/other", folder);
    assert_int_equal(link(path, other), 0);
    assert_int_equal(skeym_chain_take(path, &fake.credential, SERVER, session, &found),
                     SKEYM_ERR_MODE);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(symlink(path, other), 0);
    assert_int_equal(skeym_chain_take(other, &fake.credential, SERVER, session, &found),
                     SKEYM_ERR_NOT_FILE);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(skeym_chain_take(other, &fake.credential, SERVER, session, &found),
                     SKEYM_ERR_NOT_FILE);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(skeym_chain_take(folder, &fake.credential, SERVER, session, &found),
                     SKEYM_ERR_NOT_FILE);
    assert_int_equal(skeym_chain_take("/nowhere/at/all", &fake.credential, SERVER, session, &found),
                     SKEYM_ERR_IO);
    skeym_session_free(session);
}

static void test_a_token_goes_to_its_own_server_only(void **state)
{
    (void)state;
    bool found = true;
    struct skeym_session *session = session_with_lanes();
    put(session);
    assert_int_equal(
        skeym_chain_take(path, &fake.credential, "http://127.0.0.1:2", session, &found),
        SKEYM_ERR_AUDIENCE);
    assert_false(found);
    fake.credential.node.text[0] = 'x';
    assert_int_equal(skeym_chain_take(path, &fake.credential, SERVER, session, &found),
                     SKEYM_ERR_CONFLICT);
    assert_int_equal(skeym_chain_put(path, &fake.credential, SERVER, session), SKEYM_ERR_CONFLICT);
    assert_int_equal(count_lanes(), 4);
    skeym_session_free(session);
}

static void test_what_is_torn_or_altered_counts_as_empty(void **state)
{
    (void)state;
    char text[SKEYM_CHAIN_FILE_BYTES];
    options.lanes = 1;
    struct skeym_session *session = session_with_lanes();
    put(session);
    size_t size = read_file(text, sizeof text);
    for (size_t at = strlen("skeym-chain 1\n"); at < size; at += 3) {
        struct skeym_chain chain;
        text[at] ^= 2;
        write_file(text, size);
        assert_false(take(session));
        text[at] ^= 2;
        assert_int_not_equal(skeym_chain_parse(&chain, skeym_span(text, at)), SKEYM_OK);
        assert_int_equal(chain.count, 0);
    }
    write_file(text, strlen("skeym-chain 1\n"));
    assert_false(take(session));
    write_file("", 0);
    assert_false(take(session));
    write_file(text, size);
    assert_true(take(session));
    skeym_session_free(session);
}

/* Whatever it holds, it may be the only copy of a key. */
static void test_what_is_no_chain_file_is_not_overwritten(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x",
        "skeym-chain 1",
        "skeym-chain 2\nnode bed-1\n",
        " skeym-chain 1\n",
        "correct horse\n",
        "skeym-credential 1\nnode bed-1\n",
        "\nskeym-chain 1\n",
    };
    static const char large[SKEYM_CHAIN_FILE_BYTES + 4096] = {1};
    static char after[SKEYM_CHAIN_FILE_BYTES + 4097];
    struct skeym_session *session = session_with_lanes();
    for (size_t i = 0; i <= sizeof texts / sizeof texts[0]; i++) {
        bool is_text = i < sizeof texts / sizeof texts[0];
        const char *text = is_text ? texts[i] : large;
        size_t size = is_text ? strlen(text) : sizeof large;
        bool found = true;
        write_file(text, size);
        assert_int_equal(skeym_chain_take(path, &fake.credential, SERVER, session, &found),
                         SKEYM_ERR_SHAPE);
        assert_false(found);
        assert_int_equal(skeym_chain_put(path, &fake.credential, SERVER, session), SKEYM_ERR_SHAPE);
        assert_int_equal(read_file(after, sizeof after), size);
        assert_memory_equal(after, text, size);
    }
    skeym_session_free(session);
}

/* --- the text ---------------------------------------------------------------------------- */

/* The same lines with a check that is right. */
static enum skeym_error parse_lines(const char *lines)
{
    static struct skeym_chain chain;
    static char text[SKEYM_CHAIN_FILE_BYTES];
    size_t size = seal(text, sizeof text, lines);
    assert_true(size > 0);
    enum skeym_error error = skeym_chain_parse(&chain, skeym_span(text, size));
    assert_true(error == SKEYM_OK || chain.count == 0);
    return error;
}

#define HEAD   "skeym-chain 1\nnode bed-1\nserver http://x\n"
#define SECRET "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define LANE   "lane 1 2 3 " SECRET " token\n"
#define LANES4 LANE LANE LANE LANE

static void test_the_text_has_one_form(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "skeym-chain 2\nnode bed-1\nserver http://x\n",
        "skeym-chain 1\nnode \nserver http://x\n",
        "skeym-chain 1\nnode bed-1\nserver \n",
        "skeym-chain 1\nnode a-name-of-more-than-thirty-two-letters\nserver http://x\n",
        "skeym-chain 1\nserver http://x\nnode bed-1\n",
        HEAD "lane 1 2 30 " SECRET " \n",
        HEAD "lane 1 2 60 " SECRET " AAAA\n",
        HEAD "lane 1 2 x " SECRET " AAAA\n",
        HEAD "lane  2 30 " SECRET " AAAA\n",
        HEAD "lane 1234567890123456 2 30 " SECRET " AAAA\n",
        HEAD "lane 1 2 30 AAAA AAAA\n",
        HEAD "lane 1 2 30 " SECRET " AAAA",
        HEAD "lane 1 2 30 " SECRET " AAAA\nmore\n",
    };
    assert_int_equal(parse_lines(HEAD), SKEYM_OK);
    assert_int_equal(parse_lines(HEAD "lane 1 2 30 " SECRET " AAAA\n"), SKEYM_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse_lines(bad[i]), SKEYM_ERR_SHAPE);
    }
    struct skeym_chain chain = {.node = "a", .server = "b"};
    uint8_t small[16];
    size_t size = 1;
    assert_int_equal(skeym_chain_print((struct skeym_room){small, sizeof small}, &size, &chain),
                     SKEYM_ERR_SPACE);
    assert_int_equal(size, 0);
}

static void test_lines_one_character_beside(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "skeym-chain 2\nnode n\nserver http://a\n",
        "skeym-chain 1\nnode \nserver http://a\n",
        "skeym-chain 1\nnode n n\nserver http://a\n",
        "skeym-chain 1\nnode n\x7f\x7fn\nserver http://a\n",
        "skeym-chain 1\nnode n\x01n\nserver http://a\n",
        "skeym-chain 1\nnode n\nserver http://a",
        "skeym-chain 1\nnode n234567890123456789012345678901234567890123456789012345678901234567890"
        "\nserver http://a\n",
        HEAD "lane 1 2 3 " SECRET " \n",
        HEAD "lane  2 3 " SECRET " token\n",
        HEAD "lane 1/ 2 3 " SECRET " token\n",
        HEAD "lane 1: 2 3 " SECRET " token\n",
        HEAD "lane 1234567890123456 2 3 " SECRET " token\n",
        HEAD "lane 1 2 61 " SECRET " token\n",
        HEAD "lane 1 2 3 !" SECRET " token\n",
        HEAD "lane 1 2 3 A" SECRET " token\n",
        HEAD "lane 1 2 3 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA! token\n",
        HEAD LANES4 LANES4 LANES4 LANES4 LANE,
    };
    assert_int_equal(parse_lines(HEAD), SKEYM_OK);
    assert_int_equal(parse_lines(HEAD LANE), SKEYM_OK);
    assert_int_equal(parse_lines(HEAD LANES4 LANES4 LANES4 LANES4), SKEYM_OK); /* sixteen */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (parse_lines(bad[i]) != SKEYM_ERR_SHAPE) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void test_chains_whose_check_is_none(void **state)
{
    (void)state;
    static struct skeym_chain chain;
    static char text[SKEYM_CHAIN_FILE_BYTES + 1];
    size_t size = seal(text, sizeof text, HEAD);
    static const char wrong[] = {'!', 'B', '\n'};
    assert_int_equal(skeym_chain_parse(&chain, skeym_span(text, size)), SKEYM_OK);
    for (size_t i = 0; i < sizeof wrong; i++) { /* within the check, and at its very end */
        size_t at = i < 2 ? size - 6 : size - 1;
        char kept = text[at];
        text[at] = i < 2 ? wrong[i] : 'x';
        assert_int_equal(skeym_chain_parse(&chain, skeym_span(text, size)),
                         i == 1 ? SKEYM_ERR_CHECKSUM : SKEYM_ERR_SHAPE);
        text[at] = kept;
    }
    assert_int_equal(skeym_chain_parse(&chain, skeym_span(text, sizeof text)), SKEYM_ERR_SHAPE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_calls_go_on_where_the_last_one_stopped),
        TEST(test_a_token_is_out_of_the_file_before_it_is_used),
        TEST(test_old_tokens_are_left_out),
        TEST(test_when_there_are_too_many_the_oldest_go),
        TEST(test_waits_for_who_has_the_file),
        TEST(test_no_two_processes_take_the_same),
        TEST(test_files_that_are_not_ours_alone),
        TEST(test_a_token_goes_to_its_own_server_only),
        TEST(test_what_is_torn_or_altered_counts_as_empty),
        TEST(test_what_is_no_chain_file_is_not_overwritten),
        TEST(test_the_text_has_one_form),
        cmocka_unit_test(test_lines_one_character_beside),
        cmocka_unit_test(test_chains_whose_check_is_none),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
