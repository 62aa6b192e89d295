/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says that a server answers requests: to a descriptor (--ready-fd) and to a service manager, which
 * listens on the datagram socket that NOTIFY_SOCKET names (sd_notify(3), "Notifications").
 */
#ifndef SKEYM_CLI_READY_H
#define SKEYM_CLI_READY_H

/* Writes the line (with its end) to fd and closes it (-1: none is asked for), and READY=1 to the
 * service manager, if there is one. Nobody to hear it is no error: the server serves. */
void skeym_ready_say(int fd, const char *line);

#endif
