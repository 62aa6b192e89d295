/* SPDX-License-Identifier: Apache-2.0 */
#include "server/trail.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Rings, one behind the other in `at`. */
static const struct {
    size_t first, room;
} rings[] = {
    [SKEYM_LOG_STRANGERS] = {0, SKEYM_TRAIL_STRANGERS},
    [SKEYM_LOG_NAMED] = {SKEYM_TRAIL_STRANGERS, SKEYM_TRAIL_NAMED},
    [SKEYM_LOG_PROVEN] = {SKEYM_TRAIL_STRANGERS + SKEYM_TRAIL_NAMED, SKEYM_TRAIL_OWN},
};
enum { RINGS = sizeof rings / sizeof rings[0] };

struct skeym_trail {
    pthread_mutex_t lock;
    uint64_t series;
    uint64_t noted;       /* ever */
    uint64_t next[RINGS]; /* how many were put into each */
    struct skeym_incident at[SKEYM_TRAIL_ROOM];
};

enum skeym_error skeym_trail_open(struct skeym_trail **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out) {
        return SKEYM_ERR_MEMORY;
    }
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (*out)->series = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    (void)pthread_mutex_init(&(*out)->lock, NULL);
    return SKEYM_OK;
}

uint64_t skeym_trail_series(const struct skeym_trail *trail)
{
    return trail->series;
}

void skeym_trail_close(struct skeym_trail *trail)
{
    if (trail) {
        (void)pthread_mutex_destroy(&trail->lock);
        free(trail);
    }
}

void skeym_trail_note(void *arg, const struct skeym_log_line *line)
{
    struct skeym_trail *trail = arg;
    struct skeym_incident incident;
    size_t ring = line->room < SKEYM_LOG_ROOMS ? (size_t)line->room : SKEYM_LOG_PROVEN;
    if (!skeym_incident_of_line(&incident, line)) {
        return;
    }
    (void)pthread_mutex_lock(&trail->lock);
    incident.number = ++trail->noted;
    trail->at[rings[ring].first + trail->next[ring] % rings[ring].room] = incident;
    trail->next[ring]++;
    (void)pthread_mutex_unlock(&trail->lock);
}

size_t skeym_trail_copy(struct skeym_trail *trail, struct skeym_incident out[SKEYM_TRAIL_ROOM])
{
    size_t count = 0;
    (void)pthread_mutex_lock(&trail->lock);
    for (size_t ring = 0; ring < RINGS; ring++) {
        size_t held =
            trail->next[ring] < rings[ring].room ? (size_t)trail->next[ring] : rings[ring].room;
        memcpy(out + count, trail->at + rings[ring].first, held * sizeof *out);
        count += held;
    }
    (void)pthread_mutex_unlock(&trail->lock);
    return count;
}
