/* SPDX-License-Identifier: Apache-2.0 */
/* Closed requests (docs/PROTOCOL.md, 8.2): one spelling. */
#include "fuzz.h"
#include <skeym/exchange.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_closed closed;
    struct skeym_span plain = skeym_span(data, size);
    uint8_t *again = fuzz_take(size);
    struct skeym_writer writer = skeym_writer((struct skeym_room){again, size});
    if (skeym_closed_read(&closed, plain) == SKEYM_OK) {
        skeym_closed_write(&writer, &closed);
        FUZZ_MUST(!writer.bad && skeym_span_equal(skeym_written(&writer), plain));
    } else {
        FUZZ_MUST(fuzz_zero(&closed, sizeof closed));
    }
    fuzz_done();
    return 0;
}
