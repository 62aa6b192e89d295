// SPDX-License-Identifier: Apache-2.0
// A wall clock that jumps, and keys that move with time.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { preload, raw, sleep, statuses, until } from './world.mjs';

const EPOCH_S = 120;

/** A server whose wall clock the test moves. */
async function begin(world) {
  const file = world.path('offset');
  const set = (seconds) => writeFileSync(file, String(seconds * 1000));
  set(0);
  const env = { ...preload(world, 'clock.c'), SKEYM_TEST_CLOCK: file };
  await world.init('--epoch-seconds', String(EPOCH_S));
  const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
  const server = await world.serve([], { env });
  const chain = world.path('chain');
  const get = () => world.get(server, '/fhir/metadata', doctor, '--chain', chain);
  assert.equal((await get()).code, 0);
  return { server, set, get, chain };
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
    assert.ok(behind > 3599000 && behind < 3601000, String(behind));
    await sleep(2100);
    assert.equal(server.log('clock-back').length, 1); /* said once */
    set(0);
    await until('the clocks', async () => (await server.metric('skeym_clock_behind_ms')) === 0);
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
      statuses((await raw(server.port, stranger, { ms: 300 })).text)[0] === 503);
    const login = 'POST /skeym/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: ' +
      'application/skeym-login\r\nContent-Length: 5\r\n\r\nhello';
    assert.deepEqual(statuses((await raw(server.port, login, { ms: 300 })).text), [503]);
    renameSync(world.path('away'), keyring);
    await until('the epoch', async () => (await server.metric('skeym_epoch')) === epoch + 2);
    assert.equal((await get()).code, 0);
    assert.equal((await server.monitor('/healthz')).status, 200);
  },
};
