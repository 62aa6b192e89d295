/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says that a server answers requests: to a descriptor (--ready-fd) and to a service manager, which
 * listens on the datagram socket that NOTIFY_SOCKET names (sd_notify(3), "Notifications").
 */
#ifndef SKEYM_CLI_READY_H
#define SKEYM_CLI_READY_H

#include <stdbool.h>

/* Whether fd was opened by who started the program: to be asked before the program opens files of
 * its own, one of which would else be written to (the database, say). */
bool skeym_ready_open(int fd);

/* Writes the line (with its end) to fd and closes it, unless it is a standard file (-1: none is
 * asked for), and READY=1 to the service manager, if there is one. Nobody to hear it is no error:
 * the server serves. */
void skeym_ready_say(int fd, const char *line);

#endif
