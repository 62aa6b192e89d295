/* SPDX-License-Identifier: Apache-2.0 */
/* A look at a file of trusted certificates before libcurl gets it, to tell people what is wrong. */
#ifndef SKEYM_NODE_HTTP_CA_H
#define SKEYM_NODE_HTTP_CA_H

#include <skeym/error.h>

/* Errors: SKEYM_ERR_MISSING, SKEYM_ERR_PERMISSION, SKEYM_ERR_NOT_FILE, SKEYM_ERR_IO,
 * SKEYM_ERR_SHAPE (no certificate in PEM in it, or one that cannot be read). */
SKEYM_MUST_USE enum skeym_error skeym_http_ca_check(const char *path);

#endif
