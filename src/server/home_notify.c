/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of a running server's control socket. */
#include "server/home.h"
#include "server/home_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define REQUEST "reload\n"

enum { PATIENCE_S = 5 };

/* The folder's path may be longer than a socket's address may be; its descriptor never is. */
static enum skeym_error connect_to(int client, int folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", folder);
    if (connect(client, (const struct sockaddr *)&address, sizeof address) == 0) {
        return SKEYM_OK;
    }
    switch (errno) {
    case ENOENT:
    case ECONNREFUSED: /* a server that died left its socket */
        return SKEYM_ERR_MISSING;
    case EAGAIN:
        return SKEYM_ERR_TIMEOUT;
    default:
        return skeym_home_file_error(errno);
    }
}

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One short line, byte by byte, until the deadline: an answer that dribbles in is not patience
 * anew with every byte. */
static enum skeym_error read_line(char *line, size_t room, int client)
{
    int64_t deadline = now_ms() + INT64_C(1000) * PATIENCE_S;
    size_t size = 0;
    while (size < room - 1) {
        ssize_t got = recv(client, line + size, 1, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return SKEYM_ERR_TIMEOUT;
        }
        if (got != 1) {
            return SKEYM_ERR_IO;
        }
        if (line[size] == '\n') {
            line[size] = '\0';
            return SKEYM_OK;
        }
        size++;
        if (now_ms() > deadline) {
            return SKEYM_ERR_TIMEOUT;
        }
    }
    return SKEYM_ERR_IO;
}

static enum skeym_error ask(int client, int folder)
{
    const struct timeval patience = {PATIENCE_S, 0};
    char answer[128] = {0};
    if (setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
        return skeym_home_file_error(errno);
    }
    enum skeym_error error = connect_to(client, folder);
    if (error != SKEYM_OK) {
        return error;
    }
    size_t size = sizeof REQUEST - 1;
    if (send(client, REQUEST, size, MSG_NOSIGNAL) != (ssize_t)size) {
        return SKEYM_ERR_IO;
    }
    error = read_line(answer, sizeof answer, client);
    if (error == SKEYM_OK && !skeym_span_is(skeym_span_text(answer), "ok")) {
        error = SKEYM_ERR_STATE;
    }
    return error;
}

enum skeym_error skeym_home_notify(const char *dir)
{
    int client = -1;
    int folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return skeym_home_file_error(errno);
    }
    client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    enum skeym_error error = client < 0 ? skeym_home_file_error(errno) : ask(client, folder);
    if (client >= 0) {
        close(client);
    }
    close(folder);
    return error;
}
