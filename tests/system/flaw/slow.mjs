// SPDX-License-Identifier: Apache-2.0
// Flaws of others as tests, over the wire: peers that are slow, and many. SKEYM_FLAW_SOCKETS says how
// many sockets (5,000), as far as this machine lets one process open them. Nothing here is judged by
// time: what is waited for has a minute.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { b64 } from '../../second/skeym/base64url.mjs';
import { Skip, observation, raw, statuses, until } from '../world.mjs';
import { Crowd, HOST, NEXT, begin, memory } from './kit.mjs';

const MIB = 1 << 20;
const PLACES = 400; /* of one test: fewer than the sockets that want one */
const EACH_MS = 60000;

/** How many sockets: what was asked for, less where the limit of open files is lower. */
function sockets() {
  const wanted = Number(process.env.SKEYM_FLAW_SOCKETS ?? 5000);
  const line = readFileSync('/proc/self/limits', 'utf8').split('\n')
    .find((text) => text.startsWith('Max open files'));
  const hard = Number(line.split(/ {2,}/)[2]); /* node takes what it may, and its children inherit */
  const most = Math.min(wanted, (Number.isNaN(hard) ? wanted : hard) - 500);
  if (most < 500) throw new Skip(`only ${hard} open files`);
  if (most < wanted) console.log(`# ${most} sockets: the limit of open files is ${hard}`);
  return most;
}

/** 200 from each address: below the limit of one address, which so is no help. */
const address = (i) => `127.0.2.${1 + Math.floor(i / 200)}`;

/** What a slow peer says first, of five kinds; then a byte now and then. head: of a request with a
 * stolen token, whose body is waited for. */
const words = (i, head) => [
  `GET / HTTP/1.1\r\n${HOST}X: a`,
  '',
  'P',
  head,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 4000\r\n\r\na`,
][i % 5];

/** The head of a request with a token that is right and a proof that is not. */
const stolen = ({ token }, size) =>
  `POST /skeym/v1/exchange HTTP/1.1\r\n${HOST}Authorization: SkeyM ${b64(token)}\r\n` +
  `SkeyM-Proof: ${'A'.repeat(43)}\r\nContent-Type: application/jose\r\nContent-Length: ${size}\r\n\r\n`;

const gauge = (server, name, value) =>
  until(`${name} ${value}`, async () => (await server.metric(name)) === value, EACH_MS);

/** A node that works: each of its requests succeeds. */
async function work(world, server, credential, times) {
  for (let i = 0; i < times; i++) {
    const read = await world.get(server, '/fhir/metadata', credential);
    assert.equal(read.code, 0, read.err);
    const written = await world.post(server, '/fhir/Observation', credential,
      observation(`w${Math.random()}`));
    assert.equal(written.code, 0, written.err);
  }
}

/** A node that tries until it was served so often: where it may be cut itself, being unlucky. */
async function insist(world, server, credential, times) {
  let served = 0;
  await until('a node that is served', async () => {
    served += (await world.get(server, '/fhir/metadata', credential)).code === 0;
    return served === times;
  }, EACH_MS);
}

/** All places are free and nothing is kept for anybody. */
async function empty(server) {
  await gauge(server, 'skeym_connections', 0);
  await gauge(server, 'skeym_requests_under_way', 0);
  await gauge(server, 'skeym_body_bytes', 0);
}

/** An eighth of all places is kept for hosts that are known. */
const places = (count) => String(Math.ceil((count + 500) * 8 / 7));

export default {
  async 'slow headers and slow bodies with 5,000 sockets'(world) {
    const count = sockets();
    const room = 16 * MIB;
    const { server, credential, take } = await begin(world, ['--connections', places(count),
      '--per-ip', '256', '--head-seconds', '600', '--body-seconds', '600', '--idle-seconds', '600',
      '--body-memory', String(room)]);
    const before = memory(server);
    const crowd = new Crowd(server.port);
    let [lane] = await take();
    let taken = Date.now();
    for (let done = 0; done < count; done += 500) {
      if (Date.now() - taken > 20000) [[lane], taken] = [await take(), Date.now()];
      const head = stolen(lane, 4000);
      /* the fifth kind is cut after 5 s whatever it does: here they stay */
      await crowd.fill(Math.min(500, count - done), (i) => [address(done + i), words((done + i) % 4, head)]);
    }
    await gauge(server, 'skeym_connections', count);
    [lane] = await take(); /* and bodies that no memory is left for */
    await crowd.fill(40, (i) => [address(i), stolen(lane, MIB)]);
    await until('a body that finds no memory', async () =>
      (await server.metric('skeym_body_memory_refusals_total')) > 0, EACH_MS);
    const dripping = crowd.drip();
    await work(world, server, credential, 5);
    assert.ok((await server.metric('skeym_connections')) >= count);
    const kept = await server.metric('skeym_body_bytes');
    assert.ok(kept > 0 && kept <= room, `${kept} bytes of bodies`);
    const grown = memory(server) - before;
    assert.ok(grown < count * 48 * 1024 + room, `${grown} bytes for ${count} sockets`);
    crowd.leave();
    await dripping;
    await empty(server);
    await work(world, server, credential, 1);
    assert.equal(await server.metric('skeym_connections_refused_total'), 0);
  },

  async 'slow headers and slow bodies are cut'(world) {
    const count = sockets();
    const { server, credential, take } = await begin(world, ['--connections', places(count),
      '--per-ip', '256', '--head-seconds', '2', '--body-seconds', '2', '--idle-seconds', '2']);
    const crowd = new Crowd(server.port);
    const dripping = crowd.drip(200);
    const [lane] = await take();
    const head = stolen(lane, 4000);
    await Promise.all([
      crowd.fill(count, (i) => [address(i), words(i, head)]),
      insist(world, server, credential, 3),
    ]);
    await until('the end of each', () => crowd.closed === count, EACH_MS);
    crowd.leave();
    await dripping;
    await empty(server);
    assert.ok((await server.metric('skeym_connections_cut_total')) >= count / 2);
    await insist(world, server, credential, 1);
  },

  async 'more slow sockets than places'(world) {
    const { server, credential } = await begin(world, ['--connections', String(PLACES),
      '--per-ip', '100', '--head-seconds', '1', '--body-seconds', '1', '--idle-seconds', '1']);
    const crowd = new Crowd(server.port);
    const dripping = crowd.drip(200);
    const coming = crowd.fill(1e9, (i) => [`127.0.3.${1 + (i % 250)}`, words(i % 3, '')], 32);
    await until('full', async () => (await server.metric('skeym_connections_cut_total')) > PLACES, EACH_MS);
    await insist(world, server, credential, 3); /* gets a place as the slow ones are cut */
    crowd.leave();
    await coming;
    await dripping;
    await empty(server);
    assert.ok((await server.metric('skeym_connections_total')) > PLACES);
    await insist(world, server, credential, 1);
  },

  async 'slow sockets of one address'(world) {
    const { server, credential } = await begin(world, ['--per-ip', '64', '--head-seconds', '600']);
    const crowd = new Crowd(server.port);
    await crowd.fill(1000, (i) => ['127.0.0.9', words(i % 3, '')]);
    await until('the rest', () => crowd.closed === 1000 - 64, EACH_MS);
    assert.equal(await server.metric('skeym_connections'), 64);
    await work(world, server, credential, 2);
    const { text } = await raw(server.port, NEXT, { ms: EACH_MS, from: '127.0.0.10',
      until: (got) => statuses(got).length === 1 });
    assert.deepEqual(statuses(text), [401]);
    crowd.leave();
    await empty(server);
  },
};
