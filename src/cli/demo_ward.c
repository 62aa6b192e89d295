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
     .speed = 40,
     .name = "Stone",
     .given = "Amelia",
     .born = "1957-03-02",
     .waves = true},
    {.node = "bed-2",
     .patient = "pat-2042",
     .shows = "record v102s: 5 min of ECG, pulse, breathing",
     .record = "v102s.hea",
     .speed = 6.5,
     .name = "Okafor",
     .given = "Daniel",
     .born = "1971-11-19",
     .waves = true},
    {.node = "bed-3",
     .patient = "pat-2043",
     .shows = "record s00001: 32 h of numerics",
     .record = "s00001-2896-10-10-00-31n.hea",
     .speed = 2600,
     .name = "Lindqvist",
     .given = "Maja",
     .born = "1949-07-28"},
    {.node = "bed-4",
     .patient = "pat-2044",
     .shows = "a simulated patient",
     .speed = 6.5,
     .name = "Ferreira",
     .given = "Tom\u00e1s",
     .born = "1983-05-14"},
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

static enum skeym_error start_live(struct skeym_demo_ward *ward, size_t i)
{
    char name[64], seed[16], ill[16], record[640];
    struct skeym_demo_bed *bed = &ward->beds[i];
    bool replay = !ward->simulate && bed->waves;
    bool falls_ill = i + 1 == SKEYM_DEMO_BEDS;
    snprintf(name, sizeof name, "%s.cred", bed->node);
    const char *credential = skeym_demo_path(ward, name);
    snprintf(name, sizeof name, "%s-live.journal", bed->node);
    const char *journal = skeym_demo_path(ward, name);
    snprintf(name, sizeof name, "%s.log", bed->node);
    snprintf(seed, sizeof seed, "%zu", i + 1);
    snprintf(ill, sizeof ill, "%d", SKEYM_DEMO_ILL_S);
    snprintf(record, sizeof record, "%s/%s", ward->records, bed->record ? bed->record : "");
    char *device[24] = {skeym_process_word("device"),     skeym_process_word("--as"),
                        skeym_process_word(credential),   skeym_process_word("--patient"),
                        skeym_process_word(bed->patient), skeym_process_word("--journal"),
                        skeym_process_word(journal),      skeym_process_word("--block"),
                        skeym_process_word("1")};
    size_t count = 9;
    if (replay) {
        device[count++] = skeym_process_word("--record");
        device[count++] = record;
        device[count++] = skeym_process_word("--repeat");
    } else {
        device[count++] = skeym_process_word("--simulate");
        device[count++] = skeym_process_word("--seed");
        device[count++] = seed;
    }
    if (!replay && falls_ill) {
        device[count++] = skeym_process_word("--deteriorate");
        device[count++] = skeym_process_word("desaturation");
        device[count++] = skeym_process_word("--after");
        device[count++] = ill;
    }
    return skeym_process_start(&bed->process, device, skeym_demo_path(ward, name), false);
}

enum skeym_error skeym_demo_go_on(struct skeym_demo_ward *ward)
{
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; error == SKEYM_OK && i < SKEYM_DEMO_BEDS; i++) {
        skeym_process_stop(&ward->beds[i].process, SIGTERM);
        error = start_live(ward, i);
    }
    return error;
}

static bool write_patients(const struct skeym_demo_ward *ward, FILE *out)
{
    bool good =
        fputs("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[", out) >= 0;
    for (size_t i = 0; i < SKEYM_DEMO_BEDS; i++) {
        const struct skeym_demo_bed *bed = &ward->beds[i];
        good = good &&
               fprintf(out,
                       "%s{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"%s\",\"name\":[{"
                       "\"family\":\"%s\",\"given\":[\"%s\"]}],\"birthDate\":\"%s\"},"
                       "\"request\":{\"method\":\"PUT\",\"url\":\"Patient/%s\"}}",
                       i > 0 ? "," : "", bed->patient, bed->name, bed->given, bed->born,
                       bed->patient) > 0;
    }
    return fputs("]}\n", out) >= 0 && good;
}

enum skeym_error skeym_demo_patients(const struct skeym_demo_ward *ward)
{
    enum skeym_error error = skeym_demo_enrol(ward, "clerk", "service", "user/Patient.cu", false);
    if (error != SKEYM_OK) {
        return error;
    }
    const char *file = skeym_demo_path(ward, "patients.json");
    const char *credential = skeym_demo_path(ward, "clerk.cred");
    FILE *out = fopen(file, "w");
    bool good = out && write_patients(ward, out);
    if (!out || fclose(out) != 0 || !good) {
        return SKEYM_ERR_IO;
    }
    char *post[] = {skeym_process_word("post"),
                    skeym_process_word("/fhir"),
                    skeym_process_word("--as"),
                    skeym_process_word(credential),
                    skeym_process_word("--data"),
                    skeym_process_word(file),
                    NULL};
    return skeym_process_run(post, skeym_demo_path(ward, "patients.log"));
}

/* Its one line; the file, which held a secret, is gone afterwards. */
static enum skeym_error take_line(char *out, size_t room, const char *path)
{
    FILE *in = fopen(path, "r");
    enum skeym_error error = SKEYM_ERR_IO;
    if (in && fgets(out, (int)room, in)) {
        out[strcspn(out, "\n")] = '\0';
        error = out[0] ? SKEYM_OK : SKEYM_ERR_SHAPE;
    }
    if (in) {
        (void)fclose(in);
    }
    (void)unlink(path);
    return error;
}

enum skeym_error skeym_demo_invite(const struct skeym_demo_ward *ward,
                                   char code[SKEYM_DEMO_CODE_BYTES])
{
    const char *file = skeym_demo_path(ward, "invitation");
    char *enrol[] = {skeym_process_word("enrol"),
                     skeym_process_word("ward-desk"),
                     skeym_process_word("--dir"),
                     skeym_process_word(ward->live.home),
                     skeym_process_word("--role"),
                     skeym_process_word("doctor"),
                     skeym_process_word("--scope"),
                     skeym_process_word("user/*.rs"),
                     skeym_process_word("--scope"),
                     skeym_process_word("user/Device.rds"),
                     skeym_process_word("--server"),
                     skeym_process_word(ward->live.server),
                     skeym_process_word("--invite"),
                     skeym_process_word("--code-only"),
                     NULL};
    code[0] = '\0';
    enum skeym_error error = skeym_process_run(enrol, file);
    return error == SKEYM_OK ? take_line(code, SKEYM_DEMO_CODE_BYTES, file) : error;
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
