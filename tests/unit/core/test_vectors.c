/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All vectors of others, in one table: which file goes to which function, how many of its vectors
 * are checked and how many are not, and why not. Every row runs with each crypto library. A file
 * in ../shared/vectors that is in no row fails the test; where the folder is missing the rows are
 * skipped, and the copies in the tests of noise, xaes, jwe and crypto still count.
 */
#include "core/noise.h"
#include "core/xaes.h"
#include "crypto/crypto.h"
#include "unit/crypto/backends.h"
#include "unit/crypto/spans.h"
#include "unit/vectors.h"
#include <dirent.h>
#include <openssl/evp.h>
#include <skeym/exchange.h>

static uint8_t a[9000], b[9000], c[9000], d[9000], out[1 << 16];

struct row {
    const char *file; /* in ../shared/vectors; one of Wycheproof's when it is in its folder */
    const char *to;   /* the function */
    /* One vector of a group: true when it was checked. Or the whole file at once. */
    bool (*vector)(struct json_object *group, struct json_object *test);
    int (*whole)(struct json_object *root);
    int checked, not_checked;
    const char *why; /* those are not */
};

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
    struct skeym_cmac_key prepared;
    assert_int_equal(skeym_crypto_cmac_prepare(&prepared, key), SKEYM_OK);
    assert_int_equal(skeym_crypto_cmac_blocks(out, &prepared, out, 1), SKEYM_OK);
    if (skeym_crypto_equal(out, tag, 16) != valid(test)) {
        wrong(test, SKEYM_OK);
    }
    return true;
}

static bool hmac_vector(struct json_object *group, struct json_object *test)
{
    uint8_t mac[32];
    uint8_t tag[32];
    struct skeym_span key = {a, hex_member(a, sizeof a, test, "key")};
    struct skeym_span message = {b, hex_member(b, sizeof b, test, "msg")};
    size_t size = hex_member(tag, sizeof tag, test, "tag"); /* the first bytes of it */
    assert_int_equal(size * 8, int_member(group, "tagSize"));
    skeym_crypto_hmac(mac, key, &message, 1);
    if (skeym_crypto_equal(mac, tag, size) != valid(test)) {
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

/* --- JWE: none of theirs is in our one form, so all must be refused ------------------------- */

static bool refused(struct json_object *jwk, const char *text)
{
    uint8_t key[32] = {0};
    struct skeym_jwe info;
    struct json_object *k = NULL;
    size_t size = 0;
    struct skeym_span span = text_of(text);
    struct skeym_room room = {out, sizeof out};
    assert_true(span.size < sizeof out);
    if (json_object_object_get_ex(jwk, "k", &k) &&
        skeym_base64url_read((struct skeym_room){key, sizeof key}, &size,
                             text_of(json_object_get_string(k))) != SKEYM_OK) {
        memset(key, 0, sizeof key);
    }
    return skeym_jwe_open(room, &info, key, false, span) != SKEYM_OK &&
           skeym_jwe_open(room, &info, key, true, span) != SKEYM_OK;
}

static bool jwe_vector(struct json_object *group, struct json_object *test)
{
    if (!refused(member(group, "private"), text_member(test, "jwe"))) {
        fail_msg("JWE %d was opened", int_member(test, "tcId"));
    }
    return true;
}

/* A128GCM, with a kid. */
static int jose_cookbook(struct json_object *root)
{
    const char *compact = text_member(member(root, "output"), "compact");
    assert_true(strlen(compact) > 100);
    assert_true(refused(member(member(root, "input"), "key"), compact));
    return 1;
}

/* --- XAES-256-GCM: the printed ones, and the accumulated -------------------------------------- */

#define DRAW_MEAN 320 /* bytes of a round: 313 on average */

/* The first `size` bytes of SHAKE-128 of nothing. (OpenSSL 3.0 squeezes only once.) */
static uint8_t *draw(size_t size)
{
    uint8_t *stream = malloc(size);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_true(stream && ctx && EVP_DigestInit_ex(ctx, EVP_shake128(), NULL) == 1 &&
                EVP_DigestFinalXOF(ctx, stream, size) == 1);
    EVP_MD_CTX_free(ctx);
    return stream;
}

static void accumulate(size_t rounds, const char *want)
{
    uint8_t digest[32];
    size_t drawn = rounds * DRAW_MEAN + 1000;
    uint8_t *stream = draw(drawn);
    struct skeym_reader reader = skeym_reader(skeym_span(stream, drawn));
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    assert_true(hash && EVP_DigestInit_ex(hash, EVP_shake128(), NULL) == 1);
    for (size_t i = 0; i < rounds; i++) {
        const uint8_t *key = skeym_read_span(&reader, 32).data;
        const uint8_t *nonce = skeym_read_span(&reader, 24).data;
        struct skeym_span plain = skeym_read_span8(&reader);
        struct skeym_span aad = skeym_read_span8(&reader);
        assert_false(reader.bad);
        assert_int_equal(skeym_xaes_seal((struct skeym_room){a, sizeof a}, key, nonce, aad, plain),
                         SKEYM_OK);
        struct skeym_span sealed = {a, plain.size + 16};
        assert_int_equal(EVP_DigestUpdate(hash, a, sealed.size), 1);
        assert_int_equal(skeym_xaes_open((struct skeym_room){b, sizeof b}, key, nonce, aad, sealed),
                         SKEYM_OK);
        assert_true(skeym_span_equal(plain, skeym_span(b, plain.size)));
    }
    assert_int_equal(EVP_DigestFinalXOF(hash, digest, sizeof digest), 1);
    EVP_MD_CTX_free(hash);
    free(stream);
    assert_hex(digest, sizeof digest, want);
}

static int xaes(struct json_object *root)
{
    struct json_object *all = member(root, "vectors");
    struct json_object *accumulated = member(root, "accumulated");
    int count = (int)json_object_array_length(all);
    for (int i = 0; i < count; i++) {
        struct json_object *vector = json_object_array_get_idx(all, (size_t)i);
        uint8_t key[32];
        uint8_t nonce[24];
        hex_member(key, sizeof key, vector, "K");
        hex_member(nonce, sizeof nonce, vector, "N");
        struct skeym_span plain = {a, hex_member(a, sizeof a, vector, "plaintext")};
        struct skeym_span aad = {b, hex_member(b, sizeof b, vector, "aad")};
        struct skeym_span want = {c, hex_member(c, sizeof c, vector, "ciphertext")};
        assert_int_equal(skeym_xaes_seal((struct skeym_room){d, sizeof d}, key, nonce, aad, plain),
                         SKEYM_OK);
        assert_true(skeym_span_equal(skeym_span(d, plain.size + 16), want));
        assert_int_equal(skeym_xaes_open((struct skeym_room){d, sizeof d}, key, nonce, aad, want),
                         SKEYM_OK);
        assert_true(skeym_span_equal(skeym_span(d, plain.size), plain));
    }
    accumulate(10000, text_member(accumulated, "10000"));
    if (getenv("SKEYM_TEST_LONG")) { // NOLINT(concurrency-mt-unsafe): one thread
        accumulate(1000000, text_member(accumulated, "1000000"));
        print_message("and the accumulated one of 1,000,000 rounds\n");
    }
    return count + 1;
}

/* --- Noise: both sides, and the transport messages after it -------------------------------------
 */

static struct skeym_handshake initiator, responder;

static void noise_keys(struct json_object *vector, uint8_t psk[32])
{
    uint8_t public[32];
    struct skeym_span prologue[2] = {{a, hex_member(a, sizeof a, vector, "init_prologue")}, {0}};
    hex_member(public, 32, vector, "init_remote_static");
    skeym_noise_start(&initiator, prologue, public);
    skeym_noise_start(&responder, prologue, public);
    memcpy(initiator.peer_static, public, 32);
    hex_member(initiator.static_key, 32, vector, "init_static");
    hex_member(initiator.ephemeral_key, 32, vector, "init_ephemeral");
    hex_member(responder.static_key, 32, vector, "resp_static");
    hex_member(responder.ephemeral_key, 32, vector, "resp_ephemeral");
    unhex(psk, 32,
          json_object_get_string(json_object_array_get_idx(member(vector, "init_psks"), 0)));
    assert_int_equal(skeym_crypto_x25519_public(responder.peer_static, initiator.static_key),
                     SKEYM_OK);
}

static void noise_message(size_t number, struct skeym_span plain, struct skeym_span want,
                          const uint8_t psk[32])
{
    struct skeym_handshake *writer = number == 0 ? &initiator : &responder;
    struct skeym_handshake *reader = number == 0 ? &responder : &initiator;
    size_t head = number == 0 ? SKEYM_NOISE_HEAD_1 : SKEYM_NOISE_HEAD_2;
    struct skeym_room room = {out + head, 256};
    assert_int_equal(number == 0 ? skeym_noise_write_1(writer, out, psk)
                                 : skeym_noise_write_2(writer, out),
                     SKEYM_OK);
    assert_int_equal(skeym_noise_seal(writer, room, plain), SKEYM_OK);
    assert_true(skeym_span_equal(skeym_span(out, head + plain.size + 16), want));
    assert_int_equal(number == 0 ? skeym_noise_read_1(reader, want.data, psk)
                                 : skeym_noise_read_2(reader, want.data),
                     SKEYM_OK);
    assert_int_equal(skeym_noise_open(reader, room, skeym_span_part(want, head, want.size)),
                     SKEYM_OK);
    assert_true(skeym_span_equal(skeym_span(out + head, plain.size), plain));
}

/* Split (Noise, 5.2): the initiator's and the responder's key by turns. */
static void noise_transport(size_t number, struct skeym_span plain, struct skeym_span want)
{
    uint8_t keys[64];
    uint8_t iv[12] = {0};
    const struct skeym_span nothing = {0};
    iv[11] = (uint8_t)((number - 2) / 2);
    assert_int_equal(skeym_crypto_hkdf((struct skeym_room){keys, 64}, skeym_span(initiator.ck, 32),
                                       nothing, nothing),
                     SKEYM_OK);
    assert_int_equal(skeym_crypto_seal((struct skeym_room){out, 256}, keys + 32 * (number % 2), iv,
                                       nothing, plain),
                     SKEYM_OK);
    assert_true(skeym_span_equal(skeym_span(out, plain.size + 16), want));
}

static int noise(struct json_object *root)
{
    int count = 0;
    struct json_object *vectors = member(root, "vectors");
    for (size_t v = 0; v < json_object_array_length(vectors); v++) {
        struct json_object *vector = json_object_array_get_idx(vectors, v);
        struct json_object *messages = member(vector, "messages");
        uint8_t psk[32];
        noise_keys(vector, psk);
        for (size_t i = 0; i < json_object_array_length(messages); i++, count++) {
            struct json_object *message = json_object_array_get_idx(messages, i);
            struct skeym_span plain = {b, hex_member(b, 256, message, "payload")};
            struct skeym_span want = {c, hex_member(c, 512, message, "ciphertext")};
            if (i < 2) {
                noise_message(i, plain, want, psk);
            } else {
                noise_transport(i, plain, want);
            }
        }
        assert_hex(initiator.h, 32, text_member(vector, "handshake_hash"));
    }
    return count;
}

/* --- the table
 * ------------------------------------------------------------------------------------ */

static const struct row rows[] = {
    {"wycheproof/aes_gcm_test.json", "skeym_crypto_open and seal", gcm_vector, NULL, 66, 250,
     "the door has 256-bit keys, 96-bit IVs and 128-bit tags only"},
    {"wycheproof/aes_cmac_test.json", "skeym_crypto_cmac_blocks", cmac_vector, NULL, 28, 283,
     "the door has 256-bit keys and messages of one block only"},
    {"wycheproof/hmac_sha256_test.json", "skeym_crypto_hmac", hmac_vector, NULL, 174, 0, ""},
    {"wycheproof/hkdf_sha256_test.json", "skeym_crypto_hkdf", hkdf_vector, NULL, 86, 0, ""},
    {"wycheproof/x25519_test.json", "skeym_crypto_x25519", x25519_vector, NULL, 518, 0, ""},
    {"wycheproof/json_web_encryption_test.json", "skeym_jwe_open, which must refuse all",
     jwe_vector, NULL, 139, 0, ""},
    {"jose_rfc7520_5_6.json", "skeym_jwe_open, which must refuse it", NULL, jose_cookbook, 1, 0,
     ""},
    {"xaes_256_gcm.json", "skeym_xaes_seal and open; one is 10,000 rounds", NULL, xaes, 3, 0, ""},
    {"noise_ikpsk1_25519_aesgcm_sha256.json", "skeym_noise_*, both sides, and Split", NULL, noise,
     6, 0, ""},
};
#define ROWS (sizeof rows / sizeof rows[0])
static const char *const no_vectors[] = {"README.md", "wycheproof/LICENSE"};

static int walk_groups(const struct row *row, struct json_object *root)
{
    struct json_object *groups = member(root, "testGroups");
    int checked = 0;
    int all = 0;
    for (size_t i = 0; i < json_object_array_length(groups); i++) {
        struct json_object *group = json_object_array_get_idx(groups, i);
        struct json_object *tests = member(group, "tests");
        for (size_t j = 0; j < json_object_array_length(tests); j++, all++) {
            checked += row->vector(group, json_object_array_get_idx(tests, j));
        }
    }
    assert_int_equal(all, int_member(root, "numberOfTests"));
    assert_int_equal(all - checked, row->not_checked);
    return checked;
}

/* In the table's order; the row is found by the test's name. */
static void check_row(size_t at)
{
    const struct row *row = &rows[at];
    struct json_object *root = load_vectors(row->file);
    int checked = row->vector ? walk_groups(row, root) : row->whole(root);
    print_message("%s: %d to %s, 0 mismatches; %d not%s%s\n", row->file, checked, row->to,
                  row->not_checked, row->not_checked ? ": " : "", row->why);
    assert_int_equal(checked, row->checked);
    json_object_put(root);
}

#define ROW_TEST(name, at)                                                                         \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        check_row(at);                                                                             \
    }
ROW_TEST(aes_gcm, 0)
ROW_TEST(aes_cmac, 1)
ROW_TEST(hmac, 2)
ROW_TEST(hkdf, 3)
ROW_TEST(x25519, 4)
ROW_TEST(json_web_encryption, 5)
ROW_TEST(jose_cookbook_5_6, 6)
ROW_TEST(xaes_256_gcm, 7)
ROW_TEST(noise_ikpsk1, 8)

static bool is_known(const char *file)
{
    bool known = false;
    for (size_t i = 0; i < ROWS; i++) {
        known = known || !strcmp(file, rows[i].file);
    }
    for (size_t i = 0; i < sizeof no_vectors / sizeof no_vectors[0]; i++) {
        known = known || !strcmp(file, no_vectors[i]);
    }
    return known;
}

/* Returns how many files there are; each must be known. */
static size_t walk_folder(const char *folder, const char *prefix)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) { // NOLINT(concurrency-mt-unsafe)
        char path[1024];
        char name[512];
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void)snprintf(name, sizeof name, "%s%s", prefix, entry->d_name);
        if (entry->d_type == DT_DIR) {
            char deeper[514];
            (void)snprintf(deeper, sizeof deeper, "%s/", name);
            count += walk_folder(path, deeper);
        } else if (is_known(name)) {
            count++;
        } else {
            fail_msg("../shared/vectors/%s is in no row of the table", name);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    return count;
}

static void every_file_is_known(void **state)
{
    (void)state;
    size_t count = walk_folder(SKEYM_SOURCE_DIR "/../shared/vectors", "");
    if (count == 0) {
        print_message("../shared/vectors is missing: no vectors of others are tested\n");
        skip();
    }
    assert_int_equal(count, ROWS + sizeof no_vectors / sizeof no_vectors[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_known),
        cmocka_unit_test(aes_gcm),
        cmocka_unit_test(aes_cmac),
        cmocka_unit_test(hmac),
        cmocka_unit_test(hkdf),
        cmocka_unit_test(x25519),
        cmocka_unit_test(json_web_encryption),
        cmocka_unit_test(jose_cookbook_5_6),
        cmocka_unit_test(xaes_256_gcm),
        cmocka_unit_test(noise_ikpsk1),
    };
    return run_on_each_backend(tests, sizeof tests / sizeof tests[0]);
}
