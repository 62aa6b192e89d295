// SPDX-License-Identifier: Apache-2.0
// Start, stop, reload, restart; and what is refused at the start, each with words that help.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync,
  writeFileSync,
} from 'node:fs';
import { Skip, observation, preload, sleep, until } from './world.mjs';

/** Refused with exit code 1 and these words. */
async function refused(world, words, args = []) {
  const { code, err } = await world.refuse(args);
  assert.equal(code, 1, err);
  assert.ok(err.includes(words), err);
}

export default {
  async 'serves, and ends on SIGTERM and SIGINT'(world) {
    await world.init();
    for (const signal of ['SIGTERM', 'SIGINT']) {
      const server = await world.serve();
      assert.equal(statSync(`${world.dir}/control`).mode & 0o777, 0o600);
      assert.equal(server.log('ready').length, 1);
      assert.equal(await server.stop(signal), 0);
      assert.equal(server.log('stopped').length, 1);
      assert.equal(existsSync(`${world.dir}/control`), false);
    }
  },

  async 'keeps no second server on its folder'(world) {
    await world.init();
    const server = await world.serve();
    await refused(world, `${world.dir}: another server runs on it`);
    assert.equal((await server.monitor('/healthz')).status, 200);
    assert.equal(await server.stop(), 0);
  },

  async 'starts again after it was killed'(world) {
    await world.init();
    const first = await world.serve();
    assert.equal(await first.stop('SIGKILL'), 'SIGKILL');
    assert.equal(existsSync(`${world.dir}/control`), true);
    const second = await world.serve();
    assert.equal(await second.stop(), 0);
  },

  async 'names an address that is in use'(world) {
    await world.init();
    const server = await world.serve();
    const taken = `127.0.0.1:${server.port}`;
    await refused(world, `the listen address ${taken}: another program listens`, ['--listen', taken]);
    await refused(world, `the metrics address ${taken}: another program listens`,
      ['--metrics-listen', taken]);
    await refused(world, 'the listen address 192.0.2.1:9: no interface of this machine',
      ['--listen', '192.0.2.1:9', '--allow-plaintext-network']);
  },

  async 'says what a log file, a user or a folder lacks'(world) {
    await world.init();
    const none = world.path('none');
    await refused(world, `the log file ${none}/log: no such folder`, ['--log-file', `${none}/log`]);
    await refused(world, `the log file ${world.dir}: it is a folder`, ['--log-file', world.dir]);
    await refused(world, 'for user no-such-user: there is no such user', ['--user', 'no-such-user']);
    await refused(world, `the database ${none}/data.db: no such file`, ['--db', `${none}/data.db`]);
    writeFileSync(`${world.dir}/control`, 'mine\n');
    await refused(world, `${world.dir}/control: is there already`);
    assert.equal(readFileSync(`${world.dir}/control`, 'utf8'), 'mine\n');
  },

  async 'tells its ports to no file of its own, and keeps standard error'(world) {
    await world.init();
    const ports = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0'];
    for (let fd = 4; fd < 24; fd++) { /* the database would be one of them */
      const { code, err } = await world.skeym(['serve', world.dir, ...ports, '--ready-fd', `${fd}`]);
      assert.equal(code, 1);
      assert.equal(err, 'skeym serve: ready-fd: no descriptor of this number is open\n');
    }
    const run = world.begin(['serve', world.dir, ...ports, '--ready-fd', '2']);
    await until('the ports', () => /^\d+ \d+$/m.test(run.err));
    run.child.kill('SIGTERM');
    assert.equal(await run.exit, 0);
    assert.match(run.err, /"event":"stopped"/);
  },

  async 'has room for those that wait for their turn, and says when it cannot have it'(world) {
    await world.init();
    const limited = async (limit, connections) => {
      const child = spawn('prlimit', [`--nofile=${limit}`, world.program, 'serve', world.dir, '--listen',
        '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0', '--threads', '2', '--connections', `${connections}`,
        '--per-ip', '8'], { stdio: ['ignore', 'ignore', 'pipe'] });
      let err = '';
      let code;
      child.stderr.on('data', (data) => (err += data));
      child.on('close', (status) => (code = status));
      await until('the server', () => code !== undefined || err.includes('"ready"'));
      const limits = code === undefined ? readFileSync(`/proc/${child.pid}/limits`, 'utf8') : '';
      child.kill('SIGTERM');
      await until('its end', () => code !== undefined);
      return { code, err, soft: Number(/^Max open files +(\d+)/m.exec(limits)?.[1]) };
    };
    const { code, soft } = await limited('100:4000', 500);
    assert.equal(code, 0);
    assert.equal(soft, 500 + 1024 + 2 * 8 + 64);
    if (process.getuid() === 0) return; /* who may raise the limit is not refused */
    const refused = await limited('100:1000', 500);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /the number of open files: connections \+ .*LimitNOFILE/);
  },

  async 'outlives a file that may not grow any more'(world) {
    await world.init();
    const log = world.path('log');
    const server = await world.serve(['--log-file', log]);
    const size = statSync(log).size;
    execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${size + 20}:`]);
    server.signal('SIGHUP'); /* a line that does not fit */
    await until('the reload', async () =>
      (await server.monitor('/metrics')).body.includes('\nskeym_reloads_total 1\n'));
    execFileSync('prlimit', ['--pid', String(server.pid), '--fsize=unlimited:']);
    assert.equal(await server.stop(), 0);
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    assert.equal(lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line).event)
      .at(-1), 'stopped');
  },

  async 'speaks plaintext on loopback only, unless told in so many words'(world) {
    await world.init();
    await refused(world, 'listen: not a loopback address', ['--listen', '0.0.0.0:0']);
    const server = await world.serve(['--listen', '0.0.0.0:0', '--allow-plaintext-network',
      '--public-url', 'http://ward.example']);
    assert.equal(await server.stop(), 0);
  },

  async 'checks a configuration without serving'(world) {
    const file = world.path('skeym.conf');
    writeFileSync(file, '# ward 7\nthreads 3\nlisten 127.0.0.1:9999\n');
    const good = await world.must(['serve', '--check-config', '--config', file, '--lanes', '2']);
    assert.match(good, /^threads 3$/m);
    assert.match(good, /^listen 127\.0\.0\.1:9999$/m);
    assert.match(good, /^lanes 2$/m);
    assert.match(good, /^token-lifetime 30$/m);
    writeFileSync(file, 'threads many\nthreds 3\nlisten 192.0.2.1:80\nlanes 1\nlanes 1\n');
    const bad = await world.skeym(['serve', '--check-config', '--config', file]);
    assert.equal(bad.code, 1);
    assert.equal(bad.out, '');
    const lines = bad.err.trim().split('\n');
    assert.equal(lines.length, 4, bad.err);
    assert.ok(lines[0].includes(`${file}:1: threads: not a number`));
    assert.ok(lines[1].includes(`${file}:2: threds: no such setting`));
    assert.ok(lines[2].includes(`${file}:5: lanes: set twice`));
    assert.ok(lines[3].includes('listen: not a loopback address'));
    const printed = world.path('printed.conf');
    writeFileSync(printed, good);
    assert.equal(await world.must(['serve', '--check-config', '--config', printed]), good);
  },

  async 'wrong use is exit code 2'(world) {
    await world.init();
    for (const args of [[], ['--no-such-thing'], [world.dir, 'more'], [world.dir, '--config'],
      [world.dir, '--ready-fd', 'x'], [world.dir, '--config', 'a', '--config', 'b']]) {
      const { code } = await world.skeym(['serve', ...args]);
      assert.equal(code, 2, args.join(' '));
    }
    const { code, err } = await world.skeym(['serve', world.dir, '--config', world.path('none')]);
    assert.equal(code, 1);
    assert.ok(err.includes('no such file'), err);
  },

  async 'lists every setting'(world) {
    const text = await world.must(['serve', '--list-settings']);
    assert.ok(text.split('\n').filter((line) => line).length >= 25);
    assert.match(text, /^token-lifetime +30 /m);
  },

  async 'refuses a keyring that is missing, open to others, cut or changed'(world) {
    await world.init();
    const keyring = `${world.dir}/keyring`;
    const copy = world.path('copy');
    copyFileSync(keyring, copy);
    chmodSync(keyring, 0o644);
    await refused(world, `${world.dir}/keyring: others may`);
    chmodSync(keyring, 0o600);
    truncateSync(keyring, 100);
    await refused(world, 'keyring');
    const bytes = readFileSync(copy);
    bytes[60] ^= 1;
    writeFileSync(keyring, bytes);
    await refused(world, 'keyring: the keyring is damaged');
    rmSync(keyring);
    await refused(world, 'there is no authority here');
    copyFileSync(copy, keyring);
    chmodSync(keyring, 0o600);
    assert.equal(await (await world.serve()).stop(), 0);
  },

  async 'refuses a folder that is not there'(world) {
    const { code, err } = await world.refuse();
    assert.equal(code, 1);
    assert.ok(err.includes('there is no authority here'), err);
  },

  async 'refuses a database that is damaged or open to others'(world) {
    await world.init();
    assert.equal(await (await world.serve()).stop(), 0);
    const db = `${world.dir}/data.db`;
    chmodSync(db, 0o644);
    await refused(world, `the database ${db}: the file may be read or written by others`);
    chmodSync(db, 0o600);
    writeFileSync(db, Buffer.alloc(8192, 'not a database '));
    await refused(world, `the database ${db}: the database is damaged`);
  },

  async 'ends a chain when its node is revoked, without a restart'(world) {
    await world.init();
    const credential = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const server = await world.serve();
    const chain = ['--chain', world.path('chain')];
    assert.equal((await world.get(server, '/fhir/metadata', credential, ...chain)).code, 0);
    assert.equal((await world.get(server, '/fhir/metadata', credential, ...chain)).code, 0);
    assert.equal(await server.metric('skeym_logins_total{result="ok"}'), 1);
    await world.must(['revoke', 'doc', '--dir', world.dir]);
    assert.equal(await server.metric('skeym_revoked_entries'), 1);
    assert.notEqual((await world.get(server, '/fhir/metadata', credential, ...chain)).code, 0);
    assert.equal(await server.metric('skeym_refusals_total{check="revoked"}'), 1);
    assert.ok((await server.metric('skeym_logins_total{result="revoked"}')) >= 1);
    assert.equal(server.log('refused').find((line) => line.check === 'revoked').node, 'doc');
    assert.equal(await server.metric('skeym_requests_admitted_total'), 2);
  },

  async 'takes a token once'(world) {
    await world.init();
    const credential = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const server = await world.serve();
    const chain = world.path('chain');
    const get = () => world.get(server, '/fhir/metadata', credential, '--chain', chain);
    assert.equal((await get()).code, 0);
    copyFileSync(chain, world.path('old'));
    assert.equal((await get()).code, 0);
    copyFileSync(world.path('old'), chain); /* the same token once more */
    assert.equal((await get()).code, 0);
    assert.equal(await server.metric('skeym_refusals_total{check="used"}'), 1);
  },

  async 'takes no token of the server before it'(world) {
    await world.init();
    const credential = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const chain = ['--chain', world.path('chain')];
    const first = await world.serve();
    assert.equal((await world.get(first, '/fhir/metadata', credential, ...chain)).code, 0);
    assert.equal(await first.stop(), 0);
    const second = await world.serve(['--listen', `127.0.0.1:${first.port}`]);
    const again = await world.get(second, '/fhir/metadata', credential, ...chain);
    assert.equal(again.code, 0, again.err);
    assert.ok((await second.metric('skeym_refusals_total{check="instance"}')) >= 1);
    assert.equal(await second.metric('skeym_logins_total{result="ok"}'), 1);
  },

  async 'reads lists and log file anew on SIGHUP'(world) {
    await world.init();
    const log = world.path('log');
    const server = await world.serve(['--log-file', log]);
    assert.match(readFileSync(log, 'utf8'), /"event":"ready"/);
    renameSync(log, `${log}.1`);
    await world.must(['revoke', 'pump-7', '--generation', '4', '--dir', world.dir]);
    server.signal('SIGHUP');
    await until('the list', async () => (await server.metric('skeym_revoked_entries')) === 1);
    await until('the file', () => existsSync(log) && /"event":"reload"/.test(readFileSync(log)));
    writeFileSync(`${world.dir}/revoked`, '', { mode: 0o600 });
    server.signal('SIGHUP');
    await until('the failure', async () =>
      (await server.metric('skeym_reload_failures_total')) === 1);
    assert.equal(await server.metric('skeym_revoked_entries'), 1);
    assert.equal(await server.stop(), 0);
  },

  async 'loses no acknowledged reading when it is stopped or killed under load'(world) {
    await world.init();
    const device = await world.enrol('dev', 'device', 'patient/100/Observation.c');
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const acknowledged = new Set();
    for (const signal of ['SIGTERM', 'SIGKILL']) {
      const server = await world.serve();
      let going = true;
      let number = 0;
      const send = async (lane) => {
        while (going) {
          const name = `${signal}-${lane}-${number++}`;
          /* a credential of its own: each login brings a new locator into the file */
          const own = world.path(`dev-${lane}.credential`);
          copyFileSync(device, own);
          const { code } = await world.post(server, '/fhir/Observation', own, observation(name));
          if (code === 0) acknowledged.add(name);
        }
      };
      const lanes = [1, 2, 3].map(send);
      await until('some', () => acknowledged.size > 20 && number > 15);
      const code = await server.stop(signal);
      going = false;
      await Promise.all(lanes);
      assert.equal(code, signal === 'SIGTERM' ? 0 : 'SIGKILL');
    }
    const server = await world.serve();
    const { code, out } = await world.get(server, '/fhir/Observation?patient=100&_count=1000',
      doctor);
    assert.equal(code, 0);
    const stored = new Map();
    for (const { resource } of JSON.parse(out).entry) {
      const name = resource.identifier[0].value;
      stored.set(name, (stored.get(name) ?? 0) + 1);
    }
    for (const name of acknowledged) assert.equal(stored.get(name), 1, name);
  },

  async 'a thread that hangs shows, and does not keep it from ending'(world) {
    const stall = world.path('stall');
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const server = await world.serve(['--threads', '2'],
      { env: { ...preload(world, 'stall.c'), SKEYM_TEST_STALL: stall } });
    assert.equal((await world.post(server, '/fhir/Observation', doctor, observation(1))).code, 0);
    assert.equal((await server.monitor('/healthz')).status, 200);
    writeFileSync(stall, '');
    const lost = world.post(server, '/fhir/Observation', doctor, observation(2));
    await until('healthz', async () => (await server.monitor('/healthz')).status === 503, 15000);
    const health = await server.monitor('/healthz');
    assert.deepEqual(health, { status: 503, body: 'a request does not come to its end\n' });
    assert.ok((await server.metric('skeym_request_oldest_ms')) > 10000);
    const ended = await Promise.race([server.stop(), sleep(30000)]);
    assert.equal(ended, 1);
    assert.deepEqual(server.log('stop-failed').map((line) => line.requests), [1]);
    assert.notEqual((await lost).code, 0);
  },

  async 'runs as the owner of its folder when root starts it'(world) {
    if (process.getuid() !== 0) throw new Skip('not root');
    await world.init();
    const ids = ['-u', '-g'].map((flag) =>
      execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }).trim());
    execFileSync('chown', ['-R', `${ids[0]}:${ids[1]}`, world.folder]);
    const server = await world.serve();
    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
    assert.match(status, new RegExp(`^Uid:\\s+${ids[0]}\\s+${ids[0]}\\s+${ids[0]}`, 'm'));
    assert.match(status, new RegExp(`^Gid:\\s+${ids[1]}\\s+${ids[1]}\\s+${ids[1]}`, 'm'));
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'));
    }
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.equal(server.log('runs-as-root').length, 0);
    assert.equal(await server.stop(), 0);
  },

  async 'has no core dumps and keeps its keys in memory that is not swapped'(world) {
    await world.init();
    const server = await world.serve();
    const limits = readFileSync(`/proc/${server.pid}/limits`, 'utf8');
    assert.match(limits, /^Max core file size\s+0\s+0\s/m);
    const locked = /^VmLck:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'));
    if (server.log('keys-not-locked').length === 0) assert.ok(Number(locked[1]) > 0);
  },

  async 'a database that may grow no more still reads'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const first = await world.serve();
    assert.equal((await world.post(first, '/fhir/Observation', doctor, observation(0))).code, 0);
    assert.equal(await first.stop(), 0);
    const server = await world.serve(['--db-max-bytes',
      String(statSync(`${world.dir}/data.db`).size)]);
    const entry = (i) => ({ request: { method: 'POST', url: 'Observation' },
      resource: { ...observation(i), note: [{ text: 'x'.repeat(900) }] } });
    let refusedWith = '';
    for (let i = 1; i < 40 && !refusedWith; i++) {
      const bundle = { resourceType: 'Bundle', type: 'transaction',
        entry: Array.from({ length: 100 }, (_, n) => entry(`${i}-${n}`)) };
      const { code, out, err } = await world.post(server, '/fhir', doctor, bundle);
      if (code !== 0) refusedWith = out + err;
    }
    assert.match(refusedWith, /OperationOutcome/);
    const read = await world.get(server, '/fhir/Observation?patient=100&identifier=urn:test|0', doctor);
    assert.equal(read.code, 0, read.err);
    assert.equal(JSON.parse(read.out).total ?? JSON.parse(read.out).entry.length, 1);
    await sleep(0);
  },
};
