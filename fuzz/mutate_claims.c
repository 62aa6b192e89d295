/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mutator that knows how claims are laid out, for the targets that read them: names and lists of
 * scopes change as wholes, numbers go to the ends of their ranges, and the zeros at the end fit
 * again. Plain changes, which come first in half of the cases, hardly ever do all of this at once.
 */
#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* The target's first byte says what follows; these are the offsets behind it. */
enum { NODE_ROLE = 40, TOKEN_ROLE = 61, BLOCK = 16, WIDEST = 900 };

struct chance {
    uint64_t state;
};

static size_t below(struct chance *chance, size_t limit)
{
    chance->state = chance->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(chance->state >> 33) % limit;
}

/* Puts `with` in the place of `size` bytes at `at`. */
static size_t replace(uint8_t *data, size_t whole, size_t at, size_t size, const uint8_t *with,
                      size_t with_size)
{
    memmove(data + at + with_size, data + at + size, whole - at - size);
    memcpy(data + at, with, with_size);
    return whole - size + with_size;
}

static size_t new_name(struct chance *chance, uint8_t *data, size_t size, size_t at)
{
    static const char letters[] = "abcXYZ019._-";
    static const uint8_t sizes[] = {0, 1, 2, 16, 31, 32, 33, 64, 255};
    uint8_t name[256];
    size_t want = sizes[below(chance, sizeof sizes)];
    size_t have = data[at];
    name[0] = (uint8_t)want;
    for (size_t i = 0; i < want; i++) {
        name[i + 1] = (uint8_t)letters[below(chance, i == 0 ? 10 : sizeof letters - 1)];
    }
    have = have < size - at - 1 ? have : size - at - 1;
    return replace(data, size, at, have + 1, name, want + 1);
}

static size_t new_scopes(struct chance *chance, uint8_t *data, size_t size, size_t at)
{
    uint8_t list[1 + 9 * (4 + 66)] = {0};
    size_t used = 1;
    list[0] = (uint8_t)below(chance, 10);
    for (size_t i = 0; i < list[0]; i++) {
        uint8_t context = (uint8_t)(below(chance, 12) ? 1 + below(chance, 3) : below(chance, 256));
        size_t patient = below(chance, 8) ? 1 + below(chance, 12) : 60 + below(chance, 6);
        list[used++] = context;
        list[used++] = (uint8_t)below(chance, 16);
        list[used++] = (uint8_t)below(chance, 34);
        if (context == 1) {
            list[used++] = (uint8_t)patient;
            memset(list + used, 'a' + (int)below(chance, 26), patient);
            used += patient;
        }
    }
    return replace(data, size, at, size - at, list, used);
}

static void new_number(struct chance *chance, uint8_t *data, size_t role)
{
    static const uint8_t ends[] = {0, 1, 5, 6, 15, 16, 59, 60, 127, 128, 255};
    size_t at = 1 + 32 + below(chance, role - 32 + 1);
    data[at] = ends[below(chance, sizeof ends)];
}

/* Zeros up to the next multiple of 16; the scopes end where they end. */
static size_t pad(uint8_t *data, size_t size)
{
    size_t over = (size - 1) % BLOCK;
    size_t more = over ? BLOCK - over : 0;
    memset(data + size, 0, more);
    return size + more;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    struct chance chance = {seed};
    uint8_t work[4096];
    if (below(&chance, 2) == 0 || size < 2) {
        size = LLVMFuzzerMutate(data, size, most);
    }
    size_t role = 1 + (MUTATE_ROLE ? MUTATE_ROLE : data[0] % 3 == 0 ? NODE_ROLE : TOKEN_ROLE);
    if (size < role + 3 || size > WIDEST || below(&chance, 4) == 0) {
        return size;
    }
    memcpy(work, data, size);
    size_t what = below(&chance, 4);
    if (what == 0) {
        new_number(&chance, work, role - 1);
    }
    if (what & 1) {
        size = new_name(&chance, work, size, role + 1);
    }
    size_t scopes = role + 2 + work[role + 1];
    if (what & 2 && scopes < size) {
        size = new_scopes(&chance, work, size, scopes);
    }
    size = pad(work, size);
    size = size < most ? size : most;
    memcpy(data, work, size);
    return size;
}
