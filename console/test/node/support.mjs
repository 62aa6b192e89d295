// SPDX-License-Identifier: Apache-2.0
// What the tests have in common.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { SkeymError } from '../../js/node/errors.js';

export const vectors = JSON.parse(
  readFileSync(new URL('../../../tests/vectors/protocol.json', import.meta.url), 'utf8'),
);

/** @param {string} text */
export const hex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
/** @param {Uint8Array} bytes */
export const toHex = (bytes) => Buffer.from(bytes).toString('hex');
/** @param {string} text */
export const bytes = (text) => new Uint8Array(Buffer.from(text, 'utf8'));

/** A pair of a vector: its private half as WebCrypto holds it, not extractable.
 * @param {string} privateHex @param {string} publicHex */
export async function pairOf(privateHex, publicHex) {
  const pkcs8 = Buffer.from(`302e020100300506032b656e04220420${privateHex}`, 'hex');
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, 'X25519', false, ['deriveBits']);
  return { privateKey, publicKey: hex(publicHex) };
}

/** @param {string} code */
export const failsAs = (code) => (/** @type {unknown} */ error) => {
  assert.ok(error instanceof SkeymError, `no SkeymError: ${error}`);
  assert.equal(error.code, code);
  return true;
};

/** Flips one bit. @param {Uint8Array} from @param {number} at */
export function flipped(from, at) {
  const out = new Uint8Array(from);
  out[at < 0 ? out.length + at : at] ^= 1;
  return out;
}
