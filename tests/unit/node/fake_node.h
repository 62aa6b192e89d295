/* SPDX-License-Identifier: Apache-2.0 */
/* A test's own node: one server in memory, requests to ask, and what is expected of an answer. */
#ifndef SKEYM_TESTS_FAKE_NODE_H
#define SKEYM_TESTS_FAKE_NODE_H

#include "unit/node/fake_server.h"

static struct fake_server fake;
static struct skeym_session_options options;

static inline int set_up(void **state)
{
    (void)state;
    fake_start(&fake);
    options = fake_options(&fake);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    fake_stop(&fake);
    return 0;
}

static inline const struct skeym_closed *get_request(void)
{
    static struct skeym_closed request;
    request = (struct skeym_closed){.method = skeym_span_text("GET"),
                                    .target = skeym_span_text("/fhir/Observation?patient=7")};
    return &request;
}

static inline const struct skeym_closed *post_request(void)
{
    static struct skeym_closed request;
    request = (struct skeym_closed){.method = skeym_span_text("POST"),
                                    .target = skeym_span_text("/fhir/Observation"),
                                    .content_type = skeym_span_text("application/fhir+json"),
                                    .body = skeym_span_text("{\"resourceType\":\"Observation\"}")};
    return &request;
}

static inline enum skeym_error ask(struct skeym_session *session,
                                   const struct skeym_closed *request, bool *maybe)
{
    struct skeym_session_answer answer;
    enum skeym_error error = skeym_session_request(session, request, &answer, maybe);
    if (error == SKEYM_OK) {
        assert_true(answer.sealed);
        assert_int_equal(answer.status, fake.status);
        assert_string_equal(answer.cty, fake.cty);
        assert_true(skeym_span_equal(skeym_span(answer.body, answer.body_size), fake.body));
        assert_int_equal(answer.body[answer.body_size], 0);
        assert_false(maybe && *maybe);
    } else {
        assert_null(answer.body);
        assert_int_equal(answer.status, 0);
    }
    skeym_session_answer_free(&answer);
    return error;
}

static inline void expect(struct skeym_session *session, const struct skeym_closed *request,
                          enum skeym_error error, bool maybe)
{
    bool found = !maybe;
    assert_int_equal(ask(session, request, &found), error);
    assert_int_equal(found, maybe);
}

static inline void set_fault(enum fault fault, int at, int times)
{
    fake.fault = fault;
    fake.fault_at = at;
    fake.faults = times;
}

#endif
