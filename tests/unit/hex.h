/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal text in tests to bytes. Stops the test at what is no hexadecimal or does not fit. */
#ifndef SKEYM_TESTS_HEX_H
#define SKEYM_TESTS_HEX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static inline size_t unhex(uint8_t *out, size_t room, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    size_t size = strlen(text);
    assert_true(size % 2 == 0 && size / 2 <= room);
    for (size_t i = 0; i < size; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        assert_non_null(digit);
        uint8_t value = (uint8_t)(digit - digits);
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] << 4 | value : value);
    }
    return size / 2;
}

/* Are these bytes the ones of the text? */
static inline void assert_hex(const uint8_t *bytes, size_t size, const char *text)
{
    uint8_t want[4096];
    assert_int_equal(unhex(want, sizeof want, text), size);
    assert_memory_equal(bytes, want, size);
}

static inline void assert_zero(const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(((const uint8_t *)bytes)[i], 0);
    }
}

#endif
