// SPDX-License-Identifier: Apache-2.0
// A sidecar (skeym connect) between plain FHIR clients and a server, with somebody in between.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { Skip, observation, raw, statuses, until } from './world.mjs';

const JSON_TYPE = 'application/fhir+json';
const EXCHANGE = '/skeym/v1/exchange';
const LOGIN = '/skeym/v1/login';

/** An observation without an identifier: only its key tells a repetition. */
export const reading = (number, patient = '100') => {
  const { identifier, ...rest } = observation(number, patient);
  return { ...rest, valueQuantity: { ...rest.valueQuantity, value: number } };
};

/** A plain request; `at` is a sidecar, or a socket's path. */
export function ask(at, method, path, { body, headers = {}, agent } = {}) {
  const where = at.socket ? { socketPath: at.socket } : { host: '127.0.0.1', port: at.port };
  const data = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const type = data === undefined ? {} : { 'content-type': JSON_TYPE };
  const host = { host: at.socket ? 'localhost' : `127.0.0.1:${at.port}` };
  return new Promise((resolve, reject) => {
    const options = { ...where, method, path, agent, headers: { ...host, ...type, ...headers } };
    const request = http.request(options, (answer) => {
      let text = '';
      answer.on('data', (part) => (text += part));
      answer.on('end', () => {
        const json = text.startsWith('{') ? JSON.parse(text) : undefined;
        resolve({ status: answer.statusCode, headers: answer.headers, text, json });
      });
    });
    request.on('error', reject);
    request.end(data);
  });
}

const total = async (at, patient = '100') =>
  (await ask(at, 'GET', `/fhir/Observation?patient=${patient}&_summary=count`)).json.total;

/** A sidecar, once it serves. */
export async function connect(world, credential, server, args = []) {
  const listen = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  const run = world.begin(['connect', '--as', credential, '--to', server.url, ...listen,
    '--ready-fd', '3', ...args], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
  let ended;
  run.exit.then((code) => (ended = code));
  await until('the sidecar', () => {
    if (ended !== undefined) throw new Error(`the sidecar ended with ${ended}: ${run.err}`);
    return run.ready.endsWith('\n');
  });
  const log = (event) => run.err.split('\n').filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line)).filter((line) => line.event === event);
  return { run, log, port: Number(run.ready), url: `http://127.0.0.1:${Number(run.ready)}` };
}

async function begin(world, args = [], serverArgs = []) {
  await world.init();
  const credential = await world.enrol('svc', 'service', 'system/*.cruds');
  const server = await world.serve(serverArgs);
  return { credential, server, sidecar: await connect(world, credential, server, args) };
}

/** Somebody between sidecar and server: `decide(exchange number, status)` is called when the server
 * has answered, and may say 'drop'. Keeps all that it heard. */
export async function between(target, decide) {
  const heard = { bytes: '', logins: 0, exchanges: 0, dropped: 0 };
  const agent = new http.Agent({ keepAlive: true });
  const proxy = http.createServer((request, answer) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const { method, url: path, headers } = request;
      const number = path === EXCHANGE ? ++heard.exchanges : 0;
      heard.logins += path === LOGIN ? 1 : 0;
      const body = Buffer.concat(parts);
      heard.bytes += `${method} ${path}\n${JSON.stringify(headers)}\n${body.toString('latin1')}\n`;
      const onward = http.request({ host: '127.0.0.1', port: target.port, method, path, headers,
        agent }, (from) => {
        const back = [];
        from.on('data', (part) => back.push(part));
        from.on('error', () => request.socket.destroy());
        from.on('end', async () => {
          const what = number > 0 ? await decide(number, from.statusCode) : undefined;
          if (what === 'drop') {
            heard.dropped++;
            request.socket.destroy();
            return;
          }
          heard.bytes += `${JSON.stringify(from.headers)}\n${Buffer.concat(back).toString('latin1')}\n`;
          answer.writeHead(from.statusCode, from.headers);
          answer.end(Buffer.concat(back));
        });
      });
      onward.on('error', () => request.socket.destroy());
      onward.end(body);
    });
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const end = () => {
    proxy.close();
    proxy.closeAllConnections();
    agent.destroy();
  };
  return { url: `http://127.0.0.1:${proxy.address().port}`, heard, end };
}

const outcome = (answer, status, code) => {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], JSON_TYPE);
  assert.equal(answer.json.resourceType, 'OperationOutcome');
  if (code) assert.equal(answer.json.issue[0].code, code);
};

export default {
  async 'is a plain FHIR server'(world) {
    const { sidecar } = await begin(world);
    const base = `${sidecar.url}/fhir`;
    const metadata = await ask(sidecar, 'GET', '/fhir/metadata');
    assert.equal(metadata.json.resourceType, 'CapabilityStatement');
    assert.equal(metadata.json.implementation.url, base);

    const made = await ask(sidecar, 'POST', '/fhir/Observation', { body: reading(1) });
    assert.equal(made.status, 201);
    assert.equal(made.headers['content-type'], JSON_TYPE);
    assert.equal(made.headers.etag, 'W/"1"');
    assert.equal(made.headers['cache-control'], 'no-store');
    const date = new Date(Math.floor(Date.parse(made.json.meta.lastUpdated) / 1000) * 1000);
    assert.equal(made.headers['last-modified'], date.toUTCString());
    assert.equal(made.headers.location, `${base}/Observation/${made.json.id}/_history/1`);

    const read = await ask(sidecar, 'GET', `/fhir/Observation/${made.json.id}`);
    assert.deepEqual(read.json, made.json);
    assert.equal(read.headers.etag, 'W/"1"');
    assert.equal(read.headers.location, undefined);
    const followed = await ask(sidecar, 'GET', new URL(made.headers.location).pathname);
    assert.deepEqual(followed.json, made.json);
    const head = await ask(sidecar, 'HEAD', `/fhir/Observation/${made.json.id}`);
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    assert.equal(Number(head.headers['content-length']), Buffer.byteLength(read.text));
    const unchanged = await ask(sidecar, 'GET', `/fhir/Observation/${made.json.id}`,
      { headers: { 'if-none-match': 'W/"1"' } });
    assert.equal(unchanged.status, 304);
    assert.equal(unchanged.headers.etag, 'W/"1"');
    assert.equal(unchanged.text, '');
    assert.equal(unchanged.headers['content-length'], read.headers['content-length']); /* of a 200 */
    const twice = await ask(sidecar, 'GET', `/fhir/Observation/${made.json.id}`,
      { headers: { 'if-none-match': ['W/"7"', 'W/"1"'], prefer: ['handling=strict', 'return=minimal'] } });
    assert.deepEqual([twice.status, twice.json], [200, made.json]);

    const put = await ask(sidecar, 'PUT', '/fhir/Patient/p',
      { body: { resourceType: 'Patient', id: 'p' } });
    assert.equal(put.status, 201);
    assert.equal(put.headers.location, `${base}/Patient/p/_history/1`);
    assert.equal((await ask(sidecar, 'PUT', '/fhir/Patient/p',
      { body: { resourceType: 'Patient', id: 'p' } })).headers.etag, 'W/"2"');
    outcome(await ask(sidecar, 'GET', '/fhir/Patient/none'), 404, 'not-found');
    outcome(await ask(sidecar, 'POST', '/fhir/Patient', { body: '{"resourceType"' }), 400);
    outcome(await ask(sidecar, 'POST', '/fhir/Patient', { body: '{}', headers: { 'content-type': 'a/b' } }),
      415);
    const not = await ask(sidecar, 'DELETE', '/fhir/Patient/p');
    outcome(not, 405, 'not-supported');
    assert.equal(not.headers.allow, 'GET, HEAD, POST, PUT');
    outcome(await ask(sidecar, 'GET', '/'), 404);
    outcome(await ask(sidecar, 'GET', '/skeym/v1/nodes'), 404);
    outcome(await ask(sidecar, 'PUT', '/fhir/Patient/p', { body: '{}', headers: { 'if-match': 'W/"1"' } }),
      501);
  },

  async 'searches are followed page by page, by GET and by POST'(world) {
    const { sidecar } = await begin(world, [], ['--public-url', 'https://ward.example:8443']);
    for (let i = 0; i < 5; i++) {
      await ask(sidecar, 'POST', '/fhir/Observation', { body: reading(i) });
    }
    const seen = new Set();
    let next = `${sidecar.url}/fhir/Observation?patient=100&_count=2`;
    for (let pages = 0; next; pages++) {
      assert.ok(pages < 5);
      const url = new URL(next);
      assert.equal(url.origin, sidecar.url);
      const { json, text } = await ask(sidecar, 'GET', url.pathname + url.search);
      assert.ok(!text.includes('ward.example'), text);
      for (const entry of json.entry) {
        assert.equal(entry.fullUrl, `${sidecar.url}/fhir/Observation/${entry.resource.id}`);
        seen.add(entry.resource.id);
      }
      next = json.link.find(({ relation }) => relation === 'next')?.url;
    }
    assert.equal(seen.size, 5);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const found = await ask(sidecar, 'POST', '/fhir/Observation/_search?_count=2',
      { body: 'patient=100&code=http%3A%2F%2Floinc.org%7C8867-4', headers: form });
    assert.equal(found.status, 200);
    assert.equal(found.json.entry.length, 2);
    outcome(await ask(sidecar, 'POST', '/fhir/Observation/_search', { body: '{}' }), 415);
    /* whatever name of ours a client uses, it gets back */
    const named = await ask(sidecar, 'GET', '/fhir/Observation?patient=100&_count=1',
      { headers: { host: `localhost:${sidecar.port}` } });
    assert.ok(named.json.entry[0].fullUrl.startsWith(`http://localhost:${sidecar.port}/fhir/`));
  },

  async 'references and Bundles may name the sidecar'(world) {
    const { sidecar, server, credential } = await begin(world, [],
      ['--public-url', 'https://ward.example:8443']);
    const base = `${sidecar.url}/fhir`;
    const subject = { reference: `${base}/Patient/100` };
    const note = [{ text: `see ${base}/Patient/100 and https://ward.example:8443/fhir` }];
    const made = await ask(sidecar, 'POST', '/fhir/Observation',
      { body: { ...reading(1), subject, note } });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual(made.json.subject, subject);
    assert.deepEqual(made.json.note, note);
    const direct = await world.get(server, `/fhir/Observation/${made.json.id}`, credential);
    assert.deepEqual(JSON.parse(direct.out).subject,
      { reference: 'https://ward.example:8443/fhir/Patient/100' });
    assert.deepEqual(JSON.parse(direct.out).note, note);
    const entry = [
      { request: { method: 'GET', url: `${base}/Observation/${made.json.id}` } },
      { request: { method: 'POST', url: 'Observation' }, resource: reading(2) },
      { request: { method: 'GET', url: 'Patient/none' } },
    ];
    const batch = await ask(sidecar, 'POST', '/fhir',
      { body: { resourceType: 'Bundle', type: 'batch', entry } });
    assert.equal(batch.status, 200);
    const answers = batch.json.entry.map(({ response }) => response.status.slice(0, 3));
    assert.deepEqual(answers, ['200', '201', '404']);
    assert.ok(batch.json.entry[1].fullUrl.startsWith(`${base}/Observation/`));
    assert.ok(!batch.text.includes('https://ward.example:8443/fhir/'), batch.text);
  },

  async 'nothing is readable between sidecar and server'(world) {
    await world.init();
    const credential = await world.enrol('svc', 'service', 'system/*.cruds');
    const server = await world.serve();
    const middle = await between(server, () => {});
    try {
      const sidecar = await connect(world, credential, middle);
      const body = { ...reading(1, 'harold-finch'), note: [{ text: 'wombat' }] };
      assert.equal((await ask(sidecar, 'POST', '/fhir/Observation', { body })).status, 201);
      const found = await ask(sidecar, 'GET', '/fhir/Observation?patient=harold-finch');
      assert.ok(found.text.includes('wombat'));
      assert.ok(middle.heard.exchanges >= 2);
      for (const word of ['harold', 'wombat', 'fhir', 'Observation', '8867']) {
        assert.ok(!middle.heard.bytes.includes(word), word);
      }
    } finally {
      middle.end();
    }
  },

  async 'a create whose answer is lost is carried out once'(world) {
    await world.init();
    const credential = await world.enrol('svc', 'service', 'system/*.cruds');
    const server = await world.serve();
    const middle = await between(server, (number) => (number % 2 === 0 ? 'drop' : 'pass'));
    try {
      const sidecar = await connect(world, credential, middle, ['--patience', '120']);
      const made = [];
      for (let i = 0; i < 12; i++) {
        made.push(await ask(sidecar, 'POST', '/fhir/Observation', { body: reading(i) }));
      }
      assert.ok(middle.heard.dropped >= 6);
      assert.deepEqual(made.map(({ status }) => status), Array(12).fill(201));
      assert.equal(new Set(made.map(({ json }) => json.id)).size, 12);
      const entry = [0, 1].map((i) => ({
        request: { method: 'POST', url: 'Observation' }, resource: reading(100 + i),
      }));
      for (const type of ['batch', 'transaction', 'batch', 'transaction']) {
        const bundle = await ask(sidecar, 'POST', '/fhir',
          { body: { resourceType: 'Bundle', type, entry } });
        assert.deepEqual(bundle.json.entry.map(({ response }) => response.status.slice(0, 3)),
          ['201', '201']);
      }
      for (let version = 1; version <= 4; version++) {
        const put = await ask(sidecar, 'PUT', '/fhir/Patient/p',
          { body: { resourceType: 'Patient', id: 'p', gender: 'female' } });
        assert.equal(put.headers.etag, `W/"${version}"`);
      }
      assert.equal(await total(sidecar), 12 + 8);
    } finally {
      middle.end();
    }
  },

  async 'a server that dies after the commit and before the answer has carried it out once'(world) {
    await world.init();
    const credential = await world.enrol('svc', 'service', 'system/*.cruds');
    let server = await world.serve();
    const { port } = server;
    let kills = 0;
    let armed = false;
    const middle = await between({ port }, async (number, status) => {
      if (!armed || status !== 201) return 'pass';
      armed = false;
      kills++;
      await server.stop('SIGKILL');
      server = await world.serve(['--listen', `127.0.0.1:${port}`]);
      return 'drop';
    });
    try {
      const sidecar = await connect(world, credential, middle, ['--patience', '120']);
      await ask(sidecar, 'POST', '/fhir/Observation', { body: reading(0) });
      for (let i = 1; i <= 3; i++) {
        armed = true;
        const made = await ask(sidecar, 'POST', '/fhir/Observation', { body: reading(i) });
        assert.equal(made.status, 201, made.text);
      }
      assert.equal(kills, 3);
      assert.equal(await total(sidecar), 4);
      assert.ok(sidecar.log('tokens-refused').length >= 1);
    } finally {
      middle.end();
    }
  },

  async 'of 64 clients at once nothing is lost, through restarts'(world) {
    const { credential, server } = await begin(world);
    const sidecar = await connect(world, credential, server, ['--patience', '120']);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
    let done = 0;
    const client = async (number) => {
      for (let i = 0; i < 10; i++) {
        const made = await ask(sidecar, 'POST', '/fhir/Observation',
          { body: reading(number * 10 + i), agent });
        assert.equal(made.status, 201, made.text);
        done++;
      }
    };
    const all = Promise.all(Array.from({ length: 64 }, (_, number) => client(number)));
    for (const part of [100, 300]) {
      await until('some work', () => done >= part);
      await world.servers.at(-1).stop('SIGKILL');
      await world.serve(['--listen', `127.0.0.1:${server.port}`]);
    }
    await all;
    agent.destroy();
    assert.equal(await total(sidecar), 640);
  },

  async "a client's own key is the key"(world) {
    const { sidecar } = await begin(world);
    const headers = { 'idempotency-key': '"order-66"' };
    const first = await ask(sidecar, 'POST', '/fhir/Observation', { body: reading(1), headers });
    const again = await ask(sidecar, 'POST', '/fhir/Observation', { body: reading(1), headers });
    assert.equal(again.text, first.text);
    assert.equal(again.status, 201);
    assert.equal(again.headers.location, first.headers.location);
    outcome(await ask(sidecar, 'POST', '/fhir/Observation', { body: reading(2), headers }), 422);
    outcome(await ask(sidecar, 'POST', '/fhir/Observation',
      { body: reading(2), headers: { 'idempotency-key': 'a b' } }), 400, 'value');
    assert.equal(await total(sidecar), 1);
    /* and a conditional create is one */
    const condition = { 'if-none-exist': 'identifier=urn:test|7' };
    const one = await ask(sidecar, 'POST', '/fhir/Observation', { body: observation(7), headers: condition });
    const two = await ask(sidecar, 'POST', '/fhir/Observation', { body: observation(7), headers: condition });
    assert.deepEqual([one.status, two.status], [201, 200]);
    assert.equal(two.headers.location, one.headers.location);
  },

  async 'a revoked node is told so, and does not hammer'(world) {
    await world.init();
    const credential = await world.enrol('svc', 'service', 'system/*.cruds');
    const server = await world.serve();
    const middle = await between(server, () => {});
    try {
      const sidecar = await connect(world, credential, middle);
      assert.equal((await ask(sidecar, 'GET', '/fhir/metadata')).status, 200);
      await world.must(['revoke', 'svc', '--dir', world.dir]);
      const answer = await ask(sidecar, 'GET', '/fhir/metadata');
      outcome(answer, 403, 'login');
      assert.match(answer.json.issue[0].diagnostics, /revoked/);
      assert.ok(Number(answer.headers['retry-after']) >= 1);
      const before = middle.heard.logins;
      const began = Date.now();
      for (let i = 0; i < 100; i++) outcome(await ask(sidecar, 'GET', '/fhir/metadata'), 403);
      /* 1, 2, 4 s ... lie between two logins */
      assert.ok(middle.heard.logins - before <= 1 + Math.log2(1 + (Date.now() - began) / 1000));
    } finally {
      middle.end();
    }
  },

  async 'without a server it says so'(world) {
    await world.init();
    const credential = await world.enrol('svc', 'service', 'system/*.cruds');
    const sidecar = await connect(world, credential, { url: 'http://127.0.0.1:1' }, ['--patience', '0']);
    const answer = await ask(sidecar, 'POST', '/fhir/Observation', { body: reading(1) });
    outcome(answer, 502, 'transient');
    assert.ok(Number(answer.headers['retry-after']) >= 1);
    assert.doesNotMatch(answer.text, /may have been executed/);
    assert.equal(answer.headers['idempotency-key'], undefined);
    /* an answer that was lost for good is said to be one, with the key by which it can be asked again */
    const server = await world.serve();
    const middle = await between(server, (number) => (number > 1 ? 'drop' : 'pass'));
    try {
      const other = await connect(world, credential, middle, ['--patience', '0']);
      const lost = await ask(other, 'POST', '/fhir/Observation', { body: reading(1) });
      outcome(lost, 502);
      assert.match(lost.text, /may have been executed/);
      const headers = { 'idempotency-key': lost.headers['idempotency-key'] };
      assert.match(headers['idempotency-key'], /^[\w-]{22}$/);
      const direct = await connect(world, credential, server);
      const again = await ask(direct, 'POST', '/fhir/Observation', { body: reading(1), headers });
      assert.equal(again.status, 201);
      assert.equal(await total(direct), 1);
    } finally {
      middle.end();
    }
  },

  async 'listens on this machine alone'(world) {
    await world.init();
    const credential = await world.enrol('svc', 'service', 'system/*.cruds');
    const server = await world.serve();
    const start = (listen) => world.skeym(['connect', '--as', credential, '--to', server.url,
      '--listen', listen]);
    for (const listen of ['0.0.0.0:0', '[::]:0', '192.0.2.1:8080', 'example.org:80']) {
      const { code, err } = await start(listen);
      assert.equal(code, 1, listen);
      assert.match(err, /loopback or a Unix socket alone/);
    }
    for (const listen of ['127.0.0.1', 'unix:relative', '127.0.0.1:70000']) {
      assert.equal((await start(listen)).code, 1, listen);
    }
    const socket = world.path('sidecar.sock');
    const sidecar = await connect(world, credential, server, ['--listen', `unix:${socket}`]);
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    const answer = await ask({ socket }, 'GET', '/fhir/metadata');
    assert.equal(answer.json.implementation.url, 'http://localhost/fhir');
    assert.match((await start(`unix:${socket}`)).err, /exists already/);
    sidecar.run.child.kill('SIGKILL');
    await sidecar.run.exit;
    assert.ok(existsSync(socket));
    const second = await connect(world, credential, server, ['--listen', `unix:${socket}`]);
    assert.equal((await ask({ socket }, 'GET', '/fhir/metadata')).status, 200);
    second.run.child.kill('SIGTERM');
    assert.equal(await second.run.exit, 0);
    assert.ok(!existsSync(socket));
  },

  async 'strangers in a browser are not heard'(world) {
    const { sidecar } = await begin(world);
    const from = (headers) => ask(sidecar, 'GET', '/fhir/metadata', { headers });
    outcome(await from({ host: 'evil.example' }), 403, 'forbidden');
    outcome(await from({ host: `127.0.0.1.evil.example:${sidecar.port}` }), 403);
    outcome(await from({ origin: 'https://evil.example' }), 403);
    outcome(await from({ origin: 'null' }), 403);
    outcome(await from({ 'sec-fetch-site': 'cross-site' }), 403);
    assert.equal((await from({ origin: 'http://localhost:3000' })).status, 200);
    assert.equal((await from({ host: 'localhost' })).status, 200);
    const twice = await raw(sidecar.port, 'GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\n' +
      'Host: evil.example\r\n\r\n', { until: (text) => text.includes('}]}') });
    assert.deepEqual(statuses(twice.text), [400]);
    assert.ok(sidecar.log('refused').length >= 5);
  },

  async 'asks for a local secret'(world) {
    const secret = world.path('secret');
    writeFileSync(secret, 'swordfish-swordfish\n', { mode: 0o600 });
    const { sidecar, credential, server } = await begin(world, ['--bearer-file', secret]);
    const answer = await ask(sidecar, 'GET', '/fhir/metadata');
    outcome(answer, 401, 'login');
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    for (const authorization of ['Bearer swordfish', 'Basic swordfish-swordfish', 'swordfish-swordfish']) {
      outcome(await ask(sidecar, 'POST', '/fhir/Observation',
        { body: reading(1), headers: { authorization } }), 401);
    }
    const headers = { authorization: 'Bearer swordfish-swordfish' };
    assert.equal((await ask(sidecar, 'GET', '/fhir/metadata', { headers })).status, 200);
    assert.ok(!sidecar.run.err.includes('swordfish'));
    const refused = async (words) => {
      const { code, err } = await world.skeym(['connect', '--as', credential, '--to', server.url,
        '--listen', '127.0.0.1:0', '--bearer-file', secret]);
      assert.equal(code, 1);
      assert.match(err, words);
    };
    chmodSync(secret, 0o640);
    await refused(/may be read or written by others/);
    chmodSync(secret, 0o600);
    writeFileSync(secret, 'short\n');
    await refused(/at least 16/);
    writeFileSync(secret, 'two lines of it\nand more of it\n');
    await refused(/one line/);
  },

  async 'has limits'(world) {
    const { sidecar } = await begin(world, ['--connections', '8']);
    const big = 'x'.repeat(9 << 20);
    const request = (head, body = '') => `${head}\r\nHost: localhost\r\n${body}`;
    /* who does not ask first is told all the same, and not by a broken connection */
    outcome(await ask(sidecar, 'POST', '/fhir/Observation', { body: big }), 413, 'too-long');
    const large = await raw(sidecar.port, request('POST /fhir/Observation HTTP/1.1',
      `Content-Length: ${big.length}\r\nExpect: 100-continue\r\n\r\n`),
    { until: (text) => text.includes('}]}'), ms: 30000 });
    assert.deepEqual(statuses(large.text), [413]);
    const endless = await raw(sidecar.port, [request('POST /fhir/Observation HTTP/1.1',
      'Transfer-Encoding: chunked\r\n\r\n'), ...Array(33).fill(`100000\r\n${'x'.repeat(1 << 20)}\r\n`)],
    { ms: 30000 });
    assert.ok(endless.closed);
    const data = JSON.stringify(reading(1));
    const chunked = await raw(sidecar.port, request('POST /fhir/Observation HTTP/1.1',
      `Content-Type: ${JSON_TYPE}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n` +
      `${data.length.toString(16)}\r\n${data}\r\n0\r\n\r\n`), { ms: 30000 });
    assert.deepEqual(statuses(chunked.text), [201]);
    const head = await raw(sidecar.port, request('GET /fhir/metadata HTTP/1.1',
      `X: ${'x'.repeat(40000)}\r\n\r\n`), { ms: 30000 });
    assert.ok(head.closed);
    assert.ok(!statuses(head.text).includes(200));
    /* who holds all connections without a word keeps others out only for so long; here: is bounded */
    const held = await Promise.all(Array.from({ length: 8 }, () => new Promise((resolve) => {
      const socket = net.connect(sidecar.port, '127.0.0.1', () => resolve(socket));
    })));
    const more = net.connect(sidecar.port, '127.0.0.1');
    await new Promise((resolve) => more.on('close', resolve).on('error', () => {}));
    for (const socket of held) socket.destroy();
    await until('room', async () => {
      try {
        return (await ask(sidecar, 'GET', '/fhir/metadata')).status === 200;
      } catch {
        return false;
      }
    });
  },

  async 'is not root when it need not be'(world) {
    if (process.getuid() !== 0) throw new Skip('needs root');
    const nobody = 65534;
    await world.init();
    const credential = await world.enrol('svc', 'service', 'system/*.cruds');
    const server = await world.serve();
    const home = world.path('home');
    const own = `${home}/svc.credential`;
    mkdirSync(home, { mode: 0o700 });
    copyFileSync(credential, own);
    chmodSync(world.folder, 0o711);
    for (const path of [home, own]) chownSync(path, nobody, nobody);
    const sidecar = await connect(world, own, server, ['--listen', `unix:${home}/sock`]);
    const status = readFileSync(`/proc/${sidecar.run.child.pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
    assert.match(status, /^CapEff:\t0+$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.equal(statSync(`${home}/sock`).uid, nobody);
    const before = readFileSync(own, 'utf8');
    assert.equal((await ask({ socket: `${home}/sock` }, 'GET', '/fhir/metadata')).status, 200);
    assert.notEqual(readFileSync(own, 'utf8'), before); /* its locator was replaced */
    assert.equal(sidecar.log('runs-as-root').length, 0);
    const root = await connect(world, credential, server);
    assert.equal(root.log('runs-as-root').length, 1);
    const { code, err } = await world.skeym(['connect', '--as', own, '--listen', '127.0.0.1:0',
      '--user', 'no-such-user']);
    assert.equal(code, 1);
    assert.match(err, /no-such-user/);
  },

  async 'wrong use'(world) {
    await world.init();
    const credential = await world.enrol('svc', 'service', 'system/*.cruds');
    const start = (...args) => world.skeym(['connect', ...args]);
    assert.equal((await start()).code, 2);
    assert.equal((await start('--as', credential)).code, 2);
    assert.equal((await start('--listen', '127.0.0.1:0')).code, 2);
    const good = ['--as', credential, '--listen', '127.0.0.1:0'];
    for (const wrong of [['--workers', '0'], ['--workers', '17'], ['--queue', 'x'], ['--patience', '-1'],
      ['--connections', '0'], ['more']]) {
      assert.equal((await start(...good, ...wrong)).code, 2, wrong.join(' '));
    }
    const far = await start(...good, '--to', 'http://example.org');
    assert.equal(far.code, 1);
    assert.match(far.err, /plain HTTP to another host is refused/);
    assert.equal((await start('--as', world.path('none'), '--listen', '127.0.0.1:0')).code, 1);
  },
};
