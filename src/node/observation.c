/* SPDX-License-Identifier: Apache-2.0 */
#include "node/observation.h"

#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CATEGORY_SYSTEM "http://terminology.hl7.org/CodeSystem/observation-category"
#define ABSENT_SYSTEM   "http://terminology.hl7.org/CodeSystem/data-absent-reason"

enum { NUMBER_CHARS = 40, SAMPLE_CHARS = 12, PANEL_PARTS = 8, DECIMALS = 6 };
static const uint64_t end_of_time_ms = 253402300800000; /* 10000-01-01 */
static const double largest_value = 1e6;

/* ---- steps that remember failure: a tree that lacks something is never written ---- */

typedef struct json_object node;

static void put(bool *bad, node *parent, const char *key, node *child)
{
    if (parent == NULL || child == NULL || json_object_object_add(parent, key, child) != 0) {
        json_object_put(child);
        *bad = true;
    }
}

static void put_text(bool *bad, node *parent, const char *key, const char *text)
{
    put(bad, parent, key, json_object_new_string(text));
}

/* A new object that is a member of parent; NULL after a failure, which put then remembers. */
static node *put_object(bool *bad, node *parent, const char *key)
{
    node *child = json_object_new_object();

    put(bad, parent, key, child);
    return *bad ? NULL : child;
}

static node *put_array(bool *bad, node *parent, const char *key)
{
    node *child = json_object_new_array();

    put(bad, parent, key, child);
    return *bad ? NULL : child;
}

static node *append_object(bool *bad, node *array)
{
    node *child = json_object_new_object();

    if (array == NULL || child == NULL || json_object_array_add(array, child) != 0) {
        json_object_put(child);
        *bad = true;
        return NULL;
    }
    return child;
}

/* ---- numbers with the digits that they have ---- */

static void put_decimal(bool *bad, node *parent, const char *key, double value, unsigned decimals)
{
    char text[NUMBER_CHARS];
    long long scale = 1;

    for (unsigned i = 0; i < decimals; i++) {
        scale *= 10;
    }
    long long scaled = llround(value * (double)scale);
    long long size = scaled < 0 ? -scaled : scaled;
    if (decimals == 0) {
        (void)snprintf(text, sizeof text, "%lld", scaled);
    } else {
        (void)snprintf(text, sizeof text, "%s%lld.%0*lld", scaled < 0 ? "-" : "", size / scale,
                       (int)decimals, size % scale);
    }
    put(bad, parent, key, json_object_new_double_s(value, text));
}

/* The shortest digits that give the same double again; a point whatever the locale says. */
static void put_double(bool *bad, node *parent, const char *key, double value)
{
    char text[NUMBER_CHARS];
    bool same = false;

    for (int digits = 15; digits <= 17 && !same; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        same = strtod(text, NULL) == value;
    }
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == ',' ? '.' : *at;
    }
    put(bad, parent, key, json_object_new_double_s(value, text));
}

static void put_time(bool *bad, node *parent, const char *key, uint64_t time_ms)
{
    char text[NUMBER_CHARS] = "";
    char whole[NUMBER_CHARS] = "";
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;

    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
        *bad = true;
        return;
    }
    (void)snprintf(text, sizeof text, "%.23s.%03uZ", whole, (unsigned)(time_ms % 1000));
    put_text(bad, parent, key, text);
}

/* ---- FHIR's small types ---- */

static void append_coding(bool *bad, node *codings, const struct skeym_vital_code *code)
{
    node *coding = append_object(bad, codings);

    put_text(bad, coding, "system", code->system);
    put_text(bad, coding, "code", code->code);
    put_text(bad, coding, "display", code->display);
}

static void put_concept(bool *bad, node *parent, const char *key,
                        const struct skeym_vital_code *codes, size_t count, const char *text)
{
    node *concept = put_object(bad, parent, key);
    node *codings = put_array(bad, concept, "coding");

    for (size_t i = 0; i < count && codes[i].system != NULL; i++) {
        append_coding(bad, codings, &codes[i]);
    }
    if (text != NULL) {
        put_text(bad, concept, "text", text);
    }
}

static void put_unit(bool *bad, node *quantity, const char *unit, const char *ucum)
{
    put_text(bad, quantity, "unit", unit);
    if (ucum != NULL) {
        put_text(bad, quantity, "system", SKEYM_VITALS_UCUM);
        put_text(bad, quantity, "code", ucum);
    }
}

static void put_reference(bool *bad, node *parent, const char *key, const char *type,
                          const char *id)
{
    char text[SKEYM_OBSERVATION_ID + 16];
    node *reference = put_object(bad, parent, key);

    (void)snprintf(text, sizeof text, "%s/%s", type, id);
    put_text(bad, reference, "reference", text);
}

static void put_value(bool *bad, node *parent, const struct skeym_observation_value *of)
{
    static const struct skeym_vital_code unknown = {ABSENT_SYSTEM, "unknown", "Unknown"};

    if (of->missing) {
        put_concept(bad, parent, "dataAbsentReason", &unknown, 1, NULL);
        return;
    }
    node *quantity = put_object(bad, parent, "valueQuantity");
    put_decimal(bad, quantity, "value", of->value, of->decimals);
    put_unit(bad, quantity, of->vital->unit, of->vital->ucum);
}

static enum skeym_error check_value(const struct skeym_observation_value *of)
{
    if (of->missing) {
        return SKEYM_OK;
    }
    bool good = fabs(of->value) <= largest_value && of->decimals <= DECIMALS;
    return good ? SKEYM_OK : SKEYM_ERR_RANGE;
}

/* ---- what all Observations have ---- */

bool skeym_observation_is_id(const char *id)
{
    size_t size = strnlen(id, SKEYM_OBSERVATION_ID + 1);

    for (size_t i = 0; i < size; i++) {
        char c = id[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '-') {
            return false;
        }
    }
    return size >= 1 && size <= SKEYM_OBSERVATION_ID;
}

static enum skeym_error check(const struct skeym_observation *what)
{
    if (!skeym_observation_is_id(what->id) || !skeym_observation_is_id(what->patient) ||
        (what->device != NULL && !skeym_observation_is_id(what->device))) {
        return SKEYM_ERR_CHARSET;
    }
    return what->time_ms < end_of_time_ms ? SKEYM_OK : SKEYM_ERR_RANGE;
}

static const struct skeym_vital_code category_vital = {CATEGORY_SYSTEM, "vital-signs",
                                                       "Vital Signs"};
static const struct skeym_vital_code category_procedure = {CATEGORY_SYSTEM, "procedure",
                                                           "Procedure"};

/* The caller puts it, also after a failure. */
static node *begin(bool *bad, const struct skeym_observation *what,
                   const struct skeym_vital_code *category)
{
    node *root = json_object_new_object();

    put_text(bad, root, "resourceType", "Observation");
    node *identifier = append_object(bad, put_array(bad, root, "identifier"));
    put_text(bad, identifier, "system", SKEYM_OBSERVATION_SYSTEM);
    put_text(bad, identifier, "value", what->id);
    put_text(bad, root, "status", "final");
    node *concept = append_object(bad, put_array(bad, root, "category"));
    append_coding(bad, put_array(bad, concept, "coding"), category);
    put_reference(bad, root, "subject", "Patient", what->patient);
    if (what->device != NULL) {
        put_reference(bad, root, "device", "Device", what->device);
    }
    put_time(bad, root, "effectiveDateTime", what->time_ms);
    return root;
}

static enum skeym_error finish(struct skeym_room out, size_t *size, node *root, bool bad)
{
    enum skeym_error error = SKEYM_ERR_MEMORY;
    size_t length = 0;
    const char *text = NULL;

    if (!bad) {
        errno = 0; /* json-c leaves out what it has no memory for, and says so nowhere else */
        text = json_object_to_json_string_length(
            root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
    }
    if (text != NULL && errno != ENOMEM) {
        error = length > out.room ? SKEYM_ERR_SPACE : SKEYM_OK;
    }
    if (error == SKEYM_OK) {
        memcpy(out.data, text, length);
        *size = length;
    }
    json_object_put(root);
    return error;
}

enum skeym_error skeym_observation_number(struct skeym_room out, size_t *size,
                                          const struct skeym_observation *what,
                                          const struct skeym_observation_value *of)
{
    bool bad = false;

    *size = 0;
    enum skeym_error error = check(what);
    if (error == SKEYM_OK) {
        error = of->missing ? SKEYM_ERR_USAGE : check_value(of);
    }
    if (error != SKEYM_OK) {
        return error;
    }
    node *root = begin(&bad, what, &category_vital);
    put_concept(&bad, root, "code", of->vital->codes, SKEYM_VITALS_CODES, of->vital->display);
    put_value(&bad, root, of);
    return finish(out, size, root, bad);
}

/* ---- blood pressure ---- */

static enum skeym_error check_parts(const struct skeym_observation_value *parts, size_t count)
{
    size_t present = 0;

    if (count == 0 || count > PANEL_PARTS) {
        return SKEYM_ERR_USAGE;
    }
    for (size_t i = 0; i < count; i++) {
        enum skeym_error error = check_value(&parts[i]);
        if (error != SKEYM_OK) {
            return error;
        }
        if (parts[i].vital->panel == SKEYM_VITAL_ALONE ||
            parts[i].vital->panel != parts[0].vital->panel) {
            return SKEYM_ERR_USAGE;
        }
        present += parts[i].missing ? 0 : 1;
    }
    return present > 0 ? SKEYM_OK : SKEYM_ERR_USAGE;
}

enum skeym_error skeym_observation_panel(struct skeym_room out, size_t *size,
                                         const struct skeym_observation *what,
                                         const struct skeym_observation_value *parts, size_t count)
{
    bool bad = false;

    *size = 0;
    enum skeym_error error = check(what);
    if (error == SKEYM_OK) {
        error = check_parts(parts, count);
    }
    if (error != SKEYM_OK) {
        return error;
    }
    node *root = begin(&bad, what, &category_vital);
    put_concept(&bad, root, "code", &skeym_vitals_pressure_panel, 1,
                parts[0].vital->panel == SKEYM_VITAL_CUFF ? "Cuff blood pressure"
                                                          : "Arterial blood pressure");
    node *components = put_array(&bad, root, "component");
    for (size_t i = 0; i < count; i++) {
        node *component = append_object(&bad, components);
        put_concept(&bad, component, "code", parts[i].vital->codes, SKEYM_VITALS_CODES,
                    parts[i].vital->display);
        put_value(&bad, component, &parts[i]);
    }
    return finish(out, size, root, bad);
}

/* ---- waves ---- */

static size_t write_sample(char *out, int32_t sample)
{
    char digits[SAMPLE_CHARS];
    size_t count = 0;
    size_t size = 0;
    uint32_t rest = sample < 0 ? 0u - (uint32_t)sample : (uint32_t)sample;

    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (sample < 0) {
        out[size++] = '-';
    }
    while (count > 0) {
        out[size++] = digits[--count];
    }
    return size;
}

/* "995 1011 E -3", malloc'ed; NULL when there is no memory. */
static char *samples_text(const struct skeym_observation_wave *of, size_t *size)
{
    char *text = malloc(of->count * SAMPLE_CHARS + 1);
    size_t at = 0;

    for (size_t i = 0; text != NULL && i < of->count; i++) {
        if (i > 0) {
            text[at++] = ' ';
        }
        if (of->samples[i] == of->missing) {
            text[at++] = 'E';
        } else {
            at += write_sample(text + at, of->samples[i]);
        }
    }
    *size = at;
    return text;
}

static void put_sampled_data(bool *bad, node *root, const struct skeym_observation_wave *of)
{
    size_t size = 0;
    char *text = samples_text(of, &size);
    node *sampled = put_object(bad, root, "valueSampledData");
    node *origin = put_object(bad, sampled, "origin");

    put_double(bad, origin, "value", of->baseline == 0 ? 0 : -(double)of->baseline / of->gain);
    put_unit(bad, origin, of->wave->unit, of->wave->ucum);
    put_double(bad, sampled, "period", 1000.0 / of->frequency);
    put_double(bad, sampled, "factor", 1.0 / of->gain);
    put(bad, sampled, "dimensions", json_object_new_int(1));
    put(bad, sampled, "data", text == NULL ? NULL : json_object_new_string_len(text, (int)size));
    free(text);
}

static enum skeym_error check_wave(const struct skeym_observation_wave *of)
{
    bool good = of->count >= 1 && of->count <= SKEYM_OBSERVATION_SAMPLES && of->frequency >= 1e-9 &&
                of->frequency <= 1e9 && fabs(of->gain) >= 1e-9 && fabs(of->gain) <= 1e12;

    return good ? SKEYM_OK : SKEYM_ERR_RANGE;
}

enum skeym_error skeym_observation_wave(struct skeym_room out, size_t *size,
                                        const struct skeym_observation *what,
                                        const struct skeym_observation_wave *of)
{
    bool bad = false;

    *size = 0;
    enum skeym_error error = check(what);
    if (error == SKEYM_OK) {
        error = check_wave(of);
    }
    if (error != SKEYM_OK) {
        return error;
    }
    node *root = begin(&bad, what, &category_procedure);
    put_concept(&bad, root, "code", &of->wave->code, 1,
                of->name != NULL ? of->name : of->wave->display);
    put_sampled_data(&bad, root, of);
    return finish(out, size, root, bad);
}

enum skeym_error skeym_observation_query(char *out, size_t room, const char *id)
{
    if (room > 0) {
        out[0] = '\0';
    }
    if (!skeym_observation_is_id(id)) {
        return SKEYM_ERR_CHARSET;
    }
    if (room < sizeof "identifier=" SKEYM_OBSERVATION_SYSTEM "|" + strlen(id)) {
        return SKEYM_ERR_SPACE;
    }
    (void)snprintf(out, room, "identifier=%s|%s", SKEYM_OBSERVATION_SYSTEM, id);
    return SKEYM_OK;
}
