// SPDX-License-Identifier: Apache-2.0
// One request under one token (PROTOCOL.md §8): its keys and its proof.
import { b64 } from './base64url.mjs';
import { need, toBytes } from './bytes.mjs';
import { hkdfExpand, hmac, sha256 } from './primitives.mjs';

/** @typedef {object} ExchangeKeys
 * @property {Uint8Array} mac k_m @property {Uint8Array} request k_q
 * @property {Uint8Array} answer k_p @property {Uint8Array} next S_{n+1} */

/** @param {Uint8Array} secret S_n @returns {Promise<ExchangeKeys>} */
export async function exchangeKeys(secret) {
  const all = await hkdfExpand(secret, 'skeym/1 exchange', 128);
  const [mac, request, answer, next] = [0, 32, 64, 96].map((at) => all.slice(at, at + 32));
  return { mac, request, answer, next };
}

/** @typedef {object} Outside a request as it stands on the wire
 * @property {string} method @property {string} target origin form, with its query
 * @property {string} [contentType] empty when there is none
 * @property {Uint8Array} [body] as sent */

/** @param {Outside} request @returns {Promise<Uint8Array>} */
export async function canonicalRequest({
  method,
  target,
  contentType = '',
  body = new Uint8Array(0),
}) {
  need(
    /^[\x21-\x7e]+$/.test(method) && /^[\x21-\x7e]+$/.test(target),
    'charset',
    'method or target',
  );
  need(/^[\x20-\x7e]*$/.test(contentType), 'charset', 'content type');
  const digest = body.length === 0 ? '' : b64(await sha256(body));
  return toBytes(`SkeyM/1\n${method}\n${target}\n${contentType}\n${digest}\n`);
}

/** @param {Uint8Array} macKey k_m @param {Outside} request @returns {Promise<Uint8Array>} */
export async function proof(macKey, request) {
  return hmac(macKey, await canonicalRequest(request));
}
