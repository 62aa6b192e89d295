/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/enrolment.h"
#include "crypto/crypto.h"
#include <string.h>

/* The current enrol key is the last one. */
static const struct skeym_enrol_keys *current(const struct skeym_working_keys *keys)
{
    return &keys->authority.enrol[keys->authority.enrol_count - 1];
}

enum skeym_error skeym_enrolment_make(struct skeym_credentials *out,
                                      const struct skeym_working_keys *keys,
                                      const struct skeym_node_claims *claims,
                                      const uint8_t nonce[SKEYM_NONCE_BYTES])
{
    memset(out, 0, sizeof *out);
    if (keys->authority.enrol_count < 1) {
        return SKEYM_ERR_STATE;
    }
    enum skeym_error error =
        skeym_locator_seal((struct skeym_room){out->locator, sizeof out->locator},
                           &out->locator_size, current(keys), claims, nonce);
    if (error == SKEYM_OK) {
        error = skeym_credential(out->credential, current(keys), claims);
    }
    if (error != SKEYM_OK) {
        skeym_crypto_wipe(out, sizeof *out);
        return error;
    }
    memcpy(out->authority, keys->authority.identity_public, sizeof out->authority);
    out->audience = keys->audience.audience;
    return SKEYM_OK;
}

/* --- revoked --------------------------------------------------------------- */

static enum skeym_error read_generation(uint32_t *out, struct skeym_span text)
{
    uint64_t value = 0;
    if (text.size < 1 || text.size > 10 || text.data[0] == '0') {
        return SKEYM_ERR_RANGE;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return SKEYM_ERR_CHARSET;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (value > UINT32_MAX) {
        return SKEYM_ERR_RANGE;
    }
    *out = (uint32_t)value;
    return SKEYM_OK;
}

static struct skeym_span until(struct skeym_span text, uint8_t stop)
{
    size_t size = 0;
    while (size < text.size && text.data[size] != stop) {
        size++;
    }
    return skeym_span_part(text, 0, size);
}

/* "NODE GENERATION": one space, nothing else. */
static enum skeym_error read_entry(struct skeym_revoked_entry *out, struct skeym_span line)
{
    struct skeym_span id = until(line, ' ');
    if (id.size == line.size) {
        return SKEYM_ERR_SHAPE;
    }
    enum skeym_error error = skeym_name_node(&out->id, id);
    if (error == SKEYM_OK) {
        error = read_generation(&out->generation, skeym_span_part(line, id.size + 1, line.size));
    }
    return error;
}

/* Of several entries of one id, which stand side by side, the highest stays. */
static size_t merge(struct skeym_revoked_entry *at, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool same = kept > 0 &&
                    skeym_span_equal(skeym_name_span(&at[kept - 1].id), skeym_name_span(&at[i].id));
        if (!same) {
            at[kept++] = at[i];
        } else if (at[i].generation > at[kept - 1].generation) {
            at[kept - 1].generation = at[i].generation;
        }
    }
    return kept;
}

enum skeym_error skeym_enrolment_revoked(struct skeym_revoked_entry *out, size_t room,
                                         size_t *count, struct skeym_span text, size_t *line)
{
    enum skeym_error error = SKEYM_OK;
    size_t number = 0;
    size_t found = 0;
    size_t at = 0;
    *count = 0;
    while (error == SKEYM_OK && at < text.size) {
        struct skeym_span rest = skeym_span_part(text, at, text.size);
        struct skeym_span row = until(rest, '\n');
        number++;
        at += row.size;
        /* A line without its end is one that was cut: "ward-7 1" may have been "ward-7 12". */
        if (at == text.size) {
            error = SKEYM_ERR_SHAPE;
            break;
        }
        at++;
        if (row.size == 0 || row.data[0] == '#') {
            continue;
        }
        struct skeym_revoked_entry entry = {0};
        error = read_entry(&entry, row);
        if (error == SKEYM_OK && found == room) {
            error = SKEYM_ERR_SPACE;
        }
        if (error == SKEYM_OK) {
            out[found++] = entry;
        }
    }
    if (line) {
        *line = error == SKEYM_OK ? 0 : number;
    }
    if (error == SKEYM_OK) {
        skeym_revoked_sort(out, found);
        *count = merge(out, found);
    }
    return error;
}

uint32_t skeym_enrolment_generation(const struct skeym_revoked *revoked,
                                    const struct skeym_name *id)
{
    for (size_t i = 0; i < revoked->count; i++) {
        if (skeym_span_equal(skeym_name_span(&revoked->at[i].id), skeym_name_span(id))) {
            uint32_t generation = revoked->at[i].generation;
            return generation == UINT32_MAX ? 0 : generation + 1;
        }
    }
    return 1;
}

/* --- login ----------------------------------------------------------------- */

static bool clock_near(uint64_t time_ms, uint64_t now_ms)
{
    return (time_ms > now_ms ? time_ms - now_ms : now_ms - time_ms) <= SKEYM_LOGIN_SKEW_MS;
}

/* Section 6's order, after the message opened. Every reason looks the same from outside. */
static enum skeym_error judge(const struct skeym_login_policy *policy,
                              const struct skeym_login_request *request, uint64_t now_ms)
{
    const struct skeym_node_claims *claims = &request->claims;
    const struct skeym_name *audience = &policy->keys->audience.audience;
    if (now_ms / 1000 >= claims->not_after) {
        return SKEYM_ERR_EXPIRED;
    }
    if (skeym_revoked_has(policy->revoked, &claims->id, claims->generation)) {
        return SKEYM_ERR_REVOKED;
    }
    if (!skeym_span_equal(skeym_name_span(&request->audience), skeym_name_span(audience))) {
        return SKEYM_ERR_AUDIENCE;
    }
    if (request->scopes.count > 0 && !skeym_scopes_cover(&claims->scopes, &request->scopes)) {
        return SKEYM_ERR_SCOPE;
    }
    return clock_near(request->time_ms, now_ms) ? SKEYM_OK : SKEYM_ERR_CLOCK;
}

static struct skeym_login_terms terms(const struct skeym_login_policy *policy,
                                      const struct skeym_login_request *request, uint64_t now_ms)
{
    uint64_t now_s = now_ms / 1000;
    uint32_t session_s =
        policy->session_s < SKEYM_LOGIN_DEADLINE_MAX ? policy->session_s : SKEYM_LOGIN_DEADLINE_MAX;
    /* not_after is ahead of now: judge saw to it. */
    uint64_t left_s = request->claims.not_after - now_s;
    return (struct skeym_login_terms){
        .server_ms = now_ms,
        .lifetime_s = policy->lifetime_s,
        .deadline_s = (uint32_t)(now_s + (left_s < session_s ? left_s : session_s)),
        .instance = policy->instance,
        .lanes = request->lanes < policy->lanes_max ? request->lanes : policy->lanes_max,
        .scopes = request->scopes.count > 0 ? request->scopes : request->claims.scopes,
        .audience = &policy->keys->audience,
        .keys = &policy->keys->authority,
    };
}

static bool policy_valid(const struct skeym_login_policy *policy, uint64_t now_ms)
{
    return policy->keys->authority.enrol_count > 0 && policy->lifetime_s >= 1 &&
           policy->lifetime_s <= SKEYM_LIFETIME_MAX && policy->session_s >= 1 &&
           policy->lanes_max >= 1 && policy->lanes_max <= SKEYM_LANES_MAX &&
           now_ms / 1000 <= UINT32_MAX - SKEYM_LOGIN_DEADLINE_MAX;
}

enum skeym_error skeym_enrolment_login(struct skeym_room out, size_t *size,
                                       struct skeym_login_report *report,
                                       const struct skeym_login_policy *policy,
                                       struct skeym_span body, uint64_t now_ms,
                                       struct skeym_login_random *random)
{
    struct skeym_login_request request = {0};
    enum skeym_error error = SKEYM_ERR_CONFIG;
    *size = 0;
    memset(report, 0, sizeof *report);
    if (!policy_valid(policy, now_ms)) {
        goto out;
    }
    error = skeym_login_read(&request, &policy->keys->authority, body);
    if (error != SKEYM_OK) {
        goto out;
    }
    report->id = request.claims.id;
    report->generation = request.claims.generation;
    report->role = request.claims.role;
    error = judge(policy, &request, now_ms);
    if (error == SKEYM_ERR_CLOCK) {
        enum skeym_error written =
            skeym_login_answer_clock(out, size, &request, now_ms, random->ephemeral);
        error = written == SKEYM_OK ? SKEYM_ERR_CLOCK : written;
    } else if (error == SKEYM_OK) {
        struct skeym_login_terms granted = terms(policy, &request, now_ms);
        bool renewed = request.enrol_id != current(policy->keys)->id;
        error = skeym_login_answer(out, size, &request, &granted, random);
        if (error == SKEYM_OK) {
            report->lanes = granted.lanes;
            report->renewed = renewed;
        }
    }
out:
    skeym_crypto_wipe(&request, sizeof request);
    skeym_crypto_wipe(random, sizeof *random);
    return error;
}

/* --- by invitation --------------------------------------------------------- */

enum skeym_error skeym_enrolment_invite(struct skeym_invite_code *out,
                                        const struct skeym_working_keys *keys,
                                        const struct skeym_invite_claims *claims,
                                        const uint8_t nonce[SKEYM_NONCE_BYTES])
{
    memset(out, 0, sizeof *out);
    if (keys->authority.enrol_count < 1) {
        return SKEYM_ERR_STATE;
    }
    struct skeym_room room = {out->invitation, sizeof out->invitation};
    enum skeym_error error =
        skeym_invite_seal(room, &out->invitation_size, current(keys), claims, nonce);
    if (error == SKEYM_OK) {
        error = skeym_invite_secret(out->secret, current(keys),
                                    skeym_span(out->invitation, out->invitation_size));
    }
    if (error != SKEYM_OK) {
        skeym_crypto_wipe(out, sizeof *out);
        return error;
    }
    memcpy(out->authority, keys->authority.identity_public, sizeof out->authority);
    out->audience = keys->audience.audience;
    return SKEYM_OK;
}

/* Section 5.1's order, after the message opened. */
static enum skeym_error judge_invited(const struct skeym_invite_request *request,
                                      const struct skeym_revoked *revoked, uint64_t now_ms)
{
    const struct skeym_node_claims *claims = &request->claims;
    if (now_ms / 1000 >= request->expires_s || now_ms / 1000 >= claims->not_after) {
        return SKEYM_ERR_EXPIRED;
    }
    if (skeym_revoked_has(revoked, &claims->id, claims->generation)) {
        return SKEYM_ERR_REVOKED;
    }
    return clock_near(request->time_ms, now_ms) ? SKEYM_OK : SKEYM_ERR_CLOCK;
}

enum skeym_error skeym_enrolment_accept(struct skeym_invite_request *out,
                                        const struct skeym_working_keys *keys,
                                        const struct skeym_revoked *revoked, struct skeym_span body,
                                        uint64_t now_ms)
{
    memset(out, 0, sizeof *out);
    if (keys->authority.enrol_count < 1) {
        return SKEYM_ERR_CONFIG;
    }
    enum skeym_error error = skeym_invite_read(out, &keys->authority, body);
    if (error == SKEYM_OK) {
        error = judge_invited(out, revoked, now_ms);
    }
    if (error != SKEYM_OK && error != SKEYM_ERR_CLOCK) {
        skeym_crypto_wipe(&out->state, sizeof out->state);
    }
    return error;
}
