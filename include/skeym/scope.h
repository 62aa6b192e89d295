/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes (docs/PROTOCOL.md, 3.2): what a node may do, as SMART App Launch v2 words and as bytes. */
#ifndef SKEYM_SCOPE_H
#define SKEYM_SCOPE_H

#include <skeym/span.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKEYM_PATIENT_BYTES 64
#define SKEYM_SCOPES_MAX    8
#define SKEYM_SCOPES_BYTES  (1 + SKEYM_SCOPES_MAX * (4 + SKEYM_PATIENT_BYTES))
/* "patient/" ID "/" TYPE ".cruds" NUL */
#define SKEYM_SCOPE_TEXT_BYTES (8 + SKEYM_PATIENT_BYTES + 1 + 24 + 6 + 1)

enum skeym_scope_context { SKEYM_SCOPE_PATIENT = 1, SKEYM_SCOPE_USER, SKEYM_SCOPE_SYSTEM };

enum skeym_action {
    SKEYM_ACTION_CREATE = 1,
    SKEYM_ACTION_READ = 2,
    SKEYM_ACTION_UPDATE = 4,
    SKEYM_ACTION_DELETE = 8,
    SKEYM_ACTION_SEARCH = 16
};

struct skeym_scope {
    uint8_t context; /* enum skeym_scope_context */
    uint8_t type;    /* index of the type table; 0 is any */
    uint8_t actions; /* set of enum skeym_action */
    uint8_t patient_size;
    uint8_t patient[SKEYM_PATIENT_BYTES]; /* context patient only */
};

struct skeym_scopes {
    uint8_t count;
    struct skeym_scope at[SKEYM_SCOPES_MAX];
};

/* The type's number in *type ("Observation" -> 2, "*" -> 0). Errors: SKEYM_ERR_UNSUPPORTED. */
SKEYM_MUST_USE enum skeym_error skeym_scope_type(uint8_t *type, struct skeym_span name);
/* The type's name; "?" for a stranger. */
const char *skeym_scope_type_name(uint8_t type);

/* One word of text. Errors: SKEYM_ERR_SHAPE, SKEYM_ERR_UNSUPPORTED (unknown type), SKEYM_ERR_SIZE,
 * SKEYM_ERR_CHARSET (patient id). */
SKEYM_MUST_USE enum skeym_error skeym_scope_parse(struct skeym_scope *out, struct skeym_span text);
/* The reverse, NUL-terminated; out.room at least SKEYM_SCOPE_TEXT_BYTES. Errors: SKEYM_ERR_SPACE.
 */
SKEYM_MUST_USE enum skeym_error skeym_scope_print(struct skeym_room out,
                                                  const struct skeym_scope *scope);

/* A list of scopes in bytes. A reader that finds anything that is not spelled goes bad. */
void skeym_scopes_write(struct skeym_writer *writer, const struct skeym_scopes *scopes);
void skeym_scopes_read(struct skeym_reader *reader, struct skeym_scopes *out);

/* true when one scope of `have` covers `want`, and when that holds for all of `want`. */
bool skeym_scope_covers(const struct skeym_scope *have, const struct skeym_scope *want);
bool skeym_scopes_cover(const struct skeym_scopes *have, const struct skeym_scopes *want);

/* May this be done? patient empty: to the data of any patient (so patient scopes do not allow it).
 */
bool skeym_scopes_allow(const struct skeym_scopes *scopes, enum skeym_action action, uint8_t type,
                        struct skeym_span patient);
/* May this be done for at least one patient? The check before the body is known. */
bool skeym_scopes_allow_some(const struct skeym_scopes *scopes, enum skeym_action action,
                             uint8_t type);

#ifdef __cplusplus
}
#endif
#endif
