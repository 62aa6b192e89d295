/* SPDX-License-Identifier: Apache-2.0 */
/* Forgers that change the request around a good token: its text, and what the proof covers. */
#include "forge/forge.h"

#define SCHEME 6 /* "SkeyM " */

static uint64_t below(struct forge_try *t, uint64_t limit)
{
    return forge_below(&t->world->random, limit);
}

/* A byte that HTTP carries in a field and that is not `not`. */
static uint8_t printable(struct forge_try *t, uint8_t not )
{
    uint8_t c = (uint8_t)(0x21 + below(t, 0x5e));
    return c != not ? c : (uint8_t)(c == 0x7e ? 0x21 : c + 1);
}

static void insert_at(uint8_t *text, size_t *size, size_t at, uint8_t c)
{
    memmove(text + at + 1, text + at, *size - at);
    text[at] = c;
    (*size)++;
}

/* --- the token's text -------------------------------------------------------------------- */

static void one_char(struct forge_try *t)
{
    size_t at = SCHEME + below(t, t->authorization_size - SCHEME);
    t->authorization[at] = printable(t, t->authorization[at]);
}

static void any_byte(struct forge_try *t)
{
    size_t at = SCHEME + below(t, t->authorization_size - SCHEME);
    t->authorization[at] = (uint8_t)(t->authorization[at] + 1 + below(t, 255));
    t->wire = false;
}

/* Bits that no byte is made of: another text of the same bytes, were it taken. */
static void left_over_bits(struct forge_try *t)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t over = t->token_size % 3;
    uint8_t *last = &t->authorization[t->authorization_size - 1];
    if (over == 0) { /* none are left: a proof always has them */
        last = &t->proof_text[t->proof_size - 1];
        over = 2;
    }
    size_t value = (size_t)(strchr(alphabet, *last) - alphabet);
    size_t bits = over == 1 ? 15 : 3;
    *last = (uint8_t)alphabet[value ^ (1 + below(t, bits))];
}

static void padded(struct forge_try *t)
{
    for (uint64_t n = 1 + below(t, 2); n > 0; n--) {
        if (below(t, 2)) {
            t->authorization[t->authorization_size++] = '=';
        } else {
            t->proof_text[t->proof_size++] = '=';
        }
    }
}

/* The other alphabet of RFC 4648, where it differs; else a blank within. */
static void other_alphabet(struct forge_try *t)
{
    bool changed = false;
    for (size_t i = SCHEME; i < t->authorization_size; i++) {
        uint8_t c = t->authorization[i];
        t->authorization[i] = c == '-' ? '+' : c == '_' ? '/' : c;
        changed = changed || c == '-' || c == '_';
    }
    if (!changed) {
        insert_at(t->authorization, &t->authorization_size,
                  SCHEME + below(t, t->authorization_size - SCHEME), ' ');
    }
}

static void a_char_more(struct forge_try *t)
{
    size_t at = SCHEME + below(t, t->authorization_size - SCHEME + 1);
    insert_at(t->authorization, &t->authorization_size, at, printable(t, 0));
}

static void chars_fewer(struct forge_try *t)
{
    t->authorization_size = below(t, t->authorization_size);
}

static void scheme(struct forge_try *t)
{
    static const char *const schemes[] = {"Bearer", "SkeyM\t", "SkeyM,", "SkeyN ",
                                          "Skey M", "skeym=",  "Basic ", "Skey\xcd "};
    memcpy(t->authorization, schemes[below(t, 8)], SCHEME);
}

static void missing(struct forge_try *t)
{
    if (below(t, 2)) {
        t->authorization_size = 0;
    } else {
        t->proof_size = 0;
    }
}

static void swapped(struct forge_try *t)
{
    struct skeym_writer writer = skeym_writer(
        (struct skeym_room){t->authorization + SCHEME, sizeof t->authorization - SCHEME});
    skeym_base64url_write(&writer, skeym_span(t->proof, sizeof t->proof));
    t->authorization_size = SCHEME + writer.size;
    writer = skeym_writer((struct skeym_room){t->proof_text, SKEYM_PROOF_CHARS + 1});
    skeym_base64url_write(&writer, skeym_span(t->token, 32));
    t->proof_size = writer.size;
}

static void doubled(struct forge_try *t)
{
    t->doubled = true;
}

/* --- the proof's text ---------------------------------------------------------------------- */

static void proof_char(struct forge_try *t)
{
    size_t at = below(t, t->proof_size);
    t->proof_text[at] = printable(t, t->proof_text[at]);
}

static void proof_size(struct forge_try *t)
{
    if (below(t, 2)) {
        t->proof_size = below(t, t->proof_size);
    } else {
        insert_at(t->proof_text, &t->proof_size, below(t, t->proof_size + 1), printable(t, 0));
    }
}

/* --- what was proved ------------------------------------------------------------------------- */

static void other_method(struct forge_try *t)
{
    static const char *const methods[] = {"PUT", "DELETE", "PATCH", "OPTIONS", "get", "GETS"};
    t->method = skeym_span_text(methods[below(t, 6)]);
    t->wire = t->body.size == 0; /* a body where the library expects none is its own business */
}

static void other_target(struct forge_try *t)
{
    memcpy(t->room, t->target.data, t->target.size);
    size_t at = 1 + below(t, t->target.size - 1);
    t->room[at] = t->room[at] == 'x' ? 'y' : 'x';
    t->target = skeym_span(t->room, t->target.size);
}

static void longer_target(struct forge_try *t)
{
    memcpy(t->room, t->target.data, t->target.size);
    size_t more = 1 + below(t, 64);
    memset(t->room + t->target.size, 'x', more);
    t->target = skeym_span(t->room, t->target.size + more);
}

/* Parts of the canonical request moved over a border: the line feed must hold them apart. */
static void moved_border(struct forge_try *t)
{
    struct skeym_writer writer = skeym_writer((struct skeym_room){t->room, sizeof t->room});
    skeym_write_span(&writer, t->method);
    skeym_write_text(&writer, "\n");
    skeym_write_span(&writer, t->target);
    if (below(t, 2)) {
        t->method = skeym_written(&writer);
        t->target = t->type;
        t->type = (struct skeym_span){0};
    } else {
        skeym_write_text(&writer, "\n");
        skeym_write_span(&writer, t->type);
        t->target = skeym_span_part(skeym_written(&writer), t->method.size + 1, writer.size);
        t->type = (struct skeym_span){0};
    }
    t->wire = false;
}

static void other_type(struct forge_try *t)
{
    t->type = skeym_span_text(t->type.size ? "application/json" : SKEYM_JOSE_TYPE);
}

static void other_body(struct forge_try *t)
{
    size_t size = t->body.size;
    if (size > 0) {
        memcpy(t->room, t->body.data, size);
        t->room[below(t, size)] ^= 1;
    } else {
        t->room[size++] = 'a';
    }
    t->body = skeym_span(t->room, size);
    t->announced = size;
}

static void body_dropped(struct forge_try *t)
{
    if (t->body.size == 0) {
        other_body(t);
        return;
    }
    t->body = skeym_span_part(t->body, 0, below(t, t->body.size));
    t->announced = t->body.size;
}

/* The head says another size than there is: over the wire the rest would be the next request's. */
static void announced(struct forge_try *t)
{
    t->announced += 1 + below(t, 100);
    t->wire = false;
}

#define ROW(name, function)                                                                        \
    {                                                                                              \
        name, NULL, function, false                                                                \
    }
const struct forge_forger forge_text_forgers[] = {
    ROW("text: one character", one_char),
    ROW("text: any byte", any_byte),
    ROW("text: left-over bits", left_over_bits),
    ROW("text: padded", padded),
    ROW("text: other alphabet", other_alphabet),
    ROW("text: a character more", a_char_more),
    ROW("text: characters fewer", chars_fewer),
    ROW("text: scheme", scheme),
    ROW("text: a field missing", missing),
    ROW("text: fields swapped", swapped),
    ROW("text: a field twice", doubled),
    ROW("proof's text: one character", proof_char),
    ROW("proof's text: size", proof_size),
    ROW("request: method", other_method),
    ROW("request: target", other_target),
    ROW("request: longer target", longer_target),
    ROW("request: border moved", moved_border),
    ROW("request: content type", other_type),
    ROW("request: body", other_body),
    ROW("request: body dropped", body_dropped),
    ROW("request: announced size", announced),
};
const size_t forge_text_count = sizeof forge_text_forgers / sizeof forge_text_forgers[0];
