// SPDX-License-Identifier: Apache-2.0
// Where a server listens and to whom: IPv6, many threads, a database elsewhere, certificates that are
// too old or too new, and what its second listener says to whom.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { Skip, observation, preload, until } from './world.mjs';

const NEXT = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

function needsIpv6() {
  const all = Object.values(networkInterfaces()).flat();
  if (!all.some(({ address }) => address === '::1')) throw new Skip('no IPv6 on this machine');
}

/** What a listener at an address answers to bytes. */
function ask(host, port, bytes) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    let text = '';
    socket.on('data', (data) => {
      text += data;
      if (text.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    socket.setTimeout(60000, () => socket.destroy());
    socket.write(bytes);
  });
}

const page = (host, port, path, fields, version = '1.1') =>
  ask(host, port, `GET ${path} HTTP/${version}\r\n${fields}Connection: close\r\n\r\n`);

export default {
  async 'IPv6: a node is served, and an address is one /64'(world) {
    needsIpv6();
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const server = await world.serve(['--listen', '[::1]:0', '--metrics-listen', '[::1]:0',
      '--threads', '3', '--per-ip', '2']);
    server.url = `http://[::1]:${server.port}`;
    assert.equal((await world.get(server, '/fhir/metadata', doctor)).code, 0);
    const posted = await world.post(server, '/fhir/Observation', doctor, observation(1));
    assert.equal(posted.code, 0, posted.err);
    assert.match(await ask('::1', server.port, NEXT), /^HTTP\/1\.1 401 /);
    assert.equal(await ask('127.0.0.1', server.port, NEXT), '');
    assert.match(await page('::1', server.metricsPort, '/healthz', 'Host: [::1]:9\r\n'), /200 OK[^]*ok/);
    assert.ok(server.log('login').every(({ source }) => source === '::/64'), world.logs());
    assert.equal(await server.stop(), 0);
  },

  async 'metrics are for names of this machine'(world) {
    await world.init();
    const server = await world.serve();
    const port = server.metricsPort;
    for (const [fields, right] of [['Host: localhost\r\n', 200], ['Host: localhost:9464\r\n', 200],
      ['Host: 127.0.0.1\r\n', 200], ['Host: 127.8.8.8:1\r\n', 200], ['Host: [::1]\r\n', 200],
      ['Host: ward.example\r\n', 404], ['Host: localhost.evil.example\r\n', 404],
      ['Host: 10.0.0.1\r\n', 404], ['Host: \r\n', 404]]) {
      const text = await page('127.0.0.1', port, '/metrics', fields);
      assert.match(text, new RegExp(`^HTTP/1.1 ${right} `), fields);
    }
    assert.match(await page('127.0.0.1', port, '/metrics', '', '1.0'), /^HTTP\/1\.\d (200|404|400) /);
    assert.match(await page('127.0.0.1', port, '/metrics?x=1', 'Host: localhost\r\n'), /^HTTP\/1\.1 (200|404) /);
    assert.match(await ask('127.0.0.1', port, 'DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      /^HTTP\/1\.1 404 /);
    assert.equal(await server.stop(), 0);
  },

  async 'a database may be elsewhere'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const db = world.path('elsewhere.db');
    const server = await world.serve(['--db', db, '--threads', '64']);
    assert.equal((await world.post(server, '/fhir/Observation', doctor, observation(1))).code, 0);
    assert.equal(existsSync(db), true);
    assert.equal(existsSync(`${world.dir}/data.db`), false);
    assert.equal(await server.stop(), 0);
  },

  async 'a certificate is neither too old nor too new'(world) {
    const [key, cert, file] = ['key', 'cert', 'offset'].map((name) => world.path(name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
      '-nodes', '-keyout', key, '-out', cert, '-days', '20', '-subj', '/CN=localhost'],
    { stdio: 'ignore' });
    chmodSync(key, 0o600);
    const env = { ...preload(world, 'clock.c'), SKEYM_TEST_CLOCK: file };
    const flags = ['serve', '--check-config', '--tls-cert', cert, '--tls-key', key];
    for (const [days, words] of [[0, ''], [30, 'has expired'], [-2, 'not valid yet']]) {
      writeFileSync(file, String(days * 86400000));
      const { code, err } = await world.skeym(flags, { env });
      assert.equal(code, words ? 1 : 0, err);
      assert.ok(err.includes(words), err);
    }
    await world.init(); /* it is served all the same: who trusts it is the nodes' affair */
    writeFileSync(file, '0');
    const good = await world.serve(flags.slice(2));
    assert.deepEqual(good.log('tls-certificate'), []);
    assert.equal(await good.stop(), 0);
    writeFileSync(file, String(30 * 86400000));
    const server = await world.serve(flags.slice(2), { env });
    assert.deepEqual(server.log('tls-certificate').map(({ why }) => why),
      ['the certificate has expired']);
    assert.equal(await server.stop(), 0);
  },

  async 'a reload that fails changes nothing, and says so'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const server = await world.serve();
    renameSync(`${world.dir}/revoked`, world.path('away'));
    server.signal('SIGHUP');
    await until('the log', () => server.log().some(({ event, level }) =>
      /reload/.test(event) && level !== 'info'), 60000);
    assert.equal((await world.get(server, '/fhir/metadata', doctor)).code, 0);
    renameSync(world.path('away'), `${world.dir}/revoked`);
    server.signal('SIGHUP');
    await until('the log', () => server.log().some(({ event, level }) =>
      /reload/.test(event) && level === 'info'), 60000);
    assert.equal(await server.stop(), 0);
  },
};
