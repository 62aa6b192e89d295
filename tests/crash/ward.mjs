// SPDX-License-Identifier: Apache-2.0
// A ward that may die: the real program as server, device agents and commands, and nodes of the
// second implementation that write readings here and note what was acknowledged, when.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SkeymNode } from '../second/skeym/client.mjs';
import { readCredential } from '../second/skeym/credential.mjs';
import { toBytes, toText } from '../second/skeym/bytes.mjs';

export const SYSTEM = 'urn:crash:reading';
const PATIENCE_MS = 60000; /* for what takes a moment: these machines are busy */

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until check() is true; what: for the message. */
export async function until(what, check, ms = PATIENCE_MS) {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(2)) if (await check()) return;
  throw new Error(`waited in vain for ${what}`);
}

/** One HTTP request; an answer as the second implementation wants it. */
export function send(port, { method, target, headers, body }, agent) {
  return new Promise((resolve, reject) => {
    const size = body ? { 'content-length': String(body.length) } : {};
    const options = { host: '127.0.0.1', port, method, path: target, agent };
    const request = http.request({ ...options, headers: { ...headers, ...size } }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () =>
        answer.complete
          ? resolve({
              status: answer.statusCode,
              header: (name) => answer.headers[name] ?? null,
              body: new Uint8Array(Buffer.concat(parts)),
            })
          : reject(new Error('cut short')));
    });
    request.setTimeout(PATIENCE_MS, () => request.destroy(new Error('no answer')));
    request.on('error', reject);
    request.end(body);
  });
}

/** A process of the program. */
export class Run {
  constructor(program, args, env = {}) {
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe'];
    this.child = spawn(program, args, { env: { ...process.env, ...env }, stdio });
    this.out = this.err = this.ready = '';
    this.ended = undefined;
    this.child.stdout.on('data', (data) => (this.out += data));
    this.child.stderr.on('data', (data) => (this.err = (this.err + data).slice(-20000)));
    this.child.stdio[3].on('data', (data) => {
      this.ready += data;
      this.readyAt ??= performance.now();
    });
    this.began = performance.now();
    this.exit = new Promise((resolve) =>
      this.child.on('close', (code, signal) => resolve((this.ended = code ?? signal))));
  }

  kill(name = 'SIGKILL') {
    this.child.kill(name);
    return this.exit;
  }
}

/** What was promised: each with the place in the trace (or 0) at which it was known. */
export class Ledger {
  acknowledged = new Map(); /* reading: place */
  known = new Map(); /* reading: patient, sent at least once */
  revoked = new Map();
  enrolled = new Map(); /* node: { place, file } */
  used = []; /* requests that were answered, as they crossed the wire */
  open = new Set(); /* those that were not */

  /** The newest requests of either kind, and forgets them. */
  takeWires(most) {
    const wires = [...this.used.slice(-most), ...[...this.open].slice(-most)];
    this.used = [];
    this.open.clear();
    return wires;
  }
}

export class Ward {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'skeym-crash-')));
  ledger = new Ledger();
  runs = [];
  agent = new http.Agent({ keepAlive: true });
  ended = false;
  failures = []; /* what no crash explains */
  env = {};
  port = 0;

  constructor(program) {
    this.program = program;
    mkdirSync(join(this.folder, 'world'));
    mkdirSync(this.path('nodes'));
    this.dir = this.path('authority');
  }

  path(name) {
    return join(this.folder, 'world', name);
  }

  /** Where the trace is now. */
  place() {
    return this.env.SKEYM_TRACE ? statSync(this.env.SKEYM_TRACE).size : 0;
  }

  start(args, env = {}) {
    const run = new Run(this.program, args, { ...this.env, ...env });
    this.runs.push(run);
    run.exit.then(() => (this.runs = this.runs.filter((other) => other !== run)));
    return run;
  }

  async must(...args) {
    const run = this.start(args);
    const code = await run.exit;
    if (code !== 0) throw new Error(`skeym ${args.join(' ')}: ${code}: ${run.err}`);
    return run.out;
  }

  async enrol(node, role, scope) {
    const file = this.path(`nodes/${node}.cred`);
    await this.must(...this.enrolArgs(node, role, scope, file));
    return file;
  }

  enrolArgs(node, role, scope, file) {
    return ['enrol', node, '--role', role, '--scope', scope, '-o', file, '--dir', this.dir,
      '--no-passphrase', '--server', `http://127.0.0.1:${this.port}`];
  }

  /** A server that is starting. */
  launch(env = {}, dir = this.dir, port = this.port) {
    return this.start(['serve', dir, '--listen', `127.0.0.1:${port}`, '--metrics-listen',
      '127.0.0.1:0', '--ready-fd', '3', '--login-rate', '1000', '--login-burst', '10000',
      '--threads', '2', '--log-level', 'warning'], env);
  }

  /** Waits for it: milliseconds that it took. Another may have the port for a moment. */
  async ready(run, again = () => this.launch(), ms = PATIENCE_MS) {
    const end = Date.now() + ms;
    for (;;) {
      await until('a server', () => run.ready.endsWith('\n') || run.ended !== undefined, ms);
      if (run.ready.endsWith('\n')) break;
      const taken = /listen address/.test(run.err) && Date.now() < end;
      if (!taken) throw new Error(`the server ended with ${run.ended}: ${run.err}`);
      await sleep(100);
      run = again();
    }
    this.server = run;
    this.port = Number(run.ready.split(' ')[0]);
    return run.readyAt - run.began;
  }

  async identity(file) {
    return readCredential(readFileSync(file, 'utf8'));
  }

  /** A node of the second implementation whose requests are noted. */
  node(identity, { noted = true, lanes = 2 } = {}) {
    const transport = async (server, wire) => {
      const exchange = noted && wire.headers.authorization;
      if (exchange) this.ledger.open.add(wire);
      const answer = await send(this.port, wire, this.agent);
      if (exchange && this.ledger.open.delete(wire)) this.ledger.used.push(wire);
      return answer;
    };
    return new SkeymNode(identity, { lanes, transport });
  }

  /** Writes readings until the ward ends. */
  async write(node, patient, random) {
    for (let n = 0; !this.ended; n++) {
      const name = `${patient}-${n}`;
      this.ledger.known.set(name, patient);
      await this.#untilAcknowledged(node, name, patient, n);
      await sleep(random.upTo(12));
    }
  }

  /** The same reading, under the same identifier, until it is taken. */
  async #untilAcknowledged(node, name, patient, n) {
    while (!this.ended) {
      const answer = await node.request(post(name, patient, n), { repeat: true }).catch((error) => error);
      if (answer.status === 201 || answer.status === 200) {
        this.ledger.acknowledged.set(name, this.place());
        return;
      }
      if (!(answer instanceof Error)) this.failures.push(`${name}: ${answer.status} ${toText(answer.body)}`);
      await sleep(3);
    }
  }

  /** How often each of these readings is there: name to count. */
  async count(reader, names) {
    const found = new Map(names.map((name) => [name, 0]));
    for (let at = 0; at < names.length; at += 50) {
      const part = names.slice(at, at + 50);
      const words = part.map((name) => `${SYSTEM}%7C${name}`).join(',');
      for (const name of await this.#names(reader, `/fhir/Observation?_count=1000&identifier=${words}`)) {
        found.set(name, (found.get(name) ?? 0) + 1);
      }
    }
    return found;
  }

  /** The identifiers of all of a patient's readings. */
  async all(reader, patient) {
    const out = [];
    let next = `/fhir/Observation?_count=1000&patient=${patient}`;
    while (next) out.push(...(await this.#names(reader, next, (link) => (next = link))));
    return out;
  }

  async #names(reader, target, more = () => {}) {
    const answer = await reader.request({ method: 'GET', target });
    if (answer.status !== 200) throw new Error(`${target}: ${answer.status} ${toText(answer.body)}`);
    const bundle = JSON.parse(toText(answer.body));
    const next = bundle.link.find(({ relation }) => relation === 'next')?.url;
    more(next && new URL(next).pathname + new URL(next).search);
    return (bundle.entry ?? []).flatMap(({ resource }) =>
      (resource.identifier ?? []).map(({ value }) => value));
  }

  /** Sends requests a second time: those that were not refused. */
  async replay(wires) {
    const taken = [];
    for (const wire of wires) {
      const answer = await send(this.port, wire, this.agent);
      if (answer.status !== 401) taken.push(answer.status);
    }
    return taken;
  }

  async end() {
    this.ended = true;
    await Promise.all(this.runs.map((run) => run.kill()));
    this.agent.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const post = (name, patient, n) => ({
  method: 'POST',
  target: '/fhir/Observation',
  contentType: 'application/fhir+json',
  body: toBytes(JSON.stringify({
    resourceType: 'Observation',
    status: 'final',
    identifier: [{ system: SYSTEM, value: name }],
    subject: { reference: `Patient/${patient}` },
    code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
    effectiveDateTime: new Date(Date.UTC(2026, 0, 1) + 1000 * n).toISOString(),
    valueQuantity: { value: 40 + (n % 100), unit: '/min' },
  })),
});
