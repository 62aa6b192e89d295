/* SPDX-License-Identifier: Apache-2.0 */
#include "server/watch.h"

#include <time.h>

/* A wall clock further behind than this jumped back: it was not merely read late. */
enum { BEHIND_MS = 1000, TURN_MS = 1000, PRESSED_TURN_MS = 100 };

static void look_at_clock(struct skeym_service *service, uint64_t behind_ms)
{
    uint64_t before_ms = atomic_exchange(&service->clock_behind_ms, behind_ms);
    if (behind_ms > BEHIND_MS && before_ms <= BEHIND_MS) {
        skeym_metrics_add(&service->metrics, SKEYM_COUNT_CLOCK_BACK, 1);
        skeym_log_write(service->log, SKEYM_LOG_WARNING, "clock-back",
                        SKEYM_LOG_FIELDS(skeym_log_number("behind_ms", behind_ms)));
    }
}

static void look(struct skeym_service *service)
{
    uint64_t behind_ms = 0;
    uint64_t now_ms = skeym_clock_now(&service->clock, &behind_ms);
    skeym_state_tick(service->state, now_ms);
    look_at_clock(service, behind_ms);
    skeym_store_rest(service->store);
    atomic_store(&service->log_dropped, skeym_log_tick(service->log));
}

/* true: peers leave half requests behind, or places are scarce. */
static bool cut(struct skeym_watch *watch)
{
    struct skeym_service *service = watch->service;
    uint64_t refused_before = watch->refused;
    struct skeym_deadline_cuts cuts =
        skeym_deadline_cut(&service->deadlines, skeym_clock_monotonic());
    skeym_metrics_add(&service->metrics, SKEYM_COUNT_DEADLINE, cuts.late);
    skeym_metrics_add(&service->metrics, SKEYM_COUNT_GONE, cuts.gone);
    watch->refused = skeym_metrics_get(&service->metrics, SKEYM_COUNT_CROWDED);
    return cuts.gone > 0 || watch->refused != refused_before ||
           skeym_deadline_count(&service->deadlines) > service->conf->connections / 2;
}

static struct timespec at(uint64_t ms)
{
    return (struct timespec){(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
}

static void *watch_thread(void *arg)
{
    struct skeym_watch *watch = arg;
    uint64_t next_ms = 0;
    (void)pthread_mutex_lock(&watch->lock);
    while (!watch->stop) {
        (void)pthread_mutex_unlock(&watch->lock);
        uint64_t now_ms = skeym_clock_monotonic();
        if (now_ms >= next_ms) {
            look(watch->service);
            next_ms = now_ms + TURN_MS;
        }
        bool pressed = cut(watch);
        uint64_t took_ms = skeym_clock_monotonic() - now_ms; /* of which it may be a twentieth */
        uint64_t again_ms = now_ms + PRESSED_TURN_MS + took_ms * 20;
        struct timespec wake = at(pressed && again_ms < next_ms ? again_ms : next_ms);
        (void)pthread_mutex_lock(&watch->lock);
        while (!watch->stop && pthread_cond_timedwait(&watch->wake, &watch->lock, &wake) == 0) {
        }
    }
    (void)pthread_mutex_unlock(&watch->lock);
    return NULL;
}

enum skeym_error skeym_watch_start(struct skeym_watch *watch, struct skeym_service *service)
{
    pthread_condattr_t attributes;
    watch->service = service;
    watch->stop = false;
    watch->refused = 0;
    if (pthread_condattr_init(&attributes) != 0) {
        return SKEYM_ERR_MEMORY;
    }
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&watch->lock, NULL);
    (void)pthread_cond_init(&watch->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return pthread_create(&watch->thread, NULL, watch_thread, watch) == 0 ? SKEYM_OK
                                                                          : SKEYM_ERR_MEMORY;
}

void skeym_watch_stop(struct skeym_watch *watch)
{
    (void)pthread_mutex_lock(&watch->lock);
    watch->stop = true;
    (void)pthread_cond_signal(&watch->wake);
    (void)pthread_mutex_unlock(&watch->lock);
    (void)pthread_join(watch->thread, NULL);
    (void)pthread_cond_destroy(&watch->wake);
    (void)pthread_mutex_destroy(&watch->lock);
}
