/* SPDX-License-Identifier: Apache-2.0 */
#include "server/home_uses.h"
#include "crypto/crypto.h"
#include "server/home_file.h"
#include "server/home_inside.h"
#include <stdlib.h>

#define NAME "invitations"

enum { FILE_BYTES = 16 << 20 };

/* With room for one more. */
static enum skeym_error read_uses(struct skeym_use **list, size_t *count, int folder,
                                  const struct skeym_keyring *keyring)
{
    uint8_t *data = NULL;
    size_t size = 0;
    *list = NULL;
    *count = 0;
    enum skeym_error error = skeym_home_file_read(&data, &size, folder, NAME, FILE_BYTES, true);
    if (error != SKEYM_OK) {
        return error;
    }
    size_t room = size / (SKEYM_USES_BYTES(1) - SKEYM_USES_BYTES(0));
    *list = calloc(room + 1, sizeof **list);
    error = *list ? skeym_uses_read(*list, room, count, skeym_span(data, size), keyring)
                  : SKEYM_ERR_MEMORY;
    free(data);
    if (error != SKEYM_OK) {
        free(*list);
        *list = NULL;
    }
    return error;
}

static enum skeym_error write_uses(int folder, const struct skeym_use *list, size_t count,
                                   const struct skeym_keyring *keyring)
{
    size_t size = 0;
    size_t room = SKEYM_USES_BYTES(count);
    uint8_t *data = room > FILE_BYTES ? NULL : malloc(room);
    if (!data) {
        return room > FILE_BYTES ? SKEYM_ERR_SIZE : SKEYM_ERR_MEMORY;
    }
    enum skeym_error error =
        skeym_uses_write((struct skeym_room){data, room}, &size, list, count, keyring);
    if (error == SKEYM_OK) {
        error = skeym_home_file_replace(folder, NAME, skeym_span(data, size));
    }
    free(data);
    return error;
}

/* Into the folder, with its keyring. Leave it with leave. */
static enum skeym_error enter(int *folder, int *lock, struct skeym_keyring *keyring,
                              const char *dir, bool shared)
{
    enum skeym_error error = skeym_home_enter(folder, lock, dir, shared);
    if (error == SKEYM_OK) {
        error = skeym_home_read_keyring(keyring, *folder);
        if (error != SKEYM_OK) {
            skeym_home_leave(*folder, *lock);
        }
    }
    return error;
}

static void leave(int folder, int lock, struct skeym_keyring *keyring)
{
    skeym_home_leave(folder, lock);
    skeym_crypto_wipe(keyring, sizeof *keyring);
}

enum skeym_error skeym_home_uses_begin(const char *dir)
{
    int folder, lock;
    struct skeym_keyring keyring;
    struct skeym_use *list = NULL;
    size_t count = 0;
    enum skeym_error error = enter(&folder, &lock, &keyring, dir, false);
    if (error != SKEYM_OK) {
        return error;
    }
    error = read_uses(&list, &count, folder, &keyring);
    if (error == SKEYM_ERR_MISSING) {
        error = write_uses(folder, NULL, 0, &keyring);
    }
    free(list);
    leave(folder, lock, &keyring);
    return error;
}

static enum skeym_error take(int folder, const struct skeym_keyring *keyring,
                             const struct skeym_use *use, uint32_t now_s, const char *json_line,
                             bool *known)
{
    struct skeym_use *list = NULL;
    size_t count = 0;
    enum skeym_error error = read_uses(&list, &count, folder, keyring);
    if (error == SKEYM_OK) {
        error = skeym_uses_add(list, &count, use, now_s);
        *known = error == SKEYM_ERR_EXISTS;
    }
    if (error == SKEYM_OK) {
        error = skeym_home_append_audit(folder, json_line);
        if (error == SKEYM_OK) {
            error = write_uses(folder, list, count, keyring);
        }
    }
    free(list);
    return *known ? SKEYM_OK : error;
}

enum skeym_error skeym_home_uses_take(const char *dir, const struct skeym_use *use, uint32_t now_s,
                                      const char *json_line, bool *known)
{
    int folder, lock;
    struct skeym_keyring keyring;
    *known = false;
    enum skeym_error error = enter(&folder, &lock, &keyring, dir, false);
    if (error == SKEYM_OK) {
        error = take(folder, &keyring, use, now_s, json_line, known);
        leave(folder, lock, &keyring);
    }
    return error;
}

enum skeym_error skeym_home_uses(struct skeym_use **list, size_t *count, const char *dir)
{
    int folder, lock;
    struct skeym_keyring keyring;
    *list = NULL;
    *count = 0;
    enum skeym_error error = enter(&folder, &lock, &keyring, dir, true);
    if (error == SKEYM_OK) {
        error = read_uses(list, count, folder, &keyring);
        leave(folder, lock, &keyring);
        error = error == SKEYM_ERR_MISSING ? SKEYM_OK : error;
    }
    return error;
}
