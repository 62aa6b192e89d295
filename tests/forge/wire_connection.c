/* SPDX-License-Identifier: Apache-2.0 */
#include "forge/wire.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 60000

static int dial(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        forge_fail("the server does not take a connection");
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void wire_open(struct wire_connection *connection, uint16_t port)
{
    if (connection->fd > 0) {
        (void)close(connection->fd);
    }
    connection->fd = dial(port);
    connection->out_size = connection->in_size = connection->in_at = connection->count = 0;
}

static void field(struct skeym_writer *writer, const char *name, struct skeym_span value)
{
    skeym_write_text(writer, name);
    skeym_write_span(writer, value);
    skeym_write_text(writer, "\r\n");
}

static struct skeym_writer begin(struct wire_connection *connection)
{
    return skeym_writer((struct skeym_room){connection->out + connection->out_size,
                                            sizeof connection->out - connection->out_size});
}

static void finish(struct wire_connection *connection, struct skeym_writer *writer,
                   struct skeym_span type, struct skeym_span body)
{
    char length[48];
    if (type.size > 0) {
        field(writer, "Content-Type: ", type);
    }
    if (body.size > 0) {
        (void)snprintf(length, sizeof length, "Content-Length: %zu\r\n", body.size);
        skeym_write_text(writer, length);
    }
    skeym_write_text(writer, "\r\n");
    skeym_write_span(writer, body);
    if (writer->bad || connection->count == WIRE_MOST) {
        forge_fail("too much for one connection");
    }
    connection->out_size += writer->size;
}

void wire_add(struct wire_connection *connection, const struct forge_try *attempt, int who)
{
    struct skeym_writer writer = begin(connection);
    struct skeym_span authorization =
        skeym_span(attempt->authorization, attempt->authorization_size);
    skeym_write_span(&writer, attempt->method);
    skeym_write_text(&writer, " ");
    skeym_write_span(&writer, attempt->target);
    skeym_write_text(&writer, " HTTP/1.1\r\nHost: localhost\r\n");
    for (int i = 0; i < (attempt->doubled ? 2 : 1) && authorization.size > 0; i++) {
        field(&writer, "Authorization: ", authorization);
    }
    if (attempt->proof_size > 0) {
        field(&writer, "SkeyM-Proof: ", skeym_span(attempt->proof_text, attempt->proof_size));
    }
    finish(connection, &writer, attempt->type, attempt->body);
    connection->who[connection->count++] = who;
}

void wire_login(struct wire_connection *connection, struct skeym_span body)
{
    struct skeym_writer writer = begin(connection);
    skeym_write_text(&writer, "POST " SKEYM_LOGIN_PATH " HTTP/1.1\r\nHost: localhost\r\n");
    finish(connection, &writer, skeym_span_text(SKEYM_LOGIN_TYPE), body);
}

bool wire_flush(struct wire_connection *connection)
{
    size_t done = 0;
    while (done < connection->out_size) {
        ssize_t sent =
            send(connection->fd, connection->out + done, connection->out_size - done, MSG_NOSIGNAL);
        if (sent <= 0) {
            break;
        }
        done += (size_t)sent;
    }
    bool all = done == connection->out_size;
    connection->out_size = 0;
    return all;
}

/* More bytes; false at the end of the connection. Silence for a minute ends the run. */
static bool fill(int fd, uint8_t *in, size_t room, size_t *size)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, WAIT_MS) != 1) {
        forge_fail("the server is silent");
    }
    ssize_t got = recv(fd, in + *size, room - *size, 0);
    *size += got > 0 ? (size_t)got : 0;
    return got > 0;
}

bool wire_answer(struct wire_connection *connection, struct skeym_load_answer *answer)
{
    if (connection->in_at > sizeof connection->in / 2) {
        connection->in_size -= connection->in_at;
        memmove(connection->in, connection->in + connection->in_at, connection->in_size);
        connection->in_at = 0;
    }
    for (;;) {
        size_t need = 0;
        enum skeym_error error =
            skeym_load_answer_read(answer, &need,
                                   skeym_span(connection->in + connection->in_at,
                                              connection->in_size - connection->in_at));
        if (error == SKEYM_OK) {
            connection->in_at += answer->size;
            return true;
        }
        if (error != SKEYM_ERR_TRUNCATED) {
            forge_fail("no HTTP answer");
        }
        if (!fill(connection->fd, connection->in, sizeof connection->in, &connection->in_size)) {
            return false;
        }
    }
}

uint64_t wire_metric(uint16_t port, const char *name)
{
    static const char request[] =
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    static char text[1 << 17];
    size_t size = 0;
    int fd = dial(port);
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1) {
        forge_fail("metrics");
    }
    while (size < sizeof text - 1 && fill(fd, (uint8_t *)text, sizeof text - 1, &size)) {
    }
    (void)close(fd);
    text[size] = '\0';
    const char *line = strstr(text, "\n");
    while (line && strncmp(line + 1, name, strlen(name)) != 0) {
        line = strstr(line + 1, "\n");
    }
    return line ? strtoull(line + 1 + strlen(name), NULL, 10) : UINT64_MAX;
}
