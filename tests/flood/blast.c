/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flooder that waits for nothing:
 *
 *   blast URL CREDENTIAL KIND RATE CONNECTIONS BATCH FROM SECONDS
 *
 * The kinds are those of src/load/load_attack.h whose requests come whole. What `skeym bench load`
 * cannot do, since it waits for the answers of what it has sent before it sends more: RATE requests
 * a second leave, over CONNECTIONS in turn, BATCH in one go, whether or not the server has read
 * what came before. A connection that has taken nothing for FULL_NS is reset and made anew, with
 * all that the server has not read of it. Kinds whose connection the server closes get a new one
 * each. Answers are not parsed: their status lines are counted. Loopback only. Prints one JSON
 * object; exit 1 when something was accepted that must not be.
 */
#include "blast_link.h"
#include "load/load_attack.h"
#include "node/credential.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)
#define FULL_NS   (SECOND_NS / 10)

enum { LANES = 64, EVENTS = 256, BATCH_MOST = 64, LOOK_EACH = 64 };

struct blast {
    struct skeym_load_target target;
    struct skeym_load_from from;
    const struct skeym_load_attack_kind *kind;
    struct skeym_load_attack lanes[LANES];
    struct skeym_load_loot loot;
    struct skeym_credential_file credential;
    struct skeym_load_script script;
    struct blast_link *links;
    size_t link_count, next;
    unsigned batch;
    double rate;
    int epoll;
    uint8_t *out;
    uint64_t now_ns;
    struct blast_figures figures;
};

static uint64_t clock_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static double cpu_seconds(void)
{
    struct rusage usage = {0};
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* --- before ------------------------------------------------------------------------------- */

static enum skeym_error prepare(struct blast *blast, const char *credential)
{
    enum skeym_error error =
        skeym_credential_load(&blast->credential, credential, NULL, (struct skeym_span){0});
    if (!error && blast->kind->needs_loot) {
        error = skeym_load_attack_loot(&blast->loot, &blast->target, &blast->credential.keys);
    }
    for (size_t i = 0; i < LANES && !error; i++) {
        error = skeym_load_attack_init(&blast->lanes[i], blast->kind, &blast->loot,
                                       &blast->credential.keys, i);
    }
    blast->script = skeym_load_attack_script(blast->kind, blast->batch);
    blast->batch = blast->kind->batches ? blast->batch : 1;
    blast->links = calloc(blast->link_count, sizeof *blast->links);
    blast->out = malloc((size_t)SKEYM_LOAD_REQUEST * blast->batch);
    blast->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!error && (!blast->links || !blast->out || blast->epoll < 0)) {
        error = SKEYM_ERR_MEMORY;
    }
    for (size_t i = 0; i < blast->link_count && !error; i++) {
        blast->links[i].fd = -1;
    }
    return error;
}

/* --- the flood ------------------------------------------------------------------------------ */

static struct skeym_span write_batch(struct blast *blast, size_t lane, unsigned count)
{
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){blast->out, (size_t)SKEYM_LOAD_REQUEST * blast->batch});
    unsigned kind = 0;
    for (unsigned i = 0; i < count; i++) {
        if (blast->script.ask(&blast->lanes[lane % LANES], &writer, &kind)) {
            break;
        }
    }
    return skeym_written(&writer);
}

/* What was to go over a connection that is not made any more counts as offered all the same: its
 * first packet was sent, and the other side did not take it. */
static void give_up(struct blast *blast, struct blast_link *link)
{
    if (!link->used && link->rest_size > 0) {
        blast->figures.knocked += link->rest_size / blast->lanes[0].size;
    }
    blast->figures.resets += link->used;
    blast_link_close(link);
}

/* Requests that left whole, or that no connection was made for. */
static uint64_t taken(const struct blast *blast)
{
    return blast->figures.bytes / blast->lanes[0].size + blast->figures.knocked;
}

static void offer(struct blast *blast, size_t number, unsigned count)
{
    struct blast_link *link = &blast->links[number];
    bool one_each = !blast->kind->batches;
    bool full = link->stuck && blast->now_ns - link->stuck_ns > FULL_NS;
    if (link->fd >= 0 && (full || (one_each && link->used))) {
        give_up(blast, link);
    }
    uint32_t source = skeym_load_target_pick(&blast->from, number, blast->link_count);
    if (link->fd < 0 && !blast_link_open(link, blast->epoll, &blast->target.address, source,
                                         one_each, &blast->figures)) {
        return;
    }
    struct skeym_span data = write_batch(blast, number, count);
    if (!blast_link_send(link, data, blast->now_ns, &blast->figures)) {
        blast->figures.closed++;
        blast_link_close(link);
    }
}

static void look(struct blast *blast, int wait_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(blast->epoll, events, EVENTS, wait_ms);
    for (int i = 0; i < count; i++) {
        bool ends = (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        blast_link_take(events[i].data.ptr, ends, &blast->figures);
    }
    blast->now_ns = clock_ns();
}

static void flood(struct blast *blast, uint64_t start_ns, uint64_t end_ns)
{
    for (blast->now_ns = start_ns; blast->now_ns < end_ns;) {
        uint64_t due =
            (uint64_t)((double)(blast->now_ns - start_ns) / (double)SECOND_NS * blast->rate);
        size_t tries = 0;
        for (; taken(blast) < due && tries < LOOK_EACH; tries++) {
            uint64_t left = due - taken(blast);
            offer(blast, blast->next++ % blast->link_count,
                  left < blast->batch ? (unsigned)left : blast->batch);
        }
        look(blast, tries < LOOK_EACH ? 1 : 0);
    }
}

static void say(const struct blast *blast, uint64_t start_ns, double cpu)
{
    const struct blast_figures *figures = &blast->figures;
    uint64_t answers = 0;
    double seconds = (double)(blast->now_ns - start_ns) / (double)SECOND_NS;
    for (size_t i = 0; i < STATUS_CLASSES; i++) {
        answers += figures->status[i];
    }
    printf("{\"due\": %.0f, \"sent\": %llu, \"knocked\": %llu, \"answers\": %llu, \"ok\": %llu, "
           "\"connects\": %llu, \"resets\": %llu, \"closed\": %llu, \"bytes\": %llu, "
           "\"generator_core_percent\": %.1f, \"started_monotonic_ns\": %llu}\n",
           seconds * blast->rate, (unsigned long long)(figures->bytes / blast->lanes[0].size),
           (unsigned long long)figures->knocked, (unsigned long long)answers,
           (unsigned long long)figures->status[2], (unsigned long long)figures->connects,
           (unsigned long long)figures->resets, (unsigned long long)figures->closed,
           (unsigned long long)figures->bytes, 100 * cpu / seconds, (unsigned long long)start_ns);
}

/* Past options: a target of this machine, a kind whose requests come whole, numbers above 0. */
static bool read_words(struct blast *blast, char **argv, double *seconds)
{
    long links = strtol(argv[5], NULL, 10), batch = strtol(argv[6], NULL, 10);
    blast->kind = skeym_load_attack_find(argv[3]);
    blast->rate = strtod(argv[4], NULL);
    *seconds = strtod(argv[8], NULL);
    if (skeym_load_target_parse(&blast->target, argv[1]) ||
        !skeym_load_target_loopback(&blast->target) || !blast->kind || blast->kind->drip_ms ||
        skeym_load_target_from(&blast->from, argv[7]) || links < 1 || links > 1000000 ||
        batch < 1 || batch > BATCH_MOST || !(blast->rate > 0) || !(*seconds > 0)) {
        return false;
    }
    blast->link_count = (size_t)links;
    blast->batch = (unsigned)batch;
    return true;
}

int main(int argc, char **argv)
{
    static struct blast blast;
    double seconds = 0;
    if (argc != 9 || !read_words(&blast, argv, &seconds)) {
        fprintf(stderr, "usage: blast URL CREDENTIAL KIND RATE CONNECTIONS BATCH FROM SECONDS\n");
        return 2;
    }
    enum skeym_error error = prepare(&blast, argv[2]);
    if (error) {
        fprintf(stderr, "blast: %s\n", skeym_error_text(error));
        return 2;
    }
    double cpu = cpu_seconds();
    uint64_t start_ns = clock_ns();
    flood(&blast, start_ns, start_ns + (uint64_t)(seconds * 1e9));
    for (int i = 0; i < EVENTS; i++) {
        look(&blast, 0); /* what was answered by now */
    }
    say(&blast, start_ns, cpu_seconds() - cpu);
    for (size_t i = 0; i < blast.link_count; i++) {
        blast_link_close(&blast.links[i]);
        free(blast.links[i].rest);
    }
    for (size_t i = 0; i < LANES; i++) {
        skeym_load_attack_end(&blast.lanes[i]);
    }
    skeym_credential_wipe(&blast.credential);
    free(blast.links);
    free(blast.out);
    bool accepted = blast.figures.status[2] > 0 && !blast.kind->may_pass;
    if (accepted) {
        fprintf(stderr, "blast: ACCEPTED\n");
    }
    return accepted ? 1 : 0;
}
