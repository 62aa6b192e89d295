// SPDX-License-Identifier: Apache-2.0
// A wall clock that jumps, and keys that move with time.
import assert from 'node:assert/strict';
import { cpSync, copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { SkeymNode } from '../second/skeym/client.mjs';
import { readCredential } from '../second/skeym/credential.mjs';
import { fetchTransport } from '../second/skeym/transport.mjs';
import { preload, raw, sleep, statuses, until } from './world.mjs';

const EPOCH_S = 120;
const JUMPS_S = [1, -1, 60, -60, 3600, -3600, 86400, -86400];
const ANSWERED = { ms: 30000, until: (text) => statuses(text).length > 0 };

/** A wall clock that the test moves; ms from the true one. */
function wallClock(world, name) {
  const file = world.path(name);
  const set = (ms) => {
    writeFileSync(`${file}.new`, String(Math.round(ms)));
    renameSync(`${file}.new`, file); /* whoever looks sees the old or the new one */
  };
  set(0);
  return { set, env: { ...preload(world, 'clock.c'), SKEYM_TEST_CLOCK: file } };
}

/** ms from now until a moment after the beginning of the next of those spans. */
const untilNext = (spanMs, afterMs) => spanMs - (Date.now() % spanMs) + afterMs;

/** A server whose wall clock the test moves, from 10 s after an epoch's beginning. */
async function begin(world) {
  const clock = wallClock(world, 'offset');
  const base = untilNext(EPOCH_S * 1000, 10000);
  const set = (seconds) => clock.set(base + seconds * 1000);
  set(0);
  await world.init('--epoch-seconds', String(EPOCH_S));
  const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
  const server = await world.serve(['--token-lifetime', '59'], clock);
  const chain = world.path('chain');
  const get = () => world.get(server, '/fhir/metadata', doctor, '--chain', chain);
  assert.equal((await get()).code, 0);
  return { server, set, get, chain, doctor, base, clock };
}

/** A node of the second implementation, and all that was answered under a token: to be sent again. (A
 * token that the table had no place for is not used up: docs/PROTOCOL.md, 9.) */
async function listened(file, { lanes = 2 } = {}) {
  const wires = [];
  const where = { url: '' };
  const transport = async (_, wire) => {
    const answer = await fetchTransport(where.url, wire);
    if (answer.header('content-type') === 'application/jose') wires.push(wire);
    return answer;
  };
  const node = new SkeymNode(await readCredential(readFileSync(file, 'utf8')), { lanes, transport });
  const ask = () => node.request({ method: 'GET', target: '/fhir/metadata' });
  return {
    wires,
    /** Served, at once or after a few tries: the table and the keys turn once a second. */
    async served(url) {
      where.url = url;
      let tries = 0;
      await until('the node to be served', async () => {
        tries++;
        return (await ask().catch(() => ({ status: 0 }))).status === 200;
      });
      return tries;
    },
    /** Everything again: none is admitted. */
    async replay(url) {
      assert.ok(wires.length > 0);
      for (const wire of wires) {
        const answer = await fetchTransport(url, wire);
        assert.ok([401, 503].includes(answer.status), `${answer.status} for a token of before`);
        assert.notEqual(answer.header('content-type'), 'application/jose');
      }
    },
  };
}

export default {
  async 'a wall clock that jumps back makes no token valid twice'(world) {
    const { server, set, get, chain } = await begin(world);
    copyFileSync(chain, world.path('old'));
    assert.equal((await get()).code, 0);
    set(-3600);
    await until('the log', () => server.log('clock-back').length === 1);
    assert.equal((await get()).code, 0);
    copyFileSync(world.path('old'), chain);
    assert.equal((await get()).code, 0);
    assert.equal(await server.metric('skeym_refusals_total{check="used"}'), 1);
    assert.equal(await server.metric('skeym_clock_back_total'), 1);
    const behind = await server.metric('skeym_clock_behind_ms');
    assert.ok(behind > 3590000 && behind < 3610000, String(behind));
    await sleep(2100);
    assert.equal(server.log('clock-back').length, 1); /* said once */
    set(0);
    await until('the clocks', async () => (await server.metric('skeym_clock_behind_ms')) < 1000);
  },

  async 'keys move when an epoch is over, in the file too, and a chain goes on'(world) {
    const { server, set, get } = await begin(world);
    const before = readFileSync(`${world.dir}/keyring`);
    const epoch = await server.metric('skeym_epoch');
    const instance = await server.metric('skeym_refusals_total{check="instance"}');
    set(EPOCH_S);
    await until('the epoch', async () => (await server.metric('skeym_epoch')) === epoch + 1);
    assert.notDeepEqual(readFileSync(`${world.dir}/keyring`), before);
    assert.equal((await get()).code, 0);
    assert.equal(await server.metric('skeym_refusals_total{check="epoch"}'), 0);
    assert.equal(await server.metric('skeym_refusals_total{check="instance"}'), instance);
    assert.equal(server.log('epoch').length, 1);
    assert.equal((await server.monitor('/healthz')).status, 200);
  },

  async 'keys that are ahead of the clock are told at the start'(world) {
    const { server, set, get, clock } = await begin(world);
    set(3 * EPOCH_S);
    await until('the epochs', async () => server.log('epoch').length > 0);
    assert.equal(await server.stop(), 0);
    assert.deepEqual(server.log('keys-ahead'), []);
    set(0);
    const later = await world.serve(['--listen', `127.0.0.1:${server.port}`], clock);
    assert.deepEqual(later.log('keys-ahead').map(({ epochs }) => epochs), [3]);
    assert.equal((await get()).code, 0);
    assert.equal(await later.stop(), 0);
  },

  async 'keys that cannot move are served for one epoch, and then no more'(world) {
    const { server, set, get } = await begin(world);
    const keyring = `${world.dir}/keyring`;
    const epoch = await server.metric('skeym_epoch');
    renameSync(keyring, world.path('away'));
    set(EPOCH_S);
    await until('the failure', async () => (await server.metric('skeym_keys_late')) === 1);
    const health = await server.monitor('/healthz');
    assert.deepEqual([health.status, health.body], [503, 'keys of an old epoch\n']);
    assert.equal((await get()).code, 0);
    await until('tries', async () => (await server.metric('skeym_ratchet_failures_total')) > 1);
    assert.equal(server.log('epoch-failed').length, 1); /* said once, tried each second */
    set(2 * EPOCH_S);
    const stranger = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    await until('the refusal', async () =>
      statuses((await raw(server.port, stranger, ANSWERED)).text)[0] === 503);
    const login = 'POST /skeym/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: ' +
      'application/skeym-login\r\nContent-Length: 5\r\n\r\nhello';
    assert.deepEqual(statuses((await raw(server.port, login, ANSWERED)).text), [503]);
    renameSync(world.path('away'), keyring);
    await until('the epoch', async () => (await server.metric('skeym_epoch')) === epoch + 2);
    assert.equal((await get()).code, 0);
    assert.equal((await server.monitor('/healthz')).status, 200);
  },

  async 'jumps of the clock of a server let nothing in twice and lock nobody out'(world) {
    const { server, set, doctor } = await begin(world);
    const node = await listened(doctor);
    const bed = await world.enrol('bed', 'device', 'patient/p1/*.cruds');
    const device = world.skeym(['device', '--simulate', '--minutes', '2', '--speed', '12', '--as', bed,
      '--patient', 'p1', '--signals', 'HR', '--server', server.url]);
    await node.served(server.url);
    for (const seconds of JUMPS_S) {
      for (const to of [seconds, 0]) {
        set(to);
        await node.replay(server.url);
        await node.served(server.url);
      }
    }
    await node.replay(server.url);
    const { code, out } = await device;
    assert.equal(code, 0, out);
    assert.match(out, /acknowledged 12 .*waiting 0/);
  },

  async 'jumps of the clock of a node lock it out of nothing'(world) {
    const { server, doctor, chain } = await begin(world);
    const own = wallClock(world, 'nodes');
    const get = () => world.skeym(['get', '/fhir/metadata', '--as', doctor, '--server', server.url,
      '--chain', chain], own);
    for (const seconds of JUMPS_S) {
      copyFileSync(chain, world.path('old'));
      for (const to of [seconds, 0]) {
        own.set(to * 1000);
        assert.equal((await get()).code, 0, `${to} s`);
      }
      copyFileSync(world.path('old'), chain); /* whose token has been used since */
      assert.equal((await get()).code, 0);
      const old = await world.skeym(['get', '/fhir/metadata', '--as', doctor, '--server', server.url], own);
      assert.equal(old.code, 0, 'a login');
    }
    assert.ok((await server.metric('skeym_refusals_total{check="used"}')) >= JUMPS_S.length);
  },

  async 'a second that comes twice, and the edges of seconds, spans and epochs, disturb nobody'(world) {
    const { server, doctor, base, clock } = await begin(world);
    const node = await listened(doctor);
    const refusals = () => Promise.all(['time', 'epoch', 'used', 'instance', 'proof'].map((check) =>
      server.metric(`skeym_refusals_total{check="${check}"}`)));
    let offset = base;
    for (const spanMs of [1000, 64000, EPOCH_S * 1000]) {
      const wall = Date.now() + offset; /* to 300 ms before the edge after the next second */
      const edge = Math.ceil((wall + 1000) / spanMs) * spanMs;
      offset += edge - 300 - wall;
      clock.set(offset);
      await node.served(server.url);
      const before = await refusals();
      while (Date.now() + offset < edge) await node.served(server.url);
      offset -= 1000; /* a leap second: the one that has just ended begins again */
      clock.set(offset);
      while (Date.now() + offset < edge + 100) await node.served(server.url);
      assert.deepEqual(await refusals(), before, `${spanMs} ms`);
    }
    await node.replay(server.url);
  },

  async 'a server that was a day ahead starts again with the right time'(world) {
    const { server, set, doctor, clock } = await begin(world);
    set(86400);
    const node = await listened(doctor);
    await node.served(server.url);
    const late = await world.enrol('late', 'doctor', 'user/*.rs');
    assert.equal(await server.stop(), 0);
    set(0);
    const again = await world.serve([], clock);
    await node.replay(again.url);
    await node.served(again.url);
    assert.equal((await world.get(again, '/fhir/metadata', late)).code, 0);
    await node.replay(again.url);
  },

  /* What has ended stays ended while the server runs, whoever turns the clock back; a restart goes by the wall clock. */
  async 'a credential that ended by a clock that was ahead is good again after a restart with the right time'(world) {
    const { server, set, doctor, clock } = await begin(world);
    const short = world.path('short.credential');
    await world.must(['enrol', 'short', '--role', 'doctor', '--scope', 'user/*.rs', '--days', '1', '-o', short,
      '--dir', world.dir, '--no-passphrase']);
    const served = async (run, file) => (await world.get(run, '/fhir/metadata', file)).code === 0;
    assert.ok(await served(server, short));
    const node = await listened(short);
    await node.served(server.url);
    set(2 * 86400);
    await until('the clock', async () => (await server.metric('skeym_epoch')) * EPOCH_S * 1000 > Date.now() + 86400000);
    await until('the others to be served', () => served(server, doctor));
    assert.ok(!await served(server, short), 'it has ended');
    set(0);
    await until('the log', () => server.log('clock-back').length === 1);
    assert.ok(!await served(server, short), 'the clock of the server does not go back');
    assert.ok(await served(server, doctor), 'and locks no other out');
    assert.ok((await server.metric('skeym_clock_behind_ms')) > 86400000, 'which its figures tell');
    assert.equal(await server.stop(), 0);
    const again = await world.serve([], clock);
    await node.replay(again.url);
    await node.served(again.url);
    await node.replay(again.url);
  },

  async 'two servers with one keyring and clocks apart take only their own tokens'(world) {
    const { server, set, doctor } = await begin(world);
    cpSync(world.dir, world.path('copy'), { recursive: true, filter: (name) => !/control|data\.db/.test(name) });
    const other = wallClock(world, 'other');
    for (const seconds of [0, 90, -3600, 86400]) {
      other.set(seconds * 1000);
      const second = await serveCopy(world, other);
      const [here, there] = [await listened(doctor), await listened(doctor)];
      await here.served(server.url);
      await there.served(second.url);
      await here.replay(second.url);
      await there.replay(server.url);
      await unused(doctor, server.url, second.url);
      await unused(doctor, second.url, server.url);
      set(Math.abs(seconds) + 1);
      await here.replay(second.url);
      await there.replay(server.url);
      await here.served(server.url);
      assert.equal(await second.stop(), 0);
    }
  },
};

/** Another server on a copy of the folder. */
async function serveCopy(world, options) {
  const own = world.dir;
  world.dir = world.path('copy');
  try {
    return await world.serve([], options);
  } finally {
    world.dir = own;
  }
}

/** A token of one server that was never used goes to the other. */
async function unused(file, from, to) {
  let turned = 0;
  const transport = async (_, wire) => {
    if (!wire.headers.authorization) return fetchTransport(from, wire);
    const answer = await fetchTransport(to, wire);
    assert.equal(answer.status, 401);
    turned++;
    return answer;
  };
  const node = new SkeymNode(await readCredential(readFileSync(file, 'utf8')), { lanes: 1, transport });
  await assert.rejects(node.request({ method: 'GET', target: '/fhir/metadata' }));
  assert.ok(turned > 0);
}
