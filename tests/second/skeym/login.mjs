// SPDX-License-Identifier: Apache-2.0
// The login's messages (PROTOCOL.md §6): what Noise carries, and the body around it.
import { concat, need, Reader, sized16, sized8, u16, u32, u48, u8 } from './bytes.mjs';
import { VERSION } from './locator.mjs';
import { Initiator } from './noise.mjs';
import { hkdfExpand } from './primitives.mjs';
import { audienceName, decodeScopes, encodeScopes } from './scopes.mjs';

/** @typedef {import('./scopes.mjs').Scope} Scope */
/** @typedef {import('./noise.mjs').Secrets} Secrets */
/** @typedef {import('./primitives.mjs').KeyPair} KeyPair */
/** @typedef {object} Wanted payload 1
 * @property {number} time in ms
 * @property {string} audience
 * @property {number} tokens 1 to 16
 * @property {Scope[]} scopes none: all that were granted */
/** @typedef {object} Granted payload 2
 * @property {'granted'} kind
 * @property {number} serverTime in ms
 * @property {number} lifetime of a token, in s
 * @property {number} loginDeadline in s
 * @property {Uint8Array} locator a fresh one of the same claims
 * @property {Uint8Array | undefined} credential a new C_i, for the fresh locator
 * @property {Uint8Array[]} tokens */
/** @typedef {{ kind: 'clock', serverTime: number }} Clock payload 2 when the clocks are apart */

export const LOGIN_TARGET = '/skeym/v1/login';
export const LOGIN_TYPE = 'application/skeym-login';
const MAX_BODY = 4096;
const [GRANTED, CLOCK] = [0, 1];

/** @param {Uint8Array} locator */
export function prologue(locator) {
  return concat('SkeyM/1 login', locator);
}

/** @param {Wanted} wanted @returns {Uint8Array} */
export function encodePayload1({ time, audience, tokens, scopes }) {
  need(tokens >= 1 && tokens <= 16, 'range', '1 to 16 tokens');
  return concat(u48(time), sized8(audienceName(audience)), u8(tokens), encodeScopes(scopes), u8(0));
}

/** @param {Uint8Array} bytes @returns {Wanted} */
export function decodePayload1(bytes) {
  const reader = new Reader(bytes);
  const wanted = {
    time: reader.u48(),
    audience: audienceName(reader.text8()),
    tokens: reader.u8(),
    scopes: decodeScopes(reader),
  };
  need(wanted.tokens >= 1 && wanted.tokens <= 16, 'range', '1 to 16 tokens');
  need(reader.u8() === 0, 'range', 'no second factor in this version');
  reader.end();
  return wanted;
}

/** @param {Granted | Clock} answer @returns {Uint8Array} */
export function encodePayload2(answer) {
  if (answer.kind === 'clock') return concat(u8(CLOCK), u48(answer.serverTime));
  const { serverTime, lifetime, loginDeadline, locator, credential, tokens } = answer;
  const renewed = credential ? concat(u8(1), credential) : u8(0);
  return concat(
    u8(GRANTED),
    u48(serverTime),
    u8(lifetime),
    u32(loginDeadline),
    sized16(locator),
    renewed,
    u8(tokens.length),
    ...tokens.map(sized16),
  );
}

/** @param {Uint8Array} bytes @returns {Granted | Clock} */
export function decodePayload2(bytes) {
  const reader = new Reader(bytes);
  const kind = reader.u8();
  need(kind === GRANTED || kind === CLOCK, 'shape', 'neither granted nor clock');
  const serverTime = reader.u48();
  /** @type {Granted | Clock} */
  let answer = { kind: 'clock', serverTime };
  if (kind === GRANTED) {
    const [lifetime, loginDeadline, locator] = [reader.u8(), reader.u32(), reader.bytes16()];
    const renewed = reader.u8();
    need(renewed <= 1, 'range', 'renewed is 0 or 1');
    const credential = renewed ? reader.take(32) : undefined;
    const tokens = Array.from({ length: reader.u8() }, () => reader.bytes16());
    need(lifetime >= 1 && lifetime <= 59, 'range', 'a token lives 1 to 59 s');
    need(tokens.length >= 1 && tokens.length <= 16, 'range', '1 to 16 tokens');
    answer = { kind: 'granted', serverTime, lifetime, loginDeadline, locator, credential, tokens };
  }
  reader.end();
  return answer;
}

/** The body of a login request. @param {Uint8Array} locator @param {Uint8Array} message1 */
export function encodeLogin(locator, message1) {
  const body = concat(u8(VERSION), u16(locator.length), locator, message1);
  need(body.length <= MAX_BODY, 'size', 'the login is too long');
  return body;
}

/** @param {Uint8Array} body @returns {{ locator: Uint8Array, message1: Uint8Array }} */
export function decodeLogin(body) {
  need(body.length <= MAX_BODY, 'size', 'the login is too long');
  const reader = new Reader(body);
  need(reader.u8() === VERSION, 'version', 'a login of another version');
  return { locator: reader.bytes16(), message1: reader.rest() };
}

/** S_0 of lane l. @param {Secrets} secrets @param {number} lane */
export function firstSecret({ ck, h }, lane) {
  return hkdfExpand(ck, concat('skeym/1 session', h, u8(lane)), 32);
}

/** The node's side of one login: the body to send, and what to do with the answer's body.
 * @param {{ locator: Uint8Array, credential: Uint8Array, authority: Uint8Array, pair: KeyPair,
 *   ephemeral?: KeyPair }} identity ephemeral: for tests only
 * @param {Wanted} wanted
 * @returns {Promise<{ body: Uint8Array, message1: Uint8Array,
 *   finish: (message2: Uint8Array) => Promise<{ answer: Granted | Clock, secrets: Secrets }> }>} */
export async function startLogin({ locator, credential, authority, pair, ephemeral }, wanted) {
  const noise = new Initiator({
    prologue: prologue(locator),
    psk: credential,
    s: pair,
    rs: authority,
    e: ephemeral,
  });
  const message1 = await noise.writeMessage1(encodePayload1(wanted));
  return {
    body: encodeLogin(locator, message1),
    message1,
    finish: async (message2) => {
      const { payload, secrets } = await noise.readMessage2(message2);
      return { answer: decodePayload2(payload), secrets };
    },
  };
}
