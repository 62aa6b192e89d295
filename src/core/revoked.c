/* SPDX-License-Identifier: Apache-2.0 */
#include <skeym/revoked.h>
#include <stdlib.h>

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
static int compare_entries(const void *left, const void *right)
{
    const struct skeym_revoked_entry *a = left;
    const struct skeym_revoked_entry *b = right;
    int order = compare_ids(&a->id, &b->id);
    if (order == 0 && a->generation != b->generation) {
        order = a->generation < b->generation ? -1 : 1;
    }
    return order;
}

void skeym_revoked_sort(struct skeym_revoked_entry *at, size_t count)
{
    if (count > 1) {
        qsort(at, count, sizeof *at, compare_entries);
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
