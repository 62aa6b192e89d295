// SPDX-License-Identifier: Apache-2.0
// One exchange (docs/PROTOCOL.md, 8): its keys, its proof, its sealed bodies. JWE has one spelling
// here, so a header is written and read as that text; there is no JSON.
import { b64, b64Size, refuse, unb64, unb64Into, utf8 } from './bytes.js';
import { IV, TAG, hkdfExpand, hmac, open, random, seal, sha256 } from './primitives.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {{proof: Bytes, request: Bytes, answer: Bytes, next: Bytes}} ExchangeKeys   SECRET */

export const JOSE_TYPE = 'application/jose';
const KEY = 32;
const DOT = 0x2e;
const LABEL = utf8('skeym/1 exchange');
const START = '{"alg":"dir","enc":"A256GCM","cty":"';
const CTY = /^[A-Za-z0-9.+\-_/]{0,64}$/;
const ANSWER = /^\{"alg":"dir","enc":"A256GCM","cty":"([A-Za-z0-9.+\-_/]{0,64})","status":([1-9][0-9]{2})\}$/;
const latin1 = new TextDecoder('latin1');

/** @param {Bytes} secret S_n @returns {Promise<ExchangeKeys>} */
export async function exchangeKeys(secret) {
  const all = await hkdfExpand(secret, LABEL, 4 * KEY);
  const [proof, request, answer, next] = [0, 1, 2, 3].map((i) => all.slice(i * KEY, (i + 1) * KEY));
  all.fill(0);
  return { proof, request, answer, next };
}

/** @param {{method: string, target: string, type?: string, body?: Bytes}} request
 * @returns {Promise<string>} */
export async function canonicalRequest({ method, target, type = '', body }) {
  const digest = body && body.length > 0 ? b64(await sha256(body)) : '';
  if (!/^[\x21-\x7e]+$/.test(method + target) || !/^[\x20-\x7e]*$/.test(type)) {
    refuse('a method, target or content type with other characters');
  }
  return `SkeyM/1\n${method}\n${target}\n${type}\n${digest}\n`;
}

/** @param {Bytes} key k_m @param {{method: string, target: string, type?: string, body?: Bytes}} request
 * @returns {Promise<string>} */
export async function proofOf(key, request) {
  return b64(await hmac(key, utf8(await canonicalRequest(request))));
}

/** A request's body. @param {Bytes} key k_q @param {string} cty @param {Bytes} plain
 * @param {Bytes} [iv] for tests; else a random one @returns {Promise<Bytes>} its text */
export async function sealJwe(key, cty, plain, iv = random(IV)) {
  if (!CTY.test(cty)) refuse('no cty');
  const header = b64(utf8(`${START}${cty}"}`));
  const sealed = await seal(key, iv, utf8(header), plain);
  const cut = sealed.length - TAG;
  return utf8(`${header}..${b64(iv)}.${b64(sealed.subarray(0, cut))}.${b64(sealed.subarray(cut))}`);
}

/** Where the four dots are. @param {Bytes} jwe @returns {number[]} */
function dots(jwe) {
  const found = [];
  for (let at = jwe.indexOf(DOT); at >= 0; at = jwe.indexOf(DOT, at + 1)) {
    found.push(at);
    if (found.length > 4) break;
  }
  if (found.length !== 4 || found[1] !== found[0] + 1) refuse('no JWE');
  return found;
}

/** An answer's body. @param {Bytes} key k_p @param {Bytes} jwe its text
 * @returns {Promise<{status: number, type: string, plain: Bytes}>} */
export async function openJwe(key, jwe) {
  const [first, second, third, fourth] = dots(jwe);
  const head = ANSWER.exec(latin1.decode(unb64(latin1.decode(jwe.subarray(0, first)))));
  if (!head) refuse('no header of an answer');
  const iv = unb64(latin1.decode(jwe.subarray(second + 1, third)));
  const size = b64Size(fourth - third - 1);
  const sealed = new Uint8Array(size + TAG);
  unb64Into(sealed, 0, jwe, third + 1, fourth);
  if (iv.length !== IV || b64Size(jwe.length - fourth - 1) !== TAG) refuse('an iv or a tag of another size');
  unb64Into(sealed, size, jwe, fourth + 1, jwe.length);
  const plain = await open(key, iv, jwe.slice(0, first), sealed);
  return { status: Number(head[2]), type: head[1], plain };
}

/** A token or anything else that comes as b64: the text again when it is strict, else ''.
 * @param {string | null} chars @param {number} most bytes */
export function strictB64(chars, most) {
  if (!chars || b64Size(chars.length) > most) return '';
  try {
    unb64(chars);
    return chars;
  } catch {
    return '';
  }
}

