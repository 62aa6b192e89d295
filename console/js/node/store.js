// SPDX-License-Identifier: Apache-2.0
/*
 * Credentials at rest. The private key lies in IndexedDB as a CryptoKey that no script can read;
 * locator, C_i and the rest lie there sealed by AES-256-GCM, under a key from a passphrase
 * (PBKDF2-SHA-256) or from a passkey's PRF.
 *
 * What that gives. Bytes that a script copies out of IndexedDB hold no private key. A copy of the
 * browser's own files may hold one (some browsers write non-extractable keys as they are), but C_i,
 * without which no login succeeds, is only as far away as the passphrase.
 */
import { Reader, b64, concat, copy, refuse, text, u16, u8, utf8, wipe } from './bytes.js';
import { indexedDbBackend, memoryBackend } from './backend.js';
import { readClaims } from './claims.js';
import { SkeymError, isCode } from './errors.js';
import { IV, keyPair, open, passphraseKey, prfKey, random, seal } from './primitives.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./backend.js').Backend} Backend */
/** @typedef {import('./types.js').Credential} Credential */
/** @typedef {import('./types.js').Keeper} Keeper */
/** @typedef {import('./types.js').Opener} Opener */
/** @typedef {import('./types.js').PasskeyHint} PasskeyHint */
/** @typedef {import('./types.js').StoreEntry} StoreEntry */
/** @typedef {import('./primitives.js').KeyPair} KeyPair */

export const ROUNDS = 600_000;
export const PASSPHRASE_LEAST = 8; // characters
const ROUNDS_MOST = 10_000_000;
const PENDING_MOST_MS = 14 * 24 * 3600 * 1000; // longer than any invitation is worth keeping a key for
const FORMAT = utf8('skeym console record 1');
const PRF_INFO = utf8('skeym console passkey 1');

/**
 * As it lies there.
 * @typedef {object} Row
 * @property {string} id
 * @property {number} createdAt
 * @property {'passphrase' | 'passkey'} protection
 * @property {Bytes} salt
 * @property {number} rounds         0 for a passkey
 * @property {PasskeyHint} [passkey]
 * @property {CryptoKey} privateKey
 * @property {Bytes} publicKey
 * @property {Bytes} iv
 * @property {Bytes} sealed
 */

/** A place for a record that is not there yet, and what will open it.
 * @typedef {Omit<Row, 'privateKey' | 'publicKey' | 'iv' | 'sealed'> & {key: CryptoKey}} Place */

/** What cannot be changed without the seal breaking, besides salt and rounds, from which the key is.
 * @param {string} id @param {Bytes} publicKey */
function bound(id, publicKey) {
  const name = utf8(id);
  return concat(FORMAT, u8(name.length), name, publicKey);
}

/** @param {Bytes} bytes */
const sized = (bytes) => concat(u16(bytes.length), bytes);

/** @param {Credential} credential */
function plainOf({ origin, audience, identity, locator, secret, claims = new Uint8Array(0) }) {
  return concat(...[utf8(origin), utf8(audience), identity, locator, secret, claims].map(sized));
}

/** @param {Bytes} plain */
function readPlain(plain) {
  const reader = new Reader(plain);
  const next = () => reader.take(reader.u16());
  const [origin, audience] = [text(next()), text(next())];
  const [identity, locator, secret, claims] = [next(), next(), next(), next()];
  reader.end();
  return { origin, audience, identity, locator, secret, claims };
}

/** @param {Credential} credential */
function tellClaims(credential) {
  if (!credential.claims?.length) return;
  const { node, role, scopes, notAfterS } = readClaims(credential.claims);
  Object.assign(credential, { node, role, scopes, notAfter: notAfterS * 1000 });
}

/** @param {Opener} opener @param {Bytes} salt @param {number} rounds */
function keyOf(opener, salt, rounds) {
  if (opener.prf) return prfKey(opener.prf, salt, PRF_INFO);
  if (rounds < ROUNDS || rounds > ROUNDS_MOST) refuse('rounds out of range');
  return passphraseKey(opener.passphrase, salt, rounds);
}

export class Store {
  #backend;
  #name;
  /** What opens each record; none while locked. @type {Map<string, CryptoKey>} */ #keys = new Map();
  /** Where there are no Web Locks. @type {Promise<unknown>} */ #turn = Promise.resolve();

  /** @param {Backend} backend @param {string} name */
  constructor(backend, name) {
    this.#backend = backend;
    this.#name = name;
  }

  /** @returns {Promise<StoreEntry[]>} the oldest first */
  async list() {
    /** @type {Row[]} */ const rows = await this.#backend.all('credentials');
    rows.sort((a, b) => a.createdAt - b.createdAt);
    return rows.map(({ id, protection, createdAt, passkey }) => {
      return { id, protection, createdAt, passkey };
    });
  }

  /** 'passphrase' when it does not open, whatever the reason; 'forgotten' when there is none; 'usage'
   * when there are several and no id. @param {Opener} opener @param {string} [id]
   * @returns {Promise<Credential>} */
  async unlock(opener, id) {
    const row = await this.#row(id);
    const key = await keyOf(opener, row.salt, row.rounds);
    const credential = await this.#open(row, key);
    this.#keys.set(row.id, key);
    return credential;
  }

  /** Drops what opens the records. */
  lock() {
    this.#keys.clear();
  }

  /** Deletes a record; without an id all of them, and what was left half done.
   * @param {string} [id] @returns {Promise<void>} */
  async forget(id) {
    const rows = await this.#backend.all('credentials');
    const gone = rows.filter((row) => id === undefined || row.id === id);
    for (const row of gone) {
      this.#keys.delete(row.id);
      await this.#backend.remove('credentials', row.id);
    }
    if (id === undefined) await this.#sweep(-1);
  }

  // --- for an enrolment ---------------------------------------------------------------

  /** Before anything is sent, so that an invitation is not spent on a credential that cannot be kept.
   * @param {Opener} opener @returns {Promise<Place>} */
  async prepare(opener) {
    if (!opener.prf && [...opener.passphrase].length < PASSPHRASE_LEAST) {
      throw new SkeymError('usage', `a passphrase has ${PASSPHRASE_LEAST} characters or more`);
    }
    const [id, salt] = [b64(random(12)), random(16)];
    const rounds = opener.prf ? 0 : ROUNDS;
    const protection = opener.prf ? 'passkey' : 'passphrase';
    const key = await keyOf(opener, salt, rounds);
    const passkey = opener.prf ? opener.passkey : undefined;
    return { id, createdAt: Date.now(), protection, salt, rounds, passkey, key };
  }

  /** The pair of an enrolment that was begun, or a new one, which is kept. @param {string} id
   * @returns {Promise<KeyPair>} */
  async pendingPair(id) {
    await this.#sweep(PENDING_MOST_MS);
    const found = await this.#backend.get('pending', id);
    if (found) return { privateKey: found.privateKey, publicKey: found.publicKey };
    const pair = await keyPair();
    await this.#backend.put('pending', /** @type {any} */ ({ id, ...pair, createdAt: Date.now() }));
    return pair;
  }

  /** @param {number} olderThanMs */
  async #sweep(olderThanMs) {
    for (const { id, createdAt } of await this.#backend.all('pending')) {
      if (Date.now() - createdAt > olderThanMs) await this.#backend.remove('pending', id);
    }
  }

  /** @param {Place} place @param {Credential} credential @param {string} [pendingId]
   * @returns {Promise<Credential>} with a keeper */
  async keep(place, credential, pendingId) {
    const { key, ...rest } = place;
    const { privateKey, publicKey } = credential;
    const row = { ...rest, privateKey, publicKey, ...(await this.#seal(place.id, key, credential)) };
    await this.#backend.put('credentials', row);
    if (pendingId !== undefined) await this.#backend.remove('pending', pendingId);
    // So that the browser does not clear it when space is short; it may say no.
    /** @type {any} */ (globalThis.navigator)?.storage?.persist?.().catch(() => {});
    this.#keys.set(place.id, key);
    tellClaims(credential);
    credential.keeper = this.#keeper(place.id);
    return credential;
  }

  // --- rows -----------------------------------------------------------------------------

  /** @param {string} [id] @returns {Promise<Row>} */
  async #row(id) {
    /** @type {Row[]} */ const rows = await this.#backend.all('credentials');
    const found = id === undefined ? rows : rows.filter((row) => row.id === id);
    if (found.length === 0) throw new SkeymError('forgotten', 'no such record');
    if (found.length > 1) throw new SkeymError('usage', 'several records: which?');
    return found[0];
  }

  /** @param {string} id @param {CryptoKey} key @param {Credential} credential */
  async #seal(id, key, credential) {
    const plain = plainOf(credential); // before anything is waited for: it may be wiped meanwhile
    const aad = bound(id, credential.publicKey);
    const iv = random(IV);
    const sealed = await seal(key, iv, aad, plain);
    wipe(plain);
    return { iv, sealed };
  }

  /** @param {Row} row @param {CryptoKey} key @returns {Promise<Credential>} */
  async #open(row, key) {
    const { id, privateKey, publicKey, iv, sealed } = row;
    let plain;
    try {
      plain = await open(key, copy(iv), bound(id, copy(publicKey)), copy(sealed));
    } catch (cause) {
      if (isCode(cause, 'seal')) throw new SkeymError('passphrase', 'does not open', { cause });
      throw cause;
    }
    const credential = { id, privateKey, publicKey, ...readPlain(plain), keeper: this.#keeper(id) };
    wipe(plain);
    tellClaims(credential);
    return credential;
  }

  /** @param {string} id */
  #key(id) {
    const key = this.#keys.get(id);
    if (!key) throw new SkeymError('locked');
    return key;
  }

  /** @param {string} id @returns {Keeper} */
  #keeper(id) {
    return {
      exclusively: (work) => this.#exclusively(id, work),
      lock: () => void this.#keys.delete(id),
      refresh: async (credential) => {
        const fresh = await this.#open(await this.#row(id), this.#key(id));
        if (!this.#keys.has(id)) wipe(fresh.secret); // locked in the meantime
        this.#key(id);
        wipe(credential.secret);
        credential.locator = fresh.locator;
        credential.secret = fresh.secret;
      },
      save: async (credential) => {
        const { locator, secret } = credential;
        const now = { ...credential, locator: copy(locator), secret: copy(secret) };
        const key = this.#key(id);
        const row = await this.#row(id);
        const sealed = await this.#seal(id, key, now);
        wipe(now.secret);
        const there = await this.#backend.replace('credentials', { ...row, ...sealed });
        if (!there) throw new SkeymError('forgotten');
      },
    };
  }

  /** One tab at a time. @template T @param {string} id @param {() => Promise<T>} work @returns {Promise<T>} */
  #exclusively(id, work) {
    const locks = globalThis.navigator?.locks;
    if (locks) return /** @type {any} */ (locks.request(`${this.#name} ${id}`, work));
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }
}

/** @param {string} [name] of the database @param {Backend} [backend] @returns {Promise<Store>} */
export async function openStore(name = 'skeym', backend) {
  return new Store(backend ?? (await indexedDbBackend(name)), name);
}

/** For tests, and where nothing may be kept. @returns {Store} */
export const memoryStore = () => new Store(memoryBackend(), 'memory');
