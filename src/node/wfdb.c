/* SPDX-License-Identifier: Apache-2.0 */
#include "node/wfdb.h"

#include "node/wfdb_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERIFY_BLOCK = 1024, MOST_DECIMALS = 6 };

static const struct skeym_wfdb_group *group_of(const struct skeym_wfdb_record *record,
                                               uint32_t signal)
{
    return &record->header.group[record->header.signal[signal].group];
}

static uint64_t whole_frames(const struct skeym_wfdb_group *group, size_t bytes)
{
    if (bytes < group->byte_offset) {
        return 0;
    }
    return skeym_wfdb_sample_count(group->format, bytes - group->byte_offset) /
           group->frame_samples;
}

enum skeym_error skeym_wfdb_attach(struct skeym_wfdb_record *out,
                                   const struct skeym_wfdb_header *header,
                                   const struct skeym_span *data)
{
    uint64_t frames = UINT64_MAX;

    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < header->groups; i++) {
        uint64_t held = whole_frames(&header->group[i], data[i].size);
        frames = held < frames ? held : frames;
    }
    if (header->groups == 0) {
        return SKEYM_ERR_SHAPE;
    }
    if (header->frames != 0 && frames < header->frames) {
        return SKEYM_ERR_TRUNCATED;
    }
    if (frames == 0) {
        return SKEYM_ERR_SHAPE;
    }
    out->header = *header;
    out->frames = header->frames != 0 ? header->frames : frames;
    for (uint32_t i = 0; i < header->groups; i++) {
        out->data[i] = skeym_span_part(data[i], header->group[i].byte_offset, data[i].size);
    }
    return SKEYM_OK;
}

uint64_t skeym_wfdb_samples(const struct skeym_wfdb_record *record, uint32_t signal)
{
    return record->frames * record->header.signal[signal].samples_per_frame;
}

double skeym_wfdb_frequency(const struct skeym_wfdb_record *record, uint32_t signal)
{
    return record->header.frequency * record->header.signal[signal].samples_per_frame;
}

int32_t skeym_wfdb_missing(const struct skeym_wfdb_record *record, uint32_t signal)
{
    return skeym_wfdb_sample_missing(group_of(record, signal)->format);
}

/* Sample k of a signal with n samples per frame is the (k % n)-th of its place in frame k / n. */
enum skeym_error skeym_wfdb_read(const struct skeym_wfdb_record *record, uint32_t signal,
                                 uint64_t from, int32_t *out, size_t count)
{
    if (count > 0) {
        memset(out, 0, count * sizeof *out);
    }
    if (signal >= record->header.signals) {
        return SKEYM_ERR_RANGE;
    }
    uint64_t samples = skeym_wfdb_samples(record, signal);
    if (from > samples || count > samples - from) {
        return SKEYM_ERR_TRUNCATED;
    }
    const struct skeym_wfdb_signal *info = &record->header.signal[signal];
    const struct skeym_wfdb_group *group = group_of(record, signal);
    uint32_t per_frame = info->samples_per_frame;
    enum skeym_error error = SKEYM_OK;
    if (per_frame == 1) {
        return skeym_wfdb_sample_decode(out, group->format, record->data[info->group],
                                        from * group->frame_samples + info->frame_offset,
                                        group->frame_samples, count);
    }
    for (size_t i = 0; i < count && error == SKEYM_OK; i++) {
        uint64_t k = from + i;
        uint64_t at = k / per_frame * group->frame_samples + info->frame_offset + k % per_frame;
        error =
            skeym_wfdb_sample_decode(&out[i], group->format, record->data[info->group], at, 1, 1);
    }
    return error;
}

double skeym_wfdb_physical(const struct skeym_wfdb_signal *signal, int32_t sample)
{
    return ((double)sample - signal->baseline) / signal->gain;
}

unsigned skeym_wfdb_decimals(const struct skeym_wfdb_signal *signal)
{
    double steps = signal->gain < 0 ? -signal->gain : signal->gain;
    double power = 1;
    unsigned decimals = 0;

    while (power < steps && decimals < MOST_DECIMALS) {
        power *= 10;
        decimals++;
    }
    return decimals;
}

int16_t skeym_wfdb_checksum(int16_t sum, const int32_t *samples, size_t count)
{
    uint32_t total = (uint16_t)sum;

    for (size_t i = 0; i < count; i++) {
        total += (uint32_t)samples[i];
    }
    total &= 0xffff;
    return (int16_t)(total >= 0x8000 ? (int32_t)total - 0x10000 : (int32_t)total);
}

static enum skeym_error verify_signal(const struct skeym_wfdb_record *record, uint32_t signal,
                                      struct skeym_wfdb_check *check)
{
    const struct skeym_wfdb_signal *info = &record->header.signal[signal];
    uint64_t samples = skeym_wfdb_samples(record, signal);
    int32_t block[VERIFY_BLOCK];

    for (uint64_t at = 0; at < samples;) {
        uint64_t left = samples - at;
        size_t count = left < VERIFY_BLOCK ? (size_t)left : VERIFY_BLOCK;
        enum skeym_error error = skeym_wfdb_read(record, signal, at, block, count);
        if (error != SKEYM_OK) {
            return error;
        }
        if (at == 0) {
            check->first = block[0];
        }
        check->sum = skeym_wfdb_checksum(check->sum, block, count);
        at += count;
    }
    check->initial_checked = info->has_initial;
    check->initial_good = info->has_initial && check->first == info->initial;
    check->checksum_checked = info->has_checksum && record->header.frames != 0;
    check->checksum_good = check->checksum_checked && check->sum == info->checksum;
    return SKEYM_OK;
}

enum skeym_error skeym_wfdb_verify(const struct skeym_wfdb_record *record,
                                   struct skeym_wfdb_report *report)
{
    memset(report, 0, sizeof *report);
    report->signals = record->header.signals;
    for (uint32_t i = record->header.signals; i-- > 0;) {
        struct skeym_wfdb_check *check = &report->check[i];
        enum skeym_error error = verify_signal(record, i, check);
        if (error != SKEYM_OK) {
            return error;
        }
        if ((check->initial_checked && !check->initial_good) ||
            (check->checksum_checked && !check->checksum_good)) {
            report->bad++;
            report->first_bad = i;
        }
    }
    return report->bad > 0 ? SKEYM_ERR_CHECKSUM : SKEYM_OK;
}

/* ---- files ---- */

static enum skeym_error error_of_errno(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return SKEYM_ERR_MISSING;
    case EACCES:
    case EPERM:
        return SKEYM_ERR_PERMISSION;
    case ELOOP:
        return SKEYM_ERR_SHAPE; /* a symbolic link where none may be */
    default:
        return SKEYM_ERR_IO;
    }
}

static enum skeym_error read_all(int file, uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t got = read(file, data, size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0 ? SKEYM_ERR_TRUNCATED : SKEYM_ERR_IO;
        }
        data += got;
        size -= (size_t)got;
    }
    return SKEYM_OK;
}

/* The caller frees *out. Not blocking, so that a pipe of that name cannot hold us. */
static enum skeym_error load(int directory, const char *name, int flags, size_t max, uint8_t **out,
                             size_t *size)
{
    struct stat info;
    enum skeym_error error = SKEYM_OK;
    uint8_t *data = NULL;
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);

    if (file < 0) {
        return error_of_errno();
    }
    if (fstat(file, &info) != 0) {
        error = SKEYM_ERR_IO;
    } else if (!S_ISREG(info.st_mode)) {
        error = SKEYM_ERR_SHAPE;
    } else if ((uint64_t)info.st_size > max) {
        error = SKEYM_ERR_SIZE;
    }
    if (error != SKEYM_OK) {
        goto out;
    }
    data = malloc(info.st_size > 0 ? (size_t)info.st_size : 1);
    if (data == NULL) {
        error = SKEYM_ERR_MEMORY;
        goto out;
    }
    error = read_all(file, data, (size_t)info.st_size);
    if (error == SKEYM_OK) {
        *out = data;
        *size = (size_t)info.st_size;
        data = NULL;
    }
out:
    free(data);
    (void)close(file);
    return error;
}

static enum skeym_error open_directory(const char *path, int *out)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);

    if (directory == NULL) {
        return SKEYM_ERR_MEMORY;
    }
    *out = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum skeym_error error = *out < 0 ? error_of_errno() : SKEYM_OK;
    free(directory);
    return error;
}

static enum skeym_error load_header(struct skeym_wfdb_header *out, const char *path)
{
    uint8_t *text = NULL;
    size_t size = 0;
    enum skeym_error error = load(AT_FDCWD, path, 0, SKEYM_WFDB_HEADER_BYTES, &text, &size);

    if (error == SKEYM_OK) {
        error = skeym_wfdb_header_parse(out, skeym_span(text, size));
    }
    free(text);
    return error;
}

static enum skeym_error load_groups(const struct skeym_wfdb_header *header, const char *path,
                                    struct skeym_span *data, uint8_t **owned)
{
    int directory = -1;
    enum skeym_error error = open_directory(path, &directory);

    for (uint32_t i = 0; i < header->groups && error == SKEYM_OK; i++) {
        size_t size = 0;
        error = load(directory, header->signal[header->group[i].first].file, O_NOFOLLOW,
                     SKEYM_WFDB_FILE_BYTES, &owned[i], &size);
        data[i] = skeym_span(owned[i], size);
    }
    if (directory >= 0) {
        (void)close(directory);
    }
    return error;
}

enum skeym_error skeym_wfdb_open(struct skeym_wfdb_record *out, const char *path,
                                 struct skeym_wfdb_report *report)
{
    struct skeym_wfdb_header header = {0};
    struct skeym_wfdb_report local = {0};
    struct skeym_span data[SKEYM_WFDB_HEADER_SIGNALS] = {{0}};
    uint8_t *owned[SKEYM_WFDB_HEADER_SIGNALS] = {0};
    uint32_t bad_line = 0;

    memset(out, 0, sizeof *out);
    enum skeym_error error = load_header(&header, path);
    bad_line = header.bad_line;
    if (error == SKEYM_OK) {
        error = load_groups(&header, path, data, owned);
    }
    if (error == SKEYM_OK) {
        error = skeym_wfdb_attach(out, &header, data);
    }
    memcpy(out->owned, owned, sizeof owned);
    if (error == SKEYM_OK) {
        error = skeym_wfdb_verify(out, &local);
    }
    if (report != NULL) {
        *report = local;
    }
    if (error != SKEYM_OK) {
        skeym_wfdb_close(out);
        out->header.bad_line = bad_line;
    }
    return error;
}

void skeym_wfdb_close(struct skeym_wfdb_record *record)
{
    for (size_t i = 0; i < SKEYM_WFDB_HEADER_SIGNALS; i++) {
        free(record->owned[i]);
    }
    memset(record, 0, sizeof *record);
}
