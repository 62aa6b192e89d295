/* SPDX-License-Identifier: Apache-2.0 */
/* A QR code in half blocks (UTF-8), two modules a character. */
#ifndef SKEYM_CLI_QR_H
#define SKEYM_CLI_QR_H

#include <skeym/error.h>
#include <stdio.h>

/* colours: for a terminal, whatever its own are; without them light modules are the blocks, for a
 * dark ground. Errors: SKEYM_ERR_SIZE (no code holds the text), SKEYM_ERR_MEMORY, SKEYM_ERR_IO. */
SKEYM_MUST_USE enum skeym_error skeym_qr_print(FILE *out, const char *text, int colours);

#endif
