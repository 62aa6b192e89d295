/* SPDX-License-Identifier: Apache-2.0 */
#include "server/deadline.h"

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

void skeym_deadline_set(struct skeym_deadline *entry, uint64_t at_ms)
{
    atomic_store_explicit(&entry->at_ms, at_ms, memory_order_relaxed);
}

size_t skeym_deadline_cut(struct skeym_deadlines *list, uint64_t now_ms)
{
    size_t cut = 0;
    /* under the lock no descriptor is closed, so none can be another connection's by now */
    (void)pthread_mutex_lock(&list->lock);
    for (struct skeym_deadline *entry = list->first; entry; entry = entry->next) {
        if (atomic_load_explicit(&entry->at_ms, memory_order_relaxed) <= now_ms) {
            (void)shutdown(entry->fd, SHUT_RDWR);
            skeym_deadline_set(entry, SKEYM_DEADLINE_NONE);
            cut++;
        }
    }
    (void)pthread_mutex_unlock(&list->lock);
    return cut;
}

size_t skeym_deadline_count(struct skeym_deadlines *list)
{
    (void)pthread_mutex_lock(&list->lock);
    size_t count = list->count;
    (void)pthread_mutex_unlock(&list->lock);
    return count;
}
