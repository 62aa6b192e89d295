// SPDX-License-Identifier: Apache-2.0
// Skeleton: the shape is final, the work follows.
import { SkeymError } from './errors.js';

/** @typedef {import('./types.js').Credential} Credential */
/** @typedef {import('./types.js').Opener} Opener */
/** @typedef {import('./types.js').StoreEntry} StoreEntry */

export class Store {
  /** @returns {Promise<StoreEntry[]>} */
  async list() {
    return [];
  }

  /** SkeymError 'passphrase' when it does not open. @param {Opener} opener @param {string} [id] the
   * only one, when left out @returns {Promise<Credential>} */
  async unlock(opener, id) {
    throw new SkeymError('unsupported', `${opener} ${id}`);
  }

  /** Drops what opens the records. */
  lock() {}

  /** Deletes a record; all of them without an id. @param {string} [id] @returns {Promise<void>} */
  async forget(id) {
    void id;
  }
}

/** @param {string} [name] @returns {Promise<Store>} */
export async function openStore(name = 'skeym') {
  void name;
  return new Store();
}
