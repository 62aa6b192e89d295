/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes: this same program with other arguments. */
#ifndef SKEYM_INSPECT_PROCESS_H
#define SKEYM_INSPECT_PROCESS_H

#include <skeym/error.h>
#include <stdbool.h>
#include <sys/types.h>

struct skeym_process {
    pid_t pid;  /* 0: not running */
    int ready;  /* what it writes to --ready-fd comes out here; -1: nothing */
    int exited; /* exit code once it ended; -1 before */
};

/* For argument lists: exec's are not const, though nobody writes to them. */
char *skeym_process_word(const char *constant);

/* Starts `skeym ARGV...` (argv[0] is the command; ends with NULL) with output and errors appended
 * to the file log. with_ready: "--ready-fd N" is added. */
SKEYM_MUST_USE enum skeym_error skeym_process_start(struct skeym_process *process,
                                                    char *const *argv, const char *log,
                                                    bool with_ready);
/* Starts and waits for its end: SKEYM_OK when it exits with 0, SKEYM_ERR_STATE else. */
SKEYM_MUST_USE enum skeym_error skeym_process_run(char *const *argv, const char *log);
/* Has it ended? Does not wait. */
bool skeym_process_ended(struct skeym_process *process);
/* Sends a signal and waits until it has ended, at most 15 s, then SIGKILL. */
void skeym_process_stop(struct skeym_process *process, int signal);
/* Reads one line from `ready`. Errors: SKEYM_ERR_TIMEOUT, SKEYM_ERR_IO (it ended). */
SKEYM_MUST_USE enum skeym_error skeym_process_line(struct skeym_process *process, char *line,
                                                   size_t room, int timeout_ms);

#endif
