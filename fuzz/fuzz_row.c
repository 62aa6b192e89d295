/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the database that this program did not write, or that the disk has changed: bytes in the
 * columns, and the row's checksum put right or left wrong. Then all that reads rows, through FHIR.
 * A row whose checksum is wrong must not come out; one whose checksum is right may hold anything,
 * and must do no harm.
 *
 * The input: what to do (and in its upper three bits which question to ask; 7: all), then id,
 * patient, writer (each with a size byte), start, stop, updated, version (8 bytes each), and the
 * body.
 */
#include "ask_fhir.h"
#include "fhir/fhir_json.h"
#include "fuzz.h"
#include "store/sqlite.h"
#include <unistd.h>

/* What is done to the database, in this order. */
enum {
    BEGIN,
    DROP_OBSERVATION,
    DROP_TERM,
    DROP_ENTITY,
    OBSERVATION,
    ENTITY,
    TERMS,
    COMMIT,
    STATEMENTS
};

static const char *const steps[STATEMENTS] = {
    "BEGIN IMMEDIATE",
    "DELETE FROM observation",
    "DELETE FROM observation_term",
    "DELETE FROM entity",
    "INSERT INTO observation(id, patient, start, stop, updated, version, body, writer, checksum)"
    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "INSERT INTO entity(id, patient, updated, version, body, writer, checksum, kind)"
    " VALUES(?, ?, ?5, ?6, ?7, ?8, ?9, ?10)",
    "INSERT INTO observation_term(term, patient, start, id) SELECT num, ?1, ?2, ?3 FROM term",
    "COMMIT",
};

enum how { RIGHT = 1, DEVICE = 2, PATIENT = 4, NO_BODY = 8, USUAL_ID = 16 };
enum { ALL = 7 }; /* questions */

#define MARK "zQ7Lost4me"

static struct {
    char path[64];
    struct skeym_store *store;
    struct skeym_store_reader *reader;
    struct skeym_fhir *fhir;
    sqlite3 *raw;
    sqlite3_stmt *statement[STATEMENTS];
    unsigned inputs;
} bench;

static enum skeym_error zeros(void *arg, void *out, size_t size)
{
    (void)arg;
    memset(out, 0, size);
    return SKEYM_OK;
}

static bool allows(void *arg, char interaction, struct skeym_span type, struct skeym_span patient)
{
    (void)arg, (void)interaction, (void)type, (void)patient;
    return true;
}

static void close_all(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[80];
    if (!bench.store) {
        return;
    }
    for (size_t i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(bench.statement[i]);
    }
    sqlite3_close(bench.raw);
    skeym_store_reader_close(bench.reader);
    skeym_store_close(bench.store);
    skeym_fhir_free(bench.fhir);
    bench.store = NULL;
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", bench.path, ends[i]);
        (void)unlink(path);
    }
}

static void must(const char *sql)
{
    FUZZ_MUST(sqlite3_exec(bench.raw, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static void open_all(void)
{
    snprintf(bench.path, sizeof bench.path, "%s/skeym-fuzz-row-%d.db",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    struct skeym_store_options options = {.path = bench.path, .steps_max = 1000};
    FUZZ_MUST(skeym_store_open(&bench.store, &options) == SKEYM_OK);
    FUZZ_MUST(skeym_store_reader_open(&bench.reader, bench.store) == SKEYM_OK);
    struct skeym_fhir_options fhir = {bench.store, zeros, NULL, "0"};
    FUZZ_MUST(skeym_fhir_new(&bench.fhir, &fhir) == SKEYM_OK);
    FUZZ_MUST(sqlite3_open_v2(bench.path, &bench.raw, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    must("PRAGMA synchronous = OFF");
    if (!sqlite3_db_filename(bench.raw, "main")[0]) { /* see memory_sqlite.c */
        must("PRAGMA journal_mode = OFF");
    }
    must("INSERT INTO term VALUES(1, 0, '8867-4', 'http://loinc.org'), (2, 0, 'x', ''),"
         " (3, 1, 'vital-signs', 'http://x')");
    must("INSERT INTO patient_term VALUES('p-1', 1), ('p-1', 2)");
    for (size_t i = 0; i < STATEMENTS; i++) {
        FUZZ_MUST(sqlite3_prepare_v2(bench.raw, steps[i], -1, &bench.statement[i], NULL) ==
                  SQLITE_OK);
    }
    static bool registered;
    if (!registered) {
        (void)atexit(close_all);
        registered = true;
    }
    bench.inputs = 0;
}

static void run(size_t which)
{
    FUZZ_MUST(sqlite3_step(bench.statement[which]) == SQLITE_DONE);
    FUZZ_MUST(sqlite3_reset(bench.statement[which]) == SQLITE_OK);
}

static void text(sqlite3_stmt *statement, int at, struct skeym_span bytes)
{
    FUZZ_MUST(sqlite3_bind_text(statement, at, bytes.size ? (const char *)bytes.data : "",
                                (int)bytes.size, SQLITE_STATIC) == SQLITE_OK);
}

static void bind(sqlite3_stmt *statement, const struct skeym_store_record *record)
{
    text(statement, 1, record->id);
    text(statement, 2, record->patient);
    sqlite3_bind_int64(statement, 5, record->updated_ms);
    sqlite3_bind_int64(statement, 6, record->version);
    sqlite3_bind_blob(statement, 7, record->body.size ? (const void *)record->body.data : "",
                      (int)record->body.size, SQLITE_STATIC);
    text(statement, 8, record->writer);
}

/* The only row. */
static void insert(const struct skeym_store_record *record, int64_t checksum)
{
    sqlite3_stmt *observation = bench.statement[OBSERVATION];
    sqlite3_stmt *entity = bench.statement[ENTITY];
    sqlite3_stmt *terms = bench.statement[TERMS];
    skeym_store_rest(bench.store); /* what changes the file is not the store */
    for (size_t i = BEGIN; i <= DROP_ENTITY; i++) {
        run(i);
    }
    if (record->kind == SKEYM_STORE_OBSERVATION) {
        bind(observation, record);
        sqlite3_bind_int64(observation, 3, record->start_ms);
        sqlite3_bind_int64(observation, 4, record->stop_ms);
        sqlite3_bind_int64(observation, 9, checksum);
        run(OBSERVATION);
        text(terms, 1, record->patient);
        sqlite3_bind_int64(terms, 2, record->start_ms);
        text(terms, 3, record->id);
        run(TERMS);
    } else {
        bind(entity, record);
        sqlite3_bind_int64(entity, 9, checksum);
        sqlite3_bind_int(entity, 10, (int)record->kind);
        run(ENTITY);
    }
    run(COMMIT);
}

/* right: what may come out. */
static void ask(const char *target, bool right)
{
    struct skeym_fhir_request request = {.method = skeym_span_text("GET"),
                                         .target = skeym_span_text(target),
                                         .grant = {allows, NULL},
                                         .base_url = "https://ward:8443/fhir",
                                         .now_ms = FUZZ_NOW_MS};
    struct skeym_fhir_answer *answer = fuzz_ask_fhir(bench.fhir, bench.reader, &request);
    FUZZ_MUST(answer->body && answer->status >= 200 && answer->status < 600);
    FUZZ_MUST(right || !memmem(answer->body, answer->body_size, MARK, sizeof MARK - 1));
    FUZZ_MUST(right || answer->status != 200 || !strstr(target, "/o-1"));
    skeym_fhir_answer_free(answer);
}

/* which: one question (of the first ones, when there are fewer), or all. */
static void ask_some(enum skeym_store_kind kind, unsigned which, bool right)
{
    static const char *const observations[] = {
        "/fhir/Observation/o-1",
        "/fhir/Observation?patient=p-1&_sort=-date",
        "/fhir/Observation?_lastUpdated=gt2000-01-01",
        "/fhir/Observation/$lastn?patient=p-1&category=vital-signs&max=2",
        "/fhir/Observation?patient=p-1&code=8867-4&category=vital-signs&date=lt2100",
        NULL};
    static const char *const patients[] = {"/fhir/Patient/o-1", "/fhir/Patient?_id=o-1,p-1",
                                           "/fhir/Patient", NULL};
    static const char *const devices[] = {"/fhir/Device/o-1", "/fhir/Device?patient=p-1",
                                          "/fhir/Device?_count=1", NULL};
    const char *const *targets = kind == SKEYM_STORE_OBSERVATION ? observations
                                 : kind == SKEYM_STORE_PATIENT   ? patients
                                                                 : devices;
    size_t count = 0;
    while (targets[count]) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        if (which == ALL || i == which % count) {
            ask(targets[i], right);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    unsigned how = skeym_read_u8(&reader);
    if (bench.inputs++ % 20000 == 0) {
        close_all();
        open_all();
        bench.inputs = 1;
    }
    struct skeym_span id = fuzz_copy(skeym_read_span8(&reader));
    struct skeym_span patient = fuzz_copy(skeym_read_span8(&reader));
    struct skeym_store_record record = {.kind = how & DEVICE    ? SKEYM_STORE_DEVICE
                                                : how & PATIENT ? SKEYM_STORE_PATIENT
                                                                : SKEYM_STORE_OBSERVATION,
                                        .id = how & USUAL_ID ? skeym_span_text("o-1") : id,
                                        .patient =
                                            how & USUAL_ID ? skeym_span_text("p-1") : patient,
                                        .writer = fuzz_copy(skeym_read_span8(&reader)),
                                        .start_ms = (int64_t)skeym_read_u64(&reader),
                                        .stop_ms = (int64_t)skeym_read_u64(&reader),
                                        .updated_ms = (int64_t)skeym_read_u64(&reader),
                                        .version = (uint32_t)skeym_read_u64(&reader)};
    if (record.kind != SKEYM_STORE_OBSERVATION) {
        record.start_ms = record.stop_ms = 0;
    }
    struct skeym_span body = fuzz_rest(&reader);
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){fuzz_take(body.size + 64), body.size + 64});
    if (!(how & RIGHT)) { /* to be looked for */
        skeym_write_text(&writer, "{\"x\":\"" MARK "\"}");
    }
    skeym_write_span(&writer, how & NO_BODY ? (struct skeym_span){0} : body);
    record.body = skeym_written(&writer);
    int64_t sum = skeym_sqlite_checksum(&record);
    insert(&record, how & RIGHT ? sum : (int64_t)((uint64_t)sum ^ 1));
    ask_some(record.kind, how >> 5, how & RIGHT);
    fuzz_done();
    return 0;
}
