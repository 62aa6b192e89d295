// SPDX-License-Identifier: Apache-2.0
// Passphrases, of a file and at a terminal: which are taken, and what ends without one.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dir, secretFile, seen, table, ward } from './commands.mjs';
import { Skip, until } from './world.mjs';

/** A doctor's credential under a passphrase: its file, and the file of the passphrase. */
async function locked(world) {
  await world.init();
  const words = secretFile(world, 'words', 'correct horse battery staple\n');
  const file = world.path('locked');
  await world.must(['enrol', 'doc', '--role', 'doctor', '--scope', 'user/*.rs', ...dir(world),
    '--passphrase-file', words, '-o', file]);
  return { words, file };
}

export default {
  async 'a passphrase that is none is refused before anything is opened'(world) {
    const { file } = await locked(world);
    const get = (path) => ['get', '/fhir/metadata', '--as', file, '--server', 'http://127.0.0.1:1',
      '--passphrase-file', path];
    await table(world, [
      [get(secretFile(world, 'none', '')), 1, /1 to 1024 bytes|passphrase/],
      [get(secretFile(world, 'long', 'x'.repeat(1025))), 1, /1 to 1024 bytes/],
      [get(secretFile(world, 'ended', `${'x'.repeat(1025)}\n`)), 1, /./],
      [get(world.path('missing')), 1, /missing/],
      [get(secretFile(world, 'wrong', 'another one\n')), 1, /passphrase/],
    ]);
    const keygen = ['keygen', '-o', world.path('key')];
    const differ = await seen(world, keygen, ['one passphrase', 'another one']);
    assert.doesNotMatch(differ, /^[0-9a-f]{64}/m);
    assert.equal(existsSync(world.path('key')), false);
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
    const empty = secretFile(world, 'empty', '\n');
    const none = await world.skeym([...get, '--passphrase-file', empty]);
    assert.deepEqual([none.code, /a passphrase has 1 to 1024 bytes/.test(none.err)], [1, true]);
    const gone = await world.skeym([...get, '--passphrase-file', world.path('gone')]);
    assert.deepEqual([gone.code, /gone: /.test(gone.err)], [1, true]);
  },

  async 'a private key of its own under a passphrase'(world) {
    const { server } = await ward(world);
    const words = secretFile(world, 'words', 'correct horse\n');
    const key = world.path('lee.key');
    const file = world.path('lee.credential');
    const publicKey = (await world.must(['keygen', '-o', key, '--passphrase-file', words])).trim();
    await world.must(['enrol', 'lee', '--role', 'doctor', '--scope', 'user/*.rs', '-o', file, ...dir(world),
      '--no-passphrase', '--public-key', publicKey]);
    const get = ['get', '/fhir/metadata', '--as', file, '--key', key, '--server', server.url];
    const wrong = secretFile(world, 'wrong', 'another horse\n');
    await table(world, [
      [[...get, '--passphrase-file', words], 0, /CapabilityStatement/],
      [[...get, '--passphrase-file', wrong], 1, /passphrase/],
    ]);
    if (spawnSync('setsid', ['--version']).status !== 0) throw new Skip('no setsid here');
    const alone = spawnSync('setsid', ['-w', world.program, ...get], { encoding: 'utf8', timeout: 60000 });
    assert.equal(alone.status, 1);
    assert.match(alone.stderr, /lee\.key: it is locked by a passphrase, and there is no terminal/);
  },

  async 'a passphrase at a terminal: two that differ, one that is given up, one that is too long'(world) {
    const { file } = await locked(world);
    const keygen = ['keygen', '-o', world.path('key')];
    assert.match(await seen(world, keygen, ['correct horse', 'correct']), /the two passphrases differ/);
    assert.match(await seen(world, keygen, ['correct horse', '\x03']), /cancelled/);
    assert.equal(existsSync(world.path('key')), false);
    const get = ['get', '/fhir/metadata', '--as', file, '--server', 'http://127.0.0.1:1'];
    assert.match(await seen(world, get, ['\x03']), /skeym get: cancelled/);
    assert.match(await seen(world, get, ['x'.repeat(1025)]),
      /skeym get: the terminal: a passphrase has 1 to 1024 bytes/);
  },

  async 'who is ended while a passphrase is typed leaves a terminal that shows what is typed'(world) {
    if (spawnSync('script', ['--version']).status !== 0) throw new Skip('no script(1) here');
    const { file } = await locked(world);
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']) {
      const place = world.path(`pid-${signal}`);
      const command = `ulimit -c 0; trap : TERM HUP INT QUIT; sh -c 'echo $$ >"$0"; exec "$@"' ` +
        `'${place}' '${world.program}' get /fhir --as '${file}' --server http://127.0.0.1:1; ` +
        'echo "exit $?"; stty -a';
      const child = spawn('script', ['-qec', command, '/dev/null']);
      let seen = '';
      child.stdout.on('data', (data) => (seen += data));
      const over = new Promise((resolve) => child.on('close', resolve));
      await until('the question', () => seen.includes('Passphrase: '), 60000);
      await until('silence', () => / -echo\b/.test(execFileSync('stty',
        ['-a', '-F', `/proc/${readFileSync(place, 'utf8').trim()}/fd/0`], { encoding: 'utf8' })), 60000);
      process.kill(Number(readFileSync(place, 'utf8')), signal);
      await over;
      assert.match(seen, /exit 1[2-9]\d/, signal);
      assert.match(seen, /[^-]echo\b/, signal);
      assert.match(seen, /[^-]icanon\b/, signal);
    }
  },

  async 'a terminal that goes away while a passphrase is asked for'(world) {
    if (spawnSync('script', ['--version']).status !== 0) throw new Skip('no script(1) here');
    const { file } = await locked(world);
    const tries = [['get', '/fhir/metadata', '--as', file, '--server', 'http://127.0.0.1:1'],
      ['keygen', '-o', world.path('key')]];
    for (const [i, args] of tries.entries()) {
      const said = world.path(`said${i}`);
      const command = `trap '' HUP; '${world.program}' ${args.map((word) => `'${word}'`).join(' ')} ` +
        `2>'${said}'; echo "exit $?" >>'${said}'`;
      const child = spawn('script', ['-qec', command, '/dev/null']);
      let seen = '';
      child.stdout.on('data', (data) => (seen += data));
      await until('the question', () => seen.includes('Passphrase: '), 60000);
      child.kill('SIGKILL');
      await until('its end', () => existsSync(said) && /exit/.test(readFileSync(said, 'utf8')), 60000);
      assert.match(readFileSync(said, 'utf8'), /^skeym \w+: the terminal: .*\nexit 1\n$/);
    }
    assert.equal(existsSync(world.path('key')), false);
  },
};
