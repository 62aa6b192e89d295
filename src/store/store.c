/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "store/engine.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* More writes than this are left for the next transaction, so that no answer waits too long. */
enum {
    GROUP_MAX = 4096,
    CAREFUL_GROUPS = 16,
    QUEUE_MAX = 65536,
    BUSY_MS = 2000,
    LOG_BYTES = 128 << 20,
    STEPS_MAX = 5000
};

static const struct skeym_store_engine *const engine = &skeym_sqlite_engine;

struct skeym_store {
    struct skeym_store_options options;
    char *path;
    void *handle; /* the writer thread's, as all down to soiled */
    int64_t newest_ms;
    int64_t changes;       /* as of begin_savepoint */
    unsigned careful_left; /* groups */
    bool careful, soiled;
    atomic_int wrong;         /* enum skeym_error: why no more writes are taken */
    atomic_bool rotten;       /* a row was met that is not as it was written */
    _Atomic uint64_t commits; /* tried, at least: for readers */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct skeym_store_batch *head, **tail;
    struct skeym_store_reader *readers;
    struct skeym_store_stats stats;
    uint64_t max_bytes;
    bool max_changed, stopping;
};

/*
 * To begin and to end a read transaction costs more than to read a row in it, so a reader keeps the
 * one it has until a commit has made it old. A write counts in `commits` before it is acknowledged:
 * a get that begins after the acknowledgement finds another number there, and looks anew. Who has
 * nothing to read must not keep the log from beginning anew: the writer lets go for readers at
 * rest.
 */
struct skeym_store_reader {
    void *handle;
    struct skeym_store *store;
    struct skeym_store_reader *next; /* of the store */
    pthread_mutex_t lock;            /* guards the handle, and what follows */
    bool held;                       /* a read transaction is open */
    uint64_t seen;                   /* the commits, or fewer, that it sees */
};

/* Every error of the engine passes here, so that what one thread has met all others know. */
static enum skeym_error note(struct skeym_store *store, enum skeym_error error)
{
    bool first = false;
    if (error == SKEYM_ERR_CHECKSUM) {
        atomic_store(&store->rotten, true);
        first = true;
    } else if (error == SKEYM_ERR_DAMAGED || error == SKEYM_ERR_MISSING) {
        int none = SKEYM_OK;
        first = atomic_compare_exchange_strong(&store->wrong, &none, (int)error);
    }
    if (first && store->options.alarm) {
        store->options.alarm(store->options.alarm_arg, error);
    }
    return error;
}

/* SKEYM_OK while what is committed will be found again. */
static enum skeym_error look(struct skeym_store *store)
{
    if (!atomic_load(&store->wrong)) {
        (void)note(store, engine->present(store->handle));
    }
    return atomic_load(&store->wrong) ? SKEYM_ERR_DAMAGED : SKEYM_OK;
}

static void fail_write(struct skeym_store_write *write, enum skeym_error error)
{
    if (write->owned) {
        free(write->owned);
        write->owned = NULL;
        memset(&write->found, 0, sizeof write->found);
    }
    write->error = error;
}

static void fail_batch(struct skeym_store_batch *batch, size_t failed, enum skeym_error error)
{
    batch->error = error;
    batch->failed = failed;
    for (size_t i = 0; i < batch->count; i++) {
        enum skeym_store_outcome outcome = batch->writes[i].outcome;
        fail_write(&batch->writes[i], error);
        batch->writes[i].outcome = i == failed ? outcome : SKEYM_STORE_NOTHING;
    }
}

static void reset_batch(struct skeym_store_batch *batch, int64_t now_ms)
{
    batch->error = SKEYM_OK;
    batch->failed = batch->count;
    for (size_t i = 0; i < batch->count; i++) {
        fail_write(&batch->writes[i], SKEYM_OK);
        batch->writes[i].outcome = SKEYM_STORE_NOTHING;
        batch->writes[i].version = 0;
        batch->writes[i].repeated = false;
        batch->writes[i].updated_ms = now_ms;
    }
}

/* A savepoint costs a copy of every page that is written under it, more than the writing itself,
 * and hardly any is ever needed: what is refused is mostly refused before it has changed a thing.
 * So a group is tried without them; when a refused write has changed something, all is rolled back
 * and done again with savepoints, and so are the next groups, lest who sends such writes doubles
 * the work of each. */
static enum skeym_error begin_savepoint(struct skeym_store *store)
{
    store->changes = engine->changes(store->handle);
    return store->careful ? engine->mark(store->handle) : SKEYM_OK;
}

/* Ends a savepoint: keeps what was written within it, or (after an error) takes it back. When that
 * fails, nothing may be committed any more, for half of a refused write could be among it: the
 * whole transaction is rolled back. true: the transaction goes on. */
static bool end_savepoint(struct skeym_store *store, enum skeym_error *error)
{
    if (!engine->in_transaction(store->handle)) {
        return false; /* rolled back by the engine itself */
    }
    if (!store->careful) {
        store->soiled = *error && engine->changes(store->handle) != store->changes;
        return !store->soiled;
    }
    enum skeym_error end = *error ? engine->unwind(store->handle) : engine->release(store->handle);
    if (end) {
        *error = end;
        engine->rollback(store->handle);
        return false;
    }
    return true;
}

/* One write under a savepoint of its own. An error is the write's, unless it took the transaction
 * with it: then false. */
static bool apply_alone(struct skeym_store *store, struct skeym_store_write *write)
{
    bool goes_on = true;
    enum skeym_error error = begin_savepoint(store);
    if (error) {
        goes_on = engine->in_transaction(store->handle);
    } else {
        error = note(store, engine->apply(store->handle, write));
        goes_on = end_savepoint(store, &error);
    }
    if (error) {
        fail_write(write, error);
    }
    return goes_on;
}

static bool apply_together(struct skeym_store *store, struct skeym_store_batch *batch)
{
    size_t i = 0;
    bool goes_on = true;
    enum skeym_error error = begin_savepoint(store);
    if (error) {
        goes_on = engine->in_transaction(store->handle);
    } else {
        for (; !error && i < batch->count; i++) {
            error = note(store, engine->apply(store->handle, &batch->writes[i]));
        }
        goes_on = end_savepoint(store, &error);
    }
    if (error) {
        fail_batch(batch, i > 0 ? i - 1 : 0, error);
    }
    return goes_on;
}

/* false when the transaction is lost, with everything that was in it */
static bool apply_batch(struct skeym_store *store, struct skeym_store_batch *batch)
{
    engine->budget(store->handle);
    if (batch->atomic) {
        return apply_together(store, batch);
    }
    for (size_t i = 0; i < batch->count; i++) {
        if (!apply_alone(store, &batch->writes[i])) {
            return false;
        }
    }
    return true;
}

static int64_t stamp(struct skeym_store *store, const struct skeym_store_batch *first, size_t count)
{
    int64_t now = store->newest_ms + 1;
    for (const struct skeym_store_batch *batch = first; count > 0; batch = batch->next, count--) {
        for (size_t i = 0; i < batch->count; i++) {
            int64_t wanted = batch->writes[i].record.updated_ms;
            now = wanted > now ? wanted : now;
        }
    }
    return now;
}

/* The first `count` batches in one transaction; store->soiled: see begin_savepoint. */
static enum skeym_error try_together(struct skeym_store *store, struct skeym_store_batch *first,
                                     size_t count)
{
    int64_t now = stamp(store, first, count);
    struct skeym_store_batch *batch = first;
    for (size_t i = 0; i < count; i++, batch = batch->next) {
        reset_batch(batch, now);
    }
    engine->rollback(store->handle); /* a transaction that could not be ended before */
    enum skeym_error error = look(store);
    if (!error) {
        error = note(store, engine->begin(store->handle));
    }
    if (error) {
        return error;
    }
    batch = first;
    for (size_t i = 0; i < count; i++, batch = batch->next) {
        if (!apply_batch(store, batch)) {
            /* Everything is rolled back. */
            error = batch->error;
            for (size_t j = 0; !error && j < batch->count; j++) {
                error = batch->writes[j].error;
            }
            return error ? error : SKEYM_ERR_STORE;
        }
    }
    error = note(store, engine->commit(store->handle));
    atomic_fetch_add(&store->commits, 1);
    if (!error) {
        error = look(store); /* a file that is gone by now keeps nothing */
    }
    if (error) {
        engine->rollback(store->handle);
        return error;
    }
    store->newest_ms = now;
    pthread_mutex_lock(&store->lock);
    store->stats.commits++;
    pthread_mutex_unlock(&store->lock);
    return SKEYM_OK;
}

static enum skeym_error commit_together(struct skeym_store *store, struct skeym_store_batch *first,
                                        size_t count)
{
    store->careful = store->careful_left > 0;
    store->careful_left -= store->careful;
    store->soiled = false;
    enum skeym_error error = try_together(store, first, count);
    if (store->soiled) {
        store->careful = true;
        store->careful_left = CAREFUL_GROUPS;
        error = try_together(store, first, count);
    }
    return error;
}

/* A group that fails as a whole is tried again batch by batch, so that one batch that is too large
 * for a full disk does not take the others with it. What the log holds is moved into the file
 * first, for then the log's own space is used again. */
static void commit_group(struct skeym_store *store, struct skeym_store_batch *first, size_t count)
{
    enum skeym_error error = commit_together(store, first, count);
    bool again = error == SKEYM_ERR_NO_SPACE || (count > 1 && error != SKEYM_ERR_BUSY);
    if (error == SKEYM_ERR_NO_SPACE) {
        (void)note(store, engine->tidy(store->handle, true));
    }
    struct skeym_store_batch *batch = first;
    for (size_t i = 0; error && i < count; i++, batch = batch->next) {
        enum skeym_error alone = again ? commit_together(store, batch, 1) : error;
        if (alone) {
            fail_batch(batch, batch->count, alone);
        }
    }
}

static void report(struct skeym_store *store, struct skeym_store_batch *batch)
{
    /* done may free the batch, so what is ours is taken out of it first */
    struct skeym_store_owned *owned = NULL;
    uint64_t failed = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct skeym_store_write *write = &batch->writes[i];
        failed += write->error != SKEYM_OK;
        if (write->owned) {
            write->owned->next = owned;
            owned = write->owned;
        }
    }
    pthread_mutex_lock(&store->lock);
    store->stats.batches++;
    store->stats.writes += batch->count;
    store->stats.failed += failed;
    pthread_mutex_unlock(&store->lock);
    batch->done(batch->arg, batch);
    while (owned) {
        struct skeym_store_owned *next = owned->next;
        free(owned);
        owned = next;
    }
}

/* Takes a group off the queue; 0 when the store is closing and nothing is left. */
static size_t take(struct skeym_store *store, struct skeym_store_batch **first)
{
    size_t count = 0, writes = 0;
    pthread_mutex_lock(&store->lock);
    while (!store->head && !store->stopping) {
        pthread_cond_wait(&store->wake, &store->lock);
    }
    *first = store->head;
    while (store->head && (count == 0 || writes + store->head->count <= GROUP_MAX)) {
        writes += store->head->count;
        count++;
        store->head = store->head->next;
    }
    if (!store->head) {
        store->tail = &store->head;
    }
    store->stats.queued -= writes;
    if (store->max_changed) {
        store->max_changed = false;
        engine->set_max_bytes(store->handle, store->max_bytes);
    }
    pthread_mutex_unlock(&store->lock);
    return count;
}

/* Under the reader's lock. Also when none is held: one that could not be let go of before would
 * show the same rows for ever. */
static void let_go(struct skeym_store_reader *reader)
{
    engine->let_go(reader->handle);
    reader->held = false;
}

void skeym_store_rest(struct skeym_store *store)
{
    pthread_mutex_lock(&store->lock);
    for (struct skeym_store_reader *reader = store->readers; reader; reader = reader->next) {
        if (pthread_mutex_trylock(&reader->lock) == 0) {
            let_go(reader);
            pthread_mutex_unlock(&reader->lock);
        }
    }
    pthread_mutex_unlock(&store->lock);
}

static void *writer(void *arg)
{
    struct skeym_store *store = arg;
    struct skeym_store_batch *batch = NULL;
    size_t count = 0;
    while ((count = take(store, &batch)) > 0) {
        commit_group(store, batch, count);
        while (count-- > 0) {
            struct skeym_store_batch *next = batch->next;
            report(store, batch);
            batch = next;
        }
        skeym_store_rest(store);
        (void)note(store, engine->tidy(store->handle, false));
    }
    return NULL;
}

static void free_store(struct skeym_store *store)
{
    if (store->handle) {
        engine->close(store->handle);
    }
    pthread_cond_destroy(&store->wake);
    pthread_mutex_destroy(&store->lock);
    free(store->path);
    free(store);
}

enum skeym_error skeym_store_open(struct skeym_store **out,
                                  const struct skeym_store_options *options)
{
    *out = NULL;
    struct skeym_store *store = calloc(1, sizeof *store);
    if (!store) {
        return SKEYM_ERR_MEMORY;
    }
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->wake, NULL);
    store->tail = &store->head;
    store->options = *options;
    store->options.busy_ms = options->busy_ms ? options->busy_ms : BUSY_MS;
    store->options.queue_max = options->queue_max ? options->queue_max : QUEUE_MAX;
    store->options.log_bytes = options->log_bytes ? options->log_bytes : LOG_BYTES;
    store->options.steps_max = options->steps_max ? options->steps_max : STEPS_MAX;
    store->path = strdup(options->path);
    store->options.path = store->path;
    enum skeym_error error = store->path ? SKEYM_OK : SKEYM_ERR_MEMORY;
    if (!error) {
        error = engine->open(&store->handle, &store->options, true);
    }
    if (!error) {
        error = engine->newest(store->handle, &store->newest_ms);
    }
    if (!error && pthread_create(&store->thread, NULL, writer, store) != 0) {
        error = SKEYM_ERR_MEMORY;
    }
    if (error) {
        free_store(store);
        return error;
    }
    *out = store;
    return SKEYM_OK;
}

void skeym_store_close(struct skeym_store *store)
{
    if (!store) {
        return;
    }
    pthread_mutex_lock(&store->lock);
    store->stopping = true;
    pthread_cond_signal(&store->wake);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->thread, NULL);
    free_store(store);
}

enum skeym_error skeym_store_submit(struct skeym_store *store, struct skeym_store_batch *batch)
{
    enum skeym_error error = SKEYM_OK;
    batch->next = NULL;
    for (size_t i = 0; i < batch->count; i++) {
        batch->writes[i].owned = NULL;
    }
    pthread_mutex_lock(&store->lock);
    if (store->stopping) {
        error = SKEYM_ERR_STATE;
    } else if (batch->count > store->options.queue_max - store->stats.queued) {
        error = SKEYM_ERR_BUSY;
    } else {
        *store->tail = batch;
        store->tail = &batch->next;
        store->stats.queued += batch->count;
        pthread_cond_signal(&store->wake);
    }
    pthread_mutex_unlock(&store->lock);
    return error;
}

void skeym_store_set_max_bytes(struct skeym_store *store, uint64_t max_bytes)
{
    pthread_mutex_lock(&store->lock);
    store->max_bytes = max_bytes;
    store->max_changed = true;
    pthread_mutex_unlock(&store->lock);
}

struct skeym_store_stats skeym_store_stats(struct skeym_store *store)
{
    pthread_mutex_lock(&store->lock);
    struct skeym_store_stats stats = store->stats;
    pthread_mutex_unlock(&store->lock);
    return stats;
}

enum skeym_error skeym_store_health(struct skeym_store *store)
{
    (void)look(store);
    enum skeym_error wrong = (enum skeym_error)atomic_load(&store->wrong);
    return wrong ? wrong : atomic_load(&store->rotten) ? SKEYM_ERR_CHECKSUM : SKEYM_OK;
}

enum skeym_error skeym_store_reader_open(struct skeym_store_reader **out, struct skeym_store *store)
{
    *out = NULL;
    struct skeym_store_reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        return SKEYM_ERR_MEMORY;
    }
    enum skeym_error error = engine->open(&reader->handle, &store->options, false);
    if (error) {
        free(reader);
        return error;
    }
    reader->store = store;
    pthread_mutex_init(&reader->lock, NULL);
    pthread_mutex_lock(&store->lock);
    reader->next = store->readers;
    store->readers = reader;
    pthread_mutex_unlock(&store->lock);
    *out = reader;
    return SKEYM_OK;
}

void skeym_store_reader_close(struct skeym_store_reader *reader)
{
    if (!reader) {
        return;
    }
    pthread_mutex_lock(&reader->store->lock);
    struct skeym_store_reader **at = &reader->store->readers;
    while (*at != reader) {
        at = &(*at)->next;
    }
    *at = reader->next;
    pthread_mutex_unlock(&reader->store->lock);
    let_go(reader);
    engine->close(reader->handle);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}

void skeym_store_reader_budget(struct skeym_store_reader *reader)
{
    pthread_mutex_lock(&reader->lock); /* to let go takes from the budget, too */
    engine->budget(reader->handle);
    pthread_mutex_unlock(&reader->lock);
}

enum skeym_error skeym_store_get(struct skeym_store_reader *reader, enum skeym_store_kind kind,
                                 struct skeym_span id, skeym_store_each each, void *arg)
{
    struct skeym_store *store = reader->store;
    pthread_mutex_lock(&reader->lock);
    if (!reader->held || reader->seen != atomic_load(&store->commits)) {
        let_go(reader);
        reader->seen = atomic_load(&store->commits); /* before it looks */
        reader->held = engine->hold(reader->handle);
    }
    enum skeym_error error = engine->get(reader->handle, kind, id, each, arg);
    if (error != SKEYM_OK && error != SKEYM_ERR_NOT_FOUND) {
        let_go(reader); /* whatever it is, the next one looks anew */
    }
    pthread_mutex_unlock(&reader->lock);
    return note(store, error);
}

enum skeym_error skeym_store_search(struct skeym_store_reader *reader,
                                    const struct skeym_store_query *query, skeym_store_each each,
                                    void *arg)
{
    pthread_mutex_lock(&reader->lock);
    let_go(reader);
    enum skeym_error error = engine->search(reader->handle, query, each, arg);
    pthread_mutex_unlock(&reader->lock);
    return note(reader->store, error);
}

enum skeym_error skeym_store_latest(struct skeym_store_reader *reader,
                                    const struct skeym_store_query *query, skeym_store_each each,
                                    void *arg)
{
    pthread_mutex_lock(&reader->lock);
    let_go(reader);
    enum skeym_error error = engine->latest(reader->handle, query, each, arg);
    pthread_mutex_unlock(&reader->lock);
    return note(reader->store, error);
}
