/* SPDX-License-Identifier: Apache-2.0 */
#include "server/control.h"

#include "server/clock.h"
#include "server/home_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <skeym/span.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME "control"

enum { BACKLOG = 8, LINE_BYTES = 64, PATIENCE_MS = 1000 };

static bool bind_in(int folder, int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* by descriptor: DIR's path may be longer than an address */
    (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" NAME, folder);
    mode_t old = umask(0177);
    bool good = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)umask(old);
    return good && listen(fd, BACKLOG) == 0;
}

enum skeym_error skeym_control_open(struct skeym_control *out, const char *dir)
{
    enum skeym_error error = SKEYM_ERR_IO;
    out->fd = -1;
    out->folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->folder < 0) {
        return skeym_home_file_error(errno);
    }
    if (flock(out->folder, LOCK_EX | LOCK_NB) != 0) {
        error = SKEYM_ERR_BUSY;
        goto out;
    }
    /* with the lock held, a socket that is there is a dead server's; what is no socket is not ours,
     * and DIR no authority's folder perhaps */
    struct stat old;
    if (fstatat(out->folder, NAME, &old, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISSOCK(old.st_mode)) {
        error = SKEYM_ERR_EXISTS;
        goto out;
    }
    if (unlinkat(out->folder, NAME, 0) != 0 && errno != ENOENT) {
        error = skeym_home_file_error(errno);
        goto out;
    }
    out->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (out->fd >= 0 && bind_in(out->folder, out->fd)) {
        return SKEYM_OK;
    }
    error = skeym_home_file_error(errno);
out:
    if (out->fd >= 0) {
        (void)close(out->fd);
    }
    (void)close(out->folder);
    *out = (struct skeym_control){-1, -1};
    return error;
}

void skeym_control_close(struct skeym_control *control)
{
    if (control->fd >= 0) {
        (void)unlinkat(control->folder, NAME, 0);
        (void)close(control->fd);
    }
    if (control->folder >= 0) {
        (void)close(control->folder);
    }
    *control = (struct skeym_control){-1, -1};
}

/* One line without its LF; empty when it has not come whole in PATIENCE_MS: however slowly its
 * bytes drip, it holds nobody up for longer. */
static struct skeym_span read_line(char *line, int peer)
{
    uint64_t end_ms = skeym_clock_monotonic() + PATIENCE_MS;
    size_t size = 0;
    while (size < LINE_BYTES) {
        struct pollfd ready = {peer, POLLIN, 0};
        uint64_t now_ms = skeym_clock_monotonic();
        if (now_ms >= end_ms || poll(&ready, 1, (int)(end_ms - now_ms)) != 1 ||
            recv(peer, line + size, 1, MSG_DONTWAIT) != 1) {
            break;
        }
        if (line[size] == '\n') {
            return skeym_span(line, size);
        }
        size++;
    }
    return skeym_span(NULL, 0);
}

void skeym_control_serve(struct skeym_control *control, enum skeym_error (*reload)(void *arg),
                         void *arg)
{
    char line[LINE_BYTES];
    int peer = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);
    if (peer < 0) {
        return;
    }
    const char *answer = "unknown\n";
    if (skeym_span_is(read_line(line, peer), "reload")) {
        answer = reload(arg) == SKEYM_OK ? "ok\n" : "failed\n";
    }
    (void)send(peer, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)close(peer);
}
