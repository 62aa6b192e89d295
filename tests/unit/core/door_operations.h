/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a list of operations of the core on a crypto door that fails (unit/fake_door.h): each call
 * that each of them makes fails once, and none. */
#ifndef SKEYM_TESTS_CORE_DOOR_OPERATIONS_H
#define SKEYM_TESTS_CORE_DOOR_OPERATIONS_H

#include "unit/fake_door.h"

struct door_operation {
    const char *name;
    void (*before)(void);
    enum skeym_error (*run)(void);
    const void *out; /* zero after an error */
    size_t size;
    enum skeym_error error;  /* what becomes of the door's SKEYM_ERR_CRYPTO */
    enum skeym_error result; /* when nothing fails */
    unsigned steps;          /* calls that can fail */
    unsigned hidden;         /* of them: the first, whose failure reads as a bad locator */
    size_t public_parts;     /* that the door gave and that are no secrets: claims, public keys */
};

/* Members of a row. */
#define DOOR_OUT(object) &(object), sizeof(object)
#define DOOR_CRYPTO      SKEYM_ERR_CRYPTO, SKEYM_OK

/* begin makes the fixture anew, and says what is the caller's own (door_own). */
static inline void door_fail_each_call(const struct door_operation *operations, size_t count,
                                       void (*begin)(void))
{
    for (size_t i = 0; i < count; i++) {
        const struct door_operation *operation = &operations[i];
        print_message("%s\n", operation->name);
        for (unsigned fail_at = 0; fail_at <= operation->steps; fail_at++) {
            begin();
            door_reset(0);
            door_needle = NULL;
            operation->before();
            door_reset(fail_at);
            enum skeym_error error = operation->run();
            bool hidden = fail_at > 0 && fail_at <= operation->hidden;
            assert_int_equal(error, hidden        ? SKEYM_ERR_LOCATOR
                                    : door.failed ? operation->error
                                                  : operation->result);
            assert_int_equal(door.failed, fail_at > 0);
            assert_true(fail_at > 0 || door.calls == operation->steps);
            assert_true(door_left() <= operation->public_parts);
            if (error && operation->size > 0) {
                assert_zero(operation->out, operation->size);
            }
        }
    }
}

#endif
