// SPDX-License-Identifier: Apache-2.0
// base64url without padding, strict (PROTOCOL.md, conventions): one text for each value.
import { need } from './bytes.mjs';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES = new Map([...ALPHABET].map((letter, value) => [letter, value]));

/** @param {Uint8Array} bytes @returns {string} */
export function b64(bytes) {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const letters = Math.min(4, bytes.length - i + 1);
    for (let n = 0; n < letters; n++) out += ALPHABET[(three >> (18 - 6 * n)) & 63];
  }
  return out;
}

/** Refuses padding, other alphabets, and left-over bits that are not zero.
 * @param {string} text @returns {Uint8Array} */
export function unb64(text) {
  need(text.length % 4 !== 1, 'base64', 'no base64url text has this length');
  const out = new Uint8Array(Math.floor((text.length * 6) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    const value = VALUES.get(letter);
    need(value !== undefined, 'base64', 'a character outside of the alphabet');
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  need(held === 0, 'base64', 'left-over bits that are not zero');
  return out;
}
