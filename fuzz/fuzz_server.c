/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole server over a socket. The first byte says what goes out: bytes as they are, or a request
 * whose inside is the input's and which is sealed and proved here, with a good token, so that all
 * that lies behind admission is reached; and what is done to it after it was proved.
 *
 * What must hold: nothing without a right proof is answered as admitted, and the server counts so;
 * an admitted request's answer opens, says inside what it says outside, brings the next token, and
 * says nothing of a patient that the asker may not see.
 */
#include "crypto/crypto.h"
#include "fuzz.h"
#include "server/console.h"
#include "server/signup.h"
#include "server_world.h"
#include <sys/socket.h>
#include <unistd.h>

enum form {
    RAW,      /* the rest, as it is */
    OPEN,     /* method, target, type: a line each; body */
    CLOSED,   /* the plaintext of a closed request */
    TRAILED,  /* a closed request for metadata, and the rest behind it on the connection */
    LOGIN,    /* a login whose body is the rest; altered: a good one, with wishes of the rest */
    TWICE,    /* CLOSED, and the same bytes again */
    UNSEALED, /* good token and proof over a body that is the rest */
    SPLIT     /* CLOSED, in two pieces */
};
/* Of the first byte, above the form and who asks; BUSY: both bits, the connection comes by way
 * of the acceptor. */
enum { FORMS = 8, WHO = 4, ALTERED = 32, BUSY = 192, ROOM = 1 << 18 };

static const char *const scopes[WHO] = {"user/*.cruds", "patient/p-1/*.cruds", "patient/p-1/*.rs",
                                        "system/Observation.c"};

static struct {
    struct skeym_token_claims claims;
    struct skeym_exchange_keys keys;
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t token_size;
    uint8_t proof[SKEYM_PROOF_BYTES];
    struct skeym_exchange_request request;
} one;

/* --- a good request
 * ------------------------------------------------------------------------------- */

static void mint(struct skeym_service *service, unsigned who)
{
    static uint64_t counter;
    const struct skeym_gate *gate = skeym_state_gate(service->state);
    uint8_t nonce[SKEYM_SHA256_BYTES];
    counter++;
    const struct skeym_span number = skeym_span(&counter, sizeof counter);
    skeym_crypto_sha256(nonce, &number, 1);
    one.claims =
        (struct skeym_token_claims){.issued_ms = server_world_now(),
                                    .login_s = (uint32_t)(server_world_now() / 1000),
                                    .deadline_s = (uint32_t)(server_world_now() / 1000) + 3600,
                                    .sequence = 7,
                                    .instance = gate->instance,
                                    .generation = 3,
                                    .lifetime_s = 30,
                                    .lane = 2,
                                    .role = SKEYM_ROLE_DOCTOR};
    fuzz_count(one.claims.secret, 32, (uint8_t)counter);
    one.claims.scopes.count = 1;
    FUZZ_MUST(skeym_scope_parse(&one.claims.scopes.at[0], skeym_span_text(scopes[who])) ==
              SKEYM_OK);
    FUZZ_MUST(skeym_name_node(&one.claims.id, skeym_span_text("dr.Lee_1")) == SKEYM_OK);
    FUZZ_MUST(skeym_exchange_derive(&one.keys, one.claims.secret) == SKEYM_OK);
    FUZZ_MUST(skeym_token_mint((struct skeym_room){one.token, sizeof one.token}, &one.token_size,
                               gate->keys, &one.claims, nonce) == SKEYM_OK);
}

static struct skeym_span seal(const char *type, struct skeym_span cty, struct skeym_span plain)
{
    static const uint8_t iv[12] = {9};
    size_t size = 0;
    size_t room = skeym_jwe_chars(SKEYM_CTY_BYTES, SKEYM_JWE_STATUS_NONE, plain.size);
    uint8_t *out = fuzz_take(room);
    cty = type ? skeym_span_text(type) : cty;
    enum skeym_error error = skeym_jwe_seal((struct skeym_room){out, room}, &size, one.keys.request,
                                            iv, SKEYM_JWE_STATUS_NONE, cty, plain);
    if (error) { /* a media type that cannot be said */
        FUZZ_MUST(skeym_jwe_seal((struct skeym_room){out, room}, &size, one.keys.request, iv,
                                 SKEYM_JWE_STATUS_NONE, skeym_span_text("a/b"), plain) == SKEYM_OK);
    }
    return skeym_span(out, size);
}

/* false: a request that no node could send, or for which it needs no token. */
static bool fill(const struct skeym_conf *conf, enum form form, struct skeym_reader *reader)
{
    struct skeym_exchange_request *request = &one.request;
    *request = (struct skeym_exchange_request){.method = skeym_span_text("POST"),
                                               .target = skeym_span_text(SKEYM_EXCHANGE_PATH),
                                               .content_type = skeym_span_text(SKEYM_JOSE_TYPE)};
    if (form == OPEN) {
        request->method = fuzz_line(reader);
        request->target = fuzz_line(reader);
        struct skeym_span type = fuzz_line(reader);
        struct skeym_span plain = fuzz_rest(reader);
        request->body = plain.size ? seal(NULL, type, plain) : plain;
        request->content_type = plain.size ? request->content_type : plain;
    } else if (form == UNSEALED) {
        request->body = fuzz_rest(reader);
    } else if (form == TRAILED) {
        request->body = seal(SKEYM_CLOSED_TYPE, (struct skeym_span){0},
                             skeym_span_text("GET /fhir/metadata\n\n"));
    } else {
        request->body = seal(SKEYM_CLOSED_TYPE, (struct skeym_span){0}, fuzz_rest(reader));
    }
    return skeym_exchange_proof(one.proof, one.keys.proof, request) == SKEYM_OK &&
           request->target.data[0] == '/' && !skeym_span_is(request->method, "HEAD") &&
           !skeym_span_is(request->method, "CONNECT") &&
           (request->body.size > 0 ||
            !skeym_console_asks(conf, request->method, request->target)) &&
           !(skeym_span_is(request->method, "POST") &&
             (skeym_span_is(request->target, SKEYM_LOGIN_PATH) ||
              skeym_span_is(request->target, SKEYM_SIGNUP_PATH))) &&
           request->target.size <= 2048 && !memchr(request->target.data, '#', request->target.size);
}

/* One bit of what the proof or the seal covers. */
static void alter(struct skeym_span at)
{
    uint8_t *bytes[3] = {one.token, one.proof, NULL};
    size_t sizes[3] = {one.token_size, sizeof one.proof, one.request.body.size};
    struct skeym_reader reader = skeym_reader(at);
    size_t where = skeym_read_u16(&reader);
    if (one.request.body.size > 0) {
        struct skeym_span copy = fuzz_copy(one.request.body);
        memcpy(&bytes[2], &copy.data, sizeof copy.data);
        one.request.body = copy;
    }
    size_t part = where % (one.request.body.size > 0 ? 3 : 2);
    bytes[part][where / 3 % sizes[part]] ^= (uint8_t)(1 << where % 8);
}

static struct skeym_span write_request(void)
{
    size_t room = 8192 + one.request.body.size;
    struct skeym_writer writer = skeym_writer((struct skeym_room){fuzz_take(room), room});
    char length[64];
    skeym_write_span(&writer, one.request.method);
    skeym_write_text(&writer, " ");
    skeym_write_span(&writer, one.request.target);
    skeym_write_text(&writer, " HTTP/1.1\r\nHost: ward\r\nAuthorization: SkeyM ");
    skeym_base64url_write(&writer, skeym_span(one.token, one.token_size));
    skeym_write_text(&writer, "\r\nSkeyM-Proof: ");
    skeym_base64url_write(&writer, skeym_span(one.proof, sizeof one.proof));
    if (one.request.content_type.size > 0) {
        skeym_write_text(&writer, "\r\nContent-Type: ");
        skeym_write_span(&writer, one.request.content_type);
    }
    (void)snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n\r\n", one.request.body.size);
    skeym_write_text(&writer, length);
    skeym_write_span(&writer, one.request.body);
    FUZZ_MUST(!writer.bad);
    return skeym_written(&writer);
}

/* --- answers
 * ------------------------------------------------------------------------------------------ */

struct answer {
    int status;
    struct skeym_span type, next, body;
    bool console; /* a page of the ward console, which is for all */
    size_t size;  /* of all of it; 0: not whole */
};

/* The value of a field in a line of the head. */
FUZZ_UNWATCHED static bool is_field(struct skeym_span *value, struct skeym_span line,
                                    const char *name)
{
    size_t size = 0;
    while (name[size] != '\0' && size < line.size && (line.data[size] | 32) == (name[size] | 32)) {
        size++;
    }
    if (name[size] != '\0') {
        return false;
    }
    *value = (struct skeym_span){line.data + size, line.size - size};
    return true;
}

FUZZ_UNWATCHED static void read_field(struct answer *answer, size_t *length, struct skeym_span line)
{
    struct skeym_span value;
    if (is_field(&value, line, "Content-Length: ")) {
        *length = 0;
        for (size_t i = 0; i < value.size; i++) {
            FUZZ_MUST(value.data[i] >= '0' && value.data[i] <= '9');
            *length = *length * 10 + value.data[i] - '0';
        }
    } else if (is_field(&value, line, "Content-Type: ")) {
        answer->type = value;
    } else if (is_field(&value, line, "SkeyM-Next: ")) {
        answer->next = value;
    } else if (is_field(&value, line, "Content-Security-Policy: ")) {
        answer->console = true;
    }
}

FUZZ_UNWATCHED static struct answer parse(struct skeym_span bytes)
{
    static const struct answer none;
    struct answer answer = {0};
    size_t length = 0, at = 0, head = 0;
    for (size_t i = 0; i + 1 < bytes.size && head == 0; i++) {
        if (bytes.data[i] != '\r' || bytes.data[i + 1] != '\n') {
            continue;
        }
        struct skeym_span line = {bytes.data + at, i - at};
        if (at == 0) { /* "HTTP/1.1 200 OK" */
            FUZZ_MUST(is_field(&line, line, "HTTP/1.") && line.size > 4);
            for (size_t n = 2; n < 5; n++) {
                FUZZ_MUST(line.data[n] >= '0' && line.data[n] <= '9');
                answer.status = answer.status * 10 + line.data[n] - '0';
            }
        } else if (line.size > 0) {
            read_field(&answer, &length, line);
        } else {
            head = i + 2;
        }
        at = i + 2;
    }
    if (head == 0) {
        return none;
    }
    if (answer.status == 100) { /* one more comes */
        length = 0;
    }
    answer.body = skeym_span_part(bytes, head, length);
    answer.size = answer.body.size == length ? head + length : 0;
    return answer;
}

static bool one_whole(struct skeym_span bytes)
{
    return parse(bytes).size > 0;
}

static bool two_whole(struct skeym_span bytes)
{
    size_t first = parse(bytes).size;
    return first > 0 && parse(skeym_span_part(bytes, first, bytes.size)).size > 0;
}

static bool never(struct skeym_span bytes)
{
    (void)bytes;
    return false;
}

static bool is_admitted(const struct answer *answer)
{
    return skeym_span_is(answer->type, SKEYM_JOSE_TYPE) || answer->next.size > 0 ||
           (answer->status >= 200 && answer->status < 400 && !answer->console);
}

static void check_next(struct skeym_service *service, struct skeym_span text)
{
    uint8_t token[SKEYM_TOKEN_BYTES];
    size_t size = 0;
    uint64_t id = 0;
    struct skeym_token_claims claims;
    FUZZ_MUST(skeym_base64url_read((struct skeym_room){token, sizeof token}, &size, text) ==
              SKEYM_OK);
    FUZZ_MUST(skeym_token_open(&claims, &id, skeym_state_gate(service->state)->keys,
                               skeym_span(token, size), server_world_now()) == SKEYM_OK);
    FUZZ_MUST(claims.sequence == one.claims.sequence + 1 && claims.lane == one.claims.lane);
    FUZZ_MUST(!memcmp(claims.secret, one.keys.next, sizeof claims.secret));
}

static void check_sealed(struct skeym_service *service, const struct answer *answer, unsigned who)
{
    struct skeym_jwe info;
    size_t room = SKEYM_BASE64URL_BYTES(answer->body.size) + 1;
    uint8_t *plain = fuzz_take(room);
    FUZZ_MUST(skeym_span_is(answer->type, SKEYM_JOSE_TYPE));
    FUZZ_MUST(skeym_jwe_open((struct skeym_room){plain, room}, &info, one.keys.answer, true,
                             answer->body) == SKEYM_OK);
    FUZZ_MUST(info.status == answer->status && answer->status != 500);
    FUZZ_MUST(who == 0 || !memmem(plain, info.size, SERVER_SECRET, sizeof SERVER_SECRET - 1));
    check_next(service, answer->next);
}

/* --- what goes out
 * -------------------------------------------------------------------------------------- */

static uint8_t received[ROOM];

/* All answers to bytes that no good token came with: none may be admitted. */
static void send_strange(struct skeym_span bytes, bool busy)
{
    int fd = server_world_dial(busy);
    (void)server_world_send(fd, bytes);
    (void)shutdown(fd, SHUT_WR);
    size_t size = server_world_receive(fd, received, ROOM, false, never);
    struct skeym_span left = skeym_span(received, size);
    for (struct answer answer = parse(left); answer.size > 0; answer = parse(left)) {
        FUZZ_MUST(answer.status == 100 || !is_admitted(&answer));
        left = skeym_span_part(left, answer.size, left.size);
    }
    server_world_close(fd);
}

static struct skeym_span twice(struct skeym_span bytes, struct skeym_span more)
{
    struct skeym_room room = {fuzz_take(bytes.size + more.size), bytes.size + more.size};
    struct skeym_writer writer = skeym_writer(room);
    skeym_write_span(&writer, bytes);
    skeym_write_span(&writer, more);
    return skeym_written(&writer);
}

static void send_good(struct skeym_service *service, enum form form, unsigned who, bool altered,
                      bool busy, struct skeym_span tail)
{
    struct skeym_span bytes = write_request();
    int fd = server_world_dial(busy);
    size_t half = form == SPLIT ? bytes.size - one.request.body.size / 2 : bytes.size;
    if (form == TWICE || form == TRAILED) {
        bytes = twice(bytes, form == TWICE ? bytes : tail);
        half = bytes.size;
    }
    (void)server_world_send(fd, skeym_span_part(bytes, 0, half));
    (void)server_world_send(fd, skeym_span_part(bytes, half, bytes.size));
    size_t size =
        server_world_receive(fd, received, ROOM, true, form == TWICE ? two_whole : one_whole);
    struct answer answer = parse(skeym_span(received, size));
    if (form == TRAILED && answer.size > 0) { /* whatever more comes */
        size += server_world_receive(fd, received + size, ROOM - size, false, never);
    }
    struct answer second = parse(skeym_span_part(skeym_span(received, size), answer.size, size));
    FUZZ_MUST(answer.size > 0);
    FUZZ_MUST(altered == !is_admitted(&answer));
    if (!altered) {
        check_sealed(service, &answer, who);
    }
    FUZZ_MUST(second.size == 0 || second.status == 100 || !is_admitted(&second));
    server_world_close(fd);
}

static struct skeym_span login_request(struct skeym_span body)
{
    char head[160];
    (void)snprintf(head, sizeof head,
                   "POST " SKEYM_LOGIN_PATH
                   " HTTP/1.1\r\nHost: ward\r\nContent-Type: " SKEYM_LOGIN_TYPE
                   "\r\nContent-Length: %zu\r\n\r\n",
                   body.size);
    return twice(fuzz_copy(skeym_span_text(head)), body);
}

/* A login that must be answered, whatever is wished; each token of it opens. */
static void log_in(struct skeym_service *service, struct skeym_reader *reader, bool busy)
{
    static struct skeym_login_grant grant;
    struct skeym_credentials own = {0};
    struct skeym_handshake state;
    uint8_t ephemeral[32];
    uint8_t body[SKEYM_LOGIN_BYTES];
    size_t size = 0;
    int16_t skew_10ms = (int16_t)skeym_read_u16(reader);
    uint64_t now_ms = server_world_now();
    const struct skeym_login_wish wish = {.time_ms = now_ms + (uint64_t)(skew_10ms * 10),
                                          .lanes = (uint8_t)(1 + skeym_read_u8(reader) % 16)};
    fuzz_count(ephemeral, sizeof ephemeral, skeym_read_u8(reader));
    server_world_enrol(&own);
    FUZZ_MUST(skeym_login_start(&state, (struct skeym_room){body, sizeof body}, &size, &own, &wish,
                                ephemeral) == SKEYM_OK);
    int fd = server_world_dial(busy);
    FUZZ_MUST(server_world_send(fd, login_request(skeym_span(body, size))));
    size = server_world_receive(fd, received, ROOM, true, one_whole);
    server_world_close(fd);
    struct answer answer = parse(skeym_span(received, size));
    FUZZ_MUST(answer.status == 200 && skeym_span_is(answer.type, SKEYM_LOGIN_TYPE));
    FUZZ_MUST(skeym_login_finish(&grant, &state, answer.body) == SKEYM_OK);
    FUZZ_MUST(grant.server_ms == now_ms);
    FUZZ_MUST(grant.clock_only == (skew_10ms > 6000 || skew_10ms < -6000));
    FUZZ_MUST(grant.clock_only || (grant.lanes >= 1 && grant.lanes <= wish.lanes));
    for (size_t i = 0; i < grant.lanes; i++) {
        struct skeym_token_claims claims;
        uint64_t id = 0;
        FUZZ_MUST(skeym_token_open(&claims, &id, skeym_state_gate(service->state)->keys,
                                   skeym_span(grant.lane[i].token, grant.lane[i].token_size),
                                   now_ms) == SKEYM_OK);
        FUZZ_MUST(claims.lane == i && claims.sequence == 0);
        FUZZ_MUST(!memcmp(claims.secret, grant.lane[i].secret, sizeof claims.secret));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    unsigned how = skeym_read_u8(&reader);
    enum form form = (enum form)(how % FORMS);
    unsigned who = how / FORMS % WHO;
    bool altered = (how & ALTERED) != 0;
    bool busy = (how & BUSY) == BUSY;
    if (size > 0 && memmem(data, size, SERVER_SECRET, sizeof SERVER_SECRET - 1)) {
        return 0; /* it could be said or stored anew */
    }
    struct skeym_service *service = server_world();
    server_world_tick(service);
    uint64_t admitted = skeym_metrics_get(&service->metrics, SKEYM_COUNT_ADMITTED);
    uint64_t expected = 0;
    if (form == RAW) {
        send_strange(fuzz_copy(fuzz_rest(&reader)), busy);
    } else if (form == LOGIN && altered) {
        log_in(service, &reader, busy);
    } else if (form == LOGIN) {
        send_strange(login_request(fuzz_rest(&reader)), busy);
    } else {
        struct skeym_span where =
            altered ? skeym_read_span(&reader, reader.left >= 2 ? 2 : 0) : (struct skeym_span){0};
        mint(service, who);
        if (fill(service->conf, form, &reader)) {
            struct skeym_span tail = form == TRAILED ? fuzz_rest(&reader) : (struct skeym_span){0};
            if (altered) {
                alter(where);
            }
            expected = !altered;
            send_good(service, form, who, altered, busy, tail);
        }
    }
    FUZZ_MUST(skeym_metrics_get(&service->metrics, SKEYM_COUNT_ADMITTED) == admitted + expected);
    fuzz_done();
    return 0;
}
