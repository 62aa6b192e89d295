// SPDX-License-Identifier: Apache-2.0
// Skeleton: the shape is final, the work follows.
import { SkeymError } from './errors.js';

/** @typedef {import('./types.js').Credential} Credential */
/** @typedef {import('./types.js').Invitation} Invitation */
/** @typedef {import('./types.js').Opener} Opener */
/** @typedef {import('./store.js').Store} Store */

/** @param {string} code from the link's fragment @returns {Invitation} */
export function parseInvitation(code) {
  throw new SkeymError('unsupported', code);
}

/** Makes a key pair, takes the invitation, keeps what came. The store is unlocked afterwards.
 * @param {{origin: string, code: string} & Opener} how @param {Store} store
 * @returns {Promise<Credential>} */
export async function enrolByInvitation(how, store) {
  throw new SkeymError('unsupported', `${how} ${store}`);
}
