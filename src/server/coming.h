/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that are accepted, and that the HTTP library's threads have not begun with: they have
 * their places already. A connection is known by its descriptor. */
#ifndef SKEYM_SERVER_COMING_H
#define SKEYM_SERVER_COMING_H

#include <skeym/error.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SKEYM_COMING_FEW = 64, SKEYM_COMING_LOST_MS = 1000 };

struct skeym_coming {
    size_t room;
    atomic_size_t count;
    atomic_uchar *at; /* by descriptor: 1 while it is coming */
    struct {
        int fd;
        uint64_t since_ms;
    } few[SKEYM_COMING_FEW]; /* the accepting thread's own */
};

/* For descriptors below room; others are not counted. Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_coming_open(struct skeym_coming *coming, size_t room);
/* Also of one that is all zero. */
void skeym_coming_close(struct skeym_coming *coming);
/* Has been accepted. The library may drop one without a word; that one's count ends when its
 * descriptor, which is free again, is given to the next. On the accepting thread. */
void skeym_coming_begin(struct skeym_coming *coming, int fd);
/* Is there, or will not come. On any thread; may be told twice. */
void skeym_coming_end(struct skeym_coming *coming, int fd);
/* Whether fd may begin as one of few: takes a turn of which there are SKEYM_COMING_FEW. One that
 * has begun gives its turn back, and one that the library may have dropped, after
 * SKEYM_COMING_LOST_MS. On the accepting thread. */
bool skeym_coming_turn(struct skeym_coming *coming, int fd, uint64_t now_ms);
size_t skeym_coming_count(const struct skeym_coming *coming);

#endif
