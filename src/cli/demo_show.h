/* SPDX-License-Identifier: Apache-2.0 */
/* How the demo looks: steps, and two texts side by side. */
#ifndef SKEYM_CLI_DEMO_SHOW_H
#define SKEYM_CLI_DEMO_SHOW_H

#include "inspect/attack.h"

/* "[ 12.3 s] 4  Title" in bold on a terminal. Starts the clock at the first call. */
void skeym_demo_step(const char *title);
/* An indented line under the step. */
void skeym_demo_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
double skeym_demo_seconds(void);

/* Two texts in columns, cut after `lines` lines. */
void skeym_demo_columns(const char *left_title, const char *left, const char *right_title,
                        const char *right, int lines);

void skeym_demo_attack_head(void);
/* One row; returns whether the defence held. */
bool skeym_demo_attack_row(const struct skeym_attack *attack, enum skeym_error error,
                           const struct skeym_attack_result *result);

#endif
