// SPDX-License-Identifier: Apache-2.0
// Skeleton: the shape is final, the work follows.
import { SkeymError } from './errors.js';

/** @typedef {import('./types.js').Credential} Credential */
/** @typedef {import('./types.js').NodeRequest} NodeRequest */
/** @typedef {import('./types.js').NodeAnswer} NodeAnswer */
/** @typedef {import('./types.js').SessionState} SessionState */
/** @typedef {import('./types.js').TokensDetail} TokensDetail */

/**
 * Events: 'state' (CustomEvent of StateDetail), 'wire' (of WireDetail), 'tokens' (of TokensDetail).
 */
export class Session extends EventTarget {
  /** @type {SessionState} */ #state = 'idle';

  /** @param {{credential: Credential, origin?: string, lanes?: number, fetch?: typeof fetch,
   *   now?: () => number, patienceMs?: number}} options */
  constructor(options) {
    super();
    void options;
  }

  /** @returns {SessionState} */
  get state() {
    return this.#state;
  }

  /** @returns {TokensDetail} */
  get tokens() {
    throw new SkeymError('unsupported');
  }

  /** Logs in now, also after 'revoked'. Resolves when live. @returns {Promise<void>} */
  async login() {
    throw new SkeymError('unsupported');
  }

  /** @param {NodeRequest} request @returns {Promise<NodeAnswer>} */
  async request(request) {
    throw new SkeymError('unsupported', request.method);
  }

  /** Wipes all keys; every request that waits is refused with 'locked'. */
  lock() {
    this.#state = 'locked';
  }
}
