/* SPDX-License-Identifier: Apache-2.0 */
/* libh2o with its own event loop: a constant answer of 256 bytes. It checks nothing. */
#include "bench/rivals/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <h2o.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ANSWER_BYTES = 256 };

static char body[ANSWER_BYTES];
static h2o_accept_ctx_t accepting;
static volatile sig_atomic_t over;

static void stop(int number)
{
    (void)number;
    over = 1;
}

static int on_request(h2o_handler_t *self, h2o_req_t *request)
{
    static h2o_generator_t generator = {NULL, NULL};
    h2o_iovec_t answer = h2o_iovec_init(body, sizeof body);
    (void)self;
    request->res.status = 200;
    request->res.reason = "OK";
    request->res.content_length = sizeof body;
    h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("text/plain"));
    h2o_start_response(request, &generator);
    h2o_send(request, &answer, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static void on_connection(h2o_socket_t *listener, const char *error)
{
    h2o_socket_t *socket = NULL;
    while (!error && (socket = h2o_evloop_socket_accept(listener)) != NULL) {
        h2o_accept(&accepting, socket);
    }
}

int main(int argc, char **argv)
{
    static h2o_globalconf_t config;
    static h2o_context_t context;
    const struct sigaction end = {.sa_handler = stop};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    unsigned port = 0;
    int fd = port_listen(&port);
    if (argc != 2 || fd < 0) {
        fputs("usage: hello_h2o DESCRIPTOR\n", stderr);
        return 2;
    }
    (void)sigaction(SIGTERM, &end, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    memset(body, 'x', sizeof body);
    h2o_config_init(&config);
    config.http1.req_timeout = 80000; /* ms; also of connections that are kept alive */
    h2o_hostconf_t *host =
        h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = on_request;
    h2o_context_init(&context, h2o_evloop_create(), &config);
    accepting.ctx = &context;
    accepting.hosts = config.hosts;
    h2o_socket_t *listener = h2o_evloop_socket_create(context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    h2o_socket_read_start(listener, on_connection);
    (void)dprintf((int)strtol(argv[1], NULL, 10), "%u\n", port);
    while (!over && (h2o_evloop_run(context.loop, INT32_MAX) == 0 || errno == EINTR)) {
    }
    return 0;
}
