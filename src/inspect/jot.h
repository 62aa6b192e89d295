/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON for the vectors: one member a line, in the order of the calls, so that the same
 * values always give the same bytes. Names and texts are printable ASCII; bytes are lower-case hex.
 * It also remembers the first error of what it is told about, so that a long row of steps needs one
 * check.
 */
#ifndef SKEYM_INSPECT_JOT_H
#define SKEYM_INSPECT_JOT_H

#include <skeym/error.h>
#include <skeym/span.h>
#include <stdio.h>

struct skeym_jot {
    FILE *out;
    unsigned depth;
    bool filled; /* the object or list that is open has a member already */
    enum skeym_error error;
};

/* name is NULL inside of a list. */
void skeym_jot_object(struct skeym_jot *jot, const char *name);
void skeym_jot_object_end(struct skeym_jot *jot);
void skeym_jot_list(struct skeym_jot *jot, const char *name);
void skeym_jot_list_end(struct skeym_jot *jot);

void skeym_jot_text(struct skeym_jot *jot, const char *name, const char *text);
/* A span that is text: quotes, backslashes and LF are escaped. */
void skeym_jot_span(struct skeym_jot *jot, const char *name, struct skeym_span text);
void skeym_jot_hex(struct skeym_jot *jot, const char *name, const void *data, size_t size);
void skeym_jot_base64url(struct skeym_jot *jot, const char *name, struct skeym_span bytes);
void skeym_jot_number(struct skeym_jot *jot, const char *name, uint64_t number);
void skeym_jot_bool(struct skeym_jot *jot, const char *name, bool value);

/* Remembers an error; true when there was none, now or before. */
bool skeym_jot_must(struct skeym_jot *jot, enum skeym_error error);
/* "error": its word. What should have been refused and was not is an error itself, and so is a
 * library that failed. */
void skeym_jot_refused(struct skeym_jot *jot, enum skeym_error error);

#endif
