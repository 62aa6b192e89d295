/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole server inside of the fuzzer: home folder, state, store, FHIR and the HTTP library's
 * listener, which the fuzzer's thread drives (server_drive.h), behind sockets. Its clock and its
 * randomness are counters of ours (the linker puts them in the place of clock_gettime and
 * getrandom), so that one input does one thing.
 */
#ifndef SKEYM_FUZZ_SERVER_WORLD_H
#define SKEYM_FUZZ_SERVER_WORLD_H

#include "fuzz.h"
#include "server/service.h"

/* What no asker but the first may see. */
#define SERVER_SECRET "Q7zxKv3w"

struct skeym_service *server_world(void); /* opens it, or anew after some thousand inputs */
/* A moment passes: clock, tables, epochs. */
void server_world_tick(struct skeym_service *service);
uint64_t server_world_now(void);
/* An enrolled node's own, of this server's folder. */
void server_world_enrol(struct skeym_credentials *out);
/* A connected socket, which does not block. busy: it comes by way of the socket that the server
 * listens on and its acceptor's thread, another connection is open beside it, and the store's
 * writer is quicker than the request; else it is handed over at once, alone, and the writer is
 * slower. */
int server_world_dial(bool busy);
/* Sends all, and has the server read it; false when it has closed. */
bool server_world_send(int fd, struct skeym_span bytes);
/* Receives until `whole` says so or the server closes or has no more to say. patient: that is all;
 * else the server's own deadline then cuts the connection, and must end it. Returns the bytes. */
size_t server_world_receive(int fd, uint8_t *out, size_t room, bool patient,
                            bool (*whole)(struct skeym_span));
/* Of this peer nothing must be left in the server. */
void server_world_close(int fd);

#endif
