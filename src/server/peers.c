/* SPDX-License-Identifier: Apache-2.0 */
#include "server/peers.h"

#include "crypto/crypto.h"
#include <pthread.h>
#include <stdlib.h>

struct skeym_peer {
    struct skeym_peer *next;
    struct skeym_source host;
    uint64_t count;
};

struct skeym_peers {
    pthread_mutex_t lock;
    uint64_t most;
    uint64_t key[2]; /* strangers must not choose where they are put */
    size_t size;
    struct skeym_peer *first[];
};

enum skeym_error skeym_peers_open(struct skeym_peers **out, uint64_t connections, uint64_t most)
{
    struct skeym_peers *peers =
        calloc(1, sizeof *peers + connections * sizeof(struct skeym_peer *));
    *out = NULL;
    if (!peers) {
        return SKEYM_ERR_MEMORY;
    }
    peers->size = connections;
    peers->most = most;
    enum skeym_error error = skeym_crypto_random(peers->key, sizeof peers->key);
    if (!error && pthread_mutex_init(&peers->lock, NULL) != 0) {
        error = SKEYM_ERR_MEMORY;
    }
    if (error) {
        free(peers);
        return error;
    }
    *out = peers;
    return SKEYM_OK;
}

void skeym_peers_close(struct skeym_peers *peers)
{
    if (peers) {
        (void)pthread_mutex_destroy(&peers->lock);
        free(peers);
    }
}

/* Where the host is, or where it would be put: *result is NULL then. */
static struct skeym_peer **find(struct skeym_peers *peers, const struct skeym_source *host)
{
    struct skeym_peer **at = &peers->first[skeym_source_hash(host, peers->key) % peers->size];
    while (*at && !skeym_source_equal(&(*at)->host, host)) {
        at = &(*at)->next;
    }
    return at;
}

bool skeym_peers_room(struct skeym_peers *peers, const struct sockaddr *address)
{
    struct skeym_source host = skeym_source_host(address);
    (void)pthread_mutex_lock(&peers->lock);
    const struct skeym_peer *peer = *find(peers, &host);
    bool room = !peer || peer->count < peers->most;
    (void)pthread_mutex_unlock(&peers->lock);
    return room;
}

struct skeym_peer *skeym_peers_enter(struct skeym_peers *peers, const struct sockaddr *address)
{
    struct skeym_source host = skeym_source_host(address);
    (void)pthread_mutex_lock(&peers->lock);
    struct skeym_peer **at = find(peers, &host);
    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (*at) {
            (*at)->host = host;
        }
    }
    struct skeym_peer *peer = *at && (*at)->count < peers->most ? *at : NULL;
    if (peer) {
        peer->count++;
    }
    (void)pthread_mutex_unlock(&peers->lock);
    return peer;
}

void skeym_peers_leave(struct skeym_peers *peers, struct skeym_peer *peer)
{
    (void)pthread_mutex_lock(&peers->lock);
    peer->count--;
    if (peer->count == 0) {
        *find(peers, &peer->host) = peer->next;
        free(peer);
    }
    (void)pthread_mutex_unlock(&peers->lock);
}
