/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/device/device.h"

#include "crypto/crypto.h"
#include <string.h>

static void forget(struct device *device)
{
    skeym_crypto_wipe(&device->work, sizeof device->work);
}

enum skeym_error device_login(struct device *device, struct skeym_room out, size_t *size,
                              uint64_t now_ms, const uint8_t random[32])
{
    const struct skeym_login_wish wish = {.time_ms = now_ms, .lanes = 1};
    device->token_size = 0;
    return skeym_login_start(&device->work.handshake, out, size, &device->credentials, &wish,
                             random);
}

static void keep(struct device *device, const struct skeym_login_grant *grant)
{
    struct skeym_writer token =
        skeym_writer((struct skeym_room){device->token, sizeof device->token});
    skeym_base64url_write(&token, skeym_span(grant->lane[0].token, grant->lane[0].token_size));
    device->token_size = skeym_written(&token).size;
    memcpy(device->secret, grant->lane[0].secret, sizeof device->secret);
    device->lifetime_s = grant->lifetime_s;
    device->renewed = true; /* each login brings a fresh locator */
    memcpy(device->credentials.locator, grant->locator, grant->locator_size);
    device->credentials.locator_size = grant->locator_size;
    if (grant->renewed) {
        memcpy(device->credentials.credential, grant->credential, sizeof grant->credential);
    }
}

enum skeym_error device_welcome(struct device *device, struct skeym_room answer)
{
    struct skeym_handshake state = device->work.handshake; /* the grant takes its place */
    struct skeym_login_grant *grant = &device->work.grant;
    enum skeym_error error = skeym_login_finish_in_place(grant, &state, answer);
    if (!error) {
        device->server_ms = grant->server_ms;
        error = grant->clock_only ? SKEYM_ERR_CLOCK : SKEYM_OK;
    }
    if (!error) {
        keep(device, grant);
    }
    forget(device);
    return error;
}

enum skeym_error device_ask(struct device *device, struct device_request *request,
                            struct skeym_room out, const struct skeym_closed *closed,
                            const uint8_t iv[12])
{
    uint8_t proof[SKEYM_PROOF_BYTES];
    size_t size = 0;
    memset(request, 0, sizeof *request);
    if (device->token_size == 0) {
        return SKEYM_ERR_STATE;
    }
    struct skeym_writer plain =
        skeym_writer((struct skeym_room){device->work.plain, sizeof device->work.plain});
    enum skeym_error error = skeym_exchange_derive(&device->keys, device->secret);
    skeym_closed_write(&plain, closed);
    error = error ? error : skeym_writer_end(&plain);
    if (!error) {
        error = skeym_jwe_seal(out, &size, device->keys.request, iv, SKEYM_JWE_STATUS_NONE,
                               skeym_span_text(SKEYM_CLOSED_TYPE), skeym_written(&plain));
    }
    const struct skeym_exchange_request covered = {
        .method = skeym_span_text("POST"),
        .target = skeym_span_text(SKEYM_EXCHANGE_PATH),
        .content_type = skeym_span_text(SKEYM_JOSE_TYPE),
        .body = skeym_span(out.data, size),
    };
    if (!error) {
        error = skeym_exchange_proof(proof, device->keys.proof, &covered);
    }
    if (!error) {
        struct skeym_writer text =
            skeym_writer((struct skeym_room){request->proof, sizeof request->proof});
        skeym_base64url_write(&text, skeym_span(proof, sizeof proof));
        request->token = skeym_span(device->token, device->token_size);
        request->body = covered.body;
        device->token_size = 0; /* its bytes stay until the next one comes */
    }
    forget(device);
    return error;
}

enum skeym_error device_take(struct device *device, struct skeym_room out, struct skeym_jwe *info,
                             struct skeym_span answer, struct skeym_span next)
{
    enum skeym_error error = skeym_jwe_open(out, info, device->keys.answer, true, answer);
    if (!error && next.size > 0 && next.size <= sizeof device->token) {
        memcpy(device->token, next.data, next.size);
        memcpy(device->secret, device->keys.next, sizeof device->secret);
        device->token_size = next.size;
    }
    skeym_crypto_wipe(&device->keys, sizeof device->keys);
    return error;
}
