// SPDX-License-Identifier: Apache-2.0

/** Waits that can be cut short, all at once. */
export class Pauses {
  /** @type {Set<() => void>} */ #ends = new Set();

  /** Resolves after `ms`, at end(), or when the signal says so. @param {number} ms
   * @param {AbortSignal} [signal] @returns {Promise<void>} */
  wait(ms, signal) {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        this.#ends.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal?.addEventListener('abort', end);
      this.#ends.add(end);
    });
  }

  end() {
    for (const end of [...this.#ends]) end();
  }
}
