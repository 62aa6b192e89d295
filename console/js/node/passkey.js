// SPDX-License-Identifier: Apache-2.0
// A passkey whose PRF opens the store (WebAuthn, extension "prf"). It is never sent anywhere: the
// authenticator turns a salt into 32 bytes, on this machine, after its own check of the user.
import { SkeymError } from './errors.js';
import { random } from './primitives.js';

/** @typedef {import('./types.js').PasskeyHint} PasskeyHint */
/** @typedef {import('./bytes.js').Bytes} Bytes */

const BYTES = 32;

/** Whether it is worth offering. Whether the authenticator can do it shows only when it is asked. */
export function passkeyPossible() {
  return typeof globalThis.PublicKeyCredential === 'function' && !!globalThis.navigator?.credentials;
}

/** @param {unknown} cause @returns {never} */
function refuse(cause) {
  throw new SkeymError('unsupported', 'no passkey with PRF', { cause });
}

/** @param {PasskeyHint} hint @returns {Promise<Bytes>} SECRET */
export async function askPasskey({ credentialId, salt }) {
  if (!passkeyPossible()) refuse('absent');
  const options = {
    challenge: random(BYTES), // nobody checks the signature: only the PRF's output counts
    allowCredentials: [{ type: 'public-key', id: credentialId }],
    userVerification: 'required',
    extensions: { prf: { eval: { first: salt } } },
  };
  let found;
  try {
    found = await navigator.credentials.get({ publicKey: /** @type {any} */ (options) });
  } catch (cause) {
    refuse(cause);
  }
  const first = /** @type {any} */ (found)?.getClientExtensionResults?.().prf?.results?.first;
  if (!first || first.byteLength !== BYTES) refuse('no output');
  return new Uint8Array(first);
}

/** Makes one and asks it once. @param {string} label what the system shows
 * @returns {Promise<{hint: PasskeyHint, prf: Bytes}>} */
export async function makePasskey(label) {
  if (!passkeyPossible()) refuse('absent');
  const options = {
    challenge: random(BYTES),
    rp: { name: 'SkeyM' },
    user: { id: random(16), name: label, displayName: label },
    pubKeyCredParams: [
      { type: 'public-key', alg: -7 },
      { type: 'public-key', alg: -257 },
    ],
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    extensions: { prf: {} },
  };
  let made;
  try {
    made = await navigator.credentials.create({ publicKey: /** @type {any} */ (options) });
  } catch (cause) {
    refuse(cause);
  }
  if (!(/** @type {any} */ (made)?.getClientExtensionResults?.().prf?.enabled)) refuse('no PRF');
  const credentialId = new Uint8Array(/** @type {any} */ (made).rawId);
  const hint = { credentialId, salt: random(BYTES) };
  return { hint, prf: await askPasskey(hint) };
}
