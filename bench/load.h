/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load generator: one thread, epoll, non-blocking sockets that are kept alive. Each connection is
 * one lane with one request under way: the next one goes out when the answer was read (closed
 * loop). What a lane asks, and what it thinks of the answer, is a script's: plain HTTP
 * (load_plain.h) or a node with chained tokens (load_node.h), so that rivals and this project's
 * server are driven by the very same code. It uses loopback only.
 */
#ifndef SKEYM_BENCH_LOAD_H
#define SKEYM_BENCH_LOAD_H

#include <skeym/span.h>

#define LOAD_REQUEST_BYTES 4096 /* at most, as sent */
#define LOAD_ANSWER_BYTES  16384

/* Spans point into the lane's buffer and are good until the script returns. */
struct load_answer {
    int status;
    struct skeym_span content_type;
    struct skeym_span next; /* SkeyM-Next */
    struct skeym_span body;
    size_t size; /* of all of it, as received */
};

/* Reads one answer with a Content-Length from the start of input. SKEYM_OK; SKEYM_ERR_TRUNCATED:
 * more must come; SKEYM_ERR_SHAPE: no such answer. */
SKEYM_MUST_USE enum skeym_error load_http_read(struct load_answer *out, struct skeym_span input);

struct load_script {
    /* Writes the lane's next request, head and body. */
    enum skeym_error (*ask)(void *lane, struct skeym_writer *out);
    /* NULL, or what is wrong with the answer. Statuses other than 2xx never come here. */
    const char *(*take)(void *lane, const struct load_answer *answer);
};

struct load_options {
    uint16_t port; /* of 127.0.0.1 */
    size_t connections;
    const struct load_script *script;
    void *lanes; /* connections of lane_size bytes each: the script's; not owned */
    size_t lane_size;
    /* Looks for answers without ever sleeping, as long as the generator has a core for itself. Else
     * the server pays for waking the generator's core, which peers on a network would not make it
     * do, and pays the more the faster the generator is. */
    bool spin;
};

struct load_result {
    uint64_t answers;
    uint64_t elapsed_ns; /* from the first request to the last answer */
    uint64_t cpu_ns;     /* of the generator's thread in that time */
    uint64_t spun_ns;    /* of it, looking in vain */
};

struct load;

/* Connects all. NULL: load_problem(NULL) says why. */
struct load *load_open(const struct load_options *options);
/* Sends for ns, or until each lane has had `each` answers (0: no such limit), then waits for what
 * is under way. false: an answer was not 2xx, the script did not like it, a connection was lost or
 * no answer came for 10 s; load_problem says what. The load can then only be closed. */
bool load_run(struct load *load, uint64_t ns, uint64_t each, struct load_result *result);
const char *load_problem(const struct load *load);
void load_close(struct load *load);

#endif
