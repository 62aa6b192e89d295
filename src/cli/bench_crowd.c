/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench.h"

#include "crypto/crypto.h"
#include "server/audit.h"
#include "server/home.h"
#include <stdlib.h>
#include <string.h>

#define DAY_S UINT64_C(86400)

enum { BODY_BYTES = 8192 };

/* --- enrolment ------------------------------------------------------------------------ */

/* What all nodes have in common. SECRET. */
struct office {
    struct skeym_keyring keyring;
    struct skeym_working_keys keys;
    struct skeym_revoked revoked;
    struct skeym_node_claims claims;
};

static enum skeym_error open_office(struct office *office, const char *dir, uint64_t now_ms)
{
    memset(office, 0, sizeof *office);
    enum skeym_error error = skeym_home_keyring(&office->keyring, dir);
    if (!error) {
        error = skeym_keyring_derive(&office->keys, &office->keyring);
    }
    if (!error) {
        error = skeym_home_revoked(&office->revoked, dir);
    }
    if (!error) {
        error = skeym_scope_parse(&office->claims.scopes.at[0], skeym_span_text("system/*.cruds"));
    }
    office->claims.scopes.count = 1;
    office->claims.role = SKEYM_ROLE_SERVICE;
    office->claims.not_after = (uint32_t)(now_ms / 1000 + DAY_S);
    return error;
}

static void close_office(struct office *office)
{
    skeym_home_revoked_free(&office->revoked);
    skeym_crypto_wipe(office, sizeof *office);
}

static enum skeym_error enrol_one(struct skeym_credentials *out, struct office *office, size_t i)
{
    char name[SKEYM_NODE_ID_BYTES];
    uint8_t nonce[SKEYM_NONCE_BYTES];
    uint8_t private_key[32];
    int size = snprintf(name, sizeof name, "load-%zu", i);
    enum skeym_error error =
        skeym_name_node(&office->claims.id, skeym_span(name, (size_t)(size > 0 ? size : 0)));
    if (!error) {
        error = skeym_crypto_random(private_key, sizeof private_key);
    }
    if (!error) {
        error = skeym_crypto_random(nonce, sizeof nonce);
    }
    if (!error) {
        error = skeym_crypto_x25519_public(office->claims.public_key, private_key);
    }
    office->claims.generation = skeym_enrolment_generation(&office->revoked, &office->claims.id);
    if (!error && office->claims.generation == 0) {
        error = SKEYM_ERR_REVOKED;
    }
    if (!error) {
        error = skeym_enrolment_make(out, &office->keys, &office->claims, nonce);
    }
    if (!error) {
        memcpy(out->private_key, private_key, sizeof private_key);
    }
    skeym_crypto_wipe(private_key, sizeof private_key);
    return error;
}

/* One line for all; it comes first, as that of `skeym enrol`. */
static enum skeym_error audit(const char *dir, const struct office *office, size_t count,
                              uint64_t now_ms)
{
    struct json_object *event = skeym_audit_event("bench", now_ms);
    skeym_audit_text(event, "nodes", "load-0 and up");
    skeym_audit_number(event, "count", count);
    skeym_audit_text(event, "scope", "system/*.cruds");
    skeym_audit_number(event, "not_after", office->claims.not_after);
    return skeym_audit_append(dir, event);
}

static int enrol(struct skeym_bench_crowd *crowd, const char *dir, size_t count)
{
    struct office office;
    uint64_t now_ms = skeym_cli_now();
    enum skeym_error error = open_office(&office, dir, now_ms);
    crowd->credentials = calloc(count, sizeof crowd->credentials[0]);
    crowd->credential_count = count;
    if (!error && !crowd->credentials) {
        error = SKEYM_ERR_MEMORY;
    }
    if (!error) {
        error = audit(dir, &office, count, now_ms);
    }
    for (size_t i = 0; i < count && !error; i++) {
        error = enrol_one(&crowd->credentials[i], &office, i);
    }
    close_office(&office);
    return error ? skeym_cli_dir_fail("bench", dir, error) : SKEYM_EXIT_OK;
}

/* --- lanes --------------------------------------------------------------------------------- */

static int out_of_memory(void)
{
    return skeym_cli_fail("bench", NULL, SKEYM_ERR_MEMORY);
}

static int make_nodes(struct skeym_bench_crowd *crowd, const struct skeym_bench_options *options)
{
    int code = enrol(crowd, options->dir, crowd->count);
    crowd->nodes = calloc(crowd->count, sizeof crowd->nodes[0]);
    if (code == SKEYM_EXIT_OK && !crowd->nodes) {
        return out_of_memory();
    }
    for (size_t i = 0; i < crowd->count && code == SKEYM_EXIT_OK; i++) {
        if (skeym_load_node_init(&crowd->nodes[i], &crowd->credentials[i], &options->work, i)) {
            return out_of_memory();
        }
        crowd->lanes[i] = (struct skeym_load_lane){&skeym_load_node_script, &crowd->nodes[i]};
    }
    return code;
}

static int make_attackers(struct skeym_bench_crowd *crowd,
                          const struct skeym_bench_options *options)
{
    int code = enrol(crowd, options->dir, 1);
    enum skeym_error error = SKEYM_OK;
    crowd->attackers = calloc(crowd->count, sizeof crowd->attackers[0]);
    if (code != SKEYM_EXIT_OK || !crowd->attackers) {
        return code ? code : out_of_memory();
    }
    if (options->attack->needs_loot) {
        error = skeym_load_attack_loot(&crowd->loot, &options->load.target, crowd->credentials);
    }
    if (error) {
        return skeym_cli_fail("bench", "a genuine node got no answer", error);
    }
    crowd->script = skeym_load_attack_script(options->attack, options->batch);
    for (size_t i = 0; i < crowd->count && !error; i++) {
        error = skeym_load_attack_init(&crowd->attackers[i], options->attack, &crowd->loot,
                                       crowd->credentials, i);
        crowd->lanes[i] = (struct skeym_load_lane){&crowd->script, &crowd->attackers[i]};
    }
    return error ? skeym_cli_fail("bench", options->attack->name, error) : SKEYM_EXIT_OK;
}

static enum skeym_error read_body(uint8_t **body, size_t *size, const char *path)
{
    if (path) {
        return skeym_home_read_file(body, size, path, BODY_BYTES, false);
    }
    *body = NULL;
    *size = 0;
    return SKEYM_OK;
}

/* The headers that were given and the line of a file, which secrets are in that shall not stand in
 * the list of processes. *line is malloc'ed. */
static enum skeym_error gather_headers(struct skeym_cli_words *out, uint8_t **line,
                                       const struct skeym_bench_options *options)
{
    size_t size = 0;
    *out = options->headers;
    *line = NULL;
    if (!options->header_file) {
        return SKEYM_OK;
    }
    enum skeym_error error =
        skeym_home_read_file(line, &size, options->header_file, BODY_BYTES, true);
    if (error) {
        return error;
    }
    if (size > 0 && (*line)[size - 1] == '\n') {
        size--;
    }
    uint8_t *longer = realloc(*line, size + 1);
    if (!longer) {
        return SKEYM_ERR_MEMORY;
    }
    *line = longer;
    if (size == 0 || memchr(*line, '\0', size) ||
        out->count == sizeof out->at / sizeof out->at[0]) {
        return SKEYM_ERR_SHAPE;
    }
    (*line)[size] = '\0';
    out->at[out->count++] = (const char *)*line;
    return SKEYM_OK;
}

static int make_plain(struct skeym_bench_crowd *crowd, const struct skeym_bench_options *options)
{
    struct skeym_cli_words headers;
    uint8_t *line = NULL;
    uint8_t *body = NULL;
    size_t body_size = 0;
    enum skeym_error error = read_body(&body, &body_size, options->body);
    if (error) {
        return skeym_cli_fail("bench", options->body, error);
    }
    error = gather_headers(&headers, &line, options);
    if (error) {
        free(body);
        free(line);
        return skeym_cli_fail("bench", options->header_file, error);
    }
    crowd->request = malloc(SKEYM_LOAD_REQUEST);
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){crowd->request, crowd->request ? SKEYM_LOAD_REQUEST : 0});
    error = skeym_load_plain_write(&writer, options->method, &options->load.target, headers.at,
                                   headers.count, skeym_span(body, body_size));
    free(body);
    free(line);
    if (error) {
        return skeym_cli_fail("bench", "the request", error);
    }
    crowd->plain = (struct skeym_load_plain){
        .request = skeym_written(&writer),
        .status = (int)options->expect,
        .body_size = options->body_bytes == UINT32_MAX ? SIZE_MAX : options->body_bytes};
    for (size_t i = 0; i < crowd->count; i++) {
        crowd->lanes[i] = (struct skeym_load_lane){&skeym_load_plain_script, &crowd->plain};
    }
    return SKEYM_EXIT_OK;
}

int skeym_bench_crowd_make(struct skeym_bench_crowd *crowd, struct skeym_bench_options *options)
{
    memset(crowd, 0, sizeof *crowd);
    bool nodes = options->dir && !options->attack;
    crowd->count = nodes ? options->nodes : options->load.connections;
    crowd->lanes = calloc(crowd->count, sizeof crowd->lanes[0]);
    if (!crowd->lanes) {
        return out_of_memory();
    }
    int code = nodes             ? make_nodes(crowd, options)
               : options->attack ? make_attackers(crowd, options)
                                 : make_plain(crowd, options);
    options->load.lanes = crowd->lanes;
    options->load.lane_count = crowd->count;
    return code;
}

void skeym_bench_crowd_free(struct skeym_bench_crowd *crowd)
{
    for (size_t i = 0; crowd->nodes && i < crowd->count; i++) {
        if (crowd->nodes[i].work) {
            skeym_load_node_end(&crowd->nodes[i]);
        }
    }
    for (size_t i = 0; crowd->attackers && i < crowd->count; i++) {
        skeym_load_attack_end(&crowd->attackers[i]);
    }
    if (crowd->credentials) {
        skeym_crypto_wipe(crowd->credentials,
                          crowd->credential_count * sizeof crowd->credentials[0]);
    }
    free(crowd->credentials);
    free(crowd->nodes);
    free(crowd->attackers);
    free(crowd->lanes);
    free(crowd->request);
    skeym_crypto_wipe(crowd, sizeof *crowd);
}
