/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of `skeym serve`: bind, give up privileges, open, serve, and end in order on SIGTERM or
 * SIGINT. SIGHUP and the control socket read keyring, revoked list and log file anew.
 */
#ifndef SKEYM_SERVER_SERVE_H
#define SKEYM_SERVER_SERVE_H

#include "server/conf.h"

struct skeym_serve_options {
    const char *dir;
    const struct skeym_conf *conf;
    const char *version;
    void (*ready)(void *arg, unsigned port, unsigned metrics_port); /* once requests are answered */
    void *ready_arg;
};

/* Returns after a graceful stop. An error is one of the start, and *what says of which part. */
SKEYM_MUST_USE enum skeym_error skeym_serve_run(const struct skeym_serve_options *options,
                                                const char **what);

#endif
