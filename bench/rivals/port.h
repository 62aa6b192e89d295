/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKEYM_BENCH_RIVALS_PORT_H
#define SKEYM_BENCH_RIVALS_PORT_H

/* A non-blocking socket that listens on a port of loopback which the kernel chooses; -1: none. */
int port_listen(unsigned *port);

#endif
