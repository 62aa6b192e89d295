// SPDX-License-Identifier: Apache-2.0
// Enrolment over the network by an invitation (PROTOCOL.md §5.1): both sides.
import { b64, unb64 } from './base64url.mjs';
import { concat, equal, need, Reader, sized16, sized8, u16, u32, u48, u8 } from './bytes.mjs';
import {
  decodeInvitationClaims,
  decodeNodeClaims,
  encodeInvitationClaims,
  encodeNodeClaims,
} from './claims.mjs';
import { locatorKeyId, VERSION } from './locator.mjs';
import { Initiator, Responder } from './noise.mjs';
import {
  hkdfExpand,
  hmac,
  NONCE_BYTES,
  random,
  sha256,
  TAG_BYTES,
  xaesOpen,
  xaesSeal,
} from './primitives.mjs';
import { audienceName } from './scopes.mjs';

/** @typedef {import('./claims.mjs').InvitationClaims} InvitationClaims */
/** @typedef {import('./claims.mjs').NodeClaims} NodeClaims */
/** @typedef {import('./primitives.mjs').KeyPair} KeyPair */
/** @typedef {object} Code
 * @property {Uint8Array} authority S
 * @property {Uint8Array} secret SECRET, 16 bytes
 * @property {string} audience
 * @property {Uint8Array} invitation */
/** @typedef {object} Enrolled payload 2
 * @property {'granted'} kind
 * @property {number} serverTime in ms
 * @property {Uint8Array} locator
 * @property {Uint8Array} credential C_i, SECRET
 * @property {NodeClaims} claims */
/** @typedef {{ kind: 'clock', serverTime: number }} Clock */

export const ENROL_TARGET = '/skeym/v1/enrol';
export const ENROL_TYPE = 'application/skeym-enrol';
const MAX_BODY = 4096;
const MAX_INVITATION = 637;
const MIN_INVITATION = 5 + NONCE_BYTES + 16 + TAG_BYTES;
const [GRANTED, CLOCK] = [0, 1];

/** E_invite and E_secret of an enrol key. @param {Uint8Array} enrolKey 32 bytes */
export async function invitationKeys(enrolKey) {
  return {
    seal: await hkdfExpand(enrolKey, 'skeym/1 invitation seal', 32),
    once: await hkdfExpand(enrolKey, 'skeym/1 invitation secret', 32),
  };
}

/** @param {Uint8Array} sealKey E_invite @param {number} id of the enrol key
 * @param {InvitationClaims} claims @param {Uint8Array} [nonce] */
export async function sealInvitation(sealKey, id, claims, nonce = random(NONCE_BYTES)) {
  const head = concat(u8(VERSION), u32(id));
  return concat(head, nonce, await xaesSeal(sealKey, nonce, encodeInvitationClaims(claims), head));
}

/** @param {Uint8Array} sealKey E_invite @param {Uint8Array} invitation */
export async function openInvitation(sealKey, invitation) {
  locatorKeyId(invitation);
  const reader = new Reader(invitation);
  const [head, nonce, sealed] = [reader.take(5), reader.take(NONCE_BYTES), reader.rest()];
  return decodeInvitationClaims(await xaesOpen(sealKey, nonce, sealed, head));
}

/** @param {Uint8Array} onceKey E_secret @param {Uint8Array} invitation */
export async function secretOf(onceKey, invitation) {
  return hkdfExpand(onceKey, concat('skeym/1 one-time secret', await sha256(invitation)), 16);
}

/** @param {Uint8Array} secret @param {Uint8Array} invitation */
export async function pskOf(secret, invitation) {
  return hkdfExpand(await hmac(invitation, secret), 'skeym/1 invitation psk', 32);
}

/** The id: the nonce's first 16 bytes. @param {Uint8Array} invitation */
export const invitationId = (invitation) => invitation.slice(5, 21);

/** @param {Code} code @returns {string} */
export function encodeCode({ authority, secret, audience, invitation }) {
  need(authority.length === 32 && secret.length === 16, 'size', 'S has 32 bytes, the secret 16');
  return b64(
    concat(
      u8(VERSION),
      authority,
      secret,
      sized8(audienceName(audience)),
      sized16(invitation),
    ),
  );
}

/** @param {string} text @returns {Code} */
export function decodeCode(text) {
  const reader = new Reader(unb64(text));
  need(reader.u8() === VERSION, 'version', 'a code of another version');
  const [authority, secret] = [reader.take(32), reader.take(16)];
  const [audience, invitation] = [audienceName(reader.text8()), reader.bytes16()];
  reader.end();
  need(
    invitation.length >= MIN_INVITATION && invitation.length <= MAX_INVITATION,
    'range',
    'no invitation has this size',
  );
  return { authority, secret, audience, invitation };
}

/** @param {Uint8Array} invitation */
export const prologue = (invitation) => concat('SkeyM/1 enrol', invitation);

/** @param {Uint8Array} invitation @param {Uint8Array} message1 */
export function encodeEnrolment(invitation, message1) {
  const body = concat(u8(VERSION), u16(invitation.length), invitation, message1);
  need(body.length <= MAX_BODY, 'size', 'the body is too long');
  return body;
}

/** @param {Uint8Array} body @returns {{ invitation: Uint8Array, message1: Uint8Array }} */
export function decodeEnrolment(body) {
  need(body.length <= MAX_BODY, 'size', 'the body is too long');
  const reader = new Reader(body);
  need(reader.u8() === VERSION, 'version', 'an enrolment of another version');
  return { invitation: reader.bytes16(), message1: reader.rest() };
}

/** Payload 1: the time. @param {Uint8Array} bytes */
export function decodePayload1(bytes) {
  const reader = new Reader(bytes);
  const time = reader.u48();
  reader.end();
  return time;
}

/** @param {Enrolled | Clock} answer @returns {Uint8Array} */
export function encodePayload2(answer) {
  if (answer.kind === 'clock') return concat(u8(CLOCK), u48(answer.serverTime));
  const { serverTime, locator, credential, claims } = answer;
  const written = sized16(encodeNodeClaims(claims));
  return concat(u8(GRANTED), u48(serverTime), sized16(locator), credential, written);
}

/** @param {Uint8Array} bytes @param {Uint8Array} publicKey the node's own
 * @returns {Enrolled | Clock} */
export function decodePayload2(bytes, publicKey) {
  const reader = new Reader(bytes);
  const kind = reader.u8();
  need(kind === GRANTED || kind === CLOCK, 'shape', 'neither granted nor clock');
  const serverTime = reader.u48();
  /** @type {Enrolled | Clock} */
  let answer = { kind: 'clock', serverTime };
  if (kind === GRANTED) {
    const [locator, credential] = [reader.bytes16(), reader.take(32)];
    const claims = decodeNodeClaims(reader.bytes16());
    need(equal(claims.publicKey, publicKey), 'conflict', 'the claims are of another key');
    answer = { kind: 'granted', serverTime, locator, credential, claims };
  }
  reader.end();
  return answer;
}

/** The node's side of one enrolment: the body to send, and what to do with the answer's body.
 * @param {Code} code @param {KeyPair} pair the node's own, the same for each try
 * @param {{ time?: number, ephemeral?: KeyPair }} [how] ephemeral: for tests only */
export async function startEnrolment(code, pair, { time = Date.now(), ephemeral } = {}) {
  const { secret, invitation, authority } = code;
  const noise = new Initiator({
    prologue: prologue(invitation),
    psk: await pskOf(secret, invitation),
    s: pair,
    rs: authority,
    e: ephemeral,
  });
  const message1 = await noise.writeMessage1(u48(time));
  return {
    body: encodeEnrolment(invitation, message1),
    message1,
    /** @param {Uint8Array} message2 */
    finish: async (message2) =>
      decodePayload2((await noise.readMessage2(message2)).payload, pair.publicKey),
  };
}

/** The authority's side, up to its policy.
 * @param {Uint8Array} body
 * @param {(id: number) => Promise<{ seal: Uint8Array, once: Uint8Array }>} keysOf an enrol key
 * @param {{ s: KeyPair, e?: KeyPair }} own e: for tests only */
export async function receiveEnrolment(body, keysOf, own) {
  const { invitation, message1 } = decodeEnrolment(body);
  const { seal, once } = await keysOf(locatorKeyId(invitation));
  const claims = await openInvitation(seal, invitation);
  const psk = await pskOf(await secretOf(once, invitation), invitation);
  const responder = new Responder({ prologue: prologue(invitation), psk, ...own });
  const { payload, initiatorStatic } = await responder.readMessage1(message1);
  const time = decodePayload1(payload);
  return { time, claims, responder, publicKey: initiatorStatic };
}
