/* SPDX-License-Identifier: Apache-2.0 */
/* Which enrol key an id gets. */
#include "core/handshake.h"
#include "unit/hex.h"

static struct skeym_enrol_keys enrol[4];
static const struct skeym_authority_keys keys = {.enrol_count = 3, .enrol = enrol};

static int start(void **state)
{
    static const uint32_t ids[] = {3, 5, 0x01000005, 9}; /* the last one is behind the end */
    (void)state;
    for (uint8_t i = 0; i < 4; i++) {
        memset(&enrol[i], 0x10 * (i + 1), sizeof enrol[i]);
        enrol[i].id = ids[i];
    }
    return 0;
}

static void check(uint32_t id, size_t which)
{
    struct skeym_enrol_keys got;
    memset(&got, 0xee, sizeof got);
    skeym_handshake_enrol(&got, &keys, id);
    assert_memory_equal(&got, &enrol[which], sizeof got);
}

static void each_id_gets_its_key(void **state)
{
    (void)state;
    check(3, 0);
    check(5, 1);
    check(0x01000005, 2);
}

/* Of the current one, so that what names it costs the same and does not open. */
static void an_unknown_id_gets_the_current_key(void **state)
{
    (void)state;
    check(0, 2);
    check(4, 2);
    check(9, 2);
    check(0x05000000, 2);
    check(UINT32_MAX, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_id_gets_its_key, start),
        cmocka_unit_test_setup(an_unknown_id_gets_the_current_key, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
