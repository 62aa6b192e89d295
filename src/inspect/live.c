/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/live.h"
#include "crypto/crypto.h"
#include <skeym/base64url.h>

#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READY_MS = 20000, ARGS_MAX = 32 };

const char *skeym_live_path(const struct skeym_live *live, const char *name)
{
    static char paths[4][192];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", live->dir, name);
    return path;
}

/* Root has somebody else run the server, as a package would. */
static const char *service_user(void)
{
    return geteuid() == 0 && getpwnam("nobody") ? "nobody" : NULL;
}

enum skeym_error skeym_live_found(struct skeym_live *live, const char *name)
{
    memset(live, 0, sizeof *live);
    snprintf(live->dir, sizeof live->dir, "/tmp/%.40s.XXXXXX", name);
    if (!mkdtemp(live->dir)) {
        live->dir[0] = 0;
        return SKEYM_ERR_IO;
    }
    const char *user = service_user();
    if (user && chmod(live->dir, 0711) != 0) {
        return SKEYM_ERR_IO;
    }
    snprintf(live->home, sizeof live->home, "%s/authority", live->dir);
    snprintf(live->log, sizeof live->log, "%s/server.log", live->dir);
    char *init[] = {skeym_process_word("init"), live->home,
                    user ? skeym_process_word("--owner") : NULL,
                    user ? skeym_process_word(user) : NULL, NULL};
    return skeym_process_run(init, skeym_live_path(live, "init.log"));
}

static enum skeym_error wait_ready(struct skeym_live *live)
{
    char line[64];
    enum skeym_error error = skeym_process_line(&live->serve, line, sizeof line, READY_MS);
    if (error != SKEYM_OK) {
        return error;
    }
    char *end = NULL;
    live->port = (unsigned)strtoul(line, &end, 10);
    live->metrics_port = (unsigned)strtoul(end, NULL, 10);
    snprintf(live->server, sizeof live->server, "http://127.0.0.1:%u", live->port);
    snprintf(live->metrics, sizeof live->metrics, "http://127.0.0.1:%u/metrics",
             live->metrics_port);
    return live->port ? SKEYM_OK : SKEYM_ERR_STATE;
}

enum skeym_error skeym_live_serve(struct skeym_live *live, const char *const *more)
{
    char listen[64], metrics[64];
    char *serve[ARGS_MAX] = {skeym_process_word("serve"),
                             live->home,
                             skeym_process_word("--listen"),
                             listen,
                             skeym_process_word("--metrics-listen"),
                             metrics};
    snprintf(listen, sizeof listen, "127.0.0.1:%u", live->port);
    snprintf(metrics, sizeof metrics, "127.0.0.1:%u", live->metrics_port);
    for (size_t i = 6; more && *more; more++, i++) {
        if (i + 1 == ARGS_MAX) {
            return SKEYM_ERR_SPACE;
        }
        serve[i] = skeym_process_word(*more);
    }
    enum skeym_error error = skeym_process_start(&live->serve, serve, live->log, true);
    return error == SKEYM_OK ? wait_ready(live) : error;
}

/* A passphrase that nobody knows once this function has returned. */
static enum skeym_error throwaway(const char *path)
{
    uint8_t random[24];
    char words[33];
    enum skeym_error error = skeym_crypto_random(random, sizeof random);
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)words, 32});
    skeym_base64url_write(&writer, skeym_span(random, sizeof random));
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (error == SKEYM_OK && (fd < 0 || write(fd, words, 32) != 32)) {
        error = SKEYM_ERR_IO;
    }
    if (fd >= 0) {
        close(fd);
    }
    skeym_crypto_wipe(random, sizeof random);
    skeym_crypto_wipe(words, sizeof words);
    return error;
}

enum skeym_error skeym_live_enrol(const struct skeym_live *live, const char *node, const char *role,
                                  const char *scope, bool locked)
{
    char file[64];
    snprintf(file, sizeof file, "%s.cred", node);
    const char *out = skeym_live_path(live, file);
    const char *passphrase = skeym_live_path(live, "passphrase");
    enum skeym_error error = locked ? throwaway(passphrase) : SKEYM_OK;
    char *enrol[] = {skeym_process_word("enrol"),
                     skeym_process_word(node),
                     skeym_process_word("--dir"),
                     skeym_process_word(live->home),
                     skeym_process_word("--role"),
                     skeym_process_word(role),
                     skeym_process_word("--scope"),
                     skeym_process_word(scope),
                     skeym_process_word("--server"),
                     skeym_process_word(live->server),
                     skeym_process_word("-o"),
                     skeym_process_word(out),
                     skeym_process_word(locked ? "--passphrase-file" : "--no-passphrase"),
                     locked ? skeym_process_word(passphrase) : NULL,
                     NULL};
    if (error == SKEYM_OK) {
        error = skeym_process_run(enrol, skeym_live_path(live, "enrol.log"));
    }
    if (locked) {
        (void)unlink(passphrase);
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

void skeym_live_close(struct skeym_live *live, bool keep)
{
    skeym_process_stop(&live->serve, SIGTERM);
    if (live->dir[0] && !keep) {
        nftw(live->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
}
