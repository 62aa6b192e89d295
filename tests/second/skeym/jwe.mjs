// SPDX-License-Identifier: Apache-2.0
// Bodies: JWE compact with the two headers of PROTOCOL.md §8.1 and no other.
import { b64, unb64 } from './base64url.mjs';
import { concat, need, refuse, toBytes, toText } from './bytes.mjs';
import { gcmOpen, gcmSeal, random, TAG_BYTES } from './primitives.mjs';

/** @typedef {{ cty: string, status?: number, plaintext: Uint8Array }} Sealed
 * status: in answers only */

export const JWE_TYPE = 'application/jose';
const IV_BYTES = 12;
const START = '{"alg":"dir","enc":"A256GCM","cty":';
const HEADER = new RegExp(`^${START}"([A-Za-z0-9.+_/-]{0,64})"(?:,"status":([1-9][0-9]{2}))?}$`);

/** @param {string} cty @param {number} [status] @returns {string} */
export function jweHeader(cty, status) {
  const header = `${START}"${cty}"${status === undefined ? '' : `,"status":${status}`}}`;
  need(HEADER.test(header), 'shape', 'a media type or status that no header can say');
  return header;
}

/** @param {Uint8Array} key k_q for a request, k_p for an answer @param {Sealed} content
 * @param {Uint8Array} [iv] @returns {Promise<Uint8Array>} */
export async function sealJwe(key, { cty, status, plaintext }, iv = random(IV_BYTES)) {
  const head = b64(toBytes(jweHeader(cty, status)));
  const sealed = await gcmSeal(key, iv, plaintext, toBytes(head));
  const tagAt = sealed.length - TAG_BYTES;
  return toBytes(
    `${head}..${b64(iv)}.${b64(sealed.subarray(0, tagAt))}.${b64(sealed.subarray(tagAt))}`,
  );
}

/** @param {Uint8Array} key @param {'request' | 'answer'} kind @param {Uint8Array} body
 * @returns {Promise<Sealed>} */
export async function openJwe(key, kind, body) {
  const parts = toText(body).split('.');
  need(parts.length === 5 && parts[1] === '', 'shape', 'not a JWE with a direct key');
  const [head, , iv, ciphertext, tag] = parts.map((part, i) =>
    i === 0 ? toBytes(part) : unb64(part),
  );
  const header = HEADER.exec(toText(unb64(parts[0])));
  if (!header) return refuse('shape', 'not the JWE header of this protocol');
  const status = header[2] === undefined ? undefined : Number(header[2]);
  need(
    (status !== undefined) === (kind === 'answer'),
    'shape',
    'an answer has a status, a request has none',
  );
  need(iv.length === IV_BYTES && tag.length === TAG_BYTES, 'size', 'iv or tag');
  return {
    cty: header[1],
    status,
    plaintext: await gcmOpen(key, iv, concat(ciphertext, tag), head),
  };
}
