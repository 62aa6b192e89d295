// SPDX-License-Identifier: Apache-2.0
// The primitives of PROTOCOL.md §3 over WebCrypto: the same calls in a browser and in Node.
import { concat, need, refuse, SkeymError } from './bytes.mjs';

/** @type {Crypto} */
export const webcrypto = globalThis.crypto ?? (await import('node:crypto')).webcrypto;
const { subtle } = webcrypto;

export const NONCE_BYTES = 24;
export const TAG_BYTES = 16;

/** @param {number} size @returns {Uint8Array} */
export function random(size) {
  return webcrypto.getRandomValues(new Uint8Array(size));
}

/** @param {Uint8Array} bytes */
export async function sha256(bytes) {
  return new Uint8Array(await subtle.digest('SHA-256', bytes));
}

/** HMAC-SHA-256. @param {Uint8Array} key @param {Uint8Array} bytes */
export async function hmac(key, bytes) {
  const handle = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  return new Uint8Array(await subtle.sign('HMAC', handle, bytes));
}

/** HKDF-Expand (RFC 5869 §2.3). WebCrypto's own HKDF cannot leave out the extract step, so this is
 * written over HMAC.
 * @param {Uint8Array} key @param {Uint8Array | string} info @param {number} size */
export async function hkdfExpand(key, info, size) {
  need(size <= 255 * 32, 'range', 'HKDF gives at most 8160 bytes');
  let out = new Uint8Array(0);
  let last = out;
  for (let n = 1; out.length < size; n++) {
    last = await hmac(key, concat(last, info, Uint8Array.of(n)));
    out = concat(out, last);
  }
  return out.slice(0, size);
}

/** AES-256-GCM: ciphertext || tag.
 * @param {Uint8Array} key @param {Uint8Array} iv 12 bytes
 * @param {Uint8Array} plaintext @param {Uint8Array} aad */
export async function gcmSeal(key, iv, plaintext, aad) {
  const handle = await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
  return new Uint8Array(
    await subtle.encrypt({ name: 'AES-GCM', iv, additionalData: aad }, handle, plaintext),
  );
}

/** @param {Uint8Array} key @param {Uint8Array} iv 12 bytes
 * @param {Uint8Array} sealed @param {Uint8Array} aad */
export async function gcmOpen(key, iv, sealed, aad) {
  need(sealed.length >= TAG_BYTES, 'size', 'shorter than its tag');
  const handle = await subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
  try {
    return new Uint8Array(
      await subtle.decrypt({ name: 'AES-GCM', iv, additionalData: aad }, handle, sealed),
    );
  } catch {
    return refuse('unseal', 'does not open');
  }
}

/** AES of one block. WebCrypto has no ECB; the first block of CBC with a zero IV is the same.
 * @param {CryptoKey} key @param {Uint8Array} block 16 bytes */
async function aesBlock(key, block) {
  const chained = await subtle.encrypt({ name: 'AES-CBC', iv: new Uint8Array(16) }, key, block);
  return new Uint8Array(chained, 0, 16);
}

/** L << 1 in the field of CMAC. @param {Uint8Array} block @returns {Uint8Array} */
function doubled(block) {
  const out = block.map((byte, i) => (byte << 1) | ((block[i + 1] ?? 0) >> 7));
  if (block[0] & 0x80) out[15] ^= 0x87;
  return out;
}

/** The values on the way from (K, N) to the AES-256-GCM key: L, K1 and Kx.
 * @param {Uint8Array} key 32 bytes @param {Uint8Array} nonce 24 bytes */
export async function xaesDerive(key, nonce) {
  need(
    key.length === 32 && nonce.length === NONCE_BYTES,
    'size',
    'XAES-256-GCM has 32 and 24 bytes',
  );
  const handle = await subtle.importKey('raw', key, 'AES-CBC', false, ['encrypt']);
  const L = await aesBlock(handle, new Uint8Array(16));
  const K1 = doubled(L);
  const half = (/** @type {number} */ n) => {
    const block = concat(Uint8Array.of(0, n, 0x58, 0), nonce.subarray(0, 12));
    return aesBlock(
      handle,
      block.map((byte, i) => byte ^ K1[i]),
    );
  };
  return { L, K1, Kx: concat(await half(1), await half(2)) };
}

/** @param {Uint8Array} key @param {Uint8Array} nonce 24 bytes
 * @param {Uint8Array} plaintext @param {Uint8Array} aad */
export async function xaesSeal(key, nonce, plaintext, aad) {
  const { Kx } = await xaesDerive(key, nonce);
  return gcmSeal(Kx, nonce.subarray(12), plaintext, aad);
}

/** @param {Uint8Array} key @param {Uint8Array} nonce 24 bytes
 * @param {Uint8Array} sealed @param {Uint8Array} aad */
export async function xaesOpen(key, nonce, sealed, aad) {
  const { Kx } = await xaesDerive(key, nonce);
  return gcmOpen(Kx, nonce.subarray(12), sealed, aad);
}

/** PrivateKeyInfo of an X25519 key up to its 32 bytes (RFC 8410 §7). */
const PKCS8_X25519 = Uint8Array.of(
  0x30,
  0x2e,
  2,
  1,
  0,
  0x30,
  5,
  6,
  3,
  0x2b,
  0x65,
  0x6e,
  4,
  0x22,
  4,
  0x20,
);
const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(31));

/** X25519; an all-zero result is refused (RFC 7748 §6.1).
 * @param {Uint8Array} privateKey 32 bytes @param {Uint8Array} publicKey 32 bytes */
export async function x25519(privateKey, publicKey) {
  need(privateKey.length === 32 && publicKey.length === 32, 'size', 'X25519 keys have 32 bytes');
  const mine = await subtle.importKey('pkcs8', concat(PKCS8_X25519, privateKey), 'X25519', false, [
    'deriveBits',
  ]);
  const theirs = await subtle.importKey('raw', publicKey, 'X25519', false, []);
  let shared;
  try {
    shared = new Uint8Array(await subtle.deriveBits({ name: 'X25519', public: theirs }, mine, 256));
  } catch {
    throw new SkeymError('key', 'this public key has no X25519 product');
  }
  need(
    shared.some((byte) => byte !== 0),
    'key',
    'an all-zero X25519 product',
  );
  return shared;
}

/** @typedef {{ privateKey: Uint8Array, publicKey: Uint8Array }} KeyPair */

/** The pair of a private key (a fresh one unless given).
 * @param {Uint8Array} [privateKey] @returns {Promise<KeyPair>} */
export async function keyPair(privateKey = random(32)) {
  return { privateKey, publicKey: await x25519(privateKey, BASE_POINT) };
}
