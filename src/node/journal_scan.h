/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a journal (node/journal.h), without the file: bytes in, what they come to out. */
#ifndef SKEYM_NODE_JOURNAL_SCAN_H
#define SKEYM_NODE_JOURNAL_SCAN_H

#include "node/journal.h"

enum skeym_journal_kind {
    SKEYM_JOURNAL_KIND_NOTE = 1,
    SKEYM_JOURNAL_KIND_READING,
    SKEYM_JOURNAL_KIND_FORGOTTEN,
    SKEYM_JOURNAL_KIND_END
};

/* Readings that wait are oldest .. next - 1; where their records begin stands in a queue. */
struct skeym_journal_scan {
    size_t note_size; /* 0: there is no note, so no run */
    size_t good;      /* bytes up to the end of the last good record */
    uint64_t oldest;
    uint64_t next;
    bool ended;
    size_t waiting_bytes; /* of their records */
    size_t *offset;       /* malloc'ed; those at head .. head + (next - oldest) - 1 */
    size_t head;
    size_t room;
};

/* One record, as it lies in the bytes. */
struct skeym_journal_record {
    uint8_t kind;
    uint64_t sequence;
    struct skeym_span payload;
    size_t size; /* with its head */
};

/* out: SKEYM_JOURNAL_HEAD_BYTES + payload.size bytes. */
void skeym_journal_scan_write(uint8_t *out, enum skeym_journal_kind kind, uint64_t sequence,
                              struct skeym_span payload);
/* The record that bytes begin with. Errors: SKEYM_ERR_TRUNCATED, SKEYM_ERR_SHAPE,
 * SKEYM_ERR_CHECKSUM. */
SKEYM_MUST_USE enum skeym_error skeym_journal_scan_read(struct skeym_journal_record *out,
                                                        struct skeym_span bytes);

/* A whole file. A bad record with no good one after it ends the journal (out->good); bad ones that
 * held no reading, as the number of the next one tells, are passed over. Errors (*out
 * is zero but for out->good, where it is bad): SKEYM_ERR_SHAPE (no journal at all),
 * SKEYM_ERR_DAMAGED, SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_journal_scan(struct skeym_journal_scan *out,
                                                   struct skeym_span bytes);
/* A reading was added whose record of `size` bytes begins at offset. Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_journal_scan_push(struct skeym_journal_scan *scan,
                                                        size_t offset, size_t size);
/* The oldest reading, of `size` bytes, is forgotten. */
void skeym_journal_scan_pop(struct skeym_journal_scan *scan, size_t size);
void skeym_journal_scan_free(struct skeym_journal_scan *scan);

#endif
