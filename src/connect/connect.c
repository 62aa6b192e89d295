/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect.h"

#include "connect/connect_request.h"
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CONNECTION_BYTES = 24 * 1024, /* of one: a head of 8 KiB, what is parsed of it, an answer's */
    SILENCE_SECONDS = 150,        /* the second line: connect_peers.h is the first */
    SPARE_PLACES = 16,
    STEP_MS = 5,
    TICK_MS = 1000,
    LAST_MS = 2000, /* for answers that are on their way out */
};

struct skeym_connect {
    struct skeym_connect_front front;
    struct skeym_connect_bank *bank;
    struct skeym_http *http[SKEYM_CONNECT_WORKERS_MAX + 1]; /* the last one is the bank's */
    void *args[SKEYM_CONNECT_WORKERS_MAX];
    struct MHD_Daemon *daemon;
};

/* --- the library's callbacks -------------------------------------------------------------- */

static void *on_line(void *arg, const char *target, struct MHD_Connection *connection)
{
    (void)connection;
    return skeym_connect_request_new(arg, target);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    (void)arg;
    (void)path;
    (void)version;
    return *context ? skeym_connect_request_step(*context, connection, method, data, size) : MHD_NO;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)arg;
    (void)connection;
    (void)code;
    skeym_connect_request_end(*context);
    *context = NULL;
}

/* One too many is told so by the end of its connection; it does not wait in the kernel's queue. */
static enum MHD_Result on_accept(void *arg, const struct sockaddr *address, socklen_t size)
{
    struct skeym_connect *connect = arg;
    (void)address;
    (void)size;
    return skeym_connect_peers_room(&connect->front.peers) ? MHD_YES : MHD_NO;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct skeym_connect *connect = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct skeym_connect_peer *peer = info ? malloc(sizeof *peer) : NULL;
        if (peer) { /* without one, each of its requests is refused */
            skeym_connect_peers_enter(&connect->front.peers, peer, info->connect_fd,
                                      skeym_connect_peers_now());
        }
        *context = peer;
    } else if (*context) {
        skeym_connect_peers_leave(&connect->front.peers, *context);
        free(*context);
        *context = NULL;
    }
}

static struct MHD_Daemon *listen_on(struct skeym_connect *connect,
                                    const struct skeym_connect_options *options)
{
    unsigned v6 = options->address.at.any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0U;
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | v6, 0, on_accept, connect,
        on_request, connect, MHD_OPTION_URI_LOG_CALLBACK, on_line, &connect->front,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, connect, MHD_OPTION_LISTEN_SOCKET, options->fd,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_LIMIT,
        options->connections + SPARE_PLACES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)SILENCE_SECONDS, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

/* --- life ------------------------------------------------------------------------------------ */

/* For a client that names no host. */
static void name_base(struct skeym_connect_front *front,
                      const struct skeym_connect_address *address)
{
    char text[INET6_ADDRSTRLEN];
    size_t room = sizeof front->base;
    const char *name = NULL;
    if (address->at.any.sa_family == AF_INET) {
        name = inet_ntop(AF_INET, &address->at.v4.sin_addr, text, sizeof text);
        (void)snprintf(front->base, room, "http://%s:%u/fhir", name ? name : "localhost",
                       (unsigned)ntohs(address->at.v4.sin_port));
    } else if (address->at.any.sa_family == AF_INET6) {
        (void)snprintf(front->base, room, "http://[::1]:%u/fhir",
                       (unsigned)ntohs(address->at.v6.sin6_port));
    } else {
        (void)snprintf(front->base, room, "http://localhost/fhir");
    }
}

static enum skeym_error start_wires(struct skeym_connect *connect,
                                    const struct skeym_connect_options *options)
{
    enum skeym_error error = SKEYM_OK;
    for (unsigned i = 0; i <= options->workers && error == SKEYM_OK; i++) {
        unsigned at = i == options->workers ? SKEYM_CONNECT_WORKERS_MAX : i;
        error = skeym_http_new(&connect->http[at], &options->http);
        if (at < SKEYM_CONNECT_WORKERS_MAX) {
            connect->args[at] = connect->http[at];
        }
    }
    return error;
}

static enum skeym_error start_bank(struct skeym_connect *connect,
                                   const struct skeym_connect_options *options)
{
    const struct skeym_connect_bank_options bank = {
        .credential = options->credential,
        .credential_path = options->credential_path,
        .server = options->http.server,
        .transport = skeym_http_send,
        .transport_arg = connect->http[SKEYM_CONNECT_WORKERS_MAX],
        .lanes = (uint8_t)options->workers,
        .tell = options->tell,
        .tell_arg = options->tell_arg,
    };
    return skeym_connect_bank_new(&connect->bank, &bank);
}

static enum skeym_error start_pool(struct skeym_connect *connect,
                                   const struct skeym_connect_options *options)
{
    const struct skeym_connect_pool_options pool = {
        .bank = connect->bank,
        .workers = options->workers,
        .queue = options->queue,
        .patience_ms = options->patience_ms,
        .transport = skeym_http_send,
        .transport_args = connect->args,
    };
    return skeym_connect_pool_start(&connect->front.pool, &pool);
}

enum skeym_error skeym_connect_start(struct skeym_connect **out,
                                     const struct skeym_connect_options *options)
{
    *out = NULL;
    if (options->workers < 1 || options->workers > SKEYM_CONNECT_WORKERS_MAX) {
        return SKEYM_ERR_USAGE;
    }
    struct skeym_connect *connect = calloc(1, sizeof *connect);
    if (!connect) {
        return SKEYM_ERR_MEMORY;
    }
    skeym_connect_peers_init(&connect->front.peers, options->connections);
    connect->front.bearer = options->bearer;
    connect->front.tell = options->tell;
    connect->front.tell_arg = options->tell_arg;
    name_base(&connect->front, &options->address);
    enum skeym_error error = start_wires(connect, options);
    if (error == SKEYM_OK) {
        error = start_bank(connect, options);
    }
    if (error == SKEYM_OK) {
        error = start_pool(connect, options);
    }
    if (error == SKEYM_OK) {
        connect->daemon = listen_on(connect, options);
        error = connect->daemon ? SKEYM_OK : SKEYM_ERR_IO;
    }
    if (error != SKEYM_OK) {
        skeym_connect_stop(connect, 0);
        return error;
    }
    *out = connect;
    return SKEYM_OK;
}

unsigned skeym_connect_tick(struct skeym_connect *connect)
{
    return skeym_connect_peers_cut(&connect->front.peers, skeym_connect_peers_now());
}

/* Not for those that are gone: the caller does not tick any more. */
static void wait_for_none(struct skeym_connect *connect, uint32_t ms)
{
    for (uint32_t waited = 0; atomic_load(&connect->front.under_way) > 0 && waited < ms;
         waited += STEP_MS) {
        if (waited % TICK_MS == 0) {
            (void)skeym_connect_tick(connect);
        }
        (void)poll(NULL, 0, STEP_MS);
    }
}

void skeym_connect_stop(struct skeym_connect *connect, uint32_t ms)
{
    if (!connect) {
        return;
    }
    if (connect->daemon) {
        atomic_store(&connect->front.stopping, true);
        MHD_socket fd = MHD_quiesce_daemon(connect->daemon);
        if (fd != MHD_INVALID_SOCKET) {
            (void)close(fd);
        }
        wait_for_none(connect, ms);
    }
    skeym_connect_pool_stop(connect->front.pool); /* every job is done: no request is suspended */
    if (connect->daemon) {
        wait_for_none(connect, LAST_MS);
        MHD_stop_daemon(connect->daemon);
    }
    skeym_connect_pool_free(connect->front.pool); /* a late body came to it until now */
    skeym_connect_bank_free(connect->bank);
    for (unsigned i = 0; i <= SKEYM_CONNECT_WORKERS_MAX; i++) {
        skeym_http_free(connect->http[i]);
    }
    (void)pthread_mutex_destroy(&connect->front.peers.lock);
    free(connect);
}
