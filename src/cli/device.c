/* SPDX-License-Identifier: Apache-2.0 */
#include "node/device.h"
#include "cli/device_compare.h"
#include "cli/device_simulate.h"
#include "crypto/crypto.h"
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS      10000
#define TERMINAL_MS     1000u /* a line of progress so often */
#define LOG_MS          10000u
#define CLOCK_IS_OFF_MS 2000

static const char usage[] =
    "usage: skeym device --record FILE.hea --as FILE --patient ID [options]\n"
    "       skeym device --simulate [--seed N] [--minutes N] [--leads 12] [--deteriorate WHAT]\n"
    "                    --as FILE --patient ID [options]\n"
    "       skeym device --compare FILE.hea --as FILE --patient ID [--run NODE.RUN]\n"
    "\n"
    "A medical device: replays a WFDB record, or simulates a patient, and sends what it measures.\n"
    "A reading counts as taken when it is in the journal, and is forgotten when the server has\n"
    "acknowledged it. --compare is a reader's: it reads a device's latest run back from the\n"
    "server and compares it with the record, sample by sample.\n"
    "\n" SKEYM_NODE_OPTIONS_USAGE "  --record FILE.hea          replay this record\n"
    "  --simulate                 simulate a patient\n" SKEYM_DEVICE_SIMULATE_USAGE
    "  --patient ID               whose readings these are\n"
    "  --speed N                  times real time (default 1; 0: as fast as it goes)\n"
    "  --journal FILE             keep what is not acknowledged in FILE, also when killed\n"
    "  --block SECONDS            of a wave in one message, 1 to 60 (default 10)\n"
    "  --signals NAME,NAME        only these\n"
    "  --repeat                   begin anew at the end\n"
    "  --run NODE.RUN             with --compare: which run, instead of the latest\n";

/* One call of the command. */
struct agent {
    struct skeym_node_options node;
    const char *record_path, *compare_path, *patient, *speed_text, *journal_path, *block_text;
    const char *signals, *run;
    struct skeym_device_simulate words;
    bool simulate, repeat;
    double speed;
    char name[SKEYM_NODE_ID_BYTES + 1];
    struct skeym_wfdb_record record;
    struct skeym_device_source_options source_options;
    struct skeym_device_run this_run;
    struct skeym_journal *journal;
    struct skeym_device_source *source;
    struct skeym_device *device;
    int64_t clock_offset_ms; /* from our clock to the one that stamps readings */
    uint64_t shown_ms;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static uint64_t steady_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Wall time that does not go back while we run. */
static uint64_t agent_now(const struct agent *agent)
{
    static uint64_t wall_at_start, steady_at_start;
    if (!wall_at_start) {
        wall_at_start = skeym_cli_now();
        steady_at_start = steady_ms();
    }
    return wall_at_start + (uint64_t)agent->clock_offset_ms + (steady_ms() - steady_at_start);
}

/* --- what people see ------------------------------------------------------------ */

static void show_progress(struct agent *agent, bool now)
{
    uint64_t at = steady_ms();
    bool terminal = isatty(STDERR_FILENO);
    if (!now && at - agent->shown_ms < (terminal ? TERMINAL_MS : LOG_MS)) {
        return;
    }
    agent->shown_ms = at;
    struct skeym_device_figures figures = skeym_device_figures(agent->device);
    struct skeym_session_figures session = skeym_session_figures(agent->node.session);
    fprintf(stderr, "skeym device: %s", agent->name);
    for (size_t i = 0; agent->source && skeym_device_source_signal(agent->source, i) && i < 4;
         i++) {
        fprintf(stderr, " %s", skeym_device_source_signal(agent->source, i)->name);
    }
    fprintf(stderr,
            ": %llu messages taken, %llu sent, %llu acknowledged (%llu readings), %llu waiting, "
            "%llu retries, %llu logins",
            (unsigned long long)figures.taken, (unsigned long long)figures.sent,
            (unsigned long long)figures.acknowledged, (unsigned long long)figures.readings,
            (unsigned long long)figures.waiting, (unsigned long long)figures.retries,
            (unsigned long long)session.logins);
    if (figures.stalls > 0) {
        fprintf(stderr, ", journal full %llu times", (unsigned long long)figures.stalls);
    }
    if (figures.waiting > 0 && figures.last != SKEYM_OK) {
        fprintf(stderr, ", last: %s", skeym_error_text(figures.last));
    }
    fputc('\n', stderr);
}

/* For people and for programs: words and numbers, one thing a line. */
static void show_summary(const struct agent *agent)
{
    struct skeym_device_figures figures = skeym_device_figures(agent->device);
    const struct skeym_device_signal *signal;
    for (size_t i = 0; agent->source && (signal = skeym_device_source_signal(agent->source, i));
         i++) {
        printf("signal %s readings %llu %s %llu", signal->name,
               (unsigned long long)signal->readings, signal->wave ? "samples" : "numbers",
               (unsigned long long)signal->samples);
        if (signal->wave) {
            printf(" checksum %d", signal->checksum);
        }
        if (signal->wave && !agent->simulate &&
            agent->record.header.signal[signal->source].has_checksum) {
            printf(" record %d", agent->record.header.signal[signal->source].checksum);
        }
        if (signal->left_out > 0) {
            printf(" left-out %llu", (unsigned long long)signal->left_out);
        }
        printf("\n");
    }
    printf("run %s.%s messages %llu acknowledged %llu readings %llu waiting %llu retries %llu "
           "logins %llu\n",
           agent->name, agent->this_run.run, (unsigned long long)figures.taken,
           (unsigned long long)figures.acknowledged, (unsigned long long)figures.readings,
           (unsigned long long)figures.waiting, (unsigned long long)figures.retries,
           (unsigned long long)skeym_session_figures(agent->node.session).logins);
    fflush(stdout);
}

/* What becomes of messages that were not acknowledged. */
static int say_kept(const struct agent *agent, const char *why)
{
    unsigned long long waiting = skeym_device_figures(agent->device).waiting;
    if (waiting == 0) {
        return SKEYM_EXIT_OK;
    }
    if (!agent->journal_path) {
        return skeym_cli_say("device",
                             "%s%llu messages were not acknowledged, and are lost: there is no "
                             "--journal",
                             why, waiting);
    }
    (void)skeym_cli_say("device", "%s%llu messages wait in the journal %s", why, waiting,
                        agent->journal_path);
    return SKEYM_EXIT_OK;
}

/* Of the message that waits: after a change of --patient, it is still the other's. */
static void waiting_patient(const struct agent *agent, char out[SKEYM_DEVICE_PATIENT])
{
    struct skeym_span message;
    uint64_t sequence;
    memset(out, 0, SKEYM_DEVICE_PATIENT);
    if (skeym_journal_oldest(agent->journal, &message, &sequence) == SKEYM_OK) {
        skeym_device_patient(out, message);
    }
    if (!out[0]) {
        (void)snprintf(out, SKEYM_DEVICE_PATIENT, "%s", agent->patient);
    }
}

static int explain(const struct agent *agent, enum skeym_error error)
{
    struct skeym_device_figures figures = skeym_device_figures(agent->device);
    if (error == SKEYM_ERR_PERMISSION) {
        (void)skeym_cli_say("device",
                            "%s is not admitted any more: revoked, expired, or unknown to "
                            "%s",
                            agent->name, agent->node.server);
    } else if (error == SKEYM_ERR_SCOPE || error == SKEYM_ERR_CONFLICT) {
        char patient[SKEYM_DEVICE_PATIENT];
        waiting_patient(agent, patient);
        (void)skeym_cli_say("device",
                            "the server refuses a message for patient %s by status %d: %s", patient,
                            figures.status, skeym_error_text(error));
    } else if (error == SKEYM_ERR_DAMAGED) {
        (void)skeym_cli_say("device", "the journal %s was damaged while it was in use",
                            agent->journal_path ? agent->journal_path : "in memory");
    } else if (error == SKEYM_ERR_SIZE) {
        (void)skeym_cli_say("device", "a message is too large for %s: a shorter --block helps",
                            agent->node.server);
    } else {
        (void)skeym_cli_fail("device", NULL, error);
    }
    (void)say_kept(agent, "");
    return SKEYM_EXIT_FAILED;
}

/* The names that --signals takes here. */
static int say_signals(const struct agent *agent)
{
    struct skeym_device_source *all = NULL;
    struct skeym_device_source_options options = agent->source_options;
    const struct skeym_device_signal *signal;
    options.signals = NULL;
    if (skeym_device_source_new(&all, &options) != SKEYM_OK) {
        return skeym_cli_say("device", "none of the record's signals is known");
    }
    fprintf(stderr, "skeym device: --signals %s: not all of these are there; there are: ",
            agent->signals ? agent->signals : "");
    for (size_t i = 0; (signal = skeym_device_source_signal(all, i)); i++) {
        fprintf(stderr, "%s%s", i > 0 ? "," : "", signal->called);
    }
    fputc('\n', stderr);
    skeym_device_source_free(all);
    return SKEYM_EXIT_FAILED;
}

/* Why the journal was not opened. The file is as before. */
static int explain_journal(const struct agent *agent, enum skeym_error error, uint64_t damaged_at)
{
    const char *path = agent->journal_path ? agent->journal_path : "in memory";
    switch (error) {
    case SKEYM_ERR_DAMAGED:
        return skeym_cli_say("device",
                             "journal damaged at byte %llu: %s was left as it is. It may hold "
                             "readings that nobody else has: move it away and keep it, then start "
                             "anew",
                             (unsigned long long)damaged_at, path);
    case SKEYM_ERR_SHAPE:
        return skeym_cli_say("device", "%s is not a journal, and was left as it is: name another",
                             path);
    case SKEYM_ERR_BUSY:
        return skeym_cli_say("device", "the journal %s is in use by another process", path);
    default:
        return skeym_cli_fail("device", path, error);
    }
}

/* --- a run ------------------------------------------------------------------------- */

static void nap(uint64_t ms)
{
    struct timespec span = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    if (ms > 0) {
        (void)nanosleep(&span, NULL); /* a signal cuts it short, as it should */
    }
}

static enum skeym_error loop(struct agent *agent)
{
    struct skeym_device_state state = {0};
    enum skeym_error error = SKEYM_OK;
    agent->shown_ms = steady_ms();
    while (!stop && !state.done && error == SKEYM_OK) {
        error = skeym_device_step(agent->device, agent_now(agent), &state);
        skeym_node_options_warn(&agent->node);
        show_progress(agent, false);
        uint64_t now = agent_now(agent);
        if (error == SKEYM_OK && !state.done && state.wake_ms > now && !stop) {
            uint64_t wait = state.wake_ms - now;
            nap(wait < TERMINAL_MS ? wait : TERMINAL_MS);
        }
    }
    return error;
}

static enum skeym_error new_run(struct agent *agent)
{
    uint8_t random[4];
    enum skeym_error error = skeym_crypto_random(random, sizeof random);
    struct skeym_device_run *run = &agent->this_run;
    memset(run, 0, sizeof *run);
    for (size_t i = 0; i < sizeof random; i++) {
        snprintf(run->run + 2 * i, 3, "%02x", random[i]);
    }
    skeym_device_source_print(run->source, &agent->source_options);
    run->start_ms = agent_now(agent);
    run->base_ms = run->start_ms;
    return error;
}

/* A fast replay ends at the present, not in the future. */
static void set_base(struct agent *agent)
{
    double seconds = skeym_device_source_seconds(agent->source);
    double back = agent->speed > 0 ? seconds - seconds / agent->speed : seconds;
    if (back > 0) {
        uint64_t ms = (uint64_t)llround(back * 1000);
        agent->this_run.base_ms =
            agent->this_run.start_ms - (ms < agent->this_run.start_ms ? ms : 0);
    }
}

static enum skeym_error make_source(struct agent *agent)
{
    memcpy(agent->source_options.run, agent->this_run.run, sizeof agent->this_run.run);
    agent->source_options.base_ms = agent->this_run.base_ms;
    skeym_device_source_free(agent->source);
    return skeym_device_source_new(&agent->source, &agent->source_options);
}

/* Opens the journal. An interrupted run of the same source goes on; of another, only what waits is
 * sent, and *rest is true. */
static enum skeym_error open_journal(struct agent *agent, bool *rest, uint64_t *damaged_at)
{
    uint8_t note[SKEYM_JOURNAL_NOTE];
    size_t size = 0;
    struct skeym_journal_report report = {0};
    struct skeym_device_run old;
    char source[17];
    *rest = false;
    memcpy(source, agent->this_run.source, sizeof source);
    enum skeym_error error =
        skeym_device_run_print((struct skeym_room){note, sizeof note}, &size, &agent->this_run);
    if (error == SKEYM_OK) {
        error = skeym_journal_open(&agent->journal, agent->journal_path, skeym_span(note, size), 0,
                                   &report);
        *damaged_at = report.damaged_at;
    }
    if (error == SKEYM_OK && !report.resumed && report.cut > 0) {
        fprintf(stderr,
                "skeym device: the journal %s was cut short in its first record: %llu bytes were "
                "dropped. If it ever held readings, they are lost; a new run begins\n",
                agent->journal_path, (unsigned long long)report.cut);
    }
    if (error != SKEYM_OK || !report.resumed) {
        return error;
    }
    error = skeym_device_run_parse(&old, skeym_journal_note(agent->journal));
    if (error != SKEYM_OK) {
        return error;
    }
    fprintf(stderr, "skeym device: the journal goes on with run %s: %llu messages wait\n", old.run,
            (unsigned long long)report.waiting);
    if (report.cut > 0) {
        fprintf(stderr, "skeym device: a torn last record of %llu bytes was cut off\n",
                (unsigned long long)report.cut);
    }
    *rest = strcmp(old.source, source) != 0;
    old.start_ms =
        old.start_ms < agent->this_run.start_ms ? old.start_ms : agent->this_run.start_ms;
    agent->this_run = old;
    return SKEYM_OK;
}

static void close_run(struct agent *agent)
{
    skeym_device_free(agent->device);
    skeym_device_source_free(agent->source);
    skeym_journal_close(agent->journal);
    agent->device = NULL;
    agent->source = NULL;
    agent->journal = NULL;
}

/* All that a run needs. Says what is wrong and returns false. */
static bool prepare_run(struct agent *agent, bool *rest)
{
    uint64_t damaged_at = 0;
    enum skeym_error error = new_run(agent);
    if (error == SKEYM_OK) {
        error = make_source(agent);
    }
    if (error == SKEYM_ERR_NOT_FOUND) {
        (void)say_signals(agent);
        return false;
    }
    if (error != SKEYM_OK) {
        (void)skeym_cli_fail("device", "the source", error);
        return false;
    }
    set_base(agent);
    error = open_journal(agent, rest, &damaged_at);
    if (error != SKEYM_OK) {
        (void)explain_journal(agent, error, damaged_at);
        return false;
    }
    error = make_source(agent);
    if (error == SKEYM_OK) {
        error = skeym_device_new(&agent->device, &(struct skeym_device_options){
                                                     .session = agent->node.session,
                                                     .journal = agent->journal,
                                                     .source = *rest ? NULL : agent->source,
                                                     .speed = agent->speed,
                                                     .start_ms = agent->this_run.start_ms,
                                                 });
    }
    if (error != SKEYM_OK) {
        (void)skeym_cli_fail("device", "the source", error);
    }
    return error == SKEYM_OK;
}

static int run_once(struct agent *agent, bool *again)
{
    bool rest = false;
    int code = SKEYM_EXIT_FAILED;
    *again = false;
    if (!prepare_run(agent, &rest)) {
        close_run(agent);
        return code;
    }
    enum skeym_error error = loop(agent);
    show_progress(agent, true);
    if (!rest) {
        show_summary(agent);
    }
    if (error != SKEYM_OK) {
        code = explain(agent, error);
    } else if (stop) {
        code = say_kept(agent, "stopped: ");
    } else {
        error = rest ? skeym_journal_end(agent->journal) : SKEYM_OK;
        *again = rest || agent->repeat;
        code = error == SKEYM_OK ? SKEYM_EXIT_OK
                                 : skeym_cli_fail("device", agent->journal_path, error);
    }
    close_run(agent);
    return code;
}

/* --- options ------------------------------------------------------------------------- */

static bool parse_speed(double *out, const char *text)
{
    char *end = NULL;
    *out = text ? strtod(text, &end) : 1;
    /* strtod also takes signs, 0x10, inf and nan */
    return !text || (end != text && *end == 0 && text[strspn(text, "0123456789.")] == 0 &&
                     *out >= 0 && *out <= 1e6);
}

static const char *check_options(struct agent *agent)
{
    uint32_t block = 10;
    int modes = (agent->record_path != NULL) + (agent->compare_path != NULL) + agent->simulate;
    if (modes != 1) {
        return "one of --record, --simulate and --compare";
    }
    if (agent->run && !agent->compare_path) {
        return "--run is for --compare";
    }
    if (!agent->patient) {
        return "--patient ID is missing";
    }
    if (!skeym_patient_valid(skeym_span_text(agent->patient))) {
        return "--patient takes a FHIR id";
    }
    if (!parse_speed(&agent->speed, agent->speed_text)) {
        return "--speed takes a number from 0 to 1000000";
    }
    if (agent->block_text && !skeym_cli_number(&block, agent->block_text, 1, 60)) {
        return "--block takes 1 to 60 seconds";
    }
    agent->source_options = (struct skeym_device_source_options){
        .patient = agent->patient,
        .block_s = block,
        .signals = agent->signals,
    };
    return skeym_device_simulate(&agent->source_options.simulate, &agent->source_options.minutes,
                                 &agent->words);
}

static bool open_record(struct agent *agent, int *code)
{
    const char *path = agent->record_path ? agent->record_path : agent->compare_path;
    if (!path) {
        return true;
    }
    enum skeym_error error = skeym_wfdb_open(&agent->record, path, NULL);
    if (error != SKEYM_OK) {
        *code = skeym_cli_fail("device", path, error);
        return false;
    }
    agent->source_options.record = &agent->record;
    return true;
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
    (void)sigaction(SIGXFSZ, &action, NULL); /* a full disk is an error, not the end */
}

/* A clock that is far off would stamp readings wrongly; the login tells. If the server cannot be
 * reached now, our own clock has to do. */
static void set_clock(struct agent *agent)
{
    if (skeym_session_login(agent->node.session) == SKEYM_OK) {
        int64_t offset = skeym_session_figures(agent->node.session).clock_offset_ms;
        if (offset > CLOCK_IS_OFF_MS || offset < -CLOCK_IS_OFF_MS) {
            agent->clock_offset_ms = offset;
            fprintf(stderr, "skeym device: our clock is off by %lld ms; the server's is used\n",
                    (long long)-offset);
        }
    }
}

static int run_agent(struct agent *agent)
{
    bool again = true;
    int code = SKEYM_EXIT_OK;
    skeym_cli_name(agent->name, &agent->node.credential.node);
    agent->source_options.node = agent->name;
    watch_signals();
    set_clock(agent);
    while (again && !stop && code == SKEYM_EXIT_OK) {
        code = run_once(agent, &again);
    }
    return code;
}

static int run(int argc, char **argv)
{
    struct agent agent = {
        .node = {.command = &skeym_command_device, .repeatable = true, .timeout_ms = TIMEOUT_MS}};
    struct skeym_cli_words operands;
    int code = SKEYM_EXIT_FAILED;
    const struct skeym_cli_option table[] = {
        SKEYM_NODE_OPTIONS(&agent.node),
        {"--record", .value = &agent.record_path},
        {"--simulate", .flag = &agent.simulate},
        {"--compare", .value = &agent.compare_path},
        SKEYM_DEVICE_SIMULATE_OPTIONS(&agent.words),
        {"--patient", .value = &agent.patient},
        {"--speed", .value = &agent.speed_text},
        {"--journal", .value = &agent.journal_path},
        {"--block", .value = &agent.block_text},
        {"--signals", .value = &agent.signals},
        {"--repeat", .flag = &agent.repeat},
        {"--run", .value = &agent.run},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_device, argc, argv, table, &operands, 0, 0, &code)) {
        return code;
    }
    const char *why = check_options(&agent);
    if (why) {
        return skeym_cli_usage(&skeym_command_device, why);
    }
    if (open_record(&agent, &code) && skeym_node_options_open(&agent.node, &code)) {
        code = agent.compare_path
                   ? skeym_device_compare(&agent.node, &agent.record, agent.patient, agent.run)
                   : run_agent(&agent);
    }
    skeym_node_options_close(&agent.node);
    skeym_wfdb_close(&agent.record);
    return code;
}

const struct skeym_command skeym_command_device = {
    "device", "a medical device: replays a record, or simulates a patient", usage, run};
