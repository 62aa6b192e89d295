/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the flooder: it sends without waiting, and its answers are counted, not read.
 */
#ifndef SKEYM_FLOOD_BLAST_LINK_H
#define SKEYM_FLOOD_BLAST_LINK_H

#include <netinet/in.h>
#include <skeym/span.h>
#include <stdbool.h>

enum { STATUS_CLASSES = 6, TAIL_BYTES = 11 };

struct blast_figures {
    uint64_t bytes;                    /* that left, in connections that were made */
    uint64_t knocked;                  /* requests whose connection the other side did not take */
    uint64_t connects, resets, closed; /* made, ended by us, ended by the server */
    uint64_t status[STATUS_CLASSES];   /* answers by the first digit; of others: 0 */
};

struct blast_link {
    int fd;     /* -1: none */
    bool used;  /* something left */
    bool stuck; /* did not take all */
    uint64_t stuck_ns;
    uint8_t *rest; /* malloc'ed: what did not leave yet */
    size_t rest_at, rest_size, rest_room;
    uint8_t tail[TAIL_BYTES]; /* of what came, where a status line may begin */
    size_t tail_size;
};

/* source: host's byte order, 0 for any. for_one: request. false: errno. Events come to epoll, with
 * the link. */
bool blast_link_open(struct blast_link *link, int epoll, const struct sockaddr_in *to,
                     uint32_t source, bool for_one, struct blast_figures *figures);
/* By a reset, so that nothing of it is left on our side. */
void blast_link_close(struct blast_link *link);
/* What is left of before, then data if nothing is; what does not leave is kept. false: the
 * connection is no more. */
bool blast_link_send(struct blast_link *link, struct skeym_span data, uint64_t now_ns,
                     struct blast_figures *figures);
/* Takes all that came. ends: the server has closed, or it broke, so that there is an end to find.
 */
void blast_link_take(struct blast_link *link, bool ends, struct blast_figures *figures);

#endif
