/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo_ward.h"
#include "crypto/crypto.h"
#include <fcntl.h>
#include <signal.h>
#include <skeym/token.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
    return skeym_live_path(&ward->live, name);
}

enum skeym_error skeym_demo_found(struct skeym_demo_ward *ward, const char *records)
{
    memset(ward, 0, sizeof *ward);
    memcpy(ward->beds, beds, sizeof beds);
    snprintf(ward->records, sizeof ward->records, "%s", records ? records : "");
    ward->simulate = !records;
    return skeym_live_found(&ward->live, "skeym-demo");
}

enum skeym_error skeym_demo_serve(struct skeym_demo_ward *ward)
{
    char lifetime[16];
    const char *const more[] = {"--token-lifetime", lifetime, NULL};
    snprintf(lifetime, sizeof lifetime, "%d", SKEYM_DEMO_LIFETIME);
    return skeym_live_serve(&ward->live, more);
}

enum skeym_error skeym_demo_enrol(const struct skeym_demo_ward *ward, const char *node,
                                  const char *role, const char *scope, bool locked)
{
    return skeym_live_enrol(&ward->live, node, role, scope, locked);
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
    char *device[] = {skeym_process_word("device"),
                      skeym_process_word("--as"),
                      skeym_process_word(credential),
                      skeym_process_word("--patient"),
                      skeym_process_word(bed->patient),
                      skeym_process_word("--journal"),
                      skeym_process_word(journal),
                      skeym_process_word("--speed"),
                      speed,
                      simulate ? skeym_process_word("--simulate") : skeym_process_word("--record"),
                      simulate ? skeym_process_word("--minutes") : record,
                      simulate ? skeym_process_word("5") : NULL,
                      NULL};
    return skeym_process_start(&bed->process, device, skeym_demo_path(ward, name), false);
}

enum skeym_error skeym_demo_devices(struct skeym_demo_ward *ward)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; error == SKEYM_OK && i < SKEYM_DEMO_BEDS; i++) {
        error = start_device(ward, &ward->beds[i]);
    }
    return error;
}

void skeym_demo_close(struct skeym_demo_ward *ward, bool keep)
{
    for (size_t i = 0; i < SKEYM_DEMO_BEDS; i++) {
        skeym_process_stop(&ward->beds[i].process, SIGTERM);
    }
    skeym_live_close(&ward->live, keep);
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
