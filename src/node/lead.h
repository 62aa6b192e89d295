/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other eleven leads of a simulated ECG, from the phase of its beat and lead II. I and V1 to V6
 * are sums of five bells (P, Q, R, S, T), which grow from V1's deep S to V5's tall R; III, aVR,
 * aVL and aVF follow from I and II by the laws of Einthoven and Goldberger. Pure.
 */
#ifndef SKEYM_NODE_LEAD_H
#define SKEYM_NODE_LEAD_H

#define SKEYM_LEADS 11 /* beside II */

/* In mV: I, III, aVR, aVL, aVF, V1 to V6. angle: of the beat, -pi to pi, R at 0; ii: lead II now,
 * in mV. */
void skeym_lead_values(double out[SKEYM_LEADS], double angle, double ii);

#endif
