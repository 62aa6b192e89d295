/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of a data file from anywhere, at any step: as one by one, and none past the end. */
#include "fuzz.h"
#include "node/wfdb_sample.h"

enum { MOST = 256 };

static void check(uint32_t format, struct skeym_span file, uint64_t from, uint64_t step,
                  size_t count)
{
    uint64_t held = skeym_wfdb_sample_count(format, file.size);
    int32_t *out = fuzz_take(count * sizeof *out);
    enum skeym_error error = skeym_wfdb_sample_decode(out, format, file, from, step, count);
    for (size_t i = 0; i < count && error == SKEYM_OK; i++) {
        int32_t one;
        FUZZ_MUST(from + i * step < held);
        FUZZ_MUST(skeym_wfdb_sample_decode(&one, format, file, from + i * step, 1, 1) == SKEYM_OK);
        FUZZ_MUST(one == out[i] && one >= -32768 && one <= 32767);
    }
    FUZZ_MUST(error == SKEYM_OK || fuzz_zero(out, count * sizeof *out));
    /* what fits is not refused */
    bool fits = count == 0 || (step > 0 && from < held && (held - 1 - from) / step >= count - 1);
    FUZZ_MUST(format == 0 || fits == (error == SKEYM_OK));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t formats[] = {16, 80, 212, 0};
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    uint8_t how = skeym_read_u8(&reader);
    uint32_t format = formats[how & 3];
    uint64_t from = how & 4 ? skeym_read_u64(&reader) : skeym_read_u8(&reader);
    uint64_t step = how & 8 ? skeym_read_u64(&reader) : skeym_read_u8(&reader);
    size_t count = skeym_read_u8(&reader) % MOST;
    struct skeym_span file = fuzz_copy(fuzz_rest(&reader));
    check(format, file, from, step, count);
    fuzz_done();
    return 0;
}
