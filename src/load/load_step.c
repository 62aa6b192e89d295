/* SPDX-License-Identifier: Apache-2.0 */
/* One operation's steps: ask, judge what came, ask again or be over. */
#include "load/load_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)

/* --- what is kept of an operation ---------------------------------------------------- */

static void keep_record(struct skeym_load_loop *loop, const struct skeym_load_record *record)
{
    struct skeym_load_result *result = loop->result;
    if (result->record_count == loop->record_room) {
        size_t room = loop->record_room ? loop->record_room * 2 : 1024;
        struct skeym_load_record *records =
            realloc(result->records, room * sizeof result->records[0]);
        if (!records) {
            loop->error = SKEYM_ERR_MEMORY;
            return;
        }
        result->records = records;
        loop->record_room = room;
    }
    result->records[result->record_count++] = *record;
}

void skeym_load_step_record(struct skeym_load_loop *loop, const struct skeym_load_peer *peer,
                            uint64_t due_ns, enum skeym_load_outcome outcome)
{
    struct skeym_load_result *result = loop->result;
    unsigned kind = peer ? peer->kind : 0;
    uint64_t latency_ns = loop->now_ns > due_ns ? loop->now_ns - due_ns : 0;
    if (outcome != SKEYM_LOAD_OK && loop->options->hasty) {
        loop->end_ns = 0;
    }
    if (due_ns < loop->warm_ns) {
        return;
    }
    loop->last_ns = loop->now_ns;
    result->due++;
    result->kinds[kind].outcomes[outcome]++;
    if (outcome == SKEYM_LOAD_OK) {
        skeym_histogram_add(&result->kinds[kind].latency, latency_ns);
    }
    if (loop->options->trace) {
        const struct skeym_load_record record = {
            .due_ns = due_ns - loop->start_ns,
            .latency_ns = latency_ns,
            .kind = (uint8_t)kind,
            .outcome = (uint8_t)outcome,
            .repeated = peer ? peer->repeated : 0,
        };
        keep_record(loop, &record);
    }
}

static void note(struct skeym_load_loop *loop, const struct skeym_load_verdict *verdict,
                 const struct skeym_load_answer *answer)
{
    char *why = loop->result->why;
    if (why[0] == '\0' && verdict->outcome != SKEYM_LOAD_OK) {
        struct skeym_span body = answer ? answer->body : (struct skeym_span){0};
        (void)snprintf(why, sizeof loop->result->why, "%s%s%s (status %d) %.*s",
                       skeym_load_outcome_word(verdict->outcome), verdict->why ? ": " : "",
                       verdict->why ? verdict->why : "", answer ? answer->status : 0,
                       body.size < 160 ? (int)body.size : 160, (const char *)body.data);
    }
}

/* --- asking ------------------------------------------------------------------------------ */

static void rest(struct skeym_load_loop *loop, struct skeym_load_peer *peer)
{
    peer->state = SKEYM_LOAD_IDLE;
    peer->next = NULL;
    loop->busy--;
    if (loop->idle_last) {
        loop->idle_last->next = peer;
    } else {
        loop->idle_first = peer;
    }
    loop->idle_last = peer;
}

static unsigned batch_of(const struct skeym_load_peer *peer)
{
    return peer->lane->script->batch > 1 ? peer->lane->script->batch : 1;
}

/* Drawn from the loop's schedule, as many as are due by now and fit. */
static unsigned due_now(struct skeym_load_loop *loop, const struct skeym_load_peer *peer)
{
    unsigned most = batch_of(peer);
    unsigned count = 1;
    while (loop->open && count < most &&
           loop->start_ns + skeym_load_pace_due(&loop->pace) <= loop->now_ns) {
        skeym_load_pace_step(&loop->pace);
        count++;
    }
    return loop->open ? count : most;
}

static bool write_requests(struct skeym_load_loop *loop, struct skeym_load_peer *peer,
                           unsigned count)
{
    size_t room = SKEYM_LOAD_REQUEST * (size_t)batch_of(peer);
    if (!peer->out) {
        peer->out = malloc(room);
    }
    struct skeym_writer writer = skeym_writer((struct skeym_room){peer->out, peer->out ? room : 0});
    enum skeym_error error = peer->out ? SKEYM_OK : SKEYM_ERR_MEMORY;
    for (unsigned i = 0; i < count && !error; i++) {
        error = peer->lane->script->ask(peer->lane->state, &writer, &peer->kind);
    }
    if (!error) {
        error = skeym_writer_end(&writer);
    }
    loop->error = error ? error : loop->error;
    peer->out_size = skeym_written(&writer).size;
    return !error;
}

static size_t head_size(const struct skeym_load_peer *peer)
{
    const uint8_t *end = memmem(peer->out, peer->out_size, "\r\n\r\n", 4);
    return end ? (size_t)(end - peer->out) + 4 : peer->out_size;
}

void skeym_load_step_ask(struct skeym_load_loop *loop, struct skeym_load_peer *peer)
{
    const struct skeym_load_script *script = peer->lane->script;
    peer->state = SKEYM_LOAD_ASKING;
    peer->out_at = 0;
    peer->expected = due_now(loop, peer);
    peer->until_ns = script->drip_ms ? UINT64_MAX : loop->now_ns + loop->options->answer_ms * MS;
    if (!write_requests(loop, peer, peer->expected)) {
        return; /* the run ends */
    }
    if (peer->fd < 0) {
        loop->result->connects++;
        if (!skeym_load_peer_connect(loop, peer)) {
            skeym_load_step_lost(loop, peer, SKEYM_LOAD_UNSENT);
            return;
        }
    }
    peer->drip_ns = loop->now_ns;
    if (script->drip_ms && !script->drip_body) {
        return; /* the sweep sends it */
    }
    size_t size = peer->out_size;
    if (script->drip_body) {
        peer->out_size = head_size(peer);
    }
    bool good = skeym_load_peer_push(peer);
    peer->out_size = size;
    if (!good) {
        skeym_load_step_lost(loop, peer, SKEYM_LOAD_LOST);
    }
}

void skeym_load_step_start(struct skeym_load_loop *loop, struct skeym_load_peer *peer,
                           uint64_t due_ns)
{
    const struct skeym_load_options *options = loop->options;
    size_t at = peer->number + peer->turn * options->connections;
    if (at >= options->lane_count) {
        peer->turn = 0;
        at = peer->number;
    }
    peer->turn++;
    peer->lane = &options->lanes[at];
    peer->due_ns = due_ns;
    peer->repeated = 0;
    peer->asked++;
    loop->busy++;
    skeym_load_step_ask(loop, peer);
}

/* --- judging ------------------------------------------------------------------------------- */

static void over(struct skeym_load_loop *loop, struct skeym_load_peer *peer,
                 enum skeym_load_outcome outcome)
{
    skeym_load_step_record(loop, peer, peer->due_ns, outcome);
    peer->expected -= peer->expected > 0;
    if (peer->expected == 0) {
        if (loop->options->reconnect) {
            skeym_load_peer_close(peer);
        }
        rest(loop, peer);
    }
}

static void again(struct skeym_load_loop *loop, struct skeym_load_peer *peer,
                  const struct skeym_load_verdict *verdict)
{
    uint64_t at_ns = loop->now_ns + verdict->wait_ms * MS;
    if (at_ns > peer->due_ns + loop->options->patience_ms * MS) {
        note(loop, verdict, NULL);
        over(loop, peer, verdict->outcome);
        return;
    }
    peer->repeated = (uint16_t)(peer->repeated + (peer->repeated < UINT16_MAX));
    loop->result->repeated++;
    peer->expected = 0;
    peer->state = SKEYM_LOAD_WAITING;
    peer->until_ns = at_ns;
}

static void follow(struct skeym_load_loop *loop, struct skeym_load_peer *peer,
                   const struct skeym_load_verdict *verdict)
{
    switch (verdict->step) {
    case SKEYM_LOAD_DONE:
        over(loop, peer, verdict->outcome);
        break;
    case SKEYM_LOAD_MORE:
        skeym_load_step_ask(loop, peer);
        break;
    case SKEYM_LOAD_AGAIN:
        again(loop, peer, verdict);
        break;
    }
}

/* Whatever is left of a batch is lost with it. */
void skeym_load_step_lost(struct skeym_load_loop *loop, struct skeym_load_peer *peer,
                          enum skeym_load_outcome how)
{
    skeym_load_peer_close(peer);
    how = how == SKEYM_LOAD_LOST && peer->out_at == 0 ? SKEYM_LOAD_UNSENT : how;
    while (peer->expected > 1) {
        skeym_load_step_record(loop, peer, peer->due_ns, how);
        peer->expected--;
    }
    struct skeym_load_verdict verdict = peer->lane->script->take(peer->lane->state, NULL, how);
    verdict.why = verdict.why ? verdict.why : peer->why;
    if (verdict.step == SKEYM_LOAD_DONE) {
        note(loop, &verdict, NULL);
    }
    follow(loop, peer, &verdict);
}

static void drop_front(struct skeym_load_peer *peer, size_t size)
{
    peer->in_size -= size;
    peer->need = 0;
    if (peer->in_size) {
        memmove(peer->in, peer->in + size, peer->in_size);
    }
}

/* The verdict is found before the bytes go that the answer points to, and followed after. */
static void take_one(struct skeym_load_loop *loop, struct skeym_load_peer *peer,
                     const struct skeym_load_answer *answer)
{
    const struct skeym_load_verdict verdict =
        peer->lane->script->take(peer->lane->state, answer, SKEYM_LOAD_OK);
    loop->result->answers += peer->due_ns >= loop->warm_ns;
    if (verdict.step == SKEYM_LOAD_DONE) {
        note(loop, &verdict, answer);
    }
    if (answer->closes || peer->out_at < peer->out_size) {
        skeym_load_peer_close(peer); /* it will not read the rest of what we send */
        for (; peer->expected > 1; peer->expected--) {
            skeym_load_step_record(loop, peer, peer->due_ns, SKEYM_LOAD_LOST);
        }
    } else {
        drop_front(peer, answer->size);
    }
    follow(loop, peer, &verdict);
}

void skeym_load_step_answers(struct skeym_load_loop *loop, struct skeym_load_peer *peer)
{
    struct skeym_load_answer answer;
    while (peer->state == SKEYM_LOAD_ASKING && peer->in_size > 0 && peer->in_size >= peer->need &&
           !loop->error) {
        enum skeym_error error =
            skeym_load_answer_read(&answer, &peer->need, skeym_span(peer->in, peer->in_size));
        if (error == SKEYM_ERR_TRUNCATED) {
            return;
        }
        if (error) {
            (void)snprintf(loop->result->why, sizeof loop->result->why, "not an HTTP answer");
            skeym_load_step_lost(loop, peer, SKEYM_LOAD_UNOPENED);
            return;
        }
        take_one(loop, peer, &answer);
    }
    if (peer->state != SKEYM_LOAD_ASKING && peer->in_size > 0) {
        skeym_load_peer_close(peer); /* bytes that nobody asked for */
    }
}
