/* SPDX-License-Identifier: Apache-2.0 */
/* A process that gets no more threads than the test says; under a sanitizer it gets all. */
#ifndef SKEYM_TESTS_FEW_THREADS_H
#define SKEYM_TESTS_FEW_THREADS_H

#include "unit/sanitized.h"

#ifndef SANITIZED
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_uint threads_left = UINT_MAX; /* UINT_MAX: there is no end of them */

/* In place of the C library's. */
int pthread_create(pthread_t *newthread, const pthread_attr_t *attr, void *(*start_routine)(void *),
                   void *arg)
{
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    unsigned left = atomic_load(&threads_left);
    if (left == 0) {
        return EAGAIN;
    }
    atomic_store(&threads_left, left == UINT_MAX ? left : left - 1);
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(newthread, attr, start_routine, arg);
}
#endif

#endif
