// SPDX-License-Identifier: Apache-2.0
// Who waits for a lane, first come, first served.
import { SkeymError } from './errors.js';

/** @typedef {import('./lanes.js').Lane} Lane */
/** @typedef {import('./errors.js').ErrorCode} ErrorCode */

export class Queue {
  /** @type {{resolve: (lane: Lane) => void, reject: (error: SkeymError) => void}[]} */ #waiting = [];

  get size() {
    return this.#waiting.length;
  }

  /** Rejects with 'offline' after patience, 'aborted' by the signal, or what refuseAll says.
   * @param {number} patienceMs @param {AbortSignal} [signal] @returns {Promise<Lane>} */
  async wait(patienceMs, signal) {
    /** @type {(why: ErrorCode) => void} */ let giveUp = () => {};
    /** @type {Promise<Lane>} */
    const lane = new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiting.push(waiter);
      giveUp = (why) => {
        const at = this.#waiting.indexOf(waiter);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(new SkeymError(why));
      };
    });
    const timer = setTimeout(() => giveUp('offline'), Math.max(0, patienceMs));
    const stop = () => giveUp('aborted');
    signal?.addEventListener('abort', stop);
    try {
      return await lane;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  /** To the first; there is one. @param {Lane} lane */
  give(lane) {
    this.#waiting.shift()?.resolve(lane);
  }

  /** @param {ErrorCode} code */
  refuseAll(code) {
    for (const waiter of this.#waiting.splice(0)) waiter.reject(new SkeymError(code));
  }
}
