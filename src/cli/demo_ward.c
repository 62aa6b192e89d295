/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo_ward.h"
#include "crypto/crypto.h"
#include "server/home.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READY_MS 20000

static const struct skeym_demo_bed beds[SKEYM_DEMO_BEDS] = {
    {.node = "bed-1",
     .patient = "pat-2041",
     .shows = "record 100: 30 min of two ECG leads",
     .record = "100.hea",
     .speed = 40},
    {.node = "bed-2",
     .patient = "pat-2042",
     .shows = "record v102s: 5 min of ECG, pulse, breathing",
     .record = "v102s.hea",
     .speed = 6.5},
    {.node = "bed-3",
     .patient = "pat-2043",
     .shows = "record s00001: 32 h of numerics",
     .record = "s00001-2896-10-10-00-31n.hea",
     .speed = 2600},
    {.node = "bed-4", .patient = "pat-2044", .shows = "a simulated patient", .speed = 6.5},
};

const char *skeym_demo_path(const struct skeym_demo_ward *ward, const char *name)
{
    static char paths[4][192];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", ward->dir, name);
    return path;
}

/* Root has somebody else run the server, as a package would. */
static const char *service_user(void)
{
    return geteuid() == 0 && getpwnam("nobody") ? "nobody" : NULL;
}

enum skeym_error skeym_demo_found(struct skeym_demo_ward *ward, const char *records)
{
    memset(ward, 0, sizeof *ward);
    memcpy(ward->beds, beds, sizeof beds);
    snprintf(ward->dir, sizeof ward->dir, "/tmp/skeym-demo.XXXXXX");
    if (!mkdtemp(ward->dir)) {
        ward->dir[0] = 0;
        return SKEYM_ERR_IO;
    }
    const char *user = service_user();
    if (user && chmod(ward->dir, 0711) != 0) {
        return SKEYM_ERR_IO;
    }
    snprintf(ward->home, sizeof ward->home, "%s/authority", ward->dir);
    snprintf(ward->log, sizeof ward->log, "%s/server.log", ward->dir);
    snprintf(ward->records, sizeof ward->records, "%s", records ? records : "");
    ward->simulate = !records;
    char *init[] = {skeym_demo_word("init"), ward->home, user ? skeym_demo_word("--owner") : NULL,
                    user ? skeym_demo_word(user) : NULL, NULL};
    return skeym_demo_run(init, skeym_demo_path(ward, "init.log"));
}

enum skeym_error skeym_demo_serve(struct skeym_demo_ward *ward)
{
    char listen[64], metrics[64], lifetime[16], line[64];
    snprintf(listen, sizeof listen, "127.0.0.1:%u", ward->port);
    snprintf(metrics, sizeof metrics, "127.0.0.1:%u", ward->metrics_port);
    snprintf(lifetime, sizeof lifetime, "%d", SKEYM_DEMO_LIFETIME);
    char *serve[] = {skeym_demo_word("serve"),
                     ward->home,
                     skeym_demo_word("--listen"),
                     listen,
                     skeym_demo_word("--metrics-listen"),
                     metrics,
                     skeym_demo_word("--token-lifetime"),
                     lifetime,
                     NULL};
    enum skeym_error error = skeym_demo_start(&ward->serve, serve, ward->log, true);
    if (error == SKEYM_OK) {
        error = skeym_demo_line(&ward->serve, line, sizeof line, READY_MS);
    }
    if (error == SKEYM_OK) {
        char *end = NULL;
        ward->port = (unsigned)strtoul(line, &end, 10);
        ward->metrics_port = (unsigned)strtoul(end, NULL, 10);
        snprintf(ward->server, sizeof ward->server, "http://127.0.0.1:%u", ward->port);
        snprintf(ward->metrics, sizeof ward->metrics, "http://127.0.0.1:%u/metrics",
                 ward->metrics_port);
        error = ward->port ? SKEYM_OK : SKEYM_ERR_STATE;
    }
    return error;
}

/* A passphrase that nobody knows once this function has returned. */
static enum skeym_error throwaway(const char *path)
{
    uint8_t random[24];
    char words[SKEYM_SECRET_BYTES + 1];
    enum skeym_error error = skeym_crypto_random(random, sizeof random);
    if (error != SKEYM_OK) {
        return error;
    }
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)words, 32});
    skeym_base64url_write(&writer, skeym_span(random, sizeof random));
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, words, 32) != 32) {
        error = SKEYM_ERR_IO;
    }
    if (fd >= 0) {
        close(fd);
    }
    skeym_crypto_wipe(random, sizeof random);
    skeym_crypto_wipe(words, sizeof words);
    return error;
}

enum skeym_error skeym_demo_enrol(const struct skeym_demo_ward *ward, const char *node,
                                  const char *role, const char *scope, bool locked)
{
    char file[64];
    snprintf(file, sizeof file, "%s.cred", node);
    const char *out = skeym_demo_path(ward, file);
    const char *passphrase = skeym_demo_path(ward, "passphrase");
    enum skeym_error error = locked ? throwaway(passphrase) : SKEYM_OK;
    char *enrol[] = {skeym_demo_word("enrol"),
                     skeym_demo_word(node),
                     skeym_demo_word("--dir"),
                     skeym_demo_word(ward->home),
                     skeym_demo_word("--role"),
                     skeym_demo_word(role),
                     skeym_demo_word("--scope"),
                     skeym_demo_word(scope),
                     skeym_demo_word("--server"),
                     skeym_demo_word(ward->server),
                     skeym_demo_word("-o"),
                     skeym_demo_word(out),
                     locked ? skeym_demo_word("--passphrase-file")
                            : skeym_demo_word("--no-passphrase"),
                     locked ? skeym_demo_word(passphrase) : NULL,
                     NULL};
    if (error == SKEYM_OK) {
        error = skeym_demo_run(enrol, skeym_demo_path(ward, "enrol.log"));
    }
    if (locked) {
        unlink(passphrase);
    }
    return error;
}

static enum skeym_error start_device(struct skeym_demo_ward *ward, struct skeym_demo_bed *bed)
{
    char name[64], speed[16], record[640];
    bool simulate = ward->simulate || !bed->record;
    snprintf(name, sizeof name, "%s.cred", bed->node);
    const char *credential = skeym_demo_path(ward, name);
    snprintf(name, sizeof name, "%s.journal", bed->node);
    const char *journal = skeym_demo_path(ward, name);
    snprintf(name, sizeof name, "%s.log", bed->node);
    snprintf(speed, sizeof speed, "%g", simulate ? 6.5 : bed->speed);
    snprintf(record, sizeof record, "%s/%s", ward->records, bed->record ? bed->record : "");
    char *device[] = {skeym_demo_word("device"),
                      skeym_demo_word("--as"),
                      skeym_demo_word(credential),
                      skeym_demo_word("--patient"),
                      skeym_demo_word(bed->patient),
                      skeym_demo_word("--journal"),
                      skeym_demo_word(journal),
                      skeym_demo_word("--speed"),
                      speed,
                      simulate ? skeym_demo_word("--simulate") : skeym_demo_word("--record"),
                      simulate ? skeym_demo_word("--minutes") : record,
                      simulate ? skeym_demo_word("5") : NULL,
                      NULL};
    return skeym_demo_start(&bed->process, device, skeym_demo_path(ward, name), false);
}

enum skeym_error skeym_demo_devices(struct skeym_demo_ward *ward)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; error == SKEYM_OK && i < SKEYM_DEMO_BEDS; i++) {
        error = start_device(ward, &ward->beds[i]);
    }
    return error;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

void skeym_demo_close(struct skeym_demo_ward *ward, bool keep)
{
    for (size_t i = 0; i < SKEYM_DEMO_BEDS; i++) {
        skeym_demo_stop(&ward->beds[i].process, SIGTERM);
    }
    skeym_demo_stop(&ward->serve, SIGTERM);
    if (ward->dir[0] && !keep) {
        nftw(ward->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
}

void skeym_demo_tail(const struct skeym_demo_ward *ward, const char *name)
{
    char block[2048];
    int fd = open(skeym_demo_path(ward, name), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)sizeof block ? size - (off_t)sizeof block : 0;
    ssize_t got = pread(fd, block, sizeof block, from);
    if (got > 0) {
        fprintf(stderr, "--- %s:\n%.*s\n", name, (int)got, block);
    }
    close(fd);
}
