/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <skeym/exchange.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t secret[SKEYM_SECRET_BYTES] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                                   11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                                   22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

/* These were computed with another implementation (Python's hmac), for the secret above. */
static const uint8_t derived[128] = {
    0x69, 0xe2, 0x88, 0x95, 0xde, 0xb8, 0xfe, 0x68, 0x84, 0xd3, 0x32, 0xee, 0x64, 0x7e, 0xae, 0xfc,
    0x02, 0xa6, 0xa7, 0x72, 0x21, 0xc0, 0x93, 0xea, 0x59, 0xd0, 0x98, 0x4c, 0x03, 0x07, 0x0d, 0x94,
    0x1f, 0x6a, 0xc2, 0xff, 0x12, 0xdd, 0x3d, 0xbb, 0xac, 0x18, 0xe4, 0xd2, 0x9e, 0xa4, 0x3d, 0xd3,
    0x23, 0x3f, 0x6f, 0x3e, 0x70, 0x54, 0x03, 0xc8, 0x5b, 0xfd, 0xff, 0x35, 0x35, 0xed, 0xf9, 0x5d,
    0x13, 0x04, 0xbe, 0x92, 0x9c, 0xef, 0x9c, 0x8c, 0x3c, 0xb1, 0x64, 0x0b, 0xc9, 0xf1, 0x98, 0xbb,
    0x4c, 0xe2, 0xc8, 0x75, 0x06, 0x20, 0x19, 0xb9, 0x16, 0x28, 0xb3, 0xdf, 0xcd, 0x55, 0xa7, 0x38,
    0xe2, 0x92, 0xca, 0xbf, 0xa8, 0x0c, 0x9c, 0x68, 0x1c, 0x88, 0x1d, 0xe6, 0xb6, 0xb6, 0x8e, 0x5c,
    0x37, 0xb9, 0xa8, 0x33, 0xfd, 0x20, 0xde, 0x96, 0x9b, 0x41, 0xd7, 0x2e, 0x3b, 0x90, 0xde, 0x55};
#define PROOF_WITH_BODY "xNnmrbuOnuBGIde25IdBn4lDbbbvAqDDWlBKVoPUvWY"
#define PROOF_WITHOUT   "Bmdh0vry3836PEe7DD-Z5a2mpNG8iwXI_gL2eWbR8e4"

static struct skeym_exchange_request good_request(void)
{
    return (struct skeym_exchange_request){
        .method = skeym_span_text("POST"),
        .target = skeym_span_text("/fhir/Observation?x=1"),
        .content_type = skeym_span_text("application/jose"),
        .body = skeym_span_text("{\"a\":1}"),
    };
}

/* One verdict, of both functions that give it. The second one gets the secret that the key is of,
 * and gives all keys, or none. */
static enum skeym_error check(struct skeym_span proof, const uint8_t key[32],
                              const struct skeym_exchange_request *request)
{
    static const uint8_t zero[sizeof derived];
    struct skeym_exchange_keys keys;
    enum skeym_error error = skeym_exchange_check(proof, key, request);
    if (key == derived) {
        memset(&keys, 0x5c, sizeof keys);
        assert_int_equal(skeym_exchange_derive_and_check(&keys, secret, proof, request), error);
        assert_memory_equal(&keys, error ? zero : derived, sizeof derived);
    }
    return error;
}

static void four_keys_in_this_order(void **state)
{
    (void)state;
    struct skeym_exchange_keys keys;
    assert_int_equal(skeym_exchange_derive(&keys, secret), SKEYM_OK);
    assert_memory_equal(keys.proof, derived, 32);
    assert_memory_equal(keys.request, derived + 32, 32);
    assert_memory_equal(keys.answer, derived + 64, 32);
    assert_memory_equal(keys.next, derived + 96, 32);
}

static void known_proofs(void **state)
{
    (void)state;
    struct skeym_exchange_request request = good_request();
    assert_int_equal(check(skeym_span_text(PROOF_WITH_BODY), derived, &request), SKEYM_OK);
    assert_int_equal(check(skeym_span_text(PROOF_WITHOUT), derived, &request), SKEYM_ERR_PROOF);
    request.body.size = 0;
    request.content_type.size = 0;
    assert_int_equal(check(skeym_span_text(PROOF_WITHOUT), derived, &request), SKEYM_OK);
}

static void ill_formed_proofs(void **state)
{
    (void)state;
    struct skeym_exchange_request request = good_request();
    static const char *const wrong[] = {
        "",
        "x",
        "xNnmrbuOnuBGIde25IdBn4lDbbbvAqDDWlBKVoPUvW",
        "xNnmrbuOnuBGIde25IdBn4lDbbbvAqDDWlBKVoPUvWYA",
        "xNnmrbuOnuBGIde25IdBn4lDbbbvAqDDWlBKVoPUvWY=",
        "xNnmrbuOnuBGIde25IdBn4lDbbbvAqDDWlBKVoPUvWZ",
        "+NnmrbuOnuBGIde25IdBn4lDbbbvAqDDWlBKVoPUvWY",
        " xNnmrbuOnuBGIde25IdBn4lDbbbvAqDDWlBKVoPUvWY",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(check(skeym_span_text(wrong[i]), derived, &request), SKEYM_ERR_SHAPE);
    }
}

static void every_flipped_bit_of_a_proof(void **state)
{
    (void)state;
    struct skeym_exchange_request request = good_request();
    uint8_t proof[SKEYM_PROOF_BYTES];
    assert_int_equal(skeym_exchange_proof(proof, derived, &request), SKEYM_OK);
    for (size_t bit = 0; bit < 256; bit++) {
        uint8_t text[SKEYM_PROOF_CHARS];
        struct skeym_writer writer = skeym_writer((struct skeym_room){text, sizeof text});
        proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
        skeym_base64url_write(&writer, skeym_span(proof, sizeof proof));
        proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(check(skeym_written(&writer), derived, &request), SKEYM_ERR_PROOF);
    }
}

static void every_part_and_the_key_count(void **state)
{
    (void)state;
    struct skeym_exchange_request request = good_request();
    struct skeym_span proof = skeym_span_text(PROOF_WITH_BODY);
    struct skeym_span *const parts[] = {&request.method, &request.target, &request.content_type,
                                        &request.body};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        uint8_t other[64];
        struct skeym_span before = *parts[i];
        memcpy(other, before.data, before.size);
        other[before.size - 1] ^= 1;
        *parts[i] = skeym_span(other, before.size);
        assert_int_equal(check(proof, derived, &request), SKEYM_ERR_PROOF);
        *parts[i] = before;
    }
    assert_int_equal(check(proof, derived + 32, &request), SKEYM_ERR_PROOF);
}

/* Errors of parts: one call for the proof, which is zero then. */
static void assert_part_refused(const struct skeym_exchange_request *request,
                                enum skeym_error error)
{
    static const uint8_t zero[SKEYM_PROOF_BYTES];
    uint8_t proof[SKEYM_PROOF_BYTES];
    memset(proof, 0x5c, sizeof proof);
    assert_int_equal(skeym_exchange_parts(request), error);
    assert_int_equal(skeym_exchange_proof(proof, derived, request), error);
    assert_memory_equal(proof, zero, sizeof zero);
    assert_int_equal(check(skeym_span_text(PROOF_WITHOUT), derived, request), SKEYM_ERR_SHAPE);
}

static void bytes_that_parts_may_not_have(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        for (int part = 0; part < 3; part++) {
            struct skeym_exchange_request request = good_request();
            uint8_t text[3] = {'x', (uint8_t)byte, 'y'};
            struct skeym_span span = {text, sizeof text};
            *(part == 0   ? &request.method
              : part == 1 ? &request.target
                          : &request.content_type) = span;
            bool right = (byte >= 0x21 && byte <= 0x7e) || (part == 2 && byte == 0x20);
            if (right) {
                assert_int_equal(skeym_exchange_parts(&request), SKEYM_OK);
            } else {
                assert_part_refused(&request, SKEYM_ERR_CHARSET);
            }
        }
    }
}

/* The same at every place of longer texts, which are looked at in words. */
static void characters_at_every_place(void **state)
{
    (void)state;
    for (size_t at = 0; at < 20; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            struct skeym_exchange_request request = good_request();
            uint8_t text[20];
            memset(text, 'x', sizeof text);
            text[at] = (uint8_t)byte;
            request.content_type = skeym_span(text, sizeof text);
            assert_int_equal(skeym_exchange_parts(&request),
                             byte >= 0x20 && byte <= 0x7e ? SKEYM_OK : SKEYM_ERR_CHARSET);
        }
    }
}

static void sizes_that_parts_may_not_have(void **state)
{
    (void)state;
    static char text[5000];
    memset(text, 'x', sizeof text);
    struct skeym_exchange_request request = good_request();
    struct {
        struct skeym_span *part;
        size_t least;
        size_t most;
    } parts[] = {{&request.method, 1, SKEYM_METHOD_BYTES},
                 {&request.target, 1, SKEYM_TARGET_BYTES},
                 {&request.content_type, 0, SKEYM_FIELD_BYTES}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct skeym_span before = *parts[i].part;
        *parts[i].part = skeym_span(text, parts[i].most);
        assert_int_equal(skeym_exchange_parts(&request), SKEYM_OK);
        *parts[i].part = skeym_span(text, parts[i].most + 1);
        assert_part_refused(&request, SKEYM_ERR_SIZE);
        *parts[i].part = skeym_span(text, 0);
        if (parts[i].least > 0) {
            assert_part_refused(&request, SKEYM_ERR_SIZE);
        } else {
            assert_int_equal(skeym_exchange_parts(&request), SKEYM_OK);
        }
        *parts[i].part = before;
    }
}

/* Of each length the parts may have, with the proof that the other function makes. */
/* A method of one letter, a body of one byte; and nothing is written behind a proof. */
static void the_smallest_parts(void **state)
{
    (void)state;
    struct skeym_exchange_request request = {.method = skeym_span_text("A"),
                                             .target = skeym_span_text("/"),
                                             .body = skeym_span_text("x")};
    uint8_t with[SKEYM_PROOF_BYTES + 1];
    uint8_t without[SKEYM_PROOF_BYTES + 1];
    memset(with, 0x5c, sizeof with);
    assert_int_equal(skeym_exchange_proof(with, derived, &request), SKEYM_OK);
    assert_int_equal(with[SKEYM_PROOF_BYTES], 0x5c);
    request.body.size = 0;
    assert_int_equal(skeym_exchange_proof(without, derived, &request), SKEYM_OK);
    assert_memory_not_equal(with, without, SKEYM_PROOF_BYTES);
}

static void long_requests(void **state)
{
    (void)state;
    static char text[SKEYM_TARGET_BYTES];
    memset(text, 'x', sizeof text);
    struct skeym_exchange_request request = good_request();
    for (size_t size = 1; size <= sizeof text; size += size < 600 ? 1 : 349) {
        uint8_t proof[SKEYM_PROOF_BYTES];
        uint8_t proof_text[SKEYM_PROOF_CHARS];
        struct skeym_writer writer =
            skeym_writer((struct skeym_room){proof_text, sizeof proof_text});
        request.target = skeym_span(text, size);
        assert_int_equal(skeym_exchange_proof(proof, derived, &request), SKEYM_OK);
        skeym_base64url_write(&writer, skeym_span(proof, sizeof proof));
        assert_int_equal(check(skeym_written(&writer), derived, &request), SKEYM_OK);
        text[size - 1] ^= 1;
        assert_int_equal(check(skeym_written(&writer), derived, &request), SKEYM_ERR_PROOF);
        text[size - 1] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_keys_in_this_order),
        cmocka_unit_test(known_proofs),
        cmocka_unit_test(ill_formed_proofs),
        cmocka_unit_test(every_flipped_bit_of_a_proof),
        cmocka_unit_test(every_part_and_the_key_count),
        cmocka_unit_test(bytes_that_parts_may_not_have),
        cmocka_unit_test(characters_at_every_place),
        cmocka_unit_test(sizes_that_parts_may_not_have),
        cmocka_unit_test(long_requests),
        cmocka_unit_test(the_smallest_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
