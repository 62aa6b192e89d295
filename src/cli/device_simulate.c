/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/device_simulate.h"
#include "cli/cli.h"
#include "node/illness.h"
#include <string.h>

#define WEEK_MINUTES  10080
#define WEEK_SECONDS  604800
#define AFTER_SECONDS 60

static bool number(uint32_t *out, const char *text, uint32_t least, uint32_t most)
{
    return !text || skeym_cli_number(out, text, least, most);
}

static const char *get_worse(struct skeym_simulate_deterioration *out,
                             const struct skeym_device_simulate *words)
{
    uint32_t after = AFTER_SECONDS;
    uint32_t over = 0;
    memset(out, 0, sizeof *out);
    if (!words->deteriorate) {
        return words->after || words->over ? "--after and --over are for --deteriorate" : NULL;
    }
    size_t index = skeym_illness_find(words->deteriorate);
    const struct skeym_illness *illness = skeym_illness_at(index);
    if (!illness) {
        return "--deteriorate takes shock, desaturation, tachycardia, bradycardia, asystole, "
               "hypotension or fever";
    }
    if (!number(&after, words->after, 0, WEEK_SECONDS) ||
        !number(&over, words->over, 0, WEEK_SECONDS)) {
        return "--after and --over take 0 to 604800 seconds";
    }
    *out = (struct skeym_simulate_deterioration){
        .start_s = after,
        .duration_s = words->over ? over : illness->duration_s,
        .severity = 1,
        .illness = index,
    };
    return NULL;
}

const char *skeym_device_simulate(struct skeym_simulate_options *out, unsigned *minutes,
                                  const struct skeym_device_simulate *words)
{
    uint32_t seed = 1;
    uint32_t leads = 1;
    uint32_t time = 0;
    *out = skeym_simulate_healthy();
    *minutes = 0;
    if (!number(&time, words->minutes, 1, WEEK_MINUTES) ||
        !number(&seed, words->seed, 0, UINT32_MAX)) {
        return "--minutes takes 1 to 10080, --seed a number";
    }
    if (!number(&leads, words->leads, 1, 12) || (leads != 1 && leads != 12)) {
        return "--leads takes 1 or 12";
    }
    out->seed = seed;
    out->leads = leads == 12;
    *minutes = time;
    return get_worse(&out->worse, words);
}
