/* SPDX-License-Identifier: Apache-2.0 */
#include "server/deadline.h"

#include <poll.h>
#include <sys/ioctl.h>

void skeym_deadline_init(struct skeym_deadlines *list)
{
    (void)pthread_mutex_init(&list->lock, NULL);
    list->first = NULL;
    list->count = 0;
}

void skeym_deadline_add(struct skeym_deadlines *list, struct skeym_deadline *entry)
{
    (void)pthread_mutex_lock(&list->lock);
    entry->previous = NULL;
    entry->next = list->first;
    if (list->first) {
        list->first->previous = entry;
    }
    list->first = entry;
    list->count++;
    (void)pthread_mutex_unlock(&list->lock);
}

void skeym_deadline_remove(struct skeym_deadlines *list, struct skeym_deadline *entry)
{
    (void)pthread_mutex_lock(&list->lock);
    if (entry->previous) {
        entry->previous->next = entry->next;
    } else {
        list->first = entry->next;
    }
    if (entry->next) {
        entry->next->previous = entry->previous;
    }
    list->count--;
    (void)pthread_mutex_unlock(&list->lock);
}

void skeym_deadline_set(struct skeym_deadline *entry, enum skeym_deadline_phase phase,
                        uint64_t now_ms, uint64_t at_ms)
{
    atomic_store_explicit(&entry->since_ms, now_ms, memory_order_relaxed);
    atomic_store_explicit(&entry->phase, (int)phase, memory_order_release);
    atomic_store_explicit(&entry->at_ms, at_ms, memory_order_relaxed);
    atomic_store_explicit(&entry->gone, false, memory_order_relaxed);
}

/* The peer has closed, and all that it sent was read. */
static bool has_ended(int fd)
{
    struct pollfd end = {fd, POLLRDHUP, 0};
    int unread = 0;
    return poll(&end, 1, 0) == 1 && ioctl(fd, FIONREAD, &unread) == 0 && unread == 0;
}

/* Twice in one phase: between the last byte of a request and its phase's end it looks so, too. */
static bool is_gone(struct skeym_deadline *entry)
{
    if (atomic_load_explicit(&entry->phase, memory_order_relaxed) != SKEYM_DEADLINE_READING ||
        !has_ended(entry->fd)) {
        return false;
    }
    return atomic_exchange_explicit(&entry->gone, true, memory_order_relaxed);
}

struct skeym_deadline_cuts skeym_deadline_cut(struct skeym_deadlines *list, uint64_t now_ms)
{
    struct skeym_deadline_cuts cuts = {0};
    /* under the lock no descriptor is closed, so none can be another connection's by now */
    (void)pthread_mutex_lock(&list->lock);
    for (struct skeym_deadline *entry = list->first; entry; entry = entry->next) {
        bool late = atomic_load_explicit(&entry->at_ms, memory_order_relaxed) <= now_ms;
        if (late || is_gone(entry)) {
            (void)shutdown(entry->fd, SHUT_RDWR);
            skeym_deadline_set(entry, SKEYM_DEADLINE_SENDING, now_ms, SKEYM_DEADLINE_NONE);
            cuts.late += late;
            cuts.gone += !late;
        }
    }
    (void)pthread_mutex_unlock(&list->lock);
    return cuts;
}

size_t skeym_deadline_count(struct skeym_deadlines *list)
{
    (void)pthread_mutex_lock(&list->lock);
    size_t count = list->count;
    (void)pthread_mutex_unlock(&list->lock);
    return count;
}

uint64_t skeym_deadline_oldest(struct skeym_deadlines *list, uint64_t now_ms)
{
    uint64_t most = 0;
    (void)pthread_mutex_lock(&list->lock);
    for (const struct skeym_deadline *entry = list->first; entry; entry = entry->next) {
        int phase = atomic_load_explicit(&entry->phase, memory_order_acquire);
        uint64_t since_ms = atomic_load_explicit(&entry->since_ms, memory_order_relaxed);
        if (phase == SKEYM_DEADLINE_WORKING && now_ms > since_ms && now_ms - since_ms > most) {
            most = now_ms - since_ms;
        }
    }
    (void)pthread_mutex_unlock(&list->lock);
    return most;
}
