/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control: the same program with one fault, which the campaign must find. The linker puts
 * these functions in the place of the program's (--wrap), and $SKEYM_TWIN names the fault:
 *   crash   an allocation that is not looked at
 *   leak    an error path that forgets to free
 *   false   a write that failed and is reported as done
 *   open    a list of what is revoked that cannot be read, and counts as an empty one
 *   secret  a message that tells too much
 */
#include "authority/refusals.h"
#include "node/credential.h"
#include "server/home.h"
#include "server/home_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is(const char *name)
{
    const char *twin = getenv("SKEYM_TWIN");
    return twin && strcmp(twin, name) == 0;
}

enum skeym_error __real_skeym_home_audit(const char *dir, const char *line);
enum skeym_error __wrap_skeym_home_audit(const char *dir, const char *line);
enum skeym_error __wrap_skeym_home_audit(const char *dir, const char *line)
{
    if (is("crash")) {
        char *copy = malloc(strlen(line) + 1);
        memcpy(copy, line, strlen(line) + 1);
        enum skeym_error error = __real_skeym_home_audit(dir, copy);
        free(copy);
        return error;
    }
    if (is("leak")) {
        char *copy = strdup(line);
        enum skeym_error error = copy ? __real_skeym_home_audit(dir, copy) : SKEYM_ERR_MEMORY;
        if (error == SKEYM_OK) {
            free(copy);
        }
        return error;
    }
    return __real_skeym_home_audit(dir, line);
}

enum skeym_error __real_skeym_home_file_replace(int folder, const char *name,
                                                struct skeym_span content);
enum skeym_error __wrap_skeym_home_file_replace(int folder, const char *name,
                                                struct skeym_span content);
enum skeym_error __wrap_skeym_home_file_replace(int folder, const char *name,
                                                struct skeym_span content)
{
    enum skeym_error error = __real_skeym_home_file_replace(folder, name, content);
    return is("false") ? SKEYM_OK : error;
}

enum skeym_error __real_skeym_home_revoked(struct skeym_revoked *out, const char *dir);
enum skeym_error __wrap_skeym_home_revoked(struct skeym_revoked *out, const char *dir);
enum skeym_error __wrap_skeym_home_revoked(struct skeym_revoked *out, const char *dir)
{
    enum skeym_error error = __real_skeym_home_revoked(out, dir);
    return is("open") ? SKEYM_OK : error;
}

enum skeym_error __real_skeym_credential_save(const struct skeym_credential_file *file,
                                              const char *path, bool exclusive);
enum skeym_error __wrap_skeym_credential_save(const struct skeym_credential_file *file,
                                              const char *path, bool exclusive);
enum skeym_error __wrap_skeym_credential_save(const struct skeym_credential_file *file,
                                              const char *path, bool exclusive)
{
    enum skeym_error error = __real_skeym_credential_save(file, path, exclusive);
    if (error != SKEYM_OK && is("secret")) {
        fprintf(stderr, "skeym: %s\n", getenv("SKEYM_TWIN_SECRET"));
    }
    return error;
}
