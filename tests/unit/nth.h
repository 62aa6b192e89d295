/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nth call that can fail fails, once: functions in front of the C library's, counted between
 * nth_arm and nth_disarm in all threads. A test does its work again and again, with n = 1, 2, 3
 * ..., until nothing was hit, and looks each time at what is left. Include it in one file of a
 * program.
 */
#ifndef SKEYM_TESTS_NTH_H
#define SKEYM_TESTS_NTH_H

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* The address sanitizer has a heap and threads of its own, which it will not share. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NTH_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define NTH_SANITIZED
#endif

static atomic_long nth_left;
static atomic_bool nth_hit;
static atomic_bool nth_on;

static void nth_arm(long n)
{
    atomic_store(&nth_left, n);
    atomic_store(&nth_hit, false);
    atomic_store(&nth_on, true);
}

/* Whether a call was made to fail. */
static bool nth_disarm(void)
{
    atomic_store(&nth_on, false);
    return atomic_load(&nth_hit);
}

static inline bool nth_fails(void) /* not every program has calls of its own to fail */
{
    if (!atomic_load(&nth_on) || atomic_fetch_sub(&nth_left, 1) != 1) {
        return false;
    }
    atomic_store(&nth_hit, true);
    return true;
}

#define NTH_REAL(name) __extension__((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* A function of the C library, or of another, whose failure is `bad` and errno `why`. */
#define NTH(type, name, parameters, arguments, bad, why)                                           \
    type name parameters                                                                           \
    {                                                                                              \
        if (nth_fails()) {                                                                         \
            errno = (why);                                                                         \
            return bad;                                                                            \
        }                                                                                          \
        return NTH_REAL(name) arguments;                                                           \
    }

#ifndef NTH_SANITIZED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool no_memory(void)
{
    bool fails = nth_fails();
    errno = fails ? ENOMEM : errno; /* some look at this alone */
    return fails;
}

#ifdef NTH_LIBRARIES
#pragma GCC visibility push(default) /* what they ask for counts, too */
#endif

void *malloc(size_t size)
{
    return no_memory() ? NULL : __libc_malloc(size);
}

void *calloc(size_t nmemb, size_t size)
{
    return no_memory() ? NULL : __libc_calloc(nmemb, size);
}

void *realloc(void *ptr, size_t size)
{
    return no_memory() ? NULL : __libc_realloc(ptr, size);
}

#ifdef NTH_LIBRARIES
#pragma GCC visibility pop
#endif
#endif

#endif
