/* SPDX-License-Identifier: Apache-2.0 */
#include "node/readback.h"
#include "node/observation.h"
#include "node/observation_samples.h"
#include "node/wfdb.h"
#include "json/json_read.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MOST  100000u
#define PAGE_COUNT  "50"
#define DIGITS_MOST 9u

/* --- pages -------------------------------------------------------------------- */

/* The text of a member, or NULL; a view. */
static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *member = NULL;
    if (!json_object_object_get_ex(object, key, &member) ||
        !json_object_is_type(member, json_type_string)) {
        return NULL;
    }
    return json_object_get_string(member);
}

/* The array that is a member, or NULL. */
static struct json_object *array_of(struct json_object *object, const char *key)
{
    struct json_object *member = NULL;
    return json_object_object_get_ex(object, key, &member) &&
                   json_object_is_type(member, json_type_array)
               ? member
               : NULL;
}

/* Where the next page is, as a target of our own server: whatever host the link names. *target is
 * empty when there is none. */
static enum skeym_error find_next(char target[SKEYM_TARGET_BYTES + 1], struct json_object *bundle)
{
    struct json_object *links = array_of(bundle, "link");
    const char *url = NULL;
    target[0] = 0;
    for (size_t i = 0; links && i < json_object_array_length(links); i++) {
        struct json_object *link = json_object_array_get_idx(links, i);
        const char *relation = text_of(link, "relation");
        if (relation && strcmp(relation, "next") == 0) {
            url = text_of(link, "url");
        }
    }
    if (!url) {
        return SKEYM_OK;
    }
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;
    if (!path || strlen(path) > SKEYM_TARGET_BYTES) {
        return SKEYM_ERR_SHAPE;
    }
    memcpy(target, path, strlen(path) + 1);
    return SKEYM_OK;
}

static enum skeym_error walk_page(struct json_object *bundle, skeym_readback_each each, void *arg)
{
    const char *type = text_of(bundle, "resourceType");
    struct json_object *entries = array_of(bundle, "entry");
    enum skeym_error error = SKEYM_OK;
    if (!type || strcmp(type, "Bundle") != 0) {
        return SKEYM_ERR_SHAPE;
    }
    for (size_t i = 0; entries && i < json_object_array_length(entries) && error == SKEYM_OK; i++) {
        struct json_object *entry = json_object_array_get_idx(entries, i);
        struct json_object *resource = NULL;
        if (!json_object_object_get_ex(entry, "resource", &resource)) {
            return SKEYM_ERR_SHAPE;
        }
        error = each(arg, resource);
    }
    return error;
}

static enum skeym_error get(struct skeym_session *session, const char *target,
                            struct json_object **out, int *status)
{
    struct skeym_session_answer answer;
    struct skeym_closed request = {
        .method = skeym_span_text("GET"),
        .target = skeym_span_text(target),
    };
    bool maybe = false;
    *out = NULL;
    enum skeym_error error = skeym_session_request(session, &request, &answer, &maybe);
    if (error == SKEYM_ERR_NETWORK && maybe) {
        error = skeym_session_request(session, &request, &answer, &maybe);
    }
    if (error != SKEYM_OK) {
        return error;
    }
    *status = answer.status;
    if (answer.status < 200 || answer.status > 299) {
        error = SKEYM_ERR_STATE;
    } else {
        struct skeym_span body = skeym_span(answer.body, answer.body_size);
        error = skeym_json_read(out, body, &skeym_json_read_ours, NULL);
        error = error == SKEYM_OK || error == SKEYM_ERR_MEMORY ? error : SKEYM_ERR_SHAPE;
    }
    skeym_session_answer_free(&answer);
    return error;
}

enum skeym_error skeym_readback_pages(struct skeym_session *session, const char *target,
                                      skeym_readback_each each, void *arg, int *status)
{
    char next[SKEYM_TARGET_BYTES + 1];
    enum skeym_error error = SKEYM_OK;
    *status = 0;
    if (strlen(target) > SKEYM_TARGET_BYTES) {
        return SKEYM_ERR_SIZE;
    }
    memcpy(next, target, strlen(target) + 1);
    for (unsigned page = 0; next[0] && error == SKEYM_OK; page++) {
        struct json_object *bundle = NULL;
        error = page < PAGES_MOST ? get(session, next, &bundle, status) : SKEYM_ERR_RANGE;
        if (error == SKEYM_OK) {
            error = walk_page(bundle, each, arg);
        }
        if (error == SKEYM_OK) {
            error = find_next(next, bundle);
        }
        json_object_put(bundle);
    }
    return error;
}

/* --- identifiers --------------------------------------------------------------------- */

/* What follows the last dot; *text loses it with its dot. Empty when there is no dot. */
static struct skeym_span take_last(struct skeym_span *text)
{
    size_t at = text->size;
    while (at > 0 && text->data[at - 1] != '.') {
        at--;
    }
    if (at == 0) {
        return (struct skeym_span){0};
    }
    struct skeym_span last = skeym_span_part(*text, at, text->size);
    text->size = at - 1;
    return last;
}

/* Names come from whoever wrote the resource, and go to a terminal. */
static bool is_name(struct skeym_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '-') {
            return false;
        }
    }
    return text.size > 0;
}

static bool copy(char *out, size_t room, struct skeym_span text)
{
    if (!text.data || text.size >= room || !is_name(text)) {
        return false;
    }
    memcpy(out, text.data, text.size);
    out[text.size] = 0;
    return true;
}

enum skeym_error skeym_readback_parse(struct skeym_readback_id *out, struct skeym_span text)
{
    memset(out, 0, sizeof *out);
    struct skeym_span digits = take_last(&text);
    struct skeym_span signal = take_last(&text);
    struct skeym_span run = text;
    struct skeym_span node = text;
    bool good = take_last(&node).size > 0 && node.size > 0 && digits.size >= 1 &&
                digits.size <= DIGITS_MOST && copy(out->run, sizeof out->run, run) &&
                copy(out->signal, sizeof out->signal, signal);
    for (size_t i = 0; good && i < digits.size; i++) {
        good = digits.data[i] >= '0' && digits.data[i] <= '9';
        out->number = out->number * 10 + (uint32_t)(digits.data[i] - '0');
    }
    if (!good) {
        memset(out, 0, sizeof *out);
        return SKEYM_ERR_SHAPE;
    }
    return SKEYM_OK;
}

/* Of an Observation that a device of ours sent. */
static bool find_id(struct skeym_readback_id *out, struct json_object *resource)
{
    struct json_object *identifiers = array_of(resource, "identifier");
    for (size_t i = 0; identifiers && i < json_object_array_length(identifiers); i++) {
        struct json_object *identifier = json_object_array_get_idx(identifiers, i);
        const char *system = text_of(identifier, "system");
        const char *value = text_of(identifier, "value");
        if (system && value && strcmp(system, SKEYM_OBSERVATION_SYSTEM) == 0 &&
            skeym_readback_parse(out, skeym_span_text(value)) == SKEYM_OK) {
            return true;
        }
    }
    return false;
}

/* --- one run -------------------------------------------------------------------------- */

struct block {
    size_t signal;
    uint32_t number;
    size_t from; /* in samples */
    size_t count;
};

struct collection {
    struct skeym_readback *out;
    struct block *block;
    size_t blocks, block_room;
    int32_t *sample;
    size_t samples, sample_room;
    int32_t missing;
    skeym_readback_number number;
    void *number_arg;
};

/* Room for `more` elements behind `count`. */
static bool grow(void **data, size_t *room, size_t count, size_t more, size_t size)
{
    if (more <= *room - count) {
        return true;
    }
    size_t larger = (*room + more) * 2;
    void *grown = larger < SIZE_MAX / size ? realloc(*data, larger * size) : NULL;
    if (!grown) {
        return false;
    }
    *data = grown;
    *room = larger;
    return true;
}

static enum skeym_error find_signal(struct skeym_readback *out, const char *name, size_t *index)
{
    for (*index = 0; *index < out->count; (*index)++) {
        if (strcmp(out->signal[*index].name, name) == 0) {
            return SKEYM_OK;
        }
    }
    if (out->count == SKEYM_READBACK_SIGNALS) {
        return SKEYM_ERR_SIZE;
    }
    memcpy(out->signal[out->count++].name, name, strlen(name) + 1);
    return SKEYM_OK;
}

static enum skeym_error add_samples(struct collection *all, struct block *block,
                                    struct json_object *resource)
{
    size_t size = 0;
    void *data = all->sample;
    if (!json_object_object_get_ex(resource, "valueSampledData", NULL)) {
        return SKEYM_OK;
    }
    errno = 0; /* json-c leaves out what it has no memory for, and says so nowhere else */
    const char *text = json_object_to_json_string_length(resource, JSON_C_TO_STRING_PLAIN, &size);
    bool fits = text && errno != ENOMEM &&
                grow(&data, &all->sample_room, all->samples, SKEYM_OBSERVATION_SAMPLES,
                     sizeof *all->sample);
    all->sample = data;
    if (!fits) {
        return SKEYM_ERR_MEMORY;
    }
    enum skeym_error error =
        skeym_observation_samples(all->sample + all->samples, all->sample_room - all->samples,
                                  &block->count, skeym_span(text, size), all->missing);
    if (error == SKEYM_OK) {
        all->samples += block->count;
    }
    return error;
}

/* The number of an Observation or of one of its components, if it has one. */
static void tell_number(const struct collection *all, const struct skeym_readback_id *id,
                        struct json_object *of)
{
    struct json_object *quantity = NULL;
    struct json_object *value = NULL;
    struct json_object *code = NULL;
    if (json_object_object_get_ex(of, "valueQuantity", &quantity) &&
        json_object_object_get_ex(quantity, "value", &value) &&
        json_object_object_get_ex(of, "code", &code) && text_of(code, "text")) {
        all->number(all->number_arg, id, text_of(code, "text"), json_object_get_double(value));
    }
}

static void tell_numbers(const struct collection *all, const struct skeym_readback_id *id,
                         struct json_object *resource)
{
    struct json_object *parts = array_of(resource, "component");
    tell_number(all, id, resource);
    for (size_t i = 0; parts && i < json_object_array_length(parts); i++) {
        tell_number(all, id, json_object_array_get_idx(parts, i));
    }
}

static enum skeym_error collect(void *arg, struct json_object *resource)
{
    struct collection *all = arg;
    struct skeym_readback_id id;
    struct block block = {.from = all->samples};
    void *data = all->block;
    if (!find_id(&id, resource) || strcmp(id.run, all->out->run) != 0) {
        return SKEYM_OK;
    }
    block.number = id.number;
    if (all->number) {
        tell_numbers(all, &id, resource);
    }
    enum skeym_error error = find_signal(all->out, id.signal, &block.signal);
    if (error == SKEYM_OK) {
        error = add_samples(all, &block, resource);
    }
    if (error == SKEYM_OK &&
        (!grow(&data, &all->block_room, all->blocks, 1, sizeof block) || !data)) {
        error = SKEYM_ERR_MEMORY;
    }
    all->block = data;
    if (error == SKEYM_OK) {
        all->block[all->blocks++] = block;
    }
    return error;
}

static int by_signal_and_number(const void *left, const void *right)
{
    const struct block *a = left;
    const struct block *b = right;
    if (a->signal != b->signal) {
        return a->signal < b->signal ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

/* All blocks of one signal, in order. */
static enum skeym_error join(struct skeym_readback_signal *signal, const struct collection *all,
                             const struct block *block, size_t count)
{
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        room += block[i].count;
    }
    signal->at = malloc((room ? room : 1) * sizeof *signal->at);
    if (!signal->at) {
        return SKEYM_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && block[i].number == block[i - 1].number) {
            signal->doubled++;
            continue;
        }
        signal->missing += block[i].number - (i > 0 ? block[i - 1].number + 1 : 0);
        signal->readings++;
        if (all->sample && block[i].count > 0) {
            memcpy(signal->at + signal->samples, all->sample + block[i].from,
                   block[i].count * sizeof *signal->at);
        }
        signal->samples += block[i].count;
    }
    signal->checksum = skeym_wfdb_checksum(0, signal->at, signal->samples);
    return SKEYM_OK;
}

static enum skeym_error join_all(struct collection *all)
{
    struct skeym_readback *out = all->out;
    size_t from = 0;
    enum skeym_error error = SKEYM_OK;
    if (!all->block || all->blocks == 0) {
        return SKEYM_ERR_NOT_FOUND;
    }
    qsort(all->block, all->blocks, sizeof *all->block, by_signal_and_number);
    for (size_t i = 0; i < out->count && error == SKEYM_OK; i++) {
        size_t count = 0;
        while (from + count < all->blocks && all->block[from + count].signal == i) {
            count++;
        }
        error = join(&out->signal[i], all, all->block + from, count);
        out->readings += out->signal[i].readings;
        out->doubled += out->signal[i].doubled;
        from += count;
    }
    return error;
}

/* Takes the run of the first reading that has one. */
static enum skeym_error take_run(void *arg, struct json_object *resource)
{
    char *run = arg;
    struct skeym_readback_id id;
    if (!run[0] && find_id(&id, resource)) {
        memcpy(run, id.run, sizeof id.run);
    }
    return run[0] ? SKEYM_ERR_EXISTS : SKEYM_OK; /* which ends the paging */
}

static enum skeym_error find_run(struct skeym_readback *out, struct skeym_session *session,
                                 const char *patient, int *status)
{
    char target[256];
    (void)snprintf(target, sizeof target, "/fhir/Observation?patient=%s&_sort=-date&_count=5",
                   patient);
    enum skeym_error error = skeym_readback_pages(session, target, take_run, out->run, status);
    return error == SKEYM_OK ? SKEYM_ERR_NOT_FOUND : error == SKEYM_ERR_EXISTS ? SKEYM_OK : error;
}

enum skeym_error skeym_readback_numbers(struct skeym_readback *out, struct skeym_session *session,
                                        const char *patient, const char *run, int32_t missing,
                                        skeym_readback_number number, void *arg, int *status)
{
    struct collection all = {.out = out, .missing = missing, .number = number, .number_arg = arg};
    char target[256];
    enum skeym_error error = SKEYM_OK;
    memset(out, 0, sizeof *out);
    *status = 0;
    if (!skeym_patient_valid(skeym_span_text(patient)) ||
        (run && !copy(out->run, sizeof out->run, skeym_span_text(run)))) {
        return SKEYM_ERR_CHARSET;
    }
    if (!run) {
        error = find_run(out, session, patient, status);
    }
    if (error == SKEYM_OK) {
        (void)snprintf(target, sizeof target,
                       "/fhir/Observation?patient=%s&_sort=date&_count=" PAGE_COUNT, patient);
        error = skeym_readback_pages(session, target, collect, &all, status);
    }
    if (error == SKEYM_OK) {
        error = join_all(&all);
    }
    free(all.block);
    free(all.sample);
    return error;
}

enum skeym_error skeym_readback_run(struct skeym_readback *out, struct skeym_session *session,
                                    const char *patient, const char *run, int32_t missing,
                                    int *status)
{
    return skeym_readback_numbers(out, session, patient, run, missing, NULL, NULL, status);
}

void skeym_readback_free(struct skeym_readback *readback)
{
    for (size_t i = 0; i < readback->count; i++) {
        free(readback->signal[i].at);
    }
    memset(readback, 0, sizeof *readback);
}
