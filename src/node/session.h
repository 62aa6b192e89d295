/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node's session: logs in when needed, keeps the chain of tokens of each lane, signs, seals and
 * opens (docs/PROTOCOL.md, 6 and 8). It knows no socket: the transport is a callback, so that tests
 * and attackers can stand in between. One thread at a time.
 *
 * What it believes. Only an answer that opens proves what happened to a request. Refusals outside
 * of the seal (401, 429, 503) come from an honest server before it executes anything, but anybody
 * on the way can say them too. So a request goes out a second time only when executing it twice
 * does no harm: a GET, one with If-None-Exist or an idempotency key, or any when the caller says
 * that they are `repeatable`. Nothing is ever sent twice after an answer was lost or did not open.
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
    uint32_t retry_after_s; /* 0: none */
    bool unsent;   /* after an error: not a byte of the request has left, so the token is as new */
    uint8_t *body; /* malloc'ed by the transport, freed by the caller */
    size_t body_size;
};
/* Sends and waits. *answer comes in zeroed. Errors: SKEYM_ERR_NETWORK, SKEYM_ERR_TLS,
 * SKEYM_ERR_TIMEOUT, SKEYM_ERR_SIZE. */
typedef enum skeym_error (*skeym_transport)(void *arg, const struct skeym_wire_request *request,
                                            struct skeym_wire_answer *answer);

/* Time, for tests. Any of them NULL: the system's. */
struct skeym_session_time {
    uint64_t (*wall_ms)(void *arg);   /* since 1970 */
    uint64_t (*steady_ms)(void *arg); /* never jumps; goes on while the machine sleeps */
    void (*wait)(void *arg, uint32_t ms);
    void *arg;
};

struct skeym_session; /* SECRET inside; malloc'ed */

struct skeym_session_options {
    struct skeym_credential_file
        *credential;             /* not owned; its locator and C_i move with each login */
    const char *credential_path; /* rewritten after each login; NULL: not written */
    skeym_transport transport;
    void *transport_arg;
    uint8_t lanes;         /* tokens asked for at login, 1 to 16: more lose less when one is lost */
    bool open_form;        /* show method and target (docs/PROTOCOL.md, 8.2) */
    bool repeatable;       /* every request may be executed twice without harm */
    uint32_t wait_most_ms; /* how long one request may wait for a busy server (503, 429); 0: not */
    /* Called with what crossed the wire and what it meant; may be NULL. clear is NULL for a login;
     * clear_answer is empty for what did not open. */
    void (*observe)(void *arg, const struct skeym_wire_request *, const struct skeym_wire_answer *,
                    const struct skeym_closed *clear, struct skeym_span clear_answer);
    void *observe_arg;
    struct skeym_session_time time;
};

/* Errors: SKEYM_ERR_USAGE, SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_session_new(struct skeym_session **out,
                                                  const struct skeym_session_options *options);
/* Wipes and frees; NULL is fine. */
void skeym_session_free(struct skeym_session *session);

/* Logs in now, whatever lanes there are; they are replaced. Errors: the transport's,
 * SKEYM_ERR_PERMISSION (refused), SKEYM_ERR_RATE, SKEYM_ERR_BUSY, SKEYM_ERR_CLOCK (the server calls
 * our clock wrong a second time), SKEYM_ERR_HANDSHAKE (not an answer of the authority that we
 * know), skeym_login_finish's. */
SKEYM_MUST_USE enum skeym_error skeym_session_login(struct skeym_session *session);

struct skeym_session_answer {
    int status; /* from inside the JWE; that of the status line is the same */
    bool sealed;
    char cty[SKEYM_CTY_BYTES + 1];
    uint32_t retry_after_s; /* not sealed: a hint */
    uint8_t *body; /* malloc'ed, NUL-terminated past the end; free with skeym_session_answer_free */
    size_t body_size;
};

/* One request: logs in when there is no live token, sends, opens. After SKEYM_OK the answer was
 * sealed by the server, whatever its status. After an error *maybe (may be NULL) tells whether the
 * request may have been executed; then the caller may repeat it under the same identifier.
 * Errors: the transport's; skeym_session_login's; SKEYM_ERR_PERMISSION (the token was refused, and
 * so was the next, or the request may not be repeated); SKEYM_ERR_BUSY, SKEYM_ERR_RATE (still after
 * waiting); SKEYM_ERR_SIZE (too large for the server); SKEYM_ERR_SEAL (the answer does not open,
 * or is not sealed); SKEYM_ERR_UNSUPPORTED (If-None-Exist, Prefer or an idempotency key in the open
 * form); the writers' for a request that the protocol does not allow. */
SKEYM_MUST_USE enum skeym_error skeym_session_request(struct skeym_session *session,
                                                      const struct skeym_closed *request,
                                                      struct skeym_session_answer *answer,
                                                      bool *maybe);
/* Wipes and frees what is inside. */
void skeym_session_answer_free(struct skeym_session_answer *answer);

/* SECRET. One live lane, outside of a session (node/chain.h). Times are of steady_ms. */
struct skeym_session_lane {
    uint8_t secret[SKEYM_SECRET_BYTES];
    uint64_t born_ms;     /* when the request was sent that brought the token */
    uint64_t deadline_ms; /* when the chain ends */
    uint8_t lifetime_s;
    char token[SKEYM_TOKEN_CHARS + 1];
};
/* Moves a lane in; false when it is not live or there is no room. */
bool skeym_session_give(struct skeym_session *session, const struct skeym_session_lane *lane);
/* Moves a live lane out; false when there is none left. */
bool skeym_session_take(struct skeym_session *session, struct skeym_session_lane *lane);

/* Figures for `--verbose`, tests and demos. */
struct skeym_session_figures {
    uint64_t logins, requests, refused; /* refused: tokens that the server did not take */
    uint64_t lost;                      /* lanes that ended without an answer */
    int64_t clock_offset_ms;            /* server's clock minus ours, as of the last login */
    uint64_t unsaved;                   /* logins whose locator could not be kept in the file */
    enum skeym_error save_error;        /* the last reason */
    int refused_status; /* of an answer that did not open and ended the last request, for people;
                           0: none came */
    uint32_t login_retry_after_s; /* what the answer to the last login asked for; 0: nothing. Not
                                     sealed: a hint */
    bool renewed_unsaved;         /* the file holds a C_i that dies when its enrol key is retired */
};
struct skeym_session_figures skeym_session_figures(const struct skeym_session *session);

#endif
