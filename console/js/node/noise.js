// SPDX-License-Identifier: Apache-2.0
// Noise_IKpsk1_25519_AESGCM_SHA256, the initiator's side (Noise revision 34; docs/PROTOCOL.md, 6).
// The transport keys that would follow are not used.
import { concat, u8, utf8, wipe } from './bytes.js';
import { SkeymError } from './errors.js';
import { IV, hmac, keyPair, open, seal, sha256, x25519 } from './primitives.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./primitives.js').KeyPair} KeyPair */

const NAME = utf8('Noise_IKpsk1_25519_AESGCM_SHA256'); // 32 bytes, so it is the first h as it is
const KEY = 32;

/** Noise's SymmetricState. Each key seals once here, so its counter is always 0. SECRET. */
export class Symmetric {
  h = NAME.slice();
  ck = NAME.slice();
  k = new Uint8Array(KEY);

  /** @param {Bytes} bytes */
  async mixHash(bytes) {
    this.h = await sha256(concat(this.h, bytes));
  }

  /** HKDF of Noise, 4.3. @param {Bytes} input @param {number} count @returns {Promise<Bytes[]>} */
  async #hkdf(input, count) {
    const prk = await hmac(this.ck, input);
    const out = [];
    let last = new Uint8Array(0);
    for (let i = 1; i <= count; i++) {
      last = await hmac(prk, concat(last, u8(i)));
      out.push(last);
    }
    wipe(prk, this.ck, this.k);
    return out;
  }

  /** @param {Bytes} input */
  async mixKey(input) {
    [this.ck, this.k] = await this.#hkdf(input, 2);
  }

  /** @param {Bytes} input */
  async mixKeyAndHash(input) {
    const [ck, h, k] = await this.#hkdf(input, 3);
    [this.ck, this.k] = [ck, k];
    await this.mixHash(h);
  }

  /** @param {Bytes} plain @returns {Promise<Bytes>} */
  async encryptAndHash(plain) {
    const sealed = await seal(this.k, new Uint8Array(IV), this.h, plain);
    await this.mixHash(sealed);
    return sealed;
  }

  /** @param {Bytes} sealed @returns {Promise<Bytes>} */
  async decryptAndHash(sealed) {
    const plain = await open(this.k, new Uint8Array(IV), this.h, sealed);
    await this.mixHash(sealed);
    return plain;
  }

  wipe() {
    wipe(this.h, this.ck, this.k);
  }
}

/**
 * @typedef {object} Party
 * @property {CryptoKey} privateKey       the node's static pair
 * @property {Bytes} publicKey
 * @property {Bytes} identity             S
 * @property {Bytes} psk                  SECRET
 * @property {Bytes} prologue
 */

/** One handshake: `start` once, then `finish` once. Whatever fails, its secrets are wiped. */
export class Handshake {
  #state = new Symmetric();
  #party;
  /** @type {KeyPair | undefined} */ #ephemeral;

  /** @param {Party} party @param {KeyPair} [ephemeral] for tests; else a fresh one */
  constructor(party, ephemeral) {
    this.#party = party;
    this.#ephemeral = ephemeral;
  }

  /** @param {CryptoKey} privateKey @param {Bytes} publicKey */
  async #mixProduct(privateKey, publicKey) {
    const product = await x25519(privateKey, publicKey);
    await this.#state.mixKey(product);
    wipe(product);
  }

  /** With a psk an `e` also goes into the key (Noise, 9.2). @param {Bytes} publicKey */
  async #mixEphemeral(publicKey) {
    await this.#state.mixHash(publicKey);
    await this.#state.mixKey(publicKey);
  }

  /** @param {Bytes} payload @returns {Promise<Bytes>} message 1 */
  async start(payload) {
    const state = this.#state;
    const { privateKey, publicKey, identity, psk, prologue } = this.#party;
    this.#ephemeral ??= await keyPair();
    try {
      await state.mixHash(prologue);
      await state.mixHash(identity);
      await this.#mixEphemeral(this.#ephemeral.publicKey);
      await this.#mixProduct(this.#ephemeral.privateKey, identity);
      const key = await state.encryptAndHash(publicKey);
      await this.#mixProduct(privateKey, identity);
      await state.mixKeyAndHash(psk);
      return concat(this.#ephemeral.publicKey, key, await state.encryptAndHash(payload));
    } catch (error) {
      this.wipe();
      throw error;
    }
  }

  /**
   * @param {Bytes} message message 2
   * @param {(ck: Bytes, h: Bytes) => Promise<Bytes[]>} derive  from ck and h as they are just before
   *     the payload is opened; what it returns counts only when the payload opens
   * @returns {Promise<{payload: Bytes, secrets: Bytes[]}>}
   */
  async finish(message, derive = async () => []) {
    const state = this.#state;
    /** @type {Bytes[]} */ let secrets = [];
    try {
      if (!this.#ephemeral) throw new SkeymError('usage', 'not started, or ended');
      const theirs = message.slice(0, KEY);
      await this.#mixEphemeral(theirs);
      await this.#mixProduct(this.#ephemeral.privateKey, theirs);
      await this.#mixProduct(this.#party.privateKey, theirs);
      secrets = await derive(state.ck, state.h);
      return { payload: await state.decryptAndHash(message.slice(KEY)), secrets };
    } catch (error) {
      wipe(...secrets);
      throw error;
    } finally {
      this.wipe();
    }
  }

  wipe() {
    this.#state.wipe();
    this.#ephemeral = undefined;
  }
}
