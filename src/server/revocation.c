/* SPDX-License-Identifier: Apache-2.0 */
#include "server/revocation.h"

#include "server/audit.h"
#include "server/home.h"
#include <string.h>

static bool is_named(struct json_object *event, const struct skeym_name *id)
{
    return skeym_span_equal(skeym_span_text(skeym_audit_get_text(event, "node")),
                            skeym_name_span(id));
}

static void look(void *arg, struct json_object *event)
{
    struct skeym_revocation *out = arg;
    const char *what = skeym_audit_get_text(event, "event");
    uint32_t generation = skeym_audit_get_number(event, "generation");
    bool lives = strcmp(what, "enrol") == 0 || strcmp(what, "invite") == 0; /* or will */
    if (lives && is_named(event, &out->id) && generation > out->enrolled) {
        out->enrolled = generation;
    }
}

enum skeym_error skeym_revocation_find(struct skeym_revocation *out, const char *dir,
                                       const struct skeym_name *id)
{
    struct skeym_revoked revoked = {0};
    struct skeym_audit_gaps gaps;
    *out = (struct skeym_revocation){.id = *id};
    enum skeym_error error = skeym_home_revoked(&revoked, dir);
    if (error != SKEYM_OK) {
        return error;
    }
    uint32_t next = skeym_enrolment_generation(&revoked, id);
    out->revoked = next == 0 ? UINT32_MAX : next - 1;
    skeym_home_revoked_free(&revoked);
    return skeym_audit_read(dir, look, out, &gaps);
}

/* An enrolment gets one generation above what is revoked, so no live credential is above that, be
 * its line in the audit file or lost. */
uint32_t skeym_revocation_all(const struct skeym_revocation *revocation)
{
    uint32_t next = revocation->revoked == UINT32_MAX ? UINT32_MAX : revocation->revoked + 1;
    return revocation->enrolled > next ? revocation->enrolled : next;
}

static void add_name(struct json_object *event, const char *member, const struct skeym_name *name)
{
    char text[SKEYM_NODE_ID_BYTES + 1] = {0};
    memcpy(text, name->text, name->size);
    skeym_audit_text(event, member, text);
}

enum skeym_error skeym_revocation_note(const char *dir, const struct skeym_name *id,
                                       uint32_t generation, const struct skeym_name *by,
                                       uint64_t now_ms)
{
    struct json_object *event = skeym_audit_event("revoke", now_ms);
    add_name(event, "node", id);
    skeym_audit_number(event, "generation", generation);
    if (by) {
        add_name(event, "by", by);
    }
    return skeym_audit_append(dir, event);
}
