// SPDX-License-Identifier: Apache-2.0
// Enrolment over the network by a one-time invitation (docs/PROTOCOL.md, 5.1).
import { Reader, b64, concat, refuse, same, text, u16, u48, u8, unb64, utf8, wipe } from './bytes.js';
import { readClaims } from './claims.js';
import { SkeymError, isCode } from './errors.js';
import { LOCATOR_MOST } from './login.js';
import { Handshake } from './noise.js';
import { Pauses } from './pauses.js';
import { hkdfExpand, hmac, sha256 } from './primitives.js';
import { backoff, post, refusal } from './transport.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./types.js').Credential} Credential */
/** @typedef {import('./types.js').Invitation} Invitation */
/** @typedef {import('./types.js').Opener} Opener */
/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./primitives.js').KeyPair} KeyPair */

const ENROL_TARGET = '/skeym/v1/enrol';
const ENROL_TYPE = 'application/skeym-enrol';
const VERSION = 1;
const KEY = 32;
const ONE_TIME = 16;
const INVITATION_MOST = 637;
const CODE_CHARS_MOST = 962;
const CLAIMS_MOST = 624;
const AUDIENCE = /^[a-z0-9.-]{1,32}$/;
const GRANTED = 0;
const CLOCK = 1;
const TRIES = 5;
const TIMEOUT_MS = 20_000;

/** @param {Reader} reader @param {number} most */
function sized(reader, most) {
  const size = reader.u16();
  if (size === 0 || size > most) refuse('a size out of range');
  return reader.take(size);
}

/** @param {string} code from the link's fragment; white space around it does no harm
 * @returns {Invitation} */
export function parseInvitation(code) {
  const chars = code.trim();
  if (chars.length > CODE_CHARS_MOST) refuse('too long for a code');
  const bytes = unb64(chars);
  const reader = new Reader(bytes);
  if (reader.u8() !== VERSION) refuse('a code of another version');
  const identity = reader.take(KEY);
  const secret = reader.take(ONE_TIME);
  const audience = text(reader.take(reader.u8()));
  if (!AUDIENCE.test(audience)) refuse('no audience');
  const invitation = sized(reader, INVITATION_MOST);
  reader.end();
  wipe(bytes);
  return { identity, secret, audience, invitation };
}

/**
 * @typedef {{clock: true, serverMs: number} | {clock: false, serverMs: number, locator: Bytes,
 *   secret: Bytes, claims: Bytes}} EnrolAnswer
 */

/** One enrolment: `start`, send, `finish`. */
export class Enrolment {
  #invitation;
  #pair;
  /** @type {Handshake | undefined} */ #handshake;

  /** @param {Invitation} invitation @param {KeyPair} pair the node's own */
  constructor(invitation, pair) {
    this.#invitation = invitation;
    this.#pair = pair;
  }

  /** @param {number} timeMs @param {KeyPair} [ephemeral] for tests @returns {Promise<Bytes>} the body */
  async start(timeMs, ephemeral) {
    const { identity, secret, invitation } = this.#invitation;
    const extracted = await hmac(invitation, secret);
    const psk = await hkdfExpand(extracted, utf8('skeym/1 invitation psk'), KEY);
    const prologue = concat(utf8('SkeyM/1 enrol'), invitation);
    this.#handshake = new Handshake({ ...this.#pair, identity, psk, prologue }, ephemeral);
    const message = await this.#handshake.start(u48(timeMs));
    wipe(extracted, psk);
    return concat(u8(VERSION), u16(invitation.length), invitation, message);
  }

  /** @param {Bytes} message message 2 @returns {Promise<EnrolAnswer>} */
  async finish(message) {
    if (!this.#handshake) throw new SkeymError('usage', 'not started');
    const { payload } = await this.#handshake.finish(message);
    const reader = new Reader(payload);
    const kind = reader.u8();
    const serverMs = reader.u48();
    if (kind === CLOCK) {
      reader.end();
      return { clock: true, serverMs };
    }
    if (kind !== GRANTED) refuse('an answer of an unknown kind');
    const locator = sized(reader, LOCATOR_MOST);
    const secret = reader.take(KEY);
    const claims = sized(reader, CLAIMS_MOST);
    reader.end();
    wipe(payload);
    if (!same(readClaims(claims).publicKey, this.#pair.publicKey)) refuse('claims of another key');
    return { clock: false, serverMs, locator, secret, claims };
  }
}

/**
 * @typedef {object} EnrolMore
 * @property {typeof fetch} [fetch]
 * @property {() => number} [now]
 * @property {Pauses} [pauses]
 */

/** One message 1 and its answer. @param {Invitation} invitation @param {KeyPair} pair
 * @param {string} origin @param {number} timeMs @param {typeof fetch} fetch */
async function ask(invitation, pair, origin, timeMs, fetch) {
  const enrolment = new Enrolment(invitation, pair);
  const body = await enrolment.start(timeMs);
  const fields = { 'Content-Type': ENROL_TYPE };
  const raw = await post(fetch, { url: origin + ENROL_TARGET, fields, body, timeoutMs: TIMEOUT_MS });
  if (raw.status !== 200) throw refusal(raw, 'handshake');
  if (raw.type !== ENROL_TYPE) throw new SkeymError('handshake', 'not the answer to an enrolment');
  try {
    return await enrolment.finish(raw.body);
  } catch (cause) {
    throw new SkeymError('handshake', 'not made by the authority', { cause });
  }
}

/** Asks until there is an answer: a lost one is given again to the same key.
 * @param {Invitation} invitation @param {KeyPair} pair @param {string} origin
 * @param {Required<EnrolMore>} more */
async function askUntilAnswered(invitation, pair, origin, { fetch, now, pauses }) {
  let offsetMs = 0;
  let corrected = false;
  for (let tries = 1; ; ) {
    try {
      const answer = await ask(invitation, pair, origin, now() + offsetMs, fetch);
      if (!answer.clock) return answer;
      if (corrected) throw new SkeymError('clock', 'our clock is wrong');
      corrected = true;
      offsetMs = answer.serverMs - now();
    } catch (error) {
      const again = ['network', 'timeout', 'busy'].some((code) => isCode(error, /** @type {any} */ (code)));
      if (!again || tries >= TRIES) throw error;
      const retryAfterS = error instanceof SkeymError ? error.retryAfterS : 0;
      await pauses.wait(Math.max(backoff(tries), retryAfterS * 1000));
      tries++;
    }
  }
}

/**
 * Makes a key pair, takes the invitation, keeps what came; the store is unlocked for it afterwards.
 * The pair is kept before anything is sent, and found again with the same code: a tab that closes in
 * between costs nothing. Errors: 'shape' (no code), 'refused' (used, expired, revoked: nobody says),
 * 'handshake' (not the authority of the code), 'clock', 'network', 'timeout', 'busy', 'usage' (a
 * passphrase that is too short), 'unsupported'.
 * @param {{origin: string, code: string} & Opener} how @param {Store} store @param {EnrolMore} [more]
 * @returns {Promise<Credential>}
 */
export async function enrolByInvitation({ origin, code, ...opener }, store, more = {}) {
  const { fetch = (...words) => globalThis.fetch(...words), now = () => Date.now() } = more;
  const { pauses = new Pauses() } = more;
  const invitation = parseInvitation(code);
  try {
    const place = await store.prepare(opener);
    const pendingId = b64(await sha256(invitation.invitation));
    const pair = await store.pendingPair(pendingId);
    const answer = await askUntilAnswered(invitation, pair, origin, { fetch, now, pauses });
    const { locator, secret, claims } = answer;
    const { identity, audience } = invitation;
    const credential = { id: place.id, origin, audience, identity, locator, secret, claims, ...pair };
    return await store.keep(place, credential, pendingId);
  } finally {
    wipe(invitation.secret);
  }
}
