/* SPDX-License-Identifier: Apache-2.0 */
#include "server/monitor.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    TEXT_BYTES = 65536,
    CONNECTIONS = 16,
    TIMEOUT_S = 5,
    STUCK_MS = 10000, /* no request takes that long that is not stuck, or in a disk that is */
};

/* A browser that is sent here shows it as text, and lets no page use it. */
static const struct {
    const char *name, *value;
} fields[] = {
    {"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
    {"X-Content-Type-Options", "nosniff"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
    {"Connection", "close"},
};

struct skeym_monitor {
    struct skeym_service *service;
    struct MHD_Daemon *daemon;
    struct skeym_store_reader *reader; /* used by the one thread of the daemon */
};

/* --- what is shown ------------------------------------------------------------------ */

static bool ignore(void *arg, const struct skeym_store_record *record)
{
    (void)arg;
    (void)record;
    return false;
}

/* NULL: all is well; else what is not. */
static const char *unwell(struct skeym_monitor *monitor)
{
    struct skeym_service *service = monitor->service;
    if (atomic_load(&service->stopping)) {
        return "stopping\n";
    }
    if (atomic_load(&service->keys_late) ||
        skeym_state_stale(service->state, skeym_clock_now(&service->clock, NULL))) {
        return "keys of an old epoch\n";
    }
    if (skeym_deadline_oldest(&service->deadlines, skeym_clock_monotonic()) > STUCK_MS) {
        return "a request does not come to its end\n";
    }
    enum skeym_error error = skeym_store_get(monitor->reader, SKEYM_STORE_PATIENT,
                                             skeym_span_text("healthz"), ignore, NULL);
    switch (skeym_store_health(service->store)) {
    case SKEYM_OK:
        break;
    case SKEYM_ERR_MISSING:
        return "the database file is gone\n";
    case SKEYM_ERR_CHECKSUM:
        return "a stored resource is damaged\n";
    default:
        return "the database is damaged\n";
    }
    if (error != SKEYM_OK && error != SKEYM_ERR_NOT_FOUND) {
        return "the store does not answer\n";
    }
    return NULL;
}

static size_t print_metrics(char *out, struct skeym_monitor *monitor)
{
    struct skeym_service *service = monitor->service;
    struct skeym_state_figures state = skeym_state_figures(service->state);
    struct skeym_store_stats store = skeym_store_stats(service->store);
    const struct skeym_metrics_gauge gauges[] = {
        {"skeym_connections", "connections open", skeym_deadline_count(&service->deadlines)},
        {"skeym_requests_under_way", "requests from their head to their answer",
         skeym_slot_sum(&service->under_way)},
        {"skeym_requests_parked", "of these, those that wait for the disk",
         atomic_load(&service->parked)},
        {"skeym_request_oldest_ms", "how long the slowest of them has been worked on",
         skeym_deadline_oldest(&service->deadlines, skeym_clock_monotonic())},
        {"skeym_body_bytes", "memory that request bodies take", atomic_load(&service->body_bytes)},
        {"skeym_epoch", "epoch that tokens are minted in", state.epoch},
        {"skeym_keys_late", "1 while the keys could not be moved to a new epoch",
         atomic_load(&service->keys_late)},
        {"skeym_revoked_entries", "entries of the revoked list", state.revoked},
        {"skeym_used_tokens", "ids in the fuller generation of the used-before table", state.used},
        {"skeym_used_room", "ids that fit one generation", state.used_room},
        {"skeym_clock_behind_ms", "how far the wall clock is behind the protocol's",
         atomic_load(&service->clock_behind_ms)},
        {"skeym_log_dropped", "log lines dropped under flood since the start",
         atomic_load(&service->log_dropped)},
        {"skeym_store_queued", "writes waiting", store.queued},
        {"skeym_store_writes", "writes since the start", store.writes},
        {"skeym_store_failed", "writes that failed since the start", store.failed},
        {"skeym_store_commits", "commits since the start", store.commits},
    };
    size_t size = 0;
    enum skeym_error error = skeym_metrics_print(
        (struct skeym_room){(uint8_t *)out, TEXT_BYTES}, &size, &service->metrics, gauges,
        sizeof gauges / sizeof gauges[0], service->version);
    return error ? 0 : size;
}

/* --- HTTP ----------------------------------------------------------------------------- */

/* The library takes what it only reads as if it wrote it. */
static void *plain(const char *text)
{
    void *pointer;
    memcpy(&pointer, &text, sizeof pointer);
    return pointer;
}

/* Takes a text over that is to be freed. */
static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *text,
                             size_t size, enum MHD_ResponseMemoryMode mode)
{
    enum MHD_Result result = MHD_NO;
    struct MHD_Response *response = MHD_create_response_from_buffer(size, plain(text), mode);
    if (!response && mode == MHD_RESPMEM_MUST_FREE) {
        free(plain(text));
    }
    bool good = response != NULL;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        good =
            good && MHD_add_response_header(response, fields[i].name, fields[i].value) == MHD_YES;
    }
    if (good) {
        result = MHD_queue_response(connection, status, response);
    }
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result reply_text(struct MHD_Connection *connection, unsigned status,
                                  const char *text)
{
    return reply(connection, status, text, strlen(text), MHD_RESPMEM_PERSISTENT);
}

/* What the Host field names, its port apart; NULL: too long for any name of ours, or none. */
static const char *host_name(char *out, size_t room, struct MHD_Connection *connection)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    size_t size = text ? strlen(text) : room;
    if (size >= room) {
        return NULL;
    }
    memcpy(out, text, size + 1);
    char *port = strrchr(out, ':');
    if (port && port[1 + strspn(port + 1, "0123456789")] == '\0') {
        *port = '\0';
    }
    return out;
}

/* A web page whose name was pointed at loopback asks with its own name, which may begin as an
 * address does: "127.evil.example". */
static bool host_is_local(struct MHD_Connection *connection)
{
    char room[64];
    struct in_addr address;
    const char *host = host_name(room, sizeof room, connection);
    return host && (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
                    (inet_pton(AF_INET, host, &address) == 1 &&
                     ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET));
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context) /* NOLINT: the library's type */
{
    struct skeym_monitor *monitor = arg;
    (void)version;
    (void)data;
    (void)size;
    (void)context;
    if (!skeym_span_is(skeym_span_text(method), "GET") || !host_is_local(connection)) {
        return reply_text(connection, 404, "not found\n");
    }
    if (skeym_span_is(skeym_span_text(path), "/healthz")) {
        const char *wrong = unwell(monitor);
        return reply_text(connection, wrong ? 503 : 200, wrong ? wrong : "ok\n");
    }
    if (skeym_span_is(skeym_span_text(path), "/metrics")) {
        char *text = malloc(TEXT_BYTES);
        return text ? reply(connection, 200, text, print_metrics(text, monitor),
                            MHD_RESPMEM_MUST_FREE)
                    : MHD_NO;
    }
    return reply_text(connection, 404, "not found\n");
}

enum skeym_error skeym_monitor_start(struct skeym_monitor **out, struct skeym_service *service,
                                     int fd)
{
    struct skeym_monitor *monitor = calloc(1, sizeof *monitor);
    *out = NULL;
    if (!monitor) {
        return SKEYM_ERR_MEMORY;
    }
    monitor->service = service;
    enum skeym_error error = skeym_store_reader_open(&monitor->reader, service->store);
    if (error) {
        free(monitor);
        return error;
    }
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD |
                     (service->conf->metrics_listen.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0U);
    monitor->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, monitor, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)8192,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!monitor->daemon) {
        skeym_store_reader_close(monitor->reader);
        free(monitor);
        return SKEYM_ERR_IO;
    }
    *out = monitor;
    return SKEYM_OK;
}

void skeym_monitor_stop(struct skeym_monitor *monitor)
{
    if (monitor) {
        MHD_stop_daemon(monitor->daemon);
        skeym_store_reader_close(monitor->reader);
        free(monitor);
    }
}
