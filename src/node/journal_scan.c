/* SPDX-License-Identifier: Apache-2.0 */
#include "node/journal_scan.h"
#include "crypto/crypto.h"
#include <stdlib.h>
#include <string.h>

#define MARK        "SKJR"
#define MARK_BYTES  4u
#define CHECK_BYTES 8u
#define HEAD_BYTES  SKEYM_JOURNAL_HEAD_BYTES

static void make_check(uint8_t out[SKEYM_SHA256_BYTES], struct skeym_span head,
                       struct skeym_span payload)
{
    struct skeym_span parts[] = {head, payload};
    skeym_crypto_sha256(out, parts, 2);
}

void skeym_journal_scan_write(uint8_t *out, enum skeym_journal_kind kind, uint64_t sequence,
                              struct skeym_span payload)
{
    uint8_t check[SKEYM_SHA256_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, HEAD_BYTES});
    skeym_write_text(&writer, MARK);
    skeym_write_u8(&writer, (uint8_t)kind);
    skeym_write_u32(&writer, (uint32_t)payload.size);
    skeym_write_u64(&writer, sequence);
    make_check(check, skeym_span_part(skeym_written(&writer), MARK_BYTES, HEAD_BYTES), payload);
    skeym_write_span(&writer, skeym_span(check, CHECK_BYTES));
    if (payload.size > 0) {
        memcpy(out + HEAD_BYTES, payload.data, payload.size);
    }
}

enum skeym_error skeym_journal_scan_read(struct skeym_journal_record *out, struct skeym_span bytes)
{
    uint8_t check[SKEYM_SHA256_BYTES];
    struct skeym_reader reader = skeym_reader(bytes);
    memset(out, 0, sizeof *out);
    struct skeym_span mark = skeym_read_span(&reader, MARK_BYTES);
    struct skeym_span head = skeym_span(reader.at, HEAD_BYTES - MARK_BYTES - CHECK_BYTES);
    uint8_t kind = skeym_read_u8(&reader);
    uint32_t size = skeym_read_u32(&reader);
    uint64_t sequence = skeym_read_u64(&reader);
    struct skeym_span found = skeym_read_span(&reader, CHECK_BYTES);
    struct skeym_span payload = skeym_read_span(&reader, size);
    if (reader.bad) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (!skeym_span_is(mark, MARK) || kind < SKEYM_JOURNAL_KIND_NOTE ||
        kind > SKEYM_JOURNAL_KIND_END) {
        return SKEYM_ERR_SHAPE;
    }
    make_check(check, head, payload);
    if (!skeym_span_equal(found, skeym_span(check, CHECK_BYTES))) {
        return SKEYM_ERR_CHECKSUM;
    }
    *out = (struct skeym_journal_record){kind, sequence, payload, HEAD_BYTES + payload.size};
    return SKEYM_OK;
}

/* Where the next good record begins, from `at` on; bytes.size when there is none. */
static size_t find_record(struct skeym_journal_record *out, struct skeym_span bytes, size_t at)
{
    while (at < bytes.size) {
        const uint8_t *mark = memmem(bytes.data + at, bytes.size - at, MARK, MARK_BYTES);
        if (!mark) {
            break;
        }
        at = (size_t)(mark - bytes.data);
        if (skeym_journal_scan_read(out, skeym_span_part(bytes, at, bytes.size)) == SKEYM_OK) {
            return at;
        }
        at++;
    }
    return bytes.size;
}

/* What was forgotten is noted without waiting for the disk, so a power cut may lose such a note and
 * keep what was written behind it. The next reading's number tells that no reading was lost with
 * it. Returns where the next good record begins, 0 if nothing tells. */
static size_t find_gap_end(const struct skeym_journal_scan *scan, struct skeym_span rest)
{
    struct skeym_journal_record record = {0};
    size_t first = find_record(&record, rest, 1);
    size_t at = first;
    while (at < rest.size && record.kind == SKEYM_JOURNAL_KIND_FORGOTTEN) {
        at = find_record(&record, rest, at + record.size);
    }
    bool numbered =
        record.kind == SKEYM_JOURNAL_KIND_READING || record.kind == SKEYM_JOURNAL_KIND_END;
    return at < rest.size && numbered && record.sequence == scan->next ? first : 0;
}

static bool is_zero(struct skeym_span bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != 0) {
            return false;
        }
    }
    return true;
}

/* A bad record at the end is torn if it can be the one record that was being written: the note,
 * when nothing stands before it. What is longer held readings. Zeros are what a crash leaves of a
 * file that was growing. */
static bool is_torn(struct skeym_span rest, bool first)
{
    struct skeym_journal_record record;
    size_t most = HEAD_BYTES + (first ? SKEYM_JOURNAL_NOTE : SKEYM_JOURNAL_READING);
    return (rest.size <= most || is_zero(rest)) && find_record(&record, rest, 0) == rest.size;
}

/* A file that is not empty and does not begin like a journal belongs to somebody else. */
static bool begins_like_one(struct skeym_span bytes)
{
    size_t size = bytes.size < MARK_BYTES ? bytes.size : MARK_BYTES;
    return is_zero(bytes) ||
           skeym_span_equal(skeym_span_part(bytes, 0, size), skeym_span(MARK, size));
}

enum skeym_error skeym_journal_scan_push(struct skeym_journal_scan *scan, size_t offset,
                                         size_t size)
{
    size_t count = (size_t)(scan->next - scan->oldest);
    if (scan->head > 0 && scan->head + count == scan->room) {
        memmove(scan->offset, scan->offset + scan->head, count * sizeof *scan->offset);
        scan->head = 0;
    }
    if (count == scan->room) {
        size_t room = scan->room ? scan->room * 2 : 64;
        size_t *grown = realloc(scan->offset, room * sizeof *grown);
        if (!grown) {
            return SKEYM_ERR_MEMORY;
        }
        scan->offset = grown;
        scan->room = room;
    }
    scan->offset[scan->head + count] = offset;
    scan->waiting_bytes += size;
    scan->next++;
    return SKEYM_OK;
}

void skeym_journal_scan_pop(struct skeym_journal_scan *scan, size_t size)
{
    scan->head++;
    scan->oldest++;
    scan->waiting_bytes -= size;
}

void skeym_journal_scan_free(struct skeym_journal_scan *scan)
{
    free(scan->offset);
    memset(scan, 0, sizeof *scan);
}

static enum skeym_error forget_until(struct skeym_journal_scan *scan, uint64_t sequence,
                                     struct skeym_span bytes)
{
    if (scan->next == 0) { /* sequences go on from an earlier file */
        scan->oldest = scan->next = sequence;
        return SKEYM_OK;
    }
    if (sequence > scan->next || sequence < scan->oldest) {
        return SKEYM_ERR_DAMAGED;
    }
    while (scan->oldest < sequence) {
        struct skeym_journal_record record;
        struct skeym_span rest = skeym_span_part(bytes, scan->offset[scan->head], bytes.size);
        if (skeym_journal_scan_read(&record, rest) != SKEYM_OK) {
            return SKEYM_ERR_DAMAGED;
        }
        skeym_journal_scan_pop(scan, record.size);
    }
    return SKEYM_OK;
}

/* The next record in its place: may it stand there, and what does it change? */
static enum skeym_error take_record(struct skeym_journal_scan *scan,
                                    const struct skeym_journal_record *record, size_t at,
                                    struct skeym_span bytes)
{
    bool first = at == 0;
    if (first != (record->kind == SKEYM_JOURNAL_KIND_NOTE)) {
        return first ? SKEYM_ERR_SHAPE : SKEYM_ERR_DAMAGED;
    }
    if (first) {
        scan->note_size = record->payload.size;
        return scan->note_size >= 1 && scan->note_size <= SKEYM_JOURNAL_NOTE ? SKEYM_OK
                                                                             : SKEYM_ERR_SHAPE;
    }
    if (record->kind == SKEYM_JOURNAL_KIND_READING) {
        return scan->ended || record->sequence != scan->next
                   ? SKEYM_ERR_DAMAGED
                   : skeym_journal_scan_push(scan, at, record->size);
    }
    if (record->kind == SKEYM_JOURNAL_KIND_FORGOTTEN) {
        return forget_until(scan, record->sequence, bytes);
    }
    scan->ended = true;
    return SKEYM_OK;
}

enum skeym_error skeym_journal_scan(struct skeym_journal_scan *out, struct skeym_span bytes)
{
    struct skeym_journal_record record;
    enum skeym_error error = SKEYM_OK;
    size_t at = 0;
    memset(out, 0, sizeof *out);
    if (!begins_like_one(bytes)) {
        return SKEYM_ERR_SHAPE;
    }
    while (at < bytes.size && error == SKEYM_OK) {
        struct skeym_span rest = skeym_span_part(bytes, at, bytes.size);
        if (skeym_journal_scan_read(&record, rest) == SKEYM_OK) {
            error = take_record(out, &record, at, bytes);
            at += error == SKEYM_OK ? record.size : 0;
            continue;
        }
        if (is_torn(rest, at == 0)) {
            break;
        }
        size_t gap = at > 0 ? find_gap_end(out, rest) : 0;
        at += gap;
        error = gap > 0 ? SKEYM_OK : SKEYM_ERR_DAMAGED;
    }
    if (error != SKEYM_OK) {
        skeym_journal_scan_free(out);
    }
    out->good = at;
    return error;
}
