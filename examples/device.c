/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device on SkeyM's public headers alone: enrols itself by an invitation, logs in, sends
 * readings, and gets over lost answers, restarts, rotated keys and a wrong clock. No malloc. Begin
 * from here.
 *
 *   skeym enrol pump-1 --role device --scope patient/7/Observation.c --invite --code-only > code
 *   device 127.0.0.1 8443 pump-1.flash 7 20 < code        (later: without the code)
 *
 * What is yours to replace is the first part: random bytes, clock, flash, network. Here that is
 * Linux and HTTP without TLS (use TLS outside of a laboratory: it hides sizes, and which server).
 */
#define _GNU_SOURCE
#include <netdb.h>
#include <skeym/crypto.h>
#include <skeym/exchange.h>
#include <skeym/invite.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* All that a device needs, in one place. SECRET. */
static struct {
    const char *host, *port, *flash_path;
    struct skeym_credentials flash; /* outlives a loss of power; locator_size 0: not enrolled yet */
    uint64_t offset_ms;             /* server's clock less ours, modulo 2^64: ours is never set */
    char token[SKEYM_TOKEN_CHARS + 1]; /* empty: log in */
    uint8_t secret[SKEYM_SECRET_BYTES];
    struct skeym_handshake handshake;
    struct skeym_invite_code code;
    union { /* never both at once; too large for a small stack */
        struct skeym_invite_grant enrolment;
        struct skeym_login_grant login;
    } work;
    uint8_t out[4096], in[8192], plain[SKEYM_BASE64URL_BYTES(8192)];
    char next[SKEYM_TOKEN_CHARS + 1]; /* SkeyM-Next of the last answer */
} device;

/* --- yours: random bytes, clock, flash, network -------------------------------------------- */

static void fresh(void *out, size_t size)
{
    if (getrandom(out, size, 0) != (ssize_t)size) {
        abort(); /* never go on with bytes that are not random */
    }
}

static uint64_t now_ms(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_REALTIME, &at);
    return (uint64_t)at.tv_sec * 1000 + (uint64_t)at.tv_nsec / 1000000;
}

/* The old contents or the new ones, whenever power fails. */
static bool save(void)
{
    char beside[4096];
    (void)snprintf(beside, sizeof beside, "%s.new", device.flash_path);
    FILE *file = fopen(beside, "wb");
    bool ok = file && fwrite(&device.flash, sizeof device.flash, 1, file) == 1 &&
              fflush(file) == 0 && fsync(fileno(file)) == 0;
    ok = (!file || fclose(file) == 0) && ok;
    return ok && rename(beside, device.flash_path) == 0;
}

static bool load(void)
{
    FILE *file = fopen(device.flash_path, "rb");
    bool ok = file && fread(&device.flash, sizeof device.flash, 1, file) == 1;
    return (!file || fclose(file) == 0) && ok;
}

static int dial(void)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    const struct timeval patience = {10, 0};
    struct addrinfo *found = NULL;
    int line = -1;
    if (getaddrinfo(device.host, device.port, &wanted, &found) == 0) {
        line = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void)setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (line >= 0 && connect(line, found->ai_addr, found->ai_addrlen) != 0) {
            (void)close(line);
            line = -1;
        }
        freeaddrinfo(found);
    }
    return line;
}

/* Posts `size` bytes of device.out; the answer's status, and its body, which lies in device.in. 0:
 * no answer, and nobody knows whether the request was carried out. Lengths need no check here: what
 * was cut short does not open. */
static int post(struct skeym_room *answer, const char *path, const char *type, const char *fields,
                size_t size)
{
    char head[2048];
    int status = 0;
    int line = dial();
    int head_size = snprintf(head, sizeof head,
                             "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
                             "Content-Type: %s\r\n%sContent-Length: %zu\r\n\r\n",
                             path, device.host, type, fields, size);
    size_t got = 0;
    ssize_t more = 0;
    *answer = (struct skeym_room){device.in, 0};
    device.next[0] = 0;
    if (send(line, head, (size_t)head_size, MSG_NOSIGNAL) == head_size &&
        send(line, device.out, size, MSG_NOSIGNAL) == (ssize_t)size) {
        while ((more = recv(line, device.in + got, sizeof device.in - 1 - got, 0)) > 0) {
            got += (size_t)more;
        }
    }
    (void)close(line);
    device.in[got] = 0;
    char *end = strstr((char *)device.in, "\r\n\r\n");
    if (end && strncmp((char *)device.in, "HTTP/1.", 7) == 0) {
        status = (int)strtol((char *)device.in + 8, NULL, 10);
        *end = 0;
        answer->data = (uint8_t *)end + 4;
        answer->room = got - (size_t)(answer->data - device.in);
        const char *next = strcasestr((char *)device.in, "\r\nSkeyM-Next: ");
        if (next && strcspn(next + 14, "\r") < sizeof device.next) {
            memcpy(device.next, next + 14, strcspn(next + 14, "\r"));
            device.next[strcspn(next + 14, "\r")] = 0;
        }
    }
    return status;
}

/* --- SkeyM's part: knows nothing of the machine --------------------------------------------- */

/* What an answer outside of the seal may mean. Anybody on the way can say it: it is a reason to try
 * again later, never a proof of anything. */
static enum skeym_error refusal(int status)
{
    return status == 200   ? SKEYM_OK
           : status == 0   ? SKEYM_ERR_NETWORK
           : status == 401 ? SKEYM_ERR_PERMISSION /* revoked, expired, unknown */
                           : SKEYM_ERR_BUSY;
}

/* Once in a life. The private key was saved before: when the answer is lost, the same key may try
 * again with this invitation, and no other one. */
static enum skeym_error enrol(void)
{
    struct skeym_invite_grant *grant = &device.work.enrolment;
    struct skeym_room answer = {device.out, sizeof device.out};
    uint8_t random[32];
    size_t size = 0;
    fresh(random, sizeof random);
    enum skeym_error error =
        skeym_invite_start(&device.handshake, answer, &size, &device.code, device.flash.private_key,
                           now_ms() + device.offset_ms, random);
    error = error ? error : refusal(post(&answer, SKEYM_ENROL_PATH, SKEYM_ENROL_TYPE, "", size));
    if (!error) {
        error = skeym_invite_finish(grant, &device.handshake, skeym_span(answer.data, answer.room));
    }
    if (!error) {
        device.offset_ms = grant->server_ms - now_ms();
        error =
            grant->clock_only ? SKEYM_ERR_CLOCK : SKEYM_OK; /* the next try has the right time */
    }
    if (!error) {
        memcpy(device.flash.locator, grant->locator, grant->locator_size);
        memcpy(device.flash.credential, grant->credential, sizeof grant->credential);
        memcpy(device.flash.authority, device.code.authority, sizeof device.code.authority);
        device.flash.audience = device.code.audience;
        device.flash.locator_size = grant->locator_size;
        error = save() ? SKEYM_OK : SKEYM_ERR_IO;
    }
    skeym_crypto_wipe(&device.work, sizeof device.work);
    skeym_crypto_wipe(&device.handshake, sizeof device.handshake);
    skeym_crypto_wipe(random, sizeof random); /* or who gets it opens what was said */
    return error;
}

static enum skeym_error log_in(void)
{
    const struct skeym_login_wish wish = {.time_ms = now_ms() + device.offset_ms, .lanes = 1};
    struct skeym_login_grant *grant = &device.work.login;
    struct skeym_room answer = {device.out, sizeof device.out};
    uint8_t random[32];
    size_t size = 0;
    fresh(random, sizeof random);
    enum skeym_error error =
        skeym_login_start(&device.handshake, answer, &size, &device.flash, &wish, random);
    error = error ? error : refusal(post(&answer, SKEYM_LOGIN_PATH, SKEYM_LOGIN_TYPE, "", size));
    if (!error) {
        error = skeym_login_finish_in_place(grant, &device.handshake, answer);
    }
    if (!error) {
        device.offset_ms = grant->server_ms - now_ms();
        error = grant->clock_only ? SKEYM_ERR_CLOCK : SKEYM_OK;
    }
    if (!error) {
        struct skeym_writer text =
            skeym_writer((struct skeym_room){(uint8_t *)device.token, SKEYM_TOKEN_CHARS});
        skeym_base64url_write(&text, skeym_span(grant->lane[0].token, grant->lane[0].token_size));
        device.token[skeym_written(&text).size] = 0;
        memcpy(device.secret, grant->lane[0].secret, sizeof device.secret);
        memcpy(device.flash.locator, grant->locator, grant->locator_size);
        device.flash.locator_size = grant->locator_size;
        if (grant->renewed) { /* keys were rotated: without this the device is locked out one day */
            memcpy(device.flash.credential, grant->credential, sizeof grant->credential);
        }
        error = save() ? SKEYM_OK : SKEYM_ERR_IO;
    }
    skeym_crypto_wipe(&device.work, sizeof device.work);
    skeym_crypto_wipe(&device.handshake, sizeof device.handshake);
    skeym_crypto_wipe(random, sizeof random);
    return error;
}

/* One token, one request: afterwards there is the next token, or none. *status is the server's
 * own, out of the seal; nobody else's word counts. */
static enum skeym_error tell(const struct skeym_closed *closed, int *status)
{
    struct skeym_writer plain =
        skeym_writer((struct skeym_room){device.plain, sizeof device.plain});
    struct skeym_room answer = {device.out, sizeof device.out};
    uint8_t iv[12], proof[SKEYM_PROOF_BYTES];
    uint8_t proof_text[SKEYM_PROOF_CHARS + 1] = {0};
    char fields[SKEYM_TOKEN_CHARS + 128];
    struct skeym_exchange_keys keys;
    struct skeym_jwe info;
    size_t size = 0;
    int outside = 0;
    fresh(iv, sizeof iv);
    skeym_closed_write(&plain, closed);
    enum skeym_error error = skeym_writer_end(&plain);
    error = error ? error : skeym_exchange_derive(&keys, device.secret);
    error = error ? error
                  : skeym_jwe_seal(answer, &size, keys.request, iv, SKEYM_JWE_STATUS_NONE,
                                   skeym_span_text(SKEYM_CLOSED_TYPE), skeym_written(&plain));
    const struct skeym_exchange_request covered = {
        skeym_span_text("POST"), skeym_span_text(SKEYM_EXCHANGE_PATH),
        skeym_span_text(SKEYM_JOSE_TYPE), skeym_span(device.out, size)};
    error = error ? error : skeym_exchange_proof(proof, keys.proof, &covered);
    if (!error) {
        struct skeym_writer text = skeym_writer((struct skeym_room){proof_text, SKEYM_PROOF_CHARS});
        skeym_base64url_write(&text, skeym_span(proof, sizeof proof));
        (void)snprintf(fields, sizeof fields, "Authorization: SkeyM %s\r\nSkeyM-Proof: %s\r\n",
                       device.token, (const char *)proof_text);
        outside = post(&answer, SKEYM_EXCHANGE_PATH, SKEYM_JOSE_TYPE, fields, size);
        error = skeym_jwe_open((struct skeym_room){device.plain, sizeof device.plain}, &info,
                               keys.answer, true, skeym_span(answer.data, answer.room));
    }
    device.token[0] = 0; /* used up, whatever came */
    if (!error && info.status != outside) {
        error = SKEYM_ERR_SEAL;
    }
    if (!error) {
        *status = info.status;
        memcpy(device.token, device.next, sizeof device.token);
        memcpy(device.secret, keys.next, sizeof device.secret);
    }
    skeym_crypto_wipe(&keys, sizeof keys);
    return error;
}

/* One reading, as text. It is made once: sent again, it must be the same to the byte. */
static void measure(char *out, size_t size, const char *patient, int rate)
{
    char when[32];
    const time_t at = (time_t)((now_ms() + device.offset_ms) / 1000);
    (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime(&at));
    (void)snprintf(out, size,
                   "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
                   "\"system\":\"http://loinc.org\",\"code\":\"8867-4\"}]},\"subject\":{"
                   "\"reference\":\"Patient/%s\"},\"effectiveDateTime\":\"%s\",\"valueQuantity\":{"
                   "\"value\":%d,\"unit\":\"/min\",\"system\":\"http://unitsofmeasure.org\","
                   "\"code\":\"/min\"}}",
                   patient, when, rate);
}

/* Until it is stored, or refused for good. The key makes it one reading, however often it is sent:
 * that is what lets a device send it again when an answer was lost. */
static bool deliver(const char *key, const char *reading)
{
    const struct skeym_closed closed = {.method = skeym_span_text("POST"),
                                        .target = skeym_span_text("/fhir/Observation"),
                                        .content_type = skeym_span_text("application/fhir+json"),
                                        .idempotency_key = skeym_span_text(key),
                                        .prefer = skeym_span_text("return=minimal"),
                                        .body = skeym_span_text(reading)};
    for (int status = 0;; status = 0) {
        enum skeym_error error = device.token[0] ? SKEYM_OK : log_in();
        error = error ? error : tell(&closed, &status);
        if (!error && status < 500) {
            (void)printf("%s: %d\n", key, status);
            return status < 300;
        }
        (void)fprintf(stderr, "%s: %s, status %d; again\n", key, skeym_error_text(error), status);
        (void)sleep(
            1); /* a real device waits ever longer, and by chance: wards come back at once */
    }
}

int main(int count, char **words)
{
    char text[SKEYM_INVITE_CODE_CHARS + 2] = {0}, reading[512], key[32];
    enum skeym_error error = SKEYM_OK;
    unsigned run = 0;
    if (count != 6) {
        (void)fprintf(stderr, "device HOST PORT FLASH PATIENT READINGS < code\n");
        return 2;
    }
    (void)umask(077);
    device.host = words[1];
    device.port = words[2];
    device.flash_path = words[3];
    if (!load()) { /* a new device, with a key pair of its own for life */
        memset(&device.flash, 0, sizeof device.flash);
        fresh(device.flash.private_key, sizeof device.flash.private_key);
    }
    if (device.flash.locator_size == 0) {
        error = fgets(text, sizeof text, stdin) ? SKEYM_OK : SKEYM_ERR_MISSING;
        text[strcspn(text, "\n")] = 0;
        error = error ? error : skeym_invite_code_read(&device.code, skeym_span_text(text));
        error = error || save() ? error : SKEYM_ERR_IO;
        while (!error && (error = enrol()) != SKEYM_OK && error != SKEYM_ERR_PERMISSION) {
            (void)fprintf(stderr, "enrolment: %s; again\n", skeym_error_text(error));
            error = SKEYM_OK;
            (void)sleep(1);
        }
    }
    skeym_crypto_wipe(&device.code, sizeof device.code);
    skeym_crypto_wipe(text, sizeof text);
    if (error) {
        (void)fprintf(stderr, "enrolment: %s\n", skeym_error_text(error));
        return 1;
    }
    fresh(&run, sizeof run);
    for (int n = 0; n < strtol(words[5], NULL, 10); n++, (void)sleep(1)) {
        if (!device.token[0]) {
            (void)log_in(); /* brings the right time, too */
        }
        measure(reading, sizeof reading, words[4], 60 + n % 30);
        (void)snprintf(key, sizeof key, "%08x.%d", run, n);
        if (!deliver(key, reading)) {
            return 1;
        }
    }
    return 0;
}
