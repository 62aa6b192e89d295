// SPDX-License-Identifier: Apache-2.0
// Enrolment by an invitation, against a server of the tests.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBackend } from '../../js/node/backend.js';
import { b64, same, u8, unb64 } from '../../js/node/bytes.js';
import { enrolByInvitation, parseInvitation } from '../../js/node/enrol.js';
import { Pauses } from '../../js/node/pauses.js';
import { random } from '../../js/node/primitives.js';
import { Session } from '../../js/node/session.js';
import { openStore } from '../../js/node/store.js';
import { FakeServer, refused } from './server.mjs';
import { failsAs } from './support.mjs';

const prf = random(32); // a passkey's: a passphrase takes its time, on purpose
const origin = 'http://ward.test';

class NoPauses extends Pauses {
  /** @type {number[]} */ asked = [];
  /** @param {number} ms @returns {Promise<void>} */
  async wait(ms) {
    this.asked.push(ms);
  }
}

async function made() {
  const server = await FakeServer.make();
  const backend = memoryBackend();
  const store = await openStore('test', backend);
  const pauses = new NoPauses();
  const enrol = (/** @type {any} */ more = {}) => {
    const how = { origin, code: server.code(), ...(more.passphrase ? {} : { prf }), ...more };
    return enrolByInvitation(how, store, { fetch: server.fetch, pauses });
  };
  return { server, backend, store, pauses, enrol };
}

test('a code becomes a credential, which is kept and logs in', async () => {
  const { server, backend, store, enrol } = await made();
  const credential = await enrol();
  assert.equal(credential.node, 'Lee');
  assert.ok(same(credential.publicKey, /** @type {any} */ (server.enrolled)));
  assert.ok(same(credential.secret, server.secret));
  assert.deepEqual(await backend.all('pending'), []);
  const [{ id }] = await store.list();
  assert.equal(credential.id, id);
  const session = new Session({ credential, fetch: server.fetch });
  const { locator } = credential;
  await session.login();
  assert.ok(!same(credential.locator, locator));
  const found = await (await openStore('test', backend)).unlock({ prf });
  assert.ok(same(found.locator, server.locator), 'the locator of the login is kept');
});

test('the secret of the code crosses no wire', async () => {
  const { server, enrol } = await made();
  /** @type {string[]} */ const seen = [];
  server.tap = (_, go, { url, init }) => {
    seen.push(url, JSON.stringify(init.headers), Buffer.from(init.body).toString('hex'));
    return go();
  };
  await enrol();
  assert.ok(!seen.join().includes(Buffer.from(server.oneTime).toString('hex')));
  assert.equal(seen[1], '{"Content-Type":"application/skeym-enrol"}');
});

/** @type {[string, (code: Uint8Array) => Uint8Array][]} */
const bad = [
  ['of another version', (c) => (c.set([2]), c)],
  ['without an audience', (c) => (c.set([0], 49), c)],
  ['with an audience in capitals', (c) => (c.set([65], 50), c)],
  ['with an invitation of nothing', (c) => new Uint8Array([...c.slice(0, 54), 0, 0])],
  ['with an invitation that is too long', (c) => new Uint8Array([...c.slice(0, 54), 2, 126, ...random(638)])],
  ['that is cut short', (c) => c.slice(0, -1)],
  ['with a byte after the end', (c) => new Uint8Array([...c, 0])],
];
for (const [what, change] of bad) {
  test(`a code ${what} is refused, and nothing is sent`, async () => {
    const { server, enrol } = await made();
    const code = b64(change(unb64(server.code())));
    assert.throws(() => parseInvitation(code), failsAs('shape'));
    let sent = 0;
    server.tap = (_, go) => (sent++, go());
    await assert.rejects(enrol({ code }), failsAs('shape'));
    assert.equal(sent, 0);
  });
}

test('a code of great length is not even decoded', () => {
  assert.throws(() => parseInvitation('A'.repeat(963)), (/** @type {any} */ error) => {
    assert.match(error.message, /too long/);
    return failsAs('shape')(error);
  });
});

test('a passphrase that is too short spends no invitation', async () => {
  const { server, enrol } = await made();
  await assert.rejects(enrol({ passphrase: 'short' }), failsAs('usage'));
  assert.equal(server.enrolled, undefined);
});

test('an answer that was lost is asked for again, with the same key', async () => {
  const { server, enrol, pauses } = await made();
  let times = 0;
  server.tap = async (_, go) => {
    const answer = await go();
    if (times++ < 2) throw new TypeError('fetch failed');
    return answer;
  };
  await enrol();
  assert.equal(pauses.asked.length, 2);
});

test('it gives up in the end; a later try, also in another tab, takes the same key', async () => {
  const { server, backend, enrol } = await made();
  server.tap = async (_, go) => {
    await go();
    throw new TypeError('fetch failed');
  };
  await assert.rejects(enrol(), failsAs('network'));
  server.tap = (_, go) => go();
  const store = await openStore('test', backend);
  const how = { origin, code: server.code(), prf };
  const credential = await enrolByInvitation(how, store, { fetch: server.fetch });
  assert.ok(same(credential.publicKey, /** @type {any} */ (server.enrolled)));
  assert.deepEqual(await backend.all('pending'), []);
});

test('a code that another has used is refused at once', async () => {
  const { server, store, enrol, pauses } = await made();
  server.enrolled = random(32);
  await assert.rejects(enrol(), failsAs('refused'));
  assert.deepEqual([pauses.asked, await store.list()], [[], []]);
});

test('a busy server is waited for as long as it asks', async () => {
  const { server, enrol, pauses } = await made();
  let times = 0;
  server.tap = async (_, go) => (times++ === 0 ? refused(429, { 'retry-after': '7' }) : go());
  await enrol();
  assert.deepEqual(pauses.asked, [7000]);
});

test('the clock is corrected once; twice is an error', async () => {
  for (const [wrong, error] of [[1, ''], [2, 'clock']]) {
    const { server, enrol } = await made();
    server.clockIsWrong = Number(wrong);
    if (error) await assert.rejects(enrol(), failsAs(String(error)));
    else await enrol();
  }
});

/** @type {[string, (server: FakeServer) => void][]} */
const forged = [
  ['one bit of message 2 changed', (server) => {
    server.tap = async (_, go) => {
      const answer = await go();
      const body = new Uint8Array(await answer.arrayBuffer());
      body[60] ^= 1;
      return new Response(body, { headers: answer.headers });
    };
  }],
  ['another content type', (server) => {
    server.tap = async (_, go) => new Response(await (await go()).arrayBuffer());
  }],
  ['another status', (server) => {
    server.tap = async () => new Response('{}', { status: 404 });
  }],
  ['of an unknown kind', (server) => (server.mangle = (p) => (p.set(u8(2)), p))],
  ['claims of another key', (server) => {
    const real = server.claimsOf;
    server.claimsOf = () => real(random(32));
  }],
  ['claims that are none', (server) => (server.claimsOf = (key) => new Uint8Array([...key, 0]))],
  ['a locator of nothing', (server) => (server.mangle = (p) => (p.set([0, 0], 7), p))],
  ['a byte after the end', (server) => (server.mangle = (p) => new Uint8Array([...p, 0]))],
];
for (const [what, change] of forged) {
  test(`an answer is refused and nothing is kept: ${what}`, async () => {
    const { server, store, enrol } = await made();
    change(server);
    await assert.rejects(enrol(), failsAs('handshake'));
    assert.deepEqual(await store.list(), []);
  });
}
