/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect_links.h"

#include <stdlib.h>
#include <string.h>

/* --- a walk over JSON ---------------------------------------------------------------- */

/* One string value: where it stands in the text (without its quotes) and the keys above it, the
 * nearest last; arrays have no key of their own. */
struct place {
    struct skeym_span value;
    const struct skeym_span *keys;
    size_t depth;
};
typedef void (*visit)(void *arg, const struct place *place);

struct walk {
    struct skeym_span text;
    size_t at;
    bool is_array[SKEYM_CONNECT_DEPTH];
    bool has_key[SKEYM_CONNECT_DEPTH]; /* of an object: its level of `keys` */
    size_t depth;
    struct skeym_span keys[SKEYM_CONNECT_DEPTH + 1];
    size_t key_count;
    visit visit;
    void *arg;
};

static int peek(struct walk *walk)
{
    while (walk->at < walk->text.size) {
        uint8_t c = walk->text.data[walk->at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            return c;
        }
        walk->at++;
    }
    return -1;
}

static bool take(struct walk *walk, int c)
{
    if (peek(walk) != c) {
        return false;
    }
    walk->at++;
    return true;
}

/* Up to its closing quote. */
static bool read_string(struct walk *walk, struct skeym_span *out)
{
    if (!take(walk, '"')) {
        return false;
    }
    size_t start = walk->at;
    while (walk->at < walk->text.size && walk->text.data[walk->at] != '"') {
        walk->at += walk->text.data[walk->at] == '\\' ? 2 : 1;
    }
    if (walk->at >= walk->text.size) {
        return false;
    }
    *out = skeym_span_part(walk->text, start, walk->at - start);
    walk->at++;
    return true;
}

/* A number, true, false or null: nobody looks at it, so its spelling is not judged. */
static bool read_word(struct walk *walk)
{
    size_t start = walk->at;
    while (walk->at < walk->text.size && walk->text.data[walk->at] > ' ' &&
           !strchr(",]}[{\":", walk->text.data[walk->at])) {
        walk->at++;
    }
    return walk->at > start;
}

static bool open(struct walk *walk, bool is_array)
{
    if (walk->depth == SKEYM_CONNECT_DEPTH) {
        return false;
    }
    walk->at++;
    walk->is_array[walk->depth] = is_array;
    walk->has_key[walk->depth] = !is_array;
    walk->key_count += is_array ? 0 : 1;
    walk->depth++;
    return true;
}

static void close_one(struct walk *walk)
{
    walk->depth--;
    walk->key_count -= walk->has_key[walk->depth] ? 1 : 0;
}

static bool read_key(struct walk *walk)
{
    return read_string(walk, &walk->keys[walk->key_count - 1]) && take(walk, ':');
}

/* A value that is whole, or the begin of an array or object. *whole tells which. */
static bool read_value(struct walk *walk, bool *whole)
{
    int c = peek(walk);
    struct place place = {.keys = walk->keys, .depth = walk->key_count};
    *whole = true;
    if (c == '"') {
        if (!read_string(walk, &place.value)) {
            return false;
        }
        walk->visit(walk->arg, &place);
        return true;
    }
    if (c != '[' && c != '{') {
        return c >= 0 && read_word(walk);
    }
    if (!open(walk, c == '[')) {
        return false;
    }
    if (take(walk, c == '[' ? ']' : '}')) {
        close_one(walk);
        return true;
    }
    *whole = false;
    return c == '[' || read_key(walk);
}

/* After a whole value: what ends here, up to the next value. */
static bool go_on(struct walk *walk)
{
    while (walk->depth > 0) {
        bool is_array = walk->is_array[walk->depth - 1];
        if (take(walk, ',')) {
            return is_array || read_key(walk);
        }
        if (!take(walk, is_array ? ']' : '}')) {
            return false;
        }
        close_one(walk);
    }
    return peek(walk) == -1;
}

/* false: no JSON, or too deep; what was visited up to there counts for nothing. */
static bool walk_text(struct skeym_span text, visit visitor, void *arg)
{
    struct walk walk = {.text = text, .visit = visitor, .arg = arg};
    bool whole = false;
    do {
        if (!read_value(&walk, &whole) || (whole && !go_on(&walk))) {
            return false;
        }
    } while (walk.depth > 0);
    return true;
}

static bool is_under(const struct place *place, const char *above, const char *key)
{
    size_t depth = place->depth;
    return depth >= 1 && skeym_span_is(place->keys[depth - 1], key) &&
           (!above || (depth >= 2 && skeym_span_is(place->keys[depth - 2], above)));
}

/* --- links ---------------------------------------------------------------------------- */

static bool is_link(const struct place *place)
{
    static const struct {
        const char *above;
        const char *key;
    } table[] = {
        {"link", "url"},          {"entry", "fullUrl"},      {"request", "url"},
        {"response", "location"}, {"implementation", "url"}, {NULL, "reference"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (is_under(place, table[i].above, table[i].key)) {
            return true;
        }
    }
    return false;
}

/* How many raw characters of value spell base ("\/" is "/"); 0: it does not begin with it. */
static size_t begins(struct skeym_span value, const char *base)
{
    size_t at = 0;
    for (; *base; base++) {
        at += *base == '/' && skeym_span_starts(skeym_span_part(value, at, 2), "\\/") ? 1 : 0;
        if (at >= value.size || value.data[at] != (uint8_t)*base) {
            return 0;
        }
        at++;
    }
    struct skeym_span rest = skeym_span_part(value, at, value.size);
    bool ends = rest.size == 0 || rest.data[0] == '/' || rest.data[0] == '?' ||
                skeym_span_starts(rest, "\\/");
    return ends ? at : 0;
}

/* Two walks: one counts, one writes. */
struct change {
    struct skeym_span text;
    const char *from;
    struct skeym_span to;
    size_t count;
    size_t cut;  /* characters of `from` that go, in all */
    size_t done; /* of the text */
    struct skeym_writer *writer;
};

static void change_one(void *arg, const struct place *place)
{
    struct change *change = arg;
    size_t size = is_link(place) ? begins(place->value, change->from) : 0;
    if (size == 0) {
        return;
    }
    change->count++;
    change->cut += size;
    if (change->writer) {
        size_t at = (size_t)(place->value.data - change->text.data);
        skeym_write_span(change->writer,
                         skeym_span_part(change->text, change->done, at - change->done));
        skeym_write_span(change->writer, change->to);
        change->done = at + size;
    }
}

enum skeym_error skeym_connect_links_change(uint8_t **out, size_t *size, struct skeym_span text,
                                            const char *from, const char *to)
{
    struct change change = {.text = text, .from = from, .to = skeym_span_text(to)};
    *out = NULL;
    *size = 0;
    if (strcmp(from, to) == 0 || !walk_text(text, change_one, &change) || change.count == 0) {
        return SKEYM_OK;
    }
    size_t kept = text.size - change.cut;
    if (change.to.size > 0 && change.count > (SIZE_MAX - kept - 1) / change.to.size) {
        return SKEYM_ERR_MEMORY;
    }
    size_t room = kept + change.count * change.to.size;
    uint8_t *bytes = malloc(room + 1);
    if (!bytes) {
        return SKEYM_ERR_MEMORY;
    }
    struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, room});
    change.writer = &writer;
    (void)walk_text(text, change_one, &change);
    skeym_write_span(&writer, skeym_span_part(text, change.done, text.size));
    bytes[room] = 0;
    *out = bytes;
    *size = room;
    return SKEYM_OK;
}

/* --- what becomes part of a head ------------------------------------------------------ */

static bool is_plain(struct skeym_span value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] <= ' ' || value.data[i] > '~' || value.data[i] == '\\') {
            return false;
        }
    }
    return value.size > 0;
}

static void keep(struct skeym_span *out, const struct place *place, size_t depth, const char *above,
                 const char *key)
{
    if (place->depth == depth && is_under(place, above, key) && is_plain(place->value)) {
        *out = place->value;
    }
}

static void see_resource(void *arg, const struct place *place)
{
    struct skeym_connect_resource *out = arg;
    keep(&out->type, place, 1, NULL, "resourceType");
    keep(&out->id, place, 1, NULL, "id");
    keep(&out->version, place, 2, "meta", "versionId");
    keep(&out->updated, place, 2, "meta", "lastUpdated");
}

struct skeym_connect_resource skeym_connect_links_resource(struct skeym_span text)
{
    struct skeym_connect_resource out = {0};
    return walk_text(text, see_resource, &out) ? out : (struct skeym_connect_resource){0};
}

static void see_base(void *arg, const struct place *place)
{
    keep(arg, place, 2, "implementation", "url");
}

struct skeym_span skeym_connect_links_base(struct skeym_span text)
{
    struct skeym_span out = {0};
    return walk_text(text, see_base, &out) ? out : (struct skeym_span){0};
}
