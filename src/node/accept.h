/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's side of an enrolment by invitation (docs/PROTOCOL.md, section 5.1), over a transport.
 * A try whose answer is lost is made again: with the same key that is safe, and with another it is
 * not possible.
 */
#ifndef SKEYM_NODE_ACCEPT_H
#define SKEYM_NODE_ACCEPT_H

#include "node/session.h"
#include <skeym/invite.h>

#define SKEYM_ACCEPT_TRIES 4 /* that got no answer, or a busy server's */

struct skeym_accept_options {
    const struct skeym_invite_code *code;
    skeym_transport transport;
    void *transport_arg;
    uint32_t wait_most_ms; /* for a busy server (429, 503), or before asking anew, at a time */
    struct skeym_session_time time;
};

/* Enrols. file comes in with keys.private_key, which a caller that may be stopped has kept; out:
 * node, public_key, keys. *claims gets what the node may do. Errors (file's keys but the private
 * one are zero): the transport's (of the last try), SKEYM_ERR_PERMISSION (refused: used by another
 * key, expired, revoked, or none of this server's), SKEYM_ERR_RATE, SKEYM_ERR_BUSY, SKEYM_ERR_CLOCK
 * (the server calls our clock wrong a second time), SKEYM_ERR_SHAPE (no answer of a server like
 * ours), the core's. */
SKEYM_MUST_USE enum skeym_error skeym_accept(struct skeym_credential_file *file,
                                             struct skeym_node_claims *claims,
                                             const struct skeym_accept_options *options);

#endif
