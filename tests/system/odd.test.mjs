// SPDX-License-Identifier: Apache-2.0
// What nobody does on purpose: audit lines by other hands, output that cannot be written, numbers and
// files that are not what they should be.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { observation, until } from './world.mjs';

const people = ['--role', 'doctor', '--scope', 'user/*.cruds'];
const dir = (world) => ['--dir', world.dir];

/** Each row: arguments, exit code, what must be said on stderr (on stdout when the code is 0). */
async function table(world, rows, options) {
  for (const [args, code, said] of rows) {
    const result = await world.skeym(args, options);
    const what = `${args.join(' ')}: ${result.code}: ${result.out}${result.err}`;
    if (process.env.SKEYM_TEST_TELL) console.log(`# ${what.trim().slice(0, 300).replace(/\n/g, ' / ')}`);
    assert.equal(result.code, code, what);
    assert.match(code === 0 ? result.out : result.err, said, what);
  }
}

/** With standard output on a device that takes nothing. */
function full(world, args) {
  return spawnSync('sh', ['-c', 'exec "$0" "$@" >/dev/full', world.program, ...args], { encoding: 'utf8' });
}

export default {
  async 'audit lines by other hands are shown as far as they make sense'(world) {
    await world.init();
    await world.enrol('doc', 'doctor', 'user/*.cruds');
    await world.must(['revoke', 'doc', ...dir(world)]);
    await world.enrol('nurse', 'nurse', 'user/*.rs');
    await world.must(['rotate', ...dir(world)]);
    await world.enrol('late', 'doctor', 'user/*.rs');
    const audit = `${world.dir}/audit`;
    const line = (more) => `${JSON.stringify({ time: 1, event: 'enrol', node: 'ghost', role: 'device',
      scopes: ['user/*.rs'], generation: 1, enrol_key: 1, not_after: 2, ...more })}\n`;
    const whole = readFileSync(audit, 'utf8');
    appendFileSync(audit, line({}) + line({ node: 'a b', not_after: 4000000000 }) + line({ node: 7 })
      + line({ node: 'wide', not_after: 4294967296, generation: -1 }) + line({ scopes: 'none' })
      + line({ scopes: undefined }) + line({ scopes: [null, 3] }));
    const out = await world.must(['list', ...dir(world)]);
    assert.match(out, /^ghost +device +1 +1 .* expired +user\/\*\.rs$/m);
    assert.match(out, /^a b .* \? +user\/\*\.rs$/m);
    assert.match(out, /^wide +device +0 +1 .* expired/m);
    assert.match(out, /^ghost .* \? 3$/m);
    assert.match(out, /^doc .* revoked/m);
    assert.match(out, /^nurse .* active/m);
    const rows = JSON.parse(await world.must(['list', '--json', ...dir(world)])).nodes;
    assert.equal(rows.length, 10);
    assert.deepEqual(rows.map(({ state }) => state),
      ['revoked', 'active', 'active', 'expired', '?', '?', 'expired', 'expired', 'expired', 'expired']);
    /* of the old key: nurse alone counts */
    await table(world, [[['rotate', '--retire', '1', ...dir(world)], 1, /: 1 live credentials/]]);
    appendFileSync(audit, '\n{"time":1}\n{"event":""}\nno JSON\n' + line({ node: 'end' }).trimEnd());
    await table(world, [[['list', ...dir(world)], 1, /3 damaged lines are not shown/]]);
    rmSync(`${world.dir}/revoked`);
    await table(world, [[['revoke', '--restore', ...dir(world)], 1, /3 damaged lines, from its begin/]]);
    writeFileSync(audit, whole.split('\n').slice(1).join('\n'), { mode: 0o600 });
    await table(world, [[['revoke', '--restore', ...dir(world)], 1, /0 damaged lines, without its/]]);
    const revoke = { ...JSON.parse(line({ event: 'revoke' })), scopes: undefined };
    writeFileSync(audit, `${whole}${JSON.stringify({ ...revoke, node: 'a b' })}\n`
      + `${JSON.stringify({ ...revoke, generation: 0 })}\n`, { mode: 0o600 });
    assert.match(await world.must(['revoke', '--restore', ...dir(world)]), /made anew .*: 1 nodes/);
  },

  async 'what cannot be printed is no success'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const server = await world.serve();
    await world.post(server, '/fhir/Observation', doctor, observation(1));
    const as = ['--as', doctor, '--server', server.url];
    const search = '/fhir/Observation?patient=100';
    for (const args of [['vectors'], ['list', ...dir(world)],
      ['list', '--json', ...dir(world)], ['get', search, ...as], ['get', search, '--pretty', ...as],
      ['get', search, '--all', ...as], ['serve', '--list-settings']]) {
      const { status, stderr } = full(world, args);
      assert.equal(status, 1, `${args.join(' ')}: ${status}: ${stderr}`);
      assert.match(stderr, /skeym/, args.join(' '));
    }
    assert.equal(full(world, ['list', '--frob']).status, 2);
    /* as on a terminal: what it says stands in a line of its own */
    const both = spawnSync('sh', ['-c', 'exec "$0" "$@" 2>&1', world.program, 'get',
      '/fhir/Patient/none', ...as], { encoding: 'utf8' });
    assert.equal(both.status, 1);
    assert.match(both.stdout, /\}\nskeym get: .*404/);
  },

  async 'words that are nearly right'(world) {
    await world.init();
    const credential = await world.enrol('bed', 'device', 'system/Observation.c');
    const file = world.path('new.credential');
    const enrol = (...more) => ['enrol', 'new', ...people, '-o', file, '--no-passphrase',
      ...dir(world), ...more];
    const device = (...more) => ['device', '--simulate', '--as', credential, '--patient', '7', ...more];
    const [code, owner] = process.getuid() === 0 ? [1, /there is no user/] : [2, /--owner/];
    writeFileSync(world.path('large'), Buffer.alloc(20 << 20, 32));
    await table(world, [
      [['-h'], 0, /usage: skeym/],
      [['--help'], 0, /usage: skeym/],
      [['version'], 0, /skeym/],
      [['help', 'get'], 0, /usage: skeym get/],
      [['x'.repeat(100)], 2, /there is no command/],
      ...['init', 'enrol', 'list', 'revoke', 'rotate', 'keygen', 'get', 'post', 'device', 'bench',
        'vectors', 'demo', 'serve', 'accept', 'connect', 'inspect'].flatMap((name) => ['--help', '-h'].map((word) =>
        [[name, word], 0, new RegExp(`usage: skeym ${name}`)])),
      [['list', '--dir', '--', world.dir], 2, /one argument too many/],
      [['list', '-'], 2, /one argument too many/],
      [['list', '--', '--json'], 2, /one argument too many/],
      [['bench', 'load', 'http://127.0.0.1:1', ...Array(40).fill(['--header', 'X-A: b']).flat()], 2,
        /given too often/],
      [['inspect', 'collision', '--quick', '--full'], 2, /--quick or --full, not both/],
      [['inspect', 'none'], 2, /there is no inspection 'none'/],
      ...['-1', 'x', '18446744073709551616', ''].map((seed) =>
        [['inspect', 'collision', '--seed', seed], 2, /--seed takes a whole number/]),
      [enrol('--days', '0'), 2, /--days/],
      [enrol('--days', 'x'), 2, /--days/],
      [enrol('--public-key', 'AAAA'), 2, /--public-key|public key/],
      [enrol('--public-key', '!'), 2, /--public-key|public key/],
      [['keygen', '-o', '', '--no-passphrase'], 2, /-o/],
      [['revoke', 'bed', '--generation', '0', ...dir(world)], 2, /--generation/],
      [['rotate', '--retire', '7', ...dir(world)], 1, /holds no enrol key 7/],
      [['init', `${world.path('no/where')}//`], 1, /the folder above it is missing/],
      [['init', world.path('b'), '--owner', 'no-such-user-here'], code, owner],
      [device('--speed', '-1'), 2, /--speed/],
      [device('--speed', 'inf'), 2, /--speed/],
      [device('--speed', '10000000'), 2, /--speed/],
      [device('--speed', ''), 2, /--speed/],
      [device('--block', '0'), 2, /--block/],
      [device('--minutes', '0'), 2, /--minutes/],
      [device('--seed', 'x'), 2, /--seed/],
      [device('--server', 'http://127.0.0.1:1', '--journal', credential), 1, /not a journal/],
      [['post', '/fhir/Observation', '--as', credential, '--data', world.path('large')], 1, /large/],
    ]);
    assert.equal(existsSync(file), false);
  },

  async 'the folder may be named by the environment'(world) {
    await world.init();
    await table(world, [[['list'], 0, /Authority/]], { env: { SKEYM_DIR: world.dir } });
    await table(world, [[['list'], 1, /skeym-authority/]], { env: { SKEYM_DIR: '' } });
  },

  async 'settings that are wrong are named with their line'(world) {
    await world.init();
    const conf = world.path('skeym.conf');
    const check = (...more) => ['serve', world.dir, '--check-config', ...more];
    writeFileSync(conf, 'listen 127.0.0.1:0\nfrob 7\nthreads many\n\n');
    await table(world, [
      [check('--config', conf), 1, /skeym\.conf:2: frob.*\n.*skeym\.conf:3: threads/],
      [check('--threads=x'), 1, /threads/],
      [check('--threads=3'), 0, /^threads 3$/m],
      [check('--threadsx', '3'), 2, /no such option: --threadsx/],
      [check('--threads'), 1, /threads: no value/],
      [['serve', world.path('none'), '--check-config'], 1, /no such folder/],
      [['serve', conf, '--check-config'], 1, /no such folder/],
    ]);
  },

  async 'a device is told which patient is not its own, and what the journal kept'(world) {
    await world.init();
    const bed = await world.enrol('bed', 'device', 'patient/1/Observation.c');
    const server = await world.serve();
    const journal = world.path('journal');
    const run = (patient, ...more) => ['device', '--simulate', '--minutes', '1', '--speed', '0', '--as',
      bed, '--server', server.url, '--patient', patient, ...more];
    await table(world, [
      [run('2'), 1, /refuses a message for patient 2 by status 403.*\n.*are lost: there is no --journal/],
      [run('2', '--journal', journal), 1, /messages wait in the journal/],
      [run('1', '--journal', journal), 1, /refuses a message for patient 2/],
      [run('1', '--journal', world.path('other')), 0, /run bed\./],
    ]);
    mkdirSync(world.path('folder'));
    await table(world, [[run('1', '--journal', world.path('folder')), 1, /folder/]]);
  },

  async 'a device goes on with what waits, and begins anew when it is told to'(world) {
    await world.init();
    const bed = await world.enrol('bed', 'device', 'system/Observation.c');
    const journal = world.path('journal');
    const simulate = (...more) => ['device', '--simulate', '--minutes', '1', '--speed', '0', '--as', bed,
      '--patient', '7', ...more];
    const alone = world.begin(simulate('--server', 'http://127.0.0.1:1', '--journal', journal));
    await until('the journal', () => existsSync(journal) && statSync(journal).size > 20000, 60000);
    alone.child.kill('SIGTERM');
    assert.equal(await alone.exit, 0, alone.err);
    assert.match(alone.err, /stopped: \d+ messages wait in the journal/);
    const server = await world.serve();
    const other = await world.skeym(simulate('--server', server.url, '--journal', journal, '--seed', '2'));
    assert.equal(other.code, 0, other.err);
    assert.match(other.err, /goes on with run/);
    /* what waited, and the new one */
    assert.ok(other.err.match(/ 6 acknowledged \(60 readings\), 0 waiting/g).length >= 2, other.err);
    /* with a journal: what waits when it is told to end is kept, and no failure */
    const again = world.begin(simulate('--server', server.url, '--repeat', '--journal',
      world.path('repeated')));
    let ended;
    again.exit.then((code) => (ended = code));
    await until('two runs', () => ended !== undefined || again.out.match(/^run bed\./gm)?.length > 1, 60000);
    again.child.kill('SIGTERM');
    assert.equal(await again.exit, 0, again.err);
    await world.must(['revoke', 'bed', ...dir(world)]);
    await table(world, [[simulate('--server', server.url), 1, /bed is not admitted any more/]]);
  },

  async 'a load of other shapes'(world) {
    await world.init();
    const server = await world.serve(['--login-rate', '1000', '--login-burst', '1000']);
    const plain = `${server.url}/fhir/metadata`;
    const body = world.path('body');
    writeFileSync(body, '{}');
    const load = (url, ...more) => ['bench', 'load', url, '--seconds', '1', '--warmup', '0', '--rate', '20',
      '--connections', '2', '--answer-seconds', '60', '--drain-seconds', '60', ...more];
    await table(world, [
      [load(plain, '--body', body, '--expect', '401', '--threads', '2'), 0, /100\.000% ok.*[^]* threads each/],
      [load(plain, '--method', 'PUT', '--body', body, '--expect', '401'), 0, /100\.000% ok/],
      [load(plain, '--body', world.path('none')), 1, /none: /],
      [load(plain, '--header', 'X'.repeat(100000)), 1, /the request/],
      [load(plain, '--path', '/'), 2, /--dir: missing/],
      [load(plain, '--lanes', '2'), 2, /--dir: missing/],
      [load(server.url, ...dir(world), '--attack', 'login'), 0, /generator/],
      [load(server.url, '--dir', world.path('none')), 1, /no authority here/],
      [load(server.url, ...dir(world), '--attack', 'login', '--json', world.folder), 1, /./],
      [load(server.url, ...dir(world), '--attack', 'login', '--trace', world.folder), 1, /./],
      [load(server.url, ...dir(world), '--attack', 'login', '--trace', '/dev/full'), 1, /full/],
    ]);
    await server.stop();
    await table(world, [[load(server.url, ...dir(world), '--attack', 'replay'), 1, /no answer/]]);
  },

  async 'an inspection that was kept is done again unless it is whole and the same'(world) {
    const report = world.path('report');
    const read = (name) => JSON.parse(readFileSync(`${report}/${name}`, 'utf8'));
    await world.must(['inspect', 'collision', '--report', report]);
    assert.ok(read('report.json').version);
    assert.match(readFileSync(`${report}/report.html`, 'utf8'), /<\/html>\s*$/);
    const whole = read('collision.json');
    for (const change of [{ verdict: undefined }, { stopped: undefined }, { stopped: true },
      { seed: '7' }, { size: 'full' }, { name: 'states' }, { name: undefined }, { version: '0' }]) {
      writeFileSync(`${report}/collision.json`, JSON.stringify({ ...whole, ...change }));
      await world.must(['inspect', 'collision', '--report', report]);
      const { verdict, stopped, seed, size, name, version } = read('collision.json');
      assert.deepEqual([verdict, stopped, seed, size, name, version], [whole.verdict, whole.stopped,
        whole.seed, whole.size, whole.name, whole.version], JSON.stringify(change));
    }
    writeFileSync(`${report}/collision.json`, '[]');
    await world.must(['inspect', 'collision', '--report', report]);
    assert.deepEqual(read('collision.json').verdict, whole.verdict);
    const far = await world.skeym(['inspect', 'collision', '--report', world.path('x/'.repeat(3000))]);
    assert.notEqual(far.code, 0);
    assert.match(far.err, /skeym inspect/);
  },
};
