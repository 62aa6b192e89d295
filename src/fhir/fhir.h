/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FHIR R4 (4.0.1) over the store: one function from a request to an answer. No sockets, no threads,
 * no clock of its own: time, random bytes and permission come in as arguments.
 *
 * Served: GET metadata (which names AuditEvent, too: the layer above answers that); GET
 * Observation|Patient|Device/{id}, also /_history/{the current version}; search of the three, also
 * by POST TYPE/_search with a form, and of Patient/{id}/Observation; GET Observation/$lastn, also
 * by POST with Parameters; POST of the three; PUT Patient|Device/{id}, and PUT
 * Patient|Device?identifier=.., which create or update; POST of a batch or transaction Bundle with
 * such entries. Observations are never changed or deleted.
 *
 * What differs from the usual, and why:
 * - A POST with an identifier (with system and value) that is stored already makes no second
 *   resource: it answers 200 with the stored one, as a conditional create does. For observations
 *   this holds within one patient and one node, so that no node learns, blocks or takes the place
 *   of what another writes; and only for a repetition: the same identifier with other content is
 *   409.
 * - A resource that the asker may not read is answered as if it were not there (404), but for a
 *   Patient, whose URL says whose it is: 403 whether it is there or not.
 * - If-None-Exist must name an identifier; for observations the patient and the node are added.
 * - A PUT by a search needs an identifier in it, and the right to search everybody's; where nothing
 *   is found, the resource must have no id of its own.
 * - ifMatch of a Bundle's PUT is kept to (412). A single request has no such field: who has an
 *   If-Match sends a transaction of one entry. A condition of a write that is not known or no text
 *   is refused, and so is a transaction that has a fullUrl, or updates a resource, twice.
 * - Identifiers with a system are unique among Patients, and among Devices: who may write one is
 *   told by a 409 that another one has the identifier, though not which.
 * - Unknown search parameters and modifiers are refused (400), as if Prefer: handling=strict.
 *   _summary (but for count), _elements, _pretty and _total ask for less than what is answered, and
 *   FHIR allows that: the answer is whole, and has a total where one page holds all.
 * - An observation must have a Patient as its subject, a coding, and effectiveDateTime,
 *   effectiveInstant or effectivePeriod. Times without a zone are UTC.
 * - Patient?name= finds what a part of a name begins with, in capitals or small letters (Latin,
 *   Greek, Cyrillic). Accents count: "mull" does not find "Müller".
 * - meta.versionId and meta.lastUpdated are the store's. lastUpdated grows with every commit, so
 *   _lastUpdated=gt{newest seen} misses nothing.
 * - meta.source is ours: urn:skeym:node:{the node that wrote this version}. A resource may name
 *   any device (a gateway speaks for many), so this is what tells who is answerable for it.
 * - ids are 48 bits of time and 80 random bits in hex: not to be guessed, and new rows land at the
 *   end of the index.
 */
#ifndef SKEYM_FHIR_FHIR_H
#define SKEYM_FHIR_FHIR_H

#include "store/store.h"
#include <skeym/error.h>
#include <skeym/span.h>

enum {
    SKEYM_FHIR_BODY_BYTES = 8 << 20, /* the largest body read; more is 413 */
    SKEYM_FHIR_PAGE_BYTES = 8 << 20, /* a page of a search ends early rather than grow past this */
    /* All that the GETs of one request answer, a Bundle's together. Holds the largest resource. */
    SKEYM_FHIR_ANSWER_BYTES = 9 << 20,
    SKEYM_FHIR_DEPTH = 32,     /* nesting of JSON */
    SKEYM_FHIR_ENTRIES = 1000, /* of one Bundle */
    SKEYM_FHIR_COUNT = 50,     /* _count, when not given */
    SKEYM_FHIR_COUNT_MAX = 1000,
    SKEYM_FHIR_LOCATION_BYTES = 512,
};

/* Who asks, and what they may do. allows is asked for every interaction (and every entry of a
 * Bundle) before skeym_fhir_handle returns, never later. interaction: 'c' create, 'r' read,
 * 'u' update (also one that creates), 's' search. patient: the resource's, or the search's; empty
 * means any patient, or none. */
struct skeym_fhir_grant {
    bool (*allows)(void *arg, char interaction, struct skeym_span resource_type,
                   struct skeym_span patient);
    void *arg;
};

struct skeym_fhir_request {
    struct skeym_span method;       /* "GET", "POST", "PUT" */
    struct skeym_span target;       /* path and query as sent: /fhir/Observation?patient=1 */
    struct skeym_span content_type; /* of the body */
    struct skeym_span body;
    struct skeym_span if_none_exist; /* the header's value, or empty */
    /* An idempotency key, or empty. A write of the same node with the same key that has changed
     * something is answered again, not carried out again; with another digest it is 422. The
     * entries of a Bundle have the key with a slash and their number. */
    struct skeym_span key;
    uint8_t digest[SKEYM_STORE_DIGEST_BYTES]; /* of the whole request */
    struct skeym_span node; /* the id of the node that asks, as it has proved it */
    struct skeym_fhir_grant grant;
    /* Absolute, without a slash at the end: https://ward:8443/fhir. The operator's, in plain URL
     * characters: it goes into links and Location as it is, so never take it from a Host header. */
    const char *base_url;
    uint64_t now_ms;
    /* true: done may be given an answer that skeym_fhir_answer_write is still to write. */
    bool unwritten;
};

struct skeym_fhir_job;

struct skeym_fhir_answer {
    int status;
    const char *content_type; /* application/fhir+json */
    char *body;               /* NUL-terminated; never NULL */
    size_t body_size;
    char location[SKEYM_FHIR_LOCATION_BYTES]; /* Location header, or empty */
    /* What the grant refused: 1 for the whole request, or the number of a Bundle's entries. Also
     * counts what is answered as if it were not there, so it is not the number of 403s. */
    unsigned forbidden;
    bool fixed; /* the body is a constant, for when there is no memory: not to be wiped */
    struct skeym_fhir_job *job; /* not NULL: unwritten, all else is empty */
};

/* Takes the answer: free it with skeym_fhir_answer_free. answer is never NULL. */
typedef void (*skeym_fhir_done)(void *arg, struct skeym_fhir_answer *answer);

struct skeym_fhir_options {
    struct skeym_store *store;
    /* Fills out with random bytes. Called by any thread that calls skeym_fhir_handle. */
    enum skeym_error (*random)(void *arg, void *out, size_t size);
    void *random_arg;
    const char *version; /* of the software, for metadata */
};

struct skeym_fhir;

SKEYM_MUST_USE enum skeym_error skeym_fhir_new(struct skeym_fhir **out,
                                               const struct skeym_fhir_options *options);
/* After the store is closed: answers that are still to come use it. */
void skeym_fhir_free(struct skeym_fhir *fhir);

/* Handles one request; calls done exactly once. Returns true when done has been called (reads and
 * refusals); false when it is called later (or is being called now) on the store's writer thread,
 * after the commit. Nothing of the request but `arg` is used after the return. The reader is the
 * calling thread's own. Any number of threads may be in here. */
bool skeym_fhir_handle(struct skeym_fhir *fhir, struct skeym_store_reader *reader,
                       const struct skeym_fhir_request *request, skeym_fhir_done done, void *arg);

/* true when a request with this method and target may write: its answer may come later. */
bool skeym_fhir_is_write(struct skeym_span method, struct skeym_span target);

/* An OperationOutcome for an error outside of this layer: 413, 401, 500 ... code is FHIR's
 * issue-type ("too-long", "security"). Never NULL. */
struct skeym_fhir_answer *skeym_fhir_error_answer(int status, const char *code,
                                                  const char *diagnostics);
/* Writes an answer that is unwritten, on any thread, and gives it back; any other as it is. Never
 * NULL. */
struct skeym_fhir_answer *skeym_fhir_answer_write(struct skeym_fhir_answer *answer);
/* Written or not. */
void skeym_fhir_answer_free(struct skeym_fhir_answer *answer);

#endif
