/* SPDX-License-Identifier: Apache-2.0 */
/* Answers onto the wire: the constant ones that tell a stranger nothing, and sealed ones. */
#ifndef SKEYM_SERVER_REPLY_H
#define SKEYM_SERVER_REPLY_H

#include "server/service.h"
#include <microhttpd.h>

/* Status and its constant body: 401 (8.4), 413, 429, 431, 500, 503. retry_s 0: no Retry-After.
 * last: nothing more is read from this connection. */
enum MHD_Result skeym_reply_refuse(struct skeym_service *service, struct MHD_Connection *connection,
                                   int status, uint32_t retry_s, bool last);

/* data is malloc'ed and taken over. next: the SkeyM-Next field, or empty. */
enum MHD_Result skeym_reply_bytes(struct skeym_service *service, struct MHD_Connection *connection,
                                  int status, const char *content_type, uint8_t *data, size_t size,
                                  const char *next);

/* Seals an answer for an admitted request and mints its next token, which begins at now_ms. */
enum MHD_Result skeym_reply_sealed(struct skeym_service *service, struct MHD_Connection *connection,
                                   const struct skeym_admission *admission, uint64_t now_ms,
                                   int status, const char *content_type, struct skeym_span body);

#endif
