/* SPDX-License-Identifier: Apache-2.0 */
#include "server/readers.h"

#include "server/slot.h"
#include <stdlib.h>

struct skeym_readers {
    size_t count;
    struct {
        _Atomic(struct skeym_store_reader *) reader; /* NULL: taken */
        uint8_t apart[SKEYM_SLOT_BYTES];
    } at[];
};

enum skeym_error skeym_readers_open(struct skeym_readers **out, struct skeym_store *store,
                                    size_t count)
{
    struct skeym_readers *readers = calloc(1, sizeof *readers + count * sizeof readers->at[0]);
    *out = NULL;
    if (!readers) {
        return SKEYM_ERR_MEMORY;
    }
    while (readers->count < count) {
        struct skeym_store_reader *reader = NULL;
        enum skeym_error error = skeym_store_reader_open(&reader, store);
        if (error) {
            skeym_readers_close(readers);
            return error;
        }
        atomic_init(&readers->at[readers->count++].reader, reader);
    }
    *out = readers;
    return SKEYM_OK;
}

void skeym_readers_close(struct skeym_readers *readers)
{
    for (size_t i = 0; readers && i < readers->count; i++) {
        skeym_store_reader_close(atomic_load(&readers->at[i].reader));
    }
    free(readers);
}

/* The same one again, while nobody else took it. */
struct skeym_store_reader *skeym_readers_take(struct skeym_readers *readers)
{
    struct skeym_store_reader *reader = NULL;
    size_t first = skeym_slot();
    for (size_t i = 0; i < readers->count && !reader; i++) {
        reader = atomic_exchange(&readers->at[(first + i) % readers->count].reader, NULL);
    }
    return reader;
}

void skeym_readers_give(struct skeym_readers *readers, struct skeym_store_reader *reader)
{
    size_t first = skeym_slot();
    for (size_t i = 0; i < readers->count; i++) {
        struct skeym_store_reader *none = NULL;
        if (atomic_compare_exchange_strong(&readers->at[(first + i) % readers->count].reader, &none,
                                           reader)) {
            return;
        }
    }
}
