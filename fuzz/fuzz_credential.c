/* SPDX-License-Identifier: Apache-2.0 */
/* Credential and key files: as they are, or with their check put right. One spelling. */
#include "fuzz.h"
#include "node/credential_text.h"

static void check_again(const struct skeym_credential_file *file, struct skeym_span sealed,
                        struct skeym_span text, bool key_file)
{
    uint8_t secret[128];
    size_t size = 0;
    struct skeym_room room = {secret, sizeof secret};
    if (skeym_base64url_read(room, &size, sealed) != SKEYM_OK) {
        return; /* whoever unlocks it sees that */
    }
    uint8_t *again = fuzz_take(text.size);
    struct skeym_writer writer = skeym_writer((struct skeym_room){again, text.size});
    skeym_credential_text_write(&writer, file, key_file, skeym_span(secret, size));
    FUZZ_MUST(!writer.bad && skeym_span_equal(skeym_written(&writer), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skeym_credential_file file;
    struct skeym_span sealed;
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    uint8_t how = skeym_read_u8(&reader);
    bool key_file = how & 2;
    struct skeym_span bytes = fuzz_rest(&reader);
    struct skeym_span text = how & 1 ? fuzz_checked(bytes) : fuzz_copy(bytes);
    enum skeym_error error = key_file ? skeym_credential_text_key(&file, &sealed, text)
                                      : skeym_credential_parse(&file, &sealed, text);
    if (error) {
        FUZZ_MUST(fuzz_zero(&file, sizeof file) && sealed.size == 0);
    } else {
        FUZZ_MUST(key_file || skeym_credential_text_server_valid(skeym_span_text(file.server)));
        check_again(&file, sealed, text, key_file);
    }
    fuzz_done();
    return 0;
}
