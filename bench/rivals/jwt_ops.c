/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others spend on looking at one token, without a socket: libjwt and cjose as Debian has them,
 * and OpenSSL by hand with contexts that are kept. For comparison with the whole exchange in
 * bench/ops.c. Each case must accept what it measures, or the program ends.
 */
#include "bench/measure.h"
#include "bench/rivals/jwt.h"

#include <cjose/cjose.h>
#include <getopt.h>
#include <jwt.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOKEN_BYTES = 128, BODY_BYTES = 256, IV = 12, TAG = 16, KEY = 32, SIGNATURE_MOST = 80 };

static const char secret[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static long now_s;
static char *token; /* HS256, made by libjwt, checked by all */
static size_t token_size;

/* --- HS256 ----------------------------------------------------------------------------- */

static bool make_token(void)
{
    jwt_t *jwt = NULL;
    now_s = (long)time(NULL);
    bool good =
        jwt_new(&jwt) == 0 && jwt_add_grant(jwt, "iss", JWT_ISSUER) == 0 &&
        jwt_add_grant(jwt, "aud", JWT_AUDIENCE) == 0 &&
        jwt_add_grant(jwt, "sub", "device-0017") == 0 &&
        jwt_add_grant(jwt, "scope", "system/Observation.rs") == 0 &&
        jwt_add_grant_int(jwt, "iat", now_s) == 0 &&
        jwt_add_grant_int(jwt, "nbf", now_s - 60) == 0 &&
        jwt_add_grant_int(jwt, "exp", now_s + 7200) == 0 &&
        jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret, (int)strlen(secret)) == 0;
    token = good ? jwt_encode_str(jwt) : NULL;
    jwt_free(jwt);
    token_size = token ? strlen(token) : 0;
    return token != NULL;
}

static enum skeym_error run_hand(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!jwt_verify(token, token_size, now_s)) {
            return SKEYM_ERR_SEAL;
        }
    }
    return SKEYM_OK;
}

static bool is_text(const char *given, const char *wanted)
{
    return given && strcmp(given, wanted) == 0;
}

static enum skeym_error run_libjwt(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        jwt_t *jwt = NULL;
        if (jwt_decode(&jwt, token, (const unsigned char *)secret, (int)strlen(secret)) != 0 ||
            jwt_get_alg(jwt) != JWT_ALG_HS256 || jwt_get_grant_int(jwt, "exp") <= now_s ||
            jwt_get_grant_int(jwt, "nbf") > now_s ||
            !is_text(jwt_get_grant(jwt, "iss"), JWT_ISSUER) ||
            !is_text(jwt_get_grant(jwt, "aud"), JWT_AUDIENCE)) {
            return SKEYM_ERR_SEAL;
        }
        jwt_free(jwt);
    }
    return SKEYM_OK;
}

static cjose_jwk_t *hmac_key, *content_key;

/* The signature alone: cjose leaves the claims to its caller. */
static enum skeym_error run_cjose_jws(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cjose_err error;
        uint8_t *claims = NULL;
        size_t size = 0;
        cjose_jws_t *jws = cjose_jws_import(token, token_size, &error);
        if (!jws || !cjose_jws_verify(jws, hmac_key, &error) ||
            !cjose_jws_get_plaintext(jws, &claims, &size, &error)) {
            return SKEYM_ERR_SEAL;
        }
        bench_keep(claims, size);
        cjose_jws_release(jws);
    }
    return SKEYM_OK;
}

/* --- JWE ----------------------------------------------------------------------------------- */

static char *sealed;

static bool make_sealed(void)
{
    static uint8_t body[BODY_BYTES];
    cjose_err error;
    cjose_header_t *header = cjose_header_new(&error);
    cjose_jwe_t *jwe = NULL;
    if (header && cjose_header_set(header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_DIR, &error) &&
        cjose_header_set(header, CJOSE_HDR_ENC, CJOSE_HDR_ENC_A256GCM, &error)) {
        jwe = cjose_jwe_encrypt(content_key, header, body, sizeof body, &error);
    }
    sealed = jwe ? cjose_jwe_export(jwe, &error) : NULL;
    cjose_jwe_release(jwe);
    cjose_header_release(header);
    return sealed != NULL;
}

static enum skeym_error run_cjose_jwe(size_t count)
{
    size_t size = strlen(sealed);
    for (size_t i = 0; i < count; i++) {
        cjose_err error;
        size_t body_size = 0;
        cjose_jwe_t *jwe = cjose_jwe_import(sealed, size, &error);
        uint8_t *body = jwe ? cjose_jwe_decrypt(jwe, content_key, &body_size, &error) : NULL;
        if (!body || body_size != BODY_BYTES) {
            return SKEYM_ERR_SEAL;
        }
        bench_keep(body, body_size);
        free(body);
        cjose_jwe_release(jwe);
    }
    return SKEYM_OK;
}

/* --- AES-GCM and ES256 by OpenSSL ---------------------------------------------------------- */

static EVP_CIPHER_CTX *cipher;
static uint8_t key[KEY], raw[IV + TOKEN_BYTES + TAG];

static bool make_raw(void)
{
    static const uint8_t plain[TOKEN_BYTES] = "claims";
    int size = 0;
    cipher = EVP_CIPHER_CTX_new();
    return cipher && RAND_bytes(key, KEY) == 1 && RAND_bytes(raw, IV) == 1 &&
           EVP_EncryptInit_ex2(cipher, EVP_aes_256_gcm(), key, raw, NULL) == 1 &&
           EVP_EncryptUpdate(cipher, raw + IV, &size, plain, sizeof plain) == 1 &&
           EVP_EncryptFinal_ex(cipher, raw + IV + size, &size) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG, raw + IV + TOKEN_BYTES) == 1 &&
           EVP_DecryptInit_ex2(cipher, EVP_aes_256_gcm(), key, raw, NULL) == 1;
}

static enum skeym_error open_raw(size_t count, const uint8_t *each_key)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t out[TOKEN_BYTES];
        int size = 0;
        if (EVP_DecryptInit_ex2(cipher, NULL, each_key, raw, NULL) != 1 ||
            EVP_DecryptUpdate(cipher, out, &size, raw + IV, TOKEN_BYTES) != 1 ||
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG, raw + IV + TOKEN_BYTES) != 1 ||
            EVP_DecryptFinal_ex(cipher, out + size, &size) != 1) {
            return SKEYM_ERR_SEAL;
        }
        bench_keep(out, sizeof out);
    }
    return SKEYM_OK;
}

static enum skeym_error run_raw(size_t count)
{
    return open_raw(count, NULL);
}

static enum skeym_error run_raw_fresh(size_t count)
{
    return open_raw(count, key);
}

static EVP_PKEY *pair;
static uint8_t signature[SIGNATURE_MOST];
static size_t signature_size = sizeof signature;

static bool make_signature(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    pair = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    bool good =
        context && pair && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pair) == 1 &&
        EVP_DigestSign(context, signature, &signature_size, (const uint8_t *)token, token_size) ==
            1;
    EVP_MD_CTX_free(context);
    return good;
}

static enum skeym_error run_es256(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        bool good = context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, pair) == 1 &&
                    EVP_DigestVerify(context, signature, signature_size, (const uint8_t *)token,
                                     token_size) == 1;
        EVP_MD_CTX_free(context);
        if (!good) {
            return SKEYM_ERR_SEAL;
        }
    }
    return SKEYM_OK;
}

/* --- all of it ------------------------------------------------------------------------------ */

static const struct bench_case cases[] = {
    {"rival.libjwt", "libjwt: HS256, exp, nbf, iss, aud", 0, 0, NULL, run_libjwt},
    {"rival.cjose.jws", "cjose: HS256, no claim looked at", 0, 0, NULL, run_cjose_jws},
    {"rival.cjose.jwe", "cjose: open a JWE, dir and A256GCM, of 256 B", 0, 0, NULL, run_cjose_jwe},
    {"rival.hand", "by hand, OpenSSL: HS256, exp, nbf, iss, aud", 0, 0, NULL, run_hand},
    {"rival.gcm", "by hand, OpenSSL: open 128 B, AES-256-GCM, key kept", 0, 0, NULL, run_raw},
    {"rival.gcm.fresh", "the same, keyed each time", 0, 0, NULL, run_raw_fresh},
    {"rival.es256", "OpenSSL: ES256, the signature alone", 0, 0, NULL, run_es256},
};

static bool prepare(void)
{
    cjose_err error;
    hmac_key = cjose_jwk_create_oct_spec((const uint8_t *)secret, strlen(secret), &error);
    content_key = cjose_jwk_create_oct_random(256, &error);
    return hmac_key && content_key && jwt_start(secret, strlen(secret)) && make_token() &&
           make_sealed() && make_raw() && make_signature();
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"json", required_argument, NULL, 'j'},
                                          {"quick", no_argument, NULL, 'q'},
                                          {NULL, 0, NULL, 0}};
    static struct bench_report report;
    static struct bench_options options = {.repetitions = 31, .batch_ns = 10000000};
    int got;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the one thread */
    while ((got = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (got == 'j') {
            options.json = optarg;
        } else if (got == 'q') {
            options.repetitions = 15;
            options.batch_ns = 100000;
        } else {
            fputs("usage: jwt_ops [--json FILE] [--quick]\n", stderr);
            return 2;
        }
    }
    report.options = &options;
    if (!prepare()) {
        fputs("jwt_ops: cannot begin\n", stderr);
        return 1;
    }
    printf("core %d; one token of %zu bytes\n", bench_pin(), token_size);
    bench_cases(&report, cases, sizeof cases / sizeof cases[0]);
    bench_print(&report, stdout);
    return options.json && !bench_write_json(&report, options.json) ? 1 : 0;
}
