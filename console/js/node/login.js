// SPDX-License-Identifier: Apache-2.0
// The node's side of a login (docs/PROTOCOL.md, 6): bytes to send, bytes that came, nothing between.
import { Reader, b64, concat, refuse, u16, u48, u8, utf8, wipe } from './bytes.js';
import { Handshake } from './noise.js';
import { hkdfExpand } from './primitives.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./types.js').Credential} Credential */

export const LOGIN_TARGET = '/skeym/v1/login';
export const LOGIN_TYPE = 'application/skeym-login';
export const LANES_MOST = 16;
export const LIFETIME_MOST = 59;
export const LOCATOR_MOST = 669;
export const TOKEN_MOST = 685;
const VERSION = u8(1);
const SECRET = 32;
const GRANTED = 0;
const CLOCK = 1;

/**
 * @typedef {object} Grant
 * @property {number} serverMs
 * @property {number} lifetimeS
 * @property {number} deadlineS
 * @property {Bytes} locator         for the next login
 * @property {Bytes | null} secret   a new C_i for that locator; SECRET
 * @property {{token: string, secret: Bytes}[]} lanes   SECRET
 */

/** @typedef {{clock: true, serverMs: number} | ({clock: false} & Grant)} LoginAnswer */

/** S_0 of each lane. @param {number} count @returns {(ck: Bytes, h: Bytes) => Promise<Bytes[]>} */
const firstSecrets = (count) => (ck, h) =>
  Promise.all(
    Array.from({ length: count }, (_, lane) =>
      hkdfExpand(ck, concat(utf8('skeym/1 session'), h, u8(lane)), SECRET),
    ),
  );

/** @param {Reader} reader @param {number} most */
function sized(reader, most) {
  const size = reader.u16();
  if (size === 0 || size > most) refuse('a size out of range');
  return reader.take(size);
}

/** @param {Bytes} payload @param {Bytes[]} secrets as many as tokens were wanted
 * @returns {LoginAnswer} */
function readPayload(payload, secrets) {
  const reader = new Reader(payload);
  const kind = reader.u8();
  const serverMs = reader.u48();
  if (kind === CLOCK) {
    reader.end();
    return { clock: true, serverMs };
  }
  if (kind !== GRANTED) refuse('an answer of an unknown kind');
  const lifetimeS = reader.u8();
  const deadlineS = reader.u32();
  const locator = sized(reader, LOCATOR_MOST);
  const renewed = reader.u8();
  if (renewed > 1) refuse('neither renewed nor not');
  const secret = renewed ? reader.take(SECRET) : null;
  const count = reader.u8();
  if (lifetimeS === 0 || lifetimeS > LIFETIME_MOST || count === 0) {
    refuse('a lifetime or a count out of range');
  }
  // More than were wanted are left over, and then this is not the end.
  const lanes = secrets.slice(0, count).map((lane) => {
    return { token: b64(sized(reader, TOKEN_MOST)), secret: lane };
  });
  reader.end();
  wipe(...secrets.slice(count));
  return { clock: false, serverMs, lifetimeS, deadlineS, locator, secret, lanes };
}

/** One login: `start`, send, `finish`. */
export class Login {
  #handshake;
  #credential;
  #lanes;

  /** @param {Credential} credential @param {number} lanes tokens wanted, 1 to 16
   * @param {import('./primitives.js').KeyPair} [ephemeral] for tests */
  constructor(credential, lanes, ephemeral) {
    this.#credential = credential;
    this.#lanes = lanes;
    const { privateKey, publicKey, identity, locator, secret } = credential;
    const prologue = concat(utf8('SkeyM/1 login'), locator);
    const party = { privateKey, publicKey, identity, psk: secret, prologue };
    this.#handshake = new Handshake(party, ephemeral);
  }

  /** @param {number} timeMs as the server would say it
   * @param {Bytes} [scopes] a list in bytes (3.2); without it, all that were granted
   * @returns {Promise<Bytes>} the body */
  async start(timeMs, scopes = u8(0)) {
    const { audience, locator } = this.#credential;
    const name = utf8(audience);
    const noSecondFactor = u8(0);
    const payload = concat(
      u48(timeMs), u8(name.length), name, u8(this.#lanes), scopes, noSecondFactor,
    );
    const message = await this.#handshake.start(payload);
    return concat(VERSION, u16(locator.length), locator, message);
  }

  /** @param {Bytes} message message 2 @returns {Promise<LoginAnswer>} */
  async finish(message) {
    const { payload, secrets } = await this.#handshake.finish(message, firstSecrets(this.#lanes));
    try {
      const answer = readPayload(payload, secrets);
      if (answer.clock) wipe(...secrets);
      return answer;
    } catch (error) {
      wipe(...secrets);
      throw error;
    } finally {
      wipe(payload); // may hold a renewed C_i; what was read are copies
    }
  }

  /** Without an answer. */
  wipe() {
    this.#handshake.wipe();
  }
}
