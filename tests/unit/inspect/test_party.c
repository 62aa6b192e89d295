/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes part in an attack: what it opens, counts and sends, with a server that is not there and
 * a socket whose other end the test holds. */
#include "inspect/party.h"

#include "crypto/crypto.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/nth.h"

static char dir[32], path[64];

static bool no_socket;

int socket(int domain, int type, int protocol)
{
    return no_socket ? -1 : NTH_REAL(socket)(domain, type, protocol);
}

/* Nobody listens here: the port was given to us, and we are gone. */
static char nowhere[32];

static int listening(struct sockaddr_in *at)
{
    socklen_t size = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &size), 0);
    return fd; /* bound only, so that a connection is refused */
}

static int bound;

static int begin(void **state)
{
    struct sockaddr_in at;
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/skeym-party.XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/node", dir);
    no_socket = false;
    bound = listening(&at);
    (void)snprintf(nowhere, sizeof nowhere, "http://127.0.0.1:%u", ntohs(at.sin_port));
    return 0;
}

static int end(void **state)
{
    (void)state;
    close(bound);
    (void)unlink(path);
    return rmdir(dir);
}

static void save_a_credential(void)
{
    struct skeym_credential_file file;
    memset(&file, 0, sizeof file);
    assert_int_equal(skeym_name_node(&file.node, skeym_span_text("dr-lee")), SKEYM_OK);
    assert_int_equal(skeym_name_audience(&file.keys.audience, skeym_span_text("ward")), SKEYM_OK);
    (void)snprintf(file.server, sizeof file.server, "https://ward.example:8420");
    memset(file.keys.private_key, 0x11, 32);
    memset(file.keys.credential, 0x22, 32);
    memset(file.keys.authority, 0x33, 32);
    memset(file.keys.locator, 0x44, 109);
    file.keys.locator_size = 109;
    assert_int_equal(skeym_crypto_x25519_public(file.public_key, file.keys.private_key), SKEYM_OK);
    assert_int_equal(skeym_credential_save(&file, path, false), SKEYM_OK);
}

static void without_a_server_a_victim_gets_nothing(void **state)
{
    (void)state;
    struct skeym_party party;
    enum skeym_error error;
    save_a_credential();
    assert_int_equal(skeym_party_open(&party, nowhere, path, false), SKEYM_OK);
    assert_int_equal(skeym_party_do(&party, "GET", "/fhir/metadata", NULL, &error), 0);
    assert_int_equal(error, SKEYM_ERR_NETWORK);
    assert_int_equal(skeym_party_do(&party, "POST", "/fhir/Observation", "{}", &error), 0);
    assert_int_not_equal(error, SKEYM_OK);
    struct skeym_attack_result result = {0};
    skeym_party_serve(&result, &party, "/fhir/metadata");
    assert_int_equal(result.victim_failed, 1);
    assert_int_equal(result.victim_served, 0);
    const struct skeym_wire_request request = {.method = "GET", .target = "/"};
    assert_int_equal(skeym_party_send(party.http, &request), 0);
    skeym_party_close(&party);
    static const struct skeym_party zero;
    assert_memory_equal(&party, &zero, sizeof zero);
}

static void what_cannot_be_opened_leaves_nothing(void **state)
{
    (void)state;
    static const struct skeym_party zero;
    struct skeym_party party;
    assert_int_equal(skeym_party_open(&party, nowhere, path, false), SKEYM_ERR_MISSING);
    assert_memory_equal(&party, &zero, sizeof zero);
    save_a_credential();
    assert_int_equal(skeym_party_open(&party, "ftp://ward", path, false), SKEYM_ERR_UNSUPPORTED);
    assert_memory_equal(&party, &zero, sizeof zero);
    for (long n = 1;; n++) {
        nth_arm(n);
        enum skeym_error error = skeym_party_open(&party, nowhere, path, true);
        bool hit = nth_disarm();
        if (error == SKEYM_OK) {
            skeym_party_close(&party);
        }
        assert_memory_equal(&party, &zero, sizeof zero);
        if (!hit) {
            assert_int_equal(error, SKEYM_OK);
            break;
        }
    }
}

/* 2xx is a success of the attack, 4xx and 503 are refusals; a server that is gone or broken has
 * refused nobody. */
static void answers_are_counted_by_their_status(void **state)
{
    (void)state;
    static const struct {
        int status;
        bool success, refusal;
    } cases[] = {{0, false, false},   {199, false, false}, {200, true, false}, {299, true, false},
                 {300, false, false}, {399, false, false}, {400, false, true}, {499, false, true},
                 {500, false, false}, {502, false, false}, {503, false, true}, {504, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct skeym_attack_result result = {0};
        skeym_party_count(&result, cases[i].status);
        assert_int_equal(result.tried, 1);
        assert_int_equal(result.succeeded, cases[i].success);
        assert_int_equal(result.refused, cases[i].refusal);
    }
}

static void what_was_got_is_what_was_counted(void **state)
{
    (void)state;
    struct skeym_attack_result result = {0};
    skeym_party_got(&result, NULL);
    assert_string_equal(result.got, "");
    skeym_party_count(&result, 401);
    skeym_party_count(&result, 401);
    skeym_party_got(&result, "; and more");
    assert_string_equal(result.got, "401; and more");
    skeym_party_count(&result, 0);
    skeym_party_count(&result, 200);
    skeym_party_count(&result, 401);
    skeym_party_got(&result, NULL);
    assert_string_equal(result.got, "401 (3), no answer (1), 200 (1)");
    for (int status = 400; status < 420; status++) { /* more kinds than there is room for */
        skeym_party_count(&result, status);
    }
    skeym_party_got(&result, NULL);
    assert_non_null(strstr(result.got, "403 (1)"));
    assert_null(strstr(result.got, "404"));
    char more[sizeof result.got];
    memset(more, 'x', sizeof more - 1);
    more[sizeof more - 1] = 0;
    skeym_party_got(&result, more); /* more text than there is room for */
    assert_string_equal(result.got, "");
}

/* A request that was never signed cannot be held: the login before it fails here. */
static void without_a_login_nothing_is_held(void **state)
{
    (void)state;
    struct skeym_party party;
    struct skeym_tap_copy held;
    save_a_credential();
    assert_int_equal(skeym_party_open(&party, nowhere, path, false), SKEYM_OK);
    assert_int_equal(skeym_party_hold(&party, "/fhir/metadata", &held), SKEYM_ERR_NETWORK);
    assert_null(held.authorization);
    assert_null(party.tap.before);
    skeym_tap_copy_free(&held);
    skeym_party_close(&party);
}

static void a_connection_comes_from_the_address_that_was_asked_for(void **state)
{
    (void)state;
    struct sockaddr_in at, from = {.sin_family = AF_INET};
    socklen_t size = sizeof from;
    char url[48];
    int server = listening(&at);
    assert_int_equal(listen(server, 4), 0);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(url, sizeof url, "%s127.0.0.1:%u", i == 0 ? "http://" : "",
                       ntohs(at.sin_port));
        int fd = skeym_party_connect(url, "127.0.0.66");
        assert_true(fd >= 0);
        int other = accept(server, (struct sockaddr *)&from, &size);
        assert_true(other >= 0);
        assert_int_equal(ntohl(from.sin_addr.s_addr), 0x7f000042);
        close(other);
        close(fd);
    }
    close(server);
}

static void without_a_connection_there_is_none(void **state)
{
    (void)state;
    assert_int_equal(skeym_party_connect(nowhere, "127.0.0.66"), -1);
    assert_int_equal(skeym_party_connect(nowhere, "nowhere"), -1);   /* no address */
    assert_int_equal(skeym_party_connect(nowhere, "192.0.2.1"), -1); /* not ours */
    assert_int_equal(skeym_party_connect("http://127.0.0.1", "nowhere"), -1);
    assert_int_equal(skeym_party_connect("nothing", "nowhere"), -1);
    no_socket = true;
    assert_int_equal(skeym_party_connect(nowhere, "127.0.0.66"), -1);
}

static int answered(const char *answer, int timeout_ms)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    if (answer) {
        assert_int_equal(write(ends[1], answer, strlen(answer)), strlen(answer));
    }
    int status = skeym_party_exchange(ends[0], "GET", 3, timeout_ms);
    char got[4] = "";
    assert_int_equal(read(ends[1], got, 3), 3);
    assert_string_equal(got, "GET");
    close(ends[0]);
    close(ends[1]);
    return status;
}

static void a_status_line_is_read(void **state)
{
    (void)state;
    assert_int_equal(answered("HTTP/1.1 401 Unauthorized\r\n\r\n", 60000), 401);
    assert_int_equal(answered("HTTP/1.0 401 Unauthorized\r\n\r\n", 60000), 0);
    assert_int_equal(answered(NULL, 0), 0);
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0); /* it ends without an answer */
    assert_int_equal(skeym_party_exchange(ends[0], "GET", 3, 60000), 0);
    close(ends[1]);
    assert_int_equal(skeym_party_exchange(ends[0], "GET", 3, 60000), 0); /* nobody is there */
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_server_a_victim_gets_nothing, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened_leaves_nothing, begin, end),
        cmocka_unit_test_setup_teardown(what_was_got_is_what_was_counted, begin, end),
        cmocka_unit_test_setup_teardown(without_a_login_nothing_is_held, begin, end),
        cmocka_unit_test_setup_teardown(answers_are_counted_by_their_status, begin, end),
        cmocka_unit_test_setup_teardown(a_connection_comes_from_the_address_that_was_asked_for,
                                        begin, end),
        cmocka_unit_test_setup_teardown(without_a_connection_there_is_none, begin, end),
        cmocka_unit_test_setup_teardown(a_status_line_is_read, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
