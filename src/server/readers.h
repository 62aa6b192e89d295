/* SPDX-License-Identifier: Apache-2.0 */
/* The store's readers, as many as there are threads: each is for one thread at a time. */
#ifndef SKEYM_SERVER_READERS_H
#define SKEYM_SERVER_READERS_H

#include "store/store.h"

struct skeym_readers; /* malloc'ed */

/* Errors: SKEYM_ERR_MEMORY, the store's. */
SKEYM_MUST_USE enum skeym_error skeym_readers_open(struct skeym_readers **out,
                                                   struct skeym_store *store, size_t count);
/* All must have been given back. NULL is fine. */
void skeym_readers_close(struct skeym_readers *readers);
/* NULL when all are out. */
struct skeym_store_reader *skeym_readers_take(struct skeym_readers *readers);
void skeym_readers_give(struct skeym_readers *readers, struct skeym_store_reader *reader);

#endif
