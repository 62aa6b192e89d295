/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flaws of others as tests, in process: forgery, confusion, comparison (docs/assurance/flaws.md).
 * Each test has the name of its row there.
 */
#include "core/xaes.h"
#include "crypto/crypto.h"
#include "gate_fixture.h"
#include <signal.h>
#include <skeym/keys.h>
#include <skeym/login.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLAW(name, function)                                                                       \
    {                                                                                              \
        "flaw: " name, function, NULL, NULL, NULL                                                  \
    }

/* --- algorithms and kinds of keys ----------------------------------------------- */

/* Tokens of other systems: no header of theirs is ever read, so none can choose an algorithm. */
static void other_systems(struct fixture *f)
{
    static const struct {
        const char *authorization;
        enum skeym_check check;
    } others[] = {
        /* {"alg":"none"}, {"alg":"HS256"}, {"alg":"dir","enc":"none"}: '{' is another version */
        {"SkeyM eyJhbGciOiJub25lIn0.e30.", SKEYM_CHECK_VERSION},
        {"SkeyM eyJhbGciOiJIUzI1NiJ9.e30.AAAA", SKEYM_CHECK_VERSION},
        {"SkeyM eyJhbGciOiJkaXIiLCJlbmMiOiJub25lIn0..AAAA.AAAA.AAAA", SKEYM_CHECK_VERSION},
        {"Bearer eyJhbGciOiJub25lIn0.e30.", SKEYM_CHECK_SHAPE},
        {"Basic YWRtaW46YWRtaW4", SKEYM_CHECK_SHAPE},
        {"SkeyM none", SKEYM_CHECK_VERSION},
        {"SkeyM AQ", SKEYM_CHECK_SHAPE},
        {"SkeyM AAAA", SKEYM_CHECK_VERSION}, /* version 0 */
        {"SkeyM AgAA", SKEYM_CHECK_VERSION}, /* version 2 */
        {"SkeyM _wAA", SKEYM_CHECK_VERSION}, /* version 255 */
    };
    struct skeym_span before = f->head.authorization;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct skeym_admission admission;
        f->head.authorization = skeym_span_text(others[i].authorization);
        assert_int_not_equal(skeym_admit(&admission, &f->gate, &f->head, f->body, NOW), SKEYM_OK);
        assert_string_equal(skeym_check_word(admission.check), skeym_check_word(others[i].check));
    }
    f->head.authorization = before;
}

/* A locator is sealed by the same algorithm, and here with the very key of the audience, under an
 * enrol key whose id is the epoch: it is no token all the same. */
static void a_locator_is_no_token(struct fixture *f)
{
    struct skeym_enrol_keys enrol = {.id = EPOCH};
    struct skeym_node_claims node = {
        .generation = 7, .not_after = UINT32_MAX, .role = SKEYM_ROLE_DOCTOR, .id = f->claims.id};
    struct skeym_node_claims opened;
    memcpy(enrol.seal, f->keys.current.key, sizeof enrol.seal);
    assert_int_equal(skeym_locator_seal((struct skeym_room){f->token, sizeof f->token},
                                        &f->token_size, &enrol, &node, f->nonce),
                     SKEYM_OK);
    assert_int_equal(skeym_locator_open(&opened, &enrol, skeym_span(f->token, f->token_size)),
                     SKEYM_OK);
    authorize(f);
    assert_head_refused(f, NOW, SKEYM_ERR_SEAL, SKEYM_CHECK_UNSEAL, false);
    mint(f);
    assert_int_not_equal(skeym_locator_open(&opened, &enrol, skeym_span(f->token, f->token_size)),
                         SKEYM_OK);
}

/* A JWE that is right but for its header: with the right key, so nothing but the header's check
 * refuses it. */
static enum skeym_error open_with_header(const char *header, size_t tag_size)
{
    uint8_t text[512];
    uint8_t sealed[5 + SKEYM_TAG_BYTES];
    uint8_t plain[128];
    static const uint8_t key[32] = {7};
    static const uint8_t iv[SKEYM_IV_BYTES] = {9};
    struct skeym_jwe info;
    struct skeym_writer writer = skeym_writer((struct skeym_room){text, sizeof text});
    skeym_base64url_write(&writer, skeym_span_text(header));
    assert_int_equal(skeym_crypto_seal((struct skeym_room){sealed, sizeof sealed}, key, iv,
                                       skeym_written(&writer), skeym_span_text("hello")),
                     SKEYM_OK);
    skeym_write_text(&writer, "..");
    skeym_base64url_write(&writer, skeym_span(iv, sizeof iv));
    skeym_write_text(&writer, ".");
    skeym_base64url_write(&writer, skeym_span(sealed, 5));
    skeym_write_text(&writer, ".");
    skeym_base64url_write(&writer, skeym_span(sealed + 5, tag_size));
    assert_false(writer.bad);
    return skeym_jwe_open((struct skeym_room){plain, sizeof plain}, &info, key, false,
                          skeym_written(&writer));
}

static void algorithm_confusion(void **state)
{
    (void)state;
    struct fixture f;
    static const char *const headers[] = {
        "{}",
        "{\"alg\":\"none\"}",
        "{\"alg\":\"none\",\"enc\":\"A256GCM\",\"cty\":\"a\"}",
        "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"cty\":\"a\"}",
        "{\"alg\":\"dir\",\"enc\":\"none\",\"cty\":\"a\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\",\"cty\":\"a\"}",
        "{\"alg\":\"DIR\",\"enc\":\"A256GCM\",\"cty\":\"a\"}",
        "{\"alg\":\"A256KW\",\"enc\":\"A256GCM\",\"cty\":\"a\"}",
        "{\"alg\":\"PBES2-HS256+A128KW\",\"p2c\":2147483647,\"enc\":\"A256GCM\",\"cty\":\"a\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\",\"zip\":\"DEF\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"zip\":\"DEF\",\"cty\":\"a\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\",\"kid\":\"../../keyring\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\",\"status\":200}",
        "{\"enc\":\"A256GCM\",\"alg\":\"dir\",\"cty\":\"a\"}",
        "{\"alg\":\"none\",\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\"}",
        "{\"alg\": \"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\"}\n",
    };
    set_up(&f);
    other_systems(&f);
    a_locator_is_no_token(&f);
    assert_int_equal(open_with_header("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\"}", 16),
                     SKEYM_OK);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        assert_int_equal(open_with_header(headers[i], 16), SKEYM_ERR_SHAPE);
    }
    tear_down(&f);
}

/* --- keys that are no keys -------------------------------------------------------- */

static void empty_key(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    const struct skeym_audience_keys keys = f.keys;
    for (uint32_t back = 0; back < 2; back++) {
        for (unsigned byte = 0; byte < 256; byte += 255) { /* all zeros, all ones */
            f.keys.epoch = EPOCH - back;
            set_key(&f.keys.current, (uint8_t)byte);
            mint(&f);
            prove(&f);
            f.keys = keys;
            assert_head_refused(&f, NOW, SKEYM_ERR_SEAL, SKEYM_CHECK_UNSEAL, false);
        }
    }
    mint(&f);
    const struct skeym_exchange_keys exchange = f.exchange;
    memset(f.exchange.proof, 0, sizeof f.exchange.proof); /* as HMAC sees it, also the empty key */
    prove(&f);
    f.exchange = exchange;
    assert_body_refused(&f, NOW, SKEYM_ERR_PROOF, SKEYM_CHECK_PROOF);
    prove(&f);
    assert_admitted_at(&f, NOW);
    /* a peer's public key that makes every shared secret zero */
    uint8_t shared[32];
    static const uint8_t private_key[32] = {1, 2, 3};
    static const uint8_t low_order[][32] = {{0}, {1}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_not_equal(skeym_crypto_x25519(shared, private_key, low_order[i]), SKEYM_OK);
    }
    tear_down(&f);
}

/* --- tags --------------------------------------------------------------------------- */

static void truncated_tag(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    for (size_t size = 0; size < SKEYM_PROOF_CHARS; size++) {
        f.head.proof.size = size;
        assert_head_refused(&f, NOW, SKEYM_ERR_SHAPE, SKEYM_CHECK_SHAPE, false);
        const struct skeym_exchange_request request = {f.head.method, f.head.target,
                                                       f.head.content_type, f.body};
        assert_int_equal(skeym_exchange_check(f.head.proof, f.exchange.proof, &request),
                         SKEYM_ERR_SHAPE);
    }
    f.head.proof.size = SKEYM_PROOF_CHARS;
    const size_t whole = f.token_size;
    for (size_t cut = 1; cut <= whole; cut++) {
        struct skeym_admission admission;
        f.token_size = whole - cut;
        authorize(&f);
        assert_int_not_equal(skeym_admit_head(&admission, &f.gate, &f.head, NOW), SKEYM_OK);
        /* a whole block less has a size that tokens have; all else is not even tried */
        bool block = cut % 16 == 0 && f.token_size >= SKEYM_TOKEN_HEAD + 32;
        assert_int_equal(admission.check, block ? SKEYM_CHECK_UNSEAL : SKEYM_CHECK_SHAPE);
    }
    f.token_size = whole;
    authorize(&f);
    for (size_t size = 0; size < SKEYM_TAG_BYTES; size++) {
        assert_int_equal(
            open_with_header("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"a\"}", size),
            SKEYM_ERR_SHAPE);
    }
    assert_admitted_at(&f, NOW);
    tear_down(&f);
}

/* --- comparison ----------------------------------------------------------------------- */

typedef bool compare(const uint8_t *a, const uint8_t *b, size_t size);

/* What is measured: one comparison of a proof, by ours or by one that leaks. */
struct measured {
    compare *compare; /* NULL: skeym_exchange_check */
    const struct fixture *f;
    uint8_t right[SKEYM_PROOF_BYTES];
    uint8_t given[SKEYM_PROOF_BYTES];
};

static bool leaks(const uint8_t *a, const uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

static bool run(const struct measured *m)
{
    char text[SKEYM_PROOF_CHARS];
    const struct skeym_exchange_request request = {m->f->head.method, m->f->head.target,
                                                   m->f->head.content_type, m->f->body};
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)text, sizeof text});
    if (m->compare) {
        return m->compare(m->right, m->given, sizeof m->right);
    }
    skeym_base64url_write(&writer, skeym_span(m->given, sizeof m->given));
    return skeym_exchange_check(skeym_span(text, sizeof text), m->f->exchange.proof, &request) ==
           SKEYM_OK;
}

/* How many instructions it takes: counted one by one in a child, so it is no measurement of time
 * and the same each time. 0: this machine does not let us. */
static unsigned long instructions(const struct measured *m)
{
    unsigned long count = 0;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            _exit(2);
        }
        (void)raise(SIGSTOP);
        bool equal = run(m);
        (void)raise(SIGUSR1);
        _exit(equal);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSTOPPED(status)) {
        return 0;
    }
    int number = 0;
    do {
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 ||
            waitpid(child, &status, 0) != child) {
            break;
        }
        count++;
        number = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
    } while (number == SIGTRAP);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
    return number == SIGUSR1 ? count : 0;
}

/* The number of different counts over proofs that are wrong in one byte only. */
static unsigned different_counts(struct measured *m, unsigned long *first)
{
    static const size_t places[] = {0, 1, 7, 8, 15, 16, 30, 31};
    unsigned different = 0;
    memcpy(m->given, m->right, sizeof m->given);
    (void)run(m); /* what is done once in a process is done */
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        memcpy(m->given, m->right, sizeof m->given);
        m->given[places[i]] ^= 0x40;
        unsigned long count = instructions(m);
        *first = i == 0 ? count : *first;
        different += count != *first;
    }
    return different;
}

static void timing_compare(void **state)
{
    (void)state;
    struct fixture f;
    unsigned long ours = 0;
    unsigned long leaky = 0;
    set_up(&f);
    struct measured m = {.f = &f};
    const struct skeym_exchange_request request = {f.head.method, f.head.target,
                                                   f.head.content_type, f.body};
    assert_int_equal(skeym_exchange_proof(m.right, f.exchange.proof, &request), SKEYM_OK);
    m.compare = leaks;
    unsigned told_apart = different_counts(&m, &leaky);
    m.compare = NULL;
    unsigned different = different_counts(&m, &ours);
    tear_down(&f);
    if (ours == 0 || leaky == 0) {
        print_message("skipped: no tracing of own children here\n");
        skip();
    }
    assert_true(told_apart >= 4); /* the control: a comparison that stops early is found out */
    assert_int_equal(different, 0);
}

/* --- audience ---------------------------------------------------------------------------- */

/* Two data servers of one authority and one epoch key. */
static void missing_audience(void **state)
{
    (void)state;
    struct fixture f;
    struct skeym_name other;
    set_up(&f);
    assert_int_equal(skeym_name_audience(&other, skeym_span_text("lab.example")), SKEYM_OK);
    struct skeym_epoch_key root = {.epoch = EPOCH - 1, .key = {5}};
    struct skeym_audience_keys lab;
    assert_int_equal(skeym_audience_keys_derive(&lab, &root, &other), SKEYM_OK);
    assert_int_equal(skeym_audience_keys_derive(&f.keys, &root, &f.keys.audience), SKEYM_OK);
    mint(&f);
    assert_memory_not_equal(lab.current.key, f.keys.current.key, 32);
    assert_memory_not_equal(lab.previous.key, f.keys.previous.key, 32);
    const struct skeym_audience_keys ward = f.keys;
    f.keys = lab;
    assert_head_refused(&f, NOW, SKEYM_ERR_SEAL, SKEYM_CHECK_UNSEAL, false);
    f.keys = ward; /* even with the same key: the name is under the seal */
    f.keys.audience = other;
    assert_head_refused(&f, NOW, SKEYM_ERR_SEAL, SKEYM_CHECK_UNSEAL, false);
    static const char *const names[] = {"ward.exampl", "ward.example.", "ward.examplf", "w"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(skeym_name_audience(&f.keys.audience, skeym_span_text(names[i])),
                         SKEYM_OK);
        assert_head_refused(&f, NOW, SKEYM_ERR_SEAL, SKEYM_CHECK_UNSEAL, false);
    }
    f.keys = ward;
    assert_admitted_at(&f, NOW);
    tear_down(&f);
}

/* --- numbers --------------------------------------------------------------------------------- */

static void huge_integers(void **state)
{
    (void)state;
    struct fixture f;
    static const uint32_t epochs[] = {0,         1,          EPOCH - 2,  EPOCH + 1,
                                      INT32_MAX, 0x80000000, UINT32_MAX, UINT32_MAX - EPOCH};
    set_up(&f);
    for (size_t i = 0; i < sizeof epochs / sizeof epochs[0]; i++) {
        for (unsigned byte = 0; byte < 4; byte++) {
            f.token[1 + byte] = (uint8_t)(epochs[i] >> (24 - 8 * byte));
        }
        authorize(&f);
        assert_head_refused(&f, NOW, SKEYM_ERR_EPOCH, SKEYM_CHECK_EPOCH, false);
    }
    f.keys.epoch = 0; /* the epoch before the first is none, not 2^32 - 1 */
    memset(f.token + 1, 0xff, 4);
    authorize(&f);
    assert_head_refused(&f, NOW, SKEYM_ERR_EPOCH, SKEYM_CHECK_EPOCH, false);
    f.keys.epoch = EPOCH;
    static const uint64_t times[] = {NOW + 1, UINT64_C(1) << 47, (UINT64_C(1) << 48) - 1,
                                     (UINT64_C(1) << 48) - 30000};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        f.claims.issued_ms = times[i];
        f.claims.deadline_s = UINT32_MAX;
        mint(&f);
        prove(&f);
        assert_head_refused(&f, NOW, SKEYM_ERR_TIME, SKEYM_CHECK_TIME, false);
    }
    set_claims(&f.claims);
    mint(&f);
    static const size_t bodies[] = {1001, INT32_MAX, UINT32_MAX, SIZE_MAX / 2, SIZE_MAX};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        f.head.body_size = bodies[i];
        assert_head_refused(&f, NOW, SKEYM_ERR_SIZE, SKEYM_CHECK_SIZE, false);
    }
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLAW("algorithm or key-type confusion, in process", algorithm_confusion),
        FLAW("empty key, in process", empty_key),
        FLAW("truncated tag, in process", truncated_tag),
        FLAW("timing compare", timing_compare),
        FLAW("missing audience check", missing_audience),
        FLAW("huge integers in numeric fields, in process", huge_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
