/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bare epoll loop, with the least of what SkeyM also does: an HS256 token is checked, and the
 * answer sealed with AES-256-GCM under a key that stays (a fresh one for each answer, as SkeyM has
 * it, would cost more). No second use is refused, nothing is minted.
 */
#include "bench/rivals/jwt.h"
#include "bench/rivals/loop.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { IV = 12, TAG = 16 };

static EVP_CIPHER_CTX *cipher;
static uint64_t count;

static const char refusal[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
static const char good[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 256\r\n\r\n";

/* LOOP_BODY_BYTES in all: iv, ciphertext, tag. */
static size_t seal(uint8_t *out)
{
    static const uint8_t plain[LOOP_BODY_BYTES - IV - TAG] = "x";
    uint8_t iv[IV] = {0};
    int size = 0;
    count++;
    memcpy(iv, &count, sizeof count);
    memcpy(out, iv, IV);
    if (EVP_EncryptInit_ex2(cipher, NULL, NULL, iv, NULL) != 1 ||
        EVP_EncryptUpdate(cipher, out + IV, &size, plain, sizeof plain) != 1 ||
        EVP_EncryptFinal_ex(cipher, out + IV + size, &size) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG, out + IV + sizeof plain) != 1) {
        return 0;
    }
    return LOOP_BODY_BYTES;
}

static size_t answer(char out[LOOP_ANSWER_BYTES], const char *head, size_t size)
{
    static const char field[] = "\r\nAuthorization: Bearer ";
    struct timespec now = {0};
    const char *at = memmem(head, size, field, sizeof field - 1);
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (at) {
        at += sizeof field - 1;
        const char *end = memchr(at, '\r', size - (size_t)(at - head));
        if (end && jwt_verify(at, (size_t)(end - at), now.tv_sec)) {
            memcpy(out, good, sizeof good - 1);
            return sizeof good - 1 + seal((uint8_t *)out + sizeof good - 1);
        }
    }
    memcpy(out, refusal, sizeof refusal - 1);
    return sizeof refusal - 1;
}

int main(int argc, char **argv)
{
    char secret[256];
    uint8_t key[32];
    if (argc != 3) {
        fputs("usage: hand_jwt SECRET-FILE DESCRIPTOR\n", stderr);
        return 2;
    }
    size_t size = jwt_read_line(secret, sizeof secret, argv[1]);
    cipher = EVP_CIPHER_CTX_new();
    if (size == 0 || !jwt_start(secret, size) || !cipher || RAND_bytes(key, sizeof key) != 1 ||
        EVP_EncryptInit_ex2(cipher, EVP_aes_256_gcm(), key, NULL, NULL) != 1) {
        fputs("hand_jwt: cannot begin\n", stderr);
        return 1;
    }
    return loop_run((int)strtol(argv[2], NULL, 10), answer);
}
