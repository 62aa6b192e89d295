/* SPDX-License-Identifier: Apache-2.0 */
/* Logins: how many, from where, at what cost. The login itself is authority/enrolment.h's. */
#ifndef SKEYM_SERVER_SIGNIN_H
#define SKEYM_SERVER_SIGNIN_H

#include "server/service.h"

/* Before anything of the body is read: 0, or after how many seconds to try again. */
uint32_t skeym_signin_wait(struct skeym_service *service, const struct skeym_source *host,
                           const struct skeym_source *source);

/* One login. SKEYM_OK: *answer is malloc'ed, message 2 of *size bytes. Every error is one 401. */
SKEYM_MUST_USE enum skeym_error skeym_signin_run(uint8_t **answer, size_t *size,
                                                 struct skeym_service *service,
                                                 const struct skeym_source *source,
                                                 struct skeym_span body);

#endif
