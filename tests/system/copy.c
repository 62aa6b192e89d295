/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: the kernel's random bytes as two copies of one machine get them, always the same. */
#include <string.h>
#include <sys/random.h>

ssize_t getrandom(void *out, size_t size, unsigned flags)
{
    (void)flags;
    memset(out, 0x55, size);
    return (ssize_t)size;
}
