/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST and PUT, alone or as entries of a Bundle. A job holds all memory of one request until the
 * store has answered.
 */
#ifndef SKEYM_FHIR_FHIR_WRITE_H
#define SKEYM_FHIR_FHIR_WRITE_H

#include "fhir/fhir_read.h"

enum skeym_fhir_form { SKEYM_FHIR_SINGLE, SKEYM_FHIR_BATCH, SKEYM_FHIR_TRANSACTION };

struct skeym_fhir_entry {
    struct skeym_fhir_problem problem; /* status 0: none */
    struct skeym_fhir_text read;       /* the JSON of a GET; empty for a write */
    bool is_write;
    bool is_put;
    struct skeym_fhir_row row;
    struct skeym_fhir_search *none_exist;
    struct skeym_span full_url; /* until it is submitted */
    bool referenced;            /* another entry refers to full_url */
    bool may_read;              /* the grant lets the asker read what a create may find instead */
    bool may_read_others;       /* also when that is another patient's */
    bool narrowed;              /* none_exist has got its patient */
    bool own_only;              /* such a one is not named: 409 */
    bool must_create; /* a conditional update found nothing: nothing may have come since */
    struct skeym_span if_match; /* of a PUT: "W/"2"", or empty; a copy */
    bool unmatched;        /* if_match is not what is there now: only a key of before saves it */
    struct skeym_span key; /* an idempotency key, or empty */
    uint32_t version;
    struct skeym_store_write *write; /* once submitted */
};

struct skeym_fhir_job {
    struct skeym_fhir_arena arena;
    struct json_object *root; /* until it is submitted */
    const char *base_url;     /* a copy */
    struct skeym_span key;    /* a copy: the request's */
    uint8_t digest[SKEYM_STORE_DIGEST_BYTES];
    enum skeym_fhir_form form;
    struct skeym_fhir_entry *entries;
    size_t count;
    struct skeym_fhir_entry **by_url; /* of a transaction: by full_url, while it is resolved */
    size_t by_url_count;
    struct skeym_store_batch batch;
    struct skeym_fhir_answer answer; /* until it is written: empty, but for `job` */
    bool unwritten;                  /* as in the request */
    skeym_fhir_done done;
    void *arg;
};

/* "POST Observation" or "PUT Patient/1": sets the entry up with kind, id and row.resource, before
 * references are resolved. if_none_exist may be empty. */
bool skeym_fhir_write_begin(struct skeym_fhir_entry *entry, struct skeym_fhir_job *job,
                            const struct skeym_fhir_call *call, const struct skeym_fhir_url *url,
                            struct json_object *resource, bool is_put,
                            struct skeym_fhir_problem *problem);
bool skeym_fhir_write_condition(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                                struct skeym_span if_none_exist,
                                struct skeym_fhir_problem *problem);
/* "PUT Patient?identifier=a|b" (fhir_condition.c): asks the grant whether anybody's may be
 * searched, looks, and makes the entry the update of the one that is found, or a create. Problems:
 * 400, 403, 412 (several are found). */
bool skeym_fhir_condition_put(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                              const struct skeym_fhir_url *url, struct skeym_fhir_problem *problem);
/* Whether if_match is the version that is there, 0 for none. Problem: 412. */
bool skeym_fhir_condition_match(struct skeym_span if_match, uint32_t version,
                                struct skeym_fhir_problem *problem);
/* A new id: 48 bits of time, then 80 random bits, in hex. */
bool skeym_fhir_write_id(struct skeym_span *id, const struct skeym_fhir_call *call,
                         struct skeym_fhir_problem *problem);
/* Validates, asks the grant, and narrows ifNoneExist to what the asker may meet. May be called
 * again when references have been replaced: it asks again. */
bool skeym_fhir_write_ask(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                          struct skeym_fhir_problem *problem);
/* The same, and makes the body. */
bool skeym_fhir_write_check(struct skeym_fhir_entry *entry, const struct skeym_fhir_call *call,
                            struct skeym_fhir_problem *problem);
/* Submits the job's writes; the job answers and frees itself. true: done was called already. */
bool skeym_fhir_write_submit(struct skeym_fhir_job *job, struct skeym_store *store,
                             uint64_t now_ms);
/* With all that it has. */
void skeym_fhir_write_free(struct skeym_fhir_job *job);
/* Answers a job that never came to the store, and frees it. Always true. */
bool skeym_fhir_write_refuse(struct skeym_fhir_job *job, const struct skeym_fhir_problem *problem);
struct skeym_fhir_job *skeym_fhir_write_job(const struct skeym_fhir_request *request,
                                            skeym_fhir_done done, void *arg);

/* What the store's answer to one write means. Status 200 or 201, or the entry's problem. */
int skeym_fhir_write_result(struct skeym_fhir_entry *entry, struct skeym_store_record *record);

/* fhir_bundle.c: fills the job from a Bundle; the JSON of the answer to one. */
bool skeym_fhir_bundle_parse(struct skeym_fhir_job *job, const struct skeym_fhir_call *call,
                             struct skeym_fhir_problem *problem);
struct skeym_fhir_answer *skeym_fhir_bundle_answer(struct skeym_fhir_job *job);

#endif
