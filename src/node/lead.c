/* SPDX-License-Identifier: Apache-2.0 */
#include "node/lead.h"

#include <math.h>

#define TURN 6.283185307179586

enum { P, Q, R, S, T, EVENTS };
enum { I, III, AVR, AVL, AVF, V1 };

static const struct bell {
    double angle;
    double width;
} bells[EVENTS] = {
    [P] = {-TURN / 6, 0.25}, [Q] = {-TURN / 24, 0.1}, [R] = {0, 0.1},
    [S] = {TURN / 24, 0.1},  [T] = {TURN / 4, 0.4},
};

/* Heights in mV; a lead of zeros follows from others. */
static const double heights[SKEYM_LEADS][EVENTS] = {
    [I] = {0.08, -0.05, 0.6, -0.1, 0.18}, [V1] = {0.06, 0, 0.2, -0.9, -0.05},
    {0.07, 0, 0.4, -1.2, 0.35},           {0.07, 0, 0.8, -0.9, 0.45},
    {0.08, -0.05, 1.3, -0.5, 0.4},        {0.08, -0.08, 1.2, -0.25, 0.3},
    {0.07, -0.08, 0.9, -0.1, 0.22},
};

void skeym_lead_values(double out[SKEYM_LEADS], double angle, double ii)
{
    double height[EVENTS];
    for (int event = 0; event < EVENTS; event++) {
        double d = angle - bells[event].angle;
        height[event] = exp(-d * d / (2 * bells[event].width * bells[event].width));
    }
    for (int lead = 0; lead < SKEYM_LEADS; lead++) {
        out[lead] = 0;
        for (int event = 0; event < EVENTS; event++) {
            out[lead] += heights[lead][event] * height[event];
        }
    }
    out[III] = ii - out[I];
    out[AVR] = -(out[I] + ii) / 2;
    out[AVL] = out[I] - ii / 2;
    out[AVF] = ii - out[I] / 2;
}
