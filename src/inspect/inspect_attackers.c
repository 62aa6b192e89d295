/* SPDX-License-Identifier: Apache-2.0 */
/* Attacker nodes against a running server: each row of the table of attacks, as in the demo, and
 * what the victim noticed. */
#include "inspect/attack.h"
#include "inspect/inspection.h"
#include "inspect/live.h"

#include <math.h>
#include <stdio.h>

enum { ATTACKS_MAX = 32, LIFETIME = 8, FULL_FORGERIES = 200000, QUICK_FORGERIES = 1500 };

static enum skeym_error found(struct skeym_live *live)
{
    static const char *const more[] = {"--token-lifetime", "8", NULL};
    static const struct {
        const char *node, *scope;
        bool locked;
    } people[] = {
        {"dr-victim", "user/*.rs", false},
        {"dr-limited", "patient/pat-own/*.rs", false},
        {"leaver", "user/Observation.rs", false},
        {"dr-locked", "user/*.rs", true},
    };
    enum skeym_error error = skeym_live_found(live, "skeym-attackers");
    if (error == SKEYM_OK) {
        error = skeym_live_serve(live, more);
    }
    for (size_t i = 0; error == SKEYM_OK && i < sizeof people / sizeof people[0]; i++) {
        error = skeym_live_enrol(live, people[i].node, "doctor", people[i].scope, people[i].locked);
    }
    return error;
}

struct sums {
    unsigned attacks, held, of;
    uint64_t tried, succeeded, served, failed;
    struct {
        const char *name;
        uint64_t tried;
    } each[ATTACKS_MAX];
};

static void attack(const struct skeym_inspect_context *context, struct skeym_finding *finding,
                   const struct skeym_live *live, struct sums *sums)
{
    char victim[192], limited[192], leaver[192], locked[192];
    snprintf(victim, sizeof victim, "%s", skeym_live_path(live, "dr-victim.cred"));
    snprintf(limited, sizeof limited, "%s", skeym_live_path(live, "dr-limited.cred"));
    snprintf(leaver, sizeof leaver, "%s", skeym_live_path(live, "leaver.cred"));
    snprintf(locked, sizeof locked, "%s", skeym_live_path(live, "dr-locked.cred"));
    bool full = context->size == SKEYM_INSPECT_FULL;
    const struct skeym_attack_target target = {
        .dir = live->home,
        .server = live->server,
        .doctor = victim,
        .limited = limited,
        .leaver = leaver,
        .leaver_id = "leaver",
        .locked = locked,
        .own_patient = "pat-own",
        .other_patient = "pat-other",
        .lifetime_s = LIFETIME,
        .forgeries = full ? FULL_FORGERIES : QUICK_FORGERIES,
        .flood_ms = full ? 20000 : 1500,
    };
    size_t count;
    const struct skeym_attack *table = skeym_attack_table(&count);
    sums->of = (unsigned)count;
    skeym_finding_table(finding, "Who attacked, and what came of it",
                        "attack|what it has and tries|tried|succeeded|victim served|victim failed|"
                        "held");
    for (size_t i = 0; i < count && !context->stopped(context->arg); i++) {
        struct skeym_attack_result result = {0};
        context->progress(context->arg, table[i].name, (double)i / (double)count);
        enum skeym_error error = table[i].run(&target, &result);
        if (context->stopped(context->arg)) {
            break; /* an interrupt from a terminal ended the server too: this one is not counted */
        }
        bool held = error == SKEYM_OK && skeym_attack_held(&result);
        if (sums->attacks < ATTACKS_MAX) {
            sums->each[sums->attacks].name = table[i].name;
            sums->each[sums->attacks].tried = result.tried;
        }
        sums->attacks++;
        sums->held += held;
        sums->tried += result.tried;
        sums->succeeded += result.succeeded;
        sums->served += result.victim_served;
        sums->failed += result.victim_failed;
        skeym_finding_row(finding, "%s|%s|%llu|%llu|%llu|%llu|%s", table[i].name, table[i].story,
                          (unsigned long long)result.tried, (unsigned long long)result.succeeded,
                          (unsigned long long)result.victim_served,
                          (unsigned long long)result.victim_failed,
                          held                ? "yes"
                          : error != SKEYM_OK ? skeym_error_text(error)
                                              : "NO");
    }
}

static void chart(struct skeym_finding *finding, const struct sums *sums)
{
    const struct skeym_chart picture = {
        .kind = SKEYM_CHART_DOTS,
        .says = sums->succeeded == 0 ? "So often each attacker tried: not once with success"
                                     : "So often each attacker tried, and not always in vain",
        .x_label = "single attempts (logarithmic)",
        .x_log = true,
    };
    if (sums->tried == 0) {
        return;
    }
    skeym_finding_chart(finding, &picture);
    skeym_finding_series(finding, "attempts");
    for (size_t i = 0; i < sums->attacks && i < ATTACKS_MAX; i++) {
        if (sums->each[i].tried > 0) {
            skeym_finding_bar(finding, sums->each[i].name, (double)sums->each[i].tried, NAN, NAN);
        }
    }
}

static void verdict(struct skeym_finding *finding, const struct sums *sums)
{
    bool held = sums->attacks > 0 && sums->held == sums->attacks;
    skeym_finding_verdict(
        finding,
        held && sums->attacks == sums->of ? SKEYM_VERDICT_CONFIRMED : SKEYM_VERDICT_NOT_CONFIRMED,
        "%u of %u attacks on a running server were refused, and no victim noticed them%s",
        sums->held, sums->attacks,
        sums->attacks < sums->of ? "; the others of the table were not tried"
        : held                   ? ""
                                 : ": the others must be looked into");
}

static void run(const struct skeym_inspect_context *context, struct skeym_finding *finding)
{
    struct skeym_live live = {0};
    struct sums sums = {0};
    skeym_finding_claim(finding, "Timing and brute force attacks, Conclusions",
                        "Tokens are unique, expire within a minute and are refused afterwards; no "
                        "attack on a running system is reported.");
    skeym_finding_did(finding,
                      "We founded an authority, started a server as a process of its own, enrolled "
                      "a victim and others, and ran every attacker of the demo against it over "
                      "loopback: on the wire, with stolen tokens and files, from inside, and by "
                      "force. Meanwhile the victim worked on.");
    enum skeym_error error = found(&live);
    if (error == SKEYM_OK) {
        attack(context, finding, &live, &sums);
    } else if (!context->stopped(context->arg)) { /* an interrupt ends what was started, too */
        skeym_finding_must(finding, error);
    }
    skeym_live_close(&live, false);
    skeym_finding_number(finding, "attacks", "attacks", sums.attacks, "");
    skeym_finding_number(finding, "attacks.held", "of them refused, without the victim noticing",
                         sums.held, "");
    skeym_finding_number(finding, "tried", "single attempts", (double)sums.tried, "");
    skeym_finding_number(finding, "succeeded", "of them successful", (double)sums.succeeded, "");
    skeym_finding_number(finding, "victim.served", "requests of victims that were served meanwhile",
                         (double)sums.served, "");
    skeym_finding_number(finding, "victim.failed", "requests of victims that failed",
                         (double)sums.failed, "");
    skeym_finding_note(finding,
                       "These are attacks that somebody thought of. The protocol's proofs, "
                       "and docs/ASSURANCE.md, look for those that nobody did.");
    chart(finding, &sums);
    verdict(finding, &sums);
}

const struct skeym_inspection skeym_inspection_attackers = {
    .name = "attackers",
    .title = "What do attackers reach against a running server?",
    .question = "Does anything that attackers try against a live server succeed?",
    .paper = "Forge walls for Medical-IoT breach; Security metrics",
    .run = run,
};
