/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the HTTP library alone costs: a constant answer of 256 bytes, made once, to whatever is
 * asked; the daemon has the flags and options of src/server/listener.c for one thread, but accepts
 * by itself. Writes its port to the descriptor that is its argument; ends at SIGTERM.
 */
#include "bench/rivals/port.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    ANSWER_BYTES = 256,
    CONNECTION_BYTES = 14 * 1024,
    INCREMENT_BYTES = 2048,
    CONNECTIONS = 8192,
    SILENCE_SECONDS = 80,
};

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    (void)path;
    (void)method;
    (void)version;
    (void)data;
    if (!*context) { /* the head; an answer from here would end the connection */
        *context = arg;
        return MHD_YES;
    }
    *size = 0;
    return MHD_queue_response(connection, MHD_HTTP_OK, arg);
}

int main(int argc, char **argv)
{
    static char body[ANSWER_BYTES];
    unsigned port = 0;
    int ready = argc == 2 ? (int)strtoul(argv[1], NULL, 10) : -1;
    int fd = port_listen(&port);
    sigset_t set;
    int got = 0;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL); /* before the daemon's thread is there */
    memset(body, 'x', sizeof body);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof body, body, MHD_RESPMEM_PERSISTENT);
    if (ready < 0 || fd < 0 || !response ||
        MHD_add_response_header(response, "Content-Type", "text/plain") != MHD_YES) {
        fputs("usage: hello_mhd DESCRIPTOR\n", stderr);
        return 1;
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
        response, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)INCREMENT_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_SECONDS,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!daemon) {
        return 1;
    }
    (void)dprintf(ready, "%u\n", port);
    (void)sigwait(&set, &got);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
