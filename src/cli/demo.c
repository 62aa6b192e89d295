/* SPDX-License-Identifier: Apache-2.0 */
/* skeym demo: a ward, its doctors, and its attackers, in under two minutes. A table of scenes. */
#include "cli/cli.h"
#include "cli/demo_show.h"
#include "cli/demo_ward.h"
#include "cli/demo_watch.h"
#include "crypto/crypto.h"
#include "inspect/party.h"
#include "node/http.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FORGERIES  4000
#define FLOOD_MS   4000
#define DEVICES_MS 120000

struct demo {
    struct skeym_demo_ward ward;
    const char *records;
    bool keep;
    unsigned attacks, held;
    struct skeym_demo_tally tally;
};

struct scene {
    const char *title;
    enum skeym_error (*play)(struct demo *demo);
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

/* Without them an interrupted ward would be left running. */
static bool take_signals(void)
{
    struct sigaction action = {.sa_handler = interrupt};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    return sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0 &&
           sigaction(SIGPIPE, &ignore, NULL) == 0;
}

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* --- scenes ----------------------------------------------------------------- */

static enum skeym_error found(struct demo *demo)
{
    enum skeym_error error = skeym_demo_found(&demo->ward, demo->records);
    if (error == SKEYM_OK) {
        skeym_demo_note("skeym init: keyring and identity in %s, mode 0600", demo->ward.live.home);
        skeym_demo_note("no table of users, sessions or passwords; crypto by %s",
                        skeym_crypto_name());
    }
    return error;
}

static enum skeym_error serve(struct demo *demo)
{
    enum skeym_error error = skeym_demo_serve(&demo->ward);
    if (error == SKEYM_OK) {
        skeym_demo_note("%s, pid %d, tokens live %d s; metrics on %s", demo->ward.live.server,
                        (int)demo->ward.live.serve.pid, SKEYM_DEMO_LIFETIME,
                        demo->ward.live.metrics);
    }
    return error;
}

static enum skeym_error enrol(struct demo *demo)
{
    static const struct {
        const char *node, *role, *scope;
        bool locked;
    } people[] = {
        {"dr-adams", "doctor", "user/*.rs", false},
        {"dr-baker", "doctor", "patient/pat-2041/*.rs", false},
        {"mallory", "doctor", "user/Observation.rs", false},
        {"dr-locked", "doctor", "user/*.rs", true},
    };
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; error == SKEYM_OK && i < SKEYM_DEMO_BEDS; i++) {
        const struct skeym_demo_bed *bed = &demo->ward.beds[i];
        char scope[64];
        snprintf(scope, sizeof scope, "patient/%s/Observation.c", bed->patient);
        error = skeym_demo_enrol(&demo->ward, bed->node, "device", scope, false);
        skeym_demo_note("%-9s device  %-31s %s", bed->node, scope,
                        demo->ward.simulate ? "a simulated patient" : bed->shows);
    }
    for (size_t i = 0; error == SKEYM_OK && i < sizeof people / sizeof people[0]; i++) {
        error = skeym_demo_enrol(&demo->ward, people[i].node, people[i].role, people[i].scope,
                                 people[i].locked);
        skeym_demo_note("%-9s doctor  %-31s %s", people[i].node, people[i].scope,
                        people[i].locked ? "under a passphrase" : "");
    }
    return error;
}

static enum skeym_error devices(struct demo *demo)
{
    enum skeym_error error = skeym_demo_devices(&demo->ward);
    if (error == SKEYM_OK) {
        skeym_demo_note("four devices stream; each keeps a journal and forgets a reading only "
                        "when it was acknowledged");
        pause_ms(4000);
    }
    return error;
}

static enum skeym_error doctor(struct demo *demo)
{
    return skeym_demo_watch(&demo->ward, "dr-adams.cred",
                            "/fhir/Observation?patient=pat-2044&code=8867-4&_sort=-date&_count=1");
}

static enum skeym_error attack(struct demo *demo)
{
    struct skeym_demo_ward *ward = &demo->ward;
    const struct skeym_attack_target target = {
        .dir = ward->live.home,
        .server = ward->live.server,
        .doctor = skeym_demo_path(ward, "dr-adams.cred"),
        .limited = skeym_demo_path(ward, "dr-baker.cred"),
        .leaver = skeym_demo_path(ward, "mallory.cred"),
        .leaver_id = "mallory",
        .locked = skeym_demo_path(ward, "dr-locked.cred"),
        .own_patient = "pat-2041",
        .other_patient = "pat-2044",
        .lifetime_s = SKEYM_DEMO_LIFETIME,
        .forgeries = FORGERIES,
        .flood_ms = FLOOD_MS,
    };
    size_t count = 0;
    const struct skeym_attack *attacks = skeym_attack_table(&count);
    skeym_demo_attack_head();
    for (size_t i = 0; i < count && !interrupted; i++) {
        struct skeym_attack_result result = {0};
        enum skeym_error error = attacks[i].run(&target, &result);
        demo->attacks++;
        demo->held += skeym_demo_attack_row(&attacks[i], error, &result);
    }
    return SKEYM_OK;
}

static enum skeym_error restart(struct demo *demo)
{
    unsigned streaming = 0;
    for (size_t i = 0; i < SKEYM_DEMO_BEDS; i++) {
        streaming += !skeym_process_ended(&demo->ward.beds[i].process);
    }
    skeym_process_stop(&demo->ward.live.serve, SIGKILL);
    pause_ms(1500);
    enum skeym_error error = skeym_demo_serve(&demo->ward);
    if (error == SKEYM_OK) {
        skeym_demo_note("killed with SIGKILL while %u devices streamed, away for 1.5 s, back as "
                        "pid %d on the same address",
                        streaming, (int)demo->ward.live.serve.pid);
    }
    return error;
}

/* The server dies in the middle of it all; what it had acknowledged must be there afterwards. It
 * has forgotten which tokens were used: one from before must be refused, unspent as it is. */
static enum skeym_error die(struct demo *demo)
{
    struct skeym_party party;
    struct skeym_tap_copy held = {0};
    enum skeym_error error = skeym_party_open(&party, demo->ward.live.server,
                                              skeym_demo_path(&demo->ward, "dr-adams.cred"), false);
    if (error != SKEYM_OK) {
        return error;
    }
    error = skeym_party_hold(&party, "/fhir/Observation?_count=1", &held);
    if (error == SKEYM_OK) {
        error = restart(demo);
    }
    if (error == SKEYM_OK) {
        int status = skeym_party_send(party.http, &held.request);
        skeym_demo_note("an unspent token from before is answered %d; the devices log in again by "
                        "themselves",
                        status);
        error = status == 401 ? SKEYM_OK : SKEYM_ERR_INSTANCE;
    }
    skeym_tap_copy_free(&held);
    skeym_party_close(&party);
    return error;
}

static enum skeym_error finish(struct demo *demo)
{
    bool waiting = true;
    for (int waited = 0; waiting && waited < DEVICES_MS && !interrupted; waited += 100) {
        waiting = false;
        for (size_t i = 0; i < SKEYM_DEMO_BEDS; i++) {
            waiting = !skeym_process_ended(&demo->ward.beds[i].process) || waiting;
        }
        pause_ms(waiting ? 100 : 0);
    }
    return waiting ? SKEYM_ERR_TIMEOUT
                   : skeym_demo_count(&demo->ward, "dr-adams.cred", &demo->tally);
}

/* The console's address, and what lets one browser in. */
static enum skeym_error open_console(struct demo *demo)
{
    char code[SKEYM_DEMO_CODE_BYTES];
    enum skeym_error error = skeym_demo_patients(&demo->ward);
    if (error == SKEYM_OK) {
        error = skeym_demo_invite(&demo->ward, code);
    }
    if (error == SKEYM_OK) {
        error = skeym_demo_go_on(&demo->ward);
    }
    if (error == SKEYM_OK) {
        skeym_demo_note("the four devices stream in real time, waves of a second each; %s "
                        "desaturates in %d s",
                        demo->ward.beds[SKEYM_DEMO_BEDS - 1].node, SKEYM_DEMO_ILL_S);
        skeym_demo_note("console: %s/console/", demo->ward.live.server);
        skeym_demo_note("code, for one browser, once, within an hour: %s", code);
        skeym_demo_note("both:    %s/console/#invite=%s", demo->ward.live.server, code);
    }
    skeym_crypto_wipe(code, sizeof code);
    return error;
}

static enum skeym_error keep(struct demo *demo)
{
    char program[1024]; /* wherever it lies: in a build, or installed */
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    program[size > 0 ? size : 0] = '\0';
    enum skeym_error error = open_console(demo);
    if (error != SKEYM_OK) {
        return error;
    }
    skeym_demo_note("look around:");
    skeym_demo_note("  '%s' get '/fhir/Observation?patient=pat-2044&_sort=-date&_count=2' "
                    "--as %s/dr-adams.cred --show-wire",
                    program, demo->ward.live.dir);
    skeym_demo_note("  '%s' list --dir %s", program, demo->ward.live.home);
    skeym_demo_note("  '%s' revoke dr-baker --dir %s", program, demo->ward.live.home);
    skeym_demo_note("  curl -s %s | grep skeym_", demo->ward.live.metrics);
    skeym_demo_note("  less %s", demo->ward.live.log);
    skeym_demo_note("Ctrl-C ends it and removes %s", demo->ward.live.dir);
    while (!interrupted && !skeym_process_ended(&demo->ward.live.serve)) {
        pause_ms(200);
    }
    return SKEYM_OK;
}

static const struct scene scenes[] = {
    {"An authority is founded", found},
    {"The server starts", serve},
    {"Devices and doctors are enrolled", enrol},
    {"Devices stream", devices},
    {"A doctor asks: the wire, and what it means", doctor},
    {"Attackers try", attack},
    {"The server is killed, and comes back", die},
    {"The devices finish: was anything lost?", finish},
    {"The ward stays open", keep},
};

/* --- the play ---------------------------------------------------------------- */

static int summary(const struct demo *demo, enum skeym_error error, const char *scene)
{
    const struct skeym_demo_tally *tally = &demo->tally;
    bool good = error == SKEYM_OK && !interrupted && demo->held == demo->attacks &&
                tally->acknowledged > 0 && tally->lost == 0 && tally->failed == 0;
    printf("\n");
    if (error != SKEYM_OK) {
        printf("FAILED at \"%s\": %s\n", scene, skeym_error_text(error));
        skeym_demo_tail(&demo->ward, "server.log");
        skeym_demo_tail(&demo->ward, "init.log");
        skeym_demo_tail(&demo->ward, "enrol.log");
        skeym_demo_tail(&demo->ward, "bed-1.log");
    }
    printf("%u of %u attacks refused; %llu readings acknowledged, %llu lost, %llu doubled; %s in "
           "%.0f s\n",
           demo->held, demo->attacks, (unsigned long long)tally->acknowledged,
           (unsigned long long)tally->lost, (unsigned long long)tally->doubled,
           good ? "all well" : "NOT WELL", skeym_demo_seconds());
    fflush(stdout);
    return good ? SKEYM_EXIT_OK : SKEYM_EXIT_FAILED;
}

static int run(int argc, char **argv)
{
    static struct demo demo;
    struct skeym_cli_words none = {0};
    const struct skeym_cli_option options[] = {
        {.name = "--records", .value = &demo.records},
        {.name = "--keep", .flag = &demo.keep},
        {0},
    };
    int code = SKEYM_EXIT_USAGE;
    if (!skeym_cli_parse(&skeym_command_demo, argc, argv, options, &none, 0, 0, &code)) {
        return code;
    }
    if (!take_signals()) {
        return skeym_cli_say("demo", "the system does not let it be told when to end");
    }
    if (demo.records && access(demo.records, R_OK) != 0) {
        demo.records = NULL;
    }
    enum skeym_error error = SKEYM_OK;
    const char *scene = "";
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        if (error != SKEYM_OK || interrupted || (scenes[i].play == keep && !demo.keep)) {
            break;
        }
        scene = scenes[i].title;
        skeym_demo_step(scene);
        error = scenes[i].play(&demo);
    }
    if (demo.keep && interrupted) {
        interrupted = 0; /* that is how it ends */
    }
    code = summary(&demo, error, scene);
    skeym_demo_close(&demo.ward, false);
    return code;
}

const struct skeym_command skeym_command_demo = {
    .name = "demo",
    .summary = "runs a ward with devices, doctors and attackers, and counts what was lost",
    .usage = "usage: skeym demo [--records DIR] [--keep]\n"
             "\n"
             "  --records DIR  replay the WFDB records 100, v102s and s00001-* that are there;\n"
             "                 without it, or where they are missing, patients are simulated\n"
             "  --keep         leave the ward running at the end, devices and all, and say how to\n"
             "                 look around: the console's address and a code for one browser\n",
    .run = run,
};
