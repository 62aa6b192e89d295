/* SPDX-License-Identifier: Apache-2.0 */
/* A file of trusted certificates, and what is not one. */
#include "node/http_ca.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/skeym-ca-XXXXXX";
static char path[64];
static char pem[4096];

static int set_up(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *certificate = X509_new();
    BIO *out = BIO_new(BIO_s_mem());
    if (!key || !certificate || !out || !mkdtemp(folder)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/ca.pem", folder);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 60);
    bool good = X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, NULL) > 0 &&
                PEM_write_bio_X509(out, certificate) == 1 && BIO_read(out, pem, sizeof pem - 1) > 0;
    BIO_free(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return good ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static enum skeym_error check(const char *before, const char *text, const char *after)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "%s%s%s", before, text, after) >= 0);
    assert_int_equal(fclose(file), 0);
    return skeym_http_ca_check(path);
}

static void test_certificates(void **state)
{
    (void)state;
    assert_int_equal(check("", pem, ""), SKEYM_OK);
    assert_int_equal(check("a comment\n", pem, "and another\n"), SKEYM_OK);
    assert_int_equal(check("", pem, pem), SKEYM_OK);
}

static void test_what_is_none(void **state)
{
    (void)state;
    char bad[sizeof pem];
    assert_int_equal(check("", "", ""), SKEYM_ERR_SHAPE);
    assert_int_equal(check("no certificate\n", "", ""), SKEYM_ERR_SHAPE);
    memcpy(bad, pem, sizeof bad);
    bad[strlen(bad) / 2] = 0; /* cut */
    assert_int_equal(check("", bad, ""), SKEYM_ERR_SHAPE);
    assert_int_equal(check("", pem, bad), SKEYM_ERR_SHAPE);
}

static void test_what_cannot_be_read(void **state)
{
    (void)state;
    (void)unlink(path);
    assert_int_equal(skeym_http_ca_check(path), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_http_ca_check("/dev/null/x"), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_http_ca_check(folder), SKEYM_ERR_NOT_FILE);
    assert_int_equal(mkfifo(path, 0600), 0); /* would hang */
    assert_int_equal(skeym_http_ca_check(path), SKEYM_ERR_NOT_FILE);
    (void)unlink(path);
    if (geteuid() != 0) {
        assert_int_equal(check("", pem, ""), SKEYM_OK);
        assert_int_equal(chmod(path, 0), 0);
        assert_int_equal(skeym_http_ca_check(path), SKEYM_ERR_PERMISSION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_what_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
