/* SPDX-License-Identifier: Apache-2.0 */
/* Chain files: as they are, or with their check put right. What parses prints and parses equal. */
#include "fuzz.h"
#include "node/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skeym_chain chain;
    static struct skeym_chain second;
    static uint8_t again[SKEYM_CHAIN_FILE_BYTES];
    size_t written = 0;
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    uint8_t how = skeym_read_u8(&reader);
    struct skeym_span bytes = fuzz_rest(&reader);
    struct skeym_span text = how & 1 ? fuzz_checked(bytes) : fuzz_copy(bytes);
    if (skeym_chain_parse(&chain, text) != SKEYM_OK) {
        FUZZ_MUST(fuzz_zero(&chain, sizeof chain));
    } else {
        FUZZ_MUST(chain.count <= SKEYM_LANES_MAX);
        FUZZ_MUST(skeym_chain_print((struct skeym_room){again, sizeof again}, &written, &chain) ==
                  SKEYM_OK);
        FUZZ_MUST(skeym_chain_parse(&second, skeym_span(again, written)) == SKEYM_OK);
        FUZZ_MUST(fuzz_same(&chain, &second, sizeof chain));
    }
    fuzz_done();
    return 0;
}
