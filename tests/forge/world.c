/* SPDX-License-Identifier: Apache-2.0 */
#include "forge/forge.h"

#include <stdlib.h>

void forge_fail(const char *what)
{
    fprintf(stderr, "forge: %s\n", what);
    exit(2);
}

static void must(enum skeym_error error)
{
    if (error) {
        fprintf(stderr, "forge: error 0x%04x\n", (unsigned)error);
        exit(2);
    }
}

/* --- chance: splitmix64 -------------------------------------------------------------- */

uint64_t forge_draw(struct forge_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t forge_below(struct forge_random *random, uint64_t limit)
{
    return limit ? forge_draw(random) % limit : 0;
}

void forge_fill(struct forge_random *random, void *out, size_t size)
{
    uint8_t *at = out;
    for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
        uint64_t drawn = forge_draw(random);
        memcpy(at + done, &drawn, size - done < sizeof drawn ? size - done : sizeof drawn);
    }
}

/* --- keys ------------------------------------------------------------------------------ */

void forge_world_keys(struct forge_world *world, const struct skeym_epoch_key *from)
{
    struct skeym_epoch_key key = *from;
    struct skeym_epoch_key strange;
    struct skeym_name ward;
    struct skeym_name icu;
    uint8_t enrol[32];
    must(skeym_name_audience(&ward, skeym_span_text("ward")));
    must(skeym_name_audience(&icu, skeym_span_text("icu")));
    must(skeym_name_node(&world->revoked, skeym_span_text("dr-lovelace")));
    must(skeym_audience_keys_derive(&world->stale, &key, &ward));
    must(skeym_epoch_ratchet(&key));
    must(skeym_epoch_ratchet(&key)); /* K_{e-1} */
    must(skeym_audience_keys_derive(&world->keys, &key, &ward));
    must(skeym_audience_keys_derive(&world->other, &key, &icu));
    strange.epoch = key.epoch;
    forge_fill(&world->random, strange.key, sizeof strange.key);
    must(skeym_audience_keys_derive(&world->foreign, &strange, &ward));
    must(skeym_epoch_ratchet(&key));
    must(skeym_audience_keys_derive(&world->ahead, &key, &ward));
    forge_fill(&world->random, enrol, sizeof enrol);
    must(skeym_enrol_keys_derive(&world->enrol, world->keys.epoch, enrol));
}

/* --- good requests ------------------------------------------------------------------------ */

static const char *const scopes[] = {"user/Observation.rs", "patient/p-1/*.cruds",
                                     "system/Observation.c", "patient/bed-7.left/Device.r"};

static void make_claims(struct skeym_token_claims *claims, struct forge_world *world)
{
    struct forge_random *random = &world->random;
    char id[SKEYM_NODE_ID_BYTES + 1];
    size_t size = 1 + forge_below(random, SKEYM_NODE_ID_BYTES);
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    for (size_t i = 0; i < size; i++) {
        id[i] = letters[forge_below(random, sizeof letters - 1)];
    }
    memset(claims, 0, sizeof *claims);
    must(skeym_name_node(&claims->id, skeym_span(id, size)));
    forge_fill(random, claims->secret, sizeof claims->secret);
    claims->issued_ms = world->now_ms;
    claims->lifetime_s = FORGE_LIFETIME;
    claims->login_s = (uint32_t)(world->now_ms / 1000);
    claims->deadline_s = claims->login_s + 28800;
    claims->lane = (uint8_t)forge_below(random, SKEYM_LANES_MAX);
    claims->sequence = (uint32_t)forge_below(random, 1000000);
    claims->instance = world->instance;
    claims->generation = 1 + (uint32_t)forge_below(random, 1000);
    claims->role = (uint8_t)(SKEYM_ROLE_DOCTOR + forge_below(random, SKEYM_ROLE_SERVICE));
    claims->scopes.count = (uint8_t)(1 + forge_below(random, 4));
    for (size_t i = 0; i < claims->scopes.count; i++) {
        must(skeym_scope_parse(&claims->scopes.at[i],
                               skeym_span_text(scopes[forge_below(random, 4)])));
    }
}

/* One in three has a body; it is not a JWE: what is in it, admission does not ask. */
static void make_request(struct forge_specimen *out, struct forge_random *random)
{
    bool body = forge_below(random, 3) == 0;
    out->method = body ? "POST" : "GET";
    out->type = body ? SKEYM_JOSE_TYPE : "";
    out->target_size = (size_t)snprintf(out->target, sizeof out->target, "%s%u",
                                        body ? "/fhir/Observation?x=" : "/fhir/Patient/p-",
                                        (unsigned)forge_below(random, 1000000));
    out->body_size = body ? 1 + forge_below(random, sizeof out->body) : 0;
    for (size_t i = 0; i < out->body_size; i++) {
        out->body[i] = (uint8_t)('a' + forge_below(random, 26));
    }
}

void forge_specimen_make(struct forge_specimen *out, struct forge_world *world)
{
    uint8_t nonce[SKEYM_NONCE_BYTES];
    make_claims(&out->claims, world);
    make_request(out, &world->random);
    forge_fill(&world->random, nonce, sizeof nonce);
    must(skeym_token_mint((struct skeym_room){out->token, sizeof out->token}, &out->token_size,
                          &world->keys, &out->claims, nonce));
    must(skeym_exchange_derive(&out->keys, out->claims.secret));
    const struct skeym_exchange_request request = {
        skeym_span_text(out->method), skeym_span(out->target, out->target_size),
        skeym_span_text(out->type), skeym_span(out->body, out->body_size)};
    must(skeym_exchange_proof(out->proof, out->keys.proof, &request));
}

void forge_world_renew(struct forge_world *world)
{
    for (size_t i = 0; i < FORGE_SPECIMENS; i++) {
        forge_specimen_make(&world->specimen[i], world);
    }
}

/* --- one attempt ----------------------------------------------------------------------------- */

void forge_begin(struct forge_try *attempt, struct forge_world *world,
                 const struct forge_specimen *from)
{
    attempt->from = from;
    attempt->world = world;
    attempt->token_size = from->token_size;
    memcpy(attempt->token, from->token, from->token_size);
    memcpy(attempt->proof, from->proof, sizeof attempt->proof);
    attempt->wire = true;
    attempt->doubled = false;
    attempt->method = skeym_span_text(from->method);
    attempt->target = skeym_span(from->target, from->target_size);
    attempt->type = skeym_span_text(from->type);
    attempt->body = skeym_span(from->body, from->body_size);
    attempt->announced = from->body_size;
}

void forge_text(struct forge_try *attempt)
{
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){attempt->authorization, sizeof attempt->authorization});
    skeym_write_text(&writer, "SkeyM ");
    skeym_base64url_write(&writer, skeym_span(attempt->token, attempt->token_size));
    attempt->authorization_size = skeym_written(&writer).size;
    writer = skeym_writer((struct skeym_room){attempt->proof_text, sizeof attempt->proof_text});
    skeym_base64url_write(&writer, skeym_span(attempt->proof, sizeof attempt->proof));
    attempt->proof_size = skeym_written(&writer).size;
}

void forge_head(struct skeym_head *out, const struct forge_try *attempt)
{
    *out = (struct skeym_head){
        .method = attempt->method,
        .target = attempt->target,
        .content_type = attempt->type,
        .authorization = skeym_span(attempt->authorization, attempt->authorization_size),
        .proof = skeym_span(attempt->proof_text, attempt->proof_size),
        .body_size = attempt->announced,
        .doubled = attempt->doubled,
    };
}

size_t forge_forger_count(void)
{
    return forge_bytes_count + forge_text_count;
}

const struct forge_forger *forge_forger_at(size_t index)
{
    return index < forge_bytes_count ? &forge_bytes_forgers[index]
                                     : &forge_text_forgers[index - forge_bytes_count];
}

void forge_attempt(struct forge_try *attempt, struct forge_world *world,
                   const struct forge_forger *forger)
{
    struct forge_random *random = &world->random;
    size_t which = forger->used ? forge_below(random, FORGE_USED)
                                : FORGE_USED + forge_below(random, FORGE_SPECIMENS - FORGE_USED);
    forge_begin(attempt, world, &world->specimen[which]);
    if (forger->bytes) {
        forger->bytes(attempt);
    }
    forge_text(attempt);
    if (forger->text) {
        forger->text(attempt);
    }
}
