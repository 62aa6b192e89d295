/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the load generator: one thread's loop and its connections. */
#ifndef SKEYM_LOAD_LOAD_LOOP_H
#define SKEYM_LOAD_LOAD_LOOP_H

#include "load/load.h"
#include "load/load_pace.h"
#include <stdatomic.h>

enum skeym_load_state {
    SKEYM_LOAD_IDLE,
    SKEYM_LOAD_ASKING,  /* a request is under way */
    SKEYM_LOAD_WAITING, /* the operation goes on at `until_ns` */
};

struct skeym_load_loop;

struct skeym_load_peer {
    struct skeym_load_peer *next;      /* in the queue of idle ones */
    int fd;                            /* -1: not connected */
    struct skeym_load_tls_socket *tls; /* NULL: plain, or not connected */
    const char *why;                   /* the connection failed, if known */
    unsigned life;                     /* another one with each connection */
    enum skeym_load_state state;
    unsigned kind;
    unsigned expected;   /* answers that are still to come */
    uint16_t repeated;   /* in this operation */
    size_t number, turn; /* its lane is number + turn * connections */
    uint64_t asked;      /* operations so far in this run */
    uint64_t due_ns;     /* of the operation under way */
    uint64_t until_ns;   /* WAITING: when to go on; ASKING: when the answer is late */
    uint64_t drip_ns;    /* when the next byte leaves */
    const struct skeym_load_lane *lane;
    uint8_t *out, *in;
    size_t out_size, out_at, in_size, in_room, need; /* need: see skeym_load_answer_read */
};

struct skeym_load_loop {
    const struct skeym_load_options *options;
    _Atomic bool *stop;
    struct skeym_load_peer *peers;
    size_t peer_count;
    size_t first, stride; /* which of all connections these are */
    int epoll;
    struct skeym_load_peer *idle_first, *idle_last;
    size_t busy;
    bool open;
    struct skeym_load_pace pace;
    uint64_t start_ns, warm_ns, end_ns; /* of this run, of the monotonic clock */
    uint64_t now_ns, sweep_ns, last_ns; /* last_ns: of the last answer that counts */
    uint64_t spun_ns;
    uint64_t warm_user_ns, warm_sys_ns, warm_spun_ns;
    bool warm;
    enum skeym_error error;
    int error_number;
    size_t record_room;
    struct skeym_load_result *result;
};

/* Connections (load_peer.c). */
SKEYM_MUST_USE bool skeym_load_peer_connect(struct skeym_load_loop *loop,
                                            struct skeym_load_peer *peer);
void skeym_load_peer_close(struct skeym_load_peer *peer);
/* Sends what is left of the request; false: the connection is gone. */
SKEYM_MUST_USE bool skeym_load_peer_push(struct skeym_load_peer *peer);
enum skeym_load_pull {
    SKEYM_LOAD_PULL_EMPTY, /* there was nothing */
    SKEYM_LOAD_PULL_ALL,   /* all that there was is read */
    SKEYM_LOAD_PULL_SOME,  /* there may be more */
    SKEYM_LOAD_PULL_END,
};
enum skeym_load_pull skeym_load_peer_pull(struct skeym_load_peer *peer);

/* One run, on the calling thread. */
void skeym_load_loop_run(struct skeym_load_loop *loop);
uint64_t skeym_load_loop_clock(void);

/* What came of operations (load_step.c). All may change peer's state. */
void skeym_load_step_start(struct skeym_load_loop *loop, struct skeym_load_peer *peer,
                           uint64_t due_ns);
void skeym_load_step_ask(struct skeym_load_loop *loop, struct skeym_load_peer *peer);
/* Answers that are whole in peer->in. */
void skeym_load_step_answers(struct skeym_load_loop *loop, struct skeym_load_peer *peer);
void skeym_load_step_lost(struct skeym_load_loop *loop, struct skeym_load_peer *peer,
                          enum skeym_load_outcome how);
/* An operation is over, or (peer NULL) never began. */
void skeym_load_step_record(struct skeym_load_loop *loop, const struct skeym_load_peer *peer,
                            uint64_t due_ns, enum skeym_load_outcome outcome);

#endif
