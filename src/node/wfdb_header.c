/* SPDX-License-Identifier: Apache-2.0 */
#include "node/wfdb_header.h"

#include "node/wfdb_field.h"

#include <string.h>

enum { DEFAULT_GAIN = 200, DEFAULT_FREQUENCY = 250, DEFAULT_RESOLUTION = 12 };

/* ---- the record line ---- */

/* 360, 360/720, 360/720(100), 0.0166666666667/125 */
static enum skeym_error parse_frequency(struct skeym_wfdb_header *out, struct skeym_span field)
{
    enum skeym_error error = skeym_wfdb_field_decimal(&field, &out->frequency);

    if (error != SKEYM_OK) {
        return error;
    }
    if (!(out->frequency > 1e-9 && out->frequency <= SKEYM_WFDB_HEADER_FREQ_MAX)) {
        return SKEYM_ERR_RANGE;
    }
    out->counter_frequency = out->frequency;
    if (skeym_wfdb_field_take(&field, '/')) {
        double counter = 0;
        error = skeym_wfdb_field_decimal(&field, &counter);
        if (error == SKEYM_OK && skeym_wfdb_field_take(&field, '(')) {
            error = skeym_wfdb_field_decimal(&field, &out->base_counter);
            if (error == SKEYM_OK && !skeym_wfdb_field_take(&field, ')')) {
                error = SKEYM_ERR_SHAPE;
            }
        }
        if (error != SKEYM_OK) {
            return error;
        }
        out->counter_frequency = counter > 0 ? counter : out->frequency;
    }
    return field.size > 0 ? SKEYM_ERR_SHAPE : SKEYM_OK;
}

/* Seconds with at most three digits of a fraction that count. */
static enum skeym_error parse_seconds(struct skeym_span *field, uint32_t *ms)
{
    int64_t seconds = 0;
    uint32_t weight = 100;
    enum skeym_error error = skeym_wfdb_field_integer(field, 0, 59, &seconds);

    if (error != SKEYM_OK) {
        return error;
    }
    *ms = (uint32_t)seconds * 1000;
    if (skeym_wfdb_field_take(field, '.')) {
        for (; field->size > 0 && skeym_wfdb_field_is_digit(field->data[0]);
             skeym_wfdb_field_skip(field, 1)) {
            *ms += weight * (uint32_t)(field->data[0] - '0');
            weight /= 10;
        }
    }
    return field->size > 0 ? SKEYM_ERR_SHAPE : SKEYM_OK;
}

/* HH:MM:SS, MM:SS (the hour is 0) or SS, the seconds with or without a fraction */
static enum skeym_error parse_time(struct skeym_wfdb_header *out, struct skeym_span field)
{
    size_t colons = 0;
    int64_t hours = 0;
    int64_t minutes = 0;
    uint32_t ms = 0;
    enum skeym_error error = SKEYM_OK;

    for (size_t i = 0; i < field.size; i++) {
        colons += field.data[i] == ':' ? 1 : 0;
    }
    if (colons > 2) {
        return SKEYM_ERR_SHAPE;
    }
    if (colons == 2) {
        error = skeym_wfdb_field_integer(&field, 0, 23, &hours);
        error = error == SKEYM_OK && !skeym_wfdb_field_take(&field, ':') ? SKEYM_ERR_SHAPE : error;
    }
    if (error == SKEYM_OK && colons >= 1) {
        error = skeym_wfdb_field_integer(&field, 0, 59, &minutes);
        error = error == SKEYM_OK && !skeym_wfdb_field_take(&field, ':') ? SKEYM_ERR_SHAPE : error;
    }
    if (error == SKEYM_OK) {
        error = parse_seconds(&field, &ms);
    }
    out->time_ms = (uint32_t)hours * 3600000 + (uint32_t)minutes * 60000 + ms;
    out->has_time = true;
    return error;
}

static int64_t days_of_month(int64_t month, int64_t year)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* DD/MM/YYYY */
static enum skeym_error parse_date(struct skeym_wfdb_header *out, struct skeym_span field)
{
    int64_t day = 0;
    int64_t month = 0;
    int64_t year = 0;
    enum skeym_error error = skeym_wfdb_field_integer(&field, 1, 31, &day);

    error = error == SKEYM_OK && !skeym_wfdb_field_take(&field, '/') ? SKEYM_ERR_SHAPE : error;
    if (error == SKEYM_OK) {
        error = skeym_wfdb_field_integer(&field, 1, 12, &month);
    }
    error = error == SKEYM_OK && !skeym_wfdb_field_take(&field, '/') ? SKEYM_ERR_SHAPE : error;
    if (error == SKEYM_OK) {
        error = skeym_wfdb_field_whole(field, 1, 9999, &year);
    }
    if (error != SKEYM_OK) {
        return error;
    }
    if (day > days_of_month(month, year)) {
        return SKEYM_ERR_RANGE;
    }
    out->day = (uint8_t)day;
    out->month = (uint8_t)month;
    out->year = (uint16_t)year;
    out->has_date = true;
    return SKEYM_OK;
}

static enum skeym_error parse_frames(struct skeym_wfdb_header *out, struct skeym_span field)
{
    int64_t frames = 0;
    enum skeym_error error = skeym_wfdb_field_whole(field, 0, SKEYM_WFDB_HEADER_FRAMES, &frames);

    out->frames = (uint32_t)frames;
    return error;
}

static enum skeym_error parse_signal_count(struct skeym_wfdb_header *out, struct skeym_span field)
{
    int64_t signals = 0;
    enum skeym_error error = skeym_wfdb_field_whole(field, 0, INT32_MAX, &signals);

    if (error != SKEYM_OK) {
        return error;
    }
    if (signals == 0 || signals > SKEYM_WFDB_HEADER_SIGNALS) {
        return SKEYM_ERR_UNSUPPORTED;
    }
    out->signals = (uint32_t)signals;
    return SKEYM_OK;
}

static enum skeym_error parse_record_name(struct skeym_wfdb_header *out, struct skeym_span field)
{
    for (size_t i = 0; i < field.size; i++) {
        if (field.data[i] == '/') {
            return SKEYM_ERR_UNSUPPORTED; /* "name/segments" */
        }
    }
    return skeym_wfdb_field_name(out->record, field);
}

typedef enum skeym_error record_field(struct skeym_wfdb_header *out, struct skeym_span field);

static enum skeym_error parse_record_line(struct skeym_wfdb_header *out, struct skeym_span line)
{
    static record_field *const fields[] = {parse_record_name, parse_signal_count, parse_frequency,
                                           parse_frames,      parse_time,         parse_date};
    enum { REQUIRED = 2, FIELDS = sizeof fields / sizeof fields[0] };

    out->frequency = DEFAULT_FREQUENCY;
    out->counter_frequency = DEFAULT_FREQUENCY;
    for (size_t i = 0; i < FIELDS; i++) {
        struct skeym_span field = skeym_wfdb_field_next(&line);
        if (field.size == 0) {
            return i < REQUIRED ? SKEYM_ERR_TRUNCATED : SKEYM_OK;
        }
        enum skeym_error error = fields[i](out, field);
        if (error != SKEYM_OK) {
            return error;
        }
    }
    return line.size > 0 ? SKEYM_ERR_TRAILING : SKEYM_OK;
}

/* ---- a signal line ---- */

/* What the fields of one line say, before the signal joins its group. */
struct signal_line {
    struct skeym_wfdb_signal signal;
    uint32_t format;
    uint32_t byte_offset;
    bool has_baseline;
};

static enum skeym_error parse_file(struct signal_line *out, struct skeym_span field)
{
    return skeym_wfdb_field_name(out->signal.file, field);
}

static enum skeym_error check_format(int64_t format)
{
    static const uint16_t others[] = {0, 8, 24, 32, 61, 160, 310, 311, 508, 516, 524};

    if (format == 16 || format == 80 || format == 212) {
        return SKEYM_OK;
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (format == others[i]) {
            return SKEYM_ERR_UNSUPPORTED;
        }
    }
    return SKEYM_ERR_RANGE;
}

/* 212, 212x2, 212:5, 212+24, 212x2:5+24 */
static enum skeym_error parse_format(struct signal_line *out, struct skeym_span field)
{
    int64_t format = 0;
    int64_t per_frame = 1;
    int64_t skew = 0;
    int64_t offset = 0;
    enum skeym_error error = skeym_wfdb_field_integer(&field, 0, 9999, &format);

    if (error == SKEYM_OK && skeym_wfdb_field_take(&field, 'x')) {
        error = skeym_wfdb_field_integer(&field, 1, SKEYM_WFDB_HEADER_SPF, &per_frame);
    }
    if (error == SKEYM_OK && skeym_wfdb_field_take(&field, ':')) {
        error = skeym_wfdb_field_integer(&field, 0, INT32_MAX, &skew);
    }
    if (error == SKEYM_OK && skeym_wfdb_field_take(&field, '+')) {
        error = skeym_wfdb_field_integer(&field, 0, INT32_MAX, &offset);
    }
    if (error == SKEYM_OK && field.size > 0) {
        error = SKEYM_ERR_SHAPE;
    }
    if (error == SKEYM_OK) {
        error = skew != 0 ? SKEYM_ERR_UNSUPPORTED : check_format(format);
    }
    out->format = (uint32_t)format;
    out->signal.samples_per_frame = (uint32_t)per_frame;
    out->byte_offset = (uint32_t)offset;
    return error;
}

static bool gain_in_range(double gain)
{
    double size = gain < 0 ? -gain : gain;

    return size >= 1e-9 && size <= 1e12;
}

/* 200, 200/mV, 200(1024), 200(1024)/mV */
static enum skeym_error parse_gain(struct signal_line *out, struct skeym_span field)
{
    struct skeym_wfdb_signal *signal = &out->signal;
    int64_t baseline = 0;
    double gain = 0;
    enum skeym_error error = skeym_wfdb_field_decimal(&field, &gain);

    if (error == SKEYM_OK && skeym_wfdb_field_take(&field, '(')) {
        error = skeym_wfdb_field_integer(&field, INT32_MIN, INT32_MAX, &baseline);
        error = error == SKEYM_OK && !skeym_wfdb_field_take(&field, ')') ? SKEYM_ERR_SHAPE : error;
        signal->baseline = (int32_t)baseline;
        out->has_baseline = true;
    }
    if (error == SKEYM_OK && field.size > 0) {
        bool units = skeym_wfdb_field_take(&field, '/') && field.size > 0;
        error = units ? skeym_wfdb_field_copy(signal->units, SKEYM_WFDB_HEADER_UNITS, field)
                      : SKEYM_ERR_SHAPE;
    }
    if (error != SKEYM_OK || gain == 0) {
        return error; /* a gain of 0 means uncalibrated: the default stays */
    }
    signal->gain = gain;
    signal->calibrated = true;
    return gain_in_range(gain) ? SKEYM_OK : SKEYM_ERR_RANGE;
}

static enum skeym_error parse_resolution(struct signal_line *out, struct skeym_span field)
{
    int64_t bits = 0;
    enum skeym_error error = skeym_wfdb_field_whole(field, 0, 32, &bits);

    out->signal.resolution = bits == 0 ? DEFAULT_RESOLUTION : (uint8_t)bits;
    return error;
}

static enum skeym_error parse_zero(struct signal_line *out, struct skeym_span field)
{
    int64_t zero = 0;
    enum skeym_error error = skeym_wfdb_field_whole(field, INT32_MIN, INT32_MAX, &zero);

    out->signal.zero = (int32_t)zero;
    if (!out->has_baseline) {
        out->signal.baseline = (int32_t)zero;
    }
    return error;
}

static enum skeym_error parse_initial(struct signal_line *out, struct skeym_span field)
{
    int64_t initial = 0;
    enum skeym_error error = skeym_wfdb_field_whole(field, INT32_MIN, INT32_MAX, &initial);

    out->signal.initial = (int32_t)initial;
    out->signal.has_initial = true;
    return error;
}

static enum skeym_error parse_checksum(struct signal_line *out, struct skeym_span field)
{
    int64_t checksum = 0;
    enum skeym_error error = skeym_wfdb_field_whole(field, INT16_MIN, INT16_MAX, &checksum);

    out->signal.checksum = (int16_t)checksum;
    out->signal.has_checksum = true;
    return error;
}

static enum skeym_error parse_block(struct signal_line *out, struct skeym_span field)
{
    int64_t block = 0;
    enum skeym_error error = skeym_wfdb_field_whole(field, INT32_MIN, INT32_MAX, &block);

    out->signal.block = (int32_t)block;
    return error;
}

typedef enum skeym_error signal_field(struct signal_line *out, struct skeym_span field);

static enum skeym_error parse_signal_fields(struct signal_line *out, struct skeym_span line)
{
    static signal_field *const fields[] = {parse_file,       parse_format, parse_gain,
                                           parse_resolution, parse_zero,   parse_initial,
                                           parse_checksum,   parse_block};
    enum { REQUIRED = 2, FIELDS = sizeof fields / sizeof fields[0] };

    out->signal.gain = DEFAULT_GAIN;
    out->signal.resolution = DEFAULT_RESOLUTION;
    memcpy(out->signal.units, "mV", sizeof "mV");
    for (size_t i = 0; i < FIELDS; i++) {
        struct skeym_span field = skeym_wfdb_field_next(&line);
        if (field.size == 0) {
            return i < REQUIRED ? SKEYM_ERR_TRUNCATED : SKEYM_OK;
        }
        enum skeym_error error = fields[i](out, field);
        if (error != SKEYM_OK) {
            return error;
        }
    }
    while (line.size > 0 && (line.data[line.size - 1] == ' ' || line.data[line.size - 1] == '\t')) {
        line.size--;
    }
    return skeym_wfdb_field_copy(out->signal.description, SKEYM_WFDB_HEADER_NAME, line);
}

/* Puts the signal into the last group when it shares that file, else into a new one. */
static enum skeym_error join_group(struct skeym_wfdb_header *out, struct signal_line *line,
                                   uint32_t index)
{
    struct skeym_wfdb_signal *signal = &line->signal;
    struct skeym_wfdb_group *group = out->groups > 0 ? &out->group[out->groups - 1] : NULL;

    if (group != NULL && strcmp(out->signal[group->first].file, signal->file) == 0) {
        if (group->format != line->format || group->byte_offset != line->byte_offset) {
            return SKEYM_ERR_SHAPE;
        }
    } else {
        for (uint32_t i = 0; i < index; i++) {
            if (strcmp(out->signal[i].file, signal->file) == 0) {
                return SKEYM_ERR_SHAPE; /* signals of one file must follow one another */
            }
        }
        group = &out->group[out->groups++];
        group->first = index;
        group->format = line->format;
        group->byte_offset = line->byte_offset;
    }
    signal->group = (uint16_t)(out->groups - 1);
    signal->frame_offset = group->frame_samples;
    group->frame_samples += signal->samples_per_frame;
    out->signal[index] = *signal;
    return SKEYM_OK;
}

static enum skeym_error parse_signal_line(struct skeym_wfdb_header *out, uint32_t index,
                                          struct skeym_span text)
{
    struct signal_line line = {0};
    enum skeym_error error = parse_signal_fields(&line, text);

    return error == SKEYM_OK ? join_group(out, &line, index) : error;
}

/* ---- the lines ---- */

/* Takes one line off, without its end (LF, or CR LF). */
static struct skeym_span take_line(struct skeym_span *text)
{
    size_t size = 0;

    while (size < text->size && text->data[size] != '\n') {
        size++;
    }
    struct skeym_span line = skeym_span_part(*text, 0, size);
    skeym_wfdb_field_skip(text, size < text->size ? size + 1 : size);
    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    return line;
}

static bool is_empty_or_comment(struct skeym_span line)
{
    struct skeym_span field = skeym_wfdb_field_next(&line);

    return field.size == 0 || field.data[0] == '#';
}

static enum skeym_error check_line(struct skeym_span line)
{
    if (line.size > SKEYM_WFDB_HEADER_LINE - 1) {
        return SKEYM_ERR_SIZE;
    }
    for (size_t i = 0; i < line.size; i++) {
        if ((line.data[i] < 0x20 || line.data[i] > 0x7e) && line.data[i] != '\t') {
            return SKEYM_ERR_CHARSET;
        }
    }
    return SKEYM_OK;
}

static enum skeym_error parse_lines(struct skeym_wfdb_header *out, struct skeym_span text)
{
    uint32_t seen = 0; /* lines that count: the record line, then one for each signal */

    while (text.size > 0) {
        struct skeym_span line = take_line(&text);
        out->bad_line++;
        if (is_empty_or_comment(line)) {
            continue;
        }
        enum skeym_error error = check_line(line);
        if (error == SKEYM_OK && seen > out->signals) {
            error = SKEYM_ERR_TRAILING;
        }
        if (error == SKEYM_OK) {
            error =
                seen == 0 ? parse_record_line(out, line) : parse_signal_line(out, seen - 1, line);
        }
        if (error != SKEYM_OK) {
            return error;
        }
        seen++;
    }
    out->bad_line = 0;
    return seen == 0 || seen - 1 < out->signals ? SKEYM_ERR_TRUNCATED : SKEYM_OK;
}

enum skeym_error skeym_wfdb_header_parse(struct skeym_wfdb_header *out, struct skeym_span text)
{
    memset(out, 0, sizeof *out);
    enum skeym_error error =
        text.size > SKEYM_WFDB_HEADER_BYTES ? SKEYM_ERR_SIZE : parse_lines(out, text);
    if (error != SKEYM_OK) {
        uint32_t bad_line = out->bad_line;
        memset(out, 0, sizeof *out);
        out->bad_line = bad_line;
    }
    return error;
}
