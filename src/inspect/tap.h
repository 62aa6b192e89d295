/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adversary of docs/PROTOCOL.md, section 1, as a transport: it stands between a session and the
 * server, sees every byte, keeps copies, and may act before a request is delivered, or keep it from
 * being delivered.
 */
#ifndef SKEYM_INSPECT_TAP_H
#define SKEYM_INSPECT_TAP_H

#include "node/session.h"

/* A copy of a request that lives on its own. */
struct skeym_tap_copy {
    struct skeym_wire_request request; /* pointers into this struct's own memory */
    char *method, *target, *content_type, *authorization, *proof;
    uint8_t *body;
};

struct skeym_tap {
    skeym_transport inner;
    void *inner_arg;
    /* Called before each delivery with what is to be sent; false: it is never delivered, and the
     * victim sees a lost connection. May be NULL. */
    bool (*before)(struct skeym_tap *tap, const struct skeym_wire_request *request);
    void *before_arg;
    bool record;   /* keep all bytes in `traffic` */
    char *traffic; /* all that crossed the wire, as text; malloc'ed */
    size_t traffic_size, traffic_room;
    uint64_t delivered, dropped;
};

/* The transport of a session with a tap: arg is the struct skeym_tap. */
enum skeym_error skeym_tap_send(void *arg, const struct skeym_wire_request *request,
                                struct skeym_wire_answer *answer);
void skeym_tap_free(struct skeym_tap *tap);

/* Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_tap_copy(struct skeym_tap_copy *out,
                                               const struct skeym_wire_request *request);
void skeym_tap_copy_free(struct skeym_tap_copy *copy);

/* true when the needle stands somewhere in what was recorded, also inside of base64url-decoded JWE
 * headers, ignoring case. */
bool skeym_tap_saw(const struct skeym_tap *tap, const char *needle);

#endif
