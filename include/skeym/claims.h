/* SPDX-License-Identifier: Apache-2.0 */
/* What locators (docs/PROTOCOL.md, section 5) and tokens (section 7) seal. */
#ifndef SKEYM_CLAIMS_H
#define SKEYM_CLAIMS_H

#include <skeym/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SKEYM_NODE_ID_BYTES       32
#define SKEYM_AUDIENCE_BYTES      32
#define SKEYM_SECRET_BYTES        32 /* C_i, S_n, every derived key */
#define SKEYM_LIFETIME_MAX        59 /* s */
#define SKEYM_LANES_MAX           16
#define SKEYM_NODE_CLAIMS_BYTES   624 /* at most, padding included */
#define SKEYM_TOKEN_CLAIMS_BYTES  640
#define SKEYM_INVITE_CLAIMS_BYTES 592

enum skeym_role {
    SKEYM_ROLE_DOCTOR = 1,
    SKEYM_ROLE_NURSE,
    SKEYM_ROLE_DEVICE,
    SKEYM_ROLE_AUDITOR,
    SKEYM_ROLE_SERVICE
};

/* "doctor" ...; "?" for a stranger. */
const char *skeym_role_name(uint8_t role);
/* Errors: SKEYM_ERR_UNSUPPORTED. */
SKEYM_MUST_USE enum skeym_error skeym_role_parse(uint8_t *role, struct skeym_span name);

/* A short name inside of a struct: size bytes of text, no NUL. */
struct skeym_name {
    uint8_t size;
    uint8_t text[SKEYM_NODE_ID_BYTES];
};

/* Node id and audience (3.1). Errors: SKEYM_ERR_SIZE, SKEYM_ERR_CHARSET. */
SKEYM_MUST_USE enum skeym_error skeym_name_node(struct skeym_name *out, struct skeym_span text);
SKEYM_MUST_USE enum skeym_error skeym_name_audience(struct skeym_name *out, struct skeym_span text);
struct skeym_span skeym_name_span(const struct skeym_name *name);
/* FHIR id (3.1): true when well formed. */
bool skeym_patient_valid(struct skeym_span text);

/* What the authority knows of a node, and keeps nowhere but in the node's locator. */
struct skeym_node_claims {
    uint8_t public_key[32];
    uint32_t generation; /* 1 and up; a revocation ends all generations up to one */
    uint32_t not_after;  /* s */
    uint8_t role;
    struct skeym_name id;
    struct skeym_scopes scopes;
};

/* Writer and reader go bad on what is not spelled. The reader takes the whole span.
 * Errors: SKEYM_ERR_SHAPE, SKEYM_ERR_TRUNCATED, SKEYM_ERR_TRAILING, SKEYM_ERR_RANGE,
 * SKEYM_ERR_CHARSET; *out is zeroed then. */
void skeym_node_claims_write(struct skeym_writer *writer, const struct skeym_node_claims *claims);
SKEYM_MUST_USE enum skeym_error skeym_node_claims_read(struct skeym_node_claims *out,
                                                       struct skeym_span bytes);

/* What an invitation seals: when it ends, and the claims of the node to be; without its public key,
 * which is zero. Writer and reader as above; the writer ignores the key. */
struct skeym_invite_claims {
    uint32_t expires_s;
    struct skeym_node_claims node;
};
void skeym_invite_claims_write(struct skeym_writer *writer,
                               const struct skeym_invite_claims *claims);
SKEYM_MUST_USE enum skeym_error skeym_invite_claims_read(struct skeym_invite_claims *out,
                                                         struct skeym_span bytes);

/* SECRET: holds S_n. Wipe it. */
struct skeym_token_claims {
    uint8_t secret[SKEYM_SECRET_BYTES]; /* S_n */
    uint64_t issued_ms;
    uint32_t login_s;
    uint32_t deadline_s;
    uint32_t sequence;
    uint32_t instance;
    uint32_t generation;
    uint8_t lifetime_s; /* 1 to 59 */
    uint8_t lane;
    uint8_t flags;
    uint8_t role;
    struct skeym_name id;
    struct skeym_scopes scopes;
};

void skeym_token_claims_write(struct skeym_writer *writer, const struct skeym_token_claims *claims);
SKEYM_MUST_USE enum skeym_error skeym_token_claims_read(struct skeym_token_claims *out,
                                                        struct skeym_span bytes);

#ifdef __cplusplus
}
#endif
#endif
