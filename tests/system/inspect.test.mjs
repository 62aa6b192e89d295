// SPDX-License-Identifier: Apache-2.0
// The paper's proof inspections: what they are asked, what they leave, and that they can be repeated.
// Nothing here looks at a time: machines are noisy, and whether a leak is found is for ./dev inspect.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seen, table } from './commands.mjs';
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

  async 'inspect: names and sizes beside each other, and reports without a place'(world) {
    const far = join(world.folder, 'x'.repeat(200), 'x'.repeat(4000));
    const dir = world.path('report');
    mkdirSync(join(dir, 'collision.json'), { recursive: true });
    await table(world, [
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
    mark(marked);
    utimesSync(one, 1e9, 1e9); /* before the program was built: by another one */
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

  async 'a finding whose interval has one end'(world) {
    const report = world.path('report');
    const one = `${report}/collision.json`;
    await world.must(['inspect', 'collision', '--report', report]);
    const finding = JSON.parse(readFileSync(one, 'utf8'));
    const [figure] = finding.figures;
    const shown = async (low, high) => {
      Object.assign(figure, { what: 'the mark', value: 5, low, high });
      writeFileSync(one, JSON.stringify(finding));
      const out = await world.must(['inspect', 'collision', '--report', report]);
      return /^ +the mark.*$/m.exec(out)[0];
    };
    assert.match(await shown(2, 8), /\(2 to 8\)/);
    assert.doesNotMatch(await shown(2, undefined), / to /);
    assert.doesNotMatch(await shown(undefined, 8), / to /);
  },
};
