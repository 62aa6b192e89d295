/* SPDX-License-Identifier: Apache-2.0 */
/* Plain HTTP: the same GET again and again, for rivals. */
#ifndef SKEYM_BENCH_LOAD_PLAIN_H
#define SKEYM_BENCH_LOAD_PLAIN_H

#include "bench/load.h"

struct load_plain {
    const char *target;
    size_t body_size; /* that each answer must have */
};

extern const struct load_script load_plain_script;

#endif
