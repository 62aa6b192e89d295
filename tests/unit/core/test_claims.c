/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/hex.h"
#include <skeym/claims.h>

/* --- names and roles ----------------------------------------------------------------- */

#define NAME32 "abcdefghijklmnopqrstuvwxyz012345"

static void roles(void **state)
{
    (void)state;
    static const char *const names[] = {"doctor", "nurse", "device", "auditor", "service"};
    for (uint8_t i = 0; i < 5; i++) {
        uint8_t role = 99;
        assert_int_equal(skeym_role_parse(&role, skeym_span_text(names[i])), SKEYM_OK);
        assert_int_equal(role, i + 1);
        assert_string_equal(skeym_role_name(role), names[i]);
    }
    uint8_t role = 99;
    assert_int_equal(skeym_role_parse(&role, skeym_span_text("Doctor")), SKEYM_ERR_UNSUPPORTED);
    assert_int_equal(role, 0);
    assert_string_equal(skeym_role_name(0), "?");
    assert_string_equal(skeym_role_name(6), "?");
}

static const struct {
    const char *text;
    enum skeym_error node, audience;
    bool patient;
} names[] = {
    {"a", SKEYM_OK, SKEYM_OK, true},
    {"Aa0._-", SKEYM_OK, SKEYM_ERR_CHARSET, false},
    {"z9.-", SKEYM_OK, SKEYM_OK, true},
    {"Z", SKEYM_OK, SKEYM_ERR_CHARSET, true},
    {".a", SKEYM_ERR_CHARSET, SKEYM_OK, true},
    {"-a", SKEYM_ERR_CHARSET, SKEYM_OK, true},
    {"_a", SKEYM_OK, SKEYM_ERR_CHARSET, false},
    {"a/b", SKEYM_ERR_CHARSET, SKEYM_ERR_CHARSET, false},
    {"a@b", SKEYM_ERR_CHARSET, SKEYM_ERR_CHARSET, false},
    {"a[b", SKEYM_ERR_CHARSET, SKEYM_ERR_CHARSET, false},
    {"a`b", SKEYM_ERR_CHARSET, SKEYM_ERR_CHARSET, false},
    {"a{b", SKEYM_ERR_CHARSET, SKEYM_ERR_CHARSET, false},
    {"a:b", SKEYM_ERR_CHARSET, SKEYM_ERR_CHARSET, false},
    {"a b", SKEYM_ERR_CHARSET, SKEYM_ERR_CHARSET, false},
    {"a\n", SKEYM_ERR_CHARSET, SKEYM_ERR_CHARSET, false},
    {"\xc3\xa4", SKEYM_ERR_CHARSET, SKEYM_ERR_CHARSET, false},
    {"", SKEYM_ERR_SIZE, SKEYM_ERR_SIZE, false},
    {NAME32, SKEYM_OK, SKEYM_OK, true},
    {NAME32 "x", SKEYM_ERR_SIZE, SKEYM_ERR_SIZE, true},
    {NAME32 NAME32, SKEYM_ERR_SIZE, SKEYM_ERR_SIZE, true},
    {NAME32 NAME32 "x", SKEYM_ERR_SIZE, SKEYM_ERR_SIZE, false},
};

static void check_name(enum skeym_error (*read)(struct skeym_name *, struct skeym_span),
                       const char *text, enum skeym_error error)
{
    struct skeym_name name;
    memset(&name, 0xee, sizeof name);
    assert_int_equal(read(&name, skeym_span_text(text)), error);
    if (error) {
        assert_zero(&name, sizeof name);
    } else {
        assert_true(skeym_span_is(skeym_name_span(&name), text));
    }
}

static void texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        check_name(skeym_name_node, names[i].text, names[i].node);
        check_name(skeym_name_audience, names[i].text, names[i].audience);
        assert_int_equal(skeym_patient_valid(skeym_span_text(names[i].text)), names[i].patient);
    }
    struct skeym_name broken = {.size = 33};
    assert_int_equal(skeym_name_span(&broken).size, 0);
}

/* --- node claims ------------------------------------------------------------------------ */

static struct skeym_scopes scopes_of(const char *text)
{
    struct skeym_scopes scopes = {.count = 1};
    assert_int_equal(skeym_scope_parse(&scopes.at[0], skeym_span_text(text)), SKEYM_OK);
    return scopes;
}

/* Field by field: what lies between the fields of a struct is nobody's. */
static void same_scopes(const struct skeym_scopes *a, const struct skeym_scopes *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < SKEYM_SCOPES_MAX; i++) {
        assert_int_equal(a->at[i].context, b->at[i].context);
        assert_int_equal(a->at[i].type, b->at[i].type);
        assert_int_equal(a->at[i].actions, b->at[i].actions);
        assert_int_equal(a->at[i].patient_size, b->at[i].patient_size);
        assert_memory_equal(a->at[i].patient, b->at[i].patient, sizeof a->at[i].patient);
    }
}

static void same_name(const struct skeym_name *a, const struct skeym_name *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->text, b->text, sizeof a->text);
}

static void same_node_claims(const struct skeym_node_claims *a, const struct skeym_node_claims *b)
{
    assert_memory_equal(a->public_key, b->public_key, sizeof a->public_key);
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->not_after, b->not_after);
    assert_int_equal(a->role, b->role);
    same_name(&a->id, &b->id);
    same_scopes(&a->scopes, &b->scopes);
}

static struct skeym_node_claims node_claims(void)
{
    struct skeym_node_claims claims = {.generation = 0x01020304,
                                       .not_after = 0x05060708,
                                       .role = SKEYM_ROLE_DEVICE,
                                       .scopes = scopes_of("patient/p1/Observation.cr")};
    memset(claims.public_key, 0xab, sizeof claims.public_key);
    assert_int_equal(skeym_name_node(&claims.id, skeym_span_text("pump")), SKEYM_OK);
    return claims;
}

/* key 0, generation 32, not-after 36, role 40, id 41, scopes 46, padding 53 to 64 */
static const char node_bytes[] = "abababababababababababababababababababababababababababababababab"
                                 "0102030405060708"
                                 "03"
                                 "0470756d70"
                                 "01010203027031"
                                 "0000000000000000000000";
#define NODE_SIZE 64

static void node_layout(void **state)
{
    (void)state;
    struct skeym_node_claims claims = node_claims();
    struct skeym_node_claims back;
    uint8_t out[3 + SKEYM_NODE_CLAIMS_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_write_text(&writer, "xyz"); /* the padding counts from where the claims begin */
    skeym_node_claims_write(&writer, &claims);
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    assert_hex(out + 3, writer.size - 3, node_bytes);
    assert_int_equal(skeym_node_claims_read(&back, skeym_span(out + 3, writer.size - 3)), SKEYM_OK);
    same_node_claims(&back, &claims);
}

/* Names of every size: the padding is 0 to 15 zeros, and the largest claims have 624 bytes. */
static void node_padding(void **state)
{
    (void)state;
    struct skeym_node_claims claims = node_claims();
    struct skeym_node_claims back;
    uint8_t out[SKEYM_NODE_CLAIMS_BYTES + 1];
    for (uint8_t size = 1; size <= 32; size++) {
        claims.id = (struct skeym_name){0};
        memset(claims.id.text, 'a', size);
        claims.id.size = size;
        struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
        skeym_node_claims_write(&writer, &claims);
        size_t plain = 42U + size + 7;
        assert_int_equal(writer.size, (plain + 15) / 16 * 16);
        assert_int_equal(skeym_node_claims_read(&back, skeym_written(&writer)), SKEYM_OK);
        same_node_claims(&back, &claims);
    }
    claims.scopes.count = 8;
    for (size_t i = 0; i < 8; i++) {
        claims.scopes.at[i] = claims.scopes.at[0];
        claims.scopes.at[i].patient_size = 64;
        memset(claims.scopes.at[i].patient, 'p', 64);
    }
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_node_claims_write(&writer, &claims);
    assert_int_equal(skeym_written(&writer).size, SKEYM_NODE_CLAIMS_BYTES);
    assert_int_equal(skeym_node_claims_read(&back, skeym_written(&writer)), SKEYM_OK);
    same_node_claims(&back, &claims);
}

/* One byte of the claims above set to another value. */
struct change {
    size_t at;
    uint8_t value;
    enum skeym_error error;
};

static const struct change node_changes[] = {
    {40, 0, SKEYM_ERR_RANGE},                                /* role */
    {40, 6, SKEYM_ERR_RANGE},                                /* role */
    {42, '/', SKEYM_ERR_CHARSET},                            /* id */
    {42, '-', SKEYM_ERR_CHARSET},                            /* id begins so */
    {41, 33, SKEYM_ERR_TRUNCATED}, {41, 0, SKEYM_ERR_RANGE}, /* id of no bytes */
    {46, 0, SKEYM_ERR_TRAILING}, /* a scope, and none announced: 17 bytes left */
    {46, 2, SKEYM_ERR_SHAPE},    /* two scopes announced, and zeros there */
    {46, 9, SKEYM_ERR_SHAPE},    /* nine announced */
    {47, 4, SKEYM_ERR_SHAPE},    /* context */
    {48, 15, SKEYM_ERR_SHAPE},   /* type */
    {49, 0, SKEYM_ERR_SHAPE},    /* no action */
    {49, 0x83, SKEYM_ERR_SHAPE}, /* unknown action */
    {50, 0, SKEYM_ERR_SHAPE},    /* no patient */
    {50, 200, SKEYM_ERR_SHAPE},  /* a patient longer than all */
    {51, '_', SKEYM_ERR_SHAPE},  /* patient */
    {53, 1, SKEYM_ERR_SHAPE},    /* first byte of the padding */
    {63, 0x80, SKEYM_ERR_SHAPE}, /* last byte of the padding */
};

static void check_node(const uint8_t *bytes, size_t size, enum skeym_error error)
{
    struct skeym_node_claims claims;
    memset(&claims, 0xee, sizeof claims);
    assert_int_equal(skeym_node_claims_read(&claims, skeym_span(bytes, size)), error);
    assert_zero(&claims, sizeof claims);
}

static void node_refused(void **state)
{
    (void)state;
    uint8_t bytes[NODE_SIZE + 32] = {0};
    assert_int_equal(unhex(bytes, sizeof bytes, node_bytes), NODE_SIZE);
    for (size_t i = 0; i < sizeof node_changes / sizeof node_changes[0]; i++) {
        uint8_t before = bytes[node_changes[i].at];
        bytes[node_changes[i].at] = node_changes[i].value;
        check_node(bytes, NODE_SIZE, node_changes[i].error);
        bytes[node_changes[i].at] = before;
    }
    uint8_t keep[4];
    for (size_t number = 32; number <= 36; number += 4) { /* generation 0, not-after 0 */
        memcpy(keep, bytes + number, 4);
        memset(bytes + number, 0, 4);
        check_node(bytes, NODE_SIZE, SKEYM_ERR_RANGE);
        memcpy(bytes + number, keep, 4);
    }
    check_node(bytes, NODE_SIZE + 16, SKEYM_ERR_TRAILING); /* 27 zeros */
    check_node(bytes, NODE_SIZE + 1, SKEYM_ERR_SHAPE);
    check_node(bytes, NODE_SIZE - 1, SKEYM_ERR_SHAPE);
    check_node(bytes, 53, SKEYM_ERR_SHAPE); /* all there but the padding */
    for (size_t size = 0; size < 46; size++) {
        check_node(bytes, size, SKEYM_ERR_TRUNCATED);
    }
    for (size_t size = 46; size < 53; size++) {
        check_node(bytes, size, SKEYM_ERR_SHAPE);
    }
}

/* Padding of a whole block where none is due. */
static void node_needless_padding(void **state)
{
    (void)state;
    struct skeym_node_claims claims = node_claims();
    uint8_t out[128] = {0};
    claims.id.size = 15;
    memset(claims.id.text, 'a', 15); /* 42 + 15 + 7 = 64 */
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_node_claims_write(&writer, &claims);
    assert_int_equal(writer.size, 64);
    check_node(out, 80, SKEYM_ERR_TRAILING);
}

static void node_unspelled_is_not_written(void **state)
{
    (void)state;
    struct skeym_node_claims broken[7];
    for (size_t i = 0; i < 7; i++) {
        broken[i] = node_claims();
    }
    broken[0].generation = 0;
    broken[1].not_after = 0;
    broken[2].role = 0;
    broken[3].role = 6;
    broken[4].id.size = 0;
    broken[5].id.text[0] = '.';
    broken[6].scopes.at[0].actions = 0;
    for (size_t i = 0; i < 7; i++) {
        uint8_t out[SKEYM_NODE_CLAIMS_BYTES];
        struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
        skeym_node_claims_write(&writer, &broken[i]);
        assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
    }
}

/* --- token claims -------------------------------------------------------------------------- */

static struct skeym_token_claims token_claims(void)
{
    struct skeym_token_claims claims = {.issued_ms = UINT64_C(0x010203040506),
                                        .lifetime_s = 30,
                                        .login_s = 0x0708090a,
                                        .deadline_s = 0x0b0c0d0e,
                                        .lane = 15,
                                        .sequence = 0x10111213,
                                        .instance = 0x14151617,
                                        .generation = 0x18191a1b,
                                        .role = SKEYM_ROLE_DOCTOR,
                                        .scopes = scopes_of("user/Flag.s")};
    memset(claims.secret, 0xcd, sizeof claims.secret);
    assert_int_equal(skeym_name_node(&claims.id, skeym_span_text("dr")), SKEYM_OK);
    return claims;
}

/* secret 0, issued 32, lifetime 38, login 39, deadline 43, lane 47, sequence 48, flags 52,
 * instance 53, generation 57, role 61, id 62, scopes 65, padding 69 to 80 */
static const char token_bytes[] = "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
                                  "010203040506"
                                  "1e"
                                  "0708090a"
                                  "0b0c0d0e"
                                  "0f"
                                  "10111213"
                                  "00"
                                  "14151617"
                                  "18191a1b"
                                  "01"
                                  "026472"
                                  "01020710"
                                  "0000000000000000000000";
#define TOKEN_SIZE 80

static void same_token_claims(const struct skeym_token_claims *a,
                              const struct skeym_token_claims *b)
{
    assert_memory_equal(a->secret, b->secret, sizeof a->secret);
    assert_int_equal(a->issued_ms, b->issued_ms);
    assert_int_equal(a->login_s, b->login_s);
    assert_int_equal(a->deadline_s, b->deadline_s);
    assert_int_equal(a->sequence, b->sequence);
    assert_int_equal(a->instance, b->instance);
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->lifetime_s, b->lifetime_s);
    assert_int_equal(a->lane, b->lane);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->role, b->role);
    same_name(&a->id, &b->id);
    same_scopes(&a->scopes, &b->scopes);
}

static void token_layout(void **state)
{
    (void)state;
    struct skeym_token_claims claims = token_claims();
    struct skeym_token_claims back;
    uint8_t out[SKEYM_TOKEN_CLAIMS_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_token_claims_write(&writer, &claims);
    assert_hex(out, writer.size, token_bytes);
    assert_int_equal(skeym_token_claims_read(&back, skeym_written(&writer)), SKEYM_OK);
    same_token_claims(&back, &claims);
}

static void token_largest(void **state)
{
    (void)state;
    struct skeym_token_claims claims = token_claims();
    struct skeym_token_claims back;
    uint8_t out[SKEYM_TOKEN_CLAIMS_BYTES];
    claims.id.size = 32;
    memset(claims.id.text, 'a', 32);
    claims.scopes.count = 8;
    for (size_t i = 0; i < 8; i++) {
        claims.scopes.at[i] = (struct skeym_scope){1, 2, 31, 64, {0}};
        memset(claims.scopes.at[i].patient, 'p', 64);
    }
    struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
    skeym_token_claims_write(&writer, &claims);
    assert_int_equal(skeym_written(&writer).size, SKEYM_TOKEN_CLAIMS_BYTES);
    assert_int_equal(skeym_token_claims_read(&back, skeym_written(&writer)), SKEYM_OK);
    same_token_claims(&back, &claims);
}

static const struct change token_changes[] = {
    {38, 0, SKEYM_ERR_RANGE},     /* lifetime */
    {38, 60, SKEYM_ERR_RANGE},    /* lifetime */
    {47, 16, SKEYM_ERR_RANGE},    /* lane */
    {52, 1, SKEYM_ERR_RANGE},     /* flags */
    {52, 0x80, SKEYM_ERR_RANGE},  /* flags */
    {61, 0, SKEYM_ERR_RANGE},     /* role */
    {61, 6, SKEYM_ERR_RANGE},     /* role */
    {62, 0, SKEYM_ERR_RANGE},     /* id of no bytes */
    {63, '/', SKEYM_ERR_CHARSET}, /* id */
    {65, 9, SKEYM_ERR_SHAPE},     /* nine scopes */
    {66, 0, SKEYM_ERR_SHAPE},     /* context */
    {69, 1, SKEYM_ERR_SHAPE},     /* padding */
    {79, 1, SKEYM_ERR_SHAPE},     /* padding */
};

static void check_token(const uint8_t *bytes, size_t size, enum skeym_error error)
{
    struct skeym_token_claims claims;
    memset(&claims, 0xee, sizeof claims);
    assert_int_equal(skeym_token_claims_read(&claims, skeym_span(bytes, size)), error);
    assert_zero(&claims, sizeof claims);
}

static void token_refused(void **state)
{
    (void)state;
    uint8_t bytes[TOKEN_SIZE + 32] = {0};
    assert_int_equal(unhex(bytes, sizeof bytes, token_bytes), TOKEN_SIZE);
    for (size_t i = 0; i < sizeof token_changes / sizeof token_changes[0]; i++) {
        uint8_t before = bytes[token_changes[i].at];
        bytes[token_changes[i].at] = token_changes[i].value;
        check_token(bytes, TOKEN_SIZE, token_changes[i].error);
        bytes[token_changes[i].at] = before;
    }
    check_token(bytes, TOKEN_SIZE + 16, SKEYM_ERR_TRAILING);
    check_token(bytes, TOKEN_SIZE + 1, SKEYM_ERR_SHAPE);
    for (size_t size = 0; size < 65; size++) {
        check_token(bytes, size, SKEYM_ERR_TRUNCATED);
    }
    for (size_t size = 65; size < TOKEN_SIZE; size++) {
        check_token(bytes, size, SKEYM_ERR_SHAPE);
    }
    memset(bytes + 57, 0, 4); /* generation */
    check_token(bytes, TOKEN_SIZE, SKEYM_ERR_RANGE);
}

static void token_limits(void **state)
{
    (void)state;
    uint8_t bytes[TOKEN_SIZE];
    struct skeym_token_claims claims;
    unhex(bytes, sizeof bytes, token_bytes);
    static const uint8_t lifetimes[] = {1, 59};
    for (size_t i = 0; i < 2; i++) {
        bytes[38] = lifetimes[i];
        assert_int_equal(skeym_token_claims_read(&claims, skeym_span(bytes, TOKEN_SIZE)), SKEYM_OK);
        assert_int_equal(claims.lifetime_s, lifetimes[i]);
    }
}

static void token_unspelled_is_not_written(void **state)
{
    (void)state;
    struct skeym_token_claims broken[8];
    for (size_t i = 0; i < 8; i++) {
        broken[i] = token_claims();
    }
    broken[0].lifetime_s = 0;
    broken[1].lifetime_s = 60;
    broken[2].lane = 16;
    broken[3].flags = 1;
    broken[4].generation = 0;
    broken[5].role = 6;
    broken[6].id.size = 33;
    broken[7].issued_ms = UINT64_C(1) << 48;
    for (size_t i = 0; i < 8; i++) {
        uint8_t out[SKEYM_TOKEN_CLAIMS_BYTES];
        struct skeym_writer writer = skeym_writer((struct skeym_room){out, sizeof out});
        skeym_token_claims_write(&writer, &broken[i]);
        assert_int_equal(skeym_writer_end(&writer), SKEYM_ERR_SPACE);
    }
}

/* --- invitation claims ------------------------------------------------------------------- */

#define INVITE_HEX                                                                                 \
    "6b49d9d0"                                                                                     \
    "00000007"                                                                                     \
    "77359400"                                                                                     \
    "0208"                                                                                         \
    "7461626c65742d37"                                                                             \
    "01020012" /* user, any type, rs */

static struct skeym_invite_claims invite_claims(void)
{
    struct skeym_invite_claims claims = {.expires_s = 0x6b49d9d0};
    claims.node.generation = 7;
    claims.node.not_after = 2000000000;
    claims.node.role = SKEYM_ROLE_NURSE;
    claims.node.scopes.count = 1;
    assert_int_equal(skeym_name_node(&claims.node.id, skeym_span_text("tablet-7")), SKEYM_OK);
    assert_int_equal(skeym_scope_parse(&claims.node.scopes.at[0], skeym_span_text("user/*.rs")),
                     SKEYM_OK);
    return claims;
}

static void invite_layout(void **state)
{
    (void)state;
    uint8_t bytes[SKEYM_INVITE_CLAIMS_BYTES];
    struct skeym_invite_claims claims = invite_claims();
    struct skeym_invite_claims back;
    struct skeym_writer writer = skeym_writer((struct skeym_room){bytes, sizeof bytes});
    memset(claims.node.public_key, 0x55, 32); /* is nowhere */
    skeym_invite_claims_write(&writer, &claims);
    assert_int_equal(skeym_writer_end(&writer), SKEYM_OK);
    assert_hex(bytes, writer.size, INVITE_HEX "000000000000");
    memset(&back, 0xee, sizeof back);
    assert_int_equal(skeym_invite_claims_read(&back, skeym_written(&writer)), SKEYM_OK);
    claims = invite_claims();
    assert_int_equal(back.expires_s, claims.expires_s);
    same_node_claims(&back.node, &claims.node); /* its public key is zero */
}

static const struct {
    size_t at;
    const char *hex;
    enum skeym_error error;
} invite_bad[] = {
    {0, "00000000", SKEYM_ERR_RANGE},                              /* expires */
    {4, "00000000", SKEYM_ERR_RANGE},                              /* generation */
    {8, "00000000", SKEYM_ERR_RANGE},                              /* not-after */
    {12, "00", SKEYM_ERR_RANGE},                                   /* role */
    {12, "06", SKEYM_ERR_RANGE},      {13, "00", SKEYM_ERR_RANGE}, /* node id */
    {14, "2e", SKEYM_ERR_CHARSET},    {13, "ff", SKEYM_ERR_TRUNCATED},
    {22, "09", SKEYM_ERR_SHAPE},                                   /* scopes */
    {24, "0f", SKEYM_ERR_SHAPE},      {31, "01", SKEYM_ERR_SHAPE}, /* padding */
};

static void invite_refused(void **state)
{
    (void)state;
    struct skeym_invite_claims claims;
    for (size_t i = 0; i < sizeof invite_bad / sizeof invite_bad[0]; i++) {
        uint8_t bytes[32];
        assert_int_equal(unhex(bytes, sizeof bytes, INVITE_HEX "000000000000"), 32);
        (void)unhex(bytes + invite_bad[i].at, 32 - invite_bad[i].at, invite_bad[i].hex);
        memset(&claims, 0xee, sizeof claims);
        assert_int_equal(skeym_invite_claims_read(&claims, skeym_span(bytes, 32)),
                         invite_bad[i].error);
        assert_zero(&claims, sizeof claims);
    }
    uint8_t bytes[64] = {0};
    assert_int_equal(unhex(bytes, sizeof bytes, INVITE_HEX "000000000000"), 32);
    for (size_t size = 0; size < 32; size++) { /* the id ends at 22 */
        assert_int_equal(skeym_invite_claims_read(&claims, skeym_span(bytes, size)),
                         size < 22 ? SKEYM_ERR_TRUNCATED : SKEYM_ERR_SHAPE);
        assert_zero(&claims, sizeof claims);
    }
    assert_int_equal(skeym_invite_claims_read(&claims, skeym_span(bytes, 48)), SKEYM_ERR_TRAILING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles),
        cmocka_unit_test(texts),
        cmocka_unit_test(node_layout),
        cmocka_unit_test(node_padding),
        cmocka_unit_test(node_refused),
        cmocka_unit_test(node_needless_padding),
        cmocka_unit_test(node_unspelled_is_not_written),
        cmocka_unit_test(invite_layout),
        cmocka_unit_test(invite_refused),
        cmocka_unit_test(token_layout),
        cmocka_unit_test(token_largest),
        cmocka_unit_test(token_refused),
        cmocka_unit_test(token_limits),
        cmocka_unit_test(token_unspelled_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
