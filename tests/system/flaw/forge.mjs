// SPDX-License-Identifier: Apache-2.0
// Flaws of others as tests, over the wire: forgery, confusion, names, defaults, and who may ask.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { b64 } from '../../second/skeym/base64url.mjs';
import { toBytes } from '../../second/skeym/bytes.mjs';
import { prepare } from '../../second/skeym/client.mjs';
import { CLOSED_TARGET, CLOSED_TYPE, encodeClosed } from '../../second/skeym/closed.mjs';
import { readCredential } from '../../second/skeym/credential.mjs';
import { exchangeKeys } from '../../second/skeym/exchange.mjs';
import { JWE_TYPE } from '../../second/skeym/jwe.mjs';
import { audienceKey, enrolKeys, epochAt, ratchet } from '../../second/skeym/keys.mjs';
import { credentialOf, sealLocator } from '../../second/skeym/locator.mjs';
import { LOGIN_TARGET, LOGIN_TYPE, startLogin } from '../../second/skeym/login.mjs';
import { gcmSeal, random } from '../../second/skeym/primitives.mjs';
import { sealToken } from '../../second/skeym/token.mjs';
import { observation, raw, statuses, until } from '../world.mjs';
import { FHIR, HOST, METADATA, REFUSAL, admitted, begin, crafted, refused, sealed, send }
  from './kit.mjs';

const VECTORS = JSON.parse(readFileSync(
  new URL('../../vectors/protocol.json', import.meta.url), 'utf8'));
const unhex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
const ZERO = new Uint8Array(32);

/** A login of a node that nobody enrolled: its locator and C_i made under this enrol key. */
async function logInUnder(server, identity, enrolKey, id = 1) {
  const { seal, credential } = await enrolKeys(enrolKey);
  const claims = { publicKey: identity.pair.publicKey, generation: 1, notAfter: 0xffffffff,
    role: 'doctor', node: 'doc', scopes: [] };
  const forged = { ...identity, locator: await sealLocator(seal, id, claims),
    credential: await credentialOf(credential, claims) };
  return logIn(server, forged);
}

async function logIn(server, identity, type = LOGIN_TYPE) {
  const { body } = await startLogin(identity,
    { time: Date.now(), audience: identity.audience, tokens: 1, scopes: [] });
  return send(server, { method: 'POST', target: LOGIN_TARGET, headers: { 'content-type': type },
    body });
}

/** A lane of a token that was sealed under this key of an epoch. */
async function mintUnder(key, epoch) {
  const now = Date.now();
  const secret = random(32);
  const token = await sealToken(key, epoch, 'ward', { secret, issued: now - 1000, lifetime: 59,
    loginTime: Math.floor(now / 1000), loginDeadline: Math.floor(now / 1000) + 3600, lane: 0,
    sequence: 0, flags: 0, instance: 0, generation: 1, role: 'doctor', node: 'doc', scopes: [] });
  return { secret, token };
}

const identityOf = async (file) => readCredential(readFileSync(file, 'utf8'));

/** A JWE with a header of any content, sealed with the right key. */
async function jweWith(key, header, plaintext) {
  const iv = random(12);
  const head = b64(toBytes(header));
  const box = await gcmSeal(key, iv, plaintext, toBytes(head));
  return toBytes(`${head}..${b64(iv)}.${b64(box.slice(0, -16))}.${b64(box.slice(-16))}`);
}

const RIGHT = `{"alg":"dir","enc":"A256GCM","cty":"${CLOSED_TYPE}"}`;
const HEADERS = [
  '{"alg":"none"}',
  RIGHT.replace('dir', 'none'),
  RIGHT.replace('A256GCM', 'A128GCM'),
  RIGHT.replace('dir', 'A256KW'),
  RIGHT.replace('"alg":"dir"', '"alg":"PBES2-HS256+A128KW","p2c":2147483647'),
  RIGHT.replace('}', ',"zip":"DEF"}'),
  RIGHT.replace('}', ',"kid":"../../keyring"}'),
  RIGHT.replace('}', ',"jwk":{"kty":"oct","k":"AA"}}'),
  RIGHT.replace('}', ',"crit":[]}'),
  RIGHT.replace('{', '{ '),
];

/* names of nodes and keys that are paths, SQL, or not text */
const NAMES = ['../../x', '..', '/etc/passwd', "'; DROP TABLE observation; --", '" OR 1=1', 'a\nb',
  'a\tb', 'é', '\u202e', 'a b', 'x%00y', 'a/b', '.hidden', '-rf', '', 'a'.repeat(33)];

/* names of resources and values of searches: [target, statuses that are right] */
const TARGETS = [
  ['/fhir/Patient/..%2f..%2fkeyring', [400, 404]],
  ['/fhir/Patient/../../keyring', [400, 404]],
  ['/fhir/../keyring', [404]],
  ['/fhir/Patient/%27%3B%20DROP%20TABLE%20observation%3B--', [400, 404]],
  ['/fhir/Patient/a%00b', [400, 404]],
  ['/fhir/Patient/%c0%ae%c0%ae', [400, 404]],
  ['/fhir/Observation?patient=1%27%20OR%20%271%27=%271', [400]],
  ['/fhir/Observation?patient=..%2f..', [200, 400]],
  ["/fhir/Observation?code=8867-4'%20OR%201=1--", [200, 400]],
  ['/fhir/Observation?identifier=urn:test%7C%27%3B%20DROP%20TABLE%20observation%3B--', [200]],
  ['/fhir/Observation?identifier=%25', [200]],
  ['/fhir/Observation?_sort=value%3B%20DROP%20TABLE%20observation', [400]],
  ['/fhir/Observation?_id=%27%20UNION%20SELECT%20*%20FROM%20sqlite_master--', [400]],
  ['/fhir/Observation?code=%ff%fe', [200, 400]],
  ['/fhir/Observation?code=%00', [200, 400]],
];

const ROUTES = ['/', '/fhir', '/fhir/', '/fhir/metadata', '/fhir/Patient', '/fhir/Patient/1',
  '/fhir/Observation?patient=1', '/fhir/AuditEvent', '/fhir/$export', '/fhir/Patient/1/_history',
  '/metrics', '/healthz', '/admin', '/favicon.ico', '/skeym/v1/login?x', '/skeym/v1/exchange',
  '/skeym/v1/../../fhir/metadata', '/.git/config', '/%66hir/metadata', '//fhir/metadata', '/*'];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'FOO',
  'get'];
/* what has opened other doors */
const FIELDS = ['', 'X-Forwarded-For: 127.0.0.1\r\n', 'X-Original-URL: /fhir/metadata\r\n',
  'X-HTTP-Method-Override: GET\r\n', 'Authorization: Basic YWRtaW46YWRtaW4=\r\n',
  'Authorization: Bearer null\r\n', 'Authorization: SkeyM \r\n', 'Cookie: session=1\r\n',
  'X-Skeym-Admin: 1\r\n', 'Forwarded: for=127.0.0.1;by=admin\r\n'];

export default {
  async 'algorithm or key-type confusion'(world) {
    const { server, credential, take } = await begin(world);
    const [lane] = await take();
    const identity = await identityOf(credential);
    const key = async () => (await exchangeKeys(lane.secret)).request;
    const closed = encodeClosed(METADATA);
    const ask = async (body) => sealed(server, lane,
      await crafted(lane, { target: CLOSED_TARGET, contentType: JWE_TYPE, body }));
    assert.equal((await ask(await jweWith(await key(), RIGHT, closed))).status, 200);
    for (const header of HEADERS) {
      assert.equal((await ask(await jweWith(await key(), header, closed))).status, 400, header);
    }
    const before = await admitted(server);
    for (const token of [identity.locator, identity.authority, random(141)]) {
      const other = await crafted({ ...lane, token }, METADATA);
      assert.equal((await send(server, other.wire)).status, 401);
    }
    for (const scheme of ['Bearer', 'Basic', 'DPoP', 'SkeyM,SkeyM']) {
      const { wire } = await crafted(lane, METADATA);
      wire.headers.authorization = `${scheme} ${b64(lane.token)}`;
      assert.equal((await send(server, wire)).status, 401, scheme);
    }
    /* a token where a locator belongs, and the other way round: no such login */
    assert.equal((await logIn(server, { ...identity, locator: lane.token })).status, 401);
    assert.equal((await logIn(server, identity)).status, 200);
    assert.equal(await admitted(server), before);
  },

  async 'empty key'(world) {
    const { server, credential } = await begin(world);
    const identity = await identityOf(credential);
    const now = epochAt(Date.now() / 1000);
    const before = await refused(server, 'unseal');
    const keys = [ZERO, await audienceKey(ZERO, 'ward'), await audienceKey(await ratchet(ZERO), 'ward')];
    for (const key of keys) {
      for (const epoch of [now, now - 1]) {
        const lane = await mintUnder(key, epoch);
        assert.equal((await send(server, (await prepare(lane, METADATA)).wire)).status, 401);
      }
    }
    assert.equal((await refused(server, 'unseal')) - before, 2 * keys.length);
    assert.equal((await logInUnder(server, identity, ZERO)).status, 401);
    assert.equal((await logInUnder(server, identity, ZERO, 0)).status, 401);
    assert.equal((await logIn(server, { ...identity, credential: ZERO })).status, 401);
    for (const pair of [ZERO, Uint8Array.of(1, ...new Uint8Array(31))]) {
      const { code, err } = await world.skeym(['enrol', 'n', '--role', 'doctor', '--scope',
        'user/*.r', '-o', world.path('n'), '--dir', world.dir, '--public-key', b64(pair)]);
      assert.notEqual(code, 0);
      assert.match(err, /no public key/);
    }
    const empty = world.path('empty');
    writeFileSync(empty, '', { mode: 0o600 });
    assert.notEqual((await world.get(server, METADATA.target, empty)).code, 0);
    await server.stop();
    for (const file of ['keyring', 'revoked']) {
      const bytes = readFileSync(`${world.dir}/${file}`);
      for (const other of [Buffer.alloc(0), Buffer.alloc(bytes.length)]) {
        writeFileSync(`${world.dir}/${file}`, other);
        assert.equal((await world.refuse()).code, 1, `${file} of ${other.length} zeros`);
      }
      writeFileSync(`${world.dir}/${file}`, bytes);
    }
  },

  async 'truncated tag'(world) {
    const { server, take } = await begin(world);
    const [lane] = await take();
    const before = await admitted(server);
    const cut = async (name, chars) => {
      const { wire } = await crafted(lane, METADATA);
      wire.headers[name] = wire.headers[name].slice(0, -chars);
      assert.equal((await send(server, wire)).status, 401, `${name} without ${chars}`);
    };
    for (const chars of [1, 2, 3, 21, 42, 43]) await cut('skeym-proof', chars);
    for (const chars of [1, 4, 5, 20, 21, 22, 100]) await cut('authorization', chars);
    const { wire } = await crafted(lane, METADATA);
    delete wire.headers['skeym-proof'];
    assert.equal((await send(server, wire)).status, 401);
    assert.equal(await admitted(server), before);
    const body = async (chars) => {
      const whole = await jweWith((await exchangeKeys(lane.secret)).request, RIGHT,
        encodeClosed(METADATA));
      const made = await crafted(lane, { target: CLOSED_TARGET, contentType: JWE_TYPE,
        body: whole.slice(0, whole.length - chars) });
      return (await sealed(server, lane, made)).status;
    };
    for (const chars of [1, 2, 10, 21, 22]) assert.equal(await body(chars), 400, String(chars));
    assert.equal(await body(0), 200);
  },

  async 'key id as path or SQL'(world) {
    const { server, credential, take } = await begin(world);
    const listed = readdirSync(world.folder).sort();
    const audit = readFileSync(`${world.dir}/audit`);
    for (const name of NAMES) {
      const { code } = await world.skeym(['enrol', name, '--role', 'doctor', '--scope', 'user/*.r',
        '-o', world.path('new'), '--dir', world.dir, '--no-passphrase']);
      assert.notEqual(code, 0, name);
      assert.notEqual((await world.skeym(['revoke', name, '--dir', world.dir])).code, 0, name);
    }
    assert.deepEqual(readdirSync(world.folder).sort(), listed);
    assert.deepEqual(readFileSync(`${world.dir}/audit`), audit);
    /* in the protocol a key id is a number: one that is not there costs what others cost */
    const identity = await identityOf(credential);
    for (const id of [0, 2, 0x2e2e2f2e, 0x7fffffff, 0xffffffff]) {
      const locator = identity.locator.slice();
      new DataView(locator.buffer).setUint32(1, id);
      const answer = await logIn(server, { ...identity, locator });
      assert.equal(answer.status, 401);
      assert.ok(answer.text.endsWith(REFUSAL));
    }
    const [lane] = await take();
    const post = await prepare(lane, { method: 'POST', target: '/fhir/Observation',
      contentType: FHIR, body: toBytes(JSON.stringify(observation('kept'))) });
    assert.equal((await sealed(server, lane, post)).status, 201);
    for (const [target, right] of TARGETS) {
      const { status, text } = await sealed(server, lane, await prepare(lane, { method: 'GET', target }));
      assert.ok(right.includes(status), `${target}: ${status}`);
      assert.ok(!text.includes('"entry"'), target);
      assert.ok(!/sqlite|syntax error|no such table/i.test(text), text);
    }
    const kept = await prepare(lane, { method: 'GET', target: '/fhir/Observation?identifier=kept' });
    assert.equal(JSON.parse((await sealed(server, lane, kept)).text).entry.length, 1);
    assert.equal((await server.monitor('/healthz')).status, 200);
  },

  async 'default credentials'(world) {
    const { server, credential } = await begin(world);
    const identity = await identityOf(credential);
    /* the keys that everybody can read in this tree open nothing */
    for (const { id, E } of VECTORS.keys.enrol_keys) {
      assert.equal((await logInUnder(server, identity, unhex(E), id)).status, 401);
    }
    assert.equal((await logIn(server, { ...identity, credential: unhex(VECTORS.exchange.S_0) }))
      .status, 401);
    const known = [...JSON.stringify(VECTORS.keys).matchAll(/"([0-9a-f]{64})"/g)];
    assert.ok(known.length > 5);
    for (const [, key] of known) {
      const lane = await mintUnder(unhex(key), epochAt(Date.now() / 1000));
      assert.equal((await send(server, (await prepare(lane, METADATA)).wire)).status, 401);
    }
    assert.equal(await refused(server, 'unseal'), known.length);
    for (const pair of ['admin:admin', 'root:root', 'skeym:skeym', ':', 'admin:']) {
      const { text } = await raw(server.port, `GET /fhir/metadata HTTP/1.1\r\n${HOST}` +
        `Authorization: Basic ${Buffer.from(pair).toString('base64')}\r\n\r\n`,
      { ms: 60000, until: (got) => got.includes(REFUSAL) });
      assert.deepEqual(statuses(text), [401]);
    }
    /* two new authorities have no secret in common, and a new one knows nobody */
    const other = world.path('other');
    await world.must(['init', other]);
    const [a, b] = [world.dir, other].map((dir) => readFileSync(`${dir}/keyring`));
    for (let at = 8; at + 16 <= a.length; at++) {
      assert.equal(b.includes(a.subarray(at, at + 16)), false, `16 bytes at ${at} in both`);
    }
    assert.equal(existsSync(`${other}/audit`) ? readFileSync(`${other}/audit`, 'utf8')
      .split('\n').filter((line) => line.includes('enrol')).length : 0, 0);
    /* a credential of one authority is nothing to another */
    await server.stop();
    world.dir = other;
    const elsewhere = await world.serve();
    assert.notEqual((await world.get(elsewhere, METADATA.target, credential)).code, 0);
  },

  async 'anonymous access to any route'(world) {
    const { server } = await begin(world);
    const answers = new Set();
    let asked = 0;
    const ask = async (method, route, field) => {
      const { text } = await raw(server.port, `${method} ${route} HTTP/1.1\r\n${HOST}${field}\r\n`,
        { ms: 60000, until: (got) => got.includes(REFUSAL) });
      answers.add(text.replace(/Date: [^\r]*\r\n/, ''));
      asked++;
    };
    for (const method of METHODS) {
      await Promise.all(ROUTES.map((route) => ask(method, route, '')));
    }
    for (const field of FIELDS) {
      await Promise.all(ROUTES.map((route) => ask('GET', route, field)));
    }
    assert.deepEqual([...answers], [
      'HTTP/1.1 401 Unauthorized\r\nContent-Type: application/fhir+json\r\n' +
      `WWW-Authenticate: SkeyM\r\nCache-Control: no-store\r\nContent-Length: ${REFUSAL.length}` +
      `\r\n\r\n${REFUSAL}`]);
    assert.equal(await admitted(server), 0);
    await until('the count', async () => (await refused(server, 'shape')) === asked);
    /* and on the other listener, on loopback alone, there are two pages without a word of a patient */
    for (const route of ROUTES.filter((name) => name !== '/metrics' && name !== '/healthz')) {
      assert.equal((await server.monitor(route)).status, 404, route);
    }
    const { body } = await server.monitor('/metrics');
    assert.ok(body.split('\n').every((line) => /^($|# |skeym_)/.test(line)));
  },
};
