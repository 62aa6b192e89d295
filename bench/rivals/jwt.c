/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rivals/jwt.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* {"alg":"HS256","typ":"JWT"} */
static const char head[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";
enum { NONE = 0xff, HEAD = sizeof head - 1, MAC = 32, MAC_CHARS = 43, PAYLOAD_MOST = 1024 };

static EVP_MAC_CTX *mac;
static uint8_t values[256]; /* of base64url; NONE: none of it */

bool jwt_start(const void *key, size_t size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC *kind = EVP_MAC_fetch(NULL, "HMAC", NULL);
    memset(values, NONE, sizeof values);
    for (int i = 0; i < 64; i++) {
        values[(uint8_t)alphabet[i]] = (uint8_t)i;
    }
    mac = kind ? EVP_MAC_CTX_new(kind) : NULL;
    EVP_MAC_free(kind);
    return mac && EVP_MAC_init(mac, key, size, params) == 1;
}

/* The bytes written, or 0. */
static size_t decode(uint8_t *out, const char *text, size_t size)
{
    size_t at = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < size; i++) {
        uint32_t value = values[(uint8_t)text[i]];
        if (value == NONE) {
            return 0;
        }
        bits = bits << 6 | value;
        if (i % 4 == 3) {
            out[at++] = (uint8_t)(bits >> 16);
            out[at++] = (uint8_t)(bits >> 8);
            out[at++] = (uint8_t)bits;
        }
    }
    switch (size % 4) {
    case 0:
        return at;
    case 2:
        out[at++] = (uint8_t)(bits >> 4);
        return at;
    case 3:
        out[at++] = (uint8_t)(bits >> 10);
        out[at++] = (uint8_t)(bits >> 2);
        return at;
    default:
        return 0;
    }
}

static long number_of(const char *json, const char *name)
{
    const char *at = strstr(json, name);
    return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

static bool claims_hold(const char *json, long now_s)
{
    return number_of(json, "\"exp\":") > now_s && strstr(json, "\"nbf\":") &&
           number_of(json, "\"nbf\":") <= now_s && strstr(json, "\"iss\":\"" JWT_ISSUER "\"") &&
           strstr(json, "\"aud\":\"" JWT_AUDIENCE "\"");
}

bool jwt_verify(const char *token, size_t size, long now_s)
{
    uint8_t wanted[MAC], given[MAC + 3];
    char json[PAYLOAD_MOST + 1];
    size_t mac_size = 0;
    const char *dot = size > HEAD ? memrchr(token, '.', size) : NULL;
    size_t payload = dot ? (size_t)(dot - token) - HEAD : 0;
    if (!dot || dot < token + HEAD || (size_t)(token + size - dot - 1) != MAC_CHARS ||
        payload == 0 || payload > PAYLOAD_MOST || memcmp(token, head, HEAD) != 0 ||
        decode(given, dot + 1, MAC_CHARS) != MAC) {
        return false;
    }
    if (EVP_MAC_init(mac, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(mac, (const uint8_t *)token, HEAD + payload) != 1 ||
        EVP_MAC_final(mac, wanted, &mac_size, sizeof wanted) != 1 ||
        CRYPTO_memcmp(wanted, given, MAC) != 0) {
        return false;
    }
    size_t json_size = decode((uint8_t *)json, token + HEAD, payload);
    json[json_size] = '\0';
    return claims_hold(json, now_s);
}

size_t jwt_read_line(char *out, size_t room, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, room - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    out[got > 0 ? got : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return strlen(out);
}
