// SPDX-License-Identifier: Apache-2.0
// The server's side of the console: its files in the open, and what is asked of the server itself.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { raw, sleep, statuses, until } from './world.mjs';

const CONSOLE = new URL('../../console/', import.meta.url);
const POLICY = ["default-src 'none'", "script-src 'self'", "style-src 'self'",
  "img-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'",
  "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"].join('; ');
const FIELDS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

function ask(server, path, { method = 'GET', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, method, headers };
    const request = http.request(options, (answer) => {
      const pieces = [];
      answer.on('data', (data) => pieces.push(data));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers,
        body: Buffer.concat(pieces) }));
    });
    request.on('error', reject);
    request.end();
  });
}

const bound = ({ headers }) => {
  for (const [name, value] of Object.entries(FIELDS)) assert.equal(headers[name], value, name);
};

const begin = async (world, ...args) => {
  await world.init();
  return world.serve(args);
};

/** The opened JSON of an answer; its status must be the one. */
async function json(world, server, path, credential, code = 0) {
  const result = await world.get(server, path, credential);
  assert.equal(result.code, code, result.err + result.out);
  return JSON.parse(result.out);
}

const events = async (world, server, query, credential) =>
  ((await json(world, server, `/fhir/AuditEvent${query}`, credential)).entry ?? []).map(
    (entry) => entry.resource);
const agent = (event) => event.agent[0].who.identifier?.value;
const coded = (event, code) => event.subtype.some((coding) => coding.code === code);

/** What R4 asks of an AuditEvent, and what we promise of it. */
function isAuditEvent(event) {
  assert.equal(event.resourceType, 'AuditEvent');
  assert.match(event.id, /^[A-Za-z0-9.-]{1,64}$/);
  assert.equal(event.type.system, 'http://dicom.nema.org/resources/ontology/DCM');
  assert.match(event.type.code, /^1101[0-9]{2}$/);
  assert.ok(event.type.display && event.subtype.length > 0);
  assert.match(event.action, /^[CRUDE]$/);
  assert.match(event.recorded, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(['0', '4', '8', '12'].includes(event.outcome));
  assert.ok(event.outcomeDesc);
  assert.equal(typeof event.agent[0].requestor, 'boolean');
  assert.ok(event.agent[0].who.display);
  if (event.agent[0].network) assert.match(event.agent[0].network.address, /\.0\/24$/);
  assert.ok(event.source.observer.display);
}

/** A whole exchange by hand, so that each check can be made to refuse: needs a chain file. */
async function stolenToken(world, server, credential) {
  const chain = world.path('chain');
  const { code, err } = await world.get(server, '/fhir/metadata', credential, '--chain', chain);
  assert.equal(code, 0, err);
  return world.token(chain);
}

export default {
  async 'a file comes as it is, with the fields that bind a browser'(world) {
    const server = await begin(world);
    const file = readFileSync(new URL('index.html', CONSOLE));
    for (const path of ['/console/', '/console/index.html', '/console/?demo=mock', '/console/?a/../b']) {
      const answer = await ask(server, path);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
      assert.ok(answer.body.equals(file), `${path}: not the file (is the program built anew?)`);
      bound(answer);
      const tag = `"${createHash('sha256').update(file).digest('hex').slice(0, 32)}"`;
      assert.equal(answer.headers.etag, tag);
    }
    const { status, headers } = await ask(server, '/console');
    assert.deepEqual([status, headers.location], [308, 'console/']);
    bound({ headers });
  },

  async 'what has not changed is not sent again, and HEAD has no body'(world) {
    const server = await begin(world);
    const first = await ask(server, '/console/');
    const { etag } = first.headers;
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await ask(server, '/console/', { headers: { 'If-None-Match': known } });
      assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, etag]);
      bound(again);
    }
    const other = await ask(server, '/console/', { headers: { 'If-None-Match': '"x"' } });
    assert.equal(other.status, 200);
    const head = await ask(server, '/console/', { method: 'HEAD' });
    assert.deepEqual([head.status, head.body.length], [200, 0]);
    assert.equal(Number(head.headers['content-length']), first.body.length);
    bound(head);
    /* neither leaves the connection out of step */
    const host = 'Host: x\r\n';
    const { text } = await raw(server.port,
      `HEAD /console/ HTTP/1.1\r\n${host}\r\nGET /console/ HTTP/1.1\r\n${host}If-None-Match: *\r\n\r\n`
      + `GET /console/none HTTP/1.1\r\n${host}\r\nGET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
      { ms: 10000, until: (all) => statuses(all).length === 4 });
    assert.deepEqual(statuses(text), [200, 304, 404, 401]);
  },

  async 'no path leads out of the table'(world) {
    const server = await begin(world);
    const below = ['..', '../', '../keyring', '../../keyring', '..%2fkeyring', '%2e%2e/keyring',
      '..\\keyring', 'js/../index.html', './index.html', '/index.html', 'index.html/', 'index.htm',
      'INDEX.HTML', 'index.html%00', 'js', 'js/', 'package.json', 'jsconfig.json',
      'test/model/x.test.mjs', 'node_modules/typescript/package.json', '%69ndex.html',
      'a'.repeat(3000), '.git/config', 'index.html;x'];
    for (const path of below) {
      const answer = await ask(server, `/console/${path}`);
      assert.equal(answer.status, 404, path);
      assert.ok(!answer.body.includes('html') && answer.body.length < 100);
      bound(answer);
    }
    for (const path of ['/consolex', '/consolex/', '/Console/', '//console/', '/./console/',
      '/fhir/../console/', '/%63onsole/', '/x/console/']) {
      assert.equal((await ask(server, path)).status, 401, path);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      assert.equal((await ask(server, '/console/', { method })).status, 401, method);
    }
    const { text } = await raw(server.port,
      'GET /console/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
      + 'GET /console/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      { ms: 10000, until: (all) => statuses(all).length === 2 });
    assert.deepEqual(statuses(text), [401, 200]); /* a body is none of its business */
  },

  async 'without the console all is as it was'(world) {
    const server = await begin(world, '--no-console');
    for (const path of ['/console', '/console/', '/console/index.html']) {
      const { status, headers } = await ask(server, path);
      assert.equal(status, 401);
      assert.equal(headers['content-security-policy'], undefined);
    }
  },

  async 'a folder for development is read anew, and only itself'(world) {
    await world.init();
    const folder = world.path('ui');
    mkdirSync(`${folder}/js`, { recursive: true });
    writeFileSync(`${folder}/js/a.js`, 'one');
    writeFileSync(`${folder}/.hidden.js`, 'no');
    writeFileSync(`${folder}/secret.txt`, 'no');
    writeFileSync(world.path('out.js'), 'no');
    symlinkSync(world.path('out.js'), `${folder}/link.js`);
    const server = await world.serve(['--console-dir', folder]);
    const { status, body, headers } = await ask(server, '/console/js/a.js');
    assert.deepEqual([status, String(body)], [200, 'one']);
    bound({ headers });
    writeFileSync(`${folder}/js/a.js`, 'two');
    assert.equal(String((await ask(server, '/console/js/a.js')).body), 'two');
    for (const path of ['.hidden.js', 'secret.txt', 'link.js', '../out.js', 'js/../js/a.js', 'js',
      'index.html']) {
      assert.equal((await ask(server, `/console/${path}`)).status, 404, path);
    }
    const open = await world.refuse(['--console-dir', folder, '--listen', '0.0.0.0:0',
      '--allow-plaintext-network', '--public-url', 'http://x']);
    assert.equal(open.code, 1);
    assert.match(open.err, /console-dir: for development alone/);
  },

  async 'each kind of refusal is an AuditEvent'(world) {
    const server = await begin(world);
    const auditor = await world.enrol('auditor', 'auditor', 'user/AuditEvent.rs');
    const doctor = await world.enrol('doc', 'doctor', 'patient/1/Observation.rs');
    const mallory = await world.enrol('mallory', 'doctor', 'user/*.rs');
    const token = await stolenToken(world, server, mallory);
    const host = 'Host: x\r\n';
    const get = (fields) => raw(server.port, `GET /fhir/x HTTP/1.1\r\n${host}${fields}Connection: close\r\n\r\n`,
      { ms: 10000, until: (all) => statuses(all).length > 0 });
    const proof = `SkeyM-Proof: ${'A'.repeat(43)}\r\n`;
    const version = Buffer.from(token, 'base64url');
    version[0] = 2;
    const forged = Buffer.from(token, 'base64url');
    forged[forged.length - 1] ^= 1;
    const old = Buffer.from(token, 'base64url');
    old[4] ^= 0x55;
    const bearer = (bytes) => `Authorization: SkeyM ${Buffer.from(bytes).toString('base64url')}\r\n${proof}`;
    await get(''); /* shape */
    await get(bearer(version));
    await get(bearer(forged)); /* unseal */
    await get(bearer(old)); /* epoch */
    await get(`Authorization: SkeyM ${token}\r\n${proof}`); /* proof */
    await world.must(['revoke', 'mallory', '--dir', world.dir]);
    await get(`Authorization: SkeyM ${token}\r\n${proof}`); /* revoked */
    assert.equal((await world.get(server, '/fhir/Observation?patient=1', mallory)).code, 1); /* its login */
    assert.notEqual((await world.get(server, '/fhir/Observation?patient=2', doctor)).code, 0); /* scope */
    const all = await events(world, server, '?_count=1000&_sort=-date', auditor);
    all.forEach(isAuditEvent);
    const refused = (check) => all.find((event) => coded(event, 'refused') && coded(event, check));
    for (const check of ['shape', 'version', 'unseal', 'epoch', 'proof', 'revoked', 'scope']) {
      assert.ok(refused(check), check);
      assert.equal(refused(check).agent[0].network.address, '127.0.0.0/24');
    }
    /* a name only where it is authentic: a token that opens */
    for (const check of ['shape', 'version', 'unseal', 'epoch']) {
      assert.equal(agent(refused(check)), undefined, check);
      assert.equal(refused(check).agent[0].who.display, 'a stranger');
    }
    assert.equal(agent(refused('proof')), 'mallory');
    assert.equal(agent(refused('revoked')), 'mallory');
    assert.equal(agent(refused('scope')), 'doc');
    assert.deepEqual([refused('proof').outcome, refused('scope').outcome], ['8', '4']);
    const logins = all.filter((event) => coded(event, 'login'));
    assert.ok(logins.some((event) => agent(event) === 'auditor' && event.outcome === '0'));
    assert.ok(logins.some((event) => agent(event) === 'mallory' && event.outcome === '8'));
    assert.ok(all.some((event) => coded(event, 'ready')));
    const revocation = all.find((event) => coded(event, 'revoke'));
    assert.equal(revocation.entity[0].what.identifier.value, 'mallory');
    assert.equal(all.filter((event) => coded(event, 'enrol')).length, 3);
    assert.ok(!JSON.stringify(all).includes(token));
    /* what was asked for, and no more */
    const some = await events(world, server, '?subtype=proof&outcome=8', auditor);
    assert.deepEqual(some.map(({ id }) => id), [refused('proof').id]);
    const one = await json(world, server, `/fhir/AuditEvent/${refused('proof').id}`, auditor);
    assert.deepEqual(one, refused('proof'));
  },

  async 'a flood leaves a sample of itself, and takes nothing else'(world) {
    const server = await begin(world);
    const auditor = await world.enrol('auditor', 'auditor', 'user/AuditEvent.s');
    assert.equal((await world.get(server, '/fhir/AuditEvent', auditor)).code, 0); /* a login to find */
    const junk = 'GET /x HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(500);
    const many = await raw(server.port, junk, { ms: 60000, until: (all) => statuses(all).length >= 500 });
    assert.ok(statuses(many.text).every((status) => status === 401));
    let dropped;
    await until('the count of what was dropped', async () => {
      [dropped] = await events(world, server, '?subtype=dropped', auditor);
      return dropped;
    });
    assert.match(dropped.outcomeDesc, /\(\d+ times\)/);
    const refused = await events(world, server, '?subtype=shape&_count=1000', auditor);
    assert.ok(refused.length >= 50 && refused.length < 500, String(refused.length));
    assert.ok((await events(world, server, '?agent=auditor', auditor)).length > 0);
  },

  async 'pages follow each other to the end'(world) {
    const server = await begin(world);
    const auditor = await world.enrol('auditor', 'auditor', 'user/AuditEvent.s');
    for (let i = 0; i < 12; i++) await ask(server, '/fhir/x');
    const until = new Date(Date.now() + 1).toISOString();
    await sleep(5);
    let path = `/fhir/AuditEvent?date=lt${until}&_count=5`;
    const seen = new Map();
    let last = '9';
    for (let pages = 0; path; pages++) {
      assert.ok(pages < 10);
      const bundle = await json(world, server, path, auditor);
      assert.equal(bundle.type, 'searchset');
      for (const { fullUrl, resource, search } of bundle.entry) {
        assert.ok(!seen.has(resource.id) && resource.recorded <= last);
        assert.equal(fullUrl, `${server.url}/fhir/AuditEvent/${resource.id}`);
        assert.equal(search.mode, 'match');
        seen.set(resource.id, resource);
        last = resource.recorded;
      }
      path = bundle.link.find(({ relation }) => relation === 'next')?.url.slice(server.url.length);
      if (!path) assert.equal(seen.size, bundle.total);
    }
    assert.ok(seen.size >= 14, String(seen.size)); /* start, enrolments, refusals */
  },

  async 'only scopes of the whole ward open it'(world) {
    const server = await begin(world);
    const bedside = await world.enrol('bedside', 'nurse', 'patient/1/*.cruds');
    const reader = await world.enrol('reader', 'doctor', 'user/Device.s', 'user/AuditEvent.s');
    const paths = ['/skeym/v1/nodes', '/fhir/AuditEvent', '/fhir/AuditEvent/f-1'];
    for (const path of paths) {
      const outcome = await json(world, server, path, bedside, 1);
      assert.deepEqual([outcome.resourceType, outcome.issue[0].code], ['OperationOutcome', 'forbidden']);
    }
    const revoke = await world.post(server, '/skeym/v1/nodes/bedside/revoke', reader, {});
    assert.equal(revoke.code, 1);
    assert.match(revoke.out, /"forbidden"/);
    assert.equal((await json(world, server, '/skeym/v1/whoami', bedside)).id, 'bedside');
    assert.equal((await json(world, server, '/skeym/v1/nodes', reader)).nodes.length, 2);
    for (const [path, code] of [['/fhir/AuditEvent?foo=1', 'not-supported'],
      ['/fhir/AuditEvent?date=now', 'invalid'], ['/fhir/AuditEvent?_cursor=x', 'invalid']]) {
      const outcome = await json(world, server, path, reader, 1);
      assert.equal(outcome.issue[0].code, code, path);
    }
    assert.equal((await world.get(server, '/fhir/metadata', bedside)).code, 0);
    assert.ok((await server.metric('skeym_refusals_total{check="scope"}')) >= 4);
  },

  async 'a revocation over the wire bites at the next request, and says who it was'(world) {
    const server = await begin(world);
    const admin = await world.enrol('admin', 'doctor', 'user/Device.ds');
    const victim = await world.enrol('victim', 'doctor', 'user/*.rs');
    const chain = world.path('chain');
    const get = () => world.get(server, '/skeym/v1/whoami', victim, '--chain', chain);
    const who = JSON.parse((await get()).out);
    assert.deepEqual([who.id, who.role, who.generation], ['victim', 'doctor', 1]);
    assert.ok(Date.parse(who.loginDeadline) > Date.parse(who.serverTime));
    const before = (await json(world, server, '/skeym/v1/nodes', admin)).nodes.find(({ id }) => id === 'victim');
    assert.equal(before.revoked, false);
    assert.ok(Date.parse(before.lastSeen) && Date.parse(before.lastLogin) && Date.parse(before.enrolled));
    const answer = await world.post(server, '/skeym/v1/nodes/victim/revoke', admin, {});
    assert.equal(answer.code, 0, answer.err);
    assert.deepEqual(JSON.parse(answer.out), { revoked: true, id: 'victim', generation: 1 });
    const after = await get();
    assert.equal(after.code, 1);
    assert.match(after.err, /does not admit this node/);
    const { nodes } = await json(world, server, '/skeym/v1/nodes', admin);
    const now = nodes.find(({ id }) => id === 'victim');
    assert.equal(now.revoked, true);
    assert.ok(now.refused > before.refused);
    const lines = readFileSync(`${world.dir}/audit`, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    const { event, node, generation, by } = lines.at(-1);
    assert.deepEqual([event, node, generation, by], ['revoke', 'victim', 1, 'admin']);
    /* once more is no harm; oneself, and nobody, are refused */
    assert.equal((await world.post(server, '/skeym/v1/nodes/victim/revoke', admin, {})).code, 0);
    for (const [id, code] of [['admin', 'conflict'], ['nobody', 'not-found'], ['%2e%2e', 'not-found']]) {
      const refusal = await world.post(server, `/skeym/v1/nodes/${id}/revoke`, admin, {});
      assert.equal(refusal.code, 1);
      assert.match(refusal.out, new RegExp(`"${code}"`));
    }
    assert.equal((await world.get(server, '/skeym/v1/whoami', admin)).code, 0);
    /* it is durable: another server on the folder knows it */
    await server.stop();
    const next = await world.serve();
    assert.equal((await world.get(next, '/skeym/v1/whoami', victim)).code, 1);
    /* let in again, in the next generation */
    const again = world.path('again');
    await world.must(['enrol', 'victim', '--role', 'doctor', '--scope', 'user/*.rs', '-o', again,
      '--dir', world.dir, '--no-passphrase']);
    assert.equal(JSON.parse((await world.get(next, '/skeym/v1/whoami', again)).out).generation > 1, true);
  },

  async 'a line of the audit file that a crash cut short is borne'(world) {
    const server = await begin(world);
    const admin = await world.enrol('admin', 'doctor', 'user/*.cruds');
    const bed = await world.enrol('bed', 'device', 'user/Observation.c');
    appendFileSync(`${world.dir}/audit`, '{"time":1700000000,"event":"enr');
    const list = await world.skeym(['list', '--dir', world.dir]);
    assert.deepEqual([list.code, /^bed /m.test(list.out)], [0, true], list.err);
    assert.match(list.err, /1 lines that a crash cut short/);
    assert.equal((await json(world, server, '/skeym/v1/nodes', admin)).nodes.length, 2);
    assert.equal((await world.post(server, '/skeym/v1/nodes/bed/revoke', admin, {})).code, 0);
    const after = await world.skeym(['list', '--dir', world.dir]);
    assert.match(after.out, /^bed .* revoked/m);
    assert.equal(after.code, 0);
    const [event] = await events(world, server, '?subtype=revoke', admin);
    assert.deepEqual([agent(event), event.entity[0].what.display], ['admin', 'bed']);
    assert.notEqual((await world.get(server, '/skeym/v1/whoami', bed)).code, 0);
  },
};
