/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single files, with care: used by home.c. A folder is an open descriptor, a file a plain name in
 * it, so that nobody can swap the folder in between. Symbolic links and anything but regular files
 * are refused (SKEYM_ERR_NOT_FILE). Errors of the system become ours here: SKEYM_ERR_MISSING,
 * SKEYM_ERR_EXISTS, SKEYM_ERR_PERMISSION, SKEYM_ERR_NO_SPACE, SKEYM_ERR_MEMORY, SKEYM_ERR_IO.
 */
#ifndef SKEYM_SERVER_HOME_FILE_H
#define SKEYM_SERVER_HOME_FILE_H

#include <skeym/error.h>
#include <skeym/span.h>

/* errno to ours. */
enum skeym_error skeym_home_file_error(int error_number);

/* Reads all of a file. *data is malloc'ed (never NULL after SKEYM_OK), to be freed; a secret's is
 * to be wiped before. secret: refused with SKEYM_ERR_MODE when group or others have any bit. More
 * errors: SKEYM_ERR_SIZE (over max bytes). */
SKEYM_MUST_USE enum skeym_error skeym_home_file_read(uint8_t **data, size_t *size, int folder,
                                                     const char *name, size_t max, bool secret);

/* Puts a new content in the place of a file, or makes it, 0600, owned by the folder's owner. At any
 * moment, power loss included, the name stands for the whole old or the whole new content. The
 * caller holds the folder's lock. The old content is overwritten with zeros where the file system
 * lets us. When the disk is full, the folder's reserve is freed for it, and filled again from what
 * is left then, or by a later call: 64 KiB, or twice the content when that is more. */
#define SKEYM_HOME_FILE_RESERVE "reserve"
SKEYM_MUST_USE enum skeym_error skeym_home_file_replace(int folder, const char *name,
                                                        struct skeym_span content);

/* Adds to the end of a file, or makes it; durable on return, unchanged on an error. The caller
 * holds the lock. A last line that a crash cut short is ended first. */
SKEYM_MUST_USE enum skeym_error skeym_home_file_append(int folder, const char *name,
                                                       struct skeym_span line);

/* An exclusive (or shared) lock on the folder, waited for 10 s at most. *lock: to be closed.
 * Errors: SKEYM_ERR_BUSY. */
SKEYM_MUST_USE enum skeym_error skeym_home_file_lock(int *lock, int folder, bool shared);

#endif
