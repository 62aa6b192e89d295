/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole requests at the FHIR handler, over a store of its own in memory's file system: a byte that
 * says who asks, then method, target, content type and If-None-Exist (a line each), and the body.
 * The store has one patient that no asker but the first may see; the name is looked for in every
 * answer to the others.
 */
#include "ask_fhir.h"
#include "fhir/fhir_json.h"
#include "fuzz.h"
#include <unistd.h>

#define SECRET "Q7zxKv3w"
enum { REQUESTS = 2000 }; /* then the store is made anew */

enum who { ALL, ONE_PATIENT, READER, NOBODY };

static struct {
    char path[64];
    struct skeym_store *store;
    struct skeym_store_reader *reader;
    struct skeym_fhir *fhir;
    unsigned requests;
} bench;

static enum skeym_error count_up(void *arg, void *out, size_t size)
{
    static uint32_t counter;
    (void)arg;
    counter++;
    memset(out, 0, size);
    memcpy(out, &counter, size < sizeof counter ? size : sizeof counter);
    return SKEYM_OK;
}

static bool allows(void *arg, char interaction, struct skeym_span type, struct skeym_span patient)
{
    enum who who = *(const enum who *)arg;
    (void)type;
    return who == ALL || (who == ONE_PATIENT && skeym_span_is(patient, "p-1")) ||
           (who == READER && interaction != 'c' && interaction != 'u' &&
            skeym_span_is(patient, "p-1"));
}

static struct skeym_fhir_answer *send(struct skeym_fhir_request request, enum who who)
{
    request.grant = (struct skeym_fhir_grant){allows, &who};
    request.base_url = "https://ward:8443/fhir";
    request.now_ms = FUZZ_NOW_MS;
    return fuzz_ask_fhir(bench.fhir, bench.reader, &request);
}

static void put(const char *method, const char *target, const char *body)
{
    struct skeym_fhir_request request = {.method = skeym_span_text(method),
                                         .target = skeym_span_text(target),
                                         .content_type = skeym_span_text("application/fhir+json"),
                                         .body = skeym_span_text(body)};
    struct skeym_fhir_answer *answer = send(request, ALL);
    FUZZ_MUST(answer->status == 201 || answer->status == 200);
    skeym_fhir_answer_free(answer);
}

static void close_store(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[80];
    if (!bench.store) {
        return;
    }
    skeym_store_reader_close(bench.reader);
    skeym_store_close(bench.store);
    skeym_fhir_free(bench.fhir);
    bench.store = NULL;
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", bench.path, ends[i]);
        (void)unlink(path);
    }
}

static void open_store(void)
{
    static bool again;
    snprintf(bench.path, sizeof bench.path, "%s/skeym-fuzz-%d.db",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    struct skeym_store_options options = {.path = bench.path, .steps_max = 1000};
    FUZZ_MUST(skeym_store_open(&bench.store, &options) == SKEYM_OK);
    FUZZ_MUST(skeym_store_reader_open(&bench.reader, bench.store) == SKEYM_OK);
    struct skeym_fhir_options fhir = {bench.store, count_up, NULL, "0"};
    FUZZ_MUST(skeym_fhir_new(&bench.fhir, &fhir) == SKEYM_OK);
    bench.requests = 0;
    if (!again) {
        (void)atexit(close_store);
        again = true;
    }
    put("PUT", "/fhir/Patient/p-2",
        "{\"resourceType\":\"Patient\",\"id\":\"p-2\",\"name\":[{\"family\":\"" SECRET "\"}],"
        "\"identifier\":[{\"system\":\"urn:x\",\"value\":\"2\"}]}");
    put("PUT", "/fhir/Patient/p-1",
        "{\"resourceType\":\"Patient\",\"id\":\"p-1\",\"name\":[{\"family\":\"Lee\"}]}");
    put("PUT", "/fhir/Device/d-2",
        "{\"resourceType\":\"Device\",\"id\":\"d-2\",\"patient\":{\"reference\":\"Patient/p-2\"},"
        "\"distinctIdentifier\":\"" SECRET "\",\"identifier\":[{\"system\":\"urn:x\",\"value\":"
        "\"2\"}]}");
    put("POST", "/fhir/Observation",
        "{\"resourceType\":\"Observation\",\"status\":\"final\",\"subject\":{\"reference\":"
        "\"Patient/p-2\"},\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
        "\"8867-4\"}],\"text\":\"" SECRET "\"},\"effectiveDateTime\":\"2027-01-15T08:00:00Z\","
        "\"identifier\":[{\"system\":\"urn:x\",\"value\":\"2\"}]}");
}

static bool contains(struct skeym_span text, const char *what)
{
    return text.size > 0 && memmem(text.data, text.size, what, strlen(what));
}

static void check(const struct skeym_fhir_answer *answer, enum who who,
                  const struct skeym_fhir_request *request)
{
    struct skeym_fhir_problem problem = {0};
    struct skeym_span body = skeym_span(answer->body, answer->body_size);
    FUZZ_MUST(answer->status >= 200 && answer->status < 600 && answer->body);
    FUZZ_MUST(answer->status != 500 && answer->status != 503);
    FUZZ_MUST(answer->body_size == strlen(answer->body));
    FUZZ_MUST(memchr(answer->location, 0, sizeof answer->location));
    struct json_object *object = skeym_fhir_json_parse(body, &problem);
    FUZZ_MUST(object || answer->body_size > SKEYM_FHIR_BODY_BYTES);
    json_object_put(object);
    FUZZ_MUST(who == ALL || !contains(body, SECRET));
    FUZZ_MUST(who == ALL || who == ONE_PATIENT || answer->status != 201);
    FUZZ_MUST(skeym_fhir_is_write(request->method, request->target) || answer->status != 201);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    enum who who = (enum who)(skeym_read_u8(&reader) & 3);
    struct skeym_fhir_request request = {.method = fuzz_copy(fuzz_line(&reader)),
                                         .target = fuzz_copy(fuzz_line(&reader)),
                                         .content_type = fuzz_copy(fuzz_line(&reader)),
                                         .if_none_exist = fuzz_copy(fuzz_line(&reader)),
                                         .body = fuzz_copy(fuzz_rest(&reader))};
    if (bench.requests++ % REQUESTS == 0) {
        close_store();
        open_store();
        bench.requests = 1;
    }
    if (!contains(skeym_span(data, size), SECRET)) { /* else it could be said or stored anew */
        struct skeym_fhir_answer *answer = send(request, who);
        check(answer, who, &request);
        skeym_fhir_answer_free(answer);
    }
    fuzz_done();
    return 0;
}
