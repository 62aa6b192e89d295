/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mutator for targets whose input holds JSON of FHIR: values are replaced by words that mean
 * something, by each other, doubled, wrapped and taken out as wholes, so that what comes out is
 * mostly JSON again. Half of the time plain changes are made, alone or before.
 */
#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

enum { VALUES = 512, WIDEST = 6000 };

/* A value, or a member's name: where, and how long. */
struct value {
    size_t at, size;
    bool name;
};

static uint64_t chance;

static size_t below(size_t limit)
{
    chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(chance >> 33) % limit;
}

static const char *const words[] = {"\"Observation\"",
                                    "\"Patient\"",
                                    "\"Device\"",
                                    "\"Bundle\"",
                                    "\"transaction\"",
                                    "\"batch\"",
                                    "\"GET\"",
                                    "\"POST\"",
                                    "\"PUT\"",
                                    "\"Patient/p-1\"",
                                    "\"Patient/p-2\"",
                                    "\"final\"",
                                    "\"2027-01-15T08:00:00Z\"",
                                    "\"2027-01-15T08:00:01.5+01:00\"",
                                    "\"2027\"",
                                    "\"2027-02-30\"",
                                    "\"http://loinc.org\"",
                                    "\"8867-4\"",
                                    "\"urn:skeym:reading\"",
                                    "\"bed-1.9f02c1aa.0-MLII.1\"",
                                    "\"identifier=urn:x|1\"",
                                    "\"Observation?patient=p-1\"",
                                    "\"Patient?name=le\"",
                                    "\"Observation/$lastn?patient=p-1\"",
                                    "\"W/\\\"1\\\"\"",
                                    "\"1 -2 E U L 32767\"",
                                    "\"\"",
                                    "\"p-1\"",
                                    "\"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a\"",
                                    "null",
                                    "true",
                                    "[]",
                                    "{}",
                                    "0",
                                    "-0",
                                    "1e308",
                                    "-1.50e-300",
                                    "9007199254740993",
                                    "2147483648",
                                    "{\"reference\":\"Patient/p-1\"}",
                                    "{\"value\":1.5,\"unit\":\"/min\"}",
                                    "[{\"system\":\"urn:x\",\"value\":\"1\"}]"};

static const char *const names[] = {"\"resourceType\"",
                                    "\"id\"",
                                    "\"meta\"",
                                    "\"versionId\"",
                                    "\"identifier\"",
                                    "\"system\"",
                                    "\"value\"",
                                    "\"status\"",
                                    "\"category\"",
                                    "\"code\"",
                                    "\"coding\"",
                                    "\"text\"",
                                    "\"subject\"",
                                    "\"reference\"",
                                    "\"device\"",
                                    "\"effectiveDateTime\"",
                                    "\"effectivePeriod\"",
                                    "\"effectiveInstant\"",
                                    "\"start\"",
                                    "\"end\"",
                                    "\"component\"",
                                    "\"valueQuantity\"",
                                    "\"valueSampledData\"",
                                    "\"valueString\"",
                                    "\"data\"",
                                    "\"period\"",
                                    "\"dimensions\"",
                                    "\"origin\"",
                                    "\"factor\"",
                                    "\"name\"",
                                    "\"family\"",
                                    "\"given\"",
                                    "\"birthDate\"",
                                    "\"patient\"",
                                    "\"entry\"",
                                    "\"request\"",
                                    "\"method\"",
                                    "\"url\"",
                                    "\"ifNoneExist\"",
                                    "\"ifMatch\"",
                                    "\"fullUrl\"",
                                    "\"resource\"",
                                    "\"link\"",
                                    "\"relation\"",
                                    "\"type\""};

/* The size of what begins at data[0]: a string, a scalar or all between brackets. */
static size_t extent(const uint8_t *data, size_t size)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = data[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) {
                return i;
            }
            depth--;
        } else if (depth == 0 && (c == ',' || c == ':')) {
            return i;
        }
        if (!quoted && depth == 0 && (c == '"' || c == '}' || c == ']') && i > 0) {
            return i + 1;
        }
    }
    return size;
}

static size_t find_values(struct value *out, const uint8_t *data, size_t size)
{
    size_t count = 0;
    size_t at = 0;
    while (at < size && data[at] != '{') {
        at++;
    }
    while (at < size && count < VALUES) {
        uint8_t c = data[at];
        size_t whole = extent(data + at, size - at);
        if (c == ',' || c == ':' || c == '}' || c == ']' || c <= ' ' || whole == 0) {
            at++;
            continue;
        }
        size_t after = at + whole;
        out[count++] = (struct value){at, whole, after < size && data[after] == ':'};
        at += c == '{' || c == '[' ? 1 : whole; /* into it */
    }
    return count;
}

/* Puts `with` in the place of `size` bytes at `at`; the whole's new size. */
static size_t replace(uint8_t *data, size_t whole, size_t at, size_t size, const void *with,
                      size_t with_size)
{
    memmove(data + at + with_size, data + at + size, whole - at - size);
    memcpy(data + at, with, with_size);
    return whole - size + with_size;
}

static size_t change(uint8_t *work, size_t size, const struct value *values, size_t count)
{
    const struct value *one = &values[below(count)];
    const struct value *other = &values[below(count)];
    uint8_t copy[WIDEST + 2];
    const char *word = one->name ? names[below(sizeof names / sizeof names[0])]
                                 : words[below(sizeof words / sizeof words[0])];
    switch (below(5)) {
    case 0:
    case 1:
        return replace(work, size, one->at, one->size, word, strlen(word));
    case 2: /* by another */
        if (one->name != other->name) {
            return replace(work, size, one->at, one->size, word, strlen(word));
        }
        memcpy(copy, work + other->at, other->size);
        return replace(work, size, one->at, one->size, copy, other->size);
    case 3: { /* twice; a member with its value */
        size_t end = one->at + one->size;
        if (one->name) {
            end += 1 + extent(work + end + 1, size - end - 1);
        }
        copy[0] = ',';
        memcpy(copy + 1, work + one->at, end - one->at);
        return replace(work, size, end, 0, copy, end - one->at + 1);
    }
    default: { /* out, with the comma behind it */
        size_t end = one->at + one->size;
        if (one->name) {
            end += 1 + extent(work + end + 1, size - end - 1);
        }
        end += end < size && work[end] == ',';
        return replace(work, size, one->at, end - one->at, "", 0);
    }
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    static struct value values[VALUES];
    static uint8_t work[2 * WIDEST + 256];
    chance = seed;
    size_t plain = below(4);
    if (plain == 0 || (plain == 1 && below(2))) {
        size = LLVMFuzzerMutate(data, size, most);
    }
    if (plain == 0 || size > WIDEST) {
        return size;
    }
    memcpy(work, data, size);
    for (size_t n = 1 + below(3); n > 0 && size <= WIDEST; n--) {
        size_t count = find_values(values, work, size);
        if (count == 0) {
            return LLVMFuzzerMutate(data, size < most ? size : most, most);
        }
        size = change(work, size, values, count);
    }
    size = size < most ? size : most;
    memcpy(data, work, size);
    return size;
}
