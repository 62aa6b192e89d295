/* SPDX-License-Identifier: Apache-2.0 */
#include "server_world.h"
#include "crypto/crypto.h"
#include "server/home.h"
#include "server/listener.h"
#include "server_drive.h"
#include <errno.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    INPUTS = 4000, /* then all is made anew */
    TICK_MS = 20   /* an input */
};

/* --- the system's clock and generator, when the server under test asks -------------------------
 */

int __real_clock_gettime(clockid_t id, struct timespec *out);
int __wrap_clock_gettime(clockid_t id, struct timespec *out);
ssize_t __real_getrandom(void *out, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags);

static bool on;
static _Atomic uint64_t now_ms = FUZZ_NOW_MS;
static _Atomic uint64_t drawn;

int __wrap_clock_gettime(clockid_t id, struct timespec *out)
{
    if (!on || (id != CLOCK_REALTIME && id != CLOCK_MONOTONIC)) {
        return __real_clock_gettime(id, out);
    }
    uint64_t ms = now_ms;
    *out = (struct timespec){(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    return 0;
}

ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags)
{
    if (!on) {
        return __real_getrandom(out, size, flags);
    }
    uint8_t *at = out;
    for (size_t i = 0; i < size; i++) {
        uint64_t z = ++drawn * UINT64_C(0x9e3779b97f4a7c15);
        at[i] = (uint8_t)((z ^ (z >> 29)) * UINT64_C(0xbf58476d1ce4e5b9) >> 56);
    }
    return (ssize_t)size;
}

/* --- the server
 * ------------------------------------------------------------------------------------ */

static struct {
    char dir[64], home[80];
    bool open;
    unsigned inputs;
    struct sockaddr_un address;
    int other; /* a connection on which nothing is said, or -1 */
    struct skeym_conf conf;
    struct skeym_service *service;
    struct skeym_listener *listener;
} world;

static enum skeym_error fill(void *arg, void *out, size_t size)
{
    (void)arg;
    return __wrap_getrandom(out, size, 0) == (ssize_t)size ? SKEYM_OK : SKEYM_ERR_RANDOM;
}

static void remove_dir(void)
{
    static const char *const files[] = {
        "home/keyring",     "home/revoked", "home/audit",   "home/lock",
        "home/control",     "home/reserve", "home/data.db", "home/data.db-wal",
        "home/data.db-shm", "log",          "socket"};
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", world.dir, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(world.home);
    (void)rmdir(world.dir);
}

static void shut(void)
{
    if (!world.open) {
        return;
    }
    struct skeym_service *service = world.service;
    atomic_store(&service->stopping, true);
    skeym_listener_quiesce(world.listener);
    skeym_listener_stop(world.listener);
    (void)server_drive_settle();
    server_drive(false);
    skeym_readers_close(service->readers);
    skeym_store_close(service->store);
    skeym_fhir_free(service->fhir);
    skeym_rate_close(service->rate);
    skeym_peers_close(service->peers);
    skeym_state_close(service->state);
    skeym_log_close(service->log);
    free(service);
    world.open = false;
    on = false;
    remove_dir();
}

static void make_home(void)
{
    (void)snprintf(world.dir, sizeof world.dir, "%s/skeym-fuzz.XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_MUST(mkdtemp(world.dir));
    (void)snprintf(world.home, sizeof world.home, "%s/home", world.dir);
    FUZZ_MUST(skeym_home_make(world.home, "ward", 3600, now_ms) == SKEYM_OK);
}

static void make_conf(void)
{
    skeym_conf_defaults(&world.conf);
    (void)snprintf(world.conf.db, sizeof world.conf.db, "%s/data.db", world.home);
    (void)snprintf(world.conf.log_file, sizeof world.conf.log_file, "%s/log", world.dir);
    FUZZ_MUST(skeym_source_parse(&world.conf.listen, "127.0.0.1:0"));
    world.conf.connections = 64;
    world.conf.per_ip = 64;
    world.conf.login_rate = world.conf.login_burst = 1000000;
    world.conf.login_cpu = 100000;
    world.conf.used_slots = 65536;
    world.conf.body_max = 65536;
    world.conf.body_memory = 1 << 20;
}

static void make_service(void)
{
    struct skeym_service *service = calloc(1, sizeof *service);
    FUZZ_MUST(service);
    world.service = service;
    service->conf = &world.conf;
    service->version = "0";
    skeym_clock_init(&service->clock);
    skeym_deadline_init(&service->deadlines);
    const struct skeym_state_options state = {.dir = world.home,
                                              .used_slots = (size_t)world.conf.used_slots,
                                              .body_max = (size_t)world.conf.body_max,
                                              .now_ms = now_ms};
    const struct skeym_rate_options rate = {(uint32_t)world.conf.login_rate,
                                            (uint32_t)world.conf.login_burst,
                                            (uint32_t)world.conf.login_cpu,
                                            {1, 2}};
    const struct skeym_store_options store = {.path = world.conf.db, .steps_max = 1000};
    (void)snprintf(service->base_url, sizeof service->base_url, "https://ward:8443/fhir");
    FUZZ_MUST(skeym_log_open(&service->log, world.conf.log_file, SKEYM_LOG_DEBUG) == SKEYM_OK);
    FUZZ_MUST(skeym_state_open(&service->state, &state, NULL) == SKEYM_OK);
    FUZZ_MUST(skeym_rate_open(&service->rate, &rate) == SKEYM_OK);
    FUZZ_MUST(skeym_peers_open(&service->peers, 64, 64) == SKEYM_OK);
    FUZZ_MUST(skeym_store_open(&service->store, &store) == SKEYM_OK);
    FUZZ_MUST(skeym_readers_open(&service->readers, service->store, 1) == SKEYM_OK);
    const struct skeym_fhir_options fhir = {service->store, fill, NULL, "0"};
    FUZZ_MUST(skeym_fhir_new(&service->fhir, &fhir) == SKEYM_OK);
}

static bool allow_all(void *arg, char interaction, struct skeym_span type,
                      struct skeym_span patient)
{
    (void)arg, (void)interaction, (void)type, (void)patient;
    return true;
}

static void take_answer(void *arg, struct skeym_fhir_answer *answer)
{
    struct skeym_fhir_answer **out = arg;
    *out = answer;
}

static void put(const char *target, const char *body)
{
    struct skeym_fhir_request request = {.method = skeym_span_text("PUT"),
                                         .target = skeym_span_text(target),
                                         .content_type = skeym_span_text("application/fhir+json"),
                                         .body = skeym_span_text(body),
                                         .grant = {allow_all, NULL},
                                         .base_url = world.service->base_url,
                                         .now_ms = now_ms};
    struct skeym_store_reader *reader = skeym_readers_take(world.service->readers);
    struct skeym_fhir_answer *answer = NULL;
    (void)skeym_fhir_handle(world.service->fhir, reader, &request, take_answer, &answer);
    (void)server_drive_settle();
    skeym_readers_give(world.service->readers, reader);
    FUZZ_MUST(answer && answer->status == 201);
    skeym_fhir_answer_free(answer);
}

/* The address of the configuration is bound, and let go: what comes over TCP is not the fuzzer's.
 */
static int listen_here(void)
{
    struct sockaddr_storage bound;
    int fd = -1;
    FUZZ_MUST(skeym_listener_listen(&fd, &world.conf.listen, &bound) == SKEYM_OK);
    FUZZ_MUST(skeym_source_port(&bound) != 0);
    (void)close(fd);
    world.address = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(world.address.sun_path, sizeof world.address.sun_path, "%s/socket", world.dir);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    FUZZ_MUST(fd >= 0 &&
              bind(fd, (const struct sockaddr *)&world.address, sizeof world.address) == 0 &&
              listen(fd, 8) == 0);
    return fd;
}

static void open_all(void)
{
    static bool registered;
    struct skeym_listener_tls none = {0};
    on = true;
    server_drive(true);
    make_home();
    make_conf();
    make_service();
    (void)server_drive_settle();
    FUZZ_MUST(skeym_listener_start(&world.listener, world.service, listen_here(), &none, 1) ==
              SKEYM_OK);
    world.open = true;
    world.inputs = 0;
    put("/fhir/Patient/p-2",
        "{\"resourceType\":\"Patient\",\"id\":\"p-2\",\"name\":[{\"family\":\"" SERVER_SECRET
        "\"}]}");
    put("/fhir/Patient/p-1", "{\"resourceType\":\"Patient\",\"id\":\"p-1\"}");
    if (!registered) {
        (void)atexit(shut);
        registered = true;
    }
}

struct skeym_service *server_world(void)
{
    if (world.inputs++ % INPUTS == 0) {
        shut();
        open_all();
        world.inputs = 1;
    }
    return world.service;
}

uint64_t server_world_now(void)
{
    return now_ms;
}

void server_world_tick(struct skeym_service *service)
{
    bool moved = false;
    now_ms += TICK_MS;
    skeym_state_tick(service->state, now_ms);
    FUZZ_MUST(skeym_state_ratchet(service->state, now_ms, &moved) == SKEYM_OK);
    (void)skeym_log_tick(service->log);
}

void server_world_enrol(struct skeym_credentials *out)
{
    struct skeym_keyring keyring;
    struct skeym_enrol_keys enrol;
    struct skeym_node_claims claims = {
        .generation = 3, .not_after = UINT32_MAX, .role = SKEYM_ROLE_NURSE};
    uint8_t nonce[SKEYM_NONCE_BYTES] = {1};
    FUZZ_MUST(skeym_home_keyring(&keyring, world.home) == SKEYM_OK);
    FUZZ_MUST(skeym_enrol_keys_derive(&enrol, keyring.enrol[0].id, keyring.enrol[0].key) ==
              SKEYM_OK);
    fuzz_count(out->private_key, 32, 0x90);
    out->audience = keyring.audience;
    claims.scopes.count = 1;
    FUZZ_MUST(skeym_crypto_x25519_public(claims.public_key, out->private_key) == SKEYM_OK);
    FUZZ_MUST(skeym_crypto_x25519_public(out->authority, keyring.identity) == SKEYM_OK);
    FUZZ_MUST(skeym_name_node(&claims.id, skeym_span_text("nurse")) == SKEYM_OK);
    FUZZ_MUST(skeym_scope_parse(&claims.scopes.at[0], skeym_span_text("user/*.rs")) == SKEYM_OK);
    FUZZ_MUST(skeym_locator_seal((struct skeym_room){out->locator, sizeof out->locator},
                                 &out->locator_size, &enrol, &claims, nonce) == SKEYM_OK);
    FUZZ_MUST(skeym_credential(out->credential, &enrol, &claims) == SKEYM_OK);
}

/* --- the peer's side
 * ----------------------------------------------------------------------------------- */

static int pair(void)
{
    int ends[2];
    FUZZ_MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    server_drive_hand(ends[1]);
    return ends[0];
}

int server_world_dial(bool busy)
{
    server_drive_hurry(busy);
    world.other = -1;
    if (!busy) {
        return pair();
    }
    world.other = pair();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    FUZZ_MUST(fd >= 0 &&
              connect(fd, (const struct sockaddr *)&world.address, sizeof world.address) == 0);
    server_drive_accept();
    return fd;
}

bool server_world_send(int fd, struct skeym_span bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent < 0) {
            return false;
        }
        bytes = skeym_span_part(bytes, (size_t)sent, bytes.size);
        server_drive_run();
    }
    return true;
}

size_t server_world_receive(int fd, uint8_t *out, size_t room, bool patient,
                            bool (*whole)(struct skeym_span))
{
    size_t size = 0;
    bool idle = true, cut = false; /* the server, since something was sent */
    while (size < room && !whole(skeym_span(out, size))) {
        ssize_t got = recv(fd, out + size, room - size, 0);
        if (got > 0) {
            size += (size_t)got;
            idle = false;
        } else if (got == 0 || errno != EAGAIN || (idle && patient)) {
            break;
        } else { /* nothing more comes by itself */
            if (idle) {
                FUZZ_MUST(!cut);
                (void)skeym_deadline_cut(&world.service->deadlines, SKEYM_DEADLINE_NONE - 1);
                cut = true;
            }
            server_drive_run();
            idle = true;
        }
    }
    return size;
}

void server_world_close(int fd)
{
    struct skeym_service *service = world.service;
    (void)close(fd);
    if (world.other >= 0) {
        (void)close(world.other);
    }
    server_drive_run();
    FUZZ_MUST(skeym_deadline_count(&service->deadlines) == 0);
    FUZZ_MUST(skeym_slot_sum(&service->under_way) == 0);
    FUZZ_MUST(atomic_load(&service->body_bytes) == 0 && atomic_load(&service->parked) == 0);
}
