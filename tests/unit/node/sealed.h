/* SPDX-License-Identifier: Apache-2.0 */
/* The last line of a node's files: the check of what is before it. */
#ifndef SKEYM_TESTS_SEALED_H
#define SKEYM_TESTS_SEALED_H

#include "crypto/crypto.h"
#include <skeym/base64url.h>
#include <skeym/span.h>
#include <stddef.h>

/* Writes the check of `text` (which may stand before `out` in the same array); its size. */
static inline size_t check_line(struct skeym_room out, struct skeym_span text)
{
    uint8_t hash[SKEYM_SHA256_BYTES];
    struct skeym_writer writer = skeym_writer(out);
    skeym_crypto_sha256(hash, &text, 1);
    skeym_write_text(&writer, "check ");
    skeym_base64url_write(&writer, skeym_span(hash, 8));
    skeym_write_text(&writer, "\n");
    return writer.bad ? 0 : writer.size;
}

/* The lines and their check; 0 where there is no room. */
static inline size_t seal(char *out, size_t room, const char *lines)
{
    struct skeym_span text = skeym_span_text(lines);
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)out, room});
    skeym_write_text(&writer, lines);
    if (writer.bad) {
        return 0;
    }
    size_t check =
        check_line((struct skeym_room){(uint8_t *)out + text.size, room - text.size}, text);
    return check > 0 ? text.size + check : 0;
}

#endif
