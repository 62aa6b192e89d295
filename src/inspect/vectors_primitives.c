/* SPDX-License-Identifier: Apache-2.0 */
/* Sections 3, 3.1 and 3.2: base64url, XAES-256-GCM with its steps, names, scopes. */
#include "core/xaes.h"
#include "crypto/crypto.h"
#include "inspect/vectors.h"
#include <openssl/evp.h>
#include <string.h>

/* --- base64url --------------------------------------------------------------- */

static void print_base64url(struct skeym_jot *jot)
{
    static const uint8_t sizes[] = {0, 1, 2, 3, 4, 5, 16, 32};
    static const char *const refused[] = {"A",    "AAAAA", "AA==", "AAA=",   "AB",  "AAB",
                                          "A+AA", "A/AA",  "AA A", "AAAA\n", "AA.A"};
    skeym_jot_object(jot, "base64url");
    skeym_jot_list(jot, "good");
    for (size_t i = 0; i < sizeof sizes; i++) {
        uint8_t bytes[32];
        skeym_vectors_fill(bytes, sizes[i], 0xf8);
        skeym_jot_object(jot, NULL);
        skeym_jot_hex(jot, "bytes", bytes, sizes[i]);
        skeym_jot_base64url(jot, "text", skeym_span(bytes, sizes[i]));
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
    skeym_jot_list(jot, "refused");
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        uint8_t bytes[32];
        size_t size;
        skeym_jot_object(jot, NULL);
        skeym_jot_text(jot, "text", refused[i]);
        skeym_jot_refused(jot, skeym_base64url_read((struct skeym_room){bytes, sizeof bytes}, &size,
                                                    skeym_span_text(refused[i])));
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
    skeym_jot_object_end(jot);
}

/* --- XAES ---------------------------------------------------------------------- */

/* AES-256 of single blocks: the crypto door has none, because the protocol needs it in CMAC alone.
 */
static enum skeym_error aes(uint8_t *out, const uint8_t key[32], const uint8_t *in, int blocks)
{
    int size = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done = context && EVP_EncryptInit_ex(context, EVP_aes_256_ecb(), NULL, key, NULL) == 1 &&
                EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
                EVP_EncryptUpdate(context, out, &size, in, 16 * blocks) == 1 && size == 16 * blocks;
    EVP_CIPHER_CTX_free(context);
    return done ? SKEYM_OK : SKEYM_ERR_CRYPTO;
}

/* L, K1 and Kx of section 3, by that section's words alone. */
static void derive(struct skeym_jot *jot, uint8_t kx[32], const uint8_t key[32],
                   const uint8_t nonce[24])
{
    uint8_t l[16] = {0};
    uint8_t k1[16];
    (void)skeym_jot_must(jot, aes(l, key, l, 1));
    for (size_t i = 0; i < 16; i++) {
        k1[i] = (uint8_t)(l[i] << 1 | (i < 15 ? l[i + 1] >> 7 : 0));
    }
    k1[15] ^= l[0] & 0x80 ? 0x87 : 0;
    for (uint8_t half = 0; half < 2; half++) {
        uint8_t *block = kx + (size_t)16 * half;
        const uint8_t head[4] = {0, (uint8_t)(half + 1), 0x58, 0};
        memcpy(block, head, 4);
        memcpy(block + 4, nonce, 12);
        for (size_t i = 0; i < 16; i++) {
            block[i] ^= k1[i];
        }
    }
    (void)skeym_jot_must(jot, aes(kx, key, kx, 2));
    skeym_jot_hex(jot, "L", l, sizeof l);
    skeym_jot_hex(jot, "K1", k1, sizeof k1);
    skeym_jot_hex(jot, "Kx", kx, 32);
}

static void print_xaes_case(struct skeym_jot *jot, uint8_t start, size_t plain_size,
                            size_t aad_size)
{
    uint8_t key[32], nonce[24], kx[32], plain[64], aad[16], sealed[80], other[80];
    skeym_vectors_fill(key, sizeof key, start);
    skeym_vectors_fill(nonce, sizeof nonce, (uint8_t)(start + 0x40));
    skeym_vectors_fill(plain, plain_size, 'a');
    skeym_vectors_fill(aad, aad_size, 'A');
    skeym_jot_object(jot, NULL);
    skeym_jot_hex(jot, "key", key, sizeof key);
    skeym_jot_hex(jot, "nonce", nonce, sizeof nonce);
    derive(jot, kx, key, nonce);
    skeym_jot_hex(jot, "aad", aad, aad_size);
    skeym_jot_hex(jot, "plain", plain, plain_size);
    struct skeym_span covered = skeym_span(aad, aad_size);
    (void)skeym_jot_must(jot, skeym_xaes_seal((struct skeym_room){sealed, sizeof sealed}, key,
                                              nonce, covered, skeym_span(plain, plain_size)));
    (void)skeym_jot_must(jot,
                         skeym_crypto_seal((struct skeym_room){other, sizeof other}, kx, nonce + 12,
                                           covered, skeym_span(plain, plain_size)));
    (void)skeym_jot_must(jot, skeym_crypto_equal(sealed, other, plain_size + 16) ? SKEYM_OK
                                                                                 : SKEYM_ERR_PROOF);
    skeym_jot_hex(jot, "sealed", sealed, plain_size + 16);
    skeym_jot_object_end(jot);
}

static void print_xaes(struct skeym_jot *jot)
{
    skeym_jot_list(jot, "xaes_256_gcm");
    print_xaes_case(jot, 0x00, 0, 0);
    print_xaes_case(jot, 0x01, 37, 5);
    print_xaes_case(jot, 0x02, 64, 16);
    print_xaes_case(jot, 0x03, 16, 1);
    skeym_jot_list_end(jot);
}

/* --- names --------------------------------------------------------------------- */

enum name_kind { NODE, AUDIENCE, PATIENT };

static enum skeym_error read_name(enum name_kind kind, struct skeym_span text)
{
    struct skeym_name name;
    switch (kind) {
    case NODE:
        return skeym_name_node(&name, text);
    case AUDIENCE:
        return skeym_name_audience(&name, text);
    default:
        return skeym_patient_valid(text) ? SKEYM_OK : SKEYM_ERR_CHARSET;
    }
}

static void print_names(struct skeym_jot *jot)
{
    static const char *const texts[] = {
        "a",
        "dr.Lee_1",
        "-a",
        ".a",
        "_a",
        "a-.",
        "",
        "a b",
        "a/b",
        "ward-7.icu",
        "Ward",
        "1",
        "a_b",
        "abcdefghijklmnopqrstuvwxyz012345",
        "abcdefghijklmnopqrstuvwxyz0123456",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz012345678901",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789012"};
    skeym_jot_list(jot, "names");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct skeym_span text = skeym_span_text(texts[i]);
        skeym_jot_object(jot, NULL);
        skeym_jot_text(jot, "text", texts[i]);
        skeym_jot_bool(jot, "node", read_name(NODE, text) == SKEYM_OK);
        skeym_jot_bool(jot, "audience", read_name(AUDIENCE, text) == SKEYM_OK);
        skeym_jot_bool(jot, "patient", read_name(PATIENT, text) == SKEYM_OK);
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
}

/* --- scopes -------------------------------------------------------------------- */

static const char *const good_words[] = {
    "patient/p-1/Observation.rs",
    "patient/A.b-9/*.cruds",
    "user/Observation.r",
    "user/*.cruds",
    "system/Observation.c",
    "system/Patient.u",
    "user/Device.d",
    "user/DeviceMetric.s",
    "user/Encounter.r",
    "user/Condition.r",
    "user/Flag.r",
    "user/Communication.r",
    "user/AuditEvent.r",
    "user/Consent.r",
    "user/MedicationRequest.r",
    "user/DiagnosticReport.r",
    "user/Practitioner.r",
    "user/Location.r",
};
static const char *const refused_words[] = {
    "",
    "user",
    "user/",
    "user/Observation",
    "user/Observation.",
    "user/.r",
    "user/Tissue.r",
    "user/*.rr",
    "user/*.rc",
    "user/*.x",
    "user/*.R",
    "User/*.r",
    "patient/*.r",
    "patient/p 1/*.r",
    "patient//*.r",
    "user/p/*.r",
    "user/*.r ",
    " user/*.r",
    "user/observation.r",
    "patient/p_1/*.r",
    "patient/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789012/*.r",
};

static struct skeym_scopes one(struct skeym_jot *jot, const char *word)
{
    struct skeym_scopes scopes = {.count = 1};
    (void)skeym_jot_must(jot, skeym_scope_parse(&scopes.at[0], skeym_span_text(word)));
    return scopes;
}

static void print_scope_bytes(struct skeym_jot *jot, const struct skeym_scopes *scopes)
{
    uint8_t bytes[SKEYM_SCOPES_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, sizeof bytes});
    skeym_scopes_write(&writer, scopes);
    (void)skeym_jot_must(jot, skeym_writer_end(&writer));
    skeym_jot_object(jot, NULL);
    skeym_vectors_scopes(jot, "words", scopes);
    skeym_jot_hex(jot, "bytes", bytes, skeym_written(&writer).size);
    skeym_jot_object_end(jot);
}

static void print_covers(struct skeym_jot *jot)
{
    static const char *const pairs[][2] = {
        {"user/Observation.rs", "user/Observation.r"},
        {"user/Observation.r", "user/Observation.rs"},
        {"user/*.cruds", "user/Device.u"},
        {"user/Device.u", "user/*.u"},
        {"user/*.r", "patient/p-1/Observation.r"},
        {"system/*.r", "patient/p-1/Observation.r"},
        {"system/*.r", "user/Observation.r"},
        {"user/*.r", "system/Observation.r"},
        {"patient/p-1/*.r", "patient/p-1/Observation.r"},
        {"patient/p-1/*.r", "patient/p-2/Observation.r"},
        {"patient/p-1/*.r", "user/Observation.r"},
    };
    skeym_jot_list(jot, "covers");
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct skeym_scopes have = one(jot, pairs[i][0]);
        struct skeym_scopes want = one(jot, pairs[i][1]);
        skeym_jot_object(jot, NULL);
        skeym_jot_text(jot, "scope", pairs[i][0]);
        skeym_jot_text(jot, "other", pairs[i][1]);
        skeym_jot_bool(jot, "covers", skeym_scopes_cover(&have, &want));
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
}

static void print_allows(struct skeym_jot *jot)
{
    static const struct {
        const char *scope, *type, *patient;
        uint8_t action;
    } cases[] = {
        {"user/Observation.r", "Observation", "p-1", SKEYM_ACTION_READ},
        {"user/Observation.r", "Observation", "", SKEYM_ACTION_READ},
        {"user/Observation.r", "Observation", "p-1", SKEYM_ACTION_SEARCH},
        {"user/Observation.r", "Patient", "p-1", SKEYM_ACTION_READ},
        {"user/*.r", "Patient", "p-1", SKEYM_ACTION_READ},
        {"patient/p-1/Observation.r", "Observation", "p-1", SKEYM_ACTION_READ},
        {"patient/p-1/Observation.r", "Observation", "p-2", SKEYM_ACTION_READ},
        {"patient/p-1/Observation.r", "Observation", "", SKEYM_ACTION_READ},
    };
    skeym_jot_list(jot, "allows");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct skeym_scopes scopes = one(jot, cases[i].scope);
        uint8_t type = 0;
        (void)skeym_jot_must(jot, skeym_scope_type(&type, skeym_span_text(cases[i].type)));
        skeym_jot_object(jot, NULL);
        skeym_jot_text(jot, "scope", cases[i].scope);
        skeym_jot_number(jot, "action", cases[i].action);
        skeym_jot_text(jot, "type", cases[i].type);
        skeym_jot_text(jot, "patient", cases[i].patient);
        skeym_jot_bool(jot, "allows",
                       skeym_scopes_allow(&scopes, (enum skeym_action)cases[i].action, type,
                                          skeym_span_text(cases[i].patient)));
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
}

/* Lists in bytes that a reader must not take. */
static void print_refused_bytes(struct skeym_jot *jot)
{
    static const struct {
        const char *why;
        uint8_t size;
        uint8_t bytes[8];
    } cases[] = {
        {"no count", 0, {0}},
        {"nine scopes", 1, {9}},
        {"one scope that is missing", 1, {1}},
        {"context 0", 4, {1, 0, 2, 1}},
        {"context 4", 4, {1, 4, 2, 1}},
        {"type 15", 4, {1, 2, 15, 1}},
        {"no action", 4, {1, 2, 2, 0}},
        {"an action above 16", 4, {1, 2, 2, 32}},
        {"a patient of no letters", 5, {1, 1, 2, 1, 0}},
        {"a patient that is cut short", 6, {1, 1, 2, 1, 2, 'p'}},
        {"a patient with an underscore", 6, {1, 1, 2, 1, 1, '_'}},
        {"a byte after the end", 5, {1, 2, 2, 1, 0}},
    };
    skeym_jot_list(jot, "refused_bytes");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct skeym_scopes scopes;
        struct skeym_reader reader = skeym_reader(skeym_span(cases[i].bytes, cases[i].size));
        skeym_scopes_read(&reader, &scopes);
        (void)skeym_jot_must(jot,
                             skeym_reader_end(&reader) == SKEYM_OK ? SKEYM_ERR_STATE : SKEYM_OK);
        skeym_jot_object(jot, NULL);
        skeym_jot_text(jot, "why", cases[i].why);
        skeym_jot_hex(jot, "bytes", cases[i].bytes, cases[i].size);
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
}

static void print_scopes(struct skeym_jot *jot)
{
    struct skeym_scopes eight = {.count = 0};
    skeym_jot_object(jot, "scopes");
    skeym_jot_list(jot, "good");
    print_scope_bytes(jot, &eight);
    for (size_t i = 0; i < sizeof good_words / sizeof good_words[0]; i++) {
        struct skeym_scopes scopes = one(jot, good_words[i]);
        print_scope_bytes(jot, &scopes);
        if (eight.count < SKEYM_SCOPES_MAX) {
            eight.at[eight.count++] = scopes.at[0];
        }
    }
    print_scope_bytes(jot, &eight);
    skeym_jot_list_end(jot);
    skeym_jot_list(jot, "refused_words");
    for (size_t i = 0; i < sizeof refused_words / sizeof refused_words[0]; i++) {
        struct skeym_scope scope;
        skeym_jot_object(jot, NULL);
        skeym_jot_text(jot, "word", refused_words[i]);
        skeym_jot_refused(jot, skeym_scope_parse(&scope, skeym_span_text(refused_words[i])));
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
    print_refused_bytes(jot);
    print_covers(jot);
    print_allows(jot);
    skeym_jot_object_end(jot);
}

void skeym_vectors_primitives(struct skeym_jot *jot)
{
    print_base64url(jot);
    print_xaes(jot);
    print_names(jot);
    print_scopes(jot);
}
