/* SPDX-License-Identifier: Apache-2.0 */
#include "server/serve.h"

#include "crypto/crypto.h"
#include "server/control.h"
#include "server/desk.h"
#include "server/home.h"
#include "server/listener.h"
#include "server/monitor.h"
#include "server/privilege.h"
#include "server/seen.h"
#include "server/trail.h"
#include "server/watch.h"
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    STOP_MS = 10000, /* for requests that are under way, and once more for what hangs */
    SPARE_FILES = 64 /* database, log, listeners ... */
};

/* All that a server is made of. Zero but for descriptors, which are -1. */
struct server {
    const struct skeym_serve_options *options;
    struct skeym_service service;
    struct skeym_listener_tls tls;
    struct sockaddr_storage bound, metrics_bound;
    int listen_fd, metrics_fd, signal_fd;
    unsigned threads;
    struct skeym_control control;
    struct skeym_listener *listener;
    struct skeym_monitor *monitor;
    struct skeym_watch watch;
    bool watching;
};

/* --- start, in order; each step names itself -------------------------------------------- */

static enum skeym_error start_signals(struct server *server)
{
    sigset_t set;
    struct sigaction ignore;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    /* no meaning here, and no reason to die */
    (void)sigaction(SIGUSR1, &ignore, NULL);
    (void)sigaction(SIGUSR2, &ignore, NULL);
    (void)sigaction(SIGXFSZ, &ignore, NULL); /* a file at its limit is an error, not the end */
    if (sigaction(SIGPIPE, &ignore, NULL) != 0 || pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) {
        return SKEYM_ERR_IO;
    }
    server->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return server->signal_fd < 0 ? SKEYM_ERR_IO : SKEYM_OK;
}

static enum skeym_error start_files(struct server *server)
{
    cpu_set_t cores; /* that this process may use */
    uint64_t threads = server->options->conf->threads;
    if (threads == 0) {
        threads = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (uint64_t)CPU_COUNT(&cores) : 1;
    }
    server->threads = threads > 64 ? 64U : (unsigned)threads;
    return skeym_privilege_files(server->options->conf->connections + SKEYM_LISTENER_WAITING +
                                 (uint64_t)server->threads * 8 + SPARE_FILES);
}

static enum skeym_error start_tls(struct server *server)
{
    return skeym_listener_tls_load(&server->tls, server->options->conf);
}

static enum skeym_error start_listen(struct server *server)
{
    return skeym_listener_listen(&server->listen_fd, &server->options->conf->listen,
                                 &server->bound);
}

static enum skeym_error start_metrics_listen(struct server *server)
{
    return skeym_listener_listen(&server->metrics_fd, &server->options->conf->metrics_listen,
                                 &server->metrics_bound);
}

static enum skeym_error start_privileges(struct server *server)
{
    bool root = false;
    enum skeym_error error =
        skeym_privilege_drop(server->options->conf->user, server->options->dir, &root);
    if (!error) {
        error = skeym_privilege_harden();
    }
    return error;
}

static enum skeym_error start_log(struct server *server)
{
    const struct skeym_conf *conf = server->options->conf;
    enum skeym_error error =
        skeym_log_open(&server->service.log, conf->log_file, (enum skeym_log_level)conf->log_level);
    if (!error) {
        error = skeym_trail_open(&server->service.trail);
    }
    if (!error) {
        skeym_log_watch(server->service.log, skeym_trail_note, server->service.trail);
    }
    if (!error && geteuid() == 0) {
        skeym_log_write(server->service.log, SKEYM_LOG_WARNING, "runs-as-root",
                        SKEYM_LOG_FIELDS(skeym_log_text("dir", server->options->dir)));
    }
    return error;
}

static enum skeym_error start_control(struct server *server)
{
    return skeym_control_open(&server->control, server->options->dir);
}

/* Keys that are ahead of the clock do not move until it gets there, and what they seal meanwhile
 * stays open to who has them: either the clock is behind, or it was ahead once. */
static void say_keys_ahead(struct skeym_service *service, uint64_t now_ms)
{
    struct skeym_state_figures state = skeym_state_figures(service->state);
    uint32_t epoch = skeym_epoch_at(now_ms, state.epoch_seconds);
    if (state.epoch > epoch) {
        skeym_log_write(service->log, SKEYM_LOG_WARNING, "keys-ahead",
                        SKEYM_LOG_FIELDS(skeym_log_number("epochs", state.epoch - epoch)));
    }
}

static enum skeym_error start_state(struct server *server)
{
    struct skeym_service *service = &server->service;
    bool locked = false;
    const struct skeym_state_options options = {
        .dir = server->options->dir,
        .used_slots = (size_t)service->conf->used_slots,
        .body_max = (size_t)service->conf->body_max,
        .now_ms = skeym_clock_now(&service->clock, NULL),
    };
    enum skeym_error error = skeym_state_open(&service->state, &options, &locked);
    if (!error && !locked) {
        skeym_log_write(service->log, SKEYM_LOG_WARNING, "keys-not-locked",
                        SKEYM_LOG_FIELDS(skeym_log_text("why", "mlock was refused")));
    }
    if (!error) {
        say_keys_ahead(service, options.now_ms);
    }
    return error;
}

static enum skeym_error start_limits(struct server *server)
{
    const struct skeym_conf *conf = server->options->conf;
    struct skeym_rate_options options = {
        .per_second = (uint32_t)conf->login_rate,
        .burst = (uint32_t)conf->login_burst,
        .cpu_percent = (uint32_t)conf->login_cpu,
    };
    enum skeym_error error = skeym_crypto_random(options.key, sizeof options.key);
    if (!error) {
        error = skeym_rate_open(&server->service.rate, &options);
    }
    if (!error) {
        error = skeym_seen_open(&server->service.seen);
    }
    return error ? error
                 : skeym_peers_open(&server->service.peers, conf->connections, conf->per_ip);
}

/* On any thread. A damaged row may be asked for again and again; the rest is told once. */
static void store_alarm(void *arg, enum skeym_error error)
{
    struct skeym_service *service = arg;
    if (error == SKEYM_ERR_CHECKSUM) {
        skeym_log_write_flood(service->log, SKEYM_LOG_PROVEN, SKEYM_LOG_ERROR, "row-damaged",
                              SKEYM_LOG_FIELDS(skeym_log_reason(error)));
    } else {
        skeym_log_write(service->log, SKEYM_LOG_ERROR, "store-damaged",
                        SKEYM_LOG_FIELDS(skeym_log_reason(error)));
    }
}

static enum skeym_error start_store(struct server *server)
{
    struct skeym_service *service = &server->service;
    char *path = NULL;
    if (service->conf->db[0] == '\0' && asprintf(&path, "%s/data.db", server->options->dir) < 0) {
        return SKEYM_ERR_MEMORY;
    }
    const struct skeym_store_options options = {
        .path = path ? path : service->conf->db,
        .max_bytes = service->conf->db_max_bytes,
        .alarm = store_alarm,
        .alarm_arg = service,
    };
    enum skeym_error error = skeym_store_open(&service->store, &options);
    free(path);
    return error ? error : skeym_readers_open(&service->readers, service->store, server->threads);
}

static enum skeym_error fill_random(void *arg, void *out, size_t size)
{
    (void)arg;
    return skeym_crypto_nonce(out, size); /* ids: without a system call for each */
}

static enum skeym_error start_fhir(struct server *server)
{
    struct skeym_service *service = &server->service;
    const struct skeym_fhir_options options = {
        .store = service->store, .random = fill_random, .version = server->options->version};
    char address[SKEYM_SOURCE_TEXT_BYTES + 16];
    if (service->conf->public_url[0] != '\0') {
        (void)snprintf(service->base_url, sizeof service->base_url, "%s/fhir",
                       service->conf->public_url);
    } else { /* never from the Host field: a peer must not choose where links point */
        skeym_source_address(address, &server->bound);
        (void)snprintf(service->base_url, sizeof service->base_url, "http%s://%s/fhir",
                       server->tls.cert ? "s" : "", address);
    }
    return skeym_fhir_new(&service->fhir, &options);
}

static enum skeym_error start_desk(struct server *server)
{
    return skeym_desk_open(&server->service.desk);
}

static enum skeym_error start_watch(struct server *server)
{
    enum skeym_error error = skeym_watch_start(&server->watch, &server->service);
    server->watching = error == SKEYM_OK;
    return error;
}

static enum skeym_error start_monitor(struct server *server)
{
    enum skeym_error error =
        skeym_monitor_start(&server->monitor, &server->service, server->metrics_fd);
    server->metrics_fd = error ? server->metrics_fd : -1;
    return error;
}

/* Nodes will refuse such a certificate; the server cannot know that they do not. */
static void say_fault_of_tls(struct server *server)
{
    uint64_t now_s = skeym_clock_now(&server->service.clock, NULL) / 1000;
    const char *fault = server->tls.cert ? skeym_listener_tls_fault(&server->tls, now_s) : NULL;
    if (fault) {
        skeym_log_write(server->service.log, SKEYM_LOG_WARNING, "tls-certificate",
                        SKEYM_LOG_FIELDS(skeym_log_text("why", fault)));
    }
}

static enum skeym_error start_http(struct server *server)
{
    say_fault_of_tls(server);
    enum skeym_error error = skeym_listener_start(&server->listener, &server->service,
                                                  server->listen_fd, &server->tls, server->threads);
    server->listen_fd = error ? server->listen_fd : -1;
    if (server->tls.key) { /* the library has read it */
        skeym_crypto_wipe(server->tls.key, strlen(server->tls.key));
    }
    return error;
}

/* Privileged steps first; no thread before the privileges are gone; keys before strangers. */
static const struct {
    const char *what;
    enum skeym_error (*start)(struct server *server);
} steps[] = {
    {"signals", start_signals},
    {"the number of open files", start_files},
    {"the TLS files", start_tls},
    {"the listen address", start_listen},
    {"the metrics address", start_metrics_listen},
    {"giving up privileges", start_privileges},
    {"the log file", start_log},
    {"the folder", start_control},
    {"keyring or revoked list", start_state},
    {"the limits of strangers", start_limits},
    {"the database", start_store},
    {"FHIR", start_fhir},
    {"the desk", start_desk},
    {"the watch", start_watch},
    {"the metrics listener", start_monitor},
    {"the listener", start_http},
};

/* --- while it runs ------------------------------------------------------------------------- */

/* The file of the folder that is to blame, for the log. */
static const char *culprit(const struct server *server, enum skeym_error error)
{
    enum skeym_error found = error;
    const char *file = error ? skeym_home_culprit(server->options->dir, &found) : NULL;
    return file && found == error ? file : "";
}

static enum skeym_error reload(void *arg)
{
    struct server *server = arg;
    struct skeym_service *service = &server->service;
    enum skeym_error error =
        skeym_state_reload(service->state, skeym_clock_now(&service->clock, NULL));
    skeym_metrics_add(&service->metrics, error ? SKEYM_COUNT_RELOAD_FAILED : SKEYM_COUNT_RELOADS,
                      1);
    skeym_log_write(
        service->log, error ? SKEYM_LOG_ERROR : SKEYM_LOG_INFO, "reload",
        SKEYM_LOG_FIELDS(skeym_log_reason(error), skeym_log_text("file", culprit(server, error)),
                         skeym_log_number("revoked", skeym_state_figures(service->state).revoked)));
    return error;
}

/* Each second: moves the keys when an epoch is over. A failure is tried again until it works; the
 * log has its first line and its end. */
static void move_keys(struct skeym_service *service)
{
    bool moved = false;
    enum skeym_error error =
        skeym_state_ratchet(service->state, skeym_clock_now(&service->clock, NULL), &moved);
    bool was_late = atomic_exchange(&service->keys_late, error != SKEYM_OK);
    if (moved) {
        skeym_metrics_add(&service->metrics, SKEYM_COUNT_RATCHETS, 1);
        skeym_log_write(
            service->log, SKEYM_LOG_INFO, "epoch",
            SKEYM_LOG_FIELDS(skeym_log_number("epoch", skeym_state_figures(service->state).epoch)));
    }
    if (error) {
        skeym_metrics_add(&service->metrics, SKEYM_COUNT_RATCHET_FAILED, 1);
    }
    if (error && !was_late) {
        skeym_log_write(service->log, SKEYM_LOG_ERROR, "epoch-failed",
                        SKEYM_LOG_FIELDS(skeym_log_reason(error)));
    }
}

static void on_hangup(struct server *server)
{
    struct skeym_service *service = &server->service;
    enum skeym_error error = skeym_log_reopen(service->log);
    if (error) {
        skeym_log_write(service->log, SKEYM_LOG_ERROR, "log-reopen",
                        SKEYM_LOG_FIELDS(skeym_log_reason(error)));
    }
    (void)reload(server); /* it has logged what came of it */
}

/* false: time to stop. */
static bool take_signals(struct server *server)
{
    struct signalfd_siginfo info;
    while (read(server->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGHUP) {
            skeym_log_write(server->service.log, SKEYM_LOG_INFO, "stopping",
                            SKEYM_LOG_FIELDS(skeym_log_number("signal", info.ssi_signo)));
            return false;
        }
        on_hangup(server);
    }
    return true;
}

static void run(struct server *server)
{
    uint64_t next_ms = skeym_clock_monotonic();
    bool going = true;
    while (going) {
        struct pollfd fds[2] = {{server->signal_fd, POLLIN, 0}, {server->control.fd, POLLIN, 0}};
        uint64_t now_ms = skeym_clock_monotonic();
        if (now_ms >= next_ms) {
            move_keys(&server->service);
            next_ms = now_ms + 1000;
        }
        (void)poll(fds, 2, (int)(next_ms - now_ms));
        if (fds[0].revents & POLLIN) {
            going = take_signals(server);
        }
        if (fds[1].revents & POLLIN) {
            skeym_control_serve(&server->control, reload, server);
        }
    }
}

static void say_ready(struct server *server)
{
    char address[SKEYM_SOURCE_TEXT_BYTES + 16];
    char metrics[SKEYM_SOURCE_TEXT_BYTES + 16];
    skeym_source_address(address, &server->bound);
    skeym_source_address(metrics, &server->metrics_bound);
    skeym_log_write(server->service.log, SKEYM_LOG_INFO, "ready",
                    SKEYM_LOG_FIELDS(skeym_log_text("version", server->options->version),
                                     skeym_log_text("listen", address),
                                     skeym_log_text("tls", server->tls.cert ? "1.3" : "none"),
                                     skeym_log_text("metrics", metrics),
                                     skeym_log_text("crypto", skeym_crypto_name()),
                                     skeym_log_number("threads", server->threads),
                                     skeym_log_number("pid", (uint64_t)getpid())));
    server->options->ready(server->options->ready_arg, skeym_source_port(&server->bound),
                           skeym_source_port(&server->metrics_bound));
}

/* --- the end ---------------------------------------------------------------------------------- */

static bool wait_for_none(struct skeym_service *service, uint64_t ms)
{
    uint64_t end = skeym_clock_monotonic() + ms;
    while (skeym_slot_sum(&service->under_way) > 0 && skeym_clock_monotonic() < end) {
        (void)poll(NULL, 0, 5);
    }
    return skeym_slot_sum(&service->under_way) == 0;
}

/* What is under way may end; then those who keep us waiting are cut; then nothing is left but what
 * a thread or the disk hangs in. When this returns no request is under way and none is taken any
 * more, so none can be suspended under the hands of the library that stops. */
static void drain(struct server *server)
{
    struct skeym_service *service = &server->service;
    atomic_store(&service->stopping, true);
    skeym_listener_quiesce(server->listener);
    if (wait_for_none(service, STOP_MS)) {
        return;
    }
    struct skeym_deadline_cuts cuts =
        skeym_deadline_cut(&service->deadlines, SKEYM_DEADLINE_NONE - 1);
    skeym_log_write(service->log, SKEYM_LOG_WARNING, "stop-cut",
                    SKEYM_LOG_FIELDS(skeym_log_number("connections", cuts.late)));
    if (!wait_for_none(service, STOP_MS)) {
        skeym_log_write(
            service->log, SKEYM_LOG_ERROR, "stop-failed",
            SKEYM_LOG_FIELDS(skeym_log_number("requests", skeym_slot_sum(&service->under_way)),
                             skeym_log_number("parked", atomic_load(&service->parked))));
        _exit(1); /* what was not acknowledged is the nodes' to send again */
    }
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* Also of a server that did not get far. */
static void end(struct server *server)
{
    struct skeym_service *service = &server->service;
    if (server->listener) {
        drain(server);
    }
    skeym_listener_stop(server->listener);
    skeym_monitor_stop(server->monitor);
    if (server->watching) {
        skeym_watch_stop(&server->watch);
    }
    skeym_desk_close(service->desk);
    skeym_readers_close(service->readers);
    skeym_store_close(service->store);
    skeym_fhir_free(service->fhir);
    skeym_rate_close(service->rate);
    skeym_seen_close(service->seen);
    skeym_peers_close(service->peers);
    skeym_state_close(service->state);
    skeym_control_close(&server->control);
    skeym_listener_tls_wipe(&server->tls);
    close_fd(server->listen_fd);
    close_fd(server->metrics_fd);
    close_fd(server->signal_fd);
}

enum skeym_error skeym_serve_run(const struct skeym_serve_options *options, const char **what)
{
    enum skeym_error error = SKEYM_OK;
    struct server *server = calloc(1, sizeof *server);
    *what = "memory";
    if (!server) {
        return SKEYM_ERR_MEMORY;
    }
    server->options = options;
    server->listen_fd = server->metrics_fd = server->signal_fd = -1;
    server->control = (struct skeym_control){-1, -1};
    server->service.conf = options->conf;
    server->service.version = options->version;
    skeym_clock_init(&server->service.clock);
    skeym_deadline_init(&server->service.deadlines);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && !error; i++) {
        *what = steps[i].what;
        error = steps[i].start(server);
    }
    if (!error) {
        say_ready(server);
        run(server);
    }
    end(server);
    if (server->service.log) {
        if (error) {
            skeym_log_write(
                server->service.log, SKEYM_LOG_ERROR, "not-started",
                SKEYM_LOG_FIELDS(skeym_log_text("part", *what), skeym_log_reason(error)));
        } else {
            skeym_log_write(server->service.log, SKEYM_LOG_INFO, "stopped",
                            SKEYM_LOG_FIELDS(skeym_log_reason(error)));
        }
        skeym_log_close(server->service.log);
    }
    skeym_trail_close(server->service.trail);
    free(server);
    return error;
}
