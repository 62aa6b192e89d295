/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live tokens of a sidecar, for many threads: one login brings up to 16 lanes, each request
 * takes one out and gives it back with its next token. Whoever finds none logs in while the others
 * wait, so that there is one login and not one for each. Where the server gives fewer lanes than
 * were asked for, who finds none waits for one that is out, in turn. A login that was refused is
 * not tried again before a pause, which doubles: a revoked node does not hammer its server.
 */
#ifndef SKEYM_CONNECT_CONNECT_BANK_H
#define SKEYM_CONNECT_CONNECT_BANK_H

#include "node/session_wire.h"

#define SKEYM_CONNECT_BASE_BYTES 320 /* "https://ward:8443/fhir" with its NUL */

/* What happened, for a log: a word, an error or SKEYM_OK, a number. Never a value of a patient's,
 * never a secret. On any thread. */
typedef void (*skeym_connect_tell)(void *arg, const char *event, enum skeym_error error,
                                   uint64_t number);

struct skeym_connect_bank_options {
    struct skeym_credential_file *credential; /* not owned */
    const char *credential_path;              /* rewritten after each login; NULL: not */
    const char *server;                       /* its address, "https://ward:8443" */
    skeym_transport transport;                /* for logins alone */
    void *transport_arg;
    uint8_t lanes; /* 1 to 16 */
    struct skeym_session_time time;
    skeym_connect_tell tell; /* may be NULL */
    void *tell_arg;
};

struct skeym_connect_bank; /* SECRET inside; malloc'ed */

/* SECRET. A lane that is out, and where links of the server's begin. */
struct skeym_connect_lane {
    struct skeym_session_lane lane;
    uint64_t login; /* the number of the login that brought it */
    char base[SKEYM_CONNECT_BASE_BYTES];
};

/* Errors: SKEYM_ERR_USAGE, SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error
skeym_connect_bank_new(struct skeym_connect_bank **out,
                       const struct skeym_connect_bank_options *options);
/* All lanes must be back or lost. NULL is fine. */
void skeym_connect_bank_free(struct skeym_connect_bank *bank);

/* Errors: those of skeym_session_login; SKEYM_ERR_BUSY, too, of a bank that was stopped. *pause_ms:
 * how long there will be no new login, after an error. */
SKEYM_MUST_USE enum skeym_error skeym_connect_bank_take(struct skeym_connect_bank *bank,
                                                        struct skeym_connect_lane *lane,
                                                        uint32_t *pause_ms);
/* From now on nobody gets a lane or logs in, and who waits for one waits no longer. */
void skeym_connect_bank_stop(struct skeym_connect_bank *bank);
/* It has its next token, or the one it had was not used. Wipes. */
void skeym_connect_bank_give(struct skeym_connect_bank *bank, struct skeym_connect_lane *lane);
/* The server did not take its token: it takes none of that login's any more. Wipes. */
void skeym_connect_bank_refused(struct skeym_connect_bank *bank, struct skeym_connect_lane *lane);

/* One exchange over a lane: seals, sends, opens; the lane has its next token then. */
struct skeym_connect_attempt {
    bool sent;    /* it may have been executed */
    bool refused; /* the server did not take the token */
    uint32_t retry_after_s;
};
/* Errors: the transport's; SKEYM_ERR_PERMISSION (the token was refused), SKEYM_ERR_BUSY,
 * SKEYM_ERR_RATE, SKEYM_ERR_SIZE, SKEYM_ERR_SEAL; the writers'. */
SKEYM_MUST_USE enum skeym_error
skeym_connect_bank_exchange(struct skeym_connect_bank *bank, struct skeym_connect_lane *lane,
                            skeym_transport transport, void *transport_arg,
                            const struct skeym_closed *request, struct skeym_session_answer *answer,
                            struct skeym_connect_attempt *attempt);
/* The bank's clock. */
uint64_t skeym_connect_bank_steady(const struct skeym_connect_bank *bank);
void skeym_connect_bank_wait(const struct skeym_connect_bank *bank, uint32_t ms);

#endif
