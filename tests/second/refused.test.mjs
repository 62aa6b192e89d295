// SPDX-License-Identifier: Apache-2.0
// A node in JavaScript against the real program ($SKEYM): what must be refused.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { b64, unb64 } from './skeym/base64url.mjs';
import { concat } from './skeym/bytes.mjs';
import { accept, prepare, SkeymNode } from './skeym/client.mjs';
import { proof } from './skeym/exchange.mjs';
import { JWE_TYPE } from './skeym/jwe.mjs';
import { locatorKeyId } from './skeym/locator.mjs';
import { encodeLogin, startLogin } from './skeym/login.mjs';
import { random } from './skeym/primitives.mjs';
import { parseScope } from './skeym/scopes.mjs';
import {
  METADATA,
  assertNotAdmitted,
  counting,
  heartRate,
  here,
  json,
  lanes,
  live,
  liveWard,
  post,
  send,
  sendLogin,
} from './live.mjs';

liveWard();

live('a token is good for one request', async () => {
  const [first, second] = await lanes(here.doctor, 2);
  const { wire, keys } = await prepare(first, METADATA);
  assert.equal((await accept(keys, await send(wire))).status, 200);
  assertNotAdmitted(await send(wire), 'the same request');
  assertNotAdmitted(
    await send((await prepare(first, METADATA, { open: true })).wire),
    'another request',
  );
  const { wire: race } = await prepare(second, METADATA);
  const answers = await Promise.all(Array.from({ length: 8 }, () => send(race)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(401)]);
});

live('a request that was altered on its way is not admitted, and costs no token', async () => {
  const [lane, other] = await lanes(here.doctor, 2);
  const { wire } = await prepare(lane, post(heartRate('p-x', 1)), { open: true });
  const { body, headers } = wire;
  assert.ok(body);
  const flip = (/** @type {Uint8Array} */ bytes, /** @type {number} */ at) =>
    bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
  const altered = {
    body: { ...wire, body: flip(body, body.length - 30) },
    'longer body': { ...wire, body: concat(body, ' ') },
    'no body': { ...wire, body: new Uint8Array(0) },
    method: { ...wire, method: 'PUT' },
    target: { ...wire, target: '/fhir/Patient' },
    query: { ...wire, target: `${wire.target}?_count=1` },
    'content type': {
      ...wire,
      headers: { ...headers, 'content-type': 'application/jose+json' },
    },
    proof: {
      ...wire,
      headers: { ...headers, 'skeym-proof': b64(flip(unb64(headers['skeym-proof']), 31)) },
    },
    'shorter proof': {
      ...wire,
      headers: { ...headers, 'skeym-proof': b64(unb64(headers['skeym-proof']).slice(0, 16)) },
    },
    'padded proof': {
      ...wire,
      headers: { ...headers, 'skeym-proof': `${headers['skeym-proof']}=` },
    },
    'no proof': {
      ...wire,
      headers: { 'content-type': JWE_TYPE, authorization: headers.authorization },
    },
    'no token': {
      ...wire,
      headers: { 'content-type': JWE_TYPE, 'skeym-proof': headers['skeym-proof'] },
    },
    "another lane's token": {
      ...wire,
      headers: { ...headers, authorization: `SkeyM ${b64(other.token)}` },
    },
    'another scheme': {
      ...wire,
      headers: { ...headers, authorization: `Bearer ${b64(lane.token)}` },
    },
    version: {
      ...wire,
      headers: { ...headers, authorization: `SkeyM ${b64(flip(lane.token, 0))}` },
    },
    epoch: {
      ...wire,
      headers: { ...headers, authorization: `SkeyM ${b64(flip(lane.token, 4))}` },
    },
    'a far epoch': {
      ...wire,
      headers: {
        ...headers,
        authorization: `SkeyM ${b64(concat(Uint8Array.of(1), random(4), lane.token.slice(5)))}`,
      },
    },
    nonce: {
      ...wire,
      headers: { ...headers, authorization: `SkeyM ${b64(flip(lane.token, 12))}` },
    },
    claims: {
      ...wire,
      headers: { ...headers, authorization: `SkeyM ${b64(flip(lane.token, 40))}` },
    },
    tag: {
      ...wire,
      headers: {
        ...headers,
        authorization: `SkeyM ${b64(flip(lane.token, lane.token.length - 1))}`,
      },
    },
  };
  for (const [name, one] of Object.entries(altered)) assertNotAdmitted(await send(one), name);
  assert.equal((await send(wire)).status, 201, 'the request itself');
});

live('doubled fields and chunked bodies are not admitted', async () => {
  const [lane] = await lanes(here.doctor, 1);
  const { wire } = await prepare(lane, METADATA);
  /** @param {string[]} fields @returns {Promise<number | undefined>} */
  const status = (fields) =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(here.ward.url);
      const request = httpRequest({
        hostname,
        port,
        method: 'POST',
        path: wire.target,
        headers: /** @type {any} */ (fields),
        agent: false,
      });
      request.on('response', (answer) => resolve((answer.resume(), answer.statusCode)));
      request.on('error', reject);
      request.end(wire.body);
    });
  const size = ['Host', 'ward', 'Content-Length', String(wire.body?.length)];
  const all = Object.entries(wire.headers).flat();
  for (const name of Object.keys(wire.headers)) {
    assert.equal(await status([...size, ...all, name, wire.headers[name]]), 401, `two of ${name}`);
  }
  assert.notEqual(
    await status(['Host', 'ward', 'Transfer-Encoding', 'chunked', ...all]),
    200,
    'chunked',
  );
  assert.equal(await status([...size, ...all]), 200, 'the request itself');
});

live("a next token put in another's place fails at the next proof", async () => {
  const [one, two] = await lanes(here.doctor, 2);
  const first = await prepare(one, METADATA);
  const second = await prepare(two, METADATA);
  await accept(first.keys, await send(first.wire));
  const { next } = await accept(second.keys, await send(second.wire));
  assert.ok(next);
  assertNotAdmitted(
    await send((await prepare({ token: next, secret: first.keys.next }, METADATA)).wire),
  );
  assert.equal(
    (await send((await prepare({ token: next, secret: second.keys.next }, METADATA)).wire)).status,
    200,
  );
});

live(
  'what was not granted is refused under the seal; a login may want fewer scopes, not more',
  async () => {
    const nurse = await here.ward.enrol(
      'nurse-js',
      'nurse',
      'patient/p-four/Observation.crs',
      'user/Device.r',
    );
    const node = new SkeymNode(nurse, { lanes: 1 });
    assert.equal((await node.request(post(heartRate('p-four', 90)))).status, 201);
    assert.equal((await node.request(post(heartRate('p-five', 90)))).status, 403);
    assert.equal(
      (await node.request({ method: 'GET', target: '/fhir/Observation?patient=p-five' })).status,
      403,
    );
    assert.equal(
      (await node.request({ method: 'GET', target: '/fhir/Observation?patient=p-four' })).status,
      200,
    );

    const reader = new SkeymNode(nurse, { scopes: [parseScope('patient/p-four/Observation.s')] });
    assert.equal(
      (await reader.request({ method: 'GET', target: '/fhir/Observation?patient=p-four' })).status,
      200,
    );
    assert.equal((await reader.request(post(heartRate('p-four', 91)))).status, 403);
    for (const more of [
      'patient/p-four/Observation.cruds',
      'patient/p-five/Observation.r',
      'patient/p-four/*.r',
      'system/Device.r',
    ]) {
      await assert.rejects(lanes(nurse, 1, [more]), { name: 'SkeymError', status: 401 }, more);
    }
  },
);

live('logins that must fail all get the same answer', async () => {
  const wanted = { time: Date.now(), audience: here.doctor.audience, tokens: 1, scopes: [] };
  const login = async (/** @type {Partial<Identity>} */ changed, change = {}) =>
    (await startLogin({ ...here.doctor, ...changed }, { ...wanted, ...change })).body;
  const good = await login({});
  const flipped = here.doctor.locator.map((byte, i) => (i === 60 ? byte ^ 1 : byte));
  const { message1 } = await startLogin(here.doctor, wanted);
  const bodies = {
    'another C_i': await login({ credential: random(32) }),
    'another static key': await login({
      pair: (await here.ward.enrol('other-js', 'doctor', 'user/*.r')).pair,
    }),
    'another audience': await login({}, { audience: 'elsewhere' }),
    'an unknown enrol key': await login({
      locator: concat(Uint8Array.of(1, 9, 9, 9, 9), here.doctor.locator.slice(5)),
    }),
    'an altered locator': await login({ locator: flipped }),
    'another locator outside': encodeLogin(flipped, message1),
    'another version': good.map((byte, i) => (i === 0 ? 2 : byte)),
    'an altered e': good.map((byte, i) => (i === 3 + here.doctor.locator.length ? byte ^ 1 : byte)),
    'an altered payload': good.map((byte, i) => (i === good.length - 1 ? byte ^ 1 : byte)),
    'a short message': good.slice(0, 3 + here.doctor.locator.length + 40),
    'an e of order one': concat(
      good.slice(0, 3 + here.doctor.locator.length),
      new Uint8Array(32),
      good.slice(35 + here.doctor.locator.length),
    ),
    nothing: new Uint8Array(0),
  };
  for (const [name, body] of Object.entries(bodies)) assertNotAdmitted(await sendLogin(body), name);
  assert.equal((await sendLogin(good)).status, 200, 'the login itself');
});

live(
  'after skeym rotate a login renews the credential by itself; then the old key can go',
  async () => {
    /** @type {Identity[]} */ const kept = [];
    const node = new SkeymNode(here.doctor, { keep: (identity) => void kept.push(identity) });
    await node.login();
    assert.deepEqual(kept[0].credential, here.doctor.credential);
    here.ward.administer('rotate');
    await node.login();
    assert.notDeepEqual(kept[1].credential, here.doctor.credential);
    assert.notEqual(locatorKeyId(kept[1].locator), locatorKeyId(here.doctor.locator));
    await node.login();
    assert.deepEqual(kept[2].credential, kept[1].credential);
    here.ward.administer('rotate', '--retire', String(locatorKeyId(here.doctor.locator)), '--yes');
    assert.equal((await new SkeymNode(kept[2]).request(METADATA)).status, 200);
    await assert.rejects(new SkeymNode(here.doctor).login(), { name: 'SkeymError', status: 401 });
    here.doctor = kept[2];
  },
);

live('after skeym revoke the next request of a live chain is refused, and each login', async () => {
  const leaver = await here.ward.enrol('leaver-js', 'doctor', 'user/*.r');
  const { seen, transport } = counting();
  const node = new SkeymNode(leaver, { transport });
  assert.equal((await node.request(METADATA)).status, 200);
  const [lane] = await lanes(leaver, 1);
  here.ward.administer('revoke', 'leaver-js');
  assertNotAdmitted(await send((await prepare(lane, METADATA)).wire));
  const tries = await Promise.allSettled(Array.from({ length: 6 }, () => node.request(METADATA)));
  for (const one of tries) {
    assert.ok(one.status === 'rejected');
    assert.equal(one.reason.status, 401);
  }
  assert.ok(seen.logins >= 2, 'refused, tried a login, refused');
});

live('a restarted server takes no old token; the node logs in again by itself', async () => {
  const { seen, transport } = counting();
  const [lane] = await lanes(here.doctor, 1);
  const before = here.ward.url;
  const moved = (/** @type {string} */ _, /** @type {Wire} */ wire) =>
    transport(here.ward.url, wire);
  const node = new SkeymNode(here.doctor, { lanes: 4, transport: moved });
  assert.equal((await node.request(METADATA)).status, 200);
  await here.ward.halt();
  await here.ward.serve('--token-lifetime', '1');
  assert.notEqual(here.ward.url, before);
  assertNotAdmitted(await send((await prepare(lane, METADATA)).wire));
  const answers = await Promise.all(Array.from({ length: 8 }, () => node.request(METADATA)));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(seen.logins, 2);
});

live('a token that was not used in its lifetime is over', async () => {
  const [now, later] = await lanes(here.doctor, 2);
  assert.equal((await send((await prepare(now, METADATA)).wire)).status, 200);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assertNotAdmitted(await send((await prepare(later, METADATA)).wire));
});
