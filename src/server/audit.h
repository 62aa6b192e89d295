/* SPDX-License-Identifier: Apache-2.0 */
/* The authority's audit file (server/home.h) as events: one JSON object a line. */
#ifndef SKEYM_SERVER_AUDIT_H
#define SKEYM_SERVER_AUDIT_H

#include <json-c/json.h>
#include <skeym/invite.h>

/* A new event with its time; NULL when out of memory. Add members with the below: if
 * one could not be added, skeym_audit_append fails. */
struct json_object *skeym_audit_event(const char *event, uint64_t now_ms);
void skeym_audit_text(struct json_object *event, const char *name, const char *value);
void skeym_audit_number(struct json_object *event, const char *name, uint64_t value);
/* The node's public claims: node, role, scopes, generation, not_after, public_key. */
void skeym_audit_claims(struct json_object *event, const struct skeym_node_claims *claims);
/* invitation: its id, as base64url. */
void skeym_audit_invitation(struct json_object *event, const uint8_t id[SKEYM_INVITE_ID_BYTES]);
/* The object as text, which it owns; NULL when out of memory. Use this, not json-c's own. */
const char *skeym_audit_print(struct json_object *object, int flags);
/* A whole event as the file's line (without LF), which it owns; NULL when it lost a member for want
 * of memory. */
const char *skeym_audit_line(struct json_object *event);
/* Appends the event durably and frees it. */
SKEYM_MUST_USE enum skeym_error skeym_audit_append(const char *dir, struct json_object *event);

/* Lines that are no event. torn: begun and not ended, as a crash leaves one; the next event goes
 * below it. damaged: others. */
struct skeym_audit_gaps {
    size_t torn, damaged;
};
/* Every event so far, without such lines. Errors: home.h's, SKEYM_ERR_MEMORY. */
typedef void (*skeym_audit_each)(void *arg, struct json_object *event);
SKEYM_MUST_USE enum skeym_error skeym_audit_read(const char *dir, skeym_audit_each each, void *arg,
                                                 struct skeym_audit_gaps *gaps);
/* The same from the file's text. Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_audit_parse(struct skeym_span text, skeym_audit_each each,
                                                  void *arg, struct skeym_audit_gaps *gaps);
/* A member's text (never NULL) and number (0 when it is missing or out of range). */
const char *skeym_audit_get_text(struct json_object *event, const char *name);
uint32_t skeym_audit_get_number(struct json_object *event, const char *name);

#endif
