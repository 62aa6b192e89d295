/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of used invitations: as it is, or with a MAC that is made here; then one more use. What
 * is read can be written, and says the same then; with a wrong MAC nothing is ever read.
 */
#include "authority/uses.h"
#include "crypto/crypto.h"
#include "fuzz.h"

enum { ROOM = 64, SEALED = 1, WRONG = 64 };

static struct skeym_span sealed(struct skeym_span what, bool wrong,
                                const struct skeym_keyring *keyring)
{
    uint8_t key[32];
    uint8_t mac[32];
    const struct skeym_span info = skeym_span_text("skeym/1 used invitations");
    struct skeym_room room = {fuzz_take(what.size + 32), what.size + 32};
    struct skeym_writer writer = skeym_writer(room);
    FUZZ_MUST(skeym_crypto_hkdf_expand((struct skeym_room){key, sizeof key}, keyring->identity,
                                       &info, 1) == SKEYM_OK);
    skeym_crypto_hmac(mac, skeym_span(key, sizeof key), &what, 1);
    mac[31] ^= wrong;
    skeym_write_span(&writer, what);
    skeym_write_span(&writer, skeym_span(mac, sizeof mac));
    return skeym_written(&writer);
}

static void check(struct skeym_use *list, size_t count, struct skeym_span file,
                  const struct skeym_keyring *keyring)
{
    uint8_t again[SKEYM_USES_BYTES(ROOM)];
    struct skeym_use use = {.expires_s = 1800003600};
    size_t size = 0;
    FUZZ_MUST(skeym_uses_write((struct skeym_room){again, sizeof again}, &size, list, count,
                               keyring) == SKEYM_OK);
    FUZZ_MUST(skeym_span_equal(skeym_span(again, size), file));
    fuzz_count(use.id, sizeof use.id, 1);
    enum skeym_error error = skeym_uses_add(list, &count, &use, 1800000000);
    FUZZ_MUST(count <= ROOM);
    if (error == SKEYM_OK) {
        FUZZ_MUST(count > 0 && fuzz_same(&list[count - 1], &use, sizeof use));
        FUZZ_MUST(skeym_uses_add(list, &count, &use, 1800000000) == SKEYM_ERR_EXISTS);
        use.key_hash[0] ^= 1;
        FUZZ_MUST(skeym_uses_add(list, &count, &use, 1800000000) == SKEYM_ERR_REPLAY);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skeym_keyring keyring;
    struct skeym_use list[ROOM];
    size_t count = 1;
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    unsigned how = skeym_read_u8(&reader);
    struct skeym_span bytes = fuzz_rest(&reader);
    fuzz_count(keyring.identity, sizeof keyring.identity, 0x50);
    struct skeym_span file =
        how & SEALED ? sealed(bytes, (how & WRONG) != 0, &keyring) : fuzz_copy(bytes);
    memset(list, 0, sizeof list);
    enum skeym_error error = skeym_uses_read(list, ROOM - 1, &count, file, &keyring);
    FUZZ_MUST((how & (SEALED | WRONG)) != (SEALED | WRONG) || error);
    if (error) {
        FUZZ_MUST(count == 0);
    } else {
        check(list, count, file, &keyring);
    }
    fuzz_done();
    return 0;
}
