/* SPDX-License-Identifier: Apache-2.0 */
/* Cacophony's vector for this protocol name: the handshake. (All of its file: test_vectors.c) */
#include "core/noise.h"
#include "crypto/crypto.h"
#include "unit/hex.h"

static struct {
    struct skeym_handshake initiator, responder;
    uint8_t psk[32];
    uint8_t message_1[SKEYM_NOISE_HEAD_1 + 16 + 16];
    uint8_t message_2[SKEYM_NOISE_HEAD_2 + 15 + 16];
} run;

static int start(void **state)
{
    (void)state;
    static const char *const init_static =
        "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1";
    static const char *const resp_static =
        "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893";
    const struct skeym_span prologue[2] = {skeym_span_text("John Galt"), {0}};
    uint8_t responder[32];
    unhex(responder, 32, "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62");
    memcpy(run.psk, "This is my Austrian perspective!", 32);
    skeym_noise_start(&run.initiator, prologue, responder);
    skeym_noise_start(&run.responder, prologue, responder);
    unhex(run.initiator.static_key, 32, init_static);
    unhex(run.responder.static_key, 32, resp_static);
    unhex(run.initiator.ephemeral_key, 32,
          "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a");
    unhex(run.responder.ephemeral_key, 32,
          "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b");
    memcpy(run.initiator.peer_static, responder, 32);
    return skeym_crypto_x25519_public(run.responder.peer_static, run.initiator.static_key) !=
           SKEYM_OK;
}

static void write_1(void)
{
    struct skeym_room room = {run.message_1 + SKEYM_NOISE_HEAD_1, 32};
    assert_int_equal(skeym_noise_write_1(&run.initiator, run.message_1, run.psk), SKEYM_OK);
    assert_int_equal(skeym_noise_seal(&run.initiator, room, skeym_span_text("Ludwig von Mises")),
                     SKEYM_OK);
}

static enum skeym_error read_1(struct skeym_room payload)
{
    enum skeym_error head = skeym_noise_read_1(&run.responder, run.message_1, run.psk);
    enum skeym_error opened = skeym_noise_open(&run.responder, payload,
                                               skeym_span(run.message_1 + SKEYM_NOISE_HEAD_1, 32));
    return head ? head : opened;
}

static void write_2(void)
{
    struct skeym_room room = {run.message_2 + SKEYM_NOISE_HEAD_2, 31};
    assert_int_equal(skeym_noise_write_2(&run.responder, run.message_2), SKEYM_OK);
    assert_int_equal(skeym_noise_seal(&run.responder, room, skeym_span_text("Murray Rothbard")),
                     SKEYM_OK);
}

static enum skeym_error read_2(struct skeym_room payload)
{
    enum skeym_error head = skeym_noise_read_2(&run.initiator, run.message_2);
    enum skeym_error opened = skeym_noise_open(&run.initiator, payload,
                                               skeym_span(run.message_2 + SKEYM_NOISE_HEAD_2, 31));
    return head ? head : opened;
}

static void handshake(void **state)
{
    (void)state;
    uint8_t payload[16];
    write_1();
    assert_hex(run.message_1, sizeof run.message_1,
               "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944cf5aec5a69cc937598"
               "c005d3f36940abe166f1eab777e15d8958d533d2d5eca2967c66cfc0788d6197989cac53ecb8e9cb04"
               "a2ff8bdf3a9d2bf1897b492c84639583c5486e0205e4012ac81400e569cb");
    assert_int_equal(read_1((struct skeym_room){payload, 16}), SKEYM_OK);
    assert_memory_equal(payload, "Ludwig von Mises", 16);
    assert_zero(run.responder.static_key, 32);
    write_2();
    assert_hex(run.message_2, sizeof run.message_2,
               "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843746e1ca9059ed09501"
               "f41b1c01dd32378315c2d754bdc29ced08b435f05259");
    assert_int_equal(read_2((struct skeym_room){payload, 15}), SKEYM_OK);
    assert_memory_equal(payload, "Murray Rothbard", 15);
    assert_hex(run.initiator.h, 32,
               "60b2cc6a78e5c5170469bf6be88f6f083363113fe4216b791f04c79659884185");
    assert_memory_equal(run.responder.h, run.initiator.h, 32);
    assert_memory_equal(run.responder.ck, run.initiator.ck, 32);
}

static void message_1_altered(void **state)
{
    uint8_t payload[16];
    write_1();
    for (size_t i = 0; i < sizeof run.message_1; i++) {
        assert_int_equal(start(state), 0);
        run.message_1[i] ^= 4;
        assert_int_equal(read_1((struct skeym_room){payload, 16}), SKEYM_ERR_HANDSHAKE);
        assert_zero(payload, sizeof payload);
        run.message_1[i] ^= 4;
    }
}

static void message_2_altered(void **state)
{
    (void)state;
    uint8_t payload[16];
    write_1();
    const struct skeym_handshake before = run.initiator;
    assert_int_equal(read_1((struct skeym_room){payload, 16}), SKEYM_OK);
    write_2();
    for (size_t i = 0; i < sizeof run.message_2; i++) {
        run.initiator = before;
        run.message_2[i] ^= 4;
        memset(payload, 0xee, sizeof payload);
        assert_int_equal(read_2((struct skeym_room){payload, 15}), SKEYM_ERR_HANDSHAKE);
        assert_zero(payload, 15);
        run.message_2[i] ^= 4;
    }
}

/* The nonce goes up, so that a second message under one key is another. */
static void nonce_counts(void **state)
{
    (void)state;
    uint8_t a[20];
    uint8_t b[20];
    struct skeym_handshake again = run.initiator;
    struct skeym_room room_a = {a, sizeof a};
    struct skeym_room room_b = {b, sizeof b};
    assert_int_equal(skeym_noise_seal(&run.initiator, room_a, skeym_span_text("same")), SKEYM_OK);
    assert_int_equal(run.initiator.n, 1);
    again.n = 1;
    assert_int_equal(skeym_noise_seal(&again, room_b, skeym_span_text("same")), SKEYM_OK);
    assert_memory_not_equal(a, b, 4);
    /* n is in the last 8 bytes of the IV, big-endian */
    uint8_t iv[12] = {0};
    uint8_t h[32];
    memcpy(h, again.h, 32);
    iv[11] = 2;
    struct skeym_span aad = {h, 32};
    assert_int_equal(skeym_crypto_seal(room_a, again.k, iv, aad, skeym_span_text("same")),
                     SKEYM_OK);
    assert_int_equal(skeym_noise_seal(&again, room_b, skeym_span_text("same")), SKEYM_OK);
    assert_memory_equal(a, b, 20);
}

static void weak_keys(void **state)
{
    uint8_t payload[16];
    write_1();
    memset(run.message_1, 0, 32); /* e: es is zero */
    assert_int_equal(read_1((struct skeym_room){payload, 16}), SKEYM_ERR_WEAK);
    assert_int_equal(start(state), 0);
    write_1();
    memset(run.responder.peer_static, 0, 32); /* not the initiator's, and ss is zero */
    assert_int_equal(read_1((struct skeym_room){payload, 16}), SKEYM_ERR_HANDSHAKE);
    assert_int_equal(start(state), 0);
    memset(run.initiator.peer_static, 0, 32); /* S */
    uint8_t head[SKEYM_NOISE_HEAD_1];
    memset(head, 0xee, sizeof head);
    assert_int_equal(skeym_noise_write_1(&run.initiator, head, run.psk), SKEYM_ERR_WEAK);
    assert_zero(head, sizeof head);
    assert_int_equal(start(state), 0);
    memset(run.responder.peer_ephemeral, 0, 32); /* ee */
    memset(head, 0xee, sizeof head);
    assert_int_equal(skeym_noise_write_2(&run.responder, head), SKEYM_ERR_WEAK);
    assert_zero(head, SKEYM_NOISE_HEAD_2);
    assert_int_equal(start(state), 0);
    memset(head, 0, sizeof head); /* e of message 2 */
    assert_int_equal(skeym_noise_read_2(&run.initiator, head), SKEYM_ERR_WEAK);
}

/* Heads of a handshake that fails are zero, and not a byte behind them is touched. */
static void failed_heads_are_zero(void **state)
{
    (void)state;
    static const uint8_t psk[32] = {1};
    struct skeym_handshake weak = {.static_key = {1}, .ephemeral_key = {2}}; /* peers of order 1 */
    uint8_t out[SKEYM_NOISE_HEAD_1 + 1];
    memset(out, 0xee, sizeof out);
    assert_int_equal(skeym_noise_write_1(&weak, out, psk), SKEYM_ERR_WEAK);
    assert_zero(out, SKEYM_NOISE_HEAD_1);
    assert_int_equal(out[SKEYM_NOISE_HEAD_1], 0xee);
    memset(out, 0xee, sizeof out);
    assert_int_equal(skeym_noise_write_2(&weak, out), SKEYM_ERR_WEAK);
    assert_zero(out, SKEYM_NOISE_HEAD_2);
    assert_int_equal(out[SKEYM_NOISE_HEAD_2], 0xee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_heads_are_zero),
        cmocka_unit_test_setup(handshake, start),
        cmocka_unit_test_setup(message_1_altered, start),
        cmocka_unit_test_setup(message_2_altered, start),
        cmocka_unit_test_setup(nonce_counts, start),
        cmocka_unit_test_setup(weak_keys, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
