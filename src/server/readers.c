/* SPDX-License-Identifier: Apache-2.0 */
#include "server/readers.h"

#include <pthread.h>
#include <stdlib.h>

struct skeym_readers {
    pthread_mutex_t lock;
    size_t free;
    struct skeym_store_reader *at[];
};

enum skeym_error skeym_readers_open(struct skeym_readers **out, struct skeym_store *store,
                                    size_t count)
{
    struct skeym_readers *readers =
        calloc(1, sizeof *readers + count * sizeof(struct skeym_store_reader *));
    *out = NULL;
    if (!readers) {
        return SKEYM_ERR_MEMORY;
    }
    (void)pthread_mutex_init(&readers->lock, NULL);
    for (size_t i = 0; i < count; i++) {
        enum skeym_error error = skeym_store_reader_open(&readers->at[i], store);
        if (error) {
            skeym_readers_close(readers);
            return error;
        }
        readers->free++;
    }
    *out = readers;
    return SKEYM_OK;
}

void skeym_readers_close(struct skeym_readers *readers)
{
    if (!readers) {
        return;
    }
    for (size_t i = 0; i < readers->free; i++) {
        skeym_store_reader_close(readers->at[i]);
    }
    (void)pthread_mutex_destroy(&readers->lock);
    free(readers);
}

struct skeym_store_reader *skeym_readers_take(struct skeym_readers *readers)
{
    struct skeym_store_reader *reader = NULL;
    (void)pthread_mutex_lock(&readers->lock);
    if (readers->free) {
        reader = readers->at[--readers->free];
    }
    (void)pthread_mutex_unlock(&readers->lock);
    return reader;
}

void skeym_readers_give(struct skeym_readers *readers, struct skeym_store_reader *reader)
{
    (void)pthread_mutex_lock(&readers->lock);
    readers->at[readers->free++] = reader;
    (void)pthread_mutex_unlock(&readers->lock);
}
