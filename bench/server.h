/* SPDX-License-Identifier: Apache-2.0 */
/* The real server, `skeym serve`, on one core, under load from another: bench/README.md. */
#ifndef SKEYM_BENCH_SERVER_H
#define SKEYM_BENCH_SERVER_H

#include "bench/measure.h"

void bench_server(struct bench_report *report);

#endif
