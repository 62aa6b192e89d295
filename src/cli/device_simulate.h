/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `skeym device --simulate`: which patient, and how it gets worse. */
#ifndef SKEYM_CLI_DEVICE_SIMULATE_H
#define SKEYM_CLI_DEVICE_SIMULATE_H

#include "node/simulate.h"

/* As they stand on the command line; NULL: not given. */
struct skeym_device_simulate {
    const char *seed, *minutes, *leads, *deteriorate, *after, *over;
};

#define SKEYM_DEVICE_SIMULATE_OPTIONS(words)                                                       \
    {"--seed", .value = &(words)->seed}, {"--minutes", .value = &(words)->minutes},                \
        {"--leads", .value = &(words)->leads}, {"--deteriorate", .value = &(words)->deteriorate},  \
        {"--after", .value = &(words)->after},                                                     \
    {                                                                                              \
        "--over", .value = &(words)->over                                                          \
    }

#define SKEYM_DEVICE_SIMULATE_USAGE                                                                \
    "  --seed N                   which one (default 1)\n"                                         \
    "  --minutes N                for how long, in the patient's time (default: a week)\n"         \
    "  --leads 1|12               of the ECG (default 1: II)\n"                                    \
    "  --deteriorate WHAT         get worse: shock, desaturation, tachycardia, bradycardia,\n"     \
    "                             asystole, hypotension or fever\n"                                \
    "  --after SECONDS            after so long, in the patient's time (default 60)\n"             \
    "  --over SECONDS             within so long (default: as the illness has it)\n"

/* Reads the words. NULL: all good; else what is wrong, and the outputs are not to be used. */
const char *skeym_device_simulate(struct skeym_simulate_options *out, unsigned *minutes,
                                  const struct skeym_device_simulate *words);

#endif
