// SPDX-License-Identifier: Apache-2.0
// The token (PROTOCOL.md §7). Only a server makes or opens one; to a node it is a sealed box.
import { concat, need, Reader, u32, u8 } from './bytes.mjs';
import { decodeTokenClaims, encodeTokenClaims } from './claims.mjs';
import { epochAt } from './keys.mjs';
import { VERSION } from './locator.mjs';
import { NONCE_BYTES, random, xaesOpen, xaesSeal } from './primitives.mjs';

/** @typedef {import('./claims.mjs').TokenClaims} TokenClaims */

/** @param {Uint8Array} key K_{e,a} @param {number} epoch @param {string} audience
 * @param {TokenClaims} claims @param {Uint8Array} [nonce] @returns {Promise<Uint8Array>} */
export async function sealToken(key, epoch, audience, claims, nonce = random(NONCE_BYTES)) {
  const head = concat(u8(VERSION), u32(epoch));
  return concat(
    head,
    nonce,
    await xaesSeal(key, nonce, encodeTokenClaims(claims), concat(head, audience)),
  );
}

/** The epoch a token is from. @param {Uint8Array} token */
export function tokenEpoch(token) {
  const reader = new Reader(token);
  need(reader.u8() === VERSION, 'version', 'a token of another version');
  return reader.u32();
}

/** @param {Uint8Array} key K_{e,a} @param {string} audience @param {Uint8Array} token
 * @returns {Promise<TokenClaims>} */
export async function openToken(key, audience, token) {
  tokenEpoch(token);
  const reader = new Reader(token);
  const [head, nonce, sealed] = [reader.take(5), reader.take(NONCE_BYTES), reader.rest()];
  return decodeTokenClaims(await xaesOpen(key, nonce, sealed, concat(head, audience)));
}

/** What a data server asks of a token before anything else (§8.3: version, epoch, unseal, time).
 * @param {(epoch: number) => Uint8Array | undefined} keyOf K_{e,a} of an epoch
 * @param {string} audience @param {Uint8Array} token
 * @param {{ now: number, epochLength: number }} when now in ms, epochLength in s */
export async function judgeToken(keyOf, audience, token, { now, epochLength }) {
  const age = epochAt(now / 1000, epochLength) - tokenEpoch(token);
  const key = age === 0 || age === 1 ? keyOf(tokenEpoch(token)) : undefined;
  need(key, 'epoch', 'neither of this epoch nor of the one before');
  const claims = await openToken(key, audience, token);
  need(tokenIsValidAt(claims, now), 'time', 'not valid now');
  return claims;
}

/** Whether a token is valid at a time. @param {TokenClaims} claims @param {number} now in ms */
export function tokenIsValidAt({ issued, lifetime, loginDeadline }, now) {
  return now >= issued && now < issued + 1000 * lifetime && now < 1000 * loginDeadline;
}

/** The id of a token in the used-before table (§9). @param {Uint8Array} token */
export function tokenId(token) {
  return token.slice(5, 13);
}
