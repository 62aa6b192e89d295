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
enum blast_sent {
    BLAST_SENT,  /* all, or all but a rest that is kept */
    BLAST_STUCK, /* nothing: the rest of before has not left */
    BLAST_GONE,  /* the connection is no more */
};
enum blast_sent blast_link_send(struct blast_link *link, struct skeym_span data, uint64_t now_ns,
                                struct blast_figures *figures);
/* Takes all that came. */
void blast_link_take(struct blast_link *link, struct blast_figures *figures);

#endif
