/* SPDX-License-Identifier: Apache-2.0 */
#include "node/observation_samples.h"

#include "json/json_read.h"
#include <json-c/json.h>
#include <string.h>

enum { JSON_BYTES = 1 << 24, SAMPLE_CHARS = 11 };

static struct json_object *member(struct json_object *parent, const char *key, json_type type)
{
    struct json_object *child = NULL;

    if (!json_object_is_type(parent, json_type_object) ||
        !json_object_object_get_ex(parent, key, &child) || !json_object_is_type(child, type)) {
        return NULL;
    }
    return child;
}

/* Finds the text of the samples; it belongs to root. */
static enum skeym_error find_data(struct skeym_span *out, struct json_object *root)
{
    struct json_object *type = member(root, "resourceType", json_type_string);
    struct json_object *sampled = member(root, "valueSampledData", json_type_object);
    struct json_object *dimensions = member(sampled, "dimensions", json_type_int);
    struct json_object *data = member(sampled, "data", json_type_string);

    if (type == NULL || strcmp(json_object_get_string(type), "Observation") != 0 ||
        dimensions == NULL || data == NULL) {
        return SKEYM_ERR_SHAPE;
    }
    if (json_object_get_int64(dimensions) != 1) {
        return SKEYM_ERR_UNSUPPORTED;
    }
    *out = skeym_span(json_object_get_string(data), (size_t)json_object_get_string_len(data));
    return SKEYM_OK;
}

static enum skeym_error parse_integer(int32_t *out, struct skeym_span token)
{
    bool minus = token.size > 0 && token.data[0] == '-';
    int64_t value = 0;

    token = skeym_span_part(token, minus ? 1 : 0, token.size);
    if (token.size == 0) {
        return SKEYM_ERR_SHAPE;
    }
    for (size_t i = 0; i < token.size; i++) {
        if (token.data[i] < '0' || token.data[i] > '9') {
            return SKEYM_ERR_SHAPE;
        }
        if (i >= SAMPLE_CHARS) {
            return SKEYM_ERR_RANGE;
        }
        value = value * 10 + (token.data[i] - '0');
    }
    value = minus ? -value : value;
    if (value < INT32_MIN || value > INT32_MAX) {
        return SKEYM_ERR_RANGE;
    }
    *out = (int32_t)value;
    return SKEYM_OK;
}

static enum skeym_error parse_sample(int32_t *out, struct skeym_span token, int32_t missing)
{
    if (skeym_span_is(token, "E")) {
        *out = missing;
        return SKEYM_OK;
    }
    if (skeym_span_is(token, "U") || skeym_span_is(token, "L")) {
        return SKEYM_ERR_UNSUPPORTED; /* beyond the limits: the sample itself is lost */
    }
    return parse_integer(out, token);
}

/* Samples with one space between. */
static enum skeym_error parse_samples(int32_t *out, size_t room, size_t *count,
                                      struct skeym_span data, int32_t missing)
{
    size_t samples = 0;
    bool more = true;

    while (more) {
        size_t size = 0;
        while (size < data.size && data.data[size] != ' ') {
            size++;
        }
        if (samples == room) {
            return SKEYM_ERR_SPACE;
        }
        enum skeym_error error =
            parse_sample(&out[samples], skeym_span_part(data, 0, size), missing);
        if (error != SKEYM_OK) {
            return error;
        }
        samples++;
        more = size < data.size;
        data = skeym_span_part(data, size + 1, data.size);
    }
    *count = samples;
    return SKEYM_OK;
}

enum skeym_error skeym_observation_samples(int32_t *out, size_t room, size_t *count,
                                           struct skeym_span json, int32_t missing)
{
    struct json_object *root = NULL;
    struct skeym_span data = {0};

    *count = 0;
    if (json.size > JSON_BYTES) {
        return SKEYM_ERR_SIZE;
    }
    enum skeym_error error = skeym_json_read(&root, json, &skeym_json_read_ours, NULL);
    if (error != SKEYM_OK && error != SKEYM_ERR_MEMORY) {
        error = SKEYM_ERR_SHAPE;
    }
    if (error == SKEYM_OK) {
        error = find_data(&data, root);
    }
    if (error == SKEYM_OK) {
        error = parse_samples(out, room, count, data, missing);
    }
    json_object_put(root);
    return error;
}
