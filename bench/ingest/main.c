/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store alone, by its own batch door, for bench/ingest/run. Prints one JSON object.
 *
 *   part-ingest ingest PATH ROWS   devices that each wait for their last reading to be durable
 *   part-ingest bundles PATH ROWS  the same, ten readings at a time, all or nothing
 *   part-ingest fill PATH ROWS     as fast as it goes, patient after patient, short bodies
 *   part-ingest query PATH SECONDS "last 100 of a patient", again and again, while nobody writes
 *   part-ingest hold PATH PATH     keeps both files in the system's cache until stdin ends
 */
#include "bench/ingest/rows.h"
#include "load/histogram.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEVICES = 1000, BUNDLE = 10, FILL_BATCH = 10000, FILL_BATCHES = 3, LAST = 100 };

static _Noreturn void fail(const char *what, enum skeym_error error)
{
    (void)fprintf(stderr, "part-ingest: %s: %s\n", what, skeym_error_text(error));
    exit(1); /* NOLINT(concurrency-mt-unsafe) */
}

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static double cpu_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void *need(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory) {
        fail("memory", SKEYM_ERR_MEMORY);
    }
    return memory;
}

/* --- devices --------------------------------------------------------------------------- */

/* Each device has `each` readings under way; its next ones leave when the last are durable. They
 * are rows one after the other; after each device's come the next one's. */
struct ward {
    struct skeym_store *store;
    size_t count, each;
    size_t finished; /* under the lock, as the next line */
    bool failed;
    struct row *rows;
    struct skeym_store_write *writes;
    struct device {
        struct ward *ward;
        struct skeym_store_batch batch;
        size_t next;
    } devices[DEVICES];
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

static void send_next(struct device *device);

/* On the writer's thread. */
static void taken(void *arg, struct skeym_store_batch *batch)
{
    struct device *device = arg;
    struct ward *ward = device->ward;
    bool good =
        !batch->error && !batch->writes[0].error && batch->writes[0].outcome == SKEYM_STORE_CREATED;
    (void)pthread_mutex_lock(&ward->lock);
    ward->finished += batch->count;
    ward->failed = ward->failed || !good;
    if (ward->finished >= ward->count) { /* who waits is woken once: it has nothing else to do */
        (void)pthread_cond_signal(&ward->wake);
    }
    (void)pthread_mutex_unlock(&ward->lock);
    send_next(device);
}

static void send_next(struct device *device)
{
    struct ward *ward = device->ward;
    if (device->next >= ward->count) {
        return;
    }
    device->batch = (struct skeym_store_batch){.writes = &ward->writes[device->next],
                                               .count = ward->each,
                                               .atomic = ward->each > 1,
                                               .done = taken,
                                               .arg = device};
    device->next += DEVICES * ward->each;
    enum skeym_error error = skeym_store_submit(ward->store, &device->batch);
    if (error) {
        fail("submit", error);
    }
}

static struct ward *open_ward(const char *path, size_t count, size_t each)
{
    struct ward *ward = need(1, sizeof *ward);
    const struct skeym_store_options options = {.path = path};
    ward->rows = need(count, sizeof *ward->rows);
    ward->writes = need(count, sizeof *ward->writes);
    ward->count = count;
    ward->each = each;
    for (size_t i = 0; i < count; i++) {
        size_t bundle = i / each;
        rows_make(&ward->rows[i], &ward->writes[i], bundle % DEVICES,
                  bundle / DEVICES * each + i % each, i, true);
    }
    (void)pthread_mutex_init(&ward->lock, NULL);
    (void)pthread_cond_init(&ward->wake, NULL);
    enum skeym_error error = skeym_store_open(&ward->store, &options);
    if (error) {
        fail(path, error);
    }
    return ward;
}

static void start_ward(struct ward *ward)
{
    for (size_t i = 0; i < DEVICES; i++) {
        ward->devices[i].ward = ward;
        ward->devices[i].next = i * ward->each;
        send_next(&ward->devices[i]);
    }
}

static void wait_for_all(struct ward *ward)
{
    (void)pthread_mutex_lock(&ward->lock);
    while (ward->finished < ward->count) {
        (void)pthread_cond_wait(&ward->wake, &ward->lock);
    }
    (void)pthread_mutex_unlock(&ward->lock);
}

static void close_ward(struct ward *ward)
{
    skeym_store_close(ward->store);
    if (ward->failed) {
        fail("a reading was not stored", SKEYM_ERR_STORE);
    }
    free(ward->rows);
    free(ward->writes);
    free(ward);
}

static void ingest(const char *path, size_t count, size_t each)
{
    struct ward *ward = open_ward(path, count, each);
    uint64_t start = now_ns();
    double cpu = cpu_us();
    start_ward(ward);
    wait_for_all(ward);
    double seconds = (double)(now_ns() - start) / 1e9;
    cpu = cpu_us() - cpu;
    struct skeym_store_stats stats = skeym_store_stats(ward->store);
    close_ward(ward);
    printf("{\"rows_per_s\": %.1f, \"seconds\": %.4f, \"rows_per_commit\": %.1f, "
           "\"cpu_us\": %.2f}\n",
           (double)count / seconds, seconds, (double)count / (double)stats.commits,
           cpu / (double)count);
}

/* --- much ---------------------------------------------------------------------------------- */

struct heap {
    struct row rows[FILL_BATCH];
    struct skeym_store_write writes[FILL_BATCH];
    struct skeym_store_batch batch;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    size_t free;
    bool is_free[FILL_BATCHES];
} heaps = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, FILL_BATCHES, {true, true, true}};

static void stored(void *arg, struct skeym_store_batch *batch)
{
    if (batch->error) {
        fail("fill", batch->error);
    }
    (void)pthread_mutex_lock(&heaps.lock);
    *(bool *)arg = true;
    heaps.free++;
    (void)pthread_cond_signal(&heaps.wake);
    (void)pthread_mutex_unlock(&heaps.lock);
}

static size_t take_heap(size_t wanted)
{
    size_t at = 0;
    (void)pthread_mutex_lock(&heaps.lock);
    while (heaps.free < wanted) {
        (void)pthread_cond_wait(&heaps.wake, &heaps.lock);
    }
    while (!heaps.is_free[at]) {
        at++;
    }
    heaps.is_free[at] = false;
    heaps.free--;
    (void)pthread_mutex_unlock(&heaps.lock);
    return at;
}

/* One batch, all or nothing, is one transaction's size. A patient's readings are later than those
 * of the one before, so that every index grows at its end: else ten million take an hour. */
static void fill(const char *path, size_t count)
{
    struct heap *heap = need(FILL_BATCHES, sizeof *heap);
    struct skeym_store *store = NULL;
    const struct skeym_store_options options = {.path = path};
    size_t each = count / DEVICES;
    uint64_t start = now_ns();
    enum skeym_error error = skeym_store_open(&store, &options);
    for (size_t i = 0; i < count && !error; i += FILL_BATCH) {
        size_t at = take_heap(1);
        size_t size = count - i < FILL_BATCH ? count - i : FILL_BATCH;
        for (size_t j = 0; j < size; j++) {
            rows_make(&heap[at].rows[j], &heap[at].writes[j], (i + j) / each, i + j, i + j, false);
        }
        heap[at].batch = (struct skeym_store_batch){.writes = heap[at].writes,
                                                    .count = size,
                                                    .atomic = true,
                                                    .done = stored,
                                                    .arg = &heaps.is_free[at]};
        error = skeym_store_submit(store, &heap[at].batch);
    }
    if (error) {
        fail(path, error);
    }
    skeym_store_close(store); /* all is durable, and in the file */
    double seconds = (double)(now_ns() - start) / 1e9;
    free(heap);
    printf("{\"rows_per_s\": %.1f, \"seconds\": %.4f}\n", (double)count / seconds, seconds);
}

/* --- questions ------------------------------------------------------------------------- */

static bool count_row(void *arg, const struct skeym_store_record *record)
{
    (void)record;
    ++*(size_t *)arg;
    return true;
}

static void ask(struct skeym_store_reader *reader, size_t patient)
{
    char name[24];
    size_t rows = 0;
    rows_patient(name, patient);
    const struct skeym_store_value value = {.text = skeym_span_text(name)};
    const struct skeym_store_test test = {SKEYM_STORE_BY_PATIENT, &value, 1};
    const struct skeym_store_query query = {.kind = SKEYM_STORE_OBSERVATION,
                                            .tests = &test,
                                            .test_count = 1,
                                            .order = SKEYM_STORE_ORDER_TIME,
                                            .descending = true,
                                            .limit = LAST};
    skeym_store_reader_budget(reader);
    enum skeym_error error = skeym_store_search(reader, &query, count_row, &rows);
    if (error || rows != LAST) {
        fail("last 100", error ? error : SKEYM_ERR_NOT_FOUND);
    }
}

/* Patients by chance, the same for every store. */
static void query(const char *path, double seconds)
{
    static struct skeym_histogram histogram;
    struct skeym_store *store = NULL;
    struct skeym_store_reader *reader = NULL;
    const struct skeym_store_options options = {.path = path};
    enum skeym_error error = skeym_store_open(&store, &options);
    if (!error) {
        error = skeym_store_reader_open(&reader, store);
    }
    if (error) {
        fail(path, error);
    }
    uint64_t seed = 1;
    uint64_t before = now_ns();
    uint64_t end = before + (uint64_t)(seconds * 1e9);
    while (before < end) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        ask(reader, (size_t)(seed >> 40) % DEVICES);
        uint64_t after = now_ns();
        skeym_histogram_add(&histogram, after - before);
        before = after;
    }
    skeym_store_reader_close(reader);
    skeym_store_close(store);
    printf("{\"p50_us\": %.2f, \"p99_us\": %.2f, \"queries\": %" PRIu64 "}\n",
           (double)skeym_histogram_at(&histogram, 0.5) / 1e3,
           (double)skeym_histogram_at(&histogram, 0.99) / 1e3, histogram.count);
}

/* --- held ------------------------------------------------------------------------------- */

/* Of the machine's memory; what is held cannot be taken for anything else. */
enum { HOLD_PERCENT = 60 };

static uint64_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && info.st_size > 0 ? (uint64_t)info.st_size : 0;
}

/* 0, or what the system says. What was locked stays so to the end of the process. */
static int lock_file(const char *path)
{
    size_t size = (size_t)size_of(path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    void *memory = file < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
    int wrong = memory == MAP_FAILED || mlock(memory, size) != 0 ? errno : 0;
    if (file >= 0) {
        close(file);
    }
    return wrong;
}

/* A system may throw out pages that rest for some seconds, though memory is free; which of them it
 * finds, and how often, hangs on the file's size. Not a store's doing. */
static void hold(const char *const paths[2])
{
    uint64_t size = size_of(paths[0]) + size_of(paths[1]);
    uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES) / 100 * HOLD_PERCENT;
    char byte = 0;
    int wrong = size / (uint64_t)sysconf(_SC_PAGESIZE) < pages ? 0 : ENOMEM;
    for (size_t i = 0; i < 2 && !wrong; i++) {
        wrong = lock_file(paths[i]);
    }
    printf("{\"held\": %s, \"errno\": %d, \"bytes\": %" PRIu64 "}\n", wrong ? "false" : "true",
           wrong, size);
    (void)fflush(stdout);
    while (!wrong && read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fprintf(
            stderr,
            "usage: part-ingest ingest|bundles|fill|query PATH NUMBER, or hold PATH PATH\n");
        return 2;
    }
    size_t number = (size_t)strtoull(argv[3], NULL, 10);
    if (strcmp(argv[1], "ingest") == 0) {
        ingest(argv[2], number, 1);
    } else if (strcmp(argv[1], "bundles") == 0) {
        ingest(argv[2], number / BUNDLE * BUNDLE, BUNDLE);
    } else if (strcmp(argv[1], "fill") == 0) {
        fill(argv[2], number);
    } else if (strcmp(argv[1], "hold") == 0) {
        hold((const char *const[]){argv[2], argv[3]});
    } else {
        query(argv[2], (double)number);
    }
    return 0;
}
