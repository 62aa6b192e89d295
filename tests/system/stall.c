/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: who parses JSON while the file $SKEYM_TEST_STALL is there never comes back. */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

void *json_tokener_new_ex(int depth)
{
    void *(*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, "json_tokener_new_ex");
    const char *path = getenv("SKEYM_TEST_STALL");
    while (path && access(path, F_OK) == 0) {
        (void)pause();
    }
    return real(depth);
}
