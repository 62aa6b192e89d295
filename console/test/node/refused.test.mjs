// SPDX-License-Identifier: Apache-2.0
// A session that is refused, by the server or by somebody who says so; clocks that are wrong, and sleep.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get, made, once, until, write, writes } from './bench.mjs';
import { refused } from './server.mjs';
import { failsAs } from './support.mjs';

// --- refusals, honest ones and others -------------------------------------------------

test('a server that started anew: one login for all, then everything again', async () => {
  const { server, session, states } = await made({ lanes: 4 });
  await session.login();
  server.restart();
  const all = Array.from({ length: 16 }, (_, i) => session.request(get(`/fhir/${i}`)));
  assert.ok((await Promise.all(all)).every((answer) => answer.status === 200));
  assert.equal(server.counts.logins, 2);
  assert.deepEqual(states.slice(2), [
    'connecting: tokens-refused',
    'server-restarted: tokens-refused',
    'live: server-restarted',
  ]);
});

test('a server that was away and started anew is told from a network that was away', async () => {
  const { server, session, states, pauses } = await made();
  await session.login();
  server.unreachable = true;
  const answer = session.request(get());
  await until(session, 'offline');
  while (pauses.asked.length < 3) await new Promise((resolve) => setImmediate(resolve));
  server.restart();
  server.unreachable = false;
  await answer;
  assert.deepEqual(states.slice(-2), ['server-restarted: tokens-refused', 'live: server-restarted']);
});

test('an old token that is refused after the new login costs no other login', async () => {
  const { server, session } = await made({ lanes: 2 });
  await session.login();
  /** @type {() => void} */ let letGo = () => {};
  const held = new Promise((resolve) => (letGo = () => resolve(undefined)));
  once(server, async (_, go) => (await held, go()));
  const slow = session.request(get('/slow'));
  server.restart();
  assert.equal((await session.request(get('/quick'))).status, 200);
  letGo();
  assert.equal((await slow).status, 200);
  assert.deepEqual([session.tokens.refused, server.counts.logins], [2, 2]);
});

test('tokens of which one was refused count no more', async () => {
  const { server, session } = await made({ lanes: 4 });
  await session.login();
  server.restart();
  /** @type {number[]} */ const left = [];
  session.addEventListener('state', () => left.push(session.tokens.left));
  await session.request(get());
  assert.equal(left[0], 0);
});

test('a write whose token was refused is not sent again: anybody can say 401', async () => {
  const { server, session } = await made();
  once(server, async (_, go) => {
    await go();
    return refused(401);
  });
  await assert.rejects(session.request(write()), (/** @type {any} */ error) => {
    assert.equal(error.maybe, true);
    return failsAs('refused')(error);
  });
  assert.equal(writes(server), 1);
});

test('who says 401 to everything but logins gets no storm of logins', async () => {
  const { server, session, pauses } = await made();
  once(server, async () => refused(401), 'exchange', Infinity);
  for (let i = 0; i < 5; i++) await assert.rejects(session.request(get()), failsAs('refused'));
  // Two tries each, a login after each; from the second on it waits longer and longer before one.
  assert.ok(server.counts.logins <= 11, `${server.counts.logins} logins`);
  const last = pauses.asked.at(-1) ?? 0;
  assert.ok(pauses.asked.length >= server.counts.logins - 3 && last >= 7500, `${pauses.asked}`);
});

test('a token that is refused now and then, with others in between, is not punished by waits', async () => {
  const { server, session, pauses } = await made();
  for (let i = 0; i < 4; i++) {
    once(server, async () => refused(401));
    assert.equal((await session.request(get())).status, 200);
  }
  assert.deepEqual([server.counts.logins, pauses.asked], [5, []]);
});

for (const [status, after] of [[429, 2], [503, 3], [503, 0]]) {
  test(`${status} with Retry-After ${after}: waits, then sends a read again`, async () => {
    const { server, session, pauses, states } = await made();
    const headers = after ? { 'retry-after': String(after) } : {};
    once(server, async () => refused(status, headers));
    assert.equal((await session.request(get())).status, 200);
    assert.deepEqual(pauses.asked, [Math.max(200, after * 1000)]);
    assert.deepEqual(states, ['connecting', 'live']);
  });

  test(`${status} is not waited out beyond patience (${after})`, async () => {
    const { server, session, pauses } = await made();
    once(server, async () => refused(status, { 'retry-after': '61' }));
    await assert.rejects(session.request(get()), failsAs('busy'));
    assert.deepEqual(pauses.asked, []);
  });

  test(`${status} by somebody in between, after a write was carried out: not sent again (${after})`, async () => {
    const { server, session } = await made();
    once(server, async (_, go) => {
      await go();
      return refused(status);
    });
    await assert.rejects(session.request(write()), failsAs('busy'));
    assert.equal(writes(server), 1);
  });

  test(`${status} at login: waits as long as it was told (${after})`, async () => {
    const { server, session, pauses, states } = await made();
    once(server, async () => refused(status, { 'retry-after': String(after) }), 'login');
    await session.login();
    assert.ok(pauses.asked[0] >= Math.max(250, after * 1000) && pauses.asked[0] <= Math.max(500, after * 1250));
    assert.deepEqual(states, ['connecting: user', 'connecting: busy', 'live: user']);
  });
}

test('a body that is too large for the server (413) is said at once', async () => {
  const { server, session } = await made();
  once(server, async () => refused(413));
  await assert.rejects(session.request(write({ idempotencyKey: 'a' })), failsAs('size'));
  assert.equal(server.counts.exchanges, 0);
});

test('revoked: the token is refused, the login twice, and then nothing is tried any more', async () => {
  const { server, session, states } = await made();
  await session.request(get());
  server.revoked = true;
  await assert.rejects(session.request(get()), failsAs('revoked'));
  assert.equal(session.state, 'revoked');
  assert.equal(server.counts.refusedLogins, 2);
  await assert.rejects(session.request(get()), failsAs('revoked'));
  assert.equal(server.counts.refusedLogins, 2);
  assert.deepEqual(states.slice(2), ['connecting: tokens-refused', 'connecting: refused', 'revoked: refused']);
  await assert.rejects(session.login(), failsAs('revoked'));
  server.revoked = false;
  await session.login();
  assert.equal((await session.request(get())).status, 200);
});

test('one 401 to a login, by anybody, revokes nobody', async () => {
  const { server, session } = await made();
  once(server, async () => refused(401), 'login');
  await session.login();
  assert.equal(session.state, 'live');
});

test('expired is said where it is known', async () => {
  const { server, credential, session } = await made();
  Object.assign(credential, { notAfter: Date.now() - 1 });
  server.revoked = true;
  await assert.rejects(session.login(), failsAs('expired'));
  assert.equal(session.state, 'expired');
});

test('every request that waits learns of the revocation', async () => {
  const { server, session } = await made({ lanes: 1 });
  await session.login();
  server.revoked = true;
  const all = await Promise.allSettled([1, 2, 3].map((i) => session.request(get(`/${i}`))));
  assert.deepEqual(all.map((one) => /** @type {any} */ (one).reason?.code), ['revoked', 'revoked', 'revoked']);
});

// --- clocks and sleep ---------------------------------------------------------------------

test('a clock that is an hour off is corrected once, and remembered', async () => {
  const { server, session } = await made();
  server.clock = () => Date.now() + 3_600_000;
  await session.login();
  assert.equal(server.counts.logins, 2);
  assert.ok(Math.abs(session.tokens.clockOffsetMs - 3_600_000) < 60_000);
  assert.ok(Math.abs(session.tokens.deadline - Date.now() - 3_600_000) < 60_000, 'told in our own time');
  await session.login();
  assert.equal(server.counts.logins, 3);
});

test('a clock that stays wrong: said, and tried again slowly', async () => {
  const { server, session, states, pauses } = await made();
  server.clockIsWrong = 2;
  pauses.stop = true;
  await assert.rejects(session.login(), failsAs('clock'));
  assert.equal(session.state, 'clock');
  assert.deepEqual(pauses.asked, [30_000]);
  pauses.stop = false;
  pauses.end();
  await until(session, 'live');
  assert.equal(states.at(-1), 'live: user');
});

for (const [what, wall, steady] of [['its clocks went on', 40_000, 40_000], ['one stood still', 40_000, 0]]) {
  test(`after sleep (${what}) no old token is sent, and the login is quiet`, async () => {
    let [wallMs, steadyMs] = [Date.now(), 0];
    const { server, session, states } = await made({ now: () => wallMs, steady: () => steadyMs });
    server.clock = () => wallMs;
    await session.request(get());
    assert.equal(session.tokens.left, 4);
    wallMs += /** @type {number} */ (wall);
    steadyMs += /** @type {number} */ (steady);
    assert.equal(session.tokens.left, 0);
    assert.equal((await session.request(get())).status, 200);
    assert.equal(server.counts.exchanges, 2);
    assert.equal(session.tokens.refused, 0);
    assert.equal(states.at(-2), steady ? 'connecting' : 'connecting: slept');
    assert.ok(!states.some((state) => state.startsWith('offline')));
  });
}

test('a request that was under way when the machine fell asleep is sent again quietly', async () => {
  let wallMs = Date.now();
  const { server, session, states } = await made({ now: () => wallMs, steady: () => 0, patienceMs: 1e9 });
  server.clock = () => wallMs;
  await session.login();
  once(server, async () => {
    wallMs += 3_600_000;
    throw new TypeError('fetch failed');
  });
  assert.equal((await session.request(get())).status, 200);
  assert.ok(!states.some((state) => state.startsWith('offline')), states.join());
  assert.ok(states.includes('connecting: slept'));
});

test('a token is not used within its last moments, nor at the end of its chain', async () => {
  let nowMs = Date.now();
  const { server, session } = await made({ now: () => nowMs, steady: () => nowMs });
  server.clock = () => nowMs;
  await session.login();
  nowMs += 26_900;
  assert.equal(session.tokens.left, 4);
  nowMs += 200;
  assert.equal(session.tokens.left, 0);
  server.chainS = 10;
  await session.login();
  nowMs += 6_000;
  assert.equal(session.tokens.left, 4);
  nowMs += 4_000;
  assert.equal(session.tokens.left, 0);
});

test('the lane that has waited longest is used first', async () => {
  let nowMs = Date.now();
  const { server, session } = await made({ lanes: 2, now: () => nowMs, steady: () => nowMs });
  server.clock = () => nowMs;
  for (let i = 0; i < 4; i++, nowMs += 1000) await session.request(get());
  assert.deepEqual(session.tokens.lanes.map(({ sequence }) => sequence), [2, 2]);
});
