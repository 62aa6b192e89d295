/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIR/control: a Unix socket, 0600, by which whoever administers DIR tells the running server to
 * read it anew: "reload\n", answered by "ok\n" once the new lists are in force. And the lock that
 * keeps a second server off DIR.
 */
#ifndef SKEYM_SERVER_CONTROL_H
#define SKEYM_SERVER_CONTROL_H

#include <skeym/error.h>
#include <stdbool.h>

struct skeym_control {
    int folder; /* DIR, locked */
    int fd;     /* the listening socket */
};

/* Errors: SKEYM_ERR_MISSING, SKEYM_ERR_BUSY (another server runs on DIR), SKEYM_ERR_EXISTS (a file
 * of this name that is no socket), SKEYM_ERR_PERMISSION, SKEYM_ERR_NO_SPACE, SKEYM_ERR_IO. */
SKEYM_MUST_USE enum skeym_error skeym_control_open(struct skeym_control *out, const char *dir);
/* Takes the socket out of the folder. */
void skeym_control_close(struct skeym_control *control);

/* Answers the one that asks now, if there is one: calls reload and says how it went. Waits a second
 * at most. */
void skeym_control_serve(struct skeym_control *control, enum skeym_error (*reload)(void *arg),
                         void *arg);

#endif
