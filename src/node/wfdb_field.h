/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps on the text of a WFDB header: each takes a prefix off a view and leaves the rest.
 * After an error the view is somewhere inside and the output is unchanged.
 */
#ifndef SKEYM_NODE_WFDB_FIELD_H
#define SKEYM_NODE_WFDB_FIELD_H

#include <skeym/error.h>
#include <skeym/span.h>

bool skeym_wfdb_field_is_digit(uint8_t c);
void skeym_wfdb_field_skip(struct skeym_span *at, size_t size);
/* true, and one byte less, when the next byte is c */
bool skeym_wfdb_field_take(struct skeym_span *at, char c);
/* The next field of a line, with the blanks around it taken off too; empty at the end. */
struct skeym_span skeym_wfdb_field_next(struct skeym_span *line);

/* SKEYM_ERR_SHAPE without a digit; SKEYM_ERR_RANGE outside of min to max or over 15 digits. */
SKEYM_MUST_USE enum skeym_error skeym_wfdb_field_integer(struct skeym_span *at, int64_t min,
                                                         int64_t max, int64_t *out);
/* The same for a field that is nothing else; SKEYM_ERR_SHAPE for a rest. */
SKEYM_MUST_USE enum skeym_error skeym_wfdb_field_whole(struct skeym_span field, int64_t min,
                                                       int64_t max, int64_t *out);
/* Digits with an optional sign, point and exponent of -99 to 99. SKEYM_ERR_SHAPE, SKEYM_ERR_RANGE;
 * always finite. Not strtod: that follows the locale and takes "inf", "nan" and hexadecimal. */
SKEYM_MUST_USE enum skeym_error skeym_wfdb_field_decimal(struct skeym_span *at, double *out);

/* Copies with a NUL; out has max + 1 bytes. SKEYM_ERR_SIZE. */
SKEYM_MUST_USE enum skeym_error skeym_wfdb_field_copy(char *out, size_t max,
                                                      struct skeym_span text);
/* Copies a plain name (SKEYM_WFDB_HEADER_NAME): see wfdb_header.h. SKEYM_ERR_CHARSET, _SIZE,
 * _TRUNCATED when empty. */
SKEYM_MUST_USE enum skeym_error skeym_wfdb_field_name(char *out, struct skeym_span name);

#endif
