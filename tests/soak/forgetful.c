/* SPDX-License-Identifier: Apache-2.0 */
/* Linked into skeym-forgetful: a program that wipes nothing, whose secrets the search must find. */
#include <stddef.h>

void __wrap_skeym_crypto_wipe(void *data, size_t size);
void __wrap_skeym_crypto_wipe(void *data, size_t size)
{
    (void)data;
    (void)size;
}
