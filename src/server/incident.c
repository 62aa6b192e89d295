/* SPDX-License-Identifier: Apache-2.0 */
#include "server/incident.h"

#include "fhir/fhir_time.h"
#include <inttypes.h>
#include <skeym/admit.h>
#include <stdio.h>
#include <string.h>

enum { SUCCESS = 0, MINOR = 4, SERIOUS = 8, MAJOR = 12 };

/* What happened, in the words of DICOM's audit messages (PS3.15), which FHIR takes over. */
static const struct kind {
    const char *event;
    const char *type, *subtype; /* "": none */
    char action;                /* FHIR's C R U D E */
    bool filed;                 /* a success of this is in the audit file, and told from there */
    const char *words;
} kinds[] = {
    {"refused", "110113", "110126", 'E', false, "a request was refused"},
    {"unreadable", "110113", "110126", 'E', false, "a sealed request could not be read"},
    {"dropped", "110113", "110126", 'E', false, "more of the same, not kept one by one"},
    {"login", "110114", "110122", 'E', false, "login"},
    {"enrol", "110113", "110137", 'C', true, "enrolment"},
    {"invite", "110113", "110137", 'C', true, "an invitation was made"},
    {"revoke", "110113", "110137", 'D', true, "revocation"},
    {"restore", "110113", "110129", 'U', true, "the list of what is revoked was made anew"},
    {"rotate", "110113", "110129", 'U', true, "enrol keys were changed"},
    {"init", "110113", "110129", 'C', true, "the authority was founded"},
    {"bench", "110113", "110137", 'C', true, "nodes for a benchmark were enrolled"},
    {"ready", "110100", "110120", 'E', false, "the server started"},
    {"stopping", "110100", "110121", 'E', false, "the server stops"},
    {"epoch", "110100", "110129", 'U', false, "epoch keys moved"},
    {"epoch-failed", "110100", "110129", 'U', false, "epoch keys could not be moved"},
    {"reload", "110100", "110129", 'U', false, "keyring and revoked list were read anew"},
    {"clock-back", "110113", "", 'E', false, "the wall clock went back"},
    {"row-damaged", "110113", "", 'R', false, "a stored row is damaged"},
    {"store-damaged", "110113", "", 'E', false, "the database is damaged"},
    {"answer-failed", "110100", "", 'E', false, "an answer could not be sealed"},
};
static const struct kind unknown = {"", "110100", "", 'E', false, "an event of the server"};

static const struct {
    const char *code, *display;
} names[] = {
    {"110100", "Application Activity"},       {"110113", "Security Alert"},
    {"110114", "User Authentication"},        {"110120", "Application Start"},
    {"110121", "Application Stop"},           {"110122", "Login"},
    {"110126", "Node Authentication"},        {"110129", "Security Configuration"},
    {"110132", "Use of Restricted Function"}, {"110137", "User Security Attributes Changed"},
};

/* What happens to honest nodes, too: late, restarted, crowded. The rest only to others. */
static const char *const minor[] = {"size", "epoch", "time",  "instance", "full",
                                    "rate", "clock", "scope", "expired"};

static const struct kind *kind_of(const char *event)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].event, event) == 0) {
            return &kinds[i];
        }
    }
    return &unknown;
}

/* --- from the log -------------------------------------------------------------------- */

static void keep_word(char out[SKEYM_INCIDENT_WORD_BYTES], const char *word)
{
    (void)snprintf(out, SKEYM_INCIDENT_WORD_BYTES, "%s", word ? word : "");
}

static void take_field(struct skeym_incident *out, const struct skeym_log_field *field)
{
    switch (field->kind) {
    case SKEYM_LOG_TEXT:
        if (strcmp(field->key, "check") == 0) {
            keep_word(out->check, field->text);
        }
        break;
    case SKEYM_LOG_REASON:
        keep_word(out->reason, field->text);
        break;
    case SKEYM_LOG_NODE: /* it acted itself, where nobody else is named */
        *(strcmp(field->key, "by") == 0 ? &out->agent : &out->entity) = field->node;
        break;
    case SKEYM_LOG_SOURCE:
        out->source = field->source;
        break;
    case SKEYM_LOG_NUMBER:
        if (strcmp(field->key, "count") == 0 || strcmp(field->key, "lines") == 0) {
            out->count = field->number;
        }
        break;
    }
}

static uint8_t outcome_of(const struct skeym_incident *incident, enum skeym_log_level level)
{
    if (level >= SKEYM_LOG_ERROR) {
        return MAJOR;
    }
    if (level < SKEYM_LOG_WARNING) {
        return SUCCESS;
    }
    for (size_t i = 0; i < sizeof minor / sizeof minor[0]; i++) {
        if (strcmp(incident->reason, minor[i]) == 0 || strcmp(incident->check, minor[i]) == 0) {
            return MINOR;
        }
    }
    return SERIOUS;
}

bool skeym_incident_of_line(struct skeym_incident *out, const struct skeym_log_line *line)
{
    memset(out, 0, sizeof *out);
    keep_word(out->event, line->event);
    out->time_ms = line->wall_ms;
    for (size_t i = 0; i < line->count; i++) {
        take_field(out, &line->fields[i]);
    }
    if (out->agent.size == 0) {
        out->agent = out->entity;
        out->entity = (struct skeym_name){0};
    }
    out->outcome = outcome_of(out, line->level);
    const struct kind *kind = kind_of(out->event);
    return kind == &unknown ? line->level >= SKEYM_LOG_ERROR
                            : !(kind->filed && out->outcome == SUCCESS);
}

/* --- as FHIR ---------------------------------------------------------------------------- */

void skeym_incident_id(char out[SKEYM_INCIDENT_ID_BYTES], const struct skeym_incident *incident,
                       uint64_t series)
{
    if (incident->filed) {
        (void)snprintf(out, SKEYM_INCIDENT_ID_BYTES, "f-%" PRIu64, incident->number);
    } else {
        (void)snprintf(out, SKEYM_INCIDENT_ID_BYTES, "m-%" PRIx64 "-%" PRIu64, series,
                       incident->number);
    }
}

const char *skeym_incident_type(const struct skeym_incident *incident)
{
    return kind_of(incident->event)->type;
}

const char *skeym_incident_subtype(const struct skeym_incident *incident)
{
    bool scope = strcmp(incident->check, "scope") == 0;
    return scope ? "110132" : kind_of(incident->event)->subtype;
}

static void write_coding(struct skeym_fhir_text *text, const char *code)
{
    skeym_fhir_text_add(text,
                        "{\"system\":\"http://dicom.nema.org/resources/ontology/DCM\",\"code\":");
    skeym_fhir_text_quoted(text, code);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].code, code) == 0) {
            skeym_fhir_text_add(text, ",\"display\":");
            skeym_fhir_text_quoted(text, names[i].display);
        }
    }
    skeym_fhir_text_add(text, "}");
}

static void write_kind(struct skeym_fhir_text *text, const struct skeym_incident *incident)
{
    const char *subtype = skeym_incident_subtype(incident);
    const char action[] = {kind_of(incident->event)->action, '\0'};
    skeym_fhir_text_add(text, ",\"type\":");
    write_coding(text, skeym_incident_type(incident));
    skeym_fhir_text_add(text, ",\"subtype\":[");
    if (subtype[0]) {
        write_coding(text, subtype);
        skeym_fhir_text_add(text, ",");
    }
    skeym_fhir_text_add(text, "{\"system\":\"urn:skeym:event\",\"code\":");
    skeym_fhir_text_quoted(text, incident->event);
    skeym_fhir_text_add(text, "}");
    if (incident->check[0]) {
        skeym_fhir_text_add(text, ",{\"system\":\"urn:skeym:check\",\"code\":");
        skeym_fhir_text_quoted(text, incident->check);
        skeym_fhir_text_add(text, "}");
    }
    skeym_fhir_text_add(text, "],\"action\":");
    skeym_fhir_text_quoted(text, action);
}

static void write_outcome(struct skeym_fhir_text *text, const struct skeym_incident *incident)
{
    skeym_fhir_text_add(text, ",\"outcome\":\"");
    skeym_fhir_text_number(text, incident->outcome);
    skeym_fhir_text_add(text, "\",\"outcomeDesc\":\"");
    skeym_fhir_text_add(text, kind_of(incident->event)->words);
    if (incident->check[0]) {
        skeym_fhir_text_add(text, " by the check ");
        skeym_fhir_text_add(text, incident->check);
    }
    if (incident->reason[0]) { /* words of our own tables: nothing to escape */
        skeym_fhir_text_add(text, ": ");
        skeym_fhir_text_add(text, incident->reason);
    }
    if (incident->count > 1) {
        skeym_fhir_text_add(text, " (");
        skeym_fhir_text_number(text, (int64_t)incident->count);
        skeym_fhir_text_add(text, " times)");
    }
    skeym_fhir_text_add(text, "\"");
}

static void write_node(struct skeym_fhir_text *text, const struct skeym_name *node)
{
    skeym_fhir_text_add(text, "{\"identifier\":{\"system\":\"urn:skeym:node\",\"value\":");
    skeym_fhir_text_string(text, skeym_name_span(node));
    skeym_fhir_text_add(text, "},\"display\":");
    skeym_fhir_text_string(text, skeym_name_span(node));
    skeym_fhir_text_add(text, "}");
}

/* Who it was: a node; a stranger, of whom there is but a prefix; an administrator at the program
 * itself; or the server. */
static void write_agent(struct skeym_fhir_text *text, const struct skeym_incident *incident)
{
    bool stranger = incident->source.family != 0;
    skeym_fhir_text_add(text, ",\"agent\":[{\"who\":");
    if (incident->agent.size) {
        write_node(text, &incident->agent);
    } else {
        skeym_fhir_text_add(text, stranger          ? "{\"display\":\"a stranger\"}"
                                  : incident->filed ? "{\"display\":\"an administrator\"}"
                                                    : "{\"display\":\"the server\"}");
    }
    skeym_fhir_text_add(text, ",\"requestor\":");
    skeym_fhir_text_add(text,
                        incident->agent.size || stranger || incident->filed ? "true" : "false");
    if (stranger) {
        char source[SKEYM_SOURCE_TEXT_BYTES];
        skeym_source_print(source, &incident->source);
        skeym_fhir_text_add(text, ",\"network\":{\"address\":");
        skeym_fhir_text_quoted(text, source);
        skeym_fhir_text_add(text, ",\"type\":\"2\"}");
    }
    skeym_fhir_text_add(text, "}]");
}

static void write_source(struct skeym_fhir_text *text, const char *observer)
{
    skeym_fhir_text_add(text, ",\"source\":{\"observer\":{\"display\":");
    skeym_fhir_text_quoted(text, observer);
    skeym_fhir_text_add(text, "},\"type\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                              "security-source-type\",\"code\":\"4\",\"display\":\"Application "
                              "Server\"}]}");
}

void skeym_incident_write(struct skeym_fhir_text *text, const struct skeym_incident *incident,
                          uint64_t series, const char *observer)
{
    char id[SKEYM_INCIDENT_ID_BYTES];
    char time[SKEYM_FHIR_TIME_BYTES];
    skeym_incident_id(id, incident, series);
    skeym_fhir_time_print(time, (int64_t)incident->time_ms);
    skeym_fhir_text_add(text, "{\"resourceType\":\"AuditEvent\",\"id\":");
    skeym_fhir_text_quoted(text, id);
    write_kind(text, incident);
    skeym_fhir_text_add(text, ",\"recorded\":");
    skeym_fhir_text_quoted(text, time);
    write_outcome(text, incident);
    write_agent(text, incident);
    write_source(text, observer);
    if (incident->entity.size) {
        skeym_fhir_text_add(text, ",\"entity\":[{\"what\":");
        write_node(text, &incident->entity);
        skeym_fhir_text_add(text, "}]");
    }
    skeym_fhir_text_add(text, "}");
}
