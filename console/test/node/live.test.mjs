// SPDX-License-Identifier: Apache-2.0
// The browser's node against the real program ($SKEYM).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { b64, same, unb64 } from '../../js/node/bytes.js';
import { enrolByInvitation } from '../../js/node/enrol.js';
import { random } from '../../js/node/primitives.js';
import { Session } from '../../js/node/session.js';
import { memoryStore } from '../../js/node/store.js';
import { failsAs } from './support.mjs';
import { SKEYM, Ward } from './ward.mjs';

const skip = SKEYM ? false : 'no program: give console/test/run the path of skeym';
const METADATA = { method: 'GET', target: '/fhir/metadata' };
const prf = random(32);
/** @type {Ward} */ let ward;

before(async () => {
  if (!skip) ward = await Ward.start();
});
after(async () => {
  if (!skip) await ward.stop();
});

/** @param {any} credential @param {object} [more] */
function session(credential, more = {}) {
  const made = new Session({ credential, origin: ward.url, patienceMs: 60_000, ...more });
  /** @type {string[]} */ const states = [];
  made.addEventListener('state', (/** @type {any} */ { detail }) => states.push(detail.state));
  return Object.assign(made, { states });
}

const patient = (/** @type {string} */ name) => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:test', value: name }],
  name: [{ family: name }],
});

test('logs in, reads, writes, reads back', { skip }, async () => {
  const lee = session(await ward.enrol('Lee', 'doctor', 'user/*.cruds'));
  await lee.login();
  const metadata = await lee.request(METADATA);
  assert.equal(metadata.status, 200);
  assert.equal(metadata.type, 'application/fhir+json');
  assert.equal(metadata.json().resourceType, 'CapabilityStatement');
  const ifNoneExist = 'identifier=urn:test|Anna';
  const write = { method: 'POST', target: '/fhir/Patient', body: patient('Anna'), ifNoneExist };
  const made = await lee.request(write);
  assert.equal(made.status, 201);
  assert.equal((await lee.request(write)).status, 200, 'it is there already');
  const { id } = made.json();
  const read = await lee.request({ method: 'GET', target: `/fhir/Patient/${id}` });
  assert.equal(read.json().name[0].family, 'Anna');
  assert.equal((await lee.request({ method: 'GET', target: '/fhir/Patient/none' })).status, 404);
  assert.deepEqual(lee.states, ['connecting', 'live']);
  lee.lock();
});

test('a create under an idempotency key is carried out once', { skip }, async (context) => {
  const lee = session(await ward.enrol('Key', 'doctor', 'user/*.cruds'));
  const bea = { resourceType: 'Patient', name: [{ family: 'Bea' }] }; // no identifier protects it
  const write = { method: 'POST', target: '/fhir/Patient', body: bea, idempotencyKey: 'k-1' };
  const first = await lee.request(write);
  if (first.status === 400) return context.skip('the program does not know idempotency keys yet');
  assert.equal(first.status, 201);
  assert.equal((await lee.request(write)).json().id, first.json().id);
  const other = await lee.request({ ...write, idempotencyKey: 'k-2' });
  assert.notEqual(other.json().id, first.json().id);
  lee.lock();
});

test('64 requests at a time on 4 lanes: one login', { skip }, async () => {
  const lee = session(await ward.enrol('Many', 'doctor', 'user/*.rs'));
  const all = await Promise.all(Array.from({ length: 64 }, () => lee.request(METADATA)));
  assert.ok(all.every(({ status }) => status === 200));
  const { logins, spent, left, refused, lost } = lee.tokens;
  assert.deepEqual({ logins, spent, left, refused, lost }, { logins: 1, spent: 64, left: 4, refused: 0, lost: 0 });
  lee.lock();
});

test('each login brings a fresh locator; all of them work', { skip }, async () => {
  const credential = await ward.enrol('Loc', 'doctor', 'user/*.rs');
  const lee = session(credential);
  const seen = new Set([b64(credential.locator)]);
  for (let i = 0; i < 3; i++) {
    await lee.login();
    seen.add(b64(credential.locator));
  }
  assert.equal(seen.size, 4);
  lee.lock();
});

test('a server that starts anew is found out, and requests go on by themselves', { skip }, async () => {
  const lee = session(await ward.enrol('Again', 'doctor', 'user/*.rs'));
  await lee.request(METADATA);
  await ward.halt();
  await ward.serve();
  const all = await Promise.all(Array.from({ length: 8 }, () => lee.request(METADATA)));
  assert.ok(all.every(({ status }) => status === 200));
  assert.equal(lee.tokens.logins, 2);
  // Connections that ended with the old server may make it look like the network first.
  assert.equal(lee.states.at(-1), 'live');
  lee.lock();
});

test('a server that is away: offline, and back by itself', { skip }, async () => {
  const lee = session(await ward.enrol('Away', 'doctor', 'user/*.rs'));
  await lee.request(METADATA);
  await ward.halt();
  const answer = lee.request(METADATA);
  await new Promise((resolve) => {
    lee.addEventListener('state', () => lee.state === 'offline' && resolve(undefined));
  });
  await ward.serve();
  assert.equal((await answer).status, 200);
  assert.equal(lee.state, 'live');
  lee.lock();
});

test('revoked: locked out at the next request, and the state says so', { skip }, async () => {
  const lee = session(await ward.enrol('Gone', 'doctor', 'user/*.rs'));
  await lee.request(METADATA);
  ward.administer('revoke', 'Gone');
  await assert.rejects(lee.request(METADATA), failsAs('revoked'));
  assert.equal(lee.state, 'revoked');
});

test('a wrong C_i, a wrong authority, another key: none logs in', { skip }, async () => {
  const real = await ward.enrol('Real', 'doctor', 'user/*.rs');
  const another = await ward.enrol('Another', 'doctor', 'user/*.rs');
  const { privateKey, publicKey } = another;
  for (const wrong of [{ secret: random(32) }, { identity: another.publicKey }, { privateKey, publicKey }, { locator: another.locator }]) {
    await assert.rejects(session({ ...real, ...wrong }).login(), failsAs('revoked'));
  }
  await session(real).login();
});

test('a token that was stolen from the wire is useless', { skip }, async () => {
  const lee = session(await ward.enrol('Robbed', 'doctor', 'user/*.rs'), { lanes: 1 });
  /** @type {any[]} */ const seen = [];
  lee.addEventListener('wire', (/** @type {any} */ { detail }) => seen.push(detail));
  await lee.request(METADATA);
  const out = seen.find(({ direction, kind }) => direction === 'out' && kind === 'exchange');
  const next = seen.find(({ direction, kind }) => direction === 'in' && kind === 'exchange');
  const fields = Object.fromEntries(out.head.trim().split('\n').slice(1).map((/** @type {string} */ line) => line.split(': ')));
  const token = /SkeyM-Next: (.*)/.exec(next.head)?.[1];
  const ask = (/** @type {any} */ headers) => fetch(out.url, { method: 'POST', headers, body: out.bytes });
  assert.equal((await ask(fields)).status, 401, 'the same again');
  assert.equal((await ask({ ...fields, Authorization: `SkeyM ${token}` })).status, 401, 'the next token');
  assert.equal((await lee.request(METADATA)).status, 200, 'and its owner goes on');
  lee.lock();
});

test('an invitation becomes a node; used by another, it is refused', { skip }, async (context) => {
  const words = ['Inv', '--role', 'nurse', '--scope', 'user/Observation.rs', '--invite', '--code-only'];
  /** @type {string} */ let code;
  try {
    code = ward.administer('enrol', ...words, '--server', ward.url).trim();
  } catch (error) {
    if (/unknown option|usage/.test(String(/** @type {any} */ (error).stderr))) {
      return context.skip('the program does not know invitations yet');
    }
    throw error;
  }
  const store = memoryStore();
  const credential = await enrolByInvitation({ origin: ward.url, code, prf }, store);
  assert.deepEqual([credential.node, credential.role], ['Inv', 'nurse']);
  assert.deepEqual(credential.scopes, ['user/Observation.rs']);
  const nurse = session(credential);
  assert.equal((await nurse.request({ method: 'GET', target: '/fhir/Observation' })).status, 200);
  assert.equal((await nurse.request({ method: 'GET', target: '/fhir/Patient' })).status, 403);
  await assert.rejects(enrolByInvitation({ origin: ward.url, code, prf }, memoryStore()), failsAs('refused'));
  nurse.lock();
  const again = session(await store.unlock({ prf }));
  assert.equal((await again.request({ method: 'GET', target: '/fhir/Observation' })).status, 200);
  again.lock();
  const altered = unb64(code);
  altered[altered.length - 1] ^= 1;
  await assert.rejects(enrolByInvitation({ origin: ward.url, code: b64(altered), prf }, memoryStore()), failsAs('refused'));
});

test('two tabs on one store log in at once, and each finds what the other kept', { skip }, async () => {
  const given = await ward.enrol('Tabs', 'doctor', 'user/*.rs');
  const store = memoryStore();
  const place = await store.prepare({ prf });
  const one = await store.keep(place, { ...given, id: place.id });
  const two = await store.unlock({ prf });
  const tabs = [session(one), session(two)];
  await Promise.all(tabs.map((tab) => tab.login()));
  await Promise.all(tabs.map((tab) => tab.request(METADATA)));
  const kept = await store.unlock({ prf });
  assert.ok(same(kept.locator, one.locator) || same(kept.locator, two.locator));
  assert.deepEqual(tabs.map((tab) => tab.tokens.logins), [1, 1]);
  tabs.forEach((tab) => tab.lock());
});
