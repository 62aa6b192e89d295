// SPDX-License-Identifier: Apache-2.0
/*
 * Alarm limits, of adults until somebody sets them. They are kept in this tab's memory only: a
 * reload, a lock or another screen begins with these again, and the screen says so.
 */
/** @typedef {import('./codes.js').ParamId} ParamId */

/**
 * @typedef {object} Limit
 * @property {boolean} on
 * @property {number} low
 * @property {number} high
 * @property {number} crisisLow    below: high priority; -Infinity: there is none
 * @property {number} crisisHigh   above: high priority; Infinity: there is none
 * @property {number} margin       hysteresis: how far inside of the limit an alarm ends
 * @property {number} delayMs      how long it must last, by the device's clock
 */

/** @typedef {Partial<Record<ParamId, Limit>>} Limits */

const NONE = Infinity;
/** @type {readonly [ParamId, number, number, number, number, number][]} */
const ADULT = [
  // id, low, high, crisis low, crisis high, margin
  ['hr', 50, 120, 40, 140, 2],
  ['spo2', 90, 100, 85, NONE, 1],
  ['sys', 90, 160, 70, 200, 3],
  ['map', 60, 110, 50, NONE, 2],
  ['nsys', 90, 160, 70, 200, 3],
  ['rr', 8, 30, 5, 40, 1],
  ['temp', 35.5, 38.5, 33, 40, 0.2],
];

/** @returns {Limits} fresh ones, to be changed */
export function adultLimits() {
  /** @type {Limits} */
  const limits = {};
  for (const [id, low, high, crisisLow, crisisHigh, margin] of ADULT) {
    const none = crisisLow === NONE ? -NONE : crisisLow;
    limits[id] = { on: true, low, high, crisisLow: none, crisisHigh, margin, delayMs: 0 };
  }
  return limits;
}

/** What a form may set. @param {ParamId} param @returns {{least: number, most: number, step: number}} */
export function limitRange(param) {
  if (param === 'temp') return { least: 30, most: 43, step: 0.1 };
  if (param === 'spo2') return { least: 50, most: 100, step: 1 };
  if (param === 'rr') return { least: 1, most: 100, step: 1 };
  return { least: 15, most: 300, step: 1 };
}

/**
 * Sets a pair, crisis limits move along so that they are never inside. @returns {boolean} false: not
 * a pair @param {Limit} limit @param {ParamId} param @param {number} low @param {number} high
 */
export function setPair(limit, param, low, high) {
  const { least, most } = limitRange(param);
  if (!(low >= least && high <= most && low < high)) return false;
  limit.low = low;
  limit.high = high;
  const adult = adultLimits()[param];
  limit.crisisLow = Math.min(adult?.crisisLow ?? -NONE, low);
  limit.crisisHigh = Math.max(adult?.crisisHigh ?? NONE, high);
  return true;
}
