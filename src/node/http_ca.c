/* SPDX-License-Identifier: Apache-2.0 */
#include "node/http_ca.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static enum skeym_error open_file(FILE **out, const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    *out = NULL;
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? SKEYM_ERR_MISSING
               : errno == EACCES                   ? SKEYM_ERR_PERMISSION
                                                   : SKEYM_ERR_IO;
    }
    enum skeym_error error = fstat(fd, &status) != 0    ? SKEYM_ERR_IO
                             : !S_ISREG(status.st_mode) ? SKEYM_ERR_NOT_FILE
                                                        : SKEYM_OK;
    if (error == SKEYM_OK && !(*out = fdopen(fd, "r"))) {
        error = SKEYM_ERR_MEMORY;
    }
    if (error != SKEYM_OK) {
        (void)close(fd);
    }
    return error;
}

enum skeym_error skeym_http_ca_check(const char *path)
{
    FILE *file;
    enum skeym_error error = open_file(&file, path);
    if (error != SKEYM_OK) {
        return error;
    }
    size_t count = 0;
    X509 *certificate;
    while ((certificate = PEM_read_X509(file, NULL, NULL, NULL))) {
        X509_free(certificate);
        count++;
    }
    /* At the end of a good file there is no line to begin the next one. */
    bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    (void)fclose(file);
    return count > 0 && ended ? SKEYM_OK : SKEYM_ERR_SHAPE;
}
