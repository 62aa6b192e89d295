/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/fhir_time.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS };
static const int64_t day_ms = 24LL * HOUR_MS;

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the first day of the month. */
static int64_t days_before(int year, int month)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = year - 1;
    int64_t days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;
    return days + before[month - 1] + (month > 2 && is_leap(year));
}

static int number(struct skeym_reader *reader, size_t digits)
{
    struct skeym_span span = skeym_read_span(reader, digits);
    int value = 0;
    for (size_t i = 0; i < span.size; i++) {
        if (span.data[i] < '0' || span.data[i] > '9') {
            reader->bad = true;
            return 0;
        }
        value = value * 10 + (span.data[i] - '0');
    }
    return value;
}

/* true, and one step, when the next byte is c */
static bool skip(struct skeym_reader *reader, char c)
{
    if (reader->bad || reader->left == 0 || *reader->at != (uint8_t)c) {
        return false;
    }
    (void)skeym_read_u8(reader);
    return true;
}

/* ".123456": milliseconds; further digits are read and dropped. */
static int64_t fraction(struct skeym_reader *reader)
{
    int64_t value = 0, unit = 100;
    size_t count = 0;
    while (!reader->bad && reader->left > 0 && *reader->at >= '0' && *reader->at <= '9') {
        value += unit * (skeym_read_u8(reader) - '0');
        unit /= 10;
        count++;
    }
    reader->bad = reader->bad || count == 0 || count > 9;
    return value;
}

/* "Z" or "+hh:mm": what to subtract. In a search it is optional, and a space can only be a plus
 * that was not escaped in the URL. */
static int64_t zone(struct skeym_reader *reader, bool search, bool *wrong)
{
    if (skip(reader, 'Z')) {
        return 0;
    }
    bool west = skip(reader, '-');
    if (!west && !skip(reader, '+') && !(search && skip(reader, ' '))) {
        reader->bad = reader->bad || !search || reader->left > 0;
        return 0;
    }
    int hours = number(reader, 2);
    reader->bad = !skip(reader, ':') || reader->bad;
    int minutes = number(reader, 2);
    *wrong = *wrong || hours > 14 || minutes > 59 || (hours == 14 && minutes > 0);
    int64_t offset = (int64_t)hours * HOUR_MS + (int64_t)minutes * MINUTE_MS;
    return west ? -offset : offset;
}

/* After the T. low is the day's start; out is set. */
static void clock_time(struct skeym_reader *reader, enum skeym_fhir_time_form form, int64_t low,
                       struct skeym_fhir_range *out, bool *wrong)
{
    bool search = form == SKEYM_FHIR_TIME_SEARCH;
    int hour = number(reader, 2);
    reader->bad = !skip(reader, ':') || reader->bad;
    int minute = number(reader, 2);
    low += (int64_t)hour * HOUR_MS + (int64_t)minute * MINUTE_MS;
    int64_t width = MINUTE_MS;
    int second = 0;
    if (skip(reader, ':')) {
        second = number(reader, 2);
        low += (int64_t)second * SECOND_MS;
        width = SECOND_MS;
        if (skip(reader, '.')) {
            low += fraction(reader);
            width = 1;
        }
    } else if (!search) {
        reader->bad = true;
    }
    *wrong = *wrong || hour > 23 || minute > 59 || second > 60;
    low -= zone(reader, search, wrong);
    *out = (struct skeym_fhir_range){low, low + width};
}

enum skeym_error skeym_fhir_time_parse(struct skeym_fhir_range *out, struct skeym_span text,
                                       enum skeym_fhir_time_form form)
{
    struct skeym_reader reader = skeym_reader(text);
    struct skeym_fhir_range range = {0};
    int month = 1, day = 1;
    size_t parts = 1;
    bool wrong = false;
    *out = range;
    int year = number(&reader, 4);
    if (skip(&reader, '-')) {
        month = number(&reader, 2);
        parts = 2;
        if (skip(&reader, '-')) {
            day = number(&reader, 2);
            parts = 3;
        }
    }
    if (reader.bad) {
        return SKEYM_ERR_SHAPE;
    }
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) {
        return SKEYM_ERR_RANGE;
    }
    range.low = (days_before(year, month) + day - 1) * day_ms;
    int64_t days = parts == 1 ? (is_leap(year) ? 366 : 365) : parts == 2 ? days_in(year, month) : 1;
    range.high = range.low + days * day_ms;
    if (parts == 3 && skip(&reader, 'T')) {
        clock_time(&reader, form, range.low, &range, &wrong);
    } else if (form == SKEYM_FHIR_TIME_INSTANT) {
        return SKEYM_ERR_SHAPE;
    }
    if (reader.bad || reader.left > 0) {
        return SKEYM_ERR_SHAPE;
    }
    if (wrong) {
        return SKEYM_ERR_RANGE;
    }
    *out = range;
    return SKEYM_OK;
}

/* Digits with zeros before them, and what follows them. */
static char *print(char *at, int64_t value, size_t digits, char end)
{
    for (size_t i = digits; i > 0; i--) {
        at[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    at[digits] = end;
    return at + digits + 1;
}

void skeym_fhir_time_print(char out[SKEYM_FHIR_TIME_BYTES], int64_t time_ms)
{
    int64_t first = days_before(1, 1) * day_ms, last = days_before(10000, 1) * day_ms - 1;
    int64_t time = time_ms < first ? first : time_ms > last ? last : time_ms;
    int64_t since = time - first;
    int64_t days = since / day_ms, rest = since % day_ms;
    /* Neither is after what is sought, and a step or two before it at most. */
    int year = (int)(days * 400 / 146097), month = 1;
    year = year < 1 ? 1 : year;
    days += days_before(1, 1);
    while (days_before(year + 1, 1) <= days) {
        year++;
    }
    month = (int)(days - days_before(year, 1)) / 31 + 1;
    while (month < 12 && days_before(year, month + 1) <= days) {
        month++;
    }
    char *at = print(out, year, 4, '-');
    at = print(at, month, 2, '-');
    at = print(at, days - days_before(year, month) + 1, 2, 'T');
    at = print(at, rest / HOUR_MS, 2, ':');
    at = print(at, rest / MINUTE_MS % 60, 2, ':');
    at = print(at, rest / SECOND_MS % 60, 2, '.');
    at = print(at, rest % SECOND_MS, 3, 'Z');
    *at = '\0';
}
