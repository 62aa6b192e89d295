/* SPDX-License-Identifier: Apache-2.0 */
/* Table 1: stateless against stateful, row by row, each side for real: our gate, and a twin that
 * keeps sessions in a table. Where the twin is better it is said. */
#include "baseline/stateful.h"
#include "crypto/crypto.h"
#include "inspect/crew.h"
#include "inspect/stand.h"
#include "stats/sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1 << 18, ROUNDS = 15, QUICK_USERS = 20000, FULL_USERS = 200000 };
#define NOW     UINT64_C(1800000000000)
#define HOUR_MS 3600000U

struct sides {
    const struct skeym_inspect_context *context;
    struct skeym_finding *finding;
    struct skeym_stand stand;
    struct skeym_stateful twin;
    struct skeym_token_claims claims;
    size_t users;
    uint8_t (*ids)[SKEYM_STATEFUL_ID_BYTES];
    struct skeym_stand_request request; /* the one at hand: wiped with the rest */
    /* What the verdict rests on, each tried: false until seen. */
    bool bound, apart, revoked, modified, moved;
};

static const char *winner(double twin, double ours)
{
    return twin < ours ? "stateful" : ours < twin ? "stateless" : "neither";
}

/* --- what each row measures ------------------------------------------------------------ */

enum { TRIES = 200 };

/* Row 1: what a thief of the token has, and what a thief of the server's store. */
static void stolen(struct sides *sides)
{
    uint64_t twin_wire = 0, ours_wire = 0, readable = 0, store = 0;
    struct skeym_stand_request *request = &sides->request;
    for (size_t i = 0; i < TRIES; i++) {
        /* on the wire: the id is all; of ours the token, but not its secret */
        twin_wire += skeym_stateful_ask(&sides->twin, sides->ids[i], NOW) != NULL;
        if (!skeym_finding_must(sides->finding, skeym_stand_request(&sides->stand, request))) {
            return;
        }
        struct skeym_span name = skeym_name_span(&request->claims.id);
        readable += memmem(request->token, request->token_size, name.data, name.size) != NULL;
        memset(request->keys.proof, 0x55, sizeof request->keys.proof);
        skeym_finding_must(sides->finding, skeym_stand_prove(request));
        ours_wire += skeym_stand_ask(&sides->stand, request) == SKEYM_CHECK_COUNT;
    }
    for (size_t i = 0; i < sides->twin.places; i++) { /* what a thief finds in the table */
        const struct skeym_stateful_session *session = &sides->twin.table[i];
        store +=
            session->expires_ms > 0 && skeym_stateful_ask(&sides->twin, session->id, NOW) != NULL;
    }
    sides->bound = twin_wire == TRIES && store == sides->users && ours_wire + readable == 0;
    skeym_finding_row(
        sides->finding,
        "1 session information could be stolen|yes : no|stolen ids used: %llu of %d; "
        "sessions usable from the stolen store: %llu of %zu; an id itself says nothing|stolen "
        "tokens used: %llu of %d, names readable in them: %llu; the store holds ids of spent "
        "tokens only. But who steals the audience's "
        "key forges any token of it until it rotates|%s",
        (unsigned long long)twin_wire, (int)TRIES, (unsigned long long)store, sides->users,
        (unsigned long long)ours_wire, (int)TRIES, (unsigned long long)readable,
        sides->bound
            ? "on the wire the paper has it the wrong way round: an unsealed stateless token "
              "shows what it carries, a session id shows nothing; sealed and bound to a "
              "secret, ours gives a thief neither"
            : "NOT AS EXPECTED: this must be looked into");
    skeym_finding_number(sides->finding, "stolen.twin", "stolen session ids that worked, of 200",
                         (double)twin_wire, "");
    skeym_finding_number(sides->finding, "stolen.ours", "stolen tokens that worked, of 200",
                         (double)ours_wire, "");
}

static double time_twin(const struct sides *sides, size_t count)
{
    size_t found = 0;
    double began = skeym_crew_cpu_seconds();
    for (size_t i = 0; i < count; i++) {
        found += skeym_stateful_ask(&sides->twin, sides->ids[i * 7919 % sides->users], NOW) != NULL;
    }
    double took = skeym_crew_cpu_seconds() - began;
    skeym_finding_must(sides->finding, found == count ? SKEYM_OK : SKEYM_ERR_STATE);
    return took / (double)count;
}

static double time_ours(struct sides *sides, struct skeym_stand_request *requests, size_t count)
{
    enum skeym_error error = SKEYM_OK;
    size_t taken = 0;
    for (size_t i = 0; error == SKEYM_OK && i < count; i++) {
        error = skeym_stand_request(&sides->stand, &requests[i]);
    }
    double began = skeym_crew_cpu_seconds();
    for (size_t i = 0; i < count; i++) {
        taken += skeym_stand_ask(&sides->stand, &requests[i]) == SKEYM_CHECK_COUNT;
    }
    double took = skeym_crew_cpu_seconds() - began;
    skeym_finding_must(sides->finding, error);
    skeym_finding_must(sides->finding, taken == count ? SKEYM_OK : SKEYM_ERR_STATE);
    return took / (double)count;
}

/* Row 2: memory a user, and time a request. */
static void resources(struct sides *sides)
{
    enum { BATCH = 500 };
    double twin[ROUNDS], ours[ROUNDS];
    struct skeym_stand_request *requests = calloc(BATCH, sizeof *requests);
    if (!requests) {
        skeym_finding_must(sides->finding, SKEYM_ERR_MEMORY);
        return;
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        twin[i] = 1e6 * time_twin(sides, 20000);
        ours[i] = 1e6 * time_ours(sides, requests, BATCH);
    }
    skeym_crypto_wipe(requests, BATCH * sizeof *requests);
    free(requests);
    struct skeym_sample_interval a = skeym_sample_median(twin, ROUNDS, 0.95);
    struct skeym_sample_interval b = skeym_sample_median(ours, ROUNDS, 0.95);
    double bytes = (double)skeym_stateful_bytes(&sides->twin) / (double)sides->users;
    double spent =
        (double)skeym_used_bytes(SLOTS) / (2.0 * (double)skeym_used_room(sides->stand.gate.used));
    const struct skeym_figure figures[] = {
        {"bytes.twin", "stateful: bytes of the table for each user logged in", bytes, "B", NAN, NAN,
         "high"},
        {"bytes.ours", "stateless: bytes for each user logged in", 0, "B", NAN, NAN, "low"},
        {"bytes.spent", "stateless: bytes for each request of the last two minutes", spent, "B",
         NAN, NAN, NULL},
        {"time.twin", "stateful: judging a request (median)", a.value, "us", a.low, a.high, NULL},
        {"time.ours", "stateless: judging a request, proof included (median)", b.value, "us", b.low,
         b.high, NULL},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        skeym_finding_figure(sides->finding, &figures[i]);
    }
    skeym_finding_row(
        sides->finding,
        "2 resource consuming|high : low|%.0f B a user; %.2f us a request|0 B a user, "
        "%.1f B a request of the last two minutes; %.2f us a request, with a proof over "
        "the whole of it|memory: %s; time: %s, though its twin checks no proof",
        bytes, a.value, spent, b.value, winner(bytes, 0), winner(a.value, b.value));
}

/* Row 3: what there is to get right. */
static void implementation(struct sides *sides)
{
    skeym_finding_row(
        sides->finding,
        "3 implementation|complex, needs a database : easy|2 checks (known, not "
        "expired); a table that all replicas share|%d checks in a fixed order, keys that "
        "rotate, clocks that may jump|the twin is easier on one machine; the database "
        "is what the second machine costs",
        SKEYM_CHECK_COUNT);
    skeym_finding_number(sides->finding, "checks", "stateless: checks of a request",
                         SKEYM_CHECK_COUNT, "");
}

/* Row 4: what a further replica needs before it can serve. */
static void scale(struct sides *sides)
{
    struct skeym_stateful copy;
    struct skeym_audience_keys keys;
    bool elsewhere;
    double began = skeym_crew_cpu_seconds();
    enum skeym_error error = skeym_stateful_open(&copy, sides->twin.places);
    if (error == SKEYM_OK) {
        memcpy(copy.table, sides->twin.table, skeym_stateful_bytes(&sides->twin));
    }
    double twin = skeym_crew_cpu_seconds() - began;
    skeym_stateful_close(&copy);
    began = skeym_crew_cpu_seconds();
    if (error == SKEYM_OK) {
        error =
            skeym_audience_keys_derive(&keys, &sides->stand.epoch_key, &sides->stand.keys.audience);
    }
    double ours = skeym_crew_cpu_seconds() - began;
    skeym_crypto_wipe(&keys, sizeof keys);
    /* a token of one replica at the other: it has another instance */
    if (error == SKEYM_OK) {
        error = skeym_stand_request(&sides->stand, &sides->request);
    }
    sides->stand.gate.instance = ~sides->stand.gate.instance;
    elsewhere = error == SKEYM_OK &&
                skeym_stand_ask(&sides->stand, &sides->request) == SKEYM_CHECK_INSTANCE;
    sides->moved = elsewhere;
    sides->stand.gate.instance = ~sides->stand.gate.instance;
    skeym_finding_must(sides->finding, error);
    skeym_finding_number(sides->finding, "replica.twin", "stateful: bytes that a new replica needs",
                         (double)skeym_stateful_bytes(&sides->twin), "B");
    skeym_finding_number(sides->finding, "replica.ours",
                         "stateless: bytes that a new replica needs",
                         sizeof(struct skeym_epoch_key), "B");
    skeym_finding_row(
        sides->finding,
        "4 scale|not that easy : no additional effort|%zu bytes to copy (%.1f ms here), "
        "and every change from then on|%zu bytes, once (%.3f ms); a chain that moves to "
        "another replica logs in once more (refused by instance: %s)|stateless; but a "
        "twin with a shared table moves users without a login",
        skeym_stateful_bytes(&sides->twin), 1e3 * twin, sizeof(struct skeym_epoch_key), 1e3 * ours,
        elsewhere ? "yes" : "NO");
}

/* Row 5: what one component that was taken over gives of the others. */
static void compromise(struct sides *sides)
{
    struct skeym_audience_keys other;
    struct skeym_stand_request *request = &sides->request;
    struct skeym_name name;
    uint64_t taken = 0, own = 0;
    enum skeym_error error = skeym_name_audience(&name, skeym_span_text("lab.example"));
    if (error == SKEYM_OK) {
        error = skeym_audience_keys_derive(&other, &sides->stand.epoch_key, &name);
    }
    for (size_t i = 0; error == SKEYM_OK && i < TRIES; i++) {
        error = skeym_stand_request(&sides->stand, request);
        if (error == SKEYM_OK) {
            error = skeym_stand_mint(request, &other); /* the thief mints with the stolen key */
        }
        taken += error == SKEYM_OK && skeym_stand_ask(&sides->stand, request) == SKEYM_CHECK_COUNT;
        if (error == SKEYM_OK) { /* the control: minted with the component's own, it is taken */
            error = skeym_stand_mint(request, &sides->stand.keys);
        }
        own += error == SKEYM_OK && skeym_stand_ask(&sides->stand, request) == SKEYM_CHECK_COUNT;
    }
    sides->apart = error == SKEYM_OK && taken == 0 && own == TRIES;
    skeym_crypto_wipe(&other, sizeof other);
    skeym_finding_must(sides->finding, error);
    skeym_finding_number(sides->finding, "compromise",
                         "tokens minted with another audience's key that were accepted, of 200",
                         (double)taken, "");
    skeym_finding_row(
        sides->finding,
        "5 possibility to compromise session data|only by the authentication system : "
        "all components are in danger|who has the table has all sessions of all "
        "components|tokens minted with one component's stolen key and accepted by "
        "another: %llu of %d; accepted by that component itself: %llu|%s",
        (unsigned long long)taken, (int)TRIES, (unsigned long long)own,
        sides->apart ? "stateless with a key for each audience; the paper speaks of one key for all"
                     : "NOT AS EXPECTED: this must be looked into");
}

/* Row 6: size of the token against what it carries. */
static void sizes(struct sides *sides)
{
    static const uint8_t counts[] = {1, 2, 4, 6, SKEYM_SCOPES_MAX};
    const struct skeym_chart chart = {
        .kind = SKEYM_CHART_LINES,
        .says = "A session id stays small; a token grows with what it carries",
        .x_label = "scopes that the user has",
        .y_label = "characters in each request",
    };
    const size_t id_chars = SKEYM_BASE64URL_CHARS(SKEYM_STATEFUL_ID_BYTES);
    size_t characters[sizeof counts] = {0};
    struct skeym_stand_request *request = &sides->request;
    for (size_t i = 0; i < sizeof counts; i++) {
        if (!skeym_finding_must(sides->finding, skeym_stand_request(&sides->stand, request))) {
            return;
        }
        request->claims.scopes.count = counts[i];
        for (size_t j = 0; j < request->claims.scopes.count; j++) {
            char word[64];
            snprintf(word, sizeof word, "patient/pat-%04zu/Observation.rs", j);
            skeym_finding_must(sides->finding, skeym_scope_parse(&request->claims.scopes.at[j],
                                                                 skeym_span_text(word)));
        }
        skeym_finding_must(sides->finding, skeym_stand_mint(request, &sides->stand.keys));
        characters[i] = request->head.authorization.size + SKEYM_PROOF_CHARS;
    }
    skeym_finding_chart(sides->finding, &chart);
    skeym_finding_series(sides->finding, "stateful: session id");
    for (size_t i = 0; i < sizeof counts; i++) {
        skeym_finding_point(sides->finding, counts[i], (double)id_chars, NAN, NAN);
    }
    skeym_finding_series(sides->finding, "stateless: token and proof");
    for (size_t i = 0; i < sizeof counts; i++) {
        skeym_finding_point(sides->finding, counts[i], (double)characters[i], NAN, NAN);
    }
    skeym_finding_row(
        sides->finding,
        "6 authentication token size|data does not affect its size : depends on the "
        "data|%zu characters|%zu characters with 1 scope, %zu with %u (token and proof)|"
        "stateful, as the paper says",
        id_chars, characters[0], characters[sizeof counts - 1], counts[sizeof counts - 1]);
}

/* Row 7: how long a revoked node goes on, and what that costs. */
static void revoke(struct sides *sides)
{
    struct skeym_stand_request *request = &sides->request;
    uint64_t after = 0;
    struct skeym_revoked_entry entry = {.generation = 1};
    const struct skeym_revoked none = {NULL, 0}, one = {&entry, 1};
    const struct skeym_revoked before = sides->stand.revoked;
    enum skeym_error error = skeym_stand_request(&sides->stand, request);
    entry.id = request->claims.id;
    sides->stand.revoked = none;
    bool served = error == SKEYM_OK && skeym_stand_ask(&sides->stand, request) == SKEYM_CHECK_COUNT;
    sides->stand.revoked = one;
    for (size_t i = 0; error == SKEYM_OK && i < 100; i++) {
        error = skeym_stand_request(&sides->stand, request);
        after += error == SKEYM_OK && skeym_stand_ask(&sides->stand, request) == SKEYM_CHECK_COUNT;
    }
    sides->stand.revoked = before;
    double began = skeym_crew_cpu_seconds();
    size_t ended = skeym_stateful_revoke(&sides->twin, &sides->claims.id);
    double scan = skeym_crew_cpu_seconds() - began;
    sides->revoked = error == SKEYM_OK && served && after == 0 && ended > 0;
    skeym_finding_must(sides->finding, error);
    skeym_finding_must(sides->finding, served ? SKEYM_OK : SKEYM_ERR_STATE);
    skeym_finding_number(sides->finding, "revoke.after",
                         "stateless: requests served after a revocation, of 100", (double)after,
                         "");
    skeym_finding_number(sides->finding, "revoke.bytes", "stateless: bytes of state a revocation",
                         sizeof entry, "B");
    skeym_finding_row(
        sides->finding,
        "7 possibility to revoke session|possible : impossible|sessions ended: %zu, by "
        "a scan of %.1f ms; no state is left|served after the revocation: %llu of 100; %zu "
        "bytes until the generation is over|%s",
        ended, 1e3 * scan, (unsigned long long)after, sizeof entry,
        sides->revoked ? "possible in both; \"impossible\" also contradicts the paper's own text, "
                         "which speaks of key revocation"
                       : "NOT AS EXPECTED: this must be looked into");
}

/* Row 8: a right that is taken away while the user is logged in. */
static void modify(struct sides *sides)
{
    struct skeym_stateful_session *session =
        skeym_stateful_ask(&sides->twin, sides->ids[sides->users - 1], NOW);
    bool twin = false;
    if (session) {
        session->role = SKEYM_ROLE_AUDITOR;
        const struct skeym_stateful_session *again =
            skeym_stateful_ask(&sides->twin, sides->ids[sides->users - 1], NOW);
        twin = again && again->role == SKEYM_ROLE_AUDITOR;
    }
    sides->modified = twin;
    skeym_finding_row(
        sides->finding,
        "8 possibility to modify session data|possible : impossible|seen at the next "
        "request: %s|a chain keeps its rights until its login is over or it is revoked; "
        "a change is a revocation and a new enrolment|stateful, as the paper says",
        twin ? "yes" : "no");
}

/* Row 9: one login for several components. */
static void sign_on(struct sides *sides)
{
    skeym_finding_row(
        sides->finding,
        "9 SSO implementation|feasible without changing the source : each component has "
        "to be changed|each component asks the shared table|each component has its own "
        "key (%zu bytes) and this gate in front; one credential logs in to each|neither: "
        "both need something in front of each component, and nothing inside of it",
        sizeof sides->stand.keys.current.key);
}

/* --- all of them ------------------------------------------------------------------------- */

static bool begin(struct sides *sides)
{
    bool full = sides->context->size == SKEYM_INSPECT_FULL;
    sides->users = full ? FULL_USERS : QUICK_USERS;
    sides->ids = calloc(sides->users, sizeof *sides->ids);
    enum skeym_error error = skeym_stand_open(&sides->stand, SLOTS, NOW);
    if (error == SKEYM_OK) {
        error = sides->ids ? skeym_stateful_open(&sides->twin, 64) : SKEYM_ERR_MEMORY;
    }
    sides->claims.role = SKEYM_ROLE_DOCTOR;
    sides->claims.scopes.count = 1;
    if (error == SKEYM_OK) {
        error =
            skeym_scope_parse(&sides->claims.scopes.at[0], skeym_span_text("user/Observation.rs"));
    }
    for (size_t i = 0; error == SKEYM_OK && i < sides->users; i++) {
        char name[32];
        snprintf(name, sizeof name, "user-%zu", i);
        error = skeym_name_node(&sides->claims.id, skeym_span_text(name));
        if (error == SKEYM_OK) {
            error =
                skeym_stateful_login(&sides->twin, sides->ids[i], &sides->claims, NOW + HOUR_MS);
        }
    }
    if (error == SKEYM_OK) {
        error = skeym_name_node(&sides->claims.id, skeym_span_text("user-77"));
    }
    return skeym_finding_must(sides->finding, error);
}

static void run(const struct skeym_inspect_context *context, struct skeym_finding *finding)
{
    static void (*const rows[])(struct sides *) = {
        stolen, resources, implementation, scale, compromise, sizes, revoke, modify, sign_on};
    const size_t count = sizeof rows / sizeof rows[0];
    struct sides sides = {.context = context, .finding = finding};
    skeym_finding_claim(finding, "Table 1", "Nine rows; each with a winner, none with a figure.");
    skeym_finding_did(
        finding, "We built the stateful twin that the table speaks of: random session ids of 32 "
                 "bytes in a table, shown with each request. Its users and ours went through "
                 "their verifiers in one process, and each row was measured or tried.");
    skeym_finding_table(finding, "The nine rows",
                        "row|the paper (stateful : stateless)|stateful twin|SkeyM|who is better");
    bool ready = begin(&sides);
    for (size_t i = 0; ready && i < count; i++) {
        context->progress(context->arg, "rows", (double)i / (double)count);
        rows[i](&sides);
    }
    skeym_stand_close(&sides.stand);
    skeym_stateful_close(&sides.twin);
    if (sides.ids) {
        skeym_crypto_wipe(sides.ids, sides.users * sizeof *sides.ids);
    }
    free(sides.ids);
    skeym_crypto_wipe(&sides.request, sizeof sides.request);
    skeym_finding_note(finding, "The twin is the simplest that works. It checks no proof and binds "
                                "its id to nothing; one that did would be slower and larger.");
    skeym_finding_note(finding, "Rows 3 and 9 compare what must be written and changed: nothing "
                                "in them was measured but counts.");
    if (sides.bound && sides.apart && sides.revoked && sides.modified && sides.moved) {
        skeym_finding_verdict(
            finding, SKEYM_VERDICT_MIXED,
            "stateless needs no memory for a user and %zu bytes for a replica, and revokes at "
            "once; stateful has the smaller token and changes rights at once; rows 1 and 7 are "
            "wrong in the paper",
            sizeof(struct skeym_epoch_key));
    } else {
        skeym_finding_verdict(finding, SKEYM_VERDICT_NOT_CONFIRMED,
                              "not every row came out as the protocol says: this must be looked "
                              "into");
    }
}

const struct skeym_inspection skeym_inspection_states = {
    .name = "states",
    .title = "Stateless against stateful",
    .question = "What does a server without sessions gain and lose, row by row?",
    .paper = "Table 1",
    .run = run,
};
