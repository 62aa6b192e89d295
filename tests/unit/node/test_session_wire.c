/* SPDX-License-Identifier: Apache-2.0 */
/* What a session writes of a request, in the form that is not sealed as a whole. */
#include "node/session_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t iv[SKEYM_SESSION_WIRE_IV] = {1, 2, 3};
static const struct skeym_session_lane lane = {.token = "AAAA", .secret = {7}};

static void a_body_without_a_type_is_sealed_without_one(void **state)
{
    (void)state;
    static const char body[] = "{}";
    struct skeym_closed request = {.method = skeym_span_text("POST"),
                                   .target = skeym_span_text("/fhir/Observation"),
                                   .body = skeym_span_text(body)};
    static const char *const types[] = {NULL, "application/fhir+json"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct skeym_session_wire wire;
        struct skeym_jwe info;
        uint8_t plain[64];
        struct skeym_room room = {plain, sizeof plain};
        request.content_type = skeym_span_text(types[i]);
        assert_int_equal(skeym_session_wire_seal(&wire, &request, &lane, true, iv), SKEYM_OK);
        assert_string_equal(wire.request.content_type, SKEYM_JOSE_TYPE);
        assert_int_equal(skeym_jwe_open(room, &info, wire.keys.request, false, wire.request.body),
                         SKEYM_OK);
        assert_int_equal(info.size, sizeof body - 1);
        assert_true(skeym_span_is(skeym_span(info.cty, info.cty_size), types[i] ? types[i] : ""));
        assert_memory_equal(plain, body, sizeof body - 1);
        skeym_session_wire_wipe(&wire);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_without_a_type_is_sealed_without_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
