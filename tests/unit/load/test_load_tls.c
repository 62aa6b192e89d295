/* SPDX-License-Identifier: Apache-2.0 */
/* TLS where there is none: what cannot be opened, and peers that speak something else or are gone.
 * (Against a server that has it: tests/system/bench.test.mjs.) */
#include "load/load_tls.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static bool no_descriptor;

int SSL_set_fd(SSL *ssl, int fd)
{
    BIO *bio = no_descriptor ? NULL : BIO_new_socket(fd, BIO_NOCLOSE);
    if (bio) {
        SSL_set_bio(ssl, bio, bio);
    }
    return bio != NULL;
}

static int says; /* what the library says of a call that failed; 0: what it means */

int SSL_get_error(const SSL *ssl, int code)
{
    static int (*real)(const SSL *, int);
    *(void **)&real = dlsym(RTLD_NEXT, "SSL_get_error");
    return says ? says : real(ssl, code);
}

static enum skeym_error opened(const char *host, const char *ca, struct skeym_load_tls **tls)
{
    struct skeym_load_target target = {.tls = true};
    (void)snprintf(target.host, sizeof target.host, "%s", host);
    return skeym_load_tls_open(tls, ca, &target);
}

static void a_host_is_an_address_or_localhost(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        enum skeym_error error;
    } cases[] = {{"127.0.0.1:8420", SKEYM_OK},
                 {"127.0.0.1", SKEYM_OK},
                 {"localhost:1", SKEYM_OK},
                 {"ward.example:8420", SKEYM_ERR_CRYPTO}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct skeym_load_tls *tls = NULL;
        assert_int_equal(opened(cases[i].host, NULL, &tls), cases[i].error);
        assert_int_equal(tls == NULL, cases[i].error != SKEYM_OK);
        skeym_load_tls_close(tls);
    }
}

static void whom_to_trust_is_a_file(void **state)
{
    (void)state;
    struct skeym_load_tls *tls = NULL;
    assert_int_equal(opened("127.0.0.1", "/proc/none", &tls), SKEYM_ERR_IO);
    assert_null(tls);
    assert_int_equal(opened("127.0.0.1", "/dev/null", &tls), SKEYM_ERR_IO); /* nobody in it */
    assert_null(tls);
}

static struct skeym_load_tls *tls;
static struct skeym_load_tls_socket *one;
static int ends[2];

static int before(void **state)
{
    (void)state;
    (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    if (opened("127.0.0.1", NULL, &tls) != SKEYM_OK ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) {
        return -1;
    }
    no_descriptor = false;
    says = 0;
    one = skeym_load_tls_attach(tls, ends[0]);
    return one ? 0 : -1;
}

static int after(void **state)
{
    (void)state;
    skeym_load_tls_detach(one);
    skeym_load_tls_close(tls);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return 0;
}

/* The handshake begins with the first call, and waits for the other side. */
static void it_waits_for_the_other_side(void **state)
{
    (void)state;
    char byte;
    errno = 0;
    assert_int_equal(skeym_load_tls_send(one, "GET", 3), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(recv(ends[1], &byte, 1, 0), 1);
    assert_int_equal(byte, 0x16); /* a record of the handshake */
    assert_int_equal(skeym_load_tls_recv(one, &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_null(skeym_load_tls_why(one));
    assert_false(skeym_load_tls_more(one));
}

static void one_that_speaks_no_tls_is_told(void **state)
{
    (void)state;
    char byte;
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    assert_int_equal(skeym_load_tls_send(one, "GET", 3), -1);
    assert_int_equal(write(ends[1], answer, sizeof answer), sizeof answer);
    assert_int_equal(skeym_load_tls_recv(one, &byte, 1), -1);
    assert_int_equal(errno, EPROTO);
    assert_non_null(skeym_load_tls_why(one));
}

static void one_that_is_gone_is_told(void **state)
{
    (void)state;
    assert_int_equal(shutdown(ends[1], SHUT_RDWR), 0);
    assert_int_equal(skeym_load_tls_send(one, "GET", 3), -1);
    assert_int_equal(errno, EPROTO);
    assert_non_null(skeym_load_tls_why(one));
    assert_null(skeym_load_tls_why(NULL));
}

static void without_a_descriptor_there_is_none(void **state)
{
    (void)state;
    no_descriptor = true;
    assert_null(skeym_load_tls_attach(tls, ends[0]));
}

/* A server that says goodbye has ended its bytes, and takes no more of ours; one that wants to
 * write or to read first is waited for; all else is an error of TLS. */
static void each_way_to_end_is_told(void **state)
{
    (void)state;
    static const struct {
        int says;
        ssize_t received;
        int send_errno;
        bool why;
    } cases[] = {
        {SSL_ERROR_WANT_READ, -1, EAGAIN, false}, {SSL_ERROR_WANT_WRITE, -1, EAGAIN, false},
        {SSL_ERROR_ZERO_RETURN, 0, EPIPE, false}, {SSL_ERROR_SSL, -1, EPROTO, true},
        {SSL_ERROR_SYSCALL, -1, EPROTO, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char byte;
        says = cases[i].says;
        errno = 0;
        assert_int_equal(skeym_load_tls_send(one, "GET", 3), -1);
        assert_int_equal(errno, cases[i].send_errno);
        assert_int_equal(skeym_load_tls_recv(one, &byte, 1), cases[i].received);
        assert_int_equal(skeym_load_tls_why(one) != NULL, cases[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_an_address_or_localhost),
        cmocka_unit_test(whom_to_trust_is_a_file),
        cmocka_unit_test_setup_teardown(it_waits_for_the_other_side, before, after),
        cmocka_unit_test_setup_teardown(one_that_speaks_no_tls_is_told, before, after),
        cmocka_unit_test_setup_teardown(one_that_is_gone_is_told, before, after),
        cmocka_unit_test_setup_teardown(without_a_descriptor_there_is_none, before, after),
        cmocka_unit_test_setup_teardown(each_way_to_end_is_told, before, after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
