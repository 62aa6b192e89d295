/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's threads, driven by the fuzzer's one: the HTTP library runs when it is told to (the
 * linker puts us in the place of what starts it), the acceptor's thread hands over to us, and the
 * store's writer is awaited. So nothing waits for time, and one input does one thing in one order.
 */
#ifndef SKEYM_FUZZ_SERVER_DRIVE_H
#define SKEYM_FUZZ_SERVER_DRIVE_H

#include "fuzz.h"
#include <stdbool.h>

/* What is started from here on is driven; false: as it is without us. */
void server_drive(bool on);
/* As the acceptor hands a connection over. */
void server_drive_hand(int fd);
/* Hands over what the acceptor's thread takes next, which must be on its way. */
void server_drive_accept(void);
/* true: what is given to the writer is written before the request that waits for it goes to sleep;
 * else after. */
void server_drive_hurry(bool writer);
/* Waits for the store's writer. false: it had something to do. */
bool server_drive_settle(void);
/* Until nobody has anything to do but for what a peer may send. */
void server_drive_run(void);

#endif
