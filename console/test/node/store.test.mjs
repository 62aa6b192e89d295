// SPDX-License-Identifier: Apache-2.0
// Credentials at rest, over the backend in memory. That of IndexedDB has the same manners; the tests in
// a browser drive it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBackend } from '../../js/node/backend.js';
import { same } from '../../js/node/bytes.js';
import { random } from '../../js/node/primitives.js';
import { ROUNDS, openStore } from '../../js/node/store.js';
import { FakeServer } from './server.mjs';
import { failsAs, flipped, toHex } from './support.mjs';

const passphrase = 'correct horse';
const prf = random(32); // a passkey's: a passphrase takes its time, on purpose

/** A store with one record. @param {import('../../js/node/types.js').Opener} [opener] */
async function kept(opener = { prf }) {
  const backend = memoryBackend();
  const store = await openStore('test', backend);
  const server = await FakeServer.make();
  const place = await store.prepare(opener);
  const given = await server.credential();
  const claims = server.claimsOf(given.publicKey);
  const credential = await store.keep(place, { ...given, id: place.id, claims });
  const secret = credential.secret.slice();
  return { backend, store, credential, secret, row: (await backend.all('credentials'))[0] };
}

test('what was kept comes back by its passphrase, in another store on the same bytes', async () => {
  const { backend, credential } = await kept({ passphrase });
  const found = await (await openStore('test', backend)).unlock({ passphrase });
  for (const name of /** @type {const} */ (['identity', 'publicKey', 'locator', 'secret'])) {
    assert.ok(same(found[name], credential[name]), name);
  }
  assert.deepEqual([found.id, found.origin, found.audience], [credential.id, credential.origin, 'ward']);
  assert.deepEqual(
    [found.node, found.role, found.scopes, found.notAfter],
    ['Lee', 'doctor', ['user/Observation.rs'], 4_000_000_000_000],
  );
  assert.equal(found.privateKey.extractable, false);
});

test('the same passphrase, written in another form of Unicode, opens', async () => {
  const { store } = await kept({ passphrase: 'zu\u0308rich-see' });
  await store.unlock({ passphrase: 'z\u00fcrich-see' });
});

test('600,000 rounds or more', async () => {
  const { backend, store, row } = await kept({ passphrase });
  assert.ok(row.rounds >= 600_000 && row.rounds === ROUNDS);
  for (const rounds of [ROUNDS - 1, 1e9]) {
    await backend.put('credentials', { ...row, rounds });
    await assert.rejects(store.unlock({ passphrase }), failsAs('shape'));
  }
});

test('a passphrase of 7 characters is refused', async () => {
  const store = await openStore('test', memoryBackend());
  await assert.rejects(store.prepare({ passphrase: '1234567' }), failsAs('usage'));
  await store.prepare({ passphrase: '12345678' });
});

test('a wrong passphrase, and every changed byte of a record, are one and the same error', async () => {
  const { backend, store, row } = await kept({ passphrase });
  await assert.rejects(store.unlock({ passphrase: 'correct horsf' }), failsAs('passphrase'));
  for (const name of ['salt', 'publicKey', 'iv', 'sealed']) {
    await backend.put('credentials', { ...row, [name]: flipped(row[name], -1) });
    await assert.rejects(store.unlock({ passphrase }), failsAs('passphrase'), name);
  }
  await backend.put('credentials', { ...row, rounds: ROUNDS + 1 });
  await assert.rejects(store.unlock({ passphrase }), failsAs('passphrase'));
  await backend.remove('credentials', row.id);
  await backend.put('credentials', { ...row, id: 'another' });
  await assert.rejects(store.unlock({ passphrase }), failsAs('passphrase'));
});

test('no secret lies there in the clear, and no private key that could be read', async () => {
  const { row, credential, secret } = await kept();
  const { privateKey, ...rest } = row;
  assert.equal(privateKey.extractable, false);
  await assert.rejects(crypto.subtle.exportKey('pkcs8', privateKey));
  const lies = Object.values(rest).map((part) => (part instanceof Uint8Array ? toHex(part) : String(part)));
  for (const part of [secret, credential.locator, credential.identity]) {
    assert.ok(!lies.join().includes(toHex(part)));
  }
  for (const word of ['Lee', 'ward', 'http']) {
    assert.ok(!lies.join().includes(Buffer.from(word).toString('hex')) && !lies.join().includes(word));
  }
});

test('a passkey opens what it closed; another does not; the list says how to ask it', async () => {
  const hint = { credentialId: random(16), salt: random(32) };
  const { store, row } = await kept({ prf, passkey: hint });
  await store.unlock({ prf });
  await assert.rejects(store.unlock({ prf: flipped(prf, 0) }), failsAs('passphrase'));
  const [entry] = await store.list();
  assert.deepEqual(entry, { id: row.id, protection: 'passkey', createdAt: row.createdAt, passkey: hint });
});

test('which record: the only one, or the one that was named', async () => {
  const { backend, store, row } = await kept();
  await backend.put('credentials', { ...row, id: 'second' });
  await assert.rejects(store.unlock({ prf }), failsAs('usage'));
  await store.unlock({ prf }, row.id);
  await assert.rejects(store.unlock({ prf }, 'none'), failsAs('forgotten'));
  assert.equal((await store.list()).length, 2);
  await store.forget('second');
  assert.deepEqual((await store.list()).map(({ id }) => id), [row.id]);
  await store.pendingPair('begun');
  await store.forget();
  assert.deepEqual([await store.list(), await backend.all('pending')], [[], []]);
  await assert.rejects(store.unlock({ prf }), failsAs('forgotten'));
});

test('what moved is kept under a fresh iv, and found by another tab', async () => {
  const { backend, credential, row } = await kept();
  const tab = await openStore('test', backend);
  const other = await tab.unlock({ prf });
  credential.locator = random(109);
  credential.secret = random(32);
  await credential.keeper?.save(credential);
  const [now] = await backend.all('credentials');
  assert.ok(!same(now.iv, row.iv));
  await other.keeper?.refresh(other);
  assert.ok(same(other.locator, credential.locator) && same(other.secret, credential.secret));
});

test('what is kept is as it was at the call, though it be wiped meanwhile', async () => {
  const { backend, credential, secret } = await kept();
  const saving = credential.keeper?.save(credential);
  credential.secret.fill(0);
  await saving;
  const found = await (await openStore('test', backend)).unlock({ prf });
  assert.ok(same(found.secret, secret));
});

test('after lock nothing is read or written without the passphrase', async () => {
  for (const lock of /** @type {const} */ (['store', 'keeper'])) {
    const made = await kept();
    if (lock === 'store') made.store.lock();
    else made.credential.keeper?.lock();
    const { keeper } = made.credential;
    await assert.rejects(async () => keeper?.save(made.credential), failsAs('locked'));
    await assert.rejects(async () => keeper?.refresh(made.credential), failsAs('locked'));
    await made.store.unlock({ prf });
    await keeper?.refresh(made.credential);
  }
});

test('a lock while a record is being read leaves no secret behind', async (context) => {
  const { store, credential } = await kept();
  const before = credential.secret;
  const { decrypt } = crypto.subtle;
  context.mock.method(crypto.subtle, 'decrypt', (/** @type {any} */ ...words) => {
    store.lock();
    return Reflect.apply(decrypt, crypto.subtle, words);
  });
  await assert.rejects(async () => credential.keeper?.refresh(credential), failsAs('locked'));
  assert.equal(credential.secret, before);
});

test('a record that is forgotten while it is sealed anew is not written again', async (context) => {
  const { backend, credential, row } = await kept();
  const { encrypt } = crypto.subtle;
  context.mock.method(crypto.subtle, 'encrypt', async (/** @type {any} */ ...words) => {
    await backend.remove('credentials', row.id);
    return Reflect.apply(encrypt, crypto.subtle, words);
  });
  await assert.rejects(async () => credential.keeper?.save(credential), failsAs('forgotten'));
  assert.deepEqual(await backend.all('credentials'), []);
});

test('a record that was forgotten is not written again', async () => {
  const { backend, store, credential, row } = await kept();
  const tab = await openStore('test', backend);
  await tab.forget(row.id);
  await assert.rejects(async () => credential.keeper?.save(credential), failsAs('forgotten'));
  await assert.rejects(async () => credential.keeper?.refresh(credential), failsAs('forgotten'));
  assert.deepEqual(await store.list(), []);
  assert.equal(await backend.replace('credentials', row), false);
  assert.deepEqual(await backend.all('credentials'), []);
});

test('one turn at a time, also after one that failed', async () => {
  const { credential } = await kept();
  const { keeper } = credential;
  /** @type {string[]} */ const seen = [];
  const turn = (/** @type {string} */ name, fail = false) => async () => {
    seen.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${name} ends`);
    if (fail) throw new Error('failed');
    return name;
  };
  const all = await Promise.allSettled([keeper?.exclusively(turn('a', true)), keeper?.exclusively(turn('b'))]);
  assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends']);
  assert.deepEqual(all.map(({ status }) => status), ['rejected', 'fulfilled']);
});

test('with Web Locks, a turn is one among all tabs', async () => {
  const { credential } = await kept();
  /** @type {string[]} */ const asked = [];
  const locks = {
    request: (/** @type {string} */ name, /** @type {any} */ work) => {
      asked.push(name);
      return work();
    },
  };
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { locks }, configurable: true });
  try {
    assert.equal(await credential.keeper?.exclusively(async () => 7), 7);
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
  assert.deepEqual(asked, [`test ${credential.id}`]);
});

test('a browser without IndexedDB is told so', async () => {
  await assert.rejects(openStore('test'), failsAs('unsupported'));
});

test('keys of enrolments that were begun long ago are dropped', async () => {
  const { backend, store } = await kept();
  const first = await store.pendingPair('a');
  assert.ok(same((await store.pendingPair('a')).publicKey, first.publicKey));
  const row = await backend.get('pending', 'a');
  await backend.put('pending', { ...row, createdAt: Date.now() - 15 * 24 * 3600 * 1000 });
  assert.ok(!same((await store.pendingPair('a')).publicKey, first.publicKey));
});
