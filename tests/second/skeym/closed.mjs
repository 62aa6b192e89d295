// SPDX-License-Identifier: Apache-2.0
// The plaintext of a closed request (PROTOCOL.md §8.2): a small request inside the sealed one.
import { concat, need, refuse, toBytes } from './bytes.mjs';

/** @typedef {object} Inside a request as the server is to carry it out
 * @property {string} method @property {string} target
 * @property {string} [contentType] @property {string} [idempotencyKey]
 * @property {string} [ifNoneExist] @property {string} [prefer]
 * @property {Uint8Array} [body] */

export const CLOSED_TARGET = '/skeym/v1/exchange';
export const CLOSED_TYPE = 'application/skeym-request';
const MAX_HEAD = 8192; // more than any head below has
const VALUE = String.raw`[\x20-\x7e]{1,1024}`;
/** Field names in their order, and what a value is.
 * @type {[string, 'contentType' | 'idempotencyKey' | 'ifNoneExist' | 'prefer', string][]} */
const FIELDS = [
  ['content-type', 'contentType', VALUE],
  ['idempotency-key', 'idempotencyKey', '[A-Za-z0-9._-]{1,64}'],
  ['if-none-exist', 'ifNoneExist', VALUE],
  ['prefer', 'prefer', VALUE],
];
const LINES = FIELDS.map(([name, , value]) => String.raw`(?:${name}: (${value})\n)?`).join('');
const HEAD = new RegExp(String.raw`^([A-Z]{1,16}) (/[\x21-\x7e]{0,4095})\n${LINES}\n$`);

/** @param {Inside} request @returns {Uint8Array} */
export function encodeClosed(request) {
  const fields = FIELDS.filter(([, key]) => request[key] !== undefined).map(
    ([name, key]) => `${name}: ${request[key]}\n`,
  );
  const head = `${request.method} ${request.target}\n${fields.join('')}\n`;
  need(HEAD.test(head), 'shape', 'a request that the closed form cannot say');
  return concat(toBytes(head), request.body ?? new Uint8Array(0));
}

/** @param {Uint8Array} plaintext @returns {Inside} */
export function decodeClosed(plaintext) {
  const end = plaintext.findIndex((byte, i) => byte === 0x0a && plaintext[i + 1] === 0x0a) + 2;
  need(end >= 2 && end <= MAX_HEAD, 'shape', 'no end of the head');
  // Latin-1 here: one character for one byte, so that HEAD judges bytes.
  const parts = HEAD.exec(String.fromCharCode(...plaintext.subarray(0, end)));
  if (!parts) return refuse('shape', 'not the head of a closed request');
  const [, method, target, contentType, idempotencyKey, ifNoneExist, prefer] = parts;
  const body = plaintext.slice(end);
  return { method, target, contentType, idempotencyKey, ifNoneExist, prefer, body };
}
