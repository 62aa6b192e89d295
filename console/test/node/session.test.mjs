// SPDX-License-Identifier: Apache-2.0
// A session that nobody disturbs, answers that are lost, giving up, locking, and what it tells.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { same, unb64 } from '../../js/node/bytes.js';
import { SkeymError } from '../../js/node/errors.js';
import { Pauses } from '../../js/node/pauses.js';
import { backoff } from '../../js/node/transport.js';
import { get, lose, loseAnswer, made, once, until, write, writes } from './bench.mjs';
import { refused } from './server.mjs';
import { failsAs } from './support.mjs';

/** @typedef {import('./server.mjs').FakeServer} FakeServer */

// --- the plain way ----------------------------------------------------------------

test('logs in by itself, spends a token for each request, and follows the chain', async () => {
  const { server, session, states } = await made({ lanes: 1 });
  assert.equal(session.state, 'idle');
  for (const target of ['/fhir/a', '/fhir/b', '/fhir/c']) {
    const answer = await session.request(get(target));
    assert.equal(answer.status, 200);
    assert.equal(answer.type, 'application/fhir+json');
    assert.deepEqual(answer.json(), { target });
    assert.equal(answer.text(), JSON.stringify({ target }));
  }
  assert.equal(server.counts.logins, 1);
  assert.deepEqual(states, ['connecting', 'live']);
  const { spent, left, lanes, loginAt, deadline, logins } = session.tokens;
  assert.deepEqual([spent, left, logins, lanes[0].sequence], [3, 1, 1, 3]);
  const now = Date.now();
  assert.ok(loginAt <= now && deadline > now + 3_000_000);
  assert.ok(lanes[0].expiresAt > now && lanes[0].expiresAt <= now + 30_000);
});

test('a status that is no success is an answer, too', async () => {
  const { server, session } = await made();
  server.handle = () => ({ status: 403, body: '{}' });
  assert.equal((await session.request(get())).status, 403);
});

test('fields and body arrive inside of the seal', async () => {
  const { server, session } = await made();
  /** @type {any} */ let came;
  server.handle = (request) => {
    came = request;
    return { status: 201, body: '{}' };
  };
  await session.request(write({ ifNoneExist: 'identifier=a', idempotencyKey: 'k.1', prefer: 'return=minimal' }));
  assert.deepEqual(came.head.split('\n'), [
    'POST /fhir/Observation',
    'content-type: application/fhir+json',
    'idempotency-key: k.1',
    'if-none-exist: identifier=a',
    'prefer: return=minimal',
  ]);
  assert.equal(came.body, '{"a":1}');
});

test('what cannot be written as a closed request is refused before anything is sent', async () => {
  const { server, session } = await made();
  const wrong = [
    get('fhir'), get('/a b'), get('/a\n'), get(`/${'a'.repeat(4096)}`), { method: 'get', target: '/' },
    { method: '', target: '/' }, { method: 'A'.repeat(17), target: '/' }, write({ ifNoneExist: '' }),
    write({ idempotencyKey: 'a b' }), write({ idempotencyKey: 'k'.repeat(65) }),
    write({ prefer: 'a\tb' }), write({ contentType: 'a\nb: c' }), write({ prefer: 'p'.repeat(1025) }),
  ];
  for (const request of wrong) await assert.rejects(session.request(request), failsAs('shape'));
  assert.equal(server.counts.logins, 0);
});

test('16 requests at a time share 4 lanes', async () => {
  const { server, session } = await made({ lanes: 4 });
  const targets = Array.from({ length: 16 }, (_, i) => `/fhir/${i}`);
  const answers = await Promise.all(targets.map((target) => session.request(get(target))));
  assert.deepEqual(answers.map((answer) => answer.json().target), targets);
  assert.equal(server.counts.logins, 1);
  assert.equal(server.counts.admitted, 16);
  assert.ok(server.counts.mostAtOnce <= 4);
});

test('as many lanes as came are used, though more were wanted', async () => {
  const { server, session } = await made({ lanes: 4 });
  server.lanesMost = 2;
  await Promise.all([get('/1'), get('/2'), get('/3')].map((request) => session.request(request)));
  assert.equal(server.counts.mostAtOnce, 2);
});

test('lanes must be 1 to 16', async () => {
  for (const lanes of [0, 17, 1.5]) await assert.rejects(made({ lanes }), failsAs('usage'));
});

test('each login brings another locator and perhaps another C_i, and the next login uses them', async () => {
  const { server, session, credential } = await made();
  await session.login();
  assert.ok(same(credential.locator, server.locator));
  server.renew = true;
  const old = credential.secret;
  await session.login();
  assert.ok(same(credential.secret, server.secret));
  assert.ok(old.every((byte) => byte === 0));
  await session.login();
  assert.equal(server.counts.refusedLogins, 0);
  assert.equal(server.counts.logins, 3);
});

test('the credential is read and kept in one turn, around each login', async () => {
  const { server, credential, session } = await made();
  /** @type {string[]} */ const calls = [];
  Object.assign(credential, {
    keeper: {
      exclusively: async (/** @type {any} */ work) => {
        calls.push('begin');
        await work();
        calls.push('end');
      },
      refresh: async () => void calls.push(`refresh ${server.counts.logins}`),
      save: async (/** @type {any} */ now) => {
        calls.push(`save ${same(now.locator, server.locator)}`);
      },
      lock: () => calls.push('lock'),
    },
  });
  await session.login();
  session.lock();
  assert.deepEqual(calls, ['begin', 'refresh 0', 'save true', 'end', 'lock']);
});

test('a locator that cannot be kept does not stop the session', async () => {
  const { credential, session } = await made();
  const save = () => Promise.reject(new Error('no space'));
  const keeper = { exclusively: (/** @type {any} */ work) => work(), refresh: async () => {}, save, lock() {} };
  Object.assign(credential, { keeper });
  await session.login();
  assert.equal((await session.request(get())).status, 200);
});

for (const when of ['refresh', 'save']) {
  test(`a record that was deleted in another tab locks this one (${when})`, async () => {
    const { credential, session, states } = await made();
    const keeper = {
      exclusively: (/** @type {any} */ work) => work(),
      refresh: async () => {},
      save: async () => {},
      lock() {},
      [when]: () => Promise.reject(new SkeymError('forgotten')),
    };
    Object.assign(credential, { keeper });
    await assert.rejects(session.login(), failsAs('locked'));
    assert.equal(states.at(-1), 'locked: forgotten');
  });
}

// --- answers that are lost ---------------------------------------------------------


for (const [when, how, times] of /** @type {[string, FakeServer['tap'], number][]} */ ([
  ['before it arrived', lose, 0],
  ['after it was carried out', loseAnswer, 1],
])) {
  test(`a read that was lost ${when} is sent again, on another lane`, async () => {
    const { server, session, states } = await made();
    once(server, how);
    assert.equal((await session.request(get('/fhir/x'))).status, 200);
    assert.equal(server.done.get('GET /fhir/x'), times + 1);
    assert.equal(server.counts.logins, 1);
    assert.deepEqual(states, ['connecting', 'live'], 'one lost answer is not worth a word');
    assert.deepEqual([session.tokens.lost, session.tokens.left], [1, 3]);
  });

  test(`a write that was lost ${when} is not sent again`, async () => {
    const { server, session } = await made();
    once(server, how);
    await assert.rejects(session.request(write()), (/** @type {any} */ error) => {
      assert.equal(error.maybe, true);
      return failsAs('network')(error);
    });
    assert.equal(writes(server), times);
  });

  for (const guard of [{ ifNoneExist: 'identifier=a' }, { idempotencyKey: 'k1' }]) {
    test(`a write under ${Object.keys(guard)[0]} that was lost ${when} is sent again`, async () => {
      const { server, session } = await made();
      once(server, how);
      await session.request(write(guard));
      assert.equal(writes(server), times + 1);
    });
  }
}

test('one lost answer now and then, with others in between, is no outage', async () => {
  const { server, session, states } = await made({ lanes: 4 });
  for (let i = 0; i < 3; i++) {
    once(server, lose);
    assert.equal((await session.request(get())).status, 200);
  }
  assert.deepEqual(states, ['connecting', 'live']);
  assert.deepEqual([server.counts.logins, session.tokens.lost], [1, 3]);
});

test('an answer that does not come in time counts as lost', async () => {
  const { server, session } = await made({ timeoutMs: 20 });
  once(server, (_, go, { init }) => {
    return new Promise((_, reject) => init.signal.addEventListener('abort', () => reject(init.signal.reason)));
  });
  assert.equal((await session.request(get())).status, 200);
  assert.equal(session.tokens.lost, 1);
});

test('a body that breaks off counts as lost', async () => {
  const { server, session } = await made();
  once(server, async (_, go) => {
    const { status, headers } = await go();
    const torn = new ReadableStream({ start: (controller) => controller.error(new TypeError('torn')) });
    return new Response(torn, { status, headers });
  });
  assert.equal((await session.request(get())).status, 200);
  assert.equal(session.tokens.lost, 1);
});

test('the network is away: offline, growing waits, one login at a time; then live again', async () => {
  const { server, session, states, pauses } = await made();
  await session.request(get());
  server.unreachable = true;
  const counted = session.request(get('/fhir/later'));
  await until(session, 'offline');
  while (pauses.asked.length < 8) await new Promise((resolve) => setImmediate(resolve));
  server.unreachable = false;
  assert.equal((await counted).status, 200);
  assert.equal(session.state, 'live');
  assert.ok(states.includes('offline: network'));
  assert.ok(!states.some((state) => state.startsWith('server-restarted')), 'it did not');
  assert.equal(server.counts.logins, 2);
  const asked = pauses.asked.slice(0, 8);
  asked.forEach((ms, i) => {
    const whole = Math.min(15_000, 500 * 2 ** i);
    assert.ok(ms >= whole / 2 && ms <= whole, `wait ${i}: ${ms}`);
  });
});

test('waits have a bound and some chance in them', () => {
  const many = Array.from({ length: 50 }, () => backoff(1000));
  assert.ok(many.every((ms) => ms >= 7500 && ms <= 15_000));
  assert.ok(new Set(many).size > 1);
});

test("the browser's word that it is online again ends the wait", async () => {
  const host = new EventTarget();
  const pauses = new Pauses();
  const { server, session } = await made({ host, pauses });
  server.unreachable = true;
  // Real pauses: without the event this would take half a second and more, again and again.
  const answer = session.request(get());
  await until(session, 'offline');
  let ended = 0;
  const { end } = pauses;
  pauses.end = () => {
    ended++;
    end.call(pauses);
  };
  server.unreachable = false;
  host.dispatchEvent(new Event('online'));
  assert.equal((await answer).status, 200);
  assert.equal(ended, 1);
  session.lock();
  const before = ended;
  host.dispatchEvent(new Event('online'));
  assert.equal(ended, before, 'a session that is locked hears nothing');
});

test('patience ends; the session goes on trying by itself', async () => {
  const { server, session, pauses } = await made();
  server.unreachable = true;
  await assert.rejects(session.request({ ...get(), patienceMs: 5 }), (/** @type {any} */ error) => {
    assert.equal(error.maybe, false);
    return failsAs('offline')(error);
  });
  const before = pauses.asked.length;
  while (pauses.asked.length === before) await new Promise((resolve) => setImmediate(resolve));
  server.unreachable = false;
  await until(session, 'live');
});

test('after patience is over, what was lost is not sent again', async () => {
  const { server, session } = await made();
  await session.login();
  once(server, lose, 'exchange', 2);
  await assert.rejects(session.request({ ...get(), patienceMs: 0 }), failsAs('network'));
  assert.equal(session.tokens.spent, 1);
});

test('login() that nobody answers ends with patience, and the session goes on', async () => {
  const { server, session } = await made({ patienceMs: 5 });
  server.unreachable = true;
  await assert.rejects(session.login(), failsAs('offline'));
  await until(session, 'offline');
  server.unreachable = false;
  await until(session, 'live');
});

test('a proxy that finds no server (502) is the network', async () => {
  const { server, session } = await made();
  once(server, async () => refused(502), 'login', 2);
  assert.equal((await session.request(get())).status, 200);
  once(server, async () => refused(502));
  assert.equal((await session.request(get())).status, 200);
  assert.equal(session.tokens.lost, 1);
});

// --- giving up and locking -------------------------------------------------------------

test('a caller that gives up before anything was sent sends nothing', async () => {
  const { server, session } = await made();
  await assert.rejects(session.request({ ...get(), signal: AbortSignal.abort() }), failsAs('aborted'));
  assert.equal(server.counts.logins, 0);
  server.unreachable = true;
  const ender = new AbortController();
  const waiting = session.request({ ...write(), signal: ender.signal });
  ender.abort();
  await assert.rejects(waiting, (/** @type {any} */ error) => {
    assert.equal(error.maybe, false);
    return failsAs('aborted')(error);
  });
  server.unreachable = false;
  await until(session, 'live');
  assert.equal(writes(server), 0);
});

test('a caller that gives up later leaves the lane in order', async () => {
  const { server, session } = await made({ lanes: 1 });
  await session.login();
  const ender = new AbortController();
  once(server, async (_, go) => {
    ender.abort();
    return go();
  });
  await assert.rejects(session.request({ ...write(), signal: ender.signal }), (/** @type {any} */ error) => {
    assert.equal(error.maybe, true);
    return failsAs('aborted')(error);
  });
  assert.equal((await session.request(get())).status, 200);
  assert.equal(server.counts.logins, 1);
});

test('lock: secrets are zeros, whatever waits is refused, nothing is sent any more', async () => {
  const { server, session, credential } = await made({ lanes: 1 });
  await session.login();
  const { secret } = credential;
  /** @type {() => void} */ let arrived = () => {};
  const there = new Promise((resolve) => (arrived = () => resolve(undefined)));
  /** @type {AbortSignal | undefined} */ let signal;
  once(server, (_, go, { init }) => {
    arrived();
    signal = init.signal;
    return new Promise((_, reject) => init.signal.addEventListener('abort', () => reject(init.signal.reason)));
  });
  const both = [session.request(get('/1')), session.request(get('/2'))];
  const ended = Promise.allSettled(both);
  await there;
  session.lock();
  assert.equal(signal?.aborted, true);
  const codes = (await ended).map((one) => /** @type {any} */ (one).reason?.code);
  assert.deepEqual(codes, ['locked', 'locked']);
  assert.equal(session.state, 'locked');
  assert.ok(secret.every((byte) => byte === 0));
  assert.equal(session.tokens.left, 0);
  await assert.rejects(session.request(get()), failsAs('locked'));
  await assert.rejects(session.login(), failsAs('locked'));
  assert.equal(server.counts.exchanges, 0);
});

test('a lock while an answer is under way: it is not shown, and its lane is not kept', async () => {
  const { server, session } = await made();
  await session.login();
  once(server, async (_, go) => {
    const real = await go();
    session.lock();
    return real;
  });
  await assert.rejects(session.request(get()), failsAs('locked'));
  assert.equal(session.tokens.left, 0);
});

test('a lock while a login is under way: its answer is not kept', async () => {
  const { server, session, credential } = await made();
  const { locator } = credential;
  once(server, async (_, go) => {
    const real = await go();
    session.lock();
    return real;
  }, 'login');
  await assert.rejects(session.login(), failsAs('locked'));
  assert.equal(credential.locator, locator);
  assert.equal(session.tokens.left, 0);
});

// --- what it tells -------------------------------------------------------------------------

test('wire: what an eavesdropper sees, next to what it means', async () => {
  const { session } = await made();
  /** @type {import('../../js/node/types.js').WireDetail[]} */ const seen = [];
  session.addEventListener('wire', (/** @type {any} */ { detail }) => seen.push(detail));
  await session.request(write({ body: '{"secret":"Anna"}' }));
  assert.deepEqual(
    seen.map(({ direction, kind, exchange, status }) => [direction, kind, exchange, status]),
    [['out', 'login', 1, undefined], ['in', 'login', 1, 200], ['out', 'exchange', 2, undefined], ['in', 'exchange', 2, 200]],
  );
  const [, , out, answer] = seen;
  assert.match(out.head, /^POST \/skeym\/v1\/exchange HTTP\/1\.1\nContent-Type: application\/jose\nAuthorization: SkeyM [\w-]{167}\nSkeyM-Proof: [\w-]{43}\n$/);
  assert.match(answer.head, /^HTTP\/1\.1 200\nContent-Type: application\/jose\nSkeyM-Next: [\w-]{167}\n$/);
  const { method, target, type, body } = /** @type {any} */ (out.clear);
  assert.deepEqual([method, target, type, body], ['POST', '/fhir/Observation', 'application/fhir+json', '{"secret":"Anna"}']);
  assert.equal(/** @type {any} */ (answer.clear).body, '{"target":"/fhir/Observation"}');
  assert.equal(seen[0].clear, null);
  const crossed = seen.map(({ head, bytes }) => head + Buffer.from(bytes).toString('latin1')).join();
  const jwe = Buffer.from(out.bytes).toString().split('.');
  assert.equal(Buffer.from(unb64(jwe[0])).toString(), '{"alg":"dir","enc":"A256GCM","cty":"application/skeym-request"}');
  for (const word of ['Anna', 'Observation', 'fhir']) assert.ok(!crossed.includes(word), word);
});

test('wire: an answer that does not open has no meaning', async () => {
  const { server, session } = await made();
  await session.login();
  /** @type {any[]} */ const seen = [];
  session.addEventListener('wire', (/** @type {any} */ { detail }) => seen.push(detail));
  once(server, async () => refused(404));
  await assert.rejects(session.request(get()), failsAs('seal'));
  assert.equal(seen[1].clear, null);
});

test('tokens are told after each request; states carry when the next try is due', async () => {
  const { server, session } = await made();
  const told = new Promise((resolve) => {
    session.addEventListener('tokens', (/** @type {any} */ { detail }) => detail.spent === 1 && resolve(detail));
  });
  await session.request(get());
  assert.equal(/** @type {any} */ (await told).left, 4);
  server.unreachable = true;
  const due = new Promise((resolve) => {
    session.addEventListener('state', (/** @type {any} */ { detail }) => detail.retryAt && resolve(detail));
  });
  const answer = session.request(get());
  const { state, retryAt, at } = /** @type {any} */ (await due);
  assert.equal(state, 'offline');
  assert.ok(retryAt >= at + 250);
  server.unreachable = false;
  await answer;
});
