// SPDX-License-Identifier: Apache-2.0
// How a sidecar (skeym connect) ends, and how the next one takes its place.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { ask, between, connect, reading } from './connect.test.mjs';
import { until } from './world.mjs';

/** A server behind somebody who lets the login through and holds what follows, until it is released. */
async function holding(world) {
  await world.init();
  const credential = await world.enrol('svc', 'service', 'system/*.cruds');
  const server = await world.serve();
  let release;
  const held = new Promise((resolve) => (release = resolve));
  let waiting = 0;
  const middle = await between(server, async (number) => {
    if (number < 2) return;
    waiting++;
    await held;
  });
  return { credential, server, middle, waiting: () => waiting, release };
}

export default {
  async 'stops when it is told to, and ends what it has begun'(world) {
    const { credential, middle, waiting, release } = await holding(world);
    try {
      const sidecar = await connect(world, credential, middle);
      const pending = [1, 2, 3].map((i) =>
        ask(sidecar, 'POST', '/fhir/Observation', { body: reading(i) }));
      await until('three requests under way', () => waiting() === 3);
      sidecar.run.child.kill('SIGTERM');
      await until('the word', () => sidecar.log('stopping').length === 1);
      release();
      for (const { status } of await Promise.all(pending)) assert.equal(status, 201);
      assert.equal(await sidecar.run.exit, 0);
      await assert.rejects(ask(sidecar, 'GET', '/fhir/metadata'));
    } finally {
      middle.end();
    }
  },

  async 'who is gone is not waited for'(world) {
    const { credential, middle, waiting, release } = await holding(world);
    try {
      const sidecar = await connect(world, credential, middle);
      const pending = ask(sidecar, 'POST', '/fhir/Observation', { body: reading(1) });
      await until('a request under way', () => waiting() === 1);
      let gone = false;
      sidecar.run.child.kill('SIGSTOP'); /* its end comes with its bytes: the library does not see it */
      const half = net.connect({ port: sidecar.port, host: '127.0.0.1', allowHalfOpen: true });
      half.on('data', () => {}).on('error', () => {}).on('end', () => half.destroy());
      half.on('close', () => (gone = true));
      half.end('POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{');
      await new Promise((resolve) => half.on('finish', resolve));
      sidecar.run.child.kill('SIGCONT');
      assert.equal((await ask(sidecar, 'GET', '/other')).status, 404); /* it came after that */
      sidecar.run.child.kill('SIGTERM');
      await until('the end of what was begun', () => gone, 60000);
      release();
      assert.equal((await pending).status, 201);
      assert.equal(await sidecar.run.exit, 0);
    } finally {
      middle.end();
    }
  },

  async 'a successor may have the socket while the old one ends'(world) {
    const { credential, server, middle, waiting, release } = await holding(world);
    try {
      const socket = world.path('sidecar.sock');
      const old = await connect(world, credential, middle, ['--listen', `unix:${socket}`]);
      const pending = ask({ socket }, 'POST', '/fhir/Observation', { body: reading(1) });
      await until('a request under way', () => waiting() === 1);
      old.run.child.kill('SIGTERM');
      await until('the socket to go', () => !existsSync(socket));
      await connect(world, credential, server, ['--listen', `unix:${socket}`]);
      release();
      assert.equal((await pending).status, 201);
      assert.equal(await old.run.exit, 0);
      assert.equal((await ask({ socket }, 'GET', '/fhir/metadata')).status, 200);
    } finally {
      middle.end();
    }
  },
};
