/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses a running server for real, keeping every secret that a node gets to know, and then looks for
 * them in all of the server's writable memory and in all files of its folder.
 *
 *   skeym-soak URL PID DIR CREDENTIAL LOGINS REQUESTS MORE
 *
 * LOGINS logins and REQUESTS requests, the search, then MORE requests with the resident memory read
 * before and after. A positive control shows that the search would find something: the keyring's
 * identity key, which a server must hold in memory and in its file, and a token that it has just
 * answered with. Exit 0: nothing found, memory flat; 77: memory may not be read here.
 */
#include "authority/keyring.h"
#include "crypto/crypto.h"
#include "node/http.h"
#include "server/home.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW   16 /* bytes of a secret that are looked for */
#define CHUNK    (1 << 20)
#define FLAT_KIB 4096 /* growth that a noisy allocator may show, over all of MORE */

/* Open-addressed set of both halves of each secret: code that works on 16 bytes at a time may leave
 * either behind. */
struct secrets {
    uint8_t (*at)[WINDOW];
    uint8_t *kind; /* 0: empty; else a letter */
    size_t room, count;
    uint8_t filter[1 << 16 >> 3]; /* by the first two bytes */
};

static size_t slot_of(const struct secrets *set, const uint8_t *bytes)
{
    uint64_t hash;
    memcpy(&hash, bytes, sizeof hash);
    return (size_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (set->room - 1);
}

static void keep_half(struct secrets *set, char kind, const uint8_t *bytes)
{
    if (set->count * 2 >= set->room) {
        fprintf(stderr, "soak: too many secrets\n");
        exit(2);
    }
    size_t i = slot_of(set, bytes);
    while (set->kind[i] && memcmp(set->at[i], bytes, WINDOW) != 0) {
        i = (i + 1) & (set->room - 1);
    }
    set->count += !set->kind[i];
    set->kind[i] = (uint8_t)kind;
    memcpy(set->at[i], bytes, WINDOW);
    unsigned head = (unsigned)bytes[0] << 8 | bytes[1];
    set->filter[head >> 3] |= (uint8_t)(1u << (head & 7));
}

/* 32 bytes */
static void keep(struct secrets *set, char kind, const uint8_t *bytes)
{
    keep_half(set, kind, bytes);
    keep_half(set, kind, bytes + WINDOW);
}

static uint8_t find(const struct secrets *set, const uint8_t *bytes)
{
    unsigned head = (unsigned)bytes[0] << 8 | bytes[1];
    if (!(set->filter[head >> 3] >> (head & 7) & 1)) {
        return 0;
    }
    for (size_t i = slot_of(set, bytes); set->kind[i]; i = (i + 1) & (set->room - 1)) {
        if (memcmp(set->at[i], bytes, WINDOW) == 0) {
            return set->kind[i];
        }
    }
    return 0;
}

/* How often each kind was found. */
struct found {
    size_t of[256];
    size_t bytes;
};

static void search(const struct secrets *set, const uint8_t *data, size_t size, struct found *found)
{
    for (size_t i = 0; size >= WINDOW && i <= size - WINDOW; i++) {
        found->of[find(set, data + i)]++;
    }
    found->bytes += size;
}

static void search_fd(const struct secrets *set, int fd, off_t from, off_t to, struct found *found)
{
    static uint8_t chunk[CHUNK];
    while (from < to) {
        size_t want = to - from < CHUNK ? (size_t)(to - from) : CHUNK;
        ssize_t got = pread(fd, chunk, want, from);
        if (got < WINDOW) {
            return;
        }
        search(set, chunk, (size_t)got, found);
        from += got > WINDOW && (size_t)got == want && from + got < to ? got - WINDOW + 1 : got;
    }
}

static bool search_memory(const struct secrets *set, const char *pid, struct found *found)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%s/maps", pid);
    FILE *maps = fopen(path, "re");
    snprintf(path, sizeof path, "/proc/%s/mem", pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = maps && mem >= 0;
    while (ok && fgets(line, sizeof line, maps)) {
        char *end = NULL;
        unsigned long long from = strtoull(line, &end, 16);
        unsigned long long to = *end == '-' ? strtoull(end + 1, &end, 16) : from;
        if (strstr(end, " rw")) {
            search_fd(set, mem, (off_t)from, (off_t)to, found);
        }
    }
    if (maps) {
        fclose(maps);
    }
    if (mem >= 0) {
        close(mem);
    }
    return ok && found->bytes > 0;
}

static bool search_files(const struct secrets *set, const char *dir, struct found *found)
{
    DIR *folder = opendir(dir);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        struct stat info;
        int fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) {
            continue;
        }
        if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
            search_fd(set, fd, 0, info.st_size, found);
        }
        close(fd);
    }
    if (folder) {
        closedir(folder);
    }
    return folder && found->bytes > 0;
}

static long resident_kib(const char *pid)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    FILE *status = fopen(path, "re");
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (status) {
        fclose(status);
    }
    return kib;
}

/* The lane's secret and all that follows from it. */
static void keep_lane(struct secrets *set, struct skeym_session *session)
{
    struct skeym_session_lane lane;
    struct skeym_exchange_keys keys;
    if (!skeym_session_take(session, &lane)) {
        return;
    }
    keep(set, 'S', lane.secret);
    if (skeym_exchange_derive(&keys, lane.secret) == SKEYM_OK) {
        keep(set, 'm', keys.proof);
        keep(set, 'q', keys.request);
        keep(set, 'p', keys.answer);
        keep(set, 'S', keys.next);
    }
    (void)skeym_session_give(session, &lane);
}

static int request(struct skeym_session *session)
{
    struct skeym_closed get = {.method = skeym_span_text("GET"),
                               .target = skeym_span_text("/fhir/Observation?_count=1")};
    struct skeym_session_answer answer = {0};
    enum skeym_error error = skeym_session_request(session, &get, &answer, NULL);
    int status = error == SKEYM_OK ? answer.status : 0;
    if (status != 200) {
        fprintf(stderr, "soak: a request got %d (%s)\n", status, skeym_error_text(error));
    }
    skeym_session_answer_free(&answer);
    return status;
}

static bool use(struct secrets *set, struct skeym_session *session,
                const struct skeym_credential_file *credential, long logins, long requests)
{
    for (long i = 0; i < logins; i++) {
        enum skeym_error error = skeym_session_login(session);
        if (error != SKEYM_OK) {
            fprintf(stderr, "soak: login %ld: %s\n", i, skeym_error_text(error));
            return false;
        }
        keep(set, 'C', credential->keys.credential);
        keep_lane(set, session);
    }
    for (long i = 0; i < requests; i++) {
        if (request(session) != 200) {
            return false;
        }
        keep_lane(set, session);
    }
    return true;
}

static bool report(const char *where, const struct found *found)
{
    size_t secrets = found->of['S'] + found->of['C'] + found->of['P'] + found->of['m'] +
                     found->of['q'] + found->of['p'];
    printf("%s: %zu bytes searched: S_n %zu, C_i %zu, private key %zu, k_m %zu, k_q %zu, k_p %zu; "
           "control %zu\n",
           where, found->bytes, found->of['S'], found->of['C'], found->of['P'], found->of['m'],
           found->of['q'], found->of['p'], found->of['K']);
    return secrets == 0 && found->of['K'] > 0;
}

int main(int argc, char **argv)
{
    static struct found memory, files;
    if (argc != 8) {
        fprintf(stderr, "usage: skeym-soak URL PID DIR CREDENTIAL LOGINS REQUESTS MORE\n");
        return 2;
    }
    long logins = strtol(argv[5], NULL, 10), requests = strtol(argv[6], NULL, 10);
    long more = strtol(argv[7], NULL, 10);
    struct skeym_credential_file credential;
    struct skeym_http *http = NULL;
    struct skeym_session *session = NULL;
    struct skeym_keyring keyring;
    static uint8_t at[1 << 20][WINDOW];
    static uint8_t kind[1 << 20];
    struct secrets set = {.at = at, .kind = kind, .room = sizeof kind};
    if (skeym_credential_load(&credential, argv[4], NULL, (struct skeym_span){0}) != SKEYM_OK ||
        skeym_home_keyring(&keyring, argv[3]) != SKEYM_OK ||
        skeym_http_new(&http, &(struct skeym_http_options){.server = argv[1]}) != SKEYM_OK ||
        skeym_session_new(&session, &(struct skeym_session_options){.credential = &credential,
                                                                    .transport = skeym_http_send,
                                                                    .transport_arg = http,
                                                                    .wait_most_ms = 5000,
                                                                    .lanes = 1}) != SKEYM_OK) {
        fprintf(stderr, "soak: cannot start\n");
        return 2;
    }
    keep(&set, 'P', credential.keys.private_key);
    keep(&set, 'C', credential.keys.credential);
    keep(&set, 'K', keyring.identity);
    if (!use(&set, session, &credential, logins, requests)) {
        return 1;
    }
    if (!search_memory(&set, argv[2], &memory)) {
        printf("soak: skipped: the server's memory may not be read here (%s)\n", strerror(errno));
        return 77;
    }
    bool ok = search_files(&set, argv[3], &files);
    printf("after %ld logins and %ld requests, %zu secrets known\n", logins, requests, set.count);
    ok = report("memory", &memory) && ok;
    ok = report("files", &files) && ok;
    long before = resident_kib(argv[2]);
    for (long i = 0; ok && i < more; i++) {
        ok = request(session) == 200;
    }
    long after = resident_kib(argv[2]);
    printf("resident memory: %ld KiB before, %ld KiB after %ld more requests\n", before, after,
           more);
    ok = ok && (more == 0 || (before > 0 && after - before <= FLAT_KIB));
    skeym_session_free(session);
    skeym_http_free(http);
    skeym_credential_wipe(&credential);
    printf("%s\n", ok ? "nothing found, memory flat" : "FAILED");
    return ok ? 0 : 1;
}
