/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HS256 by hand, as fast as OpenSSL lets one: contexts made once, the key's pads hashed once, no
 * JSON library. It checks the header (one spelling), the signature, exp, nbf, iss and aud; members
 * are found by their text, which is good enough for a rival and not for the world.
 */
#ifndef SKEYM_BENCH_RIVALS_JWT_H
#define SKEYM_BENCH_RIVALS_JWT_H

#include <stdbool.h>
#include <stddef.h>

#define JWT_ISSUER   "bench-issuer"
#define JWT_AUDIENCE "bench-audience"

/* For HS256; once. */
bool jwt_start(const void *key, size_t size);
/* now_s: seconds since 1970. */
bool jwt_verify(const char *token, size_t size, long now_s);

/* The one line of the file at path, without its end, NUL-terminated; its size, or 0. */
size_t jwt_read_line(char *out, size_t room, const char *path);

#endif
