// SPDX-License-Identifier: Apache-2.0
// The locator and the credential C_i (PROTOCOL.md §5). Only an authority makes or opens them; to a
// node a locator is a sealed box.
import { concat, need, Reader, u32, u8 } from './bytes.mjs';
import { decodeNodeClaims, encodeNodeClaims } from './claims.mjs';
import { hkdfExpand, NONCE_BYTES, random, sha256, xaesOpen, xaesSeal } from './primitives.mjs';

export const VERSION = 1;

/** @typedef {import('./claims.mjs').NodeClaims} NodeClaims */

/** @param {Uint8Array} sealKey E_seal @param {number} id of the enrol key
 * @param {NodeClaims} claims @param {Uint8Array} [nonce] @returns {Promise<Uint8Array>} */
export async function sealLocator(sealKey, id, claims, nonce = random(NONCE_BYTES)) {
  const head = concat(u8(VERSION), u32(id));
  return concat(head, nonce, await xaesSeal(sealKey, nonce, encodeNodeClaims(claims), head));
}

/** The id of the enrol key that a locator names. @param {Uint8Array} locator */
export function locatorKeyId(locator) {
  const reader = new Reader(locator);
  need(reader.u8() === VERSION, 'version', 'a locator of another version');
  return reader.u32();
}

/** @param {Uint8Array} sealKey E_seal @param {Uint8Array} locator @returns {Promise<NodeClaims>} */
export async function openLocator(sealKey, locator) {
  locatorKeyId(locator);
  const reader = new Reader(locator);
  const [head, nonce, sealed] = [reader.take(5), reader.take(NONCE_BYTES), reader.rest()];
  return decodeNodeClaims(await xaesOpen(sealKey, nonce, sealed, head));
}

/** C_i of node claims. @param {Uint8Array} credentialKey E_cred @param {NodeClaims} claims */
export async function credentialOf(credentialKey, claims) {
  const digest = await sha256(encodeNodeClaims(claims));
  return hkdfExpand(credentialKey, concat('skeym/1 credential', digest), 32);
}
