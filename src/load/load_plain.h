/* SPDX-License-Identifier: Apache-2.0 */
/* Plain HTTP: the same request again and again, for rivals. */
#ifndef SKEYM_LOAD_LOAD_PLAIN_H
#define SKEYM_LOAD_LOAD_PLAIN_H

#include "load/load.h"

struct skeym_load_plain {
    struct skeym_span request; /* as sent: skeym_load_plain_write; not owned */
    int status;                /* that each answer must have; 0: any of 2xx */
    size_t body_size;          /* that each answer must have; SIZE_MAX: any */
};

/* One request. headers: count lines "Name: value", without line ends. body may be empty; then there
 * is no Content-Length. Errors: SKEYM_ERR_CHARSET (a control character in a line or the method, or
 * a line without a colon), SKEYM_ERR_SPACE. */
SKEYM_MUST_USE enum skeym_error skeym_load_plain_write(struct skeym_writer *out, const char *method,
                                                       const struct skeym_load_target *target,
                                                       const char *const *headers, size_t count,
                                                       struct skeym_span body);

extern const struct skeym_load_script skeym_load_plain_script;

#endif
