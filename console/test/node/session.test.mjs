// SPDX-License-Identifier: Apache-2.0
// A session against a server of the tests: whatever can go wrong on the way, and what it then does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { b64, concat, same, unb64 } from '../../js/node/bytes.js';
import { Pauses } from '../../js/node/pauses.js';
import { keyPair, random } from '../../js/node/primitives.js';
import { Session } from '../../js/node/session.js';
import { backoff } from '../../js/node/transport.js';
import { FakeServer, refused } from './server.mjs';
import { failsAs } from './support.mjs';

/** Waits that take no time but are written down; `stop` makes them wait for ever. */
class NoPauses extends Pauses {
  /** @type {number[]} */ asked = [];
  stop = false;

  /** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
  async wait(ms, signal) {
    this.asked.push(ms);
    if (this.stop) return super.wait(2 ** 31 - 1, signal);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** @typedef {Partial<import('../../js/node/session.js').SessionOptions>} Options */

/** A server, a session on it, and what the session said. @param {Options} [options] */
async function made(options = {}) {
  const server = await FakeServer.make();
  const credential = await server.credential();
  const pauses = new NoPauses();
  const session = new Session({ credential, fetch: server.fetch, pauses, patienceMs: 60_000, ...options });
  /** @type {string[]} */ const states = [];
  session.addEventListener('state', (/** @type {any} */ { detail }) => {
    states.push(detail.reason ? `${detail.state}: ${detail.reason}` : detail.state);
  });
  return { server, credential, pauses, session, states };
}

const get = (target = '/fhir/Patient') => ({ method: 'GET', target });
const write = (more = {}) => ({ method: 'POST', target: '/fhir/Observation', body: { a: 1 }, ...more });
/** How often was it carried out? @param {FakeServer} server */
const writes = (server) => server.done.get('POST /fhir/Observation') ?? 0;
/** Does `what` to the first exchange (or the first of a kind). @param {FakeServer} server
 * @param {FakeServer['tap']} what @param {'login' | 'exchange'} [which] @param {number} [times] */
function once(server, what, which = 'exchange', times = 1) {
  server.tap = (kind, go, request) => {
    return kind === which && times-- > 0 ? what(kind, go, request) : go();
  };
}
const joined = (/** @type {ArrayLike<number>[]} */ ...parts) => new Uint8Array(parts.flatMap((part) => [...Array.from(part)]));
/** Waits for a state by its event. @param {Session} session @param {string} state */
function until(session, state) {
  if (session.state === state) return Promise.resolve();
  return new Promise((resolve) => {
    session.addEventListener('state', () => session.state === state && resolve(undefined));
  });
}

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
  await session.login();
  assert.ok(same(credential.secret, server.secret));
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

test('a record that was deleted in another tab locks this one', async () => {
  const { credential, session, states } = await made();
  const forgotten = await import('../../js/node/errors.js').then((m) => new m.SkeymError('forgotten'));
  const keeper = {
    exclusively: (/** @type {any} */ work) => work(),
    refresh: () => Promise.reject(forgotten),
    save: async () => {},
    lock() {},
  };
  Object.assign(credential, { keeper });
  await assert.rejects(session.login(), failsAs('locked'));
  assert.equal(states.at(-1), 'locked: forgotten');
});

// --- answers that are lost ---------------------------------------------------------

const lose = async () => {
  throw new TypeError('fetch failed');
};
/** @type {FakeServer['tap']} */
const loseAnswer = async (_, go) => {
  await go();
  throw new TypeError('fetch failed');
};

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
  nowMs += 11_000;
  /** @type {() => void} */ let letGo = () => {};
  const held = new Promise((resolve) => (letGo = () => resolve(undefined)));
  once(server, async (_, go) => (await held, go()));
  const slow = session.request(get('/slow'));
  assert.equal((await session.request(get('/quick'))).status, 200);
  assert.equal(server.counts.logins, 2);
  letGo();
  assert.equal((await slow).status, 200);
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
  once(server, (_, go, { init }) => {
    arrived();
    return new Promise((_, reject) => init.signal.addEventListener('abort', () => reject(init.signal.reason)));
  });
  const both = [session.request(get('/1')), session.request(get('/2'))];
  const ended = Promise.allSettled(both);
  await there;
  session.lock();
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
