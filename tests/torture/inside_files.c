/* SPDX-License-Identifier: Apache-2.0 */
/* Files: the authority's folder, a device's journal, a key. See inside_fhir.c. */
#include "inside.h"

#include "node/credential.h"
#include "node/journal.h"
#include "server/home.h"
#include <skeym/claims.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_MS UINT64_C(1795000000000)

static char folder[64];

const char *inside_path(const char *name)
{
    static char path[2][128];
    static unsigned turn;
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "%s/skeym-inside-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        inside_need(mkdtemp(folder) != NULL, "no folder");
    }
    char *out = path[turn++ % 2];
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}

void inside_sweep(const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        (void)unlink(inside_path(names[i]));
    }
}

void inside_leave(void)
{
    if (folder[0]) {
        (void)rmdir(folder);
    }
}

/* --- the authority's folder ------------------------------------------------------------- */

static const char *const home_files[] = {"keyring",      "revoked",    "audit",
                                         "lock",         "reserve",    ".keyring.new",
                                         ".revoked.new", ".audit.new", NULL};

static const char *home(void)
{
    static char path[128];
    snprintf(path, sizeof path, "%s", inside_path("home"));
    return path;
}

static void remove_home(void)
{
    char path[256];
    for (size_t i = 0; home_files[i]; i++) {
        snprintf(path, sizeof path, "%s/%s", home(), home_files[i]);
        (void)unlink(path);
    }
    (void)rmdir(home());
}

static void end_home(void)
{
    remove_home();
    inside_leave();
}

static void made(void)
{
    struct skeym_keyring keyring;
    if (skeym_home_keyring(&keyring, home()) != SKEYM_OK || keyring.enrol_count > 3) {
        remove_home();
        inside_need(skeym_home_make(home(), "ward", 3600, NOW_MS) == SKEYM_OK, "no home");
    }
}

static void home_make(bool good)
{
    struct skeym_keyring keyring;
    struct skeym_revoked revoked;
    remove_home();
    inside_arm();
    enum skeym_error error = skeym_home_make(home(), "ward", 3600, NOW_MS);
    inside_disarm();
    inside_need(!good || error == SKEYM_OK, "refused without a fault");
    if (error == SKEYM_OK) {
        inside_need(skeym_home_keyring(&keyring, home()) == SKEYM_OK, "made, without a keyring");
        inside_need(skeym_home_revoked(&revoked, home()) == SKEYM_OK, "made, without a list");
        skeym_home_revoked_free(&revoked);
    }
}

static enum skeym_error new_key(struct skeym_keyring *keyring, void *arg)
{
    uint8_t key[32] = {7};
    (void)arg;
    return skeym_keyring_rotate(keyring, NOW_MS, key);
}

static void home_rotate(bool good)
{
    struct skeym_keyring before, after, told;
    made();
    inside_need(skeym_home_keyring(&before, home()) == SKEYM_OK, "no keyring before");
    inside_arm();
    enum skeym_error error = skeym_home_update(&told, home(), NOW_MS, new_key, NULL);
    inside_disarm();
    inside_need(!good || error == SKEYM_OK, "refused without a fault");
    inside_need(skeym_home_keyring(&after, home()) == SKEYM_OK, "the keyring cannot be read");
    inside_need(error != SKEYM_OK || after.enrol_count == before.enrol_count + 1, "no new key");
    inside_need(after.enrol_count <= before.enrol_count + 1, "too many keys");
}

static void home_revoke(bool good)
{
    static unsigned number;
    struct skeym_revoked revoked;
    struct skeym_name id;
    char text[32];
    made();
    if (number % 500 == 0) {
        remove_home();
        made();
    }
    snprintf(text, sizeof text, "node-%u", ++number);
    inside_need(skeym_name_node(&id, skeym_span_text(text)) == SKEYM_OK, "no name");
    inside_arm();
    enum skeym_error error = skeym_home_revoke(home(), &id, 3);
    inside_disarm();
    inside_need(!good || error == SKEYM_OK, "refused without a fault");
    inside_need(skeym_home_revoked(&revoked, home()) == SKEYM_OK, "the list cannot be read");
    inside_need(error != SKEYM_OK || skeym_revoked_has(&revoked, &id, 3), "FAIL-OPEN: not revoked");
    skeym_home_revoked_free(&revoked);
}

/* What is read while a call fails has all that was there, or is an error. */
static void home_revoked(bool good)
{
    struct skeym_revoked revoked, whole;
    struct skeym_name id;
    made();
    inside_need(skeym_name_node(&id, skeym_span_text("gone")) == SKEYM_OK &&
                    skeym_home_revoke(home(), &id, 1) == SKEYM_OK,
                "without a fault");
    inside_arm();
    enum skeym_error error = skeym_home_revoked(&revoked, home());
    inside_disarm();
    inside_need(!good || error == SKEYM_OK, "refused without a fault");
    inside_need(skeym_home_revoked(&whole, home()) == SKEYM_OK, "the list cannot be read");
    inside_need(error != SKEYM_OK || (revoked.count == whole.count && revoked.count > 0),
                "FAIL-OPEN: a list without some");
    skeym_home_revoked_free(&whole);
    skeym_home_revoked_free(&revoked);
}

static void home_audit(bool good)
{
    char *before = NULL, *after = NULL;
    size_t old_size = 0, new_size = 0;
    made();
    inside_need(skeym_home_audit_read(&before, &old_size, home()) == SKEYM_OK, "no audit");
    inside_arm();
    enum skeym_error error = skeym_home_audit(home(), "{\"event\":\"test\"}");
    inside_disarm();
    inside_need(!good || error == SKEYM_OK, "refused without a fault");
    inside_need(skeym_home_audit_read(&after, &new_size, home()) == SKEYM_OK, "no audit after");
    inside_need(after && new_size >= old_size && memcmp(before, after, old_size) == 0,
                "old lines have changed");
    inside_need(error != SKEYM_OK || new_size >= old_size + 17, "a line that is not there");
    free(before);
    free(after);
    if (inside_twin && error != SKEYM_OK) { /* the twin's crash */
        abort();
    }
}

/* --- a node's files ----------------------------------------------------------------------- */

static void journal(bool good)
{
    static const char *const files[] = {"journal", NULL};
    struct skeym_journal *open = NULL;
    struct skeym_journal_report report = {0};
    struct skeym_span reading, note = skeym_span_text("note");
    uint64_t sequence = 0, taken = 0, forgotten = 0;
    char text[3000];
    inside_sweep(files);
    memset(text, 'r', sizeof text);
    inside_arm();
    enum skeym_error error = skeym_journal_open(&open, inside_path("journal"), note, 0, &report);
    for (int i = 0; error == SKEYM_OK && i < 6; i++) {
        taken += skeym_journal_take(open, skeym_span(text, sizeof text)) == SKEYM_OK;
        if (i % 3 == 2 && skeym_journal_oldest(open, &reading, &sequence) == SKEYM_OK) {
            inside_need(reading.size == sizeof text, "another reading");
            forgotten++; /* in any case, whatever it says */
            error =
                skeym_journal_forget(open, sequence) == SKEYM_ERR_STATE ? SKEYM_ERR_STATE : error;
        }
    }
    skeym_journal_close(open);
    inside_disarm();
    inside_need(!good || (error == SKEYM_OK && taken == 6 && forgotten == 2), "without a fault");
    open = NULL;
    error = skeym_journal_open(&open, inside_path("journal"), note, 0, &report);
    inside_need(error == SKEYM_OK, "the journal does not open again");
    inside_need(report.waiting >= taken - forgotten, "a reading that was taken is lost");
    inside_need(report.waiting <= 6, "more readings than were taken");
    skeym_journal_close(open);
}

static void credential(bool good)
{
    static const char *const files[] = {"key", NULL};
    static const uint8_t key[32] = {9};
    bool locked = false;
    inside_sweep(files);
    inside_arm();
    enum skeym_error error =
        skeym_credential_key_save(inside_path("key"), key, skeym_span(NULL, 0));
    inside_disarm();
    inside_need(!good || error == SKEYM_OK, "refused without a fault");
    enum skeym_error after = skeym_credential_locked(&locked, inside_path("key"));
    inside_need(error != SKEYM_OK || after == SKEYM_OK, "saved, and cannot be read");
    inside_need(error == SKEYM_OK || after == SKEYM_ERR_MISSING, "it failed, and left a file");
}

static void end_files(void)
{
    static const char *const files[] = {"journal", "key", NULL};
    inside_sweep(files);
    inside_leave();
}

const struct inside_scenario *const inside_files[] = {
    &(const struct inside_scenario){"home: make", home_make, end_home, false},
    &(const struct inside_scenario){"home: rotate", home_rotate, end_home, false},
    &(const struct inside_scenario){"home: revoke", home_revoke, end_home, false},
    &(const struct inside_scenario){"home: read the list", home_revoked, end_home, false},
    &(const struct inside_scenario){"home: audit", home_audit, end_home, true},
    &(const struct inside_scenario){"journal", journal, end_files, false},
    &(const struct inside_scenario){"key file", credential, end_files, false},
    NULL,
};
