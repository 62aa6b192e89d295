/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: who makes a JSON object while the file $SKEYM_TEST_STALL is there never comes back. */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

void *json_object_new_object(void)
{
    void *(*real)(void);
    *(void **)&real = dlsym(RTLD_NEXT, "json_object_new_object");
    const char *path = getenv("SKEYM_TEST_STALL");
    while (path && access(path, F_OK) == 0) {
        (void)pause();
    }
    return real();
}
