// SPDX-License-Identifier: Apache-2.0
// What the commands of a node say and do, option by option: wrong arguments, the wire shown, kept
// tokens, pages, refusals in words, and a record that is sent and compared with what is read back.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { secretFile, table, ward } from './commands.mjs';
import { ecg, numbers } from './records.mjs';
import { between } from './servers.mjs';
import { observation } from './world.mjs';

const USAGE = 2;

/** Each is refused as a misuse, by these words, and nothing is printed to standard output. */
async function misused(world, tries) {
  for (const [args, words] of tries) {
    const { code, err, out } = await world.skeym(args);
    assert.equal(code, USAGE, `${args.join(' ')}: ${code}: ${err}`);
    assert.match(err, words, args.join(' '));
    assert.equal(out, '');
  }
}

export default {
  async 'misuse is said, and nothing is done'(world) {
    await misused(world, [
      [['get'], /an argument is missing/],
      [['get', '/fhir'], /--as FILE is missing/],
      [['get', 'fhir', '--as', 'x'], /PATH begins with a slash/],
      [['get', '/fhir', '/fhir', '--as', 'x'], /./],
      [['get', '/fhir', '--as'], /--as/],
      [['get', '/fhir', '--as', 'x', '--as', 'y'], /--as/],
      [['get', '/fhir', '--frobnicate'], /no such option/],
      [['post', '/fhir', '--as', 'x'], /--data FILE is missing/],
      [['post', 'fhir', '--as', 'x', '--data', '-'], /PATH begins with a slash/],
      [['post', '/fhir', '--as', 'x', '--data', '-', '--open', '--if-none-exist', 'a=b'],
        /not with --open/],
      [['post', '/fhir', '--as', 'x', '--data', '-', '--if-none-exist', ''], /takes a query/],
      [['device', '--as', 'x', '--patient', '7'], /one of --record, --simulate and --compare/],
      [['device', '--simulate', '--record', 'x', '--patient', '7'], /one of --record/],
      [['device', '--simulate', '--run', 'a.b', '--patient', '7'], /--run is for --compare/],
      [['device', '--simulate'], /--patient ID is missing/],
      [['device', '--simulate', '--patient', 'a/b'], /--patient takes a FHIR id/],
      ...['-1', '0x10', 'inf', 'nan', '', '1e3', '1000001', '1.2.3'].map((speed) =>
        [['device', '--simulate', '--patient', '7', `--speed=${speed}`], /--speed takes a number/]),
      ...[['--block', '0', /--block takes 1 to 60/], ['--block', '61', /--block takes 1 to 60/],
        ['--minutes', '0', /--minutes takes 1 to/], ['--minutes', '10081', /--minutes takes 1 to/],
        ['--seed', '-1', /--seed a number/], ['--seed', '4294967296', /--seed a number/],
        ['--seed', 'x', /--seed a number/], ['--leads', '3', /--leads takes 1 or 12/],
        ['--leads', '0', /--leads takes 1 or 12/], ['--leads', '13', /--leads takes 1 or 12/],
        ['--deteriorate', 'slowly', /--deteriorate takes shock/], ['--after', '9', /are for --det/],
        ['--over', '9', /are for --deteriorate/]].map(([name, value, why]) =>
        [['device', '--simulate', '--patient', '7', `${name}=${value}`], why]),
      ...['--after', '--over'].map((name) => [['device', '--simulate', '--patient', '7',
        '--deteriorate', 'fever', `${name}=604801`], /--after and --over take 0 to 604800/]),
      [['keygen'], /./],
      [['list', 'x'], /./],
      [['rotate', 'x'], /./],
      [['revoke'], /./],
      [['vectors', 'x'], /./],
      [['init'], /./],
      [['enrol'], /./],
      [['serve'], /./],
      [['frobnicate'], /./],
    ]);
  },

  async 'a node says which file is wrong'(world) {
    const { doctor, server } = await ward(world);
    const failed = async (args, words, input = '') => {
      const { code, err } = await world.skeym([...args, '--server', server.url], { input });
      assert.equal(code, 1, `${args.join(' ')}: ${err}`);
      assert.match(err, words);
    };
    const empty = world.path('empty');
    writeFileSync(empty, '', { mode: 0o600 });
    const get = ['get', '/fhir/metadata', '--as'];
    const post = ['post', '/fhir/Observation', '--as', doctor, '--data'];
    await failed([...get, world.path('none')], /none/);
    for (const path of ['/fhir/Pat ient', '/fhir/Patient?name=J\u00fcrgen', `/${'a'.repeat(4100)}`]) {
      await failed(['get', path, '--as', doctor], /the request cannot be sent: .* as %XX/);
      await failed(['get', path, '--open', '--as', doctor], /the request cannot be sent: .* as %XX/);
    }
    await failed([...post, '-', '--open', '--type', 'a\nb'], /the request cannot be sent/, '{}');
    await failed([...get, empty], /empty/);
    await failed([...get, doctor, '--key', world.path('none')], /none/);
    await failed([...get, doctor, '--tls-ca', world.path('none')], /--tls-ca/);
    await failed([...get, doctor, '--tls-ca', empty], /no certificate in PEM/);
    await failed([...post, world.path('none')], /none/);
    await failed([...post, world.folder], /./);
    await failed([...post, '-'], /more than 16 MiB/, 'x'.repeat(17 << 20));
    /* a private key of its own: needed, and the right one */
    const [key, other] = [world.path('key'), world.path('key2')];
    const publicKey = (await world.must(['keygen', '-o', key, '--no-passphrase'])).trim().split(/\s+/).at(-1);
    await world.must(['keygen', '-o', other, '--no-passphrase']);
    const split = world.path('split');
    await world.must(['enrol', 'split', '--role', 'doctor', '--scope', 'user/*.r', '-o', split,
      '--dir', world.dir, '--no-passphrase', '--public-key', publicKey]);
    await failed([...get, split], /in a file of its own: name it by --key/);
    await failed([...get, split, '--key', other], /is not this node's/);
    await failed([...get, doctor, '--key', key], /is not this node's, or the credential has its own/);
    await world.must([...get, split, '--key', key, '--server', server.url]);
    /* locked files */
    const words = world.path('words');
    writeFileSync(words, 'correct horse battery\n', { mode: 0o600 });
    const locked = world.path('locked');
    await world.must(['enrol', 'locked', '--role', 'doctor', '--scope', 'user/*.r', '-o', locked,
      '--dir', world.dir, '--passphrase-file', words]);
    await world.must([...get, locked, '--passphrase-file', words, '--server', server.url]);
    const wrong = world.path('wrong');
    writeFileSync(wrong, 'wrong\n', { mode: 0o600 });
    await failed([...get, locked, '--passphrase-file', wrong], /./);
    await failed([...get, locked, '--passphrase-file', empty], /./);
    await failed([...get, locked], /./); /* and there is no terminal to ask at */
    chmodSync(wrong, 0o644);
    await failed([...get, locked, '--passphrase-file', wrong], /others/);
  },

  async 'the wire can be watched'(world) {
    const { doctor, server } = await ward(world);
    const seen = await world.get(server, '/fhir/metadata', doctor, '--show-wire', '--verbose');
    assert.equal(seen.code, 0);
    assert.match(seen.err, /^wire ----> POST \/skeym\/v1\/login$/m);
    assert.match(seen.err, /^ {5}means a login$/m);
    assert.match(seen.err, /^wire ----> Authorization: SkeyM /m);
    assert.match(seen.err, /^ {5}means GET \/fhir\/metadata$/m);
    assert.match(seen.err, /^wire <---- 200$/m);
    assert.match(seen.err, /1 logins, 1 requests, 0 tokens refused, 0 lost/);
    const open = await world.post(server, '/fhir/Observation', doctor, observation(1), '--open',
      '--show-wire', '--pretty');
    assert.equal(open.code, 0);
    assert.match(open.err, /^wire ----> POST \/fhir\/Observation$/m);
    assert.match(open.out, /^ {2}"resourceType"/m);
    const none = await world.skeym(['get', '/fhir/metadata', '--as', doctor, '--server',
      'http://127.0.0.1:1', '--show-wire']);
    assert.equal(none.code, 1);
    assert.match(none.err, /wire <---- no answer/);
    const far = await world.skeym(['get', '/fhir/metadata', '--as', doctor, '--server',
      'http://ward.invalid']);
    assert.match(far.err, /plain HTTP to another host is refused/);
    const name = await world.skeym(['get', '/fhir/metadata', '--as', doctor, '--server',
      'http://ward.invalid', '--allow-plaintext-network']);
    assert.equal(name.code, 1);
    assert.match(name.err, /ward\.invalid/);
  },

  async 'refusals have words'(world) {
    const { doctor, server } = await ward(world);
    const nurse = await world.enrol('nurse', 'nurse', 'user/Patient.r');
    const tries = [
      [await world.get(server, '/fhir/Patient/none', doctor), /404 Not Found/],
      [await world.get(server, '/fhir/Observation?frob=1', doctor), /400 Bad Request/],
      [await world.get(server, '/fhir/Observation?patient=1', nurse), /403 Forbidden/],
      [await world.get(server, '/fhir/Observation?patient=1', nurse, '--all'), /403 Forbidden/],
      [await world.get(server, '/nowhere', doctor, '--all'), /404 Not Found/],
      [await world.post(server, '/fhir/Observation', doctor, 'no JSON'), /400 Bad Request/],
      [await world.post(server, '/fhir/Observation', doctor, observation(1), '--type', 'text/plain'),
        /415 Unsupported/],
      [await world.post(server, '/fhir/metadata', doctor, observation(1)), /40[45] /],
    ];
    for (const [result, words] of tries) {
      assert.equal(result.code, 1);
      assert.match(result.err, words);
    }
    for (let i = 0; i < 2; i++) {
      const { code } = await world.post(server, '/fhir/Observation', doctor, observation(9),
        '--if-none-exist', 'identifier=urn:test|9', '--pretty');
      assert.equal(code, 0);
    }
    const all = await world.get(server, '/fhir/Observation?identifier=9', doctor, '--all');
    assert.equal(all.out.trim().split('\n').length, 1);
    assert.equal(JSON.parse(all.out).resourceType, 'Observation');
    await world.must(['revoke', 'nurse', '--dir', world.dir]);
    const gone = await world.get(server, '/fhir/Patient/1', nurse);
    assert.match(gone.err, /does not admit this node/);
    const pages = await world.get(server, '/fhir/Observation?patient=1', nurse, '--all');
    assert.match(pages.err, /does not admit this node/);
  },

  async 'an answer of nobody is no answer'(world) {
    const { doctor } = await ward(world);
    for (const [status, words] of [[200, /./], [404, /./], [500, /./], [413, /too large/],
      [431, /too large/], [429, /./], [503, /./]]) {
      const liar = http.createServer((request, answer) => {
        request.resume();
        request.on('end', () => answer.writeHead(status, { 'Content-Type': 'text/plain' }).end('lie'));
      });
      await new Promise((resolve) => liar.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${liar.address().port}`;
      for (const args of [['get', '/fhir/Patient/1'], ['post', '/fhir/Observation', '--data', '-']]) {
        const { code, err, out } = await world.skeym([...args, '--as', doctor, '--server', url],
          { input: '{}' });
        assert.equal(code, 1, `${status}: ${err}`);
        assert.match(err, words);
        assert.equal(out, '');
      }
      liar.close();
      liar.closeAllConnections();
    }
  },

  async 'kept tokens are for one node and one server'(world) {
    const { doctor, server } = await ward(world);
    const nurse = await world.enrol('nurse', 'nurse', 'user/Patient.r');
    const chain = world.path('chain');
    const get = (as, file, url = server.url) =>
      world.skeym(['get', '/fhir/metadata', '--as', as, '--server', url, '--chain', file, '--verbose']);
    assert.match((await get(doctor, chain)).err, /1 logins/);
    assert.match((await get(doctor, chain)).err, /0 logins/);
    const before = readFileSync(chain);
    for (const [as, url, words] of [[nurse, server.url, /tokens of another node/],
      [doctor, `http://localhost:${server.port}`, /tokens for another server/]]) {
      const { code, err } = await get(as, chain, url);
      assert.equal(code, 1);
      assert.match(err, words);
    }
    const text = world.path('text');
    writeFileSync(text, 'my thesis\n', { mode: 0o600 });
    assert.match((await get(doctor, text)).err, /this is not a chain file/);
    assert.equal(readFileSync(text, 'utf8'), 'my thesis\n');
    const read = world.path('read');
    copyFileSync(chain, read);
    chmodSync(read, 0o644);
    assert.match((await get(doctor, read)).err, /others may read or write it/);
    linkSync(chain, world.path('second'));
    assert.match((await get(doctor, chain)).err, /a second name/);
    assert.deepEqual(readFileSync(chain), before);
    const folder = world.path('folder');
    mkdirSync(folder);
    assert.equal((await get(doctor, folder)).code, 1);
    assert.notEqual((await get(doctor, world.path('no/such/place'))).code, undefined);
    assert.equal(existsSync(world.path('no')), false);
  },

  async 'a record is sent, and compared with what is read back'(world) {
    const { doctor, server } = await ward(world);
    const bed = await world.enrol('bed', 'device', 'system/Observation.c');
    const device = (...args) => world.skeym(['device', ...args, '--server', server.url]);
    const send = (file, patient, ...more) =>
      device('--record', file, '--as', bed, '--patient', patient, '--speed', '0', ...more);
    const compare = (file, patient, ...more) =>
      device('--compare', file, '--as', doctor, '--patient', patient, ...more);
    const sent = await send(ecg(world), 'p1', '--block', '5');
    assert.equal(sent.code, 0, sent.err);
    assert.match(sent.out, /^signal 0-MLII readings 5 samples 6250 checksum (-?\d+) record \1$/m);
    const run = /^run (\S+) /m.exec(sent.out)[1];
    const same = await compare(ecg(world), 'p1', '--run', run);
    assert.equal(same.code, 0, same.out + same.err);
    assert.match(same.out, /signal 1-V5 readings 5 doubled 0 missing 0 samples 6250 .*: equal/);
    const other = await compare(ecg(world, 'ecg', 40), 'p1');
    assert.equal(other.code, 1);
    assert.match(other.out, /different \(1 samples\)/);
    assert.equal((await compare(numbers(world), 'p1')).code, 1); /* of another record */
    const vitals = await send(numbers(world), 'p2');
    assert.equal(vitals.code, 0, vitals.err);
    const equal = await compare(numbers(world), 'p2');
    assert.equal(equal.code, 0, equal.out + equal.err);
    assert.match(equal.out, /^numbers 0-HR 25: equal$/m);
    const changed = await compare(numbers(world, 'num', 5), 'p2');
    assert.equal(changed.code, 1);
    assert.match(changed.out, /^numbers 0-HR 25: different \(1\)$/m);
    assert.match((await compare(ecg(world), 'p2')).out, /numbers not in the record/);
    const nobody = await compare(ecg(world), 'p3');
    assert.equal(nobody.code, 1);
    assert.equal((await device('--compare', ecg(world), '--as', bed, '--patient', 'p1')).code, 1);
    /* what is not there, or is no record */
    assert.match((await send(ecg(world), 'p1', '--signals', 'MLII,XYZ')).err, /there are: /);
    assert.equal((await send(ecg(world), 'p4', '--signals', 'MLII')).code, 0);
    assert.match((await send(numbers(world, 'odd'), 'p1')).err, /none of the record's signals|apples|source/);
    assert.match((await send(world.path('none.hea'), 'p1')).err, /none\.hea/);
    writeFileSync(world.path('bad.hea'), 'bad 1 250 10\nbad.dat 99 200 0 0 0 0 0 MLII\n');
    assert.equal((await send(world.path('bad.hea'), 'p1')).code, 1);
    const timely = await device('--simulate', '--minutes', '1', '--seed', '7', '--speed', '1000',
      '--as', bed, '--patient', 'p5', '--verbose');
    assert.equal(timely.code, 0, timely.err);
    assert.match(timely.err, /messages taken/);
  },

  async 'in the open form the wire shows that a question has no body'(world) {
    const { doctor, server } = await ward(world);
    const { code, err } = await world.get(server, '/fhir/metadata', doctor, '--open', '--show-wire');
    assert.equal(code, 0, err);
    const [, asked] = /^(wire ----> GET \/fhir\/metadata\n(?:wire ----> .*\n)*)/m.exec(err);
    assert.deepEqual(asked.match(/^wire ----> \S*/gm), ['wire ----> GET', 'wire ----> Authorization:',
      'wire ----> SkeyM-Proof:']);
  },

  async 'an answer without end is cut off, and a server that stays busy is told'(world) {
    const { doctor, server } = await ward(world);
    const endless = (answer) => {
      answer.writeHead(200, { 'Content-Type': 'application/jose' });
      const more = () => {
        while (!answer.destroyed && answer.write(Buffer.alloc(1 << 20, 'x')));
      };
      answer.on('drain', more);
      answer.on('error', () => {});
      more();
    };
    await between(server, endless, async (proxy) => {
      const read = await world.get(proxy, '/fhir/metadata', doctor);
      assert.equal(read.code, 1);
      assert.match(read.err, /the answer is too large/);
      assert.doesNotMatch(read.err, /may have been executed/);
      const written = await world.post(proxy, '/fhir/Observation', doctor, observation(1));
      assert.equal(written.code, 1);
      assert.match(written.err, /the answer is too large\n.*may have been executed/);
      const pages = await world.get(proxy, '/fhir/Observation?patient=1', doctor, '--all');
      assert.equal(pages.code, 1);
      assert.match(pages.err, /too large/);
    });
    const long = `/fhir/Observation?patient=${'x'.repeat(20000)}`;
    for (const more of [[], ['--open']]) { /* these never leave */
      const { code, err } = await world.get(server, long, doctor, ...more);
      assert.equal(code, 1);
      assert.match(err, /the request cannot be sent: .* at most 4096 characters/);
    }
    const busy = (answer) => answer.writeHead(503, { 'Retry-After': '1000' }).end();
    await between(server, busy, async (proxy) => {
      const { code, err } = await world.post(proxy, '/fhir/Observation', doctor, observation(1));
      assert.equal(code, 1);
      assert.match(err, /busy|later|503/i);
      assert.doesNotMatch(err, /may have been executed/);
    });
  },

  async 'a post that does not end is refused before it is sent'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const { code, err } = await world.post({ url: 'http://127.0.0.1:1' }, '/fhir/Observation', doctor,
      'x'.repeat(40 << 20));
    assert.equal(code, 1, err);
    assert.match(err, /more than 16 MiB/);
  },

  async 'post: what is sent is a file, and of a size that a server takes'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const file = secretFile(world, 'file', '{}');
    const post = (...words) => ['post', '/fhir/Observation', '--as', doctor, '--server',
      'http://127.0.0.1:1', ...words];
    await table(world, [
      [post('--data', join(file, 'below')), 1, /reading or writing failed|not/],
      [post('--data', world.path('none')), 1, /no such file/],
      [post('--data', world.folder), 1, /./],
      [['accept', '-o', 'x'.repeat(5000), '--no-passphrase'], 2, /too long a name/],
    ]);
    const big = await world.skeym(post('--data', '-'), { input: 'x'.repeat(17 << 20) });
    assert.equal(big.code, 1, big.err);
    assert.match(big.err, /more than 16 MiB/);
  },
};
