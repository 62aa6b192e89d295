/* SPDX-License-Identifier: Apache-2.0 */
/* SANITIZED where a sanitizer has threads and a heap of its own, which it will not share, and a
 * start that needs the real system. */
#ifndef SKEYM_TESTS_SANITIZED_H
#define SKEYM_TESTS_SANITIZED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

#endif
