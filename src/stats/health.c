/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/health.h"

static unsigned repetition(struct skeym_health *health, uint8_t byte)
{
    health->repeats = health->repeats > 0 && byte == health->last ? health->repeats + 1 : 1;
    health->last = byte;
    if (health->repeats < SKEYM_HEALTH_REPEATS) {
        return 0;
    }
    health->repeats = 0;
    return 1;
}

static unsigned proportion(struct skeym_health *health, uint8_t byte)
{
    unsigned failed = 0;
    if (health->seen == 0) {
        health->sample = byte;
        health->same = 1;
    } else if (byte == health->sample && ++health->same == SKEYM_HEALTH_PROPORTION) {
        failed = 1;
    }
    if (++health->seen == SKEYM_HEALTH_WINDOW || failed) {
        health->seen = 0;
    }
    return failed;
}

unsigned skeym_health_feed(struct skeym_health *health, const uint8_t *bytes, size_t size)
{
    unsigned failed = 0;
    for (size_t i = 0; i < size; i++) {
        failed += repetition(health, bytes[i]);
        failed += proportion(health, bytes[i]);
    }
    return failed;
}
