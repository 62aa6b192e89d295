/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#define MS       UINT64_C(1000000)
#define SWEEP_NS (5 * MS) /* how often times are looked at that are not in the schedule */
#define SPARE_NS (50 * MS)

enum { EVENTS = 256 };

uint64_t skeym_load_loop_clock(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t ns_of(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_usec * 1000;
}

static void cpu_used(uint64_t *user_ns, uint64_t *sys_ns)
{
    struct rusage usage = {0};
    (void)getrusage(RUSAGE_THREAD, &usage);
    *user_ns = ns_of(&usage.ru_utime);
    *sys_ns = ns_of(&usage.ru_stime);
}

/* --- the schedule ---------------------------------------------------------------------- */

static struct skeym_load_peer *take_idle(struct skeym_load_loop *loop)
{
    struct skeym_load_peer *peer = loop->idle_first;
    loop->idle_first = peer->next;
    if (!loop->idle_first) {
        loop->idle_last = NULL;
    }
    return peer;
}

/* When the next operation is due; UINT64_MAX: none is, before the run's end. */
static uint64_t next_due(const struct skeym_load_loop *loop)
{
    uint64_t due_ns = loop->now_ns;
    if (loop->open) {
        due_ns = loop->start_ns + skeym_load_pace_due(&loop->pace);
    }
    return due_ns < loop->end_ns ? due_ns : UINT64_MAX;
}

static bool may_start(const struct skeym_load_loop *loop, const struct skeym_load_peer *peer)
{
    return loop->options->each == 0 || peer->asked < loop->options->each;
}

/* Connections that have asked all that they may leave the queue for good. One that fails at once is
 * idle again, and in the closed loop due: it waits for the clock to be looked at. */
static void start_due(struct skeym_load_loop *loop)
{
    for (size_t i = 0; loop->open || i < loop->peer_count; i++) {
        uint64_t due_ns = next_due(loop);
        if (!loop->idle_first || due_ns > loop->now_ns || loop->error) {
            return;
        }
        struct skeym_load_peer *peer = take_idle(loop);
        if (may_start(loop, peer)) {
            if (loop->open) {
                skeym_load_pace_step(&loop->pace);
            }
            skeym_load_step_start(loop, peer, due_ns);
        }
    }
}

/* --- what time brings --------------------------------------------------------------------- */

static void drip(struct skeym_load_loop *loop, struct skeym_load_peer *peer)
{
    size_t size = peer->out_size;
    peer->drip_ns = loop->now_ns + peer->lane->script->drip_ms * MS;
    if (peer->out_at == size) {
        peer->out_at = 0;
    }
    peer->out_size = peer->out_at + 1;
    bool good = skeym_load_peer_push(peer);
    peer->out_size = size;
    if (!good) {
        skeym_load_step_lost(loop, peer, SKEYM_LOAD_LOST);
    }
}

static void sweep_one(struct skeym_load_loop *loop, struct skeym_load_peer *peer)
{
    if (peer->state == SKEYM_LOAD_WAITING && peer->until_ns <= loop->now_ns) {
        skeym_load_step_ask(loop, peer);
    } else if (peer->state == SKEYM_LOAD_ASKING && peer->until_ns <= loop->now_ns) {
        skeym_load_step_lost(loop, peer, SKEYM_LOAD_TIMEOUT);
    } else if (peer->state == SKEYM_LOAD_ASKING && peer->lane->script->drip_ms &&
               peer->drip_ns <= loop->now_ns) {
        drip(loop, peer);
    }
}

static void sweep(struct skeym_load_loop *loop)
{
    loop->sweep_ns = loop->now_ns + SWEEP_NS;
    for (size_t i = 0; i < loop->peer_count && !loop->error; i++) {
        sweep_one(loop, &loop->peers[i]);
    }
}

/* The warm-up is over: what the generator cost counts from here. */
static void begin_counting(struct skeym_load_loop *loop)
{
    loop->warm = true;
    loop->warm_spun_ns = loop->spun_ns;
    loop->result->connects = loop->result->repeated = loop->result->late_ns = 0;
    cpu_used(&loop->warm_user_ns, &loop->warm_sys_ns);
}

/* --- what the network brings ----------------------------------------------------------------- */

/* A record of TLS that is read says nothing about what is behind it. */
static bool expects_more(const struct skeym_load_peer *peer)
{
    return peer->tls && peer->state == SKEYM_LOAD_ASKING;
}

/* Less than asked for is all that there is, unless the peer has ended: the edge comes but once. */
static void read_all(struct skeym_load_loop *loop, struct skeym_load_peer *peer, bool ended)
{
    enum skeym_load_pull pulled = SKEYM_LOAD_PULL_SOME;
    unsigned life = peer->life; /* a new connection has events of its own */
    while (peer->life == life && peer->fd >= 0 && !loop->error &&
           (pulled == SKEYM_LOAD_PULL_SOME ||
            ((ended || expects_more(peer)) && pulled == SKEYM_LOAD_PULL_ALL))) {
        pulled = skeym_load_peer_pull(peer);
        skeym_load_step_answers(loop, peer);
        if (pulled == SKEYM_LOAD_PULL_EMPTY) {
            return;
        }
    }
    if (pulled != SKEYM_LOAD_PULL_END || peer->life != life || peer->fd < 0) {
        return;
    }
    if (peer->state == SKEYM_LOAD_ASKING) {
        skeym_load_step_lost(loop, peer, SKEYM_LOAD_LOST);
    } else {
        skeym_load_peer_close(peer);
    }
}

static void handle(struct skeym_load_loop *loop, struct skeym_load_peer *peer, uint32_t events)
{
    if (peer->fd < 0) {
        return; /* closed by an event before, of the same turn */
    }
    bool drips = peer->state == SKEYM_LOAD_ASKING && peer->lane->script->drip_ms;
    bool may_send = (events & EPOLLOUT) || peer->tls; /* a handshake sends after it has read */
    if (may_send && peer->state == SKEYM_LOAD_ASKING && !drips && !skeym_load_peer_push(peer)) {
        skeym_load_step_lost(loop, peer, SKEYM_LOAD_LOST);
        return;
    }
    if (events & ~(uint32_t)EPOLLOUT) {
        read_all(loop, peer, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
    }
}

/* --- waiting ------------------------------------------------------------------------------------
 */

static uint64_t wake_at(const struct skeym_load_loop *loop)
{
    uint64_t at_ns = loop->sweep_ns;
    uint64_t due_ns = loop->idle_first ? next_due(loop) : UINT64_MAX;
    return due_ns < at_ns ? due_ns : at_ns;
}

static int wait_for(struct skeym_load_loop *loop, struct epoll_event events[EVENTS])
{
    uint64_t at_ns = wake_at(loop);
    if (!loop->options->spin) {
        uint64_t wait_ns = at_ns > loop->now_ns ? at_ns - loop->now_ns : 0;
        wait_ns = wait_ns < SPARE_NS ? wait_ns : SPARE_NS;
        const struct timespec wait = {.tv_nsec = (long)wait_ns};
        int count = epoll_pwait2(loop->epoll, events, EVENTS, &wait, NULL);
        loop->now_ns = skeym_load_loop_clock();
        return count;
    }
    int count = 0;
    while ((count = epoll_wait(loop->epoll, events, EVENTS, 0)) == 0) {
        uint64_t now_ns = skeym_load_loop_clock();
        loop->spun_ns += now_ns - loop->now_ns;
        loop->now_ns = now_ns;
        if (now_ns >= at_ns) {
            return 0;
        }
    }
    loop->now_ns = skeym_load_loop_clock();
    return count;
}

/* By how much this thread was too busy, or too asleep, to send in time what it could have sent. */
static void note_lateness(struct skeym_load_loop *loop, uint64_t planned_ns)
{
    if (loop->warm && planned_ns < loop->now_ns &&
        loop->now_ns - planned_ns > loop->result->late_ns) {
        loop->result->late_ns = loop->now_ns - planned_ns;
    }
}

static void turn(struct skeym_load_loop *loop)
{
    struct epoll_event events[EVENTS];
    uint64_t planned_ns =
        loop->open && loop->idle_first ? next_due(loop) : UINT64_MAX; /* before it waits */
    int count = wait_for(loop, events);
    note_lateness(loop, planned_ns);
    if (count < 0 && errno != EINTR) {
        loop->error = SKEYM_ERR_NETWORK;
        loop->error_number = errno;
        return;
    }
    start_due(loop); /* what is due waits for nobody's answers */
    for (int i = 0; i < count && !loop->error; i++) {
        handle(loop, events[i].data.ptr, events[i].events);
        if ((i & 15) == 15) {
            loop->now_ns = skeym_load_loop_clock();
            start_due(loop);
        }
    }
    if (loop->now_ns >= loop->sweep_ns) {
        sweep(loop);
    }
}

/* --- a run
 * ---------------------------------------------------------------------------------------- */

static void make_idle(struct skeym_load_loop *loop)
{
    loop->idle_first = loop->idle_last = NULL;
    loop->busy = 0;
    for (size_t i = 0; i < loop->peer_count; i++) {
        struct skeym_load_peer *peer = &loop->peers[i];
        peer->state = SKEYM_LOAD_IDLE;
        peer->asked = 0;
        peer->next = i + 1 < loop->peer_count ? peer + 1 : NULL;
    }
    loop->idle_first = loop->peers;
    loop->idle_last = loop->peers + loop->peer_count - 1;
}

/* What was under way when the time was over is lost; what was due and never began is unsent. */
static void give_up(struct skeym_load_loop *loop)
{
    for (size_t i = 0; i < loop->peer_count; i++) {
        struct skeym_load_peer *peer = &loop->peers[i];
        if (peer->state != SKEYM_LOAD_IDLE) {
            unsigned count = peer->expected ? peer->expected : 1;
            for (; count > 0; count--) {
                skeym_load_step_record(loop, peer, peer->due_ns, SKEYM_LOAD_TIMEOUT);
            }
            (void)peer->lane->script->take(peer->lane->state, NULL, SKEYM_LOAD_TIMEOUT);
            skeym_load_peer_close(peer);
            peer->state = SKEYM_LOAD_IDLE;
        }
    }
    for (uint64_t due_ns = next_due(loop); loop->open && due_ns != UINT64_MAX;
         due_ns = next_due(loop)) {
        skeym_load_step_record(loop, NULL, due_ns, SKEYM_LOAD_UNSENT);
        skeym_load_pace_step(&loop->pace);
    }
}

static bool is_over(struct skeym_load_loop *loop)
{
    if (atomic_load_explicit(loop->stop, memory_order_relaxed) && loop->now_ns < loop->end_ns) {
        loop->end_ns = loop->now_ns;
    }
    bool exhausted = !loop->idle_first; /* all that rest have asked `each` */
    if (loop->busy == 0 && (exhausted || next_due(loop) == UINT64_MAX)) {
        return true;
    }
    return loop->now_ns >= loop->end_ns &&
           loop->now_ns - loop->end_ns >= loop->options->drain_ms * MS;
}

void skeym_load_loop_run(struct skeym_load_loop *loop)
{
    make_idle(loop);
    loop->now_ns = skeym_load_loop_clock();
    loop->last_ns = loop->warm_ns;
    loop->warm = false;
    while (!loop->error && !is_over(loop)) {
        if (!loop->warm && loop->now_ns >= loop->warm_ns) {
            begin_counting(loop);
        }
        start_due(loop);
        turn(loop);
    }
    if (!loop->warm) {
        begin_counting(loop);
    }
    struct skeym_load_result *result = loop->result;
    cpu_used(&result->user_ns, &result->sys_ns);
    result->user_ns -= loop->warm_user_ns;
    result->sys_ns -= loop->warm_sys_ns;
    result->spun_ns = loop->spun_ns - loop->warm_spun_ns;
    if (!loop->error) {
        give_up(loop);
    }
    result->elapsed_ns = loop->last_ns > loop->warm_ns ? loop->last_ns - loop->warm_ns : 0;
}
