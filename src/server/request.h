/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP request's way (docs/PROTOCOL.md, 8.3): the head is judged before a byte of the body is
 * kept; then the body, the proof, the JWE; then the FHIR handler; then the sealed answer. A write
 * waits for the disk with its connection suspended.
 */
#ifndef SKEYM_SERVER_REQUEST_H
#define SKEYM_SERVER_REQUEST_H

#include "server/service.h"
#include <microhttpd.h>

struct skeym_request; /* SECRET inside; malloc'ed */

/* target: as in the request line. NULL when memory is out. */
struct skeym_request *skeym_request_new(struct skeym_service *service, const char *target);

/* The HTTP library's access handler, for one step: the head, some bytes of the body, its end, or a
 * suspended request that goes on. */
enum MHD_Result skeym_request_step(struct skeym_request *request, struct MHD_Connection *connection,
                                   const char *method, const char *version, const char *data,
                                   size_t *size);

/* When the request is over, whatever came of it: wipes and frees. request may be NULL. true in the
 * result: it was answered as one that was admitted. */
bool skeym_request_end(struct skeym_request *request);

#endif
