/* SPDX-License-Identifier: Apache-2.0 */
#include "node/device.h"
#include "crypto/crypto.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_WAIT_MS  200u
#define LAST_WAIT_MS   10000u
#define STALL_MS       500u
#define REFUSALS_MOST  3u
#define AHEAD_MOST     16u /* messages that wait before a source without a pace pauses */
#define TAKEN_AT_ONCE  16u /* so that sending goes on while a source catches up */
#define READINGS_BYTES 2u  /* in front of a message in the journal: how many readings it has */

struct skeym_device {
    struct skeym_device_options options;
    struct skeym_device_figures figures;
    uint8_t *pending; /* a message that the journal has not taken yet */
    size_t pending_size;
    uint64_t pending_due_ms;
    uint64_t stalled_until_ms;
    bool said_all;
    uint64_t try_at_ms;
    uint32_t wait_ms;
    unsigned refusals;
};

/* --- runs -------------------------------------------------------------------- */

enum skeym_error skeym_device_run_print(struct skeym_room out, size_t *size,
                                        const struct skeym_device_run *run)
{
    char text[SKEYM_JOURNAL_NOTE];
    struct skeym_writer writer = skeym_writer(out);
    (void)snprintf(text, sizeof text, "skeym-run 1 %s %s %llu %llu\n", run->run, run->source,
                   (unsigned long long)run->start_ms, (unsigned long long)run->base_ms);
    skeym_write_text(&writer, text);
    *size = skeym_written(&writer).size;
    return skeym_writer_end(&writer);
}

static bool take_hex(struct skeym_reader *reader, char *out, size_t digits)
{
    struct skeym_span text = skeym_read_span(reader, digits);
    for (size_t i = 0; i < text.size; i++) {
        if (!((text.data[i] >= '0' && text.data[i] <= '9') ||
              (text.data[i] >= 'a' && text.data[i] <= 'f'))) {
            return false;
        }
        out[i] = (char)text.data[i];
    }
    out[text.size] = 0;
    return !reader->bad;
}

static bool take_number(struct skeym_reader *reader, uint64_t *out, char end)
{
    unsigned digits = 0;
    uint8_t c;
    *out = 0;
    while ((c = skeym_read_u8(reader)) >= '0' && c <= '9' && ++digits <= 15) {
        *out = *out * 10 + (uint64_t)(c - '0');
    }
    return !reader->bad && c == (uint8_t)end && digits > 0;
}

enum skeym_error skeym_device_run_parse(struct skeym_device_run *out, struct skeym_span note)
{
    static const char first[] = "skeym-run 1 ";
    struct skeym_reader reader = skeym_reader(note);
    memset(out, 0, sizeof *out);
    bool good =
        skeym_span_is(skeym_read_span(&reader, strlen(first)), first) &&
        take_hex(&reader, out->run, SKEYM_DEVICE_RUN - 1) && skeym_read_u8(&reader) == ' ' &&
        take_hex(&reader, out->source, sizeof out->source - 1) && skeym_read_u8(&reader) == ' ' &&
        take_number(&reader, &out->start_ms, ' ') && take_number(&reader, &out->base_ms, '\n');
    if (!good || skeym_reader_end(&reader) != SKEYM_OK) {
        memset(out, 0, sizeof *out);
        return SKEYM_ERR_SHAPE;
    }
    return SKEYM_OK;
}

/* --- life ---------------------------------------------------------------------- */

/* What second of the source it is due at, in the caller's time. */
static uint64_t due_ms(const struct skeym_device *device, double second)
{
    double speed = device->options.speed;
    return device->options.start_ms + (speed > 0 ? (uint64_t)(second / speed * 1000) : 0);
}

/* Keeps the source's next message as the pending one. */
static enum skeym_error prepare(struct skeym_device *device)
{
    struct skeym_device_message message;
    enum skeym_error error = skeym_device_source_next(device->options.source, &message);
    if (error == SKEYM_ERR_NOT_FOUND) {
        device->said_all = true;
        return SKEYM_OK;
    }
    if (error != SKEYM_OK) {
        return error;
    }
    struct skeym_room room = {device->pending, READINGS_BYTES + SKEYM_DEVICE_MESSAGE_BYTES};
    struct skeym_writer writer = skeym_writer(room);
    skeym_write_u16(&writer, (uint16_t)message.readings);
    skeym_write_span(&writer, message.json);
    device->pending_size = skeym_written(&writer).size;
    device->pending_due_ms = due_ms(device, message.due_s);
    return skeym_writer_end(&writer);
}

enum skeym_error skeym_device_new(struct skeym_device **out,
                                  const struct skeym_device_options *options)
{
    enum skeym_error error = SKEYM_OK;
    *out = NULL;
    struct skeym_device *device = calloc(1, sizeof *device);
    if (!device) {
        return SKEYM_ERR_MEMORY;
    }
    device->options = *options;
    device->said_all = !options->source;
    if (options->source) {
        device->pending = malloc(READINGS_BYTES + SKEYM_DEVICE_MESSAGE_BYTES);
        error = device->pending ? SKEYM_OK : SKEYM_ERR_MEMORY;
    }
    for (uint64_t i = 0; error == SKEYM_OK && options->source && !device->said_all; i++) {
        error = prepare(device);
        if (i == skeym_journal_next(options->journal)) {
            break; /* the first that the journal has not had */
        }
    }
    if (error != SKEYM_OK) {
        skeym_device_free(device);
        return error;
    }
    *out = device;
    return SKEYM_OK;
}

void skeym_device_free(struct skeym_device *device)
{
    if (device) {
        free(device->pending);
        free(device);
    }
}

void skeym_device_patient(char out[SKEYM_DEVICE_PATIENT], struct skeym_span message)
{
    static const char word[] = "\"Patient/";
    size_t size = 0;
    memset(out, 0, SKEYM_DEVICE_PATIENT);
    const uint8_t *at =
        message.size > 0 ? memmem(message.data, message.size, word, strlen(word)) : NULL;
    if (at) {
        struct skeym_span id =
            skeym_span_part(message, (size_t)(at - message.data) + strlen(word), message.size);
        while (size < id.size && size < SKEYM_DEVICE_PATIENT - 1 && id.data[size] != '"') {
            size++;
        }
        bool ended = size < id.size && id.data[size] == '"';
        if (ended && skeym_patient_valid(skeym_span_part(id, 0, size))) {
            memcpy(out, id.data, size);
        }
    }
}

struct skeym_device_figures skeym_device_figures(const struct skeym_device *device)
{
    struct skeym_device_figures figures = device->figures;
    figures.taken = skeym_journal_next(device->options.journal);
    figures.waiting = skeym_journal_waiting(device->options.journal);
    return figures;
}

/* --- taking ----------------------------------------------------------------------- */

static bool may_take(const struct skeym_device *device, uint64_t now_ms)
{
    bool ahead =
        device->options.speed <= 0 && skeym_journal_waiting(device->options.journal) >= AHEAD_MOST;
    return !device->said_all && !ahead && device->pending_due_ms <= now_ms &&
           device->stalled_until_ms <= now_ms;
}

/* A full journal, or a full disk, is waited out: the message stays pending. */
static enum skeym_error take_due(struct skeym_device *device, uint64_t now_ms)
{
    enum skeym_error error = SKEYM_OK;
    for (unsigned i = 0; i < TAKEN_AT_ONCE && may_take(device, now_ms); i++) {
        error = skeym_journal_take(device->options.journal,
                                   skeym_span(device->pending, device->pending_size));
        if (error == SKEYM_ERR_SPACE || error == SKEYM_ERR_NO_SPACE) {
            device->figures.stalls++;
            device->figures.last = error;
            device->stalled_until_ms = now_ms + STALL_MS;
            return SKEYM_OK;
        }
        if (error == SKEYM_OK) {
            error = prepare(device);
        }
        if (error != SKEYM_OK) {
            return error;
        }
    }
    if (device->said_all && device->options.source &&
        !skeym_journal_ended(device->options.journal)) {
        error = skeym_journal_end(device->options.journal);
    }
    return error == SKEYM_ERR_NO_SPACE ? SKEYM_OK : error; /* later, then */
}

/* --- sending ------------------------------------------------------------------------ */

/* Doubling, with jitter, so that a ward does not come back in step; at least what the server
 * asked for, within reason. */
static void wait_longer(struct skeym_device *device, uint64_t now_ms, uint32_t retry_after_s)
{
    uint16_t random = 0;
    device->wait_ms = device->wait_ms ? device->wait_ms * 2 : FIRST_WAIT_MS;
    device->wait_ms = device->wait_ms < LAST_WAIT_MS ? device->wait_ms : LAST_WAIT_MS;
    if (skeym_crypto_random(&random, sizeof random) != SKEYM_OK) {
        random = UINT16_MAX; /* then without jitter */
    }
    uint32_t wait = device->wait_ms / 2 + device->wait_ms / 2 * random / UINT16_MAX;
    uint32_t asked = retry_after_s < LAST_WAIT_MS / 1000 ? retry_after_s * 1000 : LAST_WAIT_MS;
    device->try_at_ms = now_ms + (wait > asked ? wait : asked);
    device->figures.retries++;
}

static bool is_passing_status(int status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

/* Errors of which a repetition of the same cannot be better. */
static bool is_final(enum skeym_error error)
{
    static const enum skeym_error table[] = {SKEYM_ERR_SIZE,   SKEYM_ERR_CHARSET,
                                             SKEYM_ERR_SPACE,  SKEYM_ERR_UNSUPPORTED,
                                             SKEYM_ERR_CRYPTO, SKEYM_ERR_USAGE};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i] == error) {
            return true;
        }
    }
    return false;
}

/* Sends one message; SKEYM_OK when it was acknowledged or may be sent again later. */
static enum skeym_error judge(struct skeym_device *device, enum skeym_error error,
                              const struct skeym_session_answer *answer, uint64_t now_ms)
{
    device->figures.status = error == SKEYM_OK ? answer->status : 0;
    if (error == SKEYM_OK && is_passing_status(answer->status)) {
        error = SKEYM_ERR_BUSY;
    } else if (error == SKEYM_OK && (answer->status < 200 || answer->status > 299)) {
        error = answer->status == 403 ? SKEYM_ERR_SCOPE : SKEYM_ERR_CONFLICT;
        device->figures.last = error;
        return error;
    }
    device->refusals = error == SKEYM_ERR_PERMISSION ? device->refusals + 1 : 0;
    if (error == SKEYM_OK) {
        device->wait_ms = 0;
        device->try_at_ms = now_ms;
        return SKEYM_OK;
    }
    device->figures.last = error;
    if (is_final(error) || device->refusals == REFUSALS_MOST) {
        return error;
    }
    wait_longer(device, now_ms, answer->retry_after_s);
    return SKEYM_OK;
}

static enum skeym_error send_oldest(struct skeym_device *device, uint64_t now_ms)
{
    struct skeym_span message;
    uint64_t sequence = 0;
    enum skeym_error error = skeym_journal_oldest(device->options.journal, &message, &sequence);
    if (error != SKEYM_OK) {
        return error;
    }
    struct skeym_session_answer answer;
    struct skeym_reader reader = skeym_reader(message);
    uint16_t readings = skeym_read_u16(&reader);
    struct skeym_closed request = {
        .method = skeym_span_text("POST"),
        .target = skeym_span_text(SKEYM_DEVICE_TARGET),
        .content_type = skeym_span_text("application/fhir+json"),
        .body = skeym_span(reader.at, reader.left),
    };
    device->figures.sent++;
    error = skeym_session_request(device->options.session, &request, &answer, NULL);
    bool acknowledged = error == SKEYM_OK && answer.status >= 200 && answer.status <= 299;
    error = judge(device, error, &answer, now_ms);
    skeym_session_answer_free(&answer);
    if (acknowledged && error == SKEYM_OK) {
        device->figures.acknowledged++;
        device->figures.readings += readings;
        device->stalled_until_ms = 0; /* there may be room now */
        error = skeym_journal_forget(device->options.journal, sequence);
        /* If the disk has no room to note it, it is sent again after a restart, no harm done. */
        error = error == SKEYM_ERR_NO_SPACE ? SKEYM_OK : error;
    }
    return error;
}

enum skeym_error skeym_device_step(struct skeym_device *device, uint64_t now_ms,
                                   struct skeym_device_state *state)
{
    struct skeym_journal *journal = device->options.journal;
    *state = (struct skeym_device_state){.wake_ms = now_ms + LAST_WAIT_MS};
    enum skeym_error error = take_due(device, now_ms);
    if (error == SKEYM_OK && skeym_journal_waiting(journal) > 0 && device->try_at_ms <= now_ms) {
        error = send_oldest(device, now_ms);
    }
    if (error != SKEYM_OK) {
        return error;
    }
    bool waiting = skeym_journal_waiting(journal) > 0;
    state->done =
        device->said_all && !waiting && (!device->options.source || skeym_journal_ended(journal));
    if (waiting && device->try_at_ms < state->wake_ms) {
        state->wake_ms = device->try_at_ms;
    }
    if (!device->said_all) {
        uint64_t next = device->pending_due_ms > device->stalled_until_ms
                            ? device->pending_due_ms
                            : device->stalled_until_ms;
        if (device->options.speed <= 0 && skeym_journal_waiting(journal) >= AHEAD_MOST) {
            next = state->wake_ms; /* first something must go out */
        }
        state->wake_ms = next < state->wake_ms ? next : state->wake_ms;
    }
    if (state->wake_ms < now_ms || state->done) {
        state->wake_ms = now_ms;
    }
    return SKEYM_OK;
}
