/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers of readings, and the note that says what run a journal is of. */
#include "fuzz.h"
#include "node/device.h"
#include "node/observation.h"
#include "node/readback.h"

static void reading(struct skeym_span text)
{
    struct skeym_readback_id id;
    struct skeym_readback_id again;
    char printed[128];
    if (skeym_readback_parse(&id, text) != SKEYM_OK) {
        FUZZ_MUST(fuzz_zero(&id, sizeof id));
        return;
    }
    FUZZ_MUST(skeym_observation_is_id(id.run) && skeym_observation_is_id(id.signal));
    snprintf(printed, sizeof printed, "%s.%s.%u", id.run, id.signal, (unsigned)id.number);
    FUZZ_MUST(skeym_readback_parse(&again, skeym_span_text(printed)) == SKEYM_OK);
    FUZZ_MUST(!memcmp(&id, &again, sizeof id));
}

static void run(struct skeym_span note)
{
    struct skeym_device_run run;
    uint8_t again[SKEYM_JOURNAL_NOTE];
    struct skeym_device_run second;
    size_t size = 0;
    if (skeym_device_run_parse(&run, note) != SKEYM_OK) {
        FUZZ_MUST(fuzz_zero(&run, sizeof run));
        return;
    }
    FUZZ_MUST(skeym_device_run_print((struct skeym_room){again, sizeof again}, &size, &run) ==
              SKEYM_OK);
    FUZZ_MUST(skeym_device_run_parse(&second, skeym_span(again, size)) == SKEYM_OK);
    FUZZ_MUST(fuzz_same(&run, &second, sizeof run));
}

static void query(struct skeym_span text)
{
    char *id = fuzz_text(text);
    char out[128];
    enum skeym_error error = skeym_observation_query(out, sizeof out, id);
    FUZZ_MUST((error == SKEYM_OK) == skeym_observation_is_id(id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(skeym_span(data, size)); /* it comes from JSON, as a C string */
    reading(skeym_span_text(text));
    run(skeym_span(data, size));
    query(skeym_span(data, size));
    fuzz_done();
    return 0;
}
