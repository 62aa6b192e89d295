/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: a wall clock that is off by as many ms as the file $SKEYM_TEST_CLOCK says, now. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long offset_ms(void)
{
    const char *path = getenv("SKEYM_TEST_CLOCK");
    FILE *in = path ? fopen(path, "r") : NULL;
    char text[32] = "";
    long ms = 0;
    if (in) {
        ms = fgets(text, sizeof text, in) ? strtol(text, NULL, 10) : 0;
        (void)fclose(in);
    }
    return ms;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    }
    /* Before the clock is read: who reads two, one after the other, finds no gap between them. */
    long ms = id == CLOCK_REALTIME ? offset_ms() : 0;
    int result = real(id, out);
    if (result == 0) {
        out->tv_sec += ms / 1000;
        out->tv_nsec += ms % 1000 * 1000000;
        if (out->tv_nsec < 0) {
            out->tv_nsec += 1000000000;
            out->tv_sec--;
        } else if (out->tv_nsec >= 1000000000) {
            out->tv_nsec -= 1000000000;
            out->tv_sec++;
        }
    }
    return result;
}
