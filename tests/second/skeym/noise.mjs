// SPDX-License-Identifier: Apache-2.0
// Noise_IKpsk1_25519_AESGCM_SHA256 (Noise revision 34), both sides, up to the end of the handshake:
//   <- s
//   ...
//   -> e, es, s, ss, psk
//   <- e, ee, se
import { concat, need, Reader, toBytes } from './bytes.mjs';
import { gcmOpen, gcmSeal, hmac, keyPair, sha256, TAG_BYTES, x25519 } from './primitives.mjs';

/** @typedef {import('./primitives.mjs').KeyPair} KeyPair */
/** @typedef {{ prologue: Uint8Array, psk: Uint8Array, s: KeyPair, e?: KeyPair,
 *   trace?: Trace }} Given
 * s: the own static pair; e: an ephemeral pair, for tests only */
/** @typedef {{ h: Uint8Array, ck: Uint8Array, k: Uint8Array }} Step k: zeros when there is none
 * @typedef {(after: string, step: Step) => void} Trace
 * is told the state after each step; for tests only */
/** @typedef {Given & { rs: Uint8Array }} InitiatorGiven rs: the authority's public key */

const NAME = 'Noise_IKpsk1_25519_AESGCM_SHA256'; // 32 bytes: it is h itself, not hashed (§5.2)

/** HKDF of Noise §4.3.
 * @param {Uint8Array} ck @param {Uint8Array} material @param {number} outputs 2 or 3 */
async function hkdf(ck, material, outputs) {
  const temp = await hmac(ck, material);
  const out = [await hmac(temp, Uint8Array.of(1))];
  while (out.length < outputs)
    out.push(await hmac(temp, concat(out[out.length - 1], Uint8Array.of(out.length + 1))));
  return out;
}

/** The SymmetricState of Noise §5.2 with the CipherState of §5.1 in it. */
class Symmetric {
  /** @type {Uint8Array} */ ck = toBytes(NAME);
  /** @type {Uint8Array} */ h = toBytes(NAME);
  /** @type {Uint8Array | undefined} */ #key;
  #n = 0;
  /** @type {Trace | undefined} */ #trace;

  /** @param {Trace} [trace] */
  constructor(trace) {
    this.#trace = trace;
  }

  /** @param {string} after */
  step(after) {
    const { h, ck } = this;
    this.#trace?.(after, { h, ck, k: this.#key ?? new Uint8Array(32) });
  }

  /** @param {Uint8Array} data */
  async mixHash(data) {
    this.h = await sha256(concat(this.h, data));
  }

  /** @param {Uint8Array} material */
  async mixKey(material) {
    [this.ck, this.#key] = await hkdf(this.ck, material, 2);
    this.#n = 0;
  }

  /** The `psk` token: MixKeyAndHash. @param {Uint8Array} psk */
  async mixPsk(psk) {
    const [ck, hash, key] = await hkdf(this.ck, psk, 3);
    [this.ck, this.#key, this.#n] = [ck, key, 0];
    await this.mixHash(hash);
    this.step('psk');
  }

  /** AESGCM's nonce: 32 zero bits and n as u64 big-endian (§12.4). */
  #nonce() {
    const nonce = new Uint8Array(12);
    nonce[11] = this.#n++; // a handshake never counts far
    return nonce;
  }

  #keyNow() {
    need(this.#key, 'state', 'no key yet');
    return this.#key;
  }

  /** EncryptAndHash. @param {string} name @param {Uint8Array} plaintext */
  async seal(name, plaintext) {
    const sealed = await gcmSeal(this.#keyNow(), this.#nonce(), plaintext, this.h);
    await this.mixHash(sealed);
    this.step(name);
    return sealed;
  }

  /** DecryptAndHash. @param {string} name @param {Uint8Array} sealed */
  async open(name, sealed) {
    const plaintext = await gcmOpen(this.#keyNow(), this.#nonce(), sealed, this.h);
    await this.mixHash(sealed);
    this.step(name);
    return plaintext;
  }

  /** A token of two letters. @param {string} name @param {Promise<Uint8Array>} product */
  async mixDh(name, product) {
    await this.mixKey(await product);
    this.step(name);
  }

  /** An `e` token: with a psk it is also mixed into the key (§9.2).
   * @param {Uint8Array} publicKey */
  async mixEphemeral(publicKey) {
    await this.mixHash(publicKey);
    await this.mixKey(publicKey);
    this.step('e');
  }
}

/** @param {Given} given @param {Uint8Array} responderStatic */
async function start({ prologue, trace }, responderStatic) {
  const state = new Symmetric(trace);
  await state.mixHash(prologue);
  state.step('prologue');
  await state.mixHash(responderStatic);
  state.step("authority's public key");
  return state;
}

/** What both sides have just before payload 2 is encrypted, and the hash at the end.
 * @typedef {{ ck: Uint8Array, h: Uint8Array }} Secrets */

/** The node's side: `writeMessage1`, then `readMessage2`. */
export class Initiator {
  /** @type {Symmetric} */ #state;
  /** @type {InitiatorGiven} */ #given;

  /** @param {InitiatorGiven} given */
  constructor(given) {
    this.#given = { ...given };
  }

  /** @param {Uint8Array} payload @returns {Promise<Uint8Array>} */
  async writeMessage1(payload) {
    const { psk, s, rs } = this.#given;
    const e = (this.#given.e ??= await keyPair());
    const state = (this.#state = await start(this.#given, rs));
    await state.mixEphemeral(e.publicKey);
    await state.mixDh('es', x25519(e.privateKey, rs));
    const sealedStatic = await state.seal('s', s.publicKey);
    await state.mixDh('ss', x25519(s.privateKey, rs));
    await state.mixPsk(psk);
    return concat(e.publicKey, sealedStatic, await state.seal('payload 1', payload));
  }

  /** @param {Uint8Array} message
   * @returns {Promise<{ payload: Uint8Array, secrets: Secrets, handshakeHash: Uint8Array }>} */
  async readMessage2(message) {
    const { s, e } = this.#given;
    need(e, 'state', 'message 1 comes first');
    const state = this.#state;
    const reader = new Reader(message);
    const re = reader.take(32);
    await state.mixEphemeral(re);
    await state.mixDh('ee', x25519(e.privateKey, re));
    await state.mixDh('se', x25519(s.privateKey, re));
    const secrets = { ck: state.ck, h: state.h };
    return {
      payload: await state.open('payload 2', reader.rest()),
      secrets,
      handshakeHash: state.h,
    };
  }
}

/** The authority's side: `readMessage1`, then `writeMessage2`. */
export class Responder {
  /** @type {Symmetric} */ #state;
  /** @type {Given} */ #given;
  /** @type {{ re: Uint8Array, rs: Uint8Array }} */ #peer;

  /** @param {Given} given */
  constructor(given) {
    this.#given = { ...given };
  }

  /** @param {Uint8Array} message
   * @returns {Promise<{ payload: Uint8Array, initiatorStatic: Uint8Array }>} */
  async readMessage1(message) {
    const { psk, s } = this.#given;
    const reader = new Reader(message);
    const re = reader.take(32);
    const state = (this.#state = await start(this.#given, s.publicKey));
    await state.mixEphemeral(re);
    await state.mixDh('es', x25519(s.privateKey, re));
    const rs = await state.open('s', reader.take(32 + TAG_BYTES));
    await state.mixDh('ss', x25519(s.privateKey, rs));
    await state.mixPsk(psk);
    this.#peer = { re, rs };
    return { payload: await state.open('payload 1', reader.rest()), initiatorStatic: rs };
  }

  /** @param {Uint8Array} payload
   * @returns {Promise<{ message: Uint8Array, secrets: Secrets, handshakeHash: Uint8Array }>} */
  async writeMessage2(payload) {
    need(this.#peer, 'state', 'message 1 comes first');
    const { re, rs } = this.#peer;
    const state = this.#state;
    const e = this.#given.e ?? (await keyPair());
    await state.mixEphemeral(e.publicKey);
    await state.mixDh('ee', x25519(e.privateKey, re));
    await state.mixDh('se', x25519(e.privateKey, rs));
    const secrets = { ck: state.ck, h: state.h };
    return {
      message: concat(e.publicKey, await state.seal('payload 2', payload)),
      secrets,
      handshakeHash: state.h,
    };
  }
}
