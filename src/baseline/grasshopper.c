/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline/grasshopper.h"
#include "baseline/chaos.h"

#include <math.h>
#include <string.h>

enum { N = SKEYM_GRASSHOPPER_AGENTS, ROUNDS = SKEYM_GRASSHOPPER_ROUNDS };
#define LOW        1e-6 /* 0 and 1 are no seeds: the maps stay there */
#define HIGH       (1 - 1e-6)
#define COMFORT_1  1.0 /* the comfort zone shrinks from this to that */
#define COMFORT_2  1e-5
#define ATTRACTION 0.5
#define REACH      1.5

struct agent {
    double at[2];
};

/* Attraction less repulsion at that distance. */
static double force(double distance)
{
    return ATTRACTION * exp(-distance / REACH) - exp(-distance);
}

static double fitness(const struct agent *agent, const uint8_t *image, size_t size)
{
    uint8_t key[SKEYM_CHAOS_KEY_BYTES];
    skeym_chaos_key(key, agent->at[0], agent->at[1]);
    return skeym_chaos_fitness(key, image, size);
}

/* What the others do to one, about the target. Distances are brought to between 2 and 4, where the
 * force is neither nothing nor all. */
static struct agent move(const struct agent agents[N], size_t one, const struct agent *target,
                         double comfort)
{
    struct agent out;
    double sum[2] = {0, 0};
    for (size_t j = 0; j < N; j++) {
        double off[2] = {agents[j].at[0] - agents[one].at[0], agents[j].at[1] - agents[one].at[1]};
        double distance = hypot(off[0], off[1]);
        if (distance > 0) {
            double pull = comfort * (HIGH - LOW) / 2 * force(2 + fmod(distance, 2)) / distance;
            sum[0] += pull * off[0];
            sum[1] += pull * off[1];
        }
    }
    for (size_t i = 0; i < 2; i++) {
        out.at[i] = fmin(fmax(comfort * sum[i] + target->at[i], LOW), HIGH);
    }
    return out;
}

static void look(struct skeym_grasshopper *found, struct agent *target, const struct agent *agent,
                 const uint8_t *image, size_t size)
{
    double here = fitness(agent, image, size);
    if (here > found->fitness) {
        found->fitness = here;
        *target = *agent;
    }
}

void skeym_grasshopper(struct skeym_grasshopper *found, const uint8_t *image, size_t size,
                       struct skeym_chance *chance)
{
    struct agent agents[N], moved[N], target = {{0.5, 0.5}};
    *found = (struct skeym_grasshopper){.fitness = -INFINITY};
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < 2; j++) {
            agents[i].at[j] = LOW + (HIGH - LOW) * skeym_chance_unit(chance);
        }
        look(found, &target, &agents[i], image, size);
    }
    found->first = found->fitness;
    for (int round = 1; round <= ROUNDS; round++) {
        double comfort = COMFORT_1 - round * (COMFORT_1 - COMFORT_2) / ROUNDS;
        for (size_t i = 0; i < N; i++) {
            moved[i] = move(agents, i, &target, comfort);
        }
        memcpy(agents, moved, sizeof agents);
        for (size_t i = 0; i < N; i++) {
            look(found, &target, &agents[i], image, size);
        }
    }
    found->x = target.at[0];
    found->y = target.at[1];
}
