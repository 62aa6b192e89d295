/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins alone. A login costs a node as much as the server, so a generator that made each message
 * anew would be the bottleneck: each lane's message is made once, before the clock starts, and sent
 * again and again. The server keeps no memory of it (docs/PROTOCOL.md, 6) and does the same work
 * each time. Every 16th answer is opened, the others' status, type and size are looked at.
 */
#ifndef SKEYM_LOAD_LOAD_LOGIN_H
#define SKEYM_LOAD_LOAD_LOGIN_H

#include "load/load_node.h"

/* SECRET. */
struct skeym_load_login {
    uint64_t count;
    struct skeym_handshake state;
    size_t message_size;
    uint8_t message[1024];
    size_t answer_size; /* the first answer's: all have it */
};

/* The message is good for 60 s. Errors: SKEYM_ERR_SPACE, SKEYM_ERR_CRYPTO, ... */
SKEYM_MUST_USE enum skeym_error skeym_load_login_init(struct skeym_load_login *lane,
                                                      const struct skeym_credentials *credentials);

/* Lanes are struct skeym_load_login. */
extern const struct skeym_load_script skeym_load_login_script;

#endif
