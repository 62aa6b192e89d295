/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: durable rows of clinical records, found again by patient, time and code. It knows no
 * JSON and no FHIR: a record's body is bytes. The engine behind it (sqlite.c) is chosen in store.c.
 *
 * One writer thread. skeym_store_submit queues a batch; everything that is queued while the disk is
 * busy goes into the next transaction (group commit), and a batch's done is called only after the
 * commit that holds it is durable. A batch that fails is rolled back alone. Any number of readers,
 * each with a handle of its own, never wait for the writer. A store that has met damage takes no
 * more writes (SKEYM_ERR_DAMAGED) until it is opened again: it could not keep its word.
 *
 * Times are milliseconds since 1970, signed; a range is [start, stop). updated_ms is set by the
 * store: all rows of one transaction share it, and it always grows from one transaction to the
 * next, also when the clock jumps back. So a reader who asks for what is newer than the newest row
 * it has seen misses nothing. After a clock that ran ahead was set back it stays ahead until time
 * catches up.
 */
#ifndef SKEYM_STORE_STORE_H
#define SKEYM_STORE_STORE_H

#include <skeym/error.h>
#include <skeym/span.h>

/* Beyond every date: an open end (+) or start (-). Differences of two such times do not overflow.
 */
#define SKEYM_STORE_FOREVER (INT64_MAX / 4)

enum {
    SKEYM_STORE_TAGS_MAX = 64,   /* tags of one record */
    SKEYM_STORE_VALUES_MAX = 64, /* values of all tests of one query */
    SKEYM_STORE_LATEST_ROWS_MAX = 10000,
    SKEYM_STORE_DIGEST_BYTES = 32,
};

enum skeym_store_kind { SKEYM_STORE_OBSERVATION, SKEYM_STORE_PATIENT, SKEYM_STORE_DEVICE };
enum { SKEYM_STORE_KINDS = 3 };

enum skeym_store_tag_kind {
    SKEYM_STORE_CODE,     /* observations only */
    SKEYM_STORE_CATEGORY, /* observations only */
    /* With a system: unique per kind; observations: per patient and writer. */
    SKEYM_STORE_IDENTIFIER,
    SKEYM_STORE_NAME, /* found by prefix; the caller folds its case */
};

struct skeym_store_tag {
    enum skeym_store_tag_kind kind;
    struct skeym_span system, value;
};

struct skeym_store_record {
    enum skeym_store_kind kind;
    struct skeym_span id;
    struct skeym_span patient; /* observations: required; devices: may be empty */
    int64_t start_ms, stop_ms; /* observations: the effective time */
    int64_t updated_ms;
    uint32_t version; /* from 1 */
    struct skeym_span body;
    struct skeym_span writer; /* who wrote this version */
};

/* What a query asks. A query is an AND of tests, a test is an OR of values. */
enum skeym_store_field {
    SKEYM_STORE_BY_ID,         /* value.text */
    SKEYM_STORE_BY_PATIENT,    /* value.text */
    SKEYM_STORE_BY_WRITER,     /* value.text */
    SKEYM_STORE_BY_CODE,       /* value.system (or any), value.text (or any) */
    SKEYM_STORE_BY_CATEGORY,   /* the same */
    SKEYM_STORE_BY_IDENTIFIER, /* the same, but text is required */
    SKEYM_STORE_BY_NAME,       /* value.text is a prefix */
    SKEYM_STORE_BY_TIME,       /* value.compare, low, high */
    SKEYM_STORE_BY_UPDATED,    /* the same */
};

/* How a record's range [start, stop) is compared with a value's [low, high): FHIR's prefixes. */
enum skeym_store_compare {
    SKEYM_STORE_EQ, /* within the value's range */
    SKEYM_STORE_NE,
    SKEYM_STORE_LT, /* some of it is before the value's range */
    SKEYM_STORE_GT,
    SKEYM_STORE_LE, /* LT or EQ */
    SKEYM_STORE_GE,
    SKEYM_STORE_SA, /* all of it is after */
    SKEYM_STORE_EB,
    SKEYM_STORE_AP, /* overlaps */
};

struct skeym_store_value {
    struct skeym_span system, text;
    bool any_system, any_text;
    enum skeym_store_compare compare;
    int64_t low, high;
};

struct skeym_store_test {
    enum skeym_store_field field;
    const struct skeym_store_value *values;
    size_t count; /* 0 matches nothing */
};

enum skeym_store_order { SKEYM_STORE_ORDER_TIME, SKEYM_STORE_ORDER_UPDATED, SKEYM_STORE_ORDER_ID };

struct skeym_store_query {
    enum skeym_store_kind kind;
    const struct skeym_store_test *tests;
    size_t test_count;
    enum skeym_store_order order; /* the id breaks ties; TIME is for observations only */
    bool descending;
    bool resume; /* only rows after (after_key, after_id) in that order */
    int64_t after_key;
    struct skeym_span after_id;
    uint32_t limit;
};

/* One row of an answer; its spans live until the function returns. Return false to stop. */
typedef bool (*skeym_store_each)(void *arg, const struct skeym_store_record *record);

enum skeym_store_action { SKEYM_STORE_CREATE, SKEYM_STORE_PUT };

enum skeym_store_outcome {
    SKEYM_STORE_NOTHING,
    SKEYM_STORE_CREATED,
    SKEYM_STORE_UPDATED,
    SKEYM_STORE_FOUND,   /* a create met a record that is there already; see `found` */
    SKEYM_STORE_SEVERAL, /* ERR_CONFLICT: it met more than one */
    SKEYM_STORE_CHANGED, /* ERR_CONFLICT: another version than expected, or the id is taken */
    SKEYM_STORE_TAKEN,   /* ERR_CONFLICT: another record has the identifier, or is met */
    SKEYM_STORE_DIFFERS, /* ERR_CONFLICT: the identifier's record does not say the same */
    SKEYM_STORE_MISUSED, /* ERR_CONFLICT: the key was used for another request */
};

struct skeym_store_owned; /* the store's */

struct skeym_store_write {
    enum skeym_store_action action;
    struct skeym_store_record record; /* updated_ms: now; version is ignored */
    const struct skeym_store_tag *tags;
    size_t tag_count;
    /* CREATE: what this query or one of the identifiers finds is not made a second time. NULL:
     * identifiers only. SKEYM_ERR_TIMEOUT when it takes too much work. */
    const struct skeym_store_query *none_exist;
    /* CREATE: a record that is there is CHANGED instead of FOUND; TAKEN where it has one of the
     * identifiers, but is not what none_exist looks for. */
    bool must_create;
    bool own_only; /* CREATE: one that is there and another patient's is TAKEN instead of FOUND */
    /* CREATE: whether the record that an identifier finds says what this one says; NULL: yes. On
     * the writer thread. */
    bool (*same)(const struct skeym_store_record *found, const struct skeym_store_record *given);
    /* PUT: the version that is there now, 0 for none. Observations cannot be put. */
    uint32_t expected_version;
    /* Makes it safe to send the same request twice: a write of the same writer with the same key
     * that has changed something is not carried out again, but answered as it was then (repeated).
     * digest: of the whole request, by which another one under the same key is told. Keys are kept
     * for a day, and of them the newest million. Empty: no key. */
    struct skeym_span key;
    uint8_t digest[SKEYM_STORE_DIGEST_BYTES];

    /* Set by the store. */
    enum skeym_error error;
    enum skeym_store_outcome outcome;
    uint32_t version;
    int64_t updated_ms;
    struct skeym_store_record found; /* of FOUND; lives until done returns */
    bool repeated; /* outcome, version and updated_ms are those of the first time; found.id, too */
    struct skeym_store_owned *owned;
};

/* The caller's memory, all of it, until done returns; done may free it. */
struct skeym_store_batch {
    struct skeym_store_write *writes;
    size_t count;
    /* true: all or nothing; the first error stops it and is the batch's. false: each write alone.
     */
    bool atomic;
    /* Called on the writer thread, once, after the commit is durable or has failed. Must not wait
     * for another batch. error: of the whole batch. */
    void (*done)(void *arg, struct skeym_store_batch *batch);
    void *arg;
    enum skeym_error error;
    size_t failed; /* atomic: the write that failed, or count when it was the commit */
    struct skeym_store_batch *next; /* the store's */
};

struct skeym_store_options {
    const char *path;   /* made with mode 0600 when missing; refused when others may read it */
    uint64_t max_bytes; /* quota of the file, 0: none */
    uint32_t busy_ms;   /* how long to wait for a lock of another process; 0: 2000 */
    uint32_t log_bytes; /* of the log, from where on readers are waited for; 0: 128 MiB */
    uint32_t queue_max; /* writes in the queue; 0: 65536 */
    /* A reader's budget, in units of 1000 engine steps; 0: 5000. All none_exist of a batch together
     * have a fifth of it. */
    uint32_t steps_max;
    /* Called when the store finds that it is not whole, by the thread that finds it, may be NULL.
     * SKEYM_ERR_DAMAGED, SKEYM_ERR_MISSING (the file was removed or replaced while it was open):
     * once; every write is refused from then on. SKEYM_ERR_CHECKSUM: whenever a row is met that is
     * not as it was written. */
    void (*alarm)(void *arg, enum skeym_error error);
    void *alarm_arg;
};

struct skeym_store_stats {
    uint64_t batches, writes, failed, commits;
    uint64_t queued; /* writes waiting now */
};

struct skeym_store;
struct skeym_store_reader;

/* Opens or makes the store and starts the writer. Errors: MODE, PERMISSION, MISSING (no such
 * folder), DAMAGED (not a database, or broken), VERSION (made by another version), BUSY, NO_SPACE,
 * MEMORY. Opening the same file twice in one process is not allowed. */
SKEYM_MUST_USE enum skeym_error skeym_store_open(struct skeym_store **out,
                                                 const struct skeym_store_options *options);
/* Commits what is queued, then closes. All readers must be closed before. NULL is fine. */
void skeym_store_close(struct skeym_store *store);
/* Queues a batch. SKEYM_ERR_BUSY when the queue is full: done is then not called. */
SKEYM_MUST_USE enum skeym_error skeym_store_submit(struct skeym_store *store,
                                                   struct skeym_store_batch *batch);
/* Changes the quota from the next transaction on. */
void skeym_store_set_max_bytes(struct skeym_store *store, uint64_t max_bytes);
struct skeym_store_stats skeym_store_stats(struct skeym_store *store);
/* What is wrong with the store, as far as it knows: SKEYM_ERR_DAMAGED, SKEYM_ERR_MISSING,
 * SKEYM_ERR_CHECKSUM as in the alarm; else SKEYM_OK. Looks for the file. Any thread. */
SKEYM_MUST_USE enum skeym_error skeym_store_health(struct skeym_store *store);

/* A reader is for one thread at a time. What a reader finds wrong, the store knows: a damaged
 * database is SKEYM_ERR_DAMAGED, a row that is not as it was written SKEYM_ERR_CHECKSUM; such a row
 * is never given out, and an answer ends before it. */
SKEYM_MUST_USE enum skeym_error skeym_store_reader_open(struct skeym_store_reader **out,
                                                        struct skeym_store *store);
void skeym_store_reader_close(struct skeym_store_reader *reader);
/* Ends what readers at rest keep open for their next get. For who looks after the store each
 * second; the writer does it after each commit. */
void skeym_store_rest(struct skeym_store *store);
/* One budget of work (steps_max) for all that this reader is asked from now on, until the next call
 * of this. A reader that was never given one has it anew for each search. */
void skeym_store_reader_budget(struct skeym_store_reader *reader);
/* One record. SKEYM_ERR_NOT_FOUND; each may be called once. */
SKEYM_MUST_USE enum skeym_error skeym_store_get(struct skeym_store_reader *reader,
                                                enum skeym_store_kind kind, struct skeym_span id,
                                                skeym_store_each each, void *arg);
/* Up to query->limit rows in order. SKEYM_ERR_RANGE: too many values. SKEYM_ERR_TIMEOUT: too much
 * work (steps_max). */
SKEYM_MUST_USE enum skeym_error skeym_store_search(struct skeym_store_reader *reader,
                                                   const struct skeym_store_query *query,
                                                   skeym_store_each each, void *arg);
/* Of every code that the query's observations have, the newest query->limit ones. Codes that occur
 * together on one of these observations are one group. Needs a BY_PATIENT test of one value; order
 * and resume are ignored. Rows come group by group, newest first. */
SKEYM_MUST_USE enum skeym_error skeym_store_latest(struct skeym_store_reader *reader,
                                                   const struct skeym_store_query *query,
                                                   skeym_store_each each, void *arg);

#endif
