// SPDX-License-Identifier: Apache-2.0
// How commands are told what to do: words that are nearly right, options written either way, the folder by the
// environment, settings of a file.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { dir, secretFile, table } from './commands.mjs';

const PEOPLE = ['--role', 'doctor', '--scope', 'user/*.cruds'];

export default {
  async 'words that are nearly right'(world) {
    await world.init();
    const credential = await world.enrol('bed', 'device', 'system/Observation.c');
    const file = world.path('new.credential');
    const enrol = (...more) => ['enrol', 'new', ...PEOPLE, '-o', file, '--no-passphrase',
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

  async 'serve: options with their value behind a sign, and those that are none'(world) {
    await world.init();
    let files = 0;
    const config = (text) => secretFile(world, `config${files++}`, text);
    await table(world, [
      [['serve', world.dir, '--ready-fd=x'], 2, /./],
      [['serve', world.dir, '--ready-fds', '3'], 2, /./],
      [['serve'], 2, /DIR is missing/],
      [['serve', world.dir, 'more'], 2, /more: one argument too many/],
      [['serve', '--check-config', '--console', 'no', world.dir], 0, /^console no$/m],
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
