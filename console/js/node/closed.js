// SPDX-License-Identifier: Apache-2.0
// A closed request (docs/PROTOCOL.md, 8.2): method, target and fields inside of the seal.
import { concat, refuse, utf8 } from './bytes.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */

export const CLOSED_TARGET = '/skeym/v1/exchange';
export const CLOSED_CTY = 'application/skeym-request';
const METHOD = /^[A-Z]{1,16}$/;
const TARGET = /^\/[\x21-\x7e]{0,4095}$/;
const VALUE = /^[\x20-\x7e]{1,1024}$/;

/**
 * @typedef {object} Closed
 * @property {string} method
 * @property {string} target
 * @property {string} [contentType]
 * @property {string} [idempotencyKey]
 * @property {string} [ifNoneExist]
 * @property {string} [prefer]
 * @property {Bytes} [body]
 */

/** In their order on the wire. @type {[string, 'contentType' | 'idempotencyKey' | 'ifNoneExist' |
 *   'prefer', RegExp][]} */
const FIELDS = [
  ['content-type', 'contentType', VALUE],
  ['idempotency-key', 'idempotencyKey', /^[A-Za-z0-9._-]{1,64}$/],
  ['if-none-exist', 'ifNoneExist', VALUE],
  ['prefer', 'prefer', VALUE],
];

/** The plaintext. An undefined field is left out; an empty one is the caller's mistake.
 * @param {Closed} request @returns {Bytes} */
export function writeClosed(request) {
  if (!METHOD.test(request.method)) refuse('no method');
  if (!TARGET.test(request.target)) refuse('no target');
  let head = `${request.method} ${request.target}\n`;
  for (const [name, member, form] of FIELDS) {
    const value = request[member];
    if (value === undefined) continue;
    if (!form.test(value)) refuse(`no value of ${name}`);
    head += `${name}: ${value}\n`;
  }
  return concat(utf8(`${head}\n`), request.body ?? new Uint8Array(0));
}
