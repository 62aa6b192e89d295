/* SPDX-License-Identifier: Apache-2.0 */
#include "server/coming.h"

#include <stdlib.h>

enum skeym_error skeym_coming_open(struct skeym_coming *coming, size_t room)
{
    *coming = (struct skeym_coming){.room = room, .at = calloc(room, sizeof *coming->at)};
    return coming->at ? SKEYM_OK : SKEYM_ERR_MEMORY;
}

void skeym_coming_close(struct skeym_coming *coming)
{
    free(coming->at);
    *coming = (struct skeym_coming){0};
}

static bool has(const struct skeym_coming *coming, int fd)
{
    return fd >= 0 && (size_t)fd < coming->room;
}

void skeym_coming_begin(struct skeym_coming *coming, int fd)
{
    if (has(coming, fd) && atomic_exchange(&coming->at[fd], 1) == 0) {
        atomic_fetch_add(&coming->count, 1);
    }
}

void skeym_coming_end(struct skeym_coming *coming, int fd)
{
    if (has(coming, fd) && atomic_exchange(&coming->at[fd], 0) == 1) {
        atomic_fetch_sub(&coming->count, 1);
    }
}

bool skeym_coming_turn(struct skeym_coming *coming, int fd, uint64_t now_ms)
{
    for (size_t i = 0; i < SKEYM_COMING_FEW; i++) {
        int other = coming->few[i].fd;
        bool coming_still = has(coming, other) && atomic_load(&coming->at[other]) == 1;
        if (!coming_still || now_ms - coming->few[i].since_ms >= SKEYM_COMING_LOST_MS) {
            coming->few[i].fd = fd;
            coming->few[i].since_ms = now_ms;
            return true;
        }
    }
    return false;
}

size_t skeym_coming_count(const struct skeym_coming *coming)
{
    return atomic_load(&coming->count);
}
