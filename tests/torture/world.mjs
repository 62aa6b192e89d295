// SPDX-License-Identifier: Apache-2.0
// What every injection begins with, made once: an authority with nodes, a server on it, and
// programs to run. A lane has one world of its own.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync,
  writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Program, environment } from './program.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const LIMITS = ['--login-rate', '100000', '--login-burst', '1000000', '--login-cpu', '6400',
  '--threads', '2', '--used-slots', '65536'];
const PORTS = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0'];

/** Tries until it is true; a generous limit, for busy machines. */
export async function until(what, check, ms = 60000) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    const found = await check();
    if (found) return found;
    await sleep(5);
  }
  throw new Error(`waited in vain for ${what}`);
}

export const PASSPHRASE = 'not a word of any file here';

export const observation = (patient, value = 72) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  subject: { reference: `Patient/${patient}` },
  effectiveDateTime: '2026-01-02T03:04:05Z',
  valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
});

/** A server in a process of its own. */
export class Server {
  constructor(program, dir, { page, leaks = false, more = [], env = {} } = {}) {
    this.err = '';
    const around = page ? environment(page, leaks, env)
      : { ...process.env, ASAN_OPTIONS: 'detect_leaks=0', ...env };
    this.child = spawn(program, ['serve', dir, ...PORTS, ...LIMITS, '--ready-fd', '3', ...more],
      { env: around, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
    process.on('exit', () => this.child.kill('SIGKILL')); /* who is stopped leaves none behind */
    let ready = '';
    this.child.stdio[3].on('data', (data) => (ready += data));
    this.child.stderr.on('data', (data) => (this.err = (this.err + data).slice(-60000)));
    this.exit = new Promise((resolve) =>
      this.child.on('close', (code, signal) => {
        this.ended = { code, signal };
        resolve(this.ended);
      }));
    this.ready = () => {
      if (!ready.endsWith('\n')) return false;
      [this.port, this.metricsPort] = ready.trim().split(' ').map(Number);
      this.url = `http://127.0.0.1:${this.port}`;
      return true;
    };
  }

  /** Waits until it serves or has ended. */
  async start() {
    await until('the server', () => this.ready() || this.ended);
    if (this.ended) throw new Error(`the server ended at its start: ${this.err}`);
    return this;
  }

  /** Ends it; its exit. */
  async stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 90000);
    const exit = await this.exit;
    clearTimeout(timer);
    return exit;
  }
}

export class World {
  constructor(programPath, lane, env = {}) {
    const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
    this.folder = mkdtempSync(`${base}/skeym-torture-`);
    this.lane = lane;
    this.path = programPath;
    this.env = env;
    this.number = 0;
    mkdirSync(this.at('made'));
    /* the one that fails, and the one that looks at what it left behind */
    this.victim = new Program(programPath, this.folder, 'victim', { env });
    this.slow = new Program(programPath, this.folder, 'slow', { env, stacks: true });
    this.plain = Program.plain(programPath, this.folder);
  }

  at(name) {
    return `${this.folder}/${name}`;
  }

  /** Runs the program without faults. */
  run(args, options) {
    const cwd = this.at(existsSync(this.at('try')) ? 'try' : 'made');
    return this.plain.run(args, { cwd, ...options });
  }

  async must(args, options) {
    const result = await this.run(args, options);
    if (result.code !== 0) {
      throw new Error(`without a fault, skeym ${args.join(' ')} ended with ` +
        `${result.code ?? `signal ${result.signal}`}: ${result.err.slice(0, 600)}`);
    }
    return result.out;
  }

  async enrol(cwd, node, role, scope) {
    await this.must(['enrol', node, '--role', role, '--scope', scope, '-o', `${node}.cred`,
      '--dir', 'authority', '--no-passphrase', '--server', this.server?.url ?? 'http://127.0.0.1:1'],
    { cwd });
  }

  /** A code that enrols a node at the ward's server. */
  async invite(node, dir = 'ward/authority') {
    const out = await this.must(['enrol', node, '--role', 'doctor', '--scope', 'user/*.cruds',
      '--invite', '--code-only', '--dir', this.at(dir), '--server', this.server.url]);
    return out.trim();
  }

  /** The folder that scenarios begin with. */
  async make() {
    const cwd = this.at('made');
    await this.must(['init', 'authority'], { cwd });
    cpSync(this.at('made'), this.at('ward'), { recursive: true });
    this.server = await new Server(this.path, this.at('ward/authority')).start();
    await this.invite('first'); /* makes the list of used ones */
    await this.enrol(cwd, 'dr', 'doctor', 'user/*.cruds');
    await this.enrol(cwd, 'bed', 'device', 'system/Observation.c');
    writeFileSync(`${cwd}/passphrase`, `${PASSPHRASE}\n`, { mode: 0o600 });
    /* something to read, and to find on more than one page */
    writeFileSync(`${cwd}/body`, JSON.stringify(observation('read')));
    for (let i = 0; i < 3; i++) {
      await this.must(['post', '/fhir/Observation', '--as', 'dr.cred', '--data', 'body'], { cwd });
    }
    writeFileSync(`${cwd}/body`, JSON.stringify(observation('7')));
    cpSync(cwd, this.at('two'), { recursive: true });
    await this.must(['rotate', '--dir', 'authority'], { cwd: this.at('two') });
    this.secrets = this.#secrets(cwd);
  }

  /** What must never be seen in a message. */
  #secrets(cwd) {
    const lines = ['dr', 'bed'].map((node) =>
      /^secret (.*)$/m.exec(readFileSync(`${cwd}/${node}.cred`, 'utf8'))[1]);
    return [...lines.map((line) => line.slice(0, 24)), ...lines.map((line) => line.slice(-24)),
      PASSPHRASE];
  }

  /** A fresh folder "try", as a copy. */
  fresh(from) {
    rmSync(this.at('try'), { recursive: true, force: true });
    if (from) cpSync(this.at(from), this.at('try'), { recursive: true });
    else mkdirSync(this.at('try'));
    return ++this.number;
  }

  exists(name) {
    return existsSync(this.at(`try/${name}`));
  }

  text(name) {
    return this.exists(name) ? readFileSync(this.at(`try/${name}`), 'utf8') : '';
  }

  write(name, text) {
    writeFileSync(this.at(`try/${name}`), text, { mode: 0o600 });
  }

  names(folder = '.') {
    return readdirSync(this.at(`try/${folder}`));
  }

  /** The audit file's lines, as objects. */
  audit(event) {
    const lines = this.text('authority/audit').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line)).filter((line) => line.event === event);
  }

  async end() {
    await this.ward?.stop();
    const exit = this.server ? await this.server.stop() : undefined;
    this.victim.end();
    this.slow.end();
    this.plain.end();
    rmSync(this.folder, { recursive: true, force: true });
    return exit;
  }
}
