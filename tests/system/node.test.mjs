// SPDX-License-Identifier: Apache-2.0
// What get, post and device say when something is wrong, and what they must not destroy.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { ward } from './commands.mjs';
import { between, stand } from './servers.mjs';
import { observation, Skip, sleep } from './world.mjs';

const MAYBE = /may have been executed/;

/** A folder of node bed-1 with an authority whose server does not run. */
async function bed(world) {
  await world.init();
  const credential = await world.enrol('bed-1', 'device', 'system/Observation.c');
  const journal = world.path('journal');
  const simulate = ['device', '--simulate', '--minutes', '5', '--speed', '0', '--as', credential,
    '--server', 'http://127.0.0.1:1', '--patient', '7'];
  return { credential, journal, simulate };
}

/** Starts a device, tells it to stop as soon as it has taken something. */
async function stopped(world, args) {
  const child = spawn(world.program, args);
  let err = '';
  child.stderr.on('data', (data) => (err += data));
  const exit = new Promise((resolve) => child.on('close', resolve));
  await sleep(1000);
  child.kill('SIGTERM');
  return { code: await exit, err };
}

/** A server that says the same to everybody. */
async function saying(status, run) {
  const server = http.createServer((request, answer) => {
    request.resume();
    request.on('end', () => answer.writeHead(status).end());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await run(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

export default {
  async 'a chain never overwrites what is not one'(world) {
    const { doctor, server } = await ward(world);
    const secret = world.path('secret');
    writeFileSync(secret, 'correct horse\n', { mode: 0o600 });
    for (const file of [secret, doctor, `${world.dir}/keyring`, `${world.dir}/audit`]) {
      if (!existsSync(file)) continue;
      const before = readFileSync(file);
      chmodSync(file, 0o600);
      const { code, err } = await world.get(server, '/fhir/metadata', doctor, '--chain', file);
      assert.equal(code, 1);
      assert.match(err, /not a chain file/);
      assert.ok(readFileSync(file).equals(before), file);
    }
    const other = await world.enrol('other', 'doctor', 'user/*.cruds');
    const chain = world.path('chain');
    assert.equal((await world.get(server, '/fhir/metadata', doctor, '--chain', chain)).code, 0);
    assert.match((await world.get(server, '/fhir/metadata', other, '--chain', chain)).err,
      /tokens of another node/);
    assert.match((await world.get({ url: 'http://127.0.0.1:1' }, '/fhir/metadata', doctor,
      '--chain', chain)).err, /for another server/);
  },

  async 'a device that is told to stop says what waits'(world) {
    const { journal, simulate } = await bed(world);
    const kept = await stopped(world, [...simulate, '--journal', journal]);
    assert.equal(kept.code, 0, kept.err);
    assert.match(kept.err, /stopped: \d+ messages wait in the journal .*journal\n$/);
    const lost = await stopped(world, simulate);
    assert.equal(lost.code, 1, lost.err);
    assert.match(lost.err, /stopped: \d+ messages .* are lost: there is no --journal\n$/);
    assert.doesNotMatch(kept.err + lost.err, /out of order/);
  },

  async 'who answers in the server\'s place is told from it'(world) {
    await world.init();
    const credential = await world.enrol('dr', 'doctor', 'user/*.rs');
    const get = (server) => world.get(server, '/fhir/metadata', credential);
    for (const [status, type, words] of [
      [302, 'text/html', /is not the server that this node's credential is from .*by 302/],
      [404, 'text/html', /is not the server .*by 404/],
      [200, 'text/html', /is not the server .*by 200/],
      [200, 'application/skeym-login', /is not the server .*by 200/],
      [502, 'text/html', /no SkeyM server answers there \(502 came\)/]]) {
      const other = await stand(status, { 'content-type': type, location: '/' }, 'x'.repeat(300));
      const { code, err } = await get(other);
      other.end();
      assert.equal(code, 1);
      assert.match(err, words);
    }
    const server = await world.serve();
    await between(server, (answer) => answer.writeHead(200).end('hello'), async (proxy) => {
      assert.match((await get(proxy)).err, /the answer \(200\) does not open: it is not sealed/);
    });
  },

  async 'an address that is none is said, and what one is'(world) {
    await world.init();
    const credential = await world.enrol('dr', 'doctor', 'user/*.rs');
    const invitation = await world.must(['enrol', 'tablet', '--role', 'nurse', '--scope',
      'user/*.rs', '--invite', '--code-only', '--server', 'http://127.0.0.1:1', '--dir', world.dir]);
    const accept = (url) => world.skeym(['accept', '-o', world.path('tablet.cred'),
      '--no-passphrase', '--server', url], { input: invitation });
    for (const call of [(url) => world.get({ url }, '/fhir/metadata', credential), accept]) {
      for (const url of ['127.0.0.1:1', 'ftp://127.0.0.1', 'http://127.0.0.1:1/fhir', 'http://']) {
        assert.match((await call(url)).err, /a server's address is https:\/\/HOST\[:PORT\]/, url);
      }
      assert.match((await call('http://ward.example')).err, /plain HTTP to another host is refused/);
    }
    assert.ok(!existsSync(world.path('tablet.cred.pending-key')));
  },

  async 'a certificate has no say on the terminal'(world) {
    await world.init();
    const file = { key: world.path('evil.key'), cert: world.path('evil.crt') };
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
      'ec_paramgen_curve:P-256', '-nodes', '-keyout', file.key, '-out', file.cert, '-days', '2',
      '-utf8', '-subj', '/CN=ev\x1b[2Jil'], { stdio: 'ignore' });
    const server = https.createServer({ key: readFileSync(file.key), cert: readFileSync(file.cert) });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${server.address().port}`;
    const invitation = await world.must(['enrol', 'tablet', '--role', 'nurse', '--scope',
      'user/*.rs', '--invite', '--code-only', '--server', url, '--dir', world.dir]);
    const { code, err } = await world.skeym(['accept', '-o', world.path('tablet.cred'), '--server',
      url, '--no-passphrase', '--tls-ca', file.cert], { input: invitation });
    server.close();
    assert.equal(code, 1);
    assert.match(err, /ev\.\[2Jil/);
  },

  async 'a damaged journal is kept, and said'(world) {
    const { journal, simulate } = await bed(world);
    await stopped(world, [...simulate, '--journal', journal]);
    const whole = readFileSync(journal);
    const args = [...simulate, '--journal', journal];

    const damaged = Buffer.from(whole);
    damaged.write('XXXX', whole.length >> 1);
    writeFileSync(journal, damaged);
    const first = await world.skeym(args);
    assert.equal(first.code, 1);
    assert.match(first.err, /journal damaged at byte [1-9]\d*: .* move it away/);
    assert.ok(readFileSync(journal).equals(damaged));

    writeFileSync(journal, whole);
    truncateSync(journal, 10);
    const second = await stopped(world, args);
    assert.match(second.err, /cut short in its first record: 10 bytes were dropped/);

    writeFileSync(journal, 'not one\n');
    const third = await world.skeym(args);
    assert.equal(third.code, 1);
    assert.match(third.err, /is not a journal, and was left as it is/);
    assert.equal(readFileSync(journal, 'utf8'), 'not one\n');
  },

  async 'a refusal names the patient of the message that waits'(world) {
    const { journal, simulate } = await bed(world);
    await stopped(world, [...simulate, '--journal', journal]);
    const credential = world.path('bed-1.8');
    await world.must(['enrol', 'bed-1', '--role', 'device', '--scope', 'patient/8/Observation.c',
      '-o', credential, '--dir', world.dir, '--no-passphrase']);
    const server = await world.serve();
    const { code, err } = await world.skeym(['device', '--simulate', '--minutes', '5', '--speed',
      '0', '--as', credential, '--server', server.url, '--patient', '8', '--journal', journal]);
    assert.equal(code, 1);
    assert.match(err, /refuses a message for patient 7 by status 403/);
  },

  async 'too large is said, and what cannot have happened is not feared'(world) {
    const { doctor, server } = await ward(world);
    const large = await world.post(server, '/fhir/Observation', doctor,
      JSON.stringify({ ...observation(1), note: [{ text: 'x'.repeat(2e6) }] })); /* read to its end */
    assert.equal(large.code, 1);
    assert.match(large.err, /too large|413/);
    assert.doesNotMatch(large.err, MAYBE);
    for (const [status, text] of [[413, /the request is too large for the server/],
      [431, /the head of the request is too large/], [429, /too many/]]) {
      await between(server, (answer) => answer.writeHead(status).end(), async (proxy) => {
        const { code, err } = await world.post(proxy, '/fhir/Observation', doctor, observation(1));
        assert.equal(code, 1);
        assert.match(err, text);
        assert.doesNotMatch(err, MAYBE);
      });
    }
    await between(server, (answer, request) => request.socket.destroy(), async (proxy) => {
      assert.doesNotMatch((await world.get(proxy, '/fhir/metadata', doctor)).err, MAYBE);
      assert.match((await world.post(proxy, '/fhir/Observation', doctor, observation(1))).err,
        MAYBE);
    });
    await between(server, (answer) => answer.writeHead(500).end(), async (proxy) => {
      assert.match((await world.post(proxy, '/fhir/Observation', doctor, observation(1))).err,
        MAYBE);
    });
    await saying(413, async (url) => {
      const { err } = await world.get({ url }, '/fhir/metadata', doctor);
      assert.match(err, /too large for the server/);
      assert.doesNotMatch(err, MAYBE);
    });
  },

  async 'an empty body is called empty, and messages begin a line'(world) {
    const { doctor, server } = await ward(world);
    const empty = await world.post(server, '/fhir/Observation', doctor, '');
    assert.match(empty.out, /the body is empty/);
    const args = ['post', '/fhir/Observation', '--as', doctor, '--server', server.url, '--data',
      '-'];
    const shell = spawnSync('sh', ['-c', '"$0" "$@" 2>&1 < /dev/null', world.program, ...args]);
    assert.match(String(shell.stdout), /\}\nskeym post: 400 Bad Request\n$/);
    assert.ok(!empty.err.startsWith('\n'), 'apart, each is as it is');
  },

  async 'what is wrong with certificates is said'(world) {
    const { doctor, server } = await ward(world);
    const none = await world.get(server, '/fhir/metadata', doctor, '--tls-ca', world.path('nofile'));
    assert.equal(none.code, 1);
    assert.match(none.err, /--tls-ca .*nofile: no such file/);
    writeFileSync(world.path('text'), 'no certificate\n');
    const text = await world.get(server, '/fhir/metadata', doctor, '--tls-ca', world.path('text'));
    assert.match(text.err, /--tls-ca .*text: there is no certificate/);
    const plain = { url: server.url.replace('http:', 'https:') };
    const { err } = await world.get(plain, '/fhir/metadata', doctor);
    assert.match(err, /refused: \S/);
  },

  async 'a locked credential without a terminal asks for a file'(world) {
    if (spawnSync('setsid', ['--version']).status !== 0) throw new Skip('no setsid here');
    await world.init();
    const file = world.path('lee.credential');
    const secret = world.path('passphrase');
    const args = ['enrol', 'lee', '--role', 'doctor', '--scope', 'user/*.rs', '-o', file, '--dir',
      world.dir, '--passphrase-file', secret];
    writeFileSync(secret, 'horse12\n', { mode: 0o600 });
    const short = await world.skeym(args);
    assert.equal(short.code, 1);
    assert.match(short.err, /has 8 to 1024 bytes/);
    assert.ok(!existsSync(file));
    const key = await world.skeym(['keygen', '-o', world.path('key'), '--passphrase-file', secret]);
    assert.match(key.err, /has 8 to 1024 bytes/);
    writeFileSync(secret, 'horse123\n', { mode: 0o600 });
    await world.must(args);
    const get = spawnSync('setsid', ['-w', world.program, 'get', '/fhir/metadata', '--as', file,
      '--server', 'http://127.0.0.1:1'], { timeout: 20000 });
    assert.equal(get.status, 1);
    assert.match(String(get.stderr), /locked by a passphrase, .* --passphrase-file FILE/);
    const missing = await world.skeym(['get', '/fhir/metadata', '--as', file, '--passphrase-file',
      world.path('nofile')]);
    assert.match(missing.err, /nofile: no such file/);
  },

  async 'a renewed credential that cannot be written is a warning'(world) {
    const { doctor, server } = await ward(world);
    const before = await world.get(server, '/fhir/metadata', doctor);
    assert.equal(before.code, 0);
    await world.must(['rotate', '--dir', world.dir]);
    if (process.getuid() === 0) { // who may write everywhere but in a file system that is read-only
      if (spawnSync('unshare', ['-m', 'true']).status !== 0) throw new Skip('no mounts here');
      const { stderr } = spawnSync('unshare', ['-m', 'sh', '-c',
        'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"', 'sh',
        world.folder, world.program, 'get', '/fhir/metadata', '--as', doctor, '--server',
        server.url]);
      assert.match(String(stderr), /WARNING: the server renewed this node's credential/);
      return;
    }
    chmodSync(world.folder, 0o500);
    const { err } = await world.get(server, '/fhir/metadata', doctor);
    chmodSync(world.folder, 0o700);
    assert.match(err, /WARNING: the server renewed this node's credential/);
  },

  async 'wrong use is one sentence, and where to read more'(world) {
    const { simulate } = await bed(world);
    const table = [
      [['get', 'x', '--as', 'y'], /^skeym get: PATH begins with a slash\n'skeym help get' tells more\n$/],
      [['get', '--frob'], /^skeym get: --frob: no such option\n'skeym help get' tells more\n$/],
      [['serve'], /^skeym serve: DIR is missing\n'skeym help serve' tells more\n$/],
      [[...simulate, '--run', 'a.b'], /--run is for --compare/],
    ];
    for (const speed of ['0x10', '-1', 'inf', 'nan', '1e3', '', '+1', ' 1', '1000001']) {
      const args = simulate.map((word, i) => (simulate[i - 1] === '--speed' ? speed : word));
      table.push([args, /--speed takes a number/]);
    }
    for (const [args, text] of table) {
      const { code, err } = await world.skeym(args);
      assert.equal(code, 2, args.join(' '));
      assert.match(err, text);
    }
    assert.match(await world.must(['help', 'help']), /usage: skeym help \[COMMAND\]/);
    const signals = await world.skeym([...simulate, '--signals', 'II,ZZ']);
    assert.equal(signals.code, 1);
    assert.match(signals.err, /--signals II,ZZ: .*there are: II,.*HR/);
  },
};
