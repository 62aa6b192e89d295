/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The revoked list's file: as it is; or its lines, between a first and a last line that are made
 * here with the right MAC; or with the last line's count from the input too. A list that is read
 * can be written, and says the same then; one whose MAC is wrong is never read.
 */
#include "authority/refusals.h"
#include "crypto/crypto.h"
#include "fuzz.h"
#include <skeym/base64url.h>

enum { ROOM = 64, WRONG = 64, AS_IT_IS = 0, COUNTED = 3 };

static const char head[] = "# skeym revoked list 1\n";

/* what: before the MAC, which is put behind it. */
static struct skeym_span sealed(struct skeym_span what, const struct skeym_keyring *keyring)
{
    uint8_t key[32];
    uint8_t mac[SKEYM_SHA256_BYTES];
    const struct skeym_span info = skeym_span_text("skeym/1 revoked list");
    struct skeym_room room = {fuzz_take(what.size + 44), what.size + 44};
    struct skeym_writer writer = skeym_writer(room);
    FUZZ_MUST(skeym_crypto_hkdf_expand((struct skeym_room){key, sizeof key}, keyring->identity,
                                       &info, 1) == SKEYM_OK);
    skeym_crypto_hmac(mac, skeym_span(key, sizeof key), &what, 1);
    skeym_write_span(&writer, what);
    skeym_base64url_write(&writer, skeym_span(mac, sizeof mac));
    skeym_write_text(&writer, "\n");
    FUZZ_MUST(!writer.bad);
    return skeym_written(&writer);
}

static struct skeym_span framed(struct skeym_span lines, bool counted,
                                const struct skeym_keyring *keyring)
{
    char end[40];
    size_t count = 0;
    for (size_t i = 0; i < lines.size; i++) {
        count += lines.data[i] == '\n';
    }
    struct skeym_room room = {fuzz_take(lines.size + 100), lines.size + 100};
    struct skeym_writer writer = skeym_writer(room);
    (void)snprintf(end, sizeof end, "# end %zu ", count);
    skeym_write_text(&writer, head);
    skeym_write_span(&writer, lines);
    skeym_write_text(&writer, counted ? end : "");
    return sealed(skeym_written(&writer), keyring);
}

static void check(const struct skeym_revoked_entry *at, size_t count,
                  const struct skeym_keyring *keyring)
{
    struct skeym_revoked_entry again[ROOM];
    uint8_t text[SKEYM_REFUSALS_BYTES(ROOM)];
    const struct skeym_revoked list = {at, count};
    size_t size = 0;
    size_t read = 0;
    memset(again, 0, sizeof again);
    for (size_t i = 0; i < count; i++) {
        FUZZ_MUST(skeym_revoked_has(&list, &at[i].id, at[i].generation));
    }
    FUZZ_MUST(skeym_refusals_write((struct skeym_room){text, sizeof text}, &size, &list, keyring) ==
              SKEYM_OK);
    FUZZ_MUST(skeym_refusals_read(again, ROOM, &read, skeym_span(text, size), keyring) == SKEYM_OK);
    FUZZ_MUST(read == count && (count == 0 || !memcmp(again, at, count * sizeof again[0])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skeym_keyring keyring;
    struct skeym_revoked_entry entries[ROOM];
    size_t count = 1;
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    unsigned how = skeym_read_u8(&reader);
    struct skeym_span bytes = fuzz_rest(&reader);
    fuzz_count(keyring.identity, sizeof keyring.identity, 0x50);
    bool whole = how % 4 == AS_IT_IS;
    struct skeym_span text = whole ? fuzz_copy(bytes) : framed(bytes, how % 4 == COUNTED, &keyring);
    if (how & WRONG && !whole) {
        uint8_t *last;
        memcpy(&last, &text.data, sizeof text.data);
        last[text.size - 2] ^= 1;
    }
    memset(entries, 0, sizeof entries);
    enum skeym_error error = skeym_refusals_read(entries, ROOM, &count, text, &keyring);
    FUZZ_MUST(!(how & WRONG) || whole || error);
    if (error) {
        FUZZ_MUST(count == 0);
    } else {
        check(entries, count, &keyring);
    }
    fuzz_done();
    return 0;
}
