/* SPDX-License-Identifier: Apache-2.0 */
#include "server/desk.h"

#include "server/desk_answer.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A star stands for one segment of the path. Scopes of one patient open none of these. type NULL:
 * for every node. quick: needs no folder. */
struct skeym_desk_route {
    const char *method, *path;
    const char *type;
    enum skeym_action action;
    bool quick;
    struct skeym_fhir_answer *(*answer)(const struct skeym_desk_call *call);
};

static const struct skeym_desk_route routes[] = {
    {"GET", "/skeym/v1/whoami", NULL, SKEYM_ACTION_READ, true, skeym_desk_answer_whoami},
    {"GET", "/skeym/v1/nodes", "Device", SKEYM_ACTION_SEARCH, false, skeym_desk_answer_nodes},
    {"POST", "/skeym/v1/nodes/*/revoke", "Device", SKEYM_ACTION_DELETE, false,
     skeym_desk_answer_revoke},
    {"GET", "/fhir/AuditEvent", "AuditEvent", SKEYM_ACTION_SEARCH, false,
     skeym_desk_answer_incidents},
    {"GET", "/fhir/AuditEvent/*", "AuditEvent", SKEYM_ACTION_READ, false,
     skeym_desk_answer_incident},
};

struct skeym_desk {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool stop;
    size_t waiting;
    struct skeym_desk_call *first, **last;
    struct skeym_roster roster;
};

/* --- routes ------------------------------------------------------------------------------ */

static bool matches(const char *path, struct skeym_span target, struct skeym_span *part)
{
    size_t at = 0;
    *part = skeym_span(NULL, 0);
    for (; *path; path++) {
        size_t size = 0;
        if (*path != '*') {
            if (at == target.size || target.data[at] != (uint8_t)*path) {
                return false;
            }
            at++;
            continue;
        }
        while (size < target.size - at && !strchr("/?", target.data[at + size])) {
            size++;
        }
        *part = skeym_span_part(target, at, size);
        at += size;
        if (size == 0) {
            return false;
        }
    }
    return at == target.size || target.data[at] == '?';
}

bool skeym_desk_find(struct skeym_desk_call *call, struct skeym_span method,
                     struct skeym_span target)
{
    bool found = false;
    call->route = NULL;
    call->target = target;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0] && !call->route; i++) {
        if (matches(routes[i].path, target, &call->part)) {
            found = true;
            call->route = skeym_span_is(method, routes[i].method) ? &routes[i] : NULL;
        }
    }
    return found;
}

static bool may(const struct skeym_desk_call *call)
{
    uint8_t type = 0;
    const struct skeym_desk_route *route = call->route;
    if (!route->type) {
        return true;
    }
    return skeym_scope_type(&type, skeym_span_text(route->type)) == SKEYM_OK &&
           skeym_scopes_allow(&call->admission->claims.scopes, route->action, type,
                              skeym_span(NULL, 0));
}

/* --- the thread ---------------------------------------------------------------------------- */

static void *desk_thread(void *arg)
{
    struct skeym_desk *desk = arg;
    (void)pthread_mutex_lock(&desk->lock);
    while (!desk->stop || desk->first) {
        struct skeym_desk_call *call = desk->first;
        if (!call) {
            (void)pthread_cond_wait(&desk->wake, &desk->lock);
            continue;
        }
        desk->first = call->next;
        desk->last = desk->first ? desk->last : &desk->first;
        desk->waiting--;
        (void)pthread_mutex_unlock(&desk->lock);
        call->roster = &desk->roster;
        struct skeym_fhir_answer *answer = call->route->answer(call);
        call->done(call->arg, answer); /* the call may be gone after this */
        (void)pthread_mutex_lock(&desk->lock);
    }
    (void)pthread_mutex_unlock(&desk->lock);
    return NULL;
}

enum skeym_error skeym_desk_open(struct skeym_desk **out)
{
    struct skeym_desk *desk = calloc(1, sizeof *desk);
    *out = NULL;
    if (!desk) {
        return SKEYM_ERR_MEMORY;
    }
    desk->last = &desk->first;
    (void)pthread_mutex_init(&desk->lock, NULL);
    (void)pthread_cond_init(&desk->wake, NULL);
    if (pthread_create(&desk->thread, NULL, desk_thread, desk) != 0) {
        (void)pthread_cond_destroy(&desk->wake);
        (void)pthread_mutex_destroy(&desk->lock);
        free(desk);
        return SKEYM_ERR_MEMORY;
    }
    *out = desk;
    return SKEYM_OK;
}

void skeym_desk_close(struct skeym_desk *desk)
{
    if (!desk) {
        return;
    }
    (void)pthread_mutex_lock(&desk->lock);
    desk->stop = true;
    (void)pthread_cond_signal(&desk->wake);
    (void)pthread_mutex_unlock(&desk->lock);
    (void)pthread_join(desk->thread, NULL);
    (void)pthread_cond_destroy(&desk->wake);
    (void)pthread_mutex_destroy(&desk->lock);
    skeym_roster_free(&desk->roster);
    free(desk);
}

static bool put(struct skeym_desk *desk, struct skeym_desk_call *call)
{
    (void)pthread_mutex_lock(&desk->lock);
    bool room = desk->waiting < SKEYM_DESK_WAITING;
    if (room) {
        call->next = NULL;
        *desk->last = call;
        desk->last = &call->next;
        desk->waiting++;
        (void)pthread_cond_signal(&desk->wake);
    }
    (void)pthread_mutex_unlock(&desk->lock);
    return room;
}

static struct skeym_fhir_answer *forbidden(void)
{
    struct skeym_fhir_problem problem = {0};
    (void)skeym_fhir_outcome_fail(&problem, 403, "forbidden", "outside of this node's scopes");
    problem.forbidden = true;
    return skeym_fhir_outcome_problem(&problem);
}

bool skeym_desk_take(struct skeym_desk *desk, struct skeym_desk_call *call)
{
    struct skeym_fhir_answer *answer = NULL;
    if (!call->route) {
        answer = skeym_fhir_error_answer(405, "not-supported", "this method is not served here");
    } else if (!may(call)) {
        answer = forbidden();
    } else if (call->route->quick) {
        answer = call->route->answer(call);
    } else if (desk && put(desk, call)) {
        return false;
    } else {
        answer = skeym_fhir_error_answer(503, "throttled", "too many such requests, try again");
    }
    call->done(call->arg, answer);
    return true;
}
