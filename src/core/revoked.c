/* SPDX-License-Identifier: Apache-2.0 */
#include <skeym/revoked.h>

/* Shorter ids first, then byte by byte: an order for searching, not for reading. */
static int compare_ids(const struct skeym_name *a, const struct skeym_name *b)
{
    if (a->size != b->size) {
        return a->size < b->size ? -1 : 1;
    }
    for (size_t i = 0; i < a->size && i < sizeof a->text; i++) {
        if (a->text[i] != b->text[i]) {
            return a->text[i] < b->text[i] ? -1 : 1;
        }
    }
    return 0;
}

/* Of one id's entries, the one that revokes most comes last. */
static bool before(const struct skeym_revoked_entry *a, const struct skeym_revoked_entry *b)
{
    int order = compare_ids(&a->id, &b->id);
    return order < 0 || (order == 0 && a->generation < b->generation);
}

/* Lets the entry at `root` of a heap sink to its place. */
static void sink(struct skeym_revoked_entry *at, size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && before(&at[child], &at[child + 1])) {
            child++;
        }
        if (!before(&at[root], &at[child])) {
            return;
        }
        struct skeym_revoked_entry moved = at[root];
        at[root] = at[child];
        at[child] = moved;
    }
}

/* Heapsort: no recursion, no memory, and no list that makes it slow. */
void skeym_revoked_sort(struct skeym_revoked_entry *at, size_t count)
{
    for (size_t root = count / 2; root > 0; root--) {
        sink(at, root - 1, count);
    }
    for (size_t last = count; last > 1; last--) {
        struct skeym_revoked_entry greatest = at[0];
        at[0] = at[last - 1];
        at[last - 1] = greatest;
        sink(at, 0, last - 1);
    }
}

bool skeym_revoked_has(const struct skeym_revoked *revoked, const struct skeym_name *id,
                       uint32_t generation)
{
    /* Entries before `low` are at most id, entries from `high` on are greater. */
    size_t low = 0;
    size_t high = revoked->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_ids(&revoked->at[middle].id, id) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && compare_ids(&revoked->at[low - 1].id, id) == 0 &&
           generation <= revoked->at[low - 1].generation;
}
