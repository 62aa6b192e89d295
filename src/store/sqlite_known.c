/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_known.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096, TEXT_BYTES = 96 };

struct skeym_sqlite_known {
    struct slot {
        int64_t value; /* 0: free */
        int64_t number;
        uint8_t what, one, other; /* sizes of two texts, side by side */
        uint8_t text[TEXT_BYTES];
    } slots[SLOTS];
};

struct skeym_sqlite_known *skeym_sqlite_known_new(void)
{
    return calloc(1, sizeof(struct skeym_sqlite_known));
}

void skeym_sqlite_known_free(struct skeym_sqlite_known *known)
{
    free(known);
}

void skeym_sqlite_known_forget(struct skeym_sqlite_known *known)
{
    for (size_t i = 0; known && i < SLOTS; i++) {
        known->slots[i].value = 0;
    }
}

static bool fits(const struct skeym_sqlite_key *key)
{
    return key->one.size <= TEXT_BYTES && key->other.size <= TEXT_BYTES - key->one.size;
}

static uint64_t mix(uint64_t hash, struct skeym_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        hash = (hash ^ text.data[i]) * UINT64_C(0x100000001b3);
    }
    return (hash ^ 0xff) * UINT64_C(0x100000001b3); /* no byte of UTF-8 */
}

/* Who chooses codes that meet in one place makes it as slow as it was without. */
static size_t place(const struct skeym_sqlite_key *key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)key->number << 8 ^ (uint64_t)key->what;
    hash = mix(mix(hash, key->one), key->other);
    return (size_t)((hash ^ hash >> 32) % SLOTS);
}

static bool is_there(const struct slot *slot, const struct skeym_sqlite_key *key)
{
    return slot->value != 0 && slot->what == (uint8_t)key->what && slot->number == key->number &&
           skeym_span_equal(key->one, skeym_span(slot->text, slot->one)) &&
           skeym_span_equal(key->other, skeym_span(slot->text + slot->one, slot->other));
}

int64_t skeym_sqlite_known_get(const struct skeym_sqlite_known *known,
                               const struct skeym_sqlite_key *key)
{
    if (!known || !fits(key)) {
        return 0;
    }
    const struct slot *slot = &known->slots[place(key)];
    return is_there(slot, key) ? slot->value : 0;
}

void skeym_sqlite_known_put(struct skeym_sqlite_known *known, const struct skeym_sqlite_key *key,
                            int64_t value)
{
    if (!known || !fits(key)) {
        return;
    }
    struct slot *slot = &known->slots[place(key)];
    slot->value = value;
    slot->number = key->number;
    slot->what = (uint8_t)key->what;
    slot->one = (uint8_t)key->one.size;
    slot->other = (uint8_t)key->other.size;
    if (key->one.size > 0) {
        memcpy(slot->text, key->one.data, key->one.size);
    }
    if (key->other.size > 0) {
        memcpy(slot->text + key->one.size, key->other.data, key->other.size);
    }
}
