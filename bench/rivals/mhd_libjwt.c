/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd as in hello_mhd.c, with each request's HS256 token checked by libjwt: signature,
 * alg, exp, nbf, iss and aud. The answer is constant and in the clear. */
#include "bench/rivals/jwt.h"
#include "bench/rivals/port.h"

#include <arpa/inet.h>
#include <jwt.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { ANSWER_BYTES = 256, CONNECTIONS = 8192, CONNECTION_BYTES = 14 * 1024 };

static char secret[256];
static size_t secret_size;
static struct MHD_Response *good, *bad;

static int is_text(const char *given, const char *wanted)
{
    return given && strcmp(given, wanted) == 0;
}

/* This version of the library has no checks of claims of its own. */
static int holds(jwt_t *jwt)
{
    long now_s = (long)time(NULL);
    return jwt_get_alg(jwt) == JWT_ALG_HS256 && jwt_get_grant_int(jwt, "exp") > now_s &&
           jwt_get_grant_int(jwt, "nbf") <= now_s &&
           is_text(jwt_get_grant(jwt, "iss"), JWT_ISSUER) &&
           is_text(jwt_get_grant(jwt, "aud"), JWT_AUDIENCE);
}

static int is_good(struct MHD_Connection *connection)
{
    const char *field = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    jwt_t *jwt = NULL;
    if (!field || strncmp(field, "Bearer ", 7) != 0 ||
        jwt_decode(&jwt, field + 7, (const unsigned char *)secret, (int)secret_size) != 0) {
        return 0;
    }
    int result = holds(jwt);
    jwt_free(jwt);
    return result;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    static int seen;
    (void)arg;
    (void)path;
    (void)method;
    (void)version;
    (void)data;
    if (!*context) {
        *context = &seen;
        return MHD_YES;
    }
    *size = 0;
    return is_good(connection) ? MHD_queue_response(connection, MHD_HTTP_OK, good)
                               : MHD_queue_response(connection, MHD_HTTP_UNAUTHORIZED, bad);
}

int main(int argc, char **argv)
{
    static char body[ANSWER_BYTES];
    unsigned port = 0;
    sigset_t set;
    int got = 0;
    if (argc != 3) {
        fputs("usage: mhd_libjwt SECRET-FILE DESCRIPTOR\n", stderr);
        return 2;
    }
    secret_size = jwt_read_line(secret, sizeof secret, argv[1]);
    int ready = (int)strtol(argv[2], NULL, 10);
    int fd = port_listen(&port);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    memset(body, 'x', sizeof body);
    good = MHD_create_response_from_buffer(sizeof body, body, MHD_RESPMEM_PERSISTENT);
    bad = MHD_create_response_from_buffer(0, body, MHD_RESPMEM_PERSISTENT);
    if (fd < 0 || secret_size == 0 || !good || !bad ||
        MHD_add_response_header(good, "Content-Type", "text/plain") != MHD_YES) {
        fputs("mhd_libjwt: cannot begin\n", stderr);
        return 1;
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_END);
    if (!daemon) {
        return 1;
    }
    (void)dprintf(ready, "%u\n", port);
    (void)sigwait(&set, &got);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(good);
    MHD_destroy_response(bad);
    return 0;
}
