/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/stateful.h"
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

enum skeym_error skeym_stateful_open(struct skeym_stateful *twin, size_t places)
{
    *twin = (struct skeym_stateful){.places = places};
    twin->table = calloc(places, sizeof *twin->table);
    return twin->table ? SKEYM_OK : SKEYM_ERR_MEMORY;
}

void skeym_stateful_close(struct skeym_stateful *twin)
{
    if (twin->table) {
        skeym_crypto_wipe(twin->table, skeym_stateful_bytes(twin));
    }
    free(twin->table);
    *twin = (struct skeym_stateful){0};
}

size_t skeym_stateful_bytes(const struct skeym_stateful *twin)
{
    return twin->places * sizeof *twin->table;
}

/* Ids are even, so that their first bytes are a hash. A revoked session keeps its place, or those
 * behind it would not be found. */
static struct skeym_stateful_session *place(const struct skeym_stateful *twin,
                                            const uint8_t id[SKEYM_STATEFUL_ID_BYTES])
{
    uint64_t at;
    memcpy(&at, id, sizeof at);
    for (;; at++) {
        struct skeym_stateful_session *session = &twin->table[at & (twin->places - 1)];
        if (session->expires_ms == 0 || skeym_crypto_equal(session->id, id, sizeof session->id)) {
            return session;
        }
    }
}

static enum skeym_error grow(struct skeym_stateful *twin)
{
    struct skeym_stateful larger;
    enum skeym_error error = skeym_stateful_open(&larger, twin->places * 2);
    if (error != SKEYM_OK) {
        return error;
    }
    for (size_t i = 0; i < twin->places; i++) {
        if (twin->table[i].expires_ms != 0) {
            *place(&larger, twin->table[i].id) = twin->table[i];
        }
    }
    larger.used = twin->used;
    skeym_stateful_close(twin);
    *twin = larger;
    return SKEYM_OK;
}

enum skeym_error skeym_stateful_login(struct skeym_stateful *twin,
                                      uint8_t id[SKEYM_STATEFUL_ID_BYTES],
                                      const struct skeym_token_claims *claims, uint64_t expires_ms)
{
    uint8_t scopes[SKEYM_STATEFUL_SCOPES_BYTES];
    struct skeym_writer writer = skeym_writer((struct skeym_room){scopes, sizeof scopes});
    skeym_scopes_write(&writer, &claims->scopes);
    if (writer.bad) {
        return SKEYM_ERR_SPACE;
    }
    enum skeym_error error = twin->used * 4 >= twin->places * 3 ? grow(twin) : SKEYM_OK;
    if (error == SKEYM_OK) {
        error = skeym_crypto_random(id, SKEYM_STATEFUL_ID_BYTES);
    }
    if (error == SKEYM_OK) {
        struct skeym_stateful_session *session = place(twin, id);
        memcpy(session->id, id, sizeof session->id);
        session->expires_ms = expires_ms;
        session->node = claims->id;
        session->role = claims->role;
        session->scopes_size = (uint8_t)writer.size;
        memcpy(session->scopes, scopes, writer.size);
        twin->used++;
    }
    return error;
}

struct skeym_stateful_session *skeym_stateful_ask(const struct skeym_stateful *twin,
                                                  const uint8_t id[SKEYM_STATEFUL_ID_BYTES],
                                                  uint64_t now_ms)
{
    struct skeym_stateful_session *session = place(twin, id);
    return session->expires_ms > now_ms ? session : NULL;
}

size_t skeym_stateful_revoke(struct skeym_stateful *twin, const struct skeym_name *node)
{
    size_t ended = 0;
    for (size_t i = 0; i < twin->places; i++) {
        struct skeym_stateful_session *session = &twin->table[i];
        if (session->expires_ms > 1 &&
            skeym_span_equal(skeym_name_span(&session->node), skeym_name_span(node))) {
            session->expires_ms = 1; /* over since 1970 */
            ended++;
        }
    }
    return ended;
}
