// SPDX-License-Identifier: Apache-2.0
// The paper's proof inspections: what they are asked, what they leave, and that they can be repeated.
// Nothing here looks at a time: machines are noisy, and whether a leak is found is for ./dev inspect.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sleep, until } from './world.mjs';

const DATA = fileURLToPath(new URL('../../../shared/data', import.meta.url));
const NAMES = ['states', 'brute', 'guess', 'timing', 'keygen', 'collision', 'authenticator',
  'classifiers', 'misgenerated', 'attackers'];

const report = (dir) => JSON.parse(readFileSync(`${dir}/report.json`, 'utf8'));
const section = (dir, name) => report(dir).inspections.find((one) => one.name === name);
const figure = (one, id) => one.figures.find((row) => row.id === id)?.value;

export default {
  async 'lists what there is, and says what is wrong'(world) {
    const { code, out } = await world.skeym(['inspect']);
    assert.equal(code, 0);
    for (const name of NAMES) assert.match(out, new RegExp(`^${name} `, 'm'));
    for (const [args, why] of [
      [['nothing'], /there is no inspection 'nothing'/],
      [['all', '--quick', '--full'], /--quick or --full, not both/],
      [['all', '--seed', '-1'], /--seed takes a whole number/],
      [['all', '--seed', '1x'], /--seed takes a whole number/],
      [['all', '--seed', '18446744073709551616'], /--seed takes a whole number/],
    ]) {
      const wrong = await world.skeym(['inspect', ...args]);
      assert.equal(wrong.code, 2, args.join(' '));
      assert.match(wrong.err, why);
    }
  },

  async 'every one comes to a verdict, with figures that a seed repeats'(world) {
    const dir = world.path('report');
    const names = existsSync(DATA) ? NAMES : NAMES.filter((name) => name !== 'classifiers');
    const args = ['inspect', ...names, '--seed', '7', '--data', DATA, '--report', dir];
    const { code, out, err } = await world.skeym(args);
    assert.equal(code, 0, out + err);
    const all = report(dir);
    assert.deepEqual(all.inspections.map((one) => one.name), names);
    for (const one of all.inspections) {
      assert.ok(one.verdict.text.length > 20, one.name);
      assert.ok(one.did.length > 0 && one.claims.length > 0, one.name);
      assert.equal(one.seed, '7');
      assert.equal(one.stopped, false);
    }
    assert.equal(figure(section(dir, 'guess'), 'guess.hits'), 0);
    assert.equal(figure(section(dir, 'guess'), 'forge.accepted'), 0);
    assert.equal(figure(section(dir, 'authenticator'), 'false.accepts'), 0);
    assert.equal(figure(section(dir, 'authenticator'), 'false.rejects'), 0);
    assert.equal(section(dir, 'authenticator').verdict.kind, 'cannot be true');
    assert.equal(figure(section(dir, 'attackers'), 'succeeded'), 0);
    assert.equal(figure(section(dir, 'attackers'), 'attacks'), 14);
    assert.equal(section(dir, 'misgenerated').verdict.kind, 'confirmed');
    assert.equal(figure(section(dir, 'states'), 'stolen.twin'), 200);
    assert.equal(figure(section(dir, 'states'), 'stolen.ours'), 0);
    assert.ok(Math.abs(figure(section(dir, 'collision'), 'example.log_none') + 8) < 1e-10);
    const tried = section(dir, 'brute').tables.find((one) => one.columns[0] === 'bits').rows;
    assert.ok(tried.every((row) => row[2] === '1'), 'each search hits once');
    if (names.includes('classifiers')) {
      assert.equal(figure(section(dir, 'classifiers'), 'grnn.differ'), 0);
    }

    const html = readFileSync(`${dir}/report.html`, 'utf8');
    assert.doesNotMatch(html, /<script|<link|<img|https?:/);
    for (const name of names) assert.ok(html.includes(`<section id="${name}">`), name);
    assert.ok(!readdirSync(dir).some((name) => name.endsWith('.new')));

    const again = await world.skeym(args);
    assert.equal(again.code, 0);
    assert.equal((again.err.match(/kept from an earlier run/g) ?? []).length, names.length);
    const before = section(dir, 'brute');
    const anew = await world.skeym(['inspect', 'brute', '--again', '--seed', '7', '--report', dir]);
    assert.equal(anew.code, 0);
    const places = (one) => one.tables.map((table) => table.rows.map((row) => row[2]));
    assert.deepEqual(places(section(dir, 'brute')), places(before));
  },

  async 'one that cannot be done says so, and the others are done'(world) {
    const dir = world.path('report');
    const { code, out } = await world.skeym(['inspect', 'collision', 'classifiers', '--data',
      world.path('none'), '--report', dir]);
    assert.equal(code, 1);
    assert.match(out, /classifiers: .*\n {2}FAILED: no such file/);
    assert.deepEqual(report(dir).inspections.map((one) => 'verdict' in one), [true, false]);
    assert.match(readFileSync(`${dir}/report.html`, 'utf8'), /not finished/);
  },

  async 'an interrupt keeps what is done, and the next run goes on'(world) {
    const dir = world.path('report');
    const args = ['inspect', 'guess', 'collision', '--full', '--report', dir];
    const child = spawn(world.program, args, { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', resolve));
    await sleep(1000);
    child.kill('SIGINT');
    assert.equal(await ended, 1);
    await until('the report', () => existsSync(`${dir}/report.json`));
    assert.equal(section(dir, 'guess').stopped, true);
    assert.ok(figure(section(dir, 'guess'), 'forge.count') < 1e9);
    assert.equal(section(dir, 'collision'), undefined);
    const next = await world.skeym(['inspect', 'collision', '--full', '--report', dir]);
    assert.equal(next.code, 0);
  },

  async 'a report that cannot be written is an error'(world) {
    const { code, err } = await world.skeym(['inspect', 'collision', '--report', '/proc/none']);
    assert.equal(code, 1);
    assert.match(err, /skeym inspect: \/proc\/none: reading or writing failed/);
  },
};
