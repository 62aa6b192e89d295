/* SPDX-License-Identifier: Apache-2.0 */
/* Node and token claims and scopes, as bytes: what reads is written again as it was. */
#include "fuzz.h"

/* A scope that was read is one that has a text, and that text says the same. */
static void check_scopes(const struct skeym_scopes *scopes)
{
    FUZZ_MUST(scopes->count <= SKEYM_SCOPES_MAX);
    for (size_t i = 0; i < scopes->count; i++) {
        uint8_t text[SKEYM_SCOPE_TEXT_BYTES];
        struct skeym_scope again;
        struct skeym_room room = {text, sizeof text};
        FUZZ_MUST(skeym_scope_print(room, &scopes->at[i]) == SKEYM_OK);
        FUZZ_MUST(skeym_scope_parse(&again, skeym_span_text((const char *)text)) == SKEYM_OK);
        FUZZ_MUST(!memcmp(&again, &scopes->at[i], sizeof again));
    }
}

static void check_who(uint8_t role, const struct skeym_name *id, uint32_t generation)
{
    struct skeym_name again;
    FUZZ_MUST(role >= SKEYM_ROLE_DOCTOR && role <= SKEYM_ROLE_SERVICE && generation > 0);
    FUZZ_MUST(skeym_name_node(&again, skeym_name_span(id)) == SKEYM_OK);
}

static void node_claims(struct skeym_span bytes)
{
    struct skeym_node_claims claims;
    uint8_t again[SKEYM_NODE_CLAIMS_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){again, sizeof again});
    memset(&claims, 0, sizeof claims);
    if (skeym_node_claims_read(&claims, bytes) != SKEYM_OK) {
        FUZZ_MUST(fuzz_zero(&claims, sizeof claims));
        return;
    }
    check_who(claims.role, &claims.id, claims.generation);
    check_scopes(&claims.scopes);
    skeym_node_claims_write(&writer, &claims);
    FUZZ_MUST(!writer.bad && skeym_span_equal(skeym_written(&writer), bytes));
}

static void token_claims(struct skeym_span bytes)
{
    struct skeym_token_claims claims;
    uint8_t again[SKEYM_TOKEN_CLAIMS_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){again, sizeof again});
    memset(&claims, 0, sizeof claims);
    if (skeym_token_claims_read(&claims, bytes) != SKEYM_OK) {
        FUZZ_MUST(fuzz_zero(&claims, sizeof claims));
        return;
    }
    check_who(claims.role, &claims.id, claims.generation);
    check_scopes(&claims.scopes);
    FUZZ_MUST(claims.lifetime_s >= 1 && claims.lifetime_s <= SKEYM_LIFETIME_MAX);
    FUZZ_MUST(claims.lane < SKEYM_LANES_MAX && claims.flags == 0);
    skeym_token_claims_write(&writer, &claims);
    FUZZ_MUST(!writer.bad && skeym_span_equal(skeym_written(&writer), bytes));
}

static void scopes(struct skeym_span bytes)
{
    struct skeym_scopes read;
    uint8_t again[SKEYM_SCOPES_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){again, sizeof again});
    struct skeym_reader reader = skeym_reader(bytes);
    memset(&read, 0, sizeof read);
    skeym_scopes_read(&reader, &read);
    if (reader.bad) {
        FUZZ_MUST(fuzz_zero(&read, sizeof read));
        return;
    }
    check_scopes(&read);
    skeym_scopes_write(&writer, &read);
    FUZZ_MUST(!writer.bad && writer.size == bytes.size - reader.left);
    FUZZ_MUST(skeym_span_equal(skeym_written(&writer), skeym_span_part(bytes, 0, writer.size)));
    FUZZ_MUST(skeym_scopes_cover(&read, &read));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const what[])(struct skeym_span) = {node_claims, token_claims, scopes};
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    uint8_t which = skeym_read_u8(&reader);
    what[which % 3](fuzz_rest(&reader));
    return 0;
}
