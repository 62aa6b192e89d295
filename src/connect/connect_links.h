/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links between a sidecar and its server, and what else of an answer's text becomes part of its
 * head. Pure. Texts are walked, not parsed into values: what is no link is left as it is, to the
 * byte, and a text that is no JSON is left alone.
 *
 * A link is a string at one of these places, that begins with the one base and goes on with
 * a slash, a question mark or not at all: Bundle.link.url, entry.fullUrl, entry.request.url,
 * entry.response.location, implementation.url, and every `reference`.
 */
#ifndef SKEYM_CONNECT_CONNECT_LINKS_H
#define SKEYM_CONNECT_CONNECT_LINKS_H

#include <skeym/span.h>

enum { SKEYM_CONNECT_DEPTH = 64 }; /* of nesting; a deeper text is left alone */

/* Replaces the base `from` by `to` in all links. *out: malloc'ed with a NUL behind it, or NULL when
 * there is nothing to change. Both bases are of plain URL characters, without a slash at the end.
 * Errors: SKEYM_ERR_MEMORY. */
SKEYM_MUST_USE enum skeym_error skeym_connect_links_change(uint8_t **out, size_t *size,
                                                           struct skeym_span text, const char *from,
                                                           const char *to);

/* Of a resource: views into its text, raw; empty where there is none, and where it has an escape.
 */
struct skeym_connect_resource {
    struct skeym_span type, id, version, updated; /* meta.versionId, meta.lastUpdated */
};
struct skeym_connect_resource skeym_connect_links_resource(struct skeym_span text);
/* CapabilityStatement.implementation.url; empty when there is none of plain characters. */
struct skeym_span skeym_connect_links_base(struct skeym_span text);

#endif
