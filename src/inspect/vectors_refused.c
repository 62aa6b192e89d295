/* SPDX-License-Identifier: Apache-2.0 */
/* What must be refused, each with the word for it that the server's log would show. */
#include "core/xaes.h"
#include "crypto/crypto.h"
#include "inspect/vectors.h"
#include <string.h>

enum { NONCE_AT = 5, SEALED_AT = NONCE_AT + SKEYM_NONCE_BYTES, TAG_BYTES = 16 };

/* One byte of something valid that gets another value. */
struct patch {
    const char *why;
    size_t at;
    uint8_t value;
};

/* --- what is sealed: claims that are authentic and wrong ------------------------ */

/* Seals claims as a token or a locator does: five bytes and more as AAD. */
struct sealer {
    const uint8_t *key;
    struct skeym_span aad;
    const uint8_t *head; /* version, number, nonce */
};

static struct skeym_span seal(struct skeym_jot *jot, uint8_t *out, const struct sealer *sealer,
                              struct skeym_span claims)
{
    memcpy(out, sealer->head, SEALED_AT);
    struct skeym_room room = {out + SEALED_AT, claims.size + TAG_BYTES};
    (void)skeym_jot_must(
        jot, skeym_xaes_seal(room, sealer->key, sealer->head + NONCE_AT, sealer->aad, claims));
    return skeym_span(out, SEALED_AT + claims.size + TAG_BYTES);
}

/* --- tokens ----------------------------------------------------------------------- */

static void refuse_token(struct skeym_jot *jot, const char *why, struct skeym_span token,
                         uint64_t now_ms, const struct skeym_audience_keys *keys)
{
    struct skeym_token_claims claims;
    uint64_t id;
    skeym_jot_object(jot, NULL);
    skeym_jot_text(jot, "why", why);
    skeym_jot_number(jot, "now_ms", now_ms);
    skeym_jot_hex(jot, "token", token.data, token.size);
    skeym_jot_refused(jot, skeym_token_open(&claims, &id, keys, token, now_ms));
    skeym_jot_object_end(jot);
}

/* A token whose bytes were changed on the way. */
static void refuse_changed_tokens(struct skeym_jot *jot, const struct skeym_audience_keys *keys,
                                  struct skeym_span token)
{
    const uint64_t now = SKEYM_VECTORS_NOW_MS;
    static const struct patch patches[] = {
        {"version 0", 0, 0},
        {"version 2", 0, 2},
        {"another nonce", NONCE_AT, 0xff},
        {"another ciphertext", SEALED_AT, 0xff},
    };
    uint8_t bytes[SKEYM_TOKEN_BYTES + 1] = {0};
    for (size_t i = 0; i < sizeof patches / sizeof patches[0]; i++) {
        memcpy(bytes, token.data, token.size);
        bytes[patches[i].at] = patches[i].value;
        refuse_token(jot, patches[i].why, skeym_span(bytes, token.size), now, keys);
    }
    static const struct {
        const char *why;
        uint8_t add;
    } epochs[] = {{"epoch e+1", 1}, {"epoch e-1, whose key is another", 0xff}, {"epoch e-2", 0xfe}};
    for (size_t i = 0; i < sizeof epochs / sizeof epochs[0]; i++) {
        memcpy(bytes, token.data, token.size);
        bytes[4] = (uint8_t)(bytes[4] + epochs[i].add);
        refuse_token(jot, epochs[i].why, skeym_span(bytes, token.size), now, keys);
    }
    memcpy(bytes, token.data, token.size);
    bytes[token.size - 1] ^= 1;
    refuse_token(jot, "another tag", skeym_span(bytes, token.size), now, keys);
    refuse_token(jot, "empty", (struct skeym_span){0}, now, keys);
    refuse_token(jot, "a head without claims", skeym_span_part(token, 0, SEALED_AT), now, keys);
    refuse_token(jot, "one byte less", skeym_span_part(token, 0, token.size - 1), now, keys);
    memcpy(bytes, token.data, token.size);
    bytes[token.size] = 0;
    refuse_token(jot, "one byte more", skeym_span(bytes, token.size + 1), now, keys);
    memset(bytes + token.size, 0, sizeof bytes - token.size);
    refuse_token(jot, "longer than any token", skeym_span(bytes, sizeof bytes), now, keys);
}

static const struct patch token_patches[] = {
    {"lifetime 0", 38, 0},
    {"lifetime 60", 38, 60},
    {"lane 16", 47, 16},
    {"flags 1", 52, 1},
    {"generation 0", 60, 0},
    {"role 0", 61, 0},
    {"role 6", 61, 6},
    {"node id of 0", 62, 0},
    {"node id of 33", 62, 33},
    {"node id starts with -", 63, '-'},
    {"node id with a slash", 64, '/'},
};

/* Tokens that this server itself would have sealed, were it another version. */
static void refuse_sealed_tokens(struct skeym_jot *jot, const struct skeym_vectors_cast *cast,
                                 struct skeym_span token)
{
    const struct skeym_audience_keys *keys = &cast->audience_keys;
    uint8_t claims[SKEYM_TOKEN_CLAIMS_BYTES] = {0};
    uint8_t bytes[SKEYM_TOKEN_BYTES];
    uint8_t aad[NONCE_AT + SKEYM_AUDIENCE_BYTES];
    struct skeym_span audience = skeym_name_span(&keys->audience);
    size_t size = token.size - SEALED_AT - TAG_BYTES;
    memcpy(aad, token.data, NONCE_AT);
    memcpy(aad + NONCE_AT, audience.data, audience.size);
    const struct sealer sealer = {keys->current.key, skeym_span(aad, NONCE_AT + audience.size),
                                  token.data};
    for (size_t i = 0; i < sizeof token_patches / sizeof token_patches[0]; i++) {
        struct skeym_writer writer = skeym_writer((struct skeym_room){claims, sizeof claims});
        skeym_token_claims_write(&writer, &cast->token);
        claims[token_patches[i].at] = token_patches[i].value;
        refuse_token(jot, token_patches[i].why, seal(jot, bytes, &sealer, skeym_span(claims, size)),
                     SKEYM_VECTORS_NOW_MS, keys);
    }
    struct skeym_writer writer = skeym_writer((struct skeym_room){claims, sizeof claims});
    skeym_token_claims_write(&writer, &cast->token);
    memset(claims + size, 0, 16);
    refuse_token(jot, "16 more zeros of padding",
                 seal(jot, bytes, &sealer, skeym_span(claims, size + 16)), SKEYM_VECTORS_NOW_MS,
                 keys);
    refuse_token(jot, "cut short by 16", seal(jot, bytes, &sealer, skeym_span(claims, size - 16)),
                 SKEYM_VECTORS_NOW_MS, keys);
    claims[size - 1] = 1;
    refuse_token(jot, "padding that is not zero",
                 seal(jot, bytes, &sealer, skeym_span(claims, size)), SKEYM_VECTORS_NOW_MS, keys);
}

static void refuse_tokens(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    uint8_t bytes[SKEYM_TOKEN_BYTES], nonce[SKEYM_NONCE_BYTES];
    size_t size = 0;
    struct skeym_token_claims claims = cast->token;
    struct skeym_audience_keys other = cast->audience_keys;
    skeym_vectors_fill(nonce, sizeof nonce, 0xd0);
    (void)skeym_jot_must(jot, skeym_token_mint((struct skeym_room){bytes, sizeof bytes}, &size,
                                               &cast->audience_keys, &claims, nonce));
    struct skeym_span token = skeym_span(bytes, size);
    skeym_jot_list(jot, "tokens");
    refuse_changed_tokens(jot, &cast->audience_keys, token);
    refuse_sealed_tokens(jot, cast, token);
    uint64_t until = claims.issued_ms + UINT64_C(1000) * claims.lifetime_s;
    refuse_token(jot, "before it was issued", token, claims.issued_ms - 1, &cast->audience_keys);
    refuse_token(jot, "expired", token, until, &cast->audience_keys);

    (void)skeym_jot_must(jot, skeym_name_audience(&other.audience, skeym_span_text("icu")));
    (void)skeym_jot_must(jot, skeym_token_mint((struct skeym_room){bytes, sizeof bytes}, &size,
                                               &other, &claims, nonce));
    refuse_token(jot, "sealed with another audience in its AAD", skeym_span(bytes, size),
                 SKEYM_VECTORS_NOW_MS, &cast->audience_keys);
    (void)skeym_jot_must(jot, skeym_audience_keys_derive(&other, &cast->epoch, &other.audience));
    (void)skeym_jot_must(jot, skeym_token_mint((struct skeym_room){bytes, sizeof bytes}, &size,
                                               &other, &claims, nonce));
    refuse_token(jot, "of another audience", skeym_span(bytes, size), SKEYM_VECTORS_NOW_MS,
                 &cast->audience_keys);
    claims.deadline_s = (uint32_t)(claims.issued_ms / 1000) + 1;
    (void)skeym_jot_must(jot, skeym_token_mint((struct skeym_room){bytes, sizeof bytes}, &size,
                                               &cast->audience_keys, &claims, nonce));
    refuse_token(jot, "past the login deadline", skeym_span(bytes, size),
                 claims.deadline_s * UINT64_C(1000), &cast->audience_keys);
    skeym_jot_list_end(jot);
}

/* --- locators ------------------------------------------------------------------------ */

static void refuse_locator(struct skeym_jot *jot, const char *why, struct skeym_span locator,
                           const struct skeym_enrol_keys *keys)
{
    struct skeym_node_claims claims;
    skeym_jot_object(jot, NULL);
    skeym_jot_text(jot, "why", why);
    skeym_jot_hex(jot, "locator", locator.data, locator.size);
    skeym_jot_refused(jot, skeym_locator_open(&claims, keys, locator));
    skeym_jot_object_end(jot);
}

static const struct patch locator_patches[] = {
    {"version 2", 0, 2},
    {"another enrol key's id", 4, 2},
    {"another nonce", NONCE_AT, 0},
    {"another ciphertext", SEALED_AT, 0xff},
};
static const struct patch claims_patches[] = {
    {"generation 0", 35, 0},
    {"role 0", 40, 0},
    {"role 6", 40, 6},
    {"node id of 0", 41, 0},
    {"node id of 33", 41, 33},
    {"node id starts with .", 42, '.'},
    {"node id with a space", 43, ' '},
    {"nine scopes", 50, 9},
    {"scope of context 0", 51, 0},
    {"scope of an unknown type", 52, 15},
    {"scope without action", 53, 0},
};

static void refuse_locators(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    const struct skeym_enrol_keys *keys = &cast->enrol[0];
    struct skeym_span good = skeym_span(cast->node.locator, cast->node.locator_size);
    uint8_t bytes[SKEYM_LOCATOR_BYTES], claims[SKEYM_NODE_CLAIMS_BYTES] = {0};
    size_t size = good.size - SEALED_AT - TAG_BYTES;
    const struct sealer sealer = {keys->seal, skeym_span_part(good, 0, NONCE_AT), good.data};
    skeym_jot_list(jot, "locators");
    for (size_t i = 0; i < sizeof locator_patches / sizeof locator_patches[0]; i++) {
        memcpy(bytes, good.data, good.size);
        bytes[locator_patches[i].at] = locator_patches[i].value;
        refuse_locator(jot, locator_patches[i].why, skeym_span(bytes, good.size), keys);
    }
    refuse_locator(jot, "empty", (struct skeym_span){0}, keys);
    refuse_locator(jot, "one byte less", skeym_span_part(good, 0, good.size - 1), keys);
    refuse_locator(jot, "under another key of the same id", good, &cast->enrol[1]);
    for (size_t i = 0; i < sizeof claims_patches / sizeof claims_patches[0]; i++) {
        struct skeym_writer writer = skeym_writer((struct skeym_room){claims, sizeof claims});
        skeym_node_claims_write(&writer, &cast->claims);
        claims[claims_patches[i].at] = claims_patches[i].value;
        refuse_locator(jot, claims_patches[i].why,
                       seal(jot, bytes, &sealer, skeym_span(claims, size)), keys);
    }
    struct skeym_writer writer = skeym_writer((struct skeym_room){claims, sizeof claims});
    skeym_node_claims_write(&writer, &cast->claims);
    memset(claims + size, 0, 16);
    refuse_locator(jot, "16 more zeros of padding",
                   seal(jot, bytes, &sealer, skeym_span(claims, size + 16)), keys);
    memset(claims + 36, 0, 4);
    refuse_locator(jot, "not-after 0", seal(jot, bytes, &sealer, skeym_span(claims, size)), keys);
    skeym_jot_list_end(jot);
}

/* --- bodies -------------------------------------------------------------------------- */

static void refuse_jwe(struct skeym_jot *jot, const char *why, bool answer, struct skeym_span text,
                       const struct skeym_exchange_keys *keys)
{
    uint8_t plain[1024];
    struct skeym_jwe info;
    skeym_jot_object(jot, NULL);
    skeym_jot_text(jot, "why", why);
    skeym_jot_text(jot, "as", answer ? "answer" : "request");
    skeym_jot_span(jot, "jwe", text);
    skeym_jot_refused(jot, skeym_jwe_open((struct skeym_room){plain, sizeof plain}, &info,
                                          answer ? keys->answer : keys->request, answer, text));
    skeym_jot_object_end(jot);
}

/* Headers that mean the same to a JOSE library, or something else, and are not ours. The content
 * is sealed under them as it should be. */
static const struct {
    const char *why, *header;
    bool answer;
} headers[] = {
    {"a space in the header", "{\"alg\": \"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\"}", false},
    {"another order", "{\"enc\":\"A256GCM\",\"alg\":\"dir\",\"cty\":\"a/b\"}", false},
    {"no cty", "{\"alg\":\"dir\",\"enc\":\"A256GCM\"}", false},
    {"another enc", "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"cty\":\"a/b\"}", false},
    {"another alg", "{\"alg\":\"A256KW\",\"enc\":\"A256GCM\",\"cty\":\"a/b\"}", false},
    {"one more member", "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\",\"zip\":\"DEF\"}",
     false},
    {"a cty with a quote", "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\\\"b\"}", false},
    {"a cty with a semicolon", "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b;c\"}", false},
    {"a cty of 65",
     "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\""
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
     false},
    {"a status in a request", "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"\",\"status\":200}",
     false},
    {"no status in an answer", "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\"}", true},
    {"a status of two digits", "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"\",\"status\":99}",
     true},
    {"a status that starts with 0",
     "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"\",\"status\":099}", true},
    {"a status in quotes", "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"\",\"status\":\"200\"}",
     true},
};

static struct skeym_span seal_under(struct skeym_jot *jot, struct skeym_room room,
                                    const char *header, const uint8_t key[32])
{
    uint8_t iv[12], sealed[8 + TAG_BYTES];
    struct skeym_writer writer = skeym_writer(room);
    skeym_vectors_fill(iv, sizeof iv, 0x51);
    skeym_base64url_write(&writer, skeym_span_text(header));
    (void)skeym_jot_must(jot,
                         skeym_crypto_seal((struct skeym_room){sealed, sizeof sealed}, key, iv,
                                           skeym_written(&writer), skeym_span_text("whatever")));
    skeym_write_text(&writer, "..");
    skeym_base64url_write(&writer, skeym_span(iv, sizeof iv));
    skeym_write_text(&writer, ".");
    skeym_base64url_write(&writer, skeym_span(sealed, 8));
    skeym_write_text(&writer, ".");
    skeym_base64url_write(&writer, skeym_span(sealed + 8, TAG_BYTES));
    return skeym_written(&writer);
}

/* Texts made of a good one: `cut` bytes off the end, then `tail`, then a byte replaced. */
static const struct {
    const char *why;
    size_t cut;
    const char *tail;
    size_t at_from_end; /* 0: nothing is replaced */
    char byte;
} texts[] = {
    {"empty", SIZE_MAX, "", 0, 0},
    {"one character less", 1, "", 0, 0},
    {"padding", 0, "=", 0, 0},
    {"a part too many", 0, ".AAAA", 0, 0},
    {"a line feed at the end", 0, "\n", 0, 0},
    {"left-over bits", 0, "", 1, 'B'},
    {"another alphabet", 0, "", 2, '+'},
    {"another tag", 0, "", 10, '-'},
    {"a space", 0, "", 10, ' '},
};

static void refuse_jwes(struct skeym_jot *jot, const struct skeym_exchange_keys *keys)
{
    uint8_t text[1024], changed[1024];
    skeym_jot_list(jot, "jwe");
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct skeym_span jwe =
            seal_under(jot, (struct skeym_room){text, sizeof text}, headers[i].header,
                       headers[i].answer ? keys->answer : keys->request);
        refuse_jwe(jot, headers[i].why, headers[i].answer, jwe, keys);
    }
    struct skeym_span good =
        seal_under(jot, (struct skeym_room){text, sizeof text},
                   "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\"}", keys->request);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct skeym_writer writer = skeym_writer((struct skeym_room){changed, sizeof changed});
        size_t cut = texts[i].cut < good.size ? texts[i].cut : good.size;
        skeym_write_span(&writer, skeym_span_part(good, 0, good.size - cut));
        skeym_write_text(&writer, texts[i].tail);
        if (texts[i].at_from_end > 0) {
            changed[writer.size - texts[i].at_from_end] = (uint8_t)texts[i].byte;
        }
        refuse_jwe(jot, texts[i].why, false, skeym_written(&writer), keys);
    }
    struct skeym_span other =
        seal_under(jot, (struct skeym_room){text, sizeof text},
                   "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a/b\"}", keys->answer);
    refuse_jwe(jot, "sealed with the answer's key", false, other, keys);
    skeym_jot_list_end(jot);
}

/* Its key has 65 characters. */
static const char long_key[] =
    "A /a\nidempotency-key: 01234567890123456789012345678901234567890123456789012345678901234\n\n";

static void refuse_closed(struct skeym_jot *jot)
{
    static const char *const plains[] = {
        "",
        "GET /a",
        "GET /a\n",
        "GET  /a\n\n",
        "get /a\n\n",
        "GET a\n\n",
        "GET /a b\n\n",
        "GET /a\r\n\r\n",
        " /a\n\n",
        "ABCDEFGHIJKLMNOPQ /a\n\n",
        "GET \n\n",
        "GET /a\ncontent-type: \n\n",
        "GET /a\ncontent-type:a/b\n\n",
        "GET /a\nContent-Type: a/b\n\n",
        "GET /a\ncontent-type: a/b\ncontent-type: a/b\n\n",
        "GET /a\nprefer: x\ncontent-type: a/b\n\n",
        "GET /a\naccept: a/b\n\n",
        "GET /a\nprefer: a\tb\n\n",
        "GET /a\nprefer: x\n",
        "GET /a\nidempotency-key: \n\n",
        "GET /a\nidempotency-key: a/1\n\n",
        "GET /a\nidempotency-key: \"a\"\n\n",
        long_key,
        "GET /a\nidempotency-key: a\ncontent-type: a/b\n\n",
        "GET /a\nif-none-exist: a\nidempotency-key: a\n\n",
    };
    skeym_jot_list(jot, "closed_requests");
    for (size_t i = 0; i < sizeof plains / sizeof plains[0]; i++) {
        struct skeym_closed closed;
        skeym_jot_object(jot, NULL);
        skeym_jot_text(jot, "plain", plains[i]);
        skeym_jot_refused(jot, skeym_closed_read(&closed, skeym_span_text(plains[i])));
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
}

static void refuse_proofs(struct skeym_jot *jot, const struct skeym_exchange_keys *keys)
{
    static const struct {
        const char *why, *method, *target, *content_type;
    } cases[] = {
        {"another method", "PUT", "/fhir/Patient/p-1", ""},
        {"another target", "GET", "/fhir/Patient/p-2", ""},
        {"a query more", "GET", "/fhir/Patient/p-1?", ""},
        {"another content type", "GET", "/fhir/Patient/p-1", "application/jose"},
        {"a space in the target", "GET", "/fhir/Patient/ p-1", ""},
        {"a line feed in the content type", "GET", "/fhir/Patient/p-1", "a\nb"},
    };
    uint8_t proof[SKEYM_PROOF_BYTES], text[SKEYM_PROOF_CHARS];
    const struct skeym_exchange_request proven = {.method = skeym_span_text("GET"),
                                                  .target = skeym_span_text("/fhir/Patient/p-1")};
    struct skeym_writer writer = skeym_writer((struct skeym_room){text, sizeof text});
    (void)skeym_jot_must(jot, skeym_exchange_proof(proof, keys->proof, &proven));
    skeym_base64url_write(&writer, skeym_span(proof, sizeof proof));
    skeym_jot_object(jot, "proofs");
    skeym_jot_text(jot, "about", "the proof of GET /fhir/Patient/p-1, held against other requests");
    skeym_jot_span(jot, "proof_text", skeym_written(&writer));
    skeym_jot_list(jot, "requests");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct skeym_exchange_request request = {.method = skeym_span_text(cases[i].method),
                                                       .target = skeym_span_text(cases[i].target),
                                                       .content_type =
                                                           skeym_span_text(cases[i].content_type)};
        skeym_jot_object(jot, NULL);
        skeym_jot_text(jot, "why", cases[i].why);
        skeym_jot_text(jot, "method", cases[i].method);
        skeym_jot_text(jot, "target", cases[i].target);
        skeym_jot_text(jot, "content_type", cases[i].content_type);
        skeym_jot_refused(jot, skeym_exchange_check(skeym_written(&writer), keys->proof, &request));
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
    skeym_jot_object_end(jot);
}

/* --- logins -------------------------------------------------------------------------- */

static void refuse_login(struct skeym_jot *jot, const char *why, struct skeym_span body,
                         const struct skeym_authority_keys *keys)
{
    struct skeym_login_request request;
    skeym_jot_object(jot, NULL);
    skeym_jot_text(jot, "why", why);
    skeym_jot_hex(jot, "body", body.data, body.size);
    skeym_jot_refused(jot, skeym_login_read(&request, keys, body));
    skeym_jot_object_end(jot);
}

static void refuse_logins(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    struct skeym_credentials node = cast->node;
    struct skeym_handshake state;
    uint8_t body[SKEYM_LOGIN_BYTES], ephemeral[32];
    size_t size = 0;
    const struct skeym_login_wish wish = {.time_ms = SKEYM_VECTORS_NOW_MS, .lanes = 1};
    skeym_vectors_fill(ephemeral, sizeof ephemeral, 0x21);
    struct skeym_room room = {body, sizeof body};
    if (!skeym_jot_must(jot, skeym_login_start(&state, room, &size, &node, &wish, ephemeral))) {
        return;
    }
    size_t message = 3 + node.locator_size;
    const struct patch patches[] = {
        {"version 2", 0, 2},
        {"a longer locator than there is", 1, 0x40},
        {"an unknown enrol key", 3 + 4, 9},
        {"another locator", 3 + SEALED_AT, 0xff},
        {"another ephemeral key", message, 0xff},
        {"another static key", message + 32, 0xff},
        {"another payload", message + 80, 0xff},
    };
    skeym_jot_list(jot, "logins");
    for (size_t i = 0; i < sizeof patches / sizeof patches[0]; i++) {
        uint8_t before = body[patches[i].at];
        body[patches[i].at] = patches[i].value;
        refuse_login(jot, patches[i].why, skeym_span(body, size), &cast->keys);
        body[patches[i].at] = before;
    }
    refuse_login(jot, "empty", (struct skeym_span){0}, &cast->keys);
    refuse_login(jot, "one byte less", skeym_span(body, size - 1), &cast->keys);
    memset(body + message, 0, 32);
    refuse_login(jot, "an ephemeral key of zeros", skeym_span(body, size), &cast->keys);
    node.credential[0] ^= 1;
    (void)skeym_jot_must(jot, skeym_login_start(&state, room, &size, &node, &wish, ephemeral));
    refuse_login(jot, "another C_i", skeym_span(body, size), &cast->keys);
    node = cast->node;
    node.private_key[31] ^= 1;
    (void)skeym_jot_must(jot, skeym_login_start(&state, room, &size, &node, &wish, ephemeral));
    refuse_login(jot, "another private key", skeym_span(body, size), &cast->keys);
    skeym_jot_list_end(jot);
}

void skeym_vectors_refused(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    struct skeym_exchange_keys keys;
    if (!skeym_jot_must(jot, skeym_exchange_derive(&keys, cast->secret))) {
        return;
    }
    skeym_jot_object(jot, "refused");
    refuse_locators(jot, cast);
    refuse_logins(jot, cast);
    refuse_tokens(jot, cast);
    refuse_proofs(jot, &keys);
    refuse_jwes(jot, &keys);
    refuse_closed(jot);
    skeym_jot_object_end(jot);
}
