// SPDX-License-Identifier: Apache-2.0
// A node in JavaScript against the real program ($SKEYM), over real sockets.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { compactDecrypt, CompactEncrypt } from 'jose';
import { b64, unb64 } from './skeym/base64url.mjs';
import { concat, toBytes, toText } from './skeym/bytes.mjs';
import { accept, prepare, RefusedError, SkeymNode } from './skeym/client.mjs';
import { CLOSED_TARGET, CLOSED_TYPE, encodeClosed } from './skeym/closed.mjs';
import { exchangeKeys, proof } from './skeym/exchange.mjs';
import { JWE_TYPE, sealJwe } from './skeym/jwe.mjs';
import { locatorKeyId } from './skeym/locator.mjs';
import { encodeLogin, firstSecret, LOGIN_TARGET, LOGIN_TYPE, startLogin } from './skeym/login.mjs';
import { random } from './skeym/primitives.mjs';
import { parseScope } from './skeym/scopes.mjs';
import { fetchTransport } from './skeym/transport.mjs';
import { SKEYM, Ward } from './program.mjs';

/** @typedef {import('./skeym/credential.mjs').Identity} Identity */
/** @typedef {import('./skeym/transport.mjs').Wire} Wire */
/** @typedef {import('./skeym/transport.mjs').WireAnswer} WireAnswer */

const FHIR = 'application/fhir+json';
const HOUR = 3_600_000;
const NOT_ADMITTED =
  '{"resourceType":"OperationOutcome","issue":[' +
  '{"severity":"error","code":"login","diagnostics":"not admitted"}]}';
const METADATA = { method: 'GET', target: '/fhir/metadata' };

/** @type {Ward} */ let ward;
/** @type {Identity} */ let doctor;

/** @param {Uint8Array} body */
const json = (body) => JSON.parse(toText(body));

/** @param {string} patient @param {number} value */
const heartRate = (patient, value) => ({
  resourceType: 'Observation',
  status: 'final',
  category: [
    {
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/observation-category',
          code: 'vital-signs',
        },
      ],
    },
  ],
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4', display: 'Heart rate' }] },
  subject: { reference: `Patient/${patient}` },
  effectiveDateTime: '2026-11-22T10:00:00Z',
  valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
});

/** @param {object} resource @param {string} [target] */
const post = (resource, target = `/fhir/${/** @type {any} */ (resource).resourceType}`) => ({
  method: 'POST',
  target,
  contentType: FHIR,
  body: toBytes(JSON.stringify(resource)),
});

/** A transport that counts: logins, and how many requests were under way at once. */
function counting() {
  /** @type {Wire[]} */ const wires = [];
  const seen = { logins: 0, exchanges: 0, now: 0, most: 0, wires };
  /** @type {import('./skeym/transport.mjs').Transport} */
  const transport = async (server, wire) => {
    seen.wires.push(wire);
    if (wire.target === LOGIN_TARGET) seen.logins++;
    else seen.exchanges++;
    seen.most = Math.max(seen.most, ++seen.now);
    try {
      return await fetchTransport(server, wire);
    } finally {
      seen.now--;
    }
  };
  return { seen, transport };
}

/** Tokens and secrets by hand, for requests that a good node would not send.
 * @param {Identity} identity @param {number} tokens @param {string[]} [scopes] */
async function lanes(identity, tokens, scopes = []) {
  const wanted = {
    time: Date.now(),
    audience: identity.audience,
    tokens,
    scopes: scopes.map(parseScope),
  };
  const { body, finish } = await startLogin(identity, wanted);
  const reply = await sendLogin(body);
  if (reply.status !== 200) throw new RefusedError(reply);
  const { answer, secrets } = await finish(reply.body);
  assert.ok(answer.kind === 'granted');
  return Promise.all(
    answer.tokens.map(async (token, lane) => ({ token, secret: await firstSecret(secrets, lane) })),
  );
}

/** @param {Uint8Array} body @param {string} [type] */
const sendLogin = (body, type = LOGIN_TYPE) =>
  fetchTransport(ward.url, {
    method: 'POST',
    target: LOGIN_TARGET,
    headers: { 'content-type': type },
    body,
  });

/** @param {Wire} wire */
const send = (wire) => fetchTransport(ward.url, wire);

/** The one answer of §8.4, and nothing more. @param {WireAnswer} answer @param {string} [why] */
function assertNotAdmitted(answer, why) {
  assert.equal(answer.status, 401, why);
  assert.equal(answer.header('www-authenticate'), 'SkeyM');
  assert.equal(answer.header('content-type'), FHIR);
  assert.equal(answer.header('skeym-next'), null);
  assert.equal(toText(answer.body), NOT_ADMITTED);
}

/** A request as bytes of our own choice inside the seal.
 * @param {{ token: Uint8Array, secret: Uint8Array }} lane
 * @param {Uint8Array} body what goes outside
 * @param {{ type?: string, target?: string }} [how] */
async function raw({ token, secret }, body, { type = JWE_TYPE, target = CLOSED_TARGET } = {}) {
  const keys = await exchangeKeys(secret);
  const mac = await proof(keys.mac, { method: 'POST', target, contentType: type, body });
  const headers = {
    'content-type': type,
    authorization: `SkeyM ${b64(token)}`,
    'skeym-proof': b64(mac),
  };
  return { keys, wire: { method: 'POST', target, headers, body } };
}

const skip = SKEYM ? false : 'SKEYM does not name the program';
/** @param {string} name @param {() => Promise<void>} body */
const live = (name, body) => test(name, { skip }, body);

before(async () => {
  if (skip) return;
  ward = await Ward.start();
  doctor = await ward.enrol('doctor-js', 'doctor', 'user/*.cruds');
});
after(() => ward?.stop());

live('a node logs in once and reads /fhir/metadata, closed and open, along one chain', async () => {
  const { seen, transport } = counting();
  const node = new SkeymNode(doctor, { lanes: 1, transport });
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
  const node = new SkeymNode(doctor);
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
  const node = new SkeymNode(doctor);
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

live('a transaction Bundle is stored as one, found by search, page by page', async () => {
  const node = new SkeymNode(doctor);
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
  const node = new SkeymNode(doctor, { lanes: 8, transport });
  const requests = Array.from({ length: 40 }, (_, i) =>
    node.request(METADATA, { open: i % 2 === 0 }),
  );
  assert.ok((await Promise.all(requests)).every(({ status }) => status === 200));
  assert.deepEqual([seen.logins, seen.exchanges], [1, 40]);
  assert.ok(seen.most > 1 && seen.most <= 8, `${seen.most} at once`);
});

live('each login brings another locator, good for the next; the credential stays', async () => {
  const node = new SkeymNode(doctor);
  const locators = [b64(doctor.locator)];
  for (let i = 0; i < 3; i++) {
    await node.login();
    assert.deepEqual(node.identity.credential, doctor.credential);
    locators.push(b64(node.identity.locator));
  }
  assert.equal(new Set(locators).size, 4);
});

live('a node whose clock is an hour off corrects itself, once', async () => {
  for (const off of [-HOUR, HOUR]) {
    const { seen, transport } = counting();
    const node = new SkeymNode(doctor, { transport, now: () => Date.now() + off });
    assert.equal((await node.request(METADATA)).status, 200);
    assert.equal(seen.logins, 2);
    assert.ok(Math.abs(node.clockOffset + off) < 10_000, `offset ${node.clockOffset}`);
    await node.login();
    assert.equal(seen.logins, 3);
  }
});

live('jose opens a live answer with k_p, and the server takes a body made by jose', async () => {
  const [lane] = await lanes(doctor, 1);
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
    let [lane] = await lanes(doctor, 1);
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

live('a token is good for one request', async () => {
  const [first, second] = await lanes(doctor, 2);
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
  const [lane, other] = await lanes(doctor, 2);
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
  const [lane] = await lanes(doctor, 1);
  const { wire } = await prepare(lane, METADATA);
  /** @param {string[]} fields @returns {Promise<number | undefined>} */
  const status = (fields) =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(ward.url);
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
  const [one, two] = await lanes(doctor, 2);
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
    const nurse = await ward.enrol(
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
  const wanted = { time: Date.now(), audience: doctor.audience, tokens: 1, scopes: [] };
  const login = async (/** @type {Partial<Identity>} */ changed, change = {}) =>
    (await startLogin({ ...doctor, ...changed }, { ...wanted, ...change })).body;
  const good = await login({});
  const flipped = doctor.locator.map((byte, i) => (i === 60 ? byte ^ 1 : byte));
  const { message1 } = await startLogin(doctor, wanted);
  const bodies = {
    'another C_i': await login({ credential: random(32) }),
    'another static key': await login({
      pair: (await ward.enrol('other-js', 'doctor', 'user/*.r')).pair,
    }),
    'another audience': await login({}, { audience: 'elsewhere' }),
    'an unknown enrol key': await login({
      locator: concat(Uint8Array.of(1, 9, 9, 9, 9), doctor.locator.slice(5)),
    }),
    'an altered locator': await login({ locator: flipped }),
    'another locator outside': encodeLogin(flipped, message1),
    'another version': good.map((byte, i) => (i === 0 ? 2 : byte)),
    'an altered e': good.map((byte, i) => (i === 3 + doctor.locator.length ? byte ^ 1 : byte)),
    'an altered payload': good.map((byte, i) => (i === good.length - 1 ? byte ^ 1 : byte)),
    'a short message': good.slice(0, 3 + doctor.locator.length + 40),
    'an e of order one': concat(
      good.slice(0, 3 + doctor.locator.length),
      new Uint8Array(32),
      good.slice(35 + doctor.locator.length),
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
    const node = new SkeymNode(doctor, { keep: (identity) => void kept.push(identity) });
    await node.login();
    assert.deepEqual(kept[0].credential, doctor.credential);
    ward.administer('rotate');
    await node.login();
    assert.notDeepEqual(kept[1].credential, doctor.credential);
    assert.notEqual(locatorKeyId(kept[1].locator), locatorKeyId(doctor.locator));
    await node.login();
    assert.deepEqual(kept[2].credential, kept[1].credential);
    ward.administer('rotate', '--retire', String(locatorKeyId(doctor.locator)));
    assert.equal((await new SkeymNode(kept[2]).request(METADATA)).status, 200);
    await assert.rejects(new SkeymNode(doctor).login(), { name: 'SkeymError', status: 401 });
    doctor = kept[2];
  },
);

live('after skeym revoke the next request of a live chain is refused, and each login', async () => {
  const leaver = await ward.enrol('leaver-js', 'doctor', 'user/*.r');
  const { seen, transport } = counting();
  const node = new SkeymNode(leaver, { transport });
  assert.equal((await node.request(METADATA)).status, 200);
  const [lane] = await lanes(leaver, 1);
  ward.administer('revoke', 'leaver-js');
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
  const [lane] = await lanes(doctor, 1);
  const before = ward.url;
  const moved = (/** @type {string} */ _, /** @type {Wire} */ wire) => transport(ward.url, wire);
  const node = new SkeymNode(doctor, { lanes: 4, transport: moved });
  assert.equal((await node.request(METADATA)).status, 200);
  await ward.halt();
  await ward.serve('--token-lifetime', '1');
  assert.notEqual(ward.url, before);
  assertNotAdmitted(await send((await prepare(lane, METADATA)).wire));
  const answers = await Promise.all(Array.from({ length: 8 }, () => node.request(METADATA)));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(seen.logins, 2);
});

live('a token that was not used in its lifetime is over', async () => {
  const [now, later] = await lanes(doctor, 2);
  assert.equal((await send((await prepare(now, METADATA)).wire)).status, 200);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assertNotAdmitted(await send((await prepare(later, METADATA)).wire));
});
