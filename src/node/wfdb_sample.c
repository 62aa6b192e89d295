/* SPDX-License-Identifier: Apache-2.0 */
#include "node/wfdb_sample.h"

#include <string.h>

static int32_t decode_16(const uint8_t *data, uint64_t index)
{
    const uint8_t *at = data + 2 * index;
    int32_t value = at[0] | at[1] << 8;

    return value >= 0x8000 ? value - 0x10000 : value;
}

static int32_t decode_80(const uint8_t *data, uint64_t index)
{
    return data[index] - 128;
}

/* Two samples in three bytes: the low bytes are the first and the third, the second has the high
 * four bits of both, those of the first sample low. */
static int32_t decode_212(const uint8_t *data, uint64_t index)
{
    const uint8_t *at = data + index / 2 * 3;
    int32_t value = index % 2 == 0 ? at[0] | (at[1] & 0x0f) << 8 : at[2] | (at[1] & 0xf0) << 4;

    return value >= 0x800 ? value - 0x1000 : value;
}

static const struct format {
    uint32_t number;
    uint32_t bits;
    int32_t missing;
    int32_t (*decode)(const uint8_t *data, uint64_t index);
} formats[] = {
    {16, 16, -32768, decode_16},
    {80, 8, -128, decode_80},
    {212, 12, -2048, decode_212},
};

static const struct format *find_format(uint32_t number)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (formats[i].number == number) {
            return &formats[i];
        }
    }
    return NULL;
}

uint64_t skeym_wfdb_sample_bytes(uint32_t format, uint64_t count)
{
    const struct format *found = find_format(format);

    return found == NULL ? 0 : (count * found->bits + 7) / 8;
}

uint64_t skeym_wfdb_sample_count(uint32_t format, uint64_t bytes)
{
    const struct format *found = find_format(format);

    return found == NULL ? 0 : bytes * 8 / found->bits;
}

int32_t skeym_wfdb_sample_missing(uint32_t format)
{
    const struct format *found = find_format(format);

    return found == NULL ? 0 : found->missing;
}

enum skeym_error skeym_wfdb_sample_decode(int32_t *out, uint32_t format, struct skeym_span file,
                                          uint64_t from, uint64_t step, size_t count)
{
    const struct format *found = find_format(format);
    uint64_t held = skeym_wfdb_sample_count(format, file.size);

    if (count == 0) {
        return found == NULL ? SKEYM_ERR_UNSUPPORTED : SKEYM_OK;
    }
    memset(out, 0, count * sizeof *out);
    if (found == NULL) {
        return SKEYM_ERR_UNSUPPORTED;
    }
    if (step == 0) {
        return SKEYM_ERR_USAGE;
    }
    if (from >= held || (held - 1 - from) / step < count - 1) {
        return SKEYM_ERR_TRUNCATED;
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = found->decode(file.data, from + i * step);
    }
    return SKEYM_OK;
}
