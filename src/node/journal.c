/* SPDX-License-Identifier: Apache-2.0 */
#include "node/journal.h"
#include "node/journal_scan.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of what was forgotten, the file carries at most so much along, or as much as waits: a small disk
 * must not fill with it. */
#define CARRIED_MOST ((size_t)1024 * 1024)
/* On a full disk, so much of it is worth the price of a new file. */
#define BLOCK_BYTES 4096u

struct skeym_journal {
    int fd;
    char *path; /* NULL: in memory */
    size_t bytes_max;
    size_t size;         /* of the file */
    size_t carried_most; /* CARRIED_MOST, and more after a try to get rid of it that failed */
    size_t loose; /* where the last record begins if it is not synced: what was forgotten; or 0 */
    struct skeym_journal_scan state; /* what its records come to */
    uint8_t note[SKEYM_JOURNAL_NOTE];
    uint8_t *view; /* what skeym_journal_oldest gave */
    bool broken;   /* the disk failed: what is in the file is not known any more */
};

/* --- file -------------------------------------------------------------------- */

static enum skeym_error error_of(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return SKEYM_ERR_NO_SPACE;
    case EACCES:
    case EPERM:
        return SKEYM_ERR_PERMISSION;
    case ELOOP:
    case EISDIR:
    case ENXIO:
        return SKEYM_ERR_NOT_FILE;
    default:
        return SKEYM_ERR_IO;
    }
}

/* A name in a folder is durable once the folder is. */
static enum skeym_error sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!folder) {
        return SKEYM_ERR_MEMORY;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum skeym_error error = fd >= 0 && fsync(fd) == 0 ? SKEYM_OK : SKEYM_ERR_IO;
    if (fd >= 0) {
        (void)close(fd);
    }
    free(folder);
    return error;
}

static enum skeym_error check_file(struct skeym_journal *journal)
{
    struct stat status;
    if (fstat(journal->fd, &status) != 0) {
        return SKEYM_ERR_IO;
    }
    if (!S_ISREG(status.st_mode)) {
        return SKEYM_ERR_NOT_FILE;
    }
    if ((status.st_mode & 077) != 0 || status.st_uid != geteuid()) {
        return SKEYM_ERR_MODE;
    }
    if (status.st_nlink != 1) {
        return SKEYM_ERR_BUSY; /* its owner has just put another in its place */
    }
    if ((uint64_t)status.st_size > journal->bytes_max) {
        return SKEYM_ERR_SIZE;
    }
    journal->size = (size_t)status.st_size;
    return SKEYM_OK;
}

static enum skeym_error open_file(struct skeym_journal *journal, const char *path)
{
    if (!path) {
        journal->fd = memfd_create("skeym-journal", MFD_CLOEXEC);
        return journal->fd >= 0 ? SKEYM_OK : SKEYM_ERR_MEMORY;
    }
    journal->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (journal->fd < 0) {
        return error_of(errno);
    }
    enum skeym_error error = check_file(journal);
    if (error != SKEYM_OK) {
        return error;
    }
    if (flock(journal->fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? SKEYM_ERR_BUSY : SKEYM_ERR_IO;
    }
    error = check_file(journal); /* once more: its last owner may have written until now */
    return error == SKEYM_OK ? sync_folder(path) : error;
}

static enum skeym_error read_at(int fd, uint8_t *out, size_t size, size_t from)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = pread(fd, out + at, size - at, (off_t)(from + at));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return SKEYM_ERR_IO;
        }
        at += (size_t)got;
    }
    return SKEYM_OK;
}

static enum skeym_error write_at(int fd, const uint8_t *bytes, size_t size, size_t to)
{
    for (size_t at = 0; at < size;) {
        ssize_t put = pwrite(fd, bytes + at, size - at, (off_t)(to + at));
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return put == 0 ? SKEYM_ERR_IO : error_of(errno);
        }
        at += (size_t)put;
    }
    return SKEYM_OK;
}

static void free_journal(struct skeym_journal *journal)
{
    if (journal->fd >= 0) {
        (void)close(journal->fd);
    }
    skeym_journal_scan_free(&journal->state);
    free(journal->view);
    free(journal->path);
    free(journal);
}

/* Back to the last good size; if that fails too, nothing here can be trusted. */
static void cut_to(struct skeym_journal *journal, size_t size)
{
    if (ftruncate(journal->fd, (off_t)size) != 0) {
        journal->broken = true;
    }
    journal->size = size;
}

static enum skeym_error append(struct skeym_journal *journal, enum skeym_journal_kind kind,
                               uint64_t sequence, struct skeym_span payload, bool durable)
{
    if (journal->broken) {
        return SKEYM_ERR_STATE;
    }
    size_t size = SKEYM_JOURNAL_HEAD_BYTES + payload.size;
    uint8_t *record = malloc(size);
    if (!record) {
        return SKEYM_ERR_MEMORY;
    }
    skeym_journal_scan_write(record, kind, sequence, payload);
    enum skeym_error error = write_at(journal->fd, record, size, journal->size);
    free(record);
    if (error != SKEYM_OK) {
        cut_to(journal, journal->size);
        return error;
    }
    if (durable && fdatasync(journal->fd) != 0) {
        error = error_of(errno);
        cut_to(journal, journal->size);
        journal->broken = true; /* a second try would succeed without having written */
        return error;
    }
    journal->size += size;
    journal->loose = durable ? 0 : journal->loose;
    return SKEYM_OK;
}

/* --- life --------------------------------------------------------------------- */

static enum skeym_error scan_file(struct skeym_journal *journal,
                                  struct skeym_journal_report *report)
{
    uint8_t *bytes = journal->size ? malloc(journal->size) : NULL;
    enum skeym_error error = SKEYM_OK;
    if (journal->size == 0) {
        return SKEYM_OK;
    }
    if (!bytes) {
        return SKEYM_ERR_MEMORY;
    }
    error = read_at(journal->fd, bytes, journal->size, 0);
    if (error == SKEYM_OK) {
        error = skeym_journal_scan(&journal->state, skeym_span(bytes, journal->size));
    }
    if (error == SKEYM_ERR_DAMAGED) {
        report->damaged_at = journal->state.good;
    }
    if (error == SKEYM_OK && journal->state.good < journal->size) {
        report->cut = journal->size - journal->state.good;
        cut_to(journal, journal->state.good);
        error = journal->broken ? SKEYM_ERR_IO : SKEYM_OK;
    }
    if (error == SKEYM_OK) {
        memcpy(journal->note, bytes + SKEYM_JOURNAL_HEAD_BYTES, journal->state.note_size);
    }
    free(bytes);
    return error;
}

static enum skeym_error begin_run(struct skeym_journal *journal, struct skeym_span note)
{
    cut_to(journal, 0);
    skeym_journal_scan_free(&journal->state);
    memset(&journal->state, 0, sizeof journal->state);
    enum skeym_error error = append(journal, SKEYM_JOURNAL_KIND_NOTE, 0, note, true);
    if (error == SKEYM_OK) {
        memcpy(journal->note, note.data, note.size);
        journal->state.note_size = note.size;
    }
    return error;
}

enum skeym_error skeym_journal_open(struct skeym_journal **out, const char *path,
                                    struct skeym_span note, size_t bytes_max,
                                    struct skeym_journal_report *report)
{
    *out = NULL;
    memset(report, 0, sizeof *report);
    if (note.size < 1 || note.size > SKEYM_JOURNAL_NOTE) {
        return SKEYM_ERR_SIZE;
    }
    struct skeym_journal *journal = calloc(1, sizeof *journal);
    if (!journal) {
        return SKEYM_ERR_MEMORY;
    }
    journal->fd = -1;
    journal->bytes_max = bytes_max ? bytes_max : SKEYM_JOURNAL_BYTES;
    journal->carried_most = CARRIED_MOST;
    journal->path = path ? strdup(path) : NULL;
    enum skeym_error error = path && !journal->path ? SKEYM_ERR_MEMORY : open_file(journal, path);
    if (error == SKEYM_OK) {
        error = scan_file(journal, report);
    }
    /* What an earlier process wrote and did not live to sync counts from now on. */
    if (error == SKEYM_OK && journal->size > 0 && fdatasync(journal->fd) != 0) {
        error = error_of(errno);
    }
    if (error == SKEYM_OK) {
        report->waiting = skeym_journal_waiting(journal);
        report->resumed =
            journal->state.note_size > 0 && !(journal->state.ended && report->waiting == 0);
        error = report->resumed ? SKEYM_OK : begin_run(journal, note);
    }
    if (error != SKEYM_OK) {
        free_journal(journal);
        return error;
    }
    *out = journal;
    return SKEYM_OK;
}

void skeym_journal_close(struct skeym_journal *journal)
{
    if (!journal) {
        return;
    }
    if (journal->state.ended && skeym_journal_waiting(journal) == 0) {
        cut_to(journal, 0);
    }
    free_journal(journal);
}

struct skeym_span skeym_journal_note(const struct skeym_journal *journal)
{
    return skeym_span(journal->note, journal->state.note_size);
}

uint64_t skeym_journal_next(const struct skeym_journal *journal)
{
    return journal->state.next;
}

uint64_t skeym_journal_waiting(const struct skeym_journal *journal)
{
    return journal->state.next - journal->state.oldest;
}

bool skeym_journal_ended(const struct skeym_journal *journal)
{
    return journal->state.ended;
}

/* --- readings ------------------------------------------------------------------ */

/* A new file with the note, where sequences go on, and what waits. */
static enum skeym_error copy_waiting(struct skeym_journal *to, const struct skeym_journal *from,
                                     uint8_t *bytes)
{
    const struct skeym_journal_scan *old = &from->state;
    size_t count = (size_t)(old->next - old->oldest);
    enum skeym_error error =
        append(to, SKEYM_JOURNAL_KIND_NOTE, 0, skeym_journal_note(from), false);
    if (error == SKEYM_OK && old->oldest > 0) {
        error =
            append(to, SKEYM_JOURNAL_KIND_FORGOTTEN, old->oldest, (struct skeym_span){0}, false);
    }
    to->state.oldest = to->state.next = old->oldest;
    for (size_t i = 0; i < count && error == SKEYM_OK; i++) {
        struct skeym_journal_record record;
        size_t at = old->offset[old->head + i];
        error = skeym_journal_scan_read(&record, skeym_span(bytes + at, from->size - at));
        if (error != SKEYM_OK || record.sequence != old->oldest + i) {
            return SKEYM_ERR_DAMAGED;
        }
        error = skeym_journal_scan_push(&to->state, to->size, record.size);
        if (error == SKEYM_OK) {
            error = append(to, SKEYM_JOURNAL_KIND_READING, record.sequence, record.payload, false);
        }
    }
    if (error == SKEYM_OK && old->ended) {
        error = append(to, SKEYM_JOURNAL_KIND_END, old->next, (struct skeym_span){0}, false);
    }
    return error;
}

/* The new file is whole and on disk before it takes the old one's name, and locked before anybody
 * can find it. */
static enum skeym_error take_name(struct skeym_journal *journal, int fd, const char *name)
{
    if (!journal->path) {
        return SKEYM_OK;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fsync(fd) != 0 || rename(name, journal->path) != 0) {
        return error_of(errno);
    }
    return SKEYM_OK;
}

/* Goes on in the fresh file, whose name it is by now: the old one has none, and ends with us. */
static enum skeym_error take_over(struct skeym_journal *journal, struct skeym_journal *fresh)
{
    fresh->state.ended = journal->state.ended;
    fresh->state.note_size = journal->state.note_size;
    (void)close(journal->fd);
    skeym_journal_scan_free(&journal->state);
    journal->fd = fresh->fd;
    journal->size = fresh->size;
    journal->loose = 0; /* all of it was synced */
    journal->state = fresh->state;
    *fresh = (struct skeym_journal){.fd = -1};
    enum skeym_error error = journal->path ? sync_folder(journal->path) : SKEYM_OK;
    if (error != SKEYM_OK) { /* either file may come back after a crash: nothing more is taken */
        journal->broken = true;
    }
    return error;
}

/* Leaves out what was forgotten. */
static enum skeym_error compact(struct skeym_journal *journal)
{
    struct skeym_journal fresh = {.fd = -1, .bytes_max = journal->bytes_max};
    char *name = NULL;
    uint8_t *bytes = malloc(journal->size);
    enum skeym_error error = SKEYM_ERR_MEMORY;
    if (!bytes || (journal->path && asprintf(&name, "%s.new", journal->path) < 0)) {
        goto out;
    }
    if (name) {
        (void)unlink(name); /* of a process that was killed while it did this; we hold the lock */
        fresh.fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    } else {
        fresh.fd = memfd_create("skeym-journal", MFD_CLOEXEC);
    }
    if (fresh.fd < 0) {
        error = error_of(errno);
        goto out;
    }
    error = read_at(journal->fd, bytes, journal->size, 0);
    if (error == SKEYM_OK) {
        error = copy_waiting(&fresh, journal, bytes);
    }
    if (error == SKEYM_OK) {
        error = take_name(journal, fresh.fd, name);
    }
    if (error == SKEYM_OK) {
        error = take_over(journal, &fresh);
    } else if (name) {
        (void)unlink(name);
    }
out:
    if (fresh.fd >= 0) {
        (void)close(fresh.fd);
    }
    skeym_journal_scan_free(&fresh.state);
    free(bytes);
    free(name);
    return error;
}

static size_t forgotten_bytes(const struct skeym_journal *journal)
{
    return journal->size - journal->state.waiting_bytes;
}

/* Leaves out what was forgotten before it is much. Should that fail, the file is as good as before,
 * and it is not tried again at once. */
static enum skeym_error tidy(struct skeym_journal *journal)
{
    size_t forgotten = forgotten_bytes(journal);
    if (forgotten < journal->carried_most || forgotten < journal->state.waiting_bytes) {
        return SKEYM_OK;
    }
    bool done = compact(journal) == SKEYM_OK;
    journal->carried_most = done ? CARRIED_MOST : forgotten * 2;
    return journal->broken ? SKEYM_ERR_IO : SKEYM_OK;
}

/* Room for a record, and for forgetting all that wait. Making room is only worth its price when it
 * brings an eighth of the file. */
static enum skeym_error make_room(struct skeym_journal *journal, size_t size)
{
    size_t own = (size_t)(skeym_journal_waiting(journal) + 4) * SKEYM_JOURNAL_HEAD_BYTES;
    size_t most = journal->bytes_max > own ? journal->bytes_max - own : 0;
    if (size <= most && journal->size <= most - size) {
        return tidy(journal);
    }
    if (size > most || forgotten_bytes(journal) < journal->bytes_max / 8) {
        return SKEYM_ERR_SPACE;
    }
    enum skeym_error error = compact(journal);
    if (error != SKEYM_OK) {
        return error;
    }
    return journal->size <= most - size ? SKEYM_OK : SKEYM_ERR_SPACE;
}

/* A full disk may be full of what was forgotten here. */
static enum skeym_error append_reading(struct skeym_journal *journal, struct skeym_span reading)
{
    uint64_t sequence = journal->state.next;
    enum skeym_error error = append(journal, SKEYM_JOURNAL_KIND_READING, sequence, reading, true);
    if (error == SKEYM_ERR_NO_SPACE && !journal->broken &&
        forgotten_bytes(journal) >= BLOCK_BYTES && compact(journal) == SKEYM_OK) {
        error = append(journal, SKEYM_JOURNAL_KIND_READING, sequence, reading, true);
    }
    return error;
}

enum skeym_error skeym_journal_take(struct skeym_journal *journal, struct skeym_span reading)
{
    if (journal->state.ended || journal->broken) {
        return SKEYM_ERR_STATE;
    }
    if (reading.size < 1 || reading.size > SKEYM_JOURNAL_READING) {
        return SKEYM_ERR_SIZE;
    }
    enum skeym_error error = make_room(journal, SKEYM_JOURNAL_HEAD_BYTES + reading.size);
    if (error == SKEYM_OK) {
        error = append_reading(journal, reading);
    }
    if (error != SKEYM_OK) {
        return error;
    }
    size_t size = SKEYM_JOURNAL_HEAD_BYTES + reading.size;
    error = skeym_journal_scan_push(&journal->state, journal->size - size, size);
    if (error != SKEYM_OK) {
        cut_to(journal, journal->size - size);
    }
    return error;
}

static enum skeym_error read_record(const struct skeym_journal *journal, size_t at, uint8_t **bytes,
                                    struct skeym_journal_record *record)
{
    uint8_t head[SKEYM_JOURNAL_HEAD_BYTES];
    enum skeym_error error = read_at(journal->fd, head, sizeof head, at);
    if (error != SKEYM_OK) {
        return error;
    }
    struct skeym_reader reader = skeym_reader(skeym_span(head, sizeof head));
    (void)skeym_read_span(&reader, 5); /* the mark and the kind */
    uint32_t size = skeym_read_u32(&reader);
    if (size > SKEYM_JOURNAL_READING) {
        return SKEYM_ERR_DAMAGED;
    }
    *bytes = malloc(sizeof head + size);
    if (!*bytes) {
        return SKEYM_ERR_MEMORY;
    }
    error = read_at(journal->fd, *bytes, sizeof head + size, at);
    if (error == SKEYM_OK &&
        skeym_journal_scan_read(record, skeym_span(*bytes, sizeof head + size)) != SKEYM_OK) {
        error = SKEYM_ERR_DAMAGED;
    }
    return error;
}

enum skeym_error skeym_journal_oldest(struct skeym_journal *journal, struct skeym_span *reading,
                                      uint64_t *sequence)
{
    struct skeym_journal_record record;
    *reading = (struct skeym_span){0};
    *sequence = journal->state.oldest;
    if (skeym_journal_waiting(journal) == 0) {
        return SKEYM_ERR_NOT_FOUND;
    }
    free(journal->view);
    journal->view = NULL;
    size_t at = journal->state.offset[journal->state.head];
    enum skeym_error error = read_record(journal, at, &journal->view, &record);
    if (error == SKEYM_OK && record.sequence != *sequence) {
        error = SKEYM_ERR_DAMAGED;
    }
    if (error == SKEYM_OK) {
        *reading = record.payload;
    }
    return error;
}

/* In the place of the last such note, if that has not been synced: after a power cut one that was
 * lost in front of another would look like damage. */
static enum skeym_error note_forgotten(struct skeym_journal *journal, uint64_t sequence)
{
    journal->size = journal->loose > 0 ? journal->loose : journal->size;
    size_t at = journal->size;
    journal->loose = 0;
    enum skeym_error error =
        append(journal, SKEYM_JOURNAL_KIND_FORGOTTEN, sequence, (struct skeym_span){0}, false);
    journal->loose = error == SKEYM_OK ? at : 0;
    return error;
}

enum skeym_error skeym_journal_forget(struct skeym_journal *journal, uint64_t sequence)
{
    const struct skeym_journal_scan *state = &journal->state;
    if (skeym_journal_waiting(journal) == 0 || sequence != state->oldest) {
        return SKEYM_ERR_STATE;
    }
    uint8_t size[4];
    enum skeym_error error =
        read_at(journal->fd, size, sizeof size, state->offset[state->head] + 5);
    struct skeym_reader reader = skeym_reader(skeym_span(size, sizeof size));
    size_t bytes = SKEYM_JOURNAL_HEAD_BYTES + skeym_read_u32(&reader);
    bytes = bytes < state->waiting_bytes ? bytes : state->waiting_bytes;
    skeym_journal_scan_pop(&journal->state, bytes);
    if (error == SKEYM_OK) {
        error = note_forgotten(journal, sequence + 1);
    }
    return error;
}

enum skeym_error skeym_journal_end(struct skeym_journal *journal)
{
    if (journal->state.ended) {
        return SKEYM_OK;
    }
    enum skeym_error error =
        append(journal, SKEYM_JOURNAL_KIND_END, journal->state.next, (struct skeym_span){0}, true);
    journal->state.ended = error == SKEYM_OK;
    return error;
}
