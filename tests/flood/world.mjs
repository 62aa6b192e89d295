// SPDX-License-Identifier: Apache-2.0
// A folder with an authority, its server on one core, and generators on another.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

export const SERVER_CORE = 0;
export const LOAD_CORE = availableParallelism() > 1 ? 1 : 0;
const WAIT_MS = 60000;
/** Of a core, beside a loop that does nothing: so many steps nicer, as the kernel weighs them (1024 is the loop's). */
export const SHARES = {
  tenth: 10, // 110 of 110 + 1024 parts
  twentieth: 13, // 56 of 56 + 1024
  thirtieth: 15, // 36 of 36 + 1024
};

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Which of the words can be had: programs that bind to a core or change priority. */
const pinned = (core, nice, argv) =>
  ['taskset', '-c', String(core), 'nice', '-n', String(nice), ...argv];

export class World {
  constructor(program, blaster) {
    this.program = program;
    this.blaster = blaster;
    this.folder = mkdtempSync(join(tmpdir(), 'skeym-flood-'));
    this.children = [];
    this.count = 0;
    execFileSync(program, ['init', this.path('authority')]);
  }

  path(name) {
    return join(this.folder, name);
  }

  spawn(argv, log, stdio = 'ignore') {
    const out = openSync(this.path(log), 'a');
    const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', out, out, stdio] });
    closeSync(out);
    child.exit = new Promise((resolve) =>
      child.on('close', (code, signal) => resolve(code ?? signal)));
    this.children.push(child);
    return child;
  }

  /** While it runs, servers get about this share of their core: they are nicer than what burns it. */
  burn(share) {
    this.nice = SHARES[share];
    this.burner = this.spawn(pinned(SERVER_CORE, 0, ['sh', '-c', 'while :; do :; done']), 'burner.log');
  }

  async stopBurning() {
    this.burner?.kill('SIGKILL');
    await this.burner?.exit;
    this.burner = undefined;
  }

  /** A server with settings as they are by default, but for what is given. */
  async serve(...args) {
    const argv = pinned(SERVER_CORE, this.burner ? this.nice : 0, [this.program, 'serve', this.path('authority'), '--listen',
      '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0', '--threads', '1', '--ready-fd', '3', ...args]);
    const child = this.spawn(argv, 'server.log', 'pipe');
    let text = '';
    child.stdio[3].on('data', (data) => (text += data));
    for (const end = Date.now() + WAIT_MS; !text.endsWith('\n');) {
      if (child.exitCode !== null || Date.now() > end) {
        throw new Error(`the server does not start: ${this.log('server.log')}`);
      }
      await sleep(10);
    }
    const [port, metrics] = text.trim().split(' ').map(Number);
    return { child, url: `http://127.0.0.1:${port}`, port, metrics, pid: child.pid };
  }

  async stop(server) {
    server.child.kill('SIGTERM');
    return server.child.exit;
  }

  /** Starts `skeym bench load`; its figures come with done(). */
  load(server, nice, ...args) {
    const name = `load-${this.count++}`;
    const json = this.path(`${name}.json`);
    const argv = pinned(LOAD_CORE, nice, [this.program, 'bench', 'load', server.url, '--dir',
      this.path('authority'), '--json', json, ...args.map(String)]);
    const child = this.spawn(argv, `${name}.log`);
    const done = async () => {
      const code = await child.exit;
      let figures;
      try {
        figures = JSON.parse(readFileSync(json, 'utf8'));
      } catch {
        throw new Error(`${args.join(' ')}: exit ${code}: ${this.log(`${name}.log`)}`);
      }
      return { code, figures, text: this.log(`${name}.log`) };
    };
    return { child, done };
  }

  /** Starts the flooder that waits for nothing (blast.c); its figures come with done(). */
  blast(server, nice, kind, rate, connections, batch, from, seconds) {
    const name = `blast-${this.count++}`;
    const credential = this.path(`${name}.cred`);
    execFileSync(this.program, ['enrol', name, '--dir', this.path('authority'), '--role', 'doctor', '--scope',
      'user/*.rs', '--no-passphrase', '--server', server.url, '-o', credential]);
    const child = this.spawn(pinned(LOAD_CORE, nice, [this.blaster, server.url, credential, kind, Math.round(rate),
      connections, batch, from, seconds].map(String)), `${name}.log`);
    const done = async () => {
      const code = await child.exit;
      const text = this.log(`${name}.log`);
      const json = text.split('\n').find((line) => line.startsWith('{'));
      if (!json) throw new Error(`${kind}: exit ${code}: ${text}`);
      return { code, text, figures: JSON.parse(json) };
    };
    return { child, done };
  }

  log(name) {
    try {
      return readFileSync(this.path(name), 'utf8').slice(-2000);
    } catch {
      return '';
    }
  }

  end() {
    for (const child of this.children) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Of /proc/PID/status, in MiB: VmRSS, or VmHWM, the most that it ever was. */
export function memory(server, what) {
  const text = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(new RegExp(`^${what}:\\s+(\\d+)`, 'm').exec(text)[1]) / 1024;
}

/** CPU that the server has used, in seconds. */
export function cpu(server) {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Counters of /metrics, as an object. */
export async function metrics(server) {
  const answer = await fetch(`http://127.0.0.1:${server.metrics}/metrics`);
  const lines = (await answer.text()).split('\n').filter((line) => line && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => {
    const at = line.lastIndexOf(' ');
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

/** A trace: [{due, latency, kind, outcome, repeated}], in ms. */
export function trace(path) {
  return readFileSync(path, 'utf8').trim().split('\n').slice(1).map((line) => {
    const [due, latency, kind, outcome, repeated] = line.split(',');
    return { due: due / 1000, latency: latency / 1000, kind, outcome, repeated: Number(repeated) };
  });
}

/** The least value that this share of the sorted ones does not exceed. */
export function percentile(sorted, share) {
  return sorted.length ? sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)] : 0;
}

/** false where programs cannot be bound to cores. */
export const canPin = () => spawnSync('taskset', ['-c', '0', 'true']).status === 0;
