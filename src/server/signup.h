/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolments by invitation (docs/PROTOCOL.md, 5.1). How many and from where is signin.h's: one
 * budget for both. */
#ifndef SKEYM_SERVER_SIGNUP_H
#define SKEYM_SERVER_SIGNUP_H

#include "server/service.h"

#define SKEYM_SIGNUP_PATH "/skeym/v1/enrol"
#define SKEYM_SIGNUP_TYPE "application/skeym-enrol"

/* One enrolment. SKEYM_OK: *answer is malloc'ed, message 2 of *size bytes. SKEYM_ERR_BUSY: nothing
 * was used up, and it was not the node's fault: 503. Every other error is one 401. */
SKEYM_MUST_USE enum skeym_error skeym_signup_run(uint8_t **answer, size_t *size,
                                                 struct skeym_service *service,
                                                 const struct skeym_source *source,
                                                 struct skeym_span body);

#endif
