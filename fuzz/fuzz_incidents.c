/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of the server itself. A first line is a target: for the console's files it is never
 * taken for more than a name of the table, and for AuditEvents it is a search over some, whose page
 * must be JSON. Further lines are an audit file.
 */
#include "fhir/fhir_json.h"
#include "fuzz.h"
#include "server/audit.h"
#include "server/console.h"
#include "server/incident_search.h"

enum { INCIDENTS = 40 };

static void files(struct skeym_span target)
{
    struct skeym_span path = skeym_console_path(target);
    const struct skeym_console_file *file = skeym_console_find(path);
    FUZZ_MUST(!file || (skeym_span_is(path, file->path) && skeym_console_plain(path)));
    if (skeym_console_plain(path)) {
        char *text = fuzz_text(path);
        FUZZ_MUST(strlen(text) == path.size && text[0] != '/' && text[0] != '.');
        FUZZ_MUST(!strstr(text, "//") && !strstr(text, "/.") && !strchr(text, '%'));
    }
    (void)skeym_console_type(path);
}

/* Lines become events, as roster.c has them. */
static void take(void *arg, struct json_object *event)
{
    size_t *count = arg;
    const char *word = skeym_audit_get_text(event, "event");
    FUZZ_MUST(word[0] != '\0');
    (*count)++;
}

static void incidents(struct skeym_incident *at, unsigned seed)
{
    static const char *const words[] = {"refused", "login", "enrol", "ready", "revoke", "other"};
    static const char *const checks[] = {"", "used", "scope", "proof"};
    memset(at, 0, INCIDENTS * sizeof *at);
    for (unsigned i = 0; i < INCIDENTS; i++) {
        unsigned mix = seed * 31 + i * 7;
        at[i].time_ms = FUZZ_NOW_MS + mix % 11;
        at[i].number = i + 1;
        at[i].filed = mix % 3 == 0;
        at[i].outcome = (uint8_t)(mix % 4 * 4);
        at[i].count = mix % 5;
        at[i].source.family = mix % 2 ? 4 : 0;
        (void)snprintf(at[i].event, sizeof at[i].event, "%s", words[mix % 6]);
        (void)snprintf(at[i].check, sizeof at[i].check, "%s", checks[mix % 4]);
        if (mix % 7 < 4) {
            FUZZ_MUST(skeym_name_node(&at[i].agent,
                                      skeym_span_text(mix % 2 ? "bed-7" : "dr.Lee_1")) == SKEYM_OK);
        }
    }
}

static void search(struct skeym_span target, unsigned seed)
{
    static struct skeym_fhir_url url;
    struct skeym_incident at[INCIDENTS];
    struct skeym_fhir_arena arena = {0};
    struct skeym_fhir_problem problem = {0};
    struct skeym_incident_search search;
    struct skeym_fhir_text text = {0};
    const struct skeym_incident_page page = {
        .base_url = "https://ward:8443/fhir", .target = target, .series = 1, .observer = "SkeyM"};
    if (!skeym_fhir_url_parse(&url, &arena, target, "/fhir", &problem) ||
        !skeym_incident_search_parse(&search, &url, &problem)) {
        FUZZ_MUST(problem.status == 400 || problem.status == 404);
    } else {
        FUZZ_MUST(search.count <= SKEYM_INCIDENT_COUNT_MAX);
        FUZZ_MUST(search.date_count <= SKEYM_INCIDENT_DATES);
        incidents(at, seed);
        skeym_incident_search_write(&text, &search, &page, at, INCIDENTS);
        struct json_object *bundle = skeym_fhir_json_parse(skeym_fhir_text_view(&text), &problem);
        FUZZ_MUST(!text.bad && bundle && json_object_object_length(bundle) >= 4);
        json_object_put(bundle);
        skeym_fhir_text_free(&text);
    }
    skeym_fhir_text_drop(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    unsigned seed = skeym_read_u8(&reader);
    struct skeym_span line = fuzz_line(&reader);
    bool plain = true; /* a target has no other bytes when it comes here */
    for (size_t i = 0; i < line.size; i++) {
        plain = plain && line.data[i] > 0x20 && line.data[i] < 0x7f;
    }
    struct skeym_span target = fuzz_copy(line);
    files(target);
    if (plain) {
        search(target, seed);
    }
    struct skeym_audit_gaps gaps;
    size_t events = 0;
    FUZZ_MUST(skeym_audit_parse(fuzz_copy(fuzz_rest(&reader)), take, &events, &gaps) == SKEYM_OK);
    FUZZ_MUST(events + gaps.torn + gaps.damaged <= size);
    fuzz_done();
    return 0;
}
