/* SPDX-License-Identifier: Apache-2.0 */
#include "node/chain.h"
#include "crypto/crypto.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_LINE   "skeym-chain 1"
#define CHECK_BYTES  8
#define CHECK_CHARS  SKEYM_BASE64URL_CHARS(CHECK_BYTES)
#define SECRET_CHARS SKEYM_BASE64URL_CHARS(SKEYM_SECRET_BYTES)

/* --- text ------------------------------------------------------------------- */

static void write_base64(struct skeym_writer *writer, const void *bytes, size_t size)
{
    skeym_base64url_write(writer, skeym_span(bytes, size));
}

static void write_number(struct skeym_writer *writer, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%llu ", (unsigned long long)value);
    skeym_write_text(writer, text);
}

static void make_check(uint8_t out[SKEYM_SHA256_BYTES], struct skeym_span lines)
{
    skeym_crypto_sha256(out, &lines, 1);
}

enum skeym_error skeym_chain_print(struct skeym_room out, size_t *size,
                                   const struct skeym_chain *chain)
{
    uint8_t check[SKEYM_SHA256_BYTES];
    struct skeym_writer writer = skeym_writer(out);
    skeym_write_text(&writer, FIRST_LINE "\nnode ");
    skeym_write_text(&writer, chain->node);
    skeym_write_text(&writer, "\nserver ");
    skeym_write_text(&writer, chain->server);
    skeym_write_text(&writer, "\n");
    for (size_t i = 0; i < chain->count; i++) {
        const struct skeym_session_lane *lane = &chain->lane[i];
        skeym_write_text(&writer, "lane ");
        write_number(&writer, lane->born_ms);
        write_number(&writer, lane->deadline_ms);
        write_number(&writer, lane->lifetime_s);
        write_base64(&writer, lane->secret, sizeof lane->secret);
        skeym_write_text(&writer, " ");
        skeym_write_text(&writer, lane->token);
        skeym_write_text(&writer, "\n");
    }
    make_check(check, skeym_written(&writer));
    skeym_write_text(&writer, "check ");
    write_base64(&writer, check, CHECK_BYTES);
    skeym_write_text(&writer, "\n");
    *size = skeym_written(&writer).size;
    return skeym_writer_end(&writer);
}

/* The bytes before `end`, which is left out; bad when it does not come. */
static struct skeym_span read_until(struct skeym_reader *reader, char end)
{
    size_t size = 0;
    while (size < reader->left && reader->at[size] != (uint8_t)end) {
        size++;
    }
    struct skeym_span out = skeym_read_span(reader, size);
    (void)skeym_read_u8(reader);
    return out;
}

static void read_words(struct skeym_reader *reader, const char *words)
{
    if (!skeym_span_is(skeym_read_span(reader, strlen(words)), words)) {
        reader->bad = true;
    }
}

static void read_text(struct skeym_reader *reader, char *out, size_t room, char end)
{
    struct skeym_span text = read_until(reader, end);
    if (reader->bad || text.size == 0 || text.size >= room) {
        reader->bad = true;
        return;
    }
    for (size_t i = 0; i < text.size; i++) {
        reader->bad = reader->bad || text.data[i] < 0x21 || text.data[i] > 0x7e;
    }
    memcpy(out, text.data, text.size);
    out[text.size] = 0;
}

static uint64_t read_number(struct skeym_reader *reader, uint64_t most)
{
    struct skeym_span text = read_until(reader, ' ');
    uint64_t value = 0;
    if (text.size < 1 || text.size > 15) {
        reader->bad = true;
    }
    for (size_t i = 0; i < text.size && !reader->bad; i++) {
        reader->bad = text.data[i] < '0' || text.data[i] > '9';
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (reader->bad || value > most) {
        reader->bad = true;
        return 0;
    }
    return value;
}

static void read_lane(struct skeym_reader *reader, struct skeym_chain *chain)
{
    struct skeym_session_lane *lane = &chain->lane[chain->count];
    size_t size = 0;
    read_words(reader, "lane ");
    lane->born_ms = read_number(reader, UINT64_MAX);
    lane->deadline_ms = read_number(reader, UINT64_MAX);
    lane->lifetime_s = (uint8_t)read_number(reader, SKEYM_LIFETIME_MAX);
    /* By its size: to look for its end would be to compare each of its characters. */
    struct skeym_span secret = skeym_read_span(reader, SECRET_CHARS);
    read_words(reader, " ");
    struct skeym_room room = {lane->secret, sizeof lane->secret};
    if (skeym_base64url_read(room, &size, secret) != SKEYM_OK || size != sizeof lane->secret) {
        reader->bad = true;
    }
    read_text(reader, lane->token, sizeof lane->token, '\n');
    chain->count++;
}

static enum skeym_error check_whole(struct skeym_span text, struct skeym_span *lines)
{
    static const char word[] = "check ";
    size_t tail = strlen(word) + CHECK_CHARS + 1;
    uint8_t check[SKEYM_SHA256_BYTES];
    uint8_t found[CHECK_BYTES];
    size_t size = 0;
    if (text.size <= tail || text.size > SKEYM_CHAIN_FILE_BYTES) {
        return SKEYM_ERR_SHAPE;
    }
    *lines = skeym_span_part(text, 0, text.size - tail);
    struct skeym_span last = skeym_span_part(text, lines->size, tail);
    if (!skeym_span_starts(last, word) || last.data[tail - 1] != '\n' ||
        skeym_base64url_read((struct skeym_room){found, sizeof found}, &size,
                             skeym_span_part(last, strlen(word), CHECK_CHARS)) != SKEYM_OK) {
        return SKEYM_ERR_SHAPE;
    }
    make_check(check, *lines);
    return skeym_crypto_equal(check, found, sizeof found) ? SKEYM_OK : SKEYM_ERR_CHECKSUM;
}

enum skeym_error skeym_chain_parse(struct skeym_chain *out, struct skeym_span text)
{
    struct skeym_span lines;
    memset(out, 0, sizeof *out);
    enum skeym_error error = check_whole(text, &lines);
    if (error != SKEYM_OK) {
        return error;
    }
    struct skeym_reader reader = skeym_reader(lines);
    read_words(&reader, FIRST_LINE "\nnode ");
    read_text(&reader, out->node, sizeof out->node, '\n');
    read_words(&reader, "server ");
    read_text(&reader, out->server, sizeof out->server, '\n');
    while (!reader.bad && reader.left > 0 && out->count < SKEYM_LANES_MAX) {
        read_lane(&reader, out);
    }
    if (skeym_reader_end(&reader) != SKEYM_OK) {
        skeym_crypto_wipe(out, sizeof *out);
        return SKEYM_ERR_SHAPE;
    }
    return SKEYM_OK;
}

/* --- file ------------------------------------------------------------------- */

static enum skeym_error open_locked(int *out, const char *path)
{
    struct stat status;
    enum skeym_error error = SKEYM_OK;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    *out = -1;
    if (fd < 0) {
        return errno == EACCES                     ? SKEYM_ERR_PERMISSION
               : errno == ELOOP || errno == EISDIR ? SKEYM_ERR_NOT_FILE
                                                   : SKEYM_ERR_IO;
    }
    if (fstat(fd, &status) != 0) {
        error = SKEYM_ERR_IO;
    } else if (!S_ISREG(status.st_mode)) {
        error = SKEYM_ERR_NOT_FILE;
    } else if ((status.st_mode & 077) != 0 || status.st_uid != geteuid() || status.st_nlink != 1) {
        error = SKEYM_ERR_MODE;
    } else {
        int got;
        while ((got = flock(fd, LOCK_EX)) != 0 && errno == EINTR) {
        }
        error = got == 0 ? SKEYM_OK : SKEYM_ERR_IO;
    }
    if (error != SKEYM_OK) {
        (void)close(fd);
        return error;
    }
    *out = fd;
    return SKEYM_OK;
}

static enum skeym_error read_chain(int fd, struct skeym_chain *chain)
{
    static const size_t room = SKEYM_CHAIN_FILE_BYTES + 1;
    uint8_t *text = malloc(room);
    size_t size = 0;
    ssize_t got = 1;
    if (!text) {
        return SKEYM_ERR_MEMORY;
    }
    while (got > 0 && size < room) {
        got = pread(fd, text + size, room - size, (off_t)size);
        size += got > 0 ? (size_t)got : 0;
    }
    enum skeym_error error = got < 0 ? SKEYM_ERR_IO : SKEYM_OK;
    struct skeym_span whole = skeym_span(text, size);
    if (error == SKEYM_OK && size > 0 && !skeym_span_starts(whole, FIRST_LINE "\n")) {
        error = SKEYM_ERR_SHAPE; /* somebody's key, or keyring: we would overwrite it */
    } else if (error == SKEYM_OK && skeym_chain_parse(chain, whole) != SKEYM_OK) {
        memset(chain, 0, sizeof *chain); /* a cache: as good as empty */
    }
    skeym_crypto_wipe(text, room);
    free(text);
    return error;
}

/* In place, so that the old secrets are overwritten and not left in a file without a name. Torn by
 * a crash, it fails its check and counts as empty. */
static enum skeym_error write_chain(int fd, const struct skeym_chain *chain)
{
    uint8_t *text = calloc(1, SKEYM_CHAIN_FILE_BYTES);
    struct stat status;
    size_t size = 0;
    enum skeym_error error = SKEYM_ERR_MEMORY;
    if (!text) {
        return error;
    }
    error = skeym_chain_print((struct skeym_room){text, SKEYM_CHAIN_FILE_BYTES}, &size, chain);
    if (error != SKEYM_OK) {
        goto out;
    }
    error = SKEYM_ERR_IO;
    if (fstat(fd, &status) != 0) {
        goto out;
    }
    size_t old = status.st_size > 0 ? (size_t)status.st_size : 0;
    size_t span = old < size ? size : old < SKEYM_CHAIN_FILE_BYTES ? old : SKEYM_CHAIN_FILE_BYTES;
    for (size_t at = 0; at < span;) {
        ssize_t put = pwrite(fd, text + at, span - at, (off_t)at);
        if (put <= 0) {
            error = put < 0 && (errno == ENOSPC || errno == EFBIG || errno == EDQUOT)
                        ? SKEYM_ERR_NO_SPACE
                        : SKEYM_ERR_IO;
            goto out;
        }
        at += (size_t)put;
    }
    error = ftruncate(fd, (off_t)size) == 0 ? SKEYM_OK : SKEYM_ERR_IO;
out:
    skeym_crypto_wipe(text, SKEYM_CHAIN_FILE_BYTES);
    free(text);
    return error;
}

/* A token must not go to another server than the one it is for. */
static enum skeym_error check_owner(struct skeym_chain *chain,
                                    const struct skeym_credential_file *credential,
                                    const char *server)
{
    struct skeym_span node = skeym_name_span(&credential->node);
    if (chain->node[0] == 0) {
        memcpy(chain->node, node.data, node.size);
        size_t size = strlen(server);
        if (size >= sizeof chain->server) {
            return SKEYM_ERR_SIZE;
        }
        memcpy(chain->server, server, size);
        return SKEYM_OK;
    }
    return !skeym_span_is(node, chain->node)    ? SKEYM_ERR_CONFLICT
           : strcmp(server, chain->server) != 0 ? SKEYM_ERR_AUDIENCE
                                                : SKEYM_OK;
}

static enum skeym_error open_chain(int *fd, struct skeym_chain *chain, const char *path,
                                   const struct skeym_credential_file *credential,
                                   const char *server)
{
    memset(chain, 0, sizeof *chain);
    enum skeym_error error = open_locked(fd, path);
    if (error == SKEYM_OK) {
        error = read_chain(*fd, chain);
    }
    return error == SKEYM_OK ? check_owner(chain, credential, server) : error;
}

static void close_chain(int fd, struct skeym_chain *chain)
{
    if (fd >= 0) {
        (void)close(fd); /* and with it the lock */
    }
    skeym_crypto_wipe(chain, sizeof *chain);
}

static void remove_first(struct skeym_chain *chain)
{
    chain->count--;
    memmove(&chain->lane[0], &chain->lane[1], chain->count * sizeof chain->lane[0]);
    skeym_crypto_wipe(&chain->lane[chain->count], sizeof chain->lane[0]);
}

enum skeym_error skeym_chain_take(const char *path, const struct skeym_credential_file *credential,
                                  const char *server, struct skeym_session *session, bool *found)
{
    struct skeym_chain chain;
    struct skeym_session_lane lane = {0};
    int fd;
    *found = false;
    enum skeym_error error = open_chain(&fd, &chain, path, credential, server);
    if (error != SKEYM_OK) {
        goto out;
    }
    while (chain.count > 0 && !*found) {
        lane = chain.lane[0];
        remove_first(&chain);
        *found = skeym_session_give(session, &lane); /* false: too old */
    }
    error = write_chain(fd, &chain);
    if (error != SKEYM_OK && *found) { /* it may still be in the file: nobody may use it now */
        (void)skeym_session_take(session, &lane);
        *found = false;
    }
out:
    close_chain(fd, &chain);
    skeym_crypto_wipe(&lane, sizeof lane);
    return error;
}

enum skeym_error skeym_chain_put(const char *path, const struct skeym_credential_file *credential,
                                 const char *server, struct skeym_session *session)
{
    struct skeym_chain chain;
    struct skeym_session_lane lane = {0};
    int fd;
    enum skeym_error error = open_chain(&fd, &chain, path, credential, server);
    if (error != SKEYM_OK) {
        goto out;
    }
    while (skeym_session_take(session, &lane)) {
        if (chain.count == SKEYM_LANES_MAX) {
            remove_first(&chain);
        }
        chain.lane[chain.count++] = lane;
    }
    error = write_chain(fd, &chain);
out:
    close_chain(fd, &chain);
    skeym_crypto_wipe(&lane, sizeof lane);
    return error;
}
