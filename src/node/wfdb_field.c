/* SPDX-License-Identifier: Apache-2.0 */
#include "node/wfdb_field.h"

#include "node/wfdb_header.h"

#include <string.h>

enum { INTEGER_DIGITS = 15, DECIMAL_EXPONENT = 280 };

bool skeym_wfdb_field_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

void skeym_wfdb_field_skip(struct skeym_span *at, size_t size)
{
    *at = skeym_span_part(*at, size, at->size);
}

bool skeym_wfdb_field_take(struct skeym_span *at, char c)
{
    if (at->size == 0 || at->data[0] != (uint8_t)c) {
        return false;
    }
    skeym_wfdb_field_skip(at, 1);
    return true;
}

static void skip_blanks(struct skeym_span *at)
{
    while (at->size > 0 && is_blank(at->data[0])) {
        skeym_wfdb_field_skip(at, 1);
    }
}

/* The next field of a line; empty at its end. */
struct skeym_span skeym_wfdb_field_next(struct skeym_span *line)
{
    size_t size = 0;

    skip_blanks(line);
    while (size < line->size && !is_blank(line->data[size])) {
        size++;
    }
    struct skeym_span field = skeym_span_part(*line, 0, size);
    skeym_wfdb_field_skip(line, size);
    skip_blanks(line);
    return field;
}

enum skeym_error skeym_wfdb_field_integer(struct skeym_span *at, int64_t min, int64_t max,
                                          int64_t *out)
{
    bool minus = skeym_wfdb_field_take(at, '-');
    int64_t value = 0;
    size_t digits = 0;

    if (!minus) {
        (void)skeym_wfdb_field_take(at, '+');
    }
    for (; at->size > 0 && skeym_wfdb_field_is_digit(at->data[0]); digits++) {
        if (digits == INTEGER_DIGITS) {
            return SKEYM_ERR_RANGE;
        }
        value = value * 10 + (at->data[0] - '0');
        skeym_wfdb_field_skip(at, 1);
    }
    if (digits == 0) {
        return SKEYM_ERR_SHAPE;
    }
    value = minus ? -value : value;
    if (value < min || value > max) {
        return SKEYM_ERR_RANGE;
    }
    *out = value;
    return SKEYM_OK;
}

static long double power_of_ten(long exponent)
{
    long double power = 1.0L;

    for (long left = exponent < 0 ? -exponent : exponent; left > 0; left--) {
        power *= 10.0L;
    }
    return power;
}

/* Up to 19 significant digits count. */
enum skeym_error skeym_wfdb_field_decimal(struct skeym_span *at, double *out)
{
    bool minus = skeym_wfdb_field_take(at, '-');
    bool point = false;
    uint64_t digits = 0;
    size_t seen = 0;
    long exponent = 0;
    int64_t given = 0;

    if (!minus) {
        (void)skeym_wfdb_field_take(at, '+');
    }
    for (;
         at->size > 0 && (skeym_wfdb_field_is_digit(at->data[0]) || (at->data[0] == '.' && !point));
         skeym_wfdb_field_skip(at, 1)) {
        if (at->data[0] == '.') {
            point = true;
            continue;
        }
        seen++;
        if (digits < UINT64_MAX / 10 - 1) {
            digits = digits * 10 + (uint64_t)(at->data[0] - '0');
            exponent -= point ? 1 : 0;
        } else {
            exponent += point ? 0 : 1;
        }
    }
    if (seen == 0) {
        return SKEYM_ERR_SHAPE;
    }
    if (skeym_wfdb_field_take(at, 'e') || skeym_wfdb_field_take(at, 'E')) {
        enum skeym_error error = skeym_wfdb_field_integer(at, -99, 99, &given);
        if (error != SKEYM_OK) {
            return error;
        }
        exponent += (long)given;
    }
    if (exponent < -DECIMAL_EXPONENT || exponent > DECIMAL_EXPONENT) {
        return SKEYM_ERR_RANGE;
    }
    long double value = (long double)digits;
    value = exponent < 0 ? value / power_of_ten(exponent) : value * power_of_ten(exponent);
    *out = (double)(minus ? -value : value);
    return SKEYM_OK;
}

enum skeym_error skeym_wfdb_field_copy(char *out, size_t max, struct skeym_span text)
{
    if (text.size > max) {
        return SKEYM_ERR_SIZE;
    }
    if (text.size > 0) {
        memcpy(out, text.data, text.size);
    }
    out[text.size] = '\0';
    return SKEYM_OK;
}

/* Letters, digits, '_', '-' and '.', not beginning with '.' or '-': so no path, no "..", no "-"
 * for the standard input, no option. The guide allows letters, digits and '_' for records only,
 * but real ones have '-'. */
enum skeym_error skeym_wfdb_field_name(char *out, struct skeym_span name)
{
    if (name.size == 0) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (name.data[0] == '.' || name.data[0] == '-') {
        return SKEYM_ERR_CHARSET;
    }
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !skeym_wfdb_field_is_digit(c) && c != '_' && c != '-' && c != '.') {
            return SKEYM_ERR_CHARSET;
        }
    }
    return skeym_wfdb_field_copy(out, SKEYM_WFDB_HEADER_NAME, name);
}

/* A whole field that is one integer. */
enum skeym_error skeym_wfdb_field_whole(struct skeym_span field, int64_t min, int64_t max,
                                        int64_t *out)
{
    enum skeym_error error = skeym_wfdb_field_integer(&field, min, max, out);

    return error == SKEYM_OK && field.size > 0 ? SKEYM_ERR_SHAPE : error;
}
