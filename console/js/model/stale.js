// SPDX-License-Identifier: Apache-2.0
/*
 * How long a value may be shown as current. A monitor that says a value each second has lost its
 * sensor after 15 s (and so it is taken for, as long as there is but one value); one that says it each minute has not. So the limit is two and a half times the
 * interval in which a value came, within bounds. A cuff is another thing: it is inflated now and then.
 */
/** @typedef {import('./codes.js').ParamId} ParamId */

const LEAST_MS = 15_000;
const MOST_MS = 150_000;
const CUFF_MS = 20 * 60_000;
const TIMES = 2.5;
const NEWEST_AHEAD_MS = 5_000;

export class Reading {
  /** @param {ParamId} param */
  constructor(param) {
    this.param = param;
    /** The newest; null: the device says that there is none. @type {number | null} */
    this.value = null;
    this.timeMs = NaN;
    this.updatedMs = NaN;
    this.heardMs = NaN;
    /** Which of two is the newer; of `timeMs`, but no later than the server got it. */
    this.orderMs = NaN;
    this.intervalMs = 0;
  }

  /**
   * An older value than the newest is not shown. What was measured "later" than the server got it was
   * not: a device whose clock was ahead once, and was set right, must not be deaf until that time comes.
   * @returns {boolean} whether it is the newest
   * @param {number | null} value @param {number} timeMs @param {number} updatedMs @param {number} nowMs
   */
  set(value, timeMs, updatedMs, nowMs) {
    const orderMs = Math.min(timeMs, updatedMs);
    if (orderMs < this.orderMs || (orderMs === this.orderMs && timeMs < this.timeMs)) return false;
    this.orderMs = orderMs;
    const interval = timeMs - this.timeMs;
    if (interval > 0 && interval < MOST_MS) {
      this.intervalMs = this.intervalMs === 0 ? interval : Math.max(interval, this.intervalMs * 0.8);
    }
    this.value = value;
    this.timeMs = timeMs;
    this.updatedMs = updatedMs;
    this.heardMs = nowMs;
    return true;
  }

  get limitMs() {
    if (this.param.startsWith('n')) return CUFF_MS;
    return Math.min(MOST_MS, Math.max(LEAST_MS, TIMES * this.intervalMs));
  }

  /**
   * By the device's clock or by when the server got it, whichever is older: a device whose clock is
   * ahead must not make its last value young for ever. @param {number} nowMs by the server's clock
   */
  ageMs(nowMs) {
    const age = Math.max(nowMs - this.timeMs, nowMs - this.updatedMs, 0);
    return Number.isNaN(age) ? Infinity : age;
  }

  /** A device's clock that is far ahead is a fault that is told. */
  get ahead() {
    return this.timeMs - this.updatedMs > NEWEST_AHEAD_MS;
  }

  /** @param {number} nowMs */
  isFresh(nowMs) {
    return this.ageMs(nowMs) <= this.limitMs;
  }

  /** What may be shown; null is `--`. @param {number} nowMs @returns {number | null} */
  current(nowMs) {
    return this.isFresh(nowMs) ? this.value : null;
  }
}
