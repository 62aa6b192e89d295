/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo_watch.h"
#include "cli/demo_show.h"
#include "node/http.h"
#include "node/readback.h"
#include "json/json_read.h"
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIRE_LINES 28

/* A doctor's session. Does not move. */
struct reader {
    struct skeym_credential_file credential;
    struct skeym_http *http;
    struct skeym_session *session;
    char wire[4096];  /* what crossed it, last request */
    char clear[4096]; /* and what it meant */
};

/* --- wire and clear ------------------------------------------------------------ */

static void write_wire(struct reader *reader, const struct skeym_wire_request *request,
                       const struct skeym_wire_answer *answer)
{
    snprintf(reader->wire, sizeof reader->wire,
             "%s %s HTTP/1.1\nContent-Type: %s\nAuthorization: %.60s...\nSkeyM-Proof: %s\n\n"
             "%.*s...\n\nHTTP/1.1 %d\nSkeyM-Next: %.60s...\n\n%.*s...",
             request->method, request->target, request->content_type ? request->content_type : "",
             request->authorization ? request->authorization : "",
             request->proof ? request->proof : "",
             (int)(request->body.size < 100 ? request->body.size : 100),
             request->body.size ? (const char *)request->body.data : "", answer->status,
             answer->next, (int)(answer->body_size < 160 ? answer->body_size : 160),
             answer->body_size ? (const char *)answer->body : "");
}

/* What a doctor looks at in the first entry's resource. */
static struct json_object *essence(struct json_object *bundle)
{
    static const char *const shown[] = {"subject", "device", "effectiveDateTime", "valueQuantity"};
    struct json_object *entries = NULL, *resource = NULL, *part = NULL;
    struct json_object *out = json_object_new_object();
    if (!out || !json_object_object_get_ex(bundle, "entry", &entries) ||
        json_object_array_length(entries) == 0 ||
        !json_object_object_get_ex(json_object_array_get_idx(entries, 0), "resource", &resource)) {
        return out;
    }
    if (json_object_object_get_ex(resource, "code", &part) &&
        json_object_object_get_ex(part, "coding", &part) && json_object_array_length(part) > 0) {
        json_object_object_add(out, "code", json_object_get(json_object_array_get_idx(part, 0)));
    }
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        if (json_object_object_get_ex(resource, shown[i], &part)) {
            json_object_object_add(out, shown[i], json_object_get(part));
        }
    }
    return out;
}

static void write_clear(struct reader *reader, const struct skeym_closed *clear,
                        struct skeym_span answer)
{
    struct json_object *bundle = NULL;
    enum skeym_error error = skeym_json_read(&bundle, answer, &skeym_json_read_ours, NULL);
    struct json_object *shown = error == SKEYM_OK ? essence(bundle) : NULL;
    snprintf(reader->clear, sizeof reader->clear, "%.*s %.*s\n\n%s", (int)clear->method.size,
             (const char *)clear->method.data, (int)clear->target.size,
             (const char *)clear->target.data,
             shown ? json_object_to_json_string_ext(shown, JSON_C_TO_STRING_PRETTY |
                                                               JSON_C_TO_STRING_NOSLASHESCAPE)
                   : "");
    json_object_put(shown);
    json_object_put(bundle);
}

static void observe(void *arg, const struct skeym_wire_request *request,
                    const struct skeym_wire_answer *answer, const struct skeym_closed *clear,
                    struct skeym_span clear_answer)
{
    struct reader *reader = arg;
    if (clear && answer) {
        write_wire(reader, request, answer);
        write_clear(reader, clear, clear_answer);
    }
}

static void close_reader(struct reader *reader)
{
    skeym_session_free(reader->session);
    skeym_http_free(reader->http);
    skeym_credential_wipe(&reader->credential);
}

static enum skeym_error open_reader(struct reader *reader, const struct skeym_demo_ward *ward,
                                    const char *credential)
{
    memset(reader, 0, sizeof *reader);
    enum skeym_error error = skeym_credential_load(
        &reader->credential, skeym_demo_path(ward, credential), NULL, (struct skeym_span){0});
    if (error == SKEYM_OK) {
        error = skeym_http_new(&reader->http,
                               &(struct skeym_http_options){.server = ward->live.server});
    }
    if (error == SKEYM_OK) {
        error = skeym_session_new(&reader->session, &(struct skeym_session_options){
                                                        .credential = &reader->credential,
                                                        .transport = skeym_http_send,
                                                        .transport_arg = reader->http,
                                                        .lanes = 1,
                                                        .wait_most_ms = 5000,
                                                        .observe = observe,
                                                        .observe_arg = reader,
                                                    });
    }
    if (error != SKEYM_OK) {
        close_reader(reader);
    }
    return error;
}

enum skeym_error skeym_demo_watch(const struct skeym_demo_ward *ward, const char *credential,
                                  const char *target)
{
    struct reader reader;
    struct skeym_session_answer answer = {0};
    const struct skeym_closed request = {.method = skeym_span_text("GET"),
                                         .target = skeym_span_text(target)};
    enum skeym_error error = open_reader(&reader, ward, credential);
    if (error != SKEYM_OK) {
        return error;
    }
    error = skeym_session_request(reader.session, &request, &answer, NULL);
    if (error == SKEYM_OK) {
        skeym_demo_columns("what the wire carries", reader.wire, "what the doctor's program sees",
                           reader.clear, WIRE_LINES);
        error = answer.status == 200 ? SKEYM_OK : SKEYM_ERR_STATE;
    }
    skeym_session_answer_free(&answer);
    close_reader(&reader);
    return error;
}

/* --- was anything lost? ---------------------------------------------------------- */

/* The last number before `word` in a device's log; it says in the end how many readings were
 * acknowledged. */
static uint64_t logged(const struct skeym_demo_ward *ward, const struct skeym_demo_bed *bed,
                       const char *word)
{
    char name[64], line[1024];
    uint64_t found = 0;
    snprintf(name, sizeof name, "%s.log", bed->node);
    FILE *log = fopen(skeym_demo_path(ward, name), "re");
    while (log && fgets(line, sizeof line, log)) {
        char *at = strstr(line, word);
        while (at && at > line && (at[-1] == ' ' || (at[-1] >= '0' && at[-1] <= '9'))) {
            at--;
        }
        if (at) {
            found = strtoull(at, NULL, 10);
        }
    }
    if (log) {
        fclose(log);
    }
    return found;
}

/* Reads the run back and compares it with the record, sample by sample, as anybody can. */
static bool equal(const struct skeym_demo_ward *ward, const struct skeym_demo_bed *bed,
                  const char *credential)
{
    char record[640], as[192];
    snprintf(record, sizeof record, "%s/%s", ward->records, bed->record);
    snprintf(as, sizeof as, "%s", skeym_demo_path(ward, credential));
    char *compare[] = {skeym_process_word("device"),
                       skeym_process_word("--compare"),
                       record,
                       skeym_process_word("--as"),
                       as,
                       skeym_process_word("--patient"),
                       skeym_process_word(bed->patient),
                       NULL};
    return skeym_process_run(compare, skeym_demo_path(ward, "compare.log")) == SKEYM_OK;
}

static enum skeym_error count_bed(struct reader *reader, const struct skeym_demo_ward *ward,
                                  const struct skeym_demo_bed *bed, const char *credential,
                                  struct skeym_demo_tally *tally)
{
    struct skeym_readback back = {0};
    int status = 0;
    uint64_t samples = 0, gaps = 0;
    enum skeym_error error =
        skeym_readback_run(&back, reader->session, bed->patient, NULL, -32768, &status);
    for (size_t i = 0; error == SKEYM_OK && i < back.count; i++) {
        samples += back.signal[i].samples;
        gaps += back.signal[i].samples > 0 ? back.signal[i].missing : 0;
    }
    if (error == SKEYM_OK) {
        uint64_t told = logged(ward, bed, " readings)");
        uint64_t lost = gaps + (told > back.readings ? told - back.readings : 0);
        const char *record = "";
        if (!ward->simulate && bed->record && samples > 0) {
            bool same = equal(ward, bed, credential);
            record = same ? "  = record, sample by sample" : "  DIFFERS FROM THE RECORD";
            lost += !same;
        }
        skeym_demo_note("%-6s %5llu acknowledged  %5llu found  %llu lost  %llu doubled  %8llu "
                        "samples%s%s",
                        bed->node, (unsigned long long)told, (unsigned long long)back.readings,
                        (unsigned long long)lost, (unsigned long long)back.doubled,
                        (unsigned long long)samples, record,
                        bed->process.exited == 0 ? "" : "  DEVICE FAILED");
        tally->acknowledged += told;
        tally->lost += lost;
        tally->failed += bed->process.exited != 0;
        tally->doubled += back.doubled;
    }
    skeym_readback_free(&back);
    return error;
}

enum skeym_error skeym_demo_count(const struct skeym_demo_ward *ward, const char *credential,
                                  struct skeym_demo_tally *tally)
{
    struct reader reader;
    memset(tally, 0, sizeof *tally);
    enum skeym_error error = open_reader(&reader, ward, credential);
    if (error != SKEYM_OK) {
        return error;
    }
    for (size_t i = 0; error == SKEYM_OK && i < SKEYM_DEMO_BEDS; i++) {
        error = count_bed(&reader, ward, &ward->beds[i], credential, tally);
    }
    close_reader(&reader);
    return error;
}
