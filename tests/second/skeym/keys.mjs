// SPDX-License-Identifier: Apache-2.0
// The keys of an authority and of a data server (PROTOCOL.md §4).
import { concat } from './bytes.mjs';
import { hkdfExpand } from './primitives.mjs';

/** E_seal and E_cred of an enrol key. @param {Uint8Array} enrolKey 32 bytes */
export async function enrolKeys(enrolKey) {
  return {
    seal: await hkdfExpand(enrolKey, 'skeym/1 enrol seal', 32),
    credential: await hkdfExpand(enrolKey, 'skeym/1 enrol credential', 32),
  };
}

/** @param {number} seconds @param {number} [length] of an epoch, in s */
export function epochAt(seconds, length = 3600) {
  return Math.floor(seconds / length);
}

/** K_{e+1} of K_e. @param {Uint8Array} epochKey */
export function ratchet(epochKey) {
  return hkdfExpand(epochKey, 'skeym/1 ratchet', 32);
}

/** K_{e,a}. @param {Uint8Array} epochKey @param {string} audience */
export function audienceKey(epochKey, audience) {
  return hkdfExpand(epochKey, concat('skeym/1 audience', audience), 32);
}
