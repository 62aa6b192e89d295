/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forge_local --forged N --valid N --seed S: through the gateway's admission itself. Prints what
 * each forger got, and "ok"/"not ok" lines; exit status 1 when a forged request was accepted or a
 * good one refused.
 */
#include "crypto/crypto.h"
#include "forge/forge.h"
#include <inttypes.h>
#include <stdlib.h>

#define SLOTS ((size_t)1 << 21)
#define NOW   UINT64_C(1800000000000)
#define RENEW 262144 /* attempts with the same specimens */
#define PER_SPAN                                                                                   \
    1000000 /* good requests in the 64 s of one generation of the used-before table                \
             */
#define FORGERS 96

static struct {
    struct forge_world world;
    struct skeym_revoked_entry entries[3];
    struct skeym_revoked revoked;
    struct skeym_gate gate;
    uint64_t refused[FORGERS][SKEYM_CHECK_COUNT + 1];
} run;

static void make_world(uint64_t seed)
{
    struct skeym_epoch_key key = {.epoch = 499996};
    run.world.random.state = seed;
    run.world.now_ms = NOW;
    forge_fill(&run.world.random, key.key, sizeof key.key);
    forge_world_keys(&run.world, &key);
    run.world.instance = (uint32_t)forge_draw(&run.world.random);
    run.entries[0] = (struct skeym_revoked_entry){run.world.revoked, 9};
    if (skeym_name_node(&run.entries[1].id, skeym_span_text("pump-1")) ||
        skeym_name_node(&run.entries[2].id, skeym_span_text("zz"))) {
        forge_fail("names");
    }
    run.entries[1].generation = run.entries[2].generation = 1;
    skeym_revoked_sort(run.entries, 3);
    run.revoked = (struct skeym_revoked){run.entries, 3};
    void *table = aligned_alloc(64, skeym_used_bytes(SLOTS));
    if (!table) {
        forge_fail("memory");
    }
    memset(table, 0, skeym_used_bytes(SLOTS));
    run.gate = (struct skeym_gate){.keys = &run.world.keys,
                                   .revoked = &run.revoked,
                                   .used = skeym_used_init(table, SLOTS),
                                   .instance = run.world.instance,
                                   .body_max = 1 << 20};
    skeym_used_tick(run.gate.used, run.world.now_ms);
}

static bool admitted(const struct forge_try *attempt, enum skeym_check *check)
{
    struct skeym_admission admission;
    struct skeym_head head;
    forge_head(&head, attempt);
    enum skeym_error error =
        skeym_admit(&admission, &run.gate, &head, attempt->body, run.world.now_ms);
    *check = admission.check;
    bool in = error == SKEYM_OK || admission.admitted;
    skeym_admission_wipe(&admission);
    return in;
}

static bool good_one(const struct forge_specimen *specimen)
{
    static struct forge_try attempt;
    enum skeym_check check;
    forge_begin(&attempt, &run.world, specimen);
    forge_text(&attempt);
    return admitted(&attempt, &check);
}

/* New specimens, and the first of them used up. 10 s later: the clock goes on. */
static void renew(void)
{
    run.world.now_ms += 10000;
    skeym_used_tick(run.gate.used, run.world.now_ms);
    forge_world_renew(&run.world);
    for (size_t i = 0; i < FORGE_USED; i++) {
        if (!good_one(&run.world.specimen[i])) {
            forge_fail("a good request was refused");
        }
    }
}

static uint64_t forge(uint64_t count)
{
    static struct forge_try attempt;
    uint64_t accepted = 0;
    size_t forgers = forge_forger_count();
    for (uint64_t i = 0; i < count; i++) {
        if (i % RENEW == 0) {
            renew();
        }
        enum skeym_check check;
        size_t which = i % forgers;
        forge_attempt(&attempt, &run.world, forge_forger_at(which));
        bool in = admitted(&attempt, &check);
        accepted += in;
        run.refused[which][in ? SKEYM_CHECK_COUNT : check]++;
    }
    return accepted;
}

/* Good requests, fresh ones each; the specimens' room is used again. */
static uint64_t refuse_good(uint64_t count)
{
    uint64_t refused = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct forge_specimen *specimen = &run.world.specimen[i % FORGE_SPECIMENS];
        if (i % (PER_SPAN / 64) == 0) {
            run.world.now_ms += 1000;
            skeym_used_tick(run.gate.used, run.world.now_ms);
        }
        forge_specimen_make(specimen, &run.world);
        refused += !good_one(specimen);
    }
    return refused;
}

/* By whom how often, and which check it was: a forger that never gets far tests little. */
static void report(void)
{
    for (size_t f = 0; f < forge_forger_count(); f++) {
        printf("# %-30s", forge_forger_at(f)->name);
        for (int check = 0; check <= SKEYM_CHECK_COUNT; check++) {
            if (run.refused[f][check]) {
                printf(" %s %" PRIu64,
                       check == SKEYM_CHECK_COUNT ? "ACCEPTED"
                                                  : skeym_check_word((enum skeym_check)check),
                       run.refused[f][check]);
            }
        }
        printf("\n");
    }
}

/* The checks that admission makes of one request; a full table is not a forger's doing. */
static size_t silent_checks(void)
{
    size_t silent = 0;
    for (int check = SKEYM_CHECK_SIZE; check <= SKEYM_CHECK_USED; check++) {
        uint64_t sum = 0;
        for (size_t f = 0; f < forge_forger_count(); f++) {
            sum += run.refused[f][check];
        }
        silent += sum == 0;
    }
    return silent;
}

static uint64_t number(int argc, char **argv, const char *name, uint64_t standard)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], name)) {
            return strtoull(argv[i + 1], NULL, 10);
        }
    }
    return standard;
}

int main(int argc, char **argv)
{
    uint64_t seed = number(argc, argv, "--seed", 1);
    uint64_t forged = number(argc, argv, "--forged", 0);
    uint64_t valid = number(argc, argv, "--valid", 0);
    int failed = 0;
    if (forge_forger_count() > FORGERS) {
        forge_fail("more forgers than rows");
    }
    make_world(seed);
    if (forged > 0) {
        uint64_t accepted = forge(forged);
        size_t silent = silent_checks();
        report();
        printf("%s - in process: %" PRIu64 " forged or altered, by %zu forgers, %" PRIu64
               " accepted (seed %" PRIu64 ")\n",
               accepted ? "not ok" : "ok", forged, forge_forger_count(), accepted, seed);
        printf("%s - each check of admission refused some of them\n", silent ? "not ok" : "ok");
        failed |= accepted || silent;
    }
    if (valid > 0) {
        uint64_t refused = refuse_good(valid);
        printf("%s - in process: %" PRIu64 " good ones, %" PRIu64 " refused (seed %" PRIu64 ")\n",
               refused ? "not ok" : "ok", valid, refused, seed);
        failed |= refused > 0;
    }
    return failed;
}
