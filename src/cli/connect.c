/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect.h"

#include "cli/node_options.h"
#include "cli/ready.h"
#include "crypto/crypto.h"
#include "server/home.h"
#include "server/log.h"
#include "server/privilege.h"
#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    WORKERS = 8,
    QUEUE = 1024,
    CONNECTIONS = 512,
    PATIENCE_MS = 10000,
    STOP_MS = 10000,
    BEARER_LEAST = 16,
    BEARER_MOST = 1024,
    SPARE_FILES = 64,
};

static const char usage[] =
    "usage: skeym connect --as FILE --listen ADDRESS [options]\n"
    "\n"
    "A plain FHIR server on this machine, behind which a node logs in, seals and opens: programs\n"
    "that know nothing of SkeyM work through it, and devices post to it. Until SIGTERM or SIGINT.\n"
    "\n"
    "  --as FILE                  the node's credential file (skeym enrol)\n"
    "  --listen ADDRESS           127.0.0.1:PORT, [::1]:PORT, or unix:/PATH (mode 0600)\n"
    "  --to URL                   the server, instead of the credential's\n"
    "  --bearer-file FILE         ask clients for the secret in FILE (0600): Authorization: "
    "Bearer\n"
    "  --key FILE                 the node's private key, if it is in a file of its own\n"
    "  --passphrase-file FILE     take the passphrase from a file that only its owner reads\n"
    "  --tls-ca FILE              trust these certificates (PEM) instead of the system's\n"
    "  --allow-plaintext-network  allow http:// to a host that is not this one\n"
    "  --proxy-from-env           heed https_proxy and the like\n"
    "  --workers N                requests at once, 1 to 16 (8)\n"
    "  --queue N                  requests that wait before 503, 1 to 65536 (1024)\n"
    "  --connections N            clients at once, 1 to 10000 (512)\n"
    "  --patience SECONDS         how long a request is tried, 0 to 600 (10)\n"
    "  --user NAME                as root: become this user (else the owner of the credential's\n"
    "                             folder)\n"
    "  --ready-fd N               writes the port to this descriptor once it serves\n";

struct sidecar {
    struct skeym_node_options node;
    const char *listen, *bearer_file, *user;
    const char *workers_text, *queue_text, *connections_text, *patience_text, *ready_text;
    uint32_t workers, queue, connections, patience_s, ready_fd;
    struct skeym_connect_options options;
    uint8_t *bearer; /* SECRET */
    size_t bearer_size;
    struct skeym_log *log;
    bool root; /* still: nobody else was named, or owns the folder */
    int signal_fd;
    struct skeym_connect *connect;
};

static int say_failed(const char *what, enum skeym_error error)
{
    return skeym_cli_fail("connect", what, error);
}

/* --- log ------------------------------------------------------------------------------- */

static void tell(void *arg, const char *event, enum skeym_error error, uint64_t number)
{
    struct sidecar *sidecar = arg;
    enum skeym_log_level level = error == SKEYM_OK ? SKEYM_LOG_INFO : SKEYM_LOG_WARNING;
    skeym_log_write_flood(
        sidecar->log, SKEYM_LOG_PROVEN, level, event,
        SKEYM_LOG_FIELDS(skeym_log_reason(error), skeym_log_number("number", number)));
}

static void say_ready(struct sidecar *sidecar)
{
    const struct skeym_connect_address *address = &sidecar->options.address;
    char line[16];
    unsigned port = 0;
    if (address->at.any.sa_family == AF_INET) {
        port = ntohs(address->at.v4.sin_port);
    } else if (address->at.any.sa_family == AF_INET6) {
        port = ntohs(address->at.v6.sin6_port);
    }
    skeym_log_write(sidecar->log, SKEYM_LOG_INFO, "ready",
                    SKEYM_LOG_FIELDS(skeym_log_text("version", SKEYM_VERSION),
                                     skeym_log_text("listen", sidecar->listen),
                                     skeym_log_number("port", port),
                                     skeym_log_text("to", sidecar->node.server),
                                     skeym_log_text("bearer", sidecar->bearer ? "asked" : "none"),
                                     skeym_log_number("pid", (uint64_t)getpid())));
    (void)snprintf(line, sizeof line, "%u\n", port);
    skeym_ready_say(sidecar->ready_text ? (int)sidecar->ready_fd : -1, line);
}

/* --- start ------------------------------------------------------------------------------ */

static bool read_numbers(struct sidecar *sidecar)
{
    const struct {
        uint32_t *out;
        const char *text;
        uint32_t least, most, standard;
    } table[] = {
        {&sidecar->workers, sidecar->workers_text, 1, SKEYM_CONNECT_WORKERS_MAX, WORKERS},
        {&sidecar->queue, sidecar->queue_text, 1, 65536, QUEUE},
        {&sidecar->connections, sidecar->connections_text, 1, 10000, CONNECTIONS},
        {&sidecar->patience_s, sidecar->patience_text, 0, 600, PATIENCE_MS / 1000},
        {&sidecar->ready_fd, sidecar->ready_text, 1, 1023, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        *table[i].out = table[i].standard;
        if (table[i].text &&
            !skeym_cli_number(table[i].out, table[i].text, table[i].least, table[i].most)) {
            return false;
        }
    }
    return true;
}

static bool start_signals(struct sidecar *sidecar)
{
    sigset_t set;
    struct sigaction ignore;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    if (sigaction(SIGPIPE, &ignore, NULL) != 0 || pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) {
        return false;
    }
    sidecar->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    return sidecar->signal_fd >= 0;
}

/* The first line of the file, without its end. */
static bool read_bearer(struct sidecar *sidecar)
{
    const char *path = sidecar->bearer_file;
    if (!path) {
        return true;
    }
    enum skeym_error error =
        skeym_home_read_file(&sidecar->bearer, &sidecar->bearer_size, path, BEARER_MOST, true);
    if (error != SKEYM_OK) {
        (void)say_failed(path, error);
        return false;
    }
    size_t size = 0;
    while (size < sidecar->bearer_size && sidecar->bearer[size] > 0x20 &&
           sidecar->bearer[size] < 0x7f) {
        size++;
    }
    bool ends = size == sidecar->bearer_size ||
                (size + 1 == sidecar->bearer_size && sidecar->bearer[size] == '\n');
    if (!ends || size < BEARER_LEAST) {
        (void)skeym_cli_say("connect", "%s: the secret must be one line of at least %d characters",
                            path, BEARER_LEAST);
        return false;
    }
    sidecar->options.bearer = skeym_span(sidecar->bearer, size);
    return true;
}

static bool start_listening(struct sidecar *sidecar)
{
    struct skeym_connect_options *options = &sidecar->options;
    enum skeym_error error = skeym_connect_guard_address(&options->address, sidecar->listen);
    if (error == SKEYM_ERR_PERMISSION) {
        (void)skeym_cli_say("connect",
                            "--listen %s: a sidecar listens on this machine's loopback or a Unix "
                            "socket alone: whoever reaches it is the node",
                            sidecar->listen);
        return false;
    }
    if (error == SKEYM_OK) {
        error = skeym_connect_guard_listen(&options->fd, &options->address);
    }
    if (error != SKEYM_OK) {
        (void)say_failed(sidecar->listen, error);
    }
    return error == SKEYM_OK;
}

/* As root: the user named, or the owner of the folder that the credential is rewritten in. */
static bool drop_privileges(struct sidecar *sidecar)
{
    char *path = strdup(sidecar->node.as);
    enum skeym_error error = path ? SKEYM_OK : SKEYM_ERR_MEMORY;
    if (error == SKEYM_OK) {
        error =
            skeym_privilege_drop(sidecar->user ? sidecar->user : "", dirname(path), &sidecar->root);
    }
    if (error == SKEYM_OK) {
        error = skeym_privilege_harden();
    }
    free(path);
    if (error != SKEYM_OK) {
        (void)say_failed(sidecar->user ? sidecar->user : "giving up privileges", error);
    }
    return error == SKEYM_OK;
}

static bool start(struct sidecar *sidecar, int *code)
{
    struct skeym_connect_options *options = &sidecar->options;
    struct skeym_node_options *node = &sidecar->node;
    if (!start_signals(sidecar) ||
        skeym_privilege_files(sidecar->connections + sidecar->workers + SPARE_FILES) != SKEYM_OK) {
        (void)say_failed("signals or open files", SKEYM_ERR_PERMISSION);
        return false;
    }
    /* A port may need root; a Unix socket must be the user's that we become. */
    bool local = skeym_span_starts(skeym_span_text(sidecar->listen), "unix:");
    if ((!local && !start_listening(sidecar)) || !drop_privileges(sidecar) ||
        (local && !start_listening(sidecar)) || !read_bearer(sidecar) ||
        !skeym_node_options_open(node, code)) {
        return false;
    }
    options->credential = &node->credential;
    options->credential_path = node->as;
    options->http = (struct skeym_http_options){
        .server = node->server,
        .ca_file = node->tls_ca,
        .plaintext_network = node->plaintext_network,
        .proxy_from_env = node->proxy_from_env,
    };
    options->workers = sidecar->workers;
    options->queue = sidecar->queue;
    options->connections = sidecar->connections;
    options->patience_ms = sidecar->patience_s * 1000;
    options->tell = tell;
    options->tell_arg = sidecar;
    enum skeym_error error = skeym_log_open(&sidecar->log, "", SKEYM_LOG_INFO);
    if (error == SKEYM_OK && sidecar->root) {
        tell(sidecar, "runs-as-root", SKEYM_ERR_PERMISSION, 0);
    }
    if (error == SKEYM_OK) {
        error = skeym_connect_start(&sidecar->connect, options);
    }
    if (error != SKEYM_OK) {
        (void)say_failed(node->server, error);
        return false;
    }
    options->fd = -1; /* the listener's now */
    return true;
}

static void run_until_signal(struct sidecar *sidecar)
{
    struct signalfd_siginfo info;
    for (;;) {
        struct pollfd wait = {sidecar->signal_fd, POLLIN, 0};
        int ready = poll(&wait, 1, 1000);
        (void)skeym_log_tick(sidecar->log);
        unsigned cut = skeym_connect_tick(sidecar->connect);
        if (cut > 0) {
            tell(sidecar, "cut", SKEYM_ERR_TIMEOUT, cut);
        }
        if (ready > 0 && read(sidecar->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
            skeym_log_write(sidecar->log, SKEYM_LOG_INFO, "stopping",
                            SKEYM_LOG_FIELDS(skeym_log_number("signal", info.ssi_signo)));
            return;
        }
    }
}

static void end(struct sidecar *sidecar)
{
    /* First of all: what is under way may take long, and then the name may be a successor's. */
    if (sidecar->connect || sidecar->options.fd >= 0) {
        skeym_connect_guard_leave(&sidecar->options.address);
    }
    skeym_connect_stop(sidecar->connect, STOP_MS);
    if (sidecar->options.fd >= 0) {
        (void)close(sidecar->options.fd);
    }
    if (sidecar->signal_fd >= 0) {
        (void)close(sidecar->signal_fd);
    }
    skeym_node_options_close(&sidecar->node);
    if (sidecar->bearer) {
        skeym_crypto_wipe(sidecar->bearer, sidecar->bearer_size);
        free(sidecar->bearer);
    }
    if (sidecar->log) {
        skeym_log_close(sidecar->log);
    }
}

static int run(int argc, char **argv)
{
    struct sidecar sidecar = {
        .node = {.command = &skeym_command_connect}, .options = {.fd = -1}, .signal_fd = -1};
    struct skeym_cli_words operands;
    int code = SKEYM_EXIT_FAILED;
    const struct skeym_cli_option table[] = {
        {"--as", .value = &sidecar.node.as},
        {"--listen", .value = &sidecar.listen},
        {"--to", .value = &sidecar.node.server},
        {"--bearer-file", .value = &sidecar.bearer_file},
        {"--key", .value = &sidecar.node.key},
        {"--passphrase-file", .value = &sidecar.node.passphrase_file},
        {"--tls-ca", .value = &sidecar.node.tls_ca},
        {"--allow-plaintext-network", .flag = &sidecar.node.plaintext_network},
        {"--proxy-from-env", .flag = &sidecar.node.proxy_from_env},
        {"--workers", .value = &sidecar.workers_text},
        {"--queue", .value = &sidecar.queue_text},
        {"--connections", .value = &sidecar.connections_text},
        {"--patience", .value = &sidecar.patience_text},
        {"--user", .value = &sidecar.user},
        {"--ready-fd", .value = &sidecar.ready_text},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_connect, argc, argv, table, &operands, 0, 0, &code)) {
        return code;
    }
    if (!sidecar.node.as || !sidecar.listen) {
        return skeym_cli_usage(&skeym_command_connect,
                               sidecar.listen ? "--as FILE is missing" : "--listen is missing");
    }
    if (!read_numbers(&sidecar)) {
        return skeym_cli_usage(&skeym_command_connect, "a number is out of its range");
    }
    if (sidecar.ready_text && !skeym_ready_open((int)sidecar.ready_fd)) {
        return skeym_cli_say("connect", "--ready-fd %s: no descriptor of this number is open",
                             sidecar.ready_text);
    }
    if (start(&sidecar, &code)) {
        say_ready(&sidecar);
        run_until_signal(&sidecar);
        code = SKEYM_EXIT_OK;
    }
    end(&sidecar);
    return code;
}

const struct skeym_command skeym_command_connect = {
    "connect", "a plain FHIR server on this machine, in front of a node", usage, run};
