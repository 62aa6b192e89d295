// SPDX-License-Identifier: Apache-2.0
// The real program on a folder of its own: an authority, a server, and one `skeym connect` for each
// node. What a test gets is a plain FHIR base URL.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

const SKEYM = process.env.SKEYM ?? fileURLToPath(new URL('../../build/skeym', import.meta.url));
const WAIT_MS = 60_000; // no test measures time: this only ends what would never end

/** Fails when the promise takes longer than any machine may need. */
async function bounded(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), WAIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

class Process {
  err = '';
  out = '';

  constructor(words, { program = SKEYM, input = '' } = {}) {
    this.words = words.join(' ');
    this.child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
    this.child.stdout.on('data', (data) => (this.out += data));
    this.child.stderr.on('data', (data) => (this.err += data));
    this.child.stdin.on('error', () => {});
    this.child.stdin.end(input);
    this.exit = once(this.child, 'close').then(([code, signal]) => code ?? signal);
  }

  /** The first line on descriptor 3: what --ready-fd says. */
  async ready() {
    const said = once(this.child.stdio[3], 'data').then(([line]) => String(line).trim());
    const ended = this.exit.then((code) => assert.fail(`${this.words}: ${code}: ${this.err}`));
    return bounded(this.words, Promise.race([said, ended]));
  }

  async stop() {
    this.child.kill('SIGTERM');
    return bounded(`the end of ${this.words}`, this.exit);
  }
}

/** Runs a program to its end: what it printed. */
export async function run(program, words, input) {
  const one = new Process(words, { program, input });
  const code = await bounded(one.words, one.exit);
  return { code, out: one.out, err: one.err };
}

export class Hospital {
  #folder = mkdtempSync(join(tmpdir(), 'skeym-clients-'));
  #authority = join(this.#folder, 'authority');
  #processes = [];
  #server;

  static async start() {
    const hospital = new Hospital();
    await hospital.skeym('init', hospital.#authority);
    await hospital.serve();
    return hospital;
  }

  async skeym(...words) {
    const { code, out, err } = await run(SKEYM, words);
    assert.equal(code, 0, `skeym ${words.join(' ')}: ${err}`);
    return out;
  }

  async #begin(words) {
    const one = new Process(words);
    this.#processes.push(one);
    return { one, line: await one.ready() };
  }

  async serve() {
    const words = ['serve', this.#authority, '--listen', '127.0.0.1:0'];
    words.push('--metrics-listen', '127.0.0.1:0', '--ready-fd', '3');
    const { one, line } = await this.#begin(words);
    this.#server = one;
    this.url = `http://127.0.0.1:${line.split(' ')[0]}`;
  }

  /** Enrols a node and starts its sidecar.
   * @returns {Promise<string>} the FHIR base URL */
  async connect(node, role, ...scopes) {
    const file = join(this.#folder, `${node}.credential`);
    const asked = scopes.flatMap((scope) => ['--scope', scope]);
    await this.skeym('enrol', node, '--role', role, ...asked, '--dir', this.#authority,
      '--no-passphrase', '-o', file);
    const words = ['connect', '--as', file, '--to', this.url];
    const { line } = await this.#begin([...words, '--listen', '127.0.0.1:0', '--ready-fd', '3']);
    return `http://${line.split(' ')[0].replace(/^(\d+)$/, '127.0.0.1:$1')}/fhir`;
  }

  /** Enrols a node and lets it run as a device to its end. */
  async device(node, patient, ...words) {
    const file = join(this.#folder, `${node}.credential`);
    await this.skeym('enrol', node, '--role', 'device', '--scope', `patient/${patient}/Observation.c`,
      '--dir', this.#authority, '--no-passphrase', '-o', file);
    await this.skeym('device', '--as', file, '--server', this.url, '--patient', patient, ...words);
  }

  /** Ends the server in order, as at night for an update; its sidecars stay. */
  async halt() {
    assert.equal(await this.#server.stop(), 0, this.#server.err);
    this.#processes.splice(this.#processes.indexOf(this.#server), 1);
  }

  revoke(node) {
    return this.skeym('revoke', node, '--dir', this.#authority);
  }

  async stop() {
    for (const one of this.#processes.reverse()) await one.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

/** A hospital for the tests of one file, and a doctor who may do everything.
 * @type {{ hospital: Hospital, base: string }} */
export const here = {};

export function hospital(prepare = async () => {}) {
  before(async () => {
    here.hospital = await Hospital.start();
    here.base = await here.hospital.connect('doctor', 'doctor', 'user/*.cruds');
    await prepare();
  });
  after(() => here.hospital?.stop());
}

const FHIR = 'application/fhir+json';

/** A plain request, where a test needs one that no client makes. */
export async function ask(target, { base = here.base, method = 'GET', body, headers = {} } = {}) {
  const type = body === undefined ? {} : { 'content-type': FHIR };
  const answer = await fetch(`${base}${target}`, {
    method,
    headers: { ...type, ...headers },
    body: typeof body === 'object' ? JSON.stringify(body) : body,
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: text && JSON.parse(text) };
}

/** The same, when it must work. */
export async function must(target, how) {
  const answer = await ask(target, how);
  assert.ok(answer.status < 300, `${how?.method ?? 'GET'} ${target}: ${answer.text}`);
  return answer.json;
}

/** An OperationOutcome that says why. */
export function assertOutcome(outcome, code) {
  assert.equal(outcome.resourceType, 'OperationOutcome');
  assert.equal(outcome.issue[0].severity, 'error');
  if (code) assert.equal(outcome.issue[0].code, code);
  assert.ok(outcome.issue[0].diagnostics.length > 0);
}
