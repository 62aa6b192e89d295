/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ready.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or after an @ a name that no file has. */
static void tell_manager(const char *name)
{
    static const char ready[] = "READY=1";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || size < 2 || size >= sizeof address.sun_path) {
        return;
    }
    memcpy(address.sun_path, name, size);
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)sendto(fd, ready, sizeof ready - 1, MSG_NOSIGNAL, (const struct sockaddr *)&address,
                     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
        (void)close(fd);
    }
}

bool skeym_ready_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

void skeym_ready_say(int fd, const char *line)
{
    const char *manager = getenv("NOTIFY_SOCKET");
    if (fd >= 0) {
        (void)dprintf(fd, "%s", line);
        if (fd > STDERR_FILENO) { /* another file in its place would get the log */
            (void)close(fd);
        }
    }
    if (manager) {
        tell_manager(manager);
    }
}
