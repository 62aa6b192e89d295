/* SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect_guard.h"

#include "crypto/crypto.h"
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 256, PORT_CHARS = 5, V4_CHARS = 15 };

/* --- addresses --------------------------------------------------------------------- */

static bool read_port(uint16_t *out, struct skeym_span text)
{
    uint32_t port = 0;
    if (text.size == 0 || text.size > PORT_CHARS) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        port = port * 10 + (uint32_t)(text.data[i] - '0');
    }
    *out = (uint16_t)port;
    return port <= UINT16_MAX;
}

/* Four numbers with dots, the first one 127. */
static bool read_v4(struct in_addr *out, struct skeym_span text)
{
    char copy[V4_CHARS + 1] = {0};
    if (text.size == 0 || text.size > V4_CHARS) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    return inet_pton(AF_INET, copy, out) == 1;
}

static bool is_loopback(const struct in_addr *address)
{
    return ntohl(address->s_addr) >> 24 == 127;
}

static bool same_word(struct skeym_span text, const char *word)
{
    return text.size == strlen(word) && strncasecmp((const char *)text.data, word, text.size) == 0;
}

/* "name:port" or "name"; a name in brackets keeps them. */
static void split(struct skeym_span *name, struct skeym_span *port, struct skeym_span text)
{
    size_t end = text.size;
    *port = (struct skeym_span){0};
    for (size_t i = text.size; i > 0 && text.data[i - 1] != ']'; i--) {
        if (text.data[i - 1] == ':') {
            end = i - 1;
            *port = skeym_span_part(text, i, text.size);
            break;
        }
    }
    *name = skeym_span_part(text, 0, end);
}

static enum skeym_error read_path(struct skeym_connect_address *out, struct skeym_span path)
{
    struct sockaddr_un *local = &out->at.local;
    if (!skeym_span_starts(path, "/")) {
        return SKEYM_ERR_SHAPE;
    }
    if (path.size >= sizeof local->sun_path) {
        return SKEYM_ERR_SIZE;
    }
    local->sun_family = AF_UNIX;
    memcpy(local->sun_path, path.data, path.size);
    out->size = sizeof *local;
    return SKEYM_OK;
}

static enum skeym_error read_internet(struct skeym_connect_address *out, struct skeym_span text)
{
    struct skeym_span name;
    struct skeym_span port_text;
    uint16_t port = 0;
    struct in_addr address = {htonl(INADDR_LOOPBACK)};
    split(&name, &port_text, text);
    if (port_text.size == 0 || name.size == 0) {
        return SKEYM_ERR_SHAPE;
    }
    if (!read_port(&port, port_text)) {
        return SKEYM_ERR_RANGE;
    }
    if (skeym_span_is(name, "[::1]")) {
        out->at.v6.sin6_family = AF_INET6;
        out->at.v6.sin6_addr = in6addr_loopback;
        out->at.v6.sin6_port = htons(port);
        out->size = sizeof out->at.v6;
        return SKEYM_OK;
    }
    if (!same_word(name, "localhost") && (!read_v4(&address, name) || !is_loopback(&address))) {
        return SKEYM_ERR_PERMISSION;
    }
    out->at.v4.sin_family = AF_INET;
    out->at.v4.sin_addr = address;
    out->at.v4.sin_port = htons(port);
    out->size = sizeof out->at.v4;
    return SKEYM_OK;
}

enum skeym_error skeym_connect_guard_address(struct skeym_connect_address *out, const char *text)
{
    struct skeym_span all = skeym_span_text(text);
    memset(out, 0, sizeof *out);
    enum skeym_error error = skeym_span_starts(all, "unix:")
                                 ? read_path(out, skeym_span_part(all, 5, all.size))
                                 : read_internet(out, all);
    if (error != SKEYM_OK) {
        memset(out, 0, sizeof *out);
    }
    return error;
}

/* --- sockets ------------------------------------------------------------------------ */

static enum skeym_error system_error(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
        return SKEYM_ERR_PERMISSION;
    case EADDRINUSE:
        return SKEYM_ERR_EXISTS;
    case ENOENT:
    case ENOTDIR:
        return SKEYM_ERR_MISSING;
    default:
        return SKEYM_ERR_IO;
    }
}

/* A socket that a sidecar left behind which was killed. One that answers, and anything that is no
 * socket, stays. */
static void remove_stale(const struct skeym_connect_address *address)
{
    struct stat info;
    const char *path = address->at.local.sun_path;
    if (lstat(path, &info) != 0 || !S_ISSOCK(info.st_mode)) {
        return;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, &address->at.any, address->size) != 0 && errno == ECONNREFUSED) {
        (void)unlink(path);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static bool bind_local(int fd, const struct skeym_connect_address *address)
{
    mode_t before = umask(0177); /* it is 0600 from the first moment on */
    bool good = bind(fd, &address->at.any, address->size) == 0;
    int number = errno;
    (void)umask(before);
    errno = number;
    return good;
}

static bool bind_internet(int fd, const struct skeym_connect_address *address)
{
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(fd, &address->at.any, address->size) == 0;
}

enum skeym_error skeym_connect_guard_listen(int *fd, struct skeym_connect_address *address)
{
    bool local = address->at.any.sa_family == AF_UNIX;
    *fd = socket(address->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0) {
        return SKEYM_ERR_IO;
    }
    if (local) {
        remove_stale(address);
    }
    socklen_t size = address->size;
    bool bound = local ? bind_local(*fd, address) : bind_internet(*fd, address);
    if (bound && listen(*fd, BACKLOG) == 0 &&
        (local || getsockname(*fd, &address->at.any, &size) == 0)) {
        return SKEYM_OK;
    }
    enum skeym_error error = system_error(errno);
    (void)close(*fd);
    *fd = -1;
    if (bound) {
        skeym_connect_guard_leave(address);
    }
    return error;
}

void skeym_connect_guard_leave(const struct skeym_connect_address *address)
{
    if (address->at.any.sa_family == AF_UNIX) {
        (void)unlink(address->at.local.sun_path);
    }
}

/* --- fields ------------------------------------------------------------------------- */

bool skeym_connect_guard_host(struct skeym_span host)
{
    struct skeym_span name;
    struct skeym_span port_text;
    struct in_addr address;
    uint16_t port;
    split(&name, &port_text, host);
    if (name.size < host.size && !read_port(&port, port_text)) {
        return false;
    }
    return same_word(name, "localhost") || skeym_span_is(name, "[::1]") ||
           (read_v4(&address, name) && is_loopback(&address));
}

bool skeym_connect_guard_origin(struct skeym_span origin)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (skeym_span_starts(origin, schemes[i])) {
            return skeym_connect_guard_host(
                skeym_span_part(origin, strlen(schemes[i]), origin.size));
        }
    }
    return false;
}

bool skeym_connect_guard_bearer(struct skeym_span authorization, struct skeym_span secret)
{
    static const char scheme[] = "Bearer ";
    size_t start = sizeof scheme - 1;
    if (!same_word(skeym_span_part(authorization, 0, start), scheme)) {
        return false;
    }
    struct skeym_span given = skeym_span_part(authorization, start, authorization.size);
    return secret.size > 0 && given.size == secret.size &&
           skeym_crypto_equal(given.data, secret.data, secret.size);
}
