/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/cli_authority.h"
#include "cli/cli_invite.h"
#include "cli/qr.h"
#include "crypto/crypto.h"
#include "node/http.h"
#include "server/audit.h"
#include "server/home.h"
#include "server/home_file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SERVER "http://127.0.0.1:8420"

static const char usage[] =
    "usage: skeym enrol NODE --role ROLE --scope SCOPE [--scope SCOPE]... -o FILE\n"
    "                   [--dir DIR] [--server URL] [--days N] [--public-key KEY]\n"
    "                   [--passphrase-file FILE | --no-passphrase]\n"
    "       skeym enrol NODE --role ROLE --scope SCOPE [--scope SCOPE]... --invite\n"
    "                   [--dir DIR] [--server URL] [--days N] [--expires TIME]\n"
    "                   [--code-only] [--qr]\n"
    "\n"
    "Writes a credential file for a doctor's program or a device. Bring it to the node on a way\n"
    "that nobody else reads. A node that is enrolled a second time has two credentials.\n"
    "\n"
    "With --invite there is no file: it prints a link that lets one browser, or one device\n"
    "('skeym accept'), enrol itself over the network, once, before it expires. Whoever has the\n"
    "link first is the node: bring it there on a way that nobody else reads, too.\n"
    "\n"
    "  NODE                    1 to 32 of A-Z a-z 0-9 . _ -\n"
    "  --role ROLE             doctor, nurse, device, auditor or service\n"
    "  --scope SCOPE           what it may do, up to 8: patient/ID/TYPE.ACTIONS,\n"
    "                          user/TYPE.ACTIONS or system/TYPE.ACTIONS, where ACTIONS is some\n"
    "                          of c r u d s in this order (create, read, update, delete,\n"
    "                          search) and TYPE is * or one of Patient, Observation, Device,\n"
    "                          DeviceMetric, Encounter, Condition, Flag, Communication,\n"
    "                          AuditEvent, Consent, MedicationRequest, DiagnosticReport,\n"
    "                          Practitioner, Location; example: system/Observation.c\n"
    "  -o FILE                 where the credential goes (mode 0600); it must not exist yet\n"
    "  --dir DIR               the authority's folder (default: $SKEYM_DIR, else\n"
    "                          ./skeym-authority)\n"
    "  --server URL            where the node finds the server (default: " DEFAULT_SERVER ")\n"
    "  --days N                how long the credential lasts: 1 to 3650 (default: 365)\n"
    "  --public-key KEY        of the node's own pair (skeym keygen); the file then holds no\n"
    "                          private key, and the node also gives --key\n"
    "  --passphrase-file FILE  take the passphrase from a file that only its owner may read\n"
    "  --no-passphrase         no passphrase: for devices that start by themselves\n"
    "  --invite                make an invitation instead of a credential file\n"
    "  --expires TIME          how long it can be used: 1m to 7d, in m, h or d (default: 1h)\n"
    "  --code-only             print the link's code alone, for 'skeym accept'\n"
    "  --qr                    print a QR code of the link, although this is no terminal\n"
    "\n"
    "Without --invite, --passphrase-file and --no-passphrase, the passphrase is asked for on the\n"
    "terminal.\n";

struct options {
    const char *node, *role, *output, *dir, *server, *days, *public_key, *passphrase_path;
    struct skeym_cli_words scopes;
    bool no_passphrase;
    const char *expires;
    bool invite, code_only, qr;
};

static int wrong(const char *why)
{
    return skeym_cli_usage(&skeym_command_enrol, why);
}

/* "--scope WORD: why" */
static int wrong_word(const char *option, const char *word, const char *why)
{
    (void)skeym_cli_say("enrol", "%s %s: %s", option, word, why);
    return SKEYM_EXIT_USAGE;
}

static const char *why_not_scope(enum skeym_error error)
{
    switch (error) {
    case SKEYM_ERR_UNSUPPORTED:
        return "no such type ('skeym help enrol' lists them)";
    case SKEYM_ERR_SIZE:
    case SKEYM_ERR_CHARSET:
        return "a patient's id has 1 to 64 of A-Z a-z 0-9 . -";
    default:
        return "not patient/ID/TYPE.ACTIONS, user/TYPE.ACTIONS or system/TYPE.ACTIONS, with "
               "ACTIONS some of c r u d s in this order";
    }
}

static int check_file(const struct options *options)
{
    return options->expires || options->code_only || options->qr
               ? wrong("--expires, --code-only and --qr are for --invite")
           : !options->output ? wrong("-o FILE is missing")
           : !options->output[0] || strcmp(options->output, "-") == 0
               ? wrong("-o takes a file: a credential is no output to look at")
               : SKEYM_EXIT_OK;
}

static int check_invite(const struct options *options)
{
    return options->output || options->public_key || options->passphrase_path ||
                   options->no_passphrase
               ? wrong("--invite makes no file: -o, --public-key and passphrases are the node's, "
                       "later")
           : options->code_only && options->qr ? wrong("--code-only or --qr")
                                               : SKEYM_EXIT_OK;
}

static bool read_options(struct options *options, int argc, char **argv, int *code)
{
    struct skeym_cli_words operands;
    const struct skeym_cli_option table[] = {
        {"--role", .value = &options->role},
        {"--scope", .list = &options->scopes},
        {"-o", .value = &options->output},
        {"--dir", .value = &options->dir},
        {"--server", .value = &options->server},
        {"--days", .value = &options->days},
        {"--public-key", .value = &options->public_key},
        {"--passphrase-file", .value = &options->passphrase_path},
        {"--no-passphrase", .flag = &options->no_passphrase},
        {"--invite", .flag = &options->invite},
        {"--expires", .value = &options->expires},
        {"--code-only", .flag = &options->code_only},
        {"--qr", .flag = &options->qr},
        {.name = NULL},
    };
    if (!skeym_cli_parse(&skeym_command_enrol, argc, argv, table, &operands, 1, 1, code)) {
        return false;
    }
    options->node = operands.at[0];
    options->dir = skeym_cli_dir(options->dir);
    options->server = options->server ? options->server : DEFAULT_SERVER;
    *code = !options->role               ? wrong("--role is missing")
            : options->scopes.count == 0 ? wrong("--scope is missing")
            : options->invite            ? check_invite(options)
                                         : check_file(options);
    return *code == SKEYM_EXIT_OK;
}

static int read_scopes(struct skeym_scopes *out, const struct skeym_cli_words *words)
{
    if (words->count > SKEYM_SCOPES_MAX) {
        return wrong("a node has at most 8 scopes");
    }
    for (size_t i = 0; i < words->count; i++) {
        enum skeym_error error = skeym_scope_parse(&out->at[i], skeym_span_text(words->at[i]));
        if (error != SKEYM_OK) {
            return wrong_word("--scope", words->at[i], why_not_scope(error));
        }
    }
    out->count = (uint8_t)words->count;
    return SKEYM_EXIT_OK;
}

/* A key that gives an all-zero shared secret with anyone could never log in. */
static enum skeym_error read_public_key(uint8_t out[32], const char *text)
{
    uint8_t probe[32];
    uint8_t shared[32];
    size_t size = 0;
    enum skeym_error error =
        skeym_base64url_read((struct skeym_room){out, 32}, &size, skeym_span_text(text));
    if (error == SKEYM_OK && size != 32) {
        error = SKEYM_ERR_SIZE;
    }
    if (error == SKEYM_OK) {
        error = skeym_crypto_random(probe, sizeof probe);
    }
    if (error == SKEYM_OK) {
        error = skeym_crypto_x25519(shared, probe, out);
        skeym_crypto_wipe(shared, sizeof shared);
    }
    skeym_crypto_wipe(probe, sizeof probe);
    return error;
}

/* Everything of the claims but key and generation. */
static int read_claims(struct skeym_node_claims *out, const struct options *options,
                       uint64_t now_ms)
{
    uint32_t days = 365;
    enum skeym_error error = skeym_name_node(&out->id, skeym_span_text(options->node));
    if (error != SKEYM_OK) {
        return wrong_word("NODE", options->node,
                          "a name has 1 to 32 of A-Z a-z 0-9 . _ -, the first not . or -");
    }
    error = skeym_role_parse(&out->role, skeym_span_text(options->role));
    if (error != SKEYM_OK) {
        return wrong_word("--role", options->role,
                          "roles are doctor, nurse, device, auditor and service");
    }
    if (options->days && !skeym_cli_number(&days, options->days, 1, 3650)) {
        return wrong("--days takes 1 to 3650");
    }
    uint64_t not_after = now_ms / 1000 + UINT64_C(86400) * days;
    if (not_after > UINT32_MAX) {
        return skeym_cli_say("enrol", "this machine's clock is wrong");
    }
    out->not_after = (uint32_t)not_after;
    error = skeym_http_check(options->server, true);
    if (error == SKEYM_ERR_MEMORY) {
        return skeym_cli_fail("enrol", NULL, error);
    }
    if (error != SKEYM_OK) {
        return wrong_word("--server", options->server,
                          "not http://HOST[:PORT] or https://HOST[:PORT]");
    }
    return read_scopes(&out->scopes, &options->scopes);
}

static int read_key(struct skeym_credential_file *file, const struct options *options)
{
    enum skeym_error error;
    if (options->public_key) {
        file->key_apart = true;
        error = read_public_key(file->public_key, options->public_key);
        return error == SKEYM_OK ? SKEYM_EXIT_OK
                                 : wrong_word("--public-key", options->public_key,
                                              "no public key as 'skeym keygen' prints them");
    }
    error = skeym_crypto_random(file->keys.private_key, 32);
    if (error == SKEYM_OK) {
        error = skeym_crypto_x25519_public(file->public_key, file->keys.private_key);
    }
    return error == SKEYM_OK ? SKEYM_EXIT_OK : skeym_cli_fail("enrol", NULL, error);
}

/* Locator, C_i and the authority's identity into file->keys; the private key stays. */
static enum skeym_error make_credential(struct skeym_credential_file *file,
                                        const struct skeym_node_claims *claims,
                                        char fingerprint[17], const char *dir)
{
    struct skeym_cli_authority authority;
    struct skeym_credentials credentials;
    memset(&credentials, 0, sizeof credentials);
    enum skeym_error error = skeym_cli_authority(&authority, dir);
    if (error == SKEYM_OK) {
        error = skeym_enrolment_make(&credentials, &authority.keys, claims, authority.nonce);
    }
    if (error == SKEYM_OK) {
        memcpy(credentials.private_key, file->keys.private_key, 32);
        file->keys = credentials;
        skeym_keyring_fingerprint(fingerprint, authority.keys.authority.identity_public);
    }
    skeym_crypto_wipe(&authority, sizeof authority);
    skeym_crypto_wipe(&credentials, sizeof credentials);
    return error;
}

static void report(const struct skeym_credential_file *file, const struct options *options,
                   const struct skeym_node_claims *claims, const char *fingerprint)
{
    char until[SKEYM_CLI_TIME_BYTES];
    skeym_cli_time(until, claims->not_after);
    printf("Enrolled %s as %s, generation %u, until %s, at authority %s.\n", options->node,
           options->role, (unsigned)claims->generation, until, fingerprint);
    printf("Its credential is %s (%s%s).\n", options->output,
           file->locked ? "locked with the passphrase" : "not locked: who reads it is the node",
           file->key_apart ? "; the private key stays in the node's own key file" : "");
    if (skeym_http_check(options->server, false) == SKEYM_ERR_TLS) {
        printf("Mind: %s has no TLS; the node must be told --allow-plaintext-network.\n",
               options->server);
    }
}

static enum skeym_error audit(const char *dir, const struct skeym_node_claims *claims,
                              const struct skeym_credentials *keys, uint64_t now_ms)
{
    uint32_t enrol_key = 0;
    enum skeym_error error =
        skeym_locator_key(&enrol_key, skeym_span(keys->locator, keys->locator_size));
    if (error != SKEYM_OK) {
        return error;
    }
    struct json_object *event = skeym_audit_event("enrol", now_ms);
    skeym_audit_claims(event, claims);
    skeym_audit_number(event, "enrol_key", enrol_key);
    return skeym_audit_append(dir, event);
}

static int no_generation(const struct options *options)
{
    return skeym_cli_say("enrol", "%s: all of its generations are revoked; take another name",
                         options->node);
}

/* Before the audit file gets a line of a credential that has no place. */
static enum skeym_error place_for(const char *output)
{
    enum skeym_error error = SKEYM_OK;
    char *folder = strdup(output);
    if (!folder) {
        return SKEYM_ERR_MEMORY;
    }
    char *slash = strrchr(folder, '/');
    if (slash) {
        slash[slash == folder] = '\0'; /* "/file" is in "/" */
    }
    if (access(output, F_OK) == 0) {
        error = SKEYM_ERR_EXISTS;
    } else if (access(slash ? folder : ".", W_OK | X_OK) != 0) {
        error = skeym_home_file_error(errno);
    }
    free(folder);
    return error;
}

/* The audit line comes first: there may be a line without its credential, never the reverse. */
static int enrol(struct skeym_credential_file *file, struct skeym_node_claims *claims,
                 const struct options *options, uint64_t now_ms)
{
    char fingerprint[17] = {0};
    memcpy(claims->public_key, file->public_key, sizeof claims->public_key);
    file->node = claims->id;
    memcpy(file->server, options->server, strlen(options->server) + 1);
    enum skeym_error error =
        skeym_cli_invite_generation(&claims->generation, options->dir, &claims->id);
    if (error == SKEYM_ERR_REVOKED) {
        return no_generation(options);
    }
    if (error == SKEYM_OK) {
        error = make_credential(file, claims, fingerprint, options->dir);
    }
    if (error == SKEYM_OK) {
        error = audit(options->dir, claims, &file->keys, now_ms);
    }
    if (error != SKEYM_OK) {
        return skeym_cli_dir_fail("enrol", options->dir, error);
    }
    error = skeym_credential_save(file, options->output, true);
    if (error != SKEYM_OK) {
        return skeym_cli_fail("enrol", options->output, error);
    }
    report(file, options, claims, fingerprint);
    return SKEYM_EXIT_OK;
}

/* --- by invitation ---------------------------------------------------------------- */

/* "15m", "1h", "2d" */
static bool read_expires(uint32_t *seconds, const char *text)
{
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}};
    char number[8] = {0};
    size_t size = strlen(text);
    uint32_t count = 0;
    if (size < 2 || size > sizeof number) {
        return false;
    }
    memcpy(number, text, size - 1);
    if (!skeym_cli_number(&count, number, 1, SKEYM_CLI_INVITE_MOST_S / 60)) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (text[size - 1] == units[i].unit) {
            *seconds = count * units[i].seconds;
            return *seconds <= SKEYM_CLI_INVITE_MOST_S;
        }
    }
    return false;
}

static void report_invite(const struct skeym_cli_invite *made, const struct options *options,
                          const struct skeym_invite_claims *claims)
{
    char until[SKEYM_CLI_TIME_BYTES];
    skeym_cli_time(until, claims->expires_s);
    printf("Invited %s as %s, generation %u, at authority %s.\n"
           "The link works once, until %s. Whoever has it first is %s.\n\n%s\n",
           options->node, options->role, (unsigned)claims->node.generation, made->fingerprint,
           until, options->node, made->link);
    if (options->qr || isatty(STDOUT_FILENO)) {
        putchar('\n');
        enum skeym_error error = skeym_qr_print(stdout, made->link, isatty(STDOUT_FILENO));
        if (error != SKEYM_OK) {
            (void)skeym_cli_fail("enrol", "no QR code", error);
        }
    }
    if (skeym_http_check(options->server, false) == SKEYM_ERR_TLS) {
        printf("\nMind: %s has no TLS; browsers refuse to enrol there.\n", options->server);
    }
}

static int invite(const struct options *options, const struct skeym_node_claims *node,
                  uint64_t now_ms)
{
    struct skeym_cli_invite made;
    struct skeym_invite_claims claims = {.node = *node};
    uint32_t seconds = 3600;
    if (options->expires && !read_expires(&seconds, options->expires)) {
        return wrong_word("--expires", options->expires, "1m to 7d, as 15m, 1h or 2d");
    }
    uint64_t end = now_ms / 1000 + seconds;
    claims.expires_s = end < node->not_after ? (uint32_t)end : node->not_after;
    enum skeym_error error =
        skeym_cli_invite(&made, options->dir, options->server, &claims, now_ms);
    if (error == SKEYM_ERR_REVOKED) {
        return no_generation(options);
    }
    if (error != SKEYM_OK) {
        return skeym_cli_dir_fail("enrol", options->dir, error);
    }
    if (options->code_only) {
        printf("%s\n", made.code);
    } else {
        report_invite(&made, options, &claims);
    }
    skeym_crypto_wipe(&made, sizeof made);
    return SKEYM_EXIT_OK;
}

static int lock(struct skeym_credential_file *file, const struct options *options)
{
    char *passphrase;
    size_t size;
    if (!skeym_cli_new_passphrase(&passphrase, &size, "enrol", options->passphrase_path,
                                  options->no_passphrase)) {
        return SKEYM_EXIT_FAILED;
    }
    if (!passphrase) {
        return SKEYM_EXIT_OK;
    }
    enum skeym_error error = skeym_credential_lock(file, skeym_span(passphrase, size));
    skeym_crypto_wipe(passphrase, size);
    free(passphrase);
    return error == SKEYM_OK ? SKEYM_EXIT_OK : skeym_cli_fail("enrol", "passphrase", error);
}

static int run(int argc, char **argv)
{
    struct options options = {0};
    struct skeym_node_claims claims = {0};
    struct skeym_credential_file file;
    uint64_t now_ms = skeym_cli_now();
    int code;
    memset(&file, 0, sizeof file);
    if (!read_options(&options, argc, argv, &code)) {
        return code;
    }
    code = read_claims(&claims, &options, now_ms);
    if (options.invite) {
        return code == SKEYM_EXIT_OK ? invite(&options, &claims, now_ms) : code;
    }
    if (code == SKEYM_EXIT_OK) {
        enum skeym_error error = place_for(options.output);
        code = error == SKEYM_OK ? code : skeym_cli_fail("enrol", options.output, error);
    }
    if (code == SKEYM_EXIT_OK) {
        code = read_key(&file, &options);
    }
    if (code == SKEYM_EXIT_OK) {
        code = lock(&file, &options);
    }
    if (code == SKEYM_EXIT_OK) {
        code = enrol(&file, &claims, &options, now_ms);
    }
    skeym_credential_wipe(&file);
    return code;
}

const struct skeym_command skeym_command_enrol = {"enrol", "gives a node its credential file",
                                                  usage, run};
