/* SPDX-License-Identifier: Apache-2.0 */
/* A victim's request is held; its token stays unspent as long as no proof is right. So the same
 * token can be asked with wrong proofs for as long as it lives, which is the best that a timing
 * attacker on the wire has. */
#include "crypto/crypto.h"
#include "inspect/live.h"
#include "inspect/party.h"
#include "inspect/timing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { QUICK = 3000, FULL = 1120000, ANSWER_MS = 5000, RENEW = 20000 };

struct wire {
    struct skeym_live live;
    struct skeym_party victim;
    struct skeym_tap_copy held;
    bool have, open;
    int fd;
    uint8_t right[32];
};

static bool hold(struct skeym_tap *tap, const struct skeym_wire_request *request)
{
    struct wire *wire = tap->before_arg;
    if (!request->authorization || wire->have) {
        return true;
    }
    wire->have = skeym_tap_copy(&wire->held, request) == SKEYM_OK;
    return false; /* the victim sees a lost connection, and its token stays unspent */
}

static enum skeym_error found(struct wire *wire)
{
    static const char *const more[] = {"--token-lifetime", "59", NULL};
    enum skeym_error error = skeym_live_found(&wire->live, "skeym-timing");
    if (error == SKEYM_OK) {
        error = skeym_live_serve(&wire->live, more);
    }
    if (error == SKEYM_OK) {
        error = skeym_live_enrol(&wire->live, "dr-victim", "doctor", "user/*.rs", false);
    }
    if (error == SKEYM_OK) {
        error = skeym_party_open(&wire->victim, wire->live.server,
                                 skeym_live_path(&wire->live, "dr-victim.cred"), true);
        wire->open = error == SKEYM_OK;
    }
    return error;
}

/* A fresh held request; done again before the token is over. */
static enum skeym_error capture(struct wire *wire)
{
    enum skeym_error error = SKEYM_OK;
    size_t size;
    if (wire->have) {
        skeym_tap_copy_free(&wire->held);
        wire->have = false;
    }
    wire->victim.tap.before = hold;
    wire->victim.tap.before_arg = wire;
    (void)skeym_party_do(&wire->victim, "GET", "/fhir/metadata", NULL, &error);
    wire->victim.tap.before = NULL;
    if (!wire->have) {
        return error != SKEYM_OK ? error : SKEYM_ERR_STATE;
    }
    return skeym_base64url_read((struct skeym_room){wire->right, sizeof wire->right}, &size,
                                skeym_span_text(wire->held.request.proof));
}

/* Sends the held request with this proof; ns until the answer begins, NAN when none came. */
static double ask(struct wire *wire, const uint8_t proof[32])
{
    const struct skeym_wire_request *held = &wire->held.request;
    char text[SKEYM_PROOF_CHARS + 1], bytes[2048];
    struct skeym_writer writer =
        skeym_writer((struct skeym_room){(uint8_t *)text, sizeof text - 1});
    skeym_base64url_write(&writer, skeym_span(proof, 32));
    text[writer.size] = '\0';
    int size = snprintf(bytes, sizeof bytes,
                        "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nSkeyM-Proof: %s\r\n\r\n",
                        held->method, held->target, held->authorization, text);
    if (size <= 0 || size >= (int)sizeof bytes) {
        return NAN;
    }
    for (int tries = 0; tries < 3; tries++) {
        if (wire->fd < 0) {
            wire->fd = skeym_party_connect(wire->live.server, "127.0.0.66");
        }
        uint64_t began = skeym_timing_now();
        int status =
            wire->fd < 0 ? 0 : skeym_party_exchange(wire->fd, bytes, (size_t)size, ANSWER_MS);
        double took = (double)(skeym_timing_now() - began);
        if (status == 401) {
            return took;
        }
        if (wire->fd >= 0) {
            close(wire->fd);
            wire->fd = -1;
        }
    }
    return NAN;
}

static enum skeym_error measure(const struct skeym_inspect_context *context, struct wire *wire,
                                struct skeym_timing_samples *samples, double begin, double end)
{
    static const enum skeym_timing_class classes[] = {SKEYM_TIMING_FIRST, SKEYM_TIMING_LAST};
    struct skeym_chance chance;
    uint64_t renewed = 0;
    size_t total = 2 * samples->room;
    skeym_chance_init(&chance, context->seed, 9);
    for (size_t i = 0; i < total && !context->stopped(context->arg); i++) {
        uint8_t proof[32];
        if (i % RENEW == 0 || skeym_timing_now() - renewed > UINT64_C(20000000000)) {
            enum skeym_error error = capture(wire);
            if (error != SKEYM_OK) {
                return context->stopped(context->arg) ? SKEYM_OK : error;
            }
            renewed = skeym_timing_now();
        }
        enum skeym_timing_class class = classes[skeym_chance_below(&chance, 2)];
        if (samples->count[class] == samples->room) {
            continue;
        }
        skeym_timing_aim(proof, wire->right, class, &chance);
        double took = ask(wire, proof);
        if (!isfinite(took)) { /* an interrupt from a terminal ends the server too */
            return context->stopped(context->arg) ? SKEYM_OK : SKEYM_ERR_IO;
        }
        samples->of[class][samples->count[class]++] = took;
        context->progress(context->arg, "over loopback TCP",
                          begin + (end - begin) * (double)i / (double)total);
    }
    return SKEYM_OK;
}

/* asked: before the crop. */
static void report(struct skeym_finding *finding, size_t asked,
                   const struct skeym_timing_judgement *judgement)
{
    const struct skeym_figure shift = {
        "wire.shift",
        "over loopback TCP: last byte wrong less first (median, 99% interval)",
        judgement->shift,
        "ns",
        judgement->low,
        judgement->high,
        NULL};
    if (judgement->said) {
        skeym_finding_figure(finding, &shift);
    }
    skeym_finding_row(finding, "over loopback TCP|%s : %s|%.2f|%.2f|%.0f (%.0f to %.0f)|%s",
                      skeym_timing_class_name(SKEYM_TIMING_FIRST),
                      skeym_timing_class_name(SKEYM_TIMING_LAST), judgement->t, judgement->z,
                      judgement->shift, judgement->low, judgement->high,
                      skeym_timing_word(judgement));
    skeym_finding_did(finding,
                      "Over loopback TCP a held token of a victim was asked with wrong proofs, %zu "
                      "times in all, with the first or the last byte wrong. There is no leaky "
                      "server to serve as control here; the interval says how small a leak would "
                      "have shown.",
                      asked);
}

static enum skeym_error ask_and_judge(const struct skeym_inspect_context *context,
                                      struct wire *wire, struct skeym_timing_judgement *judgement,
                                      size_t *asked, double begin, double end)
{
    struct skeym_timing_samples samples;
    struct skeym_chance chance;
    skeym_chance_init(&chance, context->seed, 10);
    enum skeym_error error =
        skeym_timing_samples_open(&samples, context->size == SKEYM_INSPECT_FULL ? FULL : QUICK);
    if (error == SKEYM_OK) {
        error = measure(context, wire, &samples, begin, end);
    }
    *asked = samples.count[SKEYM_TIMING_FIRST] + samples.count[SKEYM_TIMING_LAST];
    if (error == SKEYM_OK) {
        error = skeym_timing_samples_crop(&samples, 0.9);
    }
    if (error == SKEYM_OK) {
        error =
            skeym_timing_judge(judgement, &samples, SKEYM_TIMING_FIRST, SKEYM_TIMING_LAST, &chance);
    }
    skeym_timing_samples_free(&samples);
    return error;
}

void skeym_timing_wire(const struct skeym_inspect_context *context, struct skeym_finding *finding,
                       struct skeym_timing_counts *counts, double begin, double end)
{
    struct wire wire = {.fd = -1};
    struct skeym_timing_judgement judgement = {0};
    size_t asked = 0;
    if (context->stopped(context->arg)) {
        skeym_timing_count(counts, &judgement);
        return;
    }
    enum skeym_error error = found(&wire);
    if (error == SKEYM_OK) {
        error = ask_and_judge(context, &wire, &judgement, &asked, begin, end);
    }
    if (error != SKEYM_OK && context->stopped(context->arg)) {
        error = SKEYM_OK; /* an interrupt from a terminal ends what was started, too */
    }
    if (skeym_finding_must(finding, error)) {
        report(finding, asked, &judgement);
        skeym_timing_count(counts, &judgement);
    }
    if (wire.fd >= 0) {
        close(wire.fd);
    }
    if (wire.have) {
        skeym_tap_copy_free(&wire.held);
    }
    if (wire.open) {
        skeym_party_close(&wire.victim);
    }
    skeym_live_close(&wire.live, false);
    skeym_crypto_wipe(wire.right, sizeof wire.right);
}
