// SPDX-License-Identifier: Apache-2.0
// What a service manager is told (sd_notify(3)): that requests are answered, when they are.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until } from './world.mjs';

/* Binds a datagram socket ($ARGV[0], @ for a name that no file has) and prints each message. */
const MANAGER = `use Socket; $| = 1; ($n = $ARGV[0]) =~ s/^@/\\0/; socket(S, AF_UNIX, SOCK_DGRAM, 0)
  && bind(S, pack_sockaddr_un($n)) or die "$!"; print "listening\\n";
  while (defined recv(S, $m, 4096, 0)) { print "$m\\n" }`;

/** Runs with a service manager of that name, and ends it. */
async function managed(name, run) {
  const child = spawn('perl', ['-e', MANAGER, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const heard = [];
  createInterface({ input: child.stdout }).on('line', (line) => heard.push(line));
  try {
    await until('the manager', () => heard.length > 0);
    await run(() => heard.slice(1), { env: { NOTIFY_SOCKET: name } });
  } finally {
    child.kill('SIGKILL');
  }
}

export default {
  async 'a server that a service manager started says when it answers'(world) {
    await world.init();
    for (const name of [world.path('manager'), `@${world.path('abstract')}`]) {
      await managed(name, async (heard, options) => {
        const server = await world.serve([], options);
        await until('READY', () => heard().length > 0);
        assert.deepEqual(heard(), ['READY=1']);
        assert.equal((await server.monitor('/healthz')).status, 200);
        assert.equal(await server.stop(), 0);
        assert.deepEqual(heard(), ['READY=1']);
      });
    }
  },

  async 'a sidecar says so too'(world) {
    await world.init();
    const credential = await world.enrol('doc', 'doctor', 'user/*.rs');
    const server = await world.serve();
    await managed(world.path('manager'), async (heard, options) => {
      world.begin(['connect', '--as', credential, '--to', server.url, '--listen', '127.0.0.1:0'],
        options);
      await until('READY', () => heard().length > 0);
      assert.deepEqual(heard(), ['READY=1']);
    });
  },

  async 'a server that does not start says nothing'(world) {
    await managed(world.path('manager'), async (heard, options) => {
      assert.equal((await world.refuse([], options)).code, 1);
      assert.deepEqual(heard(), []);
    });
  },

  async 'a manager that is not there, or whose name is none, keeps no server from serving'(world) {
    await world.init();
    for (const name of ['', '@', '/', 'relative', world.path('nobody'), `/${'x'.repeat(200)}`]) {
      const server = await world.serve([], { env: { NOTIFY_SOCKET: name } });
      assert.equal((await server.monitor('/healthz')).status, 200);
      assert.equal(await server.stop(), 0);
    }
  },
};
