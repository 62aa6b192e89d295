/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers that hold valid keys and send what the protocol does not spell; and what a failed login
 * costs: X25519 products are counted behind the crypto door.
 */
#include "core/locator.h"
#include "core/noise.h"
#include "core/xaes.h"
#include "crypto/backend.h"
#include "unit/core/login_fixture.h"

static unsigned products;

static enum skeym_error count_product(uint8_t out[32], const uint8_t key[32],
                                      const uint8_t peer[32])
{
    products++;
    return skeym_openssl.x25519(out, key, peer);
}

/* --- message 1 with any payload ----------------------------------------------------------- */

static void rogue_body(struct skeym_span payload)
{
    struct skeym_span locator = {f.credentials.locator, f.credentials.locator_size};
    const struct skeym_span prologue[2] = {skeym_span_text("SkeyM/1 login"), locator};
    struct skeym_writer writer = skeym_writer((struct skeym_room){f.body, sizeof f.body});
    skeym_write_u8(&writer, 1);
    skeym_write_span16(&writer, locator);
    uint8_t *at = f.body + writer.size;
    struct skeym_room room = {at + SKEYM_NOISE_HEAD_1, payload.size + 16};
    skeym_noise_start(&f.node, prologue, f.credentials.authority);
    memcpy(f.node.static_key, f.credentials.private_key, 32);
    memcpy(f.node.ephemeral_key, node_ephemeral, 32);
    memcpy(f.node.peer_static, f.credentials.authority, 32);
    assert_int_equal(skeym_noise_write_1(&f.node, at, f.credentials.credential), SKEYM_OK);
    assert_int_equal(skeym_noise_seal(&f.node, room, payload), SKEYM_OK);
    f.body_size = writer.size + SKEYM_NOISE_HEAD_1 + payload.size + 16;
}

#define TIME "01a3185c507b"
#define WARD "0477617264"

static const struct {
    const char *payload;
    enum skeym_error error;
    const char *why;
} payloads_1[] = {
    {TIME WARD "01"
               "00"
               "00",
     SKEYM_OK, ""},
    {TIME WARD "10"
               "00"
               "00",
     SKEYM_OK, ""},
    {TIME WARD "01"
               "01020202"
               "00",
     SKEYM_OK, ""},
    {TIME WARD "00"
               "00"
               "00",
     SKEYM_ERR_SHAPE, "no lanes"},
    {TIME WARD "11"
               "00"
               "00",
     SKEYM_ERR_SHAPE, "17 lanes"},
    {TIME WARD "01"
               "00"
               "0131",
     SKEYM_ERR_SHAPE, "a second factor"},
    {TIME WARD "01"
               "00"
               "01",
     SKEYM_ERR_SHAPE, "a second factor that is not there"},
    {TIME WARD "01"
               "00"
               "0000",
     SKEYM_ERR_SHAPE, "a byte behind"},
    {TIME WARD "01"
               "00",
     SKEYM_ERR_SHAPE, "no second factor"},
    {TIME WARD "01"
               "01",
     SKEYM_ERR_SHAPE, "a scope that is not there"},
    {TIME WARD "01"
               "01020220"
               "00",
     SKEYM_ERR_SHAPE, "an unknown action"},
    {TIME WARD "01"
               "09020202020202020202020202020202020202020202020202020202"
               "00",
     SKEYM_ERR_SHAPE, "nine scopes"},
    {TIME "0457617264"
          "01"
          "00"
          "00",
     SKEYM_ERR_SHAPE, "audience with a capital"},
    {TIME "00"
          "01"
          "00"
          "00"
          "000000",
     SKEYM_ERR_SHAPE, "no audience"},
    {TIME "00"
          "01"
          "00"
          "00"
          "00",
     SKEYM_ERR_SHAPE, "no audience, and a byte behind"},
    {TIME "21616161616161616161616161616161616161616161616161616161616161616161"
          "01"
          "00"
          "00",
     SKEYM_ERR_SHAPE, "audience of 33"},
};

static void payload_1(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof payloads_1 / sizeof payloads_1[0]; i++) {
        uint8_t payload[128];
        rogue_body(skeym_span(payload, unhex(payload, sizeof payload, payloads_1[i].payload)));
        enum skeym_error error = read_body();
        if (error != payloads_1[i].error) {
            fail_msg("%s: %s", payloads_1[i].why, skeym_error_word(error));
        }
        if (error) {
            assert_zero(&f.request, sizeof f.request);
        }
    }
}

/* An audience of no bytes is refused for itself, not for a size that is too small. */
static void payload_1_empty_audience(void **state)
{
    (void)state;
    uint8_t payload[16];
    rogue_body(skeym_span(payload, unhex(payload, sizeof payload,
                                         TIME "00"
                                              "01"
                                              "01020202"
                                              "00")));
    assert_int_equal(read_body(), SKEYM_ERR_SHAPE);
}

/* --- an initiator of its own, for what noise.c refuses to write --------------------------------
 */

struct symmetric {
    uint8_t h[32], ck[32], k[32];
};

static void mix_hash(struct symmetric *s, const void *data, size_t size)
{
    const struct skeym_span parts[] = {skeym_span(s->h, 32), skeym_span(data, size)};
    skeym_crypto_sha256(s->h, parts, 2);
}

static void mix_key(struct symmetric *s, const uint8_t input[32])
{
    uint8_t both[64];
    assert_int_equal(skeym_crypto_hkdf((struct skeym_room){both, 64}, skeym_span(s->ck, 32),
                                       skeym_span(input, 32), (struct skeym_span){0}),
                     SKEYM_OK);
    memcpy(s->ck, both, 32);
    memcpy(s->k, both + 32, 32);
}

static void encrypt_and_hash(struct symmetric *s, uint8_t *out, const void *data, size_t size)
{
    static const uint8_t iv[12];
    assert_int_equal(skeym_crypto_seal((struct skeym_room){out, size + 16}, s->k, iv,
                                       skeym_span(s->h, 32), skeym_span(data, size)),
                     SKEYM_OK);
    mix_hash(s, out, size + 16);
}

/* A whole body, from the keys that are given and those of the credential. */
static void handmade_body(const uint8_t e[32], const uint8_t es[32], const uint8_t s_public[32],
                          const uint8_t ss[32])
{
    uint8_t three[96];
    uint8_t payload[32];
    size_t size = unhex(payload, sizeof payload,
                        TIME WARD "01"
                                  "00"
                                  "00");
    struct skeym_span locator = {f.credentials.locator, f.credentials.locator_size};
    struct symmetric s;
    memcpy(s.h, "Noise_IKpsk1_25519_AESGCM_SHA256", 32);
    memcpy(s.ck, s.h, 32);
    uint8_t prologue[13 + SKEYM_LOCATOR_BYTES];
    memcpy(prologue, "SkeyM/1 login", 13);
    memcpy(prologue + 13, locator.data, locator.size);
    mix_hash(&s, prologue, 13 + locator.size);
    mix_hash(&s, f.credentials.authority, 32);

    struct skeym_writer writer = skeym_writer((struct skeym_room){f.body, sizeof f.body});
    skeym_write_u8(&writer, 1);
    skeym_write_span16(&writer, locator);
    uint8_t *at = f.body + writer.size;
    memcpy(at, e, 32);
    mix_hash(&s, e, 32);
    mix_key(&s, e);
    mix_key(&s, es);
    encrypt_and_hash(&s, at + 32, s_public, 32);
    mix_key(&s, ss);
    assert_int_equal(skeym_crypto_hkdf((struct skeym_room){three, 96}, skeym_span(s.ck, 32),
                                       skeym_span(f.credentials.credential, 32),
                                       (struct skeym_span){0}),
                     SKEYM_OK);
    memcpy(s.ck, three, 32);
    mix_hash(&s, three + 32, 32);
    memcpy(s.k, three + 64, 32);
    encrypt_and_hash(&s, at + 80, payload, size);
    f.body_size = writer.size + 80 + size + 16;
}

static void handmade(void **state)
{
    (void)state;
    uint8_t e[32];
    uint8_t es[32];
    uint8_t ss[32];
    static const uint8_t zero[32];
    assert_int_equal(skeym_crypto_x25519_public(e, node_ephemeral), SKEYM_OK);
    assert_int_equal(skeym_crypto_x25519(es, node_ephemeral, f.credentials.authority), SKEYM_OK);
    assert_int_equal(skeym_crypto_x25519(ss, f.credentials.private_key, f.credentials.authority),
                     SKEYM_OK);
    handmade_body(e, es, f.claims.public_key, ss);
    assert_int_equal(read_body(), SKEYM_OK); /* so the next ones fail for their own reasons */
    /* A static key in the message that is not the locator's, though ss was made with the right one
     */
    handmade_body(e, es, e, ss);
    assert_int_equal(read_body(), SKEYM_ERR_HANDSHAKE);
    assert_zero(&f.request, sizeof f.request);
    /* e of low order: es is zero for whoever knows it */
    handmade_body(zero, zero, f.claims.public_key, ss);
    products = 0;
    assert_int_equal(read_body(), SKEYM_ERR_HANDSHAKE);
    assert_zero(&f.request, sizeof f.request);
    assert_int_equal(products, 2);
    /* A credential whose public key is of low order: ss is zero for everybody */
    memset(f.claims.public_key, 0, 32);
    enrol_under(&f.enrol[1]);
    handmade_body(e, es, zero, zero);
    assert_int_equal(read_body(), SKEYM_ERR_HANDSHAKE);
    assert_zero(&f.request, sizeof f.request);
}

/* --- what a failure costs
 * ------------------------------------------------------------------------- */

static void check_cost(enum skeym_error error)
{
    products = 0;
    assert_int_equal(read_body(), error);
    bool outside = error == SKEYM_ERR_SIZE || error == SKEYM_ERR_VERSION;
    assert_int_equal(products, outside ? 0 : 2);
}

static void same_cost(void **state)
{
    (void)state;
    ask();
    size_t e = 3 + f.credentials.locator_size;
    const struct {
        size_t at; /* which byte is altered */
        enum skeym_error error;
    } cases[] = {
        {0, SKEYM_ERR_VERSION},        {3, SKEYM_ERR_LOCATOR},
        {7, SKEYM_ERR_LOCATOR},        {8, SKEYM_ERR_LOCATOR},
        {e - 1, SKEYM_ERR_LOCATOR},    {e, SKEYM_ERR_HANDSHAKE},
        {e + 32, SKEYM_ERR_HANDSHAKE}, {e + 79, SKEYM_ERR_HANDSHAKE},
        {e + 80, SKEYM_ERR_HANDSHAKE}, {f.body_size - 1, SKEYM_ERR_HANDSHAKE},
    };
    check_cost(SKEYM_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f.body[cases[i].at] ^= 1;
        check_cost(cases[i].error);
        f.body[cases[i].at] ^= 1;
    }
    memset(f.body + e, 0, 32); /* e of low order */
    check_cost(SKEYM_ERR_HANDSHAKE);
    f.body_size = 20;
    check_cost(SKEYM_ERR_SIZE);
}

/* The decoy stands for a node that nobody has: it lets nobody in, though all of the handshake
 * opens.
 */
static void decoy_lets_nobody_in(void **state)
{
    (void)state;
    uint8_t decoy[SKEYM_NODE_CLAIMS_BYTES] = {0};
    size_t size = f.credentials.locator_size - SKEYM_LOCATOR_HEAD - 16;
    memcpy(decoy, f.keys.identity_public, 32);
    memcpy(f.credentials.private_key, f.keys.identity, 32); /* even with the authority's own key */
    f.credentials.locator[40] ^= 1;
    assert_int_equal(
        skeym_locator_credential(f.credentials.credential, &f.enrol[1], skeym_span(decoy, size)),
        SKEYM_OK);
    ask();
    assert_int_equal(read_body(), SKEYM_ERR_LOCATOR);
    assert_zero(&f.request, sizeof f.request);
}

/* What claims say is read once the message opened: before that, claims that cannot be read cost and
 * answer what others do. */
static void claims_are_read_last(void **state)
{
    (void)state;
    uint8_t claims[64] = {0}; /* of generation 0, which no authority seals */
    uint8_t *locator = f.credentials.locator;
    memcpy(claims, f.claims.public_key, 32);
    memset(locator, 0, SKEYM_LOCATOR_HEAD);
    locator[0] = 1;
    locator[4] = 101;
    struct skeym_room room = {locator + SKEYM_LOCATOR_HEAD, sizeof claims + 16};
    assert_int_equal(skeym_xaes_seal(room, f.enrol[1].seal, locator + 5, skeym_span(locator, 5),
                                     skeym_span(claims, sizeof claims)),
                     SKEYM_OK);
    f.credentials.locator_size = SKEYM_LOCATOR_HEAD + sizeof claims + 16;
    assert_int_equal(skeym_locator_credential(f.credentials.credential, &f.enrol[1],
                                              skeym_span(claims, sizeof claims)),
                     SKEYM_OK);
    ask();
    check_cost(SKEYM_ERR_LOCATOR);
    assert_zero(&f.request, sizeof f.request);
    f.body[f.body_size - 1] ^= 1;
    check_cost(SKEYM_ERR_HANDSHAKE);
    assert_zero(&f.request, sizeof f.request);
}

/* --- message 2 with any payload
 * --------------------------------------------------------------------- */

static void rogue_answer(const uint8_t *payload, size_t size)
{
    ask();
    assert_int_equal(read_body(), SKEYM_OK);
    struct skeym_room room = {f.answer + 32, size + 16};
    memset(f.request.state.ephemeral_key, 0x66, 32);
    assert_int_equal(skeym_noise_write_2(&f.request.state, f.answer), SKEYM_OK);
    assert_int_equal(skeym_noise_seal(&f.request.state, room, skeym_span(payload, size)), SKEYM_OK);
    f.answer_size = 32 + size + 16;
}

/* A payload 2 of parts, each of which a test may make wrong. */
struct parts {
    uint8_t kind, lifetime, renewed, count, tokens;
    size_t locator, token;
    size_t first; /* another size for the first token, or 0 */
    int behind;   /* bytes added, or cut off */
};

static const struct parts usual = {
    .lifetime = 30, .count = 2, .tokens = 2, .locator = 109, .token = 125};

static enum skeym_error finish_parts(struct parts p)
{
    static uint8_t payload[4096];
    static const uint8_t filler[SKEYM_TOKEN_BYTES + 1] = {1};
    struct skeym_writer writer = skeym_writer((struct skeym_room){payload, sizeof payload});
    skeym_write_u8(&writer, p.kind);
    skeym_write_u48(&writer, NOW_MS);
    if (p.kind != 1) {
        skeym_write_u8(&writer, p.lifetime);
        skeym_write_u32(&writer, DEADLINE_S);
        skeym_write_span16(&writer, skeym_span(filler, p.locator));
        skeym_write_u8(&writer, p.renewed);
        skeym_write_span(&writer, skeym_span(filler, p.renewed ? 32 : 0));
        skeym_write_u8(&writer, p.count);
        for (uint8_t i = 0; i < p.tokens; i++) {
            size_t size = i == 0 && p.first > 0 ? p.first : p.token;
            skeym_write_span16(&writer, skeym_span(filler, size));
        }
    }
    skeym_write_span(&writer, skeym_span(filler, p.behind > 0 ? (size_t)p.behind : 0));
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    rogue_answer(payload, writer.size - (p.behind < 0 ? (size_t)-p.behind : 0));
    enum skeym_error error = finish();
    assert_zero(&f.node, sizeof f.node);
    if (error) {
        assert_zero(&f.grant, sizeof f.grant);
    }
    return error;
}

#define CHECK(error, ...)                                                                          \
    do {                                                                                           \
        struct parts p = usual;                                                                    \
        __VA_ARGS__;                                                                               \
        assert_int_equal(finish_parts(p), error);                                                  \
    } while (0)

static void payload_2(void **state)
{
    (void)state;
    CHECK(SKEYM_OK, );
    CHECK(SKEYM_OK, p.kind = 1);
    CHECK(SKEYM_OK, p.renewed = 1);
    CHECK(SKEYM_OK, p.count = p.tokens = 1);
    CHECK(SKEYM_OK, p.lifetime = 1);
    CHECK(SKEYM_OK, p.lifetime = 59);
    CHECK(SKEYM_OK, p.token = SKEYM_TOKEN_BYTES);
    CHECK(SKEYM_OK, p.locator = SKEYM_LOCATOR_BYTES);
    CHECK(SKEYM_OK, p.token = 29 + 16 + 1);
    CHECK(SKEYM_OK, p.locator = 29 + 16 + 1);
    CHECK(SKEYM_ERR_SHAPE, p.kind = 2);
    CHECK(SKEYM_ERR_SHAPE, p.kind = 255);
    CHECK(SKEYM_ERR_SHAPE, p.renewed = 2);
    CHECK(SKEYM_ERR_RANGE, p.lifetime = 0);
    CHECK(SKEYM_ERR_RANGE, p.lifetime = 60);
    CHECK(SKEYM_ERR_RANGE, p.count = p.tokens = 0);
    CHECK(SKEYM_ERR_RANGE, p.count = p.tokens = 3); /* two were asked for */
    CHECK(SKEYM_ERR_RANGE, p.count = 255);
    CHECK(SKEYM_ERR_RANGE, p.token = 0);
    CHECK(SKEYM_ERR_RANGE, p.token = SKEYM_TOKEN_HEAD + 16);
    CHECK(SKEYM_ERR_RANGE, p.token = SKEYM_TOKEN_BYTES + 1);
    CHECK(SKEYM_ERR_RANGE, p.first = SKEYM_TOKEN_BYTES + 1); /* and a good one behind it */
    CHECK(SKEYM_ERR_RANGE, p.locator = 0);
    CHECK(SKEYM_ERR_RANGE, p.locator = SKEYM_LOCATOR_HEAD + 16);
    CHECK(SKEYM_ERR_RANGE, p.locator = SKEYM_LOCATOR_BYTES + 1);
    CHECK(SKEYM_ERR_TRAILING, p.count = 1);
    CHECK(SKEYM_ERR_TRAILING, p.behind = 1);
    CHECK(SKEYM_ERR_TRAILING, p.kind = 1; p.behind = 1);
    CHECK(SKEYM_ERR_TRUNCATED, p.kind = 1; p.behind = -1);
    CHECK(SKEYM_ERR_TRUNCATED, p.tokens = 1);
    rogue_answer(NULL, 0);
    assert_int_equal(finish(), SKEYM_ERR_TRUNCATED);
}

static void payload_2_cut(void **state)
{
    (void)state;
    struct parts p = usual;
    p.renewed = 1;
    int whole = 1 + 6 + 1 + 4 + 2 + 109 + 1 + 32 + 1 + 2 * (2 + 125);
    for (p.behind = -whole; p.behind < 0; p.behind++) {
        assert_int_equal(finish_parts(p), SKEYM_ERR_TRUNCATED);
    }
}

/* An authority whose ephemeral is of low order. */
static void weak_answer(void **state)
{
    (void)state;
    ask();
    memset(f.answer, 0, sizeof f.answer);
    f.answer_size = 100;
    assert_int_equal(finish(), SKEYM_ERR_WEAK);
    assert_zero(&f.grant, sizeof f.grant);
    assert_zero(&f.node, sizeof f.node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(payload_1, start),
        cmocka_unit_test_setup(payload_1_empty_audience, start),
        cmocka_unit_test_setup(handmade, start),
        cmocka_unit_test_setup(same_cost, start),
        cmocka_unit_test_setup(decoy_lets_nobody_in, start),
        cmocka_unit_test_setup(claims_are_read_last, start),
        cmocka_unit_test_setup(payload_2, start),
        cmocka_unit_test_setup(payload_2_cut, start),
        cmocka_unit_test_setup(weak_answer, start),
    };
    struct skeym_crypto_backend counting = skeym_openssl;
    counting.x25519 = count_product;
    skeym_crypto_use(&counting);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
