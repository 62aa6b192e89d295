/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary folder with an authority, a running `skeym serve`, a rival, and two nodes. All of it
 * goes with the program, whatever way it ends. One at a time. */
#ifndef SKEYM_BENCH_SERVER_WORLD_H
#define SKEYM_BENCH_SERVER_WORLD_H

#include "bench/server_process.h"
#include "node/credential.h"

struct server_world {
    char program[512], rival[512]; /* paths: SKEYM_PROGRAM, SKEYM_RIVAL, else beside the bench */
    char dir[256];
    int server_core, load_core; /* the same when there is but one */
    struct server_process skeym, hello;
    struct skeym_credential_file doctor, device; /* SECRET; wiped at the end */
};

/* Finds programs and cores. false: *missing is the path of a program that is not there. */
bool server_world_find(struct server_world *world, const char **missing);
/* Makes folder and authority, starts both servers, enrols doctor and device. Settings: room for all
 * tokens that a run uses up, or as they are by default (for memory). Ends the program on failure.
 */
void server_world_open(struct server_world *world, bool roomy);
/* Stops both; checks that they ended in order; removes the folder. */
void server_world_close(struct server_world *world);
/* Says what went wrong and shows the end of the server's log; exit status 1. */
_Noreturn void server_world_fail(const struct server_world *world, const char *name,
                                 const char *text);

#endif
