/* SPDX-License-Identifier: Apache-2.0 */
/* Sampled data: any JSON, or a wave that is written here and must come back as it was. */
#include "fuzz.h"
#include "node/observation.h"
#include "node/observation_samples.h"

enum { MOST = 128, MISSING = -32768 };

static enum skeym_error read_into(int32_t **out, size_t room, size_t *count, struct skeym_span json)
{
    *out = fuzz_take(room * sizeof **out);
    enum skeym_error error = skeym_observation_samples(*out, room, count, json, MISSING);
    FUZZ_MUST(*count <= room && (error == SKEYM_OK || *count == 0));
    return error;
}

static void any(struct skeym_span json, size_t room)
{
    int32_t *samples;
    size_t count = 0;
    (void)read_into(&samples, room, &count, json);
}

static void wave(struct skeym_span bytes)
{
    static uint8_t json[16384];
    int32_t sent[MOST];
    int32_t *got;
    size_t count = 0;
    size_t size = 0;
    size_t back = 0;
    struct skeym_reader reader = skeym_reader(bytes);
    int32_t baseline = (int16_t)skeym_read_u16(&reader);
    while (count < MOST && reader.left >= 2) {
        sent[count++] = (int16_t)skeym_read_u16(&reader);
    }
    const struct skeym_observation what = {"bed-1.9f02c1aa.0-MLII.17", "p-1", "bed-1", FUZZ_NOW_MS};
    const struct skeym_observation_wave of = {.wave = skeym_vitals_wave_at(0),
                                              .samples = sent,
                                              .count = count,
                                              .gain = 200,
                                              .frequency = 360,
                                              .baseline = baseline,
                                              .missing = MISSING};
    enum skeym_error error =
        skeym_observation_wave((struct skeym_room){json, sizeof json}, &size, &what, &of);
    FUZZ_MUST((error == SKEYM_OK) == (count > 0));
    if (error) {
        return;
    }
    struct skeym_span text = fuzz_copy(skeym_span(json, size));
    FUZZ_MUST(read_into(&got, count, &back, text) == SKEYM_OK && back == count);
    FUZZ_MUST(!memcmp(got, sent, count * sizeof *got));
    if (baseline % 8 == 0) {
        FUZZ_MUST(read_into(&got, count - 1, &back, text) == SKEYM_ERR_SPACE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    uint8_t how = skeym_read_u8(&reader);
    struct skeym_span bytes = fuzz_copy(fuzz_rest(&reader));
    if (how % 16 == 1) { /* few: it takes ten times as long */
        wave(bytes);
    } else {
        any(bytes, how >> 1);
    }
    fuzz_done();
    return 0;
}
