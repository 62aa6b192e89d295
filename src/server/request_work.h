/* SPDX-License-Identifier: Apache-2.0 */
/* What an admitted request asks for: its JWE opened, the closed form read, the FHIR handler called.
 */
#ifndef SKEYM_SERVER_REQUEST_WORK_H
#define SKEYM_SERVER_REQUEST_WORK_H

#include "server/desk.h"
#include <microhttpd.h>

/* Part of a request; zero-initialised. */
struct skeym_request_work {
    struct skeym_service *service;
    struct MHD_Connection *connection;
    _Atomic int stage;
    uint64_t now_ms; /* when the request was whole */
    bool parked;     /* the connection was suspended */
    bool at_once;    /* answered without a look at store or disk */
    uint8_t *plain;  /* the opened body */
    size_t plain_room;
    struct skeym_fhir_answer *answer;
    struct skeym_desk_call desk;
};

/* Runs; suspends the connection when the answer comes later, and resumes it then. body: as sent. */
void skeym_request_work_run(struct skeym_request_work *work, struct skeym_service *service,
                            struct MHD_Connection *connection, struct skeym_admission *admission,
                            const struct skeym_head *head, struct skeym_span body);
/* true: work->answer is there; NULL when memory was out. */
bool skeym_request_work_done(struct skeym_request_work *work);
void skeym_request_work_end(struct skeym_request_work *work);

#endif
