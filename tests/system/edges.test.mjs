// SPDX-License-Identifier: Apache-2.0
// What commands do at the edges that no other test comes to: on a terminal, with answers of a server
// that is none, with the audit file of a long life, with reports that are there already.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { atTerminal } from './admin.test.mjs';
import { Skip, observation } from './world.mjs';
import { ecg } from './words.test.mjs';

const dir = (world) => ['--dir', world.dir];
const INVITE = ['--role', 'nurse', '--scope', 'user/*.rs', '--invite'];

/** Runs the program on a terminal of its own; what was to be seen there. */
async function seen(world, args, lines = [], prompt = undefined) {
  if (spawnSync('script', ['--version']).status !== 0) throw new Skip('no script(1) here');
  return atTerminal([world.program, ...args].map((word) => `'${word}'`).join(' '), lines, prompt);
}

/** A server that gives always the same answer. */
async function stand(status, headers, body) {
  const server = http.createServer((request, answer) => {
    request.resume();
    request.on('end', () => {
      answer.writeHead(status, headers);
      answer.end(body);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, end: () => server.close() };
}

export default {
  async 'on a terminal JSON is laid out, and a message begins its own line'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const server = await world.serve();
    const as = ['--as', doctor, '--server', server.url];
    const one = world.path('one.json');
    writeFileSync(one, JSON.stringify(observation(1)));
    assert.match(await seen(world, ['post', '/fhir/Observation', ...as, '--data', one]),
      /^\{\r\n +"resourceType": ?"Observation",\r\n/m);
    assert.match(await seen(world, ['get', '/fhir/Observation?patient=100', ...as]),
      /^\{\r\n +"resourceType": ?"Bundle",\r\n/m);
    assert.match(await seen(world, ['get', '/fhir/Observation/none', ...as]),
      /\}\r\nskeym get: .*404/);
    const apart = await world.get(server, '/fhir/Observation/none', doctor);
    assert.match(apart.out, /^\{"resourceType":"OperationOutcome"/);
    assert.match(apart.err, /^skeym get: .*404/);
  },

  async 'on a terminal an invitation is a QR code as well, and its link may be typed'(world) {
    await world.init();
    const server = await world.serve();
    const words = ['enrol', 't', ...INVITE, ...dir(world), '--server'];
    const shown = await seen(world, [...words, `${server.url}/`]);
    assert.match(shown, /\x1b\[40;97m/);
    const [link] = shown.match(/http:\/\/\S+#invite=[\w-]+/);
    assert.ok(!link.includes('//console'), link);
    const file = world.path('cred');
    const done = await seen(world, ['accept', '-o', file, '--no-passphrase'], [` \t${link} \t`],
      /The link, or its code: /);
    assert.match(done, /Enrolled as t, a nurse/);
    assert.equal((await world.get(server, '/fhir/metadata', file)).code, 0);
    const far = await world.must([...words, 'http://ward.example']);
    assert.match(far, /http:\/\/ward\.example\/console/);
    assert.doesNotMatch(await world.must([...words, 'https://ward.example', '--qr']), /\x1b\[/);
  },

  async 'a passphrase that is too long, too short or another is refused in words'(world) {
    await world.init();
    const file = world.path('locked');
    const words = ['enrol', 'lee', '--role', 'doctor', '--scope', 'user/*.rs', '-o', file,
      ...dir(world)];
    const key = ['keygen', '-o', world.path('key')];
    assert.match(await seen(world, words, ['short', 'short']), /8 to 1024 bytes/);
    assert.match(await seen(world, words, ['x'.repeat(1025)]), /1024 bytes/);
    assert.match(await seen(world, words, ['\x04', '\x04']), /8 to 1024 bytes/); /* an end of nothing */
    assert.equal(existsSync(file), false);
    assert.match(await seen(world, key, ['correct horse', 'correct horse']), /^[\w-]{43}\r\n/m);
    assert.match(await seen(world, words, ['correct horse', 'correct horse']), /Enrolled lee/);
    const server = await world.serve();
    const get = ['get', '/fhir/metadata', '--as', file, '--server', server.url];
    assert.match(await seen(world, get, ['correct horse']), /CapabilityStatement/);
    assert.match(await seen(world, get, ['another horse']), /passphrase/);
    const empty = world.path('empty');
    writeFileSync(empty, '\n', { mode: 0o600 });
    const none = await world.skeym([...get, '--passphrase-file', empty]);
    assert.deepEqual([none.code, /a passphrase has 1 to 1024 bytes/.test(none.err)], [1, true]);
    const gone = await world.skeym([...get, '--passphrase-file', world.path('gone')]);
    assert.deepEqual([gone.code, /gone: /.test(gone.err)], [1, true]);
  },

  async 'a device on a terminal tells how far it is'(world) {
    await world.init();
    const bed = await world.enrol('bed', 'device', 'system/Observation.c');
    const server = await world.serve();
    const words = ['device', '--as', bed, '--server', server.url, '--patient', '100', '--speed', '60'];
    const told = await seen(world, [...words, '--simulate', '--minutes', '2']);
    assert.match(told, /readings/);
    assert.match(await seen(world, [...words, '--record', ecg(world)]), /0-MLII readings/);
  },

  async 'a demo that is interrupted on a terminal says that it is not well'(world) {
    const shown = await seen(world, ['demo'], ['\x03'], /Devices stream/);
    assert.match(shown, /\x1b\[1m/);
    assert.match(shown, /NOT WELL/);
    const [folder] = shown.match(/\/tmp\/skeym-demo\.\w+/);
    assert.equal(existsSync(folder), false);
  },

  async 'accept says who it was that answered'(world) {
    await world.init();
    const code = (await world.must(['enrol', 't', ...INVITE, '--code-only', ...dir(world),
      '--server', 'http://127.0.0.1:1'])).trim();
    const file = ['-o', world.path('cred'), '--no-passphrase'];
    const type = { 'content-type': 'application/skeym-enrol' };
    const tries = [
      [200, type, Buffer.alloc(200, 7), /is not the server that the invitation is from/],
      [200, type, Buffer.alloc(3), /./],
      [200, { 'content-type': 'text/html' }, '<html>', /./],
      [401, type, '', /not admitted: the invitation is used up, expired or revoked/],
      [500, type, '', /./],
    ];
    for (const [status, headers, body, words] of tries) {
      const liar = await stand(status, headers, body);
      const { code: exit, err } = await world.skeym(['accept', ...file, '--server', liar.url,
        '--code-file', '-'], { input: `\t ${code}\r` });
      liar.end();
      assert.equal(exit, 1, err);
      assert.match(err, words, `${status}`);
      assert.equal(existsSync(world.path('cred')), false);
      assert.equal(existsSync(world.path('cred.pending-key')), true, err);
    }
    const wrong = async (words, args, exit = 1) => {
      const result = await world.skeym(['accept', ...args, '--server', 'http://127.0.0.1:1'],
        { input: code });
      assert.equal(result.code, exit, result.err);
      assert.match(result.err, words);
    };
    await wrong(/-o takes a file/, ['-o', '-', '--no-passphrase'], 2);
    await wrong(/-o takes a file/, ['-o', '', '--no-passphrase'], 2);
    await wrong(/too long a name/, ['-o', `/${'x'.repeat(5000)}`, '--no-passphrase'], 2);
    await wrong(/--tls-ca|no such file/, [...file, '--tls-ca', world.path('none')]);
    await wrong(/gone/, ['-o', world.path('c'), '--passphrase-file', world.path('gone')]);
    await wrong(/run the same command again: the key is in/, file);
  },

  async 'list shows the invitations that are open, and only these'(world) {
    await world.init();
    const server = await world.serve();
    const invite = (node, ...more) => world.must(['enrol', node, ...INVITE, '--code-only',
      ...dir(world), '--server', server.url, ...more]);
    for (const node of ['used', 'other']) {
      const file = world.path(`${node}.cred`);
      const done = await world.skeym(['accept', '-o', file, '--server', server.url,
        '--no-passphrase'], { input: await invite(node) });
      assert.equal(done.code, 0, done.err);
    }
    await invite('open', '--days', '1', '--expires', '7d'); /* as long as the credential: a day */
    await invite('revoked');
    await world.must(['revoke', 'revoked', ...dir(world)]);
    const audit = `${world.dir}/audit`;
    const line = JSON.parse(readFileSync(audit, 'utf8').trim().split('\n')
      .find((text) => /"invite"/.test(text) && /"open"/.test(text)));
    assert.ok(line.expires <= line.time + 86400 + 1, JSON.stringify(line));
    for (const change of [{ expires: 1 }, { invitation: 'AAAA' }, { invitation: '!' },
      { enrol_key: 99 }, { event: 'something' }])
      appendFileSync(audit, `${JSON.stringify({ ...line, node: 'odd', ...change })}\n`);
    const { invitations } = JSON.parse(await world.must(['list', '--json', ...dir(world)]));
    assert.deepEqual(invitations.map(({ node }) => node), ['open']);
    const shown = await world.must(['list', ...dir(world)]);
    assert.match(shown, /^open +nurse +1 +1 /m);
    assert.doesNotMatch(shown, /odd/);
  },

  async 'a report is kept, done again, or done anew when it is damaged or of another size'(world) {
    const report = world.path('report');
    const one = `${report}/collision.json`;
    const inspect = async (...more) => {
      const done = await world.skeym(['inspect', 'collision', '--report', report, ...more]);
      assert.equal(done.code, 0, done.err);
      assert.equal(JSON.parse(readFileSync(`${report}/report.json`, 'utf8')).inspections.length, 1);
      return readFileSync(one, 'utf8');
    };
    const first = await inspect();
    const mark = (text) => writeFileSync(one, text);
    const marked = first.replace(/"did": ?\[/, (start) => `${start}"a mark",`);
    assert.notEqual(marked, first);
    mark(marked);
    assert.match(await inspect(), /a mark/);
    assert.doesNotMatch(await inspect('--again'), /a mark/);
    mark(marked);
    assert.doesNotMatch(await inspect('--seed', '2'), /a mark/);
    mark(marked.replace(/"version": ?"[^"]*"/, '"version":"0"'));
    assert.doesNotMatch(await inspect(), /a mark/);
    mark(marked.slice(0, -20));
    assert.doesNotMatch(await inspect(), /a mark/);
    mark(marked);
    assert.doesNotMatch(await inspect('--full'), /a mark/);
    rmSync(report, { recursive: true });
    const shown = await seen(world, ['inspect', 'collision']);
    assert.match(shown, /collision/);
    assert.equal(existsSync(report), false);
  },

  async 'options are written either way, and folders with slashes'(world) {
    const one = await world.skeym(['init', `${world.folder}//new//`]);
    assert.equal(one.code, 0, one.err);
    for (const [path, above] of [['none//deep//', 'none'], ['/none/deep', '/none'],
      [`${world.folder}/none/deep`, `${world.folder}/none`]]) {
      const { code, err } = await world.skeym(['init', path]);
      assert.equal(code, 1, path);
      assert.ok(err.trim().endsWith(`mkdir -p ${above}`), err);
    }
    await world.init();
    const server = await world.serve(['--listen=127.0.0.1:0', '--metrics-listen=127.0.0.1:0']);
    assert.equal((await fetch(`${server.url}/console/`)).status, 200);
    const wrong = await world.refuse(['--listenx', '127.0.0.1:0']);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.err, /--listenx/);
    const revoke = await world.skeym(['revoke', 'a', '--restore', ...dir(world)]);
    assert.deepEqual([revoke.code, /--restore takes no node/.test(revoke.err)], [2, true]);
    const more = await world.skeym(['revoke', '--restore', '--generation', '1', ...dir(world)]);
    assert.equal(more.code, 2);
    const years = await world.skeym(['enrol', 'n', '--role', 'nurse', '--scope', 'user/*.rs', '-o',
      world.path('n'), '--no-passphrase', '--days', '3651', ...dir(world)]);
    assert.deepEqual([years.code, /--days/.test(years.err)], [2, true]);
    const both = await world.skeym(['inspect', 'collision', '--quick', '--full']);
    assert.equal(both.code, 2);
  },
};
