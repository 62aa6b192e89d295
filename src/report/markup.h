/* SPDX-License-Identifier: Apache-2.0 */
/* Text that goes between tags. Nothing of a finding reaches a page in another way. */
#ifndef SKEYM_REPORT_MARKUP_H
#define SKEYM_REPORT_MARKUP_H

#include <stdio.h>

/* Writes text with & < > " ' as references; control characters but LF and tab are left out. */
void skeym_markup_text(FILE *out, const char *text);
/* A number as people read it: four digits at most where it is no whole number below 10^7, thin
 * spaces between thousands, powers of ten above 10^7 and below 10^-3. */
void skeym_markup_number(FILE *out, double number);

#endif
