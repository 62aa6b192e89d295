/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forge_wire PROGRAM --forged N --each N --seed S: the same forgers against `PROGRAM serve`, over
 * kept and pipelined connections on loopback. Every so many requests a good one goes with them,
 * which must be admitted; the server's own counter of admitted requests must say the same as we.
 */
#include "forge/wire.h"
#include "authority/keyring.h"
#include "bench/server_process.h"
#include "crypto/crypto.h"
#include "forge/forge.h"
#include "load/load_answer.h"
#include "server/home.h"
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define EPOCH_S   3600
#define RENEW_MS  5000
#define LATE_MS   45000 /* tokens live 59 s */
#define MARGIN_MS 5000  /* around the end of an epoch nobody sends */
#define GOOD      (-1)
#define FORGERS   96

static struct {
    char dir[128], home[160], log[160];
    struct server_process server;
    uint16_t metrics_port;
    struct skeym_keyring keyring;
    struct skeym_epoch_key base; /* of e-3 */
    struct forge_world world;
    struct wire_connection connection[WIRE_CONNECTIONS];
    uint64_t renewed_ms, sent_good, admitted_good, refused_good, late_good, answered, accepted, odd,
        lost;
    uint64_t by[FORGERS], status[600];
} run;

static uint64_t wall_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void must(enum skeym_error error, const char *what)
{
    if (error) {
        fprintf(stderr, "forge: %s: error 0x%04x\n", what, (unsigned)error);
        exit(2);
    }
}

/* --- the server -------------------------------------------------------------------------- */

static void at_exit(void)
{
    (void)server_process_stop(&run.server);
    if (run.dir[0]) {
        const char *const remove[] = {"/bin/rm", "-rf", run.dir, NULL};
        (void)server_process_run(remove, "/dev/null");
    }
}

/* Made as two epochs ago, so that the key of e-3 is known here, and by then forgotten there. */
static void make_home(void)
{
    const char *tmp = getenv("TMPDIR"); // NOLINT(concurrency-mt-unsafe): one thread
    (void)snprintf(run.dir, sizeof run.dir, "%.80s/skeym-forge.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(run.dir)) {
        run.dir[0] = '\0';
        forge_fail("no temporary folder can be made");
    }
    (void)atexit(at_exit);
    (void)snprintf(run.home, sizeof run.home, "%s/home", run.dir);
    (void)snprintf(run.log, sizeof run.log, "%s/log", run.dir);
    must(skeym_home_make(run.home, "ward", EPOCH_S, wall_ms() - UINT64_C(2000) * EPOCH_S), "home");
    must(skeym_home_keyring(&run.keyring, run.home), "keyring");
    run.base = run.keyring.previous;
    struct skeym_name name;
    must(skeym_name_node(&name, skeym_span_text("dr-lovelace")), "name");
    must(skeym_home_revoke(run.home, &name, 9), "revoking");
}

/* Its port is in the log's line "ready". */
static void find_metrics(void)
{
    static char text[65536];
    static const char mark[] = "\"metrics\":\"127.0.0.1:";
    FILE *log = fopen(run.log, "r");
    size_t size = log ? fread(text, 1, sizeof text - 1, log) : 0;
    text[size] = '\0';
    const char *at = strstr(text, mark);
    if (!at) {
        forge_fail("no metrics address in the log");
    }
    run.metrics_port = (uint16_t)strtoul(at + sizeof mark - 1, NULL, 10);
    (void)fclose(log);
}

static void serve(const char *program)
{
    static const char connections[] = "256";
    const char *const argv[] = {program,       "serve",
                                run.home,      "--listen",
                                "127.0.0.1:0", "--metrics-listen",
                                "127.0.0.1:0", "--threads",
                                "1",           "--connections",
                                connections,   "--per-ip",
                                connections,   "--token-lifetime",
                                "59",          "--used-slots",
                                "1048576",     "--ready-fd",
                                NULL};
    if (!server_process_start(&run.server, argv, run.log, -1)) {
        forge_fail("the server does not start");
    }
    find_metrics();
}

/* --- one real login, which tells the server's instance ------------------------------------------
 */

static void make_node(struct skeym_credentials *own)
{
    struct skeym_enrol_keys enrol;
    uint8_t nonce[SKEYM_NONCE_BYTES];
    struct skeym_node_claims claims = {
        .generation = 1, .not_after = UINT32_MAX, .role = SKEYM_ROLE_DOCTOR};
    size_t last = run.keyring.enrol_count - 1;
    must(skeym_enrol_keys_derive(&enrol, run.keyring.enrol[last].id, run.keyring.enrol[last].key),
         "enrol keys");
    forge_fill(&run.world.random, own->private_key, 32);
    forge_fill(&run.world.random, nonce, sizeof nonce);
    must(skeym_crypto_x25519_public(claims.public_key, own->private_key), "public key");
    must(skeym_crypto_x25519_public(own->authority, run.keyring.identity), "identity");
    must(skeym_name_node(&claims.id, skeym_span_text("dr-hopper")), "name");
    claims.scopes.count = 1;
    must(skeym_scope_parse(&claims.scopes.at[0], skeym_span_text("user/*.cruds")), "scope");
    own->audience = run.keyring.audience;
    must(skeym_locator_seal((struct skeym_room){own->locator, sizeof own->locator},
                            &own->locator_size, &enrol, &claims, nonce),
         "locator");
    must(skeym_credential(own->credential, &enrol, &claims), "credential");
}

static void log_in(void)
{
    static struct skeym_login_grant grant;
    struct skeym_credentials own = {0};
    struct skeym_handshake state;
    uint8_t ephemeral[32];
    uint8_t body[SKEYM_LOGIN_BYTES];
    size_t size = 0;
    struct skeym_load_answer answer;
    struct skeym_token_claims claims;
    uint64_t id = 0;
    const struct skeym_login_wish wish = {.time_ms = wall_ms(), .lanes = 1};
    make_node(&own);
    forge_fill(&run.world.random, ephemeral, sizeof ephemeral);
    must(skeym_login_start(&state, (struct skeym_room){body, sizeof body}, &size, &own, &wish,
                           ephemeral),
         "login");
    struct wire_connection *connection = &run.connection[0];
    wire_login(connection, skeym_span(body, size));
    if (!wire_flush(connection) || !wire_answer(connection, &answer) || answer.status != 200) {
        forge_fail("the login was not answered");
    }
    must(skeym_login_finish(&grant, &state, answer.body), "login's answer");
    must(skeym_token_open(&claims, &id, &run.world.keys,
                          skeym_span(grant.lane[0].token, grant.lane[0].token_size), wall_ms()),
         "the token under the keyring's keys");
    run.world.instance = claims.instance;
}

/* --- rounds
 * ------------------------------------------------------------------------------------------ */

/* A machine that stood still for so long has let good tokens expire: nobody's fault. */
static bool late(void)
{
    return wall_ms() - run.renewed_ms > LATE_MS;
}

static void take(struct wire_connection *connection)
{
    struct skeym_load_answer answer;
    for (size_t i = 0; i < connection->count; i++) {
        int who = connection->who[i];
        if (!wire_answer(connection, &answer)) {
            run.lost += connection->count - i;
            wire_open(connection, run.server.port);
            return;
        }
        bool sealed = skeym_span_is(answer.content_type, SKEYM_JOSE_TYPE);
        bool in = sealed || answer.next.size > 0 || (answer.status >= 200 && answer.status < 400);
        run.status[answer.status % 600]++;
        if (who == GOOD) {
            run.admitted_good += sealed && answer.next.size > 0;
            if (!(sealed && answer.next.size > 0)) {
                *(late() ? &run.late_good : &run.refused_good) += 1;
            }
            continue;
        }
        run.answered++;
        run.by[who]++;
        run.accepted += in;
        run.odd += !in && (answer.status < 400 || answer.status >= 500);
        if (in) {
            printf("# accepted: %s (%d)\n", forge_forger_at((size_t)who)->name, answer.status);
        }
    }
}

static void add_good(struct wire_connection *connection, const struct forge_specimen *specimen)
{
    static struct forge_try attempt;
    forge_begin(&attempt, &run.world, specimen);
    forge_text(&attempt);
    wire_add(connection, &attempt, GOOD);
    run.sent_good++;
}

static void exchange_all(void)
{
    for (size_t c = 0; c < WIRE_CONNECTIONS; c++) {
        (void)wire_flush(&run.connection[c]); /* what is lost shows when it is not answered */
    }
    for (size_t c = 0; c < WIRE_CONNECTIONS; c++) {
        take(&run.connection[c]);
        run.connection[c].count = 0;
    }
}

/* Keys follow the clock; at the end of an epoch, who is early or late is nobody's fault. */
static void keep_in_step(void)
{
    uint64_t now_ms = wall_ms();
    uint64_t within = now_ms % (EPOCH_S * UINT64_C(1000));
    while (within < MARGIN_MS || within > EPOCH_S * UINT64_C(1000) - MARGIN_MS - RENEW_MS) {
        (void)sleep(1);
        now_ms = wall_ms();
        within = now_ms % (EPOCH_S * UINT64_C(1000));
    }
    uint32_t epoch = skeym_epoch_at(now_ms, EPOCH_S);
    while (run.base.epoch + 3 < epoch) {
        must(skeym_epoch_ratchet(&run.base), "ratchet");
    }
    if (run.world.keys.epoch != epoch) {
        forge_world_keys(&run.world, &run.base);
    }
    run.world.now_ms = run.renewed_ms = now_ms;
}

static void renew(void)
{
    keep_in_step();
    uint64_t before = run.admitted_good;
    forge_world_renew(&run.world);
    for (size_t i = 0; i < FORGE_USED; i++) {
        add_good(&run.connection[i % WIRE_CONNECTIONS], &run.world.specimen[i]);
    }
    exchange_all();
    if (run.admitted_good - before != FORGE_USED && !late()) {
        forge_fail("good requests were refused");
    }
}

static void forge(uint64_t count, uint64_t each)
{
    static struct forge_try attempt;
    static struct forge_specimen good;
    uint64_t made = 0;
    while (run.answered < count) {
        if (wall_ms() - run.renewed_ms >= RENEW_MS) {
            renew();
        }
        for (size_t i = 0; i < WIRE_CONNECTIONS * (size_t)WIRE_DEPTH; i++) {
            struct wire_connection *connection = &run.connection[i % WIRE_CONNECTIONS];
            size_t which = made++ % forge_forger_count();
            forge_attempt(&attempt, &run.world, forge_forger_at(which));
            if (attempt.wire) {
                wire_add(connection, &attempt, (int)which);
            }
            if (made % each == 0) {
                forge_specimen_make(&good, &run.world);
                add_good(connection, &good);
            }
        }
        exchange_all();
    }
}

static void report(void)
{
    for (size_t f = 0; f < forge_forger_count(); f++) {
        printf("# %-30s %" PRIu64 " answered\n", forge_forger_at(f)->name, run.by[f]);
    }
    for (size_t s = 0; s < 600; s++) {
        if (run.status[s]) {
            printf("# status %zu: %" PRIu64 "\n", s, run.status[s]);
        }
    }
    printf("# good ones that came too late: %" PRIu64 "\n", run.late_good);
    printf("# unanswered, on connections that were closed: %" PRIu64 "\n", run.lost);
}

static uint64_t number(int argc, char **argv, const char *name, uint64_t standard)
{
    for (int i = 2; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], name)) {
            return strtoull(argv[i + 1], NULL, 10);
        }
    }
    return standard;
}

static int say(bool good, const char *what)
{
    printf("%s - over the wire: %s\n", good ? "ok" : "not ok", what);
    return !good;
}

int main(int argc, char **argv)
{
    char text[160];
    int failed = 0;
    uint64_t seed = number(argc, argv, "--seed", 1);
    uint64_t count = number(argc, argv, "--forged", 10000);
    if (argc < 2) {
        forge_fail("which program?");
    }
    run.world.random.state = seed;
    make_home();
    serve(argv[1]);
    keep_in_step();
    for (size_t c = 0; c < WIRE_CONNECTIONS; c++) {
        wire_open(&run.connection[c], run.server.port);
    }
    log_in();
    renew();
    forge(count, number(argc, argv, "--each", 100));
    uint64_t admitted = wire_metric(run.metrics_port, "skeym_requests_admitted_total ");
    report();
    (void)snprintf(text, sizeof text,
                   "%" PRIu64 " forged or altered, %" PRIu64 " accepted (seed %" PRIu64 ")",
                   run.answered, run.accepted, seed);
    failed |= say(run.accepted == 0 && run.odd == 0, text);
    (void)snprintf(text, sizeof text, "%" PRIu64 " good ones among them, %" PRIu64 " refused",
                   run.sent_good, run.refused_good);
    failed |= say(run.refused_good == 0 && run.admitted_good > 0, text);
    (void)snprintf(text, sizeof text, "the server counts %" PRIu64 " admitted, we %" PRIu64,
                   admitted, run.admitted_good);
    failed |= say(admitted == run.admitted_good, text);
    return failed;
}
