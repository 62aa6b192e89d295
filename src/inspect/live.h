/* SPDX-License-Identifier: Apache-2.0 */
/* A real authority in a temporary folder, and its server as a process of its own on loopback: what
 * the demo and the inspections attack. */
#ifndef SKEYM_INSPECT_LIVE_H
#define SKEYM_INSPECT_LIVE_H

#include "inspect/process.h"

struct skeym_live {
    char dir[64];     /* temporary folder of all that follows */
    char home[96];    /* the authority's folder in it */
    char server[64];  /* URL */
    char metrics[64]; /* URL of /metrics */
    char log[96];
    unsigned port, metrics_port;
    struct skeym_process serve;
};

/* "DIR/NAME" in one of a few static buffers, good until four calls later. */
const char *skeym_live_path(const struct skeym_live *live, const char *name);
/* Makes a folder /tmp/NAME.XXXXXX and the authority in it. Where this is root, the authority's
 * owner is nobody, so that the server runs with no rights. name: at most 40 bytes. */
SKEYM_MUST_USE enum skeym_error skeym_live_found(struct skeym_live *live, const char *name);
/* Starts (or starts again, on the same ports) the server and waits until it is ready. more: further
 * arguments, ends with NULL; may itself be NULL. */
SKEYM_MUST_USE enum skeym_error skeym_live_serve(struct skeym_live *live, const char *const *more);
/* Enrols NODE with one scope; its credential is DIR/NODE.cred. locked: under a passphrase that is
 * thrown away. */
SKEYM_MUST_USE enum skeym_error skeym_live_enrol(const struct skeym_live *live, const char *node,
                                                 const char *role, const char *scope, bool locked);
/* Stops the server; removes the folder unless keep. Does nothing where found failed or was not
 * called and all is zero. */
void skeym_live_close(struct skeym_live *live, bool keep);

#endif
