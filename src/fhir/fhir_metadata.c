/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_read.h"
#include "fhir/fhir_time.h"

static void write_interactions(struct skeym_fhir_text *text, enum skeym_store_kind kind)
{
    static const char *const words[] = {"read", "vread", "search-type", "create", "update"};
    size_t count = kind == SKEYM_STORE_OBSERVATION ? 4 : 5;
    skeym_fhir_text_add(text, ",\"interaction\":[");
    for (size_t i = 0; i < count; i++) {
        skeym_fhir_text_add(text, i > 0 ? ",{\"code\":\"" : "{\"code\":\"");
        skeym_fhir_text_add(text, words[i]);
        skeym_fhir_text_add(text, "\"}");
    }
    skeym_fhir_text_add(text, "]");
}

static void write_resource(struct skeym_fhir_text *text, enum skeym_store_kind kind)
{
    const struct skeym_fhir_param_row *param = NULL;
    bool observation = kind == SKEYM_STORE_OBSERVATION;
    skeym_fhir_text_add(text, "{\"type\":");
    skeym_fhir_text_quoted(text, skeym_fhir_resource_name(kind));
    write_interactions(text, kind);
    skeym_fhir_text_add(text, ",\"versioning\":\"versioned\",\"readHistory\":false,"
                              "\"updateCreate\":");
    skeym_fhir_text_add(text, observation ? "false" : "true");
    skeym_fhir_text_add(text, ",\"conditionalCreate\":true,\"conditionalUpdate\":");
    skeym_fhir_text_add(text, observation ? "false" : "true");
    skeym_fhir_text_add(text, ",\"conditionalDelete\":\"not-supported\","
                              "\"referencePolicy\":[\"literal\"],\"searchParam\":[");
    for (size_t i = 0; (param = skeym_fhir_param(kind, i)); i++) {
        skeym_fhir_text_add(text, i > 0 ? ",{\"name\":\"" : "{\"name\":\"");
        skeym_fhir_text_add(text, param->name); /* our own words: nothing to escape */
        skeym_fhir_text_add(text, "\",\"type\":\"");
        skeym_fhir_text_add(text, param->type);
        skeym_fhir_text_add(text, "\"}");
    }
    skeym_fhir_text_add(text, "]");
    if (observation) {
        skeym_fhir_text_add(text,
                            ",\"operation\":[{\"name\":\"lastn\",\"definition\":"
                            "\"http://hl7.org/fhir/OperationDefinition/Observation-lastn\"}]");
    }
    skeym_fhir_text_add(text, "}");
}

/* Not of the store: the server answers these of what it saw itself. */
static const char *const audit_event =
    ",{\"type\":\"AuditEvent\",\"interaction\":[{\"code\":\"read\"},{\"code\":\"search-type\"}],"
    "\"searchParam\":[{\"name\":\"date\",\"type\":\"date\"},{\"name\":\"outcome\",\"type\":"
    "\"token\"},"
    "{\"name\":\"type\",\"type\":\"token\"},{\"name\":\"subtype\",\"type\":\"token\"},"
    "{\"name\":\"agent\",\"type\":\"reference\"},{\"name\":\"entity\",\"type\":\"reference\"}]}";

void skeym_fhir_metadata(struct skeym_fhir_text *text, const struct skeym_fhir_call *call)
{
    char time[SKEYM_FHIR_TIME_BYTES];
    skeym_fhir_time_print(time, (int64_t)call->request->now_ms);
    skeym_fhir_text_add(text, "{\"resourceType\":\"CapabilityStatement\",\"name\":\"SkeyM\","
                              "\"title\":\"SkeyM data server\",\"status\":\"active\","
                              "\"date\":\"");
    skeym_fhir_text_add(text, time);
    skeym_fhir_text_add(text, "\",\"kind\":\"instance\",\"software\":{\"name\":\"SkeyM\","
                              "\"version\":");
    skeym_fhir_text_quoted(text, call->fhir->options.version);
    skeym_fhir_text_add(text, "},\"implementation\":{\"description\":\"SkeyM\",\"url\":");
    skeym_fhir_text_quoted(text, call->request->base_url);
    skeym_fhir_text_add(text, "},\"fhirVersion\":\"4.0.1\","
                              "\"format\":[\"application/fhir+json\",\"json\"],"
                              "\"rest\":[{\"mode\":\"server\",\"security\":{\"description\":"
                              "\"SkeyM: single-use tokens, every exchange sealed; scopes as in "
                              "SMART on FHIR v2\"},\"resource\":[");
    for (unsigned kind = 0; kind < SKEYM_STORE_KINDS; kind++) {
        skeym_fhir_text_add(text, kind > 0 ? "," : "");
        write_resource(text, (enum skeym_store_kind)kind);
    }
    skeym_fhir_text_add(text, audit_event);
    skeym_fhir_text_add(text, "],\"interaction\":[{\"code\":\"batch\"},"
                              "{\"code\":\"transaction\"}],\"compartment\":["
                              "\"http://hl7.org/fhir/CompartmentDefinition/patient\"]}]}");
}
