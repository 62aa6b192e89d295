// SPDX-License-Identifier: Apache-2.0
// Words, files and terminals that commands are seldom given: each is refused with its reason, or does
// what it says. None of it takes long, and nothing looks at a time.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atTerminal } from './admin.test.mjs';
import { Skip } from './world.mjs';

/** Each command ends with this code and says why. */
async function refused(world, cases) {
  for (const [args, code, why] of cases) {
    const result = await world.skeym(args);
    const what = `skeym ${args.join(' ').slice(0, 200)}: ${result.code}: ${result.err}`;
    assert.equal(result.code, code, what);
    assert.match(result.err, why, what);
  }
}

const secret = (world, name, text) => {
  writeFileSync(world.path(name), text, { mode: 0o600 });
  return world.path(name);
};

async function seen(world, args, lines = [], prompt = undefined) {
  if (spawnSync('script', ['--version']).status !== 0) throw new Skip('no script(1) here');
  return atTerminal([world.program, ...args].map((word) => `'${word}'`).join(' '), lines, prompt);
}

export default {
  async 'inspect: names and sizes beside each other, and reports without a place'(world) {
    const far = join(world.folder, 'x'.repeat(200), 'x'.repeat(4000));
    const dir = world.path('report');
    mkdirSync(join(dir, 'collision.json'), { recursive: true });
    await refused(world, [
      [['inspect', 'all', 'nothing'], 2, /there is no inspection 'nothing'/],
      [['inspect', 'all', '--loud'], 2, /--loud/],
      [['inspect', ...Array(70).fill('collision')], 2, /too many|usage/i],
      [['inspect', 'collision', '--report', far], 1, /skeym inspect: /],
      [['inspect', 'collision', '--report', dir], 1, /skeym inspect: /], /* a folder is in its place */
    ]);
    assert.match(await world.must(['inspect', 'collision', '--quick']), /collision/);
  },

  async 'inspect: on a terminal it is seen how far it is'(world) {
    const shown = await seen(world, ['inspect', 'brute', '--seed', '3']);
    assert.match(shown, /\r\x1b\[K[^\r\n]*, \d+%/);
    assert.match(shown, /CANNOT BE TRUE|cannot be true/i);
  },

  async 'bench: numbers, cores and processes that there are not'(world) {
    const url = 'http://127.0.0.1:1/';
    const load = (...words) => ['bench', 'load', url, ...words];
    const many = Array.from({ length: 20 }, () => ['--watch', '1']).flat();
    await refused(world, [
      [load('--seconds', ''), 2, /--seconds/],
      [load('--seconds', '1'.repeat(20)), 2, /--seconds/],
      [load('--seconds', '1.x'), 2, /--seconds/],
      [load('--core', '1023'), 2, /there is no such core/],
      [load(...many), 2, /given too often/],
      [load('--watch', 'x'), 2, /not the number of a process/],
      [load('--nodes', '1'), 2, /without it there are no nodes/],
      [load('--path', '/x'), 2, /without it there are no nodes/],
      [load('--lanes', '2'), 2, /without it there are no nodes/],
      [load('--bundle', '2'), 2, /without it there are no nodes/],
      [['bench', 'load', 'http://192.0.2.1:80/', '--allow-remote', '192.0.2.2:80'], 2,
        /not this machine/],
    ]);
  },

  async 'bench: a watched server, after a warm-up, and headers from a file'(world) {
    await world.init();
    const server = await world.serve();
    const url = `${server.url}/fhir/metadata`;
    let files = 0;
    const headers = (text) => secret(world, `headers${files++}`, text);
    const load = (...words) => ['bench', 'load', url, '--connections', '1', '--seconds', '1',
      '--expect', '401', ...words];
    const out = await world.must(load('--watch', `${server.pid}`, '--warmup', '1', '--header-file',
      headers('X-A: b'))); /* it needs no end of line */
    assert.match(out, /\d/);
    await refused(world, [
      [load('--header-file', headers('')), 1, /headers\d: /],
      [load('--header-file', headers('\n')), 1, /headers\d: /],
      [load('--header-file', headers('X-A: \0b\n')), 1, /headers\d: /],
      [load('--header-file', headers('X-A: b\nX-C: d\n')), 1, /a character that is not allowed/],
      [load('--header-file', headers('X-A: b'), ...Array(16).fill(['--header', 'X-B: c']).flat()), 1,
        /headers\d: /], /* one more than there is room for */
      [load('--header-file', world.path('none')), 1, /none/],
      [load('--watch', '2147483647'), 1, /./],
    ]);
  },

  async 'serve: options with their value behind a sign, and those that are none'(world) {
    await world.init();
    let files = 0;
    const config = (text) => secret(world, `config${files++}`, text);
    await refused(world, [
      [['serve', world.dir, '--ready-fd=x'], 2, /./],
      [['serve', world.dir, '--ready-fds', '3'], 2, /./],
      [['serve', world.dir, '--config'], 2, /./],
      [['serve', world.dir, '--config', config(''), '--config', config('')], 2, /./],
      [['serve', '--check-config', `--config=${config('= 5\n')}`], 1, /config\d:1: /],
      [['serve', '--check-config', `--config=${config('\x01 5\n')}`], 1, /config\d:1: no such setting$/m],
      [['serve', '--check-config', `--config=${config('no-such-setting = 5\n')}`], 1, /config\d:1: /],
      [['serve', '--check-config', '--no-such-setting=5'], 2, /no-such-setting/],
      [['serve', '--check-config', world.path('none')], 1, /./],
      [['serve', '--check-config', config('x')], 1, /./], /* a file is no folder */
    ]);
  },

  async 'connect: a secret that is not one line of plain characters'(world) {
    await world.init();
    const service = await world.enrol('svc', 'service', 'system/*.cruds');
    let files = 0;
    const bearer = (text) => secret(world, `bearer${files++}`, text);
    const words = (text) => ['connect', '--as', service, '--to', 'http://127.0.0.1:1', '--listen',
      '127.0.0.1:0', '--bearer-file', bearer(text)];
    const long = 'a'.repeat(40);
    await refused(world, [
      [words(''), 1, /one line/],
      [words('short'), 1, /one line/],
      [words(`${long} ${long}`), 1, /one line/],
      [words(`${long}\x7f`), 1, /one line/],
      [words(`${long}\n\n`), 1, /one line/],
      [words(`${long}\r\n`), 1, /one line/],
    ]);
  },

  async 'a passphrase that is none is refused before anything is opened'(world) {
    await world.init();
    const words = secret(world, 'words', 'correct horse battery staple\n');
    const file = world.path('locked');
    await world.must(['enrol', 'doc', '--role', 'doctor', '--scope', 'user/*.rs', '--dir', world.dir,
      '--passphrase-file', words, '-o', file]);
    const get = (path) => ['get', '/fhir/metadata', '--as', file, '--server', 'http://127.0.0.1:1',
      '--passphrase-file', path];
    await refused(world, [
      [get(secret(world, 'none', '')), 1, /1 to 1024 bytes|passphrase/],
      [get(secret(world, 'long', 'x'.repeat(1025))), 1, /1 to 1024 bytes/],
      [get(secret(world, 'ended', `${'x'.repeat(1025)}\n`)), 1, /./],
      [get(world.path('missing')), 1, /missing/],
      [get(secret(world, 'wrong', 'another one\n')), 1, /passphrase/],
    ]);
    const keygen = ['keygen', '-o', world.path('key')];
    const differ = await seen(world, keygen, ['one passphrase', 'another one']);
    assert.doesNotMatch(differ, /^[0-9a-f]{64}/m);
    assert.equal(existsSync(world.path('key')), false);
  },

  async 'device: speeds and leads at their ends'(world) {
    await world.init();
    const bed = await world.enrol('bed', 'device', 'system/*.cruds');
    const server = await world.serve();
    const device = (...words) => ['device', '--simulate', '--patient', '100', '--as', bed, '--server',
      server.url, ...words];
    await refused(world, [
      [device('--speed', '1000000.5'), 2, /--speed takes/],
      [device('--speed', '1..5'), 2, /--speed takes/],
      [device('--speed', ''), 2, /--speed takes/],
      [device('--leads', '2'), 2, /--leads takes/],
      [device('--over', '5'), 2, /are for --deteriorate/],
      [device('--deteriorate', 'shock', '--over', 'x'), 2, /--after and --over take/],
    ]);
    await world.must(device('--leads', '12', '--minutes', '1', '--speed', '1000000',
      '--deteriorate', 'shock', '--after', '5', '--over', '20'));
  },

  async 'post: what is sent is a file, and of a size that a server takes'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const file = secret(world, 'file', '{}');
    const post = (...words) => ['post', '/fhir/Observation', '--as', doctor, '--server',
      'http://127.0.0.1:1', ...words];
    await refused(world, [
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
