/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_outcome.h"

#include "fhir/fhir_write.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void keep_printable(char *text)
{
    for (; *text; text++) {
        if (*text < 0x20 || *text > 0x7e) {
            *text = '?';
        }
    }
}

bool skeym_fhir_outcome_fail(struct skeym_fhir_problem *problem, int status, const char *code,
                             const char *format, ...)
{
    va_list arguments;
    problem->status = status;
    problem->forbidden = status == 403;
    problem->code = code;
    problem->path[0] = 0;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    keep_printable(problem->text);
    return false;
}

bool skeym_fhir_outcome_at(struct skeym_fhir_problem *problem, int status, const char *code,
                           const char *path, const char *text)
{
    skeym_fhir_outcome_fail(problem, status, code, "%s", text);
    snprintf(problem->path, sizeof problem->path, "%s", path);
    keep_printable(problem->path);
    return false;
}

bool skeym_fhir_outcome_store(struct skeym_fhir_problem *problem, enum skeym_error error)
{
    static const struct {
        enum skeym_error error;
        int status;
        const char *code, *text;
    } table[] = {
        {SKEYM_ERR_NOT_FOUND, 404, "not-found", "no such resource"},
        {SKEYM_ERR_BUSY, 503, "transient", "the store is busy, try again"},
        {SKEYM_ERR_NO_SPACE, 507, "no-store", "no space is left in the store"},
        {SKEYM_ERR_TIMEOUT, 400, "too-costly", "this takes too much work: ask for less at once"},
        {SKEYM_ERR_RANGE, 400, "too-costly", "the search has too many values or groups"},
        {SKEYM_ERR_SIZE, 413, "too-long", "the resource is too large"},
        {SKEYM_ERR_DAMAGED, 503, "no-store", "the database is damaged and takes no more"},
        {SKEYM_ERR_CHECKSUM, 500, "exception", "what is stored here is damaged"},
        {SKEYM_ERR_MEMORY, 503, "transient", "out of memory, try again"},
        {SKEYM_ERR_STATE, 503, "transient", "the server is stopping"},
        {SKEYM_ERR_CONFLICT, 409, "conflict", "it was changed meanwhile, try again"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].error == error) {
            return skeym_fhir_outcome_fail(problem, table[i].status, table[i].code, "%s",
                                           table[i].text);
        }
    }
    return skeym_fhir_outcome_fail(problem, 500, "exception", "the store failed");
}

const char *skeym_fhir_outcome_status(int status)
{
    static const struct {
        int status;
        const char *text;
    } table[] = {
        {200, "200 OK"},
        {201, "201 Created"},
        {400, "400 Bad Request"},
        {401, "401 Unauthorized"},
        {403, "403 Forbidden"},
        {404, "404 Not Found"},
        {405, "405 Method Not Allowed"},
        {406, "406 Not Acceptable"},
        {409, "409 Conflict"},
        {412, "412 Precondition Failed"},
        {413, "413 Content Too Large"},
        {415, "415 Unsupported Media Type"},
        {422, "422 Unprocessable Content"},
        {503, "503 Service Unavailable"},
        {507, "507 Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].status == status) {
            return table[i].text;
        }
    }
    return "500 Internal Server Error";
}

void skeym_fhir_outcome_write(struct skeym_fhir_text *text,
                              const struct skeym_fhir_problem *problem, const char *severity)
{
    skeym_fhir_text_add(text, "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":");
    skeym_fhir_text_quoted(text, severity);
    skeym_fhir_text_add(text, ",\"code\":");
    skeym_fhir_text_quoted(text, problem->code);
    skeym_fhir_text_add(text, ",\"diagnostics\":");
    skeym_fhir_text_quoted(text, problem->text);
    if (problem->path[0]) {
        skeym_fhir_text_add(text, ",\"expression\":[");
        skeym_fhir_text_quoted(text, problem->path);
        skeym_fhir_text_add(text, "]");
    }
    skeym_fhir_text_add(text, "}]}");
}

/* What is answered when there is no memory for an answer; never freed. */
static char no_memory_body[] =
    "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\","
    "\"code\":\"transient\",\"diagnostics\":\"out of memory, try again\"}]}";
static struct skeym_fhir_answer no_memory = {.status = 503,
                                             .content_type = "application/fhir+json",
                                             .body = no_memory_body,
                                             .body_size = sizeof no_memory_body - 1,
                                             .fixed = true};

struct skeym_fhir_answer *skeym_fhir_outcome_answer(int status, struct skeym_fhir_text *text)
{
    struct skeym_fhir_answer *answer = text->bad ? NULL : calloc(1, sizeof *answer);
    if (!answer) {
        skeym_fhir_text_free(text);
        return &no_memory;
    }
    answer->status = status;
    answer->content_type = "application/fhir+json";
    answer->body = text->data;
    answer->body_size = text->size;
    *text = (struct skeym_fhir_text){0};
    return answer;
}

struct skeym_fhir_answer *skeym_fhir_outcome_counted(int status, struct skeym_fhir_text *text,
                                                     unsigned forbidden)
{
    struct skeym_fhir_answer *answer = skeym_fhir_outcome_answer(status, text);
    if (answer != &no_memory) {
        answer->forbidden = forbidden;
    }
    return answer;
}

struct skeym_fhir_answer *skeym_fhir_outcome_problem(const struct skeym_fhir_problem *problem)
{
    struct skeym_fhir_text text = {0};
    skeym_fhir_outcome_write(&text, problem, "error");
    return skeym_fhir_outcome_counted(problem->status, &text, problem->forbidden);
}

struct skeym_fhir_answer *skeym_fhir_error_answer(int status, const char *code,
                                                  const char *diagnostics)
{
    struct skeym_fhir_problem problem;
    skeym_fhir_outcome_fail(&problem, status, code, "%s", diagnostics);
    return skeym_fhir_outcome_problem(&problem);
}

void skeym_fhir_answer_free(struct skeym_fhir_answer *answer)
{
    if (answer && answer->job) {
        skeym_fhir_write_free(answer->job); /* the answer is a part of it */
    } else if (answer && answer != &no_memory) {
        free(answer->body);
        free(answer);
    }
}
