/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto door against Project Wycheproof's vectors, as far as they are in its interface. */
#include "unit/crypto/backends.h"
#include "unit/crypto/spans.h"
#include "unit/vectors.h"

static uint8_t a[9000], b[9000], c[9000], d[9000], out[9000];

/* One vector of a group: true when the door has an interface for it, and it was checked. */
typedef bool check_vector(struct json_object *group, struct json_object *test);

static void check_all(const char *file, check_vector *check, const char *why_skipped)
{
    struct json_object *root = load_vectors(file);
    struct json_object *groups = member(root, "testGroups");
    int checked = 0;
    int skipped = 0;
    for (size_t i = 0; i < json_object_array_length(groups); i++) {
        struct json_object *group = json_object_array_get_idx(groups, i);
        struct json_object *tests = member(group, "tests");
        for (size_t j = 0; j < json_object_array_length(tests); j++) {
            if (check(group, json_object_array_get_idx(tests, j))) {
                checked++;
            } else {
                skipped++;
            }
        }
    }
    print_message("%s: %d checked, %d not (%s)\n", file, checked, skipped, why_skipped);
    assert_true(checked > 0);
    assert_int_equal(checked + skipped, int_member(root, "numberOfTests"));
    json_object_put(root);
}

static bool valid(struct json_object *test)
{
    return strcmp(text_member(test, "result"), "valid") == 0;
}

static bool has_flag(struct json_object *test, const char *flag)
{
    struct json_object *flags = member(test, "flags");
    for (size_t i = 0; i < json_object_array_length(flags); i++) {
        if (strcmp(json_object_get_string(json_object_array_get_idx(flags, i)), flag) == 0) {
            return true;
        }
    }
    return false;
}

static void wrong(struct json_object *test, enum skeym_error error)
{
    fail_msg("tcId %d (%s): error 0x%04x", int_member(test, "tcId"), text_member(test, "comment"),
             (unsigned)error);
}

static bool gcm_vector(struct json_object *group, struct json_object *test)
{
    uint8_t key[32];
    uint8_t iv[12];
    if (int_member(group, "keySize") != 256 || int_member(group, "ivSize") != 96 ||
        int_member(group, "tagSize") != 128) {
        return false;
    }
    hex_member(key, sizeof key, test, "key");
    hex_member(iv, sizeof iv, test, "iv");
    struct skeym_span aad = {a, hex_member(a, sizeof a, test, "aad")};
    struct skeym_span plain = {b, hex_member(b, sizeof b, test, "msg")};
    size_t size = hex_member(c, sizeof c, test, "ct");
    size += hex_member(c + size, sizeof c - size, test, "tag");
    struct skeym_room room = {out, sizeof out};
    enum skeym_error error = skeym_crypto_open(room, key, iv, aad, span_of(c, size));
    if (error != (valid(test) ? SKEYM_OK : SKEYM_ERR_SEAL)) {
        wrong(test, error);
    }
    if (!error) {
        assert_int_equal(size, plain.size + 16);
        assert_memory_equal(out, b, plain.size);
        assert_int_equal(skeym_crypto_seal(room, key, iv, aad, plain), SKEYM_OK);
        assert_memory_equal(out, c, size);
    }
    return true;
}

static bool cmac_vector(struct json_object *group, struct json_object *test)
{
    uint8_t key[32];
    uint8_t tag[16];
    if (int_member(group, "keySize") != 256 || int_member(group, "tagSize") != 128 ||
        strlen(text_member(test, "msg")) != 32) {
        return false;
    }
    hex_member(key, sizeof key, test, "key");
    hex_member(out, 16, test, "msg");
    hex_member(tag, sizeof tag, test, "tag");
    assert_int_equal(skeym_crypto_cmac_blocks(out, key, out, 1), SKEYM_OK);
    if (skeym_crypto_equal(out, tag, 16) != valid(test)) {
        wrong(test, SKEYM_OK);
    }
    return true;
}

static bool hmac_vector(struct json_object *group, struct json_object *test)
{
    uint8_t mac[32];
    uint8_t tag[32];
    if (int_member(group, "tagSize") != 256) {
        return false;
    }
    struct skeym_span key = {a, hex_member(a, sizeof a, test, "key")};
    struct skeym_span message = {b, hex_member(b, sizeof b, test, "msg")};
    hex_member(tag, sizeof tag, test, "tag");
    skeym_crypto_hmac(mac, key, &message, 1);
    if (skeym_crypto_equal(mac, tag, 32) != valid(test)) {
        wrong(test, SKEYM_OK);
    }
    return true;
}

static bool hkdf_vector(struct json_object *group, struct json_object *test)
{
    (void)group;
    struct skeym_span input = {a, hex_member(a, sizeof a, test, "ikm")};
    struct skeym_span salt = {b, hex_member(b, sizeof b, test, "salt")};
    struct skeym_span info = {c, hex_member(c, sizeof c, test, "info")};
    size_t size = (size_t)int_member(test, "size");
    assert_true(size <= sizeof out);
    hex_member(d, sizeof d, test, "okm");
    enum skeym_error error = skeym_crypto_hkdf((struct skeym_room){out, size}, salt, input, info);
    if (error != (valid(test) ? SKEYM_OK : SKEYM_ERR_RANGE)) {
        wrong(test, error);
    }
    if (!error) {
        assert_memory_equal(out, d, size);
    }
    return true;
}

/* "Acceptable" are points that an implementation may refuse. The door refuses those of low order,
 * and takes the others as RFC 7748 says. */
static bool x25519_vector(struct json_object *group, struct json_object *test)
{
    (void)group;
    uint8_t key[32];
    uint8_t peer[32];
    uint8_t shared[32];
    assert_int_equal(hex_member(key, sizeof key, test, "private"), 32);
    assert_int_equal(hex_member(peer, sizeof peer, test, "public"), 32);
    assert_int_equal(hex_member(shared, sizeof shared, test, "shared"), 32);
    bool weak = has_flag(test, "ZeroSharedSecret");
    enum skeym_error error = skeym_crypto_x25519(out, key, peer);
    if (error != (weak ? SKEYM_ERR_WEAK : SKEYM_OK)) {
        wrong(test, error);
    }
    assert_memory_equal(out, shared, 32); /* of zeros for weak ones */
    return true;
}

static void aes_gcm(void **state)
{
    (void)state;
    check_all("wycheproof/aes_gcm_test.json", gcm_vector,
              "the door has 256-bit keys, 96-bit IVs and 128-bit tags only");
}

static void aes_cmac(void **state)
{
    (void)state;
    check_all("wycheproof/aes_cmac_test.json", cmac_vector,
              "the door has 256-bit keys, messages of one block and whole tags only");
}

static void hmac(void **state)
{
    (void)state;
    check_all("wycheproof/hmac_sha256_test.json", hmac_vector, "the door has whole tags only");
}

static void hkdf(void **state)
{
    (void)state;
    check_all("wycheproof/hkdf_sha256_test.json", hkdf_vector, "none");
}

static void x25519(void **state)
{
    (void)state;
    check_all("wycheproof/x25519_test.json", x25519_vector, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aes_gcm), cmocka_unit_test(aes_cmac), cmocka_unit_test(hmac),
        cmocka_unit_test(hkdf),    cmocka_unit_test(x25519),
    };
    return run_on_each_backend(tests, sizeof tests / sizeof tests[0]);
}
