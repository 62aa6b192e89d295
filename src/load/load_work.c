/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load_work.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define READING_SYSTEM "urn:skeym:load"

enum { READING_BYTES = 640 };

const char *const skeym_load_work_kinds[] = {"get", "post", "login", NULL};
static bool read_weight(unsigned *out, const char **at)
{
    unsigned value = 0;
    const char *text = *at;
    for (; *text >= '0' && *text <= '9' && value <= 1000; text++) {
        value = value * 10 + (unsigned)(*text - '0');
    }
    bool good = text != *at && value <= 1000;
    *out = value;
    *at = text;
    return good;
}

enum skeym_error skeym_load_work_mix(unsigned weights[SKEYM_LOAD_NODE_KINDS], const char *text)
{
    unsigned sum = 0;
    memset(weights, 0, SKEYM_LOAD_NODE_KINDS * sizeof weights[0]);
    for (bool more = true; more; text++) {
        size_t name = strcspn(text, "=");
        size_t which = 0;
        while (skeym_load_work_kinds[which] &&
               !(strlen(skeym_load_work_kinds[which]) == name &&
                 strncmp(skeym_load_work_kinds[which], text, name) == 0)) {
            which++;
        }
        text += name;
        if (!skeym_load_work_kinds[which] || *text != '=' || weights[which]) {
            return SKEYM_ERR_SHAPE;
        }
        text++;
        if (!read_weight(&weights[which], &text)) {
            return SKEYM_ERR_RANGE;
        }
        sum += weights[which];
        more = *text == ',';
        if (!more && *text) {
            return SKEYM_ERR_SHAPE;
        }
    }
    return sum > 0 && sum <= 1000 ? SKEYM_OK : SKEYM_ERR_RANGE;
}

/* Spread over the cycle, and shifted from node to node, so that not all log in at once. */
enum skeym_load_node_kind skeym_load_work_pick(const struct skeym_load_node *node)
{
    const unsigned *weights = node->work->weights;
    unsigned sum = 0;
    for (size_t i = 0; i < SKEYM_LOAD_NODE_KINDS; i++) {
        sum += weights[i];
    }
    uint64_t place = sum ? (node->count + node->number) % sum : 0;
    for (unsigned i = 0; i < SKEYM_LOAD_NODE_KINDS; i++) {
        if (place < weights[i]) {
            return (enum skeym_load_node_kind)i;
        }
        place -= weights[i];
    }
    return SKEYM_LOAD_GET;
}

static void ask_path(const struct skeym_load_node *node, struct skeym_closed *request, char *text)
{
    const char *path = node->work->path ? node->work->path : "/fhir/metadata";
    const char *hole = strstr(path, "{}");
    request->method = skeym_span_text("GET");
    request->target = skeym_span_text(path);
    if (hole) {
        (void)snprintf(text, SKEYM_LOAD_NODE_TEXT, "%.*s%zu%s", (int)(hole - path), path,
                       node->number, hole + 2);
        request->target = skeym_span_text(text);
    }
}

/* As a device's reading number `serial`: a patient for each node, a second after the other. */
static void write_reading(struct skeym_writer *out, const struct skeym_load_node *node,
                          uint64_t serial)
{
    char when[32] = "";
    char json[READING_BYTES];
    struct tm tm;
    time_t at = (time_t)(node->work->base_s + serial);
    if (gmtime_r(&at, &tm)) {
        (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    (void)snprintf(
        json, sizeof json,
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"identifier\":[{\"system\":"
        "\"" READING_SYSTEM "\",\"value\":\"%s-%zu-%" PRIu64
        "\"}],\"category\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
        "observation-category\",\"code\":\"vital-signs\"}]}],\"code\":{\"coding\":[{\"system\":"
        "\"http://loinc.org\",\"code\":\"8867-4\"}]},\"subject\":{\"reference\":"
        "\"Patient/load-%zu\"},\"effectiveDateTime\":\"%s\",\"valueQuantity\":{\"value\":%" PRIu64
        ",\"unit\":\"/min\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"/min\"}}",
        node->work->run, node->number, serial, node->number, when, 60 + serial % 40);
    skeym_write_text(out, json);
}

/* "identifier=SYSTEM|RUN-NODE-SERIAL" */
static void write_condition(struct skeym_writer *out, const struct skeym_load_node *node,
                            uint64_t serial)
{
    char text[128];
    (void)snprintf(text, sizeof text, "identifier=" READING_SYSTEM "|%s-%zu-%" PRIu64,
                   node->work->run, node->number, serial);
    skeym_write_text(out, text);
}

/* The body of a transaction of so many readings. */
static void write_bundle(struct skeym_writer *out, const struct skeym_load_node *node,
                         unsigned count)
{
    skeym_write_text(out, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[");
    for (unsigned i = 0; i < count; i++) {
        uint64_t serial = node->count * count + i;
        skeym_write_text(out, i ? ",{\"resource\":" : "{\"resource\":");
        write_reading(out, node, serial);
        skeym_write_text(out, ",\"request\":{\"method\":\"POST\",\"url\":\"Observation\","
                              "\"ifNoneExist\":\"");
        write_condition(out, node, serial);
        skeym_write_text(out, "\"}}");
    }
    skeym_write_text(out, "]}");
}

static void ask_reading(const struct skeym_load_node *node, struct skeym_closed *request,
                        char *text)
{
    struct skeym_writer out =
        skeym_writer((struct skeym_room){(uint8_t *)text, SKEYM_LOAD_NODE_TEXT});
    unsigned count = node->work->bundle;
    if (count == 0) {
        write_condition(&out, node, node->count);
        request->if_none_exist = skeym_written(&out);
        size_t used = request->if_none_exist.size;
        out =
            skeym_writer((struct skeym_room){(uint8_t *)text + used, SKEYM_LOAD_NODE_TEXT - used});
        write_reading(&out, node, node->count);
    } else {
        write_bundle(&out, node, count);
    }
    request->method = skeym_span_text("POST");
    request->target = skeym_span_text(count ? "/fhir" : "/fhir/Observation");
    request->content_type = skeym_span_text("application/fhir+json");
    request->body = skeym_written(&out);
}

void skeym_load_work_ask(const struct skeym_load_node *node, struct skeym_closed *request,
                         char *text)
{
    skeym_load_node_ask ask = node->work->ask                 ? node->work->ask
                              : node->kind == SKEYM_LOAD_POST ? ask_reading
                                                              : ask_path;
    ask(node, request, text);
}
