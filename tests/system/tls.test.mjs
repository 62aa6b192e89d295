// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 and nothing else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import tls from 'node:tls';
import { raw, statuses } from './world.mjs';

function certificate(world, name) {
  const key = world.path(`${name}-key`);
  const cert = world.path(`${name}-cert`);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], { stdio: 'ignore' });
  chmodSync(key, 0o600);
  return { key, cert };
}

/** The protocol that was agreed on, or the error's code; and the answer to a request. */
function connect(port, ca, options) {
  return new Promise((resolve) => {
    const result = { protocol: '', text: '' };
    const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost',
      ca: readFileSync(ca), ...options });
    const timer = setTimeout(() => socket.destroy(), 2000);
    socket.on('secureConnect', () => {
      result.protocol = socket.getProtocol();
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    });
    socket.on('data', (data) => (result.text += data));
    socket.on('error', (error) => (result.error = error.code));
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(result);
    });
  });
}

const flags = ({ key, cert }) => ['--tls-cert', cert, '--tls-key', key];

export default {
  async 'speaks TLS 1.3, and refuses 1.2 and plaintext'(world) {
    const pair = certificate(world, 'a');
    await world.init();
    const server = await world.serve(flags(pair));
    const good = await connect(server.port, pair.cert, {});
    assert.equal(good.protocol, 'TLSv1.3');
    assert.deepEqual(statuses(good.text), [401]);
    const old = await connect(server.port, pair.cert,
      { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' });
    assert.equal(old.protocol, '');
    assert.ok(old.error, 'an error');
    const plain = await raw(server.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', { ms: 500 });
    assert.deepEqual(statuses(plain.text), []);
    assert.equal((await server.monitor('/healthz')).status, 200);
  },

  async 'a node reads over TLS, and links say https'(world) {
    const pair = certificate(world, 'a');
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const server = await world.serve([...flags(pair), '--listen', '0.0.0.0:0',
      '--public-url', 'https://ward.example:8443/skeym']);
    server.url = `https://localhost:${server.port}`;
    const { code, out, err } = await world.get(server, '/fhir/Observation?patient=1', doctor,
      '--tls-ca', pair.cert);
    assert.equal(code, 0, err);
    assert.ok(out.includes('"https://ward.example:8443/skeym/fhir/Observation?patient=1"'), out);
    const other = certificate(world, 'b');
    const wrong = await world.get(server, '/fhir/metadata', doctor, '--tls-ca', other.cert);
    assert.notEqual(wrong.code, 0);
  },

  async '--check-config looks at certificate, key and folder'(world) {
    const [pair, other] = [certificate(world, 'a'), certificate(world, 'b')];
    const check = async (words, ...args) => {
      const { code, err } = await world.skeym(['serve', '--check-config', ...args]);
      assert.equal(code, words ? 1 : 0, err);
      assert.ok(err.includes(words), err);
    };
    await check('', ...flags(pair));
    await check("the key is not this certificate's", '--tls-cert', pair.cert, '--tls-key', other.key);
    await check('no such file', '--tls-cert', world.path('none'), '--tls-key', pair.key);
    await check('no certificate in PEM', '--tls-cert', pair.key, '--tls-key', pair.key);
    await check('no such folder', world.path('none'));
  },

  async 'a handshake that does not go on is cut'(world) {
    const pair = certificate(world, 'a');
    await world.init();
    const server = await world.serve([...flags(pair), '--head-seconds', '1']);
    const { closed, ms } = await raw(server.port, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      { ms: 8000 });
    assert.equal(closed, true);
    assert.ok(ms < 4000);
  },

  async 'refuses keys and certificates that are not in order'(world) {
    const a = certificate(world, 'a');
    const b = certificate(world, 'b');
    await world.init();
    const refused = async (words, pair) => {
      const { code, err } = await world.refuse(flags(pair));
      assert.equal(code, 1);
      assert.ok(err.includes(words), err);
    };
    chmodSync(a.key, 0o640);
    await refused(`the TLS files ${a.cert}, ${a.key}: the file may be read or written by others`, a);
    chmodSync(a.key, 0o600);
    await refused('the TLS certificate', { key: b.key, cert: a.cert });
    writeFileSync(b.key, 'no key\n');
    await refused('the TLS certificate', b);
    await refused('no such file', { key: a.key, cert: world.path('none') });
    const { code, err } = await world.refuse(['--tls-cert', a.cert]);
    assert.equal(code, 1);
    assert.ok(err.includes('tls-key: needed with tls-cert'), err);
  },
};
