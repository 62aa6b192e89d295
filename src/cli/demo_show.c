/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo_show.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COLUMN 52

static struct timespec begun;
static int steps;

static bool colours(void)
{
    static int known = -1;
    if (known < 0) {
        known = isatty(STDOUT_FILENO);
    }
    return known == 1;
}

static const char *style(const char *code)
{
    return colours() ? code : "";
}

#define BOLD  style("\033[1m")
#define RED   style("\033[31m")
#define GREEN style("\033[32m")
#define DIM   style("\033[2m")
#define PLAIN style("\033[0m")

double skeym_demo_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (begun.tv_sec == 0) {
        begun = now;
    }
    return (double)(now.tv_sec - begun.tv_sec) + (double)(now.tv_nsec - begun.tv_nsec) / 1e9;
}

void skeym_demo_step(const char *title)
{
    double seconds = skeym_demo_seconds();
    printf("\n%s%2d  %s%s %s(%.1f s)%s\n", BOLD, ++steps, title, PLAIN, DIM, seconds, PLAIN);
    fflush(stdout);
}

void skeym_demo_note(const char *format, ...)
{
    va_list args;
    fputs("    ", stdout);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

/* Prints the next line of *text, cut or wrapped to the column, and moves *text on. */
static void cell(const char **text, bool last)
{
    size_t size = strcspn(*text, "\n");
    size_t width = size > COLUMN ? COLUMN : size;
    printf("%.*s", (int)width, *text);
    if (!last) {
        printf("%*s", (int)(COLUMN - width), "");
    }
    *text += width;
    if (**text == '\n' && width == size) {
        (*text)++;
    }
}

void skeym_demo_columns(const char *left_title, const char *left, const char *right_title,
                        const char *right, int lines)
{
    printf("    %s%-*s%s   %s%s%s\n", BOLD, COLUMN, left_title, PLAIN, BOLD, right_title, PLAIN);
    for (int i = 0; i < lines && (*left || *right); i++) {
        printf("    ");
        cell(&left, false);
        printf(" | ");
        cell(&right, true);
        putchar('\n');
    }
    if (*left || *right) {
        printf("    %s%-*s%s | %s%s%s\n", DIM, COLUMN, *left ? "..." : "", PLAIN, DIM,
               *right ? "..." : "", PLAIN);
    }
    fflush(stdout);
}

void skeym_demo_attack_head(void)
{
    printf("    %s%-23s %9s %9s %9s  %-9s %s%s\n", BOLD, "attack", "tried", "refused", "got in",
           "victim", "what the attacker got", PLAIN);
}

bool skeym_demo_attack_row(const struct skeym_attack *attack, enum skeym_error error,
                           const struct skeym_attack_result *result)
{
    bool held = error == SKEYM_OK && skeym_attack_held(result);
    char victim[32] = "-";
    if (result->victim_served || result->victim_failed) {
        snprintf(victim, sizeof victim, "%llu/%llu", (unsigned long long)result->victim_served,
                 (unsigned long long)(result->victim_served + result->victim_failed));
    }
    printf("    %-23s %9llu %9llu %s%9llu%s  %-9s %s\n", attack->name,
           (unsigned long long)result->tried, (unsigned long long)result->refused,
           held ? GREEN : RED, (unsigned long long)result->succeeded, PLAIN, victim,
           error == SKEYM_OK ? result->got : skeym_error_text(error));
    fflush(stdout);
    return held;
}
