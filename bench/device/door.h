/* SPDX-License-Identifier: Apache-2.0 */
/* A painted stack, and a second one for the crypto library: the linker's --wrap leads each call of
 * the crypto door that computes through here. */
#ifndef SKEYM_BENCH_DEVICE_DOOR_H
#define SKEYM_BENCH_DEVICE_DOOR_H

#include "crypto/crypto.h"

/* Runs it on the painted stack; bytes of it that it has touched, those of its caller's frame
 * here included. */
size_t door_run(void (*run)(void));
/* Calls that went to the other stack so far: 0 would mean that nothing was separated. */
size_t door_calls(void);

#endif
