// SPDX-License-Identifier: Apache-2.0
// A node in JavaScript against the real program ($SKEYM), over real sockets: what a good node does.
import assert from 'node:assert/strict';
import { compactDecrypt, CompactEncrypt } from 'jose';
import { b64 } from './skeym/base64url.mjs';
import { toBytes } from './skeym/bytes.mjs';
import { accept, prepare, SkeymNode } from './skeym/client.mjs';
import { CLOSED_TYPE, encodeClosed } from './skeym/closed.mjs';
import { exchangeKeys } from './skeym/exchange.mjs';
import { sealJwe } from './skeym/jwe.mjs';
import { random } from './skeym/primitives.mjs';
import {
  FHIR,
  HOUR,
  METADATA,
  counting,
  heartRate,
  here,
  json,
  lanes,
  live,
  liveWard,
  post,
  raw,
  send,
} from './live.mjs';

liveWard();

live('a node logs in once and reads /fhir/metadata, closed and open, along one chain', async () => {
  const { seen, transport } = counting();
  const node = new SkeymNode(here.doctor, { lanes: 1, transport });
  for (const open of [false, true, false, true]) {
    const { status, contentType, body } = await node.request(METADATA, { open });
    assert.deepEqual([status, contentType], [200, FHIR]);
    assert.equal(json(body).resourceType, 'CapabilityStatement');
  }
  assert.deepEqual([seen.logins, seen.exchanges], [1, 4]);
  assert.deepEqual(
    seen.wires.map(({ method, target }) => `${method} ${target}`),
    [
      'POST /skeym/v1/login',
      'POST /skeym/v1/exchange',
      'GET /fhir/metadata',
      'POST /skeym/v1/exchange',
      'GET /fhir/metadata',
    ],
  );
  const tokens = seen.wires.slice(1).map(({ headers }) => headers.authorization);
  assert.equal(new Set(tokens).size, 4);
});

live('an Observation is posted and read back, closed and open', async () => {
  const node = new SkeymNode(here.doctor);
  for (const [value, open] of /** @type {[number, boolean][]} */ ([
    [71, false],
    [72, true],
  ])) {
    const posted = await node.request(post(heartRate('p-one', value)), { open });
    assert.equal(posted.status, 201);
    const { id } = json(posted.body);
    for (const openRead of [true, false]) {
      const read = await node.request(
        { method: 'GET', target: `/fhir/Observation/${id}` },
        { open: openRead },
      );
      assert.equal(read.status, 200);
      const { id: readId, meta, ...resource } = json(read.body);
      assert.equal(readId, id);
      assert.equal(meta.versionId, '1');
      assert.deepEqual(resource, heartRate('p-one', value));
    }
  }
});

live('If-None-Exist makes a repeated post harmless', async () => {
  const node = new SkeymNode(here.doctor);
  const identified = {
    ...heartRate('p-once', 60),
    identifier: [{ system: 'urn:test', value: 'one' }],
  };
  const request = { ...post(identified), ifNoneExist: 'identifier=urn:test|one' };
  assert.equal((await node.request(request)).status, 201);
  assert.equal((await node.request(request)).status, 200);
  const found = await node.request({
    method: 'GET',
    target: '/fhir/Observation?patient=p-once',
  });
  assert.equal(json(found.body).entry.length, 1);
});

live('a condition, preference or key that a carrier writes beside the seal is ignored', async () => {
  const named = { ...heartRate('p-beside', 60), identifier: [{ system: 'urn:test', value: 'b' }] };
  const node = new SkeymNode(here.doctor);
  assert.equal((await node.request(post(named))).status, 201);
  const taken = await lanes(here.doctor, 4);
  /** @type {[number, number][]} */ const seen = [];
  const ids = new Set();
  for (const [value, open] of /** @type {[number, boolean][]} */ ([
    [61, true],
    [62, true],
    [63, false],
    [64, false],
  ])) {
    const lane = taken[ids.size];
    const { wire, keys } = await prepare(lane, post(heartRate('p-beside', value)), { open });
    Object.assign(wire.headers, {
      'if-none-exist': 'identifier=urn:test|b', // would make it 200, and nothing written
      prefer: 'return=minimal', // would leave the body empty
      'idempotency-key': 'k-beside', // would make all but the first 422
    });
    const { status, body } = await accept(keys, await send(wire));
    seen.push([status, json(body).valueQuantity.value]);
    ids.add(json(body).id);
  }
  assert.deepEqual(
    seen,
    [61, 62, 63, 64].map((value) => [201, value]),
  );
  assert.equal(ids.size, 4);
});

live('a transaction Bundle is stored as one, found by search, page by page', async () => {
  const node = new SkeymNode(here.doctor);
  for (const [patient, open] of /** @type {[string, boolean][]} */ ([
    ['p-two', false],
    ['p-three', true],
  ])) {
    const entry = [80, 81, 82].map((value) => ({
      resource: heartRate(patient, value),
      request: { method: 'POST', url: 'Observation' },
    }));
    const answer = await node.request(
      post({ resourceType: 'Bundle', type: 'transaction', entry }, '/fhir'),
      { open },
    );
    assert.equal(answer.status, 200);
    const bundle = json(answer.body);
    assert.equal(bundle.type, 'transaction-response');
    assert.deepEqual(
      bundle.entry.map((/** @type {any} */ one) => one.response.status),
      Array(3).fill('201 Created'),
    );

    const values = [];
    let target = `/fhir/Observation?patient=${patient}&code=http://loinc.org|8867-4&_count=2`;
    for (let pages = 0; target !== ''; pages++) {
      assert.ok(pages < 3, 'too many pages');
      const page = await node.request({ method: 'GET', target }, { open });
      assert.equal(page.status, 200);
      const { entry: found, link } = json(page.body);
      values.push(...found.map((/** @type {any} */ one) => one.resource.valueQuantity.value));
      const next = link.find((/** @type {any} */ one) => one.relation === 'next');
      target = next ? next.url.slice(new URL(next.url).origin.length) : '';
    }
    assert.deepEqual(values.sort(), [80, 81, 82]);
  }
});

live('eight lanes carry forty requests at once, after one login', async () => {
  const { seen, transport } = counting();
  const node = new SkeymNode(here.doctor, { lanes: 8, transport });
  const requests = Array.from({ length: 40 }, (_, i) =>
    node.request(METADATA, { open: i % 2 === 0 }),
  );
  assert.ok((await Promise.all(requests)).every(({ status }) => status === 200));
  assert.deepEqual([seen.logins, seen.exchanges], [1, 40]);
  assert.ok(seen.most > 1 && seen.most <= 8, `${seen.most} at once`);
});

live('each login brings another locator, good for the next; the credential stays', async () => {
  const node = new SkeymNode(here.doctor);
  const locators = [b64(here.doctor.locator)];
  for (let i = 0; i < 3; i++) {
    await node.login();
    assert.deepEqual(node.identity.credential, here.doctor.credential);
    locators.push(b64(node.identity.locator));
  }
  assert.equal(new Set(locators).size, 4);
});

live('a node whose clock is an hour off corrects itself, once', async () => {
  for (const off of [-HOUR, HOUR]) {
    const { seen, transport } = counting();
    const node = new SkeymNode(here.doctor, { transport, now: () => Date.now() + off });
    assert.equal((await node.request(METADATA)).status, 200);
    assert.equal(seen.logins, 2);
    assert.ok(Math.abs(node.clockOffset + off) < 10_000, `offset ${node.clockOffset}`);
    await node.login();
    assert.equal(seen.logins, 3);
  }
});

live('jose opens a live answer with k_p, and the server takes a body made by jose', async () => {
  const [lane] = await lanes(here.doctor, 1);
  const {
    keys: { request: k_q },
  } = await raw(lane, new Uint8Array(0));
  const plaintext = encodeClosed({ method: 'GET', target: '/fhir/Patient/nobody' });
  const body = toBytes(
    await new CompactEncrypt(plaintext)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', cty: CLOSED_TYPE })
      .encrypt(k_q),
  );
  const { keys, wire } = await raw(lane, body);
  const answer = await send(wire);
  assert.equal(answer.status, 404);
  const opened = await compactDecrypt(answer.body, keys.answer);
  assert.deepEqual(opened.protectedHeader, {
    alg: 'dir',
    enc: 'A256GCM',
    cty: FHIR,
    status: 404,
  });
  assert.equal(json(opened.plaintext).resourceType, 'OperationOutcome');
});

live(
  'what is wrong inside an admitted request is said under the seal, and the chain goes on',
  async () => {
    let [lane] = await lanes(here.doctor, 1);
    const wrong = {
      'sealed with another key': async () =>
        sealJwe(random(32), { cty: CLOSED_TYPE, plaintext: encodeClosed(METADATA) }),
      'another header': async (/** @type {Uint8Array} */ key) =>
        toBytes(
          await new CompactEncrypt(encodeClosed(METADATA))
            .setProtectedHeader({ enc: 'A256GCM', alg: 'dir', cty: CLOSED_TYPE })
            .encrypt(key),
        ),
      'a header of an answer': (/** @type {Uint8Array} */ key) =>
        sealJwe(key, { cty: CLOSED_TYPE, status: 200, plaintext: encodeClosed(METADATA) }),
      'another media type inside': (/** @type {Uint8Array} */ key) =>
        sealJwe(key, { cty: FHIR, plaintext: encodeClosed(METADATA) }),
      'not the closed form': (/** @type {Uint8Array} */ key) =>
        sealJwe(key, { cty: CLOSED_TYPE, plaintext: toBytes('GET /fhir/metadata HTTP/1.1\n\n') }),
      'a field of no meaning': (/** @type {Uint8Array} */ key) =>
        sealJwe(key, {
          cty: CLOSED_TYPE,
          plaintext: toBytes('GET /fhir/metadata\naccept: a\n\n'),
        }),
    };
    for (const [name, make] of Object.entries(wrong)) {
      const { request } = await exchangeKeys(lane.secret);
      const { keys, wire } = await raw(lane, await make(request));
      const { status, next } = await accept(keys, await send(wire));
      assert.equal(status, 400, name);
      assert.ok(next, name);
      lane = { token: next, secret: keys.next };
    }
    const { keys, wire } = await prepare(lane, METADATA);
    assert.equal((await accept(keys, await send(wire))).status, 200);
  },
);
