// SPDX-License-Identifier: Apache-2.0
// A server that serves while one of its calls fails: it must live on, answer the next request, have
// what it acknowledged, and admit nobody whom it would refuse. The node is the second
// implementation's (tests/second), so nothing here is judged by the code that is under test.
import { isDeepStrictEqual } from 'node:util';
import { cpSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { b64, unb64 } from '../second/skeym/base64url.mjs';
import { toBytes, toText } from '../second/skeym/bytes.mjs';
import { accept, prepare, SkeymNode } from '../second/skeym/client.mjs';
import { readCredential } from '../second/skeym/credential.mjs';
import { decodeCode, ENROL_TARGET, ENROL_TYPE, startEnrolment } from '../second/skeym/invite.mjs';
import { keyPair } from '../second/skeym/primitives.mjs';
import { firstSecret, LOGIN_TARGET, LOGIN_TYPE, startLogin } from '../second/skeym/login.mjs';
import { judge } from './engine.mjs';
import { Page } from './program.mjs';
import { Server, observation } from './world.mjs';

const FHIR = 'application/fhir+json';
const METADATA = { method: 'GET', target: '/fhir/metadata' };
const BATCH = 400; /* faults until the server is stopped and its heap looked at */
const LASTS_MS = 1000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function need(good, what) {
  if (!good) throw new Error(what);
}

/** One request on a connection of its own; undefined when there was no answer. */
function send(port, { method, target, headers, body }) {
  return new Promise((resolve) => {
    const size = body ? { 'content-length': String(body.length) } : {};
    const request = http.request({ host: '127.0.0.1', port, method, path: target,
      headers: { ...headers, ...size }, agent: false, timeout: 30000 });
    request.on('response', (answer) => {
      const parts = [];
      answer.on('data', (data) => parts.push(data));
      answer.on('error', () => resolve(undefined));
      answer.on('end', () => resolve({
        status: answer.statusCode,
        header: (name) => answer.headers[name] ?? null,
        body: new Uint8Array(Buffer.concat(parts)),
      }));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
    request.end(body);
  });
}

/** A world's server under fail.so, and its nodes. */
class Ward {
  constructor(world) {
    this.world = world;
    this.page = new Page(world.at('server.page'));
    this.transport = async (_, wire) => {
      const answer = await send(this.server.port, wire);
      if (!answer) throw new Error('no answer');
      return answer;
    };
  }

  async serve() {
    this.page.disarm();
    this.server = new Server(this.world.path, this.world.at('torn/authority'),
      { page: this.page, leaks: true, more: ['--token-lifetime', '30'], env: this.world.env });
    await this.server.start();
    this.canary = this.node('dr');
  }

  async make() {
    const { world } = this;
    world.fresh('made');
    cpSync(world.at('made'), world.at('torn'), { recursive: true });
    const cwd = world.at('torn');
    await world.enrol(cwd, 'gone', 'doctor', 'user/*.cruds');
    this.identities = {};
    for (const node of ['dr', 'bed', 'gone']) {
      this.identities[node] = await readCredential(readFileSync(`${cwd}/${node}.cred`, 'utf8'));
    }
    await this.serve();
    this.posted = [];
    const node = this.node('dr');
    for (let i = 0; i < 3; i++) {
      const { body } = await node.request(this.posting(observation('seen', 60 + i)));
      this.posted.push(JSON.parse(toText(body)));
    }
    await world.must(['revoke', 'gone', '--dir', world.at('torn/authority')]);
  }

  node(name) {
    return new SkeymNode(this.identities[name], { lanes: 1, transport: this.transport });
  }

  posting(resource, target = '/fhir/Observation') {
    return { method: 'POST', target, contentType: FHIR, body: toBytes(JSON.stringify(resource)) };
  }

  async login(name) {
    const identity = this.identities[name];
    const wanted = { time: Date.now(), audience: identity.audience, tokens: 1, scopes: [] };
    const { body, finish } = await startLogin(identity, wanted);
    const wire = { method: 'POST', target: LOGIN_TARGET, headers: { 'content-type': LOGIN_TYPE },
      body };
    return { wire, finish };
  }

  /** A live token of a node. */
  async lane(name) {
    const { wire, finish } = await this.login(name);
    const reply = await send(this.server.port, wire);
    need(reply?.status === 200, `without a fault, a login got ${reply?.status}`);
    const { answer, secrets } = await finish(reply.body);
    return { token: answer.tokens[0], secret: await firstSecret(secrets, 0) };
  }

  async request(name, inside, how) {
    return prepare(await this.lane(name), inside, how);
  }

  async get(target) {
    const { status, body } = await this.canary.request({ method: 'GET', target });
    need(status === 200, `GET ${target} afterwards: ${status}`);
    return JSON.parse(toText(body));
  }

  /** It lives, and serves. */
  async alive() {
    need(!this.server.ended, `CRASH: the server ended: ${JSON.stringify(this.server.ended)}`);
    const { status } = await this.canary.request(METADATA);
    need(status === 200, `the next request got ${status}`);
  }

  /** Stops it; what is wrong with its end. */
  async stop() {
    this.page.disarm();
    const { code, signal } = await this.server.stop();
    return judge({ code, signal, hung: signal === 'SIGKILL', out: '',
      err: this.server.err }, this.world.secrets);
  }
}

/** A sealed answer, opened; undefined when none came or it is an unsealed refusal. */
async function opened(keys, answer) {
  if (!answer) return undefined;
  if (answer.header('content-type') !== 'application/jose') {
    need(answer.status >= 400, `an unsealed ${answer.status}`);
    need([401, 413, 429, 500, 503].includes(answer.status), `an unsealed ${answer.status}`);
    return undefined;
  }
  const { status, body } = await accept(keys, answer);
  const text = toText(body);
  if (status >= 400) {
    need(status >= 500, `REASON: it blames the node: ${status} ${text.slice(0, 200)}`);
    need(JSON.parse(text).resourceType === 'OperationOutcome', 'no outcome');
    return undefined;
  }
  return { status, resource: JSON.parse(text) };
}

/** A body that enrols by a code, and what opens its answer. */
async function enrolment(code, pair) {
  const { body, finish } = await startEnrolment(code, pair);
  const wire = { method: 'POST', target: ENROL_TARGET, headers: { 'content-type': ENROL_TYPE },
    body };
  return { wire, finish };
}

/** What was used up stays so. */
async function anotherKey(ward, { code }) {
  const { wire } = await enrolment(code, await keyPair());
  const answer = await send(ward.server.port, wire);
  need(answer?.status === 401, `FAIL-OPEN: another key got ${answer?.status}`);
}

const without = ({ id, meta, ...rest }) => rest;
const same = (got, wanted) => isDeepStrictEqual(got, wanted);

/** Requests that must be refused: never a 2xx, under the seal or without. */
async function refused(ward, { keys }, answer) {
  if (!answer) return;
  const sealed = answer.header('content-type') === 'application/jose';
  const status = sealed ? (await accept(keys, answer)).status : answer.status;
  need(status >= 400, `FAIL-OPEN: answered ${status}`);
}

const exchange = {
  act: (ward, { wire }) => send(ward.server.port, wire),
};

export const SERVICES = [
  {
    name: 'login, served',
    prepare: (ward) => ward.login('dr'),
    act: (ward, { wire }) => send(ward.server.port, wire),
    async check(ward, { finish }, answer) {
      if (answer?.status !== 200) {
        need(!answer || answer.status >= 400, `status ${answer?.status}`);
        need(!answer || answer.status !== 401, 'REASON: a good login was refused for good');
        return;
      }
      const { answer: granted, secrets } = await finish(answer.body);
      const lane = { token: granted.tokens[0], secret: await firstSecret(secrets, 0) };
      const { wire, keys } = await prepare(lane, METADATA);
      const { status } = await accept(keys, await send(ward.server.port, wire));
      need(status === 200, `granted, and the token got ${status}`);
    },
  },
  {
    ...exchange,
    name: 'read, served',
    prepare: (ward) => ward.request('dr',
      { method: 'GET', target: `/fhir/Observation/${ward.posted[0].id}` }),
    async check(ward, { keys }, answer) {
      const got = await opened(keys, answer);
      need(!got || same(got.resource, ward.posted[0]), 'another resource than was stored');
    },
  },
  {
    ...exchange,
    name: 'search, served',
    prepare: (ward) => ward.request('dr',
      { method: 'GET', target: '/fhir/Observation?patient=seen&code=http://loinc.org|8867-4' },
      { open: true }),
    async check(ward, { keys }, answer) {
      const got = await opened(keys, answer);
      if (!got) return;
      const found = got.resource.entry.map(({ resource }) => resource);
      const order = (list) => [...list].sort((a, b) => (a.id < b.id ? -1 : 1));
      need(got.resource.total === 3 && same(order(found), order(ward.posted)),
        'it says "ok", and has not found all');
    },
  },
  {
    ...exchange,
    name: 'post, served',
    prepare(ward) {
      const value = `${ward.world.lane}-${++ward.world.number}`;
      const resource = { ...observation('p-post'), identifier: [{ system: 'urn:s', value }],
        note: [{ text: `a note "of" some length, ${'so that it takes more than one piece '.repeat(8)}` }] };
      return ward.request('dr', ward.posting(resource)).then((made) => ({ ...made, value, resource }));
    },
    async check(ward, { keys, value, resource }, answer) {
      const got = await opened(keys, answer);
      const found = await ward.get(`/fhir/Observation?identifier=urn:s|${value}`);
      if (got) need(found.total === 1, 'acknowledged, and not there');
      need(found.total <= 1, 'stored twice');
      if (found.total === 1) {
        need(same(without(found.entry[0].resource), resource), 'stored, but not as it was sent');
      }
      if (got) need(same(got.resource, found.entry[0].resource), 'answered otherwise than stored');
    },
  },
  {
    ...exchange,
    name: 'transaction, served',
    weight: 0.5,
    prepare(ward) {
      const patient = `b-${ward.world.lane}-${++ward.world.number}`;
      const entry = [1, 2, 3].map((value) => ({ resource: observation(patient, value),
        request: { method: 'POST', url: 'Observation' } }));
      return ward.request('dr', ward.posting({ resourceType: 'Bundle', type: 'transaction', entry },
        '/fhir')).then((made) => ({ ...made, patient }));
    },
    async check(ward, { keys, patient }, answer) {
      const got = await opened(keys, answer);
      const { total } = await ward.get(`/fhir/Observation?patient=${patient}&_count=0`);
      need(got ? total === 3 : total === 0 || total === 3, `${total} of 3 are stored`);
    },
  },
  {
    ...exchange,
    name: 'forged token',
    async prepare(ward) {
      const made = await ward.request('dr', METADATA);
      const token = unb64(made.wire.headers.authorization.slice(6));
      token[token.length - 1 - (ward.world.number++ % 16)] ^= 1;
      made.wire.headers.authorization = `SkeyM ${b64(token)}`;
      return made;
    },
    check: refused,
  },
  {
    ...exchange,
    name: 'forged proof',
    async prepare(ward) {
      const made = await ward.request('dr', METADATA);
      const proof = unb64(made.wire.headers['skeym-proof']);
      proof[ward.world.number++ % proof.length] ^= 0x10;
      made.wire.headers['skeym-proof'] = b64(proof);
      return made;
    },
    check: refused,
  },
  {
    ...exchange,
    name: 'replayed request',
    async prepare(ward) {
      const made = await ward.request('dr', METADATA);
      const first = await send(ward.server.port, made.wire);
      need(first?.status === 200, `without a fault: ${first?.status}`);
      return made;
    },
    check: refused,
  },
  {
    ...exchange,
    name: 'outside of the scopes',
    prepare: (ward) => ward.request('bed',
      { method: 'GET', target: `/fhir/Observation/${ward.posted[0].id}` }),
    check: refused,
  },
  {
    name: "a revoked node's login",
    prepare: (ward) => ward.login('gone'),
    act: (ward, { wire }) => send(ward.server.port, wire),
    async check(ward, made, answer) {
      need(!answer || answer.status >= 400, `FAIL-OPEN: a revoked node got ${answer?.status}`);
    },
  },
  {
    name: 'an enrolment by invitation',
    async prepare(ward) {
      const name = `i-${ward.world.lane}-${++ward.world.number}`;
      const code = decodeCode(await ward.world.invite(name, 'torn/authority'));
      const pair = await keyPair();
      return { name, code, pair, ...(await enrolment(code, pair)) };
    },
    act: (ward, { wire }) => send(ward.server.port, wire),
    async check(ward, made, answer) {
      if (answer?.status !== 200) {
        need(!answer || answer.status >= 400, `status ${answer?.status}`);
        need(!answer || answer.status !== 401, 'REASON: a good invitation was refused for good');
        /* with the same key it is asked again */
        Object.assign(made, await enrolment(made.code, made.pair));
        answer = await send(ward.server.port, made.wire);
        need(answer?.status === 200, `without a fault, it got ${answer?.status}`);
      }
      const { kind, locator, credential } = await made.finish(answer.body);
      need(kind === 'granted', `it got ${kind}`);
      const { audience, authority } = made.code;
      ward.identities[made.name] = { ...ward.identities.dr, audience, authority, locator,
        credential, pair: made.pair };
      const { wire, keys } = await ward.request(made.name, METADATA);
      const { status } = await accept(keys, await send(ward.server.port, wire));
      delete ward.identities[made.name];
      need(status === 200, `enrolled, and its request got ${status}`);
      await anotherKey(ward, made);
    },
  },
  {
    name: 'an invitation that another key has used',
    async prepare(ward) {
      const code = decodeCode(await ward.world.invite(`u${++ward.world.number}`, 'torn/authority'));
      const first = await send(ward.server.port, (await enrolment(code, await keyPair())).wire);
      need(first?.status === 200, `without a fault: ${first?.status}`);
      return { code, ...(await enrolment(code, await keyPair())) };
    },
    act: (ward, { wire }) => send(ward.server.port, wire),
    async check(ward, made, answer) {
      need(!answer || answer.status >= 400, `FAIL-OPEN: another key got ${answer?.status}`);
      await anotherKey(ward, made);
    },
  },
  {
    /* the fault is in the server while it is told to read its lists anew */
    name: 'revocation, taken over',
    weight: 0.4,
    async prepare(ward) {
      const { world } = ward;
      const node = `r${++world.number}`;
      const cwd = world.at('torn');
      await world.enrol(cwd, node, 'doctor', 'user/*.cruds');
      ward.identities[node] = await readCredential(readFileSync(`${cwd}/${node}.cred`, 'utf8'));
      return { node, live: await ward.request(node, METADATA) };
    },
    act: (ward, { node }) =>
      ward.world.run(['revoke', node, '--dir', ward.world.at('torn/authority')]),
    async check(ward, { node, live }, { code, err }) {
      if (code !== 0) {
        need(/did not confirm/.test(err), `it did not say so: ${err}`);
        /* said again, without a fault, it must bite */
        await ward.world.must(['revoke', node, '--dir', ward.world.at('torn/authority')]);
      }
      await refused(ward, live, await send(ward.server.port, live.wire));
      const { wire } = await ward.login(node);
      const login = await send(ward.server.port, wire);
      need(login?.status === 401, `FAIL-OPEN: its login got ${login?.status}`);
      delete ward.identities[node];
    },
  },
  {
    name: 'healthz and metrics',
    prepare: () => ({}),
    act: (ward) => send(ward.server.metricsPort, { method: 'GET', target: '/metrics', headers: {} }),
    async check(ward, made, answer) {
      need(!answer || answer.status >= 500 || /skeym_\w+ \d/.test(toText(answer.body)), 'no metrics');
    },
  },
].map((service) => ({ ...service, drives: true }));

/** One request with one fault in the server. */
async function runFault(ward, service, fault) {
  const made = await service.prepare(ward);
  ward.server.err = '';
  ward.page.fail(fault);
  /* what lasts may keep an answer back for as long */
  const timer = fault.lasting ? setTimeout(() => ward.page.disarm(), LASTS_MS) : undefined;
  const answer = await service.act(ward, made);
  clearTimeout(timer);
  await sleep(2); /* what comes after the answer */
  ward.page.disarm();
  const fired = ward.page.fired;
  let wrong;
  try {
    await service.check(ward, made, answer);
    await ward.alive();
  } catch (error) {
    wrong = `STATE: ${error.message}`;
  }
  await sleep(0);
  if (ward.server.ended) {
    const { code, signal } = ward.server.ended;
    wrong = judge({ code: code ?? undefined, signal, out: '', err: ward.server.err },
      ward.world.secrets) ?? wrong;
  }
  return { fired, wrong };
}

async function count(ward, service) {
  for (const again of [true, false]) { /* the first time fills caches */
    const made = await service.prepare(ward);
    ward.page.count();
    const answer = await service.act(ward, made);
    await sleep(2);
    ward.page.disarm();
    try {
      await service.check(ward, made, answer);
      await ward.alive();
    } catch (error) {
      throw new Error(`${service.name}, without a fault: ${error.message}\n${ward.server.err}`);
    }
    if (!again) return ward.page.calls;
  }
  return undefined;
}

/** All faults of one kind of request, dealt out to the wards. */
export async function runService(worlds, service, { choose, tally, place, log }) {
  const began = Date.now();
  for (const world of worlds) {
    if (!world.ward) {
      world.ward = new Ward(world);
      await world.ward.make();
    }
  }
  const faults = choose(await count(worlds[0].ward, service), service);
  let at = 0;
  await Promise.all(worlds.map(async ({ ward, path }) => {
    let batch = 0;
    while (at < faults.length) {
      const fault = faults[at++];
      const { fired, wrong } = await runFault(ward, service, fault);
      if (fired || wrong) {
        tally.add(fault, wrong, fired ? place(path, ward.page.site) : '-', { err: ward.server.err });
      }
      if (ward.server.ended) {
        await ward.serve();
        batch = 0;
      } else if (++batch % BATCH === 0 || at >= faults.length) {
        const end = await ward.stop();
        if (end) tally.add(fault, end, `its end, after ${batch} faults`, { err: ward.server.err });
        await ward.serve();
        batch = 0;
      }
      if (at % 500 === 0) log(`${service.name}: ${at} of ${faults.length}`);
    }
  }));
  tally.seconds = (Date.now() - began) / 1000;
  return tally;
}
