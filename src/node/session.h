/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node's session: logs in when needed, keeps the chain of tokens of each lane, signs, seals and
 * opens. It knows no socket: the transport is a callback, so that tests and attackers can stand in
 * between.
 */
#ifndef SKEYM_NODE_SESSION_H
#define SKEYM_NODE_SESSION_H

#include "node/credential.h"
#include <skeym/exchange.h>

/* One HTTP request and its answer, as they cross the wire. */
struct skeym_wire_request {
    const char *method;
    const char *target;        /* path and query */
    const char *content_type;  /* or NULL */
    const char *authorization; /* whole field value, or NULL */
    const char *proof;         /* or NULL */
    struct skeym_span body;
};
struct skeym_wire_answer {
    int status;
    char content_type[80];
    char next[SKEYM_TOKEN_CHARS + 1];
    uint32_t retry_after_s;
    uint8_t *body; /* malloc'ed by the transport, freed by the caller */
    size_t body_size;
};
/* Sends and waits. Errors: SKEYM_ERR_NETWORK, SKEYM_ERR_TLS, SKEYM_ERR_TIMEOUT, SKEYM_ERR_SIZE. */
typedef enum skeym_error (*skeym_transport)(void *arg, const struct skeym_wire_request *request,
                                            struct skeym_wire_answer *answer);

struct skeym_session; /* SECRET inside; malloc'ed */

struct skeym_session_options {
    struct skeym_credential_file
        *credential;             /* not owned; its locator and C_i move with each login */
    const char *credential_path; /* rewritten after each login; NULL: not written */
    skeym_transport transport;
    void *transport_arg;
    uint8_t lanes;  /* 1 to 16 */
    bool open_form; /* show method and target (docs/PROTOCOL.md, 8.2) */
    /* Called with what crossed the wire and what it meant; may be NULL. */
    void (*observe)(void *arg, const struct skeym_wire_request *, const struct skeym_wire_answer *,
                    const struct skeym_closed *clear, struct skeym_span clear_answer);
    void *observe_arg;
};

SKEYM_MUST_USE enum skeym_error skeym_session_new(struct skeym_session **out,
                                                  const struct skeym_session_options *options);
/* Wipes and frees; NULL is fine. */
void skeym_session_free(struct skeym_session *session);

struct skeym_session_answer {
    int status; /* from inside the JWE when `sealed` */
    bool sealed;
    char cty[SKEYM_CTY_BYTES + 1];
    uint8_t *body; /* malloc'ed, NUL-terminated past the end; free with skeym_session_answer_free */
    size_t body_size;
};

/* One request: logs in when there is no live token (and once more when the server refuses the
 * token), sends, opens. A request that may have been executed (sent, no readable answer) is NOT
 * repeated: SKEYM_ERR_NETWORK etc., *maybe (may be NULL) is true then, and the caller repeats it
 * under the same identifier. Errors: the transport's; SKEYM_ERR_PERMISSION (login refused);
 * SKEYM_ERR_RATE; SKEYM_ERR_SEAL (the answer does not open). */
SKEYM_MUST_USE enum skeym_error skeym_session_request(struct skeym_session *session,
                                                      const struct skeym_closed *request,
                                                      struct skeym_session_answer *answer,
                                                      bool *maybe);
void skeym_session_answer_free(struct skeym_session_answer *answer);

/* Figures for `--verbose`, tests and demos. */
struct skeym_session_figures {
    uint64_t logins, requests, refused;
    int64_t clock_offset_ms;
};
struct skeym_session_figures skeym_session_figures(const struct skeym_session *session);

#endif
