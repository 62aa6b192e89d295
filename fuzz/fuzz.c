/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "core/noise.h"
#include "crypto/crypto.h"
#include <skeym/base64url.h>

FUZZ_UNWATCHED bool fuzz_zero(const void *data, size_t size)
{
    const uint8_t *at = data;
    uint8_t all = 0;
    for (size_t i = 0; i < size; i++) {
        all |= at[i];
    }
    return all == 0;
}

bool fuzz_same(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}

static void *taken[32768]; /* an input of nothing but line ends is taken apart too */
static size_t taken_count;

void *fuzz_take(size_t size)
{
    void *data = malloc(size);
    FUZZ_MUST((data || size == 0) && taken_count < sizeof taken / sizeof taken[0]);
    taken[taken_count++] = data;
    return data;
}

void fuzz_done(void)
{
    while (taken_count > 0) {
        free(taken[--taken_count]);
    }
}

struct skeym_span fuzz_copy(struct skeym_span bytes)
{
    uint8_t *data = fuzz_take(bytes.size);
    if (bytes.size > 0) {
        memcpy(data, bytes.data, bytes.size);
    }
    return skeym_span(data, bytes.size);
}

struct skeym_span fuzz_rest(struct skeym_reader *reader)
{
    return skeym_read_span(reader, reader->left);
}

FUZZ_UNWATCHED struct skeym_span fuzz_line(struct skeym_reader *reader)
{
    size_t size = 0;
    while (size < reader->left && reader->at[size] != '\n') {
        size++;
    }
    struct skeym_span line = skeym_read_span(reader, size);
    if (reader->left > 0) {
        (void)skeym_read_u8(reader);
    }
    return line;
}

struct skeym_span fuzz_part(struct skeym_reader *reader)
{
    size_t size = reader->left >= 2 ? skeym_read_u16(reader) : 0;
    return skeym_read_span(reader, size < reader->left ? size : reader->left);
}

char *fuzz_text(struct skeym_span bytes)
{
    char *text = fuzz_take(bytes.size + 1);
    if (bytes.size > 0) {
        memcpy(text, bytes.data, bytes.size);
    }
    text[bytes.size] = '\0';
    return text;
}

struct skeym_span fuzz_checked(struct skeym_span lines)
{
    static const char word[] = "check ";
    uint8_t hash[SKEYM_SHA256_BYTES];
    size_t tail = sizeof word - 1 + SKEYM_BASE64URL_CHARS(8) + 1;
    struct skeym_room room = {fuzz_take(lines.size + tail), lines.size + tail};
    struct skeym_writer writer = skeym_writer(room);
    skeym_crypto_sha256(hash, &lines, 1);
    skeym_write_span(&writer, lines);
    skeym_write_text(&writer, word);
    skeym_base64url_write(&writer, skeym_span(hash, 8));
    skeym_write_text(&writer, "\n");
    FUZZ_MUST(writer.size == room.room && !writer.bad);
    return skeym_span(room.data, room.room);
}

struct skeym_span fuzz_message_2(const struct skeym_handshake *authority, struct skeym_span head,
                                 struct skeym_span payload)
{
    struct skeym_handshake state = *authority;
    size_t size = head.size + payload.size + 16;
    struct skeym_room room = {fuzz_take(size), size};
    memcpy(room.data, head.data, head.size);
    struct skeym_room rest = {room.data + head.size, size - head.size};
    FUZZ_MUST(skeym_noise_seal(&state, rest, payload) == SKEYM_OK);
    return skeym_span(room.data, size);
}

FUZZ_UNWATCHED void fuzz_count(uint8_t *out, size_t size, uint8_t first)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(first + i);
    }
}

static struct skeym_scope scope_of(const char *text)
{
    struct skeym_scope scope;
    FUZZ_MUST(skeym_scope_parse(&scope, skeym_span_text(text)) == SKEYM_OK);
    return scope;
}

static void make_keys(struct fuzz_world *world)
{
    uint8_t key[32];
    struct skeym_name audience;
    struct skeym_epoch_key epoch = {.epoch = 499999};
    fuzz_count(key, sizeof key, 0x10);
    FUZZ_MUST(skeym_enrol_keys_derive(&world->enrol[0], 1, key) == SKEYM_OK);
    fuzz_count(key, sizeof key, 0x30);
    FUZZ_MUST(skeym_enrol_keys_derive(&world->enrol[1], 2, key) == SKEYM_OK);
    fuzz_count(epoch.key, sizeof epoch.key, 0x70);
    FUZZ_MUST(skeym_name_audience(&audience, skeym_span_text("ward")) == SKEYM_OK);
    FUZZ_MUST(skeym_audience_keys_derive(&world->audience, &epoch, &audience) == SKEYM_OK);
    world->keys.enrol_count = 2;
    world->keys.enrol = world->enrol;
    fuzz_count(world->keys.identity, 32, 0x50);
    FUZZ_MUST(skeym_crypto_x25519_public(world->keys.identity_public, world->keys.identity) ==
              SKEYM_OK);
    fuzz_count(world->node_ephemeral, 32, 0x21);
    fuzz_count(world->authority_ephemeral, 32, 0x61);
    fuzz_count(world->nonce, sizeof world->nonce, 0xb0);
}

static void make_node(struct fuzz_world *world)
{
    struct skeym_credentials *own = &world->credentials;
    struct skeym_node_claims *claims = &world->claims;
    fuzz_count(own->private_key, 32, 0x90);
    FUZZ_MUST(skeym_crypto_x25519_public(claims->public_key, own->private_key) == SKEYM_OK);
    claims->generation = 3;
    claims->not_after = 1831536123;
    claims->role = SKEYM_ROLE_DOCTOR;
    claims->scopes.count = 2;
    claims->scopes.at[0] = scope_of("user/Observation.rs");
    claims->scopes.at[1] = scope_of("patient/p-1/*.cruds");
    FUZZ_MUST(skeym_name_node(&claims->id, skeym_span_text("dr.Lee_1")) == SKEYM_OK);
    own->audience = world->audience.audience;
    memcpy(own->authority, world->keys.identity_public, 32);
    struct skeym_room room = {own->locator, sizeof own->locator};
    FUZZ_MUST(skeym_locator_seal(room, &own->locator_size, &world->enrol[0], claims,
                                 world->nonce) == SKEYM_OK);
    FUZZ_MUST(skeym_credential(own->credential, &world->enrol[0], claims) == SKEYM_OK);
}

const struct fuzz_world *fuzz_world(void)
{
    static struct fuzz_world world;
    static bool made;
    if (!made) {
        make_keys(&world);
        make_node(&world);
        made = true;
    }
    return &world;
}
