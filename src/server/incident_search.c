/* SPDX-License-Identifier: Apache-2.0 */
#include "server/incident_search.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuse(struct skeym_fhir_problem *problem, const char *name, const char *why)
{
    return skeym_fhir_outcome_fail(problem, 400, "invalid", "%s: %s", name, why);
}

/* --- parameters ------------------------------------------------------------------------ */

static bool parse_date(struct skeym_incident_search *out, struct skeym_span value,
                       struct skeym_fhir_problem *problem)
{
    static const struct {
        const char *word;
        char prefix;
    } prefixes[] = {{"eq", 'e'}, {"gt", '>'}, {"ge", 'g'}, {"lt", '<'}, {"le", 'l'}};
    char prefix = 'e';
    if (out->date_count == SKEYM_INCIDENT_DATES) {
        return refuse(problem, "date", "given too often");
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (skeym_span_starts(value, prefixes[i].word)) {
            prefix = prefixes[i].prefix;
            value = skeym_span_part(value, 2, value.size);
            break;
        }
    }
    struct skeym_fhir_range range;
    if (skeym_fhir_time_parse(&range, value, SKEYM_FHIR_TIME_SEARCH) != SKEYM_OK) {
        return refuse(problem, "date", "not a date");
    }
    out->dates[out->date_count].prefix = prefix;
    out->dates[out->date_count++].range = range;
    return true;
}

/* One of several, with commas between. */
static struct skeym_span next_word(struct skeym_span *rest)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] != ',') {
        size++;
    }
    struct skeym_span word = skeym_span_part(*rest, 0, size);
    *rest = skeym_span_part(*rest, size + 1, rest->size);
    return word;
}

static bool parse_outcome(struct skeym_incident_search *out, struct skeym_span value,
                          struct skeym_fhir_problem *problem)
{
    static const struct {
        const char *word;
        unsigned outcome;
    } words[] = {{"0", 0}, {"4", 4}, {"8", 8}, {"12", 12}};
    if (out->outcomes || (value.size > 0 && value.data[value.size - 1] == ',')) {
        return refuse(problem, "outcome", "given twice, or ends in a comma");
    }
    do {
        struct skeym_span word = next_word(&value);
        unsigned before = out->outcomes;
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            out->outcomes |= skeym_span_is(word, words[i].word) ? 1U << words[i].outcome : 0;
        }
        if (out->outcomes == before) {
            return refuse(problem, "outcome", "takes 0, 4, 8, 12, each once");
        }
    } while (value.size > 0);
    return true;
}

static bool parse_number(uint64_t *out, struct skeym_span value)
{
    *out = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return false;
        }
        *out = *out * 10 + (uint64_t)(value.data[i] - '0');
    }
    return value.size > 0 && value.size <= 18;
}

static bool parse_count(struct skeym_incident_search *out, struct skeym_span value,
                        struct skeym_fhir_problem *problem)
{
    uint64_t count = 0;
    if (!parse_number(&count, value)) {
        return refuse(problem, "_count", "not a number");
    }
    out->count = count > SKEYM_INCIDENT_COUNT_MAX ? SKEYM_INCIDENT_COUNT_MAX : (size_t)count;
    return true;
}

/* "1700000000123.m.17": the last one that was told. */
static bool parse_cursor(struct skeym_incident_search *out, struct skeym_span value,
                         struct skeym_fhir_problem *problem)
{
    size_t dot = 0;
    while (dot < value.size && value.data[dot] != '.') {
        dot++;
    }
    struct skeym_span rest = skeym_span_part(value, dot, value.size);
    out->resume = true;
    out->after_filed = skeym_span_starts(rest, ".f.");
    if ((!out->after_filed && !skeym_span_starts(rest, ".m.")) ||
        !parse_number(&out->after_ms, skeym_span_part(value, 0, dot)) ||
        !parse_number(&out->after_number, skeym_span_part(rest, 3, rest.size))) {
        return refuse(problem, "_cursor", "not a link of ours");
    }
    return true;
}

static bool parse_sort(struct skeym_incident_search *out, struct skeym_span value,
                       struct skeym_fhir_problem *problem)
{
    (void)out;
    return skeym_span_is(value, "-date") || refuse(problem, "_sort", "only -date is served");
}

static bool parse_format(struct skeym_incident_search *out, struct skeym_span value,
                         struct skeym_fhir_problem *problem)
{
    (void)out;
    return skeym_span_is(value, "json") || skeym_span_is(value, "application/fhir+json") ||
           skeym_span_is(value, "application/json") ||
           refuse(problem, "_format", "only json is served");
}

/* The part behind the system of a token, or behind the type of a reference. */
static bool keep(struct skeym_span *out, struct skeym_span value, char mark, const char *name,
                 struct skeym_fhir_problem *problem)
{
    for (size_t i = value.size; i > 0; i--) {
        if (value.data[i - 1] == (uint8_t)mark || value.data[i - 1] == '|') {
            value = skeym_span_part(value, i, value.size);
            break;
        }
    }
    if (value.size == 0 || out->size > 0) {
        return refuse(problem, name, out->size > 0 ? "given twice" : "no value");
    }
    *out = value;
    return true;
}

static bool parse_type(struct skeym_incident_search *out, struct skeym_span value,
                       struct skeym_fhir_problem *problem)
{
    return keep(&out->type, value, '|', "type", problem);
}

static bool parse_subtype(struct skeym_incident_search *out, struct skeym_span value,
                          struct skeym_fhir_problem *problem)
{
    return keep(&out->subtype, value, '|', "subtype", problem);
}

static bool parse_agent(struct skeym_incident_search *out, struct skeym_span value,
                        struct skeym_fhir_problem *problem)
{
    return keep(&out->agent, value, '/', "agent", problem);
}

static bool parse_entity(struct skeym_incident_search *out, struct skeym_span value,
                         struct skeym_fhir_problem *problem)
{
    return keep(&out->entity, value, '/', "entity", problem);
}

static const struct {
    const char *name;
    bool (*parse)(struct skeym_incident_search *out, struct skeym_span value,
                  struct skeym_fhir_problem *problem);
} parameters[] = {
    {"date", parse_date},       {"outcome", parse_outcome}, {"type", parse_type},
    {"subtype", parse_subtype}, {"agent", parse_agent},     {"entity", parse_entity},
    {"_count", parse_count},    {"_cursor", parse_cursor},  {"_sort", parse_sort},
    {"_format", parse_format},
};

bool skeym_incident_search_parse(struct skeym_incident_search *out,
                                 const struct skeym_fhir_url *url,
                                 struct skeym_fhir_problem *problem)
{
    *out = (struct skeym_incident_search){.count = SKEYM_INCIDENT_COUNT};
    for (size_t i = 0; i < url->param_count; i++) {
        const struct skeym_fhir_param *given = &url->params[i];
        bool known = false;
        for (size_t p = 0; p < sizeof parameters / sizeof parameters[0]; p++) {
            if (skeym_span_is(given->name, parameters[p].name)) {
                known = true;
                if (!parameters[p].parse(out, given->value, problem)) {
                    return false;
                }
            }
        }
        if (!known) {
            return skeym_fhir_outcome_fail(problem, 400, "not-supported", "unknown parameter: %.*s",
                                           (int)(given->name.size < 64 ? given->name.size : 64),
                                           (const char *)given->name.data);
        }
    }
    return true;
}

/* --- which ------------------------------------------------------------------------------- */

static bool in_time(const struct skeym_incident_search *search, int64_t time)
{
    for (size_t i = 0; i < search->date_count; i++) {
        const struct skeym_fhir_range *range = &search->dates[i].range;
        char prefix = search->dates[i].prefix;
        bool low = prefix == '<' || prefix == 'l' || time >= range->low;
        bool high = prefix == '>' || prefix == 'g' || time < range->high;
        if (!low || !high || (prefix == '>' && time < range->high) ||
            (prefix == '<' && time >= range->low)) {
            return false;
        }
    }
    return true;
}

static bool is_node(struct skeym_span wanted, const struct skeym_name *name)
{
    return wanted.size == 0 || skeym_span_equal(wanted, skeym_name_span(name));
}

static bool is_subtype(struct skeym_span wanted, const struct skeym_incident *incident)
{
    return wanted.size == 0 || skeym_span_is(wanted, skeym_incident_subtype(incident)) ||
           skeym_span_is(wanted, incident->event) || skeym_span_is(wanted, incident->check);
}

bool skeym_incident_search_takes(const struct skeym_incident_search *search,
                                 const struct skeym_incident *incident)
{
    return in_time(search, (int64_t)incident->time_ms) &&
           (search->outcomes == 0 || (search->outcomes & 1U << incident->outcome)) &&
           (search->type.size == 0 || skeym_span_is(search->type, skeym_incident_type(incident))) &&
           is_subtype(search->subtype, incident) && is_node(search->agent, &incident->agent) &&
           is_node(search->entity, &incident->entity);
}

/* --- in their order, page by page ------------------------------------------------------------ */

/* Newest first. */
static int compare(uint64_t a_ms, bool a_filed, uint64_t a_number, const struct skeym_incident *b)
{
    if (a_ms != b->time_ms) {
        return a_ms > b->time_ms ? -1 : 1;
    }
    if (a_filed != b->filed) {
        return a_filed ? 1 : -1;
    }
    return (a_number < b->number) - (a_number > b->number);
}

static int newest_first(const void *left, const void *right)
{
    const struct skeym_incident *a = left;
    return compare(a->time_ms, a->filed, a->number, right);
}

static bool is_after(const struct skeym_incident_search *search,
                     const struct skeym_incident *incident)
{
    return !search->resume ||
           compare(search->after_ms, search->after_filed, search->after_number, incident) < 0;
}

/* The query as asked, without a cursor; and where one is given, with that. */
static void write_link(struct skeym_fhir_text *text, const struct skeym_incident_page *page,
                       const char *relation, const char *cursor)
{
    struct skeym_fhir_text url = {0};
    struct skeym_span rest = page->target;
    while (rest.size > 0 && rest.data[0] != '?') {
        rest = skeym_span_part(rest, 1, rest.size);
    }
    rest = skeym_span_part(rest, 1, rest.size);
    skeym_fhir_text_add(&url, page->base_url);
    skeym_fhir_text_add(&url, "/AuditEvent");
    const char *mark = "?";
    while (rest.size > 0) {
        size_t size = 0;
        while (size < rest.size && rest.data[size] != '&') {
            size++;
        }
        struct skeym_span part = skeym_span_part(rest, 0, size);
        rest = skeym_span_part(rest, size + 1, rest.size);
        if (part.size > 0 && !(cursor && skeym_span_starts(part, "_cursor="))) {
            skeym_fhir_text_add(&url, mark);
            skeym_fhir_text_span(&url, part);
            mark = "&";
        }
    }
    if (cursor) {
        skeym_fhir_text_add(&url, mark);
        skeym_fhir_text_add(&url, "_cursor=");
        skeym_fhir_text_add(&url, cursor);
    }
    skeym_fhir_text_add(text, "{\"relation\":");
    skeym_fhir_text_quoted(text, relation);
    skeym_fhir_text_add(text, ",\"url\":");
    skeym_fhir_text_string(text, skeym_fhir_text_view(&url));
    skeym_fhir_text_add(text, "}");
    text->bad = text->bad || url.bad;
    skeym_fhir_text_free(&url);
}

static void write_entry(struct skeym_fhir_text *text, const struct skeym_incident_page *page,
                        const struct skeym_incident *incident)
{
    char id[SKEYM_INCIDENT_ID_BYTES];
    skeym_incident_id(id, incident, page->series);
    skeym_fhir_text_add(text, "{\"fullUrl\":\"");
    skeym_fhir_text_add(text, page->base_url);
    skeym_fhir_text_add(text, "/AuditEvent/");
    skeym_fhir_text_add(text, id);
    skeym_fhir_text_add(text, "\",\"resource\":");
    skeym_incident_write(text, incident, page->series, page->observer);
    skeym_fhir_text_add(text, ",\"search\":{\"mode\":\"match\"}}");
}

/* Moves those that are wanted to the front; how many. */
static size_t pick(const struct skeym_incident_search *search, struct skeym_incident *at,
                   size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (skeym_incident_search_takes(search, &at[i])) {
            at[kept++] = at[i];
        }
    }
    if (kept > 0) {
        qsort(at, kept, sizeof *at, newest_first);
    }
    return kept;
}

void skeym_incident_search_write(struct skeym_fhir_text *text,
                                 const struct skeym_incident_search *search,
                                 const struct skeym_incident_page *page, struct skeym_incident *at,
                                 size_t count)
{
    size_t total = pick(search, at, count);
    size_t first = 0;
    while (first < total && !is_after(search, &at[first])) {
        first++;
    }
    size_t last = total - first > search->count ? first + search->count : total;
    skeym_fhir_text_add(text, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":");
    skeym_fhir_text_number(text, (int64_t)total);
    skeym_fhir_text_add(text, ",\"link\":[");
    write_link(text, page, "self", NULL);
    if (last < total && last > first) {
        char cursor[64];
        (void)snprintf(cursor, sizeof cursor, "%" PRIu64 ".%c.%" PRIu64, at[last - 1].time_ms,
                       at[last - 1].filed ? 'f' : 'm', at[last - 1].number);
        skeym_fhir_text_add(text, ",");
        write_link(text, page, "next", cursor);
    }
    skeym_fhir_text_add(text, "]");
    for (size_t i = first; i < last; i++) { /* an empty array is no JSON of FHIR's */
        skeym_fhir_text_add(text, i == first ? ",\"entry\":[" : ",");
        write_entry(text, page, &at[i]);
    }
    skeym_fhir_text_add(text, last > first ? "]}" : "}");
}
