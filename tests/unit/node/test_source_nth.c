/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device says, and the client it says it with, when any one call fails: a message is whole
 * or there is none, and a client that was not set up in full is no client. (One whose TLS was not
 * set up would speak to anybody.)
 */
#include "node/device_source.h"
#include "node/http.h"
#include "node/observation_samples.h"
#include <curl/curl.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NTH_LIBRARIES
#include "unit/nth.h"

enum { MOST = 40000 };

/* Each setting is one pointer or one long, which are passed alike on what we build for. */
#undef curl_easy_setopt
CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    return nth_fails() ? CURLE_UNKNOWN_OPTION : NTH_REAL(curl_easy_setopt)(curl, option, value);
}

NTH(CURL *, curl_easy_init, (void), (), NULL, 0)
NTH(CURLU *, curl_url, (void), (), NULL, 0)

static void a_client_is_set_up_in_full_or_not_at_all(void **state)
{
    (void)state;
    static const struct skeym_http_options kinds[] = {
        {.server = "https://ward.example:8443", .ca_file = "/etc/hostname"},
        {.server = "http://127.0.0.1:1", .proxy_from_env = true},
    };
    assert_int_equal(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        long n = 1;
        for (bool hit = true; hit; n++) {
            struct skeym_http *http = NULL;
            assert_true(n < MOST);
            nth_arm(n);
            enum skeym_error error = skeym_http_new(&http, &kinds[i]);
            hit = nth_disarm();
            assert_int_equal(error == SKEYM_OK, http != NULL);
            assert_true(hit || http);
#ifdef NTH_SANITIZED /* only calls of ours are counted there, and each of them matters */
            assert_true(!hit || !http);
#endif
            skeym_http_free(http);
        }
        assert_true(n > 15);
    }
}

/* A request that could not be set in full is not sent. */
static void a_request_is_set_in_full_or_not_sent(void **state)
{
    (void)state;
    const struct skeym_http_options options = {.server = "http://127.0.0.1:1"};
    const struct skeym_wire_request request = {.method = "POST",
                                               .target = "/skeym/v1/exchange",
                                               .content_type = "application/jose",
                                               .authorization = "SkeyM AAAA",
                                               .proof = "AAAA",
                                               .body = skeym_span_text("body")};
    struct skeym_http *http = NULL;
    assert_int_equal(skeym_http_new(&http, &options), SKEYM_OK);
    long n = 1;
    for (bool hit = true; hit; n++) {
        struct skeym_wire_answer answer;
        memset(&answer, 0, sizeof answer);
        assert_true(n < MOST);
        nth_arm(n);
        enum skeym_error error = skeym_http_send(http, &request, &answer);
        hit = nth_disarm();
        assert_int_not_equal(error, SKEYM_OK); /* nobody is there */
        assert_int_equal(answer.status, 0);
        free(answer.body);
    }
    assert_true(n > 5);
    skeym_http_free(http);
}

/* --- messages ------------------------------------------------------------------------------- */

static bool is_json(struct skeym_span text)
{
    struct json_tokener *tokener = json_tokener_new();
    assert_non_null(tokener);
    struct json_object *object =
        json_tokener_parse_ex(tokener, (const char *)text.data, (int)text.size);
    bool good = object && json_tokener_get_parse_end(tokener) == text.size;
    json_object_put(object);
    json_tokener_free(tokener);
    return good;
}

/* Says all; false: a message that is none. */
static enum skeym_error say(const struct skeym_device_source_options *options, unsigned *messages,
                            bool *whole)
{
    struct skeym_device_source *source = NULL;
    struct skeym_device_message message;
    *messages = 0;
    *whole = true;
    enum skeym_error error = skeym_device_source_new(&source, options);
    assert_int_equal(error == SKEYM_OK, source != NULL);
    while (!error && (error = skeym_device_source_next(source, &message)) == SKEYM_OK) {
        ++*messages;
        bool on = atomic_exchange(&nth_on, false); /* looking does not count */
        *whole = *whole && is_json(message.json) && message.readings > 0;
        atomic_store(&nth_on, on);
    }
    skeym_device_source_free(source);
    return error;
}

static void a_message_is_whole_or_none(void **state)
{
    (void)state;
    struct skeym_wfdb_record record;
    struct skeym_wfdb_header header;
    static uint8_t data[4 * 3 * 2];
    struct skeym_span file = skeym_span(data, sizeof data);
    memset(data, 0x41, sizeof data);
    assert_int_equal(
        skeym_wfdb_header_parse(&header, skeym_span_text("r 3 1 4\n"
                                                         "r.dat 16 200/mV 16 0 0 0 0 MLII\n"
                                                         "r.dat 16 100/bpm 16 0 0 0 0 HR\n"
                                                         "r.dat 16 100/mmHg 16 0 0 0 0 ABPSys\n")),
        SKEYM_OK);
    assert_int_equal(skeym_wfdb_attach(&record, &header, &file), SKEYM_OK);
    struct skeym_device_source_options options = {.node = "bed",
                                                  .patient = "p",
                                                  .run = "0badcafe",
                                                  .base_ms = 1790000000000u,
                                                  .block_s = 2,
                                                  .record = &record};
    unsigned all = 0;
    bool whole = false;
    assert_int_equal(say(&options, &all, &whole), SKEYM_ERR_NOT_FOUND); /* the end */
    assert_true(all > 0 && whole);
    long n = 1;
    for (bool hit = true; hit; n++) {
        unsigned messages = 0;
        assert_true(n < MOST);
        nth_arm(n);
        enum skeym_error error = say(&options, &messages, &whole);
        hit = nth_disarm();
        assert_true(whole);
        assert_true(error != SKEYM_ERR_NOT_FOUND || messages == all || hit);
        if (error == SKEYM_ERR_NOT_FOUND && messages > 0) {
            assert_int_equal(messages, all); /* none was left out without a word */
        }
    }
#ifndef NTH_SANITIZED
    assert_true(n > 50);
#endif
}

/* Want of memory is not bad JSON: who asks again may be answered. */
static void samples_are_read_or_memory_is_missed(void **state)
{
    (void)state;
    static const char json[] = "{\"resourceType\":\"Observation\",\"valueSampledData\":"
                               "{\"dimensions\":1,\"data\":\"1 -2 E\"}}";
    long n = 1;
    for (bool hit = true; hit; n++) {
        int32_t out[4] = {0};
        size_t count = 0;
        assert_true(n < MOST);
        nth_arm(n);
        enum skeym_error error =
            skeym_observation_samples(out, 4, &count, skeym_span(json, sizeof json - 1), INT32_MIN);
        hit = nth_disarm();
        assert_int_equal(error, count == 3 ? SKEYM_OK : SKEYM_ERR_MEMORY);
        assert_true(hit || count == 3);
    }
#ifndef NTH_SANITIZED
    assert_true(n > 2);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_read_or_memory_is_missed),
        cmocka_unit_test(a_client_is_set_up_in_full_or_not_at_all),
        cmocka_unit_test(a_request_is_set_in_full_or_not_sent),
        cmocka_unit_test(a_message_is_whole_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
