/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forgers that change the token's or the proof's bytes. "Insiders" have keys that no attacker has:
 * they make what opens and must be refused all the same. Each always makes something other than
 * what it was given.
 */
#include "core/xaes.h"
#include "forge/forge.h"

#define PREFIX 5 /* version, epoch */
#define TAG    16

static uint64_t below(struct forge_try *t, uint64_t limit)
{
    return forge_below(&t->world->random, limit);
}

static const struct forge_specimen *another(struct forge_try *t)
{
    const struct forge_specimen *specimens = t->world->specimen;
    size_t at = (size_t)(t->from - specimens);
    return &specimens[(at + 1 + below(t, FORGE_SPECIMENS - 1)) % FORGE_SPECIMENS];
}

/* At least one bit of these bytes. */
static void disturb(struct forge_try *t, uint8_t *at, size_t size)
{
    uint64_t bit = below(t, size * 8);
    at[bit / 8] ^= (uint8_t)(1U << bit % 8);
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

/* --- strangers ------------------------------------------------------------------------------ */

static void noise(struct forge_try *t)
{
    t->token_size = below(t, sizeof t->token);
    forge_fill(&t->world->random, t->token, t->token_size);
    forge_fill(&t->world->random, t->proof, sizeof t->proof);
}

/* Version, epoch and size are right, and nothing else. */
static void noise_in_shape(struct forge_try *t)
{
    t->token_size = SKEYM_TOKEN_HEAD + TAG + 16 * (1 + below(t, 40));
    forge_fill(&t->world->random, t->token, t->token_size);
    t->token[0] = SKEYM_TOKEN_VERSION;
    put_u32(t->token + 1, t->world->keys.epoch - (uint32_t)below(t, 2));
    if (below(t, 2)) {
        forge_fill(&t->world->random, t->proof, sizeof t->proof);
    }
}

static void flip_one(struct forge_try *t)
{
    disturb(t, t->token, t->token_size);
}

static void flip_sealed(struct forge_try *t)
{
    disturb(t, t->token + SKEYM_TOKEN_HEAD, t->token_size - SKEYM_TOKEN_HEAD);
}

static void flip_nonce(struct forge_try *t)
{
    disturb(t, t->token + PREFIX, SKEYM_NONCE_BYTES);
}

/* An odd number of times the same byte is never itself again: the last flip is of another byte. */
static void flip_many(struct forge_try *t)
{
    size_t half = t->token_size / 2;
    for (uint64_t n = 1 + below(t, 16); n > 0; n--) {
        disturb(t, t->token, half);
    }
    disturb(t, t->token + half, t->token_size - half);
}

static void cut(struct forge_try *t)
{
    t->token_size = below(t, t->token_size);
}

/* By whole blocks: the size stays right. */
static void cut_blocks(struct forge_try *t)
{
    size_t blocks = (t->token_size - SKEYM_TOKEN_HEAD - TAG) / 16;
    t->token_size -= 16 * (1 + below(t, blocks));
}

static void grow(struct forge_try *t)
{
    size_t more = 1 + below(t, sizeof t->token - t->token_size);
    forge_fill(&t->world->random, t->token + t->token_size, more);
    t->token_size += more;
}

static void insert(struct forge_try *t)
{
    size_t at = below(t, t->token_size + 1);
    memmove(t->token + at + 1, t->token + at, t->token_size - at);
    t->token[at] = (uint8_t)below(t, 256);
    t->token_size++;
}

/* One byte out, and one in at another place: the size stays right. */
static void shift(struct forge_try *t)
{
    uint8_t before[sizeof t->token];
    memcpy(before, t->token, t->token_size);
    size_t out = below(t, t->token_size);
    memmove(t->token + out, t->token + out + 1, t->token_size - out - 1);
    t->token_size--;
    insert(t);
    if (memcmp(before, t->token, t->token_size) == 0) {
        disturb(t, t->token, t->token_size);
    }
}

static void splice(struct forge_try *t)
{
    const struct forge_specimen *other = another(t);
    size_t most = other->token_size < t->token_size ? other->token_size : t->token_size;
    size_t from = PREFIX + below(t, most - PREFIX - 1);
    memcpy(t->token + from, other->token + from, other->token_size - from);
    t->token_size = other->token_size;
    if (memcmp(t->token, other->token, from) == 0) { /* both begin alike: it would be the other */
        disturb(t, t->token + PREFIX, SKEYM_NONCE_BYTES);
    }
    if (below(t, 2)) {
        memcpy(t->proof, other->proof, sizeof t->proof);
    }
}

/* Head of one, sealed claims of another; the prover holds one of the secrets. */
static void other_nonce(struct forge_try *t)
{
    const struct forge_specimen *other = another(t);
    memcpy(t->token + PREFIX, other->token + PREFIX, SKEYM_NONCE_BYTES);
    if (below(t, 2)) {
        memcpy(t->proof, other->proof, sizeof t->proof);
    }
}

static void other_tag(struct forge_try *t)
{
    const struct forge_specimen *other = another(t);
    memcpy(t->token + t->token_size - TAG, other->token + other->token_size - TAG, TAG);
}

static void random_tag(struct forge_try *t)
{
    uint8_t *tag = t->token + t->token_size - TAG;
    uint8_t before[TAG];
    memcpy(before, tag, TAG);
    forge_fill(&t->world->random, tag, TAG);
    if (memcmp(before, tag, TAG) == 0) {
        disturb(t, tag, TAG);
    }
}

/* Zeros, or the beginning of the right one with zeros behind it: what a short comparison takes. */
static void short_tag(struct forge_try *t)
{
    size_t kept = below(t, TAG);
    uint8_t *tag = t->token + t->token_size - TAG;
    uint8_t last = tag[TAG - 1];
    memset(tag + kept, 0, TAG - kept);
    tag[TAG - 1] = (uint8_t)~last;
}

static void version(struct forge_try *t)
{
    t->token[0] = (uint8_t)(SKEYM_TOKEN_VERSION + 1 + below(t, 255));
}

/* Another epoch's number on a good token. */
static void epoch_number(struct forge_try *t)
{
    static const uint32_t steps[] = {1, 2, 3, 0x80000000U, 0xffffffffU, 0xfffffffeU};
    put_u32(t->token + 1, t->world->keys.epoch + steps[below(t, 6)]);
}

static void foreign_key(struct forge_try *t)
{
    size_t size = 0;
    uint8_t nonce[SKEYM_NONCE_BYTES];
    memcpy(nonce, t->from->token + PREFIX, sizeof nonce);
    if (skeym_token_mint((struct skeym_room){t->token, sizeof t->token}, &size, &t->world->foreign,
                         &t->from->claims, nonce)) {
        forge_fail("minting");
    }
    t->token_size = size;
}

/* --- the proof, of a good token ----------------------------------------------------------------
 */

static void proof_noise(struct forge_try *t)
{
    forge_fill(&t->world->random, t->proof, sizeof t->proof);
}

static void proof_flip(struct forge_try *t)
{
    disturb(t, t->proof, sizeof t->proof);
}

static void proof_short(struct forge_try *t)
{
    size_t kept = below(t, 31);
    uint8_t last = t->proof[31];
    memset(t->proof + kept, 0, 32 - kept);
    t->proof[31] = (uint8_t)~last;
}

static void proof_other(struct forge_try *t)
{
    memcpy(t->proof, another(t)->proof, sizeof t->proof);
}

static void prove_with(struct forge_try *t, const uint8_t key[32])
{
    const struct skeym_exchange_request request = {t->method, t->target, t->type, t->body};
    if (skeym_exchange_proof(t->proof, key, &request)) {
        forge_fail("proving");
    }
}

/* Every key that is near, but k_m. */
static void proof_key(struct forge_try *t)
{
    static const uint8_t zero[32] = {0};
    const struct forge_specimen *from = t->from;
    const uint8_t *const keys[] = {zero,
                                   from->claims.secret,
                                   from->keys.request,
                                   from->keys.answer,
                                   from->keys.next,
                                   t->world->keys.current.key,
                                   from->token + PREFIX,
                                   another(t)->keys.proof};
    prove_with(t, keys[below(t, sizeof keys / sizeof keys[0])]);
}

/* --- insiders: opens, and must be refused all the same
 * -------------------------------------------- */

static void remint(struct forge_try *t, const struct skeym_audience_keys *keys,
                   const struct skeym_token_claims *claims)
{
    uint8_t nonce[SKEYM_NONCE_BYTES];
    size_t size = 0;
    forge_fill(&t->world->random, nonce, sizeof nonce);
    if (skeym_token_mint((struct skeym_room){t->token, sizeof t->token}, &size, keys, claims,
                         nonce)) {
        forge_fail("minting");
    }
    t->token_size = size;
}

static void audience(struct forge_try *t)
{
    remint(t, &t->world->other, &t->from->claims);
}

/* Keys that were ours two and three epochs ago, with their number or a present one. */
static void stale_key(struct forge_try *t)
{
    remint(t, &t->world->stale, &t->from->claims);
    if (below(t, 2)) {
        put_u32(t->token + 1, t->world->keys.epoch - (uint32_t)below(t, 2));
    }
}

static void early_key(struct forge_try *t)
{
    remint(t, &t->world->ahead, &t->from->claims);
    if (below(t, 2)) {
        put_u32(t->token + 1, t->world->keys.epoch);
    }
}

static void instance(struct forge_try *t)
{
    struct skeym_token_claims claims = t->from->claims;
    claims.instance += 1 + (uint32_t)below(t, UINT32_MAX - 1);
    remint(t, &t->world->keys, &claims);
}

static void expired(struct forge_try *t)
{
    struct skeym_token_claims claims = t->from->claims;
    claims.issued_ms -= claims.lifetime_s * 1000ULL + 60000 + below(t, 3600000);
    remint(t, &t->world->keys, &claims);
}

static void not_yet(struct forge_try *t)
{
    struct skeym_token_claims claims = t->from->claims;
    claims.issued_ms += 120000 + below(t, 3600000);
    remint(t, &t->world->keys, &claims);
}

static void past_deadline(struct forge_try *t)
{
    struct skeym_token_claims claims = t->from->claims;
    claims.deadline_s = (uint32_t)(t->world->now_ms / 1000 - 1 - below(t, 86400));
    remint(t, &t->world->keys, &claims);
}

static void revoked(struct forge_try *t)
{
    struct skeym_token_claims claims = t->from->claims;
    claims.id = t->world->revoked;
    claims.generation = 1 + (uint32_t)below(t, 9);
    remint(t, &t->world->keys, &claims);
}

/* Claims that the layout has no place for, sealed by the right key. */
static void claims_out_of_range(struct forge_try *t)
{
    enum { LIFETIME = 38, LANE = 47, FLAGS = 52, GENERATION = 57, ROLE = 61, NAME = 62 };
    static const struct {
        uint8_t at, size, least, most;
    } bad[] = {{LIFETIME, 1, 0, 0}, {LIFETIME, 1, 60, 255}, {LANE, 1, 16, 255},
               {FLAGS, 1, 1, 255},  {GENERATION, 4, 0, 0},  {ROLE, 1, 0, 0},
               {ROLE, 1, 6, 255},   {NAME, 1, 0, 0},        {NAME, 1, 33, 255}};
    uint8_t plain[SKEYM_TOKEN_CLAIMS_BYTES];
    uint8_t aad[PREFIX + SKEYM_AUDIENCE_BYTES];
    const struct skeym_audience_keys *keys = &t->world->keys;
    struct skeym_writer writer = skeym_writer((struct skeym_room){plain, sizeof plain});
    skeym_token_claims_write(&writer, &t->from->claims);
    size_t row = below(t, sizeof bad / sizeof bad[0]);
    for (size_t i = 0; i < bad[row].size; i++) {
        plain[bad[row].at + i] =
            (uint8_t)(bad[row].least + below(t, (uint64_t)bad[row].most - bad[row].least + 1));
    }
    forge_fill(&t->world->random, t->token + PREFIX, SKEYM_NONCE_BYTES);
    memcpy(aad, t->token, PREFIX);
    memcpy(aad + PREFIX, keys->audience.text, keys->audience.size);
    if (writer.bad ||
        skeym_xaes_seal(
            (struct skeym_room){t->token + SKEYM_TOKEN_HEAD, sizeof t->token - SKEYM_TOKEN_HEAD},
            keys->current.key, t->token + PREFIX, skeym_span(aad, PREFIX + keys->audience.size),
            skeym_span(plain, writer.size))) {
        forge_fail("sealing");
    }
}

/* A locator whose enrol key id is the present epoch's number: the same outer form. */
static void locator(struct forge_try *t)
{
    struct skeym_node_claims claims = {.generation = 1,
                                       .not_after = UINT32_MAX,
                                       .role = t->from->claims.role,
                                       .id = t->from->claims.id,
                                       .scopes = t->from->claims.scopes};
    size_t size = 0;
    if (skeym_locator_seal((struct skeym_room){t->token, sizeof t->token}, &size, &t->world->enrol,
                           &claims, t->from->token + PREFIX)) {
        forge_fail("a locator");
    }
    t->token_size = size;
}

/* As it was, after it was admitted once: to the byte, and for another target with a new proof. */
static void replay(struct forge_try *t)
{
    if (below(t, 2)) {
        t->target = skeym_span_text("/fhir/Patient/p-2");
        prove_with(t, t->from->keys.proof);
    }
}

#define ROW(name, function)                                                                        \
    {                                                                                              \
        name, function, NULL, false                                                                \
    }
const struct forge_forger forge_bytes_forgers[] = {
    ROW("noise", noise),
    ROW("noise in shape", noise_in_shape),
    ROW("one bit", flip_one),
    ROW("one bit of the seal", flip_sealed),
    ROW("one bit of the nonce", flip_nonce),
    ROW("many bits", flip_many),
    ROW("cut", cut),
    ROW("cut by blocks", cut_blocks),
    ROW("grown", grow),
    ROW("a byte more", insert),
    ROW("a byte elsewhere", shift),
    ROW("spliced", splice),
    ROW("another's nonce", other_nonce),
    ROW("another's tag", other_tag),
    ROW("a random tag", random_tag),
    ROW("a short tag", short_tag),
    ROW("version", version),
    ROW("epoch's number", epoch_number),
    ROW("another authority's key", foreign_key),
    ROW("proof: noise", proof_noise),
    ROW("proof: one bit", proof_flip),
    ROW("proof: short", proof_short),
    ROW("proof: another's", proof_other),
    ROW("proof: another key", proof_key),
    ROW("inside: audience", audience),
    ROW("inside: old key", stale_key),
    ROW("inside: key to come", early_key),
    ROW("inside: instance", instance),
    ROW("inside: expired", expired),
    ROW("inside: not yet", not_yet),
    ROW("inside: past the deadline", past_deadline),
    ROW("inside: revoked", revoked),
    ROW("inside: claims out of range", claims_out_of_range),
    ROW("inside: a locator", locator),
    {"replayed", replay, NULL, true},
};
const size_t forge_bytes_count = sizeof forge_bytes_forgers / sizeof forge_bytes_forgers[0];
