// SPDX-License-Identifier: Apache-2.0
// Values over hours, as columns of least, largest and mean. Where nothing was measured is nothing.

const MOST = 30_000;

/**
 * @typedef {object} Columns
 * @property {Float64Array} low
 * @property {Float64Array} high
 * @property {Float64Array} mean   NaN: nothing was measured
 * @property {number} least        over all; NaN: nothing at all
 * @property {number} most
 */

export class Trend {
  /** Sorted by time. @type {number[]} */ #times = [];
  /** @type {number[]} */ #values = [];

  get size() {
    return this.#times.length;
  }

  get firstMs() {
    return this.#times[0] ?? NaN;
  }

  /** @param {number} timeMs @returns {number} where a value of that time belongs */
  #place(timeMs) {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#times[middle] < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Twice the same moment counts once. @param {number} timeMs @param {number} value */
  add(timeMs, value) {
    const last = this.#times.length - 1;
    if (last < 0 || timeMs > this.#times[last]) {
      this.#times.push(timeMs);
      this.#values.push(value);
    } else {
      const at = this.#place(timeMs);
      if (this.#times[at] === timeMs) {
        this.#values[at] = value;
        return;
      }
      this.#times.splice(at, 0, timeMs);
      this.#values.splice(at, 0, value);
    }
    if (this.#times.length > MOST) {
      this.#times.splice(0, MOST / 10);
      this.#values.splice(0, MOST / 10);
    }
  }

  /** @param {number} fromMs @param {number} toMs @param {number} count @returns {Columns} */
  columns(fromMs, toMs, count) {
    const low = new Float64Array(count).fill(NaN);
    const high = new Float64Array(count).fill(NaN);
    const mean = new Float64Array(count).fill(NaN);
    const seen = new Uint32Array(count);
    let least = Infinity;
    let most = -Infinity;
    for (let i = this.#place(fromMs); i < this.#times.length && this.#times[i] < toMs; i++) {
      const column = Math.floor((this.#times[i] - fromMs) / (toMs - fromMs) * count);
      const value = this.#values[i];
      const first = seen[column]++ === 0;
      low[column] = first || value < low[column] ? value : low[column];
      high[column] = first || value > high[column] ? value : high[column];
      mean[column] = (first ? 0 : mean[column]) + value;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    for (let i = 0; i < count; i++) if (seen[i] > 0) mean[i] /= seen[i];
    const none = most < least;
    return { low, high, mean, least: none ? NaN : least, most: none ? NaN : most };
  }

  /** The newest value before a moment. @param {number} ms @returns {{timeMs: number, value: number} | null} */
  before(ms) {
    const at = this.#place(ms + 1) - 1;
    return at < 0 ? null : { timeMs: this.#times[at], value: this.#values[at] };
  }
}
