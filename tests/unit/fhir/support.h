/* SPDX-License-Identifier: Apache-2.0 */
/* A FHIR server without a network: one store in a folder of its own, and ask(). */
#ifndef TEST_FHIR_SUPPORT_H
#define TEST_FHIR_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fhir/fhir.h"
#include "store/store.h"

#define BASE "https://ward:8443/fhir"
#define NOW  UINT64_C(1700000000000)

struct bench {
    char folder[64], path[80];
    struct skeym_store *store;
    struct skeym_store_reader *reader;
    struct skeym_fhir *fhir;
    uint64_t now_ms;
    const char *node; /* who asks */
    /* what the grant allows: NULL is everything */
    const char *only_patient;
    const char *interactions;
    bool (*allows)(void *arg, char interaction, struct skeym_span type, struct skeym_span patient);
    char asked[256]; /* what it was asked, "c:Observation:1 " each */
};

struct wait {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct skeym_fhir_answer *answer;
};

static inline enum skeym_error bench_random(void *arg, void *out, size_t size)
{
    static uint32_t counter;
    (void)arg;
    memset(out, 0, size);
    uint32_t value = __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
    memcpy(out, &value, sizeof value < size ? sizeof value : size);
    return SKEYM_OK;
}

static inline bool bench_allows(void *arg, char interaction, struct skeym_span type,
                                struct skeym_span patient)
{
    struct bench *bench = arg;
    size_t used = strlen(bench->asked);
    snprintf(bench->asked + used, sizeof bench->asked - used, "%c:%.*s:%.*s ", interaction,
             (int)type.size, (const char *)type.data, (int)patient.size,
             patient.size ? (const char *)patient.data : "");
    if (bench->allows) {
        return bench->allows(bench, interaction, type, patient);
    }
    if (bench->interactions && !strchr(bench->interactions, interaction)) {
        return false;
    }
    return !bench->only_patient || skeym_span_is(patient, bench->only_patient);
}

static inline void bench_open_with(struct bench *bench, const struct skeym_store_options *options)
{
    assert_int_equal(skeym_store_open(&bench->store, options), SKEYM_OK);
    assert_int_equal(skeym_store_reader_open(&bench->reader, bench->store), SKEYM_OK);
    struct skeym_fhir_options fhir = {bench->store, bench_random, NULL, "0.1.0"};
    assert_int_equal(skeym_fhir_new(&bench->fhir, &fhir), SKEYM_OK);
}

static inline void bench_open(struct bench *bench)
{
    struct skeym_store_options options = {.path = bench->path};
    bench_open_with(bench, &options);
}

static inline void bench_close(struct bench *bench)
{
    skeym_store_reader_close(bench->reader);
    skeym_store_close(bench->store);
    skeym_fhir_free(bench->fhir);
}

static inline int bench_setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    snprintf(bench->folder, sizeof bench->folder, "/tmp/skeym-fhir-XXXXXX");
    if (!mkdtemp(bench->folder)) {
        return -1;
    }
    snprintf(bench->path, sizeof bench->path, "%s/db", bench->folder);
    bench->now_ms = NOW;
    bench->node = "bed-1";
    bench_open(bench);
    *state = bench;
    return 0;
}

static inline int bench_teardown(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    struct bench *bench = *state;
    char path[96];
    bench_close(bench);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", bench->path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(bench->folder);
    free(bench);
    return 0;
}

static inline void bench_done(void *arg, struct skeym_fhir_answer *answer)
{
    struct wait *wait = arg;
    pthread_mutex_lock(&wait->lock);
    wait->answer = answer;
    pthread_cond_signal(&wait->wake);
    pthread_mutex_unlock(&wait->lock);
}

static inline struct skeym_fhir_answer *bench_wait(struct wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    while (!wait->answer) {
        pthread_cond_wait(&wait->wake, &wait->lock);
    }
    pthread_mutex_unlock(&wait->lock);
    return wait->answer;
}

/* As done was given it: perhaps unwritten. */
static inline struct skeym_fhir_answer *bench_send_raw(struct bench *bench,
                                                       struct skeym_fhir_request *request)
{
    struct wait wait = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL};
    request->grant = (struct skeym_fhir_grant){bench_allows, bench};
    request->node = skeym_span_text(bench->node);
    request->base_url = BASE;
    request->now_ms = bench->now_ms;
    request->unwritten = true; /* as the server asks */
    bench->asked[0] = 0;
    (void)skeym_fhir_handle(bench->fhir, bench->reader, request, bench_done, &wait);
    return bench_wait(&wait);
}

static inline struct skeym_fhir_answer *bench_send(struct bench *bench,
                                                   struct skeym_fhir_request *request)
{
    return skeym_fhir_answer_write(bench_send_raw(bench, request));
}

static inline struct skeym_fhir_answer *ask_if(struct bench *bench, const char *method,
                                               const char *target, const char *body,
                                               const char *if_none_exist)
{
    struct skeym_fhir_request request = {
        .method = skeym_span_text(method),
        .target = skeym_span_text(target),
        .content_type = skeym_span_text(body ? "application/fhir+json" : NULL),
        .body = skeym_span_text(body),
        .if_none_exist = skeym_span_text(if_none_exist),
    };
    return bench_send(bench, &request);
}

static inline struct skeym_fhir_answer *ask(struct bench *bench, const char *method,
                                            const char *target, const char *body)
{
    return ask_if(bench, method, target, body, NULL);
}

static inline int status_of(struct bench *bench, const char *method, const char *target,
                            const char *body)
{
    struct skeym_fhir_answer *answer = ask(bench, method, target, body);
    int status = answer->status;
    skeym_fhir_answer_free(answer);
    return status;
}

/* The answer as JSON, and frees it; the status must be that one. */
static inline struct json_object *json_of(struct skeym_fhir_answer *answer, int status)
{
    if (answer->status != status) {
        print_error("status %d: %s\n", answer->status, answer->body);
    }
    assert_int_equal(answer->status, status);
    assert_string_equal(answer->content_type, "application/fhir+json");
    assert_int_equal(strlen(answer->body), answer->body_size);
    struct json_object *json = json_tokener_parse(answer->body);
    assert_non_null(json);
    skeym_fhir_answer_free(answer);
    return json;
}

/* "a.b.0.c" within json; NULL when it is not there. */
static inline struct json_object *at(struct json_object *json, const char *path)
{
    char copy[200], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *part = strtok_r(copy, ".", &rest); part && json; part = strtok_r(NULL, ".", &rest)) {
        if (json_object_is_type(json, json_type_array)) {
            json = json_object_array_get_idx(json, (size_t)strtoul(part, NULL, 10));
        } else {
            json = json_object_object_get(json, part);
        }
    }
    return json;
}

static inline const char *text_at(struct json_object *json, const char *path)
{
    struct json_object *value = at(json, path);
    return value ? json_object_get_string(value) : "";
}

static inline size_t count_at(struct json_object *json, const char *path)
{
    struct json_object *value = at(json, path);
    return value ? json_object_array_length(value) : 0;
}

/* How many a search finds. */
static inline size_t rows_of(struct bench *bench, const char *target)
{
    struct json_object *page = json_of(ask(bench, "GET", target, NULL), 200);
    size_t count = count_at(page, "entry");
    json_object_put(page);
    return count;
}

/* The contents of a file of the official examples, or NULL. */
static inline char *example(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/../shared/data/fhir-r4-examples/%s", SKEYM_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        print_message("skipped: %s is not there\n", path);
        return NULL;
    }
    char *text = calloc(1, 1 << 20);
    size_t size = fread(text, 1, (1 << 20) - 1, file);
    text[size] = 0;
    fclose(file);
    return text;
}

#endif
