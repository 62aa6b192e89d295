/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/server.h"

#include "bench/server_world.h"
#include "load/load_login.h"
#include "load/load_plain.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNECTIONS      64
#define IDLE_CONNECTIONS 2000
#define ROUNDS           5
#define HELLO_BYTES      256
#define PATIENCE_MS      10000

static struct server_world world;
static char read_target[128]; /* of the Observation that is read */
static long base_s;           /* when the bench began */

/* --- what is asked --------------------------------------------------------------------- */

static void ask_metadata(const struct skeym_load_node *lane, struct skeym_closed *request,
                         char *text)
{
    (void)lane;
    (void)text;
    request->method = skeym_span_text("GET");
    request->target = skeym_span_text("/fhir/metadata");
}

static void ask_whoami(const struct skeym_load_node *lane, struct skeym_closed *request, char *text)
{
    (void)lane;
    (void)text;
    request->method = skeym_span_text("GET");
    request->target = skeym_span_text("/skeym/v1/whoami");
}

static void ask_read(const struct skeym_load_node *lane, struct skeym_closed *request, char *text)
{
    (void)lane;
    (void)text;
    request->method = skeym_span_text("GET");
    request->target = skeym_span_text(read_target);
}

/* As a device's reading: a patient per lane, a second after the other. */
static void ask_post(const struct skeym_load_node *lane, struct skeym_closed *request, char *text)
{
    char when[32];
    struct tm tm;
    time_t at = base_s + (time_t)lane->count;
    if (!gmtime_r(&at, &tm) || strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
        when[0] = '\0';
    }
    (void)snprintf(
        text, SKEYM_LOAD_NODE_TEXT,
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"category\":[{\"coding\":[{"
        "\"system\":\"http://terminology.hl7.org/CodeSystem/observation-category\",\"code\":"
        "\"vital-signs\"}]}],\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
        "\"8867-4\"}]},\"subject\":{\"reference\":\"Patient/p%zu\"},\"effectiveDateTime\":\"%s\","
        "\"valueQuantity\":{\"value\":%" PRIu64 ",\"unit\":\"/min\",\"system\":"
        "\"http://unitsofmeasure.org\",\"code\":\"/min\"}}",
        lane->number, when, 60 + lane->count % 40);
    request->method = skeym_span_text("POST");
    request->target = skeym_span_text("/fhir/Observation");
    request->content_type = skeym_span_text("application/fhir+json");
    request->body = skeym_span_text(text);
}

/* The one that is read: short, so that the answer is near the 256 bytes of the rivals. */
static void ask_first(const struct skeym_load_node *lane, struct skeym_closed *request, char *text)
{
    ask_post(lane, request, text);
    (void)snprintf(text, SKEYM_LOAD_NODE_TEXT,
                   "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
                   "\"code\":\"8867-4\"}]},\"subject\":{\"reference\":\"Patient/p\"},"
                   "\"effectiveDateTime\":\"2026-01-01\",\"valueInteger\":72}");
    request->body = skeym_span_text(text);
}

/* --- the cases ------------------------------------------------------------------------- */

enum kind { PLAIN, NODE, LOGIN };

static const struct server_case {
    const char *name;
    const char *what;
    enum kind kind;
    bool device; /* NODE and LOGIN: whose credential */
    skeym_load_node_ask ask;
} cases[] = {
    {"server.hello", "libmicrohttpd alone, constant answer", PLAIN, false, NULL},
    {"server.get", "closed GET of one Observation", NODE, false, ask_read},
    {"server.metadata", "closed GET of /fhir/metadata", NODE, false, ask_metadata},
    {"server.whoami", "closed GET of /skeym/v1/whoami", NODE, false, ask_whoami},
    {"server.post", "closed POST of one Observation, durable", NODE, true, ask_post},
    {"server.login", "login of one lane", LOGIN, false, NULL},
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* What each lane of a case has. */
union lane {
    struct skeym_load_plain plain;
    struct skeym_load_node node;
    struct skeym_load_login login;
};
static const struct skeym_load_script *const scripts[] = {
    [PLAIN] = &skeym_load_plain_script,
    [NODE] = &skeym_load_node_script,
    [LOGIN] = &skeym_load_login_script,
};
static const char hello_request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/* The lanes of a case, and the load that drives them. */
struct drive {
    const struct server_case *what;
    const struct server_process *process;
    size_t count;
    struct skeym_load_work work;
    union lane *lanes;
    struct skeym_load_lane *pointers;
    struct skeym_load *load;
};

struct outcome {
    uint64_t answers, elapsed_ns, cpu_ns, spun_ns;
};

static void fill_lane(struct drive *drive, size_t i)
{
    const struct server_case *what = drive->what;
    const struct skeym_credentials *keys = what->device ? &world.device.keys : &world.doctor.keys;
    enum skeym_error error = SKEYM_OK;
    switch (what->kind) {
    case PLAIN:
        drive->lanes[i].plain = (struct skeym_load_plain){.request = skeym_span_text(hello_request),
                                                          .body_size = HELLO_BYTES};
        break;
    case NODE:
        error = skeym_load_node_init(&drive->lanes[i].node, keys, &drive->work, i);
        break;
    case LOGIN:
        error = skeym_load_login_init(&drive->lanes[i].login, keys);
        break;
    }
    if (error) {
        server_world_fail(&world, what->name, skeym_error_text(error));
    }
    drive->pointers[i] = (struct skeym_load_lane){scripts[what->kind], &drive->lanes[i]};
}

/* each: operations of each connection in a run; 0: no limit. Whatever fails ends the bench. */
static void drive_open(struct drive *drive, const struct server_case *what, size_t connections,
                       uint64_t each)
{
    *drive = (struct drive){.what = what, .count = connections};
    drive->process = what->kind == PLAIN ? &world.hello : &world.skeym;
    drive->work = (struct skeym_load_work){.weights = {1, 0, 0}, .ask = what->ask, .lanes = 1};
    drive->lanes = calloc(connections, sizeof drive->lanes[0]);
    drive->pointers = calloc(connections, sizeof drive->pointers[0]);
    if (!drive->lanes || !drive->pointers) {
        server_world_fail(&world, what->name, "out of memory");
    }
    for (size_t i = 0; i < connections; i++) {
        fill_lane(drive, i);
    }
    const struct skeym_load_options options = {
        .target.address = {.sin_family = AF_INET,
                           .sin_port = htons(drive->process->port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
        .connections = connections,
        .lanes = drive->pointers,
        .lane_count = connections,
        .each = each,
        .answer_ms = PATIENCE_MS,
        .drain_ms = PATIENCE_MS,
        .hasty = true,
        .spin = world.load_core != world.server_core};
    enum skeym_error error = skeym_load_open(&drive->load, &options);
    if (error) {
        server_world_fail(&world, what->name, strerror(errno));
    }
}

static void drive_run(struct drive *drive, uint64_t ns, struct outcome *out)
{
    struct skeym_load_result *result = NULL;
    enum skeym_error error = skeym_load_run(&result, drive->load, 0, ns);
    if (error) {
        server_world_fail(&world, drive->what->name, skeym_error_text(error));
    }
    if (skeym_load_count(result, SKEYM_LOAD_OK) != result->due || result->due == 0) {
        server_world_fail(&world, drive->what->name,
                          result->why[0] ? result->why : "an answer was lost");
    }
    *out = (struct outcome){.answers = result->answers,
                            .elapsed_ns = result->elapsed_ns,
                            .cpu_ns = result->user_ns + result->sys_ns,
                            .spun_ns = result->spun_ns};
    skeym_load_result_free(result);
}

static void drive_close(struct drive *drive)
{
    skeym_load_close(drive->load);
    for (size_t i = 0; i < drive->count && drive->what->kind == NODE; i++) {
        skeym_load_node_end(&drive->lanes[i].node);
    }
    free(drive->lanes);
    free(drive->pointers);
}

/* --- one round ------------------------------------------------------------------------- */

/* Indexes of what is measured. */
enum column { RATE, USER, SYSTEM, SERVER, GENERATOR, COLUMNS };

static const struct {
    const char *suffix, *unit, *what;
} columns[COLUMNS] = {
    [RATE] = {"", "1/s", NULL},
    [USER] = {".user", "us", "its CPU per request in user mode"},
    [SYSTEM] = {".system", "us", "its CPU per request in the kernel"},
    [SERVER] = {".cpu", "%", "of a core that the server used"},
    [GENERATOR] = {".load", "%", "of a core that the generator used, without its looking in vain"},
};

static double values[CASES][COLUMNS][ROUNDS];
static double others[CASES * ROUNDS]; /* percent of a core that other programs used */
static size_t others_count;
static char whats[CASES][128];

static struct skeym_load_usage usage_of(const struct drive *drive)
{
    struct skeym_load_usage usage;
    if (!server_process_usage(&usage, drive->process)) {
        server_world_fail(&world, drive->what->name, "the server's /proc cannot be read");
    }
    return usage;
}

/* For people: what the sizes really were. */
static void describe(size_t which, const struct drive *drive)
{
    const struct server_case *what = drive->what;
    char *out = whats[which];
    switch (what->kind) {
    case PLAIN:
        (void)snprintf(out, sizeof whats[0], "%s of %d B", what->what, HELLO_BYTES);
        break;
    case NODE:
        (void)snprintf(out, sizeof whats[0], "%s: answer of %zu B, %zu B sealed", what->what,
                       drive->lanes[0].node.answer_size, drive->lanes[0].node.sealed_size);
        break;
    case LOGIN:
        (void)snprintf(out, sizeof whats[0], "%s: %zu B up, %zu B down", what->what,
                       drive->lanes[0].login.message_size, drive->lanes[0].login.answer_size);
        break;
    }
}

/* The warm-up, in which the nodes log in, is not counted. */
static void one_round(size_t which, size_t round, uint64_t ns)
{
    struct drive drive;
    struct outcome result;
    drive_open(&drive, &cases[which], CONNECTIONS, 0);
    drive_run(&drive, ns / 8, &result);
    struct skeym_load_usage before = usage_of(&drive);
    uint64_t cores_us = server_process_cores_us(world.server_core, world.load_core);
    drive_run(&drive, ns, &result);
    cores_us = server_process_cores_us(world.server_core, world.load_core) - cores_us;
    struct skeym_load_usage after = usage_of(&drive);
    double count = (double)result.answers;
    double elapsed_us = (double)result.elapsed_ns / 1000;
    double user_us = (double)(after.user_us - before.user_us);
    double system_us = (double)(after.system_us - before.system_us);
    values[which][RATE][round] = count / elapsed_us * 1e6;
    values[which][USER][round] = user_us / count;
    values[which][SYSTEM][round] = system_us / count;
    values[which][SERVER][round] = (user_us + system_us) / elapsed_us * 100;
    uint64_t busy_ns = result.elapsed_ns - result.spun_ns;
    busy_ns = result.cpu_ns < busy_ns ? result.cpu_ns : busy_ns;
    values[which][GENERATOR][round] = (double)busy_ns / 10 / elapsed_us;
    double foreign_us = (double)cores_us - user_us - system_us - (double)result.cpu_ns / 1000;
    others[others_count++] = (foreign_us > 0 ? foreign_us : 0) / elapsed_us * 100;
    describe(which, &drive);
    drive_close(&drive);
}

/* --- report ---------------------------------------------------------------------------- */

static double median(const double sorted[ROUNDS])
{
    return sorted[ROUNDS / 2];
}

static void add_case(struct bench_report *report, size_t which)
{
    for (size_t c = 0; c < COLUMNS; c++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s%s", cases[which].name, columns[c].suffix);
        bench_add(report, name, c == RATE ? whats[which] : columns[c].what, columns[c].unit, 0,
                  values[which][c], ROUNDS); /* sorts them */
    }
}

/* Round by round, since the machine's mood changes. The hello-world is case 0. */
static void add_ratio(struct bench_report *report, size_t which, const double hello[ROUNDS],
                      const double rates[ROUNDS])
{
    char name[64];
    double ratios[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        ratios[i] = rates[i] / hello[i] * 100;
    }
    (void)snprintf(name, sizeof name, "%s.ratio", cases[which].name);
    bench_add(report, name, "requests per second, of the hello-world's in the same round", "%", 0,
              ratios, ROUNDS);
}

static void print_case(size_t which, double hello)
{
    double rate = median(values[which][RATE]);
    double server = median(values[which][SERVER]);
    double load = median(values[which][GENERATOR]);
    const char *limit = load >= 90 ? "GENERATOR" : server >= 75 ? "server" : "waiting";
    printf("%-16s %10.0f %8.1f %8.1f %8.0f%% %8.0f%%  %-9s", cases[which].name, rate,
           median(values[which][USER]), median(values[which][SYSTEM]), server, load, limit);
    if (hello > 0) {
        printf(" %6.1f%%", rate / hello * 100);
    }
    printf("  %s\n", whats[which]);
}

/* Whether the numbers are worth anything. */
static void report_others(struct bench_report *report)
{
    bench_add(report, "server.others", "of a core that other programs used meanwhile", "%", 0,
              others, others_count); /* sorts them */
    double percent = others[others_count / 2];
    printf("other programs used %.0f%% of a core meanwhile%s\n\n", percent,
           percent > 10 ? ": rates are TOO LOW, CPU per request is about right" : "");
}

static void run_cases(struct bench_report *report, const bool wanted[CASES], uint64_t ns)
{
    double rates[CASES][ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < CASES; i++) {
            if (wanted[i]) {
                one_round(i, round, ns);
            }
        }
    }
    for (size_t i = 0; i < CASES; i++) {
        memcpy(rates[i], values[i][RATE], sizeof rates[i]); /* in the rounds' order */
    }
    printf("server on core %d, load on core %d; %d connections; medians of %d rounds of %.2f s, "
           "cases in turn\n",
           world.server_core, world.load_core, CONNECTIONS, ROUNDS, (double)ns / 1e9);
    printf("%-16s %10s %8s %8s %9s %9s  %-9s %7s\n", "case", "requests/s", "user us", "sys us",
           "server", "load", "limit", "hello");
    for (size_t i = 0; i < CASES; i++) {
        if (!wanted[i]) {
            continue;
        }
        add_case(report, i);
        if (i > 0 && wanted[0]) {
            add_ratio(report, i, rates[0], rates[i]);
        }
        print_case(i, wanted[0] ? median(values[0][RATE]) : 0);
    }
    report_others(report);
}

/* --- memory ---------------------------------------------------------------------------- */

/* Resident, in MB, with connections open, each of which had a login and an exchange. */
static double memory_of(const struct server_case *what, size_t connections, uint64_t ns,
                        uint64_t each)
{
    struct drive drive;
    struct outcome result;
    drive_open(&drive, what, connections, each);
    drive_run(&drive, ns, &result);
    double megabytes = (double)usage_of(&drive).resident_kb / 1024;
    drive_close(&drive);
    return megabytes;
}

static void run_memory(struct bench_report *report, uint64_t ns)
{
    static const char *const what[] = {"resident after load, 64 connections",
                                       "resident, 2,000 idle connections that were used"};
    for (size_t i = 0; i < 2; i++) { /* hello-world and the reads */
        char name[64];
        double busy = memory_of(&cases[i], CONNECTIONS, ns, 0);
        double idle = memory_of(&cases[i], IDLE_CONNECTIONS, UINT64_MAX / 4, 2);
        printf("%-16s %6.1f MB at %d connections after load, %6.1f MB at %d idle ones\n",
               cases[i].name, busy, CONNECTIONS, idle, IDLE_CONNECTIONS);
        (void)snprintf(name, sizeof name, "%s.memory.64", cases[i].name);
        bench_add(report, name, what[0], "MB", 0, &busy, 1);
        (void)snprintf(name, sizeof name, "%s.memory.2000", cases[i].name);
        bench_add(report, name, what[1], "MB", 0, &idle, 1);
    }
    putchar('\n');
}

/* --- all of it --------------------------------------------------------------------------- */

/* Posts what is read later, and takes its id from the answer. */
static void post_first(void)
{
    static const struct server_case first = {"server", "", NODE, true, ask_first};
    static uint8_t answer[512 + 1];
    struct drive drive;
    struct outcome result;
    drive_open(&drive, &first, 1, 1);
    drive.lanes[0].node.keep = answer;
    drive.lanes[0].node.keep_room = sizeof answer - 1;
    drive_run(&drive, UINT64_MAX / 4, &result); /* with a login */
    const char *id = strstr((const char *)answer, "\"id\":\"");
    if (!id) {
        server_world_fail(&world, "server", "the first post's answer has no id");
    }
    id += strlen("\"id\":\"");
    (void)snprintf(read_target, sizeof read_target, "/fhir/Observation/%.*s",
                   (int)strcspn(id, "\""), id);
    drive_close(&drive);
}

void bench_server(struct bench_report *report)
{
    const uint64_t ns = report->options->batch_ns * 200; /* 2 s; 20 ms when it shall be quick */
    const char *missing = NULL;
    bool wanted[CASES];
    bool any = false;
    for (size_t i = 0; i < CASES; i++) {
        wanted[i] = bench_wanted(report, cases[i].name);
        any = any || wanted[i];
    }
    if (!any) {
        return;
    }
    if (!server_world_find(&world, &missing)) {
        fprintf(stderr, "skeym-bench: the server is NOT measured: there is no %s\n", missing);
        return;
    }
    base_s = (long)time(NULL) - 86400;
    server_world_open(&world, true);
    post_first();
    run_cases(report, wanted, ns);
    server_world_close(&world);
    if (wanted[0] && wanted[1]) {
        server_world_open(&world, false);
        post_first();
        run_memory(report, ns);
        server_world_close(&world);
    }
}
