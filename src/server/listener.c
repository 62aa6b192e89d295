/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listener.h"

#include "crypto/crypto.h"
#include "server/acceptor.h"
#include "server/coming.h"
#include "server/home.h"
#include "server/request.h"
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* One suite is enough for nodes of our own; the library picks within TLS 1.3. */
static char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:%SERVER_PRECEDENCE";

enum {
    CONNECTION_BYTES = 14 * 1024, /* a head of 8 KiB, what is parsed of it, an answer's head */
    INCREMENT_BYTES = 2048,
    PEM_BYTES = 65536,
    DESCRIPTORS_MOST = 1 << 20,
    KEPT_PART = 8,
    SPARE = 256, /* the limit is ours (has_place); the library splits its own among its threads */
};

struct skeym_listener {
    struct skeym_service *service;
    struct MHD_Daemon *daemon;
    struct skeym_acceptor *acceptor; /* NULL: no more are taken */
    struct skeym_coming coming;
};

/* --- sockets and files ------------------------------------------------------------ */

static enum skeym_error bind_error(void)
{
    switch (errno) {
    case EACCES:
    case EPERM:
        return SKEYM_ERR_PERMISSION;
    case EADDRINUSE:
        return SKEYM_ERR_EXISTS;
    case EADDRNOTAVAIL:
        return SKEYM_ERR_MISSING;
    default:
        return SKEYM_ERR_IO;
    }
}

static bool bind_to(int fd, const struct sockaddr_storage *address)
{
    int on = 1;
    socklen_t size =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
        return false;
    }
    if (address->ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
        return false;
    }
    return bind(fd, (const struct sockaddr *)address, size) == 0 &&
           listen(fd, SKEYM_LISTENER_WAITING) == 0;
}

enum skeym_error skeym_listener_listen(int *fd, const struct sockaddr_storage *address,
                                       struct sockaddr_storage *bound)
{
    socklen_t size = sizeof *bound;
    *fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0) {
        return SKEYM_ERR_IO;
    }
    if (bind_to(*fd, address) &&
        (!bound || getsockname(*fd, (struct sockaddr *)bound, &size) == 0)) {
        return SKEYM_OK;
    }
    enum skeym_error error = bind_error();
    (void)close(*fd);
    *fd = -1;
    return error;
}

/* With a NUL behind it, as the library wants it. */
static enum skeym_error load_pem(char **out, const char *path, bool secret)
{
    uint8_t *data = NULL;
    size_t size = 0;
    enum skeym_error error = skeym_home_read_file(&data, &size, path, PEM_BYTES, secret);
    if (error) {
        return error;
    }
    *out = calloc(1, size + 1);
    if (*out) {
        memcpy(*out, data, size);
    }
    skeym_crypto_wipe(data, size);
    free(data);
    return *out ? SKEYM_OK : SKEYM_ERR_MEMORY;
}

enum skeym_error skeym_listener_tls_load(struct skeym_listener_tls *out,
                                         const struct skeym_conf *conf)
{
    *out = (struct skeym_listener_tls){0};
    if (conf->tls_cert[0] == '\0') {
        return SKEYM_OK;
    }
    enum skeym_error error = load_pem(&out->cert, conf->tls_cert, false);
    if (!error) {
        error = load_pem(&out->key, conf->tls_key, true);
    }
    if (error) {
        skeym_listener_tls_wipe(out);
    }
    return error;
}

void skeym_listener_tls_wipe(struct skeym_listener_tls *tls)
{
    if (tls->key) {
        skeym_crypto_wipe(tls->key, strlen(tls->key));
    }
    free(tls->key);
    free(tls->cert);
    *tls = (struct skeym_listener_tls){0};
}

/* --- the library's callbacks --------------------------------------------------------- */

static void *on_line(void *arg, const char *target, struct MHD_Connection *connection)
{
    const struct skeym_listener *listener = arg;
    (void)connection;
    return skeym_request_new(listener->service, target);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    (void)arg;
    (void)path;
    if (!*context) {
        return MHD_NO;
    }
    return skeym_request_step(*context, connection, method, version, data, size);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    const struct skeym_listener *listener = arg;
    const struct skeym_conf *conf = listener->service->conf;
    (void)code;
    bool trusted = skeym_request_end(*context);
    *context = NULL;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info && info->socket_context) {
        uint64_t seconds = trusted ? conf->idle_seconds : conf->head_seconds;
        uint64_t now_ms = skeym_clock_monotonic();
        skeym_deadline_set(info->socket_context, SKEYM_DEADLINE_READING, now_ms,
                           now_ms + seconds * 1000);
    }
}

/* An eighth of all places is kept for hosts that are known (known.h), so that a flood of strangers
 * with slow connections does not keep them out. */
static bool has_place(const struct skeym_listener *listener, const struct skeym_source *host)
{
    struct skeym_service *service = listener->service;
    uint64_t most = service->conf->connections;
    uint64_t taken =
        skeym_deadline_count(&service->deadlines) + skeym_coming_count(&listener->coming);
    if (taken < most - most / KEPT_PART) {
        return true;
    }
    return taken < most && skeym_rate_knows(service->rate, host, skeym_clock_monotonic());
}

/* The library begins with all that are new before it goes on with others, so strangers begin a few
 * at a time. */
static bool has_turn(struct skeym_listener *listener, int fd, const struct skeym_source *host)
{
    uint64_t now_ms = skeym_clock_monotonic();
    return skeym_coming_turn(&listener->coming, fd, now_ms) ||
           skeym_rate_knows(listener->service->rate, host, now_ms);
}

/* On the acceptor's thread. The library's own limit counts whole addresses, of which an IPv6 host
 * has any number; it closes what it does not take. */
static bool hand_over(void *arg, int fd, const struct sockaddr *address, socklen_t size, bool last)
{
    struct skeym_listener *listener = arg;
    struct skeym_source host = skeym_source_host(address);
    bool fits = skeym_peers_room(listener->service->peers, address) && has_place(listener, &host);
    bool turn = fits && has_turn(listener, fd, &host);
    if (fits && !turn && !last) {
        return false;
    }
    if (!turn) {
        skeym_metrics_add(&listener->service->metrics, SKEYM_COUNT_CROWDED, 1);
        (void)close(fd);
        return true;
    }
    skeym_coming_begin(&listener->coming, fd);
    if (MHD_add_connection(listener->daemon, fd, address, size) != MHD_YES) {
        skeym_coming_end(&listener->coming, fd);
    }
    return true;
}

static void open_connection(struct skeym_service *service, struct MHD_Connection *connection,
                            void **context)
{
    struct skeym_deadline *entry = calloc(1, sizeof *entry);
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    *context = NULL;
    if (entry && fd) {
        entry->peer = skeym_peers_enter(service->peers, address ? address->client_addr : NULL);
    }
    if (!entry || !entry->peer) { /* without an entry every request of it is refused */
        skeym_metrics_add(&service->metrics, SKEYM_COUNT_CROWDED, 1);
        if (fd) {
            (void)shutdown(fd->connect_fd, SHUT_RDWR);
        }
        free(entry);
        return;
    }
    entry->fd = fd->connect_fd;
    entry->source = skeym_source(address ? address->client_addr : NULL);
    entry->host = skeym_source_host(address ? address->client_addr : NULL);
    uint64_t now_ms = skeym_clock_monotonic();
    skeym_deadline_set(entry, SKEYM_DEADLINE_READING, now_ms,
                       now_ms + service->conf->head_seconds * 1000);
    skeym_deadline_add(&service->deadlines, entry);
    skeym_metrics_add(&service->metrics, SKEYM_COUNT_CONNECTIONS, 1);
    *context = entry;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct skeym_listener *listener = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *fd =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        open_connection(listener->service, connection, context);
        skeym_coming_end(&listener->coming, fd ? fd->connect_fd : -1); /* it is counted there now */
    } else if (*context) {
        struct skeym_deadline *entry = *context;
        skeym_deadline_remove(&listener->service->deadlines, entry);
        skeym_peers_leave(listener->service->peers, entry->peer);
        free(entry);
        *context = NULL;
    }
}

/* --- start and stop --------------------------------------------------------------------- */

static bool key_pair_loads(const struct skeym_listener_tls *tls)
{
    gnutls_certificate_credentials_t credentials = NULL;
    gnutls_datum_t cert = {(unsigned char *)tls->cert, (unsigned)strlen(tls->cert)};
    gnutls_datum_t key = {(unsigned char *)tls->key, (unsigned)strlen(tls->key)};
    bool good =
        gnutls_certificate_allocate_credentials(&credentials) == GNUTLS_E_SUCCESS &&
        gnutls_certificate_set_x509_key_mem(credentials, &cert, &key, GNUTLS_X509_FMT_PEM) >= 0;
    if (credentials) {
        gnutls_certificate_free_credentials(credentials);
    }
    return good;
}

const char *skeym_listener_tls_fault(const struct skeym_listener_tls *tls, uint64_t now_s)
{
    gnutls_x509_crt_t *chain = NULL;
    unsigned count = 0;
    const char *fault = NULL;
    gnutls_datum_t cert = {(unsigned char *)tls->cert, (unsigned)strlen(tls->cert)};
    if (gnutls_x509_crt_list_import2(&chain, &count, &cert, GNUTLS_X509_FMT_PEM, 0) < 0 ||
        count == 0) {
        return "no certificate in PEM";
    }
    if (!key_pair_loads(tls)) {
        fault = "the key is not this certificate's, or is encrypted";
    } else if ((uint64_t)gnutls_x509_crt_get_expiration_time(chain[0]) <= now_s) {
        fault = "the certificate has expired";
    } else if ((uint64_t)gnutls_x509_crt_get_activation_time(chain[0]) > now_s) {
        fault = "the certificate is not valid yet";
    }
    for (unsigned i = 0; i < count; i++) {
        gnutls_x509_crt_deinit(chain[i]);
    }
    gnutls_free(chain);
    return fault;
}

/* The library's own timeout is the second line: it counts silence only. */
static unsigned silence_seconds(const struct skeym_conf *conf)
{
    uint64_t most = conf->idle_seconds;
    most = conf->body_seconds > most ? conf->body_seconds : most;
    most = conf->head_seconds > most ? conf->head_seconds : most;
    return (unsigned)most + 5;
}

static struct MHD_Daemon *start(struct skeym_listener *listener,
                                const struct skeym_listener_tls *tls, unsigned threads)
{
    const struct skeym_conf *conf = listener->service->conf;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_NO_LISTEN_SOCKET | (tls->cert ? MHD_USE_TLS : 0U);
    struct MHD_OptionItem items[16];
    size_t n = 0;
#define ITEM(option, value, pointer)                                                               \
    items[n++] = (struct MHD_OptionItem){option, (intptr_t)(value), (pointer)}
    ITEM(MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, NULL);
    ITEM(MHD_OPTION_CONNECTION_MEMORY_INCREMENT, INCREMENT_BYTES, NULL);
    ITEM(MHD_OPTION_CONNECTION_LIMIT, conf->connections + conf->connections / 4 + SPARE, NULL);
    ITEM(MHD_OPTION_CONNECTION_TIMEOUT, silence_seconds(conf), NULL);
    ITEM(MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL);
    if (threads > 1) {
        ITEM(MHD_OPTION_THREAD_POOL_SIZE, threads, NULL);
    }
    if (tls->cert) {
        ITEM(MHD_OPTION_HTTPS_MEM_CERT, 0, tls->cert);
        ITEM(MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key);
        ITEM(MHD_OPTION_HTTPS_PRIORITIES, 0, priorities);
    }
    ITEM(MHD_OPTION_END, 0, NULL);
#undef ITEM
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, listener, MHD_OPTION_URI_LOG_CALLBACK,
                            on_line, listener, MHD_OPTION_NOTIFY_COMPLETED, on_completed, listener,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener, MHD_OPTION_ARRAY,
                            items, MHD_OPTION_END);
}

/* How many this process may have. */
static size_t descriptors(void)
{
    struct rlimit limit = {0};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_MOST
               ? (size_t)limit.rlim_cur
               : DESCRIPTORS_MOST;
}

enum skeym_error skeym_listener_start(struct skeym_listener **out, struct skeym_service *service,
                                      int fd, const struct skeym_listener_tls *tls,
                                      unsigned threads)
{
    *out = NULL;
    if (tls->cert && !key_pair_loads(tls)) {
        return SKEYM_ERR_TLS;
    }
    struct skeym_listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        return SKEYM_ERR_MEMORY;
    }
    listener->service = service;
    enum skeym_error error = skeym_coming_open(&listener->coming, descriptors());
    if (!error) {
        listener->daemon = start(listener, tls, threads);
        error = listener->daemon ? SKEYM_OK : SKEYM_ERR_IO;
    }
    if (!error) {
        error = skeym_acceptor_start(&listener->acceptor, fd, SKEYM_LISTENER_WAITING, hand_over,
                                     listener);
    }
    if (error) {
        skeym_listener_stop(listener);
        return error;
    }
    *out = listener;
    return SKEYM_OK;
}

void skeym_listener_quiesce(struct skeym_listener *listener)
{
    skeym_acceptor_stop(listener->acceptor);
    listener->acceptor = NULL;
}

void skeym_listener_stop(struct skeym_listener *listener)
{
    if (listener) {
        skeym_acceptor_stop(listener->acceptor);
        if (listener->daemon) {
            MHD_stop_daemon(listener->daemon);
        }
        skeym_coming_close(&listener->coming);
        free(listener);
    }
}
