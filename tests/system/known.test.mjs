// SPDX-License-Identifier: Apache-2.0
// Hosts from which a request was admitted find a place where strangers find none.
import assert from 'node:assert/strict';
import net from 'node:net';
import { until } from './world.mjs';

const PLACES = 16;
const KEPT = 2;

async function begin(world) {
  await world.init();
  const credential = await world.enrol('dr', 'doctor', 'user/Observation.rs');
  const server = await world.serve(['--connections', String(PLACES), '--per-ip', '8',
    '--head-seconds', '600', '--body-seconds', '600']);
  return { credential, server };
}

/** Strangers who say nothing, until some of them are turned away. */
async function crowd(server) {
  const sockets = [];
  for (let i = 0; i < 3 * PLACES; i++) {
    const socket = net.connect({ port: server.port, host: '127.0.0.1', localAddress: `127.0.9.${1 + i}` });
    socket.on('error', () => {});
    sockets.push(socket);
  }
  await until('all are judged', async () =>
    (await server.metric('skeym_connections_refused_total')) >= 3 * PLACES - PLACES + KEPT);
  assert.equal(await server.metric('skeym_connections'), PLACES - KEPT);
  return () => sockets.forEach((socket) => socket.destroy());
}

export default {
  async 'a host that is known finds a place among strangers'(world) {
    const { credential, server } = await begin(world);
    assert.equal((await world.get(server, '/fhir/metadata', credential)).code, 0);
    await until('its connection is closed', async () => (await server.metric('skeym_connections')) === 0);
    const leave = await crowd(server);
    for (let i = 0; i < 3; i++) {
      const { code, err } = await world.get(server, '/fhir/metadata', credential);
      assert.equal(code, 0, err);
    }
    leave();
  },

  async 'a host that is not known finds none'(world) {
    const { credential, server } = await begin(world);
    const leave = await crowd(server);
    assert.notEqual((await world.get(server, '/fhir/metadata', credential)).code, 0);
    leave();
    await until('a place', async () => (await server.metric('skeym_connections')) === 0);
    assert.equal((await world.get(server, '/fhir/metadata', credential)).code, 0);
  },
};
