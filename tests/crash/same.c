/* SPDX-License-Identifier: Apache-2.0 */
/* For a control of ./dev crash: a server whose instance, its only 4 bytes of chance, never differs.
 */
#include <dlfcn.h>
#include <string.h>
#include <sys/random.h>

ssize_t getrandom(void *out, size_t size, unsigned flags)
{
    static ssize_t (*real)(void *, size_t, unsigned);
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "getrandom");
    }
    if (size == 4) {
        memset(out, 7, size);
        return 4;
    }
    return real(out, size, flags);
}
