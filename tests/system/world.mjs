// SPDX-License-Identifier: Apache-2.0
// What a test has: a folder of its own, the program, servers that end with the test, raw sockets.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export class Skip extends Error {}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Tries until it is true, or until ms are over. */
export async function until(what, check, ms = 30000) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if (await check()) return;
    await sleep(20);
  }
  throw new Error(`waited in vain for ${what}`);
}

/** A process: its exit code, and what it said. */
function start(program, args, { env = {}, input, stdio = ['pipe', 'pipe', 'pipe'] } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio });
  const run = { child, out: '', err: '', ready: '' };
  child.stdout.on('data', (data) => (run.out += data));
  child.stderr.on('data', (data) => (run.err += data));
  child.stdio[3]?.on('data', (data) => (run.ready += data));
  child.stdin?.on('error', () => {});
  child.stdin?.end(input ?? '');
  run.exit = new Promise((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? signal)),
  );
  return run;
}

export class Server {
  constructor(run, world) {
    Object.assign(this, { run, world });
    [this.port, this.metricsPort] = run.ready.trim().split(' ').map(Number);
    this.url = `http://127.0.0.1:${this.port}`;
  }

  get pid() {
    return this.run.child.pid;
  }

  /** The log's lines, as objects. */
  log(event) {
    const lines = this.run.err.split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line)).filter((line) => !event || line.event === event);
  }

  /** A request to the metrics listener. */
  monitor(path, headers = {}, method = 'GET') {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.metricsPort, path, headers, method };
      const request = http.request(options, (answer) => {
        let body = '';
        answer.on('data', (data) => (body += data));
        answer.on('end', () => resolve({ status: answer.statusCode, body }));
      });
      request.on('error', reject);
      request.end();
    });
  }

  /** One value of /metrics; 0 when it is not there. */
  async metric(name) {
    const { body } = await this.monitor('/metrics');
    const line = body.split('\n').find((text) => text.startsWith(`${name} `));
    return line ? Number(line.slice(name.length + 1)) : 0;
  }

  signal(name) {
    this.run.child.kill(name);
  }

  /** Ends it; the exit code. */
  async stop(name = 'SIGTERM') {
    this.signal(name);
    return this.run.exit;
  }
}

export class World {
  constructor(program) {
    this.program = program;
    this.folder = mkdtempSync(join(tmpdir(), 'skeym-system-'));
    this.dir = join(this.folder, 'authority');
    this.servers = [];
    this.runs = [];
  }

  path(name) {
    return join(this.folder, name);
  }

  /** Starts the program without waiting. */
  begin(args, options) {
    const run = start(this.program, args, options);
    this.runs.push(run);
    return run;
  }

  /** Runs the program to its end. */
  async skeym(args, options) {
    const run = this.begin(args, options);
    const code = await run.exit;
    return { code, out: run.out, err: run.err };
  }

  /** The same, where failing is a failure of the test. */
  async must(args, options) {
    const result = await this.skeym(args, options);
    if (result.code !== 0) throw new Error(`skeym ${args.join(' ')}: ${result.code}: ${result.err}`);
    return result.out;
  }

  init(...args) {
    return this.must(['init', this.dir, ...args]);
  }

  /** Enrols a node; the path of its credential. */
  async enrol(node, role, ...scopes) {
    const file = this.path(`${node}.credential`);
    const words = scopes.flatMap((scope) => ['--scope', scope]);
    await this.must(['enrol', node, '--role', role, ...words, '-o', file, '--dir', this.dir,
      '--no-passphrase']);
    return file;
  }

  /** Starts a server without waiting. */
  launch(args = [], options = {}) {
    const ports = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0'];
    const named = (flag) => args.some((arg) => arg.startsWith(flag));
    const standard = [0, 2].filter((i) => !named(ports[i])).flatMap((i) => ports.slice(i, i + 2));
    const all = ['serve', this.dir, ...standard, '--ready-fd', '3', ...args];
    const run = start(this.program, all, { ...options, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
    this.runs.push(run);
    return run;
  }

  async serve(args = [], options = {}) {
    const run = this.launch(args, options);
    let ended;
    run.exit.then((code) => (ended = code));
    await until('the server', () => {
      if (ended !== undefined) throw new Error(`the server ended with ${ended}: ${run.err}`);
      return run.ready.endsWith('\n');
    });
    const server = new Server(run, this);
    this.servers.push(server);
    return server;
  }

  /** A server that must not start: what it says. */
  async refuse(args = [], options = {}) {
    const run = this.launch(args, options);
    const code = await run.exit;
    return { code, err: run.err };
  }

  get(server, path, credential, ...more) {
    return this.skeym(['get', path, '--as', credential, '--server', server.url, ...more]);
  }

  post(server, path, credential, body, ...more) {
    const data = typeof body === 'string' ? body : JSON.stringify(body);
    return this.skeym(
      ['post', path, '--as', credential, '--server', server.url, '--data', '-', ...more],
      { input: data },
    );
  }

  /** A live token of a chain file (skeym get --chain). */
  token(chain) {
    const lane = readFileSync(chain, 'utf8').split('\n').find((line) => line.startsWith('lane '));
    return lane.split(' ').at(-1);
  }

  async stopAll() {
    for (const run of this.runs) run.child.kill('SIGTERM');
    await Promise.race([Promise.all(this.runs.map((run) => run.exit)), sleep(15000)]);
  }

  logs() {
    return this.runs.map((run) => run.err).join('\n');
  }

  async end() {
    if (process.env.SKEYM_GENTLY) await this.stopAll(); /* what is killed leaves no coverage */
    for (const run of this.runs) {
      if (run.child.exitCode === null && run.child.signalCode === null) run.child.kill('SIGKILL');
      await Promise.race([run.exit, sleep(5000)]); /* another may hold its pipes */
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A library to load before the program's: its environment, or a skipped test. */
export function preload(world, source) {
  const library = world.path(`${source}.so`);
  try {
    execFileSync('cc', ['-D_GNU_SOURCE', '-shared', '-fPIC', '-o', library,
      fileURLToPath(new URL(source, import.meta.url)), '-ldl']);
  } catch {
    throw new Skip('no C compiler');
  }
  return { LD_PRELOAD: library };
}

/** Sends pieces with a pause between them; what came back until the peer closed or ms were over. */
export function raw(port, pieces, { ms = 1500, gap = 20, until: enough, from } = {}) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: from });
    const result = { text: '', closed: false, ms: 0 };
    const began = Date.now();
    const finish = () => {
      clearTimeout(timer);
      result.ms = Date.now() - began;
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(finish, ms);
    socket.on('data', (data) => {
      result.text += data.toString('latin1');
      if (enough && enough(result.text)) finish();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      result.closed = true;
      finish();
    });
    socket.on('connect', async () => {
      for (const piece of [].concat(pieces)) {
        if (result.closed || socket.destroyed) return;
        socket.write(Buffer.from(piece, 'latin1'));
        await sleep(gap);
      }
    });
  });
}

/** The status codes of the answers in a raw text. */
export const statuses = (text) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));

export const observation = (number, patient = '100') => ({
  resourceType: 'Observation',
  status: 'final',
  subject: { reference: `Patient/${patient}` },
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  effectiveDateTime: '2026-01-02T03:04:05Z',
  valueQuantity: { value: 72, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
  identifier: [{ system: 'urn:test', value: String(number) }],
});
