// SPDX-License-Identifier: Apache-2.0
// Flaws of others as tests, over the wire: replay, restart, time.
import assert from 'node:assert/strict';
import net from 'node:net';
import { prepare } from '../../second/skeym/client.mjs';
import { raw, sleep, statuses, until } from '../world.mjs';
import { METADATA, admitted, begin, bytesOf, refused, send } from './kit.mjs';

const AT_ONCE = 32;
const ROUNDS = 16;

/** The same bytes on many connections: all but the last byte first, then the last one on each. */
async function atOnce(server, bytes) {
  const results = Array.from({ length: AT_ONCE }, () => ({ text: '' }));
  await Promise.all(results.map((result) => new Promise((resolve, reject) => {
    result.socket = net.connect(server.port, '127.0.0.1');
    result.socket.setNoDelay(true);
    result.socket.on('data', (data) => (result.text += data.toString('latin1')));
    result.socket.on('error', reject);
    result.socket.write(Buffer.from(bytes.slice(0, -1), 'latin1'), resolve);
  })));
  for (const { socket } of results) socket.write(bytes.slice(-1));
  await until('all answers', () => results.every(({ text }) => statuses(text).length === 1), 60000);
  for (const { socket } of results) socket.destroy();
  return results.map(({ text }) => statuses(text)[0]).sort();
}

export default {
  async 'same token twice'(world) {
    const { server, take } = await begin(world);
    const [lane] = await take();
    const { wire } = await prepare(lane, METADATA);
    assert.equal((await send(server, wire)).status, 200);
    for (let i = 0; i < 3; i++) assert.equal((await send(server, wire)).status, 401);
    /* also on one connection, and for another request of the same node */
    const { text } = await raw(server.port, bytesOf(wire) + bytesOf(wire),
      { ms: 60000, until: (got) => statuses(got).length === 2 });
    assert.deepEqual(statuses(text), [401, 401]);
    const other = await prepare(lane, { method: 'GET', target: '/fhir/Patient/1' });
    assert.equal((await send(server, other.wire)).status, 401);
    assert.equal(await refused(server, 'used'), 6);
  },

  async 'same token concurrently'(world) {
    const { server, take } = await begin(world, ['--threads', '8']);
    const stock = await take();
    const before = await admitted(server);
    for (const lane of stock.slice(0, ROUNDS)) {
      const { wire } = await prepare(lane, METADATA);
      const answers = await atOnce(server, bytesOf(wire));
      assert.deepEqual(answers, [200, ...Array(AT_ONCE - 1).fill(401)]);
    }
    assert.equal((await admitted(server)) - before, stock.length);
    assert.equal(await refused(server, 'used'), stock.length * (AT_ONCE - 1));
  },

  async 'table full forgets nothing'(world) {
    const { server, take } = await begin(world, ['--used-slots', '64']);
    const seen = [];
    for (let full = false; !full; ) {
      const stock = await take().catch(() => []); /* the login's own request may meet a full table */
      full = stock.length === 0;
      for (const lane of stock) {
        const { wire } = await prepare(lane, METADATA);
        const { status } = await send(server, wire);
        if (status === 200) seen.push(wire);
        full ||= status === 503;
      }
      assert.ok(seen.length <= 128);
    }
    assert.ok(await refused(server, 'full') > 0);
    assert.ok(seen.length > 0);
    for (const wire of seen) assert.notEqual((await send(server, wire)).status, 200);
  },

  async 'reboot reopens replay'(world) {
    const { server, take } = await begin(world);
    const [spent, fresh] = await take();
    const used = (await prepare(spent, METADATA)).wire;
    const unused = (await prepare(fresh, METADATA)).wire;
    assert.equal((await send(server, used)).status, 200);
    await server.stop('SIGKILL');
    const again = await world.serve(['--token-lifetime', '59']);
    assert.equal((await send(again, used)).status, 401);
    assert.equal((await send(again, unused)).status, 401);
    assert.equal(await refused(again, 'instance'), 2);
    assert.equal(await admitted(again), 0);
  },

  async 'cached verification outliving expiry'(world) {
    const { server, take } = await begin(world, ['--token-lifetime', '2'],
      { standard: [] });
    const [late, spare] = await take();
    const began = Date.now();
    const bytes = bytesOf((await prepare(late, METADATA)).wire);
    const end = bytes.indexOf('\r\n\r\n') + 14;
    let text = '';
    const socket = net.connect(server.port, '127.0.0.1'); /* kept open: its head was let through */
    socket.on('data', (data) => (text += data.toString('latin1')));
    socket.write(bytes.slice(0, end));
    await until('the head', async () => (await server.metric('skeym_requests_under_way')) === 1);
    await sleep(Math.max(0, began + 2100 - Date.now()));
    socket.write(bytes.slice(end));
    await until('the answer', () => statuses(text).length === 1);
    assert.deepEqual(statuses(text), [401]);
    assert.equal((await send(server, (await prepare(spare, METADATA)).wire)).status, 401);
    assert.equal(await refused(server, 'time'), 2);
    socket.destroy();
  },

  async 'cached verification outliving revocation'(world) {
    const { server, take } = await begin(world);
    const [before, after] = await take();
    let text = '';
    const socket = net.connect(server.port, '127.0.0.1'); /* one connection for both */
    socket.on('data', (data) => (text += data.toString('latin1')));
    socket.write(bytesOf((await prepare(before, METADATA)).wire));
    await until('the answer', () => statuses(text).length === 1);
    await world.must(['revoke', 'doc', '--dir', world.dir]);
    socket.write(bytesOf((await prepare(after, METADATA)).wire));
    await until('the refusal', () => statuses(text).length === 2);
    socket.destroy();
    assert.deepEqual(statuses(text), [200, 401]);
    assert.equal(await refused(server, 'revoked'), 1);
  },
};
