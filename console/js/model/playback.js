// SPDX-License-Identifier: Apache-2.0
/*
 * Which moment of a bed's waves is under the pen. Blocks arrive a second or ten at a time; drawn as
 * they come they would stutter. So the pen follows the device's clock, late by as much as the latest
 * of the last blocks was, and a bit. All leads of a bed share one pen: they stay in phase.
 *
 * The latency changes by running 5 % slower or faster, never by a jump. Without samples the pen waits
 * at their end for HOLD_MS (a block that is late loses nothing); then time goes on and there is a gap,
 * for a picture that stands still must not be taken for one that lives. After sleep, or an outage, it
 * begins anew.
 */
export const HOLD_MS = 3_000;
const MARGIN_MS = 250;
const POLL_MS = 1_000; // a block may have to wait so long until it is asked for
const BLOCKS = 24;
const FIRST_MS = 200;
const PASSED_MOST = 400; // leads count each
const SLEW = 0.05;
const SLACK_MS = 80;
const FRAME_MOST_MS = 1_500;
const FAR_MS = 8_000;
const LATE_MOST_MS = 4_000; // later than that is what was kept during an outage: not waited for

export class Playback {
  /** The moment under the pen, on the device's clock, ms; NaN before the first block. */
  position = NaN;
  /** Grows with each beginning anew: whoever draws starts with a clean line. */
  epoch = 0;
  /** 'waiting' for the first block | 'running' | 'holding' | 'gap' */
  state = 'waiting';
  /** @type {number[]} */ #late = [];
  #next = 0;
  #blockMs = 0;
  #wanted = 0;
  #lastMs = NaN;
  #heldMs = 0;
  #lastStartMs = NaN;
  #firstMs = NaN;
  #passed = 0;

  /** How far the pen is behind the newest that could be known, ms. */
  get latencyMs() {
    return this.#wanted;
  }

  /** The longest block of late, ms. */
  get blockMs() {
    return this.#blockMs;
  }

  /**
   * A block came. @param {number} startMs of its first sample @param {number} lengthMs
   * @param {number} nowMs of the local clock, the same as for `advance`
   */
  arrived(startMs, lengthMs, nowMs) {
    const late = nowMs - startMs;
    this.#blockMs = Math.max(lengthMs, this.#blockMs * 0.9);
    // Against what is usual: the clocks may differ by any amount.
    if (this.#late.length > 3 && late - Math.min(...this.#late) > this.#blockMs + LATE_MOST_MS) {
      // Of an outage: let it pass, unless it is how late blocks are from now on.
      if ((this.state === 'gap' || this.state === 'holding') && this.#passed++ < PASSED_MOST) return;
      if (this.#passed > PASSED_MOST) this.#forget();
    }
    this.#passed = 0;
    // What lay ready when we came was not late, but the newest of it.
    if (this.#late.length === 0) this.#firstMs = nowMs;
    if (nowMs - this.#firstMs < FIRST_MS) {
      this.#late = [Math.min(late, ...this.#late)];
      this.#next = 1;
    // Leads of one block come together: they count once.
    } else if (startMs === this.#lastStartMs && this.#late.length > 0) {
      const at = (this.#next + BLOCKS - 1) % BLOCKS;
      this.#late[at] = Math.max(this.#late[at], late);
    } else {
      this.#late[this.#next] = late;
      this.#next = (this.#next + 1) % BLOCKS;
    }
    this.#lastStartMs = startMs;
    this.#wanted = Math.max(...this.#late, Math.min(...this.#late) + POLL_MS) + MARGIN_MS;
  }

  #forget() {
    this.#late = [];
    this.#next = 0;
    this.position = NaN;
    this.state = 'waiting';
  }

  /** @param {number} nowMs @param {number} endMs */
  #begin(nowMs, endMs) {
    const wanted = nowMs - this.#wanted;
    this.position = wanted - endMs > HOLD_MS ? wanted : Math.min(wanted, endMs);
    this.epoch++;
    this.#heldMs = 0;
    this.state = 'running';
  }

  /**
   * Moves the pen to where it belongs now. @param {number} nowMs @param {number} endMs the end of
   * what there is of any lead
   */
  advance(nowMs, endMs) {
    if (this.#late.length === 0) return;
    const past = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    const wanted = nowMs - this.#wanted;
    const apart = wanted - this.position;
    if (!(past >= 0 && past <= FRAME_MOST_MS) || Number.isNaN(this.position)
        || Math.abs(apart) > FAR_MS + this.#blockMs) {
      if (past < 0) this.#forget(); // the clock was set back: how late blocks were is not known any more
      else this.#begin(nowMs, endMs);
      return;
    }
    const rate = apart > SLACK_MS ? 1 + SLEW : apart < -SLACK_MS ? 1 - SLEW : 1;
    const next = this.position + past * rate;
    if (next <= endMs) {
      this.position = next;
      this.#heldMs = 0;
      this.state = 'running';
    } else if (this.#heldMs + past <= HOLD_MS) {
      this.position = Math.max(this.position, endMs);
      this.#heldMs += past;
      this.state = 'holding';
    } else {
      this.position = next;
      this.state = 'gap';
    }
  }
}
