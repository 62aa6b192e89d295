/* SPDX-License-Identifier: Apache-2.0 */
/* The two vectors that C2SP prints; the long ones are in tests/vectors. */
#include "core/xaes.h"
#include "unit/hex.h"

static const uint8_t nonce[] = "ABCDEFGHIJKLMNOPQRSTUVWX";

static const struct {
    uint8_t key;
    const char *aad;
    const char *sealed;
} vectors[] = {
    {1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
    {3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
};

static void printed_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t key[32];
        uint8_t out[28];
        uint8_t back[12];
        memset(key, vectors[i].key, sizeof key);
        struct skeym_span aad = skeym_span_text(vectors[i].aad);
        assert_int_equal(skeym_xaes_seal((struct skeym_room){out, sizeof out}, key, nonce, aad,
                                         skeym_span_text("XAES-256-GCM")),
                         SKEYM_OK);
        assert_hex(out, sizeof out, vectors[i].sealed);
        assert_int_equal(skeym_xaes_open((struct skeym_room){back, sizeof back}, key, nonce, aad,
                                         skeym_span(out, sizeof out)),
                         SKEYM_OK);
        assert_memory_equal(back, "XAES-256-GCM", 12);
    }
}

/* One bit in any byte of key, nonce, associated data or sealed text; and every cut. */
static void altered(void **state)
{
    (void)state;
    uint8_t all[32 + 24 + 5 + 28] = {0};
    uint8_t out[28];
    struct skeym_room room = {out, sizeof out};
    struct skeym_span aad = {all + 56, 5};
    assert_int_equal(skeym_xaes_seal((struct skeym_room){all + 61, 28}, all, all + 32, aad,
                                     skeym_span_text("XAES-256-GCM")),
                     SKEYM_OK);
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] ^= 0x10;
        memset(out, 0xee, sizeof out);
        assert_int_equal(skeym_xaes_open(room, all, all + 32, aad, skeym_span(all + 61, 28)),
                         SKEYM_ERR_SEAL);
        assert_zero(out, 12);
        all[i] ^= 0x10;
    }
    for (size_t size = 0; size < 28; size++) {
        assert_int_equal(skeym_xaes_open(room, all, all + 32, aad, skeym_span(all + 61, size)),
                         SKEYM_ERR_SEAL);
    }
    assert_int_equal(skeym_xaes_open(room, all, all + 32, aad, skeym_span(all + 61, 28)), SKEYM_OK);
}

static void without_room(void **state)
{
    (void)state;
    uint8_t key[32] = {1};
    uint8_t out[28];
    memset(out, 0xee, sizeof out);
    assert_int_equal(skeym_xaes_seal((struct skeym_room){out, 27}, key, nonce,
                                     (struct skeym_span){0}, skeym_span_text("XAES-256-GCM")),
                     SKEYM_ERR_SPACE);
    assert_zero(out, 27);
    assert_int_equal(out[27], 0xee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printed_vectors),
        cmocka_unit_test(altered),
        cmocka_unit_test(without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
