/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device's journal: readings are taken once they are on disk, and forgotten once the server has
 * acknowledged them. An append-only file of records, each
 *
 *     "SKJR" || kind u8 || size u32 || sequence u64 || first 8 bytes of SHA-256(kind .. sequence,
 *     payload) || payload
 *
 * kinds: 1 note (the first record: what run this is), 2 reading, 3 forgotten up to `sequence`, 4
 * the run's end. Sequences of readings count up by one. Numbers are big-endian.
 *
 * After a crash the last record may be torn: it was never taken, and it is cut off. The note in
 * front of it of what was forgotten may be lost too, for it is not synced: then that is sent again.
 * Damage anywhere else (a record that does not check, with a good one after it) is
 * SKEYM_ERR_DAMAGED, and the file is left as it is: no reading is ever dropped silently. A full
 * journal takes no more until readings were forgotten. The file holds patients' data in clear: it
 * is 0600 and refused otherwise.
 */
#ifndef SKEYM_NODE_JOURNAL_H
#define SKEYM_NODE_JOURNAL_H

#include <skeym/error.h>
#include <skeym/span.h>

#define SKEYM_JOURNAL_BYTES      ((size_t)64 * 1024 * 1024) /* default size of the file, at most */
#define SKEYM_JOURNAL_READING    ((size_t)4 * 1024 * 1024)  /* one reading, at most */
#define SKEYM_JOURNAL_NOTE       256u
#define SKEYM_JOURNAL_HEAD_BYTES 25u

struct skeym_journal; /* malloc'ed; one thread at a time */

/* What opening found. */
struct skeym_journal_report {
    bool resumed;     /* there was a run with readings or without an end; its note is in force */
    uint64_t waiting; /* readings */
    uint64_t cut;     /* bytes of a torn last record that were cut off; not resumed: of the first */
    uint64_t damaged_at; /* after SKEYM_ERR_DAMAGED: the byte where the first bad record begins */
};

/*
 * Opens or makes the journal at path (NULL: one in memory, which does not outlive the process) and
 * locks it. note: 1 to SKEYM_JOURNAL_NOTE bytes that begin a new run, when there is none to resume.
 * bytes_max: 0 is SKEYM_JOURNAL_BYTES. Errors: SKEYM_ERR_BUSY (another process has it),
 * SKEYM_ERR_MODE, SKEYM_ERR_NOT_FILE, SKEYM_ERR_SHAPE (no journal), SKEYM_ERR_DAMAGED,
 * SKEYM_ERR_SIZE (note, or the file is over bytes_max), SKEYM_ERR_PERMISSION, SKEYM_ERR_IO,
 * SKEYM_ERR_NO_SPACE, SKEYM_ERR_MEMORY.
 */
SKEYM_MUST_USE enum skeym_error skeym_journal_open(struct skeym_journal **out, const char *path,
                                                   struct skeym_span note, size_t bytes_max,
                                                   struct skeym_journal_report *report);
/* The note of the run in force; a view, valid until close. */
struct skeym_span skeym_journal_note(const struct skeym_journal *journal);
/* Sequence of the next reading: 0 in a new run. */
uint64_t skeym_journal_next(const struct skeym_journal *journal);
uint64_t skeym_journal_waiting(const struct skeym_journal *journal);
/* true after skeym_journal_end, also of an earlier process. */
bool skeym_journal_ended(const struct skeym_journal *journal);

/* Takes a reading: after SKEYM_OK it is durable. After an error it was not taken, and the journal
 * is as before. Errors: SKEYM_ERR_SPACE (full: forget some first), SKEYM_ERR_SIZE, SKEYM_ERR_STATE
 * (the run has ended, or the disk failed before), SKEYM_ERR_NO_SPACE, SKEYM_ERR_IO. */
SKEYM_MUST_USE enum skeym_error skeym_journal_take(struct skeym_journal *journal,
                                                   struct skeym_span reading);
/* The oldest reading that waits; a view, valid until the next call. Checked anew as it is read.
 * Errors: SKEYM_ERR_NOT_FOUND (none waits), SKEYM_ERR_DAMAGED, SKEYM_ERR_IO, SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error
skeym_journal_oldest(struct skeym_journal *journal, struct skeym_span *reading, uint64_t *sequence);
/* Forgets the oldest reading, whose sequence is given. It need not be durable at once: a reading
 * that comes back after a crash is sent again under the same identifier. Errors: SKEYM_ERR_STATE
 * (not the oldest), SKEYM_ERR_NO_SPACE, SKEYM_ERR_IO; it is forgotten here in any case. */
SKEYM_MUST_USE enum skeym_error skeym_journal_forget(struct skeym_journal *journal,
                                                     uint64_t sequence);
/* No more readings come. Durable. */
SKEYM_MUST_USE enum skeym_error skeym_journal_end(struct skeym_journal *journal);
/* NULL is fine. A journal whose run has ended and whose readings are all forgotten is emptied. */
void skeym_journal_close(struct skeym_journal *journal);

#endif
