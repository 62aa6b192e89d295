/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* struct skeym_load_tls is an SSL_CTX, and a socket an SSL: no need for anything around them. */
static SSL_CTX *context_of(struct skeym_load_tls *tls)
{
    return (SSL_CTX *)tls;
}

static SSL *ssl_of(const struct skeym_load_tls_socket *socket)
{
    return (SSL *)(uintptr_t)socket;
}

/* --- open and close ----------------------------------------------------------------------- */

/* The host without the port: an address, or "localhost". */
static bool expect_host(X509_VERIFY_PARAM *param, const struct skeym_load_target *target)
{
    char host[SKEYM_LOAD_HOST_BYTES];
    size_t size = strcspn(target->host, ":");
    memcpy(host, target->host, size);
    host[size] = '\0';
    /* only what the certificate says on purpose, not the common name of its subject */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return strcmp(host, "localhost") == 0 ? X509_VERIFY_PARAM_set1_host(param, host, size) == 1
                                          : X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
}

enum skeym_error skeym_load_tls_open(struct skeym_load_tls **out, const char *ca,
                                     const struct skeym_load_target *target)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    *out = NULL;
    if (!context) {
        return SKEYM_ERR_MEMORY;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_mode(context,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1); /* one recv for a record's head and body */
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    enum skeym_error error = SKEYM_OK;
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        !expect_host(SSL_CTX_get0_param(context), target)) {
        error = SKEYM_ERR_CRYPTO;
    } else if ((ca ? SSL_CTX_load_verify_file(context, ca)
                   : SSL_CTX_set_default_verify_paths(context)) != 1) {
        error = SKEYM_ERR_IO;
    }
    ERR_clear_error();
    if (error) {
        SSL_CTX_free(context);
        return error;
    }
    *out = (struct skeym_load_tls *)context;
    return SKEYM_OK;
}

void skeym_load_tls_close(struct skeym_load_tls *tls)
{
    SSL_CTX_free(context_of(tls));
}

struct skeym_load_tls_socket *skeym_load_tls_attach(struct skeym_load_tls *tls, int fd)
{
    SSL *ssl = SSL_new(context_of(tls));
    if (ssl && SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ssl = NULL;
    }
    if (ssl) {
        SSL_set_connect_state(ssl);
    }
    return (struct skeym_load_tls_socket *)ssl;
}

void skeym_load_tls_detach(struct skeym_load_tls_socket *socket)
{
    SSL_free(ssl_of(socket));
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* What a call that did not do it means. */
static ssize_t explain(SSL *ssl, int code)
{
    switch (SSL_get_error(ssl, code)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        break;
    }
    const char *why = ERR_reason_error_string(ERR_peek_error());
    long verified = SSL_get_verify_result(ssl);
    if (verified != X509_V_OK) {
        why = X509_verify_cert_error_string(verified);
    }
    (void)SSL_set_app_data(ssl, (void *)(uintptr_t)(why ? why : "TLS: the connection ended"));
    ERR_clear_error();
    errno = EPROTO;
    return -1;
}

ssize_t skeym_load_tls_send(struct skeym_load_tls_socket *socket, const void *data, size_t size)
{
    size_t sent = 0;
    ERR_clear_error();
    int code = SSL_write_ex(ssl_of(socket), data, size, &sent);
    if (code == 1) {
        return (ssize_t)sent;
    }
    ssize_t result = explain(ssl_of(socket), code);
    if (result == 0) { /* the server has said goodbye */
        errno = EPIPE;
        result = -1;
    }
    return result;
}

ssize_t skeym_load_tls_recv(struct skeym_load_tls_socket *socket, void *data, size_t room)
{
    size_t got = 0;
    ERR_clear_error();
    int code = SSL_read_ex(ssl_of(socket), data, room, &got);
    return code == 1 ? (ssize_t)got : explain(ssl_of(socket), code);
}

bool skeym_load_tls_more(const struct skeym_load_tls_socket *socket)
{
    return SSL_has_pending(ssl_of(socket)) == 1;
}

const char *skeym_load_tls_why(const struct skeym_load_tls_socket *socket)
{
    return socket ? SSL_get_app_data(ssl_of(socket)) : NULL;
}
