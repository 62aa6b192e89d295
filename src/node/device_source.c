/* SPDX-License-Identifier: Apache-2.0 */
#include "node/device_source.h"
#include "crypto/crypto.h"
#include "node/observation.h"
#include "node/observation_bundle.h"
#include "node/vitals.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMERICS_HZ   1.0
#define WEEK_MINUTES  (7u * 24 * 60)
#define STEPS_MOST    1000000000u /* nine digits: an identifier has at most 64 characters */
#define SAMPLE_CHARS  8u          /* of a sample in JSON, about the most */
#define READINGS_MOST SKEYM_DEVICE_SIGNALS
#define PANEL_PARTS   4u
#define NAME_CHARS    8u

/* Beside what others may know of a signal. */
struct channel {
    const struct skeym_vital_wave *wave; /* or */
    const struct skeym_vital *vital;
    const char *name; /* in the record */
    double gain;
    int32_t baseline;
    int32_t missing;
    double frequency;
};

struct skeym_device_source {
    struct skeym_device_source_options options;
    struct skeym_simulate patient;
    size_t count;
    struct skeym_device_signal signal[SKEYM_DEVICE_SIGNALS];
    struct channel channel[SKEYM_DEVICE_SIGNALS];
    bool numerics; /* a record of numerics */
    uint64_t step; /* the next block or step */
    uint64_t steps;
    char node[33];
    /* the message under way */
    size_t readings;
    struct skeym_observation_entry entry[READINGS_MOST];
    char id[READINGS_MOST][SKEYM_OBSERVATION_ID + 1];
    size_t used; /* of piece */
    int32_t *samples;
    size_t sample_room; /* samples of one signal in a block */
    uint8_t piece[SKEYM_DEVICE_MESSAGE_BYTES];
    uint8_t bundle[SKEYM_DEVICE_MESSAGE_BYTES];
};

/* --- which signals ---------------------------------------------------------------- */

static bool is_named(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        if (strncmp(at, name, size) == 0 && (at[size] == 0 || at[size] == ',')) {
            return true;
        }
    }
    return !list;
}

static void name_signal(struct skeym_device_signal *signal, unsigned number, const char *name)
{
    char plain[NAME_CHARS + 1] = {0};
    size_t size = 0;
    for (; *name && size < NAME_CHARS; name++) {
        bool letter = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z');
        if (letter || (*name >= '0' && *name <= '9')) {
            plain[size++] = *name;
        }
    }
    (void)snprintf(signal->name, sizeof signal->name, "%u-%s", number % 100, plain);
}

/* number: in the identifiers, so it depends on nothing but the source. */
static void add_signal(struct skeym_device_source *source, const struct channel *channel,
                       uint32_t from, unsigned number)
{
    if ((!channel->wave && !channel->vital) || !is_named(source->options.signals, channel->name) ||
        source->count == SKEYM_DEVICE_SIGNALS) {
        return;
    }
    struct skeym_device_signal *signal = &source->signal[source->count];
    name_signal(signal, number, channel->name);
    signal->called = channel->name;
    signal->wave = channel->wave != NULL;
    signal->source = from;
    source->channel[source->count++] = *channel;
}

static void add_record(struct skeym_device_source *source)
{
    const struct skeym_wfdb_record *record = source->options.record;
    source->numerics = record->header.frequency <= NUMERICS_HZ;
    for (uint32_t i = 0; i < record->header.signals; i++) {
        const struct skeym_wfdb_signal *of = &record->header.signal[i];
        struct channel channel = {
            .name = of->description,
            .gain = of->gain,
            .baseline = of->baseline,
            .missing = skeym_wfdb_missing(record, i),
            .frequency = skeym_wfdb_frequency(record, i),
        };
        if (source->numerics) {
            channel.vital = skeym_vitals_find(of->description, of->units);
        } else {
            channel.wave = skeym_vitals_find_wave(of->description, of->units);
        }
        add_signal(source, &channel, i, i);
    }
}

static void add_simulation(struct skeym_device_source *source)
{
    static const char *const numerics[] = {"HR",   "PULSE",  "RESP",    "SpO2",
                                           "Temp", "ABPSys", "ABPDias", "ABPMean"};
    const struct skeym_simulate_wave *wave;
    const unsigned basic = SKEYM_SIMULATE_LEAD;
    for (unsigned i = 0; (wave = skeym_simulate_wave(i)); i++) {
        if (i >= basic && !source->options.simulate.leads) {
            break;
        }
        struct channel channel = {
            .wave = skeym_vitals_find_wave(wave->name, wave->units),
            .name = wave->name,
            .gain = wave->gain,
            .baseline = wave->baseline,
            .missing = INT32_MIN,
            .frequency = source->options.simulate.frequency,
        };
        add_signal(source, &channel, i, i < basic ? i : i + sizeof numerics / sizeof numerics[0]);
    }
    for (uint32_t i = 0; i < sizeof numerics / sizeof numerics[0]; i++) {
        struct channel channel = {.name = numerics[i], .gain = 10};
        for (size_t at = 0; skeym_vitals_at(at); at++) {
            if (strcmp(skeym_vitals_at(at)->name, numerics[i]) == 0) {
                channel.vital = skeym_vitals_at(at);
            }
        }
        add_signal(source, &channel, i, basic + i);
    }
}

/* Every name in the list must be one of ours. */
static bool all_named_exist(const struct skeym_device_source *source)
{
    const char *list = source->options.signals;
    for (const char *at = list; at && *at;) {
        size_t size = strcspn(at, ",");
        bool found = false;
        for (size_t i = 0; i < source->count; i++) {
            const char *name = source->channel[i].name;
            found = found || (strlen(name) == size && strncmp(name, at, size) == 0);
        }
        if (!found) {
            return false;
        }
        at += size + (at[size] == ',');
    }
    return source->count > 0;
}

/* --- life ------------------------------------------------------------------------------ */

static enum skeym_error size_up(struct skeym_device_source *source)
{
    const struct skeym_device_source_options *options = &source->options;
    double chars = 0;
    double largest = 0;
    for (size_t i = 0; i < source->count; i++) {
        double samples =
            source->signal[i].wave ? source->channel[i].frequency * options->block_s + 1 : 0;
        chars += samples * SAMPLE_CHARS + 2048;
        largest = fmax(largest, samples);
    }
    if (chars > SKEYM_DEVICE_MESSAGE_BYTES || largest > SKEYM_OBSERVATION_SAMPLES) {
        return SKEYM_ERR_SIZE;
    }
    source->sample_room = (size_t)largest + 1;
    source->samples = calloc(source->sample_room * SKEYM_SIMULATE_WAVES, sizeof *source->samples);
    double seconds = skeym_device_source_seconds(source);
    if (source->numerics) {
        source->steps = options->record->frames;
    } else {
        source->steps = (uint64_t)ceil(seconds / options->block_s);
    }
    if (source->steps > STEPS_MOST) {
        return SKEYM_ERR_RANGE;
    }
    return source->samples ? SKEYM_OK : SKEYM_ERR_MEMORY;
}

enum skeym_error skeym_device_source_new(struct skeym_device_source **out,
                                         const struct skeym_device_source_options *options)
{
    *out = NULL;
    if (options->block_s < 1 || options->block_s > 60) {
        return SKEYM_ERR_RANGE;
    }
    if (strlen(options->node) > 32 || strlen(options->run) >= SKEYM_DEVICE_RUN) {
        return SKEYM_ERR_CHARSET;
    }
    struct skeym_device_source *source = calloc(1, sizeof *source);
    if (!source) {
        return SKEYM_ERR_MEMORY;
    }
    source->options = *options;
    for (size_t i = 0; options->node[i]; i++) {
        source->node[i] = options->node[i] == '_' ? '-' : options->node[i];
    }
    enum skeym_error error = SKEYM_OK;
    if (options->record) {
        add_record(source);
    } else {
        error = skeym_simulate_init(&source->patient, &options->simulate);
        add_simulation(source);
    }
    if (error == SKEYM_OK &&
        !(skeym_observation_is_id(source->node) && skeym_observation_is_id(options->patient))) {
        error = SKEYM_ERR_CHARSET;
    }
    if (error == SKEYM_OK && !all_named_exist(source)) {
        error = SKEYM_ERR_NOT_FOUND;
    }
    if (error == SKEYM_OK) {
        error = size_up(source);
    }
    if (error != SKEYM_OK) {
        skeym_device_source_free(source);
        return error;
    }
    *out = source;
    return SKEYM_OK;
}

void skeym_device_source_free(struct skeym_device_source *source)
{
    if (source) {
        free(source->samples);
        free(source);
    }
}

double skeym_device_source_seconds(const struct skeym_device_source *source)
{
    const struct skeym_wfdb_record *record = source->options.record;
    if (record) {
        return (double)record->frames / record->header.frequency;
    }
    return 60.0 * (source->options.minutes ? source->options.minutes : WEEK_MINUTES);
}

const struct skeym_device_signal *
skeym_device_source_signal(const struct skeym_device_source *source, size_t index)
{
    return index < source->count ? &source->signal[index] : NULL;
}

/* --- readings ------------------------------------------------------------------------------ */

/* The Observation that was just built at the end of piece becomes an entry of the message. */
static void add_entry(struct skeym_device_source *source, size_t size)
{
    source->entry[source->readings] = (struct skeym_observation_entry){
        .json = skeym_span(source->piece + source->used, size),
        .id = source->id[source->readings],
    };
    source->used += size;
    source->readings++;
}

static struct skeym_room rest_of_piece(struct skeym_device_source *source)
{
    return (struct skeym_room){source->piece + source->used, sizeof source->piece - source->used};
}

static struct skeym_observation describe(struct skeym_device_source *source, const char *signal,
                                         double second)
{
    char *id = source->id[source->readings];
    char number[16];
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){(uint8_t *)id, sizeof source->id[0] - 1});
    (void)snprintf(number, sizeof number, "%u", (unsigned)(source->step % STEPS_MOST));
    const char *const parts[] = {source->node, ".", source->options.run, ".", signal, ".", number};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        skeym_write_text(&writer, parts[i]);
    }
    id[writer.size] = 0;
    return (struct skeym_observation){
        .id = id,
        .patient = source->options.patient,
        .device = source->node,
        .time_ms = source->options.base_ms + (uint64_t)llround(second * 1000),
    };
}

static enum skeym_error add_wave(struct skeym_device_source *source, size_t index, double second,
                                 const int32_t *samples, size_t count)
{
    const struct channel *channel = &source->channel[index];
    struct skeym_device_signal *signal = &source->signal[index];
    struct skeym_observation what = describe(source, signal->name, second);
    struct skeym_observation_wave wave = {
        .wave = channel->wave,
        .name = channel->name,
        .samples = samples,
        .count = count,
        .missing = channel->missing,
        .gain = channel->gain,
        .baseline = channel->baseline,
        .frequency = channel->frequency,
    };
    size_t size = 0;
    enum skeym_error error = skeym_observation_wave(rest_of_piece(source), &size, &what, &wave);
    if (error == SKEYM_OK) {
        add_entry(source, size);
        signal->readings++;
        signal->samples += count;
        signal->checksum = skeym_wfdb_checksum(signal->checksum, samples, count);
    }
    return error;
}

/* Vital signs of one moment. Those of a panel are sent together, by its first part. */
static enum skeym_error add_panel(struct skeym_device_source *source, size_t first, double second,
                                  const struct skeym_observation_value *values)
{
    static const char *const names[] = {"", "p-ABP", "p-NBP"};
    enum skeym_vital_panel panel = source->channel[first].vital->panel;
    struct skeym_observation_value parts[PANEL_PARTS];
    size_t count = 0;
    size_t present = 0;
    for (size_t i = first; i < source->count && count < PANEL_PARTS; i++) {
        if (source->channel[i].vital && source->channel[i].vital->panel == panel) {
            parts[count++] = values[i];
            present += values[i].missing ? 0 : 1;
        }
    }
    if (present == 0) {
        return SKEYM_OK;
    }
    struct skeym_observation what = describe(source, names[panel], second);
    size_t size = 0;
    enum skeym_error error =
        skeym_observation_panel(rest_of_piece(source), &size, &what, parts, count);
    if (error == SKEYM_OK) {
        add_entry(source, size);
        source->signal[first].readings++;
    }
    return error;
}

static enum skeym_error add_numerics(struct skeym_device_source *source, double second,
                                     const struct skeym_observation_value *values)
{
    bool said[3] = {false};
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < source->count && error == SKEYM_OK; i++) {
        const struct skeym_vital *vital = source->channel[i].vital;
        size_t size = 0;
        if (!vital) {
            continue;
        }
        if (vital->panel != SKEYM_VITAL_ALONE) {
            error = said[vital->panel] ? SKEYM_OK : add_panel(source, i, second, values);
            said[vital->panel] = true;
        } else if (!values[i].missing) {
            struct skeym_observation what = describe(source, source->signal[i].name, second);
            error = skeym_observation_number(rest_of_piece(source), &size, &what, &values[i]);
            if (error == SKEYM_OK) {
                add_entry(source, size);
                source->signal[i].readings++;
            }
        }
        source->signal[i].samples += values[i].missing ? 0 : 1;
        source->signal[i].left_out += values[i].missing ? 1 : 0;
    }
    return error;
}

/* --- messages --------------------------------------------------------------------------------- */

static enum skeym_error say_record_step(struct skeym_device_source *source)
{
    const struct skeym_wfdb_record *record = source->options.record;
    struct skeym_observation_value values[SKEYM_DEVICE_SIGNALS] = {{0}};
    for (size_t i = 0; i < source->count; i++) {
        const struct channel *channel = &source->channel[i];
        const struct skeym_wfdb_signal *of = &record->header.signal[source->signal[i].source];
        int32_t sample = 0;
        enum skeym_error error = skeym_wfdb_read(record, source->signal[i].source,
                                                 source->step * of->samples_per_frame, &sample, 1);
        if (error != SKEYM_OK) {
            return error;
        }
        values[i].vital = channel->vital;
        values[i].value = skeym_wfdb_physical(of, sample);
        values[i].decimals = skeym_wfdb_decimals(of);
        values[i].missing = sample == channel->missing ||
                            skeym_vitals_state(channel->vital, values[i].value) != SKEYM_VITAL_GOOD;
    }
    return add_numerics(source, (double)source->step / record->header.frequency, values);
}

static enum skeym_error say_record_block(struct skeym_device_source *source)
{
    const struct skeym_wfdb_record *record = source->options.record;
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < source->count && error == SKEYM_OK; i++) {
        double block = source->channel[i].frequency * source->options.block_s;
        uint64_t all = skeym_wfdb_samples(record, source->signal[i].source);
        uint64_t from = (uint64_t)floor((double)source->step * block);
        uint64_t to = (uint64_t)floor((double)(source->step + 1) * block);
        to = to < all ? to : all;
        if (from >= to) {
            continue;
        }
        size_t count = (size_t)(to - from);
        error = count > source->sample_room ? SKEYM_ERR_SIZE
                                            : skeym_wfdb_read(record, source->signal[i].source,
                                                              from, source->samples, count);
        if (error == SKEYM_OK) {
            double second = (double)from / source->channel[i].frequency;
            error = add_wave(source, i, second, source->samples, count);
        }
    }
    return error;
}

static enum skeym_error say_simulated_block(struct skeym_device_source *source, double end)
{
    struct skeym_observation_value values[SKEYM_DEVICE_SIGNALS] = {{0}};
    struct skeym_simulate_numerics now;
    struct skeym_simulate_sample sample;
    enum skeym_error error = SKEYM_OK;
    double start = skeym_simulate_time(&source->patient);
    size_t count = 0;
    while (skeym_simulate_time(&source->patient) < end && count < source->sample_room) {
        skeym_simulate_step(&source->patient, &sample);
        for (size_t wave = 0; wave < SKEYM_SIMULATE_WAVES; wave++) {
            source->samples[wave * source->sample_room + count] = sample.raw[wave];
        }
        count++;
    }
    skeym_simulate_numerics(&source->patient, &now);
    for (size_t i = 0; i < source->count && error == SKEYM_OK; i++) {
        if (source->signal[i].wave) {
            const int32_t *from = source->samples + source->signal[i].source * source->sample_room;
            error = add_wave(source, i, start, from, count);
            continue;
        }
        values[i].vital = source->channel[i].vital;
        values[i].value = skeym_simulate_numeric(&now, source->channel[i].name);
        values[i].decimals = strcmp(source->channel[i].name, "Temp") == 0 ? 1 : 0;
        bool standstill = now.asystole && strcmp(source->channel[i].name, "HR") == 0;
        values[i].missing =
            !standstill && skeym_vitals_state(values[i].vital, values[i].value) != SKEYM_VITAL_GOOD;
    }
    return error == SKEYM_OK ? add_numerics(source, end, values) : error;
}

/* When the step under way is complete, in seconds. */
static double end_of_step(const struct skeym_device_source *source)
{
    if (source->numerics) {
        return (double)source->step / source->options.record->header.frequency;
    }
    return fmin((double)(source->step + 1) * source->options.block_s,
                skeym_device_source_seconds(source));
}

enum skeym_error skeym_device_source_next(struct skeym_device_source *source,
                                          struct skeym_device_message *out)
{
    enum skeym_error error = SKEYM_OK;
    memset(out, 0, sizeof *out);
    source->readings = source->used = 0;
    while (source->step < source->steps && source->readings == 0 && error == SKEYM_OK) {
        out->due_s = end_of_step(source);
        error = source->numerics         ? say_record_step(source)
                : source->options.record ? say_record_block(source)
                                         : say_simulated_block(source, out->due_s);
        source->step++;
    }
    if (error == SKEYM_OK && source->readings == 0) {
        return SKEYM_ERR_NOT_FOUND;
    }
    size_t size = 0;
    if (error == SKEYM_OK) {
        error = skeym_observation_bundle((struct skeym_room){source->bundle, sizeof source->bundle},
                                         &size, true, source->entry, source->readings);
    }
    out->json = skeym_span(source->bundle, size);
    out->readings = (unsigned)source->readings;
    return error;
}

void skeym_device_source_print(char out[17], const struct skeym_device_source_options *options)
{
    char text[512];
    uint8_t hash[SKEYM_SHA256_BYTES];
    const struct skeym_wfdb_record *record = options->record;
    int64_t sums = 0;
    for (uint32_t i = 0; record && i < record->header.signals; i++) {
        sums = sums * 31 + record->header.signal[i].checksum;
    }
    (void)snprintf(text, sizeof text, "%s %s %u %s %s %llu %lld %llu %u %g", options->node,
                   options->patient, options->block_s, options->signals ? options->signals : "",
                   record ? record->header.record : "",
                   record ? (unsigned long long)record->frames : 0, (long long)sums,
                   (unsigned long long)options->simulate.seed, options->minutes,
                   options->simulate.frequency);
    const struct skeym_simulate_deterioration *worse = &options->simulate.worse;
    if (worse->severity > 0 || options->simulate.leads) {
        size_t size = strlen(text);
        (void)snprintf(text + size, sizeof text - size, " %d %zu %g %g %g", options->simulate.leads,
                       worse->illness, worse->start_s, worse->duration_s, worse->severity);
    }
    struct skeym_span part = skeym_span_text(text);
    skeym_crypto_sha256(hash, &part, 1);
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", hash[i]);
    }
}
