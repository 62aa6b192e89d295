/* SPDX-License-Identifier: Apache-2.0 */
/* Sections 7 and 8: a token's claims, an exchange in both forms, the next token. */
#include "crypto/crypto.h"
#include "inspect/vectors.h"
#include <string.h>

void skeym_vectors_token_claims(struct skeym_jot *jot, const struct skeym_token_claims *claims)
{
    skeym_jot_number(jot, "issued_ms", claims->issued_ms);
    skeym_jot_number(jot, "lifetime", claims->lifetime_s);
    skeym_jot_number(jot, "login_time", claims->login_s);
    skeym_jot_number(jot, "login_deadline", claims->deadline_s);
    skeym_jot_number(jot, "lane", claims->lane);
    skeym_jot_number(jot, "sequence", claims->sequence);
    skeym_jot_number(jot, "flags", claims->flags);
    skeym_jot_number(jot, "instance", claims->instance);
    skeym_jot_number(jot, "generation", claims->generation);
    skeym_jot_text(jot, "role", skeym_role_name(claims->role));
    skeym_jot_span(jot, "node", skeym_name_span(&claims->id));
    skeym_vectors_scopes(jot, "scopes", &claims->scopes);
}

/* What one side sends: plaintext to JWE to canonical request to proof. */
struct message {
    const char *name;
    const char *method, *target, *content_type; /* of the request line and the outer head */
    const char *cty;
    struct skeym_span plain;
    int status; /* 0: a request */
    uint8_t iv_start;
};

static void print_proof(struct skeym_jot *jot, const struct skeym_exchange_keys *keys,
                        const struct skeym_exchange_request *request)
{
    uint8_t proof[SKEYM_PROOF_BYTES], again[SKEYM_PROOF_BYTES], hash[32];
    uint8_t text[2048];
    struct skeym_writer writer = skeym_writer((struct skeym_room){text, sizeof text});
    skeym_write_text(&writer, "SkeyM/1\n");
    skeym_write_span(&writer, request->method);
    skeym_write_text(&writer, "\n");
    skeym_write_span(&writer, request->target);
    skeym_write_text(&writer, "\n");
    skeym_write_span(&writer, request->content_type);
    skeym_write_text(&writer, "\n");
    skeym_crypto_sha256(hash, &request->body, 1);
    if (request->body.size > 0) {
        skeym_base64url_write(&writer, skeym_span(hash, sizeof hash));
    }
    skeym_write_text(&writer, "\n");
    struct skeym_span canonical = skeym_written(&writer);
    skeym_crypto_hmac(again, skeym_span(keys->proof, 32), &canonical, 1);
    (void)skeym_jot_must(jot, skeym_exchange_proof(proof, keys->proof, request));
    (void)skeym_jot_must(jot, skeym_crypto_equal(proof, again, sizeof proof) ? SKEYM_OK
                                                                             : SKEYM_ERR_PROOF);
    skeym_jot_span(jot, "canonical_request", canonical);
    skeym_jot_hex(jot, "proof", proof, sizeof proof);
    skeym_jot_base64url(jot, "proof_text", skeym_span(proof, sizeof proof));
}

/* The JWE of a message into text; what stands in it is printed. */
static struct skeym_span print_jwe(struct skeym_jot *jot, struct skeym_room room,
                                   const struct message *message, const uint8_t key[32])
{
    uint8_t iv[12];
    size_t size = 0;
    skeym_vectors_fill(iv, sizeof iv, message->iv_start);
    (void)skeym_jot_must(jot, skeym_jwe_seal(room, &size, key, iv, message->status,
                                             skeym_span_text(message->cty), message->plain));
    skeym_jot_text(jot, "cty", message->cty);
    skeym_jot_hex(jot, "iv", iv, sizeof iv);
    skeym_jot_span(jot, "plain", message->plain);
    skeym_jot_span(jot, "jwe", skeym_span(room.data, size));
    return skeym_span(room.data, size);
}

static void print_request(struct skeym_jot *jot, const struct message *message,
                          const struct skeym_exchange_keys *keys)
{
    uint8_t text[1024];
    struct skeym_span body = {0};
    skeym_jot_object(jot, message->name);
    skeym_jot_text(jot, "method", message->method);
    skeym_jot_text(jot, "target", message->target);
    skeym_jot_text(jot, "content_type", message->content_type);
    if (message->cty) {
        body = print_jwe(jot, (struct skeym_room){text, sizeof text}, message, keys->request);
    }
    const struct skeym_exchange_request request = {skeym_span_text(message->method),
                                                   skeym_span_text(message->target),
                                                   skeym_span_text(message->content_type), body};
    print_proof(jot, keys, &request);
    skeym_jot_object_end(jot);
}

static void print_answer(struct skeym_jot *jot, const struct message *message,
                         const struct skeym_exchange_keys *keys)
{
    uint8_t text[1024];
    skeym_jot_object(jot, message->name);
    skeym_jot_number(jot, "status", (uint64_t)message->status);
    (void)print_jwe(jot, (struct skeym_room){text, sizeof text}, message, keys->answer);
    skeym_jot_object_end(jot);
}

static void print_next(struct skeym_jot *jot, const struct skeym_vectors_cast *cast,
                       const struct skeym_exchange_keys *keys)
{
    struct skeym_token_claims claims = cast->token;
    uint8_t bytes[SKEYM_TOKEN_CLAIMS_BYTES], token[SKEYM_TOKEN_BYTES], nonce[SKEYM_NONCE_BYTES];
    size_t size = 0;
    struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, sizeof bytes});
    memcpy(claims.secret, keys->next, sizeof claims.secret);
    claims.issued_ms += 1500;
    claims.sequence++;
    skeym_token_claims_write(&writer, &claims);
    skeym_vectors_fill(nonce, sizeof nonce, 0xe0);
    (void)skeym_jot_must(jot, skeym_token_mint((struct skeym_room){token, sizeof token}, &size,
                                               &cast->audience_keys, &claims, nonce));
    skeym_jot_object(jot, "next_token");
    skeym_vectors_token_claims(jot, &claims);
    skeym_jot_hex(jot, "token_claims", bytes, skeym_written(&writer).size);
    skeym_jot_hex(jot, "nonce", nonce, sizeof nonce);
    skeym_jot_hex(jot, "token", token, size);
    skeym_jot_base64url(jot, "token_text", skeym_span(token, size));
    skeym_jot_object_end(jot);
}

/* When a token is valid: the edges of its time. */
static void print_times(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    const struct skeym_token_claims *claims = &cast->token;
    uint64_t until = claims->issued_ms + UINT64_C(1000) * claims->lifetime_s;
    const uint64_t times[] = {claims->issued_ms - 1, claims->issued_ms, until - 1, until};
    skeym_jot_list(jot, "token_times");
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        skeym_jot_object(jot, NULL);
        skeym_jot_number(jot, "now_ms", times[i]);
        skeym_jot_bool(jot, "valid", skeym_token_time(claims, times[i]) == SKEYM_OK);
        skeym_jot_object_end(jot);
    }
    skeym_jot_list_end(jot);
}

static struct skeym_span closed_request(struct skeym_jot *jot, struct skeym_room room,
                                        const char *key)
{
    const struct skeym_closed closed = {
        .method = skeym_span_text("POST"),
        .target = skeym_span_text("/fhir/Observation"),
        .content_type = skeym_span_text("application/fhir+json"),
        .idempotency_key = skeym_span_text(key),
        .if_none_exist = skeym_span_text("identifier=urn:d|42"),
        .prefer = skeym_span_text("return=minimal"),
        .body = skeym_span_text("{\"resourceType\":\"Observation\"}"),
    };
    struct skeym_writer writer = skeym_writer(room);
    skeym_closed_write(&writer, &closed);
    (void)skeym_jot_must(jot, skeym_writer_end(&writer));
    return skeym_written(&writer);
}

void skeym_vectors_exchange(struct skeym_jot *jot, const struct skeym_vectors_cast *cast)
{
    struct skeym_exchange_keys keys;
    uint8_t text[512];
    uint8_t keyed[512];
    static const char observation[] = "{\"resourceType\":\"Observation\",\"status\":\"final\"}";
    if (!skeym_jot_must(jot, skeym_exchange_derive(&keys, cast->secret))) {
        return;
    }
    const struct message messages[] = {
        {"open_get",
         "GET",
         "/fhir/Observation?patient=p-1&code=http://loinc.org|8867-4",
         "",
         NULL,
         {0},
         0,
         0},
        {"open_post", "POST", "/fhir/Observation", SKEYM_JOSE_TYPE, "application/fhir+json",
         skeym_span_text(observation), 0, 0x01},
        {"closed_get", "POST", SKEYM_EXCHANGE_PATH, SKEYM_JOSE_TYPE, SKEYM_CLOSED_TYPE,
         skeym_span_text("GET /fhir/Observation?patient=p-1\n\n"), 0, 0x11},
        {"closed_post", "POST", SKEYM_EXCHANGE_PATH, SKEYM_JOSE_TYPE, SKEYM_CLOSED_TYPE,
         closed_request(jot, (struct skeym_room){text, sizeof text}, NULL), 0, 0x21},
        {"closed_key", "POST", SKEYM_EXCHANGE_PATH, SKEYM_JOSE_TYPE, SKEYM_CLOSED_TYPE,
         closed_request(jot, (struct skeym_room){keyed, sizeof keyed}, "Aa0-9_z.Z"), 0, 0x51},
    };
    const struct message answers[] = {
        {"answer", NULL, NULL, NULL, "application/fhir+json", skeym_span_text(observation), 201,
         0x31},
        {"answer_empty", NULL, NULL, NULL, "", {0}, 200, 0x41},
    };
    skeym_jot_object(jot, "exchange");
    skeym_jot_text(jot, "about", "with lane 0's token of login.usual");
    skeym_jot_hex(jot, "S_0", cast->secret, 32);
    skeym_jot_hex(jot, "k_m", keys.proof, 32);
    skeym_jot_hex(jot, "k_q", keys.request, 32);
    skeym_jot_hex(jot, "k_p", keys.answer, 32);
    skeym_jot_hex(jot, "S_1", keys.next, 32);
    print_times(jot, cast);
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        print_request(jot, &messages[i], &keys);
    }
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        print_answer(jot, &answers[i], &keys);
    }
    print_next(jot, cast, &keys);
    skeym_jot_object_end(jot);
}
