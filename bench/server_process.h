/* SPDX-License-Identifier: Apache-2.0 */
/* Programs under measurement: started on one core, watched through /proc, ended with the bench. */
#ifndef SKEYM_BENCH_SERVER_PROCESS_H
#define SKEYM_BENCH_SERVER_PROCESS_H

#include "load/load_watch.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVER_ARGS 48 /* at most, the final NULL included */

struct server_process {
    pid_t pid; /* 0: none */
    uint16_t port;
};

/* argv[0] is the program's path. Its output is appended to the file `log`. Runs to the end; true
 * for exit status 0. */
bool server_process_run(const char *const *argv, const char *log);
/* The same, on that core, with the number of a descriptor as last argument, to which it writes a
 * line that begins with its port. */
bool server_process_start(struct server_process *process, const char *const *argv, const char *log,
                          int core);
/* SIGTERM, and SIGKILL after 15 s. false when its exit status is not 0. */
bool server_process_stop(struct server_process *process);

bool server_process_usage(struct skeym_load_usage *usage, const struct server_process *process);

/* What all programs together used of these cores so far; 0 when /proc/stat cannot be read. */
uint64_t server_process_cores_us(int core, int other_core);

#endif
