// SPDX-License-Identifier: Apache-2.0
// Names of beds for the address bar. The browser writes each address into its history, which outlives
// a lock: so there a bed has a name by chance, which nobody knows any more when this is gone.
const BYTES = 8;

export class Places {
  /** @type {Map<string, string>} */ #ids = new Map();
  /** @type {Map<string, string>} */ #names = new Map();

  /** @param {string} id a patient's @returns {string} "#bed=5f0c..." */
  of(id) {
    let name = this.#names.get(id);
    if (!name) {
      name = Array.from(crypto.getRandomValues(new Uint8Array(BYTES)), (byte) => byte.toString(16).padStart(2, '0')).join('');
      this.#names.set(id, name);
      this.#ids.set(name, id);
    }
    return `#bed=${name}`;
  }

  /** The patient's id, or ''. @param {string} hash "#bed=5f0c..." */
  bedOf(hash) {
    return (hash.startsWith('#bed=') && this.#ids.get(hash.slice(5))) || '';
  }
}
