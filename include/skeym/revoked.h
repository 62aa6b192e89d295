/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what is revoked (docs/PROTOCOL.md, section 5), as logins and requests ask it. */
#ifndef SKEYM_REVOKED_H
#define SKEYM_REVOKED_H

#include <skeym/claims.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skeym_revoked_entry {
    struct skeym_name id;
    uint32_t generation; /* this one and all before */
};
/* Sorted by id (skeym_revoked_sort does it); owned by the caller; read only. */
struct skeym_revoked {
    const struct skeym_revoked_entry *at;
    size_t count;
};
void skeym_revoked_sort(struct skeym_revoked_entry *at, size_t count);
bool skeym_revoked_has(const struct skeym_revoked *revoked, const struct skeym_name *id,
                       uint32_t generation);

#ifdef __cplusplus
}
#endif
#endif
