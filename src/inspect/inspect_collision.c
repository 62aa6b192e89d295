/* SPDX-License-Identifier: Apache-2.0 */
/* Eqs 1 to 9: how likely two keys are the same. Nothing here is chance: it is arithmetic. */
#include "inspect/inspection.h"
#include "stats/birthday.h"

#include <math.h>
#include <stdio.h>

static const double bits[] = {128, 256, 320};
enum { WIDTHS = sizeof bits / sizeof bits[0] };
#define MILLION 19.931568569324174 /* log2 of 10^6 */

/* Of two logarithms: how far apart, as a share; a double does not tell less. */
static double apart(double a, double b)
{
    return fmax(fabs(a - b) / fabs(a), 1e-15);
}

static void equations(struct skeym_finding *finding)
{
    double n = exp2(130);
    double exact = skeym_birthday_log_none(n, 256);
    double square = skeym_birthday_log_square(n, 256);
    double factorial = lgamma(1001);
    double stirling = 0.5 * log(2 * acos(-1) * 1000) + 1000 * (log(1000) - 1);
    skeym_finding_table(finding, "Equation by equation (n = 2^130, k = 2^256)",
                        "equation|the paper|what holds");
    skeym_finding_row(finding,
                      "1|p = 1 - q = k! / ((k-n)! k^n), called the probability of a collision|the "
                      "right side is q, the probability of NO collision: ln of it is %.10g",
                      exact);
    skeym_finding_row(finding,
                      "2|Stirling's form of x!|right for large x: at x = 1000 its logarithm is off "
                      "by a share of at most %.1e",
                      apart(factorial, stirling));
    skeym_finding_row(
        finding,
        "3|q = (1 - n/k)^(n-k) e^-n|right: its logarithm is off by a share of at most %.1e",
        apart(exact, skeym_birthday_log_stirling(n, 256)));
    skeym_finding_row(
        finding,
        "4|log q = (n-k) log(1 - n/k) - n, about -n^2/2k|right for n far below k: "
        "off by a share of at most %.1e here, of %.2f at n = k/4",
        apart(exact, square),
        apart(skeym_birthday_log_none(exp2(254), 256), skeym_birthday_log_square(exp2(254), 256)));
    skeym_finding_row(finding, "5|q = e^(-n^2/2k)|right, as eq. 4: q is %.4g", exp(square));
    skeym_finding_row(finding,
                      "6|q = -n^2/2k|wrong: that is ln q; a probability is never negative");
    skeym_finding_row(finding, "7|= -2^3 = -8|the arithmetic is right: ln q is %.10g", square);
    skeym_finding_row(finding,
                      "8|q = e^-8 = 0.034 %%|right: %.4g %%, the probability of NO collision",
                      100 * exp(square));
    skeym_finding_row(finding,
                      "9|p = 1 - q = 99.966 %%|right: %.5g %%, the probability of A collision, and "
                      "no safety",
                      -100 * expm1(square));
}

static void forms(struct skeym_finding *finding)
{
    static const double sizes[] = {MILLION, 30,  40,  50,  60,  64,  80,
                                   100,     120, 126, 128, 130, 150, 158};
    skeym_finding_table(
        finding, "ln q, the logarithm of the probability of no collision",
        "keys n|bits b|exact|Stirling, eq. 3|birthday, eq. 5|log2 p of a collision");
    for (size_t i = 0; i < WIDTHS; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            if (sizes[j] > bits[i] - 2) { /* the logarithms hold up to half of all keys */
                continue;
            }
            double n = sizes[j] < 20 ? 1e6 : exp2(sizes[j]);
            double exact = skeym_birthday_log_none(n, bits[i]);
            char count[24];
            snprintf(count, sizeof count, sizes[j] < 20 ? "10^6" : "2^%.0f", sizes[j]);
            skeym_finding_row(finding, "%s|%.0f|%.10e|%.10e|%.10e|%.6f", count, bits[i], exact,
                              skeym_birthday_log_stirling(n, bits[i]),
                              skeym_birthday_log_square(n, bits[i]),
                              skeym_birthday_log2_some(exact));
        }
    }
}

static void curve(struct skeym_finding *finding)
{
    static const char *const names[WIDTHS] = {"128 bits", "256 bits", "320 bits"};
    const struct skeym_chart chart = {
        .kind = SKEYM_CHART_LINES,
        .says = "A collision is out of reach until the number of keys nears 2 to half their bits",
        .x_label = "log2 of the number of keys",
        .y_label = "log2 of the probability of a collision",
    };
    skeym_finding_chart(finding, &chart);
    for (size_t i = 0; i < WIDTHS; i++) {
        skeym_finding_series(finding, names[i]);
        for (int n = 20; n <= bits[i] / 2 + 4; n += 4) {
            double log_none = skeym_birthday_log_none(exp2(n), bits[i]);
            skeym_finding_point(finding, n, skeym_birthday_log2_some(log_none), NAN, NAN);
        }
    }
}

static void example(struct skeym_finding *finding)
{
    double log_none = skeym_birthday_log_none(exp2(130), 256);
    const struct skeym_figure figures[] = {
        {"example.log_none", "n = 2^130, k = 2^256: ln q, of no collision", log_none, "", NAN, NAN,
         "q = -8"},
        {"example.none", "the probability of no collision", exp(log_none), "", NAN, NAN,
         "0.034%, called that of a collision"},
        {"example.some", "the probability of a collision", -expm1(log_none), "", NAN, NAN,
         "99.966%, called that of none"},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        skeym_finding_figure(finding, &figures[i]);
    }
    for (size_t i = 0; i < WIDTHS; i++) {
        char id[32], what[96];
        snprintf(id, sizeof id, "most.%.0f", bits[i]);
        snprintf(what, sizeof what, "%.0f bits: log2 of the most keys for p <= 2^-32", bits[i]);
        skeym_finding_number(finding, id, what, skeym_birthday_log2_most(bits[i], -32), "");
    }
}

static void run(const struct skeym_inspect_context *context, struct skeym_finding *finding)
{
    (void)context;
    skeym_finding_claim(finding, "Eqs 1 to 5",
                        "The probability of a collision of n keys out of k, and its approximations "
                        "by Stirling's form, down to q = e^(-n^2/2k).");
    skeym_finding_claim(finding, "Eqs 6 to 8",
                        "With n = 2^130 keys out of k = 2^256 \"the probability of collision will "
                        "be\" q = -8: \"less than 8 chances in a million million millions\"; then "
                        "q = e^-8 = 0.034%%.");
    skeym_finding_claim(finding, "Eq 9",
                        "p = 1 - q = 99.966%%, as the end of a proof of \"a minimum probability of "
                        "collision of two keys\".");
    skeym_finding_did(
        finding,
        "We computed ln q three ways: exactly (the difference of log-gammas, with what cancels "
        "taken out by hand), by the paper's Stirling form (eq. 3) and by its birthday form (eq. "
        "5).");
    skeym_finding_did(
        finding, "q is the probability that all keys differ. -8 is its logarithm, not q; a "
                 "probability is never negative. q = e^-8 = 3.35e-4 is what is left for NO "
                 "collision, so that with 2^130 keys of 256 bits a collision is near certain.");
    example(finding);
    equations(finding);
    forms(finding);
    curve(finding);
    skeym_finding_note(finding,
                       "This is about keys that are drawn evenly and independently. "
                       "Whether ours are is what the inspection of misgenerated keys asks.");
    skeym_finding_verdict(finding, SKEYM_VERDICT_CANNOT_BE,
                          "the paper reads its result backwards: 99.966%% is the probability of a "
                          "collision among 2^130 keys of 256 bits; 2^%.1f keys are the most for "
                          "which it stays at or below 2^-32",
                          skeym_birthday_log2_most(256, -32));
}

const struct skeym_inspection skeym_inspection_collision = {
    .name = "collision",
    .title = "Can two keys be the same?",
    .question = "How likely is it that two of n keys are equal?",
    .paper = "Eqs 1 to 9",
    .run = run,
};
