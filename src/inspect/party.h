/* SPDX-License-Identifier: Apache-2.0 */
/* Those who take part in an attack: a node with its session and a tap on its wire, and the
 * attacker's own ways to send. */
#ifndef SKEYM_INSPECT_PARTY_H
#define SKEYM_INSPECT_PARTY_H

#include "inspect/attack.h"
#include "node/http.h"

/* SECRET inside: close it. Does not move: the session points into it. */
struct skeym_party {
    struct skeym_credential_file credential;
    struct skeym_http *http;
    struct skeym_tap tap;
    struct skeym_session *session;
};

/* Opens a credential file and makes a session through a tap; open_form: method and target in the
 * clear. */
SKEYM_MUST_USE enum skeym_error skeym_party_open(struct skeym_party *party, const char *server,
                                                 const char *credential_path, bool open_form);
void skeym_party_close(struct skeym_party *party);

/* Lets the party sign a GET that is never delivered, and copies it: its token stays unspent. Free
 * the copy in any case. Errors: what the session says, SKEYM_ERR_STATE (nothing was signed). */
SKEYM_MUST_USE enum skeym_error skeym_party_hold(struct skeym_party *party, const char *target,
                                                 struct skeym_tap_copy *out);

/* A GET (or a POST, with a body) by the party; the sealed status, or 0 with *error set. */
int skeym_party_do(struct skeym_party *party, const char *method, const char *target,
                   const char *body, enum skeym_error *error);

/* The attacker sends what it likes over a connection of its own; the HTTP status, 0 when there was
 * no answer. */
int skeym_party_send(struct skeym_http *http, const struct skeym_wire_request *request);

/* Counts an attacker's answer: 2xx is a success of the attack, 4xx and 503 are refusals, all else
 * (no answer, 0; an error of the server) is neither. */
void skeym_party_count(struct skeym_attack_result *result, int status);
/* Writes result->got: the statuses that were counted, with how often where there are several, then
 * `more`, of which NULL adds nothing. */
void skeym_party_got(struct skeym_attack_result *result, const char *more);
/* Does one legitimate request and counts how it went. */
void skeym_party_serve(struct skeym_attack_result *result, struct skeym_party *victim,
                       const char *target);

/* Raw bytes from a source address of the attacker's own (loopback has 2^24 of them), plain HTTP.
 * Returns a socket, or -1. */
int skeym_party_connect(const char *server, const char *source);
/* Sends, waits up to timeout_ms for a status line, returns its status (0: none). Keeps the socket
 * open. */
int skeym_party_exchange(int fd, const void *bytes, size_t size, int timeout_ms);

#endif
