// SPDX-License-Identifier: Apache-2.0
/*
 * The sound of alarms in bursts of IEC 60601-1-8: ten pulses of high priority, three of medium, two
 * of low. A browser makes no sound before somebody has touched the page, and the bar says so.
 */
/** @typedef {import('../model/alarms.js').Priority} Priority */

const PITCH_HZ = 523;
const HARMONICS = [1, 0.5, 0.3, 0.2];
const PULSES = {
  high: { at: [0, 0.25, 0.5, 0.9, 1.15, 1.9, 2.15, 2.4, 2.8, 3.05], length: 0.13, everyMs: 8_000, gain: 0.22 },
  medium: { at: [0, 0.4, 0.8], length: 0.2, everyMs: 15_000, gain: 0.15 },
  low: { at: [0, 0.4], length: 0.2, everyMs: 60_000, gain: 0.08 },
};

export class Speaker {
  /** @type {AudioContext | null} */ #context = null;
  /** @type {Priority | null} */ #last = null;
  #nextMs = 0;

  /** Whether the browser lets us. */
  get allowed() {
    return this.#context?.state === 'running';
  }

  /** After somebody touched the page. */
  allow() {
    try {
      this.#context ??= new AudioContext();
      this.#context.resume().catch(() => {});
    } catch {
      this.#context = null;
    }
  }

  /** @param {AudioContext} context @param {number} at @param {number} length @param {number} gain */
  #pulse(context, at, length, gain) {
    const envelope = context.createGain();
    envelope.connect(context.destination);
    envelope.gain.setValueAtTime(0, at);
    envelope.gain.linearRampToValueAtTime(gain, at + 0.02);
    envelope.gain.setValueAtTime(gain, at + length - 0.03);
    envelope.gain.linearRampToValueAtTime(0, at + length);
    HARMONICS.forEach((size, i) => {
      const oscillator = context.createOscillator();
      const part = context.createGain();
      oscillator.frequency.value = PITCH_HZ * (i + 1);
      part.gain.value = size / 2;
      oscillator.connect(part).connect(envelope);
      oscillator.start(at);
      oscillator.stop(at + length);
    });
  }

  /** Twice a second or so. @param {Priority | null} priority that calls; null: nothing, or paused
   * @param {number} nowMs */
  tick(priority, nowMs) {
    const context = this.#context;
    if (!priority || !context || context.state !== 'running') {
      this.#last = null;
      return;
    }
    const { at, length, everyMs, gain } = PULSES[priority];
    const left = this.#nextMs - nowMs; // more than everyMs: the clock was set back
    if (priority === this.#last && left > 0 && left <= everyMs) return;
    for (const start of at) this.#pulse(context, context.currentTime + 0.05 + start, length, gain);
    this.#last = priority;
    this.#nextMs = nowMs + everyMs;
  }
}
