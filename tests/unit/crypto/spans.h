/* SPDX-License-Identifier: Apache-2.0 */
/* Spans for tests of the crypto layer, which stands below the one that makes them. */
#ifndef SKEYM_TESTS_CRYPTO_SPANS_H
#define SKEYM_TESTS_CRYPTO_SPANS_H

#include <skeym/span.h>
#include <string.h>

static inline struct skeym_span span_of(const void *data, size_t size)
{
    return (struct skeym_span){data, size};
}

static inline struct skeym_span text_of(const char *text)
{
    return span_of(text, strlen(text));
}

#endif
