/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log's writes, gathered. SQLite appends a page to its log by two small writes, each of which
 * the file system has to find the place for; here they are put together, and leave before anything
 * that needs them there: a sync, a read, a look at the file's size, a write elsewhere. A commit
 * promises what it did, for with synchronous=FULL it syncs before others may look at its pages
 * (with less it would not: do not use this then). Files that are no log are the system's own.
 */
#ifndef SKEYM_STORE_SQLITE_LOG_H
#define SKEYM_STORE_SQLITE_LOG_H

/* The name for sqlite3_open_v2; NULL, SQLite's own: memory is out. Registers it once; any thread.
 */
const char *skeym_sqlite_log(void);

#endif
