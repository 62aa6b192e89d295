// SPDX-License-Identifier: Apache-2.0
/*
 * One lead's samples on a grid of time: sample i was taken at zeroMs + i * periodMs. Blocks come in
 * one after the other; where one is missing there are NaNs. Only the newest `capacity` are kept.
 *
 * Times of blocks are rounded to milliseconds and periods are not (360 Hz: 2.777...), so a block that
 * begins within a sample and a half of the end of the last one follows it without a seam. What the
 * device's clock drifts is taken up a tenth at a time: the grid is moved, no sample is.
 */
const KEPT_MS = 45_000;
const SEAM_SAMPLES = 1.5;
const SEAM_MS = 2;
const SHIFT = 0.1;

export class Wave {
  /** @param {{lead: string, hue: import('./codes.js').Hue}} kind */
  constructor({ lead, hue }) {
    this.lead = lead;
    this.hue = hue;
    this.periodMs = 0;
    this.zeroMs = 0;
    this.factor = 1;
    this.origin = 0;
    this.unit = '';
    /** One past the newest sample; counts on for ever. */
    this.end = 0;
    this.capacity = 0;
    /** Grows when the grid begins anew: nothing of before belongs to what comes. */
    this.epoch = 0;
    this.raw = new Float64Array(0);
  }

  /** The oldest sample that is kept. */
  get first() {
    return Math.max(0, this.end - this.capacity);
  }

  get endMs() {
    return this.zeroMs + this.end * this.periodMs;
  }

  /** @param {number} ms @returns {number} the last sample that was taken before or at that time */
  indexAt(ms) {
    return Math.floor((ms - this.zeroMs) / this.periodMs + 1e-6);
  }

  /** @param {number} index @returns {number} as `data` has it; NaN: a gap, or not kept */
  rawAt(index) {
    return index >= this.first && index < this.end ? this.raw[index % this.capacity] : NaN;
  }

  /** @param {number} index @returns {number} in the lead's unit; NaN: a gap, or not kept */
  at(index) {
    return this.origin + this.factor * this.rawAt(index);
  }

  /** @param {number} startMs @param {import('./sampled.js').Sampled} sampled */
  #restart(startMs, { periodMs, factor, origin, unit, raw }) {
    this.periodMs = periodMs;
    this.factor = factor;
    this.origin = origin;
    this.unit = unit;
    this.zeroMs = startMs;
    this.end = 0;
    this.epoch++;
    this.capacity = Math.ceil(Math.max(KEPT_MS, 4 * raw.length * periodMs) / periodMs);
    this.raw = new Float64Array(this.capacity).fill(NaN);
  }

  /**
   * Takes a block. Returns how many of its samples are new.
   * @param {number} startMs @param {import('./sampled.js').Sampled} sampled
   */
  add(startMs, sampled) {
    const { raw } = sampled;
    const same = sampled.periodMs === this.periodMs && sampled.factor === this.factor && sampled.origin === this.origin;
    const keptMs = this.capacity * this.periodMs;
    // Far ahead, or far back: the device's clock was set, or it is another record.
    if (!same || raw.length > this.capacity || Math.abs(startMs - this.endMs) > keptMs) {
      this.#restart(startMs, sampled);
    }
    const place = (startMs - this.zeroMs) / this.periodMs;
    const apart = place - this.end;
    let start = Math.round(place);
    if (Math.abs(apart) <= Math.max(SEAM_SAMPLES, SEAM_MS / this.periodMs)) {
      start = this.end;
      this.zeroMs += SHIFT * apart * this.periodMs;
    }
    for (let gap = Math.max(this.end, start - this.capacity); gap < start; gap++) {
      this.raw[gap % this.capacity] = NaN;
    }
    const before = this.end;
    const oldest = Math.max(0, Math.max(before, start + raw.length) - this.capacity);
    for (let i = 0; i < raw.length; i++) {
      const index = start + i;
      // What was said twice is the same; a gap that is filled late is filled.
      if (index >= oldest) this.raw[index % this.capacity] = raw[i];
    }
    this.end = Math.max(before, start + raw.length);
    return this.end - before;
  }

  /** The least and the largest value from `from` to `to`, gaps left out; null when there is none.
   * @param {number} from @param {number} to @param {{low: number, high: number}} out */
  range(from, to, out) {
    out.low = Infinity;
    out.high = -Infinity;
    for (let i = Math.max(from, this.first); i < Math.min(to, this.end); i++) {
      const value = this.at(i);
      if (value < out.low) out.low = value;
      if (value > out.high) out.high = value;
    }
    return out.high >= out.low;
  }
}
