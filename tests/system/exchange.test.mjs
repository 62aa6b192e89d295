// SPDX-License-Identifier: Apache-2.0
// Admitted requests, and those that almost were. The node's side is the second implementation's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { b64, unb64 } from '../second/skeym/base64url.mjs';
import { toBytes, toText } from '../second/skeym/bytes.mjs';
import { accept, prepare } from '../second/skeym/client.mjs';
import { CLOSED_TARGET, CLOSED_TYPE, encodeClosed } from '../second/skeym/closed.mjs';
import { readCredential } from '../second/skeym/credential.mjs';
import { exchangeKeys, proof } from '../second/skeym/exchange.mjs';
import { JWE_TYPE, sealJwe } from '../second/skeym/jwe.mjs';
import { startLogin } from '../second/skeym/login.mjs';
import { observation, raw, sleep, statuses, until } from './world.mjs';

const METADATA = { method: 'GET', target: '/fhir/metadata' };

/** The lanes that one login brings, each with its token and secret. */
async function lanes(world, server, credential) {
  const chain = world.path(`chain-${Math.random()}`);
  const { code, err } = await world.get(server, METADATA.target, credential, '--chain', chain);
  assert.equal(code, 0, err);
  return readFileSync(chain, 'utf8').split('\n').filter((line) => line.startsWith('lane '))
    .map((line) => line.split(' ').slice(-2))
    .map(([secret, token]) => ({ secret: unb64(secret), token: unb64(token) }));
}

async function begin(world, args = [], scopes = ['user/*.cruds']) {
  await world.init();
  const credential = await world.enrol('doc', 'doctor', ...scopes);
  const server = await world.serve(args);
  return { server, credential, take: () => lanes(world, server, credential) };
}

function send(server, { method, target, headers, body }) {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, method, path: target, agent: false,
      headers: { ...headers, ...(body ? { 'content-length': body.length } : {}) } };
    const request = http.request(options, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode, body: Buffer.concat(parts),
        header: (name) => answer.headers[name] ?? null }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A request of any content whose proof is right. */
async function crafted(lane, method, target, contentType, body) {
  const keys = await exchangeKeys(lane.secret);
  const mac = await proof(keys.mac, { method, target, contentType, body });
  const headers = { authorization: `SkeyM ${b64(lane.token)}`, 'skeym-proof': b64(mac) };
  if (contentType) headers['content-type'] = contentType;
  return { keys, wire: { method, target, headers, body } };
}

/** Sends it, opens the answer; the chain must go on with the next token. */
async function sealed(server, lane, { keys, wire }) {
  const answer = await accept(keys, await send(server, wire));
  assert.ok(answer.next);
  lane.token = answer.next;
  lane.secret = keys.next;
  return { status: answer.status, text: toText(answer.body), cty: answer.contentType };
}

export default {
  async 'both forms are served, and the chain goes on'(world) {
    const { server, take } = await begin(world);
    const [lane] = await take();
    for (const open of [false, true, false]) {
      const { status, text, cty } = await sealed(server, lane, await prepare(lane, METADATA, { open }));
      assert.equal(status, 200);
      assert.equal(cty, 'application/fhir+json');
      assert.equal(JSON.parse(text).resourceType, 'CapabilityStatement');
    }
    const body = toBytes(JSON.stringify(observation('open')));
    const post = { method: 'POST', target: '/fhir/Observation', contentType: 'application/fhir+json',
      body };
    assert.equal((await sealed(server, lane, await prepare(lane, post, { open: true }))).status, 201);
    assert.equal((await sealed(server, lane, await prepare(lane, post))).status, 200);
  },

  async 'the wire shows no clear text of question or answer'(world) {
    const { server, take } = await begin(world);
    const [lane] = await take();
    const { keys, wire } = await prepare(lane, { method: 'GET', target: '/fhir/Patient/secret-name' });
    const answer = await send(server, wire);
    assert.equal(answer.status, 404);
    assert.equal(answer.header('content-type'), JWE_TYPE);
    for (const name of ['location', 'etag', 'last-modified']) assert.equal(answer.header(name), null);
    assert.ok(!Buffer.from(wire.body).toString('latin1').includes('secret-name'));
    assert.ok(!answer.body.toString('latin1').includes('OperationOutcome'));
    assert.equal((await accept(keys, answer)).status, 404);
  },

  async 'any change on the way is refused'(world) {
    const { server, take } = await begin(world);
    const stock = [...await take(), ...await take()];
    const changes = [
      (wire) => ({ ...wire, method: 'PUT' }),
      (wire) => ({ ...wire, target: `${wire.target}?a=b` }),
      (wire) => ({ ...wire, target: '/fhir/metadata' }),
      (wire) => ({ ...wire, headers: { ...wire.headers, 'content-type': 'application/JOSE' } }),
      (wire) => ({ ...wire, body: Buffer.concat([wire.body, Buffer.from('A')]) }),
      (wire) => ({ ...wire, body: wire.body.map((byte, i) => (i === 100 ? byte ^ 1 : byte)) }),
      (wire) => ({ ...wire, body: undefined }),
    ];
    for (const [index, change] of changes.entries()) {
      const { wire } = await prepare(stock[index], METADATA);
      assert.equal((await send(server, change(wire))).status, 401, String(index));
    }
    assert.equal(await server.metric('skeym_refusals_total{check="proof"}'), changes.length);
    const { wire } = await prepare(stock[0], METADATA); /* and did not cost the token */
    assert.equal((await send(server, wire)).status, 200);
  },

  async 'an identical request a second time is refused'(world) {
    const { server, take } = await begin(world);
    const [lane] = await take();
    const { wire } = await prepare(lane, METADATA);
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => send(server, wire)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401, 401, 401, 401]);
    assert.equal(await server.metric('skeym_refusals_total{check="used"}'), 5);
  },

  async 'doubled fields are refused'(world) {
    const { server, take } = await begin(world);
    const [lane] = await take();
    for (const name of ['authorization', 'skeym-proof', 'content-type']) {
      const { wire } = await prepare(lane, METADATA);
      const headers = Object.entries(wire.headers).flat();
      const doubled = { ...wire, body: undefined,
        headers: [...headers, name, wire.headers[name], 'content-length', String(wire.body.length)] };
      const status = await new Promise((resolve) => {
        const { method, target: path } = wire;
        const request = http.request({ host: '127.0.0.1', port: server.port, method, path,
          agent: false, headers: ['host', 'x', ...doubled.headers] }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        request.on('error', () => {});
        request.end(wire.body);
      });
      assert.equal(status, 401, name);
    }
    assert.equal(await server.metric('skeym_refusals_total{check="shape"}'), 3);
  },

  async 'a transfer coding is refused whatever else is right'(world) {
    const { server, take } = await begin(world);
    const [lane] = await take();
    const { wire } = await prepare(lane, METADATA);
    const fields = (more) => Object.entries({ host: 'x', ...wire.headers, ...more })
      .map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const bytes = (more) => `POST ${wire.target} HTTP/1.1\r\n${fields(more)}\r\n${toText(wire.body)}`;
    const size = { 'content-length': wire.body.length };
    for (const coding of ['identity', 'chunked', 'x']) {
      const { text } = await raw(server.port, bytes({ ...size, 'transfer-encoding': coding }));
      assert.deepEqual(statuses(text), [401], coding);
    }
    assert.deepEqual(statuses((await raw(server.port, bytes(size), { ms: 500 })).text), [200]);
  },

  async 'a login needs its own media type and method'(world) {
    const { server, credential } = await begin(world);
    const identity = await readCredential(readFileSync(credential, 'utf8'));
    const login = async (method, type) => {
      const { body } = await startLogin(identity, { time: Date.now(), audience: identity.audience,
        tokens: 1, scopes: [] });
      const headers = { 'content-type': type };
      return (await send(server, { method, target: '/skeym/v1/login', headers, body })).status;
    };
    assert.equal(await login('POST', 'application/octet-stream'), 401);
    assert.equal(await login('PUT', 'application/skeym-login'), 401);
    assert.equal(await login('POST', 'application/skeym-login'), 200);
  },

  async 'an admitted request that cannot be read gets a sealed 400, and the chain goes on'(world) {
    const { server, take } = await begin(world);
    const [lane] = await take();
    const post = (contentType, body, target = CLOSED_TARGET) =>
      crafted(lane, 'POST', target, contentType, body);
    const jwe = async (cty, text) => sealJwe((await exchangeKeys(lane.secret)).request,
      { cty, plaintext: toBytes(text) });
    const closed = toText(encodeClosed(METADATA));
    const other = await sealJwe(new Uint8Array(32), { cty: CLOSED_TYPE, plaintext: toBytes(closed) });
    const tries = [
      () => post(JWE_TYPE, toBytes('garbage')),
      () => post(JWE_TYPE, other),
      async () => post(JWE_TYPE, await jwe('text/plain', closed)),
      async () => post(JWE_TYPE, await jwe(CLOSED_TYPE, '')),
      async () => post(JWE_TYPE, await jwe(CLOSED_TYPE, 'GET fhir/metadata\n\n')),
      async () => post(JWE_TYPE, await jwe(CLOSED_TYPE, 'GET /fhir/metadata\nprefer: a\nprefer: b\n\n')),
      async () => post('application/json', await jwe(CLOSED_TYPE, closed)),
      async () => post(undefined, await jwe(CLOSED_TYPE, closed)),
      () => crafted(lane, 'POST', CLOSED_TARGET),
    ];
    for (const [index, attempt] of tries.entries()) {
      const { status, text } = await sealed(server, lane, await attempt());
      assert.equal(status, 400, String(index));
      assert.equal(JSON.parse(text).resourceType, 'OperationOutcome');
    }
    assert.equal(await server.metric('skeym_requests_unreadable_total'), tries.length);
    assert.equal((await sealed(server, lane, await prepare(lane, METADATA))).status, 200);
  },

  async 'what a Bundle may not do is logged and counted, entry by entry'(world) {
    const { server, credential } = await begin(world, [], ['user/Observation.c']);
    const entry = (method, url, resource) => ({ request: { method, url }, resource });
    const read = (url) => entry('GET', url);
    const write = (number) => entry('POST', 'Observation', observation(number));
    const post = async (type, entries) => {
      const body = { resourceType: 'Bundle', type, entry: entries };
      return (await world.post(server, '/fhir', credential, body)).code;
    };
    const scope = 'skeym_refusals_total{check="scope"}';
    assert.equal(await post('batch', [write(1), read('Patient?_id=1'), read('Device?patient=1'),
      read('Observation?patient=1')]), 0);
    assert.equal(await server.metric(scope), 3);
    assert.notEqual(await post('transaction', [write(2),
      entry('POST', 'Patient', { resourceType: 'Patient' })]), 0);
    assert.equal(await server.metric(scope), 4);
    assert.equal(await post('batch', [write(3)]), 0);
    assert.equal(await server.metric(scope), 4);
    const lines = server.log('refused').filter((line) => line.check === 'scope');
    assert.deepEqual(lines.map(({ node, count }) => [node, count]), [['doc', 3], ['doc', 1]]);
  },

  async 'what is outside of the scopes is a sealed 403'(world) {
    const { server, take } = await begin(world, [], ['patient/100/Observation.c']);
    const [lane] = await take();
    const write = (patient) => ({ method: 'POST', target: '/fhir/Observation',
      contentType: 'application/fhir+json',
      body: toBytes(JSON.stringify(observation('x', patient))) });
    const tries = [
      [write('100'), 201],
      [write('200'), 403],
      [{ method: 'GET', target: '/fhir/Observation?patient=100' }, 403],
      [{ method: 'PUT', target: '/fhir/Patient/100', contentType: 'application/fhir+json',
        body: toBytes('{"resourceType":"Patient","id":"100"}') }, 403],
      [{ method: 'GET', target: '/fhir/Patient' }, 403],
      [METADATA, 200],
    ];
    for (const [inside, wanted] of tries) {
      const { status } = await sealed(server, lane, await prepare(lane, inside));
      assert.equal(status, wanted, JSON.stringify(inside.target));
    }
    assert.equal(await server.metric('skeym_refusals_total{check="scope"}'), 4);
    assert.equal(server.log('refused').filter((line) => line.check === 'scope')[0].node, 'doc');
  },

  async 'a token dies with its lifetime'(world) {
    const { server, take } = await begin(world, ['--token-lifetime', '1']);
    const [first, second] = await take();
    assert.equal((await send(server, (await prepare(first, METADATA)).wire)).status, 200);
    await sleep(1100);
    assert.equal((await send(server, (await prepare(second, METADATA)).wire)).status, 401);
    assert.equal(await server.metric('skeym_refusals_total{check="time"}'), 1);
  },

  async 'a full used-before table refuses with 503, and forgets nothing'(world) {
    const { server, take } = await begin(world, ['--used-slots', '64']);
    const [lane, other] = await take();
    let full;
    for (let i = 0; i < 200 && !full; i++) {
      const { keys, wire } = await prepare(lane, METADATA);
      const answer = await send(server, wire);
      if (answer.status === 503) full = answer;
      else ({ next: lane.token } = await accept(keys, answer)), (lane.secret = keys.next);
    }
    assert.ok(full, 'it never was full');
    assert.equal(full.header('retry-after'), '1');
    assert.equal((await send(server, (await prepare(other, METADATA)).wire)).status, 503);
    assert.ok((await server.metric('skeym_refusals_total{check="full"}')) >= 2);
    assert.equal((await server.monitor('/healthz')).status, 200);
  },

  async 'a request that is under way when the server is stopped is answered'(world) {
    const { server, take } = await begin(world);
    const [lane] = await take();
    const { keys, wire } = await prepare(lane, { method: 'POST', target: '/fhir/Observation',
      contentType: 'application/fhir+json', body: toBytes(JSON.stringify(observation('late'))) });
    const stranger = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    const idle = net.connect(server.port, '127.0.0.1'); /* open before the stop */
    let after = '';
    idle.on('data', (data) => (after += data));
    idle.on('error', () => {});
    idle.write(stranger);
    await until('its answer', () => statuses(after).length === 1);
    const answered = new Promise((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port: server.port, method: wire.method,
        path: wire.target, agent: new http.Agent({ keepAlive: true }),
        headers: { ...wire.headers, 'content-length': wire.body.length } }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => resolve({ status: answer.statusCode, body: Buffer.concat(parts),
          header: (name) => answer.headers[name] ?? null }));
      });
      request.on('error', reject);
      request.write(wire.body.subarray(0, 50));
      until('the request', async () => (await server.metric('skeym_requests_under_way')) === 1)
        .then(async () => {
          server.signal('SIGTERM');
          await until('the stop', () => server.log('stopping').length === 1);
          await sleep(100);
          idle.write(stranger);
          request.end(wire.body.subarray(50));
        }, reject);
    });
    const answer = await answered;
    assert.equal(answer.header('connection'), 'close');
    assert.equal((await accept(keys, answer)).status, 201);
    assert.equal(await server.run.exit, 0);
    assert.deepEqual(statuses(after), [401, 503]);
    idle.destroy();
  },
};
