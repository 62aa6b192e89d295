/* SPDX-License-Identifier: Apache-2.0 */
/* A run of the load generator against a server that does what the test wants. */
#ifndef SKEYM_TESTS_LOAD_FIXTURE_H
#define SKEYM_TESTS_LOAD_FIXTURE_H

#include "load/load_plain.h"
#include "unit/load/tcp_server.h"

#define MS UINT64_C(1000000)

enum { LANES = 16 };

static struct skeym_load_plain plain;
static struct skeym_load_lane lanes[LANES];
static struct skeym_load_options options;
static struct tcp_server *server;
static struct skeym_load_result *result;

static inline struct tcp_reply all_good(unsigned n)
{
    (void)n;
    return (struct tcp_reply){.answer = TCP_OK("ok")};
}

static inline void set_up(tcp_behave behave, const char *request)
{
    server = tcp_start(behave);
    plain = (struct skeym_load_plain){.request = skeym_span_text(request), .body_size = SIZE_MAX};
    for (size_t i = 0; i < LANES; i++) {
        lanes[i] = (struct skeym_load_lane){&skeym_load_plain_script, &plain};
    }
    options = (struct skeym_load_options){.connections = 4,
                                          .lanes = lanes,
                                          .lane_count = LANES,
                                          .answer_ms = 60000,
                                          .patience_ms = 60000,
                                          .drain_ms = 60000};
    options.target.address = (struct sockaddr_in){.sin_family = AF_INET,
                                                  .sin_port = htons(server->port),
                                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline void run(uint64_t warmup_ns, uint64_t ns)
{
    struct skeym_load *load = NULL;
    assert_int_equal(skeym_load_open(&load, &options), SKEYM_OK);
    assert_int_equal(skeym_load_run(&result, load, warmup_ns, ns), SKEYM_OK);
    skeym_load_close(load);
}

static inline int tear_down(void **state)
{
    (void)state;
    skeym_load_result_free(result);
    result = NULL;
    if (server) {
        tcp_stop(server);
        server = NULL;
    }
    return 0;
}

#define GET "GET / HTTP/1.1\r\n\r\n"

static inline uint64_t count(enum skeym_load_outcome outcome)
{
    return skeym_load_count(result, outcome);
}

static inline struct tcp_reply refuse(unsigned n)
{
    (void)n;
    return (struct tcp_reply){.answer = "HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nwhy?"};
}

#endif
