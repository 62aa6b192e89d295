/* SPDX-License-Identifier: Apache-2.0 */
#include "ask_fhir.h"
#include <pthread.h>

struct wait {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct skeym_fhir_answer *answer;
};

static void done(void *arg, struct skeym_fhir_answer *answer)
{
    struct wait *wait = arg;
    pthread_mutex_lock(&wait->lock);
    wait->answer = answer;
    pthread_cond_signal(&wait->wake);
    pthread_mutex_unlock(&wait->lock);
}

struct skeym_fhir_answer *fuzz_ask_fhir(struct skeym_fhir *fhir, struct skeym_store_reader *reader,
                                        const struct skeym_fhir_request *request)
{
    struct wait wait = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL};
    (void)skeym_fhir_handle(fhir, reader, request, done, &wait);
    pthread_mutex_lock(&wait.lock);
    while (!wait.answer) {
        pthread_cond_wait(&wait.wake, &wait.lock);
    }
    pthread_mutex_unlock(&wait.lock);
    return wait.answer;
}
