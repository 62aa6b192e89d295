// SPDX-License-Identifier: Apache-2.0
// WebCrypto, narrowed to what docs/PROTOCOL.md (3) names. Keys and outputs are of 32 bytes.
import { concat, u8, wipe } from './bytes.js';
import { SkeymError } from './errors.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {{privateKey: CryptoKey, publicKey: Bytes}} KeyPair */

const HASH = 32;
export const TAG = 16;
export const IV = 12;

const subtle = () => {
  // Absent outside of a secure context: plain HTTP that is not loopback.
  if (!globalThis.crypto?.subtle) throw new SkeymError('unsupported', 'no WebCrypto here');
  return globalThis.crypto.subtle;
};

/** @param {number} size @returns {Bytes} */
export const random = (size) => globalThis.crypto.getRandomValues(new Uint8Array(size));

/** @param {Bytes} bytes @returns {Promise<Bytes>} */
export const sha256 = async (bytes) => new Uint8Array(await subtle().digest('SHA-256', bytes));

/** @param {Bytes} key @param {Bytes} bytes @returns {Promise<Bytes>} */
export async function hmac(key, bytes) {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const handle = await subtle().importKey('raw', key, algorithm, false, ['sign']);
  return new Uint8Array(await subtle().sign('HMAC', handle, bytes));
}

/** RFC 5869, 2.3; WebCrypto's own HKDF always extracts first.
 * @param {Bytes} prk @param {Bytes} info @param {number} size @returns {Promise<Bytes>} */
export async function hkdfExpand(prk, info, size) {
  const out = new Uint8Array(size);
  let block = new Uint8Array(0);
  for (let i = 1, at = 0; at < size; i++, at += HASH) {
    const input = concat(block, info, u8(i));
    const next = await hmac(prk, input);
    wipe(block, input);
    block = next;
    out.set(block.subarray(0, Math.min(HASH, size - at)), at);
  }
  wipe(block);
  return out;
}

// --- X25519 ---------------------------------------------------------------------

/** A pair whose private half never leaves WebCrypto. @returns {Promise<KeyPair>} */
export async function keyPair() {
  let pair;
  try {
    pair = await subtle().generateKey({ name: 'X25519' }, false, ['deriveBits']);
  } catch (cause) {
    throw new SkeymError('unsupported', 'no X25519 in this browser', { cause });
  }
  const { privateKey, publicKey } = /** @type {CryptoKeyPair} */ (pair);
  return { privateKey, publicKey: new Uint8Array(await subtle().exportKey('raw', publicKey)) };
}

/** Engines differ on a peer's key of low order: some throw, some give zeros. Both are 'key' here.
 * @param {CryptoKey} privateKey @param {Bytes} publicKey @returns {Promise<Bytes>} SECRET */
export async function x25519(privateKey, publicKey) {
  let shared;
  try {
    const peer = await subtle().importKey('raw', publicKey, { name: 'X25519' }, false, []);
    const bits = await subtle().deriveBits({ name: 'X25519', public: peer }, privateKey, 256);
    shared = new Uint8Array(bits);
  } catch (cause) {
    throw new SkeymError('key', 'no shared secret with this key', { cause });
  }
  if (shared.every((byte) => byte === 0)) throw new SkeymError('key', 'a shared secret of zeros');
  return shared;
}

// --- AES-256-GCM; what is sealed ends in the tag -----------------------------------

/** @param {Bytes} key @param {KeyUsage} use */
const aesKey = (key, use) => subtle().importKey('raw', key, 'AES-GCM', false, [use]);

/** @param {Bytes | CryptoKey} key @param {Bytes} iv @param {Bytes} aad @param {Bytes} plain
 * @returns {Promise<Bytes>} */
export async function seal(key, iv, aad, plain) {
  const handle = key instanceof Uint8Array ? await aesKey(key, 'encrypt') : key;
  const how = { name: 'AES-GCM', iv, additionalData: aad, tagLength: 8 * TAG };
  return new Uint8Array(await subtle().encrypt(how, handle, plain));
}

/** @param {Bytes | CryptoKey} key @param {Bytes} iv @param {Bytes} aad @param {Bytes} sealed
 * @returns {Promise<Bytes>} */
export async function open(key, iv, aad, sealed) {
  const handle = key instanceof Uint8Array ? await aesKey(key, 'decrypt') : key;
  const how = { name: 'AES-GCM', iv, additionalData: aad, tagLength: 8 * TAG };
  try {
    return new Uint8Array(await subtle().decrypt(how, handle, sealed));
  } catch (cause) {
    throw new SkeymError('seal', 'does not open', { cause });
  }
}

// --- keys that unlock a store --------------------------------------------------------

/** The passphrase in its composed form, so that another keyboard gives the same key.
 * @param {string} passphrase @param {Bytes} salt @param {number} rounds */
export async function passphraseKey(passphrase, salt, rounds) {
  const bytes = new TextEncoder().encode(passphrase.normalize('NFC'));
  const base = await subtle().importKey('raw', bytes, 'PBKDF2', false, ['deriveKey']);
  wipe(bytes);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds };
  const what = { name: 'AES-GCM', length: 256 };
  return subtle().deriveKey(how, base, what, false, ['encrypt', 'decrypt']);
}

/** @param {Bytes} prf a passkey's PRF output @param {Bytes} salt @param {Bytes} info */
export async function prfKey(prf, salt, info) {
  const base = await subtle().importKey('raw', prf, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt, info };
  const what = { name: 'AES-GCM', length: 256 };
  return subtle().deriveKey(how, base, what, false, ['encrypt', 'decrypt']);
}
