/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal's file: as it is, or as records (kind, sequence, part) that are written here with their
 * checks, and some bytes behind them.
 */
#include "fuzz.h"
#include "node/journal_scan.h"

static struct skeym_span build(struct skeym_reader *reader)
{
    const size_t room = 65536;
    uint8_t *file = fuzz_take(room);
    size_t size = 0;
    for (unsigned count = skeym_read_u8(reader); count > 0 && reader->left > 0; count--) {
        uint8_t kind = skeym_read_u8(reader);
        uint8_t sequence = skeym_read_u8(reader);
        struct skeym_span payload = fuzz_part(reader);
        size_t left = room - size;
        if (left < SKEYM_JOURNAL_HEAD_BYTES || left - SKEYM_JOURNAL_HEAD_BYTES < payload.size) {
            break;
        }
        skeym_journal_scan_write(file + size, (enum skeym_journal_kind)(kind & 7), sequence,
                                 payload);
        size += SKEYM_JOURNAL_HEAD_BYTES + payload.size;
        if (kind & 0x80) {
            file[size - 1] ^= 1; /* damaged */
        }
    }
    struct skeym_span tail = skeym_span_part(fuzz_rest(reader), 0, room - size);
    if (tail.size > 0) {
        memcpy(file + size, tail.data, tail.size);
    }
    return fuzz_copy(skeym_span(file, size + tail.size));
}

/* Each reading that waits is where the queue says. */
static void check(const struct skeym_journal_scan *scan, struct skeym_span bytes)
{
    size_t waiting = 0;
    FUZZ_MUST(scan->good <= bytes.size && scan->oldest <= scan->next);
    FUZZ_MUST(scan->note_size <= SKEYM_JOURNAL_NOTE);
    for (uint64_t i = 0; i < scan->next - scan->oldest; i++) {
        struct skeym_journal_record record;
        size_t at = scan->offset[scan->head + i];
        FUZZ_MUST(at < scan->good);
        FUZZ_MUST(skeym_journal_scan_read(&record, skeym_span_part(bytes, at, scan->good - at)) ==
                  SKEYM_OK);
        FUZZ_MUST(record.kind == SKEYM_JOURNAL_KIND_READING && record.sequence == scan->oldest + i);
        waiting += record.size;
    }
    FUZZ_MUST(waiting == scan->waiting_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_journal_scan scan;
    struct skeym_journal_scan second;
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    bool made = skeym_read_u8(&reader) & 1;
    struct skeym_span file = made ? build(&reader) : fuzz_copy(fuzz_rest(&reader));
    memset(&scan, 0, sizeof scan);
    if (skeym_journal_scan(&scan, file) == SKEYM_OK) {
        check(&scan, file);
        /* cut where it was good, it says the same */
        struct skeym_span good = fuzz_copy(skeym_span_part(file, 0, scan.good));
        FUZZ_MUST(skeym_journal_scan(&second, good) == SKEYM_OK);
        FUZZ_MUST(second.good == scan.good && second.oldest == scan.oldest &&
                  second.next == scan.next && second.ended == scan.ended);
        skeym_journal_scan_free(&second);
    } else {
        FUZZ_MUST(scan.good <= file.size); /* where the damage is; nothing else is left */
        scan.good = 0;
        FUZZ_MUST(fuzz_zero(&scan, sizeof scan));
    }
    skeym_journal_scan_free(&scan);
    fuzz_done();
    return 0;
}
