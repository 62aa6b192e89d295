// SPDX-License-Identifier: Apache-2.0
// A session whose answers and logins somebody tampers with.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { b64, concat, same } from '../../js/node/bytes.js';
import { keyPair, random } from '../../js/node/primitives.js';
import { get, joined, lose, made, once, until } from './bench.mjs';
import { refused } from './server.mjs';
import { failsAs } from './support.mjs';

/** @typedef {import('../../js/node/session.js').Session} Session */
/** @typedef {import('./server.mjs').FakeServer} FakeServer */

// --- answers that were tampered with -----------------------------------------------------

for (const [what, change] of /** @type {[string, (r: Response) => Promise<Response>][]} */ ([
  ['one bit of the body', async (r) => {
    const body = new Uint8Array(await r.arrayBuffer());
    body[body.length - 30] ^= 1;
    return new Response(body, r);
  }],
  ['the status line', async (r) => new Response(await r.arrayBuffer(), { status: 201, headers: r.headers })],
  ['the content type', async (r) => {
    const headers = new Headers(r.headers);
    headers.set('content-type', 'application/jose; charset=utf-8');
    return new Response(await r.arrayBuffer(), { status: r.status, headers });
  }],
  ['the body, which is gone', async (r) => new Response('', { status: r.status, headers: r.headers })],
  ['everything, which says "not found" in the open', async () => new Response('{}', { status: 404 })],
])) {
  test(`an answer is refused, and not asked for again, when somebody changed ${what}`, async () => {
    const { server, session } = await made();
    once(server, async (_, go) => change(await go()));
    await assert.rejects(session.request(get('/fhir/x')), (/** @type {any} */ error) => {
      assert.equal(error.maybe, true);
      return failsAs('seal')(error);
    });
    assert.equal(server.done.get('GET /fhir/x'), 1);
    assert.equal(session.tokens.left, 3);
    assert.equal((await session.request(get('/fhir/y'))).status, 200);
  });
}

test("an answer to another request is refused: each has its own key", async () => {
  const { server, session } = await made({ lanes: 2 });
  /** @type {Response | undefined} */ let kept;
  once(server, async (_, go) => (kept = await go()).clone());
  await session.request(get('/fhir/a'));
  once(server, async () => /** @type {Response} */ (kept));
  await assert.rejects(session.request(get('/fhir/b')), failsAs('seal'));
});

test('a next token that was put in its place ends that lane, and costs one login', async () => {
  const { server, session } = await made({ lanes: 1 });
  once(server, async (_, go) => {
    const real = await go();
    const headers = new Headers(real.headers);
    headers.set('skeym-next', b64(random(125)));
    return new Response(await real.arrayBuffer(), { status: real.status, headers });
  });
  assert.equal((await session.request(get())).status, 200);
  assert.equal((await session.request(get())).status, 200);
  assert.equal(server.counts.logins, 2);
});

for (const [what, next] of [['missing', ''], ['no base64url', 'AB'], ['too long', 'A'.repeat(916)]]) {
  test(`a next token that is ${what}: the answer counts, the lane is over`, async () => {
    const { server, session } = await made({ lanes: 2 });
    once(server, async (_, go) => {
      const real = await go();
      const headers = new Headers(real.headers);
      headers.delete('skeym-next');
      if (next) headers.set('skeym-next', next);
      return new Response(await real.arrayBuffer(), { status: real.status, headers });
    });
    assert.equal((await session.request(get())).status, 200);
    assert.equal(session.tokens.left, 1);
  });
}

test('lanes that were lost one by one are made up for when requests wait', async () => {
  let nowMs = Date.now();
  const { server, session } = await made({ lanes: 4, now: () => nowMs, steady: () => nowMs });
  server.clock = () => nowMs;
  once(server, async (_, go) => new Response('{}', { status: 404 }), 'exchange', 3);
  for (let i = 0; i < 3; i++) await assert.rejects(session.request(get()), failsAs('seal'));
  assert.equal(session.tokens.left, 1);
  /** One request is slow, another comes: how many logins were there then? @param {number} logins */
  const bothAnswered = async (logins) => {
    /** @type {() => void} */ let letGo = () => {};
    const held = new Promise((resolve) => (letGo = () => resolve(undefined)));
    once(server, async (_, go) => (await held, go()));
    const slow = session.request(get('/slow'));
    const quick = session.request(get('/quick'));
    if (logins > 1) await quick;
    assert.equal(server.counts.logins, logins);
    letGo();
    assert.deepEqual([(await slow).status, (await quick).status], [200, 200]);
    assert.equal(server.counts.logins, logins);
  };
  await bothAnswered(1); // too soon after the last login
  nowMs += 11_000;
  await bothAnswered(2);
});

// --- logins that were tampered with ----------------------------------------------------------

/** Each is an answer to a login that must be taken for no answer of the authority.
 * @type {[string, (server: FakeServer) => FakeServer['tap']][]} */
const forgeries = [
  ['reflected message 1', () => async (_, go, { init }) => new Response(init.body.slice(112), { headers: LOGIN })],
  ['message 2 of another login', (server) => {
    const earlier = server.kept;
    return async () => new Response(earlier, { headers: LOGIN });
  }],
  ['one bit of message 2', () => async (_, go) => {
    const body = new Uint8Array(await (await go()).arrayBuffer());
    body[40] ^= 1;
    return new Response(body, { headers: LOGIN });
  }],
  ['a message 2 that is cut short', () => async (_, go) => {
    return new Response((await (await go()).arrayBuffer()).slice(0, 47), { headers: LOGIN });
  }],
  ['an ephemeral key of zeros', () => async (_, go) => {
    const body = new Uint8Array(await (await go()).arrayBuffer());
    return new Response(body.fill(0, 0, 32), { headers: LOGIN });
  }],
  ['another content type', () => async (_, go) => new Response(await (await go()).arrayBuffer())],
  ['another status', () => async (_, go) => new Response(await (await go()).arrayBuffer(), { status: 201, headers: LOGIN })],
];
const LOGIN = { 'content-type': 'application/skeym-login' };

/** Logs in, and what comes is taken for no answer of the authority. @param {Session} session */
async function isImpostor(session) {
  const ended = session.login().catch((error) => error);
  await Promise.race([until(session, 'offline'), ended]);
  assert.deepEqual([session.state, session.reason], ['offline', 'impostor']);
  session.lock();
  failsAs('locked')(await ended);
}

for (const [what, forge] of forgeries) {
  test(`login, ${what}: no answer of the authority; nothing of it is kept`, async () => {
    const { server, session, credential } = await made();
    once(server, async (_, go) => {
      const real = await go();
      /** @type {any} */ (server).kept = await real.clone().arrayBuffer();
      return real;
    }, 'login');
    await session.login();
    const { locator } = credential;
    let times = 0;
    const tap = forge(/** @type {any} */ (server));
    server.tap = (kind, go, request) => {
      if (kind === 'login' && times++ === 0) return tap(kind, go, request);
      return lose();
    };
    await isImpostor(session);
    assert.ok(same(credential.locator, locator));
  });
}

test('an authority with another identity is refused, and learns no token of ours', async () => {
  const { server, session } = await made();
  // It cannot read message 1, so the best that it can do is to make an answer up.
  const { publicKey } = await keyPair();
  server.tap = async () => new Response(concat(publicKey, random(300)), { headers: LOGIN });
  await isImpostor(session);
});

/** What an honest authority never says, though it could. Each is whole but for the one thing.
 * @type {[string, (p: Uint8Array) => Uint8Array][]} */
const payloads = [
  ['of an unknown kind', (p) => (p.set([2]), p)],
  ['with a lifetime of 0', (p) => (p.set([0], 7), p)],
  ['with a lifetime of 60', (p) => (p.set([60], 7), p)],
  ['with a locator of nothing', (p) => joined(p.slice(0, 12), [0, 0], p.slice(14 + 109))],
  ['with a locator of 670', (p) => joined(p.slice(0, 12), [2, 158], random(670), p.slice(14 + 109))],
  ['with neither renewed nor not', (p) => joined(p.slice(0, 123), [2], random(32), p.slice(124))],
  ['with no token', (p) => joined(p.slice(0, 124), [0])],
  ['with more tokens than were wanted', (p) => joined(p.slice(0, 124), [5], p.slice(125), p.slice(-127))],
  ['with a token of nothing', (p) => joined(p.slice(0, -127), [0, 0])],
  ['with a token of 686', (p) => joined(p.slice(0, -127), [2, 174], random(686))],
  ['with a byte after the end', (p) => joined(p, [0])],
  ['that is cut short', (p) => p.slice(0, -1)],
  ['of a clock with a byte after the end', (p) => joined([1], p.slice(1, 7), [0])],
];
for (const [what, mangle] of payloads) {
  test(`login, a second payload ${what}: refused`, async () => {
    const { server, session } = await made();
    server.mangle = /** @type {any} */ (mangle);
    await isImpostor(session);
  });
}
