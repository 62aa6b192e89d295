/* SPDX-License-Identifier: Apache-2.0 */
/* The keyring's file: as it is, or with its hash put right. What decodes is encoded as it was. */
#include "authority/keyring.h"
#include "crypto/crypto.h"
#include "fuzz.h"

static struct skeym_span hashed(struct skeym_span bytes)
{
    uint8_t *data = fuzz_take(bytes.size + SKEYM_SHA256_BYTES);
    if (bytes.size > 0) {
        memcpy(data, bytes.data, bytes.size);
    }
    skeym_crypto_sha256(data + bytes.size, &bytes, 1);
    return skeym_span(data, bytes.size + SKEYM_SHA256_BYTES);
}

static void check(const struct skeym_keyring *keyring)
{
    FUZZ_MUST(keyring->enrol_count >= 1 && keyring->enrol_count <= SKEYM_ENROL_KEYS_MAX);
    FUZZ_MUST(keyring->epoch_seconds >= SKEYM_EPOCH_SECONDS_MIN &&
              keyring->epoch_seconds <= SKEYM_EPOCH_SECONDS_MAX);
    for (size_t i = 0; i < keyring->enrol_count; i++) {
        FUZZ_MUST(keyring->enrol[i].id > (i > 0 ? keyring->enrol[i - 1].id : 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_keyring keyring;
    struct skeym_working_keys keys;
    uint8_t again[SKEYM_KEYRING_BYTES];
    size_t written = 0;
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    uint8_t how = skeym_read_u8(&reader);
    struct skeym_span bytes = fuzz_rest(&reader);
    struct skeym_span file = how & 1 ? hashed(bytes) : fuzz_copy(bytes);
    memset(&keyring, 0, sizeof keyring);
    if (skeym_keyring_decode(&keyring, file) == SKEYM_OK) {
        check(&keyring);
        FUZZ_MUST(skeym_keyring_encode((struct skeym_room){again, sizeof again}, &written,
                                       &keyring) == SKEYM_OK);
        FUZZ_MUST(skeym_span_equal(skeym_span(again, written), file));
        FUZZ_MUST(skeym_keyring_derive(&keys, &keyring) == SKEYM_OK);
        FUZZ_MUST(keys.authority.enrol_count == keyring.enrol_count);
    } else {
        FUZZ_MUST(fuzz_zero(&keyring, sizeof keyring));
    }
    fuzz_done();
    return 0;
}
