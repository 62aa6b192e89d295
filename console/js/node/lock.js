// SPDX-License-Identifier: Apache-2.0
// Locks after a time without input. A machine that slept for as long counts as idle, too.
import { Clock } from './clock.js';

const MINUTE = 60_000;
const INPUTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'];
/** A timer that is set to the end of a long time fires late after sleep; looking often does not. */
const LOOK_MS = 5_000;

/** @typedef {{minutes: number, onLock: () => void, input?: EventTarget, clock?: Clock}} LockOptions */

export class Lock {
  #idleMs;
  #onLock;
  #input;
  #clock;
  #last;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;
  #heard = () => this.touch();

  /** `input` is where input is heard, usually the window. @param {LockOptions} options */
  constructor({ minutes, onLock, input, clock = new Clock() }) {
    this.#idleMs = minutes * MINUTE;
    this.#onLock = onLock;
    this.#input = input;
    this.#clock = clock;
    this.#last = clock.mark();
    for (const name of INPUTS) {
      input?.addEventListener(name, this.#heard, { capture: true, passive: true });
    }
    this.#timer = setInterval(() => this.look(), Math.min(LOOK_MS, this.#idleMs));
  }

  /** Somebody is there. After the time is over it comes too late. */
  touch() {
    if (!this.look()) this.#last = this.#clock.mark();
  }

  /** Milliseconds until it locks. */
  get leftMs() {
    return Math.max(0, this.#idleMs - this.#clock.age(this.#last));
  }

  /** Locks when it is time; true when it is locked or stopped. */
  look() {
    if (this.#timer === undefined) return true;
    if (this.leftMs > 0) return false;
    this.stop();
    this.#onLock();
    return true;
  }

  /** Never locks from now on. */
  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const name of INPUTS) {
      this.#input?.removeEventListener(name, this.#heard, { capture: true });
    }
  }
}
