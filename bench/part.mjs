// SPDX-License-Identifier: Apache-2.0
// What the parts of the bench with a run of their own have in common: options, a folder that goes
// with the program, other programs, results as a table and as name -> {median, min, max, unit}.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const build = resolve(root, process.env.BUILD ?? 'build');
export const skeym = process.env.SKEYM_PROGRAM ?? join(build, 'skeym');

export function fail(text) {
  process.stderr.write(`${process.argv[1]}: ${text}\n`);
  process.exit(1);
}

/** --quick, --json FILE, and --keep: the folder stays. */
export function options(what) {
  const out = { quick: false, json: null, keep: false };
  const words = process.argv.slice(2);
  while (words.length > 0) {
    const word = words.shift();
    if (word === '--quick') out.quick = true;
    else if (word === '--keep') out.keep = true;
    else if (word === '--json' && words.length > 0) out.json = words.shift();
    else {
      process.stdout.write(`usage: ${process.argv[1]} [--quick] [--json FILE] [--keep]\n${what}\n`);
      process.exit(word === '--help' ? 0 : 2);
    }
  }
  return out;
}

/** A folder in TMPDIR, removed with all that is in it when the program ends. */
export function folder(keep) {
  const path = mkdtempSync(join(tmpdir(), 'skeym-bench-'));
  process.on('exit', () => keep || rmSync(path, { recursive: true, force: true }));
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => process.exit(1));
  return path;
}

/** Runs a program to its end; its output (`both`: of stderr, too). Ends this one when it fails. */
export function run(program, args, { input, allow, both } = {}) {
  const done = spawnSync(program, args, {
    encoding: 'utf8', input, maxBuffer: 1 << 28, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  if (done.error || (done.status !== 0 && !allow))
    fail(`${program} ${args.slice(0, 4).join(' ')}: ${done.error ?? `status ${done.status}`}\n${done.stderr ?? ''}`);
  return both ? done.stdout + done.stderr : done.stdout;
}

export const runJson = (program, args) => JSON.parse(run(program, args));
export const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

const servers = [];
process.on('exit', () => servers.forEach((server) => server.kill('SIGKILL')));

/** Starts `skeym serve`; resolves to {pid, url, stop} once it listens. */
export function serve(dir, more = []) {
  return new Promise((done) => {
    const server = spawn(skeym, ['serve', dir, '--listen', '127.0.0.1:0', '--ready-fd', '3', '--metrics-listen', '127.0.0.1:0', ...more], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    let said = '';
    let ready = '';
    servers.push(server);
    const ended = new Promise((end) => server.on('exit', end));
    const early = () => fail(`the server does not start:\n${said}`);
    server.on('exit', early);
    server.stderr.on('data', (text) => (said = (said + text).slice(-2000)));
    server.stdio[3].on('data', (text) => {
      ready += text;
      if (!ready.includes('\n')) return;
      server.off('exit', early);
      const stop = async () => {
        server.kill('SIGTERM');
        const code = await ended;
        if (code !== 0) fail(`the server did not end in order (${code}):\n${said}`);
      };
      done({ pid: server.pid, url: `http://127.0.0.1:${parseInt(ready, 10)}`, stop });
    });
  });
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Rows of results. An aim is {most} or {least}, for the median. */
export class Report {
  rows = [];

  add(name, what, unit, values, aim = {}) {
    const all = [values].flat();
    const row = { name, what, unit, median: median(all), min: Math.min(...all), max: Math.max(...all), aim };
    this.rows.push(row);
    return row.median;
  }

  find = (name) => this.rows.find((row) => row.name === name);

  print() {
    const digits = (x) => (x !== 0 && Math.abs(x) < 100 ? x.toFixed(2) : x.toFixed(0));
    const wide = Math.max(...this.rows.map((row) => row.name.length));
    console.log(`${'figure'.padEnd(wide)} ${'min'.padStart(11)} ${'median'.padStart(11)} ${'max'.padStart(11)} unit  aim`);
    for (const { name, unit, min, median: middle, max, aim } of this.rows) {
      const met = aim.most !== undefined ? middle <= aim.most : aim.least !== undefined ? middle >= aim.least : null;
      const text = aim.most !== undefined ? `<= ${aim.most}` : `>= ${aim.least}`;
      console.log(`${name.padEnd(wide)} ${[min, middle, max].map((x) => digits(x).padStart(11)).join(' ')} ` +
        `${unit.padEnd(5)} ${met === null ? '' : `${text}: ${met ? 'met' : 'MISSED'}`}`);
    }
    console.log('');
    for (const { name, what } of this.rows) console.log(`${name.padEnd(wide)} ${what}`);
  }

  write(path) {
    const flat = {};
    for (const { name, unit, median: middle, min, max } of this.rows) flat[name] = { median: middle, min, max, unit };
    if (path) writeFileSync(path, `${JSON.stringify(flat, null, 2)}\n`);
  }
}

export const machine = () => `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`;
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
