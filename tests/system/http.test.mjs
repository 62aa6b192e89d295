// SPDX-License-Identifier: Apache-2.0
// What comes over the wire and is no proper request: each has one defined outcome.
import assert from 'node:assert/strict';
import net from 'node:net';
import { raw, sleep, statuses, until } from './world.mjs';

const HOST = 'Host: x\r\n';
const NEXT = `GET / HTTP/1.1\r\n${HOST}\r\n`;
const REFUSAL =
  '{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"login",' +
  '"diagnostics":"not admitted"}]}';

/** A head with a token that is right and a proof that is not: as far as a stranger with a stolen
 * token gets before the body. */
async function stolen(world, server) {
  const credential = await world.enrol('d1', 'doctor', 'user/*.cruds');
  const chain = world.path('chain');
  const { code, err } = await world.get(server, '/fhir/metadata', credential, '--chain', chain);
  assert.equal(code, 0, err);
  const proof = 'A'.repeat(43);
  return (size) =>
    `POST /skeym/v1/exchange HTTP/1.1\r\n${HOST}Authorization: SkeyM ${world.token(chain)}\r\n` +
    `SkeyM-Proof: ${proof}\r\nContent-Type: application/jose\r\nContent-Length: ${size}\r\n\r\n`;
}

const begin = async (world, ...args) => {
  await world.init();
  return world.serve(args);
};

/** [name, bytes, statuses in order, closed?]. Where NEXT follows, an answer to it says that the
 * server saw a second request: it may only where the first one's end is beyond doubt. */
const FRAMING = [
  ['no body', NEXT, [401], false],
  ['two requests in one piece', NEXT + NEXT, [401, 401], false],
  ['a body', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello${NEXT}`, [401, 401], false],
  ['GET with a body', `GET / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello${NEXT}`, [401, 401],
    false],
  ['chunked', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${NEXT}`, [401],
    true],
  ['Transfer-Encoding: identity',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n${NEXT}`,
    [401], true],
  ['chunked and a length',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n` +
    NEXT, [401], true],
  ['a length and chunked',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n` +
    NEXT, [401], true],
  ['an unknown coding',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nhello${NEXT}`,
    [401], true],
  ['a coding whose name has a control character',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding\x0b: chunked\r\n\r\n0\r\n\r\n${NEXT}`, [401], true],
  ['two equal lengths',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello${NEXT}`, [401],
    true],
  ['two lengths',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello${NEXT}`, [401],
    true],
  ['a space before the colon',
    `POST / HTTP/1.1\r\n${HOST}Content-Length : 5\r\n\r\nhello${NEXT}`, [401], true],
  ['a bare CR in a value', `GET / HTTP/1.1\r\nHost: x\rContent-Length: 3\r\n\r\nabc${NEXT}`, [401],
    true],
  ['a folded line after a value', `POST / HTTP/1.1\r\n${HOST}X: 1\r\n Content-Length: 4\r\n\r\n`,
    [401], undefined],
  ['HTTP/1.0', `GET / HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n${NEXT}`, [401], true],
  ['HTTP/1.2', `GET / HTTP/1.2\r\n${HOST}\r\n${NEXT}`, [401], true],
  ['absolute form', `GET http://x/fhir HTTP/1.1\r\n${HOST}\r\n${NEXT}`, [401], true],
  ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n${NEXT}`, [401], true],
  ['CONNECT', `CONNECT x:1 HTTP/1.1\r\n${HOST}\r\n${NEXT}`, [401], true],
  ['HEAD', `HEAD / HTTP/1.1\r\n${HOST}\r\n${NEXT}`, [401], true],
  ['two hosts', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, [401], false],
  ['an upgrade', `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`, [401],
    undefined],
  ['Expect', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`, [401],
    true],
];

/** Refused by the HTTP library itself: whatever it says, it closes, and nothing after it counts. */
const REFUSED_BELOW = [
  ['+5', 'Content-Length: +5\r\n'],
  ['-5', 'Content-Length: -5\r\n'],
  ['0x5', 'Content-Length: 0x5\r\n'],
  ['5, 5', 'Content-Length: 5, 5\r\n'],
  ['an empty length', 'Content-Length:\r\n'],
  ['a length beyond all numbers', 'Content-Length: 99999999999999999999999\r\n'],
  ['a line without a colon', 'foo\r\n'],
  ['a NUL in a name', 'X\0: a\r\n'],
];

export default {
  async 'every route and method answers strangers alike'(world) {
    const server = await begin(world);
    const heads = ['GET /', 'GET /fhir/metadata', 'GET /fhir/Patient/1', 'PUT /fhir/Patient/1',
      'DELETE /fhir', 'GET /metrics', 'GET /healthz', 'GET /skeym/v1/login',
      'GET /skeym/v1/login?', 'GET /skeym/v1/exchange', 'POST /skeym/v1/exchange',
      'FOO /fhir/%00/../..', 'GET //', 'GET /%2e%2e/'];
    const answers = new Set();
    for (const head of heads) {
      const { text, closed } = await raw(server.port, `${head} HTTP/1.1\r\n${HOST}\r\n`,
        { until: (got) => got.includes(REFUSAL) });
      assert.equal(closed, false);
      answers.add(text.replace(/Date: [^\r]*\r\n/, ''));
    }
    assert.deepEqual([...answers], [
      'HTTP/1.1 401 Unauthorized\r\nContent-Type: application/fhir+json\r\n' +
      `WWW-Authenticate: SkeyM\r\nCache-Control: no-store\r\nContent-Length: ${REFUSAL.length}` +
      `\r\n\r\n${REFUSAL}`]);
    assert.equal(await server.metric('skeym_refusals_total{check="shape"}'), heads.length);
  },

  async 'where a request ends is never in doubt'(world) {
    const server = await begin(world);
    for (const [name, bytes, wanted, closed] of FRAMING) {
      const result = await raw(server.port, bytes, { ms: 300 });
      assert.deepEqual(statuses(result.text), wanted, name);
      if (closed !== undefined) assert.equal(result.closed, closed, name);
    }
  },

  async 'what the HTTP library refuses ends the connection'(world) {
    const server = await begin(world);
    for (const [name, field] of REFUSED_BELOW) {
      const { text, closed } = await raw(server.port,
        `POST / HTTP/1.1\r\n${HOST}${field}\r\nhello${NEXT}`, { ms: 500 });
      assert.equal(closed, true, name);
      assert.ok(!text.includes('not admitted'), name);
      assert.ok(statuses(text).every((status) => status === 400 || status === 413), name);
    }
    assert.equal((await server.monitor('/healthz')).status, 200);
  },

  async 'a head that is too large is 431'(world) {
    const server = await begin(world);
    for (const size of [8200, 9000, 20000, 200000]) {
      const { text } = await raw(server.port,
        `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(size)}\r\n\r\n`, { ms: 500 });
      assert.equal(statuses(text)[0], 431, String(size));
    }
    const { text } = await raw(server.port, `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(8000)}\r\n\r\n`,
      { ms: 500 });
    assert.equal(statuses(text)[0], 401);
    const line = await raw(server.port, `GET /${'a'.repeat(20000)} HTTP/1.1\r\n${HOST}\r\n`,
      { ms: 500 });
    assert.equal(statuses(line.text)[0], 414);
  },

  async 'a body that is too large is 413, before it is sent if it is huge'(world) {
    const server = await begin(world, '--body-max', '1024');
    const post = (size) => `POST /fhir HTTP/1.1\r\n${HOST}Content-Length: ${size}\r\n\r\n`;
    const huge = await raw(server.port, post((8 << 20) + 1), { ms: 1000 });
    assert.deepEqual(statuses(huge.text), [413]);
    assert.equal(huge.closed, true);
    /* one that is not is read to its end, so that its answer arrives; nothing of it is kept */
    const large = await raw(server.port, [post(900000), 'a'.repeat(900000), NEXT], { ms: 3000,
      until: (got) => statuses(got).length === 2 });
    assert.deepEqual(statuses(large.text), [413, 401]);
    assert.equal(await server.metric('skeym_refusals_total{check="size"}'), 2);
  },

  async 'a head that drips is cut'(world) {
    const server = await begin(world, '--head-seconds', '1', '--idle-seconds', '1');
    const drips = [...`GET / HTTP/1.1\r\nX: ${'a'.repeat(400)}`];
    const { text, closed, ms } = await raw(server.port, drips, { ms: 8000, gap: 50 });
    assert.equal(closed, true);
    assert.equal(text, '');
    assert.ok(ms < 4000, `${ms} ms`);
    await until('the count', async () => (await server.metric('skeym_connections_cut_total')) === 1);
  },

  async 'who leaves half a request gives its place back at once'(world) {
    const server = await begin(world); /* a head may take 10 s, a body 30 s */
    const halves = ['GET /fhir/Patient HTTP/1.1\r\nHost: a', '',
      `POST /fhir HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\nhello`];
    server.signal('SIGSTOP'); /* so that it finds the bytes and their end at one time */
    await Promise.all(Array.from({ length: 60 }, (_, i) => new Promise((resolve) => {
      net.connect(server.port, '127.0.0.1').end(halves[i % halves.length], resolve);
    })));
    server.signal('SIGCONT');
    await until('all', async () => (await server.metric('skeym_connections_total')) === 60);
    await until('none', async () => (await server.metric('skeym_connections')) === 0, 5000);
    assert.ok((await server.metric('skeym_connections_gone_total')) > 0);
    assert.equal(await server.metric('skeym_connections_cut_total'), 0);
    const whole = await new Promise((resolve) => { /* one that says it will send no more */
      let text = '';
      const socket = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('data', (data) => (text += data));
      socket.on('close', () => resolve(text));
      socket.end(NEXT);
      setTimeout(() => socket.destroy(), 4000);
    });
    assert.deepEqual(statuses(whole), [401]);
  },

  async 'silence is cut'(world) {
    const server = await begin(world, '--head-seconds', '1', '--idle-seconds', '1');
    const { closed } = await raw(server.port, '', { ms: 8000 });
    assert.equal(closed, true);
    const half = await raw(server.port, 'GET / HT', { ms: 8000 });
    assert.equal(half.closed, true);
    const idle = await raw(server.port, NEXT, { ms: 8000 });
    assert.equal(idle.closed, true);
    assert.deepEqual(statuses(idle.text), [401]);
    await until('none', async () => (await server.metric('skeym_connections')) === 0);
  },

  async 'a body that drips is cut, and its memory comes back'(world) {
    const server = await begin(world, '--body-seconds', '1');
    const head = await stolen(world, server);
    const waiting = raw(server.port, [head(5000), ...'a'.repeat(200)], { ms: 8000, gap: 50 });
    await until('the body', async () => (await server.metric('skeym_body_bytes')) === 5000);
    const { closed, ms } = await waiting;
    assert.equal(closed, true);
    assert.ok(ms < 5000, `${ms} ms`);
    await until('its end', async () => (await server.metric('skeym_body_bytes')) === 0);
    assert.equal(await server.metric('skeym_requests_under_way'), 0);
  },

  async 'who drips a body keeps no server from stopping'(world) {
    const server = await begin(world, '--body-seconds', '300');
    const head = await stolen(world, server);
    const drip = raw(server.port, [head(5000), ...'a'.repeat(300)], { ms: 30000, gap: 100 });
    await until('the body', async () => (await server.metric('skeym_body_bytes')) === 5000);
    assert.equal(await server.stop(), 0);
    assert.deepEqual(server.log('stop-cut').map((line) => line.connections), [1]);
    assert.equal(server.log('stop-failed').length, 0);
    const { text, closed } = await drip;
    assert.deepEqual([text, closed], ['', true]);
  },

  async 'a stranger makes the server keep no byte of a body'(world) {
    const server = await begin(world);
    const open = raw(server.port, `POST /fhir HTTP/1.1\r\n${HOST}Content-Length: 5000\r\n\r\nabc`,
      { ms: 1000 });
    await until('the request', async () => (await server.metric('skeym_requests_under_way')) === 1);
    assert.equal(await server.metric('skeym_body_bytes'), 0);
    await open;
    await until('its end', async () => (await server.metric('skeym_requests_under_way')) === 0);
    const login = raw(server.port, `POST /skeym/v1/login HTTP/1.1\r\n${HOST}Content-Type: ` +
      'application/skeym-login\r\nContent-Length: 4097\r\n\r\nabc', { ms: 1000 });
    await until('the login', async () => (await server.metric('skeym_requests_under_way')) === 1);
    assert.equal(await server.metric('skeym_body_bytes'), 0);
    await login;
  },

  async 'bodies share a bounded memory'(world) {
    const server = await begin(world, '--body-max', '1048576', '--body-memory', '1048576',
      '--body-seconds', '3');
    const head = await stolen(world, server);
    const first = raw(server.port, head(700000), { ms: 2500 });
    await until('the first', async () => (await server.metric('skeym_body_bytes')) === 700000);
    const { text, closed } = await raw(server.port, head(700000), { ms: 1500 });
    assert.deepEqual(statuses(text), [503]);
    assert.match(text, /^Retry-After: 1\r$/m);
    assert.equal(closed, true);
    assert.equal(await server.metric('skeym_body_memory_refusals_total'), 1);
    await first;
    await until('the end', async () => (await server.metric('skeym_body_bytes')) === 0);
  },

  async 'a wrong proof is refused after the body, and a half body never'(world) {
    const server = await begin(world);
    const head = await stolen(world, server);
    const whole = await raw(server.port, head(5) + 'hello', { ms: 600 });
    assert.deepEqual(statuses(whole.text), [401]);
    assert.equal(await server.metric('skeym_refusals_total{check="proof"}'), 1);
    const half = await raw(server.port, head(50) + 'hello', { ms: 300 });
    assert.equal(half.text, '');
    await until('its end', async () => (await server.metric('skeym_requests_under_way')) === 0);
    assert.equal(await server.metric('skeym_refusals_total{check="proof"}'), 1);
    assert.equal(server.log('refused').find((line) => line.check === 'proof').node, 'd1');
  },

  async 'connections of one address are limited'(world) {
    const server = await begin(world, '--per-ip', '3', '--connections', '10');
    const open = [1, 2, 3].map(() => raw(server.port, NEXT, { ms: 1500 }));
    await until('three', async () => (await server.metric('skeym_connections')) === 3);
    const fourth = await raw(server.port, NEXT, { ms: 600 });
    assert.deepEqual(statuses(fourth.text), []);
    assert.equal(fourth.closed, true);
    assert.equal(await server.metric('skeym_connections_refused_total'), 1);
    const neighbour = await raw(server.port, NEXT, { ms: 300, from: '127.0.0.2' });
    assert.deepEqual(statuses(neighbour.text), [401]);
    await Promise.all(open);
    await until('none', async () => (await server.metric('skeym_connections')) === 0);
    assert.deepEqual(statuses((await raw(server.port, NEXT, { ms: 300 })).text), [401]);
  },

  async 'a flood of logins gets 429 and leaves the others alone'(world) {
    const server = await begin(world, '--login-rate', '4', '--login-burst', '20'); /* a host: a quarter */
    const login = `POST /skeym/v1/login HTTP/1.1\r\n${HOST}Content-Type: application/skeym-login\r\n` +
      'Content-Length: 200\r\n\r\n' + 'a'.repeat(200);
    const counts = {};
    let text = '';
    for (let i = 0; i < 20; i++) {
      const one = await raw(server.port, login, { ms: 500, until: (got) => got.includes(']}') });
      const [status] = statuses(one.text);
      counts[status] = (counts[status] ?? 0) + 1;
      if (status === 429) text = one.text;
    }
    assert.ok(counts[401] >= 5 && counts[429] >= 10, JSON.stringify(counts));
    assert.match(text, /^Retry-After: 1\r$/m);
    assert.deepEqual(statuses((await raw(server.port, NEXT, { ms: 300 })).text), [401]);
    const neighbour = await raw(server.port, login, { ms: 500, from: '127.0.0.2' });
    assert.deepEqual(statuses(neighbour.text), [401]);
    assert.ok((await server.metric('skeym_logins_total{result="rate"}')) >= 10);
  },

  async 'logins of all sources share a bounded part of the CPU'(world) {
    const server = await begin(world, '--login-rate', '100000', '--login-burst', '100000',
      '--login-cpu', '1');
    const body = '\x01\x01\x00' + '\x01'.repeat(500);
    const login = `POST /skeym/v1/login HTTP/1.1\r\n${HOST}Content-Type: application/skeym-login\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`;
    let refused = false;
    for (let i = 0; i < 20 && !refused; i++) {
      const { text } = await raw(server.port, login.repeat(50), { ms: 3000,
        until: (got) => got.includes('429') || statuses(got).length === 50 });
      refused = text.includes('429');
    }
    assert.ok(refused);
    await sleep(1100); /* the budget comes back */
    const { text } = await raw(server.port, login, { ms: 500 });
    assert.deepEqual(statuses(text), [401]);
  },

  async 'a login of a wrong shape is the one refusal'(world) {
    const server = await begin(world);
    const type = 'Content-Type: application/skeym-login\r\n';
    const login = (fields, body) =>
      `POST /skeym/v1/login HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
    const tries = [login('', ''), login(`${type}Content-Length: 0\r\n`, ''),
      login('Content-Length: 5\r\n', 'hello'), login(`${type}Content-Length: 4097\r\n`, 'a'.repeat(4097)),
      login(`${type}${type}Content-Length: 5\r\n`, 'hello'),
      login(`${type}Content-Length: 5\r\n`, 'hello'), login(`${type}Content-Length: 4096\r\n`,
        '\x01\x00\x80' + 'a'.repeat(4093))];
    for (const bytes of tries) {
      const { text } = await raw(server.port, bytes, { ms: 400, until: (got) => got.endsWith(']}') });
      assert.deepEqual(statuses(text), [401]);
      assert.ok(text.endsWith(REFUSAL));
    }
    assert.equal(await server.metric('skeym_logins_total{result="ok"}'), 0);
  },

  async 'the log is kept from flooding, and says how much it left out'(world) {
    const server = await begin(world);
    const bytes = NEXT.repeat(300);
    await raw(server.port, bytes, { ms: 1500, until: (got) => statuses(got).length >= 300 });
    await until('the count', () => server.log('dropped').length > 0);
    await sleep(100);
    const lines = server.log('refused').length;
    const dropped = server.log('dropped').reduce((sum, line) => sum + line.lines, 0);
    assert.equal(lines + dropped, 300);
    assert.ok(dropped > 50);
  },

  async 'a flood of strangers hides nothing that nodes do'(world) {
    const server = await begin(world);
    const doctor = await world.enrol('doc', 'doctor', 'user/Patient.rs');
    let going = true;
    const flood = (async () => {
      while (going) {
        await raw(server.port, NEXT.repeat(300),
          { ms: 2000, until: (got) => statuses(got).length >= 300 });
      }
    })();
    await until('a full room', () => server.log('dropped').length > 0);
    for (let i = 0; i < 5; i++) {
      assert.equal((await world.get(server, '/fhir/metadata', doctor)).code, 0);
      assert.equal((await world.get(server, '/fhir/Device?patient=1', doctor)).code, 1);
    }
    await world.must(['revoke', 'doc', '--dir', world.dir]);
    assert.notEqual((await world.get(server, '/fhir/metadata', doctor)).code, 0);
    going = false;
    await flood;
    const of = (event, key, value) =>
      server.log(event).filter((line) => line[key] === value && line.node === 'doc').length;
    assert.equal(of('login', 'reason', 'ok'), 10);
    assert.equal(of('refused', 'check', 'scope'), 5);
    assert.equal(of('login', 'reason', 'revoked'), 1);
    assert.ok(server.log('dropped').every((line) => line.of === 'strangers'));
  },

  async 'metrics and health are on their own listener alone'(world) {
    const server = await begin(world);
    const health = await server.monitor('/healthz');
    assert.deepEqual(health, { status: 200, body: 'ok\n' });
    const metrics = await server.monitor('/metrics');
    assert.equal(metrics.status, 200);
    assert.match(metrics.body, /^skeym_build_info\{version="[^"]+"\} 1$/m);
    assert.equal((await server.monitor('/fhir/metadata')).status, 404);
    assert.equal((await server.monitor('/')).status, 404);
    assert.equal((await server.monitor('/metrics', {}, 'POST')).status, 404);
    /* a page whose name was pointed at loopback: whatever its name begins with */
    for (const Host of ['evil.example', '127.evil.example', '127.0.0.1.evil.example:9464', 'localhost.evil.example',
      'localhost:x', 'localhost:9:9', '[::1].evil.example', '[::1', '127.1', '0127.0.0.1', '128.0.0.1', ':9464',
      `127.0.0.1${'0'.repeat(80)}`]) {
      for (const path of ['/metrics', '/healthz']) {
        assert.equal((await server.monitor(path, { Host })).status, 404, Host);
      }
    }
    for (const Host of ['localhost', 'localhost:9', 'LocalHost', '127.0.0.1', '127.8.0.1:9464', '[::1]', '[::1]:9464']) {
      assert.equal((await server.monitor('/metrics', { Host })).status, 200, Host);
    }
    const nameless = await raw(server.metricsPort, 'GET /metrics HTTP/1.0\r\n\r\n');
    assert.deepEqual(statuses(nameless.text), [404]);
    for (const path of ['/metrics', '/healthz', '/']) {
      const { headers } = await fetch(`http://127.0.0.1:${server.metricsPort}${path}`);
      for (const [name, value] of [['x-content-type-options', 'nosniff'], ['cache-control', 'no-store'],
        ['cross-origin-resource-policy', 'same-origin']]) assert.equal(headers.get(name), value, path);
    }
  },
};
