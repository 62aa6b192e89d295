/* SPDX-License-Identifier: Apache-2.0 */
#include "report/markup.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void skeym_markup_text(FILE *out, const char *text)
{
    static const struct {
        char sign;
        const char *reference;
    } references[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"},
    };
    for (; *text != '\0'; text++) {
        const char *reference = NULL;
        for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
            if (*text == references[i].sign) {
                reference = references[i].reference;
            }
        }
        if (reference) {
            fputs(reference, out);
        } else if ((unsigned char)*text >= 0x20 || *text == '\n' || *text == '\t') {
            fputc(*text, out);
        }
    }
}

/* 1234567 as "1 234 567", with the narrow space U+202F, which does not break. */
static void whole(FILE *out, double number)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%.0f", fabs(number));
    size_t size = strlen(digits);
    if (number < 0) {
        fputs("\xe2\x88\x92", out); /* U+2212 */
    }
    for (size_t i = 0; i < size; i++) {
        if (i > 0 && size > 4 && (size - i) % 3 == 0) {
            fputs("\xe2\x80\xaf", out);
        }
        fputc(digits[i], out);
    }
}

static void power(FILE *out, double number)
{
    char text[32];
    snprintf(text, sizeof text, "%.2e", number);
    char *e = strchr(text, 'e');
    long exponent = e ? strtol(e + 1, NULL, 10) : 0;
    size_t size = strcspn(text, "e");
    while (size > 0 && (text[size - 1] == '0' || text[size - 1] == '.')) {
        size--; /* 2.50 is 2.5, and 1.00 is 1 */
        if (text[size] == '.') {
            break;
        }
    }
    fprintf(out,
            "%.*s\xc2\xb7"
            "10<sup>%ld</sup>",
            (int)size, text, exponent);
}

void skeym_markup_number(FILE *out, double number)
{
    double size = fabs(number);
    if (number == floor(number) && size < 1e7) {
        whole(out, number);
    } else if (size >= 1e7 || size < 1e-3) {
        power(out, number);
    } else if (size >= 1000) {
        whole(out, round(number));
    } else {
        fprintf(out, "%.4g", number);
    }
}
