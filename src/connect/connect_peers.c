/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect_peers.h"

#include <sys/socket.h>
#include <time.h>

/* How long a connection may be in a phase, in ms. */
static const uint64_t most_ms[SKEYM_CONNECT_PHASES] = {
    [SKEYM_CONNECT_IDLE] = 60000,
    [SKEYM_CONNECT_READING] = 30000,
    [SKEYM_CONNECT_WORKING] = UINT64_MAX,
    [SKEYM_CONNECT_SENDING] = 120000,
};

void skeym_connect_peers_init(struct skeym_connect_peers *peers, unsigned most)
{
    *peers = (struct skeym_connect_peers){.most = most};
    (void)pthread_mutex_init(&peers->lock, NULL); /* cannot fail on Linux */
}

bool skeym_connect_peers_room(struct skeym_connect_peers *peers)
{
    (void)pthread_mutex_lock(&peers->lock);
    bool room = peers->count < peers->most;
    (void)pthread_mutex_unlock(&peers->lock);
    return room;
}

void skeym_connect_peers_enter(struct skeym_connect_peers *peers, struct skeym_connect_peer *peer,
                               int fd, uint64_t now_ms)
{
    *peer = (struct skeym_connect_peer){.fd = fd, .since_ms = now_ms};
    (void)pthread_mutex_lock(&peers->lock);
    peer->next = peers->first;
    if (peers->first) {
        peers->first->before = peer;
    }
    peers->first = peer;
    peers->count++;
    (void)pthread_mutex_unlock(&peers->lock);
}

void skeym_connect_peers_leave(struct skeym_connect_peers *peers, struct skeym_connect_peer *peer)
{
    (void)pthread_mutex_lock(&peers->lock);
    if (peer->before) {
        peer->before->next = peer->next;
    } else {
        peers->first = peer->next;
    }
    if (peer->next) {
        peer->next->before = peer->before;
    }
    peers->count--;
    (void)pthread_mutex_unlock(&peers->lock);
}

void skeym_connect_peers_set(struct skeym_connect_peers *peers, struct skeym_connect_peer *peer,
                             enum skeym_connect_phase phase, uint64_t now_ms)
{
    (void)pthread_mutex_lock(&peers->lock);
    if (peer->phase != phase) {
        peer->phase = phase;
        peer->since_ms = now_ms;
        peer->ended = false;
    }
    (void)pthread_mutex_unlock(&peers->lock);
}

/* All that came has been read, and it was the last. Who has asked may wait for an answer with its
 * own half closed. */
static bool has_ended(const struct skeym_connect_peer *peer)
{
    char byte;
    return (peer->phase == SKEYM_CONNECT_IDLE || peer->phase == SKEYM_CONNECT_READING) &&
           recv(peer->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

unsigned skeym_connect_peers_cut(struct skeym_connect_peers *peers, uint64_t now_ms)
{
    unsigned count = 0;
    (void)pthread_mutex_lock(&peers->lock);
    for (struct skeym_connect_peer *peer = peers->first; peer; peer = peer->next) {
        /* a phase may have begun after the caller looked at the clock */
        bool late = now_ms > peer->since_ms && now_ms - peer->since_ms > most_ms[peer->phase];
        bool before = peer->ended;
        peer->ended = has_ended(peer);
        if (late || (before && peer->ended)) { /* at the first look, it may be about to be read */
            (void)shutdown(peer->fd, SHUT_RDWR);
            peer->since_ms = now_ms; /* once */
        }
        count += late ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&peers->lock);
    return count;
}

uint64_t skeym_connect_peers_now(void)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000 + (uint64_t)at.tv_nsec / 1000000;
}
