/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench.h"

#include "server/home.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define SECOND_NS UINT64_C(1000000000)

static const char usage[] =
    "usage: skeym bench load URL [--dir DIR [--nodes N] [--mix MIX] | --dir DIR --attack KIND]\n"
    "                        [--rate N [--poisson]] [--connections N] [--seconds N] [option]...\n"
    "\n"
    "Puts a server under load and says how it did. Nodes are made for it, which log in and use\n"
    "chained tokens; without --dir it is plain HTTP, the same GET again and again.\n"
    "\n"
    "  URL                  http://127.0.0.1:PORT or https://..., for plain HTTP with a path\n"
    "  --ca FILE            https: whom to trust (default: whom the system trusts)\n"
    "nodes:\n"
    "  --dir DIR            the folder of the server's authority: nodes load-0, load-1, ... are\n"
    "                       enrolled there for a day, and kept in memory alone\n"
    "  --nodes N            how many (default: as many as connections)\n"
    "  --lanes N            tokens of each login, 1 to 16 (default: 1)\n"
    "  --mix MIX            get=N,post=N,login=N: how often each (default: get=1)\n"
    "  --bundle N           a post is a transaction of N readings, 1 to 10 (default: one reading)\n"
    "  --path PATH          what is read (default: /fhir/metadata); {} is the node's number\n"
    "  --patience N         seconds in which an operation may be repeated (default: 10)\n"
    "attackers, against loopback addresses alone:\n"
    "  --attack KIND        forged, stolen, replay, badlogin, junklogin, login, bighead, bigbody,\n"
    "                       slowhead or slowbody\n"
    "  --batch N            requests that leave together, 1 to 64 (default: 1)\n"
    "plain HTTP:\n"
    "  --header 'NAME: VALUE', --method WORD, --body FILE, --expect STATUS\n"
    "  --header-file FILE   one more header, which is secret; --body-bytes N: of each answer\n"
    "load:\n"
    "  --rate N             open loop: so many operations a second, whatever the server does;\n"
    "                       latency counts from the time when each was due (default: closed\n"
    "                       loop, the next one when the last is over)\n"
    "  --poisson            not evenly spaced\n"
    "  --connections N      kept alive (default: 64); --reconnect: a new one for each operation,\n"
    "                       which then begins with a login\n"
    "  --threads N          event loops (default: 1)\n"
    "  --seconds N          how long (default: 10), after --warmup N (default: 1); also 0.5\n"
    "  --answer-seconds N   an answer that takes longer is lost (default: 10)\n"
    "  --drain-seconds N    wait so long for the last answers (default: 10; attackers: 0)\n"
    "  --from PREFIX        source addresses, inside of 127.0.0.0/8: 127.0.1.0/24\n"
    "  --core N             run on this core; --spin: never sleep\n"
    "  --seed N             of the spacing\n"
    "  --watch PID          also show what this process costs (any number of times, for the sum)\n"
    "  --json FILE          all figures; --trace FILE: a line for each operation (CSV)\n"
    "  --allow-remote HOST  the URL's host is not this machine, and I may put it under load\n"
    "\n"
    "Exit status 1 when an operation of a node failed, or one of an attacker did not.\n";

/* Values as they were given. */
struct words {
    const char *nodes, *lanes, *mix, *patience, *attack, *batch, *expect, *rate, *connections;
    const char *threads, *seconds, *warmup, *answer, *drain, *from, *core, *seed, *remote;
    const char *body_bytes, *bundle;
    struct skeym_cli_words watch;
};

static int wrong(const char *option, const char *why)
{
    (void)skeym_cli_say("bench", "%s: %s", option, why);
    return SKEYM_EXIT_USAGE;
}

/* --- options ----------------------------------------------------------------------------- */

static bool read_words(struct skeym_bench_options *options, struct words *words, int argc,
                       char **argv, int *code)
{
    struct skeym_cli_words operands;
    const struct skeym_cli_option table[] = {
        {"--dir", .value = &options->dir},
        {"--nodes", .value = &words->nodes},
        {"--lanes", .value = &words->lanes},
        {"--mix", .value = &words->mix},
        {"--bundle", .value = &words->bundle},
        {"--path", .value = &options->work.path},
        {"--patience", .value = &words->patience},
        {"--attack", .value = &words->attack},
        {"--batch", .value = &words->batch},
        {"--header", .list = &options->headers},
        {"--method", .value = &options->method},
        {"--header-file", .value = &options->header_file},
        {"--body", .value = &options->body},
        {"--body-bytes", .value = &words->body_bytes},
        {"--ca", .value = &options->ca},
        {"--watch", .list = &words->watch},
        {"--expect", .value = &words->expect},
        {"--rate", .value = &words->rate},
        {"--poisson", .flag = &options->load.poisson},
        {"--connections", .value = &words->connections},
        {"--threads", .value = &words->threads},
        {"--seconds", .value = &words->seconds},
        {"--warmup", .value = &words->warmup},
        {"--answer-seconds", .value = &words->answer},
        {"--drain-seconds", .value = &words->drain},
        {"--from", .value = &words->from},
        {"--core", .value = &words->core},
        {"--reconnect", .flag = &options->load.reconnect},
        {"--spin", .flag = &options->load.spin},
        {"--seed", .value = &words->seed},
        {"--json", .value = &options->json},
        {"--trace", .value = &options->trace},
        {"--allow-remote", .value = &words->remote},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_bench, argc, argv, table, &operands, 2, 2, code)) {
        return false;
    }
    if (strcmp(operands.at[0], "load") != 0) {
        *code = skeym_cli_usage(&skeym_command_bench, "the one bench that there is here is load");
        return false;
    }
    options->url = operands.at[1];
    return true;
}

/* Seconds, as "2" or "0.5"; NULL: what is there already stays. */
static bool read_seconds(uint64_t *ns, const char *text, uint32_t most)
{
    char whole[16] = "";
    uint32_t seconds = 0;
    uint32_t tenths = 0;
    size_t size = text ? strcspn(text, ".") : 0;
    if (!text) {
        return true;
    }
    if (size == 0 || size >= sizeof whole) {
        return false;
    }
    memcpy(whole, text, size);
    if (!skeym_cli_number(&seconds, whole, 0, most) ||
        (text[size] && !skeym_cli_number(&tenths, text + size + 1, 0, 9))) {
        return false;
    }
    *ns = seconds * SECOND_NS + tenths * SECOND_NS / 10;
    return true;
}

static int read_times(struct skeym_bench_options *options, const struct words *words)
{
    options->ns = 10 * SECOND_NS;
    options->warmup_ns = SECOND_NS;
    if (!read_seconds(&options->ns, words->seconds, 86400) || options->ns == 0) {
        return wrong("--seconds", "not a number, or out of range");
    }
    return read_seconds(&options->warmup_ns, words->warmup, 3600)
               ? SKEYM_EXIT_OK
               : wrong("--warmup", "not a number, or out of range");
}

static int read_numbers(struct skeym_bench_options *options, const struct words *words)
{
    uint32_t rate = 0, connections = 64, threads = 1, answer = 10, patience = 10, lanes = 1,
             seed = 1;
    uint32_t drain = words->attack ? 0 : 10;
    uint32_t bundle = 0;
    const struct {
        const char *name, *text;
        uint32_t *out, least, most;
    } rows[] = {
        {"--rate", words->rate, &rate, 1, 100000000},
        {"--connections", words->connections, &connections, 1, 1000000},
        {"--threads", words->threads, &threads, 1, SKEYM_LOAD_THREADS_MAX},
        {"--answer-seconds", words->answer, &answer, 1, 3600},
        {"--drain-seconds", words->drain, &drain, 0, 3600},
        {"--patience", words->patience, &patience, 0, 3600},
        {"--lanes", words->lanes, &lanes, 1, SKEYM_LANES_MAX},
        {"--bundle", words->bundle, &bundle, 1, SKEYM_LOAD_BUNDLE_MOST},
        {"--batch", words->batch, &options->batch, 1, 64},
        {"--nodes", words->nodes, &options->nodes, 1, 1000000},
        {"--expect", words->expect, &options->expect, 200, 599},
        {"--body-bytes", words->body_bytes, &options->body_bytes, 0, 64 << 20},
        {"--core", words->core, &options->core, 0, CPU_SETSIZE - 1},
        {"--seed", words->seed, &seed, 0, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].text &&
            !skeym_cli_number(rows[i].out, rows[i].text, rows[i].least, rows[i].most)) {
            return wrong(rows[i].name, "not a number, or out of range");
        }
    }
    struct skeym_load_options *load = &options->load;
    load->per_second = rate;
    load->connections = connections;
    load->threads = threads;
    load->answer_ms = answer * 1000;
    load->drain_ms = drain * 1000;
    load->patience_ms = patience * 1000;
    load->seed = seed;
    options->work.lanes = (uint8_t)lanes;
    options->work.bundle = (uint8_t)bundle;
    options->nodes = options->nodes ? options->nodes : connections;
    return threads > connections ? wrong("--threads", "more than connections") : SKEYM_EXIT_OK;
}

static int read_target(struct skeym_bench_options *options, const struct words *words)
{
    struct skeym_load_target *target = &options->load.target;
    if (skeym_load_target_parse(target, options->url)) {
        return wrong(options->url, "not http://ADDRESS:PORT/PATH (numbers only, or localhost)");
    }
    if (options->ca && !target->tls) {
        return wrong("--ca", "only with https");
    }
    if (options->attack && target->tls) {
        return wrong("--attack", "not over TLS");
    }
    if (words->from && skeym_load_target_from(&options->load.from, words->from)) {
        return wrong("--from", "no prefix of 8 to 30 bits, or address, inside of 127.0.0.0/8");
    }
    bool loopback = skeym_load_target_loopback(target);
    if (!loopback && options->attack) {
        return wrong("--attack", "only ever against an address of this machine (127.0.0.0/8)");
    }
    if (!loopback && words->from) {
        return wrong("--from", "only with a target of this machine");
    }
    if (!loopback && !(words->remote && strcmp(words->remote, target->host) == 0)) {
        return wrong(options->url, "not this machine: if you may put it under load, say "
                                   "--allow-remote with its ADDRESS:PORT as in the URL");
    }
    return SKEYM_EXIT_OK;
}

static int read_work(struct skeym_bench_options *options, const struct words *words)
{
    if (skeym_load_work_mix(options->work.weights, words->mix ? words->mix : "get=1")) {
        return wrong("--mix", "not get=N,post=N,login=N");
    }
    if (words->attack && !(options->attack = skeym_load_attack_find(words->attack))) {
        return wrong("--attack", "no such kind");
    }
    if (options->attack && !options->dir) {
        return wrong("--attack", "needs --dir: attackers are made from a node of the authority's");
    }
    if (!options->dir &&
        (words->nodes || words->mix || options->work.path || words->lanes || words->bundle)) {
        return wrong("--dir", "missing: without it there are no nodes");
    }
    if (options->nodes < options->load.connections) {
        return wrong("--nodes", "fewer than connections");
    }
    uint64_t now_ms = skeym_cli_now();
    options->work.base_s = now_ms / 1000 - 86400;
    (void)snprintf(options->work.run, sizeof options->work.run, "%llx",
                   (unsigned long long)(now_ms & 0xffffffffffff));
    options->work.forgets = options->load.reconnect;
    options->load.trace = options->trace != NULL;
    options->method = options->method ? options->method : options->body ? "POST" : "GET";
    return SKEYM_EXIT_OK;
}

static int read_watch(struct skeym_load_watch *watch, const struct words *words)
{
    _Static_assert((int)SKEYM_LOAD_WATCH_MOST >= (int)SKEYM_CLI_WORDS_MAX, "one for each word");
    for (size_t i = 0; i < words->watch.count; i++) {
        uint32_t pid = 0;
        if (!skeym_cli_number(&pid, words->watch.at[i], 1, INT32_MAX)) {
            return wrong("--watch", "not the number of a process");
        }
        watch->pid[watch->count++] = (int32_t)pid;
    }
    return SKEYM_EXIT_OK;
}

/* --- run ---------------------------------------------------------------------------------------
 */

/* As many files as may be: each connection is one. */
static void want_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int want_core(uint32_t core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (core == UINT32_MAX) {
        return SKEYM_EXIT_OK;
    }
    CPU_SET((size_t)core, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0 ? SKEYM_EXIT_OK
                                                       : wrong("--core", "there is no such core");
}

static struct skeym_load *under_way; /* while the signals below are caught */

static void stop(int number)
{
    (void)number;
    skeym_load_stop(under_way);
}

/* Who interrupts a run still gets its figures. */
static void catch_signals(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL); /* a server that is gone is an answer that is lost */
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* A warm-up of its own, so that the cost of what is watched begins where the counting begins. */
static enum skeym_error run_watched(struct skeym_load_result **result, struct skeym_load *load,
                                    const struct skeym_bench_options *options,
                                    struct skeym_bench_watched *watched)
{
    enum skeym_error error = SKEYM_OK;
    if (options->warmup_ns) {
        error = skeym_load_run(result, load, 0, options->warmup_ns);
        skeym_load_result_free(*result);
        *result = NULL;
    }
    if (!error) {
        error = skeym_load_watch_read(&watched->before, &options->watch);
    }
    if (!error) {
        error = skeym_load_run(result, load, 0, options->ns);
    }
    if (!error) { /* while the connections are there */
        error = skeym_load_watch_read(&watched->after, &options->watch);
    }
    return error;
}

static int run_load(struct skeym_bench_options *options)
{
    struct skeym_load *load = NULL;
    struct skeym_load_result *result = NULL;
    struct skeym_bench_watched watched = {.count = options->watch.count};
    enum skeym_error error =
        options->load.target.tls
            ? skeym_load_tls_open(&options->load.tls, options->ca, &options->load.target)
            : SKEYM_OK;
    if (!error) {
        error = skeym_load_open(&load, &options->load);
    }
    if (!error) {
        under_way = load;
        catch_signals(stop);
        error = watched.count ? run_watched(&result, load, options, &watched)
                              : skeym_load_run(&result, load, options->warmup_ns, options->ns);
        catch_signals(SIG_DFL);
    }
    int code = error ? skeym_cli_say("bench", "%s: %s (%s)", options->url, skeym_error_text(error),
                                     strerror(errno))
                     : skeym_bench_report(result, options, &watched);
    skeym_load_result_free(result);
    skeym_load_close(load);
    skeym_load_tls_close(options->load.tls);
    return code;
}

static int run(int argc, char **argv)
{
    struct skeym_bench_options options = {.batch = 1, .core = UINT32_MAX, .body_bytes = UINT32_MAX};
    struct words words = {0};
    struct skeym_bench_crowd crowd = {0};
    int code = SKEYM_EXIT_OK;
    if (!read_words(&options, &words, argc, argv, &code)) {
        return code;
    }
    code = read_numbers(&options, &words);
    if (code == SKEYM_EXIT_OK) {
        code = read_times(&options, &words);
    }
    if (code == SKEYM_EXIT_OK) {
        code = read_work(&options, &words);
    }
    if (code == SKEYM_EXIT_OK) {
        code = read_target(&options, &words);
    }
    if (code == SKEYM_EXIT_OK) {
        code = want_core(options.core);
    }
    if (code == SKEYM_EXIT_OK) {
        code = read_watch(&options.watch, &words);
    }
    want_files();
    if (code == SKEYM_EXIT_OK) {
        code = skeym_bench_crowd_make(&crowd, &options);
    }
    if (code == SKEYM_EXIT_OK) {
        code = run_load(&options);
    }
    skeym_bench_crowd_free(&crowd);
    return code;
}

const struct skeym_command skeym_command_bench = {"bench", "puts a server under load", usage, run};
