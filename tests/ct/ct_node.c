/* SPDX-License-Identifier: Apache-2.0 */
/* The node: its credential file, its chain file, and a session with a server in memory. */
#include "ct_world.h"
#include "node/chain.h"
#include "node/credential_file.h"
#include "node/credential_text.h"
#include "node/session_wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- files ---------------------------------------------------------------------- */

static char folder[] = "/tmp/skeym-ct-XXXXXX";

static const char *path_of(char out[64], const char *name)
{
    (void)snprintf(out, 64, "%s/%s", folder, name);
    return out;
}

static void make_folder(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ct_right(mkdtemp(folder) != NULL, "a folder");
}

static void remove_folder(void)
{
    static const char *const names[] = {"node", "key", "chain"};
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(path_of(path, names[i]));
    }
    ct_right(rmdir(folder) == 0, "no other file is left");
}

static struct skeym_credential_file file_of(const struct ct_world *world)
{
    struct skeym_credential_file file;
    memset(&file, 0, sizeof file);
    file.node = world->claims.id;
    memcpy(file.server, "http://127.0.0.1:1", sizeof "http://127.0.0.1:1");
    memcpy(file.public_key, world->claims.public_key, 32);
    file.keys = world->node;
    return file;
}

/* Save and load: unlocked, under a passphrase, under another one, the key in a file of its own. */
static void credential(void)
{
    struct ct_world world;
    struct skeym_credential_file back;
    char path[64], key_path[64], word[] = "a secret passphrase", other[] = "a secret passphrasf";
    bool locked = false;
    ct_poison(word, sizeof word - 1);
    ct_poison(other, sizeof other - 1);
    struct skeym_span passphrase = skeym_span(word, sizeof word - 1);
    ct_world_make(&world, false);
    make_folder();
    struct skeym_credential_file file = file_of(&world);
    (void)path_of(path, "node");
    (void)path_of(key_path, "key");
    ct_okay(skeym_credential_save(&file, path, true), "save");
    ct_okay(skeym_credential_load(&back, path, NULL, (struct skeym_span){0}), "load");
    ct_secret(back.keys.private_key, 32, "the private key");
    ct_secret(back.keys.credential, 32, "C_i");
    file.log_n = SKEYM_CREDENTIAL_TEXT_LOG_N_MIN;
    ct_okay(skeym_credential_lock(&file, passphrase), "lock");
    ct_okay(skeym_credential_save(&file, path, false), "save locked");
    ct_okay(skeym_credential_locked(&locked, path), "is it locked");
    ct_right(locked, "locked");
    ct_okay(skeym_credential_load(&back, path, NULL, passphrase), "load locked");
    ct_secret(back.keys.private_key, 32, "the private key");
    ct_right(skeym_credential_load(&back, path, NULL, skeym_span(other, sizeof other - 1)) ==
                 SKEYM_ERR_PASSPHRASE,
             "another passphrase");
    ct_okay(skeym_credential_key_save(key_path, world.node.private_key, passphrase), "save a key");
    ct_okay(skeym_credential_key_load(back.keys.private_key, key_path, passphrase), "load a key");
    ct_secret(back.keys.private_key, 32, "the private key");
    file.key_apart = true;
    ct_okay(skeym_credential_save(&file, path, false), "save without the key");
    ct_okay(skeym_credential_load(&back, path, key_path, passphrase), "load both");
    ct_secret(back.keys.private_key, 32, "the private key");
    skeym_credential_wipe(&back);
    remove_folder();
}

/* --- a session ------------------------------------------------------------------- */

struct server {
    struct ct_world world;
    struct skeym_gate gate;
    uint8_t count;
};

static uint64_t wall_ms(void *arg)
{
    (void)arg;
    return CT_NOW_MS;
}

static uint64_t steady_ms(void *arg)
{
    (void)arg;
    return 5000;
}

static enum skeym_error answer_login(struct server *server, struct skeym_span body,
                                     struct skeym_wire_answer *answer)
{
    struct skeym_login_report report;
    struct skeym_login_random fresh = ct_fresh();
    fresh.token_nonce[0][0] = ++server->count; /* what the used-before table knows it by */
    answer->body = malloc(SKEYM_LOGIN_ANSWER_BYTES);
    struct skeym_room room = {answer->body, SKEYM_LOGIN_ANSWER_BYTES};
    enum skeym_error error = skeym_enrolment_login(room, &answer->body_size, &report,
                                                   &server->world.policy, body, CT_NOW_MS, &fresh);
    ct_okay(error, "the authority");
    ct_publish(answer->body, answer->body_size);
    ct_credential_at = report.renewed ? 1 + 6 + 1 + 4 + 2 + server->world.node.locator_size + 1 : 0;
    memcpy(answer->content_type, SKEYM_LOGIN_TYPE, sizeof SKEYM_LOGIN_TYPE);
    answer->status = 200;
    return error;
}

/* Admits, opens, seals an answer, and gives the next token. */
static enum skeym_error answer_exchange(struct server *server,
                                        const struct skeym_wire_request *request,
                                        struct skeym_wire_answer *answer)
{
    struct skeym_admission admission;
    struct skeym_jwe info;
    static uint8_t plain[4000];
    const uint8_t nonce[SKEYM_NONCE_BYTES] = {200, ++server->count};
    size_t size = 0;
    struct skeym_head head = {.method = skeym_span_text(request->method),
                              .target = skeym_span_text(request->target),
                              .content_type = skeym_span_text(request->content_type),
                              .authorization = skeym_span_text(request->authorization),
                              .proof = skeym_span_text(request->proof),
                              .body_size = request->body.size};
    ct_okay(skeym_admit(&admission, &server->gate, &head, request->body, CT_NOW_MS), "admit");
    if (request->body.size > 0) {
        ct_okay(skeym_jwe_open((struct skeym_room){plain, sizeof plain}, &info,
                               admission.keys.request, false, request->body),
                "the request opens");
        ct_secret(plain, info.size, "the request");
    }
    struct skeym_room next = {(uint8_t *)answer->next, SKEYM_TOKEN_CHARS};
    ct_okay(skeym_admit_next(next, &size, &admission, &server->gate, 30, nonce, CT_NOW_MS), "next");
    memset(plain, 'd', 300);
    ct_poison(plain, 300);
    answer->body = malloc(2000);
    ct_okay(skeym_jwe_seal((struct skeym_room){answer->body, 2000}, &answer->body_size,
                           admission.keys.answer, nonce, 200,
                           skeym_span_text("application/fhir+json"), skeym_span(plain, 300)),
            "the answer is sealed");
    ct_publish(answer->body, answer->body_size);
    ct_publish(answer->next, sizeof answer->next);
    memcpy(answer->content_type, SKEYM_JOSE_TYPE, sizeof SKEYM_JOSE_TYPE);
    answer->status = 200;
    skeym_admission_wipe(&admission);
    return SKEYM_OK;
}

/* The network: what passes is public. */
static enum skeym_error transport(void *arg, const struct skeym_wire_request *request,
                                  struct skeym_wire_answer *answer)
{
    struct server *server = arg;
    ct_publish(request->body.data, request->body.size);
    if (!request->proof) {
        return answer_login(server, request->body, answer);
    }
    ct_publish(request->proof, SKEYM_PROOF_CHARS + 1);
    ct_publish(request->authorization, strlen(request->authorization));
    return answer_exchange(server, request, answer);
}

static void make_server(struct server *out, bool old_enrol)
{
    ct_world_make(&out->world, old_enrol);
    void *memory = aligned_alloc(64, skeym_used_bytes(64));
    ct_right(memory != NULL, "memory");
    memset(memory, 0, skeym_used_bytes(64));
    out->count = 0;
    out->gate = (struct skeym_gate){.keys = &out->world.keys.audience,
                                    .revoked = &out->world.revoked,
                                    .used = skeym_used_init(memory, 64),
                                    .instance = CT_INSTANCE,
                                    .body_max = 4000};
    skeym_used_tick(out->gate.used, CT_NOW_MS);
}

static struct skeym_session *session_of(struct server *server, struct skeym_credential_file *file,
                                        const char *path, bool open_form)
{
    struct skeym_session *session = NULL;
    const struct skeym_session_options options = {.credential = file,
                                                  .credential_path = path,
                                                  .transport = transport,
                                                  .transport_arg = server,
                                                  .lanes = 2,
                                                  .open_form = open_form,
                                                  .time = {wall_ms, steady_ms, NULL, NULL}};
    ct_okay(skeym_session_new(&session, &options), "a session");
    return session;
}

static void ask(struct skeym_session *session)
{
    uint8_t data[300];
    struct skeym_session_answer answer;
    memset(data, 'd', sizeof data);
    ct_poison(data, sizeof data);
    const struct skeym_closed request = {.method = skeym_span_text("POST"),
                                         .target = skeym_span_text("/fhir/Observation"),
                                         .content_type = skeym_span_text("application/fhir+json"),
                                         .body = skeym_span(data, sizeof data)};
    ct_okay(skeym_session_request(session, &request, &answer, NULL), "a request");
    ct_right(answer.status == 200 && answer.body_size == 300, "its answer");
    ct_secret(answer.body, answer.body_size, "the answer");
    skeym_session_answer_free(&answer);
}

static void session_in(bool open_form, bool old_enrol)
{
    struct server server;
    char path[64];
    make_server(&server, old_enrol);
    make_folder();
    struct skeym_credential_file file = file_of(&server.world);
    struct skeym_session *session = session_of(&server, &file, path_of(path, "node"), open_form);
    ct_okay(skeym_session_login(session), "login");
    ct_secret(file.keys.credential, 32, "C_i");
    ct_credential_at = 0;
    ask(session);
    ask(session);
    ask(session); /* by now a next token of a next token */
    ct_right(skeym_session_figures(session).logins == 1, "one login");
    skeym_session_free(session);
    free(server.gate.used);
    remove_folder();
}

static void session_closed(void)
{
    session_in(false, false);
}

static void session_open(void)
{
    session_in(true, false);
}

static void session_renewed(void)
{
    session_in(false, true);
}

/* An answer that was changed on its way does not open. */
static void session_wire(void)
{
    struct skeym_session_lane lane = {.token = "dG9rZW4"};
    struct skeym_session_wire wire;
    struct skeym_session_answer answer;
    const uint8_t iv[SKEYM_SESSION_WIRE_IV] = {1};
    const struct skeym_closed request = {.method = skeym_span_text("GET"),
                                         .target = skeym_span_text("/fhir/Observation")};
    uint8_t text[400];
    struct skeym_wire_answer raw = {.status = 200, .body = text};
    ct_key(lane.secret, 60);
    ct_okay(skeym_session_wire_seal(&wire, &request, &lane, false, iv), "seal");
    ct_secret(wire.proof, SKEYM_PROOF_CHARS, "a proof that was not sent");
    ct_secret(&wire.keys, sizeof wire.keys, "its keys");
    memcpy(raw.content_type, SKEYM_JOSE_TYPE, sizeof SKEYM_JOSE_TYPE);
    ct_okay(skeym_jwe_seal((struct skeym_room){text, sizeof text}, &raw.body_size, wire.keys.answer,
                           iv, 200, skeym_span_text("x"), skeym_span_text("an answer")),
            "an answer");
    ct_publish(text, raw.body_size);
    ct_okay(skeym_session_wire_open(&answer, &wire.keys, &raw), "it opens");
    skeym_session_answer_free(&answer);
    text[raw.body_size - 4] ^= 1;
    ct_right(skeym_session_wire_open(&answer, &wire.keys, &raw) == SKEYM_ERR_SEAL, "a forged one");
    skeym_session_wire_wipe(&wire);
}

/* A chain file between two sessions; and its text by itself. */
static void chain(void)
{
    struct server server;
    struct skeym_chain parsed, printed = {.count = 1};
    char path[64];
    bool found = false;
    static uint8_t text[SKEYM_CHAIN_FILE_BYTES];
    size_t size = 0;
    make_server(&server, false);
    make_folder();
    struct skeym_credential_file file = file_of(&server.world);
    struct skeym_session *session = session_of(&server, &file, NULL, false);
    (void)path_of(path, "chain");
    ask(session);
    ct_okay(skeym_chain_put(path, &file, file.server, session), "put");
    ct_okay(skeym_chain_take(path, &file, file.server, session, &found), "take");
    ct_right(found, "a lane");
    struct skeym_session_lane *lane = &printed.lane[0];
    ct_right(skeym_session_take(session, lane), "the lane");
    ct_secret(lane->secret, 32, "S_n");
    memcpy(printed.node, "pump-7", sizeof "pump-7");
    memcpy(printed.server, file.server, sizeof printed.server);
    ct_okay(skeym_chain_print((struct skeym_room){text, sizeof text}, &size, &printed), "print");
    ct_publish(text + size - 12, 12); /* the check: a hash of more than can be guessed */
    ct_okay(skeym_chain_parse(&parsed, skeym_span(text, size)), "parse");
    ct_secret(parsed.lane[0].secret, 32, "S_n from its text");
    ct_right(skeym_session_give(session, &parsed.lane[0]), "given back");
    ask(session);
    skeym_session_free(session);
    free(server.gate.used);
    remove_folder();
}

const struct ct_case ct_node_cases[] = {
    {"credential", credential},
    {"session_closed", session_closed},
    {"session_open", session_open},
    {"session_renewed", session_renewed},
    {"session_wire", session_wire},
    {"chain", chain},
    {NULL, NULL},
};
