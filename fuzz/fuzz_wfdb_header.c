/* SPDX-License-Identifier: Apache-2.0 */
/* A WFDB header (two length bytes, then that), and the rest as the content of its data files. */
#include "fuzz.h"
#include "node/wfdb.h"
#include <math.h>

static bool plain(const char *name)
{
    return !strchr(name, '/') && name[0] != '.' && strlen(name) <= SKEYM_WFDB_HEADER_NAME;
}

static void check_signal(const struct skeym_wfdb_header *header,
                         const struct skeym_wfdb_signal *signal)
{
    FUZZ_MUST(isfinite(signal->gain) && signal->gain != 0);
    FUZZ_MUST(plain(signal->file) && signal->file[0]);
    FUZZ_MUST(memchr(signal->units, 0, sizeof signal->units));
    FUZZ_MUST(memchr(signal->description, 0, sizeof signal->description));
    FUZZ_MUST(signal->samples_per_frame >= 1 && signal->samples_per_frame <= SKEYM_WFDB_HEADER_SPF);
    FUZZ_MUST(signal->group < header->groups);
    FUZZ_MUST(signal->frame_offset + signal->samples_per_frame <=
              header->group[signal->group].frame_samples);
}

static void check(const struct skeym_wfdb_header *header)
{
    FUZZ_MUST(header->signals >= 1 && header->signals <= SKEYM_WFDB_HEADER_SIGNALS);
    FUZZ_MUST(header->groups >= 1 && header->groups <= header->signals);
    FUZZ_MUST(isfinite(header->frequency) && header->frequency > 0);
    FUZZ_MUST(isfinite(header->counter_frequency) && header->counter_frequency > 0);
    FUZZ_MUST(plain(header->record));
    for (uint32_t i = 0; i < header->signals; i++) {
        check_signal(header, &header->signal[i]);
    }
}

/* Every sample once by the verifier; the last of each signal, and none behind it, one by one. */
static void read_all(const struct skeym_wfdb_record *record)
{
    static struct skeym_wfdb_report report;
    int32_t sample;
    enum skeym_error error = skeym_wfdb_verify(record, &report);
    FUZZ_MUST(error == SKEYM_OK || error == SKEYM_ERR_CHECKSUM);
    FUZZ_MUST((report.bad > 0) == (error == SKEYM_ERR_CHECKSUM));
    for (uint32_t i = 0; i < record->header.signals; i++) {
        uint64_t count = skeym_wfdb_samples(record, i);
        FUZZ_MUST(count >= 1 && skeym_wfdb_read(record, i, count - 1, &sample, 1) == SKEYM_OK);
        FUZZ_MUST(skeym_wfdb_read(record, i, count, &sample, 1) == SKEYM_ERR_TRUNCATED);
        FUZZ_MUST(skeym_wfdb_decimals(&record->header.signal[i]) <= 6);
        (void)skeym_wfdb_physical(&record->header.signal[i], sample);
    }
    FUZZ_MUST(skeym_wfdb_read(record, record->header.signals, 0, &sample, 1) == SKEYM_ERR_RANGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skeym_wfdb_header header;
    static struct skeym_wfdb_record record;
    struct skeym_span files[SKEYM_WFDB_HEADER_SIGNALS];
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    struct skeym_span text = fuzz_copy(fuzz_part(&reader));
    struct skeym_span content = fuzz_copy(fuzz_rest(&reader));
    enum skeym_error error = skeym_wfdb_header_parse(&header, text);
    uint32_t line = header.bad_line;
    if (error) {
        header.bad_line = 0;
        FUZZ_MUST(fuzz_zero(&header, sizeof header) && line <= text.size + 1);
    } else {
        check(&header);
        for (size_t i = 0; i < SKEYM_WFDB_HEADER_SIGNALS; i++) {
            files[i] = content;
        }
        if (skeym_wfdb_attach(&record, &header, files) == SKEYM_OK) {
            read_all(&record);
        }
    }
    fuzz_done();
    return 0;
}
