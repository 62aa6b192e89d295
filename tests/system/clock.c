/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: a wall clock that is off by as many ms as the file $SKEYM_TEST_CLOCK says, now. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    }
    int result = real(id, out);
    const char *path = getenv("SKEYM_TEST_CLOCK");
    FILE *in = id == CLOCK_REALTIME && path ? fopen(path, "r") : NULL;
    char text[32] = "";
    if (in) {
        if (fgets(text, sizeof text, in)) {
            out->tv_sec += strtol(text, NULL, 10) / 1000;
        }
        (void)fclose(in);
    }
    return result;
}
