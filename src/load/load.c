/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load.h"

#include "load/load_loop.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { START_NS = 20000000 }; /* all threads are up before the first request is due */

struct skeym_load {
    struct skeym_load_options options;
    _Atomic bool stop;
    unsigned threads;
    struct skeym_load_peer *peers; /* those of a thread lie side by side */
    struct skeym_load_loop loops[SKEYM_LOAD_THREADS_MAX];
};

static const char *const words[] = {
#define SKEYM_LOAD_OUTCOME_WORD(name, word, what) word,
    SKEYM_LOAD_OUTCOMES(SKEYM_LOAD_OUTCOME_WORD)
#undef SKEYM_LOAD_OUTCOME_WORD
};

const char *skeym_load_outcome_word(enum skeym_load_outcome outcome)
{
    return words[outcome];
}

enum skeym_load_outcome skeym_load_outcome_of(int status)
{
    static const struct {
        int status;
        enum skeym_load_outcome outcome;
    } known[] = {{401, SKEYM_LOAD_REFUSED}, {429, SKEYM_LOAD_LIMITED}, {503, SKEYM_LOAD_BUSY}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].status == status) {
            return known[i].outcome;
        }
    }
    return status >= 200 && status <= 299 ? SKEYM_LOAD_OK : SKEYM_LOAD_STATUS;
}

uint64_t skeym_load_count(const struct skeym_load_result *result, enum skeym_load_outcome outcome)
{
    uint64_t count = 0;
    for (size_t i = 0; i < SKEYM_LOAD_KINDS; i++) {
        count += result->kinds[i].outcomes[outcome];
    }
    return count;
}

void skeym_load_result_free(struct skeym_load_result *result)
{
    if (result) {
        free(result->records);
        free(result);
    }
}

/* --- open and close --------------------------------------------------------------------- */

static bool is_usable(const struct skeym_load_options *options)
{
    return options->connections > 0 && options->lane_count >= options->connections &&
           options->threads <= SKEYM_LOAD_THREADS_MAX && options->threads <= options->connections &&
           options->per_second >= 0;
}

/* Peers of one thread: every threads-th connection. */
static enum skeym_error open_loop(struct skeym_load *load, unsigned which,
                                  struct skeym_load_peer **next)
{
    struct skeym_load_loop *loop = &load->loops[which];
    loop->options = &load->options;
    loop->stop = &load->stop;
    loop->first = which;
    loop->stride = load->threads;
    loop->peers = *next;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        return SKEYM_ERR_NETWORK;
    }
    for (size_t i = which; i < load->options.connections; i += load->threads) {
        struct skeym_load_peer *peer = (*next)++;
        peer->number = i;
        loop->peer_count++;
        if (!skeym_load_peer_connect(loop, peer)) {
            errno = loop->error_number;
            return SKEYM_ERR_NETWORK;
        }
    }
    return SKEYM_OK;
}

enum skeym_error skeym_load_open(struct skeym_load **out, const struct skeym_load_options *options)
{
    *out = NULL;
    if (!is_usable(options)) {
        return SKEYM_ERR_USAGE;
    }
    struct skeym_load *load = calloc(1, sizeof *load);
    struct skeym_load_peer *peers = calloc(options->connections, sizeof *peers);
    if (!load || !peers) {
        free(load);
        free(peers);
        return SKEYM_ERR_MEMORY;
    }
    load->options = *options;
    load->threads = options->threads ? options->threads : 1;
    load->peers = peers;
    for (size_t i = 0; i < options->connections; i++) {
        peers[i].fd = -1;
    }
    for (size_t i = 0; i < SKEYM_LOAD_THREADS_MAX; i++) {
        load->loops[i].epoll = -1;
    }
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* sleeps end when they should */
    enum skeym_error error = SKEYM_OK;
    for (unsigned i = 0; i < load->threads && !error; i++) {
        error = open_loop(load, i, &peers);
    }
    if (error) {
        int saved = errno;
        skeym_load_close(load);
        errno = saved;
        return error;
    }
    *out = load;
    return SKEYM_OK;
}

void skeym_load_close(struct skeym_load *load)
{
    if (!load) {
        return;
    }
    for (size_t i = 0; i < load->options.connections; i++) {
        skeym_load_peer_close(&load->peers[i]);
        free(load->peers[i].out);
        free(load->peers[i].in);
    }
    for (size_t i = 0; i < load->threads; i++) {
        if (load->loops[i].epoll >= 0) {
            (void)close(load->loops[i].epoll);
        }
    }
    free(load->peers);
    free(load);
}

void skeym_load_stop(struct skeym_load *load)
{
    atomic_store_explicit(&load->stop, true, memory_order_relaxed);
}

/* --- a run -------------------------------------------------------------------------------- */

static void *run_thread(void *arg)
{
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    skeym_load_loop_run(arg);
    return NULL;
}

static void prepare(struct skeym_load *load, unsigned which, uint64_t start_ns, uint64_t warmup_ns,
                    uint64_t ns)
{
    struct skeym_load_loop *loop = &load->loops[which];
    double share = (double)loop->peer_count / (double)load->options.connections;
    loop->open = load->options.per_second > 0;
    loop->start_ns = start_ns;
    loop->warm_ns = start_ns + warmup_ns;
    loop->end_ns = loop->warm_ns + ns;
    loop->sweep_ns = start_ns;
    loop->spun_ns = 0;
    loop->error = SKEYM_OK;
    loop->record_room = 0;
    if (loop->open) {
        skeym_load_pace_start(&loop->pace, load->options.per_second * share, load->options.poisson,
                              load->options.seed + which * 7919U);
    }
}

static void merge(struct skeym_load_result *into, struct skeym_load_result *from)
{
    for (size_t k = 0; k < SKEYM_LOAD_KINDS; k++) {
        skeym_histogram_merge(&into->kinds[k].latency, &from->kinds[k].latency);
        for (size_t i = 0; i < SKEYM_LOAD_OUTCOME_COUNT; i++) {
            into->kinds[k].outcomes[i] += from->kinds[k].outcomes[i];
        }
    }
    into->due += from->due;
    into->answers += from->answers;
    into->connects += from->connects;
    into->repeated += from->repeated;
    into->user_ns += from->user_ns;
    into->sys_ns += from->sys_ns;
    into->spun_ns += from->spun_ns;
    into->elapsed_ns = from->elapsed_ns > into->elapsed_ns ? from->elapsed_ns : into->elapsed_ns;
    into->late_ns = from->late_ns > into->late_ns ? from->late_ns : into->late_ns;
    if (into->why[0] == '\0') {
        memcpy(into->why, from->why, sizeof into->why);
    }
    struct skeym_load_record *all =
        from->record_count
            ? realloc(into->records, (into->record_count + from->record_count) * sizeof *all)
            : NULL;
    if (all) {
        memcpy(all + into->record_count, from->records, from->record_count * sizeof *all);
        into->records = all;
        into->record_count += from->record_count;
    }
}

/* The first loop runs on the calling thread, which may be bound to a core. */
static enum skeym_error run_all(struct skeym_load *load)
{
    pthread_t threads[SKEYM_LOAD_THREADS_MAX];
    unsigned started = 1;
    enum skeym_error error = SKEYM_OK;
    for (; started < load->threads && !error; started++) {
        if (pthread_create(&threads[started], NULL, run_thread, &load->loops[started]) != 0) {
            error = SKEYM_ERR_MEMORY;
            skeym_load_stop(load);
            started--;
        }
    }
    if (!error) {
        skeym_load_loop_run(&load->loops[0]);
    }
    for (unsigned i = 1; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (unsigned i = 0; i < load->threads && !error; i++) {
        error = load->loops[i].error;
        errno = load->loops[i].error_number;
    }
    return error;
}

enum skeym_error skeym_load_run(struct skeym_load_result **out, struct skeym_load *load,
                                uint64_t warmup_ns, uint64_t ns)
{
    enum skeym_error error = SKEYM_OK;
    uint64_t start_ns = skeym_load_loop_clock() + (load->threads > 1 ? START_NS : 0);
    *out = calloc(1, sizeof **out);
    for (unsigned i = 0; i < load->threads; i++) {
        prepare(load, i, start_ns, warmup_ns, ns);
        load->loops[i].result = i == 0 ? *out : calloc(1, sizeof **out);
        error = load->loops[i].result ? error : SKEYM_ERR_MEMORY;
    }
    if (!error) {
        error = run_all(load);
    }
    for (unsigned i = 1; i < load->threads; i++) {
        if (!error) {
            merge(*out, load->loops[i].result);
        }
        skeym_load_result_free(load->loops[i].result);
    }
    if (error) {
        int saved = errno;
        skeym_load_result_free(*out);
        *out = NULL;
        errno = saved;
        return error;
    }
    (*out)->kind_names = load->options.lanes[0].script->kinds;
    (*out)->started_ns = start_ns;
    (*out)->threads = load->threads;
    return SKEYM_OK;
}
