/* SPDX-License-Identifier: Apache-2.0 */
/* FHIR over the store: what the faults of inside.c hit, and what must hold after each of them. */
#include "inside.h"

#include "fhir/fhir.h"
#include "store/store.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_MS UINT64_C(1795000000000)

/* --- FHIR over the store ------------------------------------------------------------ */

static struct {
    struct skeym_store *store;
    struct skeym_store_reader *reader;
    struct skeym_fhir *fhir;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct skeym_fhir_answer *answer;
    unsigned number; /* of the last post */
    uint64_t now_ms;
} ward = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .now_ms = NOW_MS};

static enum skeym_error draw(void *arg, void *out, size_t size)
{
    static uint64_t counter;
    uint8_t *bytes = out;
    (void)arg;
    uint64_t value = ++counter * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)getpid() << 40;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> 8 * (i % 8));
    }
    return SKEYM_OK;
}

static bool allow(void *arg, char interaction, struct skeym_span type, struct skeym_span patient)
{
    (void)arg, (void)interaction, (void)type, (void)patient;
    return true;
}

static enum skeym_error open_ward(void)
{
    const struct skeym_store_options options = {.path = inside_path("db"), .busy_ms = 20};
    enum skeym_error error = skeym_store_open(&ward.store, &options);
    if (!error) {
        error = skeym_store_reader_open(&ward.reader, ward.store);
    }
    if (!error) {
        const struct skeym_fhir_options fhir = {ward.store, draw, NULL, "0"};
        error = skeym_fhir_new(&ward.fhir, &fhir);
    }
    return error;
}

static void close_ward(void)
{
    skeym_store_reader_close(ward.reader);
    skeym_store_close(ward.store);
    skeym_fhir_free(ward.fhir);
    ward.reader = NULL;
    ward.store = NULL;
    ward.fhir = NULL;
}

static void end_ward(void)
{
    static const char *const files[] = {"db", "db-wal", "db-shm", NULL};
    close_ward();
    inside_sweep(files);
    inside_leave();
}

static void take(void *arg, struct skeym_fhir_answer *answer)
{
    (void)arg;
    (void)pthread_mutex_lock(&ward.lock);
    ward.answer = answer;
    (void)pthread_cond_signal(&ward.wake);
    (void)pthread_mutex_unlock(&ward.lock);
}

static struct skeym_fhir_answer *ask(const char *method, const char *target, const char *body,
                                     const char *if_none_exist)
{
    const struct skeym_fhir_request request = {
        .method = skeym_span_text(method),
        .target = skeym_span_text(target),
        .content_type = skeym_span_text("application/fhir+json"),
        .body = skeym_span_text(body),
        .if_none_exist = skeym_span_text(if_none_exist),
        .node = skeym_span_text("bed-1"),
        .grant = {allow, NULL},
        .base_url = "https://ward/fhir",
        .now_ms = ++ward.now_ms,
    };
    ward.answer = NULL;
    (void)skeym_fhir_handle(ward.fhir, ward.reader, &request, take, NULL);
    (void)pthread_mutex_lock(&ward.lock);
    while (!ward.answer) {
        (void)pthread_cond_wait(&ward.wake, &ward.lock);
    }
    struct skeym_fhir_answer *answer = ward.answer;
    (void)pthread_mutex_unlock(&ward.lock);
    return answer;
}

static void fill(char *out, size_t room, const char *patient, const char *value)
{
    snprintf(
        out, room,
        "{\"resourceType\":\"Observation\",\"identifier\":[{\"system\":\"urn:i\",\"value\":"
        "\"%s\"}],\"status\":\"final\",\"code\":{\"coding\":[{\"system\":\"http://loinc.org\","
        "\"code\":\"8867-4\"}]},\"subject\":{\"reference\":\"Patient/%s\"},"
        "\"effectiveDateTime\":\"2026-01-02T03:04:05Z\",\"valueQuantity\":{\"value\":72.50,"
        "\"unit\":\"/min\"},\"note\":[{\"text\":\"%s: as long as a note may be, with \\\"marks\\\""
        " and letters \\u00e4\\u00f6 of more than one byte each\"}]}",
        value, patient, value);
}

/* The part of an Observation that is the node's: behind meta. */
static const char *content(const char *text)
{
    const char *found = text ? strstr(text, "\"identifier\"") : NULL;
    return found ? found : "";
}

static bool same_content(const char *stored, const char *sent)
{
    /* what is stored has the letters themselves */
    char want[1200];
    const char *from = content(sent);
    size_t size = 0;
    while (*from && size < sizeof want - 1) {
        if (strncmp(from, "\\u00e4", 6) == 0 || strncmp(from, "\\u00f6", 6) == 0) {
            want[size++] = (char)0xc3;
            want[size++] = from[5] == '4' ? (char)0xa4 : (char)0xb6;
            from += 6;
        } else {
            want[size++] = *from++;
        }
    }
    want[size] = '\0';
    return size > 0 && strncmp(content(stored), want, size) == 0;
}

/* A ward that is open, with something in it. */
static void ready(void)
{
    char body[1024];
    if (ward.store && skeym_store_health(ward.store) == SKEYM_OK) {
        return;
    }
    bool fresh = !ward.store;
    close_ward();
    inside_need(open_ward() == SKEYM_OK, "the store does not open again");
    if (fresh) {
        for (int i = 0; i < 3; i++) {
            char name[32];
            snprintf(name, sizeof name, "seen-%d", i);
            fill(body, sizeof body, "seen", name);
            skeym_fhir_answer_free(ask("POST", "/fhir/Observation", body, ""));
        }
    }
}

static bool refusal(const struct skeym_fhir_answer *answer)
{
    return answer->status >= 500 && strstr(answer->body, "\"OperationOutcome\"");
}

/* After any fault: 2xx, or an error of ours that says so. */
static void check_answer(const struct skeym_fhir_answer *answer, bool good, int wanted)
{
    char blame[200];
    snprintf(blame, sizeof blame, "an answer that blames the node: %.150s", answer->body);
    inside_need(answer->status == wanted || refusal(answer), blame);
    inside_need(!good || answer->status == wanted, "refused without a fault");
    inside_need(answer->body_size == strlen(answer->body), "an answer with a hole");
}

/* How many there are of an identifier; the first one's text is left in *answer. */
static int found(const char *value, struct skeym_fhir_answer **answer)
{
    char target[128];
    snprintf(target, sizeof target, "/fhir/Observation?identifier=urn:i|%s", value);
    *answer = ask("GET", target, "", "");
    const char *total = strstr((*answer)->body, "\"total\":");
    return (*answer)->status == 200 && total ? (int)strtol(total + 8, NULL, 10) : -1;
}

static void post(bool good, const char *if_none_exist)
{
    char value[32], body[1024];
    struct skeym_fhir_answer *stored;
    ready();
    snprintf(value, sizeof value, "v-%d-%u", (int)getpid(), ++ward.number);
    fill(body, sizeof body, "p", value);
    inside_arm();
    struct skeym_fhir_answer *answer = ask("POST", "/fhir/Observation", body, if_none_exist);
    inside_disarm();
    check_answer(answer, good, 201);
    bool acknowledged = answer->status == 201 || inside_twin; /* the twin's false answer */
    inside_need(answer->status != 201 || same_content(answer->body, body), "another answer");
    ready(); /* a store that has met damage is opened anew */
    int count = found(value, &stored);
    inside_need(!acknowledged || count == 1, "acknowledged, and not there");
    inside_need(count == 0 || count == 1, "stored twice, or not to be found");
    inside_need(count != 1 || same_content(stored->body, body), "stored, but not as it was sent");
    skeym_fhir_answer_free(stored);
    skeym_fhir_answer_free(answer);
}

static void post_one(bool good)
{
    post(good, "");
}

static void post_if_none(bool good)
{
    post(good, "identifier=urn:i|nobody");
}

static void bundle(bool good)
{
    enum { ROOM = 4096 };
    char one[1024], value[32];
    char *body = malloc(ROOM);
    struct skeym_fhir_answer *stored;
    size_t used = 0;
    int count = 0;
    ready();
    ward.number++;
    used += (size_t)snprintf(body, ROOM,
                             "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[");
    for (int i = 0; i < 3; i++) {
        snprintf(value, sizeof value, "b-%d-%u-%d", (int)getpid(), ward.number, i);
        fill(one, sizeof one, "p", value);
        used += (size_t)snprintf(body + used, ROOM - used,
                                 "%s{\"resource\":%s,\"request\":{\"method\":\"POST\",\"url\":"
                                 "\"Observation\"}}",
                                 i ? "," : "", one);
    }
    (void)snprintf(body + used, ROOM - used, "]}");
    inside_arm();
    struct skeym_fhir_answer *answer = ask("POST", "/fhir", body, "");
    inside_disarm();
    check_answer(answer, good, 200);
    ready();
    for (int i = 0; i < 3; i++) {
        snprintf(value, sizeof value, "b-%d-%u-%d", (int)getpid(), ward.number, i);
        count += found(value, &stored);
        skeym_fhir_answer_free(stored);
    }
    inside_need(count == 3 || (count == 0 && answer->status != 200), "a part of a transaction");
    skeym_fhir_answer_free(answer);
    free(body);
}

static void put_patient(bool good)
{
    struct skeym_fhir_answer *answer;
    char target[96], body[256];
    ready();
    snprintf(target, sizeof target, "/fhir/Patient/q-%u", ++ward.number);
    snprintf(body, sizeof body,
             "{\"resourceType\":\"Patient\",\"id\":\"q-%u\",\"name\":[{\"family\":\"Curie\"}]}",
             ward.number);
    inside_arm();
    answer = ask("PUT", target, body, "");
    inside_disarm();
    check_answer(answer, good, 201);
    ready();
    struct skeym_fhir_answer *after = ask("GET", target, "", "");
    inside_need(answer->status != 201 || after->status == 200, "acknowledged, and not there");
    inside_need(after->status != 200 || strstr(after->body, "\"Curie\""), "not as it was sent");
    skeym_fhir_answer_free(after);
    skeym_fhir_answer_free(answer);
}

/* The answer to a read without a fault, to be compared with. */
static void read_from(bool good, const char *target, char **wanted)
{
    ready();
    inside_arm();
    struct skeym_fhir_answer *answer = ask("GET", target, "", "");
    inside_disarm();
    check_answer(answer, good, 200);
    if (good) {
        free(*wanted);
        *wanted = strdup(answer->body);
    }
    inside_need(answer->status != 200 || (*wanted && strcmp(answer->body, *wanted) == 0),
                "it says \"ok\", and is not whole");
    if (inside_twin && answer->status != 200) { /* the twin's leak */
        void *volatile lost = malloc(77);
        lost = NULL;
        (void)lost;
    }
    skeym_fhir_answer_free(answer);
    ready();
}

static void search(bool good)
{
    static char *wanted;
    read_from(good, "/fhir/Observation?patient=seen&code=http://loinc.org|8867-4&date=ge2026",
              &wanted);
}

static void latest(bool good)
{
    static char *wanted;
    read_from(good, "/fhir/Observation/$lastn?patient=seen&code=8867-4", &wanted);
}

static void metadata(bool good)
{
    static char *wanted;
    read_from(good, "/fhir/metadata", &wanted);
}

/* Opening, of a new file and of an old one; in between a write, and the end. */
static void open_and_close(bool good)
{
    static const char *const files[] = {"db", "db-wal", "db-shm", NULL};
    struct skeym_fhir_answer *stored;
    char body[1024];
    bool acknowledged = false;
    inside_sweep(files);
    fill(body, sizeof body, "p", "first");
    inside_arm();
    for (int i = 0; i < 2; i++) {
        enum skeym_error error = open_ward();
        if (!error && i == 0) {
            struct skeym_fhir_answer *answer = ask("POST", "/fhir/Observation", body, "");
            acknowledged = answer->status == 201;
            skeym_fhir_answer_free(answer);
        }
        inside_need(!good || error == SKEYM_OK, "it does not open");
        close_ward();
    }
    inside_disarm();
    inside_need(open_ward() == SKEYM_OK, "it does not open without a fault");
    if (ward.fhir) {
        int count = found("first", &stored);
        inside_need(acknowledged ? count == 1 : count == 0 || count == 1,
                    "acknowledged, not there");
        inside_need(!good || count == 1, "not there");
        skeym_fhir_answer_free(stored);
    }
    close_ward();
}

const struct inside_scenario *const inside_fhir[] = {
    &(const struct inside_scenario){"FHIR: post", post_one, end_ward, true},
    &(const struct inside_scenario){"FHIR: conditional post", post_if_none, end_ward, false},
    &(const struct inside_scenario){"FHIR: transaction", bundle, end_ward, false},
    &(const struct inside_scenario){"FHIR: put", put_patient, end_ward, false},
    &(const struct inside_scenario){"FHIR: search", search, end_ward, true},
    &(const struct inside_scenario){"FHIR: latest", latest, end_ward, false},
    &(const struct inside_scenario){"FHIR: metadata", metadata, end_ward, false},
    &(const struct inside_scenario){"store: open, write, close", open_and_close, end_ward, false},
    NULL,
};
