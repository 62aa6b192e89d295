/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which functions a case enters: compiled in by -finstrument-functions, in a build of its own.
 * One line of hexadecimal each, as nm counts them: tests/ct/check-functions turns them into names.
 */
#include "ct.h"
#include <stdio.h>

#define MOST 2000

void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);

extern const char __executable_start[];

static const char *entered[MOST];
static size_t count;

__attribute__((no_instrument_function)) void __cyg_profile_func_enter(void *function, void *site)
{
    (void)site;
    for (size_t i = 0; i < count; i++) {
        if (entered[i] == function) {
            return;
        }
    }
    if (count < MOST) {
        entered[count++] = function;
    }
}

__attribute__((no_instrument_function)) void __cyg_profile_func_exit(void *function, void *site)
{
    (void)function;
    (void)site;
}

void ct_trace_print(void)
{
    for (size_t i = 0; i < count; i++) {
        printf("%lx\n", (unsigned long)(entered[i] - __executable_start));
    }
}
