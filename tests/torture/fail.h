/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library that is loaded before the program's own shares with the campaign that drives
 * it: one page of orders and counts in a file that both map (torture.mjs reads and writes it).
 */
#ifndef FAIL_H
#define FAIL_H

#include <stdbool.h>
#include <stdint.h>

/* X(name): the kinds of calls that can be made to fail. The first are the C library's, those with
 * "vfs" are SQLite's to its file system. */
/* clang-format off */
#define FAIL_KINDS(X)                                                                              \
    X(malloc) X(open) X(read) X(write) X(fsync) X(truncate) X(rename) X(unlink) X(mkdir) X(stat)   \
    X(lock) X(chmod) X(socket) X(bind) X(accept) X(connect) X(recv) X(send) X(poll) X(handle)      \
    X(random) X(thread) X(map) X(limit)                                                            \
    X(vfs_open) X(vfs_delete) X(vfs_access) X(vfs_path) X(vfs_read) X(vfs_write) X(vfs_truncate)   \
    X(vfs_sync) X(vfs_size) X(vfs_lock) X(vfs_unlock) X(vfs_control) X(vfs_shm_map)                \
    X(vfs_shm_lock)
/* clang-format on */

enum fail_kind {
#define KIND(name) FAIL_##name,
    FAIL_KINDS(KIND)
#undef KIND
        FAIL_KIND_COUNT
};

enum { FAIL_SHORT = -1 }; /* how: half of the bytes instead of an errno */

/* The fields of an order, then the counts, then a journal of sites. All of 8 bytes. */
struct fail_page {
    int64_t armed;   /* 0: nothing is counted */
    int64_t kind;    /* which fails; -1: none, all are counted */
    int64_t nth;     /* the call that fails, from 1 */
    int64_t how;     /* errno, SQLite's code, or FAIL_SHORT */
    int64_t lasting; /* all after it fail, too */
    int64_t fired;   /* how many have failed */
    int64_t own;     /* whether the first of them was called by the program itself */
    int64_t site;    /* where, as an offset in its module */
    int64_t sites;   /* how many entries of the journal are taken */
    int64_t count[64];
    char module[128]; /* of the site */
    struct {
        uint32_t kind; /* with the program's own calls in the highest bit */
        uint32_t site;
        uint64_t stack; /* the same for calls that were made in the same way */
    } journal[1 << 16];
};

/* true: this call is to fail, and errno (or *code) says how. */
bool fail_now(enum fail_kind kind, const void *caller, int *code);
/* Puts a file system that can fail in front of SQLite's own, where there is SQLite. */
void fail_vfs_install(void);

typedef int fail_main(int argc, char **argv, char **environment);
/* Once, at the start: finds what stands behind this library. */
void fail_orders_begin(void);
/* Runs main in a child for each order on standard input. An order is lines: folder, input, output,
 * errors, what descriptor 3 is, how many words, the words. The answers are the child's number and,
 * at its end, its status. */
int fail_serve_orders(fail_main *run, char **environment);

#endif
