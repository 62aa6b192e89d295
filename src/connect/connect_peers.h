/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of a sidecar's clients: how many there are, and how long one may keep its place
 * without an exchange that goes on. Silence is not the measure: who sends a byte a second is cut
 * as well. Any number of threads.
 */
#ifndef SKEYM_CONNECT_CONNECT_PEERS_H
#define SKEYM_CONNECT_CONNECT_PEERS_H

#include <pthread.h>
#include <skeym/error.h>
#include <stdbool.h>
#include <stdint.h>

enum skeym_connect_phase {
    SKEYM_CONNECT_IDLE,    /* between two requests, or before the first */
    SKEYM_CONNECT_READING, /* a request comes in */
    SKEYM_CONNECT_WORKING, /* the server is asked: bounded elsewhere */
    SKEYM_CONNECT_SENDING, /* the answer goes out */
    SKEYM_CONNECT_PHASES
};

struct skeym_connect_peer {
    struct skeym_connect_peer *next, *before;
    int fd;
    enum skeym_connect_phase phase;
    uint64_t since_ms;
    bool ended; /* nothing more will come from it: so the last look found */
};

struct skeym_connect_peers {
    pthread_mutex_t lock; /* guards what follows */
    struct skeym_connect_peer *first;
    unsigned count, most;
};

void skeym_connect_peers_init(struct skeym_connect_peers *peers, unsigned most);
bool skeym_connect_peers_room(struct skeym_connect_peers *peers);
/* The entry is the caller's memory, until it leaves. */
void skeym_connect_peers_enter(struct skeym_connect_peers *peers, struct skeym_connect_peer *peer,
                               int fd, uint64_t now_ms);
void skeym_connect_peers_leave(struct skeym_connect_peers *peers, struct skeym_connect_peer *peer);
/* A phase begins, unless it is the one that there is. */
void skeym_connect_peers_set(struct skeym_connect_peers *peers, struct skeym_connect_peer *peer,
                             enum skeym_connect_phase phase, uint64_t now_ms);
/* Shuts down the sockets of those that have been in a phase for too long, and of those that ended
 * in the middle of a request: libmicrohttpd may not notice, when that came with the last bytes. Who
 * waits for them sees the end. Returns how many took too long. To be called each second. */
unsigned skeym_connect_peers_cut(struct skeym_connect_peers *peers, uint64_t now_ms);
/* ms of a clock that never jumps. */
uint64_t skeym_connect_peers_now(void);

#endif
