/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that an HTTP server can be: one thread, epoll, connections that are kept alive, one
 * read and one write for each request, no parsing but for the end of a head. It is the floor that
 * all others stand on, and not a server that anybody should use.
 */
#ifndef SKEYM_BENCH_RIVALS_LOOP_H
#define SKEYM_BENCH_RIVALS_LOOP_H

#include <stddef.h>

enum { LOOP_HEAD_BYTES = 4096, LOOP_ANSWER_BYTES = 1024, LOOP_BODY_BYTES = 256 };

/* From a whole head, which ends with an empty line, to the answer; returns its size. */
typedef size_t (*loop_answer)(char out[LOOP_ANSWER_BYTES], const char *head, size_t size);

/* Listens on a port of loopback that the kernel chooses, writes its number to the descriptor
 * `ready`, and answers until SIGTERM. Returns an exit status. */
int loop_run(int ready, loop_answer answer);

#endif
