/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server's answer at the node: status, a content type (a line), and a body as it comes or sealed
 * here. What opens says inside what it says outside.
 */
#include "fuzz.h"
#include "node/session_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t iv[12] = {7};
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    uint8_t how = skeym_read_u8(&reader);
    struct skeym_exchange_keys keys;
    struct skeym_session_answer answer;
    struct skeym_wire_answer wire = {.status = 100 + skeym_read_u16(&reader) % 900};
    int inside = how & 2 ? 100 + skeym_read_u16(&reader) % 900 : wire.status;
    struct skeym_span type = skeym_span_part(fuzz_line(&reader), 0, sizeof wire.content_type - 1);
    struct skeym_span bytes = fuzz_rest(&reader);
    size_t room = skeym_jwe_chars(20, 200, bytes.size);
    struct skeym_room text = {fuzz_take(room), room};
    size_t written = 0;

    fuzz_count((uint8_t *)&keys, sizeof keys, 5);
    snprintf(wire.content_type, sizeof wire.content_type, "%.*s", how & 4 ? 100 : (int)type.size,
             how & 4 || type.size == 0 ? SKEYM_JOSE_TYPE : (const char *)type.data);
    if (how & 1) {
        FUZZ_MUST(skeym_jwe_seal(text, &written, keys.answer, iv, inside,
                                 skeym_span_text("application/fhir+jso"), bytes) == SKEYM_OK);
        bytes = skeym_span(text.data, written);
    }
    wire.body = fuzz_take(bytes.size);
    wire.body_size = bytes.size;
    if (bytes.size > 0) {
        memcpy(wire.body, bytes.data, bytes.size);
    }
    if (skeym_session_wire_open(&answer, &keys, &wire) == SKEYM_OK) {
        FUZZ_MUST(answer.status == wire.status && answer.sealed);
        FUZZ_MUST(!strcmp(wire.content_type, SKEYM_JOSE_TYPE));
        FUZZ_MUST(!(how & 1) || inside == wire.status);
        FUZZ_MUST(answer.body[answer.body_size] == 0);
        skeym_session_answer_free(&answer);
    } else {
        FUZZ_MUST(fuzz_zero(&answer, sizeof answer));
        FUZZ_MUST(!(how & 1) || !(how & 4) || inside != wire.status);
    }
    fuzz_done();
    return 0;
}
