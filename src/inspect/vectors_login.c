/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Section 6. The handshake is walked through here a second time, by Noise's words and with all keys
 * at hand, so that every h, ck and k can be shown; what the walk gives must be what the core gives.
 */
#include "crypto/crypto.h"
#include "inspect/vectors.h"
#include <string.h>

enum { LANES = 2, SESSION_S = 43200, LIFETIME_S = 30, INSTANCE = 0x01020304 };

/* --- the walk ------------------------------------------------------------------ */

struct walk {
    struct skeym_jot *jot;
    uint8_t h[32], ck[32], k[32];
    uint8_t n;
};

static void mix_hash(struct walk *walk, struct skeym_span data)
{
    const struct skeym_span parts[] = {skeym_span(walk->h, 32), data};
    skeym_crypto_sha256(walk->h, parts, 2);
}

/* HKDF of Noise: ck and 1 or 2 more outputs. */
static void mix(struct walk *walk, uint8_t *middle, uint8_t last[32], struct skeym_span input)
{
    uint8_t out[96];
    size_t size = middle ? 96 : 64;
    (void)skeym_jot_must(walk->jot,
                         skeym_crypto_hkdf((struct skeym_room){out, size}, skeym_span(walk->ck, 32),
                                           input, (struct skeym_span){0}));
    memcpy(walk->ck, out, 32);
    if (middle) {
        memcpy(middle, out + 32, 32);
    }
    memcpy(last, out + size - 32, 32);
    walk->n = 0;
}

static void mix_key(struct walk *walk, struct skeym_span input)
{
    mix(walk, NULL, walk->k, input);
}

static void mix_psk(struct walk *walk, const uint8_t psk[32])
{
    uint8_t middle[32];
    mix(walk, middle, walk->k, skeym_span(psk, 32));
    mix_hash(walk, skeym_span(middle, 32));
}

static void mix_product(struct walk *walk, const uint8_t key[32], const uint8_t peer[32])
{
    uint8_t shared[32];
    (void)skeym_jot_must(walk->jot, skeym_crypto_x25519(shared, key, peer));
    mix_key(walk, skeym_span(shared, 32));
}

/* Seals (or opens) with h as AAD and mixes the ciphertext; returns the size of out. */
static size_t pass(struct walk *walk, bool seal, struct skeym_room out, struct skeym_span in)
{
    uint8_t iv[12] = {0};
    iv[11] = walk->n++;
    struct skeym_span aad = skeym_span(walk->h, 32);
    (void)skeym_jot_must(walk->jot, seal ? skeym_crypto_seal(out, walk->k, iv, aad, in)
                                         : skeym_crypto_open(out, walk->k, iv, aad, in));
    size_t size = seal ? in.size + 16 : in.size - 16;
    mix_hash(walk, seal ? skeym_span(out.data, size) : in);
    return size;
}

static void step(struct walk *walk, const char *name)
{
    skeym_jot_object(walk->jot, NULL);
    skeym_jot_text(walk->jot, "after", name);
    skeym_jot_hex(walk->jot, "h", walk->h, 32);
    skeym_jot_hex(walk->jot, "ck", walk->ck, 32);
    skeym_jot_hex(walk->jot, "k", walk->k, 32);
    skeym_jot_object_end(walk->jot);
}

/* --- one login ------------------------------------------------------------------- */

struct login {
    struct skeym_jot *jot;
    struct skeym_vectors_cast *cast;
    struct skeym_login_wish wish;
    uint8_t node_key[32], node_share[32];           /* ephemeral, private and public */
    uint8_t authority_key[32], authority_share[32]; /* the same of the authority */
    uint8_t payload[SKEYM_LOGIN_ANSWER_BYTES];
    uint8_t message[SKEYM_LOGIN_BYTES]; /* message 1, by the walk */
    size_t message_size;
    uint8_t body[SKEYM_LOGIN_BYTES]; /* by the core */
    size_t body_size;
    uint8_t answer[SKEYM_LOGIN_ANSWER_BYTES];
    size_t answer_size;
};

static void must_equal(struct skeym_jot *jot, struct skeym_span a, struct skeym_span b)
{
    (void)skeym_jot_must(jot, skeym_span_equal(a, b) ? SKEYM_OK : SKEYM_ERR_PROOF);
}

static struct skeym_span payload_1(struct login *login)
{
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){login->payload, sizeof login->payload});
    skeym_write_u48(&writer, login->wish.time_ms);
    skeym_write_span8(&writer, skeym_name_span(&login->cast->audience));
    skeym_write_u8(&writer, login->wish.lanes);
    skeym_scopes_write(&writer, &login->wish.scopes);
    skeym_write_u8(&writer, 0);
    return skeym_written(&writer);
}

static struct skeym_span locator_of(const struct login *login)
{
    return skeym_span(login->cast->node.locator, login->cast->node.locator_size);
}

static void walk_start(struct walk *walk, struct login *login)
{
    const struct skeym_span prologue[] = {skeym_span_text("SkeyM/1 login"), locator_of(login)};
    uint8_t text[32 + SKEYM_LOCATOR_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){text, sizeof text});
    skeym_write_span(&writer, prologue[0]);
    skeym_write_span(&writer, prologue[1]);
    memset(walk, 0, sizeof *walk);
    walk->jot = login->jot;
    memcpy(walk->h, "Noise_IKpsk1_25519_AESGCM_SHA256", 32);
    memcpy(walk->ck, walk->h, 32);
    skeym_jot_hex(login->jot, "prologue", text, skeym_written(&writer).size);
    skeym_jot_list(login->jot, "steps_1");
    mix_hash(walk, skeym_written(&writer));
    step(walk, "prologue");
    mix_hash(walk, skeym_span(login->cast->node.authority, 32));
    step(walk, "authority's public key");
}

/* Message 1 into login->message. */
static void walk_1(struct walk *walk, struct login *login)
{
    const struct skeym_credentials *node = &login->cast->node;
    uint8_t *at = login->message;
    struct skeym_span plain = payload_1(login);
    memcpy(at, login->node_share, 32);
    mix_hash(walk, skeym_span(login->node_share, 32));
    mix_key(walk, skeym_span(login->node_share, 32));
    step(walk, "e");
    mix_product(walk, login->node_key, node->authority);
    step(walk, "es");
    (void)pass(walk, true, (struct skeym_room){at + 32, 48},
               skeym_span(login->cast->claims.public_key, 32));
    step(walk, "s");
    mix_product(walk, node->private_key, node->authority);
    step(walk, "ss");
    mix_psk(walk, node->credential);
    step(walk, "psk");
    size_t size = pass(walk, true, (struct skeym_room){at + 80, sizeof login->message - 80}, plain);
    step(walk, "payload 1");
    skeym_jot_list_end(login->jot);
    login->message_size = 80 + size;
    skeym_jot_hex(login->jot, "payload_1", plain.data, plain.size);
    skeym_jot_hex(login->jot, "message_1", at, login->message_size);
}

/* Opens the core's message 2. h_before: as it was just before the payload. */
static struct skeym_span walk_2(struct walk *walk, uint8_t h_before[32], struct login *login)
{
    struct skeym_span share = skeym_span(login->answer, 32);
    must_equal(login->jot, share, skeym_span(login->authority_share, 32));
    skeym_jot_list(login->jot, "steps_2");
    mix_hash(walk, share);
    mix_key(walk, share);
    step(walk, "e");
    mix_product(walk, login->node_key, share.data);
    step(walk, "ee");
    mix_product(walk, login->cast->node.private_key, share.data);
    step(walk, "se");
    memcpy(h_before, walk->h, 32);
    size_t size = pass(walk, false, (struct skeym_room){login->payload, sizeof login->payload},
                       skeym_span(login->answer + 32, login->answer_size - 32));
    step(walk, "payload 2");
    skeym_jot_list_end(login->jot);
    return skeym_span(login->payload, size);
}

static void core_1(struct login *login, struct skeym_handshake *state)
{
    (void)skeym_jot_must(
        login->jot,
        skeym_login_start(state, (struct skeym_room){login->body, sizeof login->body},
                          &login->body_size, &login->cast->node, &login->wish, login->node_key));
    must_equal(login->jot,
               skeym_span_part(skeym_span(login->body, login->body_size),
                               3 + login->cast->node.locator_size, sizeof login->body),
               skeym_span(login->message, login->message_size));
    skeym_jot_hex(login->jot, "body", login->body, login->body_size);
}

static struct skeym_login_random random_of(const struct login *login)
{
    struct skeym_login_random random;
    memcpy(random.ephemeral, login->authority_key, 32);
    skeym_vectors_fill(random.locator_nonce, sizeof random.locator_nonce, 0xc0);
    for (uint8_t lane = 0; lane < SKEYM_LANES_MAX; lane++) {
        skeym_vectors_fill(random.token_nonce[lane], SKEYM_NONCE_BYTES, (uint8_t)(0xd0 + lane));
    }
    return random;
}

static void core_2(struct login *login, const struct skeym_authority_keys *keys)
{
    struct skeym_login_request request;
    struct skeym_login_random random = random_of(login);
    struct skeym_room room = {login->answer, sizeof login->answer};
    uint32_t now_s = (uint32_t)(SKEYM_VECTORS_NOW_MS / 1000);
    if (!skeym_jot_must(login->jot, skeym_login_read(&request, &login->cast->old,
                                                     skeym_span(login->body, login->body_size)))) {
        return;
    }
    if (!keys) {
        (void)skeym_jot_must(login->jot,
                             skeym_login_answer_clock(room, &login->answer_size, &request,
                                                      SKEYM_VECTORS_NOW_MS, random.ephemeral));
        return;
    }
    const struct skeym_login_terms terms = {
        .server_ms = SKEYM_VECTORS_NOW_MS,
        .lifetime_s = LIFETIME_S,
        .deadline_s = now_s + SESSION_S,
        .instance = INSTANCE,
        .lanes = request.lanes,
        .scopes = request.scopes.count > 0 ? request.scopes : request.claims.scopes,
        .audience = &login->cast->audience_keys,
        .keys = keys,
    };
    (void)skeym_jot_must(login->jot,
                         skeym_login_answer(room, &login->answer_size, &request, &terms, &random));
}

/* S_0 of a lane, by section 6's words. */
static void session_secret(struct login *login, uint8_t out[32], const struct walk *walk,
                           const uint8_t h[32], uint8_t lane)
{
    const struct skeym_span info[] = {skeym_span_text("skeym/1 session"), skeym_span(h, 32),
                                      skeym_span(&lane, 1)};
    (void)skeym_jot_must(login->jot,
                         skeym_crypto_hkdf_expand((struct skeym_room){out, 32}, walk->ck, info, 3));
}

static void print_lane(struct login *login, const struct skeym_login_grant *grant, uint8_t lane)
{
    struct skeym_token_claims claims;
    uint8_t bytes[SKEYM_TOKEN_CLAIMS_BYTES];
    uint64_t id = 0;
    struct skeym_span token = skeym_span(grant->lane[lane].token, grant->lane[lane].token_size);
    struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, sizeof bytes});
    (void)skeym_jot_must(login->jot, skeym_token_open(&claims, &id, &login->cast->audience_keys,
                                                      token, SKEYM_VECTORS_NOW_MS));
    skeym_token_claims_write(&writer, &claims);
    skeym_jot_object(login->jot, NULL);
    skeym_jot_hex(login->jot, "S_0", grant->lane[lane].secret, 32);
    skeym_vectors_token_claims(login->jot, &claims);
    skeym_jot_hex(login->jot, "token_claims", bytes, skeym_written(&writer).size);
    skeym_jot_hex(login->jot, "nonce", token.data + 5, SKEYM_NONCE_BYTES);
    skeym_jot_hex(login->jot, "token", token.data, token.size);
    skeym_jot_base64url(login->jot, "token_text", token);
    skeym_jot_number(login->jot, "token_bytes", token.size);
    skeym_jot_object_end(login->jot);
    if (lane == 0) {
        login->cast->token = claims;
        memcpy(login->cast->secret, grant->lane[lane].secret, 32);
    }
}

static void print_grant(struct login *login, struct skeym_handshake *state, const struct walk *walk,
                        const uint8_t h_before[32])
{
    struct skeym_login_grant grant;
    if (!skeym_jot_must(
            login->jot,
            skeym_login_finish(&grant, state, skeym_span(login->answer, login->answer_size)))) {
        return;
    }
    skeym_jot_text(login->jot, "kind", grant.clock_only ? "clock" : "granted");
    skeym_jot_number(login->jot, "server_ms", grant.server_ms);
    if (grant.clock_only) {
        return;
    }
    skeym_jot_number(login->jot, "lifetime", grant.lifetime_s);
    skeym_jot_number(login->jot, "login_deadline", grant.deadline_s);
    skeym_jot_hex(login->jot, "fresh_locator", grant.locator, grant.locator_size);
    skeym_jot_bool(login->jot, "renewed", grant.renewed);
    if (grant.renewed) {
        skeym_jot_hex(login->jot, "renewed_C_i", grant.credential, 32);
    }
    skeym_jot_list(login->jot, "lanes");
    for (uint8_t lane = 0; lane < grant.lanes; lane++) {
        uint8_t secret[32];
        session_secret(login, secret, walk, h_before, lane);
        must_equal(login->jot, skeym_span(secret, 32), skeym_span(grant.lane[lane].secret, 32));
        print_lane(login, &grant, lane);
    }
    skeym_jot_list_end(login->jot);
}

/* keys: those that answer; NULL: the answer is `clock`. */
static void print_login(struct login *login, const char *name,
                        const struct skeym_authority_keys *keys)
{
    struct skeym_jot *jot = login->jot;
    struct skeym_handshake state;
    struct walk walk;
    uint8_t h_before[32];
    skeym_jot_object(jot, name);
    skeym_jot_number(jot, "time_ms", login->wish.time_ms);
    skeym_jot_number(jot, "tokens_wanted", login->wish.lanes);
    skeym_vectors_scopes(jot, "scopes_wanted", &login->wish.scopes);
    skeym_jot_hex(jot, "node_ephemeral_private", login->node_key, 32);
    skeym_jot_hex(jot, "node_ephemeral_public", login->node_share, 32);
    skeym_jot_hex(jot, "authority_ephemeral_private", login->authority_key, 32);
    skeym_jot_hex(jot, "authority_ephemeral_public", login->authority_share, 32);
    walk_start(&walk, login);
    walk_1(&walk, login);
    core_1(login, &state);
    core_2(login, keys);
    if (jot->error == SKEYM_OK) {
        struct skeym_span payload = walk_2(&walk, h_before, login);
        skeym_jot_hex(jot, "payload_2", payload.data, payload.size);
        skeym_jot_hex(jot, "message_2", login->answer, login->answer_size);
        print_grant(login, &state, &walk, h_before);
    }
    skeym_jot_object_end(jot);
}

void skeym_vectors_login(struct skeym_jot *jot, struct skeym_vectors_cast *cast)
{
    static struct login login; /* large; fixed values only */
    memset(&login, 0, sizeof login);
    login.jot = jot;
    login.cast = cast;
    skeym_vectors_fill(login.node_key, 32, 0x21);
    skeym_vectors_fill(login.authority_key, 32, 0x61);
    (void)skeym_jot_must(jot, skeym_crypto_x25519_public(login.node_share, login.node_key));
    (void)skeym_jot_must(jot,
                         skeym_crypto_x25519_public(login.authority_share, login.authority_key));
    skeym_jot_object(jot, "login");

    login.wish = (struct skeym_login_wish){.time_ms = SKEYM_VECTORS_NOW_MS - 90000, .lanes = 1};
    print_login(&login, "clock_is_off", NULL);

    login.wish = (struct skeym_login_wish){.time_ms = SKEYM_VECTORS_NOW_MS - 250, .lanes = 1};
    login.wish.scopes.count = 1;
    (void)skeym_jot_must(jot, skeym_scope_parse(&login.wish.scopes.at[0],
                                                skeym_span_text("patient/p-1/Observation.rs")));
    print_login(&login, "after_rotation", &cast->keys);

    login.wish = (struct skeym_login_wish){.time_ms = SKEYM_VECTORS_NOW_MS - 250, .lanes = LANES};
    print_login(&login, "usual", &cast->old);
    skeym_jot_object_end(jot);
}
