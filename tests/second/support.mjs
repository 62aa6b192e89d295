// SPDX-License-Identifier: Apache-2.0
// What the tests share: hexadecimal, and data that may be absent.
import { readFileSync } from 'node:fs';

const REPOSITORY = new URL('../../', import.meta.url);

/** @param {string} text @returns {Uint8Array} */
export const unhex = (text) =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
/** @param {Uint8Array} bytes @returns {string} */
export const hex = (bytes) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** JSON beside or in the repository; undefined when it is missing.
 * @param {string} path relative to the repository @returns {any} */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(new URL(path, REPOSITORY), 'utf8'));
  } catch (error) {
    if (/** @type {any} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}
